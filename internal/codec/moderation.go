package codec

// Ban is a user's ban, from the whole application or from a channel.
type Ban struct {
	By     string // empty: the application
	Reason string
	At     int64
	Until  int64 // 0: for good
	Shadow bool  // they do not know: what they send is seen by them alone
}

// Version 2 added shadow bans.
const banVersion = 2

// Encode appends the ban to b.
func (v *Ban) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(banVersion)
	e.text(v.By)
	e.text(v.Reason)
	e.time(v.At)
	e.time(v.Until)
	e.count(bit(v.Shadow, 1))
	return e.b
}

// DecodeBan reads a ban.
func DecodeBan[B raw](b B) (v Ban, err error) {
	d := decode("ban", b, banVersion)
	v.By, v.Reason = d.text(), d.text()
	v.At, v.Until = d.time(), d.time()
	if d.err == nil && b[0] > 1 {
		v.Shadow = d.count()&1 != 0
	}
	return v, d.done()
}

// Flag is one user's flag of a message or of another user.
type Flag struct {
	MessageID string // empty: of a user
	Reason    string
	At        int64
	Review    Review
}

// Review is what a moderator made of a flag.
type Review struct {
	By      string // empty: the application
	Outcome string
	At      int64 // 0: the flag is open
}

// Version 2 added reviews.
const flagVersion = 2

// Encode appends the flag to b.
func (f *Flag) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(flagVersion)
	e.text(f.MessageID)
	e.text(f.Reason)
	e.time(f.At)
	e.text(f.Review.By)
	e.text(f.Review.Outcome)
	e.time(f.Review.At)
	return e.b
}

// DecodeFlag reads a flag.
func DecodeFlag[B raw](b B) (f Flag, err error) {
	d := decode("flag", b, flagVersion)
	f.MessageID, f.Reason, f.At = d.text(), d.text(), d.time()
	if d.err == nil && b[0] > 1 {
		f.Review = Review{d.text(), d.text(), d.time()}
	}
	return f, d.done()
}

// Ephemeral is the answer to a command, for its author alone: what would be
// posted, until when it is there, and until when one of its actions runs.
type Ephemeral struct {
	Message Message
	Until   int64
	Busy    int64 // 0: none runs
}

// Encode appends the record to b.
func (v *Ephemeral) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.time(v.Until)
	e.time(v.Busy)
	return v.Message.Encode(e.b)
}

// DecodeEphemeral reads an ephemeral message.
func DecodeEphemeral[B raw](b B) (v Ephemeral, err error) {
	d := decode("ephemeral message", b, recordVersion)
	v.Until, v.Busy = d.time(), d.time()
	if d.err != nil {
		return v, d.err
	}
	err = v.Message.Decode(d.s)
	v.Message.wrapped = ""
	return v, err
}

package codec

// Reaction is one user's reaction of one type to a message.
type Reaction struct {
	User, Type string
	Score      int64
	Custom     string
	At         int64 // differs from that of every other reaction to the message
	UpdatedAt  int64
}

func (v *Reaction) encode(e *encoder) {
	e.text(v.User)
	e.text(v.Type)
	e.time(v.Score)
	e.text(v.Custom)
	e.time(v.At)
	e.time(v.UpdatedAt - v.At)
}

func (v *Reaction) decode(d *decoder) {
	v.User, v.Type = d.text(), d.text()
	v.Score = d.time()
	v.Custom = d.text()
	v.At = d.time()
	v.UpdatedAt = v.At + d.time()
}

// Encode appends the reaction to b.
func (v *Reaction) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	v.encode(&e)
	return e.b
}

// DecodeReaction reads a reaction.
func DecodeReaction[B raw](b B) (v Reaction, err error) {
	d := decode("reaction", b, recordVersion)
	v.decode(&d)
	return v, d.done()
}

// Reactions sums up the reactions to a message.
type Reactions struct {
	Groups []ReactionGroup // one a type, in the order of their names
	Latest []Reaction      // the newest, newest first
}

// ReactionGroup sums up the reactions of one type.
type ReactionGroup struct {
	Type        string
	Count, Sum  int64
	First, Last int64
}

// Encode appends the summary to b.
func (v *Reactions) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.count(uint64(len(v.Groups)))
	for i := range v.Groups {
		g := &v.Groups[i]
		e.text(g.Type)
		e.time(g.Count)
		e.time(g.Sum)
		e.time(g.First)
		e.time(g.Last)
	}
	e.count(uint64(len(v.Latest)))
	for i := range v.Latest {
		v.Latest[i].encode(&e)
	}
	return e.b
}

// DecodeReactions reads a summary.
func DecodeReactions[B raw](b B) (v Reactions, err error) {
	d := decode("summary of reactions", b, recordVersion)
	if n := d.length(5); n > 0 {
		v.Groups = make([]ReactionGroup, n)
	}
	for i := range v.Groups {
		v.Groups[i] = ReactionGroup{Type: d.text(), Count: d.time(), Sum: d.time(), First: d.time(), Last: d.time()}
	}
	if n := d.length(6); n > 0 {
		v.Latest = make([]Reaction, n)
	}
	for i := range v.Latest {
		v.Latest[i].decode(&d)
	}
	return v, d.done()
}

// length reads the length of a list whose entries take at least some bytes.
func (d *decoder) length(each int) int {
	n := d.count()
	if n > uint64(len(d.s)/each) {
		d.fail()
		return 0
	}
	return int(n)
}

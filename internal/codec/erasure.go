package codec

// Erasure is how far the erasure of a user has come.
type Erasure struct {
	Mode                  uint64 // what becomes of their messages
	StartedAt, FinishedAt int64  // FinishedAt 0: at work
	Channels, Messages    uint64 // looked through; deleted
	Channel               uint64 // the number of the channel that is looked through next, or at present
	After                 string // how far within it
	Total                 uint64 // how many channels there were when it began
}

// Version 2 added the total.
const erasureVersion = 2

// Encode appends the erasure to b.
func (v *Erasure) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(erasureVersion)
	e.count(v.Mode)
	e.time(v.StartedAt)
	e.time(v.FinishedAt)
	e.count(v.Channels)
	e.count(v.Messages)
	e.count(v.Channel)
	e.text(v.After)
	e.count(v.Total)
	return e.b
}

// DecodeErasure reads an erasure.
func DecodeErasure[B raw](b B) (v Erasure, err error) {
	d := decode("erasure", b, erasureVersion)
	v.Mode = d.count()
	v.StartedAt, v.FinishedAt = d.time(), d.time()
	v.Channels, v.Messages, v.Channel = d.count(), d.count(), d.count()
	v.After = d.text()
	if d.err == nil && b[0] > 1 {
		v.Total = d.count()
	}
	return v, d.done()
}

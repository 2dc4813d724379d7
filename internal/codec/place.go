package codec

// PlaceKind is where a message lies.
type PlaceKind byte

// The kinds of places.
const (
	PlaceGone      PlaceKind = iota // hard-deleted: the id stays taken
	PlaceTimeline                   // in the channel's pages, for all
	PlaceReply                      // in a thread, for all
	PlacePrivate                    // among the private messages
	PlacePending                    // among the pending messages
	PlaceEphemeral                  // among the ephemeral messages, under its id
)

// Place leads from a message's id to where it lies.
type Place struct {
	Kind    PlaceKind
	Once    bool // it was pending once
	Channel uint64
	At      int64
	Parent  int64 // of a reply: the parent's time
}

// Version 2 added the place of an ephemeral message.
const placeVersion = 2

// Encode appends the place to b.
func (p Place) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(placeVersion)
	kind := byte(p.Kind)
	if p.Once {
		kind |= 0x80
	}
	e.byte(kind)
	if p.Kind == PlaceGone {
		return e.b
	}
	e.count(p.Channel)
	if p.Kind == PlaceEphemeral {
		return e.b
	}
	e.time(p.At)
	if p.Kind == PlaceReply {
		e.time(p.Parent)
	}
	return e.b
}

// DecodePlace reads a place.
func DecodePlace[B raw](b B) (p Place, err error) {
	d := decode("place", b, placeVersion)
	kind := d.byte()
	p.Once = kind&0x80 != 0
	p.Kind = PlaceKind(kind &^ 0x80)
	if p.Kind > PlaceEphemeral {
		d.fail()
	}
	if p.Kind != PlaceGone {
		p.Channel = d.count()
	}
	if p.Kind != PlaceGone && p.Kind != PlaceEphemeral {
		p.At = d.time()
		if p.Kind == PlaceReply {
			p.Parent = d.time()
		}
	}
	return p, d.done()
}

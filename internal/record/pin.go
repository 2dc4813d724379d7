package record

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// PinPlace is where a message lies among the pins of its channel.
type PinPlace struct {
	PinnedAt int64
	Message  int64 // its time
}

// putPin has the pins of a channel lead to a message that is pinned.
func (t *Txn) putPin(c Channel, m *codec.Message) error {
	if m.PinnedAt == 0 {
		return nil
	}
	return t.put(keys.Pin(c, m.PinnedAt, m.CreatedAt), PlaceOf(c, m))
}

// forgetPin takes a message from the pins of its channel.
func (t *Txn) forgetPin(c Channel, m *codec.Message) error {
	if m.PinnedAt == 0 {
		return nil
	}
	return t.txn.Delete(keys.Pin(c, m.PinnedAt, m.CreatedAt))
}

// SetPin stores a message with another pin: since when, until when and by whom
// it is pinned, or nothing of it.
func (t *Txn) SetPin(c Channel, m *codec.Message, at, expires int64, by string) error {
	if err := t.forgetPin(c, m); err != nil {
		return err
	}
	m.PinnedAt, m.PinExpires, m.PinnedBy = at, expires, by
	if err := t.putPin(c, m); err != nil {
		return err
	}
	return t.ReplaceMessage(c, m)
}

// NextPin is the time of a pin that is made now: later than those of all others of
// the channel, whatever the clock does.
func (r *Reader) NextPin(c Channel, now int64) (int64, error) {
	last := storage.Prefix(keys.Pins(c))
	last.Reverse, last.Limit = true, 1
	_, entries, err := r.r.Read(nil, []storage.Range{last})
	if err != nil || len(entries[0]) == 0 {
		return now, err
	}
	pinned, _, err := keys.OfPin(entries[0][0].Key)
	return max(now, pinned+1), err
}

// PinsBefore reads where the messages lie that come before one among the pins of
// a channel and were pinned after a time, newest pin first, at most limit.
func (r *Reader) PinsBefore(c Channel, before PinPlace, after int64, limit int) ([]PinPlace, []codec.Place, error) {
	rng := storage.Range{
		Start: keys.PinsFrom(c, after+1), End: keys.Pin(c, before.PinnedAt, before.Message), Reverse: true, Limit: limit,
	}
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, nil, err
	}
	pins := make([]PinPlace, len(entries[0]))
	places := make([]codec.Place, len(entries[0]))
	for i, e := range entries[0] {
		if pins[i].PinnedAt, pins[i].Message, err = keys.OfPin(e.Key); err != nil {
			return nil, nil, err
		}
		if places[i], err = codec.DecodePlace(e.Value); err != nil {
			return nil, nil, err
		}
	}
	return pins, places, nil
}

package record

import (
	"bytes"
	"math"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// PinPlace is where a message lies among the pins of its channel.
type PinPlace struct {
	PinnedAt int64
	Message  int64 // its time
}

// pinKeys are the keys that lead to a message that is pinned: among the pins for
// all, or of a private one among those for each who may see it, so that others
// neither read nor pass over it.
func pinKeys(c Channel, m *codec.Message) [][]byte {
	if m.PinnedAt == 0 {
		return nil
	}
	if !m.Private() {
		return [][]byte{keys.Pin(c, m.PinnedAt, m.CreatedAt)}
	}
	var list [][]byte
	for _, user := range Audience(m) {
		list = append(list, keys.PinFor(c, user, m.PinnedAt, m.CreatedAt))
	}
	return list
}

// putPin has the pins of a channel lead to a message that is pinned.
func (t *Txn) putPin(c Channel, m *codec.Message) error {
	for _, key := range pinKeys(c, m) {
		if err := t.put(key, PlaceOf(c, m)); err != nil {
			return err
		}
	}
	return nil
}

// forgetPin takes a message from the pins of its channel.
func (t *Txn) forgetPin(c Channel, m *codec.Message) error {
	list := pinKeys(c, m)
	if len(list) == 0 {
		return nil
	}
	if m.Private() { // where it once lay
		list = append(list, keys.Pin(c, m.PinnedAt, m.CreatedAt))
	}
	return t.txn.Delete(list...)
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
	last := PinPlace{PinnedAt: math.MaxInt64, Message: math.MaxInt64}
	pins, _, err := r.PinsBefore(c, last, math.MinInt64, 1, Everyone)
	if err != nil || len(pins) == 0 {
		return now, err
	}
	return max(now, pins[0].PinnedAt+1), nil
}

// PinsBefore reads where the messages lie that come before one among the pins of
// a channel and were pinned after a time, newest pin first, at most limit: those
// for all, and the private ones of a reader, if there is one.
func (r *Reader) PinsBefore(c Channel, before PinPlace, after int64, limit int, reader ...string) ([]PinPlace, []codec.Place, error) {
	ranges := []storage.Range{{Start: keys.PinsFrom(c, after+1), End: keys.Pin(c, before.PinnedAt, before.Message)}}
	for _, user := range reader {
		ranges = append(ranges, storage.Range{
			Start: keys.PinsForFrom(c, user, after+1), End: keys.PinFor(c, user, before.PinnedAt, before.Message),
		})
	}
	for i := range ranges {
		ranges[i].Reverse, ranges[i].Limit = true, limit
	}
	_, found, err := r.r.Read(nil, ranges)
	if err != nil {
		return nil, nil, err
	}
	var entries []storage.Entry
	for _, list := range found {
		entries = append(entries, list...)
	}
	// Keys of both kinds end in the two times.
	times := func(e storage.Entry) []byte { return e.Key[max(0, len(e.Key)-16):] }
	slices.SortStableFunc(entries, func(a, b storage.Entry) int { return bytes.Compare(times(b), times(a)) })
	entries = entries[:min(len(entries), limit)]
	pins := make([]PinPlace, len(entries))
	places := make([]codec.Place, len(entries))
	for i, e := range entries {
		if pins[i].PinnedAt, pins[i].Message, err = keys.OfPin(e.Key); err != nil {
			return nil, nil, err
		}
		if places[i], err = codec.DecodePlace(e.Value); err != nil {
			return nil, nil, err
		}
	}
	return pins, places, nil
}

package record

import (
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// PendingBy reads an author's newest pending messages in a channel that were
// sent after a time, oldest first.
func (r *Reader) PendingBy(c Channel, author string, after int64, limit int) ([]codec.Message, error) {
	rng := storage.Prefix(keys.PendingsBy(c, author))
	rng.Start = keys.PendingBy(c, author, after+1)
	rng.Reverse, rng.Limit = true, limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	places := make([]codec.Place, len(entries[0]))
	for i, e := range entries[0] {
		at, err := keys.Moment(e.Key)
		if err != nil {
			return nil, err
		}
		places[i] = codec.Place{Kind: codec.PlacePending, Channel: uint64(c), At: at}
	}
	slices.Reverse(places)
	return r.MessagesAt(places)
}

// PendingOf reads the pending messages of a channel that were sent after a
// time, oldest first.
func (r *Reader) PendingOf(c Channel, after int64, limit int) ([]codec.Message, error) {
	rng := storage.Prefix(keys.Pendings(c))
	rng.Start = keys.Pending(c, after+1)
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]codec.Message, len(entries[0]))
	for i, e := range entries[0] {
		if list[i], err = codec.DecodeMessage(e.Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// PendingPlace is where a pending message lies.
type PendingPlace struct {
	Channel Channel
	SentAt  int64
}

// PendingAll reads where the pending messages of all channels lie that come
// after one, by the time sent.
func (r *Reader) PendingAll(after PendingPlace, limit int) ([]PendingPlace, error) {
	rng := storage.Prefix(keys.PendingAll())
	rng.Start = append(keys.PendingAt(after.SentAt, after.Channel), 0)
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]PendingPlace, len(entries[0]))
	for i, e := range entries[0] {
		if list[i].SentAt, list[i].Channel, err = keys.OfPendingAt(e.Key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

package record

import (
	"bytes"
	"math"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Walk is how far one has come through the messages of a channel; empty at first.
type Walk struct {
	part   int
	parent int64 // whose replies are read
	at     int64 // the time of the last one that was passed
}

// The parts of a walk. Pending ones come first, so that one that is committed
// meanwhile is still to come.
const (
	walkPending = iota
	walkPages
	walkThreads
	walkEnd
)

// Ended says whether no message is left.
func (w Walk) Ended() bool { return w.part == walkEnd }

// SentBy reads messages of an author in a channel, at most limit: the pending
// ones, those of the channel's pages, and then thread by thread the replies that
// are not shown there, each by time. Those for all and the private ones are in one
// order, so that it does not tell which is which: the author of one that a shadow
// ban made private is not to know.
func (r *Reader) SentBy(c Channel, author string, from Walk, limit int) (list []codec.Message, next Walk, err error) {
	next, err = r.walk(c, from, func(w Walk, value []byte) (enough bool, err error) {
		if !bytes.Contains(value, []byte(author)) { // mostly: then it is not decoded
			return false, nil
		}
		m, err := codec.DecodeMessage(value)
		if err == nil && m.Author == author && !w.again(&m) {
			list = append(list, m)
		}
		return len(list) == limit, err
	})
	return list, next, err
}

// ReactedInOrder is ReactedBy in the order of SentBy.
func (r *Reader) ReactedInOrder(c Channel, user string, from Walk, limit int) (list []ReactedTo, next Walk, err error) {
	next, err = r.walk(c, from, func(w Walk, value []byte) (enough bool, err error) {
		m, err := codec.DecodeMessage(value)
		if err == nil && m.Reacted && !w.again(&m) {
			list = append(list, ReactedTo{Message: m})
		}
		return len(list) == limit, err
	})
	if err == nil {
		list, err = r.reactionsBy(c, user, list)
	}
	return list, next, err
}

// again says whether a message was passed among the channel's pages before.
func (w Walk) again(m *codec.Message) bool { return w.part == walkThreads && m.Shown }

// walk calls look for the messages of a channel, until that has enough or many
// were passed over.
func (r *Reader) walk(c Channel, w Walk, look func(w Walk, value []byte) (enough bool, err error)) (next Walk, err error) {
	for left := messagesLooked; left > 0; left-- { // to find the next part counts as one
		found, err := r.walked(c, w)
		if err != nil {
			return w, err
		}
		for _, e := range found {
			w.at = e.At
			enough, err := look(w, e.raw)
			if left--; err != nil || enough || left == 0 {
				return w, err
			}
		}
		if len(found) == sliceLen {
			continue
		}
		if w, err = r.turn(c, w); err != nil || w.Ended() {
			return w, err
		}
	}
	return w, nil
}

// walked reads the next messages of the part that a walk is in, sliceLen unless
// it ends.
func (r *Reader) walked(c Channel, w Walk) ([]Entry, error) {
	if w.part != walkPending {
		pages := Pages{Channel: c, Parent: w.parent, Private: true, Reader: Everyone}
		found, err := pages.Read(r, Span{From: w.at, To: math.MaxInt64, Limit: sliceLen})
		if err != nil {
			return nil, err
		}
		return found[0], nil
	}
	rng := storage.Prefix(keys.Pendings(c))
	rng.Start, rng.Limit = keys.Pending(c, w.at+1), sliceLen
	_, found, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]Entry, len(found[0]))
	for i, e := range found[0] {
		list[i].raw = e.Value
		if list[i].At, err = keys.Moment(e.Key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// turn goes on to the next part of a walk: each thread is one.
func (r *Reader) turn(c Channel, w Walk) (Walk, error) {
	if w.part == walkPending {
		return Walk{part: walkPages}, nil
	}
	rng := storage.Prefix(keys.RepliesAll(c))
	rng.Start, rng.Limit = keys.Replies(c, w.parent+1), 1
	_, found, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return w, err
	}
	if len(found[0]) == 0 {
		return Walk{part: walkEnd}, nil
	}
	parent, _, _, err := keys.OfReply(found[0][0].Key)
	return Walk{part: walkThreads, parent: parent}, err
}

package record

import (
	"bytes"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Erasure reads how far the erasure of a user has come.
func (b *Batch) Erasure(user string) *Value[codec.Erasure] {
	return get(b, keys.Erasure(user), codec.DecodeErasure)
}

// PutErasure stores how far the erasure of a user has come.
func (t *Txn) PutErasure(user string, e *codec.Erasure) error {
	return t.put(keys.Erasure(user), e)
}

// messagesLooked is how many messages one call of MessagesBy, ReactedBy or their
// like of an export passes over, and how many keys one of ThreadMarksOf.
const messagesLooked = 4 * sliceLen

// MessagesBy reads messages of an author in a channel, wherever they lie, in
// the order in which they lie there: pending ones first, so that one that is
// committed meanwhile is still to come. It reads on from a place that an earlier
// call returned, empty at first, and returns at most limit of them and the next
// place, empty at the end.
func (r *Reader) MessagesBy(c Channel, author, after string, limit int) (list []codec.Message, next string, err error) {
	next, err = r.eachMessage(c, after, func(value []byte) (enough bool, err error) {
		if !bytes.Contains(value, []byte(author)) { // mostly: then it is not decoded
			return false, nil
		}
		m, err := codec.DecodeMessage(value)
		if err == nil && m.Author == author {
			list = append(list, m)
		}
		return len(list) == limit, err
	})
	return list, next, err
}

// ReactedTo is reactions of one user to one message.
type ReactedTo struct {
	Message   codec.Message
	Reactions []codec.Reaction
}

// ReactedBy reads messages of a channel that a user reacted to, in the order of
// MessagesBy, and reads on as that does. It looks for the user's reactions to at
// most limit messages.
func (r *Reader) ReactedBy(c Channel, user, after string, limit int) (list []ReactedTo, next string, err error) {
	next, err = r.eachMessage(c, after, func(value []byte) (enough bool, err error) {
		m, err := codec.DecodeMessage(value)
		if err == nil && m.Reacted {
			list = append(list, ReactedTo{Message: m})
		}
		return len(list) == limit, err
	})
	if err != nil {
		return nil, "", err
	}
	list, err = r.reactionsBy(c, user, list)
	return list, next, err
}

// reactionsBy reads a user's reactions to messages, and drops those without.
func (r *Reader) reactionsBy(c Channel, user string, list []ReactedTo) ([]ReactedTo, error) {
	b := r.Batch()
	for i := range list {
		b.ReactionsBy(c, list[i].Message.CreatedAt, user, &list[i].Reactions)
	}
	err := b.Run()
	return slices.DeleteFunc(list, func(m ReactedTo) bool { return len(m.Reactions) == 0 }), err
}

// ThreadMarksOf reads of which threads of a channel, by their parents, a user has
// a read mark: one may mark a thread read without taking part in it. It reads on
// as MessagesBy does, passing over what the threads keep of others.
func (r *Reader) ThreadMarksOf(c Channel, user, after string, limit int) (parents []int64, next string, err error) {
	next, err = r.eachUnder([][]byte{keys.ThreadUsersAll(c)}, after, func(e storage.Entry) (enough bool, err error) {
		parent, _, err := keys.OfThreadUser(e.Key)
		if err == nil && bytes.Equal(e.Key, keys.ThreadMark(c, parent, user)) {
			parents = append(parents, parent)
		}
		return len(parents) == limit, err
	})
	return parents, next, err
}

// DeleteThreadMarks removes a user's read marks of threads.
func (t *Txn) DeleteThreadMarks(c Channel, user string, parents []int64) error {
	gone := make([][]byte, len(parents))
	for i, parent := range parents {
		gone[i] = keys.ThreadMark(c, parent, user)
	}
	return t.txn.Delete(gone...)
}

// eachMessage calls look for the messages of a channel after a place, until that
// has enough or many were passed over, and returns the next place.
func (r *Reader) eachMessage(c Channel, after string, look func(value []byte) (enough bool, err error)) (next string, err error) {
	prefixes := [][]byte{keys.Pendings(c), keys.RepliesAll(c), keys.Privates(c), keys.Timelines(c)}
	return r.eachUnder(prefixes, after, func(e storage.Entry) (enough bool, err error) {
		if len(e.Value) == 0 { // a reply that lies elsewhere
			return false, nil
		}
		return look(e.Value)
	})
}

// eachUnder does that for what lies under keys that begin so, in their order.
func (r *Reader) eachUnder(prefixes [][]byte, after string, look func(e storage.Entry) (enough bool, err error)) (next string, err error) {
	looked := 0
	for _, prefix := range prefixes {
		rng := storage.Prefix(prefix)
		if after != "" {
			if bytes.Compare([]byte(after), rng.End) >= 0 {
				continue
			}
			if start := append([]byte(after), 0); bytes.Compare(start, rng.Start) > 0 {
				rng.Start = start
			}
		}
		for e, err := range storage.Scan(r.r, rng, sliceLen) {
			if err != nil {
				return "", err
			}
			enough, err := look(e)
			if err != nil {
				return "", err
			}
			if looked++; enough || looked == messagesLooked {
				return string(e.Key), nil
			}
		}
	}
	return "", nil
}

// EphemeralsBy reads the ids of the ephemeral messages of an author in a
// channel.
func (r *Reader) EphemeralsBy(c Channel, author string) (ids []string, err error) {
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.Ephemerals(c)), sliceLen) {
		if err != nil {
			return nil, err
		}
		m, err := codec.DecodeEphemeral(e.Value)
		if err != nil {
			return nil, err
		}
		if m.Message.Author == author {
			ids = append(ids, m.Message.ID)
		}
	}
	return ids, nil
}

// ForgetUserChannel removes what a user has, or had, with a channel beside what
// they sent and their read marks of threads: they are no member of it.
func (t *Txn) ForgetUserChannel(user string, c Channel) error {
	return t.txn.Delete(
		keys.UserChannel(user, c), keys.Known(c, user), keys.Mark(c, user), keys.ForMe(c, user), keys.ThreadBase(c, user), keys.LastSend(c, user),
	)
}

// DeleteFlag removes the flag of a place.
func (t *Txn) DeleteFlag(p FlagPlace) error {
	return t.txn.Delete(append(flagEntries(p), flagKey(p))...)
}

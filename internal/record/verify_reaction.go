package record

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// reactionCheck is what the summary of the reactions to a message should be.
type reactionCheck struct {
	groups map[string]codec.ReactionGroup
	latest []codec.Reaction
	owned  bool // there is such a message
}

func (c *reactionCheck) add(v codec.Reaction) {
	g, found := c.groups[v.Type]
	if !found {
		g = codec.ReactionGroup{Type: v.Type, First: v.At, Last: v.At}
	}
	g.Count, g.Sum = g.Count+1, g.Sum+v.Score
	g.First, g.Last = min(g.First, v.At), max(g.Last, v.At)
	c.groups[v.Type] = g
	i, _ := slices.BinarySearchFunc(c.latest, v.At, func(known codec.Reaction, at int64) int { return cmp.Compare(at, known.At) })
	c.latest = slices.Insert(c.latest, i, v)
	c.latest = c.latest[:min(len(c.latest), LatestReactions)]
}

func (c *reactionCheck) summary() *codec.Reactions {
	s := &codec.Reactions{Latest: c.latest}
	for _, g := range c.groups {
		s.Groups = append(s.Groups, g)
	}
	slices.SortFunc(s.Groups, func(a, b codec.ReactionGroup) int { return strings.Compare(a.Type, b.Type) })
	return s
}

// reactions goes through all reactions, before the messages, and checks their
// entries.
func (v *verifier) reactions() error {
	v.reacted = map[int64]*reactionCheck{}
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ReactionsAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		at, user, kind, err := keys.OfReaction(e.Key)
		if err != nil {
			return err
		}
		r, err := codec.DecodeReaction(e.Value)
		if err != nil || r.User != user || r.Type != kind {
			if err := v.differs(nil, "the reaction under key %x cannot be read", e.Key); err != nil {
				return err
			}
			continue
		}
		c := v.reacted[at]
		if c == nil {
			c = &reactionCheck{groups: map[string]codec.ReactionGroup{}}
			v.reacted[at] = c
		}
		c.add(r)
		want := reactionEntries(v.c, at, &r)
		values, _, err := v.r.Read(want, nil)
		if err != nil {
			return err
		}
		for i, key := range want {
			if values[i] != nil {
				continue
			}
			if err := v.differs(func(t *Txn) error { return t.txn.Put(key, nil) }, "a reaction to the message of %d is missing in an order", at); err != nil {
				return err
			}
		}
	}
	return v.reactionOrders()
}

// reactionOrders looks for entries of no reaction.
func (v *verifier) reactionOrders() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ReactionOrdersAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		message, of, at, user, kind, err := keys.OfReactionAt(e.Key)
		if err != nil {
			return err
		}
		b := v.Batch()
		r := b.Reaction(v.c, message, user, kind)
		if err := b.Run(); err != nil {
			return err
		}
		if r.Found && r.V.At == at && (of == "" || of == kind) {
			continue
		}
		stale := bytes.Clone(e.Key)
		if err := v.differs(func(t *Txn) error { return t.txn.Delete(stale) }, "an order of reactions has an entry that leads to none"); err != nil {
			return err
		}
	}
	return nil
}

// reactionsOf notes that there is a message, and checks that it knows of its
// reactions.
func (v *verifier) reactionsOf(m *codec.Message) error {
	c := v.reacted[m.CreatedAt]
	if c == nil || m.Pending {
		return nil
	}
	c.owned = true
	if m.Reacted {
		return nil
	}
	m.Reacted = true
	return v.differs(func(t *Txn) error { return t.ReplaceMessage(v.c, m) }, "message %q does not know of its reactions", m.ID)
}

// summaries compares the summaries of reactions with what they should be, once
// all messages were seen.
func (v *verifier) summaries() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ReactedAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		at, err := keys.Moment(e.Key)
		if err != nil {
			return err
		}
		c := v.reacted[at]
		if c != nil && bytes.Equal(c.summary().Encode(nil), e.Value) {
			if c.owned {
				delete(v.reacted, at)
			}
			continue
		}
		if c != nil {
			continue
		}
		if err := v.differs(func(t *Txn) error { return t.txn.Delete(keys.Reacted(v.c, at)) }, "there is a summary of no reactions to the message of %d", at); err != nil {
			return err
		}
	}
	for at, c := range v.reacted {
		var err error
		if c.owned {
			err = v.differs(func(t *Txn) error { return t.put(keys.Reacted(v.c, at), c.summary()) }, "the summary of the reactions to the message of %d is wrong", at)
		} else {
			gone := &codec.Message{CreatedAt: at, Reacted: true}
			err = v.differs(func(t *Txn) error { return t.forgetReactions(v.c, gone) }, "there are reactions to a message of %d, which there is not", at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pinOf checks that a message that is pinned is among the pins.
func (v *verifier) pinOf(m *codec.Message) error {
	if m.PinnedAt == 0 {
		return nil
	}
	if m.PinExpires != 0 {
		v.result.Pinned = append(v.result.Pinned, *m)
	}
	place := PlaceOf(v.c, m)
	for _, key := range pinKeys(v.c, m) {
		stored, err := storage.Get(v.r, key)
		if err != nil {
			return err
		}
		if bytes.Equal(stored, place.Encode(nil)) {
			continue
		}
		if err := v.differs(func(t *Txn) error { return t.put(key, place) }, "message %q is not among the pins", m.ID); err != nil {
			return err
		}
	}
	return nil
}

// pins looks for entries among the pins that lead to no message that is pinned,
// or not for whom they are.
func (v *verifier) pins() error {
	for _, prefix := range [][]byte{keys.Pins(v.c), keys.PinsForAll(v.c)} {
		for e, err := range storage.Scan(v.r, storage.Prefix(prefix), sliceLen) {
			if err != nil {
				return err
			}
			if place, err := codec.DecodePlace(e.Value); err == nil {
				list, err := v.MessagesAt([]codec.Place{place})
				if err != nil {
					return err
				}
				if len(list) == 1 && slices.ContainsFunc(pinKeys(v.c, &list[0]), func(key []byte) bool { return bytes.Equal(key, e.Key) }) {
					continue
				}
			}
			stale := bytes.Clone(e.Key)
			if err := v.differs(func(t *Txn) error { return t.txn.Delete(stale) }, "the pins have an entry that leads to no message that is pinned"); err != nil {
				return err
			}
		}
	}
	return nil
}

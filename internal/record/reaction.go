package record

import (
	"slices"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// LatestReactions is how many of the newest reactions to a message its summary
// holds.
const LatestReactions = 10

// Reactions reads the summary of the reactions to the message sent at a time.
func (b *Batch) Reactions(c Channel, message int64) *Value[codec.Reactions] {
	return get(b, keys.Reacted(c, message), codec.DecodeReactions)
}

// Reaction reads one user's reaction of a type.
func (b *Batch) Reaction(c Channel, message int64, user, kind string) *Value[codec.Reaction] {
	return get(b, keys.Reaction(c, message, user, kind), codec.DecodeReaction)
}

// ReactionsBy reads a user's reactions to a message, by their types.
func (b *Batch) ReactionsBy(c Channel, message int64, user string, into *[]codec.Reaction) {
	b.scan(storage.Prefix(keys.ReactionsBy(c, message, user)), func(entries []storage.Entry) error {
		for _, e := range entries {
			r, err := codec.DecodeReaction(e.Value)
			if err != nil {
				return err
			}
			*into = append(*into, r)
		}
		return nil
	})
}

// ReactionsBefore reads the reactions to a message that were put before a time,
// newest first, at most limit: of one type, or, with an empty one, all.
func (r *Reader) ReactionsBefore(c Channel, message int64, of string, before int64, limit int) ([]codec.Reaction, error) {
	rng := storage.Range{
		Start: keys.ReactionsAt(c, message, of), End: keys.ReactionsFrom(c, message, of, before), Reverse: true, Limit: limit,
	}
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	b := r.Batch()
	found := make([]*Value[codec.Reaction], len(entries[0]))
	for i, e := range entries[0] {
		_, _, _, user, kind, err := keys.OfReactionAt(e.Key)
		if err != nil {
			return nil, err
		}
		found[i] = b.Reaction(c, message, user, kind)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	list := make([]codec.Reaction, 0, len(found))
	for _, v := range found {
		if v.Found {
			list = append(list, v.V)
		}
	}
	return list, nil
}

// Reacting changes the reactions to one message and their summary, which is
// stored by End.
type Reacting struct {
	tx      *Txn
	c       Channel
	message *codec.Message
	summary codec.Reactions
	short   bool // the latest are to be read again
}

// Reacting begins a change of the reactions to a message, whose summary was
// read.
func (t *Txn) Reacting(c Channel, m *codec.Message, summary codec.Reactions) *Reacting {
	return &Reacting{tx: t, c: c, message: m, summary: summary}
}

// Types is how many types of reactions there are.
func (r *Reacting) Types() int { return len(r.summary.Groups) }

// Has says whether there is a reaction of a type.
func (r *Reacting) Has(kind string) bool {
	_, found := r.find(kind)
	return found
}

// Next is the time of a reaction that is put now: later than those of all
// others, whatever the clock does.
func (r *Reacting) Next(now int64) int64 {
	if len(r.summary.Latest) == 0 {
		return now
	}
	return max(now, r.summary.Latest[0].At+1)
}

func (r *Reacting) find(kind string) (int, bool) {
	return slices.BinarySearchFunc(r.summary.Groups, kind, func(g codec.ReactionGroup, kind string) int {
		return strings.Compare(g.Type, kind)
	})
}

// Add stores a reaction that is new and was put at the Next time.
func (r *Reacting) Add(v *codec.Reaction) error {
	for _, key := range reactionEntries(r.c, r.message.CreatedAt, v) {
		if err := r.tx.txn.Put(key, nil); err != nil {
			return err
		}
	}
	i, found := r.find(v.Type)
	if !found {
		r.summary.Groups = slices.Insert(r.summary.Groups, i, codec.ReactionGroup{Type: v.Type, First: v.At})
	}
	g := &r.summary.Groups[i]
	g.Count, g.Sum, g.Last = g.Count+1, g.Sum+v.Score, v.At
	latest := slices.Insert(r.summary.Latest, 0, *v)
	r.summary.Latest = latest[:min(len(latest), LatestReactions)]
	return r.put(v)
}

// Replace stores a reaction again, which keeps its time.
func (r *Reacting) Replace(old, v *codec.Reaction) error {
	if i, found := r.find(v.Type); found {
		r.summary.Groups[i].Sum += v.Score - old.Score
	}
	if i := r.inLatest(old); i >= 0 {
		r.summary.Latest[i] = *v
	}
	return r.put(v)
}

func (r *Reacting) put(v *codec.Reaction) error {
	return r.tx.put(keys.Reaction(r.c, r.message.CreatedAt, v.User, v.Type), v)
}

// Remove deletes a reaction.
func (r *Reacting) Remove(old *codec.Reaction) error {
	at := r.message.CreatedAt
	gone := append(reactionEntries(r.c, at, old), keys.Reaction(r.c, at, old.User, old.Type))
	if err := r.tx.txn.Delete(gone...); err != nil {
		return err
	}
	if i := r.inLatest(old); i >= 0 {
		r.summary.Latest = slices.Delete(r.summary.Latest, i, i+1)
		r.short = true
	}
	i, found := r.find(old.Type)
	if !found {
		return nil
	}
	g := &r.summary.Groups[i]
	if g.Count, g.Sum = g.Count-1, g.Sum-old.Score; g.Count <= 0 {
		r.summary.Groups = slices.Delete(r.summary.Groups, i, i+1)
		return nil
	}
	if old.At != g.First && old.At != g.Last {
		return nil
	}
	return r.bounds(g)
}

// bounds reads when the first and the last reaction of a type were put.
func (r *Reacting) bounds(g *codec.ReactionGroup) error {
	first := storage.Prefix(keys.ReactionsAt(r.c, r.message.CreatedAt, g.Type))
	first.Limit = 1
	last := first
	last.Reverse = true
	_, found, err := r.tx.txn.Read(nil, []storage.Range{first, last})
	if err != nil {
		return err
	}
	for i, at := range []*int64{&g.First, &g.Last} {
		if len(found[i]) == 0 {
			continue
		}
		if _, _, *at, _, _, err = keys.OfReactionAt(found[i][0].Key); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reacting) inLatest(v *codec.Reaction) int {
	return slices.IndexFunc(r.summary.Latest, func(known codec.Reaction) bool { return known.At == v.At })
}

// End stores the summary, and that the message has one.
func (r *Reacting) End() error {
	key := keys.Reacted(r.c, r.message.CreatedAt)
	if len(r.summary.Groups) == 0 {
		return r.tx.txn.Delete(key)
	}
	if r.short {
		var err error
		r.summary.Latest, err = r.tx.ReactionsBefore(r.c, r.message.CreatedAt, "", endOfTime, LatestReactions)
		if err != nil {
			return err
		}
	}
	if err := r.tx.put(key, &r.summary); err != nil || r.message.Reacted {
		return err
	}
	r.message.Reacted = true
	return r.tx.ReplaceMessage(r.c, r.message)
}

// endOfTime comes after every time.
const endOfTime = 1<<63 - 1

// reactionEntries are the keys beside a reaction that say when it was put.
func reactionEntries(c Channel, message int64, v *codec.Reaction) [][]byte {
	return [][]byte{
		keys.ReactionAt(c, message, "", v.At, v.User, v.Type),
		keys.ReactionAt(c, message, v.Type, v.At, v.User, v.Type),
	}
}

// forgetReactions removes the reactions to a message that is erased.
func (t *Txn) forgetReactions(c Channel, m *codec.Message) error {
	if !m.Reacted || m.Pending {
		return nil
	}
	for _, key := range [][]byte{keys.Reactions(c, m.CreatedAt), keys.ReactionOrders(c, m.CreatedAt)} {
		if err := t.txn.DeleteRange(storage.Prefix(key)); err != nil {
			return err
		}
	}
	return t.txn.Delete(keys.Reacted(c, m.CreatedAt))
}

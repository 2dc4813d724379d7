package record

import (
	"bytes"
	"cmp"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// mentions are the keys that say whom a message mentions: in the channel's pages
// (parent 0) or in its thread. One that is deleted or silent mentions nobody, a
// private one only those it is for, not who may see all, and nobody themselves.
func mentions(c Channel, m *codec.Message) [][]byte {
	if m.Pending || m.DeletedAt != 0 || m.Silent {
		return nil
	}
	var list [][]byte
	if inTimeline(m) {
		for _, user := range mentioned(m) {
			list = append(list, keys.Mention(c, user, 0, m.CreatedAt, m.Author))
		}
	}
	if m.ParentID != "" {
		for _, user := range named(m) {
			list = append(list, keys.Mention(c, user, m.ParentAt, m.CreatedAt, m.Author))
		}
	}
	return list
}

// named are those whom a message mentions by their ids and whom it is for.
func named(m *codec.Message) []string {
	return slices.DeleteFunc(slices.Clone(m.Mentions), func(user string) bool {
		return user == m.Author || m.Private() && !slices.Contains(Audience(m), user)
	})
}

// mentioned are those whom a message mentions and whom it is for; All for
// everyone.
func mentioned(m *codec.Message) []string {
	switch {
	case m.MentionsAll && !m.Private():
		return append(named(m), keys.All)
	case m.MentionsAll:
		return slices.DeleteFunc(Audience(m), func(user string) bool { return user == m.Author || user == keys.Everyone })
	}
	return named(m)
}

// mentionInThread has those whom a reply mentions take part in its thread.
func (t *Txn) mentionInThread(c Channel, m *codec.Message, parentAuthor string) error {
	if len(mentions(c, m)) == 0 {
		return nil
	}
	users := named(m)
	b := t.Batch()
	begin := make([]*threadBeginning, len(users))
	for i, user := range users {
		begin[i] = b.threadBeginning(c, m.ParentAt, user)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, user := range users {
		if err := t.joinThread(c, m.ParentAt, user); err != nil {
			return err
		}
		if user == parentAuthor {
			continue
		}
		if err := begin[i].store(t, m.CreatedAt-1); err != nil {
			return err
		}
	}
	return nil
}

// rejoinThread has those whom a reply mentions again take part in its thread.
func (t *Txn) rejoinThread(c Channel, m *codec.Message) error {
	if len(mentions(c, m)) == 0 {
		return nil
	}
	b := t.Batch()
	parents := b.ParentOf(c, m.ParentAt)
	if err := b.Run(); err != nil {
		return err
	}
	parent := parents.Message()
	if parent == nil {
		return nil
	}
	return t.mentionInThread(c, m, parent.Author)
}

// putMentions stores whom a message mentions now.
func (t *Txn) putMentions(c Channel, m *codec.Message) error {
	for _, key := range mentions(c, m) {
		if err := t.txn.Put(key, nil); err != nil {
			return err
		}
	}
	return nil
}

// dropMentions forgets whom a message mentioned that is about to change or to go.
func (t *Txn) dropMentions(c Channel, m *codec.Message) error {
	list := mentions(c, m)
	if len(list) == 0 {
		return nil
	}
	if err := t.txn.Delete(list...); err != nil || !isReply(m) {
		return err
	}
	for _, user := range named(m) {
		if err := t.leaveThread(c, m.ParentAt, user); err != nil {
			return err
		}
	}
	return nil
}

// EditMessage stores an edited message again where it lies; before is what it
// was.
func (t *Txn) EditMessage(c Channel, before, m *codec.Message) error {
	if err := t.ReplaceMessage(c, m); err != nil || slices.Equal(before.Mentions, m.Mentions) {
		return err
	}
	gone := *before
	gone.Mentions = slices.DeleteFunc(slices.Clone(before.Mentions), func(user string) bool { return slices.Contains(m.Mentions, user) })
	gone.MentionsAll = false
	if err := t.dropMentions(c, &gone); err != nil {
		return err
	}
	// All that there are, after that: everyone may be mentioned beside those who
	// are no longer named.
	if err := t.putMentions(c, m); err != nil || !isReply(m) {
		return err
	}
	return t.rejoinThread(c, m)
}

// MentionAt is a message that mentions somebody.
type MentionAt struct {
	At     int64
	Author string
}

// MentionsAfter reads which messages mention a user, or everyone, that were sent
// after a time: of the channel's pages (parent 0) or of a thread.
func (r *Reader) MentionsAfter(c Channel, user string, parent, after int64) (list []MentionAt, err error) {
	who := []string{user, keys.All}
	if parent != 0 {
		who = who[:1]
	}
	b := r.Batch()
	defer b.clear()
	for _, user := range who {
		b.scanRaw(storage.Range{
			Start: keys.MentionsAfter(c, user, parent, after), End: storage.Prefix(keys.Mentions(c, user, parent)).End, Limit: sliceLen,
		})
	}
	_, found, err := r.r.Read(nil, b.ranges)
	if err != nil {
		return nil, err
	}
	for i, entries := range found {
		known := list
		add := func(e storage.Entry) {
			_, _, at, author, ok := keys.OfMention(c, e.Key)
			if ok && !mentionedAt(known, at) {
				list = append(list, MentionAt{at, author})
			}
		}
		for _, e := range entries {
			add(e)
		}
		if len(entries) < sliceLen {
			continue
		}
		rest := storage.Range{Start: append(bytes.Clone(entries[sliceLen-1].Key), 0), End: b.ranges[i].End}
		for e, err := range storage.Scan(r.r, rest, sliceLen) {
			if err != nil {
				return nil, err
			}
			add(e)
		}
	}
	return list, nil
}

// mentionedAt says whether a list in the order of time has a message.
func mentionedAt(list []MentionAt, at int64) bool {
	_, found := slices.BinarySearchFunc(list, at, func(m MentionAt, at int64) int { return cmp.Compare(m.At, at) })
	return found
}

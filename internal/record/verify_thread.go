package record

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// threadCheck is what a thread should be, by its parent and replies.
type threadCheck struct {
	sums   map[string]codec.ThreadSum    // by audience
	by     map[string]map[string][]int64 // the replies by audience and author
	takers map[string]bool               // who takes part
}

func (v *verifier) thread(parent int64) *threadCheck {
	t := v.threads[parent]
	if t == nil {
		t = &threadCheck{sums: map[string]codec.ThreadSum{}, by: map[string]map[string][]int64{}, takers: map[string]bool{}}
		v.threads[parent] = t
	}
	return t
}

// inThread notes what a message adds to a thread. Of one whose parent was
// truncated nothing is kept in order.
func (v *verifier) inThread(m *codec.Message) {
	switch {
	case m.Replied && m.CreatedAt > v.floor:
		v.thread(m.CreatedAt).takers[m.Author] = true
	case isReply(m) && m.ParentAt > v.floor:
		t := v.thread(m.ParentAt)
		for _, audience := range threadAudiences(m) {
			s := t.sums[audience]
			if s.Count++; m.DeletedAt != 0 {
				s.Deleted++
			} else {
				s.Newest = max(s.Newest, m.CreatedAt)
			}
			t.sums[audience] = s
			if t.by[audience] == nil {
				t.by[audience] = map[string][]int64{}
			}
			t.by[audience][m.Author] = append(t.by[audience][m.Author], m.CreatedAt)
		}
		t.takers[m.Author] = true
		if len(mentions(v.c, m)) > 0 {
			for _, user := range named(m) {
				t.takers[user] = true
			}
		}
	}
}

// allThreads compares what is kept of each thread with what it should be.
func (v *verifier) allThreads() error {
	var want [][]byte // the keys that say something by being there
	for _, at := range slices.Sorted(maps.Keys(v.threads)) {
		t := v.threads[at]
		b := v.Batch()
		stored := b.ParentOf(v.c, at)
		if err := b.Run(); err != nil {
			return err
		}
		if parent := stored.Message(); parent != nil && !parent.Replied {
			parent.Replied, t.takers[parent.Author] = true, true
			err := v.differs(func(tx *Txn) error { return tx.ReplaceMessage(v.c, parent) }, "message %q does not know of its replies", parent.ID)
			if err != nil {
				return err
			}
		}
		for _, audience := range slices.Sorted(maps.Keys(t.by)) {
			for author, times := range t.by[audience] {
				for _, reply := range times {
					want = append(want, keys.ReplyBy(v.c, at, audience, author, reply))
				}
				want = append(want, keys.FirstReply(v.c, at, audience, slices.Min(times), author))
			}
		}
		for user := range t.takers {
			want = append(want, keys.InThread(v.c, at, user), keys.ThreadOf(user, v.c, at))
		}
	}
	slices.SortFunc(want, bytes.Compare)
	if err := v.threadKeys(want); err != nil {
		return err
	}
	if err := v.threadSums(); err != nil {
		return err
	}
	return v.mentionKeys()
}

// threadKeys looks for those keys, and for others of their kind.
func (v *verifier) threadKeys(want [][]byte) error {
	for some := range slices.Chunk(want, sliceLen) {
		values, _, err := v.r.Read(some, nil)
		if err != nil {
			return err
		}
		for i, key := range some {
			if values[i] != nil {
				continue
			}
			if err := v.differs(func(t *Txn) error { return t.txn.Put(key, nil) }, "entry %x of a thread is missing", key); err != nil {
				return err
			}
		}
	}
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ThreadUsersAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		parent, user, err := keys.OfThreadUser(e.Key)
		if err != nil {
			return err
		}
		if _, found := slices.BinarySearchFunc(want, e.Key, bytes.Compare); found || parent <= v.floor || len(e.Value) > 0 {
			continue // a value is a read mark
		}
		stale := [][]byte{bytes.Clone(e.Key)}
		if user != "" {
			stale = append(stale, keys.ThreadOf(user, v.c, parent))
		}
		if err := v.differs(func(t *Txn) error { return t.txn.Delete(stale...) }, "entry %x of a thread belongs to no reply", stale[0]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) threadSums() error {
	stored := map[string]codec.ThreadSum{}
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ThreadSumsAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		s, err := codec.DecodeThreadSum(e.Value)
		if err != nil {
			return err
		}
		if parent, err := keys.ParentOf(e.Key); err != nil || parent <= v.floor {
			continue
		}
		stored[string(e.Key)] = s
	}
	want := map[string]codec.ThreadSum{}
	for at, t := range v.threads {
		for audience, s := range t.sums {
			want[string(keys.ThreadSum(v.c, at, audience))] = s
		}
	}
	all := maps.Clone(stored)
	maps.Copy(all, want)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if have, want := stored[key], want[key]; have != want {
			mend := func(t *Txn) error { return t.put([]byte(key), &want) }
			if want.Count == 0 {
				mend = func(t *Txn) error { return t.txn.Delete([]byte(key)) }
			}
			err := v.differs(mend, "the sum of a thread %x is %+v instead of %+v", key, have, want)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// mentionKeys looks for mentions of no message.
func (v *verifier) mentionKeys() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.Marks(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		_, parent, at, _, ok := keys.OfMention(v.c, e.Key)
		if !ok {
			continue
		}
		list, err := v.MessagesAt([]codec.Place{{Kind: codec.PlaceTimeline, Channel: uint64(v.c), At: at}, {Kind: codec.PlacePrivate, Channel: uint64(v.c), At: at}})
		if err == nil && len(list) == 0 && parent != 0 {
			list, err = v.MessagesAt([]codec.Place{{Kind: codec.PlaceReply, Channel: uint64(v.c), At: at, Parent: parent}})
		}
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(m codec.Message) bool {
			return slices.ContainsFunc(mentions(v.c, &m), func(key []byte) bool { return bytes.Equal(key, e.Key) })
		}) {
			continue
		}
		stale := bytes.Clone(e.Key)
		if err := v.differs(func(t *Txn) error { return t.txn.Delete(stale) }, "mention %x is in no message", stale); err != nil {
			return err
		}
	}
	return nil
}

// threadStreams has the streams of threads be compared with what they should
// hold, those of no reply too.
func (v *verifier) threadStreams() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.ThreadStreamsAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		if s, parent, ok := keys.ThreadStreamOf(v.c, e.Key); ok && parent > v.floor {
			v.expect(s)
		}
	}
	return nil
}

// counterOf is the stream by which counts are known to have changed in which a
// stream takes part.
func counterOf(s keys.Stream) keys.Stream {
	if _, parent, ok := keys.ThreadStreamOf(s.Channel(), s.Key()); ok {
		return keys.ThreadLive(s.Channel(), parent, keys.All)
	}
	return keys.Live(s.Channel())
}

// VerifyThreads looks for entries of the lists of users' threads that lead to
// none that they take part in.
func (r *Reader) VerifyThreads() (problems []string, err error) {
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.ThreadsOfAll()), sliceLen) {
		if err != nil {
			return nil, err
		}
		user, c, parent, err := keys.OfThreadOf(e.Key)
		if err != nil {
			return nil, err
		}
		there, err := storage.Get(r.r, keys.InThread(c, parent, user))
		if err != nil {
			return nil, err
		}
		if there == nil {
			problems = append(problems, fmt.Sprintf("the threads of user %q have one that they take no part in", user))
		}
	}
	return problems, nil
}

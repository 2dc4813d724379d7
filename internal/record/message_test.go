package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

func keysWithPrefix(t *testing.T, db *DB, prefix []byte) (list []string) {
	t.Helper()
	view(t, db, func(r *Reader) error {
		for e, err := range storage.Scan(r.r, storage.Prefix(prefix), 100) {
			if err != nil {
				return err
			}
			list = append(list, string(e.Key))
		}
		return nil
	})
	return list
}

// world is a channel and, beside it, a plain list of its messages.
type world struct {
	t        *testing.T
	db       *DB
	random   *rand.Rand
	channel  Channel
	scope    string
	last     int64
	messages []codec.Message
	gone     map[string]bool  // ids of erased messages → pending once
	after    map[string]int64 // how far each has read
}

var people = []string{"jane", "john", "joe", "jo"}

func newWorld(t *testing.T, random *rand.Rand) *world {
	w := &world{
		t: t, db: newDB(t), random: random, scope: ChannelScope("messaging:ride"),
		last: 1_700_000_000_000_000, gone: map[string]bool{}, after: map[string]int64{},
	}
	update(t, w.db, w.scope, func(tx *Txn) (err error) {
		if w.channel, err = tx.NewChannel("messaging:ride", w.last); err != nil {
			return err
		}
		for _, user := range people {
			if err := tx.PutUserChannel(user, w.channel, &codec.UserChannel{CID: "messaging:ride", Member: true}); err != nil {
				return err
			}
		}
		if err := tx.PutChannel(w.channel, &codec.Channel{CID: "messaging:ride"}); err != nil {
			return err
		}
		return tx.PutHead(w.channel, &codec.Head{})
	})
	return w
}

// withHead runs fn in a transaction and stores the head after it.
func (w *world) withHead(fn func(*Txn, *codec.Head) error) {
	w.t.Helper()
	update(w.t, w.db, w.scope, func(tx *Txn) error {
		b := tx.Batch()
		head := b.Head(w.channel)
		if err := b.Run(); err != nil {
			return err
		}
		if err := fn(tx, &head.V); err != nil {
			return err
		}
		head.V.Last = w.last
		return tx.PutHead(w.channel, &head.V)
	})
}

func (w *world) send() {
	w.last += 1 + w.random.Int64N(5)
	m := codec.Message{
		ID: fmt.Sprintf("m%d", w.last), Author: people[w.random.IntN(len(people))], Text: "hello",
		CreatedAt: w.last, UpdatedAt: w.last, Silent: w.random.IntN(5) == 0, Pending: w.random.IntN(5) == 0,
	}
	if parents := w.where(func(m *codec.Message) bool { return !m.Pending && m.ParentID == "" }); len(parents) > 0 && w.random.IntN(3) == 0 {
		parent := &w.messages[parents[w.random.IntN(len(parents))]]
		m.ParentID, m.ParentAt, m.Shown = parent.ID, parent.CreatedAt, w.random.IntN(2) == 0
	}
	if w.random.IntN(3) == 0 {
		m.Restricted = slices.Clone(people[:1+w.random.IntN(2)])
	}
	if w.random.IntN(3) == 0 {
		m.Mentions = slices.Clone(people[w.random.IntN(3):])
	}
	m.MentionsAll = w.random.IntN(10) == 0
	w.withHead(func(tx *Txn, h *codec.Head) error { return tx.InsertMessage(w.channel, Counts{Head: h}, &m) })
	w.messages = append(w.messages, m)
	w.replied(&m)
}

// replied has the parent of a reply know of it.
func (w *world) replied(m *codec.Message) {
	if m.Pending || m.ParentID == "" {
		return
	}
	for i := range w.messages {
		if w.messages[i].ID == m.ParentID {
			w.messages[i].Replied = true
		}
	}
}

// edit changes whom a message mentions.
func (w *world) edit() {
	m := w.one(func(m *codec.Message) bool { return !m.Pending && m.DeletedAt == 0 })
	if m == nil {
		return
	}
	before := *m
	m.Mentions = slices.Clone(people[:w.random.IntN(4)])
	update(w.t, w.db, w.scope, func(tx *Txn) error { return tx.EditMessage(w.channel, &before, m) })
}

// where are the messages of which something holds.
func (w *world) where(holds func(*codec.Message) bool) (list []int) {
	for i := range w.messages {
		if holds(&w.messages[i]) {
			list = append(list, i)
		}
	}
	return list
}

// one picks a message of which something holds; nil if there is none.
func (w *world) one(holds func(*codec.Message) bool) *codec.Message {
	list := w.where(holds)
	if len(list) == 0 {
		return nil
	}
	return &w.messages[list[w.random.IntN(len(list))]]
}

func (w *world) commit() {
	m := w.one(func(m *codec.Message) bool { return m.Pending })
	if m == nil {
		return
	}
	w.last++
	before := *m
	m.SentAt, m.Pending, m.CreatedAt, m.UpdatedAt = m.CreatedAt, false, w.last, w.last
	w.withHead(func(tx *Txn, h *codec.Head) error {
		if err := tx.UnplaceMessage(w.channel, &before); err != nil {
			return err
		}
		return tx.CommitMessage(w.channel, Counts{Head: h}, m)
	})
	w.replied(m)
}

func (w *world) deleteOrRestore() {
	m := w.one(func(m *codec.Message) bool { return !m.Pending })
	if m == nil {
		return
	}
	update(w.t, w.db, w.scope, func(tx *Txn) (err error) {
		if m.DeletedAt == 0 {
			m.DeletedAt = w.last
			err = tx.DiscountMessage(w.channel, m)
		} else {
			m.DeletedAt = 0
			err = tx.CountMessage(w.channel, m)
		}
		if err != nil {
			return err
		}
		return tx.ReplaceMessage(w.channel, m)
	})
}

// erase erases a message and all its replies.
func (w *world) erase() {
	m := w.one(func(*codec.Message) bool { return true })
	if m == nil {
		return
	}
	erased := map[string]bool{m.ID: true}
	update(w.t, w.db, w.scope, func(tx *Txn) error {
		list := []codec.Message{*m}
		if m.ParentID == "" && !m.Pending {
			replies, err := tx.Replies(w.channel, m.CreatedAt)
			if err != nil {
				return err
			}
			list = append(list, replies...)
		}
		for i := range list {
			erased[list[i].ID] = true
			if !list[i].Pending {
				if err := tx.DiscountMessage(w.channel, &list[i]); err != nil {
					return err
				}
			}
			if err := tx.EraseMessage(w.channel, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	id := m.ID
	want := map[string]bool{id: true}
	for _, r := range w.messages {
		if r.ParentID == id {
			want[r.ID] = true
		}
	}
	if len(want) != len(erased) {
		w.t.Fatalf("with %s went %v, want %v", id, erased, want)
	}
	w.forget(want)
}

func (w *world) forget(ids map[string]bool) {
	w.messages = slices.DeleteFunc(w.messages, func(m codec.Message) bool {
		if !ids[m.ID] {
			return false
		}
		w.gone[m.ID] = m.Pending || m.SentAt != 0
		return true
	})
}

// audience is who may see a private message, written anew here.
func audience(m *codec.Message) map[string]bool {
	seen := map[string]bool{m.Author: true, Everyone: true}
	for _, user := range m.Restricted {
		seen[user] = true
	}
	return seen
}

// expected lists the keys that must lie in the channel and nowhere else, for
// the messages there are: without those of streams, the head and the users.
func (w *world) expected() map[string]bool {
	c, want := w.channel, map[string]bool{}
	add := func(key []byte) { want[string(key)] = true }
	for i := range w.messages {
		m := &w.messages[i]
		add(keys.Message(m.ID))
		at, reply := m.CreatedAt, m.ParentID != ""
		switch {
		case m.Pending:
			add(keys.Pending(c, at))
			add(keys.PendingAt(at, c))
			add(keys.PendingBy(c, m.Author, at))
			if reply {
				add(keys.Reply(c, m.ParentAt, keys.ReplyPending, at))
			}
		case m.Restricted != nil:
			add(keys.Private(c, at))
			if reply {
				add(keys.Reply(c, m.ParentAt, keys.ReplyPrivate, at))
			}
			for user := range audience(m) {
				if !reply || m.Shown {
					add(keys.PrivateFor(c, user, 0, at))
				}
				if reply {
					add(keys.PrivateFor(c, user, m.ParentAt, at))
				}
			}
		case reply:
			add(keys.Reply(c, m.ParentAt, keys.ReplyPublic, at))
			if m.Shown {
				add(keys.Timeline(c, at))
			}
		default:
			add(keys.Timeline(c, at))
		}
	}
	for id := range w.gone {
		add(keys.Message(id))
	}
	return want
}

// check compares every index entry, place and count with the messages.
func (w *world) check() {
	w.t.Helper()
	c := w.channel
	streamKeys := [][]byte{keys.Head(c), keys.Silent(c).Key(), keys.Live(c).Parts()[:10], keys.Marks(c), keys.KnownAll(c), keys.Record(c)}
	streamKeys = append(streamKeys, keys.ThreadSumsAll(c), keys.ThreadUsersAll(c), keys.ThreadStreamsAll(c)) // see VerifyChannel
	isIndex := func(key []byte) bool {
		return bytes.HasPrefix(key, keys.InChannel(c)) || bytes.HasPrefix(key, keys.Messages()) || bytes.HasPrefix(key, keys.PendingAll())
	}
	want := w.expected()
	for _, key := range keysWithPrefix(w.t, w.db, nil) {
		if !isIndex([]byte(key)) || slices.ContainsFunc(streamKeys, func(p []byte) bool { return bytes.HasPrefix([]byte(key), p) }) {
			continue
		}
		if !want[key] {
			w.t.Fatalf("key %q belongs to no message", key)
		}
		delete(want, key)
	}
	for key := range want {
		w.t.Fatalf("key %q is missing", key)
	}
	view(w.t, w.db, func(r *Reader) error {
		if err := w.checkPlaces(r); err != nil {
			return err
		}
		found, err := r.VerifyChannel(c, nil)
		if err != nil {
			return err
		}
		more, err := r.VerifyThreads()
		if problems := append(found.Problems, more...); err != nil || len(problems) > 0 {
			w.t.Fatalf("differs: %q, %v", problems, err)
		}
		return w.checkNewest(r)
	})
	for _, muted := range [][]string{nil, {"joe"}, {"jo", "john"}} {
		for _, reader := range people {
			mutes := codec.Mutes{}
			for _, user := range muted {
				if user != reader {
					mutes = append(mutes, codec.Mute{User: user})
				}
			}
			update(w.t, w.db, UserScope(reader), func(tx *Txn) error { return tx.PutMutes(reader, mutes) })
		}
		view(w.t, w.db, func(r *Reader) error { return w.checkCounts(r, muted) })
	}
}

func (w *world) checkPlaces(r *Reader) error {
	for i := range w.messages {
		b := r.Batch()
		place := b.Place(w.messages[i].ID)
		if err := b.Run(); err != nil {
			return err
		}
		found, err := r.MessagesAt([]codec.Place{place.V})
		if err != nil {
			return err
		}
		if len(found) != 1 || !bytes.Equal(found[0].Encode(nil), w.messages[i].Encode(nil)) {
			w.t.Fatalf("at the place of %+v lies %+v", w.messages[i], found)
		}
	}
	for id, once := range w.gone {
		b := r.Batch()
		place := b.Place(id)
		if err := b.Run(); err != nil {
			return err
		}
		if place.V != (codec.Place{Kind: codec.PlaceGone, Once: once}) {
			w.t.Fatalf("the place of erased %s is %+v, pending once %v", id, place.V, once)
		}
	}
	return nil
}

// checkCounts compares the unread of every reader from some time on.
func (w *world) checkCounts(r *Reader, muted []string) error {
	for _, reader := range people {
		for privateReader, seesAll := range map[string]bool{reader: false, Everyone: true} {
			for range 2 { // counted, and remembered
				after := w.after[reader]
				if w.random.IntN(4) == 0 {
					after = 1_700_000_000_000_000 + w.random.Int64N(w.last-1_700_000_000_000_000+2)
					w.after[reader] = after
				}
				want := 0
				for i := range w.messages {
					m := &w.messages[i]
					if m.CreatedAt > after && !m.Pending && m.DeletedAt == 0 && !m.Silent && (m.ParentID == "" || m.Shown) &&
						m.Author != reader && !slices.Contains(muted, m.Author) &&
						(m.Restricted == nil || seesAll || audience(m)[reader]) {
						want++
					}
				}
				count := Unread{After: after, Private: true, PrivateReader: privateReader}
				b := r.Batch()
				count.Read(b, w.channel, reader)
				if err := b.Run(); err != nil {
					return err
				}
				got, err := count.Count(r)
				if err != nil {
					return err
				}
				if got != want {
					w.t.Fatalf("%s (private as %q), muting %v, has %d unread after %d, want %d", reader, privateReader, muted, got, after, want)
				}
			}
		}
	}
	return nil
}

func (w *world) checkNewest(r *Reader) error {
	var want int64
	for i := range w.messages {
		if m := &w.messages[i]; !m.Pending && m.DeletedAt == 0 && m.Restricted == nil && (m.ParentID == "" || m.Shown) {
			want = max(want, m.CreatedAt)
		}
	}
	b := r.Batch()
	newest := b.Newest(w.channel)
	if err := b.Run(); err != nil {
		return err
	}
	if newest.V != want {
		w.t.Fatalf("the newest message is of %d, want %d", newest.V, want)
	}
	return nil
}

// TestIndexesFollowTheMessages does random things to messages of every kind.
func TestIndexesFollowTheMessages(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	for range 4 {
		w := newWorld(t, random)
		for step := range 500 {
			switch random.IntN(12) {
			case 0:
				w.erase()
			case 1, 2:
				w.commit()
			case 3, 4, 5:
				w.deleteOrRestore()
			case 6:
				w.edit()
			default:
				w.send()
			}
			if step%20 == 19 {
				w.check()
			}
		}
		w.purge(random)
	}
}

// purge erases everything up to a time in slices, then all the rest.
func (w *world) purge(random *rand.Rand) {
	w.t.Helper()
	for _, until := range []int64{w.messages[len(w.messages)/2].CreatedAt, w.last} {
		for _, onlyPending := range []bool{true, false} {
			want := map[string]bool{}
			for i := range w.messages {
				if m := &w.messages[i]; m.CreatedAt <= until && (m.Pending || !onlyPending) {
					want[m.ID] = true
				}
			}
			told := map[string]bool{}
			limit := 1 + random.IntN(40)
			for more := true; more; {
				update(w.t, w.db, w.scope, func(tx *Txn) (err error) {
					slice := 0
					more, err = tx.PurgeUntil(w.channel, until, onlyPending, limit, func(m *codec.Message) error {
						slice++
						if told[m.ID] || !want[m.ID] {
							w.t.Errorf("%s is purged, told already %v, due %v", m.ID, told[m.ID], want[m.ID])
						}
						told[m.ID] = true
						return nil
					})
					if slice > limit || more && slice == 0 && len(told) < len(want) {
						w.t.Errorf("a slice of at most %d has %d, more %v", limit, slice, more)
					}
					return err
				})
			}
			if len(told) != len(want) {
				w.t.Fatalf("%d messages are purged until %d, want %d", len(told), until, len(want))
			}
			w.forget(want)
		}
		w.checkKeysAfterPurge()
	}
	if len(w.messages) != 0 {
		w.t.Errorf("%d messages are left", len(w.messages))
	}
}

// checkKeysAfterPurge compares the entries alone: what is purged lies before
// every read mark and is counted no more, without being taken from the counts.
func (w *world) checkKeysAfterPurge() {
	w.t.Helper()
	want := w.expected()
	for _, prefix := range [][]byte{
		keys.Messages(), keys.PendingAll(), keys.Pendings(w.channel), keys.PendingsByAll(w.channel), keys.RepliesAll(w.channel),
		keys.Privates(w.channel), keys.PrivatesForAll(w.channel), keys.Timelines(w.channel),
	} {
		for _, key := range keysWithPrefix(w.t, w.db, prefix) {
			if !want[key] {
				w.t.Fatalf("after purging, key %q belongs to no message", key)
			}
			delete(want, key)
		}
	}
	for key := range want {
		w.t.Fatalf("after purging, key %q is missing", key)
	}
}

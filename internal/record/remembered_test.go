package record

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

// changeRoom changes what a channel is.
func changeRoom(tx *Txn) error { return tx.PutChannel(7, &codec.Channel{CID: "messaging:ride"}) }

// TestWhatIsRecalledIsStillSo writes under each scope that what is remembered
// depends on, and under others.
func TestWhatIsRecalledIsStillSo(t *testing.T) {
	key := RememberedKey{Number: 7, User: "jane"}
	for scope, forgets := range map[string]bool{
		AppScope: true, UsersScope: true, ChannelScope("messaging:ride"): true, UserScope("jane"): true,
		ChannelScope("messaging:other"): false, UserScope("john"): false, EventsScope: false,
	} {
		db := New(memstore.New())
		view(t, db, func(r *Reader) error {
			r.Remember("messaging:ride", "it", key)
			return nil
		})
		// Hashes of two scopes may be alike; those of many are not all.
		alike := true
		for i := range 5 {
			if i > 0 && !forgets {
				scope += "+" + strconv.Itoa(i)
			}
			if err := db.Update(t.Context(), scope, changeRoom); err != nil {
				t.Fatal(err)
			}
			view(t, db, func(r *Reader) error {
				alike = alike && r.Recall(key) == nil
				r.Remember("messaging:ride", "it", key)
				return nil
			})
		}
		if alike != forgets {
			t.Errorf("after a change under %q it is forgotten: %v, want %v", scope, alike, forgets)
		}
	}
}

// TestAnOlderSnapshotRecallsNothingNewer has one View last while another
// remembers what came meanwhile.
func TestAnOlderSnapshotRecallsNothingNewer(t *testing.T) {
	db := New(memstore.New())
	key := RememberedKey{Number: 7, User: "jane"}
	view(t, db, func(older *Reader) error {
		if err := db.Update(context.WithoutCancel(t.Context()), ChannelScope("messaging:ride"), changeRoom); err != nil {
			return err
		}
		view(t, db, func(newer *Reader) error {
			newer.Remember("messaging:ride", "newer", key)
			return nil
		})
		if got := older.Recall(key); got != nil {
			t.Errorf("it recalls %v", got)
		}
		older.Remember("messaging:ride", "older", key)
		return nil
	})
	view(t, db, func(r *Reader) error {
		if got := r.Recall(key); got != "newer" {
			t.Errorf("a newer one recalls %v", got)
		}
		return nil
	})
}

// TestMessagesChangeNoRoom has a message come, and what a room is made of change:
// after each a View and a transaction ask whether the room is still so.
func TestMessagesChangeNoRoom(t *testing.T) {
	const c, scope = Channel(7), "messaging:ride"
	key := RememberedKey{Number: c, User: "jane"}
	for name, change := range map[string]struct {
		do      func(*Txn) error
		forgets bool
	}{
		"a message": {do: func(tx *Txn) error {
			m := codec.Message{ID: "m", Author: "jane", CreatedAt: 5, UpdatedAt: 5}
			h := codec.Head{}
			return errors.Join(tx.InsertMessage(c, Counts{Head: &h}, &m), tx.PutHead(c, &h), tx.PutMark(c, "jane", codec.Mark{At: 5}))
		}},
		"the channel":                        {changeRoom, true},
		"its cid":                            {func(tx *Txn) error { return tx.ForgetCID(scope) }, true},
		"a member":                           {func(tx *Txn) error { return tx.PutMember(c, "john", &codec.Member{Role: "role"}) }, true},
		"no member":                          {func(tx *Txn) error { return tx.DeleteMember(c, "john") }, true},
		"a ban":                              {func(tx *Txn) error { return tx.PutBan(c, "jane", &codec.Ban{}) }, true},
		"what a user has with it":            {func(tx *Txn) error { return tx.PutUserChannel("jane", c, &codec.UserChannel{CID: scope}) }, true},
		"what a user deleted for themselves": {func(tx *Txn) error { return tx.PutForMe(c, "jane", codec.ForMe{{At: 5}}) }, true},
	} {
		for driver, store := range map[string]storage.Store{"memory": memstore.New(), "bolt": openBolt(t)} {
			db := New(store)
			view(t, db, func(r *Reader) error {
				r.Remember(scope, "it", key)
				return nil
			})
			if err := db.Update(t.Context(), ChannelScope(scope), func(tx *Txn) error {
				before := tx.Recall(key)
				if err := change.do(tx); err != nil {
					return err
				}
				if before == nil || (tx.Recall(key) == nil) != change.forgets {
					t.Errorf("%s, in the change of %s: it recalled %v and recalls %v", driver, name, before, tx.Recall(key))
				}
				tx.Remember(scope, "of what may not be committed", RememberedKey{Number: c, User: "else"})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			recalls := func(r *Reader) error {
				if got := r.Recall(key); (got == nil) != change.forgets {
					t.Errorf("%s, after the change of %s: it recalls %v", driver, name, got)
				}
				if got := r.Recall(RememberedKey{Number: c, User: "else"}); (got == nil) != change.forgets {
					t.Errorf("%s, in the change of %s: what was read in it is %v", driver, name, got)
				}
				return nil
			}
			view(t, db, recalls)
			if err := db.Update(t.Context(), ChannelScope(scope), func(tx *Txn) error { return recalls(&tx.Reader) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestWhatCannotBeCheckedIsNotRemembered: on a store that does not number snapshots,
// and on one whose transactions cannot note.
func TestWhatCannotBeCheckedIsNotRemembered(t *testing.T) {
	key := RememberedKey{Number: 7, User: "jane"}
	plain, silent := New(plainStore{memstore.New()}), New(silentStore{memstore.New()})
	if err := silent.Update(t.Context(), ChannelScope("messaging:ride"), changeRoom); err != nil {
		t.Fatal(err)
	}
	for _, db := range []*DB{plain, silent} {
		view(t, db, func(r *Reader) error {
			r.Remember("messaging:ride", "it", key)
			if r.Remembers() || r.Recall(key) != nil {
				t.Error("it remembers what it cannot check")
			}
			return nil
		})
	}
}

// silentStore is a store whose transactions note nothing.
type silentStore struct{ storage.Store }

func (s silentStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	return s.Store.Update(ctx, scope, func(tx storage.Txn) error { return fn(struct{ storage.Txn }{tx}) })
}

// plainStore is a store whose readers read, and no more.
type plainStore struct{ storage.Store }

func (s plainStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	return s.Store.View(ctx, func(r storage.Reader) error { return fn(struct{ storage.Reader }{r}) })
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	const size = 100
	g := generations[int, int]{size: size}
	g.put(-1, 7)
	for i := range 10 * size {
		g.put(i, i)
		if v, ok := g.get(i); !ok || v != i {
			t.Fatalf("what was just put is %d, %v", v, ok)
		}
		if v, ok := g.get(-1); !ok || v != 7 {
			t.Fatalf("what is asked for again and again is %d, %v after %d others", v, ok, i)
		}
		if len(g.young) > size || len(g.old) > size {
			t.Fatalf("%d and %d are kept", len(g.young), len(g.old))
		}
	}
	if _, ok := g.get(0); ok {
		t.Error("what nobody asked for is still there")
	}
	for range 2 * size {
		g.put(-1, 8)
	}
	if _, ok := g.young[10*size-1]; !ok {
		t.Error("what is put again and again takes the place of others")
	}
}

// TestACountIsRememberedForWhatComesLater: not for what comes at a time that was
// read already, nor for a snapshot that has less.
func TestACountIsRememberedForWhatComesLater(t *testing.T) {
	const c = Channel(7)
	db := New(memstore.New())
	var head codec.Head
	send := func(at int64) {
		t.Helper()
		update(t, db, ChannelScope("messaging:ride"), func(tx *Txn) error {
			m := codec.Message{ID: strconv.FormatInt(at, 10), Author: "john", Text: "words", CreatedAt: at}
			if err := tx.InsertMessage(c, Counts{Head: &head}, &m); err != nil {
				return err
			}
			return tx.PutHead(c, &head)
		})
	}
	count := func(r *Reader, after int64, want int) {
		t.Helper()
		u := Unread{After: after, Private: true, PrivateReader: "jane"}
		b := r.Batch()
		u.Read(b, c, "jane")
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
		if got, err := u.Count(r); got != want || err != nil {
			t.Errorf("after %d are %d (%v), want %d", after, got, err, want)
		}
	}
	counts := func(after int64, want int) {
		t.Helper()
		view(t, db, func(r *Reader) error {
			count(r, after, want)
			count(r, after, want) // remembered
			return nil
		})
	}
	send(10)
	send(20)
	counts(5, 2)
	counts(25, 0)
	send(22)
	counts(25, 0)
	counts(5, 3)
	view(t, db, func(older *Reader) error {
		send(30)
		send(40)
		counts(35, 1)
		count(older, 35, 0)
		return nil
	})
	counts(35, 1)
	counts(5, 5)
}

func openBolt(t *testing.T) storage.Store {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

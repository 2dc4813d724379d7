package record

import (
	"context"
	"strconv"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// TestWhatIsRecalledIsStillSo writes under each scope that what is remembered
// depends on, and under others.
func TestWhatIsRecalledIsStillSo(t *testing.T) {
	key := RememberedKey{CID: "messaging:ride", User: "jane"}
	for scope, forgets := range map[string]bool{
		AppScope: true, UsersScope: true, ChannelScope("messaging:ride"): true, UserScope("jane"): true,
		ChannelScope("messaging:other"): false, UserScope("john"): false,
	} {
		db := New(memstore.New())
		view(t, db, func(r *Reader) error {
			r.Remember("messaging:ride", "jane", "it", key)
			return nil
		})
		// Hashes of two scopes may be alike; those of many are not all.
		alike := true
		for i := range 5 {
			if i > 0 && !forgets {
				scope += "+" + strconv.Itoa(i)
			}
			if err := db.Update(t.Context(), scope, func(tx *Txn) error {
				return tx.PutUser(codec.User{ID: "jane"})
			}); err != nil {
				t.Fatal(err)
			}
			view(t, db, func(r *Reader) error {
				alike = alike && r.Recall(key) == nil
				r.Remember("messaging:ride", "jane", "it", key)
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
		if err := db.Update(context.WithoutCancel(t.Context()), ChannelScope("messaging:ride"), func(tx *Txn) error {
			return tx.PutUser(codec.User{ID: "jane"})
		}); err != nil {
			return err
		}
		view(t, db, func(newer *Reader) error {
			newer.Remember("messaging:ride", "jane", "newer", key)
			return nil
		})
		if got := older.Recall(key); got != nil {
			t.Errorf("it recalls %v", got)
		}
		older.Remember("messaging:ride", "jane", "older", key)
		return nil
	})
	view(t, db, func(r *Reader) error {
		if got := r.Recall(key); got != nil {
			t.Errorf("a newer one recalls %v", got)
		}
		return nil
	})
}

// TestWhatCannotBeCheckedIsNotRemembered: in a transaction, which may not be
// committed, and on a store that does not number snapshots.
func TestWhatCannotBeCheckedIsNotRemembered(t *testing.T) {
	key := RememberedKey{CID: "messaging:ride", User: "jane"}
	db := New(memstore.New())
	if err := db.Update(t.Context(), "any", func(tx *Txn) error {
		tx.Remember("messaging:ride", "jane", "it", key)
		if tx.Remembers() || tx.Recall(key) != nil {
			t.Error("a transaction remembers")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	plain := New(plainStore{memstore.New()})
	view(t, plain, func(r *Reader) error {
		r.Remember("messaging:ride", "jane", "it", key)
		if r.Remembers() || r.Recall(key) != nil {
			t.Error("it remembers what it cannot check")
		}
		return nil
	})
	for _, db := range []*DB{db, plain} {
		view(t, db, func(r *Reader) error {
			if got := r.Recall(key); got != nil {
				t.Errorf("it recalls %v", got)
			}
			return nil
		})
	}
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
			if err := tx.InsertMessage(c, &head, &m); err != nil {
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

package record

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
	"example.com/chat/storage/storagetest"
)

// newDB is a store in memory that reports a key written under two scopes.
func newDB(t *testing.T) *DB {
	store := memstore.New()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return New(storagetest.CheckScopes(t, store))
}

func update(t *testing.T, db *DB, scope string, fn func(*Txn) error) {
	t.Helper()
	if err := db.Update(t.Context(), scope, fn); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db *DB, fn func(*Reader) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// TestChannelsMadeAtOneMomentDiffer lets two transactions of different scopes
// choose a number at the same time: one of them has to choose again.
func TestChannelsMadeAtOneMomentDiffer(t *testing.T) {
	db := newDB(t)
	const makers = 8
	numbers := make([]Channel, makers)
	errs := make([]error, makers)
	var running sync.WaitGroup
	for i := range makers {
		running.Go(func() {
			cid := fmt.Sprintf("messaging:%d", i)
			errs[i] = db.Update(t.Context(), ChannelScope(cid), func(tx *Txn) (err error) {
				numbers[i], err = tx.NewChannel(cid, 1000)
				return err
			})
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	view(t, db, func(r *Reader) error {
		cids, found, err := r.CIDs("messaging:", "", 100)
		if err != nil {
			return err
		}
		if !slices.Equal(found, numbers) || len(cids) != makers {
			t.Errorf("channels %v have numbers %v, want %v", cids, found, numbers)
		}
		list, err := r.Numbers(0, 100)
		if err != nil {
			return err
		}
		want := make([]Channel, makers)
		for i := range want {
			want[i] = Channel(1000 + i)
		}
		if !slices.Equal(list, want) {
			t.Errorf("numbers are %v, want %v", list, want)
		}
		return nil
	})
}

func TestCIDsArePaged(t *testing.T) {
	db := newDB(t)
	for i, cid := range []string{"gaming:a", "messaging:a", "messaging:a-b", "messaging:b", "team:a"} {
		update(t, db, ChannelScope(cid), func(tx *Txn) error {
			_, err := tx.NewChannel(cid, int64(i+1))
			return err
		})
	}
	for _, test := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 10, []string{"gaming:a", "messaging:a", "messaging:a-b", "messaging:b", "team:a"}},
		{"messaging:", "", 2, []string{"messaging:a", "messaging:a-b"}},
		{"messaging:", "messaging:a-b", 2, []string{"messaging:b"}},
		{"messaging:", "messaging:b", 2, nil},
		{"commerce:", "", 2, nil},
	} {
		view(t, db, func(r *Reader) error {
			cids, _, err := r.CIDs(test.prefix, test.after, test.limit)
			if !slices.Equal(cids, test.want) {
				t.Errorf("cids of %q after %q are %v, want %v", test.prefix, test.after, cids, test.want)
			}
			return err
		})
	}
	update(t, db, ChannelScope("team:a"), func(tx *Txn) error { return tx.ForgetCID("team:a") })
	view(t, db, func(r *Reader) error {
		b := r.Batch()
		gone, there := b.Number("team:a"), b.Number("gaming:a")
		if err := b.Run(); err != nil {
			return err
		}
		if gone.Found || !there.Found || there.V != 1 {
			t.Errorf("a forgotten cid is %+v, another %+v", gone, there)
		}
		return nil
	})
}

func TestUnlistChannelTakesItFromEveryone(t *testing.T) {
	db := newDB(t)
	for c := range Channel(2) {
		update(t, db, fmt.Sprint(c), func(tx *Txn) error {
			for i := range 25 {
				if err := tx.PutUserChannel(fmt.Sprintf("user-%d", i), c, &codec.UserChannel{CID: fmt.Sprint(c), Member: true}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for slice, wantMore := range []bool{true, true, false} {
		update(t, db, "0", func(tx *Txn) error {
			more, err := tx.UnlistChannel(0, 10, &codec.Event{Kind: codec.EventChannelDeleted, CID: "0"})
			if more != wantMore {
				t.Errorf("slice %d: more is %v", slice, more)
			}
			return err
		})
	}
	view(t, db, func(r *Reader) error {
		for i := range 25 {
			list, err := r.UserChannels(fmt.Sprintf("user-%d", i))
			if err != nil {
				return err
			}
			if len(list) != 1 || list[0].Channel != 1 {
				t.Errorf("user %d has the channels %+v, want 1 alone", i, list)
			}
			gone, err := r.GoneChannels(fmt.Sprintf("user-%d", i), storage.Position{})
			if err != nil || len(gone) != 1 || gone[0] != "0" {
				t.Errorf("user %d is led to %+v, %v, want 0 alone", i, gone, err)
			}
		}
		return nil
	})
	if left := keysWithPrefix(t, db, keys.KnownAll(0)); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

func TestPurgeChannelLeavesNothing(t *testing.T) {
	db := newDB(t)
	const cid = "messaging:ride"
	var c Channel
	update(t, db, ChannelScope(cid), func(tx *Txn) (err error) {
		if c, err = tx.NewChannel(cid, 7); err != nil {
			return err
		}
		for i := range 30 {
			if err := tx.PutMember(c, fmt.Sprintf("user-%d", i), &codec.Member{}); err != nil {
				return err
			}
		}
		if err := tx.PutHead(c, &codec.Head{Last: 1}); err != nil {
			return err
		}
		return tx.PutChannel(c, &codec.Channel{CID: cid})
	})
	update(t, db, ChannelScope(cid), func(tx *Txn) error { return tx.ForgetCID(cid) })
	for more := true; more; {
		update(t, db, ChannelScope(cid), func(tx *Txn) (err error) {
			more, err = tx.PurgeChannel(c, 10)
			return err
		})
	}
	if left := keysWithPrefix(t, db, nil); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

func TestMembersArePagedByID(t *testing.T) {
	db := newDB(t)
	names := []string{"a", "a-b", "ab", "b"}
	update(t, db, "channel", func(tx *Txn) error {
		for _, name := range names {
			if err := tx.PutMember(1, name, &codec.Member{Role: name}); err != nil {
				return err
			}
		}
		return tx.PutMember(2, "c", &codec.Member{})
	})
	after, got := "", []string(nil)
	for {
		var page []Membership
		view(t, db, func(r *Reader) (err error) {
			page, err = r.Members(1, after, 3)
			return err
		})
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			if m.Role != m.User {
				t.Errorf("%q has the record of %q", m.User, m.Role)
			}
			got = append(got, m.User)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, names) {
		t.Errorf("members are %v, want %v", got, names)
	}
	update(t, db, "channel", func(tx *Txn) error { return tx.DeleteMember(1, "a") })
	view(t, db, func(r *Reader) error {
		page, err := r.Members(1, "", 1)
		if len(page) != 1 || page[0].User != "a-b" {
			t.Errorf("the first member is %+v once a has left", page)
		}
		return err
	})
}

// TestSharedRecordsFollowTheStore reads a record that is decoded once, before
// and after it changes, and inside the transaction that changes it.
func TestSharedRecordsFollowTheStore(t *testing.T) {
	db := newDB(t)
	read := func(r *Reader) (string, error) {
		b := r.Batch()
		v := Settings[map[string]string](b)
		if err := b.Run(); err != nil || !v.Found {
			return "", err
		}
		return (*v.V)["mode"], nil
	}
	for _, mode := range []string{"a", "b", "b", "a"} {
		update(t, db, AppScope, func(tx *Txn) error {
			if err := tx.PutSettings(map[string]string{"mode": mode}); err != nil {
				return err
			}
			got, err := read(&tx.Reader)
			if got != mode {
				t.Errorf("inside the transaction the mode is %q, want %q", got, mode)
			}
			return err
		})
		view(t, db, func(r *Reader) error {
			got, err := read(r)
			if got != mode {
				t.Errorf("the mode is %q, want %q", got, mode)
			}
			return err
		})
	}
	// What a transaction that failed had read is not what others read.
	failed := errors.New("given up")
	err := db.Update(t.Context(), AppScope, func(tx *Txn) error {
		if err := tx.PutSettings(map[string]string{"mode": "c"}); err != nil {
			return err
		}
		_, err := read(&tx.Reader)
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	view(t, db, func(r *Reader) error {
		got, err := read(r)
		if got != "a" {
			t.Errorf("after a failure the mode is %q, want a", got)
		}
		return err
	})
}

// TestANumberIsNotUsedAgain as long as there are events of the channel that had it.
func TestANumberIsNotUsedAgain(t *testing.T) {
	db := New(memstore.New())
	create := func() (c Channel) {
		update(t, db, ChannelScope("messaging:ride"), func(tx *Txn) (err error) {
			if c, err = tx.NewChannel("messaging:ride", 1000); err != nil {
				return err
			}
			return tx.TellChannel(c, &codec.Event{Kind: codec.EventChannelCreated, Channel: uint64(c)})
		})
		return c
	}
	forget := func(c Channel) {
		update(t, db, ChannelScope("messaging:ride"), func(tx *Txn) error { return tx.txn.Delete(keys.Number(c)) })
	}
	first := create()
	forget(first)
	second := create()
	if second == first {
		t.Errorf("the number %d is used again", first)
	}
	forget(second)
	update(t, db, AppScope, func(tx *Txn) error { return tx.txn.TrimLogs(storage.PositionAt(1, 0)) })
	if third := create(); third != first {
		t.Errorf("of a channel of which nothing is left the number is %d, and not %d again", third, first)
	}
}

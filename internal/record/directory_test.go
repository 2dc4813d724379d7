package record

import (
	"errors"
	"fmt"
	"testing"

	"example.com/chat/internal/codec"
)

// TestTheDirectoryTellsOfWhoIsAskedFor fills the directory with more users than
// it has room for, in several versions: it tells of a user as they were in the
// version asked for, or of nobody, and mostly of the former where there is room.
func TestTheDirectoryTellsOfWhoIsAskedFor(t *testing.T) {
	for _, users := range []int{directorySize / 4, 3 * directorySize} {
		d, known := newDirectory(), 0
		for version := range int64(4) {
			for i := range users {
				id := fmt.Sprint("user", i)
				d.add(version, &codec.User{ID: id, Name: fmt.Sprint(id, " ", version)})
			}
			for asked := range int64(4) {
				for i := range users {
					id := fmt.Sprint("user", i)
					u := d.get(asked, id)
					if u == nil {
						continue
					}
					if u.user.ID != id || u.user.Name != fmt.Sprint(id, " ", asked) || asked != version || asked == 0 {
						t.Fatalf("version %d of %s, of %d, is %+v", asked, id, version, u)
					}
					known++
				}
			}
		}
		if known < 3*min(users, directorySize)/2 {
			t.Errorf("of %d users in 3 versions %d were known", users, known)
		}
	}
}

// TestAUserOfATransactionIsNotRemembered has a transaction that fails read a user
// whom it has changed. The next change may have the same number, where the clock
// stands still.
func TestAUserOfATransactionIsNotRemembered(t *testing.T) {
	db := newDB(t)
	change := func(tx *Txn, name string) error { return tx.PutUser(codec.User{ID: "jane", Name: name}) }
	update(t, db, UsersScope, func(tx *Txn) error { return change(tx, "Jane") })
	failed := errors.New("failed")
	err := db.Update(t.Context(), UsersScope, func(tx *Txn) error {
		if err := change(tx, "Joan"); err != nil {
			return err
		}
		b, people := tx.Batch(), tx.People()
		people.Want(b, "jane")
		if err := b.Run(); err != nil {
			return err
		}
		if u := people.User("jane"); u == nil || u.Name != "Joan" {
			t.Errorf("in its transaction she is %+v", u)
		}
		if db.directory.get(tx.users.V, "jane") != nil {
			t.Error("she is remembered")
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
}

// TestWhoWasWantedIsThere has every user take the place of another in the
// directory between the moment that they are wanted and the one that they are
// shown.
func TestWhoWasWantedIsThere(t *testing.T) {
	db := newDB(t)
	db.directory.users = newPairs[knownUser](2)
	var ids []string
	for i := range 9 {
		ids = append(ids, fmt.Sprint("user", i))
		update(t, db, UsersScope, func(tx *Txn) error { return tx.PutUser(codec.User{ID: ids[i], Name: "Somebody"}) })
	}
	for range 3 {
		view(t, db, func(r *Reader) error {
			people := r.People()
			for n := range ids { // with the first the version is read, the others may be known
				b := r.Batch()
				people.WantAll(b, ids[:n+1])
				if err := b.Run(); err != nil {
					return err
				}
			}
			for _, id := range append(ids, ids...) {
				if u := people.User(id); u == nil || u.ID != id || u.Name != "Somebody" {
					t.Errorf("%s is %+v", id, u)
				}
			}
			return nil
		})
	}
}

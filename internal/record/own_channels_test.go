package record

import (
	"fmt"
	"slices"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// joins has a user be a member of channels.
func joins(t *testing.T, db *DB, user string, channels ...Channel) {
	t.Helper()
	for _, c := range channels {
		cid := fmt.Sprint("messaging:", c)
		update(t, db, ChannelScope(cid), func(tx *Txn) error {
			return tx.PutUserChannel(user, c, &codec.UserChannel{CID: cid, Member: true})
		})
	}
}

// owned are the channels of a user, and the memory that they lie in.
func owned(t *testing.T, db *DB, user string) (list []Channel, memory *OwnChannel) {
	t.Helper()
	view(t, db, func(r *Reader) error {
		found, err := r.UserChannels(user)
		for i := range found {
			list = append(list, found[i].Channel)
		}
		if len(found) > 0 {
			memory = &found[0]
		}
		return err
	})
	return list, memory
}

func TestOwnChannelsAreReadAnewWhenTheyChange(t *testing.T) {
	for driver, store := range map[string]storage.Store{"memory": memstore.New(), "bolt": openBolt(t)} {
		db := New(store)
		for name, change := range map[string]struct {
			do   func(*Txn) error
			want []Channel
		}{
			"hidden":    {func(tx *Txn) error { return tx.PutUserChannel("jane", 7, &codec.UserChannel{HiddenAt: 1}) }, []Channel{7, 8}},
			"joined":    {func(tx *Txn) error { return tx.PutUserChannel("jane", 9, &codec.UserChannel{}) }, []Channel{7, 8, 9}},
			"forgotten": {func(tx *Txn) error { return tx.ForgetUserChannel("jane", 7) }, []Channel{8}},
			"gone": {func(tx *Txn) error {
				_, err := tx.UnlistChannel(7, 10, &codec.Event{})
				return err
			}, []Channel{8}},
			"a range": {func(tx *Txn) error { return tx.txn.DeleteRange(storage.Prefix(keys.UserChannels("jane"))) }, nil},
		} {
			joins(t, db, "jane", 7, 8)
			_, before := owned(t, db, "jane")
			if _, again := owned(t, db, "jane"); again != before && !db.forgets.Load() {
				t.Errorf("%s, before %s: they are not remembered", driver, name)
			}
			update(t, db, ChannelScope("messaging:7"), func(tx *Txn) error {
				if err := change.do(tx); err != nil {
					return err
				}
				own, err := tx.UserChannels("jane")
				if len(own) != len(change.want) {
					t.Errorf("%s: in the change to %s there are %v", driver, name, own)
				}
				return err
			})
			if got, after := owned(t, db, "jane"); !slices.Equal(got, change.want) || after == before {
				t.Errorf("%s: after the change to %s they are %v, want %v", driver, name, got, change.want)
			}
			update(t, db, ChannelScope("messaging:9"), func(tx *Txn) error { return tx.ForgetUserChannel("jane", 9) })
		}
	}
}

// TestOwnChannelsAreRememberedWhileOthersChange is tried on several stores: hashes of
// two names may be alike.
func TestOwnChannelsAreRememberedWhileOthersChange(t *testing.T) {
	remembered := func() bool {
		db := New(memstore.New())
		joins(t, db, "jane", 7)
		_, before := owned(t, db, "jane")
		joins(t, db, "jan", 7, 8)
		update(t, db, ChannelScope("messaging:7"), func(tx *Txn) error { return tx.PutHead(7, &codec.Head{}) })
		_, after := owned(t, db, "jane")
		return after == before
	}
	for range 5 {
		if remembered() {
			return
		}
	}
	t.Error("they are not")
}

// TestAnOlderSnapshotHasTheChannelsOfItsTime has one View last while a user joins
// and another View remembers it.
func TestAnOlderSnapshotHasTheChannelsOfItsTime(t *testing.T) {
	db := New(memstore.New())
	joins(t, db, "jane", 7)
	view(t, db, func(older *Reader) error {
		joins(t, db, "jane", 8)
		_, newer := owned(t, db, "jane")
		for range 2 {
			list, err := older.UserChannels("jane")
			if err != nil || len(list) != 1 {
				t.Errorf("the older one has %v, %v", list, err)
			}
		}
		if _, kept := owned(t, db, "jane"); kept != newer {
			t.Error("what the older one read took the place of what is newer")
		}
		return nil
	})
	if list, _ := owned(t, db, "jane"); len(list) != 2 {
		t.Errorf("a newer one has %v", list)
	}
}

func TestOwnChannelsThatCannotBeCheckedAreReadAnew(t *testing.T) {
	for name, db := range map[string]*DB{"no versions": New(plainStore{memstore.New()}), "no notes": New(silentStore{memstore.New()})} {
		joins(t, db, "jane", 7)
		_, before := owned(t, db, "jane")
		if _, after := owned(t, db, "jane"); after == before {
			t.Errorf("%s: they are remembered", name)
		}
		joins(t, db, "jane", 8)
		if list, _ := owned(t, db, "jane"); len(list) != 2 {
			t.Errorf("%s: they are %v", name, list)
		}
	}
}

// TestOwnChannelsRememberedAreBounded: of one user with too many none are, and those
// of many users give way to others.
func TestOwnChannelsRememberedAreBounded(t *testing.T) {
	const each = ownChannelsKept / 4
	db := New(memstore.New())
	join := func(user string, n int) {
		update(t, db, ChannelScope("messaging:all"), func(tx *Txn) error {
			for c := range n {
				if err := tx.PutUserChannel(user, Channel(c), &codec.UserChannel{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	join("many", each)
	_, before := owned(t, db, "many")
	if _, after := owned(t, db, "many"); after == before {
		t.Error("more are remembered of one user than may be")
	}
	for i := range 12 {
		user := fmt.Sprint("user ", i)
		join(user, each-1)
		_, before := owned(t, db, user)
		if _, after := owned(t, db, user); after != before {
			t.Errorf("those of %s are not remembered", user)
		}
		g := &db.ownChannels
		if len(g.young) > 4 || len(g.old) > 4 || g.used != len(g.young)*each {
			t.Fatalf("of %d and %d users they are kept, by count %d channels", len(g.young), len(g.old), g.used)
		}
	}
}

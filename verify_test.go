package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// damage is a fault put into the store behind the engine's back.
type damage struct {
	name string
	do   func(t storage.Txn, c keys.Channel, held int64) error
}

func damages() []damage {
	return slices.Concat(reactionDamages(), moderationDamages(), []damage{
		{"an id is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.Message("m1"))
		}},
		{"an id leads elsewhere", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Put(keys.Message("m1"), codec.Place{Kind: codec.PlaceTimeline, Channel: uint64(c), At: 1}.Encode(nil))
		}},
		{"the entry of a private message is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.DeleteRange(storage.Prefix(keys.PrivatesFor(c, "jane", 0)))
		}},
		{"an entry of no private message", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Put(keys.PrivateFor(c, "ann", 0, 77), nil)
		}},
		{"the author's entry of a pending message is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.PendingBy(c, "john", held))
		}},
		{"the entry of a pending message in the list of all is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.PendingAt(held, c))
		}},
		{"a pending message would never expire", func(t storage.Txn, c keys.Channel, held int64) error {
			if err := t.DeleteRange(storage.Prefix(keys.TasksOf("expiry"))); err != nil {
				return err
			}
			return t.DeleteRange(storage.Prefix(keys.DueAll("expiry")))
		}},
		{"an author's counts are lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.Author(c, "john").Key())
		}},
		{"the private counts are lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.PrivateLive(c, "jane").Key())
		}},
		{"what is removed is forgotten", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.Live(c).RemovedIn(0))
		}},
		{"how much is removed is forgotten", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.Live(c).Removed())
		}},
		{"an older part of the counts is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.DeleteRange(storage.Prefix(keys.Live(c).Chunks()))
		}},
		{"the newest time is wrong", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Put(keys.Newest(c), codec.EncodeTime(5))
		}},
		{"a member's channels lack it", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.UserChannel("ann", c))
		}},
		{"a member's mark is lost", func(t storage.Txn, c keys.Channel, held int64) error {
			return t.Delete(keys.Mark(c, "ann"))
		}},
		{"the number of members is wrong", func(t storage.Txn, c keys.Channel, held int64) error {
			raw, err := storage.Get(t, keys.Record(c))
			if err != nil {
				return err
			}
			channel, err := codec.DecodeChannel(raw)
			if err != nil {
				return err
			}
			channel.Members = 9
			return t.Put(keys.Record(c), channel.Encode(nil))
		}},
	})
}

// TestLostListOfRemovedIsAnError: a count that needs it is neither guessed nor a
// panic, and Verify repairs it.
func TestLostListOfRemovedIsAnError(t *testing.T) {
	for name, damage := range map[string]func(t storage.Txn, key []byte) error{
		"lost": func(t storage.Txn, key []byte) error { return t.Delete(key) },
		"cut":  func(t storage.Txn, key []byte) error { return t.Put(key, []byte{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			store := memstore.New()
			s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
			cid := s.channel(lounge, "jane", "john")
			one := s.as("john").send(cid, "one")
			two := s.as("john").send(cid, "two")
			s.check(s.as("jane").MarkReadTo(s.ctx, two.ID))
			s.as("john").send(cid, "three")
			_, err := s.DeleteMessage(s.ctx, one.ID, chat.DeleteSoft, "")
			s.check(err)
			s.check(store.Update(s.ctx, "damage", func(tx storage.Txn) error {
				number, err := numberOf(tx, cid)
				if err != nil {
					return err
				}
				return damage(tx, keys.Live(number).RemovedIn(0))
			}))
			if n, err := s.as("jane").Unread(s.ctx, cid); !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("%d are unread (%v), want an error", n, err)
			}
			_, err = s.Verify(s.ctx, &chat.VerifyOptions{Repair: true})
			s.check(err)
			s.as("jane").wantUnread(cid, 1)
		})
	}
}

func TestVerifyFindsAndRepairsDamage(t *testing.T) {
	for _, d := range damages() {
		t.Run(d.name, func(t *testing.T) {
			ctx := context.Background()
			store := memstore.New()
			s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
			cid := s.channel(lounge, "jane", "john", "ann")
			s.as("john").post(cid, chat.Draft{ID: "m1", Text: "one"})
			gone := s.as("john").send(cid, "gone")
			for range 70 { // more than lie in one part of the counts
				s.as("john").send(cid, "more")
			}
			_, err := s.DeleteMessage(ctx, gone.ID, chat.DeleteSoft, "")
			s.check(err)
			s.send(cid, "john", chat.Draft{Text: "for jane", Restricted: []chat.UserID{"jane"}}, nil)
			held := s.send(cid, "john", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})

			s.check(errOf(s.As("ann").React(ctx, "m1", chat.ReactionDraft{Type: "like"})))
			s.check(errOf(s.As("jane").React(ctx, "m1", chat.ReactionDraft{Type: "like"})))
			s.check(errOf(s.PinMessage(ctx, "m1", "ann", time.Now().Add(time.Hour))))
			s.moderate(cid)

			s.check(store.Update(ctx, "damage", func(tx storage.Txn) error {
				number, err := numberOf(tx, cid)
				if err != nil {
					return err
				}
				return d.do(tx, number, held.CreatedAt.UnixMicro())
			}))
			found, err := s.Verify(ctx, nil)
			s.check(err)
			if len(found.Problems) == 0 {
				t.Fatal("the damage is not found")
			}
			for _, p := range found.Problems {
				if p.Repaired {
					t.Errorf("%q is said to be repaired by a look", p.Problem)
				}
			}
			repaired, err := s.Verify(ctx, &chat.VerifyOptions{Repair: true})
			s.check(err)
			if len(repaired.Problems) == 0 {
				t.Error("the repair reports nothing")
			}
			after, err := s.Verify(ctx, nil)
			s.check(err)
			if len(after.Problems) != 0 {
				t.Fatalf("after the repair there are still %v", after.Problems)
			}
			s.as("jane").sees("m1")
			s.as("jane").wantPins(cid, "m1")
			if m := s.as("jane").message("m1"); len(m.LatestReactions) != m.ReactionGroups["like"].Count || len(m.LatestReactions) == 0 {
				t.Errorf("m1 has the reactions %v, %v", m.ReactionGroups, m.LatestReactions)
			}
			s.as("jane").wantUnread(cid, 72)
			if state := s.as("john").channel(cid); len(state.Pending) != 1 || state.Channel.MemberCount != 3 {
				t.Errorf("john has %d pending of 1, the channel %d members of 3", len(state.Pending), state.Channel.MemberCount)
			}
			s.wantModeration(cid)
		})
	}
}

// TestRepairedCountsAreTold has a count asked for before and after the repair of
// what a muted user wrote.
func TestRepairedCountsAreTold(t *testing.T) {
	store := memstore.New()
	s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
	cid := s.channel(lounge, "jane", "john", "ann")
	s.check(s.as("jane").MuteUser(s.ctx, "john", 0))
	s.as("john").send(cid, "one")
	s.as("ann").send(cid, "two")
	s.check(store.Update(s.ctx, "damage", func(tx storage.Txn) error {
		number, err := numberOf(tx, cid)
		if err != nil {
			return err
		}
		return tx.Delete(keys.Author(number, "john").Key())
	}))
	s.as("jane").wantUnread(cid, 2)
	_, err := s.Verify(s.ctx, &chat.VerifyOptions{Repair: true})
	s.check(err)
	s.as("jane").wantUnread(cid, 1)
}

// TestUsersWithoutTheirVersion has a user changed after the number that says so
// was lost.
func TestUsersWithoutTheirVersion(t *testing.T) {
	store := memstore.New()
	s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
	s.channel(lounge, "jane", "john")
	s.check(s.as("jane").MuteUser(s.ctx, "john", 0))
	s.check(store.Update(s.ctx, "damage", func(tx storage.Txn) error { return tx.Delete(keys.UsersVersion()) }))
	app, err := chat.New(store, &chat.Options{NoBackground: true})
	s.check(err)
	for _, name := range []string{"", "John"} {
		if name != "" {
			s.check(app.UpsertUsers(s.ctx, chat.User{ID: "john", Name: name}))
		}
		list, err := app.As("jane").Mutes(s.ctx)
		s.check(err)
		if len(list) != 1 || name != "" && list[0].User.Name != name {
			t.Errorf("the list of mutes is %v", list)
		}
	}
}

// numberOf is the number of a channel, as it lies in the store.
func numberOf(r storage.Reader, cid chat.CID) (keys.Channel, error) {
	raw, err := storage.Get(r, keys.CID(string(cid)))
	if err != nil {
		return 0, err
	}
	number, err := codec.DecodeTime(raw)
	return keys.Channel(number), err
}

// TestWhatARepairMadeIsCountedAnew: counts that were remembered of a list that is
// lost, and made anew with as many entries and changes, are not told of it.
func TestWhatARepairMadeIsCountedAnew(t *testing.T) {
	for _, inThread := range []bool{false, true} {
		t.Run(fmt.Sprint("thread ", inThread), func(t *testing.T) {
			store := memstore.New()
			s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
			cid := s.channel(lounge, "jane", "john")
			parent := s.as("jane").send(cid, "parent")
			send := func() chat.Message {
				d := chat.Draft{Text: "words"}
				if inThread {
					d.ParentID = parent.ID
				}
				return s.as("john").post(cid, d)
			}
			wants := func(want int) {
				t.Helper()
				total, err := s.As("jane").TotalUnread(s.ctx)
				s.check(err)
				if got := total.Messages + total.Replies; got != want {
					t.Errorf("%d are unread, want %d", got, want)
				}
			}
			one := send()
			send()
			send()
			s.check(second(s.DeleteMessage(s.ctx, one.ID, chat.DeleteSoft, "")))
			wants(2)
			s.check(store.Update(s.ctx, "damage", func(tx storage.Txn) error {
				number, err := numberOf(tx, cid)
				if err != nil {
					return err
				}
				if inThread {
					return tx.Delete(keys.ThreadLive(number, parent.CreatedAt.UnixMicro(), keys.All).Key())
				}
				return tx.Delete(keys.Head(number))
			}))
			s.check(second(s.Verify(s.ctx, &chat.VerifyOptions{Repair: true})))
			send()
			wants(3)
		})
	}
}

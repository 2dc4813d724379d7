package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage"
)

func (s *scenario) truncate(cid chat.CID, o *chat.TruncateOptions) {
	s.t.Helper()
	s.check(s.TruncateChannel(s.ctx, cid, o))
}

// bothWays runs a story for a soft and for a hard truncation, on each driver.
func bothWays(t *testing.T, story func(t *testing.T, s *scenario, hard bool)) {
	t.Helper()
	for _, hard := range []bool{false, true} {
		name := "soft"
		if hard {
			name = "hard"
		}
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) { story(t, s, hard) })
		})
	}
}

func TestTruncateHidesEverythingUpToNow(t *testing.T) {
	bothWays(t, func(t *testing.T, s *scenario, hard bool) {
		privateRoom(s)
		parent := s.as("john").send(lounge, "xyzzy")
		gone := []chat.MessageID{
			parent.ID,
			s.as("john").post(lounge, chat.Draft{Text: "xyzzy", ParentID: parent.ID}).ID,
			s.as("john").post(lounge, chat.Draft{Text: "xyzzy", ParentID: parent.ID, ShowInChannel: true}).ID,
			s.whisper(lounge, "xyzzy", "jane").ID,
			s.send(lounge, "john", chat.Draft{Text: "xyzzy", ParentID: parent.ID, Restricted: []chat.UserID{"jane"}}, nil).ID,
			s.as("john").deleteMessage(s.as("john").send(lounge, "xyzzy").ID, chat.DeleteSoft).ID,
		}
		held := s.hold(lounge, "john", "xyzzy")
		s.as("jane").wantUnread(lounge, 3)
		s.truncate(lounge, &chat.TruncateOptions{Hard: hard})
		s.settle()

		for _, user := range []chat.UserID{"john", "jane", "june", "anna"} {
			who := s.as(user)
			for _, id := range append(gone, held.ID) {
				who.notSees(id)
			}
			who.wantTexts(lounge)
			state := who.channel(lounge)
			if state.LastMessage != nil || state.LastMessageAt != nil || state.Unread != 0 || len(state.Messages) != 0 || len(state.Pending) != 0 {
				t.Errorf("%s sees %+v", user, state)
			}
			if len(state.Members) != 3 || state.Channel.TruncatedAt == nil {
				t.Errorf("%s sees %d members of a channel truncated at %v", user, len(state.Members), state.Channel.TruncatedAt)
			}
		}
		if got := s.texts(lounge); len(got) != 0 {
			t.Errorf("the server reads %q", got)
		}
		s.wantPending()
		for _, id := range gone {
			_, err := s.Message(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.UndeleteMessage(s.ctx, id, "john")
			wantErr(t, err, chat.ErrNotFound)
			original, err := s.OriginalMessage(s.ctx, id)
			if hard {
				wantErr(t, err, chat.ErrNotFound)
			} else if err != nil || original.Text != "xyzzy" {
				t.Errorf("the original reads %q (%v)", original.Text, err)
			}
		}
		if got := s.holds("xyzzy"); got == hard {
			t.Errorf("the text is in the store: %v", got)
		}

		// The channel lives on.
		s.as("john").send(lounge, "after")
		s.as("jane").wantTexts(lounge, "after")
		s.as("jane").wantUnread(lounge, 1)
		_, err := s.as("john").Send(s.ctx, lounge, chat.Draft{ID: gone[0], Text: "anew"})
		wantErr(t, err, chat.ErrConflict)
		wantSameRefusal(t, "reply", gone[0], func(id chat.MessageID) error {
			_, err := s.as("john").Send(s.ctx, lounge, chat.Draft{Text: "x", ParentID: id})
			return err
		})
		wantSameRefusal(t, "quote", gone[0], func(id chat.MessageID) error {
			_, err := s.as("john").Send(s.ctx, lounge, chat.Draft{Text: "x", QuotedID: id})
			return err
		})
	})
}

func TestTruncateUpToATimeLeavesWhatCameLater(t *testing.T) {
	bothWays(t, func(t *testing.T, s *scenario, hard bool) {
		s.channel(lounge, "john", "jane")
		var sent []chat.Message
		for i := range 6 {
			sent = append(sent, s.send(lounge, "john", chat.Draft{Text: fmt.Sprint(i)}, nil))
			s.sleep(time.Millisecond)
		}
		heldEarly := s.hold(lounge, "john", "held")
		until := sent[3].CreatedAt
		quoting := s.as("john").post(lounge, chat.Draft{Text: "quoting", QuotedID: sent[2].ID})
		s.as("jane").wantUnread(lounge, 7)
		s.truncate(lounge, &chat.TruncateOptions{Before: until, Hard: hard})
		s.settle()
		s.as("jane").wantTexts(lounge, "4", "5", "quoting")
		s.as("jane").wantUnread(lounge, 3)
		if m := s.as("jane").message(quoting.ID); m.QuotedMessage != nil || m.QuotedMessageID != "" {
			t.Errorf("the quote of a truncated message is still there: %q", m.QuotedMessageID)
		}
		s.as("john").sees(heldEarly.ID) // sent later than that
		state := s.as("jane").channel(lounge)
		if state.Channel.TruncatedAt == nil || !state.Channel.TruncatedAt.Equal(until) {
			t.Errorf("truncated at %v, want %v", state.Channel.TruncatedAt, until)
		}
		if page := s.as("jane").page(lounge, chat.MessageQuery{Limit: 3}); page.Prev != "" {
			t.Error("a page leads to what was truncated")
		}

		// An earlier time brings nothing back.
		s.truncate(lounge, &chat.TruncateOptions{Before: sent[0].CreatedAt, Hard: hard})
		s.as("jane").wantTexts(lounge, "4", "5", "quoting")
		err := s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Before: time.Now().Add(time.Hour), Hard: hard})
		wantFieldErr(t, err, chat.ErrInvalid, "before")
		s.as("jane").wantTexts(lounge, "4", "5", "quoting")
	})
}

func TestTruncationUpToTheTimeOfAReplyTakesIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		s.sleep(time.Millisecond)
		last := s.as("jane").reply(parent, "the last word")
		s.sleep(time.Millisecond)
		s.truncate(lounge, &chat.TruncateOptions{Before: last.CreatedAt, Hard: true})
		s.settle()
		s.as("jane").notSees(last.ID)
		if s.holds("the last word") {
			t.Error("what was said at the time of the truncation is still stored")
		}
	})
}

func TestTruncationTakesWhatIsPendingSinceThisMoment(t *testing.T) {
	bothWays(t, func(t *testing.T, s *scenario, hard bool) {
		s.channel(lounge, "john", "jane")
		s.hold(lounge, "john", "the last word")
		s.truncate(lounge, &chat.TruncateOptions{Hard: hard})
		s.settle()
		if s.holds("the last word") {
			t.Error("what was pending at the time of the truncation is still stored")
		}
	})
}

func TestSystemMessageOfATruncationIsAfterIt(t *testing.T) {
	bothWays(t, func(t *testing.T, s *scenario, hard bool) {
		s.channel(lounge, "john", "jane")
		for range 3 {
			s.as("john").send(lounge, "old")
		}
		for i := range 3 { // without a moment between them
			notice := &chat.SystemMessage{UserID: "jane", Text: fmt.Sprint("cleared ", i), Custom: chat.Custom{"by": "robot"}}
			s.truncate(lounge, &chat.TruncateOptions{Hard: hard, Message: notice})
			s.as("john").wantTexts(lounge, notice.Text)
		}
		s.settle()
		page := s.as("john").page(lounge, chat.MessageQuery{})
		state := s.as("john").channel(lounge)
		if len(page.Items) != 1 {
			t.Fatalf("john reads %q", texts(page.Items))
		}
		m := page.Items[0]
		if m.Type != chat.TypeSystem || m.User.ID != "jane" || m.Custom["by"] != "robot" || !m.CreatedAt.After(*state.Channel.TruncatedAt) {
			t.Errorf("the system message is %+v, the channel truncated at %v", m, state.Channel.TruncatedAt)
		}
		s.as("john").wantUnread(lounge, 1)
		s.truncate(lounge, &chat.TruncateOptions{Hard: hard, Message: &chat.SystemMessage{Text: "quietly", Silent: true}})
		s.as("john").wantUnread(lounge, 0)
		s.as("john").wantTexts(lounge, "quietly")

		for _, bad := range []chat.SystemMessage{{}, {Text: " "}, {Text: "x", UserID: "nobody"}} {
			err := s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Hard: hard, Message: &bad})
			wantErr(t, err, chat.ErrInvalid)
		}
		s.as("john").wantTexts(lounge, "quietly")
	})
}

func TestWhoMayTruncate(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.users("stranger")
		s.as("jane").send(lounge, "hello")
		wantErr(t, s.as("jane").TruncateChannel(s.ctx, lounge, nil), chat.ErrPermission)
		wantErr(t, s.as("stranger").TruncateChannel(s.ctx, lounge, nil), chat.ErrNotFound)
		notice := &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "cleared"}}
		wantErr(t, s.as("john").TruncateChannel(s.ctx, lounge, notice), chat.ErrPermission)
		s.as("jane").wantTexts(lounge, "hello")
		s.check(s.as("john").TruncateChannel(s.ctx, lounge, nil)) // he made the channel
		s.as("jane").wantTexts(lounge)
		wantErr(t, s.TruncateChannel(s.ctx, "messaging:none", nil), chat.ErrNotFound)
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		wantErr(t, s.TruncateChannel(s.ctx, lounge, nil), chat.ErrChannelDeleted)
	})
}

func TestHardTruncateFreesWhatWasDeletedForOneself(t *testing.T) {
	eachDriverWith(t, &chat.Options{MaxDeletedForMe: 1}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "one").ID))
		s.truncate(lounge, &chat.TruncateOptions{Hard: true})
		s.settle()
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "two").ID))
	})
}

// crashing is a store whose process dies: after so many updates nothing more is
// stored.
type crashing struct {
	storage.Store
	left atomic.Int64
}

var errCrash = errors.New("the process died")

func (c *crashing) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if c.left.Add(-1) < 0 {
		return errCrash
	}
	return c.Store.Update(ctx, scope, fn)
}

func TestPurgeGoesOnAfterACrash(t *testing.T) {
	for _, whole := range []bool{false, true} {
		name := "hard truncation"
		if whole {
			name = "hard delete of a channel"
		}
		t.Run(name, func(t *testing.T) {
			told := &receiver{}
			options := &chat.Options{NoBackground: true, Pending: told}
			inMemory(t, options, func(t *testing.T, s *scenario) {
				s.channel(lounge, "john", "jane")
				parent := s.as("john").send(lounge, "xyzzy")
				for i := range 600 {
					d := chat.Draft{Text: "xyzzy"}
					switch i % 4 {
					case 1:
						d.ParentID = parent.ID
					case 2:
						d.Restricted = []chat.UserID{"jane"}
					}
					s.send(lounge, "john", d, nil)
				}
				for i := range 3 {
					s.hold(lounge, "john", fmt.Sprint("xyzzy ", i))
				}
				_, err := s.RunDueWork(s.ctx)
				s.check(err)
				if whole {
					s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
				} else {
					s.truncate(lounge, &chat.TruncateOptions{Hard: true})
					s.as("jane").wantTexts(lounge)
				}
				_, err = s.OriginalMessage(s.ctx, parent.ID)
				wantErr(t, err, chat.ErrNotFound) // at once
				s.wantPending()
				if !s.holds("xyzzy") {
					t.Fatal("nothing is left to be purged in the background")
				}

				// Each process dies a little later, and the next one goes on.
				crashes := 0
				for left := int64(1); s.holds("xyzzy"); left++ {
					store := &crashing{Store: s.store}
					store.left.Store(left)
					dying, err := chat.New(store, options)
					s.check(err)
					_, err = dying.RunDueWork(s.ctx)
					if errors.Is(err, errCrash) {
						crashes++
					} else {
						s.check(err)
					}
					s.check(dying.Close())
					s.sleep(16 * time.Second) // what it had claimed is free again
					if left > 100 {
						t.Fatal("the purge does not come to an end")
					}
				}
				if crashes == 0 {
					t.Error("no process died during the purge")
				}
				_, err = s.RunDueWork(s.ctx)
				s.check(err)
				// At least once: a process may die between the call and writing
				// that down.
				for i := range 3 {
					if line := fmt.Sprint("deleted xyzzy ", i); !slices.Contains(told.all(), line) {
						t.Errorf("was not told of %q", line)
					}
				}
				if !whole {
					s.as("john").send(lounge, "after")
					s.as("jane").wantTexts(lounge, "after")
					s.as("jane").wantUnread(lounge, 1)
				}
			})
		})
	}
}

func TestSoftDeletedChannelIsGoneForUsersAndReadByTheServer(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.channel("messaging:other", "john", "jane")
		public := s.as("john").send(lounge, "public")
		private := s.whisper(lounge, "private", "jane")
		s.as("jane").wantUnread(lounge, 2)
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		for _, user := range []chat.UserID{"john", "jane", "june", "anna"} {
			who := s.as(user)
			who.notSees(public.ID)
			who.notSees(private.ID)
			_, channel := who.Channel(s.ctx, lounge)
			_, messages := who.Messages(s.ctx, lounge, chat.MessageQuery{})
			_, send := who.Send(s.ctx, lounge, chat.Draft{Text: "x"})
			_, unread := who.Unread(s.ctx, lounge)
			_, members := who.Members(s.ctx, lounge, chat.MemberQuery{})
			for what, err := range map[string]error{
				"channel": channel, "messages": messages, "send": send, "unread": unread, "members": members,
				"mark read": who.MarkRead(s.ctx, lounge), "leave": who.LeaveChannel(s.ctx, lounge), "delete": who.DeleteChannel(s.ctx, lounge, chat.DeleteSoft),
			} {
				if e := wantErr(t, err, chat.ErrNotFound); e.Reason != fmt.Sprintf("channel %q not found", lounge) {
					t.Errorf("%s by %s: %q", what, user, err)
				}
			}
			list, err := who.Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			for _, state := range list.Items {
				if state.Channel.CID == lounge {
					t.Errorf("%s lists the deleted channel", user)
				}
			}
			totals, err := who.TotalUnread(s.ctx)
			s.check(err)
			if totals != (chat.UnreadTotals{}) {
				t.Errorf("%s has unread %+v", user, totals)
			}
		}
		state, err := s.Channel(s.ctx, lounge)
		s.check(err)
		if state.Channel.DeletedAt == nil || len(state.Messages) != 2 || len(state.Members) != 3 {
			t.Errorf("the server reads %+v", state)
		}
		if got := s.texts(lounge); !slices.Equal(got, []string{"public", "private"}) {
			t.Errorf("the server reads %q", got)
		}
		_, err = s.Send(s.ctx, lounge, "john", chat.Draft{Text: "x"}, nil)
		wantErr(t, err, chat.ErrChannelDeleted)
		_, err = s.UpdateMessage(s.ctx, public.ID, chat.MessageUpdate{Text: "x"}, nil)
		wantErr(t, err, chat.ErrChannelDeleted)
		_, err = s.SetFrozen(s.ctx, lounge, true)
		wantErr(t, err, chat.ErrChannelDeleted)
		again := *state.Channel.DeletedAt
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		state, err = s.Channel(s.ctx, lounge)
		s.check(err)
		if !state.Channel.DeletedAt.Equal(again) {
			t.Error("a second soft delete changed the first")
		}
	})
}

func TestChannelMadeAgainIsEmpty(t *testing.T) {
	for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
		eachDriver(t, func(t *testing.T, s *scenario) {
			privateRoom(s)
			old := s.as("john").send(lounge, "old")
			private := s.whisper(lounge, "old and private", "jane")
			held := s.hold(lounge, "john", "old and held")
			s.check(s.as("jane").DeleteMessageForMe(s.ctx, old.ID))
			s.check(s.as("june").MuteChannel(s.ctx, lounge, 0))
			s.check(s.DeleteChannel(s.ctx, lounge, mode))

			s.channel(lounge, "june", "jane")
			for _, user := range []chat.UserID{"june", "jane"} {
				state := s.as(user).channel(lounge)
				if len(state.Messages) != 0 || len(state.Members) != 2 || state.Unread != 0 || state.LastMessage != nil || state.Muted {
					t.Errorf("%s sees %+v", user, state)
				}
				for _, id := range []chat.MessageID{old.ID, private.ID, held.ID} {
					s.as(user).notSees(id)
				}
			}
			_, err := s.as("john").Channel(s.ctx, lounge)
			wantErr(t, err, chat.ErrNotFound)
			m := s.as("june").send(lounge, "new")
			s.as("jane").wantUnread(lounge, 1)
			s.settle() // what purges the old one leaves the new one alone
			s.as("jane").sees(m.ID)
			s.as("jane").wantTexts(lounge, "new")
			s.as("jane").wantUnread(lounge, 1)
			_, err = s.as("june").Send(s.ctx, lounge, chat.Draft{ID: old.ID, Text: "old"})
			wantErr(t, err, chat.ErrConflict)
			list, err := s.as("jane").Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			if len(list.Items) != 1 {
				t.Errorf("jane lists %d channels, want 1", len(list.Items))
			}
		})
	}
}

func TestHardDeletedChannelIsPurged(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		parent := s.as("john").send(lounge, "xyzzy")
		all := []chat.MessageID{
			parent.ID,
			s.whisper(lounge, "xyzzy", "jane").ID,
			s.as("john").post(lounge, chat.Draft{Text: "xyzzy", ParentID: parent.ID}).ID,
			s.hold(lounge, "john", "xyzzy").ID,
			s.as("john").deleteMessage(s.as("john").send(lounge, "xyzzy").ID, chat.DeleteSoft).ID,
		}
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		_, err := s.Channel(s.ctx, lounge)
		wantErr(t, err, chat.ErrNotFound)
		wantErr(t, s.DeleteChannel(s.ctx, lounge, chat.DeleteHard), chat.ErrNotFound)
		for _, id := range all {
			_, err := s.Message(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.OriginalMessage(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.UndeleteMessage(s.ctx, id, "john")
			wantErr(t, err, chat.ErrNotFound)
			s.as("jane").notSees(id)
		}
		_, err = s.CommitMessage(s.ctx, all[3])
		wantErr(t, err, chat.ErrNotPending)
		s.settle()
		if s.holds("xyzzy") || s.holds(string(lounge)) {
			t.Error("something of the channel is still in the store")
		}
		_, err = s.CommitMessage(s.ctx, all[3])
		wantErr(t, err, chat.ErrNotPending)
		list, err := s.Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		if len(list.Items) != 0 {
			t.Errorf("the server lists %d channels", len(list.Items))
		}
	})
}

func TestSoftThenHardDeletedChannelIsPurged(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").send(lounge, "xyzzy")
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		_, err := s.OriginalMessage(s.ctx, m.ID)
		wantErr(t, err, chat.ErrNotFound)
		s.settle()
		if s.holds("xyzzy") {
			t.Error("the text is still in the store")
		}
	})
}

func TestWhoMayDeleteAChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			wantErr(t, s.as("jane").DeleteChannel(s.ctx, lounge, mode), chat.ErrPermission)
		}
		wantFieldErr(t, s.DeleteChannel(s.ctx, lounge, 0), chat.ErrInvalid, "mode")
		wantErr(t, s.DeleteChannel(s.ctx, "rubbish", chat.DeleteSoft), chat.ErrInvalid)
		s.as("jane").send(lounge, "still here")
		s.check(s.as("john").DeleteChannel(s.ctx, lounge, chat.DeleteSoft)) // he made it
		wantErr(t, s.as("john").DeleteChannel(s.ctx, lounge, chat.DeleteHard), chat.ErrNotFound)
	})
}

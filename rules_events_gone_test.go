package chat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// TestADeletedChannelIsToldInItsOrder: also to one who reads event by event and
// comes when the channel is long made again.
func TestADeletedChannelIsToldInItsOrder(t *testing.T) {
	for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
		for _, limit := range []int{1, 2, 100} {
			for _, named := range []bool{false, true} {
				eachDriver(t, func(t *testing.T, s *scenario) {
					want := []string{"channel.deleted", "channel.created john", "notification.added_to_channel jane", "message.new again 1"}
					if mode == chat.DeleteHard {
						want[0] += " hard"
					}
					s.channel(lounge, "john", "jane")
					s.channel("messaging:second", "john", "jane")
					jane := s.watch("jane")
					s.check(s.DeleteChannel(s.ctx, lounge, mode))
					s.channel(lounge, "john", "jane")
					_, err := s.RunDueWork(s.ctx)
					s.check(err)
					s.as("john").send(lounge, "again")
					jane.query.Limit = limit
					if named {
						jane.query.Channels = []chat.CID{lounge}
					}
					var got []string
					for len(got) < len(want) {
						events, next, err := jane.poll(s.ctx)
						s.check(err)
						jane.cursor = next
						got = append(got, summaries(events)...)
					}
					if !slices.Equal(got, want) {
						t.Errorf("by %d, named %t: jane is told\n\t%q, want\n\t%q", limit, named, got, want)
					}
				})
			}
		}
	}
}

// TestAMuteOfAChannelIsToldWithWhatItChanges: who mutes a channel elsewhere
// learns that it is muted, and how much is unread then.
func TestAMuteOfAChannelIsToldWithWhatItChanges(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "hello")
		john, jane, app := s.watch("john"), s.watch("jane"), s.watch("")
		muted := func(want bool, unread int) {
			t.Helper()
			events := jane.read()
			if len(events) != 1 || events[0].Type != chat.ChannelUpdated || events[0].Muted == nil || *events[0].Muted != want ||
				events[0].Unread == nil || *events[0].Unread != unread {
				t.Errorf("jane is told %+v", events)
			}
			if app.read()[0].Muted != nil {
				t.Error("the application is told that it mutes a channel")
			}
		}
		s.check(s.as("jane").MuteChannel(s.ctx, lounge, 0))
		muted(true, 0)
		s.check(s.as("jane").UnmuteChannel(s.ctx, lounge))
		muted(false, 1)
		s.check(s.as("jane").HideChannel(s.ctx, lounge, true))
		if e := jane.wants("channel.hidden jane cleared")[0]; e.Unread == nil || *e.Unread != 0 {
			t.Errorf("hidden with %v unread", e.Unread)
		}
		john.wants()
	})
}

// TestADisabledChannelTellsWhatItIsListedAs: being added to one, or having hidden
// it just before, changes the list of channels.
func TestADisabledChannelTellsWhatItIsListedAs(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.users("june")
		jane, june := s.watch("jane"), s.watch("june")
		s.check(s.as("jane").HideChannel(s.ctx, lounge, false))
		_, err := s.SetDisabled(s.ctx, lounge, true)
		s.check(err)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "june"}}, &chat.SystemMessage{Text: "welcome"}))
		jane.wants("channel.hidden jane", "channel.updated")
		june.wants("notification.added_to_channel june")
	})
}

func TestAThreadThatIsDeletedForGoodIsToldToWhoSawOnlyAReply(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.channel(lounge, "john", "jane", "boss")
		parent := s.whisper(lounge, "psst", "jane")
		reply := s.as("boss").post(lounge, chat.Draft{Text: "I read that", ParentID: parent.ID})
		s.user(chat.User{ID: "boss", Role: chat.RoleUser}) // who sees the parent no more
		boss, jane, app := s.watch("boss"), s.watch("jane"), s.watch("")
		_, err := s.DeleteMessage(s.ctx, parent.ID, chat.DeleteHard, "")
		s.check(err)
		if e := boss.wants("message.deleted deleted hard"); len(e) > 0 && e[0].Message.ID != reply.ID {
			t.Errorf("the boss is told of %q, want their reply", e[0].Message.ID)
		}
		if e := jane.wants("message.deleted deleted hard"); len(e) > 0 && e[0].Message.ID != parent.ID {
			t.Errorf("jane is told of %q, want the parent", e[0].Message.ID)
		}
		app.wants("message.deleted deleted hard")
	})
}

func TestAThreadOfWhichTheParentWasClearedIsToldToBeGone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent")
		alone := s.as("john").send(lounge, "alone")
		s.check(s.as("jane").HideChannel(s.ctx, lounge, true))
		s.as("john").post(lounge, chat.Draft{Text: "reply", ParentID: parent.ID, ShowInChannel: true})
		jane := s.watch("jane")
		for _, id := range []chat.MessageID{alone.ID, parent.ID} {
			_, err := s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")
			s.check(err)
		}
		if e := jane.wants("message.deleted deleted hard"); len(e) > 0 && e[0].Message.ID != parent.ID {
			t.Errorf("jane is told of %q, want the parent", e[0].Message.ID)
		}
	})
}

// TestWhatOneHadPendingAndClearedOnceItWasCommittedIsToldToBeGone: clearing
// leaves pending messages, so who reads only afterwards still has what was
// committed before it.
func TestWhatOneHadPendingAndClearedOnceItWasCommittedIsToldToBeGone(t *testing.T) {
	for _, erased := range []bool{false, true} {
		eachDriver(t, func(t *testing.T, s *scenario) {
			s.channel(lounge, "john", "jane")
			hold := func(text string) chat.Message {
				return s.send(lounge, "john", chat.Draft{Text: text}, &chat.SendOptions{Pending: chat.PendingOn})
			}
			first, kept := hold("first"), hold("kept")
			john, jane, news, deletions := s.watch("john"), s.watch("jane"), s.watch("john"), s.watch("john")
			news.query.Types = []chat.EventType{chat.MessageNew, chat.UserUnmuted}
			deletions.query.Types = []chat.EventType{chat.MessageDeleted, chat.UserUnmuted}
			_, err := s.CommitMessage(s.ctx, first.ID)
			s.check(err)
			s.as("john").send(lounge, "second")
			s.check(s.as("john").HideChannel(s.ctx, lounge, true))
			want := []string{"message.deleted deleted hard", "channel.hidden john cleared"}
			told := []string{"message.new first 2", "message.new second 2"}
			if erased {
				_, err = s.DeleteMessage(s.ctx, first.ID, chat.DeleteHard, "")
				s.check(err)
				slices.Reverse(want)
				told = []string{"message.new second 1", "message.deleted deleted hard 1"}
			}
			for _, e := range append(john.wants(want...), deletions.wants("message.deleted deleted hard")...) {
				if m := e.Message; m != nil && (m.ID != first.ID || m.Text != "" || e.User.ID != "john") {
					t.Errorf("john is told of %+v", m)
				}
			}
			news.wants()
			jane.wants(told...)
			john.s.as("john").sees(kept.ID)
			s.as("john").notSees(first.ID)
		})
	}
}

// TestWhoReadsOnAfterSomebodyTypedWaits: what is no longer worth telling wakes
// nobody, again and again.
func TestWhoReadsOnAfterSomebodyTypedWaits(t *testing.T) {
	inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		cursor := s.watch("jane").cursor
		s.check(s.As("john").StartTyping(s.ctx, room))
		s.sleep(time.Minute)
		ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
		defer cancel()
		list, _, err := s.As("jane").Poll(ctx, cursor, chat.EventQuery{})
		if len(list) > 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("she is told %+v, %v", list, err)
		}
	})
}

// TestADeletedParentIsToldToWhoHasReplies: who cannot see it learns of it only by
// a reply that is theirs to see.
func TestADeletedParentIsToldToWhoHasReplies(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "bob")
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		cid := s.channel("messaging:ride", "jane", "john", "admin")
		jane, john, admin := s.as("jane"), s.as("john"), s.as("admin")
		for _, id := range []chat.MessageID{"none", "old", "private", "pending", "public", "hers"} {
			jane.post(cid, chat.Draft{ID: id, Text: string(id)})
		}
		john.post(cid, chat.Draft{Text: "old", ParentID: "old"})
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "bob", HideHistory: true}}, nil))
		admin.post(cid, chat.Draft{Text: "to john", ParentID: "private", Restricted: []chat.UserID{"john"}})
		s.send(cid, "john", chat.Draft{Text: "pending", ParentID: "pending"}, &chat.SendOptions{Pending: chat.PendingOn})
		john.post(cid, chat.Draft{Text: "public", ParentID: "public"})
		s.send(cid, "admin", chat.Draft{ID: "to bob", Text: "to bob", ParentID: "hers", Restricted: []chat.UserID{"bob"}, ShowInChannel: true}, nil)
		s.as("bob").sees("to bob")
		bob, all := s.watch("bob"), s.watch("john")
		for _, id := range []chat.MessageID{"none", "old", "private", "pending", "public", "hers"} {
			s.check(second(s.DeleteMessage(s.ctx, id, chat.DeleteHard, "jane")))
		}
		var told []chat.MessageID
		for _, e := range bob.wants("message.deleted deleted hard", "message.deleted deleted hard") {
			told = append(told, e.Message.ID)
		}
		if want := []chat.MessageID{"public", "to bob"}; !slices.Equal(told, want) {
			t.Errorf("he is told of %q, want %q", told, want)
		}
		hard := slices.Repeat([]string{"message.deleted deleted hard"}, 7) // with his own pending reply
		all.wants(hard...)
	})
}

func TestWhoLeftIsNotToldOfPrivateMessagesThatGo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		cid := s.channel("livestream:show", "jane", "john", "admin")
		john := s.watch("john")
		s.as("admin").post(cid, chat.Draft{ID: "private", Text: "private", Restricted: []chat.UserID{"john"}})
		s.check(s.as("john").LeaveChannel(s.ctx, cid))
		s.check(second(s.DeleteMessage(s.ctx, "private", chat.DeleteHard, "admin")))
		for _, e := range john.read() {
			if e.Type == chat.MessageDeleted {
				t.Errorf("he is told of %s", e.Message.ID)
			}
		}
	})
}

// TestAClearedCommitTellsNothingOfOthers: an author's message that was cleared as
// it was committed is told to be gone, at a time of its own.
func TestAClearedCommitTellsNothingOfOthers(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		cid := s.channel("messaging:ride", "jane", "john", "admin")
		s.send(cid, "john", chat.Draft{ID: "his", Text: "his"}, &chat.SendOptions{Pending: chat.PendingOn})
		john := s.watch("john")
		s.check(second(s.CommitMessage(s.ctx, "his")))
		s.sleep(time.Second)
		private := s.as("admin").post(cid, chat.Draft{Text: "to jane", Restricted: []chat.UserID{"jane"}})
		s.check(s.as("john").HideChannel(s.ctx, cid, true))
		for _, e := range john.read() {
			if e.Message != nil && e.Message.DeletedAt != nil && !e.Message.DeletedAt.Before(private.CreatedAt) {
				t.Errorf("%s was deleted at %s, by when a private message came", e.Message.ID, e.Message.DeletedAt)
			}
		}
		var out bytes.Buffer
		s.check(s.ExportUser(s.ctx, "john", &out, nil))
		if at := private.CreatedAt.Format("05.000000Z"); strings.Contains(out.String(), at) {
			t.Errorf("the export of john has the time of a private message: %s", out.String())
		}
	})
}

// TestARemovalIsToldByTheNameOfTheChannel: also where another channel has it now,
// or none.
func TestARemovalIsToldByTheNameOfTheChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			cid := s.channel(chat.CID(fmt.Sprint("messaging:ride-", mode)), "jane", "john")
			john := s.watch("john")
			john.query.Channels = []chat.CID{cid}
			s.check(s.RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, nil))
			s.check(s.DeleteChannel(s.ctx, cid, mode))
			s.channel(cid, "jane")
			ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
			events, _, err := john.poll(ctx)
			cancel()
			s.check(err)
			if got := summaries(events); !slices.Equal(got, []string{"notification.removed_from_channel john"}) {
				t.Errorf("he is told %q", got)
			}
		}
	})
}

func TestWhatChangesNothingIsNotTold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		jane := s.as("jane")
		own := s.watch("jane")
		s.check(jane.UnmuteChannel(s.ctx, cid))
		s.check(jane.UnpinChannel(s.ctx, cid))
		s.check(jane.UnarchiveChannel(s.ctx, cid))
		s.check(jane.ShowChannel(s.ctx, cid))
		own.wants()
		s.check(jane.PinChannel(s.ctx, cid))
		s.check(jane.PinChannel(s.ctx, cid))
		own.wants("channel.updated jane")
	})
}

// TestWhatWasSentInOnesNameBeforeOneCameIsGoneUntold: clearing leaves what is
// pending alone, not all that is one's own.
func TestWhatWasSentInOnesNameBeforeOneCameIsGoneUntold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("lea")
		cid := s.channel("messaging:ride", "jane", "john")
		jane := s.as("jane")
		s.send(cid, "jane", chat.Draft{ID: "cleared", Text: "in her name"}, nil)
		s.send(cid, "jane", chat.Draft{ID: "held", Text: "in her name"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.send(cid, "lea", chat.Draft{ID: "before", Text: "in her name"}, nil)
		s.check(jane.HideChannel(s.ctx, cid, true))
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "lea", HideHistory: true}}, nil))
		s.send(cid, "lea", chat.Draft{ID: "after", Text: "in her name"}, nil)
		events, leas := s.watch("jane"), s.watch("lea")
		for _, id := range []chat.MessageID{"cleared", "before", "held", "after"} {
			s.check(errOf(s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")))
		}
		gone := func(w *reader) (ids []chat.MessageID) {
			for _, e := range w.read() {
				ids = append(ids, e.Message.ID)
			}
			return ids
		}
		wantSame(t, "Jane is told", gone(events), []chat.MessageID{"held", "after"})
		wantSame(t, "Lea is told", gone(leas), []chat.MessageID{"after"})
	})
}

package chat_test

import (
	"slices"
	"testing"

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

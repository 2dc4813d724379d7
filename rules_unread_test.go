package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

// chatter has john send texts that count for everyone.
func (s *scenario) chatter(cid chat.CID, n int) []chat.Message {
	s.t.Helper()
	var list []chat.Message
	for i := range n {
		list = append(list, s.as("john").send(cid, fmt.Sprint(i)))
	}
	return list
}

// wantUnreadOf checks the unread of users in the order john, jane, june.
func (s *scenario) wantUnreadOf(cid chat.CID, john, jane, june int) {
	s.t.Helper()
	s.as("john").wantUnread(cid, john)
	s.as("jane").wantUnread(cid, jane)
	s.as("june").wantUnread(cid, june)
}

func (s *scenario) totals(user chat.UserID) chat.UnreadTotals {
	s.t.Helper()
	totals, err := s.As(user).TotalUnread(s.ctx)
	s.check(err)
	return totals
}

func TestNewcomerAndOneWhoRejoinsHaveNothingUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john")
		s.users("jane", "june")
		s.chatter(lounge, 3)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}, {UserID: "june"}}, nil))
		s.wantUnreadOf(lounge, 0, 0, 0)
		s.chatter(lounge, 2)
		s.wantUnreadOf(lounge, 0, 2, 2)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, nil)) // a member already
		s.wantUnreadOf(lounge, 0, 2, 2)

		s.check(s.as("jane").LeaveChannel(s.ctx, lounge))
		s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"june"}, nil))
		s.chatter(lounge, 4)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}, {UserID: "june"}}, nil))
		s.wantUnreadOf(lounge, 0, 0, 0)
		s.chatter(lounge, 1)
		s.wantUnreadOf(lounge, 0, 1, 1)
	})
}

func TestMessageThatAddsAMemberIsUnreadForThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john")
		s.users("jane")
		s.chatter(lounge, 3)
		notice := &chat.SystemMessage{Text: "welcome jane"}
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, notice))
		s.as("jane").wantUnread(lounge, 1) // it is posted after they joined
	})
}

func TestNonMemberHasNothingUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		show := s.channel("livestream:show", "john")
		s.users("jane")
		sent := s.chatter(show, 3)
		s.as("jane").wantTexts(show, "0", "1", "2")
		s.as("jane").wantUnread(show, 0)
		if state := s.as("jane").channel(show); state.Unread != 0 || !state.LastRead.IsZero() {
			t.Errorf("jane, no member, has %d unread, read up to %v", state.Unread, state.LastRead)
		}
		wantErr(t, s.as("jane").MarkRead(s.ctx, show), chat.ErrPermission)
		wantErr(t, s.as("jane").MarkReadTo(s.ctx, sent[0].ID), chat.ErrPermission)
		wantErr(t, s.as("jane").MarkUnread(s.ctx, sent[0].ID), chat.ErrPermission)
		if got := s.totals("jane"); got != (chat.UnreadTotals{}) {
			t.Errorf("jane has unread %+v", got)
		}
	})
}

func TestOwnSendMarksTheChannelRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 3)
		s.as("jane").post(lounge, chat.Draft{Text: "a reply", ParentID: sent[0].ID})
		s.wantUnreadOf(lounge, 0, 3, 3)
		s.as("jane").post(lounge, chat.Draft{Text: "a shown reply", ParentID: sent[0].ID, ShowInChannel: true})
		s.wantUnreadOf(lounge, 1, 3, 4)
		s.as("jane").post(lounge, chat.Draft{Text: "quietly", Silent: true})
		s.wantUnreadOf(lounge, 1, 0, 4)
		s.chatter(lounge, 1)
		s.wantUnreadOf(lounge, 0, 1, 5) // john wrote, and so has read it all

		// The server's send in jane's name is hers, but she has read nothing.
		s.send(lounge, "jane", chat.Draft{Text: "by the server"}, nil)
		s.wantUnreadOf(lounge, 1, 1, 6)
		s.check(s.as("jane").MarkUnread(s.ctx, sent[0].ID))
		s.wantUnreadOf(lounge, 1, 4, 6) // none of what is hers
	})
}

func TestRetryOfASendMarksNothingRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		draft := chat.Draft{ID: "m1", Text: "hello"}
		s.as("jane").post(lounge, draft)
		s.chatter(lounge, 2)
		s.as("jane").post(lounge, draft) // nothing changes
		s.as("jane").wantUnread(lounge, 2)
	})
}

func TestSilentMessagesRepliesAndPendingOnesAreNotUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent")
		s.wantUnreadOf(lounge, 0, 1, 1)
		s.as("john").post(lounge, chat.Draft{Text: "silent", Silent: true})
		s.as("john").post(lounge, chat.Draft{Text: "reply", ParentID: parent.ID})
		s.as("john").post(lounge, chat.Draft{Text: "silent and shown", ParentID: parent.ID, ShowInChannel: true, Silent: true})
		s.send(lounge, "john", chat.Draft{Text: "silent and private", Restricted: []chat.UserID{"jane"}, Silent: true}, nil)
		s.send(lounge, "john", chat.Draft{Text: "private reply", ParentID: parent.ID, Restricted: []chat.UserID{"jane"}}, nil)
		held := s.hold(lounge, "john", "held")
		s.wantUnreadOf(lounge, 0, 1, 1)
		s.as("john").post(lounge, chat.Draft{Text: "shown", ParentID: parent.ID, ShowInChannel: true})
		s.wantUnreadOf(lounge, 0, 2, 2)
		s.send(lounge, "john", chat.Draft{Text: "system", Type: chat.TypeSystem}, nil)
		s.wantUnreadOf(lounge, 0, 3, 3)
		s.as("john").post(lounge, chat.Draft{Text: "no push", SkipPush: true})
		s.wantUnreadOf(lounge, 0, 4, 4)
		s.commit(held.ID)
		s.wantUnreadOf(lounge, 0, 5, 5)
	})
}

func TestMessagesOfMutedUsersAreNotUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 3)
		s.as("june").send(lounge, "of june")
		s.check(s.as("jane").MarkUnread(s.ctx, sent[0].ID))
		s.whisper(lounge, "for jane", "jane")
		s.as("john").post(lounge, chat.Draft{Text: "silent", Silent: true}) // not counted twice
		gone := s.chatter(lounge, 1)[0]
		s.as("john").deleteMessage(gone.ID, chat.DeleteSoft)
		s.as("jane").wantUnread(lounge, 5)
		s.check(s.as("jane").MuteUser(s.ctx, "john", 0))
		s.as("jane").wantUnread(lounge, 1)
		s.chatter(lounge, 2)
		s.as("jane").wantUnread(lounge, 1)
		if got := s.totals("jane"); got != (chat.UnreadTotals{Messages: 1, Channels: 1}) {
			t.Errorf("jane has unread %+v", got)
		}
		s.as("jane").wantTexts(lounge, "0", "1", "2", "of june", "for jane", "silent", "", "0", "1") // muted is not hidden
		s.check(s.as("jane").MuteUser(s.ctx, "june", 0))
		s.as("jane").wantUnread(lounge, 0)
		s.as("june").wantUnread(lounge, 2) // whose mute it is
		s.check(s.as("jane").UnmuteUser(s.ctx, "john"))
		s.as("jane").wantUnread(lounge, 6)
		s.undelete(gone.ID)
		s.as("jane").wantUnread(lounge, 7)
		s.check(s.as("jane").UnmuteUser(s.ctx, "june"))
		s.as("jane").wantUnread(lounge, 8)
	})
}

// What is unread of muted users is remembered and followed, so it is asked for
// after each message.
func TestMutedUsersRaiseNothingAsMessagesCome(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.check(s.as("jane").MuteUser(s.ctx, "john", 0))
		want := 0
		for range 70 { // more than are looked through at once
			s.as("june").send(lounge, "heard")
			want++
		}
		s.as("jane").wantUnread(lounge, want)
		for range 3 {
			s.as("john").send(lounge, "unheard")
			s.as("jane").wantUnread(lounge, want)
			s.whisper(lounge, "unheard, for jane", "jane")
			s.as("jane").wantUnread(lounge, want)
			s.as("john").post(lounge, chat.Draft{Text: "unheard, silent", Silent: true})
			s.as("jane").wantUnread(lounge, want)
			s.as("june").send(lounge, "heard")
			want++
			s.as("jane").wantUnread(lounge, want)
			s.whisper(lounge, "not for jane", "june")
			s.as("jane").wantUnread(lounge, want)
		}
		for range 70 {
			s.as("john").send(lounge, "unheard")
		}
		s.as("jane").wantUnread(lounge, want)
	})
}

func TestMutedChannelHasNothingUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		other := s.channel("messaging:other", "john", "jane", "june")
		s.chatter(lounge, 2)
		s.chatter(other, 1)
		s.check(s.as("jane").MuteChannel(s.ctx, lounge, 0))
		s.wantUnreadOf(lounge, 0, 0, 2)
		s.chatter(lounge, 3)
		s.wantUnreadOf(lounge, 0, 0, 5)
		if got := s.totals("jane"); got != (chat.UnreadTotals{Messages: 1, Channels: 1}) {
			t.Errorf("jane has unread %+v", got)
		}
		s.check(s.as("jane").UnmuteChannel(s.ctx, lounge))
		s.wantUnreadOf(lounge, 0, 5, 5)
		if got := s.totals("jane"); got != (chat.UnreadTotals{Messages: 6, Channels: 2}) {
			t.Errorf("jane has unread %+v", got)
		}
	})
}

func TestMutesOfAUserAndOfAChannelEnd(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.chatter(lounge, 2)
		s.check(s.as("jane").MuteUser(s.ctx, "john", time.Hour))
		s.as("jane").wantUnread(lounge, 0)
		s.sleep(time.Hour - time.Second)
		s.as("jane").wantUnread(lounge, 0)
		s.sleep(time.Second)
		s.as("jane").wantUnread(lounge, 2)
		s.check(s.as("jane").MuteChannel(s.ctx, lounge, time.Hour))
		s.chatter(lounge, 1)
		s.sleep(time.Hour - time.Second)
		s.as("jane").wantUnread(lounge, 0)
		s.sleep(time.Second)
		s.as("jane").wantUnread(lounge, 3)
	})
}

func TestMarkReadToTheEndAndToAMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 5)
		jane := s.as("jane")
		s.check(jane.MarkReadTo(s.ctx, sent[1].ID))
		s.wantUnreadOf(lounge, 0, 3, 5)
		s.check(jane.MarkReadTo(s.ctx, sent[0].ID)) // what was read beyond it stays so
		s.wantUnreadOf(lounge, 0, 3, 5)
		s.as("john").deleteMessage(sent[3].ID, chat.DeleteSoft)
		s.check(jane.MarkReadTo(s.ctx, sent[3].ID)) // a placeholder will do
		s.wantUnreadOf(lounge, 0, 1, 4)
		before := time.Now()
		s.check(jane.MarkRead(s.ctx, lounge))
		s.wantUnreadOf(lounge, 0, 0, 4)
		if read := jane.channel(lounge).LastRead; read.Before(before.Truncate(time.Microsecond)) || read.After(time.Now()) {
			t.Errorf("jane read it at %v, want a time after %v", read, before)
		}
		s.chatter(lounge, 1)
		s.wantUnreadOf(lounge, 0, 1, 5)
		wantErr(t, jane.MarkReadTo(s.ctx, "never-was"), chat.ErrNotFound)
		wantErr(t, jane.MarkRead(s.ctx, "messaging:none"), chat.ErrNotFound)
		s.wantUnreadOf(lounge, 0, 1, 5)
	})
}

func TestMarkUnreadFromAnyVisibleMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 5)
		jane := s.as("jane")
		reply := s.as("john").post(lounge, chat.Draft{Text: "reply", ParentID: sent[0].ID})
		private := s.whisper(lounge, "for jane", "jane")
		s.chatter(lounge, 1)
		own := jane.send(lounge, "own") // and has read it all
		for _, from := range []struct {
			id   chat.MessageID
			want int
		}{
			{sent[3].ID, 4}, {own.ID, 0}, {sent[0].ID, 7}, {reply.ID, 2}, {private.ID, 2}, {sent[4].ID, 3},
		} {
			s.check(jane.MarkUnread(s.ctx, from.id))
			jane.wantUnread(lounge, from.want)
		}
		s.as("john").deleteMessage(sent[2].ID, chat.DeleteSoft)
		s.check(jane.MarkUnread(s.ctx, sent[2].ID))
		jane.wantUnread(lounge, 4)
		s.undelete(sent[2].ID)
		jane.wantUnread(lounge, 5)
		wantSameRefusal(t, "mark unread from a private message", private.ID, func(id chat.MessageID) error {
			return s.as("june").MarkUnread(s.ctx, id)
		})
		wantSameRefusal(t, "mark read to a private message", private.ID, func(id chat.MessageID) error {
			return s.as("june").MarkReadTo(s.ctx, id)
		})
		s.as("june").wantUnread(lounge, 7)
	})
}

func TestClearedHistoryIsNotUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 3)
		s.check(s.as("jane").HideChannel(s.ctx, lounge, false))
		s.wantUnreadOf(lounge, 0, 3, 3)
		s.check(s.as("jane").HideChannel(s.ctx, lounge, true))
		s.wantUnreadOf(lounge, 0, 0, 3)
		s.as("jane").wantTexts(lounge)
		s.as("jane").notSees(sent[0].ID)
		s.chatter(lounge, 2)
		s.wantUnreadOf(lounge, 0, 2, 5)
		s.as("jane").wantTexts(lounge, "0", "1")
		s.as("john").deleteMessage(sent[1].ID, chat.DeleteHard)
		s.wantUnreadOf(lounge, 0, 2, 4)
		s.check(s.as("jane").ShowChannel(s.ctx, lounge))
		s.wantUnreadOf(lounge, 0, 2, 4) // what was cleared stays cleared
	})
}

func TestReadersOfAllPrivateMessagesHaveThemUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "anna"}}, nil))
		s.whisper(lounge, "one", "jane")
		s.whisper(lounge, "two", "anna")
		s.whisper(lounge, "three", "june", "jane")
		gone := s.whisper(lounge, "four", "june")
		s.send(lounge, "jane", chat.Draft{Text: "five", Restricted: []chat.UserID{"john"}}, nil)
		s.send(lounge, "anna", chat.Draft{Text: "of anna", Restricted: []chat.UserID{"john"}}, nil)
		check := func(john, jane, june, anna int) {
			t.Helper()
			s.wantUnreadOf(lounge, john, jane, june)
			s.as("anna").wantUnread(lounge, anna)
		}
		check(2, 2, 2, 5)
		s.as("john").deleteMessage(gone.ID, chat.DeleteSoft)
		check(2, 2, 1, 4)
		s.check(s.as("anna").MuteUser(s.ctx, "john", 0))
		check(2, 2, 1, 1)

		// A role that is lost takes them away, one that is won brings them.
		s.check(s.as("anna").UnmuteUser(s.ctx, "john"))
		s.user(chat.User{ID: "anna", Role: chat.RoleUser})
		s.user(chat.User{ID: "june", Role: chat.RoleAdmin})
		check(2, 2, 5, 1)
		s.undelete(gone.ID)
		check(2, 2, 6, 1)
	})
}

func TestTotalsAreThoseOfOnesOwnReadableChannels(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		var cids []chat.CID
		for i := range 6 {
			cids = append(cids, s.channel(chat.CID(fmt.Sprint("messaging:c", i)), "john", "jane"))
			s.chatter(cids[i], i)
		}
		s.channel("livestream:show", "john")
		s.chatter("livestream:show", 4)
		want := func(messages, channels int) {
			t.Helper()
			if got := s.totals("jane"); got != (chat.UnreadTotals{Messages: messages, Channels: channels}) {
				t.Errorf("jane has unread %+v, want %d in %d", got, messages, channels)
			}
		}
		want(15, 5)
		s.check(s.as("jane").MarkRead(s.ctx, cids[5]))
		want(10, 4)
		_, err := s.SetDisabled(s.ctx, cids[4], true)
		s.check(err)
		want(6, 3)
		_, err = s.SetDisabled(s.ctx, cids[4], false)
		s.check(err)
		s.check(s.DeleteChannel(s.ctx, cids[3], chat.DeleteSoft))
		want(7, 3)
		s.check(s.as("jane").LeaveChannel(s.ctx, cids[2]))
		want(5, 2)
		list, err := s.as("jane").Channels(s.ctx, chat.ChannelQuery{Sort: chat.ByUnread, Filter: chat.Eq("members", "jane")})
		s.check(err)
		var got []string
		for _, state := range list.Items {
			got = append(got, fmt.Sprint(state.Channel.CID, " ", state.Unread))
		}
		if len(got) != 4 || !slices.Equal(got[:2], []string{"messaging:c4 4", "messaging:c1 1"}) {
			t.Errorf("jane's channels by unread are %q", got)
		}
	})
}

func TestUnreadIsNeverCapped(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		sent := s.chatter(lounge, 5000)
		s.wantUnreadOf(lounge, 0, 5000, 5000)
		deleted := 0
		for i := 0; i < len(sent); i += 7 {
			mode := chat.DeleteSoft
			if i%2 == 0 {
				mode = chat.DeleteHard
			}
			_, err := s.DeleteMessage(s.ctx, sent[i].ID, mode, "")
			s.check(err)
			deleted++
		}
		s.wantUnreadOf(lounge, 0, 5000-deleted, 5000-deleted)
		for _, i := range []int{1, 63, 64, 65, 127, 128, 4095, 4096, 4097, 4999} {
			if i%7 == 0 {
				i++
			}
			s.check(s.as("jane").MarkUnread(s.ctx, sent[i].ID))
			want := 0
			for n := i; n < len(sent); n++ {
				if n%7 != 0 {
					want++
				}
			}
			s.as("jane").wantUnread(lounge, want)
		}
		s.check(s.as("june").MuteUser(s.ctx, "john", 0))
		s.as("june").wantUnread(lounge, 0)
	})
}

package chat_test

import (
	"testing"

	"example.com/chat"
)

func TestABlockIsToldToTheDevicesOfWhoBlocks(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "joe")
		s.channel("messaging:two", "john", "jane")
		s.channel("messaging:three", "john", "jane", "joe")
		s.channel("messaging:other", "joe", "jane")
		jane, john := s.watch("jane"), s.watch("john")
		blocked := func(told string) bool {
			t.Helper()
			list := jane.wants(told, "channel.updated jane")
			if e := list[0]; e.CID != "" || e.User.ID != "john" || e.By.ID != "jane" {
				t.Errorf("she is told of %+v", e)
			}
			if e := list[1]; e.CID != "messaging:two" || e.Blocked == nil || e.Channel == nil {
				t.Fatalf("she is told of %+v", e)
			}
			return *list[1].Blocked
		}
		s.check(s.as("jane").BlockUser(s.ctx, "john"))
		s.check(s.as("jane").BlockUser(s.ctx, "john")) // changes nothing
		if !blocked("user.blocked john") {
			t.Error("when she blocks she is told that she does not")
		}
		s.check(s.as("jane").UnblockUser(s.ctx, "john"))
		if blocked("user.unblocked john") {
			t.Error("when she does not block she is told that she does")
		}
		john.wants()
		// Also where the two have no channel.
		s.users("mary")
		app := s.watch("")
		s.check(s.as("jane").BlockUser(s.ctx, "mary"))
		s.check(s.as("jane").UnblockUser(s.ctx, "mary"))
		s.check(s.as("jane").UnblockUser(s.ctx, "mary")) // changes nothing
		for _, r := range []*reader{jane, app} {
			r.wants("user.blocked mary", "user.unblocked mary")
		}
	})
}

func TestABlockIsToldOfChannelsOfTwoAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "joe")
		invites, gone := s.channel("messaging:invites", "john", "jane"), s.channel("messaging:gone", "john", "jane")
		s.channel("livestream:show", "john", "jane")
		s.check(s.AddMembers(s.ctx, invites, []chat.MemberDraft{{UserID: "joe", Invite: true}}, nil))
		s.check(s.DeleteChannel(s.ctx, gone, chat.DeleteSoft))
		app := s.watch("")
		s.check(s.as("jane").BlockUser(s.ctx, "john"))
		if list := app.wants("user.blocked john", "channel.updated jane"); list[1].CID != invites {
			t.Errorf("the application is told of %s", list[1].CID)
		}
	})
}

func TestWhatABlockedUserSendsOneToOneIsSeenByThemAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "joe")
		pair, err := s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"jane", "john"}})
		s.check(err)
		named, three := s.channel("messaging:two", "john", "jane"), s.channel("messaging:three", "john", "jane", "joe")
		john, jane := s.as("john"), s.as("jane")
		s.check(jane.BlockUser(s.ctx, "john"))
		s.check(jane.BlockUser(s.ctx, "john"))
		before := john.channel(pair.CID)
		watch := s.watch("jane")
		for _, cid := range []chat.CID{pair.CID, named} {
			m := john.post(cid, chat.Draft{Text: "his"})
			jane.notSees(m.ID)
			john.sees(m.ID)
			if m.Shadowed || !s.message(m.ID).Shadowed {
				t.Errorf("it is %+v", m)
			}
			jane.wantUnread(cid, 0)
			if state := jane.channel(cid); !state.Blocked || state.LastMessage != nil {
				t.Errorf("she sees %+v", state)
			}
			if john.channel(cid).Blocked {
				t.Error("he is told")
			}
			// She still speaks to him.
			john.sees(jane.send(cid, "hers").ID)
			// The application speaks in his name.
			jane.sees(s.send(cid, "john", chat.Draft{Text: "for him"}, nil).ID)
		}
		listed, err := jane.Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		if len(listed.Items) != 3 {
			t.Errorf("she lists %d channels, want 3", len(listed.Items))
		}
		s.check(john.StartTyping(s.ctx, named))
		for _, e := range watch.read() {
			if e.User != nil && e.User.ID == "john" && (e.Message == nil || e.Message.Text != "for him") {
				t.Errorf("she is told of %s", summary(e))
			}
		}
		wantSame(t, "what he may do", john.channel(pair.CID).Capabilities, before.Capabilities)
		jane.sees(john.send(three, "to three").ID)
		if jane.channel(three).Blocked {
			t.Error("a channel of three is blocked")
		}
		// A third member makes it another channel.
		s.check(s.AddMembers(s.ctx, named, []chat.MemberDraft{{UserID: "joe"}}, nil))
		jane.sees(john.send(named, "to all").ID)
		list, err := jane.BlockedUsers(s.ctx)
		s.check(err)
		if len(list) != 1 || list[0].User.Name != "john" || list[0].BlockedAt.IsZero() {
			t.Errorf("she blocks %+v", list)
		}
		s.reopen()
		john, jane = s.as("john"), s.as("jane")
		jane.notSees(john.send(pair.CID, "still").ID)
		s.check(jane.UnblockUser(s.ctx, "john"))
		s.check(jane.UnblockUser(s.ctx, "john"))
		jane.sees(john.send(pair.CID, "free").ID)
		jane.wantTexts(pair.CID, "hers", "for him", "free")
		if jane.channel(pair.CID).Blocked {
			t.Error("it is blocked still")
		}
	})
}

func TestAnInviteOfAThirdEndsNoBlock(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "joe", "mary")
		two := s.channel("messaging:two", "john", "jane")
		john, jane := s.as("john"), s.as("jane")
		s.check(jane.BlockUser(s.ctx, "john"))
		s.check(john.AddMembers(s.ctx, two, []chat.MemberDraft{{UserID: "joe", Invite: true}, {UserID: "mary", Invite: true}}, nil))
		jane.notSees(john.send(two, "his").ID)
		if !jane.channel(two).Blocked {
			t.Error("an invite ends the block")
		}
		s.check(s.as("mary").RejectInvite(s.ctx, two))
		jane.notSees(john.send(two, "his still").ID)
		s.check(s.as("joe").AcceptInvite(s.ctx, two))
		jane.sees(john.send(two, "to three").ID)
		if jane.channel(two).Blocked {
			t.Error("a channel of three is blocked")
		}
		s.check(s.RemoveMembers(s.ctx, two, []chat.UserID{"joe"}, nil))
		jane.notSees(john.send(two, "to her alone").ID)
		// Who blocks may be the one who is invited.
		_, err := john.EnsureChannel(s.ctx, "messaging:mine", chat.ChannelDraft{})
		s.check(err)
		s.check(john.AddMembers(s.ctx, "messaging:mine", []chat.MemberDraft{{UserID: "jane", Invite: true}}, nil))
		jane.notSees(john.send("messaging:mine", "come in").ID)
		s.check(john.AddMembers(s.ctx, "messaging:mine", []chat.MemberDraft{{UserID: "mary", Invite: true}}, nil))
		jane.notSees(john.send("messaging:mine", "both of you").ID)
		if !jane.channel("messaging:mine").Blocked {
			t.Error("who is invited beside her ends the block")
		}
		s.check(s.as("mary").AcceptInvite(s.ctx, "messaging:mine"))
		jane.sees(john.send("messaging:mine", "to three").ID)
	})
}

func TestWhoLeavesTheirOwnChannelGetsRoundNoBlock(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "joe")
		s.user(chat.User{ID: "john", Name: "john", Role: chat.RoleModerator})
		const two, hers = chat.CID("messaging:two"), chat.CID("messaging:hers")
		john, jane := s.as("john"), s.as("jane")
		s.check(second(john.EnsureChannel(s.ctx, two, chat.ChannelDraft{Members: []chat.UserID{"jane"}})))
		s.channel(hers, "jane")
		s.check(jane.BlockUser(s.ctx, "john"))
		jane.notSees(john.send(two, "as a member").ID)
		s.check(john.LeaveChannel(s.ctx, two))
		if !jane.channel(two).Blocked || john.channel(two).Blocked {
			t.Error("it is blocked no more, or he is told")
		}
		watch := s.watch("jane")
		blocked := func() bool {
			t.Helper()
			list := watch.read()
			if len(list) != 2 || list[1].Type != chat.ChannelUpdated || list[1].Blocked == nil {
				t.Fatalf("she is told of %+v", list)
			}
			return list[1].CID == two && *list[1].Blocked
		}
		m := john.send(two, "after leaving")
		john.sees(m.ID)
		jane.notSees(m.ID)
		jane.wantUnread(two, 0)
		s.check(john.StartTyping(s.ctx, two))
		// Nor does what goes with a change tell her.
		word := &chat.SystemMessage{Text: "a word"}
		s.check(second(john.UpdateChannel(s.ctx, two, chat.ChannelUpdate{Name: "see me"}, word)))
		for _, e := range watch.read() {
			if e.Message != nil || e.Type == chat.TypingStart {
				t.Errorf("she is told of %s", summary(e))
			}
		}
		jane.wantTexts(two)
		// A moderator writes without ever having been a member.
		jane.notSees(john.send(hers, "to you alone").ID)
		if jane.channel(hers).Blocked {
			t.Error("a channel of hers alone is blocked")
		}
		s.check(jane.UnblockUser(s.ctx, "john"))
		if blocked() {
			t.Error("she is told that it is blocked")
		}
		jane.sees(john.send(two, "free").ID)
		watch.wants("message.new free 1")
		s.check(jane.BlockUser(s.ctx, "john"))
		if !blocked() {
			t.Error("she is not told that it is blocked")
		}
		// Where there is a third, all read him. Two members without him are alone.
		s.check(s.AddMembers(s.ctx, two, []chat.MemberDraft{{UserID: "joe"}}, nil))
		jane.sees(john.send(two, "to both").ID)
		s.check(jane.BlockUser(s.ctx, "joe"))
		jane.notSees(s.as("joe").send(two, "his").ID)
		// Who blocks may be the one who left.
		s.channel("messaging:left", "jane", "john")
		s.check(jane.LeaveChannel(s.ctx, "messaging:left"))
		jane.notSees(john.send("messaging:left", "are you there?").ID)
		if !jane.channel("messaging:left").Blocked {
			t.Error("what she left is not blocked")
		}
	})
}

func TestNobodyIsBlockedWhereOthersReadWithoutBeingMembers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("host", "guest", "viewer")
		show, talk := s.channel("livestream:show", "host", "guest"), s.channel("messaging:talk", "host", "guest")
		guest := s.as("guest")
		s.check(guest.BlockUser(s.ctx, "host"))
		s.as("viewer").sees(s.as("host").send(show, "welcome").ID)
		if guest.channel(show).Blocked {
			t.Error("the show is blocked")
		}
		guest.notSees(s.as("host").send(talk, "to one").ID)
		// It is a matter of what the channel grants now.
		readers := map[chat.Role][]chat.Action{chat.RoleGuest: {chat.ReadChannel}}
		s.check(second(s.SetOverrides(s.ctx, talk, chat.ChannelOverrides{Grants: readers})))
		guest.sees(s.as("host").send(talk, "to all").ID)
		private := map[chat.Role][]chat.Action{chat.RoleUser: {chat.CreateMessage}, chat.RoleGuest: {}, chat.RoleAnonymous: {}}
		s.check(second(s.SetOverrides(s.ctx, show, chat.ChannelOverrides{Grants: private})))
		guest.notSees(s.as("host").send(show, "to one again").ID)
		if !guest.channel(show).Blocked {
			t.Error("it is no show any more")
		}
	})
}

func TestAnErasedUserIsNotBlockedAgain(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		jane := s.as("jane")
		s.check(jane.BlockUser(s.ctx, "john"))
		s.check(s.EraseUser(s.ctx, "john", chat.EraseKeep))
		wantFieldErr(t, jane.BlockUser(s.ctx, "john"), chat.ErrInvalid, "user")
		s.check(jane.UnblockUser(s.ctx, "john"))
		wantFieldErr(t, jane.BlockUser(s.ctx, "john"), chat.ErrInvalid, "user")
	})
}

func TestBlocksAreRefusedForOneselfAndForNobody(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		jane := s.as("jane")
		wantFieldErr(t, jane.BlockUser(s.ctx, "jane"), chat.ErrInvalid, "user")
		wantFieldErr(t, jane.BlockUser(s.ctx, "nobody"), chat.ErrInvalid, "user")
		s.check(jane.UnblockUser(s.ctx, "nobody"))
		s.check(jane.BlockUser(s.ctx, "john"))
		s.user(chat.User{ID: "john", Name: "Another"}) // an update leaves it
		s.channel("messaging:two", "john", "jane")
		jane.notSees(s.as("john").send("messaging:two", "his").ID)
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseKeep))
		s.check(second(s.RunDueWork(s.ctx)))
	})
}

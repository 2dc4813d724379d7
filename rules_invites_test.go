package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7 and 8: invites, history hidden from newcomers, channels pinned and
// archived by a member.

// invite invites users to a channel as the application does.
func (s *scenario) invite(cid chat.CID, users ...chat.UserID) {
	s.t.Helper()
	var list []chat.MemberDraft
	for _, user := range users {
		list = append(list, chat.MemberDraft{UserID: user, Invite: true})
	}
	s.check(s.AddMembers(s.ctx, cid, list, nil))
}

func TestWhoIsInvitedReadsAndDoesNothingElse(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		first := s.as("jane").send(cid, "Will Mary come?")
		s.invite(cid, "mary")
		mary := s.as("mary")
		state := mary.channel(cid)
		if !state.LastRead.IsZero() {
			t.Errorf("she has read up to %v", state.LastRead)
		}
		if m := state.Membership; m == nil || m.InvitedAt == nil || m.InviteAcceptedAt != nil || m.Role != chat.RoleChannelMember {
			t.Errorf("Mary's membership is %+v, want one with an open invite", m)
		}
		if state.Channel.MemberCount != 3 || !slices.Equal(s.as("jane").memberIDs(cid), []chat.UserID{"jane", "john", "mary"}) {
			t.Errorf("the channel has %d members: %v", state.Channel.MemberCount, s.as("jane").memberIDs(cid))
		}
		wantSame(t, "what Mary may do", state.Capabilities, []chat.Action{
			chat.CreateChannel, chat.DeleteMessageOwn, chat.DeleteReactionOwn, chat.FlagUser, chat.LeaveChannel, chat.MuteUser,
			chat.ReadChannel, chat.SearchMessages, chat.UpdateMessageOwn,
		})
		mary.wantTexts(cid, "Will Mary come?")
		mary.sees(first.ID)
		_, err := mary.Send(s.ctx, cid, chat.Draft{Text: "Perhaps"})
		wantErr(t, err, chat.ErrPermission)
		for _, err := range []error{
			mary.MarkRead(s.ctx, cid), mary.MarkReadTo(s.ctx, first.ID), mary.MarkUnread(s.ctx, first.ID),
			mary.MarkThreadRead(s.ctx, first.ID), mary.MarkThreadUnread(s.ctx, first.ID),
		} {
			wantErr(t, err, chat.ErrPermission)
			if err != nil && !strings.HasSuffix(err.Error(), `: user "mary" has not accepted the invite to channel "messaging:ride"`) {
				t.Errorf("the error is %v", err)
			}
		}
		wantErr(t, mary.MuteChannel(s.ctx, cid, 0), chat.ErrPermission)
		// Her own list is hers.
		s.check(mary.PinChannel(s.ctx, cid))
		s.check(mary.UnpinChannel(s.ctx, cid))
		s.check(mary.ArchiveChannel(s.ctx, cid))
		s.check(mary.UnarchiveChannel(s.ctx, cid))
		s.check(mary.HideChannel(s.ctx, cid, false))
		s.check(mary.ShowChannel(s.ctx, cid))
		s.check(mary.UnmuteChannel(s.ctx, cid))
		wantErr(t, mary.FlagMessage(s.ctx, first.ID, ""), chat.ErrPermission)
		wantErr(t, mary.StartTyping(s.ctx, cid), chat.ErrPermission)

		// The role of a moderator counts once it is accepted.
		s.users("max")
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "max", Invite: true, Role: chat.RoleChannelModerator}}, nil))
		_, err = s.as("max").DeleteMessage(s.ctx, first.ID, chat.DeleteSoft)
		wantErr(t, err, chat.ErrPermission)
		s.check(s.as("max").AcceptInvite(s.ctx, cid))
		s.check(errOf(s.as("max").DeleteMessage(s.ctx, first.ID, chat.DeleteSoft)))
	})
}

func TestNothingIsUnreadUntilAnInviteIsAccepted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		s.invite(cid, "mary")
		mary := s.as("mary")
		s.as("jane").send(cid, "one")
		s.send(cid, "jane", chat.Draft{Text: "for Mary", Restricted: []chat.UserID{"mary"}}, nil)
		mary.wantUnread(cid, 0)
		if total, err := mary.TotalUnread(s.ctx); err != nil || total != (chat.UnreadTotals{}) {
			t.Errorf("Mary has %+v unread in all (%v), want nothing", total, err)
		}
		wantSame(t, "with something unread", mary.lists(chat.Eq("has_unread", true)), nil)
		wantSame(t, "invited", mary.lists(chat.Eq("invited", true)), []chat.CID{cid})
		wantSame(t, "John, invited", s.as("john").lists(chat.Eq("invited", true)), nil)

		s.check(mary.AcceptInvite(s.ctx, cid))
		mary.wantUnread(cid, 0) // the moment of accepting is that of joining
		wantSame(t, "invited", mary.lists(chat.Eq("invited", true)), nil)
		m := mary.channel(cid).Membership
		if m.InvitedAt == nil || m.InviteAcceptedAt == nil || m.InviteAcceptedAt.Before(*m.InvitedAt) {
			t.Errorf("Mary's membership is %+v, want one with an accepted invite", m)
		}
		s.as("jane").send(cid, "two")
		mary.wantUnread(cid, 1)
		mary.wantTexts(cid, "one", "for Mary", "two")
		// Again it changes nothing, nor for who was never invited.
		s.check(mary.AcceptInvite(s.ctx, cid))
		s.check(s.as("john").AcceptInvite(s.ctx, cid))
		mary.wantUnread(cid, 1)
		s.as("john").wantUnread(cid, 2)
		wantSame(t, "Mary's membership", mary.channel(cid).Membership, m)
		s.check(errOf(mary.Send(s.ctx, cid, chat.Draft{Text: "Hello"})))
		wantErr(t, mary.RejectInvite(s.ctx, cid), chat.ErrState)
		wantErr(t, s.as("john").RejectInvite(s.ctx, cid), chat.ErrState)
	})
}

func TestNoThreadOfBeforeAnInviteWasAcceptedIsUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		s.invite(cid, "mary")
		parent := s.as("jane").send(cid, "Who comes?")
		s.as("john").post(cid, chat.Draft{Text: "Mary", ParentID: parent.ID, Mentions: []chat.UserID{"mary"}})
		s.check(s.as("mary").AcceptInvite(s.ctx, cid))
		if total, err := s.as("mary").TotalUnread(s.ctx); err != nil || total != (chat.UnreadTotals{}) {
			t.Errorf("Mary has %+v unread in all (%v), want nothing", total, err)
		}
		s.as("john").post(cid, chat.Draft{Text: "And Max", ParentID: parent.ID})
		if total, err := s.as("mary").TotalUnread(s.ctx); err != nil || total != (chat.UnreadTotals{Replies: 1, Threads: 1}) {
			t.Errorf("Mary has %+v unread in all (%v), want one reply", total, err)
		}
	})
}

func TestWhoRejectsAnInviteIsNoMember(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary", "ann")
		s.invite(cid, "mary")
		mary := s.as("mary")
		private := s.send(cid, "jane", chat.Draft{Text: "for Mary", Restricted: []chat.UserID{"mary"}}, nil)
		s.check(mary.RejectInvite(s.ctx, cid))
		for _, err := range []error{errOf(mary.Channel(s.ctx, cid)), mary.RejectInvite(s.ctx, cid), mary.AcceptInvite(s.ctx, cid)} {
			wantErr(t, err, chat.ErrNotFound)
		}
		mary.notSees(private.ID)
		mary.wantLists()
		if n := s.as("jane").channel(cid).Channel.MemberCount; n != 2 {
			t.Errorf("the channel counts %d members, want 2", n)
		}
		// She can be asked again, and who is a member already stays as they are.
		s.invite(cid, "mary", "john")
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary"}}, nil))
		if m := mary.channel(cid).Membership; m.InviteAcceptedAt != nil {
			t.Error("adding Mary accepted her invite")
		}
		if m := s.as("john").channel(cid).Membership; m.InvitedAt != nil {
			t.Error("John, who is a member, was invited")
		}
		s.check(mary.AcceptInvite(s.ctx, cid))
		mary.sees(private.ID)

		// In a type that reads without membership she still reads, and is no member.
		show := s.channel("livestream:show", "jane")
		s.invite(show, "mary")
		s.check(mary.RejectInvite(s.ctx, show))
		wantErr(t, mary.RejectInvite(s.ctx, show), chat.ErrPermission)
		wantErr(t, s.as("ann").AcceptInvite(s.ctx, show), chat.ErrPermission)
		if m := mary.channel(show).Membership; m != nil {
			t.Errorf("Mary is a member: %+v", m)
		}
		// Leaving rejects, too.
		s.invite(show, "mary")
		s.check(mary.LeaveChannel(s.ctx, show))
		wantErr(t, mary.RejectInvite(s.ctx, show), chat.ErrPermission)
	})
}

func TestRejectingAnInviteNeedsNoGrant(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		s.check(errOf(s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{
			chat.RoleChannelMember: {chat.ReadChannel},
		}})))
		s.invite(cid, "mary")
		wantErr(t, s.as("mary").LeaveChannel(s.ctx, cid), chat.ErrPermission)
		s.check(s.as("mary").RejectInvite(s.ctx, cid))
		wantSame(t, "the members", s.as("jane").memberIDs(cid), []chat.UserID{"jane", "john"})
	})
}

func TestWhoMayUpdateMembersMayInvite(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary", "max")
		draft := []chat.MemberDraft{{UserID: "mary", Invite: true}}
		wantErr(t, s.as("john").AddMembers(s.ctx, cid, draft, nil), chat.ErrPermission)
		s.check(s.as("jane").AddMembers(s.ctx, cid, draft, nil)) // its creator
		wantErr(t, s.as("mary").AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "max", Invite: true}}, nil), chat.ErrPermission)
		wantErr(t, s.as("jane").AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "max", Invite: true, Role: chat.RoleChannelModerator}}, nil), chat.ErrPermission)
	})
}

func TestInvitesAreTold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		mary, jane := s.watch("mary"), s.watch("jane")
		s.check(s.as("jane").AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary", Invite: true}}, nil))
		list := mary.wants("member.added mary", "notification.invited mary")
		if e := list[1]; e.CID != cid || e.Channel == nil || e.By == nil || e.By.ID != "jane" || e.Member.InvitedAt == nil {
			t.Errorf("Mary is told %+v", e)
		}
		if list := jane.wants("member.added mary"); list[0].Member.InvitedAt == nil || list[0].Member.InviteAcceptedAt != nil {
			t.Errorf("Jane is told of %+v", list[0].Member)
		}
		s.as("jane").send(cid, "Hello")
		if list := mary.wants("message.new Hello"); list[0].Unread == nil || *list[0].Unread != 0 {
			t.Errorf("Mary is told of %v unread, want 0", list[0].Unread)
		}
		s.check(s.as("mary").AcceptInvite(s.ctx, cid))
		if list := mary.wants("member.updated mary", "notification.invite_accepted mary"); list[1].Member.InviteAcceptedAt == nil || list[1].Channel == nil {
			t.Errorf("Mary is told %+v", list[1])
		}
		if list := jane.wants("message.new Hello", "member.updated mary"); list[1].Member.InviteAcceptedAt == nil || list[1].By.ID != "mary" {
			t.Errorf("Jane is told %+v", list[1])
		}
		s.check(s.RemoveMembers(s.ctx, cid, []chat.UserID{"mary"}, nil))
		mary.wants("notification.removed_from_channel mary")
		s.invite(cid, "mary")
		mary.wants("member.added mary", "notification.invited mary")
		s.check(s.as("mary").RejectInvite(s.ctx, cid))
		if list := mary.wants("notification.invite_rejected mary", "notification.removed_from_channel mary"); list[0].CID != cid {
			t.Errorf("Mary is told %+v", list[0])
		}
		jane.wants("member.removed mary", "member.removed mary") // she was added, and is no member any more
	})
}

func TestAnOpenInviteIsNotPushedTo(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		s.users("ann")
		s.invite(room, "ann")
		s.as("jane").post(room, chat.Draft{Text: "one", Mentions: []chat.UserID{"ann"}})
		p.want(s, "one: john mary")
		s.check(s.as("ann").AcceptInvite(s.ctx, room))
		s.as("jane").send(room, "two")
		p.want(s, "two: ann john mary")
	})
}

func TestHistoryIsHiddenFromANewcomer(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary", "ann")
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "boss", Role: chat.RoleAdmin}))
		old := s.as("jane").send(cid, "Long ago")
		private := s.send(cid, "jane", chat.Draft{Text: "For John", Restricted: []chat.UserID{"john"}}, nil)
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{
			{UserID: "mary", HideHistory: true},
			{UserID: "ann", HideHistory: true, Invite: true},
			{UserID: "boss", HideHistory: true},
			{UserID: "john", HideHistory: true}, // is a member: stays as he is
		}, &chat.SystemMessage{Text: "Welcome"}))
		reply := s.as("john").post(cid, chat.Draft{Text: "A reply", ParentID: old.ID, ShowInChannel: true})
		quote := s.as("john").post(cid, chat.Draft{Text: "As Jane said", QuotedID: old.ID})
		for _, user := range []chat.UserID{"mary", "ann", "boss"} {
			a := s.as(user)
			a.wantTexts(cid, "Welcome", "A reply", "As Jane said")
			a.notSees(old.ID)
			a.notSees(private.ID)
			a.sees(reply.ID)
			if m := a.message(quote.ID); m.QuotedMessageID != "" || m.QuotedMessage != nil {
				t.Errorf("%s sees that %s quotes", user, m.QuotedMessageID)
			}
			if state := a.channel(cid); state.LastMessage == nil || state.LastMessage.ID != quote.ID {
				t.Errorf("the last message for %s is %+v", user, state.LastMessage)
			}
			_, err := a.Messages(s.ctx, cid, chat.MessageQuery{After: old.ID})
			wantErr(t, err, chat.ErrNotFound)
		}
		wantErr(t, s.as("mary").MarkThreadRead(s.ctx, old.ID), chat.ErrNotFound)
		wantFieldErr(t, s.as("mary").MarkThreadUnread(s.ctx, reply.ID), chat.ErrNotFound, "id")
		s.as("mary").wantUnread(cid, 3)
		s.as("john").wantTexts(cid, "Long ago", "For John", "Welcome", "A reply", "As Jane said")

		// What changes of it is not told to them.
		mary := s.watch("mary")
		s.check(errOf(s.as("jane").UpdateMessage(s.ctx, old.ID, chat.MessageUpdate{Text: "Longer ago"})))
		s.check(errOf(s.as("jane").DeleteMessage(s.ctx, old.ID, chat.DeleteSoft)))
		s.check(errOf(s.DeleteMessage(s.ctx, private.ID, chat.DeleteHard, "")))
		mary.wants()

		// Accepting brings nothing back, nor does leaving and being added as any other.
		s.check(s.as("ann").AcceptInvite(s.ctx, cid))
		s.as("ann").notSees(private.ID)
		s.as("ann").wantTexts(cid, "Welcome", "A reply", "As Jane said") // what came after the invite stays
		s.check(s.as("mary").LeaveChannel(s.ctx, cid))
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary"}}, nil))
		s.as("mary").wantTexts(cid, "Welcome", "A reply", "As Jane said")
	})
}

func TestHidingHistoryOfAnEmptyChannelHidesNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		s.users("mary")
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary", HideHistory: true}}, nil))
		s.as("jane").send(cid, "Hello")
		s.as("mary").wantTexts(cid, "Hello")
		s.as("mary").wantUnread(cid, 1)
	})
}

func TestAMemberPinsAndArchivesAChannelForThemselves(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("mary")
		var all []chat.CID // the newest message first
		for _, id := range []string{"a", "b", "c", "d"} {
			cid := s.channel(chat.CID("messaging:"+id), "jane", "john")
			s.as("john").send(cid, "Hello")
			s.sleep(time.Millisecond)
			all = slices.Insert(all, 0, cid)
		}
		d, c, b, a := all[0], all[1], all[2], all[3]
		jane, john := s.as("jane"), s.as("john")
		events := s.watch("jane")
		s.check(jane.PinChannel(s.ctx, b))
		e := events.wants("channel.updated jane 1")[0]
		if e.Pinned == nil || !*e.Pinned || e.Archived == nil || *e.Archived || e.Muted == nil || *e.Muted {
			t.Errorf("the event of the pin says pinned %v, archived %v, muted %v", e.Pinned, e.Archived, e.Muted)
		}
		s.check(jane.PinChannel(s.ctx, a))
		s.check(jane.ArchiveChannel(s.ctx, c))
		at := jane.channel(b).PinnedAt
		if at == nil || jane.channel(b).ArchivedAt != nil || jane.channel(c).ArchivedAt == nil || john.channel(b).PinnedAt != nil {
			t.Errorf("pinned at %v, archived at %v, John's pinned at %v", at, jane.channel(b).ArchivedAt, john.channel(b).PinnedAt)
		}
		s.sleep(time.Millisecond)
		s.check(jane.PinChannel(s.ctx, b)) // again
		if again := jane.channel(b).PinnedAt; again == nil || !again.Equal(*at) {
			t.Errorf("pinned again it is pinned at %v, was at %v", again, at)
		}
		wantSame(t, "pinned", jane.lists(chat.Eq("pinned", true)), []chat.CID{b, a})
		wantSame(t, "not pinned", jane.lists(chat.Eq("pinned", false)), []chat.CID{d, c})
		wantSame(t, "archived", jane.lists(chat.Eq("archived", true)), []chat.CID{c})
		wantSame(t, "not archived", jane.lists(chat.Eq("archived", false)), []chat.CID{d, b, a})
		wantSame(t, "John's pinned", john.lists(chat.Eq("pinned", true)), nil)
		jane.wantLists(all...) // what is pinned comes first only if that is asked
		john.wantLists(all...)

		pages := func(q chat.ChannelQuery) (list []chat.CID) {
			for q.Limit = 1; ; {
				page, err := jane.Channels(s.ctx, q)
				s.check(err)
				list = append(list, cids(page.Items)...)
				if q.Page = page.Next; q.Page == "" {
					return list
				}
			}
		}
		wantSame(t, "pinned first", pages(chat.ChannelQuery{PinnedFirst: true}), []chat.CID{b, a, d, c})
		wantSame(t, "pinned first, ascending", pages(chat.ChannelQuery{PinnedFirst: true, Ascending: true}), []chat.CID{a, b, c, d})
		wantSame(t, "pinned first, by creation", pages(chat.ChannelQuery{PinnedFirst: true, Sort: chat.ByCreated}), []chat.CID{b, a, d, c})
		s.check(jane.PinChannel(s.ctx, d))
		wantSame(t, "the newest pinned too, ascending", pages(chat.ChannelQuery{PinnedFirst: true, Ascending: true}), []chat.CID{a, b, d, c})
		s.check(jane.UnpinChannel(s.ctx, d))
		page, err := jane.Channels(s.ctx, chat.ChannelQuery{PinnedFirst: true, Limit: 1})
		s.check(err)
		_, err = jane.Channels(s.ctx, chat.ChannelQuery{Limit: 1, Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")

		// A new message ends neither, leaving ends both.
		john.send(c, "Hello again")
		wantSame(t, "archived", jane.lists(chat.Eq("archived", true)), []chat.CID{c})
		s.check(jane.UnarchiveChannel(s.ctx, c))
		s.check(jane.UnpinChannel(s.ctx, b))
		if state := jane.channel(b); state.PinnedAt != nil || jane.channel(c).ArchivedAt != nil {
			t.Error("the pin or the archiving has not ended")
		}
		s.check(jane.LeaveChannel(s.ctx, a))
		s.check(s.AddMembers(s.ctx, a, []chat.MemberDraft{{UserID: "jane"}}, nil))
		wantSame(t, "pinned", jane.lists(chat.Eq("pinned", true)), nil)

		show := s.channel("livestream:show", "john")
		for _, err := range []error{s.as("mary").PinChannel(s.ctx, show), s.as("mary").UnpinChannel(s.ctx, show), s.as("mary").ArchiveChannel(s.ctx, show), s.as("mary").UnarchiveChannel(s.ctx, show)} {
			wantErr(t, err, chat.ErrPermission)
		}
		wantErr(t, s.as("mary").PinChannel(s.ctx, a), chat.ErrNotFound)
	})
}

func TestTheEndOfAMuteIsShown(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.check(s.as("jane").MuteChannel(s.ctx, cid, time.Hour))
		state := s.as("jane").channel(cid)
		if want := time.Now().Add(time.Hour); !state.Muted || state.MuteExpires == nil || want.Sub(*state.MuteExpires).Abs() > time.Minute {
			t.Errorf("muted %v until %v, want until %v", state.Muted, state.MuteExpires, want)
		}
		s.sleep(2 * time.Hour)
		if state := s.as("jane").channel(cid); state.Muted || state.MuteExpires != nil {
			t.Errorf("muted %v until %v, want it ended", state.Muted, state.MuteExpires)
		}
		s.check(s.as("jane").MuteChannel(s.ctx, cid, 0))
		if state := s.as("jane").channel(cid); !state.Muted || state.MuteExpires != nil {
			t.Errorf("muted for good it says %v until %v", state.Muted, state.MuteExpires)
		}
	})
}

func TestAThreadIsReadByNobodyWhoseInviteIsOpen(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		parent := s.as("jane").send(cid, "Hello")
		s.as("jane").post(cid, chat.Draft{Text: "a reply", ParentID: parent.ID})
		s.users("mary")
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary", Invite: true}}, nil))
		thread, err := s.As("mary").Thread(s.ctx, parent.ID)
		s.check(err)
		if thread.LastRead != nil {
			t.Errorf("she has read it up to %v", thread.LastRead)
		}
		s.check(s.As("mary").AcceptInvite(s.ctx, cid))
		if thread, err = s.As("mary").Thread(s.ctx, parent.ID); err != nil || thread.LastRead == nil {
			t.Errorf("a member has read it up to %v, %v", thread.LastRead, err)
		}
	})
}

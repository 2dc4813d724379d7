package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7: members, hiding, and mutes.

// memberIDs are the members of a channel as a user reads them.
func (a *actor) memberIDs(cid chat.CID) []chat.UserID {
	a.s.t.Helper()
	page, err := a.Members(a.s.ctx, cid, chat.MemberQuery{Limit: 300})
	a.s.check(err)
	var list []chat.UserID
	for _, m := range page.Items {
		list = append(list, m.User.ID)
	}
	return list
}

// lists are the channels that a user finds with a filter, in the order of the
// last message.
func (a *actor) lists(f chat.Filter) []chat.CID {
	a.s.t.Helper()
	page, err := a.Channels(a.s.ctx, chat.ChannelQuery{Filter: f, Limit: 30})
	a.s.check(err)
	return cids(page.Items)
}

func cids(states []chat.ChannelState) []chat.CID {
	var list []chat.CID
	for _, state := range states {
		list = append(list, state.Channel.CID)
	}
	return list
}

// wantLists checks which channels a user finds without a filter.
func (a *actor) wantLists(want ...chat.CID) {
	a.s.t.Helper()
	if got := a.lists(chat.Filter{}); !slices.Equal(got, want) {
		a.s.t.Errorf("%s lists %v, want %v", a.User(), got, want)
	}
}

func TestMembersAreAddedAndRemoved(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary", "max", "lea")
		s.as("jane").send(cid, "Before Mary")
		s.sleep(time.Millisecond)
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{
			{UserID: "mary", Custom: chat.Custom{"seat": "front"}},
			{UserID: "max", Role: chat.RoleChannelModerator},
			{UserID: "john", Role: chat.RoleChannelModerator}, // is one already: stays as he is
		}, nil))
		if got := s.as("mary").memberIDs(cid); !slices.Equal(got, []chat.UserID{"jane", "john", "mary", "max"}) {
			t.Errorf("the members are %v", got)
		}
		page, err := s.As("mary").Members(s.ctx, cid, chat.MemberQuery{})
		s.check(err)
		for _, m := range page.Items {
			want := chat.RoleChannelMember
			if m.User.ID == "max" {
				want = chat.RoleChannelModerator
			}
			if m.Role != want {
				t.Errorf("%s has the role %s, want %s", m.User.ID, m.Role, want)
			}
			if m.User.Name != string(m.User.ID) || m.CreatedAt.IsZero() || m.UpdatedAt.IsZero() {
				t.Errorf("the member %+v is not whole", m)
			}
		}
		state := s.as("mary").channel(cid)
		wantSame(t, "Mary's custom data", state.Membership.Custom, chat.Custom{"seat": "front"})
		if state.Channel.MemberCount != 4 {
			t.Errorf("the channel counts %d members, want 4", state.Channel.MemberCount)
		}
		// A newcomer reads what was said, and has none of it unread.
		s.as("mary").wantTexts(cid, "Before Mary")
		s.as("mary").wantUnread(cid, 0)

		s.check(s.RemoveMembers(s.ctx, cid, []chat.UserID{"mary", "lea"}, &chat.SystemMessage{UserID: "john", Text: "Mary has left"}))
		_, err = s.As("mary").Channel(s.ctx, cid)
		wantErr(t, err, chat.ErrNotFound)
		s.as("mary").wantLists()
		s.as("max").wantTexts(cid, "Before Mary", "Mary has left")
		if count := s.as("max").channel(cid).Channel.MemberCount; count != 3 {
			t.Errorf("the channel counts %d members, want 3", count)
		}
		// Coming back is like coming.
		s.sleep(time.Millisecond)
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary"}}, &chat.SystemMessage{Text: "Mary is back"}))
		s.as("mary").wantTexts(cid, "Before Mary", "Mary has left", "Mary is back")
		s.as("mary").wantUnread(cid, 1) // the notice comes after her
		if got := s.as("mary").channel(cid).Membership.Custom; len(got) != 0 {
			t.Errorf("who comes back has the custom data %v of before", got)
		}
	})
}

func TestAddingMembersIsAllOrNone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		s.users("john")
		err := s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "john"}, {UserID: "ghost"}, {UserID: "spook"}}, &chat.SystemMessage{Text: "Hello"})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
		if want := "chat: AddMembers: members: ghost, spook: no such user"; err.Error() != want {
			t.Errorf("the error is %q, want %q", err, want)
		}
		for field, d := range map[string]chat.MemberDraft{
			"members[0].user_id":     {UserID: "a b"},
			"members[0].role":        {UserID: "john", Role: chat.RoleAdmin},
			"members[0].custom.role": {UserID: "john", Custom: chat.Custom{"role": "x"}},
		} {
			wantFieldErr(t, s.AddMembers(s.ctx, cid, []chat.MemberDraft{d}, nil), chat.ErrInvalid, field)
		}
		err = s.AddMembers(s.ctx, cid, make([]chat.MemberDraft, 101), nil)
		wantFieldErr(t, err, chat.ErrInvalid, "members")
		err = s.RemoveMembers(s.ctx, cid, []chat.UserID{"a b"}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "members[0]")
		if got := s.as("jane").memberIDs(cid); !slices.Equal(got, []chat.UserID{"jane"}) {
			t.Errorf("after only errors the members are %v", got)
		}
		s.as("jane").wantTexts(cid)
	})
}

func TestAMemberHasARoleAndCustomData(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("jane").send(cid, "Hello")
		_, err := s.As("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Hi"})
		wantErr(t, err, chat.ErrPermission)
		member, err := s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{
			Role: chat.RoleChannelModerator, Custom: chat.Custom{"seat": "back"},
		})
		s.check(err)
		if member.Role != chat.RoleChannelModerator || member.Custom["seat"] != "back" || member.User.Name != "john" {
			t.Errorf("the updated member is %+v", member)
		}
		wantSame(t, "John's membership", *s.as("john").channel(cid).Membership, member)
		_, err = s.As("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Hi"})
		s.check(err) // a moderator may
		member, err = s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{})
		s.check(err)
		if member.Role != chat.RoleChannelModerator || member.Custom["seat"] != "back" {
			t.Errorf("an empty update leaves role %s and custom data %v; both stay", member.Role, member.Custom)
		}
		member, err = s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Role: chat.RoleChannelMember})
		s.check(err)
		if member.Role != chat.RoleChannelMember || member.Custom["seat"] != "back" {
			t.Errorf("an update of the role leaves role %s and custom data %v; custom data stays", member.Role, member.Custom)
		}
		member, err = s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Role: chat.RoleChannelModerator, Custom: chat.Custom{}})
		s.check(err)
		if member.Role != chat.RoleChannelModerator || len(member.Custom) != 0 {
			t.Errorf("empty custom data leaves role %s and custom data %v; they are cleared", member.Role, member.Custom)
		}
		s.users("mary")
		_, err = s.UpdateMember(s.ctx, cid, "mary", chat.MemberUpdate{})
		wantErr(t, err, chat.ErrNotFound)
		for _, role := range []chat.Role{chat.RoleUser, chat.RoleGuest, chat.RoleAnonymous, chat.RoleModerator, chat.RoleAdmin, chat.RoleChannelCreator} {
			_, err = s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Role: role})
			wantFieldErr(t, err, chat.ErrInvalid, "role")
		}
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary"}}, nil))
		_, err = s.As("mary").UpdateMember(s.ctx, cid, "mary", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		wantErr(t, err, chat.ErrPermission)
	})
}

// TestNobodyTakesARoleFromWhoMayDoMore: nor gives one.
func TestNobodyTakesARoleFromWhoMayDoMore(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("max")
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "max", Role: chat.RoleChannelModerator}}, nil))
		jane := s.as("jane") // its creator, who is no moderator
		_, err := jane.UpdateMember(s.ctx, cid, "max", chat.MemberUpdate{Role: chat.RoleChannelMember})
		wantFieldErr(t, err, chat.ErrPermission, "role")
		_, err = jane.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		wantFieldErr(t, err, chat.ErrPermission, "role")
		// Custom data is no matter of roles.
		m, err := jane.UpdateMember(s.ctx, cid, "max", chat.MemberUpdate{Custom: chat.Custom{"seat": "back"}})
		if err != nil || m.Role != chat.RoleChannelModerator || m.Custom["seat"] != "back" {
			t.Errorf("Max is %+v, %v", m, err)
		}
		m, err = s.UpdateMember(s.ctx, cid, "max", chat.MemberUpdate{Role: chat.RoleChannelMember}) // the application may
		if err != nil || m.Role != chat.RoleChannelMember {
			t.Errorf("Max is %+v, %v", m, err)
		}
	})
}

func TestAMemberLeaves(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john", "mary")
		s.check(s.As("john").LeaveChannel(s.ctx, cid))
		s.check(s.As("mary").RemoveMembers(s.ctx, cid, []chat.UserID{"mary"}, nil)) // the same
		for _, user := range []chat.UserID{"john", "mary"} {
			_, err := s.As(user).Channel(s.ctx, cid)
			wantErr(t, err, chat.ErrNotFound)
			s.as(user).wantLists()
		}
		if got := s.as("jane").memberIDs(cid); !slices.Equal(got, []chat.UserID{"jane"}) {
			t.Errorf("the members are %v", got)
		}
		show := s.channel("livestream:show", "jane", "john")
		wantErr(t, s.As("mary").LeaveChannel(s.ctx, show), chat.ErrPermission) // no member
		s.as("jane").send(show, "Welcome")
		s.check(s.As("john").LeaveChannel(s.ctx, show))
		s.as("john").wantTexts(show, "Welcome") // still reads, has nothing unread
		s.as("john").wantUnread(show, 0)
		if state := s.as("john").channel(show); state.Membership != nil || !state.LastRead.IsZero() {
			t.Errorf("who left has the membership %+v, read until %v", state.Membership, state.LastRead)
		}
		// John may not remove others.
		s.check(s.AddMembers(s.ctx, show, []chat.MemberDraft{{UserID: "john"}}, nil))
		wantErr(t, s.As("john").RemoveMembers(s.ctx, show, []chat.UserID{"jane"}, nil), chat.ErrPermission)
		wantErr(t, s.As("john").RemoveMembers(s.ctx, show, []chat.UserID{"john", "jane"}, nil), chat.ErrPermission)
	})
}

// TestPrivateMessagesOfBeforeOrderTheChannelsOfWhoJoins: those to a reader who
// was no member then, and those to a member who left and came back.
func TestPrivateMessagesOfBeforeOrderTheChannelsOfWhoJoins(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("ned")
		var shows []chat.CID
		for _, cid := range []chat.CID{"livestream:one", "livestream:two"} {
			shows = append(shows, s.channel(cid, "jane", "john"))
			s.as("jane").send(cid, "Welcome")
			s.sleep(time.Millisecond)
		}
		one, two := shows[0], shows[1]
		m := s.send(one, "jane", chat.Draft{Text: "Private", Restricted: []chat.UserID{"ned", "john"}}, nil)
		wantNewest := func(user chat.UserID, private bool) {
			t.Helper()
			page, err := s.As(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			want := []chat.CID{two, one}
			if private {
				want = []chat.CID{one, two}
			}
			if got := cids(page.Items); !slices.Equal(got, want) {
				t.Errorf("%s lists %v, want %v", user, got, want)
			}
			state := s.as(user).channel(one)
			if last := state.LastMessage; last == nil || (last.ID == m.ID) != private || !state.LastMessageAt.Equal(last.CreatedAt) {
				t.Errorf("the last message of %s is %+v, at %v", user, last, state.LastMessageAt)
			}
			for _, state := range page.Items {
				if state.Channel.CID == one && (state.LastMessage == nil || (state.LastMessage.ID == m.ID) != private) {
					t.Errorf("the last message listed for %s is %+v", user, state.LastMessage)
				}
			}
		}
		wantNewest("ned", true)
		for _, cid := range shows {
			s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "ned"}}, nil))
		}
		wantNewest("ned", true)
		for _, user := range []chat.UserID{"ned", "john"} {
			s.sleep(time.Millisecond)
			s.check(s.As(user).LeaveChannel(s.ctx, one))
			wantNewest(user, false)
			s.check(s.AddMembers(s.ctx, one, []chat.MemberDraft{{UserID: user}}, nil))
			wantNewest(user, true)
		}
		s.reopen()
		wantNewest("ned", true)
		wantNewest("john", true)
		wantNewest("jane", true) // who sent it
	})
}

func TestMembersAreReadInPages(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		var all []chat.UserID
		for i := range 12 {
			all = append(all, chat.UserID(fmt.Sprintf("user-%02d", i)))
		}
		cid := s.channel("messaging:ride", all...)
		var got []chat.UserID
		q := chat.MemberQuery{Limit: 5}
		for {
			page, err := s.As("user-03").Members(s.ctx, cid, q)
			s.check(err)
			for _, m := range page.Items {
				got = append(got, m.User.ID)
			}
			if page.Prev != "" {
				t.Error("a list that is read forwards has a page before")
			}
			if q.Page = page.Next; q.Page == "" {
				break
			}
			// Someone already read leaves, someone ahead joins: nobody is skipped.
			if len(got) == 5 {
				s.check(s.As("user-00").LeaveChannel(s.ctx, cid))
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("the pages hold %v", got)
		}
		for _, limit := range []int{-1, 301} {
			_, err := s.Members(s.ctx, cid, chat.MemberQuery{Limit: limit})
			wantFieldErr(t, err, chat.ErrInvalid, "limit")
		}
		_, err := s.Members(s.ctx, cid, chat.MemberQuery{Page: "nonsense"})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestAHiddenChannelIsHiddenUntilANewVisibleMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john", "mary")
		s.as("jane").send(cid, "Hello")
		s.sleep(time.Millisecond)
		john := s.as("john")
		s.check(john.HideChannel(s.ctx, cid, false))
		john.wantLists()
		if got := john.lists(chat.Eq("hidden", true)); !slices.Equal(got, []chat.CID{cid}) {
			t.Errorf("John's hidden channels are %v", got)
		}
		if !john.channel(cid).Hidden {
			t.Error("the channel does not say that it is hidden")
		}
		s.as("mary").wantLists(cid) // hidden for John alone
		john.wantTexts(cid, "Hello")

		// What he does not see does not bring it back.
		s.send(cid, "jane", chat.Draft{Text: "For Mary", Restricted: []chat.UserID{"mary"}}, nil)
		held := s.send(cid, "jane", chat.Draft{Text: "Held"}, &chat.SendOptions{Pending: chat.PendingOn})
		_, err := s.UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "Ride"}, nil)
		s.check(err)
		john.wantLists()
		s.reopen()
		john = s.as("john")
		john.wantLists()

		// What he does see does: a private message to him.
		s.sleep(time.Millisecond)
		s.send(cid, "jane", chat.Draft{Text: "For John", Restricted: []chat.UserID{"john"}}, nil)
		john.wantLists(cid)
		if john.channel(cid).Hidden {
			t.Error("after a visible message the channel says that it is hidden")
		}
		// A commit, too.
		s.sleep(time.Millisecond)
		s.check(john.HideChannel(s.ctx, cid, false))
		john.wantLists()
		s.sleep(time.Millisecond)
		_, err = s.CommitMessage(s.ctx, held.ID)
		s.check(err)
		john.wantLists(cid)
		// Or he shows it himself.
		s.sleep(time.Millisecond)
		s.check(john.HideChannel(s.ctx, cid, false))
		john.wantLists()
		s.check(john.ShowChannel(s.ctx, cid))
		john.wantLists(cid)
		john.wantTexts(cid, "Hello", "For John", "Held")

		s.users("lea")
		wantErr(t, s.As("lea").HideChannel(s.ctx, cid, false), chat.ErrNotFound)
		show := s.channel("livestream:show", "jane")
		wantErr(t, s.As("lea").HideChannel(s.ctx, show, false), chat.ErrPermission)
	})
}

func TestHidingMayClearTheHistoryForOneUser(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		old := s.as("jane").send(cid, "Long ago")
		own := s.as("john").send(cid, "An answer")
		s.sleep(time.Millisecond)
		john := s.as("john")
		s.check(john.HideChannel(s.ctx, cid, true))
		john.wantLists()
		s.sleep(time.Millisecond)
		s.as("jane").send(cid, "Hello")
		john.wantLists(cid)
		john.wantTexts(cid, "Hello")
		john.wantUnread(cid, 1)
		john.notSees(old.ID)
		john.notSees(own.ID)
		_, err := john.Messages(s.ctx, cid, chat.MessageQuery{Before: old.ID})
		wantErr(t, err, chat.ErrNotFound)
		_, err = john.Send(s.ctx, cid, chat.Draft{Text: "As I said", QuotedID: old.ID})
		wantErr(t, err, chat.ErrNotFound)
		// Showing it does not bring it back, nor does coming back.
		s.check(john.ShowChannel(s.ctx, cid))
		s.check(john.LeaveChannel(s.ctx, cid))
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "john"}}, nil))
		john.wantTexts(cid, "Hello")
		s.as("jane").wantTexts(cid, "Long ago", "An answer", "Hello")
		// Nor does hiding it once more, without clearing.
		s.check(john.HideChannel(s.ctx, cid, false))
		s.check(john.ShowChannel(s.ctx, cid))
		john.wantTexts(cid, "Hello")
		// Who leaves and comes back finds it in their list.
		s.check(john.HideChannel(s.ctx, cid, false))
		s.check(john.LeaveChannel(s.ctx, cid))
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "john"}}, nil))
		john.wantLists(cid)
		// What becomes of it is not told.
		events := s.watch("john")
		s.check(errOf(s.DeleteMessage(s.ctx, old.ID, chat.DeleteHard, "")))
		events.wants()
	})
}

func TestAMutedUserRaisesNoUnread(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john", "mary")
		john := s.as("john")
		s.sleep(time.Second)
		s.check(john.MuteUser(s.ctx, "jane", time.Hour))
		s.as("jane").send(cid, "Hello")
		s.as("mary").send(cid, "Hi")
		john.wantUnread(cid, 1)
		john.wantTexts(cid, "Hello", "Hi") // muted, not invisible
		mutes, err := john.Mutes(s.ctx)
		s.check(err)
		if len(mutes) != 1 || mutes[0].User.ID != "jane" || mutes[0].User.Name != "jane" || mutes[0].Expires == nil ||
			mutes[0].Expires.Sub(mutes[0].MutedAt) != time.Hour {
			t.Errorf("John's mutes are %+v", mutes)
		}
		s.as("mary").wantUnread(cid, 0)

		// When the mute ends, what is unread is unread.
		s.sleep(time.Hour - time.Microsecond)
		john.wantUnread(cid, 1)
		s.sleep(time.Microsecond)
		john.wantUnread(cid, 2)
		if mutes, err := john.Mutes(s.ctx); err != nil || len(mutes) != 0 {
			t.Errorf("after an hour John's mutes are %+v, %v", mutes, err)
		}
		// For good, until it is taken back. Muting again replaces.
		s.check(john.MuteUser(s.ctx, "jane", time.Minute))
		s.check(john.MuteUser(s.ctx, "jane", 0))
		s.sleep(100 * time.Hour)
		john.wantUnread(cid, 1)
		mutes, err = john.Mutes(s.ctx)
		s.check(err)
		if len(mutes) != 1 || mutes[0].Expires != nil {
			t.Errorf("John's mutes are %+v, want one without an end", mutes)
		}
		s.check(john.UnmuteUser(s.ctx, "jane"))
		s.check(john.UnmuteUser(s.ctx, "jane"))
		john.wantUnread(cid, 2)
	})
}

func TestWhoMayMuteWhom(t *testing.T) {
	eachDriverWith(t, &chat.Options{MaxMutes: 2}, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary", "max")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		john := s.As("john")
		wantFieldErr(t, john.MuteUser(s.ctx, "john", 0), chat.ErrInvalid, "user")
		wantFieldErr(t, john.MuteUser(s.ctx, "ghost", 0), chat.ErrInvalid, "user")
		wantFieldErr(t, john.MuteUser(s.ctx, "a b", 0), chat.ErrInvalid, "user")
		wantFieldErr(t, john.MuteUser(s.ctx, "jane", -time.Second), chat.ErrInvalid, "duration")
		s.check(s.As("gus").MuteUser(s.ctx, "jane", 0))
		wantErr(t, s.As("anon").MuteUser(s.ctx, "jane", 0), chat.ErrPermission)
		s.check(john.MuteUser(s.ctx, "jane", 0))
		s.check(john.MuteUser(s.ctx, "mary", 0))
		wantErr(t, john.MuteUser(s.ctx, "max", 0), chat.ErrLimit)
		s.check(john.MuteUser(s.ctx, "jane", time.Hour)) // no third
		mutes, err := john.Mutes(s.ctx)
		s.check(err)
		if len(mutes) != 2 || mutes[0].User.ID != "mary" || mutes[1].User.ID != "jane" {
			t.Errorf("John's mutes are %+v, want Mary and Jane in the order muted", mutes)
		}
	})
}

func TestAMutedChannelHasNothingUnread(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		other := s.channel("messaging:other", "jane", "john")
		john := s.as("john")
		s.as("jane").send(cid, "One")
		s.as("jane").send(other, "Hello")
		s.check(john.MuteChannel(s.ctx, cid, time.Hour))
		s.as("jane").send(cid, "Two")
		john.wantUnread(cid, 0)
		if total, err := john.TotalUnread(s.ctx); err != nil || total != (chat.UnreadTotals{Messages: 1, Channels: 1}) {
			t.Errorf("in all John has unread %+v, %v", total, err)
		}
		if state := john.channel(cid); !state.Muted || state.Unread != 0 {
			t.Errorf("the muted channel is muted: %v, with %d unread", state.Muted, state.Unread)
		}
		if got := john.lists(chat.Eq("muted", true)); !slices.Equal(got, []chat.CID{cid}) {
			t.Errorf("John's muted channels are %v", got)
		}
		if s.as("jane").channel(cid).Muted {
			t.Error("John's mute mutes the channel for Jane")
		}
		s.sleep(time.Hour)
		john.wantUnread(cid, 2)
		if john.channel(cid).Muted {
			t.Error("after an hour the channel is muted")
		}
		s.check(john.MuteChannel(s.ctx, cid, 0))
		s.sleep(100 * time.Hour)
		john.wantUnread(cid, 0)
		s.check(john.UnmuteChannel(s.ctx, cid))
		john.wantUnread(cid, 2)

		s.users("mary")
		wantErr(t, s.As("mary").MuteChannel(s.ctx, cid, 0), chat.ErrNotFound)
		show := s.channel("livestream:show", "jane")
		wantErr(t, s.As("mary").MuteChannel(s.ctx, show, 0), chat.ErrPermission)
		wantFieldErr(t, john.MuteChannel(s.ctx, cid, -1), chat.ErrInvalid, "duration")
	})
}

func TestWhoLeavesALivestreamAgainLosesWhatCameBetween(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		show := s.channel("livestream:show", "john", "jane")
		jane := s.as("jane")
		s.as("john").send(show, "hello all")
		s.sleep(time.Millisecond)
		s.check(jane.LeaveChannel(s.ctx, show))
		s.sleep(time.Millisecond)
		s.check(s.AddMembers(s.ctx, show, []chat.MemberDraft{{UserID: "jane"}}, nil))
		between := s.whisper(show, "for jane", "jane")
		jane.sees(between.ID)
		s.sleep(time.Millisecond)
		s.check(jane.LeaveChannel(s.ctx, show))
		jane.notSees(between.ID)
	})
}

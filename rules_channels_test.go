package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7: channels, their types and their states.

func TestChannelIDsAreTypeAndID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane")
		draft := chat.ChannelDraft{CreatedBy: "jane"}
		long := strings.Repeat("x", 64)
		for _, cid := range []chat.CID{"messaging:a", "messaging:A-z_0!9", chat.CID("messaging:" + long)} {
			channel, err := s.EnsureChannel(s.ctx, cid, draft)
			s.check(err)
			if channel.CID != cid || cid.Type() != "messaging" || cid.Type()+":"+cid.ID() != string(cid) {
				t.Errorf("%q is made as %q, of type %q with id %q", cid, channel.CID, cid.Type(), cid.ID())
			}
		}
		for _, cid := range []chat.CID{
			"", "messaging", "messaging:", ":a", "messaging:a b", "messaging:a.b", "messaging:a:b", "messaging:ä", "messaging:a\x00",
			"mess aging:a", "messaging:a/b", "messaging:\xff", chat.CID("messaging:x" + long), chat.CID("x" + long + ":a"),
		} {
			_, err := s.EnsureChannel(s.ctx, cid, draft)
			wantFieldErr(t, err, chat.ErrInvalid, "cid")
			_, err = s.As("jane").Messages(s.ctx, cid, chat.MessageQuery{})
			wantFieldErr(t, err, chat.ErrInvalid, "cid")
			wantFieldErr(t, s.As("jane").MarkRead(s.ctx, cid), chat.ErrInvalid, "cid")
		}
		_, err := s.EnsureChannel(s.ctx, "nosuchtype:a", draft)
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestUserIDsAreLettersDigitsAndAFewSigns(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for _, id := range []chat.UserID{"j", "Jane.Doe@example-1.org", "a|b:c+d_e", chat.UserID(strings.Repeat("x", 255))} {
			s.users(id)
			if u, err := s.User(s.ctx, id); err != nil || u.ID != id {
				t.Errorf("the user %q reads as %q, %v", id, u.ID, err)
			}
		}
		for _, id := range []chat.UserID{"", "a b", "a,b", "a%b", "ä", "a\x00", "a!b", "a/b", "\xff", chat.UserID(strings.Repeat("x", 256))} {
			wantFieldErr(t, s.UpsertUsers(s.ctx, chat.User{ID: id}), chat.ErrInvalid, "users[0].id")
			_, err := s.User(s.ctx, id)
			wantFieldErr(t, err, chat.ErrInvalid, "id")
		}
	})
}

func TestADistinctChannelIsTheSameForTheSameMembers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary")
		first, err := s.as("jane").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john", "mary"}})
		s.check(err)
		again, err := s.as("mary").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{
			Members: []chat.UserID{"john", "jane", "mary", "john"}, Name: "Another name",
		})
		s.check(err)
		wantSame(t, "the channel of the same three", again, first)
		byApp, err := s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"mary", "john", "jane"}})
		s.check(err)
		wantSame(t, "the channel of the same three, asked for by the application", byApp, first)
		if first.MemberCount != 3 || first.CreatedBy.ID != "jane" {
			t.Errorf("the channel of three has %d members and is %s's", first.MemberCount, first.CreatedBy.ID)
		}

		two, err := s.as("jane").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john"}})
		s.check(err)
		team, err := s.as("jane").EnsureDistinctChannel(s.ctx, "team", chat.ChannelDraft{Members: []chat.UserID{"john"}})
		s.check(err)
		if two.CID == first.CID || team.CID == two.CID {
			t.Errorf("other members or another type have the same channel: %s, %s, %s", first.CID, two.CID, team.CID)
		}
		_, err = s.as("jane").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"a b"}})
		wantFieldErr(t, err, chat.ErrInvalid, "members[0]")
		_, err = s.as("jane").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"jane"}})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
		_, err = s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane"})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
	})
}

func TestCreatingReturnsAnExistingChannelUnchanged(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary")
		first, err := s.as("jane").EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{
			Name: "Ride", Members: []chat.UserID{"john"}, Custom: chat.Custom{"color": "red"},
		})
		s.check(err)
		s.as("jane").send("messaging:ride", "Hello")
		for _, again := range []func(chat.ChannelDraft) (chat.Channel, error){
			func(d chat.ChannelDraft) (chat.Channel, error) {
				return s.As("john").EnsureChannel(s.ctx, "messaging:ride", d)
			},
			func(d chat.ChannelDraft) (chat.Channel, error) {
				d.CreatedBy = "mary"
				return s.EnsureChannel(s.ctx, "messaging:ride", d)
			},
		} {
			channel, err := again(chat.ChannelDraft{Name: "Other", Members: []chat.UserID{"mary"}, Custom: chat.Custom{"color": "blue"}})
			s.check(err)
			wantSame(t, "the existing channel", channel, first)
		}
		s.as("john").wantTexts("messaging:ride", "Hello")
		_, err = s.As("mary").EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestAUserWhoCreatesBecomesAMember(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		_, err := s.as("jane").EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{Members: []chat.UserID{"john"}})
		s.check(err)
		state := s.as("jane").channel("messaging:ride")
		if state.Membership == nil || state.Membership.Role != chat.RoleChannelMember || state.Channel.MemberCount != 2 || state.Channel.CreatedBy.ID != "jane" {
			t.Errorf("Jane, who made the channel, finds %+v", state)
		}
		// The application names members itself: its creator need not be one.
		_, err = s.EnsureChannel(s.ctx, "messaging:taxi", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"john"}})
		s.check(err)
		if state := s.as("jane").channel("messaging:taxi"); state.Membership != nil || state.Channel.MemberCount != 1 {
			t.Errorf("Jane, for whom the application made the channel, is a member: %+v", state.Membership)
		}
	})
}

func TestWhatAChannelDraftMayHold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		ensure := func(d chat.ChannelDraft) error {
			_, err := s.EnsureChannel(s.ctx, "messaging:ride", d)
			return err
		}
		yes, zero := true, 0
		wantFieldErr(t, ensure(chat.ChannelDraft{}), chat.ErrInvalid, "created_by")
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "ghost"}), chat.ErrInvalid, "created_by")
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"ghost"}}), chat.ErrInvalid, "members")
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "jane", Name: strings.Repeat("é", 256)}), chat.ErrInvalid, "name")
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "jane", Custom: chat.Custom{"cid": 1}}), chat.ErrInvalid, "custom.cid")
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "jane", Overrides: chat.ChannelOverrides{MaxMessageLength: &zero}}),
			chat.ErrInvalid, "config_overrides.max_message_length")
		var many []chat.UserID
		for i := range 101 {
			many = append(many, chat.UserID(strings.Repeat("u", i+1)))
		}
		wantFieldErr(t, ensure(chat.ChannelDraft{CreatedBy: "jane", Members: many}), chat.ErrInvalid, "members")
		_, err := s.As("jane").EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{CreatedBy: "john"})
		wantFieldErr(t, err, chat.ErrInvalid, "created_by")
		_, err = s.As("jane").EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{Overrides: chat.ChannelOverrides{Typing: &yes}})
		wantFieldErr(t, err, chat.ErrInvalid, "config_overrides")
		if _, err := s.Channel(s.ctx, "messaging:ride"); err == nil {
			t.Error("one of the wrong drafts made the channel")
		}
	})
}

func TestTheApplicationChangesAChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		before := s.as("john").channel(cid).Channel
		s.sleep(time.Millisecond)
		_, err := s.UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "Ride", Custom: chat.Custom{"a": 1.0, "b": chat.Custom{"c": true}}}, &chat.SystemMessage{Text: "Renamed"})
		s.check(err)
		channel := s.as("john").channel(cid).Channel
		if channel.Name != "Ride" || channel.Custom["a"] != 1.0 || !channel.UpdatedAt.After(before.UpdatedAt) || !channel.CreatedAt.Equal(before.CreatedAt) {
			t.Errorf("the updated channel is %+v", channel)
		}
		s.as("john").wantTexts(cid, "Renamed")
		if notice := s.page(cid, chat.MessageQuery{}).Items[0]; notice.Type != chat.TypeSystem || notice.User.ID != "jane" {
			t.Errorf("the notice is a %s message of %s, want a system message of the creator", notice.Type, notice.User.ID)
		}
		channel, err = s.PatchChannel(s.ctx, cid, chat.Patch{Set: map[string]any{"b.d": "x", "name": "Taxi"}, Unset: []string{"a", "nothing"}})
		s.check(err)
		if channel.Name != "Taxi" {
			t.Errorf("the patched channel's name is %q", channel.Name)
		}
		wantSame(t, "custom data of the patched channel", channel.Custom, chat.Custom{"b": map[string]any{"c": true, "d": "x"}})
		_, err = s.PatchChannel(s.ctx, cid, chat.Patch{Set: map[string]any{"frozen": true}})
		wantFieldErr(t, err, chat.ErrInvalid, "frozen")
		channel, err = s.UpdateChannel(s.ctx, cid, chat.ChannelUpdate{}, nil)
		s.check(err)
		if channel.Name != "" || len(channel.Custom) != 0 {
			t.Errorf("what the update leaves out stays: %q, %v", channel.Name, channel.Custom)
		}
		_, err = s.As("john").UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "Mine"}, nil)
		wantErr(t, err, chat.ErrPermission)
	})
}

// TestTheMessageOfAChangeIsAMessage: who lets a change carry a message needs the
// grants for it, and a frozen channel does not take it.
func TestTheMessageOfAChangeIsAMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "john", "jane")
		grant := func(actions ...chat.Action) {
			t.Helper()
			_, err := s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{
				Grants: map[chat.Role][]chat.Action{chat.RoleChannelMember: append(actions, chat.ReadChannel, chat.UpdateChannel)},
			})
			s.check(err)
		}
		rename := func(name, text string) error {
			return second(s.As("jane").UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: name}, &chat.SystemMessage{Text: text}))
		}
		grant()
		wantErr(t, rename("One", "Renamed"), chat.ErrPermission)
		grant(chat.CreateSystemMessage)
		wantErr(t, rename("Two", "See https://example.org"), chat.ErrPermission)
		s.check(rename("Three", "Renamed"))
		_, err := s.SetFrozen(s.ctx, cid, true)
		s.check(err)
		wantErr(t, rename("Four", "Frozen"), chat.ErrFrozen)
		if name := s.as("jane").channel(cid).Channel.Name; name != "Three" {
			t.Errorf("the channel's name is %q: a refused change changed it", name)
		}
		_, err = s.As("jane").UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "Five"}, nil) // carries none
		s.check(err)
		grant(chat.CreateSystemMessage, chat.AddLinks, chat.UseFrozenChannel)
		s.check(rename("Six", "See https://example.org"))
		s.check(s.AddMembers(s.ctx, cid, nil, &chat.SystemMessage{Text: "From the application"}))
		s.as("jane").wantTexts(cid, "Renamed", "See https://example.org", "From the application")
		wantFieldErr(t, rename("Seven", " "), chat.ErrInvalid, "message.text")
		err = second(s.As("jane").UpdateChannel(s.ctx, cid, chat.ChannelUpdate{}, &chat.SystemMessage{UserID: "john", Text: "Hello"}))
		wantFieldErr(t, err, chat.ErrInvalid, "message.user_id")
	})
}

// frozen is a channel of Jane, who made it, of John and of the moderator Max,
// with a message of John, and frozen.
func frozen(s *scenario, cid chat.CID) chat.Message {
	s.t.Helper()
	s.channel(cid, "jane", "john")
	s.users("max")
	s.user(chat.User{ID: "ada", Role: chat.RoleAdmin})
	s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
	s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "max", Role: chat.RoleChannelModerator}}, nil))
	m := s.as("john").send(cid, "Hello")
	_, err := s.SetFrozen(s.ctx, cid, true)
	s.check(err)
	return m
}

func TestAFrozenChannelTakesNoMessages(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		const cid = "messaging:ride"
		m := frozen(s, cid)
		for _, user := range []chat.UserID{"jane", "john"} {
			_, err := s.As(user).Send(s.ctx, cid, chat.Draft{Text: "Hello"})
			wantErr(t, err, chat.ErrFrozen)
			_, err = s.As(user).Send(s.ctx, cid, chat.Draft{Text: "Hello", ParentID: m.ID})
			wantErr(t, err, chat.ErrFrozen)
		}
		// But for those who may use a frozen channel, and the application.
		for _, user := range []chat.UserID{"max", "mod", "ada"} {
			s.as(user).send(cid, "Hello from "+string(user))
		}
		s.send(cid, "john", chat.Draft{Text: "Hello from the application"}, nil)
		s.as("john").wantTexts(cid, "Hello", "Hello from max", "Hello from mod", "Hello from ada", "Hello from the application")

		// What is no message goes on: reading, editing, deleting, marking.
		_, err := s.As("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Hello all"})
		s.check(err)
		s.check(s.As("jane").MarkRead(s.ctx, cid))
		s.check(s.As("jane").DeleteMessageForMe(s.ctx, m.ID))
		_, err = s.As("john").DeleteMessage(s.ctx, m.ID, chat.DeleteSoft)
		s.check(err)
		if state := s.as("john").channel(cid); !state.Channel.Frozen {
			t.Error("the channel does not say that it is frozen")
		}

		// Its creator thaws it.
		_, err = s.As("john").SetFrozen(s.ctx, cid, false)
		wantErr(t, err, chat.ErrPermission)
		_, err = s.As("jane").SetFrozen(s.ctx, cid, false)
		s.check(err)
		s.as("john").send(cid, "At last")
	})
}

func TestADisabledChannelIsNeitherReadNorWritten(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		const cid = chat.CID("messaging:ride")
		m := frozen(s, cid)
		_, err := s.SetFrozen(s.ctx, cid, false)
		s.check(err)
		_, err = s.SetDisabled(s.ctx, cid, true)
		s.check(err)
		for _, user := range []chat.UserID{"john", "jane", "max", "mod", "ada"} {
			a := s.as(user)
			_, err := a.Send(s.ctx, cid, chat.Draft{Text: "Hello"})
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.Messages(s.ctx, cid, chat.MessageQuery{})
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.Message(s.ctx, m.ID)
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.Channel(s.ctx, cid)
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.Members(s.ctx, cid, chat.MemberQuery{})
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.Unread(s.ctx, cid)
			wantErr(t, err, chat.ErrDisabled)
			wantErr(t, a.MarkRead(s.ctx, cid), chat.ErrDisabled)
			_, err = a.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Hello"})
			wantErr(t, err, chat.ErrDisabled)
			_, err = a.DeleteMessage(s.ctx, m.ID, chat.DeleteHard)
			wantErr(t, err, chat.ErrDisabled)
			if list, err := a.MessagesByID(s.ctx, m.ID); err != nil || len(list) != 0 {
				t.Errorf("%s reads %d messages of a disabled channel (%v)", user, len(list), err)
			}
		}
		// It is still listed, without what is said in it.
		for _, user := range []chat.UserID{"john", "ada"} {
			page, err := s.As(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			if len(page.Items) != 1 {
				t.Fatalf("%s lists %d channels, want the disabled one", user, len(page.Items))
			}
			state := page.Items[0]
			if !state.Channel.Disabled || len(state.Messages) != 0 || state.LastMessage != nil || state.LastMessageAt != nil || state.Unread != 0 || len(state.Capabilities) != 0 {
				t.Errorf("%s lists a disabled channel as %+v", user, state)
			}
		}
		// The application goes on.
		s.send(cid, "john", chat.Draft{Text: "From the application"}, nil)
		if got := s.texts(cid); !slices.Equal(got, []string{"Hello", "From the application"}) {
			t.Errorf("the application reads %q", got)
		}
		_, err = s.SetDisabled(s.ctx, cid, false)
		s.check(err)
		s.as("john").wantTexts(cid, "Hello", "From the application")
	})
}

func TestASoftDeletedChannelIsGoneForUsersAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("john").send(cid, "Hello")
		s.user(chat.User{ID: "ada", Role: chat.RoleAdmin})
		_, err := s.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft, "")
		s.check(err)
		wantErr(t, s.As("john").DeleteChannel(s.ctx, cid, chat.DeleteSoft), chat.ErrPermission)
		s.check(s.As("jane").DeleteChannel(s.ctx, cid, chat.DeleteSoft))
		for _, user := range []chat.UserID{"jane", "john", "ada"} {
			_, err := s.As(user).Channel(s.ctx, cid)
			wantErr(t, err, chat.ErrNotFound)
			s.as(user).notSees(m.ID)
			page, err := s.As(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			if len(page.Items) != 0 {
				t.Errorf("%s still lists %s", user, page.Items[0].Channel.CID)
			}
			if total, err := s.As(user).TotalUnread(s.ctx); err != nil || total.Messages != 0 {
				t.Errorf("%s has %d unread in a deleted channel (%v)", user, total.Messages, err)
			}
		}
		// The application reads it, but changes nothing in it.
		state, err := s.Channel(s.ctx, cid)
		s.check(err)
		if state.Channel.DeletedAt == nil || len(state.Messages) != 1 {
			t.Errorf("the application reads the deleted channel as %+v", state)
		}
		original, err := s.OriginalMessage(s.ctx, m.ID)
		s.check(err)
		if original.Text != "Hello" {
			t.Errorf("the original reads %q", original.Text)
		}
		_, err = s.UndeleteMessage(s.ctx, m.ID, "jane")
		wantErr(t, err, chat.ErrChannelDeleted)
		_, err = s.Send(s.ctx, cid, "jane", chat.Draft{Text: "Hello"}, nil)
		wantErr(t, err, chat.ErrChannelDeleted)
		_, err = s.UpdateChannel(s.ctx, cid, chat.ChannelUpdate{}, nil)
		wantErr(t, err, chat.ErrChannelDeleted)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteSoft)) // again: nothing to do

		// Making it again gives it empty.
		s.sleep(time.Millisecond)
		channel, err := s.as("john").EnsureChannel(s.ctx, cid, chat.ChannelDraft{})
		s.check(err)
		if channel.CreatedBy.ID != "john" || channel.MemberCount != 1 || channel.DeletedAt != nil {
			t.Errorf("the channel made again is %+v", channel)
		}
		s.as("john").wantTexts(cid)
		s.as("john").wantUnread(cid, 0)
		s.as("john").send(cid, "A new life")
		s.as("john").wantTexts(cid, "A new life")
		_, err = s.As("jane").Channel(s.ctx, cid)
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.Send(s.ctx, cid, "john", chat.Draft{ID: m.ID, Text: "Hello"}, nil)
		wantErr(t, err, chat.ErrConflict)
		s.reopen()
		s.as("john").wantTexts(cid, "A new life")
	})
}

func TestAHardDeletedChannelIsPurged(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("john").send(cid, "Hello")
		held := s.send(cid, "john", chat.Draft{Text: "Held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.check(s.As("jane").DeleteChannel(s.ctx, cid, chat.DeleteHard))
		gone := func() {
			t.Helper()
			for _, id := range []chat.MessageID{m.ID, held.ID} {
				if _, err := s.Message(s.ctx, id); err == nil {
					t.Errorf("%s of a purged channel is still read", id)
				}
				_, err := s.OriginalMessage(s.ctx, id)
				wantErr(t, err, chat.ErrNotFound)
				s.as("john").notSees(id)
			}
			_, err := s.Channel(s.ctx, cid)
			wantErr(t, err, chat.ErrNotFound)
			pending, err := s.PendingMessages(s.ctx, chat.PendingQuery{})
			s.check(err)
			if len(pending.Items) != 0 {
				t.Errorf("%d messages of a purged channel are pending", len(pending.Items))
			}
		}
		gone()
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		s.reopen()
		gone()
		wantErr(t, s.DeleteChannel(s.ctx, cid, chat.DeleteHard), chat.ErrNotFound)
		_, err = s.as("john").EnsureChannel(s.ctx, cid, chat.ChannelDraft{})
		s.check(err)
		s.as("john").wantTexts(cid)
		_, err = s.As("john").Send(s.ctx, cid, chat.Draft{ID: m.ID, Text: "Hello"})
		wantErr(t, err, chat.ErrConflict)
		wantErr(t, s.DeleteChannel(s.ctx, cid, 0), chat.ErrInvalid)
	})
}

func TestAnUnreadableChannelIsNotFound(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("john").send(cid, "Hello")
		s.users("mary")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		for _, user := range []chat.UserID{"mary", "gus"} {
			for name, refusals := range map[string][2]error{
				"Channel": {second(s.As(user).Channel(s.ctx, cid)), second(s.As(user).Channel(s.ctx, "messaging:nowhere"))},
				"Messages": {
					second(s.As(user).Messages(s.ctx, cid, chat.MessageQuery{})),
					second(s.As(user).Messages(s.ctx, "messaging:nowhere", chat.MessageQuery{})),
				},
				"Members": {
					second(s.As(user).Members(s.ctx, cid, chat.MemberQuery{})),
					second(s.As(user).Members(s.ctx, "messaging:nowhere", chat.MemberQuery{})),
				},
				"Send": {
					second(s.As(user).Send(s.ctx, cid, chat.Draft{Text: "Hello"})),
					second(s.As(user).Send(s.ctx, "messaging:nowhere", chat.Draft{Text: "Hello"})),
				},
				"LeaveChannel":    {s.As(user).LeaveChannel(s.ctx, cid), s.As(user).LeaveChannel(s.ctx, "messaging:nowhere")},
				"MarkRead":        {s.As(user).MarkRead(s.ctx, cid), s.As(user).MarkRead(s.ctx, "messaging:nowhere")},
				"HideChannel":     {s.As(user).HideChannel(s.ctx, cid, true), s.As(user).HideChannel(s.ctx, "messaging:nowhere", true)},
				"DeleteChannel":   {s.As(user).DeleteChannel(s.ctx, cid, chat.DeleteHard), s.As(user).DeleteChannel(s.ctx, "messaging:nowhere", chat.DeleteHard)},
				"TruncateChannel": {s.As(user).TruncateChannel(s.ctx, cid, nil), s.As(user).TruncateChannel(s.ctx, "messaging:nowhere", nil)},
			} {
				wantErr(t, refusals[0], chat.ErrNotFound)
				wantErr(t, refusals[1], chat.ErrNotFound)
				if got, want := refusals[0].Error(), strings.ReplaceAll(refusals[1].Error(), "nowhere", "ride"); got != want {
					t.Errorf("%s tells %s of a channel they may not read: %q, want %q", name, user, got, want)
				}
			}
			s.as(user).notSees(m.ID)
		}
		// What may be read but not done is another matter.
		show := s.channel("livestream:show", "jane")
		for _, err := range []error{
			second(s.As("gus").Send(s.ctx, show, chat.Draft{Text: "Hello"})),
			second(s.As("mary").UpdateChannel(s.ctx, show, chat.ChannelUpdate{}, nil)),
			s.As("mary").DeleteChannel(s.ctx, show, chat.DeleteSoft),
			s.As("mary").TruncateChannel(s.ctx, show, nil),
			s.As("mary").AddMembers(s.ctx, show, []chat.MemberDraft{{UserID: "mary"}}, nil),
		} {
			wantErr(t, err, chat.ErrPermission)
		}
	})
}

// TestWhoMayNotCreateLearnsOfNoChannel: to them an id that is taken by a channel
// they may not read is like one that is free.
func TestWhoMayNotCreateLearnsOfNoChannel(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.users("mary")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		for kind, users := range map[string][]chat.UserID{"messaging": {"gus", "anon"}, "gaming": {"mary", "gus", "anon"}} {
			taken, free := chat.CID(kind+":ride"), chat.CID(kind+":nowhere")
			s.channel(taken, "jane", "john")
			deleted, disabled := s.channel(chat.CID(kind+":deleted"), "jane"), s.channel(chat.CID(kind+":disabled"), "jane")
			s.check(s.DeleteChannel(s.ctx, deleted, chat.DeleteSoft))
			_, err := s.SetDisabled(s.ctx, disabled, true)
			s.check(err)
			before := s.dump()
			for _, user := range users {
				want := second(s.As(user).EnsureChannel(s.ctx, free, chat.ChannelDraft{}))
				wantErr(t, want, chat.ErrPermission)
				for _, cid := range []chat.CID{taken, deleted, disabled} {
					err := second(s.As(user).EnsureChannel(s.ctx, cid, chat.ChannelDraft{}))
					wantErr(t, err, chat.ErrPermission)
					if got, want := err.Error(), strings.ReplaceAll(want.Error(), free.ID(), cid.ID()); got != want {
						t.Errorf("%s, who may not create %s, is told %q, want %q", user, cid, got, want)
					}
				}
			}
			wantSame(t, "the store", s.dump(), before)
		}
		// A channel one may read is returned to them too.
		show := s.channel("livestream:show", "jane")
		channel, err := s.As("gus").EnsureChannel(s.ctx, show, chat.ChannelDraft{})
		s.check(err)
		if channel.CID != show || channel.CreatedBy.ID != "jane" {
			t.Errorf("Gus, who reads the channel, gets %+v", channel)
		}
	})
}

// second is the error of a call that returns something else too.
func second[T any](_ T, err error) error { return err }

// TestCallsOfUnknownUsersAreRefused tries every call there is, with arguments
// that exist and that do not.
func TestCallsOfUnknownUsersAreRefused(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		for _, cid := range []chat.CID{leakRoom, leakShow, leakPlay} {
			s.channel(cid, "jane", "john", "max")
		}
		s.as("jane").post(leakRoom, chat.Draft{ID: "mary 1", Text: "Hello"})
		s.check(s.DeactivateUser(s.ctx, "max"))
		// Some of them cannot even be the id of a user, nor part of an argument.
		for _, user := range []chat.UserID{"ghost", "max", "", "a b", "a\x00b", "\xff", chat.UserID(strings.Repeat("x", 5000))} {
			for name, call := range leakCalls {
				if name == "User" { // it asks nothing
					continue
				}
				v := &viewer{Session: s.As(user), w: &leakWorld{scenario: s}}
				call(v)
				for _, answer := range v.all {
					argument := user != "ghost" && user != "max" &&
						(strings.HasSuffix(answer.Error, "(chat: invalid)") || strings.HasSuffix(answer.Error, "(chat: too long)"))
					if !strings.HasSuffix(answer.Error, "(chat: permission denied)") && !argument {
						t.Errorf("%.80q answers %q, want ErrPermission", answer.Call, answer.Error)
					}
				}
			}
		}
		s.check(s.ReactivateUser(s.ctx, "max"))
		s.as("max").wantTexts(leakRoom, "Hello")
	})
}

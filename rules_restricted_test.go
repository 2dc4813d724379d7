package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

const lounge = chat.CID("messaging:lounge")

// privateRoom is a channel of jane, john and june, and anna, an admin who is no
// member of it.
func privateRoom(s *scenario) {
	s.t.Helper()
	s.user(chat.User{ID: "anna", Role: chat.RoleAdmin})
	s.channel(lounge, "john", "jane", "june")
}

// whisper is what the application sends in john's name to some alone.
func (s *scenario) whisper(cid chat.CID, text string, to ...chat.UserID) chat.Message {
	s.t.Helper()
	return s.send(cid, "john", chat.Draft{Text: text, Restricted: to}, nil)
}

// wantSameRefusal checks that a call about a message is refused as one about an
// id that never was, word for word.
func wantSameRefusal(t *testing.T, what string, id chat.MessageID, call func(chat.MessageID) error) {
	t.Helper()
	const never = "never-was"
	got, want := call(id), call(never)
	if !errors.Is(got, chat.ErrNotFound) || !errors.Is(want, chat.ErrNotFound) {
		t.Errorf("%s: got the errors %v and %v, want both ErrNotFound", what, got, want)
		return
	}
	if g, w := strings.ReplaceAll(got.Error(), string(id), never), want.Error(); g != w {
		t.Errorf("%s: %q tells more than %q", what, g, w)
	}
}

func TestPrivateMessageIsSeenByItsSenderItsListAdminsAndTheServer(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		m := s.whisper(lounge, "for jane", "jane")
		for _, user := range []chat.UserID{"john", "jane", "anna"} {
			s.as(user).sees(m.ID)
			s.as(user).wantTexts(lounge, "for jane")
			if list := s.as(user).message(m.ID).Restricted; !slices.Equal(list, []chat.UserID{"jane"}) {
				t.Errorf("%s sees the list %v, want jane", user, list)
			}
		}
		if got := s.texts(lounge); !slices.Equal(got, []string{"for jane"}) {
			t.Errorf("the server reads %q", got)
		}
		if list := s.message(m.ID).Restricted; !slices.Equal(list, []chat.UserID{"jane"}) {
			t.Errorf("the server sees the list %v, want jane", list)
		}
		s.as("june").notSees(m.ID)
		s.as("june").wantTexts(lounge)
	})
}

func TestWhoHoldsTheGrantReadsEveryPrivateMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		m := s.whisper(lounge, "for jane", "jane")
		june := s.as("june")
		moderator := []chat.MemberDraft{{UserID: "june", Role: chat.RoleChannelModerator}}
		s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"june"}, nil))
		s.check(s.AddMembers(s.ctx, lounge, moderator, nil))
		june.notSees(m.ID) // a moderator does not hold it by default

		kind, err := s.ChannelType(s.ctx, "messaging")
		s.check(err)
		grants := append(kind.Grants[chat.RoleChannelModerator], chat.ReadRestrictedVisibilityMessage)
		_, err = s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{
			Grants: map[chat.Role][]chat.Action{chat.RoleChannelModerator: grants},
		})
		s.check(err)
		june.sees(m.ID)
		june.wantTexts(lounge, "for jane")
		if last := june.channel(lounge).LastMessage; last == nil || last.ID != m.ID {
			t.Errorf("june's last message is %v, want the private one", last)
		}

		_, err = s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{})
		s.check(err)
		june.notSees(m.ID)
		june.wantTexts(lounge)
	})
}

func TestUserNeedsTheGrantToSendAPrivateMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		draft := chat.Draft{Text: "psst", Restricted: []chat.UserID{"jane"}}
		_, err := s.as("john").Send(s.ctx, lounge, draft)
		wantErr(t, err, chat.ErrPermission)
		m := s.as("anna").post(lounge, draft)
		s.as("jane").sees(m.ID)
		s.as("john").notSees(m.ID)

		kind, err := s.ChannelType(s.ctx, "messaging")
		s.check(err)
		grants := append(kind.Grants[chat.RoleChannelMember], chat.CreateRestrictedVisibilityMessage)
		_, err = s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{
			Grants: map[chat.Role][]chat.Action{chat.RoleChannelMember: grants},
		})
		s.check(err)
		m = s.as("john").post(lounge, draft)
		s.as("john").sees(m.ID)
		s.as("jane").sees(m.ID)
		s.as("june").notSees(m.ID)
	})
}

func TestListOfAPrivateMessageNeverChanges(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		m := s.whisper(lounge, "for jane", "jane")
		_, err := s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "edited"}, nil)
		s.check(err)
		_, err = s.as("john").PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{"mood": "calm"}})
		s.check(err)
		for _, patch := range []chat.Patch{
			{Set: map[string]any{"restricted_visibility": []string{"june"}}},
			{Unset: []string{"restricted_visibility"}},
		} {
			_, err = s.PatchMessage(s.ctx, m.ID, patch)
			wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
			_, err = s.as("john").PatchMessage(s.ctx, m.ID, patch)
			wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
		}
		_, err = s.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft, "john")
		s.check(err)
		s.as("june").notSees(m.ID)
		_, err = s.UndeleteMessage(s.ctx, m.ID, "john")
		s.check(err)
		s.as("june").notSees(m.ID)
		if list := s.as("jane").message(m.ID).Restricted; !slices.Equal(list, []chat.UserID{"jane"}) {
			t.Errorf("the list is %v, want jane", list)
		}
	})
}

func TestListedUsersMustExistAndReadTheChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.users("stranger")
		draft := chat.Draft{ID: "m1", Text: "psst", Restricted: []chat.UserID{"jane", "nobody", "stranger"}}
		_, err := s.Send(s.ctx, lounge, "john", draft, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
		e := wantErr(t, err, chat.ErrInvalid)
		if !strings.Contains(e.Reason, "nobody") || !strings.Contains(e.Reason, "stranger") || strings.Contains(e.Reason, "jane") {
			t.Errorf("%q does not name nobody and stranger alone", e.Reason)
		}
		if got := s.texts(lounge); len(got) != 0 {
			t.Errorf("the channel holds %q after a refused send", got)
		}
		// An admin reads every channel, member or not.
		draft.Restricted = []chat.UserID{"jane", "anna"}
		s.send(lounge, "john", draft, nil)

		// Everyone reads a livestream.
		show := s.channel("livestream:show", "john")
		m := s.whisper(show, "for a guest", "stranger")
		s.as("stranger").sees(m.ID)
		s.as("stranger").wantTexts(show, "for a guest")
		s.as("jane").notSees(m.ID)
	})
}

func TestDuplicatesInTheListAreFolded(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		m := s.whisper(lounge, "psst", "june", "jane", "june", "jane")
		if want := []chat.UserID{"june", "jane"}; !slices.Equal(m.Restricted, want) {
			t.Errorf("the list is %v, want %v", m.Restricted, want)
		}
		s.as("june").wantUnread(lounge, 1)
		s.as("jane").wantUnread(lounge, 1)
	})
}

func TestAtMostAHundredUsersAreListed(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		privateRoom(s)
		var list []chat.UserID
		for i := range 101 {
			list = append(list, chat.UserID(fmt.Sprint("user-", i)))
		}
		s.users(list...)
		show := s.channel("livestream:show", "john")
		draft := chat.Draft{Text: "psst", Restricted: list}
		_, err := s.Send(s.ctx, show, "john", draft, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
		draft.Restricted = append(list[:100:100], list[:50]...)
		if m := s.send(show, "john", draft, nil); len(m.Restricted) != 100 {
			t.Errorf("%d users are listed, want 100", len(m.Restricted))
		}
		_, err = s.Send(s.ctx, show, "john", chat.Draft{Text: "psst", Restricted: []chat.UserID{}}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
	})
}

func TestHowManyUsersAreListedIsConfigurable(t *testing.T) {
	eachDriverWith(t, &chat.Options{MaxRestricted: 2}, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.whisper(lounge, "psst", "jane", "june")
		_, err := s.Send(s.ctx, lounge, "john", chat.Draft{Text: "psst", Restricted: []chat.UserID{"jane", "june", "anna"}}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
	})
}

func TestListedUserWhoLeavesSeesItNoMore(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		jane := s.as("jane")
		m := s.whisper(lounge, "for jane", "jane")
		s.check(jane.LeaveChannel(s.ctx, lounge))
		jane.notSees(m.ID)
		_, err := jane.Messages(s.ctx, lounge, chat.MessageQuery{})
		wantErr(t, err, chat.ErrNotFound)
		s.as("john").sees(m.ID)

		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, nil))
		jane.sees(m.ID)
		jane.wantUnread(lounge, 0)
	})
}

func TestListedUserWhoLeavesALivestreamReadsOnWithoutIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		show := s.channel("livestream:show", "john", "jane", "june")
		jane, june := s.as("jane"), s.as("june")
		s.as("john").send(show, "hello all")
		m := s.whisper(show, "for jane and june", "jane", "june")
		quoting := s.send(show, "john", chat.Draft{Text: "as I said", QuotedID: m.ID}, nil)
		jane.wantTexts(show, "hello all", "for jane and june", "as I said")

		s.sleep(time.Millisecond) // what follows happens at one moment, under fake time
		s.check(jane.LeaveChannel(s.ctx, show))
		s.check(s.RemoveMembers(s.ctx, show, []chat.UserID{"june"}, nil))
		for _, who := range []*actor{jane, june} {
			who.notSees(m.ID)
			who.wantTexts(show, "hello all", "as I said")
			if q := who.message(quoting.ID); q.QuotedMessageID != "" || q.QuotedMessage != nil {
				t.Errorf("%s left and still sees the quote %s", who.User(), q.QuotedMessageID)
			}
			wantSameRefusal(t, "reply of one who left", m.ID, func(id chat.MessageID) error {
				_, err := who.Send(s.ctx, show, chat.Draft{Text: "re", ParentID: id})
				return err
			})
		}
		state := jane.channel(show)
		if state.LastMessage == nil || state.LastMessage.ID != quoting.ID {
			t.Errorf("jane's last message is %v, want the public one", state.LastMessage)
		}

		// What is sent to them afterwards is another matter.
		again := s.whisper(show, "come back, jane", "jane")
		jane.sees(again.ID)
		june.notSees(again.ID)
		jane.wantTexts(show, "hello all", "as I said", "come back, jane")
	})
}

func TestPrivateMessageDoesNotExistForEveryoneElse(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.user(chat.User{ID: "mike", Role: chat.RoleModerator}) // may delete and update all that he sees
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "mike"}}, nil))
		m := s.whisper(lounge, "for jane", "jane")
		for _, user := range []chat.UserID{"june", "mike"} {
			who := s.as(user)
			mine := who.send(lounge, "mine")
			for what, call := range map[string]func(chat.MessageID) error{
				"reading": func(id chat.MessageID) error { _, err := who.Message(s.ctx, id); return err },
				"updating": func(id chat.MessageID) error {
					_, err := who.UpdateMessage(s.ctx, id, chat.MessageUpdate{Text: "x"})
					return err
				},
				"soft delete": func(id chat.MessageID) error { _, err := who.DeleteMessage(s.ctx, id, chat.DeleteSoft); return err },
				"hard delete": func(id chat.MessageID) error { _, err := who.DeleteMessage(s.ctx, id, chat.DeleteHard); return err },
				"for me":      func(id chat.MessageID) error { return who.DeleteMessageForMe(s.ctx, id) },
				"mark unread": func(id chat.MessageID) error { return who.MarkUnread(s.ctx, id) },
				"mark read":   func(id chat.MessageID) error { return who.MarkReadTo(s.ctx, id) },
				"before": func(id chat.MessageID) error {
					_, err := who.Messages(s.ctx, lounge, chat.MessageQuery{Before: id})
					return err
				},
				"after": func(id chat.MessageID) error {
					_, err := who.Messages(s.ctx, lounge, chat.MessageQuery{After: id})
					return err
				},
				"around": func(id chat.MessageID) error {
					_, err := who.Messages(s.ctx, lounge, chat.MessageQuery{Around: id})
					return err
				},
				"patching": func(id chat.MessageID) error {
					_, err := who.PatchMessage(s.ctx, id, chat.Patch{Set: map[string]any{"text": "x"}})
					return err
				},
				"replying": func(id chat.MessageID) error {
					_, err := who.Send(s.ctx, lounge, chat.Draft{Text: "re", ParentID: id})
					return err
				},
				"quoting": func(id chat.MessageID) error {
					_, err := who.Send(s.ctx, lounge, chat.Draft{Text: "look", QuotedID: id})
					return err
				},
				"quoting in an update": func(id chat.MessageID) error {
					_, err := who.UpdateMessage(s.ctx, mine.ID, chat.MessageUpdate{Text: "look", QuotedID: id})
					return err
				},
				"quoting in a patch": func(id chat.MessageID) error {
					_, err := who.PatchMessage(s.ctx, mine.ID, chat.Patch{Set: map[string]any{"quoted_message_id": string(id)}})
					return err
				},
			} {
				wantSameRefusal(t, string(user)+" "+what, m.ID, call)
			}
		}
		if got := s.message(m.ID); got.Text != "for jane" || got.DeletedAt != nil {
			t.Errorf("the message reads %q, deleted at %v", got.Text, got.DeletedAt)
		}
	})
}

func TestPrivateMessageLeavesNoTraceInPages(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		var want []string
		for i := range 12 {
			s.whisper(lounge, fmt.Sprint("private ", i), "jane")
			want = append(want, fmt.Sprint("public ", i))
			s.as("john").send(lounge, want[i])
			s.whisper(lounge, fmt.Sprint("private again ", i), "jane")
		}
		june := s.as("june")
		june.wantTexts(lounge, want...)
		var walked []string
		page := june.page(lounge, chat.MessageQuery{Limit: 5})
		for {
			walked = append(texts(page.Items), walked...)
			if page.Prev == "" {
				break
			}
			if len(page.Items) != 5 {
				t.Fatalf("a page has %d messages, want 5", len(page.Items))
			}
			page = june.page(lounge, chat.MessageQuery{Limit: 5, Page: page.Prev})
		}
		if !slices.Equal(walked, want) {
			t.Errorf("june walks %q, want %q", walked, want)
		}
		// Only private messages lie beyond the ends: to june there is nothing.
		all := june.page(lounge, chat.MessageQuery{Limit: 12})
		if all.Prev != "" || all.Next != "" {
			t.Error("a page of everything leads further")
		}
		if n := len(s.as("jane").texts(lounge)); n != 36 {
			t.Errorf("jane reads %d messages, want 36", n)
		}
		seen := 0
		for m, err := range june.AllMessages(s.ctx, lounge) {
			s.check(err)
			if m.Restricted != nil {
				t.Errorf("june runs into %q", m.Text)
			}
			seen++
		}
		if seen != 12 {
			t.Errorf("june runs through %d messages, want 12", seen)
		}
	})
}

func TestPrivateMessageMovesNothingForOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		other := s.channel("messaging:other", "john", "jane", "june")
		public := s.as("john").send(lounge, "first")
		s.sleep(time.Millisecond)
		s.as("john").send(other, "second")
		s.sleep(time.Millisecond)
		june, jane := s.as("june"), s.as("jane")
		s.check(june.HideChannel(s.ctx, lounge, false))
		s.check(jane.HideChannel(s.ctx, lounge, false))
		before, err := june.Channels(s.ctx, chat.ChannelQuery{Filter: chat.Exists("hidden", true)})
		s.check(err)
		m := s.whisper(lounge, "third, for jane", "jane")
		after, err := june.Channels(s.ctx, chat.ChannelQuery{Filter: chat.Exists("hidden", true)})
		s.check(err)
		after.Cursor = before.Cursor // it tells when it was read
		wantSame(t, "june's channels", after, before)

		if state := june.channel(lounge); state.LastMessageAt == nil || !state.LastMessageAt.Equal(public.CreatedAt) || !state.Hidden {
			t.Errorf("june's last message is of %v, want %v, in a hidden channel", state.LastMessageAt, public.CreatedAt)
		}
		if state := jane.channel(lounge); state.LastMessageAt == nil || !state.LastMessageAt.Equal(m.CreatedAt) || state.Hidden {
			t.Errorf("jane's last message is of %v, want %v, in a channel that shows again", state.LastMessageAt, m.CreatedAt)
		}
		for user, want := range map[chat.UserID][]chat.CID{"jane": {lounge, other}, "june": {other}} {
			list, err := s.as(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			var got []chat.CID
			for _, state := range list.Items {
				got = append(got, state.Channel.CID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s's channels are in the order %v, want %v", user, got, want)
			}
		}
		since, err := june.Channels(s.ctx, chat.ChannelQuery{Filter: chat.And(chat.Gt("last_message_at", public.CreatedAt), chat.Eq("hidden", true))})
		s.check(err)
		if len(since.Items) != 0 {
			t.Error("a filter by last_message_at finds the private message")
		}
	})
}

func TestPrivateMessageRaisesUnreadOnlyForThoseWhoSeeIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "anna"}}, nil))
		s.as("john").send(lounge, "public")
		s.whisper(lounge, "for jane", "jane")
		s.whisper(lounge, "for jane and june", "jane", "june")
		for user, want := range map[chat.UserID]int{"jane": 3, "june": 2, "anna": 3, "john": 0} {
			s.as(user).wantUnread(lounge, want)
			if state := s.as(user).channel(lounge); state.Unread != want {
				t.Errorf("%s's channel shows %d unread, want %d", user, state.Unread, want)
			}
			totals, err := s.as(user).TotalUnread(s.ctx)
			s.check(err)
			if totals.Messages != want {
				t.Errorf("%s has %d unread in all, want %d", user, totals.Messages, want)
			}
		}
		s.check(s.as("june").MarkRead(s.ctx, lounge))
		s.whisper(lounge, "for jane again", "jane")
		s.as("june").wantUnread(lounge, 0)
		withUnread, err := s.as("june").Channels(s.ctx, chat.ChannelQuery{Filter: chat.Eq("has_unread", true)})
		s.check(err)
		if len(withUnread.Items) != 0 {
			t.Error("june's channel has unread messages by a filter")
		}
	})
}

func TestQuoteOfAPrivateMessageLeavesNoTrace(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		secret := s.whisper(lounge, "for jane", "jane")
		quoting := s.as("jane").post(lounge, chat.Draft{Text: "did you all hear?", QuotedID: secret.ID})
		for _, user := range []chat.UserID{"jane", "john", "anna"} {
			m := s.as(user).message(quoting.ID)
			if m.QuotedMessageID != secret.ID || m.QuotedMessage == nil || m.QuotedMessage.Text != "for jane" {
				t.Errorf("%s sees the quote %q (%v)", user, m.QuotedMessageID, m.QuotedMessage)
			}
		}
		june := s.as("june")
		state := june.channel(lounge)
		list, err := june.MessagesByID(s.ctx, quoting.ID)
		s.check(err)
		for _, m := range slices.Concat(list, june.page(lounge, chat.MessageQuery{}).Items, state.Messages, []chat.Message{*state.LastMessage}) {
			raw, err := json.Marshal(m)
			s.check(err)
			if strings.Contains(string(raw), "quoted") || strings.Contains(string(raw), string(secret.ID)) || strings.Contains(string(raw), "for jane") {
				t.Errorf("june reads %s", raw)
			}
		}
	})
}

func TestQuoteThatOneDoesNotSeeCannotBeKeptByItsID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.user(chat.User{ID: "mike", Role: chat.RoleModerator}) // may update others' messages
		secret := s.whisper(lounge, "for jane", "jane")
		quoting := s.as("jane").post(lounge, chat.Draft{Text: "did you all hear?", QuotedID: secret.ID})
		wantSameRefusal(t, "update by a moderator", secret.ID, func(id chat.MessageID) error {
			_, err := s.as("mike").UpdateMessage(s.ctx, quoting.ID, chat.MessageUpdate{Text: "edited", QuotedID: id})
			return err
		})
		m, err := s.as("jane").UpdateMessage(s.ctx, quoting.ID, chat.MessageUpdate{Text: "edited", QuotedID: secret.ID})
		s.check(err)
		if m.QuotedMessageID != secret.ID {
			t.Errorf("jane's update keeps the quote %q, want %s", m.QuotedMessageID, secret.ID)
		}
	})
}

func TestPrivateMessageMayMentionSomeoneOutside(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		m := s.send(lounge, "john", chat.Draft{Text: "about @june", Mentions: []chat.UserID{"june"}, Restricted: []chat.UserID{"jane"}}, nil)
		if list := s.as("jane").message(m.ID).MentionedUsers; len(list) != 1 || list[0].ID != "june" {
			t.Errorf("jane sees the mentions %v, want june", list)
		}
		s.as("june").notSees(m.ID)
		s.as("june").wantUnread(lounge, 0)
	})
}

func TestReplyToAPrivateMessageIsForItsAudience(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.channel(lounge+"2", "john", "jane", "june", "jack")
		cid := lounge + "2"
		parent := s.send(cid, "john", chat.Draft{Text: "jane, june?", Restricted: []chat.UserID{"jane", "june"}}, nil)

		reply := s.as("jane").post(cid, chat.Draft{Text: "yes?", ParentID: parent.ID, ShowInChannel: true})
		if want := []chat.UserID{"jane", "june", "john"}; !slices.Equal(reply.Restricted, want) {
			t.Errorf("the reply is for %v, want %v", reply.Restricted, want)
		}
		for _, user := range []chat.UserID{"john", "jane", "june", "anna"} {
			s.as(user).sees(reply.ID)
			s.as(user).wantTexts(cid, "jane, june?", "yes?")
		}
		s.as("jack").notSees(reply.ID)
		s.as("jack").wantTexts(cid)

		// A part of the audience needs no grant; anyone else is refused, even
		// by the server.
		part := s.as("jane").post(cid, chat.Draft{Text: "john only", ParentID: parent.ID, Restricted: []chat.UserID{"john"}})
		s.as("john").sees(part.ID)
		s.as("jane").sees(part.ID)
		s.as("june").notSees(part.ID)
		for _, list := range [][]chat.UserID{{"jack"}, {"june", "jack"}, {"john", "anna"}, {"nobody"}} {
			draft := chat.Draft{Text: "all of you", ParentID: parent.ID, Restricted: list}
			_, err := s.as("jane").Send(s.ctx, cid, draft)
			wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
			if outside := string(list[len(list)-1]); !strings.Contains(err.Error(), outside) {
				t.Errorf("%q does not name %s", err, outside)
			}
			_, err = s.Send(s.ctx, cid, "john", draft, nil)
			wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
		}

		// One who sees all private messages replies to the parent's audience.
		fromAnna := s.as("anna").post(cid, chat.Draft{Text: "stop it", ParentID: parent.ID})
		for _, user := range []chat.UserID{"john", "jane", "june", "anna"} {
			s.as(user).sees(fromAnna.ID)
		}
		s.as("jack").notSees(fromAnna.ID)
		wantSameRefusal(t, "reply of an outsider", parent.ID, func(id chat.MessageID) error {
			_, err := s.as("jack").Send(s.ctx, cid, chat.Draft{Text: "me too", ParentID: id})
			return err
		})
	})
}

func TestPrivateReplyToAPublicMessageNeedsTheGrant(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		parent := s.as("john").send(lounge, "hello")
		draft := chat.Draft{Text: "psst", ParentID: parent.ID, Restricted: []chat.UserID{"john"}}
		_, err := s.as("jane").Send(s.ctx, lounge, draft)
		wantErr(t, err, chat.ErrPermission)
		reply := s.send(lounge, "jane", draft, nil)
		s.as("john").sees(reply.ID)
		s.as("june").notSees(reply.ID)
		got := s.as("june").message(parent.ID)
		if got.ReplyCount != 0 || len(got.ThreadParticipants) != 0 {
			t.Errorf("june sees %d replies by %v", got.ReplyCount, got.ThreadParticipants)
		}
	})
}

func TestIdOfAPrivateMessageIsTakenForOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		other := s.channel("messaging:other", "john", "june")
		draft := chat.Draft{ID: "m1", Text: "for jane", Restricted: []chat.UserID{"jane"}}
		first := s.send(lounge, "john", draft, nil)
		again := s.send(lounge, "john", draft, nil)
		wantSame(t, "the retry", again, first)

		public := chat.Draft{ID: "m1", Text: "for jane"}
		var refusals []string
		for _, id := range []chat.MessageID{"m1", "m2"} {
			if id == "m2" {
				s.as("john").post(lounge, chat.Draft{ID: "m2", Text: "public"})
			}
			public.ID = id
			_, err := s.as("june").Send(s.ctx, lounge, public)
			wantErr(t, err, chat.ErrConflict)
			refusals = append(refusals, strings.ReplaceAll(err.Error(), string(id), "ID"))
			_, err = s.as("june").Send(s.ctx, other, public)
			wantErr(t, err, chat.ErrConflict)
			refusals = append(refusals, strings.ReplaceAll(err.Error(), string(id), "ID"))
		}
		if slices.Sort(refusals); refusals[0] != refusals[len(refusals)-1] {
			t.Errorf("a taken id is refused in different words: %q", refusals)
		}
		for what, d := range map[string]chat.Draft{
			"another text": {ID: "m1", Text: "for june", Restricted: []chat.UserID{"jane"}},
			"another list": {ID: "m1", Text: "for jane", Restricted: []chat.UserID{"june"}},
			"no list":      {ID: "m1", Text: "for jane"},
		} {
			if _, err := s.Send(s.ctx, lounge, "john", d, nil); !errors.Is(err, chat.ErrConflict) {
				t.Errorf("%s: got the error %v, want ErrConflict", what, err)
			}
		}
		_, err := s.Send(s.ctx, lounge, "june", draft, nil)
		wantErr(t, err, chat.ErrConflict)
		wantSame(t, "the message after all that", s.message("m1"), first)
		s.as("june").wantTexts(lounge, "public")
	})
}

func TestSystemMessageOfAChangeIsForAll(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.whisper(lounge, "for jane", "jane")
		s.check(s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "cleared"}}))
		for _, user := range []chat.UserID{"john", "jane", "june"} {
			s.as(user).wantTexts(lounge, "cleared")
		}
	})
}

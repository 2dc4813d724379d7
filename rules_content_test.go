package chat_test

import (
	"testing"
	"time"

	"example.com/chat"
)

// A message has a text, an attachment or a quote. These stories are about
// quotes that are no content.

func TestAQuoteOfAPrivateMessageIsNoContent(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		s.user(chat.User{ID: "mike", Role: chat.RoleModerator}) // may update others' messages
		secret := s.whisper(lounge, "for jane", "jane")
		_, err := s.As("jane").Send(s.ctx, lounge, chat.Draft{QuotedID: secret.ID})
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		_, err = s.Send(s.ctx, lounge, "jane", chat.Draft{Text: " ", QuotedID: secret.ID}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "text")

		quoting := s.as("jane").post(lounge, chat.Draft{Text: "did you all hear?", QuotedID: secret.ID})
		plain := s.as("jane").send(lounge, "nothing quoted")
		_, hidden := s.As("mike").PatchMessage(s.ctx, quoting.ID, set("text", ""))
		wantFieldErr(t, hidden, chat.ErrInvalid, "text")
		_, none := s.As("mike").PatchMessage(s.ctx, plain.ID, set("text", ""))
		if hidden.Error() != none.Error() {
			t.Errorf("a moderator who cannot see the quote is told %q, without one %q", hidden, none)
		}
		_, err = s.As("jane").PatchMessage(s.ctx, quoting.ID, set("text", ""))
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		wantSame(t, "the message", s.as("jane").message(quoting.ID), quoting)
	})
}

func TestAQuoteOfAMessageToAllIsContentWhileItIsThere(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john")
		quoted := s.as("john").send(lounge, "quoted")
		m := s.as("jane").post(lounge, chat.Draft{QuotedID: quoted.ID})
		other := s.as("jane").post(lounge, chat.Draft{Text: "this", QuotedID: quoted.ID})
		_, err := s.As("jane").PatchMessage(s.ctx, other.ID, set("text", ""))
		s.check(err)
		_, err = s.As("jane").PatchMessage(s.ctx, m.ID, set("text", "that"))
		s.check(err)
		_, err = s.DeleteMessage(s.ctx, quoted.ID, chat.DeleteHard, "")
		s.check(err)
		_, err = s.As("jane").PatchMessage(s.ctx, m.ID, set("text", ""))
		wantFieldErr(t, err, chat.ErrInvalid, "text")
	})
}

func TestLastReadIsTheMessageReadTo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john")
		first := s.as("john").send(lounge, "one")
		s.sleep(time.Millisecond)
		second := s.as("john").send(lounge, "two")
		s.sleep(time.Millisecond)
		s.check(s.As("jane").MarkReadTo(s.ctx, first.ID))
		state := s.as("jane").channel(lounge)
		if state.Unread != 1 || state.LastRead.Before(first.CreatedAt) || !state.LastRead.Before(second.CreatedAt) {
			t.Errorf("%d unread, read up to %v; the messages are of %v and %v", state.Unread, state.LastRead, first.CreatedAt, second.CreatedAt)
		}
	})
}

func TestClearingHistoryLeavesOnesOwnPendingMessages(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john")
		held := s.send(lounge, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.as("john").send(lounge, "later")
		s.check(s.As("jane").HideChannel(s.ctx, lounge, true))
		s.check(s.As("jane").ShowChannel(s.ctx, lounge))
		if state := s.as("jane").channel(lounge); len(state.Pending) != 1 || len(state.Messages) != 0 {
			t.Errorf("%d pending and %d messages, want 1 and 0", len(state.Pending), len(state.Messages))
		}
		s.as("jane").sees(held.ID)
		_, err := s.CommitMessage(s.ctx, held.ID)
		s.check(err)
		s.as("jane").wantTexts(lounge, "held")
	})
}

func TestAnEmptyPageLeadsBack(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john")
		s.as("john").send(lounge, "one")
		last := s.as("john").send(lounge, "two")
		page := s.as("jane").page(lounge, chat.MessageQuery{After: last.ID})
		if len(page.Items) != 0 || page.Prev == "" || page.Next != "" {
			t.Fatalf("after the newest: %+v", page)
		}
		if page = s.as("jane").page(lounge, chat.MessageQuery{Page: page.Prev}); len(page.Items) != 2 {
			t.Errorf("the page before has %d messages, want 2", len(page.Items))
		}
		page = s.as("jane").page(lounge, chat.MessageQuery{Before: page.Items[0].ID})
		if len(page.Items) != 0 || page.Prev != "" || page.Next == "" {
			t.Fatalf("before the oldest: %+v", page)
		}
		if page = s.as("jane").page(lounge, chat.MessageQuery{Page: page.Next}); len(page.Items) != 2 {
			t.Errorf("the page after has %d messages, want 2", len(page.Items))
		}
	})
}

func TestATokenIsForItsChannelAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john")
		s.channel("messaging:other", "jane", "john")
		for _, cid := range []chat.CID{lounge, "messaging:other"} {
			s.as("john").send(cid, "one")
			s.as("john").send(cid, "two")
		}
		page := s.as("jane").page(lounge, chat.MessageQuery{Limit: 1})
		_, err := s.As("jane").Messages(s.ctx, "messaging:other", chat.MessageQuery{Page: page.Prev})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestNobodyDemotesWhoMayDoMore(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john") // jane is the creator
		_, err := s.UpdateMember(s.ctx, lounge, "john", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		s.check(err)
		_, err = s.As("jane").UpdateMember(s.ctx, lounge, "john", chat.MemberUpdate{Role: chat.RoleChannelMember})
		wantFieldErr(t, err, chat.ErrPermission, "role")
		_, err = s.As("john").UpdateMember(s.ctx, lounge, "john", chat.MemberUpdate{Role: chat.RoleChannelMember})
		s.check(err)
	})
}

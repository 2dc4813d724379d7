package chat_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// rich is a draft in which every part of a message that a delete blanks is set.
func rich(text string, quoted chat.MessageID) chat.Draft {
	return chat.Draft{
		Text: text, Mentions: []chat.UserID{"jane"}, QuotedID: quoted, Custom: chat.Custom{"mood": "calm"},
		Attachments: []chat.Attachment{{Type: "image", ImageURL: "https://example.org/a.png", Title: "a picture"}},
	}
}

func (a *actor) deleteMessage(id chat.MessageID, mode chat.DeleteMode) chat.Message {
	a.s.t.Helper()
	m, err := a.DeleteMessage(a.s.ctx, id, mode)
	a.s.check(err)
	return m
}

func (s *scenario) undelete(id chat.MessageID) chat.Message {
	s.t.Helper()
	m, err := s.UndeleteMessage(s.ctx, id, "john")
	s.check(err)
	return m
}

// wantPlaceholder checks that of a message only what a placeholder shows is
// left.
func wantPlaceholder(t *testing.T, what string, got, was chat.Message) {
	t.Helper()
	want := chat.Message{
		ID: was.ID, CID: was.CID, Type: chat.TypeDeleted, User: was.User, ParentID: was.ParentID, ShowInChannel: was.ShowInChannel,
		Restricted: was.Restricted, Silent: was.Silent, CreatedAt: was.CreatedAt, UpdatedAt: was.UpdatedAt,
		MessageTextUpdatedAt: was.MessageTextUpdatedAt, SentAt: was.SentAt,
		DeletedAt: got.DeletedAt, DeletedForMe: got.DeletedForMe,
	}
	wantSame(t, what, got, want)
}

// holds says whether a text lies anywhere in the store.
func (s *scenario) holds(text string) bool {
	s.t.Helper()
	found := false
	s.check(s.store.View(s.ctx, func(r storage.Reader) error {
		_, entries, err := r.Read(nil, []storage.Range{{}})
		for _, e := range entries[0] {
			found = found || bytes.Contains(e.Key, []byte(text)) || bytes.Contains(e.Value, []byte(text))
		}
		return err
	}))
	return found
}

// settle waits until what is to be purged in the background is.
func (s *scenario) settle() {
	s.t.Helper()
	for range 5000 {
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		left := 0
		s.check(record.New(s.store).View(s.ctx, func(r *record.Reader) error {
			list, err := r.DueTasks("purge", math.MaxInt64-1, 1)
			left = len(list)
			return err
		}))
		if left == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Error("the purge does not come to an end")
}

func TestUsersDeleteTheirOwnAndOthersWithTheGrant(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"june"}, nil))
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "june", Role: chat.RoleChannelModerator}}, nil))
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			own := s.as("john").send(lounge, "own")
			s.as("john").deleteMessage(own.ID, mode)

			others := s.as("john").send(lounge, "others'")
			_, err := s.as("jane").DeleteMessage(s.ctx, others.ID, mode)
			wantErr(t, err, chat.ErrPermission)
			if m := s.as("jane").message(others.ID); m.Text != "others'" {
				t.Errorf("a refused delete left %q", m.Text)
			}
			s.as("june").deleteMessage(others.ID, mode)

			withdrawn := s.as("jane").send(lounge, "withdrawn")
			_, err = s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.RoleUser: {}}})
			s.check(err)
			_, err = s.as("jane").DeleteMessage(s.ctx, withdrawn.ID, mode)
			wantErr(t, err, chat.ErrPermission)
			s.check(s.as("jane").DeleteMessageForMe(s.ctx, withdrawn.ID)) // needs no grant
			_, err = s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{})
			s.check(err)
		}
		m := s.as("john").send(lounge, "for the server")
		for _, bad := range []chat.DeleteMode{0, 3, -1} {
			_, err := s.DeleteMessage(s.ctx, m.ID, bad, "")
			wantFieldErr(t, err, chat.ErrInvalid, "mode")
		}
		_, err := s.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft, "nobody")
		wantFieldErr(t, err, chat.ErrInvalid, "by")
		_, err = s.DeleteMessage(s.ctx, "never-was", chat.DeleteSoft, "")
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft, "jane")
		s.check(err)
	})
}

func TestSoftDeletedMessageReadsAsAPlaceholder(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("jane").send(lounge, "parent")
		d := rich("hello", parent.ID)
		d.ParentID, d.ShowInChannel = parent.ID, true
		was := s.as("john").post(lounge, d)
		s.sleep(time.Millisecond)
		deleted := s.as("john").deleteMessage(was.ID, chat.DeleteSoft)
		if deleted.DeletedAt == nil || !deleted.DeletedAt.After(was.CreatedAt) {
			t.Errorf("deleted at %v, want a time after %v", deleted.DeletedAt, was.CreatedAt)
		}
		wantPlaceholder(t, "the returned copy", deleted, was)
		many, err := s.as("jane").MessagesByID(s.ctx, was.ID)
		s.check(err)
		for what, m := range map[string]chat.Message{
			"the author's read":   s.as("john").message(was.ID),
			"another's read":      s.as("jane").message(was.ID),
			"another's reads":     many[0],
			"another's page":      s.as("jane").page(lounge, chat.MessageQuery{}).Items[1],
			"another's channel":   s.as("jane").channel(lounge).Messages[1],
			"the server's read":   s.message(was.ID),
			"the server's page":   s.page(lounge, chat.MessageQuery{}).Items[1],
			"a page around it":    s.as("jane").page(lounge, chat.MessageQuery{Around: was.ID, Limit: 1}).Items[0],
			"a page that ends it": s.as("jane").page(lounge, chat.MessageQuery{After: parent.ID}).Items[0],
		} {
			wantSame(t, what, m, deleted)
		}

		// Only the server reads what it was.
		original, err := s.OriginalMessage(s.ctx, was.ID)
		s.check(err)
		want := was
		want.DeletedAt = deleted.DeletedAt
		quoted := *want.QuotedMessage // its parent, of which it is the one reply
		quoted.DeletedReplyCount = 1
		want.QuotedMessage = &quoted
		wantSame(t, "the original", original, want)

		again := s.as("john").deleteMessage(was.ID, chat.DeleteSoft)
		wantSame(t, "the second soft delete", again, deleted)
	})
}

func TestSoftDeletedMessageCannotBeUpdatedOrQuoted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").send(lounge, "hello")
		quoting := s.as("jane").post(lounge, chat.Draft{Text: "as you said", QuotedID: m.ID})
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		_, update := s.as("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "x"})
		_, patch := s.as("john").PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{"text": "x"}})
		_, byServer := s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "x"}, nil)
		_, quote := s.as("jane").Send(s.ctx, lounge, chat.Draft{Text: "x", QuotedID: m.ID})
		_, quoteByServer := s.Send(s.ctx, lounge, "jane", chat.Draft{Text: "x", QuotedID: m.ID}, nil)
		for what, err := range map[string]error{
			"update": update, "patch": patch, "update by the server": byServer, "quote": quote, "quote by the server": quoteByServer,
		} {
			if !errors.Is(err, chat.ErrDeleted) {
				t.Errorf("%s: got the error %v, want ErrDeleted", what, err)
			}
		}
		// What quotes it already shows the placeholder.
		q := s.as("jane").message(quoting.ID).QuotedMessage
		if q == nil || q.Type != chat.TypeDeleted || q.Text != "" {
			t.Errorf("the quote shows %+v", q)
		}
	})
}

func TestHardDeletedMessageIsGone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		first := s.as("jane").send(lounge, "first")
		was := s.as("john").post(lounge, rich("xyzzy", first.ID))
		quoting := s.as("jane").post(lounge, chat.Draft{Text: "as you said", QuotedID: was.ID})
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, was.ID))
		deleted := s.as("john").deleteMessage(was.ID, chat.DeleteHard)
		wantPlaceholder(t, "the returned copy", deleted, was)
		if deleted.DeletedAt == nil {
			t.Error("the returned copy has no time of the delete")
		}
		for _, user := range []chat.UserID{"john", "jane"} {
			s.as(user).notSees(was.ID)
			s.as(user).wantTexts(lounge, "first", "as you said")
		}
		_, err := s.Message(s.ctx, was.ID)
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.OriginalMessage(s.ctx, was.ID)
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.UndeleteMessage(s.ctx, was.ID, "john")
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.as("jane").Messages(s.ctx, lounge, chat.MessageQuery{Before: was.ID})
		wantErr(t, err, chat.ErrNotFound)
		if q := s.as("jane").message(quoting.ID); q.QuotedMessageID != "" || q.QuotedMessage != nil {
			t.Errorf("what quoted it still shows %q", q.QuotedMessageID)
		}
		if s.holds("xyzzy") {
			t.Error("the text is still in the store")
		}
		_, err = s.as("john").Send(s.ctx, lounge, chat.Draft{ID: was.ID, Text: "again"})
		wantErr(t, err, chat.ErrConflict)
		_, err = s.as("john").DeleteMessage(s.ctx, was.ID, chat.DeleteHard)
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestSoftThenHardPurges(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").send(lounge, "xyzzy")
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		if !s.holds("xyzzy") {
			t.Error("a soft delete lost the text")
		}
		s.as("john").deleteMessage(m.ID, chat.DeleteHard)
		s.as("jane").notSees(m.ID)
		s.as("jane").wantUnread(lounge, 0)
		s.as("jane").wantTexts(lounge)
		if s.holds("xyzzy") {
			t.Error("the text is still in the store")
		}
	})
}

func TestHardDeleteOfAParentDeletesItsReplies(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			parent := s.as("john").send(lounge, "parent")
			reply := func(d chat.Draft, o *chat.SendOptions) chat.MessageID {
				d.Text, d.ParentID = "xyzzy", parent.ID
				return s.send(lounge, "john", d, o).ID
			}
			replies := []chat.MessageID{
				reply(chat.Draft{}, nil),
				reply(chat.Draft{ShowInChannel: true}, nil),
				reply(chat.Draft{Restricted: []chat.UserID{"jane"}}, nil),
				reply(chat.Draft{Restricted: []chat.UserID{"jane"}, ShowInChannel: true}, nil),
				reply(chat.Draft{}, &chat.SendOptions{Pending: chat.PendingOn}),
			}
			s.as("jane").wantUnread(lounge, 3)
			s.as("john").deleteMessage(parent.ID, mode)
			if mode == chat.DeleteSoft {
				for _, id := range replies[:4] {
					s.as("jane").sees(id)
				}
				s.as("jane").wantUnread(lounge, 2)
				s.as("jane").wantTexts(lounge, "", "xyzzy", "xyzzy")
				s.as("john").deleteMessage(parent.ID, chat.DeleteHard)
			}
			for _, id := range append(replies, parent.ID) {
				s.as("jane").notSees(id)
				s.as("john").notSees(id)
				_, err := s.OriginalMessage(s.ctx, id)
				wantErr(t, err, chat.ErrNotFound)
			}
			s.as("jane").wantTexts(lounge)
			s.as("jane").wantUnread(lounge, 0)
			s.wantPending()
			if s.holds("xyzzy") {
				t.Error("a reply's text is still in the store")
			}
		}
	})
}

func TestHardDeletedReplyLeavesItsParent(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent")
		one := s.as("john").post(lounge, chat.Draft{Text: "one", ParentID: parent.ID})
		two := s.as("john").post(lounge, chat.Draft{Text: "two", ParentID: parent.ID})
		s.as("john").deleteMessage(one.ID, chat.DeleteHard)
		s.as("jane").notSees(one.ID)
		s.as("jane").sees(two.ID)
		s.as("jane").wantTexts(lounge, "parent")
	})
}

func TestDeleteForMeIsForThatUserAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		first := s.as("john").send(lounge, "first")
		was := s.as("john").post(lounge, rich("hello", first.ID))
		quoting := s.as("john").post(lounge, chat.Draft{Text: "as I said", QuotedID: was.ID})
		jane := s.as("jane")
		before := s.as("june").channel(lounge)
		list, err := jane.Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		lastBefore := list.Items[0].LastMessageAt

		s.check(jane.DeleteMessageForMe(s.ctx, was.ID))
		s.check(jane.DeleteMessageForMe(s.ctx, quoting.ID)) // the newest
		s.check(jane.DeleteMessageForMe(s.ctx, was.ID))     // again: nothing happens
		many, err := jane.MessagesByID(s.ctx, was.ID)
		s.check(err)
		for what, m := range map[string]chat.Message{
			"her read":    jane.message(was.ID),
			"her reads":   many[0],
			"her page":    jane.page(lounge, chat.MessageQuery{}).Items[1],
			"her channel": jane.channel(lounge).Messages[1],
		} {
			if !m.DeletedForMe || m.DeletedAt != nil {
				t.Errorf("%s: deleted for her is %v, deleted at %v", what, m.DeletedForMe, m.DeletedAt)
			}
			wantPlaceholder(t, what, m, was)
		}
		jane.wantUnread(lounge, 1)
		if state := jane.channel(lounge); state.LastMessageAt == nil || !state.LastMessageAt.Equal(*lastBefore) {
			t.Errorf("her last message is of %v, want %v: a delete for oneself does not move it", state.LastMessageAt, lastBefore)
		}
		_, err = jane.Send(s.ctx, lounge, chat.Draft{Text: "x", QuotedID: was.ID})
		wantErr(t, err, chat.ErrDeleted)

		wantSame(t, "what june sees", s.as("june").channel(lounge), before)
		wantSame(t, "what the author sees", s.as("john").message(was.ID), was)
		wantSame(t, "what the server sees", s.message(was.ID), was)
		_, err = s.UndeleteMessage(s.ctx, was.ID, "jane")
		wantErr(t, err, chat.ErrNotDeleted)

		// Quoted by another message it is a placeholder for her too.
		third := s.as("john").post(lounge, chat.Draft{Text: "once more", QuotedID: was.ID})
		q := jane.message(third.ID).QuotedMessage
		if q == nil || q.Text != "" || q.Type != chat.TypeDeleted || !q.DeletedForMe {
			t.Errorf("jane reads the quote %+v", q)
		}
		wantSameRefusal(t, "delete for me", was.ID+"x", func(id chat.MessageID) error { return jane.DeleteMessageForMe(s.ctx, id) })
	})
}

func TestAtMostAHundredMessagesOfAChannelAreDeletedForOneself(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		other := s.channel("messaging:other", "john", "jane")
		parent := s.as("john").send(lounge, "parent")
		jane := s.as("jane")
		var sent []chat.Message
		for i := range 102 {
			d := chat.Draft{Text: fmt.Sprint(i)}
			switch i % 3 { // wherever they lie
			case 0:
				d.ParentID = parent.ID
			case 1:
				d.Restricted = []chat.UserID{"jane"}
			}
			sent = append(sent, s.send(lounge, "john", d, nil))
		}
		for _, m := range sent[:100] {
			s.check(jane.DeleteMessageForMe(s.ctx, m.ID))
		}
		wantErr(t, jane.DeleteMessageForMe(s.ctx, sent[100].ID), chat.ErrLimit)
		if m := jane.message(sent[100].ID); m.DeletedForMe {
			t.Error("a refused delete was done")
		}
		s.check(jane.DeleteMessageForMe(s.ctx, sent[0].ID)) // again: nothing to do
		s.check(jane.DeleteMessageForMe(s.ctx, s.as("john").send(other, "elsewhere").ID))
		s.check(s.as("john").DeleteMessageForMe(s.ctx, sent[100].ID)) // each user has a hundred

		// A soft delete keeps the slot, a hard one frees it, of whichever kind.
		s.as("john").deleteMessage(sent[50].ID, chat.DeleteSoft)
		wantErr(t, jane.DeleteMessageForMe(s.ctx, sent[100].ID), chat.ErrLimit)
		s.as("john").deleteMessage(sent[0].ID, chat.DeleteHard)
		s.check(jane.DeleteMessageForMe(s.ctx, sent[100].ID))
		wantErr(t, jane.DeleteMessageForMe(s.ctx, sent[101].ID), chat.ErrLimit)
		s.as("john").deleteMessage(sent[1].ID, chat.DeleteHard)
		s.check(jane.DeleteMessageForMe(s.ctx, sent[101].ID))
		for _, m := range sent[2:] {
			if !jane.message(m.ID).DeletedForMe {
				t.Errorf("message %s is not deleted for jane any more", m.Text)
			}
		}
	})
}

func TestHowManyAreDeletedForOneselfIsConfigurable(t *testing.T) {
	eachDriverWith(t, &chat.Options{MaxDeletedForMe: 1}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "one").ID))
		wantErr(t, s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "two").ID), chat.ErrLimit)
	})
}

func TestDeleteLowersUnreadForAllItWasUnreadFor(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june", "jack")
		var sent []chat.Message
		for i := range 4 {
			sent = append(sent, s.as("john").send(lounge, fmt.Sprint(i)))
		}
		s.check(s.as("jane").MarkReadTo(s.ctx, sent[1].ID))
		s.check(s.as("jack").MarkRead(s.ctx, lounge))
		check := func(jane, june, jack int) {
			t.Helper()
			s.as("jane").wantUnread(lounge, jane)
			s.as("june").wantUnread(lounge, june)
			s.as("jack").wantUnread(lounge, jack)
		}
		check(2, 4, 0)
		s.as("john").deleteMessage(sent[0].ID, chat.DeleteSoft)
		check(2, 3, 0)
		s.as("john").deleteMessage(sent[2].ID, chat.DeleteSoft)
		check(1, 2, 0)
		s.as("john").deleteMessage(sent[3].ID, chat.DeleteHard)
		check(0, 1, 0)
		s.check(s.as("june").DeleteMessageForMe(s.ctx, sent[1].ID))
		check(0, 0, 0)
		s.undelete(sent[2].ID)
		check(1, 1, 0)
		s.undelete(sent[0].ID)
		check(1, 2, 0)
		s.as("john").deleteMessage(sent[1].ID, chat.DeleteSoft)
		s.undelete(sent[1].ID) // for-me marks stay
		check(1, 2, 0)
		if m := s.as("june").message(sent[1].ID); !m.DeletedForMe || m.Text != "" {
			t.Errorf("june reads %q again", m.Text)
		}
		s.as("jane").wantTexts(lounge, "0", "1", "2")
	})
}

func TestLastMessageIsTheNewestVisibleOneNotDeleted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		other := s.channel("messaging:other", "john", "jane", "june")
		s.channel(lounge, "john", "jane", "june")
		one := s.as("john").send(lounge, "one")
		s.sleep(time.Millisecond)
		s.as("john").send(other, "elsewhere")
		s.sleep(time.Millisecond)
		two := s.as("john").send(lounge, "two")
		three := s.whisper(lounge, "three", "jane")
		s.as("john").post(lounge, chat.Draft{Text: "four", ParentID: one.ID}) // a reply is not shown
		check := func(user chat.UserID, want string, first chat.CID) {
			t.Helper()
			state := s.as(user).channel(lounge)
			got := ""
			if state.LastMessage != nil {
				got = state.LastMessage.Text
				if !state.LastMessageAt.Equal(state.LastMessage.CreatedAt) {
					t.Errorf("%s's last message is of %v, not of %v", user, state.LastMessage.CreatedAt, state.LastMessageAt)
				}
			} else if state.LastMessageAt != nil {
				t.Errorf("%s has no last message, but one of %v", user, state.LastMessageAt)
			}
			if got != want {
				t.Errorf("%s's last message is %q, want %q", user, got, want)
			}
			list, err := s.as(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			if got := list.Items[0].Channel.CID; got != first {
				t.Errorf("%s's first channel is %s, want %s", user, got, first)
			}
		}
		check("jane", "three", lounge)
		check("june", "two", lounge)
		s.as("john").deleteMessage(three.ID, chat.DeleteSoft)
		check("jane", "two", lounge)
		s.as("john").deleteMessage(two.ID, chat.DeleteHard)
		check("jane", "one", other)
		check("june", "one", other)
		s.undelete(three.ID)
		check("jane", "three", lounge)
		check("june", "one", other)
		s.as("john").deleteMessage(three.ID, chat.DeleteHard)
		s.as("john").deleteMessage(one.ID, chat.DeleteSoft)
		check("jane", "", other)
		check("june", "", other)
		s.undelete(one.ID)
		check("june", "one", other)
	})
}

func TestUndeleteBringsBackTextTypeAndOrder(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		first := s.as("jane").send(lounge, "first")
		var was []chat.Message
		for _, d := range []chat.Draft{
			rich("regular", first.ID),
			{Text: "system", Type: chat.TypeSystem},
			{Text: "reply", ParentID: first.ID},
			{Text: "shown reply", ParentID: first.ID, ShowInChannel: true},
			{Text: "silent", Silent: true},
			{Text: "private", Restricted: []chat.UserID{"jane"}},
		} {
			was = append(was, s.send(lounge, "john", d, nil))
		}
		s.as("john").send(lounge, "last")
		s.as("jane").wantUnread(lounge, 5) // not the reply, not the silent one
		page := s.as("jane").page(lounge, chat.MessageQuery{})
		for _, m := range was {
			s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		}
		s.as("jane").wantUnread(lounge, 1)
		for _, m := range slices.Backward(was) {
			s.sleep(time.Millisecond)
			got := s.undelete(m.ID)
			if m.QuotedMessage != nil { // it has got replies since
				m.QuotedMessage = got.QuotedMessage
			}
			wantSame(t, "the undeleted "+m.Text, got, m)
		}
		again := s.as("jane").page(lounge, chat.MessageQuery{})
		again.Cursor = page.Cursor // it tells when it was read
		wantSame(t, "the page", again, page)
		s.as("jane").wantUnread(lounge, 5)
	})
}

func TestWhatUndeleteNeeds(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").send(lounge, "hello")
		refused := func(what string, id chat.MessageID, by chat.UserID, want error) {
			t.Helper()
			if _, err := s.UndeleteMessage(s.ctx, id, by); !errors.Is(err, want) {
				t.Errorf("%s: got the error %v, want %v", what, err, want)
			}
		}
		refused("not deleted", m.ID, "john", chat.ErrNotDeleted)
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		refused("in nobody's name", m.ID, "", chat.ErrInvalid)
		refused("in the name of one who does not exist", m.ID, "nobody", chat.ErrInvalid)
		s.check(s.DeactivateUser(s.ctx, "jane"))
		refused("in the name of one deactivated", m.ID, "jane", chat.ErrInvalid)
		s.check(s.ReactivateUser(s.ctx, "jane"))
		refused("an id that never was", "never-was", "john", chat.ErrNotFound)
		s.undelete(m.ID)

		reply := s.as("john").post(lounge, chat.Draft{Text: "reply", ParentID: m.ID})
		s.as("john").deleteMessage(reply.ID, chat.DeleteSoft)
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		refused("a reply of a deleted parent", reply.ID, "john", chat.ErrParentDeleted)
		s.undelete(m.ID)
		s.undelete(reply.ID)

		truncated := s.as("john").send(lounge, "truncated")
		s.as("john").deleteMessage(truncated.ID, chat.DeleteSoft)
		s.check(s.TruncateChannel(s.ctx, lounge, nil))
		refused("truncated", truncated.ID, "john", chat.ErrNotFound)

		lost := s.as("john").send(lounge, "lost")
		s.as("john").deleteMessage(lost.ID, chat.DeleteSoft)
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		refused("in a deleted channel", lost.ID, "john", chat.ErrChannelDeleted)
		if got := s.message(lost.ID); got.Type != chat.TypeDeleted {
			t.Errorf("a refused undelete left a %s message", got.Type)
		}
	})
}

func TestUndeleteOfAnOldMessageKeepsItsPlace(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		var sent []chat.Message
		for i := range 10 {
			sent = append(sent, s.as("john").send(lounge, fmt.Sprint(i)))
			s.sleep(time.Millisecond)
		}
		for _, i := range []int{9, 3, 4} {
			s.as("john").deleteMessage(sent[i].ID, chat.DeleteSoft)
		}
		s.undelete(sent[3].ID)
		s.as("jane").wantTexts(lounge, "0", "1", "2", "3", "", "5", "6", "7", "8", "")
		if last := s.as("jane").channel(lounge).LastMessage; last == nil || last.Text != "8" {
			t.Errorf("the last message is %v, want 8", last)
		}
	})
}

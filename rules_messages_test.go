package chat_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/chat"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

const room = chat.CID("messaging:room")

func TestIDIsTheCallersOrANewUUIDv7(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		if m := s.as("jane").post(room, chat.Draft{ID: "my own id/1", Text: "hi"}); m.ID != "my own id/1" {
			t.Errorf("the message has the id %q, want the caller's", m.ID)
		}
		m := s.as("jane").send(room, "hi")
		id, err := uuid.Parse(string(m.ID))
		if err != nil || id.Version() != 7 {
			t.Errorf("the message has the id %q, want a UUIDv7", m.ID)
		}
	})
}

func TestIDIsUniqueInTheWholeStore(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.channel("team:secret", "john")
		s.channel("messaging:other", "jane")
		s.as("john").post("team:secret", chat.Draft{ID: "m1", Text: "hi"})
		s.send(room, "john", chat.Draft{ID: "m2", Text: "hi"}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, id := range []chat.MessageID{"m1", "m2"} {
			for _, cid := range []chat.CID{room, "messaging:other"} {
				_, err := s.as("jane").Send(s.ctx, cid, chat.Draft{ID: id, Text: "hi"})
				wantFieldErr(t, err, chat.ErrConflict, "id")
				_, err = s.Send(s.ctx, cid, "jane", chat.Draft{ID: id, Text: "hi"}, nil)
				wantFieldErr(t, err, chat.ErrConflict, "id")
			}
		}
		s.as("jane").wantTexts(room)
		s.as("john").wantTexts("team:secret", "hi")
	})
}

func TestIDOfAHardDeletedMessageStaysTaken(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		draft := chat.Draft{ID: "m1", Text: "hi"}
		s.as("jane").post(room, draft)
		reply := chat.Draft{ID: "m2", Text: "hello", ParentID: "m1"}
		s.as("john").post(room, reply)
		_, err := s.DeleteMessage(s.ctx, "m1", chat.DeleteHard, "")
		s.check(err)
		held := chat.Draft{ID: "m3", Text: "held"}
		s.send(room, "jane", held, &chat.SendOptions{Pending: chat.PendingOn})
		_, err = s.DeleteMessage(s.ctx, "m3", chat.DeleteHard, "")
		s.check(err)
		for _, d := range []chat.Draft{draft, {ID: "m1", Text: "other"}, reply, held} {
			_, err := s.as("jane").Send(s.ctx, room, d)
			wantFieldErr(t, err, chat.ErrConflict, "id")
			_, err = s.Send(s.ctx, room, "jane", d, nil)
			wantFieldErr(t, err, chat.ErrConflict, "id")
		}
	})
}

func TestSendAgainIsARetry(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		jane := s.as("jane")
		draft := chat.Draft{
			ID: "m1", Text: "look", Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"n": 1},
			Attachments: []chat.Attachment{{Type: "image", ImageURL: "https://example.org/a.png"}},
		}
		first := jane.post(room, draft)
		for range 3 {
			wantSame(t, "the retry", jane.post(room, draft), first)
		}
		// The same words in other types are the same input.
		same := draft
		same.Type, same.Custom = chat.TypeRegular, chat.Custom{"n": 1.0}
		wantSame(t, "the retry in other words", jane.post(room, same), first)
		wantSame(t, "the retry by the application", s.send(room, "jane", draft, nil), first)
		jane.wantTexts(room, "look")
		s.as("john").wantUnread(room, 1)
	})
}

func TestARetryReturnsTheMessageAsItIsNow(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		jane := s.as("jane")
		draft := chat.Draft{ID: "m1", Text: "hi"}
		jane.post(room, draft)
		edited, err := jane.UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: "edited"})
		s.check(err)
		wantSame(t, "the retry after an edit", jane.post(room, draft), edited)

		_, err = s.SetFrozen(s.ctx, room, true)
		s.check(err)
		wantSame(t, "the retry in a frozen channel", jane.post(room, draft), edited)
		_, err = s.SetFrozen(s.ctx, room, false)
		s.check(err)

		deleted, err := jane.DeleteMessage(s.ctx, "m1", chat.DeleteSoft)
		s.check(err)
		wantSame(t, "the retry after a delete", jane.post(room, draft), deleted)
		if deleted.Type != chat.TypeDeleted || deleted.Text != "" {
			t.Errorf("the retry after a delete reads %q %q, want a placeholder", deleted.Type, deleted.Text)
		}

		held := chat.Draft{ID: "m2", Text: "held"}
		on := &chat.SendOptions{Pending: chat.PendingOn}
		pending := s.send(room, "jane", held, on)
		wantSame(t, "the retry of a pending message", s.send(room, "jane", held, on), pending)
		committed, err := s.CommitMessage(s.ctx, "m2")
		s.check(err)
		wantSame(t, "the retry of a committed message", s.send(room, "jane", held, on), committed)
		s.as("john").wantUnread(room, 1)
	})
}

func TestAnotherAuthorChannelOrInputIsAConflict(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		s.channel("messaging:other", "jane", "john")
		s.as("jane").post(room, chat.Draft{ID: "parent", Text: "parent"})
		first := s.as("jane").post(room, chat.Draft{ID: "m1", Text: "hi"})
		reply := chat.Draft{ID: "m2", Text: "hi", ParentID: "parent"}
		s.as("jane").post(room, reply)

		_, err := s.as("john").Send(s.ctx, room, chat.Draft{ID: "m1", Text: "hi"})
		wantFieldErr(t, err, chat.ErrConflict, "id")
		_, err = s.as("jane").Send(s.ctx, "messaging:other", chat.Draft{ID: "m1", Text: "hi"})
		wantFieldErr(t, err, chat.ErrConflict, "id")
		for what, d := range map[string]chat.Draft{
			"text":        {Text: "Hi"},
			"type":        {Text: "hi", Type: chat.TypeSystem},
			"attachments": {Text: "hi", Attachments: []chat.Attachment{{Type: "image"}}},
			"mentions":    {Text: "hi", Mentions: []chat.UserID{"john"}},
			"parent":      {Text: "hi", ParentID: "parent"},
			"quote":       {Text: "hi", QuotedID: "parent"},
			"restricted":  {Text: "hi", Restricted: []chat.UserID{"john"}},
			"silent":      {Text: "hi", Silent: true},
			"skip push":   {Text: "hi", SkipPush: true},
			"skip enrich": {Text: "hi", SkipEnrichURL: true},
			"custom":      {Text: "hi", Custom: chat.Custom{"a": 1}},
		} {
			d.ID = "m1"
			if _, err := s.Send(s.ctx, room, "jane", d, nil); err == nil {
				t.Errorf("a send with another %s passes for a retry", what)
			} else {
				wantFieldErr(t, err, chat.ErrConflict, "id")
			}
		}
		reply.ShowInChannel = true
		_, err = s.as("jane").Send(s.ctx, room, reply)
		wantFieldErr(t, err, chat.ErrConflict, "id")
		_, err = s.Send(s.ctx, room, "jane", chat.Draft{ID: "m1", Text: "hi"}, &chat.SendOptions{HTML: "<p>other</p>"})
		wantFieldErr(t, err, chat.ErrConflict, "id")
		wantSame(t, "the first message", s.message("m1"), first)

		// What goes with a pending message is part of the input.
		held := chat.Draft{ID: "held", Text: "hi"}
		pending := func(metadata map[string]string) *chat.SendOptions {
			return &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: metadata}
		}
		first = s.send(room, "jane", held, pending(map[string]string{"why": "new"}))
		for _, metadata := range []map[string]string{nil, {"why": "old"}, {"who": "new"}, {"why": "new", "who": "jane"}} {
			_, err = s.Send(s.ctx, room, "jane", held, pending(metadata))
			wantFieldErr(t, err, chat.ErrConflict, "id")
		}
		wantSame(t, "the pending message sent again", s.send(room, "jane", held, pending(map[string]string{"why": "new"})), first)
	})
}

func TestARetryDependsOnTheFirstInputNotOnTheMessageNow(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.as("jane").post(room, chat.Draft{ID: "m1", Text: "first"})
		_, err := s.as("jane").UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: "second"})
		s.check(err)
		_, err = s.as("jane").Send(s.ctx, room, chat.Draft{ID: "m1", Text: "second"})
		wantFieldErr(t, err, chat.ErrConflict, "id")
		if m := s.as("jane").post(room, chat.Draft{ID: "m1", Text: "first"}); m.Text != "second" {
			t.Errorf("the retry reads %q, want the message as it is now", m.Text)
		}
	})
}

func TestOrderIsThatOfCreatedAtWhichNeverRepeats(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		var sent []chat.Message
		for range 20 { // in a bubble, all at one moment of the clock
			sent = append(sent, s.as("jane").send(room, "hi"), s.send(room, "john", chat.Draft{Text: "ho"}, nil))
		}
		held := s.send(room, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		sent = append(sent, s.as("john").send(room, "after"))
		committed, err := s.CommitMessage(s.ctx, held.ID)
		s.check(err)
		sent = append(sent, committed)
		for i, m := range sent {
			if i > 0 && !m.CreatedAt.After(sent[i-1].CreatedAt) {
				t.Errorf("message %d was created at %v, not after the one before, of %v", i, m.CreatedAt, sent[i-1].CreatedAt)
			}
			if m.CreatedAt.Location() != time.UTC || m.CreatedAt.Nanosecond()%1000 != 0 {
				t.Errorf("message %d was created at %v, want UTC and whole microseconds", i, m.CreatedAt)
			}
		}
		wantSame(t, "the order read", ids(s.page(room, chat.MessageQuery{Limit: 300}).Items), ids(sent))
	})
}

func TestOrderHoldsWhenTheClockGoesBack(t *testing.T) {
	for driver, store := range map[string]storage.Store{
		"memory": memstore.New(),
		"bolt": func() storage.Store {
			store, err := boltstore.Open(filepath.Join(t.TempDir(), "chat.db"), &boltstore.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			return store
		}(),
	} {
		t.Run(driver, func(t *testing.T) {
			defer store.Close()
			var before, after chat.Message
			t.Run("now", func(t *testing.T) {
				s := newScenarioOn(t, store)
				s.channel(room, "jane", "john")
				before = s.as("jane").send(room, "before")
			})
			synctest.Test(t, func(t *testing.T) { // where it is the year 2000
				s := newScenarioOn(t, store)
				if !time.Now().Before(before.CreatedAt) {
					t.Fatal("the clock did not go back")
				}
				after = s.as("john").send(room, "after")
				s.as("john").wantTexts(room, "before", "after")
				s.as("jane").wantUnread(room, 1)
				s.as("john").wantUnread(room, 0)
			})
			if !after.CreatedAt.After(before.CreatedAt) {
				t.Errorf("created_at went back from %v to %v", before.CreatedAt, after.CreatedAt)
			}
		})
	}
}

// newScenarioOn is a scenario on a store that outlives it.
func newScenarioOn(t *testing.T, store storage.Store) *scenario {
	t.Helper()
	s := &scenario{t: t, ctx: context.Background(), store: store}
	s.open()
	t.Cleanup(func() { s.check(s.Close()) })
	return s
}

func TestMentionedUsersExistAndResultsCarryThemWhole(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.user(chat.User{ID: "ann", Name: "Ann", Custom: chat.Custom{"color": "red"}})
		m := s.as("jane").post(room, chat.Draft{Text: "@ann", Mentions: []chat.UserID{"ann", "john", "ann"}})
		ann, err := s.User(s.ctx, "ann")
		s.check(err)
		john, err := s.User(s.ctx, "john")
		s.check(err)
		wantSame(t, "the users mentioned", m.MentionedUsers, []chat.User{ann, john})

		_, err = s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Mentions: []chat.UserID{"ann", "nobody"}})
		wantFieldErr(t, err, chat.ErrInvalid, "mentioned_users[1]")
		_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", Mentions: []chat.UserID{"nobody"}}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "mentioned_users[0]")
	})
}

func TestOneMayMentionSomeoneOutsideAPrivateAudience(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		m := s.send(room, "jane", chat.Draft{
			Text: "not for @ann", Restricted: []chat.UserID{"john"}, Mentions: []chat.UserID{"ann"},
		}, nil)
		s.as("john").sees(m.ID)
		s.as("ann").notSees(m.ID)
		s.as("ann").wantUnread(room, 0)
	})
}

func TestAnEmptyMessageIsInvalid(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		quoted := s.as("john").send(room, "quote me")
		for _, text := range []string{"", " ", "\n\t \u00a0\u2003"} {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: text, Custom: chat.Custom{"a": 1}})
			wantFieldErr(t, err, chat.ErrInvalid, "text")
			_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: text}, &chat.SendOptions{HTML: "<p>hi</p>"})
			wantFieldErr(t, err, chat.ErrInvalid, "text")
		}
		s.as("jane").post(room, chat.Draft{Attachments: []chat.Attachment{{Type: "image"}}})
		s.as("jane").post(room, chat.Draft{QuotedID: quoted.ID})
		s.as("jane").wantTexts(room, "quote me", "", "")
	})
}

func TestCallersGiveRegularOrSystem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for _, kind := range []chat.MessageType{
			chat.TypeReply, chat.TypeDeleted, chat.TypeEphemeral, chat.TypeError, "Regular", "system ", "\xff",
		} {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Type: kind})
			wantFieldErr(t, err, chat.ErrInvalid, "type")
			_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", Type: kind}, nil)
			wantFieldErr(t, err, chat.ErrInvalid, "type")
		}
		for _, kind := range []chat.MessageType{"", chat.TypeRegular} {
			if m := s.as("jane").post(room, chat.Draft{Text: "hi", Type: kind}); m.Type != chat.TypeRegular {
				t.Errorf("a message sent as %q is %q, want regular", kind, m.Type)
			}
		}
		if m := s.send(room, "jane", chat.Draft{Text: "hi", Type: chat.TypeSystem}, nil); m.Type != chat.TypeSystem {
			t.Errorf("a message sent as system is %q", m.Type)
		}
	})
}

func TestAUserNeedsAPermissionForASystemMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.channel(room, "jane", "john", "boss", "ann")
		_, err := s.UpdateMember(s.ctx, room, "ann", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		s.check(err)
		draft := chat.Draft{Text: "hi", Type: chat.TypeSystem}
		_, err = s.as("jane").Send(s.ctx, room, draft)
		wantErr(t, err, chat.ErrPermission)
		for _, user := range []chat.UserID{"ann", "boss"} {
			if m := s.as(user).post(room, draft); m.Type != chat.TypeSystem {
				t.Errorf("the message of %s is %q, want system", user, m.Type)
			}
		}
	})
}

func TestAParentMakesAnyMessageAReply(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		parent := s.as("jane").send(room, "parent")
		for _, kind := range []chat.MessageType{"", chat.TypeRegular, chat.TypeSystem} {
			m := s.send(room, "john", chat.Draft{Text: "reply", Type: kind, ParentID: parent.ID}, nil)
			if m.Type != chat.TypeReply || m.ParentID != parent.ID {
				t.Errorf("a %q with a parent is %q of %q, want a reply of %q", kind, m.Type, m.ParentID, parent.ID)
			}
		}
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", ShowInChannel: true})
		wantFieldErr(t, err, chat.ErrInvalid, "show_in_channel")
	})
}

func TestAParentIsOfTheSameChannelAndNoReply(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.channel("messaging:other", "jane", "john")
		jane := s.as("jane")
		parent := jane.send(room, "parent")
		reply := jane.post(room, chat.Draft{Text: "reply", ParentID: parent.ID})
		elsewhere := jane.send("messaging:other", "elsewhere")

		_, err := jane.Send(s.ctx, room, chat.Draft{Text: "hi", ParentID: reply.ID})
		wantFieldErr(t, err, chat.ErrNestedReply, "parent_id")
		wantErr(t, err, chat.ErrInvalid)
		_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", ParentID: reply.ID}, nil)
		wantErr(t, err, chat.ErrNestedReply)
		for _, id := range []chat.MessageID{elsewhere.ID, "never"} {
			_, err = jane.Send(s.ctx, room, chat.Draft{Text: "hi", ParentID: id})
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", ParentID: id}, nil)
			wantErr(t, err, chat.ErrNotFound)
		}
	})
}

func TestASoftDeletedParentMayStillBeRepliedTo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		parent := s.as("jane").send(room, "parent")
		_, err := s.as("jane").DeleteMessage(s.ctx, parent.ID, chat.DeleteSoft)
		s.check(err)
		if m := s.as("john").post(room, chat.Draft{Text: "reply", ParentID: parent.ID}); m.Type != chat.TypeReply {
			t.Errorf("the answer is %q, want a reply", m.Type)
		}
		_, err = s.as("jane").DeleteMessage(s.ctx, parent.ID, chat.DeleteHard)
		s.check(err)
		_, err = s.as("john").Send(s.ctx, room, chat.Draft{Text: "reply", ParentID: parent.ID})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestAQuoteIsOfTheSameChannelAndFilledOneLevelDeep(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.channel("messaging:other", "jane", "john")
		first := s.as("jane").post(room, chat.Draft{Text: "first", Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"a": true}})
		second := s.as("john").post(room, chat.Draft{Text: "second", QuotedID: first.ID})
		third := s.as("jane").post(room, chat.Draft{Text: "third", QuotedID: second.ID})
		if second.QuotedMessageID != first.ID || second.QuotedMessage == nil {
			t.Fatalf("the second quotes %q %v, want the first, filled", second.QuotedMessageID, second.QuotedMessage)
		}
		wantSame(t, "the message quoted", *second.QuotedMessage, first)
		if third.QuotedMessage == nil || third.QuotedMessage.Text != "second" || third.QuotedMessage.QuotedMessage != nil {
			t.Errorf("the third quotes %+v, want the second without what that quotes", third.QuotedMessage)
		}

		// Nor in a page, where what that quotes is at hand.
		wantSame(t, "the page", s.as("john").page(room, chat.MessageQuery{}).Items, []chat.Message{first, second, third})

		elsewhere := s.as("jane").send("messaging:other", "elsewhere")
		for _, id := range []chat.MessageID{elsewhere.ID, "never"} {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", QuotedID: id})
			wantErr(t, err, chat.ErrNotFound)
		}
	})
}

func TestWhoMayNotSeeTheQuotedMessageSeesNoQuote(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		private := s.send(room, "john", chat.Draft{Text: "private", Restricted: []chat.UserID{"jane"}}, nil)
		m := s.as("jane").post(room, chat.Draft{Text: "hm", QuotedID: private.ID})
		if got := s.as("john").message(m.ID); got.QuotedMessageID != private.ID || got.QuotedMessage == nil {
			t.Errorf("john sees the quote %q %v, want it", got.QuotedMessageID, got.QuotedMessage)
		}
		if got := s.as("ann").message(m.ID); got.QuotedMessageID != "" || got.QuotedMessage != nil {
			t.Errorf("ann sees the quote %q %v, want none", got.QuotedMessageID, got.QuotedMessage)
		}
		_, err := s.as("ann").Send(s.ctx, room, chat.Draft{Text: "hm", QuotedID: private.ID})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestASilentMessageRaisesNobodysUnreadButMovesTheChannelUp(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").post(room, chat.Draft{Text: "psst", Silent: true})
		if !m.Silent {
			t.Error("the message does not say that it is silent")
		}
		s.as("john").wantUnread(room, 0)
		state := s.as("john").channel(room)
		if state.LastMessageAt == nil || !state.LastMessageAt.Equal(m.CreatedAt) {
			t.Errorf("last_message_at is %v, want %v", state.LastMessageAt, m.CreatedAt)
		}
		s.as("jane").post(room, chat.Draft{Text: "no push", SkipPush: true})
		s.as("john").wantUnread(room, 1)

		// It cannot be changed later.
		_, err := s.PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{"silent": false}})
		wantFieldErr(t, err, chat.ErrInvalid, "silent")
		edited, err := s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "loud"})
		s.check(err)
		if !edited.Silent {
			t.Error("an update made the message loud")
		}
	})
}

func TestHTMLIsMadeFromTheText(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for text, want := range map[string]string{
			"hello":                         "<p>hello</p>\n",
			"a < b & \"c\"":                 "<p>a &lt; b &amp; &quot;c&quot;</p>\n",
			"**bold** and *soft* and ~~x~~": "<p><strong>bold</strong> and <em>soft</em> and <del>x</del></p>\n",
			"`code <b>`":                    "<p><code>code &lt;b&gt;</code></p>\n",
		} {
			if m := s.as("jane").send(room, text); m.HTML != want || m.Text != text {
				t.Errorf("%q becomes the text %q and the html %q, want %q", text, m.Text, m.HTML, want)
			}
		}
		for _, text := range []string{
			"<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<JAVASCRIPT:alert(1)>",
			"[x](JAVASCRIPT:alert(1))", "![x](data:text/html;base64,eA)", "[x](vbscript:x)",
		} {
			m := s.as("jane").send(room, text)
			for _, bad := range []string{"<script", "<img src=x", `"javascript:`, `"JAVASCRIPT:`, `"vbscript:`, `"data:text`} {
				if strings.Contains(m.HTML, bad) {
					t.Errorf("%q becomes the html %q", text, m.HTML)
				}
			}
		}
	})
}

func TestHTMLOfTheApplicationIsRebuilt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		given := `<P onclick="x()">hi <b>there<script>alert(1)</script> <a href="javascript:x" title="y">bad</a> ` +
			`<a href="https://example.org/?a=1&amp;b" style="x">good</a><img src="https://example.org/x.png">`
		const want = `<p>hi <b>there bad ` +
			`<a href="https://example.org/?a=1&amp;b" rel="nofollow noopener noreferrer ugc">good</a>` +
			`<a href="https://example.org/x.png" rel="nofollow noopener noreferrer ugc">https://example.org/x.png</a></b></p>`
		m := s.send(room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{HTML: given})
		if m.HTML != want || m.Text != "hi" {
			t.Errorf("sent, the html is %q and the text %q, want %q", m.HTML, m.Text, want)
		}
		m = s.as("jane").send(room, "hi")
		m, err := s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "ho"}, &chat.UpdateOptions{HTML: given})
		s.check(err)
		if m.HTML != want || m.Text != "ho" {
			t.Errorf("updated, the html is %q and the text %q, want %q", m.HTML, m.Text, want)
		}
		m = s.as("jane").send(room, "hi")
		m, err = s.PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{"html": given}})
		s.check(err)
		if m.HTML != want || m.Text != "hi" {
			t.Errorf("patched, the html is %q and the text %q, want %q", m.HTML, m.Text, want)
		}
	})
}

func TestHTMLOfWhichNothingIsLeftIsInvalid(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.as("jane").post(room, chat.Draft{ID: "m1", Text: "hi"})
		before := s.dump()
		for _, html := range []string{`<script>x</script>`, `<img src=x>`, `<!-- x -->`, " \n", `<style>p { color: red }</style>`} {
			_, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{HTML: html})
			wantFieldErr(t, err, chat.ErrInvalid, "html")
			_, err = s.UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: "ho"}, &chat.UpdateOptions{HTML: html})
			wantFieldErr(t, err, chat.ErrInvalid, "html")
			_, err = s.PatchMessage(s.ctx, "m1", set("text", "ho", "html", html))
			wantFieldErr(t, err, chat.ErrInvalid, "html")
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

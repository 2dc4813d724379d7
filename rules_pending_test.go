package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
)

// hold is what a user sends and the application holds back.
func (s *scenario) hold(cid chat.CID, author chat.UserID, text string) chat.Message {
	s.t.Helper()
	return s.send(cid, author, chat.Draft{Text: text}, &chat.SendOptions{Pending: chat.PendingOn})
}

func (s *scenario) commit(id chat.MessageID) chat.Message {
	s.t.Helper()
	m, err := s.CommitMessage(s.ctx, id)
	s.check(err)
	return m
}

// pending are the texts of the server's list of pending messages.
func (s *scenario) pending(cid chat.CID) []string {
	s.t.Helper()
	page, err := s.PendingMessages(s.ctx, chat.PendingQuery{CID: cid, Limit: 300})
	s.check(err)
	return texts(page.Items)
}

// wantPending checks the server's list of pending messages of all channels.
func (s *scenario) wantPending(want ...string) {
	s.t.Helper()
	if got := s.pending(""); !slices.Equal(got, want) {
		s.t.Errorf("pending are %q, want %q", got, want)
	}
}

func TestTypeChannelOrSendMakesAMessagePending(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name     string
		kind     bool
		override *bool
		options  *chat.SendOptions // nil: the user's own send
		want     bool
	}{
		{"nothing says so", false, nil, nil, false},
		{"the type says so", true, nil, nil, true},
		{"the channel says so", false, &yes, nil, true},
		{"the channel says no", true, &no, nil, false},
		{"the server leaves it to the type", true, nil, &chat.SendOptions{}, true},
		{"the server's send says so", false, nil, &chat.SendOptions{Pending: chat.PendingOn}, true},
		{"the server's send says no to the type", true, nil, &chat.SendOptions{Pending: chat.PendingOff}, false},
		{"the server's send says no to the channel", false, &yes, &chat.SendOptions{Pending: chat.PendingOff}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				s.channel(lounge, "john", "jane")
				s.check(s.UpdateChannelType(s.ctx, "messaging", func(k *chat.ChannelType) error {
					k.MarkMessagesPending = test.kind
					return nil
				}))
				_, err := s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{MarkMessagesPending: test.override})
				s.check(err)
				var m chat.Message
				if test.options == nil {
					m = s.as("john").send(lounge, "hello")
				} else {
					m = s.send(lounge, "john", chat.Draft{Text: "hello"}, test.options)
				}
				if got := m.Pending != nil; got != test.want {
					t.Errorf("pending is %v, want %v", got, test.want)
				}
				if got := len(s.pending(lounge)) == 1; got != test.want {
					t.Errorf("listed as pending is %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestMetadataGoesWithAPendingMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		metadata := map[string]string{"why": "new account", "score": "0.97"}
		draft := chat.Draft{Text: "hello"}
		held := s.send(lounge, "john", draft, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: metadata})
		list, err := s.PendingMessages(s.ctx, chat.PendingQuery{})
		s.check(err)
		many, err := s.as("john").MessagesByID(s.ctx, held.ID)
		s.check(err)
		for what, m := range map[string]chat.Message{
			"the send":             held,
			"the server's read":    s.message(held.ID),
			"the server's list":    list.Items[0],
			"the author's read":    s.as("john").message(held.ID),
			"the author's reads":   many[0],
			"the author's channel": s.as("john").channel(lounge).Pending[0],
		} {
			if m.Pending == nil {
				t.Errorf("%s does not say that it is pending", what)
				continue
			}
			wantSame(t, "metadata of "+what, m.Pending.Metadata, metadata)
			raw, err := json.Marshal(m)
			s.check(err)
			if !strings.Contains(string(raw), `"pending_message_metadata":{"score":"0.97","why":"new account"}`) {
				t.Errorf("%s is %s", what, raw)
			}
		}
		if m := s.commit(held.ID); m.Pending != nil {
			t.Error("a committed message has metadata")
		}

		_, err = s.Send(s.ctx, lounge, "john", draft, &chat.SendOptions{PendingMetadata: metadata})
		wantFieldErr(t, err, chat.ErrInvalid, "pending_message_metadata")
		for _, bad := range []map[string]string{
			{"k": strings.Repeat("x", 5<<10)}, {"k": "a\x00b"}, {"\xff": "v"},
		} {
			_, err = s.Send(s.ctx, lounge, "john", draft, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: bad})
			wantFieldErr(t, err, chat.ErrInvalid, "pending_message_metadata")
		}
		// {"k":"…"} is eight bytes more than the value.
		fits := map[string]string{"k": strings.Repeat("x", 5<<10-8)}
		s.send(lounge, "john", draft, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: fits})
	})
}

func TestPendingMessageExistsForItsAuthorAndTheServerAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "anna", Role: chat.RoleAdmin})
		s.channel(lounge, "john", "jane", "anna")
		other := s.channel("messaging:other", "john", "jane", "anna")
		first := s.as("john").send(lounge, "first")
		s.sleep(time.Millisecond)
		s.as("john").send(other, "second")
		s.sleep(time.Millisecond)
		s.check(s.as("jane").HideChannel(s.ctx, lounge, false))

		held := s.send(lounge, "john", chat.Draft{Text: "held @jane", Mentions: []chat.UserID{"jane"}}, &chat.SendOptions{Pending: chat.PendingOn})
		reply := s.send(lounge, "john", chat.Draft{Text: "held too", ParentID: first.ID, ShowInChannel: true}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, user := range []chat.UserID{"jane", "anna"} {
			who := s.as(user)
			who.notSees(held.ID)
			who.notSees(reply.ID)
			who.wantTexts(lounge, "first")
			who.wantUnread(lounge, 1)
			state := who.channel(lounge)
			if len(state.Pending) != 0 || state.LastMessageAt == nil || !state.LastMessageAt.Equal(first.CreatedAt) || state.Unread != 1 {
				t.Errorf("%s sees of the channel %+v", user, state)
			}
			if parent := who.message(first.ID); parent.ReplyCount != 0 || len(parent.ThreadParticipants) != 0 {
				t.Errorf("%s sees %d replies", user, parent.ReplyCount)
			}
			list, err := who.Channels(s.ctx, chat.ChannelQuery{Filter: chat.Exists("hidden", true)})
			s.check(err)
			if len(list.Items) != 2 || list.Items[0].Channel.CID != other {
				t.Errorf("a pending message moved %s up", lounge)
			}
		}
		if !s.as("jane").channel(lounge).Hidden {
			t.Error("a pending message brought a hidden channel back")
		}
		// It is in no message list, the author's and the server's included.
		s.as("john").wantTexts(lounge, "first")
		if got := s.texts(lounge); !slices.Equal(got, []string{"first"}) {
			t.Errorf("the server lists the messages %q", got)
		}
		if m := s.as("john").channel(lounge).LastMessage; m == nil || m.ID != first.ID {
			t.Errorf("the author's last message is %v, want the first", m)
		}
		s.as("john").sees(held.ID)
		s.as("john").sees(reply.ID)
		if m := s.message(held.ID); m.Text != "held @jane" || m.Pending == nil {
			t.Errorf("the server reads %q, pending %v", m.Text, m.Pending)
		}
		if got := texts(s.as("john").channel(lounge).Pending); !slices.Equal(got, []string{"held @jane", "held too"}) {
			t.Errorf("the author's pending messages are %q", got)
		}
		s.wantPending("held @jane", "held too")
	})
}

func TestPendingSendDoesNotMarkTheChannelRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "one")
		s.as("john").send(lounge, "two")
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(k *chat.ChannelType) error {
			k.MarkMessagesPending = true
			return nil
		}))
		held := s.as("jane").send(lounge, "held")
		s.as("jane").wantUnread(lounge, 2)
		s.commit(held.ID)
		s.as("jane").wantUnread(lounge, 2)
		s.as("john").wantUnread(lounge, 1)
	})
}

func TestChannelQueryShowsTheNewestHundredPendingOldestFirst(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		other := s.channel("messaging:other", "john")
		var want []string
		for i := range 105 {
			text := fmt.Sprint("held ", i)
			s.hold(lounge, "john", text)
			if i >= 5 {
				want = append(want, text)
			}
		}
		s.hold(lounge, "jane", "held of jane")
		s.hold(other, "john", "held elsewhere")
		if got := texts(s.as("john").channel(lounge).Pending); !slices.Equal(got, want) {
			t.Errorf("john's pending messages are %d: %q", len(got), got)
		}
		list, err := s.as("john").Channels(s.ctx, chat.ChannelQuery{Filter: chat.Eq("cid", string(lounge)), Messages: chat.None})
		s.check(err)
		if got := texts(list.Items[0].Pending); !slices.Equal(got, want) {
			t.Errorf("john's pending messages in a query are %d: %q", len(got), got)
		}
		if got := texts(s.as("jane").channel(lounge).Pending); !slices.Equal(got, []string{"held of jane"}) {
			t.Errorf("jane's pending messages are %q", got)
		}
	})
}

func TestServerListsPendingMessagesOldestFirst(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		other := s.channel("messaging:other", "john", "jane")
		s.channel(lounge, "john", "jane")
		var all, here []string
		for i := range 11 {
			cid, author := lounge, chat.UserID("john")
			if i%3 == 0 {
				cid = other
			}
			if i%2 == 0 {
				author = "jane"
			}
			m := s.hold(cid, author, fmt.Sprint("held ", i))
			all = append(all, m.Text)
			if cid == lounge {
				here = append(here, m.Text)
			}
			s.sleep(time.Millisecond)
		}
		for cid, want := range map[chat.CID][]string{"": all, lounge: here} {
			var got []string
			q := chat.PendingQuery{CID: cid, Limit: 3}
			for {
				page, err := s.PendingMessages(s.ctx, q)
				s.check(err)
				got = append(got, texts(page.Items)...)
				if page.Prev != "" {
					t.Error("the list is read forwards, but has a page before")
				}
				if q.Page = page.Next; q.Page == "" {
					break
				}
				if len(page.Items) != 3 {
					t.Fatalf("a page has %d messages, want 3", len(page.Items))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("pending in %q are %q, want %q", cid, got, want)
			}
		}
		for _, q := range []chat.PendingQuery{{Limit: 301}, {Limit: -1}, {Page: "rubbish"}, {CID: "rubbish"}} {
			_, err := s.PendingMessages(s.ctx, q)
			wantErr(t, err, chat.ErrInvalid)
		}
		_, err := s.PendingMessages(s.ctx, chat.PendingQuery{CID: "messaging:none"})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestWhatOneMayNotDoWithAPendingMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "anna", Role: chat.RoleAdmin})
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		mine := map[chat.UserID]chat.Message{}
		for _, user := range []chat.UserID{"john", "jane", "anna"} {
			mine[user] = s.as(user).send(lounge, "of "+string(user))
		}
		calls := func(who *actor) map[string]func(chat.MessageID) error {
			return map[string]func(chat.MessageID) error{
				"update": func(id chat.MessageID) error {
					_, err := who.UpdateMessage(s.ctx, id, chat.MessageUpdate{Text: "x"})
					return err
				},
				"patch": func(id chat.MessageID) error {
					_, err := who.PatchMessage(s.ctx, id, chat.Patch{Set: map[string]any{"text": "x"}})
					return err
				},
				"reply": func(id chat.MessageID) error {
					_, err := who.Send(s.ctx, lounge, chat.Draft{Text: "x", ParentID: id})
					return err
				},
				"quote": func(id chat.MessageID) error {
					_, err := who.Send(s.ctx, lounge, chat.Draft{Text: "x", QuotedID: id})
					return err
				},
				"quote in an update": func(id chat.MessageID) error {
					_, err := who.UpdateMessage(s.ctx, mine[who.User()].ID, chat.MessageUpdate{Text: "x", QuotedID: id})
					return err
				},
				"soft delete": func(id chat.MessageID) error { _, err := who.DeleteMessage(s.ctx, id, chat.DeleteSoft); return err },
				"for me":      func(id chat.MessageID) error { return who.DeleteMessageForMe(s.ctx, id) },
				"mark unread": func(id chat.MessageID) error { return who.MarkUnread(s.ctx, id) },
			}
		}
		for what, call := range calls(s.as("john")) {
			if err := call(held.ID); !errors.Is(err, chat.ErrPending) {
				t.Errorf("%s by the author: got the error %v, want ErrPending", what, err)
			}
		}
		for _, user := range []chat.UserID{"jane", "anna"} {
			for what, call := range calls(s.as(user)) {
				wantSameRefusal(t, string(user)+" "+what, held.ID, call)
			}
			wantSameRefusal(t, string(user)+" hard delete", held.ID, func(id chat.MessageID) error {
				_, err := s.as(user).DeleteMessage(s.ctx, id, chat.DeleteHard)
				return err
			})
		}
		_, update := s.UpdateMessage(s.ctx, held.ID, chat.MessageUpdate{Text: "x"}, nil)
		_, patch := s.PatchMessage(s.ctx, held.ID, chat.Patch{Set: map[string]any{"text": "x"}})
		_, reply := s.Send(s.ctx, lounge, "john", chat.Draft{Text: "x", ParentID: held.ID}, nil)
		_, quote := s.Send(s.ctx, lounge, "john", chat.Draft{Text: "x", QuotedID: held.ID}, nil)
		_, soft := s.DeleteMessage(s.ctx, held.ID, chat.DeleteSoft, "")
		_, undelete := s.UndeleteMessage(s.ctx, held.ID, "john")
		for what, err := range map[string]error{
			"update": update, "patch": patch, "reply": reply, "quote": quote, "soft delete": soft, "undelete": undelete,
		} {
			if !errors.Is(err, chat.ErrPending) {
				t.Errorf("%s by the server: got the error %v, want ErrPending", what, err)
			}
		}
		if m := s.message(held.ID); m.Text != "held" || m.Pending == nil {
			t.Errorf("the message reads %q, pending %v, after all that was refused", m.Text, m.Pending)
		}
	})
}

func TestAuthorOrServerDeletesAPendingMessageForGood(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		byAuthor := s.send(lounge, "john", chat.Draft{ID: "m1", Text: "one"}, &chat.SendOptions{Pending: chat.PendingOn})
		byServer := s.hold(lounge, "john", "two")
		// Even who may not delete what is theirs may withdraw what was not posted.
		_, err := s.SetOverrides(s.ctx, lounge, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.RoleUser: {}}})
		s.check(err)
		m, err := s.as("john").DeleteMessage(s.ctx, byAuthor.ID, chat.DeleteHard)
		s.check(err)
		if m.Type != chat.TypeDeleted || m.Text != "" || m.ID != byAuthor.ID {
			t.Errorf("the returned copy is %+v", m)
		}
		_, err = s.DeleteMessage(s.ctx, byServer.ID, chat.DeleteHard, "jane")
		s.check(err)
		s.wantPending()
		for _, id := range []chat.MessageID{byAuthor.ID, byServer.ID} {
			s.as("john").notSees(id)
			for _, read := range []func() error{
				func() error { _, err := s.Message(s.ctx, id); return err },
				func() error { _, err := s.OriginalMessage(s.ctx, id); return err },
				func() error { _, err := s.DeleteMessage(s.ctx, id, chat.DeleteHard, ""); return err },
			} {
				wantErr(t, read(), chat.ErrNotFound)
			}
			_, err = s.CommitMessage(s.ctx, id)
			wantErr(t, err, chat.ErrNotPending)
		}
		_, err = s.Send(s.ctx, lounge, "john", chat.Draft{ID: "m1", Text: "one"}, &chat.SendOptions{Pending: chat.PendingOn})
		wantErr(t, err, chat.ErrConflict)
	})
}

func TestCommittedMessageAppearsAsNew(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		draft := chat.Draft{ID: "m1", Text: "held", Mentions: []chat.UserID{"jane"}, Custom: chat.Custom{"mood": "calm"}}
		options := &chat.SendOptions{Pending: chat.PendingOn}
		held := s.send(lounge, "john", draft, options)
		s.sleep(time.Millisecond)
		meanwhile := s.as("john").send(lounge, "meanwhile")
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		s.sleep(time.Millisecond)

		m := s.commit(held.ID)
		if m.ID != "m1" || m.Pending != nil || m.Text != "held" || m.Type != chat.TypeRegular || m.Custom["mood"] != "calm" {
			t.Errorf("committed is %+v", m)
		}
		if m.SentAt == nil || !m.SentAt.Equal(held.CreatedAt) {
			t.Errorf("sent at %v, want %v", m.SentAt, held.CreatedAt)
		}
		if !m.CreatedAt.After(meanwhile.CreatedAt) || held.SentAt != nil {
			t.Errorf("created at %v, want a time after %v", m.CreatedAt, meanwhile.CreatedAt)
		}
		for _, user := range []chat.UserID{"john", "jane"} {
			s.as(user).wantTexts(lounge, "meanwhile", "held")
			wantSame(t, "what is read after the commit", s.as(user).message("m1"), m)
			if last := s.as(user).channel(lounge).LastMessage; last == nil || last.ID != "m1" {
				t.Errorf("%s's last message is %v", user, last)
			}
			if list := s.as(user).channel(lounge).Pending; len(list) != 0 {
				t.Errorf("%s has %d pending messages left", user, len(list))
			}
		}
		s.as("jane").wantUnread(lounge, 1)
		s.as("john").wantUnread(lounge, 0)
		s.wantPending()
		wantSame(t, "the same send again", s.send(lounge, "john", draft, options), m)

		// From now on it is a message like others.
		_, err := s.as("john").UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: "edited"})
		s.check(err)
		_, err = s.as("john").DeleteMessage(s.ctx, "m1", chat.DeleteSoft)
		s.check(err)
		s.as("jane").wantUnread(lounge, 0)
		_, err = s.UndeleteMessage(s.ctx, "m1", "john")
		s.check(err)
		s.as("jane").wantTexts(lounge, "meanwhile", "edited")
		s.as("jane").wantUnread(lounge, 1)
	})
}

func TestCommittedPrivateMessageIsForItsAudience(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		privateRoom(s)
		held := s.send(lounge, "john", chat.Draft{Text: "held", Restricted: []chat.UserID{"jane"}}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, user := range []chat.UserID{"jane", "june", "anna"} {
			s.as(user).notSees(held.ID)
		}
		s.commit(held.ID)
		s.as("jane").sees(held.ID)
		s.as("jane").wantUnread(lounge, 1)
		s.as("june").notSees(held.ID)
		s.as("june").wantTexts(lounge)
		s.as("june").wantUnread(lounge, 0)
	})
}

func TestCommittedReplyIsAReply(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("jane").send(lounge, "parent")
		on := &chat.SendOptions{Pending: chat.PendingOn}
		hidden := s.send(lounge, "john", chat.Draft{Text: "in the thread", ParentID: parent.ID}, on)
		shown := s.send(lounge, "john", chat.Draft{Text: "in both", ParentID: parent.ID, ShowInChannel: true}, on)
		_, err := s.DeleteMessage(s.ctx, parent.ID, chat.DeleteSoft, "")
		s.check(err) // a soft-deleted parent may still be replied to
		for _, id := range []chat.MessageID{hidden.ID, shown.ID} {
			if m := s.commit(id); m.Type != chat.TypeReply || m.ParentID != parent.ID {
				t.Errorf("committed is a %s to %q", m.Type, m.ParentID)
			}
			s.as("jane").sees(id)
		}
		s.as("jane").wantTexts(lounge, "", "in both")
		s.as("jane").wantUnread(lounge, 1)
	})
}

func TestCommitOfWhatIsNotPending(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		s.commit(held.ID)
		_, err := s.CommitMessage(s.ctx, held.ID)
		wantErr(t, err, chat.ErrNotPending)
		_, err = s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		_, err = s.CommitMessage(s.ctx, held.ID)
		wantErr(t, err, chat.ErrNotPending)

		_, err = s.CommitMessage(s.ctx, "never-was")
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.CommitMessage(s.ctx, "")
		wantFieldErr(t, err, chat.ErrInvalid, "id")
		public := s.as("john").send(lounge, "public")
		_, err = s.CommitMessage(s.ctx, public.ID)
		wantErr(t, err, chat.ErrNotPending)
	})
}

func TestFrozenOrDeletedChannelLeavesItPending(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		_, err := s.SetFrozen(s.ctx, lounge, true)
		s.check(err)
		_, err = s.CommitMessage(s.ctx, held.ID)
		wantErr(t, err, chat.ErrFrozen)
		s.wantPending("held")
		s.as("john").sees(held.ID)
		_, err = s.SetFrozen(s.ctx, lounge, false)
		s.check(err)
		s.commit(held.ID)

		held = s.hold(lounge, "john", "held again")
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		_, err = s.CommitMessage(s.ctx, held.ID)
		wantErr(t, err, chat.ErrChannelDeleted)
		s.wantPending("held again")
		if m := s.message(held.ID); m.Pending == nil {
			t.Error("it is not pending any more")
		}
		s.as("john").notSees(held.ID)
	})
}

func TestOneOfManyCommitsWins(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		won := s.race(32, chat.ErrNotPending, func(int) error { _, err := s.CommitMessage(s.ctx, held.ID); return err })
		if won != 1 {
			t.Errorf("%d of 32 commits won, want 1", won)
		}
		s.as("jane").wantTexts(lounge, "held")
		s.as("jane").wantUnread(lounge, 1)
	})
}

func TestOneOfManyDeletesWins(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		won := s.race(32, chat.ErrNotFound, func(i int) error {
			if i%2 == 0 {
				_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
				return err
			}
			_, err := s.as("john").DeleteMessage(s.ctx, held.ID, chat.DeleteHard)
			return err
		})
		if won != 1 {
			t.Errorf("%d of 32 deletes won, want 1", won)
		}
		s.wantPending()
	})
}

func TestCommitAndDeleteOfOneMessage(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		for i := range 32 {
			text := fmt.Sprint("held ", i)
			held := s.hold(lounge, "john", text)
			var commit, remove error
			var both sync.WaitGroup
			both.Go(func() { _, commit = s.CommitMessage(s.ctx, held.ID) })
			both.Go(func() { _, remove = s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "") })
			both.Wait()
			s.check(remove) // it deletes whatever is there
			if commit != nil {
				wantErr(t, commit, chat.ErrNotPending)
			}
			// Only a message that was pending when deleted is told of.
			if commit == nil {
				told.want(s, "sent "+text)
			} else {
				told.want(s, "sent "+text, "deleted "+text)
			}
			told.reset()
			s.as("jane").wantTexts(lounge)
			s.as("jane").wantUnread(lounge, 0)
		}
	})
}

// race makes n calls at the same time and counts those that won; the others
// must be refused as lost says.
func (s *scenario) race(n int, lost error, call func(int) error) (won int) {
	s.t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	calls.Wait()
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, lost) {
			s.t.Errorf("got the error %v, want %v", err, lost)
		}
	}
	return won
}

package chat_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"example.com/chat"
)

// bouncer is a Moderator that remembers what it was asked, and answers as the
// story says.
type bouncer struct {
	guard  sync.Mutex
	asked  []chat.Proposal
	answer func(context.Context, chat.Proposal) (chat.Verdict, error) // nil: Allow
}

func (b *bouncer) Moderate(ctx context.Context, p chat.Proposal) (chat.Verdict, error) {
	b.guard.Lock()
	b.asked = append(b.asked, p)
	answer := b.answer
	b.guard.Unlock()
	if answer == nil {
		return chat.Verdict{}, nil
	}
	return answer(ctx, p)
}

// says has the bouncer answer one verdict to all.
func (b *bouncer) says(v chat.Verdict) {
	b.does(func(context.Context, chat.Proposal) (chat.Verdict, error) { return v, nil })
}

// edits has the bouncer change each message.
func (b *bouncer) edits(edit func(*chat.MessageContent)) {
	b.does(func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
		c := p.Content()
		edit(&c)
		return chat.Verdict{Change: &c}, nil
	})
}

func (b *bouncer) does(answer func(context.Context, chat.Proposal) (chat.Verdict, error)) {
	b.guard.Lock()
	defer b.guard.Unlock()
	b.answer = answer
}

// wasAsked are the questions since it was called last.
func (b *bouncer) wasAsked() []chat.Proposal {
	b.guard.Lock()
	defer b.guard.Unlock()
	list := b.asked
	b.asked = nil
	return list
}

func (b *bouncer) wantAsked(t *testing.T, want int, what string) []chat.Proposal {
	t.Helper()
	list := b.wasAsked()
	if len(list) != want {
		t.Errorf("%s: the moderator was asked %d times, want %d", what, len(list), want)
	}
	return list
}

// eachDriverModerated is eachDriverWith a bouncer, in a room of jane and john
// whose moderator is mod.
func eachDriverModerated(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, b *bouncer)) {
	t.Helper()
	b := &bouncer{}
	var o chat.Options
	if options != nil {
		o = *options
	}
	o.Moderator = b
	eachDriverWith(t, &o, func(t *testing.T, s *scenario) {
		*b = bouncer{}
		s.channel(room, "owner", "jane", "john")
		s.users("mod")
		s.check(s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "mod", Role: chat.RoleChannelModerator}}, nil))
		story(t, s, b)
	})
}

func TestModeratorIsAskedBeforeASendAndAnEdit(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		sent := s.as("jane").post(room, chat.Draft{
			ID: "m", Text: "*hello*", Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"color": "red"},
			Attachments: []chat.Attachment{{Title: "a"}},
		})
		p := b.wantAsked(t, 1, "a send")[0]
		if p.Before != nil || p.By != "jane" {
			t.Errorf("the question about a send is by %q, with %+v before", p.By, p.Before)
		}
		p.Message.CreatedAt, p.Message.UpdatedAt = sent.CreatedAt, sent.UpdatedAt
		wantSame(t, "the message asked about", p.Message, sent)
		wantSame(t, "its content", p.Content(), chat.MessageContent{
			Text: "*hello*", Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"color": "red"}, Attachments: []chat.Attachment{{Title: "a"}},
		})

		edited := s.as("jane").patch("m", chat.Patch{Set: map[string]any{"text": "bye", "size": 1}})
		p = b.wantAsked(t, 1, "a patch")[0]
		wantSame(t, "what was before", *p.Before, sent)
		p.Message.UpdatedAt, p.Message.MessageTextUpdatedAt = edited.UpdatedAt, edited.MessageTextUpdatedAt
		wantSame(t, "the edit asked about", p.Message, edited)
		if p.By != "jane" {
			t.Errorf("the patch is by %q", p.By)
		}
		s.as("jane").update("m", chat.MessageUpdate{Text: "again"})
		p = b.wantAsked(t, 1, "an update")[0]
		wantSame(t, "the content of an update", p.Content(), chat.MessageContent{Text: "again"})
	})
}

func TestModeratorChangesWhatMayBeChanged(t *testing.T) {
	options := &chat.Options{Previews: chat.PreviewOptions{Enricher: chat.EnricherFunc(func(_ context.Context, url string) (chat.Attachment, error) {
		return chat.Attachment{Title: "page of " + url}, nil
	})}}
	eachDriverModerated(t, options, func(t *testing.T, s *scenario, b *bouncer) {
		b.edits(func(c *chat.MessageContent) {
			c.Text = strings.ReplaceAll(c.Text, "bad", "**good**")
			c.Text = strings.ReplaceAll(c.Text, "tracker.example", "clean.example")
			c.Custom = chat.Custom{"checked": true}
			c.Mentions = append(c.Mentions, "mod")
			c.Attachments = append(c.Attachments, chat.Attachment{Title: "beware"})
		})
		draft := chat.Draft{ID: "m", Text: "bad https://tracker.example/x"}
		sent := s.as("jane").post(room, draft)
		want := func(what string, m chat.Message) {
			t.Helper()
			if m.Text != "**good** https://clean.example/x" || !strings.Contains(m.HTML, "<strong>good</strong>") {
				t.Errorf("%s: the text is %q, the html %q", what, m.Text, m.HTML)
			}
			if n := len(m.Attachments); n != 2 || m.Attachments[0].Title != "beware" || m.Attachments[1].OGScrapeURL != "https://clean.example/x" {
				t.Errorf("%s: the attachments are %+v", what, m.Attachments)
			}
			if len(m.MentionedUsers) != 1 || m.MentionedUsers[0].ID != "mod" || m.Custom["checked"] != true {
				t.Errorf("%s: mentions are %+v, custom is %v", what, m.MentionedUsers, m.Custom)
			}
			wantSame(t, what+", read by another", s.as("john").message(m.ID), m)
		}
		want("a send", sent)
		b.wantAsked(t, 1, "a send")
		wantSame(t, "the retry of the draft", s.as("jane").post(room, draft), sent)
		b.wantAsked(t, 0, "a retry")

		other := s.as("jane").send(room, "fine")
		edited := s.as("jane").update(other.ID, chat.MessageUpdate{Text: "bad https://tracker.example/x"})
		want("an update", edited)
		s.as("jane").patch(other.ID, chat.Patch{Set: map[string]any{"text": "fine"}})
		patched := s.as("jane").patch(other.ID, chat.Patch{Set: map[string]any{"text": "bad https://tracker.example/x", "attachments": []chat.Attachment{}, "mentioned_users": []string{}}})
		want("a patch", patched)

		// Nothing changed is nothing changed.
		b.edits(func(*chat.MessageContent) {})
		m := s.as("jane").post(room, chat.Draft{Text: "as it is", Custom: chat.Custom{"n": 1.5, "deep": map[string]any{"b": "<>", "a": nil}}, Attachments: []chat.Attachment{{Title: "é<", Custom: chat.Custom{"k": 1}}}})
		wantSame(t, "an edit of other custom data", s.as("jane").patch(m.ID, chat.Patch{Set: map[string]any{"m": 1}}).Attachments, m.Attachments)
	})
}

func TestRejectedMessageIsAnErrorAndNothingChanges(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		kept := s.as("jane").send(room, "kept")
		for reason, want := range map[string]string{"Be nice to each other.": "Be nice to each other.", "": "the message was rejected"} {
			b.says(chat.Verdict{Decision: chat.Reject, Reason: reason, Change: &chat.MessageContent{}})
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{ID: "m", Text: "rude"})
			e := wantErr(t, err, chat.ErrRejected)
			if e.Reason != want || e.Op != "Send" || !errors.Is(err, chat.ErrPermission) {
				t.Errorf("the error is %+v, want the reason %q", e, want)
			}
			_, err = s.as("jane").UpdateMessage(s.ctx, kept.ID, chat.MessageUpdate{Text: "rude"})
			if e := wantErr(t, err, chat.ErrRejected); e.Op != "UpdateMessage" {
				t.Errorf("the error is %+v", e)
			}
			_, err = s.as("jane").PatchMessage(s.ctx, kept.ID, chat.Patch{Set: map[string]any{"text": "rude"}})
			wantErr(t, err, chat.ErrRejected)
		}
		s.as("jane").notSees("m")
		wantSame(t, "the message that was not edited", s.as("john").message(kept.ID), kept)
		b.does(nil)
		s.as("jane").post(room, chat.Draft{ID: "m", Text: "nice"}) // the id is free
		s.as("john").wantTexts(room, "kept", "nice")
	})
}

func TestHeldMessageAwaitsCommit(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		b.says(chat.Verdict{Decision: chat.Hold, PendingMetadata: map[string]string{"score": "0.9"}, Change: &chat.MessageContent{Text: "shortened"}})
		draft := chat.Draft{ID: "m", Text: "doubtful"}
		m := s.as("jane").post(room, draft)
		if m.Pending == nil || m.Pending.Metadata["score"] != "0.9" || m.Text != "shortened" {
			t.Errorf("the held message is %+v", m)
		}
		s.as("john").notSees("m")
		wantSame(t, "its retry", s.as("jane").post(room, draft), m)
		b.wantAsked(t, 1, "a send and its retry")
		s.commit("m")
		s.as("john").wantTexts(room, "shortened")

		_, err := s.as("jane").UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "doubtful"})
		wantFieldErr(t, err, chat.ErrInvalid, "moderator.decision")

		// Metadata alone goes with what is pending anyway, and with nothing else.
		b.says(chat.Verdict{PendingMetadata: map[string]string{"score": "0.1"}})
		if m := s.as("jane").send(room, "public"); m.Pending != nil {
			t.Errorf("the message is %+v", m)
		}
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil }))
		b.wasAsked()
		m = s.as("jane").send(room, "pending anyway")
		if p := b.wantAsked(t, 1, "a send")[0]; p.Message.Pending == nil || m.Pending == nil || m.Pending.Metadata["score"] != "0.1" {
			t.Errorf("asked about %+v, became %+v", p.Message, m)
		}
	})
}

func TestModeratorIsNotAskedAboutWhatIsNotItsBusiness(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		m := s.as("jane").send(room, "hello")
		b.wasAsked()
		b.says(chat.Verdict{Decision: chat.Reject})

		s.send(room, "jane", chat.Draft{Text: "by the application"}, nil)
		_, err := s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "hello!"}, nil)
		s.check(err)
		s.as("mod").send(room, "with skip-moderation")
		s.as("mod").update(m.ID, chat.MessageUpdate{Text: "hello?"})
		s.as("jane").patch(m.ID, chat.Patch{})
		s.check(s.AddMembers(s.ctx, room, nil, &chat.SystemMessage{Text: "Welcome"}))
		b.wantAsked(t, 0, "what is the application's, or skips moderation")

		for what, refused := range map[string]chat.Draft{
			"too long":     {Text: strings.Repeat("x", 5001)},
			"empty":        {},
			"private":      {Text: "x", Restricted: []chat.UserID{"john"}},
			"unknown user": {Text: "x", Mentions: []chat.UserID{"nobody"}},
			"no parent":    {Text: "x", ParentID: "never"},
		} {
			_, err := s.as("jane").Send(s.ctx, room, refused)
			if err == nil || errors.Is(err, chat.ErrRejected) {
				t.Errorf("%s: the error is %v", what, err)
			}
		}
		_, err = s.as("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "not mine"})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{})
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		_, err = s.as("jane").PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{"text": " "}})
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		s.users("ned")
		_, err = s.as("ned").Send(s.ctx, room, chat.Draft{Text: "x"})
		wantErr(t, err, chat.ErrNotFound)
		s.ban(chat.BanDraft{User: "john", CID: room})
		_, err = s.as("john").Send(s.ctx, room, chat.Draft{Text: "x"})
		wantErr(t, err, chat.ErrBanned)
		b.wantAsked(t, 0, "what is refused anyway")
	})
}

func TestWhatAModeratorAnswersIsChecked(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		m := s.as("jane").send(room, "hello")
		with := func(edit func(*chat.MessageContent)) chat.Verdict {
			c := chat.MessageContent{Text: "hello"}
			edit(&c)
			return chat.Verdict{Change: &c}
		}
		for _, c := range []struct {
			field    string
			kind     error
			sendOnly bool
			verdict  chat.Verdict
		}{
			{"moderator.decision", chat.ErrInvalid, false, chat.Verdict{Decision: 7}},
			{"moderator.decision", chat.ErrInvalid, false, chat.Verdict{Decision: -1}},
			{"moderator.reason", chat.ErrTooLong, false, chat.Verdict{Decision: chat.Reject, Reason: strings.Repeat("x", 1001)}},
			{"moderator.pending_message_metadata", chat.ErrTooLong, true, chat.Verdict{PendingMetadata: map[string]string{"k": strings.Repeat("x", 6000)}}},
			{"moderator.text", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Text = "a\x00" })},
			{"moderator.text", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Text = " \n" })},
			{"moderator.text", chat.ErrTooLong, false, with(func(c *chat.MessageContent) { c.Text = strings.Repeat("x", 5001) })},
			{"moderator.attachments[0].image_url", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Attachments = []chat.Attachment{{ImageURL: "javascript:1"}} })},
			{"moderator.attachments[0].og_scrape_url", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Attachments = []chat.Attachment{{OGScrapeURL: "https://a.example"}} })},
			{"moderator.custom.text", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Custom = chat.Custom{"text": "x"} })},
			{"moderator.mentioned_users[0]", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Mentions = []chat.UserID{"nobody"} })},
			{"moderator.mentioned_users[0]", chat.ErrInvalid, false, with(func(c *chat.MessageContent) { c.Mentions = []chat.UserID{"no body"} })},
		} {
			b.says(c.verdict)
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "other"})
			wantFieldErr(t, err, c.kind, c.field)
			if c.sendOnly {
				continue
			}
			_, err = s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "other"})
			wantFieldErr(t, err, c.kind, c.field)
		}
		s.as("john").wantTexts(room, "hello")
	})
}

func TestWhatAModeratorAddsNeedsNoGrant(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(ct *chat.ChannelType) error {
			ct.Grants[chat.RoleChannelMember] = []chat.Action{chat.ReadChannel, chat.CreateMessage}
			return nil
		}))
		plain := s.as("jane").send(room, "plain")
		b.edits(func(c *chat.MessageContent) {
			c.Text += " https://rules.example"
			c.Mentions = []chat.UserID{"mod"}
			c.Attachments = []chat.Attachment{{Title: "the rules"}}
		})
		m := s.as("jane").send(room, "hm")
		if m.Text != "hm https://rules.example" || len(m.MentionedUsers) != 1 || len(m.Attachments) != 1 {
			t.Errorf("the message is %+v", m)
		}
		edited := s.as("jane").update(plain.ID, chat.MessageUpdate{Text: "hm"})
		if edited.Text != "hm https://rules.example" || len(edited.MentionedUsers) != 1 || len(edited.Attachments) != 1 {
			t.Errorf("the edited message is %+v", edited)
		}
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "https://mine.example"})
		wantErr(t, err, chat.ErrPermission)
	})
}

func TestFailingModeratorFailsItsCallAlone(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		m := s.as("jane").send(room, "hello")
		broken := errors.New("out of order")
		for what, answer := range map[string]func() error{
			"an error":              func() error { return broken },
			"a panic":               func() error { panic("oh no") },
			"an exit":               func() error { runtime.Goexit(); return nil },
			"an error of a call":    func() error { _, err := s.Message(s.ctx, "never"); return err },
			"a deadline of its own": func() error { return context.DeadlineExceeded },
		} {
			b.does(func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
				if p.By == "john" {
					return chat.Verdict{}, nil
				}
				return chat.Verdict{}, answer()
			})
			for op, call := range map[string]func() error{
				"Send": func() error { return second(s.as("jane").Send(s.ctx, room, chat.Draft{ID: "never", Text: "x"})) },
				"UpdateMessage": func() error {
					return second(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "x"}))
				},
			} {
				err := call()
				var e *chat.Error
				if !errors.As(err, &e) || e.Kind != nil || e.Op != op || !strings.Contains(e.Reason, "moderator failed") {
					t.Errorf("%s, %s: the error is %#v", what, op, err)
				}
				if errors.Is(err, chat.ErrNotFound) || what == "an error" && !errors.Is(err, broken) {
					t.Errorf("%s, %s: the error is of the wrong kind: %v", what, op, err)
				}
			}
			s.as("john").send(room, "others go on after "+what)
		}
		s.as("jane").notSees("never")
		wantSame(t, "the message that was not edited", s.as("john").message(m.ID), m)
	})
}

func TestHangingModeratorDelaysOnlyItsOwnCall(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		let := make(chan struct{})
		hangs := make(chan struct{}, 3)
		b.does(func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
			if p.Message.Text == "hang" {
				hangs <- struct{}{}
				<-let // whatever the context says
			}
			return chat.Verdict{}, nil
		})
		defer close(let)
		ctx, cancel := context.WithCancel(s.ctx)
		var group sync.WaitGroup
		defer group.Wait()
		ended := make(chan error, 1)
		group.Go(func() { ended <- second(s.as("jane").Send(ctx, room, chat.Draft{Text: "hang"})) })
		<-hangs
		s.as("john").send(room, "not held up")
		s.as("jane").send(room, "not even by oneself")
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v, want that of the context", err)
		}
		group.Go(func() { ended <- second(s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hang"})) })
		<-hangs
		s.check(s.Close())
		wantErr(t, <-ended, chat.ErrClosed)
	})
}

func TestModeratorMayCallTheApp(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		b.does(func(ctx context.Context, p chat.Proposal) (chat.Verdict, error) {
			_, err := s.Send(ctx, p.Message.CID, "owner", chat.Draft{Text: "seen: " + p.Message.Text}, nil)
			return chat.Verdict{}, err
		})
		s.as("jane").send(room, "hello")
		s.as("john").wantTexts(room, "seen: hello", "hello")
	})
}

func TestModeratorIsAskedAgainIfTheMessageChangedMeanwhile(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		m := s.as("jane").send(room, "one")
		b.wasAsked()
		n := 0
		b.does(func(ctx context.Context, p chat.Proposal) (chat.Verdict, error) {
			if n++; n == 1 {
				_, err := s.PatchMessage(ctx, m.ID, chat.Patch{Set: map[string]any{"color": "red"}})
				s.check(err)
			}
			c := p.Content()
			c.Custom["n"] = n
			return chat.Verdict{Change: &c}, nil
		})
		edited := s.as("jane").patch(m.ID, chat.Patch{Set: map[string]any{"size": 1}})
		wantSame(t, "custom data", edited.Custom, chat.Custom{"color": "red", "size": 1.0, "n": 2.0})
		b.wantAsked(t, 2, "an edit with another between")
	})
}

func TestModeratorSeesWhatCommandsAndActionsPost(t *testing.T) {
	eachDriverModerated(t, commandOptions(), func(t *testing.T, s *scenario, b *bouncer) {
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error {
			t.Commands = append(t.Commands, "echo", "ask")
			return nil
		}))
		b.edits(func(c *chat.MessageContent) { c.Text = strings.ToUpper(c.Text) })
		m := s.as("jane").send(room, "/echo hello")
		if m.Text != "ECHO HELLO" || m.Command != "echo" || m.Args != "hello" {
			t.Errorf("the answer is %+v", m)
		}
		if p := b.wantAsked(t, 1, "a command")[0]; p.Message.Text != "echo hello" || p.Message.Command != "echo" || p.Message.Args != "hello" {
			t.Errorf("asked about %+v", p.Message)
		}
		for reason, v := range map[string]chat.Verdict{
			"Be nice.": {Decision: chat.Reject, Reason: "Be nice."}, "held back": {Decision: chat.Hold},
		} {
			b.says(v)
			s.as("jane").wantError(s.as("jane").send(room, "/echo rude"), reason)
		}
		b.wasAsked()

		ask := s.as("jane").send(room, "/ask me")
		s.as("mod").send(room, "/mute @jane")
		b.wantAsked(t, 0, "what its author alone sees")
		b.says(chat.Verdict{Decision: chat.Reject})
		for _, action := range []string{"send", "done"} {
			_, err := s.As("jane").RunAction(s.ctx, ask.ID, action)
			wantErr(t, err, chat.ErrRejected)
		}
		s.as("jane").sees(ask.ID) // it is left, and free
		b.wantAsked(t, 2, "what actions post")
		b.says(chat.Verdict{Decision: chat.Hold, PendingMetadata: map[string]string{"why": "rude"}})
		posted, err := s.As("jane").RunAction(s.ctx, ask.ID, "send")
		s.check(err)
		if posted.Pending == nil || posted.Pending.Metadata["why"] != "rude" || posted.ID != ask.ID {
			t.Errorf("the action posted %+v", posted)
		}

		ask = s.as("jane").send(room, "/ask me")
		b.does(func(ctx context.Context, p chat.Proposal) (chat.Verdict, error) {
			_, err := s.As("jane").RunAction(ctx, ask.ID, "again")
			return chat.Verdict{}, err
		})
		_, err = s.As("jane").RunAction(s.ctx, ask.ID, "send")
		wantErr(t, err, chat.ErrState) // what it would post is not what the moderator saw
	})
}

func TestModeratorIsSafeForConcurrentSends(t *testing.T) {
	eachDriverModerated(t, nil, func(t *testing.T, s *scenario, b *bouncer) {
		b.edits(func(c *chat.MessageContent) { c.Text += "!" })
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for j := range 5 {
					id := chat.MessageID(fmt.Sprintf("m%d", j)) // all the same drafts
					if i%2 == 0 {
						id = ""
					}
					m, err := s.As("jane").Send(s.ctx, room, chat.Draft{ID: id, Text: fmt.Sprint(j)})
					if err != nil || m.Text != fmt.Sprint(j, "!") {
						t.Errorf("sent %+v, %v", m, err)
					}
				}
			})
		}
		group.Wait()
		if n := len(s.texts(room)); n != 25 {
			t.Errorf("%d messages, want 25", n)
		}
	})
}

package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat"
)

const commandRoom = chat.CID("messaging:room")

// commandOptions have a command of each kind.
func commandOptions() *chat.Options {
	echo := chat.CommandFunc(func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		call.Message.Text = "changed" // a copy
		return chat.CommandAnswer{To: chat.ToChannel, Text: "echo " + call.Args}, nil
	})
	ask := chat.CommandFunc(func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		answer := chat.CommandAnswer{Text: "ask " + call.Args, Attachments: []chat.Attachment{{Title: "Choose", Actions: []chat.AttachmentAction{
			{Name: "send"}, {Name: "cancel"}, {Name: "again"}, {Name: "done"}, {Name: "fail"},
		}}}}
		if call.Action == nil {
			return answer, nil
		}
		switch answer.Text += " " + call.Action.Name; call.Action.Name {
		case "done":
			return chat.CommandAnswer{To: chat.ToChannel, Text: answer.Text}, nil
		case "fail":
			return answer, errors.New("broken")
		}
		return answer, nil
	})
	return &chat.Options{Commands: []chat.Command{
		{Name: "echo", Description: "Says it again", Args: "[text]", Set: "fun_set", Handler: echo},
		{Name: "ask", Handler: ask},
		{Name: "off", Handler: echo},
	}}
}

// commands makes the room of the stories below: jane and john are members, mod
// is a moderator of it.
func commandStory(s *scenario) {
	s.t.Helper()
	s.channel(commandRoom, "owner", "jane", "john")
	s.users("mod", "ned")
	s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "mod", Role: chat.RoleChannelModerator}}, nil))
	s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error {
		t.Commands = append(t.Commands, "echo", "ask")
		return nil
	}))
}

// wantError checks that a message is an error message to its author, and that
// nobody finds it.
func (a *actor) wantError(m chat.Message, words ...string) {
	a.s.t.Helper()
	if m.Type != chat.TypeError || m.User.ID != a.User() || m.CID != commandRoom || m.ID == "" {
		a.s.t.Errorf("the answer is %+v, want an error message to %s", m, a.User())
	}
	for _, w := range words {
		if !strings.Contains(m.Text, w) {
			a.s.t.Errorf("the error message is %q, want one with %q", m.Text, w)
		}
	}
	a.notSees(m.ID)
}

func TestCommandOfTheApplicationAnswersTheChannel(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		m := s.as("jane").send(commandRoom, "/echo  hello   world ")
		if m.Text != "echo hello   world" || m.Command != "echo" || m.Args != "hello   world" || m.Type != chat.TypeRegular {
			t.Errorf("the answer is %+v", m)
		}
		wantSame(t, "read by another", s.as("john").message(m.ID), m)
		s.as("john").wantUnread(commandRoom, 1)
		list, err := s.As("jane").Commands(s.ctx, commandRoom)
		s.check(err)
		if want := (chat.CommandInfo{Name: "echo", Description: "Says it again", Args: "[text]", Set: "fun_set"}); !slices.Contains(list, want) {
			t.Errorf("the commands are %+v, want %+v among them", list, want)
		}
		if slices.ContainsFunc(list, func(c chat.CommandInfo) bool { return c.Name == "off" || c.Name == "giphy" }) {
			t.Errorf("the commands are %+v: one that is not enabled, or cannot be run, is among them", list)
		}
	})
}

func TestUnknownOrNotEnabledCommandIsPlainText(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		texts := []string{"/unknown x", "/off x", "/giphy x", "/", "/ echo", "/Echo x", " /echo x", "//echo", "echo /echo"}
		for _, text := range texts {
			if m := s.as("jane").send(commandRoom, text); m.Text != text || m.Type != chat.TypeRegular || m.Command != "" || m.Args != "" {
				t.Errorf("%q becomes %+v", text, m)
			}
		}
		_, err := s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{Commands: &[]string{"off"}})
		s.check(err)
		if m := s.as("jane").send(commandRoom, "/echo x"); m.Text != "/echo x" {
			t.Errorf("a command that the channel turns off becomes %+v", m)
		}
		if m := s.as("jane").send(commandRoom, "/off x"); m.Text != "echo x" {
			t.Errorf("a command that the channel alone turns on becomes %+v", m)
		}
	})
}

func TestEphemeralAnswerIsItsAuthorsAloneAndInNoHistory(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		m := jane.post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		if m.ID != "q" || m.Type != chat.TypeEphemeral || m.Text != "ask why" || m.Command != "ask" || m.Args != "why" {
			t.Errorf("the answer is %+v", m)
		}
		wantSame(t, "read by its author", jane.message("q"), m)
		jane.sees("q")
		s.as("john").notSees("q")
		s.as("mod").notSees("q")
		_, err := s.Message(s.ctx, "q")
		wantErr(t, err, chat.ErrNotFound)
		for _, texts := range [][]string{jane.texts(commandRoom), s.texts(commandRoom)} {
			if len(texts) != 0 {
				t.Errorf("the history has %q", texts)
			}
		}
		s.as("john").wantUnread(commandRoom, 0)
		if st := jane.channel(commandRoom); st.LastMessage != nil || len(st.Messages)+len(st.Pending) != 0 {
			t.Errorf("the channel shows %+v", st)
		}
		s.reopen()
		wantSame(t, "read after a restart", s.as("jane").message("q"), m)

		// Nothing can be done to it but by its actions.
		for name, err := range map[string]error{
			"update": second(s.As("jane").UpdateMessage(s.ctx, "q", chat.MessageUpdate{Text: "x"})),
			"delete": second(s.As("jane").DeleteMessage(s.ctx, "q", chat.DeleteHard)),
			"for me": s.As("jane").DeleteMessageForMe(s.ctx, "q"),
			"flag":   s.As("jane").FlagMessage(s.ctx, "q", ""),
			"unread": s.As("jane").MarkUnread(s.ctx, "q"),
			"reply":  second(s.As("jane").Send(s.ctx, commandRoom, chat.Draft{Text: "x", ParentID: "q"})),
			"quote":  second(s.As("jane").Send(s.ctx, commandRoom, chat.Draft{Text: "x", QuotedID: "q"})),
			"before": second(s.As("jane").Messages(s.ctx, commandRoom, chat.MessageQuery{Before: "q"})),
			"commit": second(s.CommitMessage(s.ctx, "q")),
			"origin": second(s.OriginalMessage(s.ctx, "q")),
		} {
			if e := wantErr(t, err, chat.ErrNotFound); e.Reason != `message "q" not found` {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestSendAgainOfACommandIsARetry(t *testing.T) {
	var runs atomic.Int32
	o := commandOptions()
	inner := o.Commands[0].Handler
	o.Commands[0].Handler = chat.CommandFunc(func(ctx context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		runs.Add(1)
		return inner.RunCommand(ctx, call)
	})
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		commandStory(s)
		runs.Store(0)
		for _, d := range []chat.Draft{{ID: "e", Text: "/echo x"}, {ID: "a", Text: "/ask x"}} {
			first := s.as("jane").post(commandRoom, d)
			wantSame(t, "the second", s.as("jane").post(commandRoom, d), first)
			d.Text += "y"
			_, err := s.As("jane").Send(s.ctx, commandRoom, d)
			wantErr(t, err, chat.ErrConflict)
			d.Text = "x"
			_, err = s.As("john").Send(s.ctx, commandRoom, d)
			wantErr(t, err, chat.ErrConflict)
		}
		if n := runs.Load(); n != 1 {
			t.Errorf("the handler ran %d times", n)
		}
	})
}

func TestActionSendPostsTheAnswerOnce(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		s.as("john").post(commandRoom, chat.Draft{ID: "parent", Text: "Hello"})
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why", ParentID: "parent", ShowInChannel: true, Custom: chat.Custom{"a": "b"}})
		m, err := s.As("jane").RunAction(s.ctx, "q", "send")
		s.check(err)
		if m.ID != "q" || m.Type != chat.TypeReply || m.ParentID != "parent" || m.Text != "ask why" || m.Command != "ask" || m.Custom["a"] != "b" || len(m.Attachments[0].Actions) != 0 {
			t.Errorf("it posts %+v", m)
		}
		wantSame(t, "read by another", s.as("john").message("q"), m)
		s.as("john").wantTexts(commandRoom, "Hello", "ask why")
		_, err = s.As("jane").RunAction(s.ctx, "q", "send")
		wantErr(t, err, chat.ErrState)
		if again := s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why", ParentID: "parent", ShowInChannel: true, Custom: chat.Custom{"a": "b"}}); again.Text != "ask why" {
			t.Errorf("the send again answers %+v", again)
		}
	})
}

func TestActionCancelDeletesTheAnswer(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		m, err := s.As("jane").RunAction(s.ctx, "q", "cancel")
		s.check(err)
		if m.ID != "q" || m.Type != chat.TypeDeleted || m.Text != "" {
			t.Errorf("it answers %+v", m)
		}
		s.as("jane").notSees("q")
		_, err = s.As("jane").RunAction(s.ctx, "q", "cancel")
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestActionOfTheCommandReplacesOrPostsOrFails(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		first := jane.post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		m, err := jane.RunAction(s.ctx, "q", "again")
		s.check(err)
		if m.Type != chat.TypeEphemeral || m.Text != "ask why again" || !m.CreatedAt.Equal(first.CreatedAt) {
			t.Errorf("again makes it %+v", m)
		}
		wantSame(t, "read", jane.message("q"), m)
		e, err := jane.RunAction(s.ctx, "q", "fail")
		s.check(err)
		if e.Type != chat.TypeError {
			t.Errorf("fail answers %+v", e)
		}
		wantSame(t, "after a failure", jane.message("q"), m)
		_, err = jane.RunAction(s.ctx, "q", "unknown")
		wantFieldErr(t, err, chat.ErrInvalid, "action")
		_, err = s.As("john").RunAction(s.ctx, "q", "send")
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.As("john").RunAction(s.ctx, "never", "send")
		wantErr(t, err, chat.ErrNotFound)
		m, err = jane.RunAction(s.ctx, "q", "done")
		s.check(err)
		wantSame(t, "read by another", s.as("john").message("q"), m)
		s.as("john").wantTexts(commandRoom, "ask why done")
	})
}

func TestActionNeedsRunMessageActionAndWhatASendNeeds(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		jane.post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		_, err := s.SetFrozen(s.ctx, commandRoom, true)
		s.check(err)
		_, err = jane.RunAction(s.ctx, "q", "send")
		wantErr(t, err, chat.ErrFrozen)
		_, err = jane.Send(s.ctx, commandRoom, chat.Draft{Text: "/ask"})
		wantErr(t, err, chat.ErrFrozen)
		_, err = s.SetFrozen(s.ctx, commandRoom, false)
		s.check(err)
		_, err = s.App.Ban(s.ctx, chat.BanDraft{User: "jane", CID: commandRoom}, "")
		s.check(err)
		for _, action := range []string{"send", "again"} {
			_, err = jane.RunAction(s.ctx, "q", action)
			wantErr(t, err, chat.ErrBanned)
		}
		s.check(s.App.Unban(s.ctx, "jane", commandRoom))
		_, err = s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{
			chat.RoleChannelMember: {chat.ReadChannel, chat.CreateMessage},
		}})
		s.check(err)
		for _, action := range []string{"send", "again", "cancel"} {
			_, err = jane.RunAction(s.ctx, "q", action)
			if e := wantErr(t, err, chat.ErrPermission); !strings.Contains(e.Reason, "run-message-action") {
				t.Errorf("%s: %v", action, err)
			}
		}
		jane.sees("q")
	})
}

func TestCommandIsNeverPendingAndWhatAnActionPostsMayBe(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil }))
		if m := s.as("jane").send(commandRoom, "/echo x"); m.Pending != nil {
			t.Errorf("a command is pending: %+v", m)
		}
		if m := s.send(commandRoom, "jane", chat.Draft{Text: "/echo y"}, &chat.SendOptions{Pending: chat.PendingOn}); m.Pending != nil || m.Text != "echo y" {
			t.Errorf("a command of the application is pending: %+v", m)
		}
		_, err := s.Send(s.ctx, commandRoom, "jane", chat.Draft{Text: "/echo z"}, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"a": "b"}})
		wantFieldErr(t, err, chat.ErrInvalid, "pending_message_metadata")
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		m, err := s.As("jane").RunAction(s.ctx, "q", "send")
		s.check(err)
		if m.Pending == nil {
			t.Errorf("what the action posts is %+v, want it pending", m)
		}
		s.as("john").notSees("q")
		_, err = s.CommitMessage(s.ctx, "q")
		s.check(err)
		if m := s.as("john").message("q"); m.Command != "ask" || m.Args != "why" {
			t.Errorf("committed it is %+v", m)
		}
	})
}

func TestEphemeralMessageExpires(t *testing.T) {
	o := commandOptions()
	inMemory(t, o, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		s.sleep(time.Hour - time.Second)
		s.as("jane").sees("q")
		s.sleep(2 * time.Second)
		s.as("jane").notSees("q")
		for key := range s.dump() {
			if strings.HasSuffix(key, "q") && key != "iq" {
				t.Errorf("the key %q is left", key)
			}
		}
		_, err := s.As("jane").RunAction(s.ctx, "q", "send")
		wantErr(t, err, chat.ErrNotFound)
	})
	// By the clock at once, before any work is done.
	o = commandOptions()
	o.NoBackground, o.EphemeralLife = true, time.Minute
	inMemory(t, o, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		s.sleep(time.Minute)
		s.as("jane").notSees("q")
		_, err := s.As("jane").Send(s.ctx, commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		wantErr(t, err, chat.ErrConflict)
	})
}

func TestEphemeralMessageGoesWithTheChannelsHistory(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
		s.check(s.TruncateChannel(s.ctx, commandRoom, nil))
		s.as("jane").notSees("q")
		s.as("jane").post(commandRoom, chat.Draft{ID: "r", Text: "/ask why"})
		s.as("jane").sees("r")
		s.check(s.DeleteChannel(s.ctx, commandRoom, chat.DeleteHard))
		s.as("jane").notSees("r")
		s.settle()
		for key, value := range s.dump() {
			if strings.Contains(value, "ask why") {
				t.Errorf("the key %q holds it", key)
			}
		}
	})
}

func TestFailingPanickingOrHangingHandlerIsAnErrorMessage(t *testing.T) {
	var log strings.Builder
	o := commandOptions()
	o.CommandTimeout = 20 * time.Millisecond
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Commands[0].Handler = chat.CommandFunc(func(ctx context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		switch call.Args {
		case "panics":
			panic("oh")
		case "hangs":
			<-ctx.Done()
			return chat.CommandAnswer{}, ctx.Err()
		case "says nothing":
			return chat.CommandAnswer{}, nil
		case "says too much":
			return chat.CommandAnswer{Text: strings.Repeat("x", 5001)}, nil
		case "says what is no text":
			return chat.CommandAnswer{Text: "\xff"}, nil
		case "attaches anything":
			return chat.CommandAnswer{Attachments: []chat.Attachment{{ImageURL: "javascript:x"}}}, nil
		case "answers nobody":
			return chat.CommandAnswer{To: 7, Text: "x"}, nil
		case "refuses without a word":
			return chat.CommandAnswer{To: chat.AsError, Text: " "}, nil
		case "refuses at length":
			return chat.CommandAnswer{To: chat.AsError, Text: strings.Repeat("x", 20_001)}, nil
		case "refuses in no text":
			return chat.CommandAnswer{To: chat.AsError, Text: "\xff"}, nil
		case "refuses":
			return chat.CommandAnswer{To: chat.AsError, Text: "no <b>"}, nil
		}
		return chat.CommandAnswer{}, errors.New("secret cause")
	})
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		for _, args := range []string{
			"fails", "panics", "hangs", "says nothing", "says too much", "says what is no text", "attaches anything", "answers nobody",
			"refuses without a word", "refuses at length", "refuses in no text",
		} {
			m := jane.send(commandRoom, "/echo "+args)
			jane.wantError(m, "/echo failed")
			if m.Command != "echo" || m.Args != args || strings.Contains(m.Text, "secret") {
				t.Errorf("%s: %+v", args, m)
			}
		}
		if m := jane.send(commandRoom, "/echo refuses"); m.HTML != "<p>no &lt;b&gt;</p>\n" {
			t.Errorf("the html is %q", m.HTML)
		}
		if got := jane.texts(commandRoom); len(got) != 0 {
			t.Errorf("the history has %q", got)
		}
		// The same id is free: the send can be tried again.
		jane.wantError(jane.post(commandRoom, chat.Draft{ID: "e", Text: "/echo fails"}))
		jane.post(commandRoom, chat.Draft{ID: "e", Text: "/ask"})
	})
	if !strings.Contains(log.String(), "secret cause") || !strings.Contains(log.String(), "command=echo") {
		t.Errorf("the log has %q", log.String())
	}
}

func TestHangingHandlerDelaysOnlyItsOwnMessage(t *testing.T) {
	release := make(chan struct{})
	running := make(chan struct{}, 1)
	o := commandOptions()
	o.Commands[0].Handler = chat.CommandFunc(func(context.Context, chat.CommandCall) (chat.CommandAnswer, error) {
		running <- struct{}{}
		<-release // whatever its context says
		return chat.CommandAnswer{To: chat.ToChannel, Text: "late"}, nil
	})
	inMemory(t, o, func(t *testing.T, s *scenario) {
		release, running = make(chan struct{}), make(chan struct{}, 1) // of this bubble
		commandStory(s)
		done := make(chan chat.Message)
		go func() { done <- s.as("jane").send(commandRoom, "/echo x") }()
		<-running
		start := time.Now()
		s.as("john").send(commandRoom, "meanwhile")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("another send waits %v", waited)
		}
		m := <-done
		s.as("jane").wantError(m, "failed")
		if waited := time.Since(start); waited != 10*time.Second {
			t.Errorf("the send waits %v", waited)
		}
		// A caller who gives up gets their own error.
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		_, err := s.As("jane").Send(ctx, commandRoom, chat.Draft{Text: "/echo y"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a send that was given up answers %v", err)
		}
		close(release)
		s.sleep(time.Second)
		s.as("john").wantTexts(commandRoom, "meanwhile")
	})
}

func TestActionRunsOnceWhenCalledConcurrently(t *testing.T) {
	for _, action := range []string{"send", "cancel", "done", "again"} {
		t.Run(action, func(t *testing.T) {
			var runs atomic.Int32
			o := commandOptions()
			inner := o.Commands[1].Handler
			o.Commands[1].Handler = chat.CommandFunc(func(ctx context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
				if call.Action != nil {
					runs.Add(1)
					time.Sleep(10 * time.Millisecond)
				}
				return inner.RunCommand(ctx, call)
			})
			eachDriverWith(t, o, func(t *testing.T, s *scenario) {
				commandStory(s)
				runs.Store(0)
				s.as("jane").post(commandRoom, chat.Draft{ID: "q", Text: "/ask why"})
				var won atomic.Int32
				var all sync.WaitGroup
				for range 8 {
					all.Go(func() {
						switch _, err := s.As("jane").RunAction(s.ctx, "q", action); {
						case err == nil:
							won.Add(1)
						case !errors.Is(err, chat.ErrState) && !errors.Is(err, chat.ErrNotFound):
							t.Error(err)
						}
					})
				}
				all.Wait()
				if n := won.Load(); n != 1 && action != "again" || n == 0 {
					t.Errorf("%d of 8 calls succeed", n)
				}
				if ran := runs.Load(); ran > won.Load() {
					t.Errorf("the command ran %d times for %d calls that succeed", ran, won.Load())
				}
				want := 0
				if action == "send" || action == "done" {
					want = 1
				}
				if got := s.texts(commandRoom); len(got) != want {
					t.Errorf("the history has %q", got)
				}
			})
		})
	}
}

func TestCommandMuteUnmuteAndFlagAnswerTheirAuthorOnly(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		for _, c := range []struct{ text, want string }{
			{"/mute @john", "@john is muted."},
			{"/unmute @john", "@john is no longer muted."},
			{"/flag @john he is rude", "@john was reported to the moderators."},
		} {
			m := jane.send(commandRoom, c.text)
			if m.Type != chat.TypeEphemeral || m.Text != c.want || "/"+m.Command+" "+m.Args != c.text {
				t.Errorf("%s answers %+v", c.text, m)
			}
			s.as("john").notSees(m.ID)
			mutes, err := jane.Mutes(s.ctx)
			s.check(err)
			if muted := len(mutes) == 1; muted != (m.Command == "mute") {
				t.Errorf("after %s: %+v", c.text, mutes)
			}
		}
		flags, err := s.Flags(s.ctx, chat.FlagQuery{})
		s.check(err)
		if len(flags.Items) != 1 || flags.Items[0].User.ID != "john" || flagger(flags.Items[0]) != "jane" || flags.Items[0].Reason != "he is rude" {
			t.Errorf("the flags are %+v", flags.Items)
		}
		if got := s.texts(commandRoom); len(got) != 0 {
			t.Errorf("the history has %q", got)
		}
	})
}

func TestCommandBanAndUnbanPostASystemMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		m := s.as("mod").send(commandRoom, "/ban @john  he spams")
		if m.Type != chat.TypeSystem || m.Text != "@john was banned: he spams" || m.Command != "ban" || m.Args != "@john  he spams" || m.User.ID != "mod" {
			t.Errorf("ban answers %+v", m)
		}
		wantSame(t, "read by another", s.as("jane").message(m.ID), m)
		_, err := s.As("john").Send(s.ctx, commandRoom, chat.Draft{Text: "but"})
		wantErr(t, err, chat.ErrBanned)
		bans, err := s.Bans(s.ctx, chat.BanQuery{CID: commandRoom})
		s.check(err)
		if len(bans.Items) != 1 || bans.Items[0].Reason != "he spams" || bans.Items[0].By.ID != "mod" {
			t.Errorf("the bans are %+v", bans.Items)
		}
		if m := s.as("mod").send(commandRoom, "/unban @john"); m.Type != chat.TypeSystem || m.Text != "@john is no longer banned." {
			t.Errorf("unban answers %+v", m)
		}
		s.as("john").send(commandRoom, "thanks")
		s.as("mod").wantError(s.as("mod").send(commandRoom, "/unban @john"), "not found")
	})
}

func TestCommandWithoutPermissionOrUserIsAnErrorMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		jane, mod := s.as("jane"), s.as("mod")
		jane.wantError(jane.send(commandRoom, "/ban @john"), "ban-channel-member")
		jane.wantError(jane.send(commandRoom, "/unban @john"), "ban-channel-member")
		for _, name := range []string{"ban", "unban", "mute", "unmute", "flag"} {
			mod.wantError(mod.send(commandRoom, "/"+name+" @nobody"), "no")
			mod.wantError(mod.send(commandRoom, "/"+name), "@user")
			mod.wantError(mod.send(commandRoom, "/"+name+" john"), "@user")
			mod.wantError(mod.send(commandRoom, "/"+name+" @jo/hn"), "@user")
		}
		for _, name := range []string{"ban", "mute", "flag"} {
			mod.wantError(mod.send(commandRoom, "/"+name+" @mod"), "user is oneself")
		}
		s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "ned", CID: commandRoom}, "")))
		if m := mod.send(commandRoom, "/unban @ned"); m.Type != chat.TypeError || m.Text != `user "ned" is banned by the application` {
			t.Errorf("the answer is %q", m.Text)
		}
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "anon"}}, nil))
		anon := s.as("anon")
		anon.wantError(anon.send(commandRoom, "/mute @john"), "mute-user")
		anon.wantError(anon.send(commandRoom, "/flag @john"), "flag-user")
		if got := s.texts(commandRoom); len(got) != 0 {
			t.Errorf("the history has %q", got)
		}
	})
}

package chat_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/faultstore"
	"example.com/chat/storage/memstore"
)

// TestCommandWhoseAnswerIsNotStoredIsRepeatedToTheSameEffect: what /mute,
// /unmute and /flag change is of a user's scope, and the answer of the
// channel's, so that they are two transactions; /ban is one with its message.
func TestCommandWhoseAnswerIsNotStoredIsRepeatedToTheSameEffect(t *testing.T) {
	for text, transactions := range map[string]int{
		"/mute @john": 2, "/unmute @ann": 2, "/flag @john rude": 2, "/ban @john": 1, "/unban @ann": 1,
	} {
		t.Run(text, func(t *testing.T) {
			left := -1 // commits until one fails
			store := faultstore.NewFailing(memstore.New(), func(_ int, op faultstore.Op) faultstore.Outcome {
				if op != faultstore.Commit || left < 0 {
					return faultstore.Succeed
				}
				if left--; left < 0 {
					return faultstore.Fail
				}
				return faultstore.Succeed
			})
			app, err := chat.New(store, &chat.Options{NoBackground: true, Previews: chat.PreviewOptions{Off: true}})
			if err != nil {
				t.Fatal(err)
			}
			defer app.Close()
			s := &scenario{App: app, t: t, ctx: t.Context()}
			commandStory(s)
			s.users("ann")
			mod := s.as("mod")
			s.check(mod.MuteUser(s.ctx, "ann", 0))
			s.check(second(mod.Ban(s.ctx, chat.BanDraft{User: "ann", CID: commandRoom})))
			d := chat.Draft{ID: "answer", Text: text}
			left = transactions - 1
			_, err = s.As("mod").Send(s.ctx, commandRoom, d)
			var e *chat.Error
			if !errors.Is(err, faultstore.ErrInjected) || !errors.As(err, &e) {
				t.Fatalf("the send answers %v", err)
			}
			bans, err := s.Bans(s.ctx, chat.BanQuery{CID: commandRoom})
			s.check(err)
			if len(bans.Items) != 1 || bans.Items[0].User.ID != "ann" {
				t.Errorf("a ban changed without its message: %+v", bans.Items)
			}
			mod.notSees("answer")
			first := mod.post(commandRoom, d)
			wantSame(t, "sent once more", mod.post(commandRoom, d), first)
			mutes, err := mod.Mutes(s.ctx)
			s.check(err)
			var muted []chat.UserID
			for _, m := range mutes {
				muted = append(muted, m.User.ID)
			}
			want := map[string][]chat.UserID{"/mute @john": {"ann", "john"}, "/unmute @ann": nil}
			if list, ok := want[text]; ok {
				wantSame(t, "who is muted", muted, list)
			}
			flags, err := s.Flags(s.ctx, chat.FlagQuery{})
			s.check(err)
			if n := len(flags.Items); (n == 1) != (text == "/flag @john rude") {
				t.Errorf("%d flags", n)
			}
		})
	}
}

// TestCloseEndsCommandsThatRun: the send is answered, and the handler told,
// whatever it does then.
func TestCloseEndsCommandsThatRun(t *testing.T) {
	var running, told chan struct{}
	o := commandOptions()
	o.Commands[0].Handler = chat.CommandFunc(func(ctx context.Context, _ chat.CommandCall) (chat.CommandAnswer, error) {
		close(running)
		<-ctx.Done()
		close(told)
		return chat.CommandAnswer{To: chat.ToChannel, Text: "late"}, nil
	})
	inMemory(t, o, func(t *testing.T, s *scenario) {
		running, told = make(chan struct{}), make(chan struct{})
		commandStory(s)
		done := make(chan error)
		go func() { done <- second(s.As("jane").Send(s.ctx, commandRoom, chat.Draft{Text: "/echo x"})) }()
		<-running
		start := time.Now()
		s.check(s.Close())
		wantErr(t, <-done, chat.ErrClosed)
		<-told
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it took %v", waited)
		}
		s.open()
		s.as("jane").wantTexts(commandRoom)
	})
}

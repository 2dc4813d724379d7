package chat_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

// slow puts a channel into slow mode.
func (s *scenario) slow(cid chat.CID, cooldown time.Duration) {
	s.t.Helper()
	channel, err := s.SetCooldown(s.ctx, cid, cooldown)
	s.check(err)
	if channel.Cooldown != cooldown {
		s.t.Errorf("the cooldown is %v, want %v", channel.Cooldown, cooldown)
	}
}

// wantCooldown checks that a send has to wait, and how long.
func wantCooldown(t *testing.T, err error, want time.Duration) {
	t.Helper()
	if e := wantErr(t, err, chat.ErrCooldown); e.RetryAfter != want || !errors.Is(err, chat.ErrLimit) {
		t.Errorf("%v says to wait %v, want %v", err, e.RetryAfter, want)
	}
}

func TestSlowModeSaysHowLongToWait(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		commandStory(s)
		john := s.as("john")
		john.send(commandRoom, "before there was a slow mode")
		s.slow(commandRoom, 30*time.Second)
		john.post(commandRoom, chat.Draft{ID: "one", Text: "one"})
		s.sleep(10 * time.Second)
		for what, d := range map[string]chat.Draft{"message": {Text: "two"}, "reply": {Text: "two", ParentID: "one"}, "command": {Text: "/mute @jane"}} {
			_, err := john.Send(s.ctx, commandRoom, d)
			wantCooldown(t, err, 20*time.Second)
			if t.Failed() {
				t.Fatal(what)
			}
		}
		state := john.channel(commandRoom)
		if state.CooldownUntil == nil || time.Until(*state.CooldownUntil) != 20*time.Second || state.Channel.Cooldown != 30*time.Second {
			t.Errorf("the channel says %v, %v", state.CooldownUntil, state.Channel.Cooldown)
		}
		for _, action := range []chat.Action{chat.CreateMessage, chat.CreateReply, chat.AddLinks} {
			if slices.Contains(state.Capabilities, action) {
				t.Errorf("%s is among the capabilities of who has to wait", action)
			}
		}
		if !slices.Contains(state.Capabilities, chat.UpdateMessageOwn) {
			t.Errorf("the capabilities of who has to wait are %q", state.Capabilities)
		}
		// A retry of what is stored is no new send, an edit is none.
		john.post(commandRoom, chat.Draft{ID: "one", Text: "one"})
		s.check(second(john.UpdateMessage(s.ctx, "one", chat.MessageUpdate{Text: "ones"})))
		s.as("jane").send(commandRoom, "others wait for themselves alone")
		s.sleep(20 * time.Second)
		if state := john.channel(commandRoom); state.CooldownUntil != nil || !slices.Contains(state.Capabilities, chat.CreateMessage) {
			t.Errorf("the channel says %v, %q", state.CooldownUntil, state.Capabilities)
		}
		john.post(commandRoom, chat.Draft{Text: "two", ParentID: "one"})
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{Text: "after a reply"})
		wantCooldown(t, err, 30*time.Second)
		s.slow(commandRoom, 5*time.Second)
		_, err = john.Send(s.ctx, commandRoom, chat.Draft{Text: "a change is for who waits already"})
		wantCooldown(t, err, 5*time.Second)
		s.slow(commandRoom, 0)
		john.send(commandRoom, "without")
		john.send(commandRoom, "without")
	})
}

func TestSlowModeCountsWhatIsPendingAndNotWhatIsRefused(t *testing.T) {
	moderator := func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
		switch p.Message.Text {
		case "hold":
			return chat.Verdict{Decision: chat.Hold}, nil
		case "reject":
			return chat.Verdict{Decision: chat.Reject}, nil
		}
		return chat.Verdict{}, nil
	}
	inMemory(t, &chat.Options{Moderator: chat.ModeratorFunc(moderator)}, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.slow(commandRoom, 120*time.Second)
		john := s.as("john")
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{Text: "reject"})
		wantErr(t, err, chat.ErrRejected)
		john.send(commandRoom, "hold")
		_, err = john.Send(s.ctx, commandRoom, chat.Draft{Text: "more"})
		wantCooldown(t, err, 120*time.Second)
		s.sleep(60 * time.Second)
		s.reopen()
		_, err = s.as("john").Send(s.ctx, commandRoom, chat.Draft{Text: "more"})
		wantCooldown(t, err, 60*time.Second)
	})
}

func TestSlowModeIsNotForTheApplicationNorForWhoSkipsIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.slow(commandRoom, time.Minute)
		for range 2 {
			s.send(commandRoom, "john", chat.Draft{Text: "for him"}, nil)
			s.as("mod").send(commandRoom, "order")
		}
		john := s.as("john")
		john.send(commandRoom, "what the application sends in his name is not his")
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{Text: "again"})
		wantErr(t, err, chat.ErrCooldown)
		if state := s.as("mod").channel(commandRoom); state.CooldownUntil != nil || !slices.Contains(state.Capabilities, chat.SkipCooldown) {
			t.Errorf("who skips it waits until %v, may %q", state.CooldownUntil, state.Capabilities)
		}
		_, err = john.SetCooldown(s.ctx, commandRoom, 0)
		wantErr(t, err, chat.ErrPermission)
		s.check(second(s.as("mod").SetCooldown(s.ctx, commandRoom, 0)))
		john.send(commandRoom, "again")
		// A channel that never was in slow mode keeps nothing of it.
		s.channel("messaging:fast", "john", "jane")
		john.send("messaging:fast", "one")
		john.send("messaging:fast", "two")
	})
}

func TestSlowModeIsToldToWhoReadsTheChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		john := s.watch("john")
		s.slow(commandRoom, time.Minute)
		for _, e := range john.read() {
			if e.Type == chat.ChannelUpdated && e.Channel.Cooldown == time.Minute {
				return
			}
		}
		t.Error("nobody is told that the channel is in slow mode")
	})
}

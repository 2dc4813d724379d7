package powerloss

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/chat"
)

// state is what a caller's calls have made, and what of it is to be seen.
type state struct {
	messages map[chat.MessageID]string // what each is, and its text
	own      []chat.MessageID          // those of the own channel, oldest first
	unread   int                       // of the own channel, by the caller
	visitor  bool                      // is a member of the own channel
}

func (s *state) equal(o *state) bool {
	return maps.Equal(s.messages, o.messages) && slices.Equal(s.own, o.own) && s.unread == o.unread && s.visitor == o.visitor
}

func (s *state) String() string {
	text := fmt.Sprintf("%d unread, visitor %v, own %v", s.unread, s.visitor, s.own)
	for _, id := range slices.Sorted(maps.Keys(s.messages)) {
		text += fmt.Sprintf(", %s %.40s", id, s.messages[id])
	}
	return text
}

// statesOf are the states of a caller after none, one, two… of its calls.
func statesOf(c int) []*state {
	now := &state{messages: map[chat.MessageID]string{}}
	states := []*state{now}
	for n := range lives * laps * len(plan) {
		next := *now
		next.messages = maps.Clone(now.messages)
		next.own = slices.Clone(now.own)
		next.apply(c, n)
		now = &next
		states = append(states, now)
	}
	return states
}

// apply adds the n-th call of a caller.
func (s *state) apply(c, n int) {
	now, lap := callAt(n)
	id := messageID(c, lap, now.name)
	switch now.do {
	case "send", "commit", "edit", "undelete":
		s.messages[id] = "live: " + text(id, now.do)
	case "private":
		s.messages[id] = "private: " + text(id, now.do)
	case "hold":
		s.messages[id] = "pending: " + text(id, now.do)
	case "for me":
		s.messages[id] = "not for me: " + text(id, now.do)
	case "soft":
		s.messages[id] = "deleted"
	case "hard":
		delete(s.messages, id)
	case "say", "large":
		s.messages[id] = "live: " + text(id, now.do)
		s.own = append(s.own, id)
		s.unread++
	case "read":
		s.unread = 0
	case "unread":
		s.unread = len(s.own) - slices.Index(s.own, id)
	case "join":
		s.visitor = true
	case "leave":
		s.visitor = false
	case "truncate", "purge":
		for _, id := range s.own {
			delete(s.messages, id)
		}
		s.own, s.unread = nil, 0
	}
}

// observe reads what the chat holds of each caller.
func observe(ctx context.Context, app *chat.App) ([]*state, error) {
	states := make([]*state, callers)
	for c := range states {
		states[c] = &state{messages: map[chat.MessageID]string{}}
		if err := states[c].observeOwn(ctx, app, c); err != nil {
			return nil, err
		}
	}
	add := func(m chat.Message) error {
		var c int
		if _, err := fmt.Sscanf(string(m.ID), "%d-", &c); err != nil || c >= callers || states[c].messages[m.ID] != "" {
			return fmt.Errorf("message %q is nobody's, or is listed twice", m.ID)
		}
		states[c].messages[m.ID] = describe(m)
		return nil
	}
	for m, err := range app.AllMessages(ctx, room) {
		if err != nil {
			return nil, err
		}
		if err := add(m); err != nil {
			return nil, err
		}
	}
	held, err := app.PendingMessages(ctx, chat.PendingQuery{Limit: 300})
	if err != nil {
		return nil, err
	}
	for _, m := range held.Items {
		if err := add(m); err != nil {
			return nil, err
		}
	}
	for c, s := range states {
		if err := s.observeForMe(ctx, app, c); err != nil {
			return nil, err
		}
	}
	return states, nil
}

func describe(m chat.Message) string {
	switch {
	case m.Type == chat.TypeDeleted:
		return "deleted"
	case m.Pending != nil:
		return "pending: " + m.Text
	case len(m.Restricted) > 0:
		return "private: " + m.Text
	}
	return "live: " + m.Text
}

// observeOwn reads the caller's own channel.
func (s *state) observeOwn(ctx context.Context, app *chat.App, c int) error {
	for m, err := range app.AllMessages(ctx, own(c)) {
		if err != nil {
			return err
		}
		s.messages[m.ID] = describe(m)
		s.own = append(s.own, m.ID)
	}
	members, err := app.Members(ctx, own(c), chat.MemberQuery{})
	if err != nil {
		return err
	}
	s.visitor = slices.ContainsFunc(members.Items, func(m chat.Member) bool { return m.User.ID == "visitor" })
	s.unread, err = app.As(caller(c)).Unread(ctx, own(c))
	return err
}

// observeForMe finds what the caller deleted for themselves.
func (s *state) observeForMe(ctx context.Context, app *chat.App, c int) error {
	mine, err := app.As(caller(c)).MessagesByID(ctx, slices.Collect(maps.Keys(s.messages))...)
	if err != nil {
		return err
	}
	for _, m := range mine {
		if said, live := strings.CutPrefix(s.messages[m.ID], "live: "); live && m.DeletedForMe {
			s.messages[m.ID] = "not for me: " + said
		}
	}
	return nil
}

package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelModerates is a moderator who says what the step says.
type modelModerates struct {
	mu      sync.Mutex
	verdict string
	asked   []chat.Proposal

	kinds []model.Kind // that the step may answer without a moderator
	text  string       // that is asked about
	asks  bool
}

// expect says what a step answers and does by the moderator's word.
func (m *modelModerates) expect(w *model.World, s model.Step, kinds *[]model.Kind) (judged model.Step) {
	m.mu.Lock()
	m.verdict, m.asked = s.Verdict, nil
	m.mu.Unlock()
	m.kinds, m.text, m.asks = *kinds, "", false
	if slices.Contains(*kinds, model.OK) {
		m.text, m.asks = w.Asked(s)
	}
	*kinds, judged = w.Judge(s, *kinds)
	return judged
}

func (m *modelModerates) Moderate(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, p)
	switch m.verdict {
	case model.Rejects:
		return chat.Verdict{Decision: chat.Reject}, nil
	case model.Holds:
		return chat.Verdict{Decision: chat.Hold}, nil
	case model.Softens:
		c := p.Content()
		c.Text = model.Softened(c.Text)
		return chat.Verdict{Change: &c}, nil
	}
	return chat.Verdict{}, nil
}

// check checks that the moderator was asked what it had to be, and nothing else.
func (m *modelModerates) check(s model.Step, got model.Kind) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asks := m.asks
	if got != model.OK && slices.Contains(m.kinds, got) {
		asks = false // it was refused anyway
	}
	switch {
	case !asks && len(m.asked) > 0:
		return fmt.Sprintf("the moderator is asked about %q", m.asked[0].Message.Text)
	case asks && len(m.asked) != 1:
		return fmt.Sprintf("the moderator is asked %d times", len(m.asked))
	case !asks:
		return ""
	}
	p := m.asked[0]
	edit := s.Op == model.Update || s.Op == model.PatchMessage
	if p.Message.Text != m.text || string(p.By) != s.By || (p.Before != nil) != edit {
		return fmt.Sprintf("the moderator is asked by %q about %q, want %q", p.By, p.Message.Text, m.text)
	}
	return ""
}

// modelPhone is what was pushed since the last look.
type modelPhone struct {
	mu   sync.Mutex
	list []chat.Push
}

// pusher is the phone; none where the clock is a real one, by which nobody knows
// when a push is made.
func (r *modelRun) pusher() chat.Pusher {
	if !r.driver.fakeClock {
		return nil
	}
	return chat.PusherFunc(func(_ context.Context, p chat.Push) error {
		r.phone.mu.Lock()
		defer r.phone.mu.Unlock()
		r.phone.list = append(r.phone.list, p)
		return nil
	})
}

// checkPushes compares what was pushed with what the model says.
func (r *modelRun) checkPushes() string {
	pushes, unclear := r.world.Pushes()
	if !r.driver.fakeClock {
		return ""
	}
	r.phone.mu.Lock()
	list := r.phone.list
	r.phone.list = nil
	r.phone.mu.Unlock()
	var want, got []string
	for _, p := range pushes {
		want = append(want, fmt.Sprint(p.Message.ID, " ", p.Message.Text, " for ", strings.Join(p.Recipients, " ")))
	}
	for _, p := range list {
		if slices.ContainsFunc(unclear, func(m *model.Message) bool { return m.ID == string(p.Message.ID) }) {
			continue
		}
		if p.Attempt != 1 || p.Channel.CID != p.Message.CID || (p.Text == "") != (p.Message.Text == "") {
			return fmt.Sprintf("the push is %+v", p)
		}
		got = append(got, fmt.Sprint(p.Message.ID, " ", p.Message.Text, " for ", strings.Join(stringsAs[string](p.Recipients), " ")))
	}
	slices.Sort(want)
	slices.Sort(got)
	r.seen.types["push"] += len(got)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("pushed is %q, want %q", got, want)
	}
	return ""
}

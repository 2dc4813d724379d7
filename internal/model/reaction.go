package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reaction is a user's reaction to a message.
type Reaction struct {
	User, Type string
	Score      int
}

func (r Reaction) String() string { return fmt.Sprintf("%s:%s=%d", r.User, r.Type, r.Score) }

// Pin is that a message is pinned.
type Pin struct {
	By    string
	Until time.Time // zero: for good
	n     int       // the later the larger
}

// Pinned says whether a message is pinned now.
func (w *World) Pinned(m *Message) bool { return m.Pin != nil && w.lasts(m.Pin.Until) }

// Pins are the messages of a channel that are pinned, newest pin first, as a
// viewer finds them.
func (w *World) Pins(viewer string, ch *Channel) []*Message {
	var list []*Message
	for _, m := range ch.Messages {
		if w.Pinned(m) && w.Sees(viewer, m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *Message) int { return b.Pin.n - a.Pin.n })
	return list
}

// Reacted lists the reactions to a message that pass, newest first.
func (m *Message) Reacted(pass func(Reaction) bool) []Reaction {
	var list []Reaction
	for _, r := range slices.Backward(m.Reactions) {
		if pass(r) {
			list = append(list, r)
		}
	}
	return list
}

// ReactionList is reactions in one word.
func ReactionList(list []Reaction) string {
	var words []string
	for _, r := range list {
		words = append(words, r.String())
	}
	return strings.Join(words, " ")
}

// showReactions fills in what a viewer sees of reactions and a pin.
func (w *World) showReactions(v *MessageFields, viewer string, m *Message) {
	latest := m.Reacted(func(Reaction) bool { return true })
	groups := map[string][2]int{}
	for _, r := range latest {
		groups[r.Type] = [2]int{groups[r.Type][0] + 1, groups[r.Type][1] + r.Score}
	}
	v.Groups = GroupList(groups)
	v.Latest = ReactionList(latest[:min(len(latest), 10)])
	v.Own = ReactionList(m.Reacted(func(r Reaction) bool { return viewer != "" && r.User == viewer }))
	if w.Pinned(m) {
		v.Pin = PinWord(m.Pin.By, m.Pin.Until)
	}
}

// GroupList is, by type, how many reactions there are and the sum of their
// scores.
func GroupList(groups map[string][2]int) string {
	var words []string
	for kind, g := range groups {
		words = append(words, fmt.Sprintf("%s=%d/%d", kind, g[0], g[1]))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// PinWord is a pin in a word.
func PinWord(by string, until time.Time) string {
	if until.IsZero() {
		return "by " + by
	}
	return fmt.Sprintf("by %s for a time", by)
}

func (w *World) expectReaction(s Step) []Kind {
	m := w.Message(s.ID)
	if kind := w.reach(s.By, m); kind != OK {
		return []Kind{kind}
	}
	var v verdict
	ch := m.Channel
	v.add(ch.Deleted, ChannelDeleted)
	reads := m.Deleted || slices.Contains(m.ForMe, s.By)
	switch s.Op {
	case React:
		if s.By == "" {
			v.add(!w.active(s.User), Invalid)
		} else {
			w.need(&v, s.By, ch, "create-reaction")
			v.add(ch.Frozen && !w.Can(s.By, ch, "use-frozen-channel"), Frozen)
		}
		v.add(m.Pending, IsPending)
		v.add(reads, IsDeleted)
	case Unreact:
		if s.By != s.User || !w.Can(s.By, ch, "delete-reaction-own") {
			w.need(&v, s.By, ch, "delete-reaction")
		}
	case PinMessage, Unpin:
		w.need(&v, s.By, ch, "pin-message")
		v.add(m.Pending, IsPending)
		v.add(m.Audience != nil, Restricted)
		v.add(reads, IsDeleted)
		v.add(s.By == "" && s.User != "" && !w.active(s.User), Invalid)
	}
	return v.or()
}

// expectPin adds what keeps a message from being pinned as it is sent.
func (w *World) expectPin(s Step, parent *Message, ch *Channel, v *verdict) {
	if !s.Pinned {
		return
	}
	if s.By != "" {
		w.need(v, s.By, ch, "pin-message")
	}
	v.add(s.Audience != nil || parent.private(s.author()), Restricted)
	v.add(s.Hold == Held || s.Hold == AsTheChannelSays && w.On(ch, Pending), IsPending)
}

func (w *World) applyReaction(s Step, m *Message) {
	switch s.Op {
	case React:
		user := s.User
		if s.By != "" {
			user = s.By
		}
		if s.On {
			m.Reactions = slices.DeleteFunc(m.Reactions, func(r Reaction) bool { return r.User == user && r.Type != s.Action })
		}
		for i, r := range m.Reactions {
			if r.User == user && r.Type == s.Action {
				m.Reactions[i].Score = s.Score
				return
			}
		}
		m.Reactions = append(m.Reactions, Reaction{user, s.Action, s.Score})
	case Unreact:
		m.Reactions = slices.DeleteFunc(m.Reactions, func(r Reaction) bool { return r.User == s.User && r.Type == s.Action })
	case PinMessage:
		by := s.By
		if by == "" {
			by = s.User
		}
		w.pin(m, by, s.For)
	case Unpin:
		m.Pin = nil
	}
}

func (w *World) pin(m *Message, by string, lasting time.Duration) {
	w.pins++
	m.Pin = &Pin{By: by, Until: w.end(lasting), n: w.pins}
}

// reactions is reactions and pins.
func (g *Generator) reactions(w *World, ch *Channel) []choice {
	about := func(op Op) Step {
		return Step{Op: op, By: g.by(ch, 4), ID: g.message(w, ch, func(m *Message) bool { return !m.Pending && !m.Deleted })}
	}
	kind := func() string { return pick(g, []string{"like", "like", "love", "sad"}) }
	reacted := func(m *Message) bool { return len(m.Reactions) > 0 }
	pinned := func(m *Message) bool { return m.Pin != nil }
	return []choice{
		{70, func() Step {
			s := about(React)
			if s.Action, s.Score, s.On = kind(), 1+g.Random.IntN(3), g.chance(4); s.By == "" {
				s.User = g.user(ch)
			}
			if g.chance(2) && len(ch.Messages) > 0 { // many on one
				s.ID = nameOf(ch.Messages[max(0, len(ch.Messages)-1-g.Random.IntN(3))])
				return s
			}
			if s.ID = g.message(w, ch, reacted); g.chance(2) { // again, perhaps with another score
				if m := w.Message(s.ID); m != nil && reacted(m) {
					r := pick(g, m.Reactions)
					if s.Action = r.Type; s.By == "" {
						s.User = r.User
					} else {
						s.By = r.User
					}
				}
			}
			return s
		}},
		{30, func() Step {
			s := about(Unreact)
			if s.Action, s.User = kind(), g.user(ch); g.chance(2) && s.By != "" {
				s.User = s.By
			}
			if !g.chance(4) {
				s.ID = g.message(w, ch, reacted)
			}
			if m := w.Message(s.ID); m != nil && reacted(m) && !g.chance(5) {
				r := pick(g, m.Reactions)
				if s.Action, s.User = r.Type, r.User; g.chance(2) {
					s.By = r.User
				}
			}
			return s
		}},
		{25, func() Step {
			s := about(PinMessage)
			if s.By == "" && g.chance(2) {
				s.User = g.user(ch)
			}
			if g.FakeClock {
				s.For = g.lasting()
			}
			return s
		}},
		{10, func() Step {
			s := about(Unpin)
			if !g.chance(4) {
				s.ID = g.message(w, ch, pinned)
			}
			return s
		}},
	}
}

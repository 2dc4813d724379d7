package model

import (
	"slices"
	"time"
)

// Flag is a user's report of a message or of another user.
type Flag struct {
	Message *Message // nil: a user is flagged
	User    string   // who is flagged, or the author of the message
	By      string   // empty: a block list
	Reason  string
	At      time.Time
	Review  Review
}

// Review is what was made of a flag; without a time the flag is open.
type Review struct {
	By      string // empty: the application itself
	Outcome string
	At      time.Time
}

// Flags are those of the messages of a channel, or all, that a viewer who may
// list them sees.
func (w *World) Flags(viewer string, ch *Channel) []Flag {
	var list []Flag
	for _, f := range w.flags {
		switch m := f.Message; {
		case m == nil && ch == nil:
		case m == nil || ch != nil && m.Channel != ch || w.Read(viewer, m) != OK:
			continue
		case viewer != "" && (!w.Can(viewer, m.Channel, "ban-channel-member") || w.Banned(viewer, m.Channel, "ban-channel-member")):
			continue
		}
		list = append(list, f)
	}
	return list
}

func (w *World) expectFlag(s Step) []Kind {
	var v verdict
	switch s.Op {
	case UnflagUser:
		return []Kind{OK}
	case FlagUser:
		v.add(!w.anywhere(s.By, "flag-user"), Permission)
		v.add(!w.exists(s.User), NotFound)
		v.add(s.User == s.By, Invalid)
		return v.or()
	}
	m := w.Message(s.ID)
	if kind := w.reach(s.By, m); kind != OK || s.Op == UnflagMessage {
		return []Kind{kind}
	}
	w.need(&v, s.By, m.Channel, "flag-message")
	v.add(m.Pending, IsPending)
	v.add(m.Deleted || slices.Contains(m.ForMe, s.By), IsDeleted)
	return v.or()
}

// flag puts a flag; one that is there and open keeps its time.
func (w *World) flag(f Flag) {
	f.At = w.Now.Truncate(time.Microsecond)
	for i, known := range w.flags {
		if known.By == f.By && known.Message == f.Message && known.User == f.User {
			if known.Review.At.IsZero() {
				f.At = known.At
			}
			w.flags[i] = f
			return
		}
	}
	w.flags = append(w.flags, f)
}

// unflag removes all flags of a message, or of a user.
func (w *World) unflag(m *Message, user string) {
	w.flags = slices.DeleteFunc(w.flags, func(f Flag) bool { return f.Message == m && (m != nil || f.User == user) })
}

func (w *World) expectReview(s Step) []Kind {
	var v verdict
	v.add(s.By == "" && s.Author != "" && !w.active(s.Author), Invalid)
	if s.Op == ReviewUser {
		if kinds := w.Judges(s.By, ""); kinds[0] != OK {
			return kinds
		}
		return v.or()
	}
	m := w.Message(s.ID)
	if kind := w.reach(s.By, m); kind != OK {
		return append(v, kind)
	}
	w.need(&v, s.By, m.Channel, "ban-channel-member")
	return v.or()
}

// review marks all flags of a message, or of a user, reviewed.
func (w *World) review(s Step, m *Message, user string) {
	by := s.By
	if by == "" {
		by = s.Author
	}
	for i, f := range w.flags {
		if f.Message == m && f.User == user {
			w.flags[i].Review = Review{by, s.Text, w.Now.Truncate(time.Microsecond)}
		}
	}
}

// reviewing thinks of reviews.
func (g *Generator) reviewing(w *World, ch *Channel) []choice {
	by := func(s Step) Step {
		s.By, s.Text = g.moderator(w, ch), g.word()
		if s.By == "" && g.chance(2) {
			s.Author = g.user(ch)
		}
		return s
	}
	return []choice{
		{3 + w.flagged(), func() Step {
			s := by(Step{Op: ReviewMessage, ID: g.message(w, ch, nil)})
			if m := g.flagged(w); m != nil {
				s.ID = nameOf(m)
			}
			return s
		}},
		{2 + w.flagged()/4, func() Step { return by(Step{Op: ReviewUser, User: g.user(ch)}) }},
	}
}

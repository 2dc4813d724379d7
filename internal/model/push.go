package model

import (
	"slices"
	"time"
)

// push is a message of which people are to be told.
type push struct {
	message *Message
	due     time.Time
}

// Push is a message, and who is told of it.
type Push struct {
	Message    *Message
	Recipients []string
}

// owePush notes that a message that becomes visible is to be pushed. Those of
// the engine's own words are not.
func (w *World) owePush(m *Message, at time.Time) {
	if !m.Silent && !m.Shadowed && m.Command != "ban" && m.Command != "unban" {
		w.pushes = append(w.pushes, push{m, at})
	}
}

// Pushes is who is told when the work that is due is done, and of what; those
// who would be told of nothing are left out. Where the clock was set back a push
// waits until it is due: when exactly it is made is not known then, and so is
// nothing else of it. Unclear is the messages of these.
func (w *World) Pushes() (list []Push, unclear []*Message) {
	for _, p := range w.pushes {
		if parent := p.message.Parent; w.Now.Before(p.due) || parent != nil && parent.Gone { // or its thread is being erased
			w.unclear = append(w.unclear, p.message)
			continue
		}
		if users := w.Recipients(p.message); len(users) > 0 {
			list = append(list, Push{p.message, users})
		}
	}
	w.pushes = nil
	return list, w.unclear
}

// Recipients is who is told of a message by another: members who see it and do
// not mute it.
func (w *World) Recipients(m *Message) []string {
	ch := m.Channel
	if ch.Deleted || ch.Disabled || m.Deleted || !w.Sees("", m) {
		return nil
	}
	var users []string
	for _, member := range ch.Members {
		id := member.User
		switch {
		case id == m.Author || !w.active(id) || member.Open() || w.Banned(id, ch, "create-message"):
		case w.MutesChannel(id, ch) || w.MutesUser(id, m.Author):
		case !w.Sees(id, m) || slices.Contains(m.ForMe, id):
		case m.Audience != nil && !slices.Contains(m.Audience, id):
		case m.Parent != nil && !m.Show && (!w.Sees("", m.Parent) || !m.Parent.Created.After(ch.Cleared[id]) || !w.TakesPart(id, m.Parent)):
		default:
			users = append(users, id)
		}
	}
	return users
}

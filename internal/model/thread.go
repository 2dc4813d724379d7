package model

import (
	"slices"
	"time"
)

// Replies are the replies to a message that a viewer sees, oldest first.
func (w *World) Replies(viewer string, parent *Message) []*Message {
	var list []*Message
	for _, m := range parent.Channel.Messages {
		if m.Parent == parent && !m.Pending && w.Sees(viewer, m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, byCreated)
	return list
}

// thread is what a viewer sees of a message's thread: how many replies, how many
// of them deleted, and by whom.
func (w *World) thread(viewer string, parent *Message) (count, deleted int, by []string) {
	for _, m := range w.Replies(viewer, parent) {
		if count++; m.Deleted {
			deleted++
		}
		by = append(by, m.Author)
	}
	return count, deleted, fold(by)
}

// mentions says whether a message mentions a user now, who is not its author.
func (m *Message) mentions(id string) bool {
	return m.tells(id) && (m.All || slices.Contains(m.Mentions, id))
}

// names says whether a message mentions a user by their id.
func (m *Message) names(id string) bool { return m.tells(id) && slices.Contains(m.Mentions, id) }

// tells says whether one whom a message mentions is to know.
func (m *Message) tells(id string) bool {
	return !m.Pending && !m.Deleted && !m.Silent && !m.Shadowed && m.Author != id && (m.Audience == nil || slices.Contains(m.Audience, id))
}

// TakesPart says whether a user takes part in a thread.
func (w *World) TakesPart(id string, parent *Message) bool {
	if parent.Author == id {
		return true
	}
	return slices.ContainsFunc(parent.Channel.Messages, func(m *Message) bool {
		return m.Parent == parent && !m.Pending && (m.Author == id || m.names(id))
	})
}

// begin marks a thread read up to a time for one who takes part in it, if they
// have read nothing of it yet.
func (m *Message) begin(id string, at time.Time) {
	member := m.Channel.Member(id)
	if member == nil || id == m.Parent.Author {
		return
	}
	if _, read := member.Threads[m.Parent]; read {
		return
	}
	if at.Before(member.Joined) {
		at = member.Joined
	}
	member.Threads[m.Parent] = at
}

// reply has those take part in a thread who do by a message of it.
func (m *Message) reply(by string) {
	if m.Parent == nil || m.Pending {
		return
	}
	if member := m.Channel.Member(by); member != nil && by == m.Author {
		member.Threads[m.Parent] = m.Created
	}
	m.begin(m.Author, m.Created)
	m.mention()
}

// mention has those take part in a thread whom a message of it mentions.
func (m *Message) mention() {
	if m.Parent == nil {
		return
	}
	for _, member := range m.Channel.Members {
		if m.names(member.User) {
			m.begin(member.User, m.Created.Add(-time.Microsecond))
		}
	}
}

// Thread is a thread as a user has it.
type Thread struct {
	Parent           *Message
	Unread, Mentions int
	Newest           time.Time // of the replies not deleted
}

// ThreadOf is a thread as a user has it.
func (w *World) ThreadOf(id string, parent *Message) Thread {
	t := Thread{Parent: parent}
	ch := parent.Channel
	member := ch.Member(id)
	from := time.Time{}
	if member != nil {
		from = member.Joined
		if mark, read := member.Threads[parent]; read {
			from = mark
		}
	}
	counts := ch.joined(id) && !ch.Disabled && !w.MutesChannel(id, ch) && w.TakesPart(id, parent)
	for _, m := range w.Replies(id, parent) {
		if m.Deleted {
			continue
		}
		t.Newest = m.Created
		if counts && m.Created.After(from) && m.Author != id && !m.Silent && !slices.Contains(m.ForMe, id) && !w.MutesUser(id, m.Author) {
			t.Unread++
			if m.names(id) {
				t.Mentions++
			}
		}
	}
	return t
}

// Threads are those that a user takes part in, in any order.
func (w *World) Threads(id string) []Thread {
	var list []Thread
	for _, ch := range w.Channels {
		if ch.Purged || ch.Disabled || !w.Reads(id, ch) {
			continue
		}
		for _, m := range ch.Messages {
			if m.Parent == nil && !m.Pending && w.Sees(id, m) && w.TakesPart(id, m) && len(w.Replies(id, m)) > 0 {
				list = append(list, w.ThreadOf(id, m))
			}
		}
	}
	return list
}

// UnreadMentions is how much of what a user has unread in a channel mentions
// them.
func (w *World) UnreadMentions(id string, ch *Channel) int {
	n := 0
	for _, m := range w.unread(id, ch) {
		if m.mentions(id) {
			n++
		}
	}
	return n
}

// ReadThread says what reading the replies to a message answers.
func (w *World) ReadThread(viewer string, m *Message) Kind {
	if kind := w.reach(viewer, m); kind != OK {
		return kind
	}
	switch {
	case m.Pending:
		return IsPending
	case m.Parent != nil:
		return NestedReply
	}
	return OK
}

// expectThread is what marking a thread may answer.
func (w *World) expectThread(s Step, m *Message, v *verdict) {
	v.add(m.Pending, IsPending)
	v.add(!m.Channel.joined(s.By), Permission)
	v.add(s.Op == MarkThreadRead && m.Parent != nil, NestedReply)
	v.add(s.Op == MarkThreadUnread && w.isThreadHidden(s.By, m), NotFound)
}

// isThreadHidden says whether a message is a reply, shown in the channel, to what
// its reader has nothing of.
func (w *World) isThreadHidden(viewer string, m *Message) bool {
	p := m.Parent
	return p != nil && (p.Gone || p.Truncated || !p.Created.After(m.Channel.Cleared[viewer]))
}

// markThread marks a thread.
func (w *World) markThread(s Step, m *Message) {
	member := m.Channel.Member(s.By)
	switch {
	case s.Op == MarkThreadRead:
		member.Threads[m] = m.Channel.Last
	case m.Parent != nil:
		member.Threads[m.Parent] = m.Created.Add(-time.Microsecond)
	default:
		member.Threads[m] = m.Created
	}
}

// thread thinks of replies, of mentions and of marks of threads.
func (g *Generator) thread(w *World, ch *Channel) []choice {
	reply := func() Step {
		s := g.send(w, ch)
		s.Type, s.Quoted, s.Audience, s.Text = "", "", nil, "words"
		s.Parent = g.message(w, ch, func(m *Message) bool { return m.Parent == nil && !m.Pending })
		s.Show = g.chance(4)
		if g.chance(3) {
			s.Mentions = g.some(userIDs(), 3)
		}
		if parent := w.Message(s.Parent); g.chance(5) && parent != nil && parent.Audience == nil {
			s.By, s.User, s.Audience = "", g.user(ch), []string{g.user(ch)}
		}
		return s
	}
	everyone := func() Step {
		s := g.send(w, ch)
		s.All, s.Online = g.chance(2), g.chance(3)
		if g.chance(2) {
			s.By, s.User = "", g.user(ch)
		}
		if s.Parent != "" && !g.chance(6) {
			s.Show = true
		}
		return s
	}
	mark := func(op Op) func() Step {
		return func() Step {
			parents := func(m *Message) bool { return m.Parent == nil }
			replies := func(m *Message) bool { return m.Parent != nil }
			if op == MarkThreadUnread && g.chance(2) {
				parents = replies
			}
			return Step{Op: op, ID: g.message(w, ch, parents), By: g.user(ch)}
		}
	}
	return []choice{{70, reply}, {12, everyone}, {20, mark(MarkThreadRead)}, {20, mark(MarkThreadUnread)}}
}

package model

import (
	"slices"
	"strings"
	"time"
)

// Made is what the engine made in a step: the message that was sent, committed
// or posted along.
type Made struct {
	ID      string
	Created time.Time
}

func channelType(cid string) string {
	name, _, _ := strings.Cut(cid, ":")
	return name
}

// Apply does a step that the engine has done too.
func (w *World) Apply(s Step, made Made) {
	ch := w.Channel(s.CID)
	m := w.Message(s.ID)
	switch s.Op {
	case PutUser:
		if u := w.User(s.User); u != nil {
			u.Role = s.Role
		} else {
			w.Users = append(w.Users, &User{ID: s.User, Role: s.Role, Active: true})
		}
	case Deactivate, Reactivate:
		w.User(s.User).Active = s.Op == Reactivate
	case MuteUser, UnmuteUser:
		u := w.User(s.By)
		u.Mutes = slices.DeleteFunc(u.Mutes, func(m Mute) bool { return m.User == s.User || !w.lasts(m.Until) })
		if s.Op == MuteUser {
			u.Mutes = append(u.Mutes, Mute{s.User, w.end(s.For)})
		}
	case SetTimeout:
		w.Timeout = s.For
	case EnsureChannel:
		w.ensure(s, ch)
	case Send:
		if m == nil {
			w.send(s, ch, made)
		}
	case Update:
		m.Text, m.Quoted, m.Mentions, m.Titled = s.Text, w.Message(s.Quoted), nil, false
	case Delete:
		if s.Hard {
			w.erase(m)
		} else {
			m.Deleted = true
		}
	case DeleteForMe:
		if !slices.Contains(m.ForMe, s.By) {
			m.ForMe = append(m.ForMe, s.By)
		}
	case Undelete:
		m.Deleted = false
	case Commit:
		m.Pending, m.Sent, m.Created = false, m.Created, made.Created
		m.Channel.Last = made.Created
	case MarkReadTo:
		member := m.Channel.Member(s.By)
		if m.Created.After(member.Mark) {
			member.Mark = m.Created
		}
	case MarkUnread:
		m.Channel.Member(s.By).Mark = m.Created.Add(-time.Microsecond)
	default:
		w.applyToChannel(s, ch, made)
	}
}

// end is when something that lasts for a time ends; zero for what lasts for
// good.
func (w *World) end(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return w.Now.Add(d)
}

func (w *World) ensure(s Step, ch *Channel) {
	if ch != nil && !ch.Deleted {
		return
	}
	ch = &Channel{CID: s.CID, Type: channelType(s.CID), Creator: s.User, Cleared: map[string]time.Time{}, Left: map[string]time.Time{}}
	users := s.Users
	if s.By != "" {
		ch.Creator = s.By
		users = append([]string{s.By}, users...)
	}
	for _, id := range users {
		ch.join(id, "")
	}
	w.Channels = append(w.Channels, ch)
}

// join makes a user a member who has nothing unread.
func (ch *Channel) join(user, role string) {
	if ch.Member(user) != nil {
		return
	}
	if role == "" {
		role = "channel_member"
	}
	ch.Members = append(ch.Members, &Member{User: user, Role: role, Mark: ch.Last})
	slices.SortFunc(ch.Members, func(a, b *Member) int { return strings.Compare(a.User, b.User) })
	delete(ch.Left, user)
}

func (ch *Channel) leave(user string) {
	if ch.Member(user) == nil {
		return
	}
	ch.Members = slices.DeleteFunc(ch.Members, func(m *Member) bool { return m.User == user })
	ch.Left[user] = ch.Last
}

func (w *World) send(s Step, ch *Channel, made Made) {
	m := &Message{
		ID: made.ID, Channel: ch, Author: s.User, Type: s.Type, Text: s.Text, Parent: w.Message(s.Parent), Quoted: w.Message(s.Quoted),
		Mentions: s.Mentions, Titled: s.Titled, Show: s.Show, Silent: s.Silent, Created: made.Created, Input: s,
	}
	if s.By != "" {
		m.Author = s.By
	}
	switch {
	case m.Parent != nil:
		m.Type = "reply"
	case m.Type == "":
		m.Type = "regular"
	}
	m.Audience = fold(s.Audience)
	if m.Parent != nil && m.Parent.Audience != nil && s.Audience == nil {
		m.Audience = fold(append(slices.Clone(m.Parent.Audience), m.Parent.Author))
	}
	m.Pending = s.Hold == Held || s.Hold == AsTheChannelSays && ch.Holds
	m.WasPending = m.Pending
	w.keep(s.ID, m)
	if m.Pending {
		return
	}
	ch.Last = m.Created
	if member := ch.Member(s.By); member != nil && m.Parent == nil {
		member.Mark = m.Created
	}
}

func (w *World) keep(name string, m *Message) {
	w.Messages = append(w.Messages, m)
	m.Channel.Messages = append(m.Channel.Messages, m)
	w.names[m.ID], w.names[name] = m, m
}

// fold drops repetitions.
func fold(list []string) []string {
	var folded []string
	for _, id := range list {
		if !slices.Contains(folded, id) {
			folded = append(folded, id)
		}
	}
	return folded
}

// erase deletes a message for good, with its replies.
func (w *World) erase(m *Message) {
	w.drop(m)
	for _, other := range slices.Clone(m.Channel.Messages) {
		if other.Parent == m {
			w.erase(other)
		}
	}
}

// drop deletes a message for good, alone: replies to what was truncated stay if
// they are newer.
func (w *World) drop(m *Message) {
	m.Gone, m.Pending = true, false
	m.Channel.Messages = slices.DeleteFunc(m.Channel.Messages, func(other *Message) bool { return other == m })
}

// Sweep erases the pending messages that are overdue, for good: what changes the
// clock or the timeout later does not bring them back.
func (w *World) Sweep() {
	for _, ch := range w.Channels {
		for _, m := range slices.Clone(ch.Messages) {
			if w.overdue(m) {
				w.erase(m)
			}
		}
	}
}

// purge erases a channel with all its lives.
func (w *World) purge(cid string) {
	for _, ch := range w.Channels {
		if ch.CID != cid {
			continue
		}
		ch.Purged = true
		for _, m := range slices.Clone(ch.Messages) {
			w.drop(m)
			m.Purged = true
		}
	}
}

func (w *World) applyToChannel(s Step, ch *Channel, made Made) {
	switch s.Op {
	case DeleteChannel:
		ch.Deleted = true
		if s.Hard {
			w.purge(ch.CID)
		}
	case Truncate:
		w.truncate(s, ch)
	case Freeze:
		ch.Frozen = s.On
	case Disable:
		ch.Disabled = s.On
	case HoldMessages:
		ch.Holds = s.On
	case AddMembers:
		for _, id := range s.Users {
			ch.join(id, s.Role)
		}
	case RemoveMembers:
		for _, id := range s.Users {
			ch.leave(id)
		}
	case Leave:
		ch.leave(s.By)
	case ChangeRole:
		ch.Member(s.User).Role = s.Role
	case MarkRead:
		ch.Member(s.By).Mark = ch.Last
	case MuteChannel:
		member := ch.Member(s.By)
		member.Mutes, member.MutesUntil = true, w.end(s.For)
	case UnmuteChannel:
		ch.Member(s.By).Mutes = false
	case Hide:
		member := ch.Member(s.By)
		member.Hides, member.HiddenAt = true, ch.Last
		if s.Hard {
			ch.Cleared[s.By] = ch.Last
		}
	case Show:
		ch.Member(s.By).Hides = false
	}
	if s.Text == "" || made.ID == "" {
		return
	}
	author := s.By
	if author == "" {
		author = ch.Creator
	}
	w.keep("note "+s.Text, &Message{ID: made.ID, Channel: ch, Author: author, Type: "system", Text: s.Text, Created: made.Created})
	ch.Last = made.Created
}

func (w *World) truncate(s Step, ch *Channel) {
	until := w.until(s)
	for _, m := range slices.Clone(ch.Messages) {
		switch {
		case until != nil && m.Created.After(until.Created):
		case s.Hard || m.Pending:
			w.drop(m)
			m.Purged = true
		default:
			m.Truncated = true
		}
	}
}

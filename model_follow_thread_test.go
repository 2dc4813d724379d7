package chat_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// shown is a message as it reads by what is known: with what it quotes and the
// sums of its thread, of which the events of other messages tell, and without a
// pin that is over.
func (ch *modelFollowed) shown(id chat.MessageID) chat.Message {
	m := ch.summed(id)
	quoted := m.QuotedMessageID
	m.QuotedMessageID, m.QuotedMessage = "", nil
	if _, known := ch.messages[quoted]; known {
		q := ch.summed(quoted)
		q.QuotedMessageID, q.QuotedMessage = "", nil // one level deep
		m.QuotedMessageID, m.QuotedMessage = quoted, &q
	}
	return m
}

func (ch *modelFollowed) summed(id chat.MessageID) chat.Message {
	m := ch.messages[id]
	m.ReplyCount, m.DeletedReplyCount, m.ThreadParticipants = 0, 0, nil
	for _, reply := range ch.replies(id) {
		m.ReplyCount++
		if reply.DeletedAt != nil {
			m.DeletedReplyCount++
		}
		if !slices.ContainsFunc(m.ThreadParticipants, func(u chat.User) bool { return u.ID == reply.User.ID }) {
			m.ThreadParticipants = append(m.ThreadParticipants, reply.User)
		}
	}
	if m.PinExpires != nil && !time.Now().Before(*m.PinExpires) {
		m.Pinned, m.PinnedAt, m.PinnedBy, m.PinExpires = false, nil, nil, nil
	}
	return m
}

// replies are those to a message, oldest first.
func (ch *modelFollowed) replies(parent chat.MessageID) (list []chat.Message) {
	for _, m := range ch.messages {
		if m.ParentID == parent && m.Pending == nil {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b chat.Message) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

// takesPart says whether the user takes part in a thread that has replies. That
// a reply mentions them they do not know once they deleted it for themselves.
func (f *modelFollower) takesPart(parent chat.Message, replies []chat.Message) (takes, known bool) {
	me := chat.UserID(f.user)
	named := func(m chat.Message) bool {
		return !m.Silent && !m.Shadowed && (m.Restricted == nil || slices.Contains(m.Restricted, me)) &&
			slices.ContainsFunc(m.MentionedUsers, func(u chat.User) bool { return u.ID == me })
	}
	takes = parent.User.ID == me || slices.ContainsFunc(replies, func(m chat.Message) bool { return m.User.ID == me || named(m) })
	return takes, takes || !slices.ContainsFunc(replies, func(m chat.Message) bool { return m.DeletedForMe })
}

// checkReplies checks what an event says is unread of a thread.
func (f *modelFollower) checkReplies(e chat.Event, m *model.Message) string {
	switch e.Type {
	case chat.ThreadMessageNew:
		m = m.Parent
	case chat.NotificationRead, chat.NotificationUnread:
	default:
		return ""
	}
	if m.Channel.Member(f.user) == nil {
		return ""
	}
	if e.UnreadReplies == nil {
		return fmt.Sprintf("what is unread of the thread of %s is not told", m.ID)
	}
	if want := f.run.world.ThreadOf(f.user, m).Unread; *e.UnreadReplies != want {
		return fmt.Sprintf("%d are unread of the thread of %s, want %d", *e.UnreadReplies, m.ID, want)
	}
	return ""
}

// applyToThread keeps what an event tells of what is unread in threads, and
// forgets what may have changed by it.
func (f *modelFollower) applyToThread(ch *modelFollowed, e chat.Event) {
	if e.UnreadReplies != nil {
		ch.threads[cmp.Or(e.Message.ParentID, e.Message.ID)] = *e.UnreadReplies
	}
	switch e.Type {
	case chat.MessageNew:
		if e.Message.User.ID == chat.UserID(f.user) { // one reads a thread in which one replies, unless the application did
			delete(ch.threads, e.Message.ParentID)
		}
	case chat.MessageUpdated, chat.MessageDeleted, chat.MessageUndeleted:
		delete(ch.threads, e.Message.ParentID)
	case chat.ChannelTruncated, chat.ChannelHidden, chat.InviteAccepted:
		clear(ch.threads)
	case chat.ChannelUpdated:
		if e.Muted != nil {
			clear(ch.threads)
		}
	}
}

// compareThreads compares the threads of a channel with the list of them, and
// reads there what is unread.
func (f *modelFollower) compareThreads(ch *modelFollowed) string {
	listed, err := modelPages(func(page chat.PageToken) (chat.Page[chat.Thread], error) {
		q := chat.ThreadQuery{CID: ch.channel.CID, Limit: 30, Replies: chat.None, Page: page}
		return f.run.app.As(chat.UserID(f.user)).Threads(context.Background(), q)
	})
	if err != nil {
		return "its threads: " + err.Error()
	}
	threads := map[chat.MessageID]chat.Thread{}
	for _, t := range listed {
		threads[t.Parent.ID] = t
	}
	for id, parent := range ch.messages {
		t, isListed := threads[id]
		delete(threads, id)
		replies := ch.replies(id)
		takes, known := f.takesPart(parent, replies)
		if takes = takes && len(replies) > 0 && parent.ParentID == ""; known && takes != isListed {
			return fmt.Sprintf("takes part in the thread of %s: %t, it is listed: %t", id, takes, isListed)
		}
		if !isListed {
			delete(ch.threads, id)
			continue
		}
		if failure := f.compareThread(ch, t, replies); failure != "" {
			return fmt.Sprintf("the thread of %s: %s", id, failure)
		}
		ch.threads[id] = t.Unread
	}
	if len(threads) > 0 {
		return fmt.Sprintf("%v are listed as its threads", threads)
	}
	return ""
}

func (f *modelFollower) compareThread(ch *modelFollowed, t chat.Thread, replies []chat.Message) string {
	var newest *time.Time
	for _, m := range replies {
		if m.DeletedAt == nil {
			newest = &m.CreatedAt
		}
	}
	if d := diffOf(newest, t.LastReplyAt); d != "" {
		return "its newest reply: " + d
	}
	if d := diffOf(f.toldMessage(ch.shown(t.Parent.ID)), f.toldMessage(t.Parent)); d != "" {
		return "its parent: " + d
	}
	if unread, known := ch.threads[t.Parent.ID]; known && f.isToldUnread(ch) && unread != t.Unread {
		return fmt.Sprintf("%d are unread of it, want %d", unread, t.Unread)
	}
	return ""
}

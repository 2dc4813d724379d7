package chat_test

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
)

// crashThread is what is compared of a thread as a user has it.
type crashThread struct{ Unread, Mentions int }

// crashAhead is by how many microseconds messages of many callers at once may be
// ahead of the clock, by which a thread is read: which of them were read is not
// known then.
const crashAhead = 1000

// checkThreads compares the threads of each caller, and what they have unread of
// them, with a naive count of the replies after their marks.
func (l *crashLife) checkThreads() {
	l.t.Helper()
	replies := map[chat.MessageID][]*crashMessage{}
	for _, m := range l.model.order {
		if fate := l.model.fate(m, time.Now()); m.Parent != "" && (fate == crashLive || fate == crashDeleted) {
			replies[m.Parent] = append(replies[m.Parent], m)
		}
	}
	for caller := range crashCallers {
		user := crashUser(caller)
		read := map[chat.MessageID]int64{}
		got := l.threads(user, read)
		want, all := map[chat.MessageID]crashThread{}, crashThread{}
		for id, list := range replies {
			parent := l.model.messages[id]
			if !l.takesPart(user, parent, list) {
				continue
			}
			want[id] = l.countThread(user, parent, list, read[id])
			if slices.ContainsFunc(list, func(m *crashMessage) bool { return m.at > read[id] && m.at <= read[id]+crashAhead }) {
				want[id] = got[id]
			}
			all.Unread += want[id].Unread
		}
		if diff := cmp.Diff(want, got); diff != "" {
			l.t.Errorf("the threads of %s (-want +got):\n%s", user, diff)
		}
		total, err := l.app.As(user).TotalUnread(l.ctx)
		l.must(err)
		if total.Replies != all.Unread {
			l.t.Errorf("%s has %d replies unread in all; counted are %d", user, total.Replies, all.Unread)
		}
	}
}

// threads is the threads of a user as they are listed, and up to when each is
// read.
func (l *crashLife) threads(user chat.UserID, read map[chat.MessageID]int64) map[chat.MessageID]crashThread {
	l.t.Helper()
	list := map[chat.MessageID]crashThread{}
	for q := (chat.ThreadQuery{Limit: 30, Replies: chat.None}); ; {
		page, err := l.app.As(user).Threads(l.ctx, q)
		l.must(err)
		for _, t := range page.Items {
			list[t.Parent.ID] = crashThread{t.Unread, t.UnreadMentions}
			if t.LastRead != nil {
				read[t.Parent.ID] = crashMicro(*t.LastRead)
			}
		}
		if q.Page = page.Next; q.Page == "" {
			return list
		}
	}
}

// takesPart says whether a user takes part in a thread that they can see. Who left
// a livestream reads it on.
func (l *crashLife) takesPart(user chat.UserID, parent *crashMessage, replies []*crashMessage) bool {
	ch := l.model.channels[parent.CID]
	fate := l.model.fate(parent, time.Now())
	reads := ch.members[user] != nil || ch.cid.Type() == "livestream"
	if !ch.open || parent.life != ch.life || !reads || fate != crashLive && fate != crashDeleted {
		return false
	}
	return parent.author == user || slices.ContainsFunc(replies, func(m *crashMessage) bool {
		return m.author == user || l.mentions(m, user)
	})
}

// mentions says whether a reply mentions a user, so that they take part.
func (l *crashLife) mentions(m *crashMessage, user chat.UserID) bool {
	return !m.Silent && l.model.fate(m, time.Now()) == crashLive && slices.Contains(m.Mentions, user)
}

// countThread counts the replies that came after a user had read a thread.
func (l *crashLife) countThread(user chat.UserID, parent *crashMessage, replies []*crashMessage, read int64) (n crashThread) {
	if member := l.model.channels[parent.CID].members[user]; member == nil || member.muted {
		return n
	}
	for _, m := range replies {
		live := l.model.fate(m, time.Now()) == crashLive
		if !live || m.at <= read || m.author == user || m.Silent || m.forMe[user] || l.model.mutes[user][m.author] {
			continue
		}
		n.Unread++
		if slices.Contains(m.Mentions, user) {
			n.Mentions++
		}
	}
	return n
}

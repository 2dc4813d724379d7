package chat

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Presence knows who is online, for messages with Draft.MentionOnline. It is
// asked as a message is pushed. Each call has to return when its context ends.
type Presence interface {
	// Online returns those of the users who are online.
	Online(ctx context.Context, users []UserID) ([]UserID, error)
}

// PresenceFunc makes a Presence of a function.
type PresenceFunc func(ctx context.Context, users []UserID) ([]UserID, error)

// Online calls f.
func (f PresenceFunc) Online(ctx context.Context, users []UserID) ([]UserID, error) {
	return f(ctx, users)
}

// onlineFor is how long one who read events is online, as they may be back.
const onlineFor = 30 * time.Second

// polling knows who reads events on this App. It is safe for concurrent use.
type polling struct {
	mu    sync.Mutex
	users map[UserID]*polled
	swept time.Time
}

type polled struct {
	now  int // calls that wait or read
	last time.Time
}

func newPolling() *polling { return &polling{users: map[UserID]*polled{}} }

// enter notes that a user reads events, until leave is called.
func (p *polling) enter(user UserID) (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[user]
	if u == nil {
		u = new(polled)
		p.users[user] = u
	}
	u.now++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		u.now--
		u.last = time.Now()
		p.sweep(u.last)
	}
}

// sweep forgets who is no longer online, now and then.
func (p *polling) sweep(now time.Time) {
	if d := now.Sub(p.swept); d >= 0 && d < onlineFor {
		return
	}
	p.swept = now
	for user, u := range p.users {
		if !u.online(now) {
			delete(p.users, user)
		}
	}
}

func (u *polled) online(now time.Time) bool { return u.now > 0 || now.Sub(u.last) < onlineFor }

// Online returns those of the users who read events on this App.
func (p *polling) Online(_ context.Context, users []UserID) ([]UserID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var list []UserID
	for _, user := range users {
		if u := p.users[user]; u != nil && u.online(now) {
			list = append(list, user)
		}
	}
	return list, nil
}

// checkMentionFlags is an error if a draft mentions everyone in a thread alone.
func checkMentionFlags(d *Draft) error {
	if d.ParentID == "" || d.ShowInChannel {
		return nil
	}
	const reason = "is set on a reply that is not shown in the channel"
	switch {
	case d.MentionAll:
		return invalid("mentioned_channel", reason)
	case d.MentionOnline:
		return invalid("mentioned_here", reason)
	}
	return nil
}

// mentionedOf are those of the recipients of a push whom the message mentions.
func (a *App) mentionedOf(ctx context.Context, m *codec.Message, recipients []UserID) ([]UserID, error) {
	if m.MentionsAll {
		return slices.Clone(recipients), nil
	}
	var online []UserID
	if m.MentionsOnline {
		var err error
		if online, err = a.presence.Online(ctx, slices.Clone(recipients)); err != nil {
			return nil, err
		}
	}
	var list []UserID
	for _, user := range recipients {
		if slices.Contains(m.Mentions, string(user)) || slices.Contains(online, user) {
			list = append(list, user)
		}
	}
	return list, nil
}

// mentionsAfter is what mentions a user in a channel's pages after a time.
type mentionsAfter struct {
	version uint64 // of what was read
	after   int64
	list    []record.MentionAt
}

// mentionsAfter reads what mentions the user, unless an earlier call has.
func (s *readState) mentionsAfter(r *record.Reader, parent, after int64) ([]record.MentionAt, error) {
	remembers := parent == 0 && s.room.remembered
	known := s.room.mentions.Load()
	if remembers && known != nil && known.after == after && r.Unchanged(known.version, s.room.scope) {
		return known.list, nil
	}
	list, err := r.MentionsAfter(s.room.number, string(s.room.user), parent, after)
	if err == nil && remembers && len(list) <= mentionsKept {
		s.room.mentions.Store(&mentionsAfter{r.Version(), after, list})
	}
	return list, err
}

// mentionsKept is the most mentions that are remembered of a channel.
const mentionsKept = 16

// unreadMentions counts what mentions the user among what they have unread after
// a time: of the channel's pages (parent 0) or of a thread.
func (s *readState) unreadMentions(r *record.Reader, parent, after int64) (int, error) {
	list, err := s.mentionsAfter(r, parent, after)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	muted, err := s.mutedUsers(r)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, m := range list {
		if m.Author != string(s.room.user) && !slices.Contains(muted, m.Author) && !s.room.forMe.Has(m.At) {
			n++
		}
	}
	return n, nil
}

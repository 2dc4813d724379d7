package chat

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.com/chat/internal/record"
)

// StartTyping tells who reads a channel now that the user types in it. It is
// live only: on this App, for those who read events now, and for ten seconds; a
// client sends it again while its user types. It needs create-message, and does
// nothing where the channel type has Typing off.
func (s *Session) StartTyping(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "StartTyping").ended(&err)
	return s.app.tellTyping(ctx, "StartTyping", s.user, cid, TypingStart)
}

// StopTyping tells that the user no longer types; see [Session.StartTyping].
func (s *Session) StopTyping(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "StopTyping").ended(&err)
	return s.app.tellTyping(ctx, "StopTyping", s.user, cid, TypingStop)
}

func (a *App) tellTyping(ctx context.Context, op string, user UserID, cid CID, what EventType) error {
	if err := checkCID("cid", cid); err != nil {
		return in(op, err)
	}
	var told *typed
	err := a.view(ctx, op, func(r *record.Reader) error {
		room, err := openRoom(r, as(user), cid, more{blind: true})
		if err == nil {
			err = room.enter()
		}
		if err == nil {
			err = room.need(CreateMessage)
		}
		if err != nil || !room.kind.Typing || room.shadowed() {
			return err
		}
		told = &typed{what: what, channel: room.number, cid: cid, user: userFrom(room.userRecord)}
		return nil
	})
	if told != nil {
		a.typing.tell(*told)
	}
	return err
}

const (
	typingKept = 10 * time.Second // how long somebody who comes back is told
	typingMost = 1000             // so many are kept at most
)

// typed is one telling that somebody types, or does no longer.
type typed struct {
	at      int64 // by the clock, but never the same twice
	what    EventType
	channel record.Channel
	cid     CID
	user    User
}

// typing hands on who types, within one App: nothing of it is stored. It is safe
// for concurrent use.
type typing struct {
	mu      sync.Mutex
	recent  []typed // oldest first
	newest  int64
	waiting map[*follower]context.CancelFunc
}

func newTyping() *typing { return &typing{waiting: map[*follower]context.CancelFunc{}} }

func (t *typing) tell(e typed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newest = max(t.newest+1, time.Now().UnixMicro())
	e.at = t.newest
	old := 0
	for old < len(t.recent) && (t.recent[old].at <= e.at-typingKept.Microseconds() || len(t.recent)-old >= typingMost) {
		old++
	}
	t.recent = append(slices.Delete(t.recent, 0, old), e)
	for f, wake := range t.waiting {
		if f.hears(&e) {
			wake()
		}
	}
}

// last is up to when a cursor that begins now has been told.
func (t *typing) last() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now()
}

// now is a time that what has been told is not after, and what will be is. t.mu
// is held.
func (t *typing) now() int64 {
	t.newest = max(t.newest, time.Now().UnixMicro())
	return t.newest
}

// after is what was told after a time up to now, and is still worth telling.
func (t *typing) after(at int64) (list []typed, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at = max(at, time.Now().Add(-typingKept).UnixMicro())
	first, _ := slices.BinarySearchFunc(t.recent, at+1, func(e typed, at int64) int {
		return int(max(-1, min(1, e.at-at)))
	})
	return slices.Clone(t.recent[first:]), t.now()
}

// enter has a follower woken when somebody types where they hear it, until
// leave is called. News says that somebody has already.
func (t *typing) enter(f *follower, wake context.CancelFunc) (leave func(), news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := max(f.place.live, time.Now().Add(-typingKept).UnixMicro())
	for i := len(t.recent) - 1; i >= 0 && t.recent[i].at > since; i-- {
		news = news || f.hears(&t.recent[i])
	}
	t.waiting[f] = wake
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.waiting, f)
	}, news
}

// wakeAll ends all waits: the App is closed.
func (t *typing) wakeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, wake := range t.waiting {
		wake()
	}
}

// hears says whether the caller may be told that somebody types.
func (f *follower) hears(e *typed) bool {
	if f.durable || !f.filter.wants(e.what) || !f.caller.app && e.user.ID == f.caller.user {
		return false
	}
	if f.caller.app && len(f.filter.channels) == 0 {
		return true
	}
	_, found := slices.BinarySearch(f.channels, e.channel)
	return found
}

// addTyping adds who types, as far as there is room, and says up to when it was
// told: that of two cursors in a row is never the same, or it would tell whether
// something was recorded between them, or somebody typed.
func (v *eventView) addTyping(events *[]Event, since int64) (until int64, err error) {
	if v.durable {
		return since, nil
	}
	list, now := v.app.typing.after(since)
	until = since
	for _, e := range list {
		if len(*events) == v.filter.limit {
			return until, nil
		}
		until = e.at
		if !v.hears(&e) {
			continue
		}
		room, err := v.room(e.channel)
		if err != nil {
			return until, err
		}
		if room.enter() != nil {
			continue
		}
		user := e.user
		*events = append(*events, Event{Type: e.what, CreatedAt: moment(e.at), CID: e.cid, User: &user})
	}
	return now, nil
}

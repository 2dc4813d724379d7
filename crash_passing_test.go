package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
)

// crashPassing is a user who sends for a while and then is erased, or banned
// with their messages: in the background, which a kill interrupts.
type crashPassing struct {
	mode     string // what becomes of the messages: keep, soft, hard; empty: the user is there
	banned   bool
	finished bool
	progress chat.Erasure // as it was read last
}

var crashModes = map[string]chat.EraseMode{"keep": chat.EraseKeep, "soft": chat.EraseSoft, "hard": chat.EraseHard}

// loadPassing finds a user whom a former process made and did not end.
func (c *crashCaller) loadPassing() {
	ctx := context.Background()
	users, err := c.app.Users(ctx, chat.UserQuery{Limit: 300})
	crashFatal(err)
	bans, err := c.app.Bans(ctx, chat.BanQuery{Limit: 300})
	crashFatal(err)
	for _, u := range users.Items {
		var round, caller, n int
		if _, err := fmt.Sscanf(string(u.ID), "passing-%d-%d-%d", &round, &caller, &n); err != nil || caller != c.index || u.ErasedAt != nil {
			continue
		}
		if !slices.ContainsFunc(bans.Items, func(b chat.Ban) bool { return b.User.ID == u.ID }) {
			c.passing = u.ID
		}
	}
}

// pass makes a user, has them send and react, and ends them.
func (c *crashCaller) pass() bool {
	c.calls++
	if c.passing == "" {
		user := chat.UserID("passing-" + c.newID())
		c.passing = user
		return c.do(crashCall{Op: "come", User: user}, func(ctx context.Context) error {
			return c.app.UpsertUsers(ctx, chat.User{ID: user, Name: "Passing"})
		})
	}
	switch n := c.random.IntN(10); {
	case n < 6:
		return c.sendAs("post", c.shared(), c.passing, "")
	case n < 8:
		return c.reactAs(c.passing)
	}
	user := c.passing
	c.passing = ""
	call := crashCall{Op: "erase", User: user, Action: []string{"keep", "soft", "hard"}[c.random.IntN(3)]}
	if c.oneIn(2) {
		return c.do(call, func(ctx context.Context) error { return c.app.EraseUser(ctx, user, crashModes[call.Action]) })
	}
	call = crashCall{Op: "ban", User: user, Text: "because of " + string(c.newID()), Action: []string{"soft", "hard"}[c.random.IntN(2)]}
	d := chat.BanDraft{User: user, Reason: call.Text, DeleteMessages: chat.DeleteSoft}
	if call.Action == "hard" {
		d.DeleteMessages = chat.DeleteHard
	}
	return c.do(call, func(ctx context.Context) error { return errOf(c.app.Ban(ctx, d, c.user)) })
}

// pass is what a call that went well makes of a passing user.
func (w *crashModel) pass(call *crashCall) {
	switch call.Op {
	case "come":
		w.passing[call.User] = &crashPassing{}
	case "ban":
		if call.Action != "" {
			w.passing[call.User].mode, w.passing[call.User].banned = call.Action, true
		}
	case "erase":
		w.passing[call.User].mode = call.Action
	}
}

// isErasing says whether what a user reacted may be gone by now.
func (w *crashModel) isErasing(user chat.UserID) bool {
	p := w.passing[user]
	return p != nil && p.mode != "" && !p.banned && !p.finished
}

// observePassing takes how far the messages of passing users are deleted. Each
// is as it was, or as it must become.
func (l *crashLife) observePassing() {
	l.t.Helper()
	for _, m := range l.model.order {
		p := l.model.passing[m.author]
		if p == nil || p.mode == "" || p.finished || m.state != crashLive {
			continue
		}
		switch state, _ := l.look(m); {
		case state == crashGone && p.mode == "hard":
			// Purged by a truncation it leaves its replies.
			m.erased = !l.mayBePurged(m) || l.repliesGone(m)
			m.state = crashGone
		case state == crashDeleted && p.mode == "soft":
			m.state, m.softened, m.pinned = crashDeleted, true, false
		}
	}
	for user, p := range l.model.passing {
		got, err := l.app.User(l.ctx, user)
		l.must(err)
		if erased := got.ErasedAt != nil && got.Name == ""; erased != (p.mode != "" && !p.banned) {
			l.t.Errorf("%s is %+v, and should be %+v", user, got, *p)
		}
		if !l.model.isErasing(user) {
			continue
		}
		now, err := l.app.Erasure(l.ctx, user)
		l.must(err)
		if now.Mode != crashModes[p.mode] || now.Channels < p.progress.Channels || now.Messages < p.progress.Messages {
			l.t.Errorf("the erasure of %s has come to %+v, after %+v", user, now, p.progress)
		}
		p.progress = now
	}
}

// mayBePurged says whether a truncation has removed a message, or one that was
// under way may have.
func (l *crashLife) mayBePurged(m *crashMessage) bool {
	for _, call := range l.model.open {
		if call != nil && call.Op == "truncate" && call.Hard && call.CID == m.CID {
			return true
		}
	}
	return l.model.fate(m, time.Now()) == crashGone
}

// repliesGone says whether the replies to a message that is gone are so too, as far
// as they are not gone by something else.
func (l *crashLife) repliesGone(m *crashMessage) bool {
	for _, reply := range l.model.order {
		if reply.Parent != m.ID || l.model.fate(reply, time.Now()) == crashGone {
			continue
		}
		if state, _ := l.look(reply); state != crashGone {
			return false
		}
	}
	return true
}

// checkPassed checks, when all work is done, that nothing is left of passing
// users but what they are to leave.
func (l *crashLife) checkPassed() {
	l.t.Helper()
	sent := map[chat.UserID]int{}
	for _, m := range l.model.order {
		p := l.model.passing[m.author]
		if p == nil || p.mode == "" || p.finished || m.at == 0 {
			continue
		}
		sent[m.author]++
		state, _ := l.look(m)
		wrong := p.mode == "soft" && state == crashLive || p.mode == "hard" && state != crashGone
		if p.banned && state == crashHidden { // truncated since, which is enough
			wrong = false
		}
		if wrong {
			l.t.Errorf("%s is %s, and its author, %+v, is gone", m.ID, state, *p)
		}
	}
	for user, p := range l.model.passing {
		if p.mode == "" || p.finished {
			continue
		}
		p.finished = true
		if p.banned {
			continue
		}
		for _, m := range l.model.order {
			delete(m.reactions, user)
		}
		e := p.progress
		if e.FinishedAt == nil || e.Channels < len(crashShared) || e.Messages > sent[user] || p.mode == "keep" && e.Messages > 0 {
			l.t.Errorf("the erasure of %s, who sent %d messages, has ended as %+v", user, sent[user], e)
		}
	}
}

// resolvePassing is about a user who was just made, or erased.
func (l *crashLife) resolvePassing(user chat.UserID, call *crashCall) {
	l.t.Helper()
	var err error
	switch call.Op {
	case "come":
		err = errOf(l.app.User(l.ctx, call.User))
	case "erase":
		err = errOf(l.app.Erasure(l.ctx, call.User))
	default:
		return
	}
	if err == nil {
		l.model.do(user, call, 0)
	} else if !errors.Is(err, chat.ErrNotFound) {
		l.t.Fatal(err)
	}
}

// passed is how many users passed, and how.
func (w *crashModel) passed() string {
	modes := map[string]int{}
	for _, p := range w.passing {
		mode := p.mode
		if p.banned {
			mode = "banned " + mode
		}
		modes[mode]++
	}
	return fmt.Sprint(modes)
}

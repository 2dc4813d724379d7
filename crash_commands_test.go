package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// crashEphemeralLife is how long the answer to a command waits: longer than a
// round takes, and over when the file is opened under a later clock.
const crashEphemeralLife = 8 * time.Second

// crashTarget is the user whom a caller alone bans and flags. They are no
// member and do nothing.
func crashTarget(caller int) chat.UserID { return chat.UserID(fmt.Sprintf("target-%d", caller)) }

// said is the text of the message that a call posts.
func (call *crashCall) said() string {
	switch call.Op {
	case "ask":
		return strings.TrimPrefix(call.Text, "/")
	case "/ban":
		return fmt.Sprintf("@%s was banned: %s", call.User, call.reason())
	case "/unban":
		return fmt.Sprintf("@%s is no longer banned.", call.User)
	}
	return call.Text
}

// reason is that of a ban or a flag.
func (call *crashCall) reason() string {
	return strings.TrimPrefix(call.Text, fmt.Sprintf("/ban @%s ", call.User))
}

// crashLoadWaiting gives callers the answers to commands that former processes
// left, which no list has.
func crashLoadWaiting(list string, callers []*crashCaller) error {
	var calls []crashCall
	if err := json.Unmarshal([]byte(list), &calls); err != nil {
		return err
	}
	for _, call := range calls {
		var round, caller, n int
		if _, err := fmt.Sscanf(string(call.ID), "%d-%d-%d", &round, &caller, &n); err != nil {
			return err
		}
		c := callers[caller]
		c.waiting = append(c.waiting, &crashMine{id: call.ID, cid: call.CID})
	}
	return nil
}

// ask sends a command that leaves its author an answer with buttons.
func (c *crashCaller) ask() bool {
	c.calls++
	call := crashCall{Op: "ask", CID: c.shared(), ID: c.newID()}
	call.Text = "/" + model.Ask + " " + string(call.ID)
	if c.call(call, func(ctx context.Context) (int64, error) {
		m, err := c.app.As(c.user).Send(ctx, call.CID, call.draft())
		if err == nil && m.Type != chat.TypeEphemeral {
			err = fmt.Errorf("is answered by a message of type %q: %s", m.Type, m.Text)
		}
		return m.CreatedAt.UnixMicro(), err
	}) {
		c.waiting = append(c.waiting, &crashMine{id: call.ID, cid: call.CID})
	}
	return true
}

// press presses a button of what ask left.
func (c *crashCaller) press() bool {
	if len(c.waiting) == 0 {
		return c.ask()
	}
	m := c.waiting[c.random.IntN(len(c.waiting))]
	call := crashCall{Op: "press", CID: m.cid, ID: m.id, Action: []string{"send", "done", "cancel", "again"}[c.random.IntN(4)]}
	answer := chat.Message{}
	done := c.call(call, func(ctx context.Context) (at int64, err error) {
		answer, err = c.app.As(c.user).RunAction(ctx, m.id, call.Action)
		if err == nil && answer.Type == chat.TypeError {
			err = fmt.Errorf("is answered by an error message: %s", answer.Text)
		}
		return answer.CreatedAt.UnixMicro(), err
	})
	if done && call.Action == "again" {
		return true
	}
	// What a dead process still holds for an action is left alone, too.
	c.waiting = slices.DeleteFunc(c.waiting, func(other *crashMine) bool { return other == m })
	if done && call.Action != "cancel" {
		m.at = answer.CreatedAt.UnixMicro()
		c.mine = append(c.mine, m)
		c.known.add(m.cid, m.id)
	}
	return true
}

// ban bans the caller's target, or ends that: by a call, from a channel or from
// everywhere, or by a command, which tells the channel in the same transaction.
func (c *crashCaller) ban() bool {
	c.calls++
	call := crashCall{Op: "ban", CID: c.shared(), User: crashTarget(c.index), Text: "because of " + string(c.newID())}
	switch n := c.random.IntN(8); {
	case n < 3:
		c.banByCommand(call)
		return true
	case n < 4:
		call.CID = ""
	case n < 6:
		call.Op, call.Text = "unban", ""
	}
	if call.Op == "unban" {
		delete(c.banned, call.CID)
		c.call(call, func(ctx context.Context) (int64, error) { return 0, c.app.Unban(ctx, call.User, call.CID) })
		return true
	}
	call.Lasting = []time.Duration{0, 100 * time.Millisecond, time.Hour}[c.random.IntN(3)]
	c.banned[call.CID] = call.Lasting == 0
	c.call(call, func(ctx context.Context) (int64, error) {
		d := chat.BanDraft{User: call.User, CID: call.CID, Reason: call.Text, Lasting: call.Lasting}
		ban, err := c.app.Ban(ctx, d, c.user)
		if err != nil || ban.Expires == nil {
			return 0, err
		}
		return crashMicro(*ban.Expires), nil
	})
	return true
}

func (c *crashCaller) banByCommand(call crashCall) {
	call.Op, call.ID, call.Started = "/ban", c.newID(), time.Now().UnixMicro()
	call.Text = fmt.Sprintf("/ban @%s %s", call.User, call.Text)
	if c.banned[call.CID] { // else the command would find none
		call.Op, call.Text = "/unban", fmt.Sprintf("/unban @%s", call.User)
	}
	c.banned[call.CID] = call.Op == "/ban"
	c.call(call, func(ctx context.Context) (int64, error) {
		m, err := c.app.Send(ctx, call.CID, c.user, call.draft(), nil)
		if err == nil && m.Type != chat.TypeSystem {
			err = fmt.Errorf("is answered by a message of type %q: %s", m.Type, m.Text)
		}
		return m.CreatedAt.UnixMicro(), err
	})
}

// loadBans finds from where the caller's target is banned for good.
func (c *crashCaller) loadBans() {
	c.banned = map[chat.CID]bool{}
	for _, cid := range crashBannedFrom() {
		bans, err := c.app.Bans(context.Background(), chat.BanQuery{CID: cid, Limit: 300})
		crashFatal(err)
		c.banned[cid] = slices.ContainsFunc(bans.Items, func(b chat.Ban) bool {
			return b.User.ID == crashTarget(c.index) && b.Expires == nil
		})
	}
}

// flag flags one of the caller's messages, or their target, or has the
// application say that it has looked at that.
func (c *crashCaller) flag() bool {
	c.calls++
	reason := "because of " + string(c.newID())
	if c.oneIn(3) {
		call := crashCall{Op: "flag user", User: crashTarget(c.index), Text: reason}
		do := func(ctx context.Context) error { return c.app.As(c.user).FlagUser(ctx, call.User, reason) }
		if c.oneIn(3) {
			call.Op, call.Text = "unflag user", ""
			do = func(ctx context.Context) error { return c.app.UnflagUser(ctx, call.User) }
		}
		c.call(call, func(ctx context.Context) (int64, error) { return 0, do(ctx) })
		return true
	}
	m := c.pick(func(m *crashMine) bool { return !m.pending && !m.deleted && slices.Contains(crashShared, m.cid) })
	if m == nil {
		return false
	}
	call := crashCall{Op: "flag", CID: m.cid, ID: m.id, Text: reason}
	do := func(ctx context.Context) error { return c.app.As(c.user).FlagMessage(ctx, m.id, reason) }
	if c.oneIn(3) {
		call.Op, call.Text = "unflag", ""
		do = func(ctx context.Context) error { return c.app.UnflagMessage(ctx, m.id) }
	}
	if !c.call(call, func(ctx context.Context) (int64, error) { return 0, do(ctx) }) {
		c.drop(m)
	}
	return true
}

// press is what an action makes of the answer to a command.
func (w *crashModel) press(user chat.UserID, m *crashMessage, action string, at int64) {
	switch action {
	case "cancel":
		m.state = crashGone
		return
	case "again":
		m.Text += " again"
		return
	case "done":
		m.Text += " done"
	}
	m.state, m.at = crashLive, at
	w.channels[m.CID].members[user].read = at
}

// resolvePress is about an action that was under way.
func (l *crashLife) resolvePress(user chat.UserID, call *crashCall, m *crashMessage, state string, got chat.Message) {
	l.t.Helper()
	m.claimed = call.Action == "again" || call.Action == "done"
	gone := l.fateOfAnswer(m) == crashGone // whatever the action did
	switch {
	case state == crashGone && call.Action == "cancel" && !gone:
		l.model.do(user, call, 0)
	case state == crashGone && gone:
		m.state, m.unclear = crashGone, true
		if member := l.model.channels[m.CID].members[user]; member != nil {
			member.read = crashUnknown
		}
	case state == crashWaiting && call.Action == "again" && got.Text == m.Text+" again",
		state != crashWaiting && state != crashGone && call.Action != "again" && call.Action != "cancel":
		l.model.do(user, call, crashMicro(got.CreatedAt))
	}
}

// fateOfAnswer is the state in which the answer to a command may be already: it
// expires by the time at which its transaction began, which is not known.
func (l *crashLife) fateOfAnswer(m *crashMessage) string {
	at := time.Now()
	if m.state == crashWaiting {
		at = at.Add(crashEphemeralLife / 4)
	}
	return l.model.fate(m, at)
}

// lookWaiting looks for the answer to a command, which its author alone finds.
func (l *crashLife) lookWaiting(m *crashMessage) (string, chat.Message) {
	l.t.Helper()
	got, err := l.app.As(m.author).Message(l.ctx, m.ID)
	switch {
	case errors.Is(err, chat.ErrNotFound):
		return crashGone, got
	case err != nil:
		l.t.Fatal(err)
	case got.Type != chat.TypeEphemeral || len(got.Attachments) != 1 || len(got.Attachments[0].Actions) != len(model.Buttons):
		l.t.Errorf("%s, which is the answer to a command, is %+v", m.ID, got)
	}
	for _, user := range []chat.UserID{"owner", "reader"} {
		if _, err := l.app.As(user).Message(l.ctx, m.ID); !errors.Is(err, chat.ErrNotFound) {
			l.t.Errorf("%s, which is the answer to a command of %s, is read by the %s: %v", m.ID, m.author, user, err)
		}
	}
	return crashWaiting, got
}

// waiting is the answers to commands that wait, for the next process.
func (c *crash) waiting() string {
	list := []crashCall{}
	for _, m := range c.model.order {
		if m.state == crashWaiting {
			list = append(list, crashCall{CID: m.CID, ID: m.ID})
		}
	}
	data, err := json.Marshal(list)
	c.must(err)
	return string(data)
}

package chat_test

import (
	"errors"
	"slices"
	"time"

	"example.com/chat"
)

// resolve finds out what came of the calls that were under way when the process
// was killed: each was done wholly or not at all. The checks that follow hold
// the rest of the file against what is found here.
func (l *crashLife) resolve() {
	l.t.Helper()
	each := func(step func(chat.UserID, *crashCall)) {
		for caller, call := range l.model.open {
			if call == nil {
				continue
			}
			before := l.model.done[call.Op]
			if step(call.by(caller), call); l.model.done[call.Op] > before {
				l.model.found++
			}
		}
	}
	// What concerns many messages is settled before what concerns one.
	each(l.resolvePassing)
	l.observePassing()
	for _, step := range []func(chat.UserID, *crashCall){l.resolveChannel, l.resolveMessage, l.resolveErased, l.resolveTalk, l.resolveAbsentee, l.resolveChange, l.resolveModeration} {
		each(step)
	}
	for caller, call := range l.model.open {
		if call != nil {
			l.model.cutOff++
		}
		l.model.open[caller] = nil
	}
}

// resolveChannel is about calls whose effect the state of a channel or a user
// shows.
func (l *crashLife) resolveChannel(user chat.UserID, call *crashCall) {
	l.t.Helper()
	ch := l.model.channels[call.CID]
	switch call.Op {
	case "truncate":
		state, err := l.app.Channel(l.ctx, call.CID)
		l.must(err)
		if state.Channel.TruncatedAt != nil && crashMicro(*state.Channel.TruncatedAt) != ch.truncated {
			l.model.do(user, call, crashMicro(*state.Channel.TruncatedAt))
		}
	case "close", "make":
		state, err := l.app.Channel(l.ctx, call.CID)
		if err != nil && !errors.Is(err, chat.ErrNotFound) {
			l.t.Fatal(err)
		}
		if open := err == nil && state.Channel.DeletedAt == nil; open == (call.Op == "make") {
			l.model.do(user, call, crashUnknown)
		}
	case "mute user":
		l.model.mutes[user][call.User] = slices.Contains(l.mutes(user), call.User)
	case "read", "mute", "leave", "join", "join late", "invite", "accept", "reject", "pin channel", "archive", "hide":
		l.resolveMember(user, call, ch)
	}
}

// resolveMember takes a membership as it is found, in what the call is about.
func (l *crashLife) resolveMember(user chat.UserID, call *crashCall, ch *crashChannel) {
	l.t.Helper()
	state, err := l.app.As(user).Channel(l.ctx, call.CID)
	if err != nil && !errors.Is(err, chat.ErrNotFound) {
		l.t.Fatal(err)
	}
	member := ch.members[user]
	switch there := err == nil && state.Membership != nil; {
	case (call.Op == "leave" || call.Op == "reject") && !there, call.Op == "invite" && there:
		l.model.do(user, call, 0)
	case (call.Op == "join" || call.Op == "join late") && there, call.Op == "accept" && there && state.Membership.InviteAcceptedAt != nil:
		if crashMicro(state.LastRead) < call.Started {
			l.t.Errorf("%+v is done, and %s has read only up to %v", *call, user, state.LastRead)
		}
		l.model.do(user, call, crashMicro(state.LastRead))
	case !there:
	case call.Op == "pin channel":
		member.pinned = state.PinnedAt != nil
	case call.Op == "archive":
		member.archived = state.ArchivedAt != nil
	case call.Op == "hide": // at some moment, or not at all
		cleared := crashMoment{ch.cleared[user].low, time.Now().UnixMicro()}
		if state.Hidden && member.hidden == (crashMoment{}) { // by this call, which clears too
			cleared.low = call.Started
		}
		member.hidden = crashMoment{-1, time.Now().UnixMicro()}
		if call.Hard {
			ch.cleared[user] = cleared
		}
	case call.Op == "mute":
		member.muted = state.Muted
	case call.Op == "read":
		member.read = crashMicro(state.LastRead)
	}
}

// resolveMessage is about calls whose effect one message shows, unless it is
// gone by something else too.
func (l *crashLife) resolveMessage(user chat.UserID, call *crashCall) {
	l.t.Helper()
	m := l.model.messages[call.ID]
	if m == nil {
		return
	}
	state, got := l.look(m)
	if call.Op == "press" {
		l.resolvePress(user, call, m, state, got)
		return
	}
	if state == crashGone {
		l.resolveGone(user, call, m)
		return
	}
	at := crashMicro(got.CreatedAt)
	deleted := got.DeletedAt != nil
	switch call.Op {
	case "send", "whisper", "post", "hold", "held", "ask", "/ban", "/unban":
		l.model.do(user, call, at)
		l.repeat(user, call, m)
	case "commit":
		if state != crashPending {
			l.model.do(user, call, at)
		}
	case "edit":
		if got.Text == call.Text {
			l.model.do(user, call, at)
		}
	case "soft", "undelete":
		if deleted == (call.Op == "soft") {
			l.model.do(user, call, at)
		}
	case "for me":
		if state == crashDeleted { // which of the two it is does not show: do it again
			l.must(l.app.As(user).DeleteMessageForMe(l.ctx, m.ID))
			l.model.do(user, call, at)
		} else if seen, err := l.app.As(user).Message(l.ctx, m.ID); state == crashHidden || err == nil && seen.DeletedForMe {
			l.model.do(user, call, at)
		}
	}
}

// repeat sends once more what was sent and not acknowledged, as who sent it
// would: it must be the message that there is.
func (l *crashLife) repeat(user chat.UserID, call *crashCall, m *crashMessage) {
	l.t.Helper()
	if fate := l.fateOfAnswer(m); fate != crashLive && fate != crashWaiting {
		return
	}
	var again chat.Message
	var err error
	if call.Op == "send" || call.Op == "ask" {
		again, err = l.app.As(user).Send(l.ctx, call.CID, call.draft())
	} else {
		again, err = l.app.Send(l.ctx, call.CID, user, call.draft(), nil)
	}
	if err != nil || crashMicro(again.CreatedAt) != m.at {
		l.t.Errorf("sent again, %s is of %v (%v), want %d", m.ID, again.CreatedAt, err, m.at)
	}
}

// resolveGone is about a message that is gone: never made, or made and truncated
// at once; pending and overdue, or committed and truncated.
func (l *crashLife) resolveGone(user chat.UserID, call *crashCall, m *crashMessage) {
	l.t.Helper()
	switch call.Op {
	case "send":
		if parent := l.model.messages[m.Parent]; parent != nil {
			delete(parent.threadRead, user)
		} else if member := l.model.channels[m.CID].members[user]; member != nil {
			member.read = crashUnknown
		}
		m.unclear = true
	case "whisper", "post", "hold", "held", "ask":
		m.unclear = true
	case "/ban", "/unban":
		l.resolveTold(user, call, m)
	case "soft", "undelete": // perhaps before it was gone, and then that is told
		l.model.events.change(user, call, m)
	case "for me":
		m.forMe[user] = true
	case "commit":
		if l.model.fate(m, time.Now()) == crashGone {
			m.unclear, m.state = true, crashGone
		}
	}
}

// resolveErased is about a hard delete, which takes the replies too.
func (l *crashLife) resolveErased(user chat.UserID, call *crashCall) {
	l.t.Helper()
	m := l.model.messages[call.ID]
	if call.Op != "hard" {
		return
	}
	if state, _ := l.look(m); state != crashGone {
		return
	}
	if l.model.fate(m, time.Now()) != crashGone {
		l.model.do(user, call, 0)
		return
	}
	// It is gone by something else, too: then a reply that is not tells.
	m.erased = l.repliesGone(m)
}

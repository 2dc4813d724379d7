package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
)

// crashNewRoom is where newcomers come and go.
const crashNewRoom chat.CID = "commerce:room"

// crashNewcomer is whom a caller makes a member without what was said before, and
// who does nothing but come and go.
func crashNewcomer(caller int) chat.UserID {
	if caller == 10 || caller == 11 {
		return chat.UserID(fmt.Sprintf("newcomer-%d", caller))
	}
	return ""
}

// crashAbsentee is whom a caller deactivates and reactivates. They are no member
// where they post, so that nobody else's work depends on them.
func crashAbsentee(caller int) chat.UserID {
	if caller == 12 || caller == 13 {
		return chat.UserID(fmt.Sprintf("absentee-%d", caller))
	}
	return ""
}

func crashNewcomers() []chat.UserID { return crashEach(crashNewcomer) }

func crashAbsentees() []chat.UserID { return crashEach(crashAbsentee) }

// crashEach is the user of each caller who has one.
func crashEach(of func(int) chat.UserID) (list []chat.UserID) {
	for caller := range crashCallers {
		if user := of(caller); user != "" {
			list = append(list, user)
		}
	}
	return list
}

// crashVisitors are those who are members of a channel only sometimes, beside the
// callers.
func crashVisitors(cid chat.CID) (list []chat.UserID) {
	if slices.Contains(crashGuestRooms, cid) {
		list = append(list, crashGuests()...)
	}
	if cid == crashNewRoom {
		list = append(list, crashNewcomers()...)
	}
	return list
}

// loadUsers finds whether the caller's newcomer is a member, and their absentee
// deactivated.
func (c *crashCaller) loadUsers() {
	ctx := context.Background()
	if newcomer := crashNewcomer(c.index); newcomer != "" {
		page, err := c.app.Members(ctx, crashNewRoom, chat.MemberQuery{Limit: 300})
		crashFatal(err)
		c.inside = slices.ContainsFunc(page.Items, func(m chat.Member) bool { return m.User.ID == newcomer })
	}
	if absentee := crashAbsentee(c.index); absentee != "" {
		user, err := c.app.User(ctx, absentee)
		crashFatal(err)
		c.away = user.DeactivatedAt != nil
	}
}

// comeLate makes the caller's newcomer a member, or ends that.
func (c *crashCaller) comeLate() bool {
	newcomer := crashNewcomer(c.index)
	call := crashCall{Op: "leave", CID: crashNewRoom, As: newcomer, Started: time.Now().UnixMicro()}
	if c.inside {
		c.inside = false
		return c.do(call, func(ctx context.Context) error {
			return c.app.RemoveMembers(ctx, crashNewRoom, []chat.UserID{newcomer}, nil)
		})
	}
	call.Op, c.inside = "join late", true
	return c.call(call, func(ctx context.Context) (int64, error) {
		err := c.app.AddMembers(ctx, crashNewRoom, []chat.MemberDraft{{UserID: newcomer, HideHistory: true}}, nil)
		if err != nil {
			return 0, err
		}
		state, err := c.app.As(newcomer).Channel(ctx, crashNewRoom)
		return crashMicro(state.LastRead), err
	})
}

// absent deactivates the caller's absentee, or ends that, or has them send: the
// application in their name while they are active, and else they themselves, who
// are turned away.
func (c *crashCaller) absent() bool {
	absentee := crashAbsentee(c.index)
	if c.oneIn(2) {
		if c.away {
			return c.sendAs("turned away", c.shared(), absentee, "")
		}
		return c.sendAs("post", c.shared(), absentee, "")
	}
	call, do := crashCall{Op: "deactivate", User: absentee}, c.app.DeactivateUser
	if c.away {
		call.Op, do = "reactivate", c.app.ReactivateUser
	}
	c.away = !c.away
	return c.call(call, func(ctx context.Context) (int64, error) {
		if err := do(ctx, absentee); err != nil {
			return 0, err
		}
		user, err := c.app.User(ctx, absentee)
		return crashDeactivated(user), err
	})
}

// crashDeactivated is since when a user is deactivated; 0: they are not.
func crashDeactivated(user chat.User) int64 {
	if user.DeactivatedAt == nil {
		return 0
	}
	return crashMicro(*user.DeactivatedAt)
}

// attend is what a call that went well makes of newcomers and absentees: false if
// it is no such call.
func (w *crashModel) attend(user chat.UserID, call *crashCall, at int64) bool {
	switch call.Op {
	case "join late":
		ch := w.channels[call.CID]
		ch.members[user] = &crashMember{read: at}
		// What was sent just before may be ahead of the clock.
		ch.cleared[user] = crashMoment{call.Started, at + crashAhead}
	case "deactivate", "reactivate":
		if w.away[call.User] = at; (at != 0) != (call.Op == "deactivate") {
			w.problem("%+v is done, and %s is deactivated at %d", *call, call.User, at)
		}
	default:
		return false
	}
	return true
}

// resolveAbsentee is about a user who was being deactivated, or reactivated.
func (l *crashLife) resolveAbsentee(user chat.UserID, call *crashCall) {
	l.t.Helper()
	if call.Op != "deactivate" && call.Op != "reactivate" {
		return
	}
	got, err := l.app.User(l.ctx, call.User)
	l.must(err)
	if at := crashDeactivated(got); (at != 0) == (call.Op == "deactivate") {
		l.model.do(user, call, at)
	}
}

// checkAbsentees checks that who is deactivated can do nothing and is told
// nothing, and that who is not is a member as before. What they sent is compared
// with that of all.
func (l *crashLife) checkAbsentees() {
	l.t.Helper()
	for _, absentee := range crashAbsentees() {
		want := l.model.away[absentee]
		got, err := l.app.User(l.ctx, absentee)
		l.must(err)
		if at := crashDeactivated(got); at != want {
			l.t.Errorf("%s is deactivated at %d, want %d", absentee, at, want)
		}
		s := l.app.As(absentee)
		state, err := s.Channel(l.ctx, crashMarks)
		if want == 0 {
			l.must(err)
			if state.Membership == nil {
				l.t.Errorf("%s, who is active, is no member of %s", absentee, crashMarks)
			}
			continue
		}
		_, _, polled := s.Poll(l.ctx, l.model.events.origin, chat.EventQuery{Limit: 1})
		_, sent := s.Send(l.ctx, crashShared[2], chat.Draft{Text: "I am away"})
		for what, err := range map[string]error{"read a channel": err, "read events": polled, "send": sent} {
			if !errors.Is(err, chat.ErrPermission) {
				l.t.Errorf("%s, who is deactivated, may %s: %v", absentee, what, err)
			}
		}
	}
}

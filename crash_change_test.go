package chat_test

import (
	"context"
	"fmt"
	"maps"

	"example.com/chat"
)

// crashResident is a role that members are given now and then. It may what any
// member may.
const crashResident chat.Role = "resident"

// crashProfile is the user whom a caller alone patches. They are no member and do
// nothing.
func crashProfile(caller int) chat.UserID { return chat.UserID(fmt.Sprintf("profile-%d", caller)) }

// crashPatched is what patches have made of a user.
type crashPatched struct{ name, mood, was string }

func crashPatchedOf(u chat.User) crashPatched {
	mood, _ := u.Custom["mood"].(string)
	was, _ := u.Custom["was"].(string)
	return crashPatched{u.Name, mood, was}
}

// crashPatch is a patch of a user: a name, and one of two fields in place of the
// other.
func crashPatch(call *crashCall) chat.Patch {
	set, unset := "was", "mood"
	if call.On {
		set, unset = unset, set
	}
	return chat.Patch{Set: map[string]any{"name": call.Text, set: call.Text}, Unset: []string{unset}}
}

// patchUser patches the caller's profile.
func (c *crashCaller) patchUser() bool {
	c.calls++
	call := crashCall{Op: "patch user", User: crashProfile(c.index), Text: "name of " + string(c.newID()), On: c.oneIn(2)}
	return c.do(call, func(ctx context.Context) error { return errOf(c.app.PatchUser(ctx, call.User, crashPatch(&call))) })
}

// changeMember gives the caller another note in a channel, and one of two roles.
func (c *crashCaller) changeMember() bool {
	c.calls++
	call := crashCall{Op: "change member", CID: c.shared(), Text: "note of " + string(c.newID()), On: c.oneIn(2)}
	u := chat.MemberUpdate{Role: crashRole(call.On), Custom: chat.Custom{"note": call.Text}}
	return c.do(call, func(ctx context.Context) error { return errOf(c.app.UpdateMember(ctx, call.CID, c.user, u)) })
}

func crashRole(resident bool) chat.Role {
	if resident {
		return crashResident
	}
	return chat.RoleChannelMember
}

// unreadThread marks the thread of anybody's message unread from its first reply
// on.
func (c *crashCaller) unreadThread() bool {
	cid := c.shared()
	call := crashCall{Op: "unread thread", CID: cid, ID: c.known.pick(c.random, cid)}
	if call.ID == "" {
		return false
	}
	s := c.app.As(c.user)
	return c.call(call, func(ctx context.Context) (int64, error) {
		if err := s.MarkThreadUnread(ctx, call.ID); err != nil {
			return 0, err
		}
		parent, err := s.Message(ctx, call.ID)
		return crashMicro(parent.CreatedAt), err // to which the mark is set
	}) || true
}

// change is what a call that went well makes of profiles, members and marks: false
// if it is no such call.
func (w *crashModel) change(user chat.UserID, call *crashCall, at int64) bool {
	switch call.Op {
	case "patch user":
		patched := crashPatched{name: call.Text, was: call.Text}
		if call.On {
			patched.mood, patched.was = call.Text, ""
		}
		w.patched[call.User] = patched
	case "change member":
		member := w.channels[call.CID].members[user]
		member.note, member.resident = call.Text, call.On
	case "unread thread":
		w.messages[call.ID].threadRead[user] = at
	default:
		return false
	}
	return true
}

// resolveChange is about such calls that were under way. Whether the whole of it
// was done, the check that follows finds.
func (l *crashLife) resolveChange(user chat.UserID, call *crashCall) {
	l.t.Helper()
	switch call.Op {
	case "patch user":
		got, err := l.app.User(l.ctx, call.User)
		l.must(err)
		if got.Name == call.Text {
			l.model.do(user, call, 0)
		}
	case "change member":
		state, err := l.app.As(user).Channel(l.ctx, call.CID)
		l.must(err)
		if state.Membership != nil && state.Membership.Custom["note"] == call.Text {
			l.model.do(user, call, 0)
		}
	case "unread thread": // at some moment, or not at all
		delete(l.model.messages[call.ID].threadRead, user)
	}
}

// checkChanges compares profiles and members with what was made of them.
func (l *crashLife) checkChanges() {
	l.t.Helper()
	for caller := range crashCallers {
		profile := crashProfile(caller)
		got, err := l.app.User(l.ctx, profile)
		l.must(err)
		if want := l.model.patched[profile]; crashPatchedOf(got) != want {
			l.t.Errorf("%s is %+v, want %+v", profile, crashPatchedOf(got), want)
		}
		for _, cid := range crashShared {
			l.checkChanged(cid, crashUser(caller))
		}
	}
}

func (l *crashLife) checkChanged(cid chat.CID, user chat.UserID) {
	l.t.Helper()
	member := l.model.channels[cid].members[user]
	if member == nil {
		return
	}
	state, err := l.app.As(user).Channel(l.ctx, cid)
	l.must(err)
	want := chat.Custom{}
	if member.note != "" {
		want["note"] = member.note
	}
	if got := state.Membership; got == nil || got.Role != crashRole(member.resident) || !maps.Equal(got.Custom, want) {
		l.t.Errorf("%s is a member of %s as %+v, want the role %s and %v", user, cid, got, crashRole(member.resident), want)
	}
}

package model

import (
	"cmp"
	"slices"
	"time"
)

// Open says whether a member was invited and has not accepted yet.
func (m *Member) Open() bool { return m.Invited && !m.Accepted }

// joined says whether a user takes part in a channel as a member.
func (ch *Channel) joined(user string) bool {
	m := ch.Member(user)
	return m != nil && !m.Open()
}

// exists says whether there is a user who is not erased.
func (w *World) exists(id string) bool {
	u := w.User(id)
	return u != nil && !u.Erased
}

// invite is what a step that adds members says of those who were none.
func (ch *Channel) invite(s Step, newcomers []string) {
	for _, id := range newcomers {
		ch.Member(id).Invited = s.Invite
		if s.Veiled && ch.Last.After(ch.Cleared[id]) {
			ch.Cleared[id] = ch.Last
		}
	}
}

// newcomers are those of some users who are no members.
func (ch *Channel) newcomers(users []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(id string) bool { return ch.Member(id) != nil })
}

// applyToMember does what a member does for themselves.
func (ch *Channel) applyToMember(s Step) {
	m := ch.Member(s.By)
	switch s.Op {
	case AcceptInvite:
		if m.Open() {
			m.Accepted, m.Mark, m.Joined, m.Threads = true, ch.Last, ch.Last, map[*Message]time.Time{}
		}
	case RejectInvite:
		ch.leave(s.By)
	case PinChannel, UnpinChannel:
		m.Pinned = s.Op == PinChannel
	case Archive, Unarchive:
		m.Archived = s.Op == Archive
	}
}

// eraseUser erases a user, and does all that follows in the background.
func (w *World) eraseUser(s Step, made Made) {
	u := w.User(s.User)
	*u = User{ID: u.ID, Role: "user", Erased: true}
	for _, ch := range w.Channels {
		if ch.Purged {
			continue
		}
		ch.leave(u.ID)
		delete(ch.Left, u.ID)
		delete(ch.Cleared, u.ID)
	}
	w.bans = slices.DeleteFunc(w.bans, func(b Ban) bool { return b.User == u.ID })
	w.flags = slices.DeleteFunc(w.flags, func(f Flag) bool { return f.By == u.ID || f.Message == nil && f.User == u.ID })
	w.forgetWords(u.ID)
	for _, m := range w.answers {
		if m.Author == u.ID {
			m.Gone = true
		}
	}
	for _, m := range slices.Clone(w.Messages) {
		switch {
		case m.Gone:
			continue
		case m.Author == u.ID && s.Type != Kept && (m.Pending || s.Type == ErasedWhole):
			w.erase(m)
			continue
		case m.Author == u.ID && s.Type == ErasedSoft && !m.Deleted:
			m.Deleted, m.DeletedAt, m.Pin = true, made.DeletedAt[m.ID], nil
		}
		m.Reactions = slices.DeleteFunc(m.Reactions, func(r Reaction) bool { return r.User == u.ID })
		m.ForMe = slices.DeleteFunc(m.ForMe, func(id string) bool { return id == u.ID })
	}
}

// forgetWords removes what an erased user wrote about others that stays.
func (w *World) forgetWords(id string) {
	for i := range w.bans {
		if w.bans[i].By == id {
			w.bans[i].Reason = ""
		}
	}
	for i := range w.flags {
		if r := &w.flags[i].Review; r.By == id {
			r.Outcome = ""
		}
	}
}

// answerInvite accepts or rejects an invite, mostly one that is open.
func (g *Generator) answerInvite(ch *Channel) Step {
	s := Step{Op: AcceptInvite, By: g.user(ch), CID: ch.CID}
	if g.chance(3) {
		s.Op = RejectInvite
	}
	for _, m := range ch.Members {
		if m.Open() && !g.chance(3) {
			s.By = m.User
		}
	}
	return s
}

// userReach are the fields of a user that steps patch.
var userReach = []string{"name", "role"}

// patch does a patch of a user.
func (u *User) patch(s Step) {
	if name, given := field(s, "name"); given {
		u.Name = name
	}
	if role, given := field(s, "role"); given {
		u.Role = cmp.Or(role, "user")
	}
	u.Custom, _ = u.Custom.patched(custom(s, userReach...))
}

func (w *World) expectPatchUser(s Step, v *verdict) {
	u := w.User(s.User)
	bad := badPatch(s, userReach...)
	role, _ := field(s, "role")
	v.add(bad || role == "channel_member", Invalid) // which is no user's role
	v.add(u == nil, NotFound)
	v.add(u != nil && u.Erased, IsDeleted)
	if u != nil && !bad {
		_, ok := u.Custom.patched(custom(s, userReach...))
		v.add(!ok, Invalid)
	}
}

// patchUser thinks of a patch of a user, who is there, mostly.
func (g *Generator) patchUser() Step {
	s := g.patch(Step{Op: PatchUser, User: pick(g, append(userIDs(), "nobody"))}, "name")
	switch g.Random.IntN(12) {
	case 0, 1:
		s.Set = append(s.Set, "role="+pick(g, []string{"user", "user", "guest", "moderator", "admin", "channel_member"}))
	case 2:
		s.Unset = append(s.Unset, "role")
	}
	return s
}

package model

import "slices"

// belongs says whether a user is of a channel: a member, or who created it, if
// they read it by that.
func (w *World) belongs(user string, ch *Channel) bool {
	return ch != nil && (ch.Member(user) != nil || ch.Creator == user && slices.Contains(w.grants(ch, "channel_creator"), "read-channel"))
}

// oneToOne says whether a channel is that of a user, who reads or writes there, and
// another alone: that other is of it, all further members are only invited, and
// others do not read it without being members.
func (w *World) oneToOne(user, other string, ch *Channel) bool {
	third := func(m *Member) bool { return m.User != user && m.User != other && !m.Open() }
	public := func(role string) bool { return slices.Contains(w.grants(ch, role), "read-channel") }
	return user != other && w.belongs(other, ch) && !slices.ContainsFunc(ch.Members, third) &&
		!slices.ContainsFunc([]string{"user", "guest", "anonymous"}, public)
}

// blocks says whether a user blocks another.
func (w *World) blocks(user, other string) bool {
	u := w.User(user)
	return u != nil && slices.Contains(u.Blocks, other)
}

// BlockedIn says whether a channel is that of a user with one who blocks them.
func (w *World) BlockedIn(user string, ch *Channel) bool {
	return slices.ContainsFunc(w.Users, func(u *User) bool { return w.blocks(u.ID, user) && w.oneToOne(user, u.ID, ch) })
}

// Blocked says whether a channel is that of a viewer with one whom they block.
func (w *World) Blocked(viewer string, ch *Channel) bool {
	u := w.User(viewer)
	return u != nil && w.belongs(viewer, ch) && slices.ContainsFunc(u.Blocks, func(other string) bool { return w.oneToOne(viewer, other, ch) })
}

func (w *World) applyBlock(s Step) {
	u := w.User(s.By)
	switch blocked := slices.Contains(u.Blocks, s.User); {
	case s.Op == UnblockUser:
		u.Blocks = slices.DeleteFunc(u.Blocks, func(id string) bool { return id == s.User })
	case !blocked:
		u.Blocks = append(u.Blocks, s.User)
	}
}

// blocking thinks of blocks, mostly of the other in a channel of two.
func (g *Generator) blocking(w *World, ch *Channel) []choice {
	about := func(op Op) func() Step {
		return func() Step {
			s := Step{Op: op, By: g.user(ch), User: g.user(ch)}
			for _, u := range w.Users {
				if w.oneToOne(s.By, u.ID, ch) && !g.chance(4) {
					s.User = u.ID
				}
			}
			if u := w.User(s.By); op == UnblockUser && u != nil && len(u.Blocks) > 0 && !g.chance(4) {
				s.User = pick(g, u.Blocks)
			}
			return s
		}
	}
	n := 5
	if len(ch.Members) <= 2 {
		n = 20
	}
	return []choice{{n, about(BlockUser)}, {n, about(UnblockUser)}}
}

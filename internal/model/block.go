package model

import "slices"

// alone says whether a channel is that of two alone: both are members, and so are
// others at most who are only invited.
func (ch *Channel) alone(one, two string) bool {
	return one != two && ch.Member(one) != nil && ch.Member(two) != nil && !slices.ContainsFunc(ch.Members, func(m *Member) bool {
		return m.User != one && m.User != two && !m.Open()
	})
}

// oneToOne says whether a channel is that of two alone, and others do not read it
// without being members.
func (w *World) oneToOne(one, two string, ch *Channel) bool {
	return ch != nil && ch.alone(one, two) && !slices.ContainsFunc([]string{"user", "guest", "anonymous"}, func(role string) bool {
		return slices.Contains(w.grants(ch, role), "read-channel")
	})
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
	return u != nil && slices.ContainsFunc(u.Blocks, func(other string) bool { return w.oneToOne(viewer, other, ch) })
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
			for _, m := range ch.Members {
				if ch.alone(s.By, m.User) && !g.chance(4) {
					s.User = m.User
				}
			}
			if u := w.User(s.By); op == UnblockUser && u != nil && len(u.Blocks) > 0 && !g.chance(4) {
				s.User = pick(g, u.Blocks)
			}
			return s
		}
	}
	n := 5
	if len(ch.Members) == 2 {
		n = 20
	}
	return []choice{{n, about(BlockUser)}, {n, about(UnblockUser)}}
}

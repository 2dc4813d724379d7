package model

import "slices"

// other is the other of the two members that a channel has, those who are only
// invited aside; empty if it has others, or the user is none of them.
func (ch *Channel) other(user string) string {
	if ch == nil || ch.Member(user) == nil {
		return ""
	}
	two := slices.Clone(ch.Members)
	if len(two) > 2 {
		two = slices.DeleteFunc(two, (*Member).Open)
	}
	others := slices.DeleteFunc(slices.Clone(two), func(m *Member) bool { return m.User == user })
	if len(two) != 2 || len(others) != 1 {
		return ""
	}
	return others[0].User
}

// oneToOne is the other of a user's one-to-one channel; empty where others read
// without being members.
func (w *World) oneToOne(user string, ch *Channel) string {
	other := ch.other(user)
	if other == "" || slices.ContainsFunc([]string{"user", "guest", "anonymous"}, func(role string) bool {
		return slices.Contains(w.grants(ch, role), "read-channel")
	}) {
		return ""
	}
	return other
}

// blocks says whether a user blocks another.
func (w *World) blocks(user, other string) bool {
	u := w.User(user)
	return u != nil && slices.Contains(u.Blocks, other)
}

// BlockedIn says whether a channel is that of a user with one who blocks them.
func (w *World) BlockedIn(user string, ch *Channel) bool { return w.blocks(w.oneToOne(user, ch), user) }

// Blocked says whether a channel is that of a viewer with one whom they block.
func (w *World) Blocked(viewer string, ch *Channel) bool {
	other := w.oneToOne(viewer, ch)
	return other != "" && w.blocks(viewer, other)
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
			if other := ch.other(s.By); other != "" && !g.chance(4) {
				s.User = other
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

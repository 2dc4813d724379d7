package model

import (
	"fmt"
	"slices"
)

// commandText is a text that is a command.
func (g *Generator) commandText(ch *Channel) string {
	switch g.Random.IntN(8) {
	case 0:
		return fmt.Sprintf("/%s %s", Echo, g.rude(fmt.Sprintf("words %d", g.n), 2))
	case 1, 2, 3:
		return fmt.Sprintf("/%s %s", Ask, g.rude(fmt.Sprintf("words %d", g.n), 3))
	case 4:
		return pick(g, []string{"/" + Oops, "/unknown", "/ban", "/flag ben", "/" + Oops + " again"})
	}
	text := "/" + pick(g, []string{"ban", "unban", "unban", "mute", "unmute", "flag"}) + " @" + g.user(ch)
	if g.chance(2) {
		text += " " + g.word()
	}
	return text
}

// moderator is one who may ban, mostly; a member does not hear no often.
func (g *Generator) moderator(w *World, ch *Channel) string {
	if g.chance(3) {
		return g.user(ch)
	}
	for _, m := range ch.Members {
		if w.Can(m.User, ch, "ban-channel-member") && !g.chance(3) {
			return m.User
		}
	}
	return pick(g, []string{"", "fay", "gus"})
}

// moderation is commands, bans and flags, and actions of what commands answer.
func (g *Generator) moderation(w *World, ch *Channel) []choice {
	command := func() Step {
		s := g.send(w, ch)
		s.Text, s.Pinned = g.commandText(ch), false
		if g.chance(3) {
			s.By = g.moderator(w, ch)
		}
		if s.By == "" && s.User == "" {
			s.User = g.user(ch)
		}
		if s.By != "" {
			s.User, s.Hold, s.Meta = "", AsTheChannelSays, ""
		}
		if !g.chance(4) {
			s.Type, s.Audience, s.Quoted, s.Parent, s.Show = "", nil, "", "", false
		}
		return s
	}
	ban := func(op Op) Step {
		s := Step{Op: op, By: g.moderator(w, ch), CID: ch.CID, User: g.user(ch)}
		if g.chance(4) {
			s.CID = ""
		}
		if op == UnbanUser {
			if list := w.bans; len(list) > 0 && !g.chance(5) {
				b := pick(g, list)
				if s.User, s.CID = b.User, ""; b.Channel != nil {
					s.CID = b.Channel.CID
				}
			}
			return s
		}
		if s.By == "" && g.chance(2) {
			s.Author = g.user(ch)
		}
		s.Text, s.For, s.Shadow = g.word(), g.lasting(), g.chance(2)
		if g.chance(4) {
			s.Purge = pick(g, []string{ErasedSoft, ErasedWhole})
		}
		return s
	}
	waiting := slices.DeleteFunc(slices.Clone(w.answers), func(m *Message) bool { return !w.keeps(m) })
	list := []choice{
		{45, command},
		{16, func() Step { return ban(BanUser) }},
		{4 + 8*len(w.bans), func() Step { return ban(UnbanUser) }},
		{10, func() Step { return Step{Op: FlagMessage, By: g.user(ch), ID: g.message(w, ch, nil), Text: g.word()} }},
		{5, func() Step { return Step{Op: FlagUser, By: g.user(ch), User: g.user(ch), Text: g.word()} }},
		{3 + w.flagged()/2, func() Step {
			id := g.message(w, ch, nil)
			if f := g.flagged(w); f != nil {
				id = nameOf(f)
			}
			return Step{Op: UnflagMessage, ID: id}
		}},
		{1 + w.flagged()/4, func() Step { return Step{Op: UnflagUser, User: g.user(ch)} }},
		{2 + 12*len(waiting), func() Step {
			s := Step{Op: RunAction, By: g.user(ch), ID: g.message(w, ch, nil), Action: pick(g, append([]string{"nothing"}, Buttons...))}
			if len(waiting) > 0 && !g.chance(10) {
				m := pick(g, waiting)
				if s.ID = nameOf(m); !g.chance(6) {
					s.By = m.Author
				}
			}
			return s
		}},
	}
	return slices.Concat(list, g.reviewing(w, ch), g.shadowing(w, ch), g.blocking(w, ch), g.listing(w, ch), g.slowing(ch))
}

// flagged is a flagged message, mostly one that is there, or nil.
func (g *Generator) flagged(w *World) (m *Message) {
	if len(w.flags) == 0 {
		return nil
	}
	for range 10 {
		if m = pick(g, w.flags).Message; w.Sees("", m) {
			break
		}
	}
	return m
}

// flagged is how much there is to look at for moderators.
func (w *World) flagged() (n int) {
	for _, f := range w.flags {
		if f.Message == nil || w.Sees("", f.Message) {
			n++
		}
	}
	return n
}

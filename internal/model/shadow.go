package model

import (
	"slices"
	"strings"
	"time"
)

// Shadows says whether what a user posts in a channel is for them alone: they
// are shadow-banned, or it is their channel with one who blocks them.
func (w *World) Shadows(by string, ch *Channel) bool {
	return by != "" && (w.BlockedIn(by, ch) || slices.ContainsFunc(w.bans, func(b Ban) bool {
		return b.Shadow && b.User == by && (b.Channel == nil || b.Channel == ch) && w.lasts(b.Until)
	}))
}

// shadows says whether what a step sends is for its author alone: so is what
// hangs on what was so, a reply to it and what only quotes it, whoever sends it in
// their name.
func (w *World) shadows(s Step, ch *Channel) bool {
	mine := func(m *Message) bool { return m != nil && m.Shadowed && m.Author == s.author() }
	onlyQuotes := s.Text == "" && !s.Titled
	return w.Shadows(s.By, ch) || mine(w.Message(s.Parent)) || onlyQuotes && mine(w.Message(s.Quoted))
}

// editsAlone says whether what an edit makes of a message its author alone is
// shown: it does while what they post is for them alone, and if nothing is left but
// a quote of what was so.
func (w *World) editsAlone(s Step, m, after *Message) bool {
	quoted := after.Quoted
	onlyQuotes := after.Text == "" && !after.Titled && quoted != nil && quoted.Shadowed && quoted.Author == m.Author
	return m.Author == s.By && !m.Shadowed && (onlyQuotes || w.Shadows(s.By, m.Channel))
}

// editAlone does an edit that its author alone is shown.
func (w *World) editAlone(s Step, m *Message, made Made, change func(*Message)) {
	own := *m.shown(s.By)
	text := own.Text
	own.alone = nil
	change(&own)
	if own.Updated = made.Updated; own.Text != text {
		own.TextUpdated = made.Updated
	}
	if link := LinkOf(own.Text); link != LinkOf(text) {
		own.Preview = ""
		if strings.HasPrefix(link, SiteUp) && !s.NoPreview && w.On(m.Channel, Links) {
			own.Preview = link
		}
	}
	m.alone = &own
}

// shown is a message with the content that a viewer is shown.
func (m *Message) shown(viewer string) *Message {
	if m.alone == nil || viewer != m.Author {
		return m
	}
	own, a := *m, m.alone
	own.Text, own.Titled, own.Preview, own.Quoted, own.Mentions, own.Custom = a.Text, a.Titled, a.Preview, a.Quoted, a.Mentions, a.Custom
	own.Updated, own.TextUpdated = a.Updated, a.TextUpdated
	return &own
}

// private says whether a message is private for what a user posts about it: authors
// do not know that theirs are shadowed.
func (m *Message) private(author string) bool {
	return m != nil && (m.Audience != nil || m.Shadowed && m.Author != author)
}

// audience is the audience of a private message for what a user posts about it,
// with its author.
func (m *Message) audience(author string) []string {
	if m.Shadowed && m.Author != author {
		return []string{m.Author}
	}
	return append(slices.Clone(m.Audience), m.Author)
}

// knowsShadowed says whether a viewer is told that a message is for its author
// alone.
func (w *World) knowsShadowed(viewer string, m *Message) bool {
	return m.Shadowed && (viewer == "" || viewer != m.Author && w.Can(viewer, m.Channel, "read-restricted-visibility-message"))
}

// ownShadow says whether a user's ban from a place, over or not, is one that the
// caller, who is that user, must not learn of.
func (w *World) ownShadow(by, user string, ch *Channel) bool {
	return by != "" && by == user && slices.ContainsFunc(w.bans, func(b Ban) bool { return b.Channel == ch && b.User == user && b.Shadow })
}

// BansFor are those bans from a place that a viewer reads.
func (w *World) BansFor(viewer string, ch *Channel) []Ban {
	return slices.DeleteFunc(w.Bans(ch), func(b Ban) bool { return viewer != "" && b.Shadow && b.User == viewer })
}

// mayPurge says whether a caller may delete messages along with a ban.
func (w *World) mayPurge(by string, ch *Channel) bool {
	if ch != nil {
		return w.can(by, ch, "delete-message")
	}
	for name := range w.Types {
		if by != "" && !w.canAnywhere(by, name, "delete-message") {
			return false
		}
	}
	return true
}

// Condemned are the messages that a ban deletes: what was sent up to it, where
// the ban is from everywhere by the clock.
func (w *World) Condemned(s Step) []*Message {
	var list []*Message
	for _, m := range w.Messages {
		switch ch := w.place(s); {
		case s.Op != BanUser || s.Purge == "" || m.Author != s.User || !w.Sees("", m):
		case ch != nil && m.Channel != ch || ch == nil && m.sent().After(w.Now):
		case m.Deleted && s.Purge == ErasedSoft:
		default:
			list = append(list, m)
		}
	}
	return list
}

// sent is when a message was sent: one that was pending has another time since.
func (m *Message) sent() time.Time {
	if m.Sent.IsZero() {
		return m.Created
	}
	return m.Sent
}

// purgeBanned deletes the messages of who is banned with them.
func (w *World) purgeBanned(s Step, made Made) {
	for _, m := range w.Condemned(s) {
		switch {
		case m.Gone: // with one it replied to
		case m.Pending || s.Purge == ErasedWhole:
			w.erase(m)
		default:
			m.Deleted, m.DeletedAt, m.Pin = true, made.DeletedAt[m.ID].Truncate(time.Microsecond), nil
		}
	}
}

// shadowBanned is, now and then, one whose posts in a channel are for them alone.
func (g *Generator) shadowBanned(w *World, ch *Channel) string {
	if !g.chance(3) {
		return ""
	}
	for _, m := range ch.Members {
		if w.Shadows(m.User, ch) && g.chance(2) {
			return m.User
		}
	}
	return ""
}

// shadowing thinks of what hangs on shadowed messages.
func (g *Generator) shadowing(w *World, ch *Channel) []choice {
	var list []*Message
	for _, m := range ch.Messages {
		if m.Shadowed {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return []choice{{12, func() Step {
		s, m := g.send(w, ch), pick(g, list)
		s.Parent, s.Show, s.Quoted, s.Audience, s.Pinned = "", false, "", nil, false
		if s.By != "" {
			s.By = pick(g, []string{m.Author, m.Author, g.user(ch), "gus"})
		}
		switch g.Random.IntN(4) {
		case 0:
			s.Quoted, s.Text = nameOf(m), ""
		case 1:
			s.Quoted = nameOf(m)
		case 2:
			id := nameOf(m)
			for _, other := range ch.Messages {
				if other.Author == m.Author && other.shown(m.Author).Quoted == m && g.chance(2) {
					id = nameOf(other) // of which only the quote is left then
				}
			}
			return Step{Op: PatchMessage, By: m.Author, ID: id, Unset: []string{"text"}}
		default:
			s.Parent, s.Show = nameOf(m), g.chance(2)
		}
		return s
	}}}
}

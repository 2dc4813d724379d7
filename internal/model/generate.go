package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Generator thinks of steps. Most of them make sense, some do not.
type Generator struct {
	Random    *rand.Rand
	FakeClock bool // time passes when a step says so, and not otherwise

	n    int    // steps so far, for ids
	todo []Step // what is to come first
	sent []Step // sends that may be tried again
}

// NewGenerator makes a generator whose first steps make users and channels.
func NewGenerator(random *rand.Rand, fakeClock bool) *Generator {
	g := &Generator{Random: random, FakeClock: fakeClock}
	for _, u := range [][2]string{
		{"ann", "user"},
		{"ben", "user"},
		{"cat", "user"},
		{"dan", "user"},
		{"eve", "guest"},
		{"fay", "moderator"},
		{"gus", "admin"},
		{"hal", "anonymous"},
	} {
		g.todo = append(g.todo, Step{Op: PutUser, User: u[0], Role: u[1]})
	}
	for _, name := range listNames() {
		g.todo = append(g.todo, Step{Op: CreateList, List: name, Words: g.some(listWords(), 4)})
	}
	for _, cid := range cids() {
		g.todo = append(g.todo, g.ensure(cid))
	}
	return g
}

func userIDs() []string { return []string{"ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"} }

func cids() []string {
	return []string{"messaging:one", "messaging:two", "team:three", "livestream:four", "commerce:five", "gaming:six"}
}

func (g *Generator) ensure(cid string) Step {
	return Step{Op: EnsureChannel, CID: cid, User: pick(g, userIDs()), Users: g.some(userIDs(), 6), Set: g.custom(4)}
}

// distinct ensures one of a few distinct channels.
func (g *Generator) distinct() Step {
	sets := [][]string{{"ann", "ben"}, {"cat", "dan"}, {"ben", "cat", "dan"}, {"fay", "gus", "ann", "eve"}}
	s := Step{Op: EnsureDistinct, Type: pick(g, []string{"messaging", "messaging", "team"}), User: pick(g, userIDs())}
	s.Users = g.some(pick(g, sets), 9)
	for len(s.Users) < 2 && !g.chance(8) {
		s.Users = g.some(pick(g, sets), 9)
	}
	if g.chance(2) {
		s.By = pick(g, s.Users)
	}
	return s
}

// custom is custom data, once in so many times.
func (g *Generator) custom(n int) []string {
	if !g.chance(n) {
		return nil
	}
	return g.some([]string{"name=" + g.word(), "mood=" + g.word(), "box.a=" + g.word(), "box.b=" + g.word()}, 3)
}

// text is a text with a link in it, once in so many times, and perhaps with words
// of block lists.
func (g *Generator) text(words string, n int) string {
	words = g.rude(words, 4)
	if !g.chance(n) {
		return words
	}
	sites := []string{SiteUp, SiteUp, SiteUp, SiteEmpty, SiteDown, SitePanic}
	if g.FakeClock {
		sites = append(sites, SiteLate, SiteLate, SiteLate)
	}
	link := pick(g, sites)
	text := fmt.Sprintf("%s %s%d", words, link, g.n)
	switch g.Random.IntN(8) {
	case 0:
		text += " " + SiteUp // not the first
	case 1:
		text = fmt.Sprintf("`%scode` %s", SiteUp, text)
	}
	return text
}

func (g *Generator) word() string { return pick(g, []string{"red", "green", "blue"}) }

// patch makes a step a patch: mostly one that can be.
func (g *Generator) patch(s Step, field string) Step {
	for _, path := range g.some([]string{"mood", "box.a", "box.b", "box.deep.er", field}, 2) {
		value := g.word()
		if path == "text" {
			value = g.text(value, 2)
		}
		s.Set = append(s.Set, path+"="+value)
	}
	if g.chance(2) {
		s.Unset = g.some([]string{"mood", "box", "box.a", "box.b", "nothing.there", "box.deep"}, 2)
	}
	if badPatch(s) && !g.chance(10) {
		s.Unset = nil
	}
	switch g.Random.IntN(12) {
	case 0:
		s.Set = append(s.Set, pick(g, []string{"mood.deep", "created_at", "cid", field + ".in"})+"=bad")
	case 1:
		s.Set, s.Unset = nil, []string{field}
	case 2:
		s.Set, s.Unset = nil, nil
	}
	if s.Op == PatchMessage && g.chance(4) {
		s.Unset = append(s.Unset, pick(g, []string{"attachments", "mentioned_users", "quoted_message_id"}))
	}
	return s
}

// settings are settings and grants for a channel, or a channel type whose
// standard grants are given.
func (g *Generator) settings(s Step, standard map[string][]string) Step {
	for _, name := range []string{Pending, Replies, Quotes, Mutes, Links, Commands} {
		switch g.Random.IntN(6) {
		case 0:
			s.Settings = append(s.Settings, name+"=off")
		case 1:
			s.Settings = append(s.Settings, name+"=on")
		}
	}
	if g.chance(2) {
		return s
	}
	s.Role = pick(g, []string{"user", "guest", "anonymous", "channel_member", "channel_member", "channel_moderator", "channel_creator", "moderator"})
	s.Actions = slices.Clone(standard[s.Role])
	more := []string{
		"read-channel", "create-message", "create-reply", "delete-message", "truncate-channel", "update-channel",
		"read-restricted-visibility-message", "create-restricted-visibility-message", "use-frozen-channel", "ban-channel-member", "ban-user",
	}
	switch g.Random.IntN(5) {
	case 0:
		s.Actions = append(s.Actions, g.some(more, 3)...)
	case 1:
		s.Actions = g.some(more, 4)
	case 2:
		dropped := append(g.some(s.Actions, 3), pick(g, []string{"read-channel", "create-reply", "leave-channel", "nothing"}))
		s.Actions = slices.DeleteFunc(s.Actions, func(a string) bool { return slices.Contains(dropped, a) })
	}
	slices.Sort(s.Actions)
	s.Actions = slices.Compact(s.Actions)
	return s
}

func pick[T any](g *Generator, list []T) T { return list[g.Random.IntN(len(list))] }

// chance is true once in so many times.
func (g *Generator) chance(n int) bool { return g.Random.IntN(n) == 0 }

// some is one to most of a list, without repetitions.
func (g *Generator) some(list []string, most int) []string {
	list = slices.Clone(list)
	g.Random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), 1+g.Random.IntN(most))]
}

// user is a user, mostly one who can use the channel.
func (g *Generator) user(ch *Channel) string {
	if ch == nil || len(ch.Members) == 0 || g.chance(8) {
		if g.chance(40) {
			return "nobody"
		}
		return pick(g, userIDs())
	}
	return pick(g, ch.Members).User
}

// by is the one who calls: a user or, once in so many times, the application.
func (g *Generator) by(ch *Channel, n int) string {
	if g.chance(n) {
		return ""
	}
	return g.user(ch)
}

// message is a message of the channel, mostly one that is there and new.
func (g *Generator) message(w *World, ch *Channel, good func(*Message) bool) string {
	list := w.Messages
	if ch != nil && len(ch.Messages) > 0 && !g.chance(25) {
		list = ch.Messages
	}
	if len(list) == 0 {
		return "none"
	}
	if good != nil && !g.chance(6) {
		for range 20 {
			if m := list[max(0, len(list)-1-g.Random.IntN(60))]; good(m) {
				return nameOf(m)
			}
		}
	}
	if g.chance(3) {
		return nameOf(pick(g, list))
	}
	return nameOf(list[max(0, len(list)-1-g.Random.IntN(20))])
}

// nameOf names a message so that the name means the same in another run.
func nameOf(m *Message) string {
	if m.Input.ID == "" {
		return "note " + m.Text
	}
	return m.Input.ID
}

type choice struct {
	weight int
	make   func() Step
}

// Next thinks of a step.
func (g *Generator) Next(w *World) Step {
	if len(g.todo) > 0 {
		s := g.todo[0]
		g.todo = g.todo[1:]
		return s
	}
	g.n++
	cid := pick(g, cids())
	if g.chance(3) {
		cid = cids()[0] // one that is busier than the others
	}
	if made := distinctOf(w); len(made) > 0 && g.chance(6) {
		cid = pick(g, made)
	}
	ch := w.Channel(cid)
	if ch != nil && ch.Deleted && ch.Distinct && g.chance(3) {
		return g.distinct()
	}
	if ch == nil || ch.Deleted && g.chance(3) {
		s := g.ensure(cid)
		if g.chance(2) {
			s = Step{Op: EnsureChannel, CID: cid, By: g.user(nil)}
		}
		return s
	}
	choices := slices.Concat(g.messages(w, ch), g.thread(w, ch), g.people(w, ch), g.moderation(w, ch), g.reactions(w, ch), g.channels(w, ch), g.clock())
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	n := g.Random.IntN(total)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return g.verdict(c.make())
		}
	}
	panic("unreachable")
}

// verdict has the moderator say something of a step now and then.
func (g *Generator) verdict(s Step) Step {
	if slices.Contains([]Op{Send, Update, PatchMessage, RunAction}, s.Op) && s.By != "" && g.chance(10) {
		s.Verdict = pick(g, []string{Softens, Softens, Holds, Rejects})
	}
	return s
}

// distinctOf are the distinct channels there are.
func distinctOf(w *World) []string {
	var cids []string
	for _, ch := range w.Channels {
		if ch.Distinct && !slices.Contains(cids, ch.CID) {
			cids = append(cids, ch.CID)
		}
	}
	return cids
}

func (g *Generator) send(w *World, ch *Channel) Step {
	s := Step{Op: Send, By: g.by(ch, 4), CID: ch.CID, ID: fmt.Sprintf("m%d", g.n), Text: g.text(fmt.Sprintf("words %d", g.n), 4), NoPreview: g.chance(20)}
	if len(w.uses(ch)) > 0 {
		s.Text = g.rude(s.Text, 2)
	}
	if id := g.shadowBanned(w, ch); id != "" && s.By != "" {
		s.By = id
	}
	if s.By == "" {
		s.User = g.user(ch)
		s.Hold = Hold(g.Random.IntN(6) % 3)
		if g.chance(12) {
			s.Type = "system"
		}
		if s.Hold == Held && g.chance(2) || g.chance(20) {
			s.Meta = g.word()
		}
	}
	if g.chance(30) {
		s.Type = "system"
	}
	if g.chance(4) {
		s.Parent = g.message(w, ch, func(m *Message) bool { return m.Parent == nil && !m.Pending })
		s.Show = g.chance(3)
	}
	if g.chance(8) {
		s.Quoted = g.message(w, ch, func(m *Message) bool { return !m.Deleted && !m.Pending })
		if g.chance(5) {
			s.Text = ""
		}
	}
	if g.chance(5) || s.By == "gus" && g.chance(2) {
		s.Audience = []string{g.user(ch)}
		if g.chance(2) {
			s.Audience = append(s.Audience, g.user(ch), g.user(ch))
		}
		if parent := w.Message(s.Parent); parent != nil && parent.Audience != nil && !g.chance(4) {
			s.Audience = []string{pick(g, parent.Audience)}
		}
	}
	if g.chance(15) {
		s.Mentions = g.some(userIDs(), 3)
	}
	s.Set = g.custom(6)
	s.Silent, s.Titled = g.chance(12), g.chance(15)
	s.Pinned = s.By == "" && g.chance(12) && !strings.HasPrefix(s.Text, "/")
	return s
}

func (g *Generator) messages(w *World, ch *Channel) []choice {
	pending := func(m *Message) bool { return m.Pending }
	deleted := func(m *Message) bool { return m.Deleted }
	// One who sees the message, so that the step has an effect.
	about := func(op Op, good func(*Message) bool, often int) Step {
		s := Step{Op: op, ID: g.message(w, ch, good), By: g.by(ch, often)}
		if m := w.Message(s.ID); m != nil && s.By != "" && g.chance(2) {
			s.By = m.Author
		}
		return s
	}
	return []choice{
		{400, func() Step {
			s := g.send(w, ch)
			if len(g.sent) < 30 {
				g.sent = append(g.sent, s)
			} else {
				g.sent[g.Random.IntN(30)] = s
			}
			return s
		}},
		{20, func() Step {
			if len(g.sent) == 0 {
				return g.send(w, ch)
			}
			s := pick(g, g.sent)
			for range 10 { // mostly of one that was changed meanwhile
				if m := w.Message(s.ID); m != nil && (m.Deleted || m.Updated != m.Created) {
					break
				}
				s = pick(g, g.sent)
			}
			switch g.Random.IntN(6) {
			case 0:
				s.Text = strings.TrimSpace(s.Text + " changed")
			case 1:
				s.CID = pick(g, cids())
			}
			return s
		}},
		{40, func() Step {
			s := about(Update, nil, 4)
			s.Text, s.NoPreview = g.text(fmt.Sprintf("edit %d", g.n), 3), g.chance(20)
			if m := w.Message(s.ID); m != nil && LinkOf(m.Text) != "" && g.chance(2) {
				s.Text = fmt.Sprintf("edit %d %s", g.n, LinkOf(m.Text))
			}
			if g.chance(4) {
				s.Gives = pick(g, []string{GivesBack, GivesBack, GivesBack, Forges})
			}
			if g.chance(4) {
				s.Quoted = g.message(w, ch, nil)
			}
			if m := w.Message(s.ID); m != nil && m.Quoted != nil && g.chance(2) {
				s.Quoted = nameOf(m.Quoted)
			}
			if m := w.Message(s.ID); m != nil && m.Text != "" && g.chance(5) {
				s.Text = m.Text // another part of it changes
			}
			if g.chance(10) {
				s.Mentions = g.some(userIDs(), 3)
			}
			s.Set, s.Titled = g.custom(4), g.chance(10)
			return s
		}},
		{35, func() Step { return g.patch(about(PatchMessage, nil, 4), "text") }},
		{45, func() Step { return about(Delete, nil, 3) }},
		{30, func() Step {
			s := about(Delete, nil, 3)
			s.Hard = true
			return s
		}},
		{8, func() Step {
			s := about(Delete, pending, 3)
			s.Hard = !g.chance(4)
			return s
		}},
		{30, func() Step {
			s := about(DeleteForMe, nil, 4)
			s.By = g.user(ch)
			return s
		}},
		{35, func() Step {
			s := Step{Op: Undelete, ID: g.message(w, ch, deleted), User: g.user(ch)}
			reply := func(m *Message) bool { return m.Deleted && m.Parent != nil }
			if i := slices.IndexFunc(ch.Messages, reply); i >= 0 && g.chance(4) { // under a deleted parent
				s.ID = nameOf(ch.Messages[i])
				g.todo = append(g.todo, s)
				return Step{Op: Delete, ID: nameOf(ch.Messages[i].Parent)}
			}
			return s
		}},
		{40, func() Step { return Step{Op: Commit, ID: g.message(w, ch, pending)} }},
		{25, func() Step { return Step{Op: MarkReadTo, ID: g.message(w, ch, nil), By: g.user(ch)} }},
		{25, func() Step { return Step{Op: MarkUnread, ID: g.message(w, ch, nil), By: g.user(ch)} }},
		{30, func() Step { return Step{Op: MarkRead, CID: ch.CID, By: g.user(ch)} }},
	}
}

// lasting is how long a mute lasts: mostly for good.
func (g *Generator) lasting() time.Duration {
	if g.chance(2) {
		return 0
	}
	return time.Duration(1+g.Random.IntN(8))*time.Hour + time.Millisecond
}

func (g *Generator) people(w *World, ch *Channel) []choice {
	inactive := ""
	for _, u := range w.Users {
		if !u.Active && !u.Erased {
			inactive = u.ID
		}
	}
	list := []choice{
		{12, func() Step { return Step{Op: MuteUser, By: g.user(ch), User: g.user(ch), For: g.lasting()} }},
		{10, func() Step { return Step{Op: UnmuteUser, By: g.user(ch), User: g.user(ch)} }},
		{10, func() Step { return Step{Op: MuteChannel, By: g.user(ch), CID: ch.CID, For: g.lasting()} }},
		{10, func() Step { return Step{Op: UnmuteChannel, By: g.user(ch), CID: ch.CID} }},
		{14, func() Step { return Step{Op: Hide, By: g.user(ch), CID: ch.CID, Hard: g.chance(4)} }},
		{5, func() Step { return Step{Op: Show, By: g.user(ch), CID: ch.CID} }},
		{4, func() Step {
			return Step{Op: pick(g, []Op{PinChannel, PinChannel, UnpinChannel}), By: g.user(ch), CID: ch.CID}
		}},
		{4, func() Step { return Step{Op: pick(g, []Op{Archive, Archive, Unarchive}), By: g.user(ch), CID: ch.CID} }},
		{10, func() Step { return g.answerInvite(ch) }},
		{3, func() Step {
			return Step{Op: PutUser, User: pick(g, userIDs()), Role: pick(g, []string{"user", "user", "user", "guest", "moderator", "admin", "anonymous"})}
		}},
		{6, g.patchUser},
		{2, func() Step { return Step{Op: Deactivate, User: g.user(ch)} }},
	}
	if id := pick(g, []string{"dan", "hal"}); w.exists(id) { // the others are enough
		list = append(list, choice{1, func() Step {
			return Step{Op: EraseUser, User: id, Type: pick(g, []string{Kept, ErasedSoft, ErasedSoft, ErasedWhole, ErasedWhole})}
		}})
	}
	if inactive != "" {
		list = append(list, choice{20, func() Step { return Step{Op: Reactivate, User: inactive} }})
	}
	return list
}

func (g *Generator) note(s Step) Step {
	if g.chance(2) {
		s.Text = fmt.Sprintf("note %d", g.n)
	}
	return s
}

func (g *Generator) channels(w *World, ch *Channel) []choice {
	toggle := func(op Op, by string, is bool) Step {
		return Step{Op: op, By: by, CID: ch.CID, On: !is && !g.chance(4)}
	}
	sooner := func(is bool, weight int) int {
		if is {
			return 15 * weight
		}
		return weight
	}
	list := []choice{
		{25, func() Step {
			role := ""
			if g.chance(4) {
				role = "channel_moderator"
			}
			return g.note(Step{Op: AddMembers, By: g.by(ch, 2), CID: ch.CID, Users: g.some(append(userIDs(), "nobody")[:8+g.Random.IntN(30)/29], 3), Role: role, Invite: g.chance(3), Veiled: g.chance(4)})
		}},
		{8, func() Step {
			return g.note(Step{Op: RemoveMembers, By: g.by(ch, 2), CID: ch.CID, Users: g.some(userIDs(), 2)})
		}},
		{8, func() Step { return Step{Op: Leave, By: g.user(ch), CID: ch.CID} }},
		{8, func() Step {
			return Step{Op: ChangeMember, By: g.by(ch, 2), CID: ch.CID, User: g.user(ch), Role: pick(g, []string{"", "channel_member", "channel_moderator"}), Set: g.custom(2)}
		}},
		{4, g.distinct},
		{4, func() Step { return g.note(Step{Op: UpdateChannel, By: g.by(ch, 2), CID: ch.CID, Set: g.custom(1)}) }},
		{8, func() Step { return g.patch(Step{Op: PatchChannel, By: g.by(ch, 2), CID: ch.CID}, "name") }},
		{4, func() Step { return g.settings(Step{Op: SetOverrides, CID: ch.CID}, StandardGrants(ch.Type)) }},
		{sooner(len(ch.Overrides.Grants)+len(ch.Overrides.on) > 0, 1), func() Step { return Step{Op: SetOverrides, CID: ch.CID} }},
		{1, func() Step { return g.settings(Step{Op: ChangeType, Type: ch.Type}, StandardGrants(ch.Type)) }},
		{4, func() Step { return standardType(g, w) }},
		{2, func() Step { return Step{Op: EnsureChannel, By: g.user(ch), CID: ch.CID} }},
		{1, func() Step { return g.ensure(ch.CID) }},
		{sooner(ch.Frozen, 2), func() Step { return toggle(Freeze, g.by(ch, 2), ch.Frozen) }},
		{sooner(ch.Disabled, 1), func() Step { return toggle(Disable, "", ch.Disabled) }},
		{2, func() Step {
			s := Step{Op: DeleteChannel, By: g.by(ch, 2), CID: ch.CID, Hard: g.chance(3)}
			if ch.CID == cids()[0] && !g.chance(8) {
				s.CID = cids()[1] // the busiest grows old
			}
			if !s.Hard { // it is soon made again, so the application comes at once
				g.todo = append(g.todo, g.patch(Step{Op: PatchChannel, CID: s.CID}, "name"))
			}
			return s
		}},
		{3, func() Step { return g.note(Step{Op: Truncate, By: g.by(ch, 2), CID: ch.CID, Hard: g.chance(2)}) }},
		{6, func() Step {
			return g.note(Step{Op: Truncate, By: g.by(ch, 2), CID: ch.CID, ID: g.message(w, ch, nil), Hard: g.chance(2)})
		}},
	}
	most := 60 // so that looking at all of a channel stays cheap
	if ch.CID == cids()[0] {
		most = 200
	}
	if len(ch.Messages) > most {
		list = append(list, choice{200, func() Step { return Step{Op: Truncate, CID: ch.CID, Hard: !g.chance(3)} }})
	}
	return list
}

// standardType gives a channel type a setting and the grants of a role as they
// were at first.
func standardType(g *Generator, w *World) Step {
	name := channelType(pick(g, cids()))
	s := Step{Op: ChangeType, Type: name, Settings: []string{"pending=off", "replies=on", "quotes=on", "mutes=on", "links=on", "commands=on"}}
	if g.chance(4) {
		s.Lists = []string{NoLists}
	}
	standard := StandardGrants(name)
	s.Role = pick(g, []string{"user", "guest", "anonymous", "channel_member", "channel_moderator", "channel_creator", "moderator"})
	for _, role := range []string{"user", "guest", "anonymous", "channel_member", "channel_moderator", "channel_creator", "moderator"} {
		if !slices.Equal(standard[role], w.Types[name].Grants[role]) {
			s.Role = role
		}
	}
	s.Actions = standard[s.Role]
	return s
}

func (g *Generator) clock() []choice {
	list := []choice{
		{2, func() Step { return Step{Op: ReopenStore, On: g.chance(2)} }},
		{4, func() Step { return Step{Op: RunDueWork} }},
	}
	if !g.FakeClock {
		return list
	}
	return append(
		list,
		choice{40, func() Step { return Step{Op: Sleep, For: time.Duration(1+g.Random.IntN(90)) * time.Minute} }},
		choice{10, func() Step { return Step{Op: Sleep, For: time.Duration(1 + g.Random.IntN(5000))} }},
		choice{6, func() Step {
			return Step{Op: SetTimeout, For: time.Duration(1+g.Random.IntN(12))*time.Hour + time.Millisecond}
		}},
		choice{2, func() Step {
			return Step{Op: ReopenInThePast, On: g.chance(2), For: time.Duration(g.Random.IntN(20)) * time.Hour}
		}},
	)
}

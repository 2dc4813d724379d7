package model

import (
	"slices"
	"strings"
	"time"
)

// Made is what the engine made in a step, and the times it gave.
type Made struct {
	ID      string // of the message that was sent, committed or posted along
	Created time.Time
	CID     string    // of the channel that was ensured
	Updated time.Time // of the message or channel that was changed
	Deleted time.Time // of the message that was deleted
	Since   time.Time // when the channel was made
	At      time.Time // when all was done

	DeletedAt map[string]time.Time // when messages of a user who was erased or banned were deleted, by id
}

func channelType(cid string) string {
	name, _, _ := strings.Cut(cid, ":")
	return name
}

// Apply does a step that the engine has done too.
func (w *World) Apply(s Step, made Made) {
	defer clear(w.lists)
	w.Told = false
	ch := w.Channel(s.CID)
	m := w.Message(s.ID)
	switch s.Op {
	case PutUser:
		if u := w.User(s.User); u != nil {
			u.Name, u.Role, u.Custom = "", s.Role, nil
		} else {
			w.Users = append(w.Users, &User{ID: s.User, Role: s.Role, Active: true})
		}
	case PatchUser:
		w.User(s.User).patch(s)
	case Deactivate, Reactivate:
		w.User(s.User).Active = s.Op == Reactivate
	case EraseUser:
		w.eraseUser(s, made)
	case MuteUser, UnmuteUser:
		if s.Op == MuteUser {
			w.mute(w.User(s.By), s.User, s.For)
		} else {
			w.unmute(w.User(s.By), s.User)
		}
	case BanUser:
		by := s.By
		if by == "" {
			by = s.Author
		}
		w.ban(Ban{User: s.User, Channel: w.place(s), By: by, Reason: s.Text, Shadow: s.Shadow}, s.For)
		w.purgeBanned(s, made)
	case UnbanUser:
		if !w.ownShadow(s.By, s.User, w.place(s)) {
			w.unban(s.User, w.place(s))
		}
	case FlagMessage:
		w.flag(Flag{Message: m, User: m.Author, By: s.By, Reason: s.Text})
	case FlagUser:
		w.flag(Flag{User: s.User, By: s.By, Reason: s.Text})
	case UnflagMessage:
		w.unflag(m, "")
	case UnflagUser:
		w.unflag(nil, s.User)
	case ReviewMessage:
		w.review(s, m, m.Author)
	case ReviewUser:
		w.review(s, nil, s.User)
	case BlockUser, UnblockUser:
		w.applyBlock(s)
	case CreateList, UpdateList, DeleteList:
		w.applyList(s)
	case React, Unreact, PinMessage, Unpin:
		w.applyReaction(s, m)
	case RunAction:
		w.action(s, m, made)
	case SetTimeout:
		w.Timeout = s.For
	case ChangeType:
		w.Types[s.Type] = w.Types[s.Type].changed(s)
	case EnsureChannel:
		w.ensure(s, ch, made)
	case EnsureDistinct:
		w.ensure(s, w.Distinct(s), made)
	case Send:
		switch o := w.outcome(s); {
		case m != nil:
		case o != nil:
			w.command(s, o, ch, made)
		default:
			w.send(s, ch, made)
		}
	case Update:
		w.edit(s, m, made, func(m *Message) {
			m.Text, m.Mentions, m.Titled, m.Custom = s.Text, s.Mentions, s.Titled, CustomOf(s.Set)
			w.unquote(s, m)
		})
	case PatchMessage:
		if len(s.Set)+len(s.Unset) > 0 {
			w.edit(s, m, made, func(m *Message) { w.patch(s, m) })
		}
	case Delete:
		if s.Hard {
			w.erase(m)
		} else if !m.Deleted {
			m.Deleted, m.DeletedAt, m.Pin = true, made.Deleted, nil
		}
	case DeleteForMe:
		if !slices.Contains(m.ForMe, s.By) {
			m.ForMe = append(m.ForMe, s.By)
		}
	case Undelete:
		m.Deleted, m.DeletedAt = false, time.Time{}
		m.mention()
	case Commit:
		m.Pending, m.Sent, m.Created, m.Updated = false, m.Created, made.Created, made.Created
		m.Channel.Last = made.Created
		w.owePush(m, made.At)
		m.reply("")
	case MarkThreadRead, MarkThreadUnread:
		w.markThread(s, m)
	case MarkReadTo:
		member := m.Channel.Member(s.By)
		if m.Created.After(member.Mark) {
			member.Mark = m.Created
		}
	case MarkUnread:
		m.Channel.Member(s.By).Mark = m.Created.Add(-time.Microsecond)
	default:
		w.applyToChannel(s, ch, made)
	}
}

func (w *World) mute(u *User, other string, lasting time.Duration) {
	w.unmute(u, other)
	u.Mutes = append(u.Mutes, Mute{other, w.end(lasting)})
}

// unmute ends a mute, and forgets what has expired.
func (w *World) unmute(u *User, other string) {
	u.Mutes = slices.DeleteFunc(u.Mutes, func(m Mute) bool { return m.User == other || !w.lasts(m.Until) })
}

// end is when something that lasts for a time ends; zero for what lasts for
// good.
func (w *World) end(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return w.Now.Add(d)
}

// edit does an edit of a message.
func (w *World) edit(s Step, m *Message, made Made, change func(*Message)) {
	after := *m.shown(s.By)
	change(&after)
	if w.editsAlone(s, m, &after) {
		w.editAlone(s, m, made, change)
		return
	}
	mentions, shows := slices.Clone(m.Mentions), w.shows(s, m)
	*m = *m.shown(s.By)
	text := m.Text
	m.alone = nil
	change(m)
	if !slices.Equal(m.Mentions, mentions) {
		m.mention()
	}
	m.Updated = made.Updated
	if m.Text != text {
		m.TextUpdated = made.Updated
	}
	if LinkOf(m.Text) != LinkOf(text) {
		m.Preview = ""
		w.enrich(m, s, made)
	}
	if _, given := newText(s); given || shows {
		w.flagScreened(m, s.By)
	}
}

// unquote gives a message the quote that an edit names, if any; one that who edits
// cannot see they do not leave out.
func (w *World) unquote(s Step, m *Message) {
	if s.Quoted != "" || w.Sees(s.By, m.Quoted) {
		m.Quoted = w.Message(s.Quoted)
	}
}

// Distinct is the channel of the members that a step names, or nil.
func (w *World) Distinct(s Step) *Channel {
	members := DistinctMembers(s)
	for _, ch := range slices.Backward(w.Channels) {
		if ch.Distinct && ch.Type == s.Type && slices.Equal(ch.first, members) {
			return ch
		}
	}
	return nil
}

// DistinctMembers are the members of the distinct channel of a step.
func DistinctMembers(s Step) []string {
	members := slices.Clone(s.Users)
	if s.By != "" {
		members = append(members, s.By)
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// isDistinct says whether a cid is of the form of those of distinct channels.
func isDistinct(cid string) bool { return strings.Contains(cid, ":!members-") }

func (w *World) ensure(s Step, ch *Channel, made Made) {
	if ch != nil && !ch.Deleted {
		return
	}
	ch = &Channel{
		CID: made.CID, Type: channelType(made.CID), Creator: s.User, Distinct: s.Op == EnsureDistinct, Created: made.Since,
		Updated: made.Updated, Cleared: map[string]time.Time{}, Left: map[string]time.Time{}, lastSends: map[string]time.Time{},
	}
	if ch.Distinct {
		ch.first = DistinctMembers(s)
	}
	ch.describe(s.Set, nil)
	users := s.Users
	if s.By != "" {
		ch.Creator = s.By
		users = append([]string{s.By}, users...)
	}
	for _, id := range users {
		ch.join(id, "")
	}
	w.Channels = append(w.Channels, ch)
}

// describe sets name and custom data.
func (ch *Channel) describe(set, unset []string) {
	s := Step{Set: set, Unset: unset}
	if name, given := field(s, "name"); given {
		ch.Name = name
	}
	ch.Custom, _ = ch.Custom.patched(custom(s, "name"))
}

// join makes a user a member who has nothing unread.
func (ch *Channel) join(user, role string) {
	if ch.Member(user) != nil {
		return
	}
	if role == "" {
		role = "channel_member"
	}
	ch.Members = append(ch.Members, &Member{User: user, Role: role, Mark: ch.Last, Joined: ch.Last, Threads: map[*Message]time.Time{}})
	slices.SortFunc(ch.Members, func(a, b *Member) int { return strings.Compare(a.User, b.User) })
	delete(ch.Left, user)
}

func (ch *Channel) leave(user string) {
	if ch.Member(user) == nil {
		return
	}
	ch.Members = slices.DeleteFunc(ch.Members, func(m *Member) bool { return m.User == user })
	ch.Left[user] = ch.Last
}

func (w *World) send(s Step, ch *Channel, made Made) {
	m := w.newMessage(w.judged(s, s.By, ch), ch, made)
	m.Input = s
	w.screenNew(m, s.By)
	w.sentNow(s.By, ch)
	w.post(m, s.By, made)
	if s.Pinned {
		w.pin(m, m.Author, 0)
	}
	w.enrich(m, s, made)
}

// newMessage is what a send makes, which is nowhere yet.
func (w *World) newMessage(s Step, ch *Channel, made Made) *Message {
	m := &Message{
		ID: made.ID, Channel: ch, Author: s.author(), Type: s.Type, Text: s.Text, Parent: w.Message(s.Parent), Quoted: w.Message(s.Quoted),
		Mentions: s.Mentions, Titled: s.Titled, Show: s.Show, Silent: s.Silent, Created: made.Created, Updated: made.Created, Custom: CustomOf(s.Set),
		Meta: s.Meta, Input: s, All: s.All, Online: s.Online,
	}
	switch {
	case m.Parent != nil:
		m.Type = "reply"
	case m.Type == "":
		m.Type = "regular"
	}
	m.Audience, m.Shadowed = fold(s.Audience), w.shadows(s, ch)
	if m.Parent.private(m.Author) && s.Audience == nil {
		m.Audience = fold(m.Parent.audience(m.Author))
	}
	m.Pending = s.Hold == Held || s.Hold == AsTheChannelSays && w.On(ch, Pending)
	m.WasPending = m.Pending
	return m
}

// post puts a message in its channel.
func (w *World) post(m *Message, by string, made Made) {
	w.keep(m.Input.ID, m)
	if m.Pending {
		return
	}
	w.owePush(m, made.At)
	m.Channel.Last = m.Created
	m.reply(by)
	if member := m.Channel.Member(by); member != nil && m.Parent == nil {
		member.Mark = m.Created
	}
}

func (w *World) keep(name string, m *Message) {
	w.Messages = append(w.Messages, m)
	m.Channel.Messages = append(m.Channel.Messages, m)
	w.names[m.ID], w.names[name] = m, m
}

// fold drops repetitions.
func fold(list []string) []string {
	var folded []string
	for _, id := range list {
		if !slices.Contains(folded, id) {
			folded = append(folded, id)
		}
	}
	return folded
}

// erase deletes a message for good, with its replies.
func (w *World) erase(m *Message) {
	w.drop(m)
	for _, other := range slices.Clone(m.Channel.Messages) {
		if other.Parent == m {
			w.erase(other)
		}
	}
}

// drop deletes a message for good, alone: replies to what was truncated stay if
// they are newer.
func (w *World) drop(m *Message) {
	m.Gone, m.Pending = true, false
	m.Channel.Messages = slices.DeleteFunc(m.Channel.Messages, func(other *Message) bool { return other == m })
}

// Sweep erases the pending messages that are overdue, for good: what changes the
// clock or the timeout later does not bring them back.
func (w *World) Sweep() {
	clear(w.lists)
	w.bans = slices.DeleteFunc(w.bans, func(b Ban) bool { return !w.lasts(b.Until) })
	for _, m := range w.answers {
		m.Gone = m.Gone || !w.Now.Before(m.Until)
	}
	w.answers = slices.DeleteFunc(w.answers, func(m *Message) bool { return m.Gone })
	for _, ch := range w.Channels {
		for _, m := range slices.Clone(ch.Messages) {
			if w.overdue(m) {
				w.erase(m)
			}
			if m.Pin != nil && !w.Pinned(m) {
				m.Pin = nil
			}
		}
	}
}

// purge erases a channel with all its lives.
func (w *World) purge(cid string) {
	for _, ch := range w.Channels {
		if ch.CID != cid {
			continue
		}
		ch.Purged = true
		w.Channels = slices.DeleteFunc(slices.Clone(w.Channels), func(other *Channel) bool { return other == ch })
		for _, m := range slices.Clone(ch.Messages) {
			w.drop(m)
			m.Purged = true
		}
		w.dropAnswers(ch, nil)
	}
}

// dropAnswers deletes the answers to commands up to a message, or all.
func (w *World) dropAnswers(ch *Channel, until *Message) {
	for _, m := range w.answers {
		if m.Channel == ch && (until == nil || !m.Created.After(until.Created)) {
			m.Gone = true
		}
	}
}

func (w *World) applyToChannel(s Step, ch *Channel, made Made) {
	shadowed := w.Shadows(s.By, ch) // as the step finds the channel
	switch s.Op {
	case DeleteChannel:
		ch.Deleted = true
		if s.Hard {
			w.purge(ch.CID)
		}
	case Truncate:
		w.truncate(s, ch)
		ch.Updated = made.Updated
	case Freeze:
		ch.Frozen, ch.Updated = s.On, made.Updated
	case SetCooldown:
		ch.Cooldown, ch.Updated = s.For, made.Updated
	case Disable:
		ch.Disabled, ch.Updated = s.On, made.Updated
	case SetOverrides:
		ch.Overrides, ch.Updated = overrides(s), made.Updated
	case UpdateChannel:
		ch.Name, ch.Custom, ch.Updated = "", nil, made.Updated
		ch.describe(s.Set, nil)
	case PatchChannel:
		ch.describe(s.Set, s.Unset)
		ch.Updated = made.Updated
	case AddMembers:
		newcomers := ch.newcomers(s.Users)
		for _, id := range s.Users {
			ch.join(id, s.Role)
		}
		ch.invite(s, newcomers)
	case RemoveMembers:
		for _, id := range s.Users {
			ch.leave(id)
		}
	case Leave:
		ch.leave(s.By)
	case ChangeMember:
		member := ch.Member(s.User)
		if len(s.Set) > 0 {
			member.Custom = CustomOf(s.Set)
		}
		if s.Role != "" {
			member.Role = s.Role
		}
	case MarkRead:
		ch.Member(s.By).Mark = ch.Last
	case MuteChannel:
		member := ch.Member(s.By)
		member.Mutes, member.MutesUntil = true, w.end(s.For)
	case UnmuteChannel:
		ch.Member(s.By).Mutes = false
	case Hide:
		member := ch.Member(s.By)
		member.Hides, member.HiddenAt = true, ch.Last
		if s.Hard {
			ch.Cleared[s.By] = ch.Last
		}
	case Show:
		ch.Member(s.By).Hides = false
	case AcceptInvite, RejectInvite, PinChannel, UnpinChannel, Archive, Unarchive:
		ch.applyToMember(s)
	}
	if s.Text == "" || made.ID == "" {
		return
	}
	author := s.By
	if author == "" {
		author = ch.Creator
	}
	w.keep("note "+s.Text, &Message{Shadowed: shadowed, ID: made.ID, Channel: ch, Author: author, Type: "system", Text: s.Text, Created: made.Created, Updated: made.Created})
	ch.Last = made.Created
}

func (w *World) truncate(s Step, ch *Channel) {
	until := w.until(s)
	if ch.Last.IsZero() {
		ch.Last = time.UnixMicro(1) // who clears what was truncated has cleared something, were there no message
	}
	w.dropAnswers(ch, until)
	for _, m := range slices.Clone(ch.Messages) {
		switch {
		case until != nil && m.Created.After(until.Created):
		case s.Hard || m.Pending:
			w.drop(m)
			m.Purged = true
		default:
			m.Truncated = true
		}
	}
}

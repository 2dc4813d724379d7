package chat_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// check checks an event by itself: that the follower may be told of it, and that
// what it shows is so now.
func (f *modelFollower) check(e chat.Event) string {
	w := f.run.world
	if e.Cursor == "" || e.CreatedAt.IsZero() {
		return fmt.Sprintf("has the cursor %q and the time %s", e.Cursor, e.CreatedAt)
	}
	ch := w.Channel(string(e.CID))
	switch e.Type {
	case chat.ChannelDeleted:
		if f.deleted[e.CID]++; f.deleted[e.CID] > f.run.deletions[e.CID] {
			return "it is told more often than it happened"
		}
		return ""
	case chat.RemovedFromChannel, chat.InviteRejected, chat.UserUpdated, chat.UserMuted, chat.UserUnmuted, chat.UserFlagged, chat.UserBanned,
		chat.UserUnbanned, chat.UserBlocked, chat.UserUnblocked:
		return ""
	}
	if f.user != "" && (!w.Reads(f.user, ch) || ch.Disabled && !modelToldOfClosed(e.Type)) {
		return "the channel cannot be read"
	}
	if e.Unread != nil && *e.Unread != w.Unread(f.user, ch) {
		return fmt.Sprintf("%d are unread, want %d", *e.Unread, w.Unread(f.user, ch))
	}
	if e.Message != nil {
		return f.checkMessage(e)
	}
	return ""
}

// modelToldOfClosed are the events of a channel that is disabled.
func modelToldOfClosed(t chat.EventType) bool {
	switch t {
	case chat.ChannelUpdated, chat.AddedToChannel, chat.Invited, chat.ChannelHidden, chat.ChannelVisible:
		return true
	}
	return false
}

// checkMessage checks the message of an event.
func (f *modelFollower) checkMessage(e chat.Event) string {
	w := f.run.world
	m := w.Message(string(e.Message.ID))
	switch {
	case m == nil:
		return fmt.Sprintf("there is no message %q", e.Message.ID)
	case m.Channel.CID != string(e.CID) || m.Author != string(e.Message.User.ID):
		return fmt.Sprintf("the message is of %s in %s", m.Author, m.Channel.CID)
	case f.left(e.CID) && !modelToldToStrangers(e, m):
		return fmt.Sprintf("%s is for all, or its author takes it to be, and the user is no member", m.ID)
	case e.HardDelete && f.user != "" && m.WasPending && m.Author == f.user && !m.Created.After(m.Channel.Cleared[f.user]):
		return "" // it was committed, and then cleared
	case e.HardDelete && (!m.Gone || e.Type != chat.MessageDeleted):
		return fmt.Sprintf("%s is not deleted for good", m.ID)
	case e.HardDelete:
		return f.checkErased(m)
	case !w.Sees(f.user, m):
		return fmt.Sprintf("%s cannot be seen", m.ID)
	case m.Pending != (e.Type == chat.MessagePending) && (!m.Pending || e.Type != chat.MessageUpdated):
		return fmt.Sprintf("%s is pending: %t", m.ID, m.Pending)
	case e.Type == chat.MessageDeleted && e.Message.Type != chat.TypeDeleted:
		return fmt.Sprintf("%s has the type %s", m.ID, e.Message.Type)
	case e.Type == chat.MessageNew && f.arrived[e.Message.ID]:
		return fmt.Sprintf("%s is told to be new once more", m.ID)
	}
	if d := diffViews([]model.MessageView{modelViewOf(*e.Message)}, f.run.views(f.user, []*model.Message{m})); d != "" {
		return d
	}
	if e.Type == chat.MessageNew {
		f.arrived[e.Message.ID] = true
	}
	if e.Reaction != nil && e.Type != chat.ReactionDeleted {
		if r := modelReactions([]chat.Reaction{*e.Reaction}); !slices.Contains(m.Reactions, r[0]) {
			return fmt.Sprintf("%s has no reaction %s", m.ID, r[0])
		}
	}
	return f.checkReplies(e, m)
}

// modelToldToStrangers says whether who is no member of a channel, and does not
// name it, is told of a message: if it is private, awaits commit, or is one that
// they deleted for themselves.
func modelToldToStrangers(e chat.Event, m *model.Message) bool {
	neverCommitted := m.Gone && m.WasPending && m.Sent.IsZero()
	return m.Audience != nil || m.Pending || neverCommitted || e.Type == chat.MessageDeleted && e.Message.DeletedForMe
}

// checkErased checks that the follower could see a message that is gone.
func (f *modelFollower) checkErased(m *model.Message) string {
	w := f.run.world
	audience := m.Audience
	switch {
	case f.user == "" || m.Author == f.user:
		return ""
	case m.WasPending && m.Sent.IsZero():
		audience = []string{m.Author}
	case m.Audience == nil || w.Can(f.user, m.Channel, "read-restricted-visibility-message"):
		return ""
	}
	if !slices.Contains(audience, f.user) {
		return fmt.Sprintf("%s, which is gone, could not be seen", m.ID)
	}
	return ""
}

// compare compares what is known with what reading says.
func (f *modelFollower) compare() string {
	cids, _, err := f.listed()
	if err != nil {
		return "listing: " + err.Error()
	}
	cids = slices.DeleteFunc(cids, func(cid chat.CID) bool {
		return f.user != "" && !f.run.world.Reads(f.user, f.run.world.Channel(string(cid)))
	})
	slices.Sort(cids)
	if known := slices.Sorted(maps.Keys(f.channels)); !slices.Equal(known, cids) {
		return fmt.Sprintf("knows the channels %q, and there are %q", known, cids)
	}
	for _, cid := range cids {
		if failure := f.compareChannel(cid, f.channels[cid]); failure != "" {
			return fmt.Sprintf("what is known of %s: %s", cid, failure)
		}
	}
	return ""
}

func (f *modelFollower) compareChannel(cid chat.CID, ch *modelFollowed) string {
	w := f.run.world
	st, err := f.reader().Channel(context.Background(), cid)
	if kind, _ := modelKind(err); kind == model.Disabled {
		if !ch.channel.Disabled {
			return "it is not known to be disabled"
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	ch.channel.MemberCount = len(ch.members)
	if d := diffOf(f.told(ch.channel), f.told(st.Channel)); d != "" {
		return d
	}
	members := map[chat.UserID]chat.Member{}
	for _, m := range st.Members {
		m.User = f.person(m.User)
		members[m.User.ID] = m
	}
	for id, m := range ch.members {
		m.User = f.person(m.User)
		ch.members[id] = m
	}
	if d := diffOf(ch.members, members); d != "" {
		return "members: " + d
	}
	if f.user != "" {
		if failure := f.compareOwn(ch, &st); failure != "" {
			return failure
		}
	}
	messages, err := f.readMessages(cid)
	if err != nil {
		return err.Error()
	}
	for id, m := range messages {
		if back, known := ch.messages[id]; f.overdue[id] { // see noteOverdue
			switch {
			case m.Pending != nil: // nor of its preview
				ch.messages[id] = m
			case known && m.PinExpires != nil && !back.Pinned:
				back.Pinned, back.PinnedAt, back.PinnedBy, back.PinExpires = true, m.PinnedAt, m.PinnedBy, m.PinExpires
				ch.messages[id] = back
			}
		}
		messages[id] = f.toldMessage(m)
	}
	known := map[chat.MessageID]chat.Message{}
	for id := range ch.messages {
		if message := w.Message(string(id)); !message.Pending || w.Sees("", message) {
			known[id] = f.toldMessage(ch.shown(id))
		}
	}
	if d := diffOf(known, messages); d != "" {
		return "messages: " + d
	}
	if f.user != "" {
		return f.compareThreads(ch)
	}
	return ""
}

// noteOverdue keeps in mind which pending messages have expired, and which pins
// are over, of which nothing was told yet: with a longer timeout, or by a clock
// that is set back, they are back.
func (f *modelFollower) noteOverdue() {
	w := f.run.world
	for _, ch := range w.Channels {
		for _, m := range ch.Messages {
			if m.Pending && !w.Sees("", m) || m.Pin != nil && !w.Pinned(m) {
				f.overdue[chat.MessageID(m.ID)] = true
			}
		}
	}
}

// compareOwn compares what the user alone has with a channel.
func (f *modelFollower) compareOwn(ch *modelFollowed, st *chat.ChannelState) string {
	timed, told := !f.member(ch).MutesUntil.IsZero(), f.isToldUnread(ch)
	switch {
	case !timed && ch.muted != st.Muted:
		return fmt.Sprintf("is muted: %t, want %t", ch.muted, st.Muted)
	case !ch.hiddenOnce && ch.isHidden() != st.Hidden:
		return fmt.Sprintf("is hidden: %t, want %t", ch.isHidden(), st.Hidden)
	case ch.pinned != (st.PinnedAt != nil) || ch.archived != (st.ArchivedAt != nil):
		return fmt.Sprintf("is pinned: %t, archived: %t; want %v, %v", ch.pinned, ch.archived, st.PinnedAt, st.ArchivedAt)
	case told && !f.unknown[ch.channel.CID] && ch.unread != st.Unread:
		return fmt.Sprintf("%d are unread, want %d", ch.unread, st.Unread)
	case told && ch.mentions != nil && *ch.mentions != st.UnreadMentions:
		return fmt.Sprintf("%d mentions are unread, want %d", *ch.mentions, st.UnreadMentions)
	}
	ch.mentions = &st.UnreadMentions
	return ""
}

func (f *modelFollower) member(ch *modelFollowed) *model.Member {
	return f.run.world.Channel(string(ch.channel.CID)).Member(f.user)
}

// isToldUnread says whether all is told that changes what is unread: a mute that
// ends by itself is not.
func (f *modelFollower) isToldUnread(ch *modelFollowed) bool {
	return f.member(ch).MutesUntil.IsZero() && !slices.ContainsFunc(f.run.world.User(f.user).Mutes, modelTimed)
}

func diffOf(got, want any) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return "(-want +got)\n" + cmp.Diff(want, got)
}

// person is a user as last told; of one who is in none of the channels nobody is
// told but the application, and themselves.
func (f *modelFollower) person(u chat.User) chat.User {
	if told, known := f.people[u.ID]; known && (f.user == "" || f.user == string(u.ID)) {
		return told
	}
	for _, ch := range f.channels {
		if _, member := ch.members[u.ID]; member {
			return f.people[u.ID]
		}
	}
	return chat.User{ID: u.ID}
}

// told is a channel with its creator as last told.
func (f *modelFollower) told(ch chat.Channel) chat.Channel {
	ch.CreatedBy = f.person(ch.CreatedBy)
	return ch
}

// toldMessage is a message with users as last told.
func (f *modelFollower) toldMessage(m chat.Message) chat.Message {
	m.User = f.person(m.User)
	m.MentionedUsers, m.ThreadParticipants = f.peopleOf(m.MentionedUsers), f.peopleOf(m.ThreadParticipants)
	m.LatestReactions, m.OwnReactions = f.reactionsOf(m.LatestReactions), f.reactionsOf(m.OwnReactions)
	if m.PinnedBy != nil {
		by := f.person(*m.PinnedBy)
		m.PinnedBy = &by
	}
	if m.QuotedMessage != nil {
		quoted := f.toldMessage(*m.QuotedMessage)
		m.QuotedMessage = &quoted
	}
	return m
}

func (f *modelFollower) peopleOf(list []chat.User) []chat.User {
	list = slices.Clone(list)
	for i, u := range list {
		list[i] = f.person(u)
	}
	return list
}

func (f *modelFollower) reactionsOf(list []chat.Reaction) []chat.Reaction {
	list = slices.Clone(list)
	for i := range list {
		list[i].User = f.person(list[i].User)
	}
	return list
}

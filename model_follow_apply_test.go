package chat_test

import (
	"fmt"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// apply does to the view what an event tells, as a client does.
func (f *modelFollower) apply(e chat.Event) string {
	f.meet(e)
	switch e.Type {
	case chat.UserUpdated, chat.UserFlagged, chat.UserBlocked, chat.UserUnblocked:
		return ""
	case chat.UserBanned, chat.UserUnbanned:
		if e.CID == "" {
			return ""
		}
	case chat.UserMuted, chat.UserUnmuted: // how many are unread then is not told
		f.countAnew()
		return ""
	case chat.ChannelDeleted:
		delete(f.channels, e.CID)
		return ""
	}
	if f.user == "" && modelOnesOwn(e.Type) {
		return ""
	}
	switch e.Type {
	case chat.RemovedFromChannel:
		delete(f.channels, e.CID)
		return ""
	case chat.InviteRejected: // that one is no member any more is told next
		return ""
	case chat.ChannelCreated, chat.AddedToChannel, chat.Invited:
		f.renew(e.CID)
		return ""
	}
	ch := f.channels[e.CID]
	if ch == nil && e.Type == chat.ChannelUpdated { // it was closed when one came into it
		f.renew(e.CID)
		return ""
	}
	if ch == nil || e.Message != nil && f.formerly(e) {
		return f.applyElsewhere(e)
	}
	if ch.stale {
		return ""
	}
	if (ch.messages == nil || ch.channel.Disabled && f.user != "") && e.Type != chat.ChannelUpdated {
		return "" // it was closed; that it was opened comes, and has it read anew
	}
	if e.Unread != nil {
		ch.unread, ch.mentions = *e.Unread, nil
		delete(f.unknown, e.CID)
	}
	f.applyToThread(ch, e)
	return f.applyTo(ch, e)
}

// countAnew has no unread counts compared until they are told again.
func (f *modelFollower) countAnew() {
	for cid, ch := range f.channels {
		f.unknown[cid], ch.mentions = true, nil
		clear(ch.threads)
	}
}

// modelTimed says that a mute ends by itself, of which nothing is told.
func modelTimed(m model.Mute) bool { return !m.Until.IsZero() }

// modelOnesOwn are the events of a user's own state, of which the application is
// told too.
func modelOnesOwn(t chat.EventType) bool {
	switch t {
	case chat.AddedToChannel, chat.RemovedFromChannel, chat.Invited, chat.InviteAccepted, chat.InviteRejected,
		chat.ChannelHidden, chat.ChannelVisible, chat.NotificationRead, chat.NotificationUnread:
		return true
	}
	return false
}

// applyElsewhere is about an event of a channel that is not followed: of
// oneself, or private.
func (f *modelFollower) applyElsewhere(e chat.Event) string {
	ch := f.run.world.Channel(string(e.CID))
	switch {
	case f.user == "" && (ch == nil || ch.Deleted || f.formerly(e)):
		return "" // the application reads on in deleted ones
	case e.Type == chat.MemberAdded && f.user != "" && ch.Member(f.user) != nil:
		return "" // one who was added along with the user
	case e.Message != nil && (e.Message.Restricted != nil || e.Message.User.ID == chat.UserID(f.user) || e.Message.DeletedForMe || e.HardDelete):
		return ""
	}
	return "the channel is not followed"
}

// formerly says whether an event is of a former life of its channel, which was
// deleted and made again: its message is, or it was told before.
func (f *modelFollower) formerly(e chat.Event) bool {
	ch := f.run.world.Channel(string(e.CID))
	if e.Message == nil {
		return e.CreatedAt.Before(ch.Created)
	}
	return f.run.world.Message(string(e.Message.ID)).Channel != ch
}

// meet keeps what is told of users.
func (f *modelFollower) meet(e chat.Event) {
	for _, u := range []*chat.User{e.User, e.By} {
		if u != nil {
			f.people[u.ID] = *u
		}
	}
	if e.Member != nil {
		f.people[e.Member.User.ID] = e.Member.User
	}
	if e.Message != nil {
		f.people[e.Message.User.ID] = e.Message.User
	}
}

func (f *modelFollower) applyTo(ch *modelFollowed, e chat.Event) string {
	switch e.Type {
	case chat.ChannelUpdated, chat.ChannelTruncated:
		if ch.channel.Disabled && !e.Channel.Disabled && f.user != "" { // what happened meanwhile was not told
			f.renew(e.CID)
			return ""
		}
		ch.channel = *e.Channel
		if e.Muted != nil {
			ch.muted, ch.pinned, ch.archived = *e.Muted, *e.Pinned, *e.Archived
		}
		ch.truncate(e.Channel.TruncatedAt)
	case chat.MemberAdded:
		if _, member := ch.members[e.Member.User.ID]; member {
			return "is a member already"
		}
		ch.members[e.Member.User.ID] = *e.Member
	case chat.MemberUpdated, chat.InviteAccepted:
		if _, member := ch.members[e.Member.User.ID]; member {
			ch.members[e.Member.User.ID] = *e.Member
		}
	case chat.MemberRemoved:
		delete(ch.members, e.User.ID)
	case chat.ChannelHidden:
		ch.hide(e.ClearHistory)
	case chat.ChannelVisible:
		ch.hidden, ch.hiddenOnce = false, false
	case chat.MessageNew, chat.MessagePending:
		ch.messages[e.Message.ID] = *e.Message
	case chat.MessageUpdated, chat.MessageUndeleted, chat.MessageDeleted, chat.ReactionNew, chat.ReactionUpdated, chat.ReactionDeleted:
		switch _, known := ch.messages[e.Message.ID]; {
		case e.HardDelete:
			ch.erase(e.Message.ID)
		case !known && f.left(e.CID):
			return "" // that they left comes; until then they are told of what is theirs alone
		case !known && !f.overdue[e.Message.ID]: // see noteOverdue: it may be back
			return "the message is not known"
		default:
			ch.messages[e.Message.ID] = *e.Message
		}
	case chat.MessageRead:
		if e.User == nil || e.ReadAt == nil {
			return fmt.Sprintf("says that %v read at %v", e.User, e.ReadAt)
		}
	case chat.ThreadMessageNew: // beside the message itself
		if m := f.run.world.Message(string(e.Message.ID)); m.Author == f.user || !f.run.world.TakesPart(f.user, m.Parent) {
			return "takes no part in the thread"
		}
	case chat.NotificationRead, chat.NotificationUnread, chat.MessageFlagged, chat.UserBanned, chat.UserUnbanned:
	default:
		return "nothing like it was done"
	}
	return ""
}

// left says whether the user is no member of a channel any more.
func (f *modelFollower) left(cid chat.CID) bool {
	return f.user != "" && f.run.world.Channel(string(cid)).Member(f.user) == nil
}

// erase forgets a message with its replies.
func (ch *modelFollowed) erase(id chat.MessageID) {
	for reply, m := range ch.messages {
		if m.ParentID == id {
			delete(ch.messages, reply)
		}
	}
	delete(ch.messages, id)
}

func (ch *modelFollowed) truncate(until *time.Time) {
	for id, m := range ch.messages {
		if until != nil && !m.CreatedAt.After(*until) {
			delete(ch.messages, id)
		}
	}
}

// hide hides a channel up to the newest message that came before it.
func (ch *modelFollowed) hide(clearHistory bool) {
	ch.hidden, ch.hiddenOnce, ch.hiddenAt = true, false, time.Time{}
	for id, m := range ch.messages {
		if m.Pending != nil {
			continue
		}
		if m.CreatedAt.After(ch.hiddenAt) {
			ch.hiddenAt = m.CreatedAt
		}
		if clearHistory {
			delete(ch.messages, id)
		}
	}
}

// isHidden says whether no message came after the channel was hidden.
func (ch *modelFollowed) isHidden() bool {
	for _, m := range ch.messages {
		if m.CreatedAt.After(ch.hiddenAt) && m.Pending == nil && m.DeletedAt == nil && (m.ParentID == "" || m.ShowInChannel) {
			return false
		}
	}
	return ch.hidden
}

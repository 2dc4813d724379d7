package chat

import (
	"context"
	"iter"
	"time"

	"example.com/chat/internal/codec"
)

// EventType is what an event tells of. Types with a dot are the engine's, others
// are the application's own: see [Session.SendEvent].
type EventType string

// The events, and which fields of an [Event] they fill beside Type, Cursor,
// CreatedAt and, where they belong to a channel, CID. Where another user than
// User did it, and not the application, By says who. message.new, .updated,
// .deleted and .undeleted go to who sees the message, and have its author in
// User and, for members, the channel's Unread. A custom event has Data, and the
// user in whose name it was sent in User.
const (
	MessageNew       EventType = "message.new"       // Message, whole or by now a placeholder
	MessageUpdated   EventType = "message.updated"   // Message; an edit, a preview that came late, or a pin or its end
	MessageDeleted   EventType = "message.deleted"   // Message as a placeholder; HardDelete covers its replies. Of a deletion for oneself that user alone is told
	MessageUndeleted EventType = "message.undeleted" // Message
	MessagePending   EventType = "message.pending"   // Message, User its author; they and the application are told; without Unread
	MessageRead      EventType = "message.read"      // User, ReadAt: when a member read on, not how far; where the channel type has read events
	MessageFlagged   EventType = "message.flagged"   // Message, User who flagged it, nil for a block list; the user and who sees Flags are told

	ReactionNew     EventType = "reaction.new"     // Message, Reaction, User who reacted; to who sees the message
	ReactionUpdated EventType = "reaction.updated" // the same; score or custom data were replaced
	ReactionDeleted EventType = "reaction.deleted" // Message, User whose it was, By if another removed it; of Reaction message, user and type

	MemberAdded   EventType = "member.added"   // Member, User
	MemberUpdated EventType = "member.updated" // Member, User
	MemberRemoved EventType = "member.removed" // User

	ChannelCreated   EventType = "channel.created"   // Channel, User who made it
	ChannelUpdated   EventType = "channel.updated"   // Channel; also frozen, disabled and overrides; of one's own mute, pin or archiving of it, with User, Muted, Pinned, Archived, Blocked and Unread; of a block, its one-to-one channels
	ChannelDeleted   EventType = "channel.deleted"   // HardDelete
	ChannelTruncated EventType = "channel.truncated" // Channel, of which TruncatedAt says up to when; HardDelete, Unread
	ChannelHidden    EventType = "channel.hidden"    // User, ClearHistory, Unread; one's own
	ChannelVisible   EventType = "channel.visible"   // User; one's own, by ShowChannel; a new message shows a channel without it

	UserUpdated  EventType = "user.updated"  // User; they themselves and the readers of their channels are told
	UserBanned   EventType = "user.banned"   // User, By, Shadow; they themselves, unless it is a shadow ban, and who may ban in the channel
	UserUnbanned EventType = "user.unbanned" // User, By; the same; also when a ban ends
	UserMuted    EventType = "user.muted"    // User, By who muted them and is told
	UserUnmuted  EventType = "user.unmuted"  // User, By; the same
	UserFlagged  EventType = "user.flagged"  // User, By who flagged them and is told

	// Beside these ChannelUpdated is told of each of their one-to-one channels.
	UserBlocked   EventType = "user.blocked"   // User, By who blocked them and is told, as is the application
	UserUnblocked EventType = "user.unblocked" // User, By; the same

	TypingStart EventType = "typing.start" // User; live only: it is not kept; its Cursor is that of the whole read
	TypingStop  EventType = "typing.stop"  // User; live only

	AddedToChannel     EventType = "notification.added_to_channel"     // Channel, Member, User; one's own
	RemovedFromChannel EventType = "notification.removed_from_channel" // User; one's own; the last one is told of the channel
	Invited            EventType = "notification.invited"              // Channel, Member, User; one's own
	InviteAccepted     EventType = "notification.invite_accepted"      // Channel, Member, User, Unread; one's own; others are told member.updated
	InviteRejected     EventType = "notification.invite_rejected"      // User; one's own, followed by what a removal tells
	NotificationRead   EventType = "notification.mark_read"            // User, Unread; one's own. Of a thread: its parent in Message, UnreadReplies
	NotificationUnread EventType = "notification.mark_unread"          // User, Unread; one's own. Of a thread: its parent in Message, UnreadReplies
	ThreadMessageNew   EventType = "notification.thread_message_new"   // Message, User, UnreadReplies; beside MessageNew, for those who take part in the thread of a reply by another
)

// Event is one change as its viewer may see it when it is read: a message that
// was edited meanwhile is shown as it is now, one that is gone for them is not
// told of. Which fields are set is said at its type. JSON names what is set.
type Event struct {
	Type      EventType `json:"type"`
	Cursor    Cursor    `json:"cursor,omitempty"` // reads on after this event
	CreatedAt time.Time `json:"created_at"`
	CID       CID       `json:"cid,omitempty"`

	Message  *Message  `json:"message,omitempty"`
	Channel  *Channel  `json:"channel,omitempty"`
	Member   *Member   `json:"member,omitempty"`
	Reaction *Reaction `json:"reaction,omitempty"`
	User     *User     `json:"user,omitempty"` // whom it is about: the author, the member, the banned
	By       *User     `json:"by,omitempty"`   // who did it, if a user did

	HardDelete    bool       `json:"hard_delete,omitempty"`
	ClearHistory  bool       `json:"clear_history,omitempty"`
	Shadow        bool       `json:"shadow,omitempty"`
	Muted         *bool      `json:"muted,omitempty"`    // whether the viewer mutes the channel, when the event is read
	Pinned        *bool      `json:"pinned,omitempty"`   // whether they have it pinned
	Archived      *bool      `json:"archived,omitempty"` // whether they have it archived
	Blocked       *bool      `json:"blocked,omitempty"`  // whether it is theirs with one whom they block
	ReadAt        *time.Time `json:"read_at,omitempty"`
	Unread        *int       `json:"unread,omitempty"`         // of the channel, for the viewer, when the event is read
	UnreadReplies *int       `json:"unread_replies,omitempty"` // of the thread, the same
	Data          Custom     `json:"data,omitempty"`           // of a custom event
}

// EventQuery chooses events. The zero value: all that the viewer is told.
type EventQuery struct {
	Limit int // at most so many at once: default 100, at most 300

	// Channels leaves out what belongs to no channel or to another; none: all. A
	// channel that the user can read without being a member is told of only if it
	// is named, but for what is theirs alone, such as a private message to them. At
	// most 100; one that they cannot read tells nothing.
	Channels []CID

	Types []EventType // only these; none: all
}

// Poll returns the events after a cursor, oldest first, and waits until there is
// one. The empty cursor begins now. Next reads on after what was returned; it is
// valid with an error of the context too, so a heartbeat is a context with a
// timeout. It moves on with what the query leaves out: keep it, so that a narrow
// query does not leave a cursor behind that is no longer kept. A change is told exactly once to who reads on with next or with the
// Cursor of an event, on any App of the store, whatever happens to this one.
//
// The application is told of everything. ErrCursorExpired if what came after
// the cursor is no longer kept (see [Options.EventsKept]): read the state anew.
// ErrInvalid for what is no cursor of this store. ErrClosed when the App is
// closed.
func (a *App) Poll(ctx context.Context, cursor Cursor, q EventQuery) (events []Event, next Cursor, err error) {
	return a.poll(ctx, "Poll", application, cursor, q)
}

// Poll returns what the user is told after a cursor, and waits until there is
// something; see [App.Poll]. It is what happens in the channels they are a
// member of, from when they joined, and to themselves; and in those that the
// query names and they can read. One that is named before it exists, or before
// they can read it, is noticed within a minute. Someone removed is told
// that, and nothing that came before or after it and was not read yet. In a
// channel that is disabled only what changes how it is listed is told: that it
// was changed, hidden or shown, and that one was added. When it is open again,
// read it anew.
//
// What a user may see can also change without an event, by their role or by the
// grants of a channel or its type: then read the state anew, with a cursor from
// [Session.Channels] or [Session.Messages].
func (s *Session) Poll(ctx context.Context, cursor Cursor, q EventQuery) (events []Event, next Cursor, err error) {
	return s.app.poll(ctx, "Poll", as(s.user), cursor, q)
}

// Events is Poll without end: the events after a cursor as they come. It ends
// with an error, that of the context too. Resume with the Cursor of the last
// event; where a narrow query may tell nothing for longer than events are kept,
// use Poll, whose next moves on all the same.
func (a *App) Events(ctx context.Context, cursor Cursor, q EventQuery) iter.Seq2[Event, error] {
	return a.events(ctx, application, cursor, q)
}

// Events is Poll without end; see [App.Events].
func (s *Session) Events(ctx context.Context, cursor Cursor, q EventQuery) iter.Seq2[Event, error] {
	return s.app.events(ctx, as(s.user), cursor, q)
}

func (a *App) events(ctx context.Context, c caller, cursor Cursor, q EventQuery) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			list, next, err := a.poll(ctx, "Events", c, cursor, q)
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			cursor = next
		}
	}
}

// eventTypes are the types of the kinds that are stored; a custom event has its
// own.
var eventTypes = [...]EventType{
	codec.EventMessageNew: MessageNew, codec.EventMessageUpdated: MessageUpdated,
	codec.EventMessageDeleted: MessageDeleted, codec.EventMessageErased: MessageDeleted, codec.EventMessageForMe: MessageDeleted,
	codec.EventMessageUndeleted: MessageUndeleted, codec.EventMessagePending: MessagePending,
	codec.EventMessageRead: MessageRead, codec.EventMessageFlagged: MessageFlagged,
	codec.EventMemberAdded: MemberAdded, codec.EventMemberUpdated: MemberUpdated, codec.EventMemberRemoved: MemberRemoved,
	codec.EventChannelCreated: ChannelCreated, codec.EventChannelUpdated: ChannelUpdated, codec.EventChannelDeleted: ChannelDeleted,
	codec.EventChannelTruncated: ChannelTruncated, codec.EventChannelHidden: ChannelHidden, codec.EventChannelVisible: ChannelVisible,
	codec.EventUserUpdated: UserUpdated, codec.EventUserBanned: UserBanned, codec.EventUserUnbanned: UserUnbanned,
	codec.EventUserMuted: UserMuted, codec.EventUserUnmuted: UserUnmuted, codec.EventUserFlagged: UserFlagged,
	codec.EventUserBlocked: UserBlocked, codec.EventUserUnblocked: UserUnblocked,
	codec.EventAddedToChannel: AddedToChannel, codec.EventRemovedFromChannel: RemovedFromChannel,
	codec.EventReactionNew: ReactionNew, codec.EventReactionUpdated: ReactionUpdated, codec.EventReactionDeleted: ReactionDeleted,
	codec.EventInvited: Invited, codec.EventInviteAccepted: InviteAccepted, codec.EventInviteRejected: InviteRejected,
	codec.EventMarkRead: NotificationRead, codec.EventMarkUnread: NotificationUnread,
	codec.EventThreadMessageNew: ThreadMessageNew,
}

func typeOf(e *codec.Event) EventType {
	if e.Kind == codec.EventCustom {
		return EventType(e.Text)
	}
	return eventTypes[e.Kind]
}

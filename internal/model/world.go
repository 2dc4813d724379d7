package model

import (
	"slices"
	"time"
)

// Kind names an error as the engine's sentinels are called; OK is none.
type Kind string

// The errors that a step or a read can answer.
const (
	OK             Kind = ""
	Invalid        Kind = "ErrInvalid"
	NestedReply    Kind = "ErrNestedReply"
	NotFound       Kind = "ErrNotFound"
	Permission     Kind = "ErrPermission"
	Conflict       Kind = "ErrConflict"
	IsPending      Kind = "ErrPending"
	NotPending     Kind = "ErrNotPending"
	IsDeleted      Kind = "ErrDeleted"
	NotDeleted     Kind = "ErrNotDeleted"
	ChannelDeleted Kind = "ErrChannelDeleted"
	ParentDeleted  Kind = "ErrParentDeleted"
	Frozen         Kind = "ErrFrozen"
	Disabled       Kind = "ErrDisabled"
	Limit          Kind = "ErrLimit"
	Banned         Kind = "ErrBanned"
	State          Kind = "ErrState"
	Restricted     Kind = "ErrRestricted"
	Rejected       Kind = "ErrRejected"
	Cooldown       Kind = "ErrCooldown"
)

// Kinds are all errors.
var Kinds = []Kind{
	Invalid, NestedReply, NotFound, Permission, Conflict, IsPending, NotPending, IsDeleted,
	NotDeleted, ChannelDeleted, ParentDeleted, Frozen, Disabled, Limit, Banned, State, Rejected, Restricted, Cooldown,
}

// World is everything there is.
type World struct {
	Now      time.Time
	Timeout  time.Duration // of pending messages
	MaxForMe int           // messages of a channel that a user may delete for themselves
	MaxMutes int

	Types    map[string]Type
	Users    []*User
	Channels []*Channel // a channel that was made again is there once for each life
	Messages []*Message // all there ever were, in the order sent

	pins int // how often one was pinned

	Told bool // by the step: an error message, and nothing came of it

	bans       []Ban
	flags      []Flag
	blockLists []BlockList
	answers    []*Message          // to commands, for their authors alone
	names      map[string]*Message // by id, and system messages also by the name the step gave them
	late       []latePreview
	pushes     []push              // still to be made
	unclear    []*Message          // whether and to whom these are pushed is not known
	lists      map[view][]*Message // timelines, as long as nothing changes: they are asked for again and again
}

// view is a viewer's view of a channel.
type view struct {
	viewer  string
	channel *Channel
}

// Type is the settings of a channel type that the model needs.
type Type struct {
	Holds, Replies, Quotes, Mutes, Links, Commands bool
	Grants                                         map[string][]string // actions by role
	Lists                                          []Use
}

// User is a user.
type User struct {
	ID     string
	Name   string
	Role   string
	Custom Custom
	Active bool
	Erased bool // what is left of them is the id
	Mutes  []Mute
	Blocks []string
}

// Mute is a user who is muted, until a time or for good.
type Mute struct {
	User  string
	Until time.Time // zero: for good
}

// Channel is one life of a channel.
type Channel struct {
	CID, Type string
	Creator   string
	Deleted   bool
	Purged    bool // nothing of it is left
	Frozen    bool
	Disabled  bool
	Overrides Overrides
	Cooldown  time.Duration
	lastSends map[string]time.Time // by user: when they sent last in slow mode
	first     []string             // members of a distinct one
	Distinct  bool                 // the channel of its first members and nobody else

	Name             string
	Custom           Custom
	Created, Updated time.Time

	Members []*Member
	Cleared map[string]time.Time // by user: up to when they see nothing
	Left    map[string]time.Time // by former member: up to when they see nothing private

	Messages []*Message // those not gone
	Last     time.Time  // the newest time a message in it ever had
}

// Member is a membership.
type Member struct {
	User, Role string
	Custom     Custom
	Mark       time.Time // up to when they have read

	Joined  time.Time              // the newest message then
	Threads map[*Message]time.Time // up to when they have read threads, by the parent

	Hides    bool
	HiddenAt time.Time // a message after it ends the hiding

	Mutes      bool
	MutesUntil time.Time // zero: for good

	Invited, Accepted bool
	Pinned, Archived  bool
}

// Message is a message.
type Message struct {
	ID      string
	Channel *Channel
	Author  string
	Type    string // regular, system or reply
	Text    string
	Custom  Custom
	Meta    string // of a pending one, for its author and the application
	Parent  *Message
	Quoted  *Message

	Audience []string // nil: everybody
	Shadowed bool     // for its author alone, who does not know
	alone    *Message // as an edit left it that its author alone is shown
	Mentions []string
	Titled   bool
	Preview  string // the link of which it has the preview
	Show     bool
	Silent   bool

	All, Online bool // mentions everyone

	Created     time.Time
	Updated     time.Time
	TextUpdated time.Time // zero: never
	DeletedAt   time.Time // zero: it is not
	Sent        time.Time // of one that was pending
	Input       Step      // what made it; a retry is the same again

	Command, Args string    // what posted it
	Ephemeral     bool      // the answer to a command, for its author alone
	Until         time.Time // that is there

	Reactions []Reaction // in the order they were put
	Pin       *Pin       // nil: it is not pinned

	Pending    bool
	WasPending bool
	Deleted    bool // softly
	Truncated  bool // softly
	Gone       bool
	Purged     bool     // gone with others, by a truncation or with the channel
	ForMe      []string // who deleted it for themselves
}

// New is a world without anybody.
func New() *World {
	return &World{Types: standardTypes(), Timeout: 3 * 24 * time.Hour, MaxForMe: 100, MaxMutes: 2000, names: map[string]*Message{}, lists: map[view][]*Message{}}
}

// Message is the message of an id, or of the name that a step gave a system
// message; nil if there never was one.
func (w *World) Message(name string) *Message { return w.names[name] }

// User is a user, or nil.
func (w *World) User(id string) *User {
	for _, u := range w.Users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// Channel is the present life of a channel, or the last one, softly deleted; nil
// if nothing is left of it.
func (w *World) Channel(cid string) *Channel {
	for _, ch := range slices.Backward(w.Channels) {
		if ch.CID == cid {
			if ch.Purged {
				return nil
			}
			return ch
		}
	}
	return nil
}

// Member is a user's membership, or nil.
func (ch *Channel) Member(user string) *Member {
	for _, m := range ch.Members {
		if m.User == user {
			return m
		}
	}
	return nil
}

// active says whether a user exists and may call.
func (w *World) active(id string) bool {
	u := w.User(id)
	return u != nil && u.Active
}

// Can says whether a user's roles allow something in a channel.
func (w *World) Can(id string, ch *Channel, action string) bool {
	u := w.User(id)
	if u == nil {
		return false
	}
	if u.Role == "admin" {
		return true
	}
	if slices.Contains(w.grants(ch, u.Role), action) {
		return true
	}
	if m := ch.Member(id); m != nil && (!m.Open() || action == "read-channel" || action == "leave-channel") && slices.Contains(w.grants(ch, m.Role), action) {
		return true
	}
	return ch.Creator == id && slices.Contains(w.grants(ch, "channel_creator"), action)
}

// canAnywhere says whether a user's own role allows something in a channel type.
func (w *World) canAnywhere(id, channelType, action string) bool {
	u := w.User(id)
	return u != nil && (u.Role == "admin" || slices.Contains(w.Types[channelType].Grants[u.Role], action))
}

// Reads says whether a channel exists for a user.
func (w *World) Reads(id string, ch *Channel) bool {
	return ch != nil && !ch.Deleted && w.Can(id, ch, "read-channel")
}

// overdue says that a pending message has expired.
func (w *World) overdue(m *Message) bool {
	return m.Pending && w.Now.Sub(m.Created) > w.Timeout
}

// Sees says whether a message exists for a viewer; empty is the application.
func (w *World) Sees(viewer string, m *Message) bool {
	switch {
	case m == nil || m.Ephemeral || m.Gone || m.Truncated || w.overdue(m):
		return false
	case viewer == "":
		return true
	case !w.Reads(viewer, m.Channel):
		return false
	case !m.Pending && !m.Created.After(m.Channel.Cleared[viewer]):
		return false
	case m.Pending:
		return m.Author == viewer
	case m.Audience == nil && !m.Shadowed || w.Can(viewer, m.Channel, "read-restricted-visibility-message"):
		return true
	case m.Author != viewer && (m.Shadowed || !slices.Contains(m.Audience, viewer)):
		return false
	}
	left, has := m.Channel.Left[viewer]
	return m.Channel.Member(viewer) != nil || !has || m.Created.After(left)
}

// inPages says whether a message is one of its channel's pages.
func (m *Message) inPages() bool { return !m.Pending && (m.Parent == nil || m.Show) }

// Timeline is what a viewer sees in the pages of a channel, oldest first.
func (w *World) Timeline(viewer string, ch *Channel) []*Message {
	if list, known := w.lists[view{viewer, ch}]; known {
		return list
	}
	var list []*Message
	for _, m := range ch.Messages {
		if m.inPages() && w.Sees(viewer, m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, byCreated)
	w.lists[view{viewer, ch}] = list
	return list
}

// PendingOf is what a viewer has pending in a channel, oldest first.
func (w *World) PendingOf(viewer string, ch *Channel) []*Message {
	var list []*Message
	for _, m := range ch.Messages {
		if m.Pending && w.Sees(viewer, m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, byCreated)
	return list
}

func byCreated(a, b *Message) int { return a.Created.Compare(b.Created) }

// LastMessage is the newest message of a channel that a viewer sees and that is
// not deleted for all, or nil.
func (w *World) LastMessage(viewer string, ch *Channel) *Message {
	for _, m := range slices.Backward(w.Timeline(viewer, ch)) {
		if !m.Deleted {
			return m
		}
	}
	return nil
}

// MutesUser says whether a user mutes another now.
func (w *World) MutesUser(id, other string) bool {
	u := w.User(id)
	return u != nil && slices.ContainsFunc(u.Mutes, func(m Mute) bool { return m.User == other && w.lasts(m.Until) })
}

func (w *World) lasts(until time.Time) bool { return until.IsZero() || w.Now.Before(until) }

// MutesChannel says whether a user mutes a channel now.
func (w *World) MutesChannel(id string, ch *Channel) bool {
	m := ch.Member(id)
	return m != nil && m.Mutes && w.lasts(m.MutesUntil)
}

// Unread is what a user has unread in a channel.
func (w *World) Unread(id string, ch *Channel) int {
	return len(w.unread(id, ch))
}

func (w *World) unread(id string, ch *Channel) (list []*Message) {
	member := ch.Member(id)
	if member == nil || member.Open() || ch.Disabled || w.MutesChannel(id, ch) {
		return nil
	}
	for _, m := range w.Timeline(id, ch) {
		if m.Created.After(member.Mark) && m.Author != id && !m.Silent && !m.Deleted && !slices.Contains(m.ForMe, id) && !w.MutesUser(id, m.Author) {
			list = append(list, m)
		}
	}
	return list
}

// Hidden says whether a channel is out of a user's list.
func (w *World) Hidden(id string, ch *Channel) bool {
	member := ch.Member(id)
	if member == nil || !member.Hides {
		return false
	}
	last := w.LastMessage(id, ch)
	return last == nil || !last.Created.After(member.HiddenAt)
}

// Listed is the channels that a viewer can read, hidden ones included.
func (w *World) Listed(viewer string) []*Channel {
	var list []*Channel
	for _, ch := range w.Channels {
		if !ch.Deleted && !ch.Purged && (viewer == "" || w.Reads(viewer, ch)) {
			list = append(list, ch)
		}
	}
	return list
}

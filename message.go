package chat

import "time"

// MessageID names a message in the whole store: 1 to 255 characters without
// comma, percent sign and control characters. The caller may choose it (and
// gets a send that can be retried); otherwise it is a new UUIDv7. The id of a
// hard-deleted message stays taken.
type MessageID string

// MessageType is what a message is. Callers give TypeRegular or TypeSystem;
// the other types are the engine's.
type MessageType string

// The types of messages.
const (
	TypeRegular   MessageType = "regular"
	TypeSystem    MessageType = "system"    // a user needs the permission create-system-message
	TypeReply     MessageType = "reply"     // a message with a parent
	TypeDeleted   MessageType = "deleted"   // a placeholder
	TypeEphemeral MessageType = "ephemeral" // the answer to a command, for its author alone; never in history
	TypeError     MessageType = "error"     // the failure of a command, for its author alone; stored nowhere
)

// Custom is an application's own data on a message, attachment, user, channel
// or member: at most 5 KiB of compact JSON. In JSON its keys lie flat beside
// the engine's own, so none of the reserved names is allowed, nor a key with a
// dot. Values are those of [encoding/json]: numbers come back as float64, and
// an integer that float64 cannot hold exactly is refused (send it as a string).
type Custom map[string]any

// Message is a message as one viewer sees it. It is plain data: copy it, compare
// it with reflect.DeepEqual or go-cmp, marshal it. Its JSON has every field of
// the product's message object, with custom data flat beside them.
type Message struct {
	ID   MessageID
	CID  CID
	Type MessageType

	// Text is what was sent; HTML is made from it and safe to show.
	Text string
	HTML string

	User           User // the author
	Attachments    []Attachment
	MentionedUsers []User

	ReactionGroups  map[string]ReactionGroup // by type; JSON has reaction_counts and reaction_scores of them, too
	LatestReactions []Reaction               // the 10 newest
	OwnReactions    []Reaction               // the viewer's

	ReplyCount         int    // replies the viewer can see, soft-deleted ones included
	DeletedReplyCount  int    // the soft-deleted among them
	ThreadParticipants []User // the authors of those replies, in the order of their first, at most 100

	MentionsAll    bool // everyone in the channel, or whom a private message is for; in JSON mentioned_channel
	MentionsOnline bool // everyone who was online; in JSON mentioned_here
	Silent         bool
	Pinned         bool
	ShowInChannel  bool // a reply that is part of the channel's pages too
	DeletedForMe   bool // the viewer deleted it for themselves

	// Shadowed says that its author alone sees it, and does not know: see
	// BanDraft.Shadow. It is told to the application and to who may see all
	// private messages, never to the author.
	Shadowed bool

	// CreatedAt orders the messages of a channel: the engine assigns it, it
	// never repeats and never goes back. Microseconds, UTC, as all times.
	CreatedAt time.Time
	UpdatedAt time.Time // of the last edit

	PinnedAt             *time.Time
	PinnedBy             *User
	PinExpires           *time.Time
	DeletedAt            *time.Time // soft-deleted
	MessageTextUpdatedAt *time.Time

	ParentID MessageID // set on a reply

	// The quoted message, one level deep. Both are empty for who may not see it.
	QuotedMessageID MessageID
	QuotedMessage   *Message

	// Restricted lists who may see a private message beside its author, in the
	// order given, without repetitions. Nil for a message to all.
	Restricted []UserID

	// The command that posted or answered this, and what was typed after it.
	Command string
	Args    string

	SentAt  *time.Time // of a message that was pending: when it was sent
	Pending *Pending   // awaits commit; nil otherwise

	Custom Custom
}

// Pending marks a message that awaits commit. Only its author and the
// application see one.
type Pending struct {
	// Metadata is what the application gave with it. The application and the
	// author read it.
	Metadata map[string]string
}

// Attachment is a link, file or picture that goes with a message. URLs are
// http, https or relative. Own fields go into Custom and lie flat in JSON.
type Attachment struct {
	Type        string // up to 64 bytes; usual: image, video, audio, text
	AuthorName  string
	AuthorLink  string
	Title       string
	TitleLink   string
	Text        string
	ImageURL    string
	ThumbURL    string
	AssetURL    string
	OGScrapeURL string // the engine's: the link of which this is the preview
	Actions     []AttachmentAction
	Custom      Custom
}

// AttachmentAction is a button on an attachment.
type AttachmentAction struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Style string `json:"style,omitempty"`
	Type  string `json:"type"`
	Value string `json:"value,omitempty"`
}

// Reaction is one user's reaction of one type to a message.
type Reaction struct {
	MessageID MessageID
	User      User
	Type      string
	Score     int
	CreatedAt time.Time
	UpdatedAt time.Time
	Custom    Custom
}

// ReactionGroup sums up the reactions of one type to a message.
type ReactionGroup struct {
	Count           int       `json:"count"`
	SumScores       int       `json:"sum_scores"`
	FirstReactionAt time.Time `json:"first_reaction_at"`
	LastReactionAt  time.Time `json:"last_reaction_at"`
}

// Draft is everything a user may say in a message. What only the application
// may add is in [SendOptions].
type Draft struct {
	// ID makes the send safe to repeat: the same id with the same author,
	// channel and draft returns the message as it is now. Empty: a new UUIDv7.
	ID MessageID

	Type MessageType // empty: TypeRegular
	Text string      // at most the channel type's MaxMessageLength runes

	// Attachments are at most 30, together at most 5 KiB of compact JSON. The
	// preview of a link counts towards neither.
	Attachments []Attachment
	Mentions    []UserID // at most 25 users who exist

	// MentionAll mentions everyone in the channel, or those whom a private message
	// lists; it needs create-mention-all. MentionOnline mentions those who are
	// online when the message is pushed: see [Options].Presence; it needs
	// create-mention-online. Neither is for a reply that is not shown in the
	// channel, and neither can be changed later.
	MentionAll    bool
	MentionOnline bool

	ParentID      MessageID // the message this one replies to, in the same channel
	ShowInChannel bool      // with ParentID: part of the channel's pages too
	QuotedID      MessageID // a message of the same channel

	// Restricted makes the message private to these users and the author: at
	// most Options.MaxRestricted, each able to read the channel. It cannot be
	// changed later.
	Restricted []UserID

	Silent        bool // raises nobody's unread, pushes to nobody; cannot be changed later
	SkipPush      bool // pushes to nobody
	SkipEnrichURL bool // no link preview

	// Pinned pins the message, until PinExpires if that is set: see
	// [Session.PinMessage]. It needs pin-message; ErrRestricted for a private
	// message, ErrPending for one that becomes pending. The answer to a command
	// that its author alone sees is not pinned.
	Pinned     bool
	PinExpires time.Time

	Custom Custom
}

// SendOptions is what only the application may say about a message it sends.
type SendOptions struct {
	// Pending overrides the channel's MarkMessagesPending for this message.
	Pending PendingMode

	// PendingMetadata goes with a pending message, at most 5 KiB. ErrInvalid
	// when the message does not become pending.
	PendingMetadata map[string]string

	// HTML replaces the html made from the text. It is rebuilt through an
	// allow-list of elements and attributes; ErrInvalid if nothing is left.
	HTML string
}

// PendingMode says whether a sent message becomes pending.
type PendingMode int

// The pending modes.
const (
	PendingDefault PendingMode = iota // as the channel or its type says
	PendingOn
	PendingOff
)

// MessageUpdate replaces text, attachments, mentions, quote and custom data of
// a message: what is left out is cleared. The rest of a message never changes.
// The preview of a link stays as long as the text has that link, whether the
// attachments hold it or not.
type MessageUpdate struct {
	Text        string
	Attachments []Attachment
	Mentions    []UserID
	QuotedID    MessageID
	Custom      Custom

	SkipEnrichURL bool // no link preview, if the link is a new one
}

// UpdateOptions is what only the application may say about an update.
type UpdateOptions struct {
	HTML string // replaces the html made from the text
}

// Patch changes parts of a message, channel or user: Set gives dotted paths
// new values, making objects on the way; Unset removes paths, absent ones too.
// A path reaches the fields its call names and any custom data; a path twice,
// or one inside another, is ErrInvalid.
type Patch struct {
	Set   map[string]any
	Unset []string
}

// DeleteMode is how a message is deleted for everyone.
type DeleteMode int

// The ways to delete a message for everyone. Deleting for oneself alone is
// [Session.DeleteMessageForMe].
const (
	DeleteSoft DeleteMode = iota + 1 // leaves a placeholder; the application can undelete it
	DeleteHard                       // gone, with its replies
)

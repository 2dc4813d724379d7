package chat

import (
	"fmt"
	"time"
)

// timestamp is a time in JSON: RFC 3339 in UTC, always with six digits of a
// second, so that times sort as text.
type timestamp time.Time

const timestampLayout = `"2006-01-02T15:04:05.000000Z"`

func (t timestamp) MarshalJSON() ([]byte, error) {
	utc := time.Time(t).UTC()
	if err := checkYear(utc); err != nil {
		return nil, err
	}
	return utc.AppendFormat(make([]byte, 0, len(timestampLayout)), timestampLayout), nil
}

func (t *timestamp) UnmarshalJSON(data []byte) error {
	var read time.Time
	if err := read.UnmarshalJSON(data); err != nil {
		return err
	}
	read = read.UTC().Truncate(time.Microsecond)
	if err := checkYear(read); err != nil {
		return err
	}
	*t = timestamp(read)
	return nil
}

// checkYear refuses what RFC 3339 cannot write with four digits.
func checkYear(t time.Time) error {
	if year := t.Year(); year < 0 || year > 9999 {
		return fmt.Errorf("the year %d has no form in RFC 3339", year)
	}
	return nil
}

// messageJSON is the form of a [Message] in JSON, without its custom data. The
// order of its fields is that of the JSON, and their names are the reserved
// ones.
type messageJSON struct {
	// Always there.
	ID                 MessageID                `json:"id"`
	CID                CID                      `json:"cid"`
	Type               MessageType              `json:"type"`
	Text               string                   `json:"text"`
	HTML               string                   `json:"html"`
	User               User                     `json:"user"`
	Attachments        []Attachment             `json:"attachments"`
	MentionedUsers     []User                   `json:"mentioned_users"`
	ReactionCounts     map[string]int           `json:"reaction_counts"`
	ReactionScores     map[string]int           `json:"reaction_scores"`
	ReactionGroups     map[string]ReactionGroup `json:"reaction_groups"`
	LatestReactions    []Reaction               `json:"latest_reactions"`
	OwnReactions       []Reaction               `json:"own_reactions"`
	ReplyCount         int                      `json:"reply_count"`
	DeletedReplyCount  int                      `json:"deleted_reply_count"`
	ThreadParticipants []User                   `json:"thread_participants"`
	Silent             bool                     `json:"silent"`
	Pinned             bool                     `json:"pinned"`
	CreatedAt          timestamp                `json:"created_at"`
	UpdatedAt          timestamp                `json:"updated_at"`

	// There, and null when unset.
	PinnedAt             *timestamp `json:"pinned_at"`
	PinnedBy             *User      `json:"pinned_by"`
	PinExpires           *timestamp `json:"pin_expires"`
	DeletedAt            *timestamp `json:"deleted_at"`
	MessageTextUpdatedAt *timestamp `json:"message_text_updated_at"`

	// Absent when unset.
	ParentID        MessageID         `json:"parent_id,omitempty"`
	ShowInChannel   bool              `json:"show_in_channel,omitempty"`
	QuotedMessageID MessageID         `json:"quoted_message_id,omitempty"`
	QuotedMessage   *quotedMessage    `json:"quoted_message,omitempty"`
	Restricted      []UserID          `json:"restricted_visibility,omitempty"`
	MentionsAll     bool              `json:"mentioned_channel,omitempty"`
	MentionsOnline  bool              `json:"mentioned_here,omitempty"`
	Command         string            `json:"command,omitempty"`
	Args            string            `json:"args,omitempty"`
	Shadowed        bool              `json:"shadowed,omitempty"`
	SentAt          *timestamp        `json:"sent_at,omitempty"`
	DeletedForMe    bool              `json:"deleted_for_me,omitempty"`
	Pending         bool              `json:"pending,omitempty"`
	PendingMetadata map[string]string `json:"pending_message_metadata,omitempty"`
}

// MarshalJSON writes the message object of the product: every field by its name
// and custom data flat behind them, sorted. A quoted message is written without
// the one that it quotes itself.
func (m Message) MarshalJSON() ([]byte, error) {
	wire := &messageJSON{
		ID:                   m.ID,
		CID:                  m.CID,
		Type:                 m.Type,
		Text:                 m.Text,
		HTML:                 m.HTML,
		User:                 m.User,
		Attachments:          notNil(m.Attachments),
		MentionedUsers:       notNil(m.MentionedUsers),
		ReactionCounts:       make(map[string]int, len(m.ReactionGroups)),
		ReactionScores:       make(map[string]int, len(m.ReactionGroups)),
		ReactionGroups:       notNilMap(m.ReactionGroups),
		LatestReactions:      notNil(m.LatestReactions),
		OwnReactions:         notNil(m.OwnReactions),
		ReplyCount:           m.ReplyCount,
		DeletedReplyCount:    m.DeletedReplyCount,
		ThreadParticipants:   notNil(m.ThreadParticipants),
		Silent:               m.Silent,
		Pinned:               m.Pinned,
		CreatedAt:            timestamp(m.CreatedAt),
		UpdatedAt:            timestamp(m.UpdatedAt),
		PinnedAt:             (*timestamp)(m.PinnedAt),
		PinnedBy:             m.PinnedBy,
		PinExpires:           (*timestamp)(m.PinExpires),
		DeletedAt:            (*timestamp)(m.DeletedAt),
		MessageTextUpdatedAt: (*timestamp)(m.MessageTextUpdatedAt),
		ParentID:             m.ParentID,
		ShowInChannel:        m.ShowInChannel,
		QuotedMessageID:      m.QuotedMessageID,
		QuotedMessage:        (*quotedMessage)(m.QuotedMessage),
		Restricted:           m.Restricted,
		MentionsAll:          m.MentionsAll,
		MentionsOnline:       m.MentionsOnline,
		Command:              m.Command,
		Args:                 m.Args,
		Shadowed:             m.Shadowed,
		SentAt:               (*timestamp)(m.SentAt),
		DeletedForMe:         m.DeletedForMe,
	}
	for kind, g := range m.ReactionGroups {
		wire.ReactionCounts[kind], wire.ReactionScores[kind] = g.Count, g.SumScores
	}
	if m.Pending != nil {
		wire.Pending = true
		wire.PendingMetadata = m.Pending.Metadata
	}
	return marshalFlat(wire, m.Custom, messageFields)
}

// UnmarshalJSON reads what MarshalJSON writes; of reactions, their groups. Unknown fields are custom data,
// empty lists and maps become nil, times are UTC to the microsecond.
func (m *Message) UnmarshalJSON(data []byte) error {
	var wire messageJSON
	custom, err := unmarshalFlat(data, &wire, messageFields)
	if err != nil {
		return err
	}
	*m = wire.message(custom)
	return nil
}

// quotedMessage is a message inside another: what it quotes itself is neither
// written nor read. Without that end, a message that quotes itself in memory
// would be written forever, and deep nesting in JSON would be scanned once a
// level.
type quotedMessage Message

func (q quotedMessage) MarshalJSON() ([]byte, error) {
	q.QuotedMessage = nil
	return Message(q).MarshalJSON()
}

func (q *quotedMessage) UnmarshalJSON(data []byte) error {
	var wire messageJSON
	custom, err := unmarshalFlat(data, &wire, messageFields, "quoted_message")
	if err != nil {
		return err
	}
	*q = quotedMessage(wire.message(custom))
	return nil
}

func (w *messageJSON) message(custom Custom) Message {
	message := Message{
		ID:                   w.ID,
		CID:                  w.CID,
		Type:                 w.Type,
		Text:                 w.Text,
		HTML:                 w.HTML,
		User:                 w.User,
		Attachments:          nilIfEmpty(w.Attachments),
		MentionedUsers:       nilIfEmpty(w.MentionedUsers),
		ReactionGroups:       nilIfEmptyMap(w.ReactionGroups),
		LatestReactions:      nilIfEmpty(w.LatestReactions),
		OwnReactions:         nilIfEmpty(w.OwnReactions),
		ReplyCount:           w.ReplyCount,
		DeletedReplyCount:    w.DeletedReplyCount,
		ThreadParticipants:   nilIfEmpty(w.ThreadParticipants),
		Silent:               w.Silent,
		Pinned:               w.Pinned,
		CreatedAt:            time.Time(w.CreatedAt),
		UpdatedAt:            time.Time(w.UpdatedAt),
		PinnedAt:             (*time.Time)(w.PinnedAt),
		PinnedBy:             w.PinnedBy,
		PinExpires:           (*time.Time)(w.PinExpires),
		DeletedAt:            (*time.Time)(w.DeletedAt),
		MessageTextUpdatedAt: (*time.Time)(w.MessageTextUpdatedAt),
		ParentID:             w.ParentID,
		ShowInChannel:        w.ShowInChannel,
		QuotedMessageID:      w.QuotedMessageID,
		QuotedMessage:        (*Message)(w.QuotedMessage),
		Restricted:           nilIfEmpty(w.Restricted),
		MentionsAll:          w.MentionsAll,
		MentionsOnline:       w.MentionsOnline,
		Command:              w.Command,
		Args:                 w.Args,
		Shadowed:             w.Shadowed,
		SentAt:               (*time.Time)(w.SentAt),
		DeletedForMe:         w.DeletedForMe,
		Custom:               custom,
	}
	if w.Pending {
		message.Pending = &Pending{Metadata: nilIfEmptyMap(w.PendingMetadata)}
	}
	return message
}

// reactionJSON is the form of a [Reaction] in JSON, without its custom data.
type reactionJSON struct {
	MessageID MessageID `json:"message_id"`
	User      User      `json:"user"`
	Type      string    `json:"type"`
	Score     int       `json:"score"`
	CreatedAt timestamp `json:"created_at"`
	UpdatedAt timestamp `json:"updated_at"`
}

// MarshalJSON writes the fields and custom data flat behind them.
func (r Reaction) MarshalJSON() ([]byte, error) {
	return marshalFlat(&reactionJSON{
		MessageID: r.MessageID,
		User:      r.User,
		Type:      r.Type,
		Score:     r.Score,
		CreatedAt: timestamp(r.CreatedAt),
		UpdatedAt: timestamp(r.UpdatedAt),
	}, r.Custom, reactionFields)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are custom data.
func (r *Reaction) UnmarshalJSON(data []byte) error {
	var wire reactionJSON
	custom, err := unmarshalFlat(data, &wire, reactionFields)
	if err != nil {
		return err
	}
	*r = Reaction{
		MessageID: wire.MessageID,
		User:      wire.User,
		Type:      wire.Type,
		Score:     wire.Score,
		CreatedAt: time.Time(wire.CreatedAt),
		UpdatedAt: time.Time(wire.UpdatedAt),
		Custom:    custom,
	}
	return nil
}

// reactionGroupJSON is the form of a [ReactionGroup] in JSON.
type reactionGroupJSON struct {
	Count           int       `json:"count"`
	SumScores       int       `json:"sum_scores"`
	FirstReactionAt timestamp `json:"first_reaction_at"`
	LastReactionAt  timestamp `json:"last_reaction_at"`
}

// MarshalJSON writes the times as those of a message.
func (g ReactionGroup) MarshalJSON() ([]byte, error) {
	return marshalPlain(&reactionGroupJSON{
		Count:           g.Count,
		SumScores:       g.SumScores,
		FirstReactionAt: timestamp(g.FirstReactionAt),
		LastReactionAt:  timestamp(g.LastReactionAt),
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (g *ReactionGroup) UnmarshalJSON(data []byte) error {
	var wire reactionGroupJSON
	if _, err := unmarshalFlat(data, &wire, nil); err != nil {
		return err
	}
	*g = ReactionGroup{
		Count:           wire.Count,
		SumScores:       wire.SumScores,
		FirstReactionAt: time.Time(wire.FirstReactionAt),
		LastReactionAt:  time.Time(wire.LastReactionAt),
	}
	return nil
}

// userJSON is the form of a [User] in JSON, without its custom data.
type userJSON struct {
	ID            UserID     `json:"id"`
	Name          string     `json:"name"`
	Role          Role       `json:"role"`
	CreatedAt     timestamp  `json:"created_at"`
	UpdatedAt     timestamp  `json:"updated_at"`
	DeactivatedAt *timestamp `json:"deactivated_at,omitempty"`
	ErasedAt      *timestamp `json:"erased_at,omitempty"`
}

// MarshalJSON writes the fields and custom data flat behind them.
func (u User) MarshalJSON() ([]byte, error) {
	return marshalFlat(&userJSON{
		ID:            u.ID,
		Name:          u.Name,
		Role:          u.Role,
		CreatedAt:     timestamp(u.CreatedAt),
		UpdatedAt:     timestamp(u.UpdatedAt),
		DeactivatedAt: (*timestamp)(u.DeactivatedAt),
		ErasedAt:      (*timestamp)(u.ErasedAt),
	}, u.Custom, userFields)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are custom data.
func (u *User) UnmarshalJSON(data []byte) error {
	var wire userJSON
	custom, err := unmarshalFlat(data, &wire, userFields)
	if err != nil {
		return err
	}
	*u = User{
		ID:            wire.ID,
		Name:          wire.Name,
		Role:          wire.Role,
		CreatedAt:     time.Time(wire.CreatedAt),
		UpdatedAt:     time.Time(wire.UpdatedAt),
		DeactivatedAt: (*time.Time)(wire.DeactivatedAt),
		ErasedAt:      (*time.Time)(wire.ErasedAt),
		Custom:        custom,
	}
	return nil
}

// memberJSON is the form of a [Member] in JSON, without its custom data.
type memberJSON struct {
	User      User      `json:"user"`
	Role      Role      `json:"role"`
	CreatedAt timestamp `json:"created_at"`
	UpdatedAt timestamp `json:"updated_at"`

	InvitedAt        *timestamp `json:"invited_at,omitempty"`
	InviteAcceptedAt *timestamp `json:"invite_accepted_at,omitempty"`
}

// MarshalJSON writes the fields and custom data flat behind them.
func (m Member) MarshalJSON() ([]byte, error) {
	return marshalFlat(&memberJSON{
		User:      m.User,
		Role:      m.Role,
		CreatedAt: timestamp(m.CreatedAt),
		UpdatedAt: timestamp(m.UpdatedAt),

		InvitedAt:        (*timestamp)(m.InvitedAt),
		InviteAcceptedAt: (*timestamp)(m.InviteAcceptedAt),
	}, m.Custom, memberFields)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are custom data.
func (m *Member) UnmarshalJSON(data []byte) error {
	var wire memberJSON
	custom, err := unmarshalFlat(data, &wire, memberFields)
	if err != nil {
		return err
	}
	*m = Member{
		User:      wire.User,
		Role:      wire.Role,
		CreatedAt: time.Time(wire.CreatedAt),
		UpdatedAt: time.Time(wire.UpdatedAt),
		Custom:    custom,

		InvitedAt:        (*time.Time)(wire.InvitedAt),
		InviteAcceptedAt: (*time.Time)(wire.InviteAcceptedAt),
	}
	return nil
}

// channelJSON is the form of a [Channel] in JSON, without its custom data. Type
// and id repeat the two parts of the cid, which alone is read.
type channelJSON struct {
	CID         CID              `json:"cid"`
	Type        string           `json:"type"`
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	CreatedBy   User             `json:"created_by"`
	Overrides   ChannelOverrides `json:"config_overrides,omitzero"`
	MemberCount int              `json:"member_count"`
	Frozen      bool             `json:"frozen"`
	Disabled    bool             `json:"disabled"`
	Cooldown    int              `json:"cooldown"` // seconds
	CreatedAt   timestamp        `json:"created_at"`
	UpdatedAt   timestamp        `json:"updated_at"`
	TruncatedAt *timestamp       `json:"truncated_at,omitempty"`
	DeletedAt   *timestamp       `json:"deleted_at,omitempty"`
}

// MarshalJSON writes the fields and custom data flat behind them.
func (c Channel) MarshalJSON() ([]byte, error) {
	return marshalFlat(&channelJSON{
		CID:         c.CID,
		Type:        c.CID.Type(),
		ID:          c.CID.ID(),
		Name:        c.Name,
		CreatedBy:   c.CreatedBy,
		Overrides:   c.Overrides,
		MemberCount: c.MemberCount,
		Frozen:      c.Frozen,
		Disabled:    c.Disabled,
		Cooldown:    int(c.Cooldown / time.Second),
		CreatedAt:   timestamp(c.CreatedAt),
		UpdatedAt:   timestamp(c.UpdatedAt),
		TruncatedAt: (*timestamp)(c.TruncatedAt),
		DeletedAt:   (*timestamp)(c.DeletedAt),
	}, c.Custom, channelFields)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are custom data.
func (c *Channel) UnmarshalJSON(data []byte) error {
	var wire channelJSON
	custom, err := unmarshalFlat(data, &wire, channelFields)
	if err != nil {
		return err
	}
	wire.Overrides.Grants = nilIfEmptyMap(wire.Overrides.Grants)
	*c = Channel{
		CID:         wire.CID,
		Name:        wire.Name,
		CreatedBy:   wire.CreatedBy,
		Overrides:   wire.Overrides,
		MemberCount: wire.MemberCount,
		Frozen:      wire.Frozen,
		Disabled:    wire.Disabled,
		Cooldown:    time.Duration(wire.Cooldown) * time.Second,
		CreatedAt:   time.Time(wire.CreatedAt),
		UpdatedAt:   time.Time(wire.UpdatedAt),
		TruncatedAt: (*time.Time)(wire.TruncatedAt),
		DeletedAt:   (*time.Time)(wire.DeletedAt),
		Custom:      custom,
	}
	return nil
}

// channelStateJSON is the form of a [ChannelState] in JSON.
type channelStateJSON struct {
	Channel       Channel    `json:"channel"`
	Messages      []Message  `json:"messages"`
	Members       []Member   `json:"members"`
	Membership    *Member    `json:"membership"`
	Unread        int        `json:"unread"`
	Mentions      int        `json:"unread_mentions"`
	LastRead      *timestamp `json:"last_read"`
	LastMessage   *Message   `json:"last_message"`
	LastMessageAt *timestamp `json:"last_message_at"`
	Pending       []Message  `json:"pending_messages"`
	Capabilities  []Action   `json:"capabilities"`
	Hidden        bool       `json:"hidden"`
	Muted         bool       `json:"muted"`
	Blocked       bool       `json:"blocked"`
	MuteExpires   *timestamp `json:"mute_expires"`
	PinnedAt      *timestamp `json:"pinned_at"`
	ArchivedAt    *timestamp `json:"archived_at"`
	CooldownUntil *timestamp `json:"cooldown_until"`
}

// MarshalJSON writes every field; membership, last_message and times are null
// when unset.
func (s ChannelState) MarshalJSON() ([]byte, error) {
	wire := &channelStateJSON{
		Channel:       s.Channel,
		Messages:      notNil(s.Messages),
		Members:       notNil(s.Members),
		Membership:    s.Membership,
		Unread:        s.Unread,
		Mentions:      s.UnreadMentions,
		LastMessage:   s.LastMessage,
		LastMessageAt: (*timestamp)(s.LastMessageAt),
		Pending:       notNil(s.Pending),
		Capabilities:  notNil(s.Capabilities),
		Hidden:        s.Hidden,
		Muted:         s.Muted,
		Blocked:       s.Blocked,
		MuteExpires:   (*timestamp)(s.MuteExpires),
		PinnedAt:      (*timestamp)(s.PinnedAt),
		ArchivedAt:    (*timestamp)(s.ArchivedAt),
		CooldownUntil: (*timestamp)(s.CooldownUntil),
	}
	if !s.LastRead.IsZero() {
		wire.LastRead = (*timestamp)(&s.LastRead)
	}
	return marshalPlain(wire)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *ChannelState) UnmarshalJSON(data []byte) error {
	var wire channelStateJSON
	if _, err := unmarshalFlat(data, &wire, nil); err != nil {
		return err
	}
	*s = ChannelState{
		Channel:        wire.Channel,
		Messages:       nilIfEmpty(wire.Messages),
		Members:        nilIfEmpty(wire.Members),
		Membership:     wire.Membership,
		Unread:         wire.Unread,
		LastMessage:    wire.LastMessage,
		LastMessageAt:  (*time.Time)(wire.LastMessageAt),
		Pending:        nilIfEmpty(wire.Pending),
		Capabilities:   nilIfEmpty(wire.Capabilities),
		Hidden:         wire.Hidden,
		Muted:          wire.Muted,
		Blocked:        wire.Blocked,
		MuteExpires:    (*time.Time)(wire.MuteExpires),
		PinnedAt:       (*time.Time)(wire.PinnedAt),
		ArchivedAt:     (*time.Time)(wire.ArchivedAt),
		CooldownUntil:  (*time.Time)(wire.CooldownUntil),
		UnreadMentions: wire.Mentions,
	}
	if wire.LastRead != nil {
		s.LastRead = time.Time(*wire.LastRead)
	}
	return nil
}

// notNil makes a list [] in JSON rather than null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// notNilMap makes a map {} in JSON rather than null.
func notNilMap[V any](values map[string]V) map[string]V {
	if values == nil {
		return map[string]V{}
	}
	return values
}

// nilIfEmpty makes one thing of what is empty, so that it compares equal.
func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// nilIfEmptyMap is nilIfEmpty for maps.
func nilIfEmptyMap[M ~map[K]V, K comparable, V any](values M) M {
	if len(values) == 0 {
		return nil
	}
	return values
}

package chat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// CID names a channel: its type and its id, as "type:id". Type and id have at
// most 64 letters, digits, - _ !
type CID string

// Channel is a channel's own data, the same for every viewer.
type Channel struct {
	CID       CID
	Name      string // at most 255 runes
	CreatedBy User
	Custom    Custom
	Overrides ChannelOverrides

	MemberCount int
	Frozen      bool          // takes no messages but from who may use-frozen-channel
	Cooldown    time.Duration // slow mode: how long a user waits between two messages; 0: it is off
	Disabled    bool          // users neither read nor write; still listed

	CreatedAt   time.Time
	UpdatedAt   time.Time
	TruncatedAt *time.Time
	DeletedAt   *time.Time // only the application still reads it
}

// Type is the part of the CID before the colon.
func (c CID) Type() string { t, _ := c.split(); return t }

// ID is the part of the CID after the colon.
func (c CID) ID() string { _, id := c.split(); return id }

// ChannelDraft is a channel to be created.
type ChannelDraft struct {
	// CreatedBy is required of the application. A Session leaves it empty: the
	// user creates, and becomes a member.
	CreatedBy UserID
	Members   []UserID // at most 100; more with AddMembers
	Name      string
	Custom    Custom
	Overrides ChannelOverrides // the application's alone
}

// ChannelOverrides replaces settings of the channel's type for one channel.
// Nil fields leave the type's setting.
type ChannelOverrides struct {
	Typing              *bool             `json:"typing,omitempty"`
	ReadEvents          *bool             `json:"read_events,omitempty"`
	Reactions           *bool             `json:"reactions,omitempty"`
	Replies             *bool             `json:"replies,omitempty"`
	Quotes              *bool             `json:"quotes,omitempty"`
	Mutes               *bool             `json:"mutes,omitempty"`
	Search              *bool             `json:"search,omitempty"`
	URLEnrichment       *bool             `json:"url_enrichment,omitempty"`
	MarkMessagesPending *bool             `json:"mark_messages_pending,omitempty"`
	MaxMessageLength    *int              `json:"max_message_length,omitempty"`
	Commands            *[]string         `json:"commands,omitempty"`
	BlockLists          *[]BlockListUse   `json:"block_lists,omitempty"`
	Grants              map[Role][]Action `json:"grants,omitempty"` // per role named here, instead of the type's
}

// ChannelUpdate replaces a channel's name and custom data: what is left out is
// cleared.
type ChannelUpdate struct {
	Name   string
	Custom Custom
}

// SystemMessage is what a change of a channel may post in it. It cannot be
// restricted to some: it has no such field.
type SystemMessage struct {
	UserID UserID // the author; empty: the user of a Session, or the channel's creator, were they deactivated or erased
	Text   string
	Silent bool
	Custom Custom
}

// TruncateOptions says what truncating a channel removes.
type TruncateOptions struct {
	Before  time.Time      // everything up to this time, which has passed; zero: everything
	Hard    bool           // purge instead of hide
	Message *SystemMessage // posted after what was removed
}

// ChannelState is a channel as one viewer sees it.
type ChannelState struct {
	Channel    Channel
	Messages   []Message // the latest, oldest first
	Members    []Member  // the first 100, by user id
	Membership *Member   // the viewer's; nil for who is not a member

	Unread         int        // exact; 0 for who is not a member
	UnreadMentions int        // of Unread, those that mention the viewer, or everyone; of private messages only those that are for them
	LastRead       time.Time  // up to when the viewer has read it; zero for who is not a member, or has not accepted the invite
	LastMessage    *Message   // the newest the viewer can see that is not deleted for all
	LastMessageAt  *time.Time // of LastMessage
	Pending        []Message  // the viewer's own pending messages: the newest 100, oldest first

	Capabilities []Action // the granted actions that would succeed now, sorted; those of later releases too
	Hidden       bool
	Muted        bool
	Blocked      bool       // it is the channel of the viewer and one whom they block: see [Session.BlockUser]
	MuteExpires  *time.Time // nil when not muted, or for good
	PinnedAt     *time.Time // when the viewer pinned the channel; nil: not pinned
	ArchivedAt   *time.Time // when the viewer archived it; nil: not archived

	// CooldownUntil is until when the viewer cannot send, in slow mode; nil if
	// they can.
	CooldownUntil *time.Time
}

// Member is a user's membership of a channel.
type Member struct {
	User      User
	Role      Role
	Custom    Custom
	CreatedAt time.Time // when they joined, or were invited
	UpdatedAt time.Time

	InvitedAt        *time.Time // nil for who was added without an invite
	InviteAcceptedAt *time.Time // nil while the invite is open; who rejects it is no member any more
}

// UpdateChannel replaces a channel's name and custom data. The message, if any,
// is posted after it.
func (a *App) UpdateChannel(ctx context.Context, cid CID, u ChannelUpdate, message *SystemMessage) (_ Channel, err error) {
	defer a.operation(&ctx, "UpdateChannel").ended(&err)
	return a.updateChannel(ctx, "UpdateChannel", application, cid, u, message)
}

// UpdateChannel replaces a channel's name and custom data; it needs
// update-channel, and create-system-message for a message.
func (s *Session) UpdateChannel(ctx context.Context, cid CID, u ChannelUpdate, message *SystemMessage) (_ Channel, err error) {
	defer s.app.operation(&ctx, "UpdateChannel").ended(&err)
	return s.app.updateChannel(ctx, "UpdateChannel", as(s.user), cid, u, message)
}

func (a *App) updateChannel(ctx context.Context, op string, c caller, cid CID, u ChannelUpdate, message *SystemMessage) (Channel, error) {
	var prepared codec.Channel
	if err := setChannel(&prepared, u.Name, u.Custom); err != nil {
		return Channel{}, in(op, err)
	}
	return a.editChannel(ctx, op, c, cid, UpdateChannel, message, func(channel *codec.Channel) error {
		channel.Name, channel.Custom = prepared.Name, prepared.Custom
		return nil
	})
}

// PatchChannel changes parts of a channel. Paths reach name and any custom
// data.
func (a *App) PatchChannel(ctx context.Context, cid CID, p Patch) (_ Channel, err error) {
	defer a.operation(&ctx, "PatchChannel").ended(&err)
	return a.patchChannel(ctx, "PatchChannel", application, cid, p)
}

// PatchChannel changes parts of a channel; it needs update-channel. Paths reach
// name and any custom data.
func (s *Session) PatchChannel(ctx context.Context, cid CID, p Patch) (_ Channel, err error) {
	defer s.app.operation(&ctx, "PatchChannel").ended(&err)
	return s.app.patchChannel(ctx, "PatchChannel", as(s.user), cid, p)
}

func (a *App) patchChannel(ctx context.Context, op string, c caller, cid CID, p Patch) (Channel, error) {
	plan, err := compilePatch(p, channelFields, nameSet{"name": true})
	if err != nil {
		return Channel{}, in(op, err)
	}
	name, renamed, err := plan.text("name")
	if err != nil {
		return Channel{}, in(op, err)
	}
	return a.editChannel(ctx, op, c, cid, UpdateChannel, nil, func(channel *codec.Channel) error {
		custom, err := applyCustom(plan, decodeCustom(channel.Custom))
		if err != nil {
			return err
		}
		if !renamed {
			name = channel.Name
		}
		return setChannel(channel, name, custom)
	})
}

// SetOverrides replaces a channel's overrides of its type's settings.
func (a *App) SetOverrides(ctx context.Context, cid CID, o ChannelOverrides) (_ Channel, err error) {
	const op = "SetOverrides"
	defer a.operation(&ctx, op).ended(&err)
	overrides, err := encodeOverrides(o)
	if err != nil {
		return Channel{}, in(op, err)
	}
	after, err := openTo(overrides)
	if err != nil {
		return Channel{}, in(op, err)
	}
	var channel Channel
	err = a.changeChannel(ctx, op, application, cid, "", nil, func(tx *record.Txn, r *room) error {
		before, err := openTo(r.channel.Overrides)
		if err == nil {
			err = o.checkThere(&tx.Reader)
		}
		if err != nil {
			return err
		}
		if err := tx.SetOpenTo(r.number, before, after); err != nil {
			return err
		}
		channel, err = storeEdit(tx, r, func(channel *codec.Channel) error {
			channel.Overrides = overrides
			return nil
		})
		return err
	})
	return channel, err
}

// SetFrozen freezes a channel, or thaws it: a frozen one takes no messages and
// no reactions but from those who may use-frozen-channel, and no commits.
func (a *App) SetFrozen(ctx context.Context, cid CID, frozen bool) (_ Channel, err error) {
	defer a.operation(&ctx, "SetFrozen").ended(&err)
	return a.setFrozen(ctx, "SetFrozen", application, cid, frozen)
}

// SetFrozen freezes a channel, or thaws it; it needs update-channel.
func (s *Session) SetFrozen(ctx context.Context, cid CID, frozen bool) (_ Channel, err error) {
	defer s.app.operation(&ctx, "SetFrozen").ended(&err)
	return s.app.setFrozen(ctx, "SetFrozen", as(s.user), cid, frozen)
}

func (a *App) setFrozen(ctx context.Context, op string, c caller, cid CID, frozen bool) (Channel, error) {
	return a.editChannel(ctx, op, c, cid, UpdateChannel, nil, func(channel *codec.Channel) error {
		channel.Frozen = frozen
		return nil
	})
}

// SetDisabled closes a channel to users, or opens it again: they neither read
// nor write it (ErrDisabled), but it is still listed.
func (a *App) SetDisabled(ctx context.Context, cid CID, disabled bool) (_ Channel, err error) {
	defer a.operation(&ctx, "SetDisabled").ended(&err)
	return a.editChannel(ctx, "SetDisabled", application, cid, "", nil, func(channel *codec.Channel) error {
		channel.Disabled = disabled
		return nil
	})
}

// editChannel changes a channel's own record.
func (a *App) editChannel(ctx context.Context, op string, c caller, cid CID, need Action, message *SystemMessage, edit func(*codec.Channel) error) (Channel, error) {
	var channel Channel
	err := a.changeChannel(ctx, op, c, cid, need, message, func(tx *record.Txn, r *room) (err error) {
		channel, err = storeEdit(tx, r, edit)
		return err
	})
	return channel, err
}

// storeEdit edits and stores a channel's own record.
func storeEdit(tx *record.Txn, r *room, edit func(*codec.Channel) error) (Channel, error) {
	if err := edit(r.channel); err != nil {
		return Channel{}, err
	}
	r.channel.UpdatedAt = max(r.now, r.channel.UpdatedAt)
	if err := tx.PutChannel(r.number, r.channel); err != nil {
		return Channel{}, err
	}
	if err := r.tell(tx, codec.Event{Kind: codec.EventChannelUpdated}); err != nil {
		return Channel{}, err
	}
	return renderChannel(&tx.Reader, r.channel)
}

// changeChannel changes a channel that the caller can use, under its scope, and
// posts a system message, if there is one, after it. An empty action needs no
// grant.
func (a *App) changeChannel(ctx context.Context, op string, c caller, cid CID, need Action, message *SystemMessage, change func(*record.Txn, *room) error) error {
	if err := checkCID("cid", cid); err != nil {
		return in(op, err)
	}
	notice, err := a.prepareNotice(c, message)
	if err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.ChannelScope(string(cid)), func(tx *record.Txn) error {
		r, err := openRoom(&tx.Reader, c, cid, more{})
		if err != nil {
			return err
		}
		if err := r.enter(); err != nil {
			return err
		}
		if err := r.change(); err != nil {
			return err
		}
		if need != "" {
			if err := r.need(need); err != nil {
				return err
			}
		}
		if notice == nil {
			return change(tx, r)
		}
		if err := r.checkNotice(notice); err != nil {
			return err
		}
		if err := change(tx, r); err != nil {
			return err
		}
		return postNotice(tx, r, notice.message)
	})
}

// notice is a system message that was checked, for a change to carry.
type notice struct {
	message codec.Message
	hasURL  bool
}

// checkNotice checks what the channel and the caller's grants say of a notice:
// what they say of any message.
func (r *room) checkNotice(n *notice) error {
	if err := r.need(CreateSystemMessage); err != nil {
		return err
	}
	if n.hasURL && !r.can(AddLinks) {
		return denied(AddLinks)
	}
	if r.channel.Frozen && !r.can(UseFrozenChannel) {
		return fail(ErrFrozen, "", "channel %q is frozen", r.channel.CID)
	}
	if err := checkMessageText(n.message.Text, r.kind.MaxMessageLength); err != nil {
		return within("message", err)
	}
	return nil
}

// prepareNotice checks a system message and makes it ready; nil stays nil.
func (a *App) prepareNotice(c caller, message *SystemMessage) (*notice, error) {
	if message == nil {
		return nil, nil
	}
	author := message.UserID
	if author != "" {
		if err := checkUserID("message.user_id", author); err != nil {
			return nil, err
		}
	}
	if !c.app {
		if author != "" && author != c.user {
			return nil, invalid("message.user_id", "is %q; a user posts in their own name: leave it out", author)
		}
		author = c.user
	}
	out, err := a.prepareSend(application, "a:b", author, Draft{
		Type: TypeSystem, Text: message.Text, Silent: message.Silent, Custom: message.Custom,
	}, SendOptions{})
	if err != nil {
		return nil, within("message", err)
	}
	return &notice{
		message: codec.Message{
			Author: string(author), System: true, Silent: message.Silent, Text: message.Text, HTML: out.html,
			Custom: out.custom,
		},
		hasURL: out.link.url != "",
	}, nil
}

// postNotice posts a system message that a change of the channel carries.
func postNotice(tx *record.Txn, r *room, m codec.Message) error {
	b := tx.Batch()
	author := b.User(m.Author)
	head := b.Head(r.number)
	if err := b.Run(); err != nil {
		return err
	}
	if m.Author == "" {
		m.Author = r.channel.CreatedBy
	} else if err := checkUser("message.user_id", UserID(m.Author), author); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	m.ID, m.Shadowed = id.String(), r.shadowed()
	stamp(&head.V, &m)
	if err := tx.InsertMessage(r.number, record.Counts{Head: &head.V}, &m); err != nil {
		return err
	}
	if err := tx.PutHead(r.number, &head.V); err != nil {
		return err
	}
	return tellMessage(tx, codec.EventMessageNew, r.number, &m, "")
}

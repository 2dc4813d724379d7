package chat

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"example.com/chat/internal/record"
)

// ChannelType is the settings and grants that the channels of a type share.
// Types messaging, team, livestream, commerce and gaming exist from the start.
type ChannelType struct {
	Name string // 1 to 64 letters, digits, - _ !

	Typing              bool // users may tell that they are typing
	ReadEvents          bool // others are told when one has read on
	Reactions           bool
	Replies             bool
	Quotes              bool
	Mutes               bool // users may mute the channel
	Search              bool
	URLEnrichment       bool
	MarkMessagesPending bool // what is sent awaits commit
	MaxMessageLength    int  // runes of a text: 1 to 20,000
	Commands            []string
	Grants              map[Role][]Action

	// BlockLists are held against what users send and edit: the text, as the
	// Moderator left it. At most 10. They are not held against what the Moderator
	// is not asked about either: see [Moderator]. Default: none.
	BlockLists []BlockListUse

	CreatedAt time.Time
	UpdatedAt time.Time
}

// builtinTypes are the types that exist from the start.
func builtinTypes(now time.Time) []ChannelType {
	var list []ChannelType
	for _, name := range []string{"messaging", "team", "livestream", "commerce", "gaming"} {
		list = append(list, ChannelType{
			Name: name, Typing: true, ReadEvents: true, Reactions: true, Replies: true, Quotes: true, Mutes: true,
			Search: true, URLEnrichment: true, MaxMessageLength: standardTextRunes,
			Commands: []string{"giphy", "ban", "unban", "mute", "unmute", "flag"}, Grants: builtinGrants(name),
			CreatedAt: now, UpdatedAt: now,
		})
	}
	return list
}

func (t ChannelType) validate() error {
	if err := checkChannelWord("name", "the type", t.Name); err != nil {
		return err
	}
	return checkTypeSettings(t.MaxMessageLength, t.Commands, t.Grants, t.BlockLists)
}

func checkTypeSettings(maxLength int, commands []string, grants map[Role][]Action, lists []BlockListUse) error {
	if maxLength < 1 || maxLength > maxTextRunes {
		return invalid("max_message_length", "is %d; must be 1 to %d", maxLength, maxTextRunes)
	}
	if len(commands) > 100 {
		return invalid("commands", "has %d names; at most 100", len(commands))
	}
	for i, name := range commands {
		if err := checkChannelWord(element("commands", i), "the name", name); err != nil {
			return err
		}
	}
	if len(grants) > 100 {
		return invalid("grants", "names %d roles; at most 100", len(grants))
	}
	for role, actions := range grants {
		if err := checkRole("grants", role); err != nil {
			return err
		}
		for _, a := range actions {
			if !slices.Contains(allActions[:], a) {
				return invalid("grants", "role %q is granted the unknown action %.64q", role, a)
			}
		}
	}
	return checkBlockListUses(lists)
}

func checkRole(field string, role Role) error {
	return checkChannelWord(field, "the role", string(role))
}

// overridden is the type as a channel with the overrides has it.
func (t ChannelType) overridden(o ChannelOverrides) ChannelType {
	set(&t.Typing, o.Typing)
	set(&t.ReadEvents, o.ReadEvents)
	set(&t.Reactions, o.Reactions)
	set(&t.Replies, o.Replies)
	set(&t.Quotes, o.Quotes)
	set(&t.Mutes, o.Mutes)
	set(&t.Search, o.Search)
	set(&t.URLEnrichment, o.URLEnrichment)
	set(&t.MarkMessagesPending, o.MarkMessagesPending)
	set(&t.MaxMessageLength, o.MaxMessageLength)
	set(&t.Commands, o.Commands)
	set(&t.BlockLists, o.BlockLists)
	if len(o.Grants) > 0 {
		t.Grants = maps.Clone(t.Grants)
		maps.Copy(t.Grants, o.Grants)
	}
	return t
}

func set[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}

func (o ChannelOverrides) validate() error {
	maxLength, commands, lists := 1, []string(nil), []BlockListUse(nil)
	set(&lists, o.BlockLists)
	set(&maxLength, o.MaxMessageLength)
	set(&commands, o.Commands)
	err := checkTypeSettings(maxLength, commands, o.Grants, lists)
	if e, ok := err.(*Error); ok {
		e.Field = "config_overrides." + e.Field
	}
	return err
}

// checkThere is an error if the overrides name what does not exist.
func (o ChannelOverrides) checkThere(r *record.Reader) error {
	if o.BlockLists == nil {
		return nil
	}
	return within("config_overrides", checkBlockListsThere(r, *o.BlockLists))
}

// showsPrivate stands, in the place of a role, for overrides that let some role
// read all private messages of their channel. It is no role's name.
const showsPrivate = "*"

// openTo are the roles that stored overrides let read their channel, and
// showsPrivate.
func openTo(overrides string) (roles []string, err error) {
	if overrides == "" {
		return nil, nil
	}
	var o ChannelOverrides
	if err := json.Unmarshal([]byte(overrides), &o); err != nil {
		return nil, err
	}
	for role, actions := range o.Grants {
		if slices.Contains(actions, ReadChannel) {
			roles = append(roles, string(role))
		}
		if slices.Contains(actions, ReadRestrictedVisibilityMessage) {
			roles = append(roles, showsPrivate)
		}
	}
	return roles, nil
}

// clone is a copy that shares no memory with t.
func (t ChannelType) clone() ChannelType {
	t.Commands = slices.Clone(t.Commands)
	t.BlockLists = slices.Clone(t.BlockLists)
	t.Grants = maps.Clone(t.Grants)
	for role, actions := range t.Grants {
		t.Grants[role] = slices.Clone(actions)
	}
	return t
}

// ChannelType returns a channel type. ErrNotFound if there is none of the name.
func (a *App) ChannelType(ctx context.Context, name string) (_ ChannelType, err error) {
	const op = "ChannelType"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the type", name); err != nil {
		return ChannelType{}, in(op, err)
	}
	var t ChannelType
	err = a.view(ctx, op, func(r *record.Reader) error {
		stored, err := loadType(r, name)
		t = stored.clone()
		return err
	})
	return t, err
}

// ChannelTypes returns all channel types, by name.
func (a *App) ChannelTypes(ctx context.Context) (_ []ChannelType, err error) {
	defer a.operation(&ctx, "ChannelTypes").ended(&err)
	var list []ChannelType
	err = a.view(ctx, "ChannelTypes", func(r *record.Reader) error {
		list = nil
		types, err := record.Types[ChannelType](r)
		for _, t := range types {
			list = append(list, t.clone())
		}
		return err
	})
	return list, err
}

func loadType(r *record.Reader, name string) (ChannelType, error) {
	b := r.Batch()
	t := record.Type[ChannelType](b, name)
	if err := b.Run(); err != nil {
		return ChannelType{}, err
	}
	if !t.Found {
		return ChannelType{}, notFound("channel type", name)
	}
	return *t.V, nil
}

// CreateChannelType makes a channel type. A zero MaxMessageLength becomes
// 5,000. ErrConflict if there is one of the name.
func (a *App) CreateChannelType(ctx context.Context, t ChannelType) (_ ChannelType, err error) {
	const op = "CreateChannelType"
	defer a.operation(&ctx, op).ended(&err)
	if t.MaxMessageLength == 0 {
		t.MaxMessageLength = standardTextRunes
	}
	t = t.clone()
	if err := t.validate(); err != nil {
		return ChannelType{}, in(op, err)
	}
	err = a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
		b := tx.Batch()
		known := record.Type[ChannelType](b, t.Name)
		if err := b.Run(); err != nil {
			return err
		}
		if known.Found {
			return fail(ErrConflict, "name", "there is a channel type %q already", t.Name)
		}
		if err := checkBlockListsThere(&tx.Reader, t.BlockLists); err != nil {
			return err
		}
		t.CreatedAt = now()
		t.UpdatedAt = t.CreatedAt
		return tx.PutType(t.Name, t)
	})
	if err != nil {
		return ChannelType{}, err
	}
	return t, nil
}

// UpdateChannelType changes a channel type: change is called with the type as
// it is, and may set every field but the name and the dates. An error from
// change is returned as it is and nothing is changed. It may be called more
// than once.
func (a *App) UpdateChannelType(ctx context.Context, name string, change func(*ChannelType) error) (err error) {
	const op = "UpdateChannelType"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the type", name); err != nil {
		return in(op, err)
	}
	if change == nil {
		return in(op, invalid("change", "is nil"))
	}
	return a.changeStored(ctx, op, func(r *record.Reader) (any, func() (any, error), error) {
		stored, err := loadType(r, name)
		if err != nil {
			return nil, nil, err
		}
		return stored, func() (any, error) {
			t := stored.clone()
			if err := change(&t); err != nil {
				return nil, hookError{err}
			}
			t = t.clone()
			t.Name, t.CreatedAt, t.UpdatedAt = stored.Name, stored.CreatedAt, now()
			return t, t.validate()
		}, nil
	}, func(tx *record.Txn, v any) error {
		if err := checkBlockListsThere(&tx.Reader, v.(ChannelType).BlockLists); err != nil {
			return err
		}
		return tx.PutType(name, v)
	})
}

// DeleteChannelType deletes a channel type. ErrState if a channel of the type
// exists, a soft-deleted one too.
func (a *App) DeleteChannelType(ctx context.Context, name string) (err error) {
	const op = "DeleteChannelType"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the type", name); err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
		if _, err := loadType(&tx.Reader, name); err != nil {
			return err
		}
		cids, _, err := tx.CIDs(name+":", "", 1)
		if err != nil {
			return err
		}
		if len(cids) > 0 {
			return fail(ErrState, "name", "channel type %q is in use, by %q for one; delete its channels first", name, cids[0])
		}
		return tx.DeleteType(name)
	})
}

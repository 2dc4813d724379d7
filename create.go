package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// EnsureChannel makes a channel, or returns the one there is, unchanged. A
// channel that was soft-deleted is made anew, empty. ErrInvalid for the id of a
// distinct channel, ErrNotFound for an unknown channel type.
func (a *App) EnsureChannel(ctx context.Context, cid CID, d ChannelDraft) (_ Channel, err error) {
	defer a.operation(&ctx, "EnsureChannel").ended(&err)
	return a.ensureNamed(ctx, application, cid, d)
}

// EnsureChannel makes a channel with the user as its creator and member; it
// needs create-channel. One that exists is returned unchanged if the user can
// read it; otherwise it is ErrNotFound, or ErrPermission as for any other id if
// the user may not create channels.
func (s *Session) EnsureChannel(ctx context.Context, cid CID, d ChannelDraft) (_ Channel, err error) {
	defer s.app.operation(&ctx, "EnsureChannel").ended(&err)
	return s.app.ensureNamed(ctx, as(s.user), cid, d)
}

// ensureNamed keeps the ids of distinct channels to their members: they can be
// worked out by anyone.
func (a *App) ensureNamed(ctx context.Context, c caller, cid CID, d ChannelDraft) (Channel, error) {
	const op = "EnsureChannel"
	if isDistinct(cid) {
		return Channel{}, in(op, invalid("cid", "ids that begin with %s are those of distinct channels: use EnsureDistinctChannel", distinctPrefix))
	}
	return a.ensureChannel(ctx, op, c, cid, d)
}

// EnsureDistinctChannel makes the channel of a set of two or more members, or
// returns it unchanged: there is one for each set and type. Its id is derived
// from the members, who can neither be added to nor leave it.
func (a *App) EnsureDistinctChannel(ctx context.Context, channelType string, d ChannelDraft) (_ Channel, err error) {
	defer a.operation(&ctx, "EnsureDistinctChannel").ended(&err)
	return a.ensureDistinct(ctx, application, channelType, d, d.Members)
}

// EnsureDistinctChannel makes the channel of the user and others, or returns
// it unchanged; see [App.EnsureDistinctChannel].
func (s *Session) EnsureDistinctChannel(ctx context.Context, channelType string, d ChannelDraft) (_ Channel, err error) {
	defer s.app.operation(&ctx, "EnsureDistinctChannel").ended(&err)
	return s.app.ensureDistinct(ctx, as(s.user), channelType, d, append(slices.Clone(d.Members), s.user))
}

func (a *App) ensureDistinct(ctx context.Context, c caller, channelType string, d ChannelDraft, members []UserID) (Channel, error) {
	const op = "EnsureDistinctChannel"
	members, err := checkUserIDs("members", members, maxMembersAtOnce)
	if err == nil && len(members) < 2 {
		err = invalid("members", "names %d users; a distinct channel has two or more", len(members))
	}
	if err == nil {
		err = checkChannelWord("type", "the type", channelType)
	}
	if err != nil {
		return Channel{}, in(op, err)
	}
	return a.ensureChannel(ctx, op, c, distinctCID(channelType, members), d)
}

// distinctPrefix begins the ids of distinct channels, and no others.
const distinctPrefix = "!members-"

func isDistinct(cid CID) bool { return strings.HasPrefix(cid.ID(), distinctPrefix) }

// fixedMembers is an error for a distinct channel: it is the channel of its
// members and of nobody else, for as long as there is one.
func fixedMembers(cid CID) error {
	if !isDistinct(cid) {
		return nil
	}
	return invalid("cid", "the members of a distinct channel are fixed; make another channel, or hide this one")
}

// distinctCID names the channel of a set of members. User ids hold no comma.
func distinctCID(channelType string, members []UserID) CID {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(strs(members))), ",")))
	return CID(channelType + ":" + distinctPrefix + base64.RawURLEncoding.EncodeToString(sum[:]))
}

// newChannel is a channel draft that was checked.
type newChannel struct {
	record    codec.Channel
	overrides ChannelOverrides
	members   []preparedMember
}

func prepareChannel(c caller, cid CID, d ChannelDraft) (*newChannel, error) {
	if err := checkCID("cid", cid); err != nil {
		return nil, err
	}
	creator := d.CreatedBy
	switch {
	case c.app:
		if err := checkUserID("created_by", creator); err != nil {
			return nil, err
		}
	case creator != "" && creator != c.user:
		return nil, invalid("created_by", "is %q; a user creates channels in their own name: leave it out", shorten(string(creator)))
	default:
		creator = c.user
	}
	record := codec.Channel{CID: string(cid), CreatedBy: string(creator)}
	if err := setChannel(&record, d.Name, d.Custom); err != nil {
		return nil, err
	}
	overrides, err := encodeOverrides(d.Overrides)
	if err != nil {
		return nil, err
	}
	if record.Overrides = overrides; overrides != "" && !c.app {
		return nil, invalid("config_overrides", "are the application's to set")
	}
	members, err := checkUserIDs("members", d.Members, maxMembersAtOnce)
	if err != nil {
		return nil, err
	}
	if !c.app && !slices.Contains(members, c.user) {
		members = append([]UserID{c.user}, members...)
	}
	made := &newChannel{record: record, overrides: d.Overrides}
	for _, id := range members {
		made.members = append(made.members, preparedMember{user: string(id), record: codec.Member{Role: string(RoleChannelMember)}})
	}
	return made, nil
}

// setChannel checks and sets what an update of a channel replaces.
func setChannel(c *codec.Channel, name string, custom Custom) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	encoded, err := encodeCustom("custom", custom, maxCustom, channelFields)
	if err != nil {
		return err
	}
	c.Name, c.Custom = name, string(encoded)
	return nil
}

func encodeOverrides(o ChannelOverrides) (string, error) {
	if err := o.validate(); err != nil {
		return "", err
	}
	b, err := json.Marshal(o)
	if err != nil || string(b) == "{}" {
		return "", err
	}
	return string(b), nil
}

func (a *App) ensureChannel(ctx context.Context, op string, c caller, cid CID, d ChannelDraft) (Channel, error) {
	draft, err := prepareChannel(c, cid, d)
	if err != nil {
		return Channel{}, in(op, err)
	}
	var channel Channel
	err = a.update(ctx, op, record.ChannelScope(string(cid)), func(tx *record.Txn) error {
		b := tx.Batch()
		number := b.Number(string(cid))
		kind := record.Type[ChannelType](b, cid.Type())
		user := b.User(draft.record.CreatedBy)
		banned := b.Ban(record.Everywhere, draft.record.CreatedBy)
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(c, user); err != nil {
			return err
		}
		if c.app {
			if err := checkUser("created_by", UserID(draft.record.CreatedBy), user); err != nil {
				return err
			}
		}
		if !kind.Found {
			return notFound("channel type", cid.Type())
		}
		var err error
		if c.app {
			banned.Found = false // the application makes channels in anybody's name
		}
		channel, err = ensure(tx, c, cid, number, kind.V, user.V, banned, draft)
		return err
	})
	return channel, err
}

// ensure returns the channel there is, or makes it.
func ensure(tx *record.Txn, c caller, cid CID, number *record.Value[record.Channel], kind *ChannelType, user codec.User, banned *record.Value[codec.Ban], draft *newChannel) (Channel, error) {
	mayCreate := c.app || slices.Contains(kind.Grants[Role(user.Role)], CreateChannel)
	former := record.Channel(0)
	if number.Found {
		room := newRoom(c)
		room.number, room.kind, *room.userRecord = number.V, kind, user
		if err := room.load(&tx.Reader, more{}); err != nil {
			return Channel{}, err
		}
		if room.channel.DeletedAt == 0 && (room.readable() || mayCreate) {
			if err := room.enter(); err != nil {
				return Channel{}, err
			}
			return renderChannel(&tx.Reader, room.channel)
		}
		// A new life of the channel gets a number of its own: nothing of the
		// old one shows in it. It goes when the new one is deleted for good.
		former = number.V
	}
	if !mayCreate {
		return Channel{}, denied(CreateChannel)
	}
	if bars(banned, now().UnixMicro()) {
		return Channel{}, bannedFrom(c.user, "the whole application", &banned.V)
	}
	if err := draft.overrides.checkThere(&tx.Reader); err != nil {
		return Channel{}, err
	}
	draft.record.Former = uint64(former)
	return create(tx, cid, draft)
}

func create(tx *record.Txn, cid CID, draft *newChannel) (Channel, error) {
	channel := draft.record
	channel.CreatedAt = now().UnixMicro()
	channel.UpdatedAt = channel.CreatedAt
	number, err := tx.NewChannel(string(cid), channel.CreatedAt)
	if err != nil {
		return Channel{}, err
	}
	if err := tx.PutHead(number, &codec.Head{}); err != nil {
		return Channel{}, err
	}
	roles, err := openTo(channel.Overrides)
	if err != nil {
		return Channel{}, err
	}
	if err := tx.SetOpenTo(number, nil, roles); err != nil {
		return Channel{}, err
	}
	own := codec.UserChannel{CID: string(cid), Creator: true}
	if err := tx.PutUserChannel(channel.CreatedBy, number, &own); err != nil {
		return Channel{}, err
	}
	if err := tx.PutChannel(number, &channel); err != nil {
		return Channel{}, err
	}
	if err := tx.TellChannel(number, &codec.Event{
		Kind: codec.EventChannelCreated, At: channel.CreatedAt, Channel: uint64(number), User: channel.CreatedBy,
	}); err != nil {
		return Channel{}, err
	}
	j := joining{number: number, channel: &channel, by: channel.CreatedBy, created: true}
	if err := j.join(tx, draft.members); err != nil {
		return Channel{}, err
	}
	return renderChannel(&tx.Reader, &channel)
}

func renderChannel(r *record.Reader, c *codec.Channel) (Channel, error) {
	people := r.People()
	b := r.Batch()
	people.Want(b, c.CreatedBy)
	if err := b.Run(); err != nil {
		return Channel{}, err
	}
	return channelFrom(&people, c)
}

func channelFrom(people *record.People, c *codec.Channel) (Channel, error) {
	channel := Channel{
		CID: CID(c.CID), Name: c.Name, CreatedBy: shown(people, c.CreatedBy), Custom: decodeCustom(c.Custom),
		MemberCount: int(c.Members), Frozen: c.Frozen, Disabled: c.Disabled, Cooldown: time.Duration(c.Cooldown) * time.Second,
		CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt),
		TruncatedAt: momentPtr(c.TruncatedAt), DeletedAt: momentPtr(c.DeletedAt),
	}
	if c.Overrides != "" {
		if err := json.Unmarshal([]byte(c.Overrides), &channel.Overrides); err != nil {
			return Channel{}, err
		}
	}
	return channel, nil
}

package chat

import (
	"context"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Block is a user blocked by another.
type Block struct {
	User      User      `json:"user"`
	BlockedAt time.Time `json:"blocked_at"`
}

// maxBlocks is how many users one may block.
const maxBlocks = 1000

// BlockUser blocks a user, in the channels that have the two as their only
// members, others who are still invited aside, or one of them while the other
// created it, and that users do not read without being members: what the other
// sends there from then on is seen by the other alone, who is not told, as with a
// shadow ban, and by who may see all private messages, an admin who blocks among
// them; and ChannelState.Blocked says so to the user, whose devices are told of the
// block by user.blocked and of these channels by channel.updated. Nothing else
// changes, in these channels or elsewhere. Again it changes nothing.
// ErrInvalid for oneself or a user who does not exist, ErrLimit after 1,000
// users.
func (s *Session) BlockUser(ctx context.Context, user UserID) (err error) {
	const op = "BlockUser"
	defer s.app.operation(&ctx, op).ended(&err)
	err = checkUserID("user", user)
	if err == nil && user == s.user {
		err = invalid("user", "is oneself")
	}
	if err != nil {
		return in(op, err)
	}
	return s.changeBlocks(ctx, op, user, true)
}

// UnblockUser ends the block of a user. What they sent meanwhile stays as it is.
// One who is not blocked is no error, nor one who does not exist.
func (s *Session) UnblockUser(ctx context.Context, user UserID) (err error) {
	const op = "UnblockUser"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkUserID("user", user); err != nil {
		return in(op, err)
	}
	return s.changeBlocks(ctx, op, user, false)
}

// BlockedUsers returns whom the user blocks, in the order blocked.
func (s *Session) BlockedUsers(ctx context.Context) (_ []Block, err error) {
	defer s.app.operation(&ctx, "BlockedUsers").ended(&err)
	var list []Block
	err = s.app.view(ctx, "BlockedUsers", func(r *record.Reader) error {
		list = nil
		b := r.Batch()
		self, blocks := b.User(string(s.user)), b.Blocks(string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), self); err != nil {
			return err
		}
		people := r.People()
		b = r.Batch()
		for _, m := range blocks.V {
			people.Want(b, m.User)
		}
		if err := b.Run(); err != nil {
			return err
		}
		for _, m := range blocks.V {
			list = append(list, Block{User: shown(&people, m.User), BlockedAt: moment(m.MutedAt)})
		}
		return nil
	})
	return list, err
}

func (s *Session) changeBlocks(ctx context.Context, op string, user UserID, block bool) error {
	return s.app.update(ctx, op, record.UsersScope, func(tx *record.Txn) error {
		b := tx.Batch()
		self, other, blocks := b.User(string(s.user)), b.User(string(user)), b.Blocks(string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), self); err != nil {
			return err
		}
		list := slices.Clone(blocks.V)
		at := slices.IndexFunc(list, func(m codec.Mute) bool { return m.User == string(user) })
		switch {
		case block && !exists(other):
			return invalid("user", "user %q does not exist", user)
		case block == (at >= 0):
			return nil
		case !block:
			list = slices.Delete(list, at, at+1)
		case len(list) >= maxBlocks:
			return fail(ErrLimit, "", "blocks %d users; at most %d", len(list), maxBlocks)
		default:
			list = append(list, codec.Mute{User: string(user), MutedAt: now().UnixMicro()})
		}
		self.V.Blocks = uint64(len(list))
		if err := tx.PutUser(self.V); err != nil {
			return err
		}
		if err := countBlock(tx, other, block); err != nil {
			return err
		}
		if err := tx.PutBlocks(string(s.user), list); err != nil {
			return err
		}
		return s.tellBlock(tx, self.V, string(user), block)
	})
}

// tellBlock tells the user, on all their devices, of a block or that it is over, and
// of their channels with the other alone: they show whether the other is blocked.
func (s *Session) tellBlock(tx *record.Txn, self codec.User, other string, block bool) error {
	kind := codec.EventUserUnblocked
	if block {
		kind = codec.EventUserBlocked
	}
	e := codec.Event{Kind: kind, At: now().UnixMicro(), User: other, By: string(s.user)}
	if err := tx.TellUser(string(s.user), &e); err != nil {
		return err
	}
	owns, err := tx.UserChannels(string(s.user))
	if err != nil {
		return err
	}
	b := tx.Batch()
	settings := record.Settings[storedSettings](b)
	members := make([]*record.Value[codec.Member], len(owns))
	channels := make([]*record.Value[codec.Channel], len(owns))
	for i, own := range owns {
		members[i], channels[i] = b.Member(own.Channel, other), b.Channel(own.Channel)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, own := range owns {
		if !own.Member && !own.Creator || !members[i].Found && channels[i].V.CreatedBy != other {
			continue
		}
		r, err := openRoomOf(&tx.Reader, as(s.user), self, settings.V, own.Channel, more{})
		if err == nil {
			err = r.tellBlock(tx, other)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellBlock tells the caller of a channel in which they block the other, or do so
// no more.
func (r *room) tellBlock(tx *record.Txn, user string) error {
	if r.channel.DeletedAt != 0 || !r.belongs() {
		return nil
	}
	others, err := r.others(&tx.Reader)
	if err != nil || !slices.Contains(others, user) {
		return err
	}
	return r.tellUser(tx, string(r.user), codec.Event{Kind: codec.EventChannelUpdated})
}

// countBlock counts one more, or one less, who blocks a user.
func countBlock(tx *record.Txn, user *record.Value[codec.User], block bool) error {
	switch {
	case !exists(user):
		return nil
	case block:
		user.V.BlockedBy++
	case user.V.BlockedBy > 0:
		user.V.BlockedBy--
	}
	return tx.PutUser(user.V)
}

// forgetBlocks ends all blocks by a user.
func forgetBlocks(tx *record.Txn, user string) error {
	b := tx.Batch()
	blocks := b.Blocks(user)
	if err := b.Run(); err != nil {
		return err
	}
	for _, m := range blocks.V {
		b := tx.Batch()
		other := b.User(m.User)
		if err := b.Run(); err != nil {
			return err
		}
		if err := countBlock(tx, other, false); err != nil {
			return err
		}
	}
	return tx.PutBlocks(user, nil)
}

// others are those with each of whom the caller is alone in the channel: one who is
// of it, beside whom and the caller it has no member. The caller need not be one:
// who may write without, as who created it and left, gets round no block. Another
// who is still invited is no third: who asks one in ends no block. So of several
// who are all invited each is such an other.
func (r *room) others(reader *record.Reader) ([]string, error) {
	if r.app || r.isPublic() {
		return nil, nil
	}
	creator := r.channel.CreatedBy
	if creator == string(r.user) || !r.countsCreator() {
		creator = ""
	}
	if r.isMember && r.channel.Members < 2 && creator == "" {
		return nil, nil
	}
	var joined, invited []string
	after := ""
	for {
		members, err := reader.Members(r.number, after, membersSlice)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			switch after = m.User; {
			case after == string(r.user):
			case m.Open():
				invited = append(invited, after)
			default:
				joined = append(joined, after)
			}
		}
		switch {
		case len(joined) > 1:
			return nil, nil
		case len(members) == membersSlice:
		case len(joined) == 1:
			return joined, nil
		case creator != "" && !slices.Contains(invited, creator):
			return append(invited, creator), nil
		default:
			return invited, nil
		}
	}
}

// belongs says whether the caller is of the channel: a member, or who created it.
func (r *room) belongs() bool {
	return r.isMember || r.channel.CreatedBy == string(r.user) && r.countsCreator()
}

// countsCreator says whether who created the channel is of it even if they are no
// member: they still read it.
func (r *room) countsCreator() bool {
	return slices.Contains(r.kind.Grants[RoleChannelCreator], ReadChannel)
}

// membersSlice is how many members are read at once to find out whether a channel
// is one-to-one: of most that are not, the first tell.
const membersSlice = 100

// isPublic says whether users read the channel without being members of it.
func (r *room) isPublic() bool {
	return slices.ContainsFunc([]Role{RoleUser, RoleGuest, RoleAnonymous}, func(role Role) bool {
		return slices.Contains(r.kind.Grants[role], ReadChannel)
	})
}

// readBlocked finds out whether the caller is blocked in their one-to-one channel.
// It takes no read of who is blocked by nobody.
func (r *room) readBlocked(reader *record.Reader) error {
	if r.userRecord.BlockedBy == 0 {
		return nil
	}
	others, err := r.others(reader)
	if err != nil {
		return err
	}
	b := reader.Batch()
	blocks := make([]*record.Value[codec.Mutes], len(others))
	for i, other := range others {
		blocks[i] = b.Blocks(other)
	}
	if err := b.Run(); err != nil {
		return err
	}
	r.blocked = slices.ContainsFunc(blocks, func(v *record.Value[codec.Mutes]) bool { return names(v.V, string(r.user)) })
	return nil
}

// blocks says whether the caller blocks another in their one-to-one channel.
func (r *room) blocks(reader *record.Reader) (bool, error) {
	if r.userRecord.Blocks == 0 || !r.belongs() {
		return false, nil
	}
	others, err := r.others(reader)
	if err != nil || len(others) == 0 {
		return false, err
	}
	b := reader.Batch()
	blocks := b.Blocks(string(r.user))
	err = b.Run()
	return slices.ContainsFunc(others, func(other string) bool { return names(blocks.V, other) }), err
}

func names(blocks codec.Mutes, user string) bool {
	return slices.ContainsFunc(blocks, func(m codec.Mute) bool { return m.User == user })
}

package chat

import (
	"context"
	"slices"
	"strings"
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
// members, others who are still invited aside, and that nobody reads without
// being a member: what the other sends there from then on is seen by the other
// alone, who is not told, as with a shadow ban, and by who may see all private
// messages, an admin who blocks among them; and ChannelState.Blocked says so
// to the user, whose devices are told of these channels by channel.updated.
// Nothing else changes, in these channels or elsewhere. Again it changes nothing.
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
		return s.tellBlock(tx, self.V, string(user))
	})
}

// tellBlock tells the user, on all their devices, of their channels with another
// alone: they show whether the other is blocked.
func (s *Session) tellBlock(tx *record.Txn, self codec.User, other string) error {
	owns, err := tx.UserChannels(string(s.user))
	if err != nil {
		return err
	}
	b := tx.Batch()
	settings := record.Settings[storedSettings](b)
	members := make([]*record.Value[codec.Member], len(owns))
	for i, own := range owns {
		members[i] = b.Member(own.Channel, other)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, own := range owns {
		if !own.Member || !members[i].Found {
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
	other, err := r.other(&tx.Reader)
	if err != nil || other != user || r.channel.DeletedAt != 0 {
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

// other is the other of the two members of the caller's one-to-one channel;
// empty in any other channel. Who is still invited is one of two, or does not
// count: a third who is asked in ends no block.
func (r *room) other(reader *record.Reader) (string, error) {
	if r.app || !r.isMember || r.channel.Members < 2 || r.isPublic() {
		return "", nil
	}
	invites := r.channel.Members > 2 // do not count
	if invites && r.member.Open() {
		return "", nil
	}
	others, after := []string(nil), ""
	for {
		members, err := reader.Members(r.number, after, membersSlice)
		if err != nil {
			return "", err
		}
		for _, m := range members {
			if after = m.User; after == string(r.user) || invites && m.Open() {
				continue
			}
			if others = append(others, m.User); len(others) > 1 {
				return "", nil
			}
		}
		if len(members) < membersSlice {
			return strings.Join(others, ""), nil
		}
	}
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

// readBlocked finds out whether the caller is blocked by the other of their
// one-to-one channel. It takes no read of who is blocked by nobody.
func (r *room) readBlocked(reader *record.Reader) (err error) {
	if r.userRecord.BlockedBy == 0 {
		return nil
	}
	other, err := r.other(reader)
	if err == nil && other != "" {
		r.blocked, err = blocksUser(reader, other, string(r.user))
	}
	return err
}

// blocks says whether the caller blocks the other of their one-to-one channel.
func (r *room) blocks(reader *record.Reader) (bool, error) {
	if r.userRecord.Blocks == 0 {
		return false, nil
	}
	other, err := r.other(reader)
	if err != nil || other == "" {
		return false, err
	}
	return blocksUser(reader, string(r.user), other)
}

func blocksUser(r *record.Reader, user, other string) (bool, error) {
	b := r.Batch()
	blocks := b.Blocks(user)
	err := b.Run()
	return slices.ContainsFunc(blocks.V, func(m codec.Mute) bool { return m.User == other }), err
}

package chat_test

import (
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// moderate leaves something of each kind that moderation keeps, for
// moderationDamages.
func (s *scenario) moderate(cid chat.CID) {
	s.t.Helper()
	s.check(s.As("ann").BlockUser(s.ctx, "john"))
	s.check(s.As("jane").BlockUser(s.ctx, "john"))
	s.check(s.As("ann").FlagUser(s.ctx, "john", "rude"))
	s.check(s.As("ann").FlagMessage(s.ctx, "m1", "rude"))
	s.check(s.ReviewUserFlags(s.ctx, "john", "fine", ""))
	s.check(errOf(s.CreateBlockList(s.ctx, chat.BlockList{Name: "words", Words: []string{"heck"}})))
	s.check(s.UpdateChannelType(s.ctx, "commerce", func(t *chat.ChannelType) error {
		t.BlockLists = []chat.BlockListUse{{List: "words", Action: chat.BlockFlag}}
		return nil
	}))
	s.ban(chat.BanDraft{User: "ann", CID: cid, Shadow: true})
	s.check(s.Unban(s.ctx, "ann", cid))
}

// moderationDamages are faults of what is kept of moderation.
func moderationDamages() []damage {
	banned := (&codec.Ban{At: 5, Shadow: true}).Encode(nil)
	return []damage{
		{"a user blocks another number than they do", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return changeUser(t, "ann", func(u *codec.User) { u.Blocks = 9 })
		}},
		{"who is blocked is not known to be", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return changeUser(t, "john", func(u *codec.User) { u.BlockedBy = 0 })
		}},
		{"whom a user blocks is lost", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.Delete(keys.Blocks("ann"))
		}},
		{"blocks by nobody", func(t storage.Txn, _ keys.Channel, _ int64) error {
			list := codec.Mutes{{User: "jane", MutedAt: 5}}
			return t.Put(keys.Blocks("nobody"), list.Encode(nil))
		}},
		{"a ban of nobody", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.Put(keys.Ban("nobody"), banned)
		}},
		{"a ban of nobody from a channel", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.Put(keys.BanIn(c, "nobody"), banned)
		}},
		{"the list of flags is lost", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.DeleteRange(storage.Prefix(keys.FlagsAt()))
		}},
		{"a flag is lost", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.Delete(keys.UserFlag("john", "ann"))
		}},
		{"a flag of a message is lost", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.DeleteRange(storage.Prefix(keys.FlagsAll(c)))
		}},
		{"the list of flags has one of another time", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.Put(keys.FlagAt(keys.FlagPlace{At: 5, User: "john", By: "ann"}), nil)
		}},
		{"a channel type uses a block list that there is not", func(t storage.Txn, _ keys.Channel, _ int64) error {
			return t.Delete(keys.BlockList("words"))
		}},
		{"when a user sent last in slow mode cannot be read", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.Put(keys.LastSend(c, "john"), []byte{1})
		}},
		{"nobody sent last in slow mode", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.Put(keys.LastSend(c, "nobody"), codec.EncodeTime(5))
		}},
	}
}

// wantModeration checks what moderate left, and that it can go on.
func (s *scenario) wantModeration(cid chat.CID) {
	s.t.Helper()
	flags, err := s.Flags(s.ctx, chat.FlagQuery{})
	s.check(err)
	for _, f := range flags.Items {
		if f.By.ID != "ann" || (f.Message == nil) != (f.Review != nil) {
			s.t.Errorf("a flag is %+v", f)
		}
	}
	blocked, err := s.As("jane").BlockedUsers(s.ctx)
	s.check(err)
	if len(blocked) != 1 || blocked[0].User.ID != "john" {
		s.t.Errorf("jane blocks %+v", blocked)
	}
	for _, cid := range []chat.CID{"", cid} {
		bans, err := s.Bans(s.ctx, chat.BanQuery{CID: cid})
		s.check(err)
		if len(bans.Items) > 0 {
			s.t.Errorf("banned from %q are %+v", cid, bans.Items)
		}
	}
	kind, err := s.ChannelType(s.ctx, "commerce")
	s.check(err)
	lists, err := s.BlockLists(s.ctx)
	s.check(err)
	for _, use := range kind.BlockLists {
		if !slices.ContainsFunc(lists, func(l chat.BlockList) bool { return l.Name == use.List }) {
			s.t.Errorf("commerce uses %q, of %+v", use.List, lists)
		}
	}
	s.check(errOf(s.SetCooldown(s.ctx, cid, time.Second)))
	s.check(errOf(s.As("john").Send(s.ctx, cid, chat.Draft{Text: "still here"})))
	s.check(errOf(s.SetCooldown(s.ctx, cid, 0)))
}

func changeUser(t storage.Txn, id string, change func(*codec.User)) error {
	raw, err := storage.Get(t, keys.User(id))
	if err != nil {
		return err
	}
	u, err := codec.DecodeUser(raw)
	if err != nil {
		return err
	}
	change(&u)
	return t.Put(keys.User(id), u.Encode(nil))
}

package chat

import (
	"context"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Mute is a user muted by another: what they send is not unread.
type Mute struct {
	User    User       `json:"user"`
	MutedAt time.Time  `json:"muted_at"`
	Expires *time.Time `json:"expires"` // nil: never
}

// MuteUser mutes a user for a time, or for good if it is 0: what they send is
// no longer unread. It needs mute-user. ErrInvalid for oneself or a user who
// does not exist, ErrLimit after Options.MaxMutes users.
func (s *Session) MuteUser(ctx context.Context, user UserID, lasting time.Duration) (err error) {
	const op = "MuteUser"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkUserID("user", user); err != nil {
		return in(op, err)
	}
	if err := checkDuration(lasting); err != nil {
		return in(op, err)
	}
	if user == s.user {
		return in(op, invalid("user", "is oneself"))
	}
	return s.changeMutes(ctx, op, user, codec.EventUserMuted, func(list codec.Mutes, at int64) (codec.Mutes, error) {
		mute := codec.Mute{User: string(user), MutedAt: at}
		if lasting > 0 {
			mute.Until = at + lasting.Microseconds()
		}
		list = append(without(list, user, at), mute)
		if most := s.app.options.MaxMutes; len(list) > most {
			return nil, fail(ErrLimit, "", "mutes %d users; at most %d", len(list)-1, most)
		}
		return list, nil
	})
}

// UnmuteUser ends the mute of a user. One who is not muted is no error, nor one
// who does not exist.
func (s *Session) UnmuteUser(ctx context.Context, user UserID) (err error) {
	const op = "UnmuteUser"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkUserID("user", user); err != nil {
		return in(op, err)
	}
	return s.changeMutes(ctx, op, user, codec.EventUserUnmuted, func(list codec.Mutes, at int64) (codec.Mutes, error) {
		return without(list, user, at), nil
	})
}

// without is the list less a user, if one is named, and what has expired.
func without(list codec.Mutes, user UserID, at int64) codec.Mutes {
	return slices.DeleteFunc(slices.Clone(list), func(m codec.Mute) bool {
		return m.User == string(user) || m.Until != 0 && m.Until <= at
	})
}

// checkDuration checks how long something is to last; 0 is for good.
func checkDuration(d time.Duration) error {
	if d < 0 || d > 0 && d < time.Microsecond {
		return invalid("duration", "is %v; must be positive, or 0 for good", d)
	}
	return nil
}

func (s *Session) changeMutes(ctx context.Context, op string, user UserID, kind codec.EventKind, change func(codec.Mutes, int64) (codec.Mutes, error)) error {
	return s.app.update(ctx, op, record.UserScope(string(s.user)), func(tx *record.Txn) error {
		b := tx.Batch()
		self := b.User(string(s.user))
		other := b.User(string(user))
		mutes := b.Mutes(string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), self); err != nil {
			return err
		}
		if kind == codec.EventUserMuted {
			may, err := grantedAnywhere(&tx.Reader, self.V.Role, MuteUser)
			if err != nil {
				return err
			}
			if !may {
				return fail(ErrPermission, "", "needs the permission %s", MuteUser)
			}
			if !exists(other) {
				return invalid("user", "user %q does not exist", user)
			}
		}
		list, err := change(mutes.V, now().UnixMicro())
		if err != nil {
			return err
		}
		if err := tx.PutMutes(string(s.user), list); err != nil {
			return err
		}
		return tx.TellUser(string(s.user), &codec.Event{Kind: kind, At: now().UnixMicro(), User: string(user), By: string(s.user)})
	})
}

// grantedAnywhere says whether a role may do what belongs to no channel: one
// type which grants it is enough.
func grantedAnywhere(r *record.Reader, role string, action Action) (bool, error) {
	types, err := record.Types[ChannelType](r)
	return slices.ContainsFunc(types, func(t *ChannelType) bool {
		return slices.Contains(t.Grants[Role(role)], action)
	}), err
}

// Mutes returns whom the user mutes now, in the order muted.
func (s *Session) Mutes(ctx context.Context) (_ []Mute, err error) {
	defer s.app.operation(&ctx, "Mutes").ended(&err)
	var list []Mute
	err = s.app.view(ctx, "Mutes", func(r *record.Reader) error {
		list = nil
		b := r.Batch()
		self := b.User(string(s.user))
		mutes := b.Mutes(string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), self); err != nil {
			return err
		}
		at := now().UnixMicro()
		people := r.People()
		b = r.Batch()
		for _, m := range mutes.V {
			people.Want(b, m.User)
		}
		if err := b.Run(); err != nil {
			return err
		}
		for _, m := range mutes.V {
			if m.Until == 0 || m.Until > at {
				list = append(list, Mute{shown(&people, m.User), moment(m.MutedAt), momentPtr(m.Until)})
			}
		}
		return nil
	})
	return list, err
}

// MuteChannel mutes a channel for the user for a time, or for good if it is 0:
// nothing in it is unread. It needs mute-channel, and membership.
func (s *Session) MuteChannel(ctx context.Context, cid CID, lasting time.Duration) (err error) {
	const op = "MuteChannel"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkDuration(lasting); err != nil {
		return in(op, err)
	}
	return s.changeOwn(ctx, op, cid, codec.Event{Kind: codec.EventChannelUpdated}, func(tx *record.Txn, r *room) error {
		if err := r.need(MuteChannel); err != nil {
			return err
		}
		if !r.kind.Mutes {
			return fail(ErrPermission, "", "mutes are off in this channel")
		}
		r.own.MutedUntil = never
		if lasting > 0 {
			r.own.MutedUntil = r.now + lasting.Microseconds()
		}
		return nil
	})
}

// UnmuteChannel ends the mute of a channel: what was sent meanwhile and not
// read is unread. ErrPermission for who is not a member.
func (s *Session) UnmuteChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "UnmuteChannel").ended(&err)
	return s.changeOwn(ctx, "UnmuteChannel", cid, codec.Event{Kind: codec.EventChannelUpdated}, func(_ *record.Txn, r *room) error {
		r.own.MutedUntil = 0
		return nil
	})
}

// HideChannel takes a channel out of the user's channel list until there is a
// new message in it that they can see. With clearHistory everything up to now
// is hidden from them for good. ErrPermission for who is not a member.
func (s *Session) HideChannel(ctx context.Context, cid CID, clearHistory bool) (err error) {
	defer s.app.operation(&ctx, "HideChannel").ended(&err)
	return s.changeOwn(ctx, "HideChannel", cid, codec.Event{Kind: codec.EventChannelHidden, Hard: clearHistory}, func(tx *record.Txn, r *room) error {
		b := tx.Batch()
		head := b.Head(r.number)
		if err := b.Run(); err != nil {
			return err
		}
		r.own.HiddenAt = max(head.V.Last, 1)
		if clearHistory {
			r.own.ClearedAt = max(r.own.ClearedAt, head.V.Last)
		}
		return nil
	})
}

// ShowChannel takes a hidden channel into the user's channel list again. What
// was cleared stays cleared. ErrPermission for who is not a member.
func (s *Session) ShowChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "ShowChannel").ended(&err)
	return s.changeOwn(ctx, "ShowChannel", cid, codec.Event{Kind: codec.EventChannelVisible}, func(_ *record.Txn, r *room) error {
		r.own.HiddenAt = 0
		return nil
	})
}

// changeOwn changes what a member has with a channel, of which they are told if
// it does change.
func (s *Session) changeOwn(ctx context.Context, op string, cid CID, event codec.Event, change func(*record.Txn, *room) error) error {
	return s.app.changeChannel(ctx, op, as(s.user), cid, "", nil, func(tx *record.Txn, r *room) error {
		if !r.isMember {
			return notMember(r)
		}
		was := *r.own
		if err := change(tx, r); err != nil || *r.own == was {
			return err
		}
		if err := tx.PutUserChannel(string(s.user), r.number, r.own); err != nil {
			return err
		}
		return r.tellUser(tx, string(s.user), event)
	})
}

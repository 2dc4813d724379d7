package chat

import (
	"context"
	"fmt"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// maxCooldown is the longest time between two messages of one user.
const maxCooldown = 120 * time.Second

// SetCooldown puts a channel into slow mode, or with 0 ends it: a user waits so
// long after one message until they send another, whole seconds from 1 to 120.
// Until then Send answers ErrCooldown, and its RetryAfter says for how long.
// Replies, pending messages and what a command posts count; edits, what is
// refused and the answer of a command to its author alone do not. What the
// application sends waits for nothing, nor does who may skip-cooldown. ErrInvalid
// for another time.
func (a *App) SetCooldown(ctx context.Context, cid CID, cooldown time.Duration) (_ Channel, err error) {
	defer a.operation(&ctx, "SetCooldown").ended(&err)
	return a.setCooldown(ctx, "SetCooldown", application, cid, cooldown)
}

// SetCooldown puts a channel into slow mode, or with 0 ends it; it needs
// update-channel. See [App.SetCooldown].
func (s *Session) SetCooldown(ctx context.Context, cid CID, cooldown time.Duration) (_ Channel, err error) {
	defer s.app.operation(&ctx, "SetCooldown").ended(&err)
	return s.app.setCooldown(ctx, "SetCooldown", as(s.user), cid, cooldown)
}

func (a *App) setCooldown(ctx context.Context, op string, c caller, cid CID, cooldown time.Duration) (Channel, error) {
	if cooldown < 0 || cooldown > maxCooldown || cooldown%time.Second != 0 {
		return Channel{}, in(op, invalid("cooldown", "is %v; must be whole seconds, 1 s to %v, or 0 to end it", cooldown, maxCooldown))
	}
	return a.editChannel(ctx, op, c, cid, UpdateChannel, nil, func(channel *codec.Channel) error {
		channel.Cooldown = uint64(cooldown / time.Second)
		return nil
	})
}

// slowed says whether the caller waits between two messages here.
func (r *room) slowed() bool {
	return r.channel.Cooldown > 0 && !r.app && !r.can(SkipCooldown)
}

// readCooldown reads when the caller sent last, where they wait between two
// messages.
func (r *room) readCooldown(reader *record.Reader) error {
	if !r.slowed() {
		return nil
	}
	b := reader.Batch()
	last := b.LastSend(r.number, string(r.user))
	if err := b.Run(); err != nil {
		return err
	}
	// A clock that was set back makes nobody wait.
	if last.Found && last.V <= r.now {
		r.waits = last.V + int64(r.channel.Cooldown)*time.Second.Microseconds()
	}
	return nil
}

// cools says whether the caller has to wait before they send; readCooldown was
// called.
func (r *room) cools() bool { return r.waits > r.now }

// cooldownUntil is until when the caller has to wait; nil if they need not.
func (r *room) cooldownUntil() *time.Time {
	if !r.cools() {
		return nil
	}
	return momentPtr(r.waits)
}

func (r *room) cooling() error {
	left := time.Duration(r.waits-r.now) * time.Microsecond
	return &Error{
		Kind: ErrCooldown, RetryAfter: left,
		Reason: fmt.Sprintf("channel %q is in slow mode; try again in %v", r.channel.CID, left),
	}
}

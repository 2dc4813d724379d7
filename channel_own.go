package chat

import (
	"context"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// PinChannel pins a channel for the user alone, until UnpinChannel: see
// [ChannelQuery.PinnedFirst] and the filter pinned. One that is pinned stays as
// it is. ErrPermission for who is not a member.
func (s *Session) PinChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "PinChannel").ended(&err)
	return s.mark(ctx, "PinChannel", cid, func(own *codec.UserChannel) *int64 { return &own.PinnedAt }, true)
}

// UnpinChannel ends PinChannel. ErrPermission for who is not a member.
func (s *Session) UnpinChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "UnpinChannel").ended(&err)
	return s.mark(ctx, "UnpinChannel", cid, func(own *codec.UserChannel) *int64 { return &own.PinnedAt }, false)
}

// ArchiveChannel archives a channel for the user alone, until UnarchiveChannel:
// new messages do not end it. It is still listed: the filter archived chooses.
// One that is archived stays as it is. ErrPermission for who is not a member.
func (s *Session) ArchiveChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "ArchiveChannel").ended(&err)
	return s.mark(ctx, "ArchiveChannel", cid, func(own *codec.UserChannel) *int64 { return &own.ArchivedAt }, true)
}

// UnarchiveChannel ends ArchiveChannel. ErrPermission for who is not a member.
func (s *Session) UnarchiveChannel(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "UnarchiveChannel").ended(&err)
	return s.mark(ctx, "UnarchiveChannel", cid, func(own *codec.UserChannel) *int64 { return &own.ArchivedAt }, false)
}

// mark sets or clears the time at which a member did something with a channel.
func (s *Session) mark(ctx context.Context, op string, cid CID, of func(*codec.UserChannel) *int64, set bool) error {
	return s.changeOwn(ctx, op, cid, codec.Event{Kind: codec.EventChannelUpdated}, func(_ *record.Txn, r *room) error {
		at := of(r.own)
		switch {
		case !set:
			*at = 0
		case *at == 0:
			*at = r.now
		}
		return nil
	})
}

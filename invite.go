package chat

import (
	"context"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// AcceptInvite accepts the invite to a channel: from then on the user has what
// their role as a member is granted, and nothing unread but what comes after.
// Accepting again, or where one was added without an invite, changes nothing.
// ErrPermission for who is not a member.
func (s *Session) AcceptInvite(ctx context.Context, cid CID) (err error) {
	const op = "AcceptInvite"
	defer s.app.operation(&ctx, op).ended(&err)
	return s.app.changeChannel(ctx, op, as(s.user), cid, "", nil, func(tx *record.Txn, r *room) error {
		switch {
		case !r.isMember:
			return notMember(r)
		case !r.member.Open():
			return nil
		}
		b := tx.Batch()
		head, base := b.Head(r.number), b.ThreadBase(r.number, string(r.user))
		if err := b.Run(); err != nil {
			return err
		}
		r.member.AcceptedAt, r.member.UpdatedAt = r.now, r.now
		if err := tx.PutMember(r.number, string(r.user), r.member); err != nil {
			return err
		}
		if err := tx.PutMark(r.number, string(r.user), codec.Mark{At: head.V.Last, ReadAt: r.now}); err != nil {
			return err
		}
		if err := tx.PutThreadBase(r.number, string(r.user), codec.ThreadBase{At: head.V.Last, Join: base.V.Join + 1}); err != nil {
			return err
		}
		if err := r.tell(tx, codec.Event{Kind: codec.EventMemberUpdated, User: string(r.user)}); err != nil {
			return err
		}
		return r.tellUser(tx, string(r.user), codec.Event{Kind: codec.EventInviteAccepted})
	})
}

// RejectInvite rejects the open invite to a channel: the user is no member any
// more, and can be invited again. It needs no grant. ErrPermission for who is
// not a member, ErrState for a member whose invite is not open: they leave with
// LeaveChannel.
func (s *Session) RejectInvite(ctx context.Context, cid CID) (err error) {
	const op = "RejectInvite"
	defer s.app.operation(&ctx, op).ended(&err)
	return s.app.changeChannel(ctx, op, as(s.user), cid, "", nil, func(tx *record.Txn, r *room) error {
		switch {
		case !r.isMember:
			return notMember(r)
		case !r.member.Open():
			return fail(ErrState, "", "user %q has no open invite to channel %q", r.user, r.channel.CID)
		}
		if err := r.tellUser(tx, string(r.user), codec.Event{Kind: codec.EventInviteRejected, CID: r.channel.CID}); err != nil {
			return err
		}
		return leave(tx, r, []string{string(r.user)})
	})
}

// invited says whether the caller's invite is open: they look at the channel,
// and are no more of it than that.
func (r *room) invited() bool { return r.isMember && r.member.Open() }

// joined says whether the caller takes part in the channel as a member.
func (r *room) joined() bool { return r.isMember && !r.member.Open() }

// memberGrants is what a membership grants: with an open invite no more than to
// look at the channel and to leave it.
func memberGrants(kind *ChannelType, m *codec.Member) []Action {
	granted := kind.Grants[Role(m.Role)]
	if !m.Open() {
		return granted
	}
	var list []Action
	for _, action := range granted {
		if action == ReadChannel || action == LeaveChannel {
			list = append(list, action)
		}
	}
	return list
}

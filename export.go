package chat

import (
	"context"
	"io"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// ExportProgress is how far an export has come.
type ExportProgress struct {
	Channels      int // looked through so far
	TotalChannels int // of so many that there were when it began, or more if it has passed these
	Messages      int // written so far
}

// ExportUser writes what is kept of one user as JSON Lines, each
// {"type": …, "data": …}, in this order:
//
//   - user: as in the JSON of a [User]
//   - mute: whom they mute (user_id, muted_at, expires)
//   - block: whom they block (user_id, blocked_at)
//   - ban: their ban from the whole application, with an empty cid
//   - flag: what they flagged (message_id or user_id, reason, created_at)
//   - member: their memberships (cid, role, custom, when they joined and were
//     invited, last_read, what they hid, muted, pinned, archived)
//
// and then, one channel after another:
//
//   - ban: their ban from it (cid, reason, created_at, expires)
//   - message: what they sent, private, pending, deleted and hidden messages
//     whole, with their custom data in custom; others are named by id alone.
//     Pending ones come first, then those of the channel's pages and then those
//     of its threads, one after another, each by time
//   - reaction: what they reacted (message_id, cid, type, score, created_at,
//     updated_at, custom), in the order of these messages
//   - pin: what they pinned (message_id, cid, pinned_at, expires)
//   - deleted_for_me: what they deleted for themselves (message_id, cid), in the
//     order in which it was sent
//
// Messages of others are no part of it, nor is what the user is not to know: a
// shadow ban, who flagged, mutes or blocks them. It reads all messages there are,
// a short transaction a slice; what changes meanwhile may be in it as it was or
// as it is. A slow writer holds up nothing. Progress, if not nil, is called after
// each slice. An export that was cut off, by its context or an error of the
// writer, which is found by [errors.Is], is begun anew. ErrNotFound if there is
// no such user, ErrDeleted if they are erased, also while it is written: what was
// written by then is to be thrown away.
func (a *App) ExportUser(ctx context.Context, id UserID, w io.Writer, progress func(ExportProgress)) (err error) {
	const op = "ExportUser"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("id", id); err != nil {
		return in(op, err)
	}
	if w == nil {
		return in(op, invalid("w", "is nil"))
	}
	e := &exporting{App: a, user: string(id), out: w, progress: progress}
	for _, part := range []func(context.Context) error{e.own, e.flags, e.members, e.channels, e.end} {
		if err := part(ctx); err != nil {
			return in(op, err)
		}
	}
	return nil
}

// exporting is the export of one user.
type exporting struct {
	*App
	user     string
	out      io.Writer
	progress func(ExportProgress)
	done     ExportProgress
}

// write writes a line. No transaction is open then.
func (e *exporting) write(kind string, data any) error {
	line, err := marshalPlain(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{kind, data})
	if err != nil {
		return err
	}
	if _, err := e.out.Write(append(line, '\n')); err != nil {
		return &Error{Field: "w", Reason: "the writer failed: " + err.Error(), Err: err}
	}
	return nil
}

// view is a short transaction, in which the user is there still.
func (e *exporting) view(ctx context.Context, fn func(*record.Reader) error) error {
	return e.App.view(ctx, "ExportUser", func(r *record.Reader) error {
		b := r.Batch()
		user := b.User(e.user)
		if err := b.Run(); err != nil {
			return err
		}
		if !user.Found {
			return notFound("user", UserID(e.user))
		}
		if err := unerased("id", &user.V); err != nil {
			return err
		}
		return fn(r)
	})
}

// end finds out whether the user is there when all is written.
func (e *exporting) end(ctx context.Context) error {
	return e.view(ctx, func(*record.Reader) error { return nil })
}

type exportedMute struct {
	User    UserID     `json:"user_id"`
	MutedAt timestamp  `json:"muted_at"`
	Expires *timestamp `json:"expires"`
}

type exportedBlock struct {
	User      UserID    `json:"user_id"`
	BlockedAt timestamp `json:"blocked_at"`
}

// own writes the user, whom they mute and block, and the ban from the
// application.
func (e *exporting) own(ctx context.Context) error {
	var user User
	var mutes, blocks codec.Mutes
	var ban *record.Value[codec.Ban]
	err := e.view(ctx, func(r *record.Reader) error {
		b := r.Batch()
		stored, muted, blocked := b.User(e.user), b.Mutes(e.user), b.Blocks(e.user)
		ban = b.Ban(record.Everywhere, e.user)
		if err := b.Run(); err != nil {
			return err
		}
		user, blocks = userFrom(&stored.V), blocked.V
		mutes = without(muted.V, "", now().UnixMicro())
		return nil
	})
	if err == nil {
		err = e.write("user", user)
	}
	for _, m := range mutes {
		if err == nil {
			err = e.write("mute", exportedMute{UserID(m.User), timestamp(moment(m.MutedAt)), (*timestamp)(momentPtr(m.Until))})
		}
	}
	for _, m := range blocks {
		if err == nil {
			err = e.write("block", exportedBlock{UserID(m.User), timestamp(moment(m.MutedAt))})
		}
	}
	if err == nil {
		err = e.writeBan("", ban)
	}
	return err
}

type exportedBan struct {
	CID       CID        `json:"cid"`
	Reason    string     `json:"reason"`
	CreatedAt timestamp  `json:"created_at"`
	Expires   *timestamp `json:"expires"`
}

// writeBan writes a ban, if there is one that they know of and that is not over.
func (e *exporting) writeBan(cid CID, ban *record.Value[codec.Ban]) error {
	b := &ban.V
	if !active(ban, now().UnixMicro()) || b.Shadow {
		return nil
	}
	return e.write("ban", exportedBan{cid, b.Reason, timestamp(moment(b.At)), (*timestamp)(momentPtr(b.Until))})
}

type exportedFlag struct {
	Message   MessageID `json:"message_id,omitempty"`
	User      UserID    `json:"user_id,omitempty"`
	Reason    string    `json:"reason"`
	CreatedAt timestamp `json:"created_at"`
}

// flags writes what the user flagged.
func (e *exporting) flags(ctx context.Context) error {
	return eachFlag(ctx, e.db, e.user, false, func(p record.FlagPlace, _ string) error {
		var flag *record.Value[codec.Flag]
		var channel *record.Value[codec.Channel]
		err := e.view(ctx, func(r *record.Reader) error {
			b := r.Batch()
			flag, channel = b.Flag(p), b.Channel(p.Channel)
			return b.Run()
		})
		if err != nil || !flag.Found {
			return err
		}
		if p.Channel != record.Everywhere && (!channel.Found || p.Message <= channel.V.PurgedAt) {
			return nil // of a message that is gone for good, if that is not swept yet
		}
		f := &flag.V
		return e.write("flag", exportedFlag{MessageID(f.MessageID), UserID(p.User), f.Reason, timestamp(moment(f.At))})
	})
}

type exportedMember struct {
	CID              CID        `json:"cid"`
	Role             Role       `json:"role"`
	CreatedAt        timestamp  `json:"created_at"`
	UpdatedAt        timestamp  `json:"updated_at"`
	InvitedAt        *timestamp `json:"invited_at,omitempty"`
	InviteAcceptedAt *timestamp `json:"invite_accepted_at,omitempty"`
	LastRead         *timestamp `json:"last_read,omitempty"`
	Hidden           bool       `json:"hidden,omitempty"`
	HistoryCleared   bool       `json:"history_cleared,omitempty"` // up to a message, perhaps one that they did not see
	Muted            bool       `json:"muted"`
	MuteExpires      *timestamp `json:"mute_expires,omitempty"`
	PinnedAt         *timestamp `json:"pinned_at,omitempty"`
	ArchivedAt       *timestamp `json:"archived_at,omitempty"`
	Custom           Custom     `json:"custom,omitempty"`
}

// members writes the user's memberships.
func (e *exporting) members(ctx context.Context) error {
	var owns []record.OwnChannel
	err := e.view(ctx, func(r *record.Reader) (err error) {
		owns, err = r.UserChannels(e.user)
		return err
	})
	if err != nil {
		return err
	}
	for _, own := range owns {
		var channel *record.Value[codec.Channel]
		var member *record.Value[codec.Member]
		var mark *record.Value[codec.Mark]
		hidden := false
		err := e.view(ctx, func(r *record.Reader) error {
			b := r.Batch()
			channel, member, mark = b.Channel(own.Channel), b.Member(own.Channel, e.user), b.Mark(own.Channel, e.user)
			err := b.Run()
			if err == nil && own.HiddenAt != 0 {
				hidden, err = e.hidden(r, own.Channel)
			}
			return err
		})
		if err != nil {
			return err
		}
		if !member.Found || channel.V.DeletedAt != 0 { // it ended with the channel, if that is not swept yet
			continue
		}
		at := func(micros int64) *timestamp { return (*timestamp)(momentPtr(micros)) }
		m := exportedMember{
			CID: CID(own.CID), Role: Role(member.V.Role),
			CreatedAt: timestamp(moment(member.V.JoinedAt)), UpdatedAt: timestamp(moment(member.V.UpdatedAt)),
			InvitedAt: at(member.V.InvitedAt), InviteAcceptedAt: at(member.V.AcceptedAt),
			Hidden: hidden, HistoryCleared: own.ClearedAt != 0, Muted: own.MutedUntil > now().UnixMicro(),
			PinnedAt: at(own.PinnedAt), ArchivedAt: at(own.ArchivedAt), Custom: decodeCustom(member.V.Custom),
		}
		if !member.V.Open() {
			m.LastRead = at(mark.V.ReadAt)
		}
		if m.Muted && own.MutedUntil != never {
			m.MuteExpires = at(own.MutedUntil)
		}
		if err := e.write("member", m); err != nil {
			return err
		}
	}
	return nil
}

// hidden says whether a channel that the user hid is hidden still.
func (e *exporting) hidden(r *record.Reader, c record.Channel) (bool, error) {
	b := r.Batch()
	user, settings := b.User(e.user), record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return false, err
	}
	read := &readState{}
	room, err := openRoomOf(r, as(UserID(e.user)), user.V, settings.V, c, more{second: read.alongside(UserID(e.user))})
	if err != nil {
		return false, err
	}
	if !room.readable() {
		return true, nil // they see no message that would show it again
	}
	read.room = room
	entry := listing{readState: read, number: c}
	return entry.hidden(r)
}

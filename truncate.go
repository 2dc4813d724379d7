package chat

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// TruncateChannel hides everything in a channel up to a time, from every read
// but OriginalMessage, or purges it. Pending messages up to then are deleted.
// Members stay. Nil options: all of it, hidden. ErrInvalid for a time that has
// not passed yet.
func (a *App) TruncateChannel(ctx context.Context, cid CID, o *TruncateOptions) (err error) {
	defer a.operation(&ctx, "TruncateChannel").ended(&err)
	return a.truncateChannel(ctx, "TruncateChannel", application, cid, o)
}

// TruncateChannel hides or purges everything in a channel up to a time; it
// needs truncate-channel, and create-system-message for a message. See
// [App.TruncateChannel].
func (s *Session) TruncateChannel(ctx context.Context, cid CID, o *TruncateOptions) (err error) {
	defer s.app.operation(&ctx, "TruncateChannel").ended(&err)
	return s.app.truncateChannel(ctx, "TruncateChannel", as(s.user), cid, o)
}

func (a *App) truncateChannel(ctx context.Context, op string, c caller, cid CID, o *TruncateOptions) error {
	if o == nil {
		o = &TruncateOptions{}
	}
	err := a.changeChannel(ctx, op, c, cid, TruncateChannel, o.Message, func(tx *record.Txn, r *room) error {
		b := tx.Batch()
		head := b.Head(r.number)
		if err := b.Run(); err != nil {
			return err
		}
		newest := max(r.now, head.V.Last, head.V.LastAside)
		until := newest
		if !o.Before.IsZero() {
			if until = clampTime(o.Before); until > newest {
				return invalid("before", "%v has not passed yet", o.Before)
			}
		}
		if until <= 0 {
			return nil
		}
		r.channel.TruncatedAt = max(r.channel.TruncatedAt, until)
		if o.Hard {
			r.channel.PurgedAt = max(r.channel.PurgedAt, until)
		}
		r.channel.UpdatedAt = max(r.now, r.channel.UpdatedAt)
		head.V.Floor = r.channel.TruncatedAt
		head.V.Last = max(head.V.Last, head.V.Floor)
		if err := tx.PutHead(r.number, &head.V); err != nil {
			return err
		}
		if err := tx.PutChannel(r.number, r.channel); err != nil {
			return err
		}
		if err := r.tell(tx, codec.Event{Kind: codec.EventChannelTruncated, Hard: o.Hard}); err != nil {
			return err
		}
		return addPurge(tx, string(cid), purge{Number: r.number, Until: until, OnlyPending: !o.Hard})
	})
	a.outbox.Wake()
	return err
}

// DeleteChannel deletes a channel. Soft: gone for users; the application still
// reads it, and its messages cannot be undeleted; making it again gives it
// empty. Hard: purged, with all its messages.
func (a *App) DeleteChannel(ctx context.Context, cid CID, mode DeleteMode) (err error) {
	defer a.operation(&ctx, "DeleteChannel").ended(&err)
	return a.deleteChannel(ctx, "DeleteChannel", application, cid, mode)
}

// DeleteChannel deletes a channel; it needs delete-channel. See
// [App.DeleteChannel].
func (s *Session) DeleteChannel(ctx context.Context, cid CID, mode DeleteMode) (err error) {
	defer s.app.operation(&ctx, "DeleteChannel").ended(&err)
	return s.app.deleteChannel(ctx, "DeleteChannel", as(s.user), cid, mode)
}

func (a *App) deleteChannel(ctx context.Context, op string, c caller, cid CID, mode DeleteMode) error {
	if err := checkCID("cid", cid); err != nil {
		return in(op, err)
	}
	if mode != DeleteSoft && mode != DeleteHard {
		return in(op, invalid("mode", "is %d; must be DeleteSoft or DeleteHard", mode))
	}
	err := a.update(ctx, op, record.ChannelScope(string(cid)), func(tx *record.Txn) error {
		r, err := openRoom(&tx.Reader, c, cid, more{})
		if err != nil {
			return err
		}
		if err := r.enter(); err != nil {
			return err
		}
		if err := r.need(DeleteChannel); err != nil {
			return err
		}
		if r.channel.DeletedAt != 0 && mode == DeleteSoft {
			return nil
		}
		gone := codec.Event{Kind: codec.EventChannelDeleted, Hard: mode == DeleteHard, CID: string(cid)}
		if r.channel.DeletedAt == 0 {
			err = r.tell(tx, gone)
		} else { // for users it is gone already: the application alone reads of it
			err = r.tellUser(tx, "", gone)
		}
		if err != nil {
			return err
		}
		r.channel.DeletedAt = max(r.channel.DeletedAt, r.now)
		if mode == DeleteHard {
			return purgeChannel(tx, r)
		}
		if err := tx.PutChannel(r.number, r.channel); err != nil {
			return err
		}
		return addPurge(tx, string(cid), purge{Number: r.number, Unlist: true})
	})
	a.outbox.Wake()
	return err
}

// purgeChannel hides a channel and its former lives for good, and has them
// erased.
func purgeChannel(tx *record.Txn, r *room) error {
	if err := tx.ForgetCID(r.channel.CID); err != nil {
		return err
	}
	number, channel := r.number, *r.channel
	for {
		channel.PurgedAt = never
		if err := tx.PutChannel(number, &channel); err != nil {
			return err
		}
		if err := addPurge(tx, channel.CID, purge{Number: number, Until: never - 1, Channel: true}); err != nil {
			return err
		}
		if channel.Former == 0 {
			return nil
		}
		number = record.Channel(channel.Former)
		b := tx.Batch()
		former := b.Channel(number)
		if err := b.Run(); err != nil || !former.Found {
			return err
		}
		channel = former.V
	}
}

// purge is what is to be erased in the background, slice by slice.
type purge struct {
	Number      record.Channel `json:"number"`
	Until       int64          `json:"until"`
	OnlyPending bool           `json:"only_pending,omitempty"`
	Unlist      bool           `json:"unlist,omitempty"`  // take the channel from its users' channels
	Channel     bool           `json:"channel,omitempty"` // erase the channel itself too
}

// purgeSlice is how much one transaction erases: little enough not to hold up
// senders.
const purgeSlice = 250

func addPurge(tx *record.Txn, cid string, work purge) error {
	payload, err := json.Marshal(work)
	if err != nil {
		return err
	}
	at := now().UnixMicro()
	return tx.AddTask(queuePurge, fmt.Sprint(uint64(work.Number)), codec.Task{
		Scope: record.ChannelScope(cid), Payload: string(payload), RecordedAt: at, Due: at,
	})
}

// purge erases one slice.
func (a *App) purge(ctx context.Context, job outbox.Job) error {
	var work purge
	if err := json.Unmarshal([]byte(job.Payload), &work); err != nil {
		return err
	}
	left := false
	err := a.db.Update(ctx, job.Scope, func(tx *record.Txn) (err error) {
		left, err = a.purgeNext(tx, work)
		return err
	})
	if err == nil && left {
		return outbox.ErrAgain
	}
	return err
}

func (a *App) purgeNext(tx *record.Txn, work purge) (left bool, err error) {
	b := tx.Batch()
	channel := b.Channel(work.Number)
	if err := b.Run(); err != nil {
		return false, err
	}
	if channel.Found && !work.Unlist {
		left, err := tx.PurgeUntil(work.Number, work.Until, work.OnlyPending, purgeSlice, func(m *codec.Message) error {
			if !m.Pending {
				return cancelPinEnd(tx, work.Number, m)
			}
			return a.pendingErased(tx, work.Number, channel.V.CID, m)
		})
		if err != nil || left {
			return left, err
		}
		if !work.OnlyPending {
			if left, err = tx.PurgeThreads(work.Number, work.Until, purgeSlice); err != nil || left {
				return left, err
			}
		}
		left, err = tx.PurgeEphemerals(work.Number, work.Until, purgeSlice, func(id string) error {
			return tx.CancelTasks(queueEphemeral, ephemeralSubject(work.Number, id))
		})
		if err != nil || left {
			return left, err
		}
	}
	if work.Unlist || work.Channel {
		// Whoever has not read of it in the channel's log has to find it there.
		gone := codec.Event{
			Kind: codec.EventChannelDeleted, Copy: true, At: now().UnixMicro(), Channel: uint64(work.Number), Hard: work.Channel,
			CID: channel.V.CID,
		}
		left, err := tx.UnlistChannel(work.Number, purgeSlice, &gone)
		if err != nil || left {
			return left, err
		}
	}
	if work.Channel {
		roles, err := openTo(channel.V.Overrides)
		if err != nil {
			return false, err
		}
		if err := tx.SetOpenTo(work.Number, roles, nil); err != nil {
			return false, err
		}
		return tx.PurgeChannel(work.Number, purgeSlice)
	}
	return false, nil
}

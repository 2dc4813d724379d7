package chat

import (
	"context"
	"fmt"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// The queues of durable work.
const (
	queueExpiry   = "expiry"   // subject: a pending message; payload: its id; due: the time sent, and the timeout later
	queueCallback = "callback" // subject: a pending message; payload: a told; it is posted
	queueTold     = "told"     // the same; Options.Pending is called
	queuePurge    = "purge"    // subject: a channel; payload: a purge

	queueErase     = "erase"     // subject: a user who is erased
	queueBan       = "ban"       // subject: a channel, or 0, and a user; payload: the user; due: the end of the ban
	queuePin       = "pin"       // subject: a message; payload: its id; due: the end of its pin
	queueEphemeral = "ephemeral" // subject: a channel and an id; payload: the id; due: the end of the message
)

func (a *App) queues() []outbox.Queue {
	return []outbox.Queue{
		{Name: queueExpiry, Run: a.expire, Delay: func(r *record.Reader) (time.Duration, error) {
			s, err := loadSettings(r)
			if err != nil {
				return 0, err
			}
			return s.timeout(), nil
		}},
		{Name: queueCallback, Run: a.post, GiveUpAfter: a.options.PendingGiveUp, Keep: keepTold, Runners: postsAtOnce},
		{Name: queuePush, Run: a.push, GiveUpAfter: a.options.PushGiveUp, Keep: keepPush, Runners: pushesAtOnce},
		{Name: queueTold, Run: a.tell, GiveUpAfter: a.options.PendingGiveUp, Keep: keepTold},
		{Name: queuePurge, Run: a.purge},
		{Name: queueBan, Run: a.endBan},
		{Name: queuePin, Run: a.endPin},
		{Name: queueErase, Run: a.erase},
		{Name: queueBanned, Run: a.deleteBanned, Runners: 1},
		{Name: queueEphemeral, Run: a.expireEphemeral},
		a.latePreviews(),
		{Name: queueEvents, Run: a.trimEvents},
		{Name: queueHandler, Run: a.deliverEvents(queueHandler)},
		{Name: queueWebhook, Run: a.deliverEvents(queueWebhook)},
	}
}

// storePending stores a message that awaits commit, with the work of expiring
// it and of telling the application.
func (a *App) storePending(tx *record.Txn, r *room, h *codec.Head, m *codec.Message) error {
	stampAside(h, m)
	if err := tx.InsertMessage(r.number, record.Counts{Head: h}, m); err != nil {
		return err
	}
	if err := tx.PutHead(r.number, h); err != nil {
		return err
	}
	if err := addExpiry(tx, r.number, r.channel.CID, m); err != nil {
		return err
	}
	if err := tellMessage(tx, codec.EventMessagePending, r.number, m, ""); err != nil {
		return err
	}
	return a.recordTold(tx, toldSent, r.number, r.channel.CID, m)
}

// messageSubject names a message in the queues: ids may be too long.
func messageSubject(number record.Channel, sent int64) string {
	return fmt.Sprintf("%d %d", number, sent)
}

// addExpiry records that a pending message is to expire.
func addExpiry(tx *record.Txn, number record.Channel, cid string, m *codec.Message) error {
	return tx.AddTask(queueExpiry, messageSubject(number, m.CreatedAt), codec.Task{
		Scope: record.ChannelScope(cid), Payload: m.ID, RecordedAt: m.CreatedAt, Due: m.CreatedAt,
	})
}

// erasePending deletes a pending message for good and has the application told.
func (a *App) erasePending(tx *record.Txn, number record.Channel, cid string, m *codec.Message) error {
	if err := tx.EraseMessage(number, m); err != nil {
		return err
	}
	return a.pendingErased(tx, number, cid, m)
}

// pendingErased ends the work of expiring a message that was erased, and has
// the application told.
func (a *App) pendingErased(tx *record.Txn, number record.Channel, cid string, m *codec.Message) error {
	if m.DeletedAt == 0 {
		m.DeletedAt = now().UnixMicro()
	}
	if err := tx.CancelTasks(queueExpiry, messageSubject(number, m.CreatedAt)); err != nil {
		return err
	}
	if err := tellErased(tx, number, m, ""); err != nil {
		return err
	}
	return a.recordTold(tx, toldDeleted, number, cid, m)
}

// expire deletes a pending message that is overdue. By now it may be committed
// or deleted, or have more time.
func (a *App) expire(ctx context.Context, job outbox.Job) error {
	return a.db.Update(ctx, job.Scope, func(tx *record.Txn) error {
		f, err := findPending(&tx.Reader, MessageID(job.Payload))
		if err != nil || f == nil || !f.room.expired(f.message) {
			return err
		}
		return a.erasePending(tx, f.room.number, f.room.channel.CID, f.message)
	})
}

// findPending finds a message that lies among the pending ones, overdue or not;
// nil if it does not.
func findPending(r *record.Reader, id MessageID) (*found, error) {
	f, err := findStored(r, id)
	if err != nil || f == nil || !f.message.Pending {
		return nil, err
	}
	return f, nil
}

// findStored finds a message wherever it lies, seen by anyone or not; nil if it
// lies nowhere.
func findStored(r *record.Reader, id MessageID) (*found, error) {
	b := r.Batch()
	place := b.Place(string(id))
	settings := record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return nil, err
	}
	if !place.Found || place.V.Kind == codec.PlaceGone {
		return nil, nil
	}
	var m *record.Value[codec.Message]
	room, err := openRoomOf(r, application, codec.User{}, settings.V, record.Channel(place.V.Channel), more{
		second: func(b *record.Batch, _ record.Channel) { m = b.Message(place.V) },
	})
	if err != nil || !m.Found {
		return nil, err
	}
	return &found{room: room, message: &m.V, sight: whole}, nil
}

// CommitMessage makes a pending message visible to its whole audience. It keeps
// its id; CreatedAt becomes the time of the commit, SentAt keeps that of the
// send. ErrNotPending for a message that was pending once, or never was;
// ErrNotFound for an id never known; ErrChannelDeleted and ErrFrozen leave it
// pending.
func (a *App) CommitMessage(ctx context.Context, id MessageID) (_ Message, err error) {
	const op = "CommitMessage"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkMessageID("id", id); err != nil {
		return Message{}, in(op, err)
	}
	scope, err := a.scopeOfPending(ctx, op, id)
	if err != nil {
		return Message{}, err
	}
	var committed Message
	pushes := false
	err = a.update(ctx, op, scope, func(tx *record.Txn) error {
		f, err := findPending(&tx.Reader, id)
		if err != nil {
			return err
		}
		if f == nil || f.room.sees(f.message) == unseen {
			return notPending(id)
		}
		if f.room.channel.DeletedAt != 0 {
			return fail(ErrChannelDeleted, "", "channel %q is deleted", f.room.channel.CID)
		}
		if f.room.channel.Frozen {
			return fail(ErrFrozen, "", "channel %q is frozen", f.room.channel.CID)
		}
		if err := commit(tx, f); err != nil {
			return err
		}
		if pushes, err = a.recordPush(tx, f.room, f.message); err != nil {
			return err
		}
		committed, err = f.room.render(&tx.Reader, f.message, whole)
		return err
	})
	if err == nil && pushes {
		a.outbox.Wake(queuePush)
	}
	return committed, err
}

func notPending(id MessageID) error {
	return fail(ErrNotPending, "id", "message %q is not pending", id)
}

// scopeOfPending is the scope of the channel in which a message is pending.
func (a *App) scopeOfPending(ctx context.Context, op string, id MessageID) (scope string, err error) {
	err = a.view(ctx, op, func(r *record.Reader) error {
		b := r.Batch()
		place := b.Place(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !holdsMessage(place) && !place.V.Once {
			return notFound("message", id)
		}
		if place.V.Kind == codec.PlaceGone {
			return notPending(id)
		}
		b = r.Batch()
		channel := b.Channel(record.Channel(place.V.Channel))
		if err := b.Run(); err != nil {
			return err
		}
		if place.V.At <= channel.V.PurgedAt && !place.V.Once {
			return notFound("message", id) // being erased
		}
		if place.V.Kind != codec.PlacePending {
			return notPending(id)
		}
		scope = record.ChannelScope(channel.V.CID)
		return nil
	})
	return scope, err
}

// commit moves a message from among the pending ones to where it is seen.
func commit(tx *record.Txn, f *found) error {
	number, m := f.room.number, f.message
	if err := tx.UnplaceMessage(number, m); err != nil {
		return err
	}
	if err := tx.CancelTasks(queueExpiry, messageSubject(number, m.CreatedAt)); err != nil {
		return err
	}
	b := tx.Batch()
	head := b.Head(number)
	if err := b.Run(); err != nil {
		return err
	}
	m.SentAt, m.Pending, m.Metadata = m.CreatedAt, false, nil
	head.V.Last = max(head.V.Last, m.SentAt) // committed after it was sent, whatever the clock does
	stamp(&head.V, m)
	if err := tx.CommitMessage(number, record.Counts{Head: &head.V}, m); err != nil {
		return err
	}
	if err := tx.PutHead(number, &head.V); err != nil {
		return err
	}
	if err := tellMessage(tx, codec.EventMessageNew, number, m, ""); err != nil || m.ParentID == "" {
		return err
	}
	return tellReply(tx, number, m)
}

// PendingQuery asks for pending messages.
type PendingQuery struct {
	CID   CID // empty: of all channels
	Limit int // default 25, at most 300
	Page  PageToken
}

// PendingMessages returns pending messages of one channel or all, oldest first.
// The list is read forwards: Prev is always empty.
func (a *App) PendingMessages(ctx context.Context, q PendingQuery) (_ Page[Message], err error) {
	const op = "PendingMessages"
	defer a.operation(&ctx, op).ended(&err)
	var page Page[Message]
	err = checkLimit("limit", &q.Limit, standardPendingLimit, maxPage)
	var sent, number, tokenOf int64
	if err == nil && q.CID != "" {
		err = checkCID("cid", q.CID)
	}
	if err == nil && q.Page != "" {
		err = q.Page.decodeNumbers(tokenPending, &sent, &number, &tokenOf)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		settings, err := loadSettings(r)
		if err != nil {
			return err
		}
		after := record.PendingPlace{SentAt: sent, Channel: record.Channel(number)}
		if expiry := now().UnixMicro() - settings.timeout().Microseconds(); expiry > after.SentAt {
			after = record.PendingPlace{SentAt: expiry, Channel: ^record.Channel(0)}
		}
		var only *room
		of := int64(0) // all channels
		if q.CID != "" {
			if only, err = openRoom(r, application, q.CID, more{}); err != nil {
				return err
			}
			of = int64(only.number)
		}
		if q.Page != "" && tokenOf != of {
			return otherChannel()
		}
		var list []found
		if only != nil {
			list, err = pendingOfRoom(r, only, after.SentAt, q.Limit+1)
		} else {
			list, err = pendingOfAll(r, settings, after, q.Limit+1)
		}
		if err != nil {
			return err
		}
		if len(list) > q.Limit {
			list = list[:q.Limit]
			last := list[q.Limit-1]
			page.Next = encodeToken(tokenPending, last.message.CreatedAt, int64(last.room.number), of)
		}
		page.Items, err = render(r, list)
		return err
	})
	return page, err
}

func pendingOfRoom(r *record.Reader, room *room, after int64, limit int) ([]found, error) {
	messages, err := r.PendingOf(room.number, max(after, room.floor()), limit)
	if err != nil {
		return nil, err
	}
	list := make([]found, len(messages))
	for i := range messages {
		list[i] = found{room: room, message: &messages[i], sight: whole}
	}
	return list, nil
}

func pendingOfAll(r *record.Reader, settings *storedSettings, after record.PendingPlace, limit int) ([]found, error) {
	var list []found
	rooms := map[record.Channel]*room{}
	for len(list) < limit {
		places, err := r.PendingAll(after, limit-len(list))
		if err != nil || len(places) == 0 {
			return list, err
		}
		after = places[len(places)-1]
		for _, p := range places {
			room := rooms[p.Channel]
			if room == nil {
				if room, err = openRoomOf(r, application, codec.User{}, settings, p.Channel, more{}); err != nil {
					return nil, err
				}
				rooms[p.Channel] = room
			}
			messages, err := r.MessagesAt([]codec.Place{{Kind: codec.PlacePending, Channel: uint64(p.Channel), At: p.SentAt}})
			if err != nil {
				return nil, err
			}
			for i := range messages {
				if room.sees(&messages[i]) != unseen {
					list = append(list, found{room: room, message: &messages[i], sight: whole})
				}
			}
		}
	}
	return list, nil
}

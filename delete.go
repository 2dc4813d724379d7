package chat

import (
	"cmp"
	"context"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// DeleteMessage deletes a message for everyone, in the name of by: a user who
// exists and is active, or empty. DeleteSoft leaves a placeholder and can be undone with
// UndeleteMessage; doing it again changes nothing. DeleteHard deletes the
// message and its replies for good; a pending message can be deleted only so
// (ErrPending otherwise). The message is returned as it reads afterwards; a
// hard-deleted one as a placeholder.
func (a *App) DeleteMessage(ctx context.Context, id MessageID, mode DeleteMode, by UserID) (_ Message, err error) {
	const op = "DeleteMessage"
	defer a.operation(&ctx, op).ended(&err)
	if by != "" {
		if err := checkUserID("by", by); err != nil {
			return Message{}, in(op, err)
		}
	}
	return a.deleteMessage(ctx, op, application, id, mode, by)
}

// DeleteMessage deletes a message for everyone: one's own with
// delete-message-own, others' with delete-message. See [App.DeleteMessage].
func (s *Session) DeleteMessage(ctx context.Context, id MessageID, mode DeleteMode) (_ Message, err error) {
	defer s.app.operation(&ctx, "DeleteMessage").ended(&err)
	return s.app.deleteMessage(ctx, "DeleteMessage", as(s.user), id, mode, "")
}

func (a *App) deleteMessage(ctx context.Context, op string, c caller, id MessageID, mode DeleteMode, by UserID) (Message, error) {
	if mode != DeleteSoft && mode != DeleteHard {
		return Message{}, in(op, invalid("mode", "is %d; must be DeleteSoft or DeleteHard", mode))
	}
	var deleted Message
	var hadPending bool
	err := a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := mayChange(f, DeleteMessageOwn, DeleteMessage); err != nil {
			return err
		}
		if by != "" {
			b := tx.Batch()
			user := b.User(string(by))
			if err := b.Run(); err != nil {
				return err
			}
			if err := checkUser("by", by, user); err != nil {
				return err
			}
		}
		if f.message.Pending && mode == DeleteSoft {
			return fail(ErrPending, "mode", "message %q is pending; it can only be deleted with DeleteHard", id)
		}
		var err error
		if mode == DeleteSoft {
			err = softDelete(tx, f, cmp.Or(by, c.user))
		} else {
			hadPending, err = a.hardDelete(tx, f, cmp.Or(by, c.user))
		}
		if err != nil {
			return err
		}
		deleted, err = f.room.render(&tx.Reader, f.message, placeholder)
		return err
	})
	if hadPending {
		a.outbox.Wake()
	}
	return deleted, err
}

// mayChange is an error unless the caller may change the message: their own
// with one action, others' with another. The author of a pending message may
// always.
func mayChange(f *found, own, others Action) error {
	mine := f.message.Author == string(f.room.user)
	if mine && f.message.Pending {
		return f.room.unbanned(own)
	}
	return mayUndo(f.room, mine, own, others)
}

// mayUndo is an error unless the caller may do to their own what one action is
// for, to what is others' what another is.
func mayUndo(r *room, mine bool, own, others Action) error {
	switch {
	case mine && r.can(own):
		return r.unbanned(own)
	case r.can(others):
		return r.unbanned(others)
	case mine:
		return denied(own)
	}
	return denied(others)
}

func softDelete(tx *record.Txn, f *found, by UserID) error {
	m := f.message
	if m.DeletedAt != 0 {
		return nil
	}
	m.DeletedAt = f.room.now
	if m.PinnedAt != 0 {
		if err := setPin(tx, f, 0, 0, ""); err != nil {
			return err
		}
	}
	if err := tx.DiscountMessage(f.room.number, m); err != nil {
		return err
	}
	if err := tx.ReplaceMessage(f.room.number, m); err != nil {
		return err
	}
	return tellMessage(tx, codec.EventMessageDeleted, f.room.number, m, string(by))
}

// hardDelete deletes a message and all its replies, and says whether a pending
// one was among them. One event tells of them all, but for the pending ones,
// each of which is its author's alone.
func (a *App) hardDelete(tx *record.Txn, f *found, by UserID) (hadPending bool, err error) {
	number, cid := f.room.number, f.room.channel.CID
	f.message.DeletedAt = max(f.message.DeletedAt, f.room.now)
	list := []codec.Message{*f.message}
	if f.message.ParentID == "" && !f.message.Pending {
		replies, err := tx.Replies(number, f.message.CreatedAt)
		if err != nil {
			return false, err
		}
		list = append(list, replies...)
	}
	for i := range list {
		m := &list[i]
		if m.Pending {
			hadPending = true
			if err := a.erasePending(tx, number, cid, m); err != nil {
				return false, err
			}
			continue
		}
		if err := tx.DiscountMessage(number, m); err != nil {
			return false, err
		}
		if err := cancelPinEnd(tx, number, m); err != nil {
			return false, err
		}
		if err := tx.EraseMessage(number, m); err != nil {
			return false, err
		}
	}
	if !f.message.Pending {
		err = tellThreadErased(tx, number, f.message, list[1:], string(by))
	}
	return hadPending, err
}

// DeleteMessageForMe hides the text of a message one can see from oneself
// alone: it reads as a placeholder, with DeletedForMe, everywhere. Doing it
// again changes nothing. ErrPending for one's own pending message, ErrLimit
// after Options.MaxDeletedForMe messages of one channel.
func (s *Session) DeleteMessageForMe(ctx context.Context, id MessageID) (err error) {
	defer s.app.operation(&ctx, "DeleteMessageForMe").ended(&err)
	limit := s.app.options.MaxDeletedForMe
	return s.app.changeMessage(ctx, "DeleteMessageForMe", as(s.user), id, func(tx *record.Txn, f *found) error {
		if f.message.Pending {
			return fail(ErrPending, "id", "message %q is pending", id)
		}
		if f.room.forMe.Has(f.message.CreatedAt) {
			return nil
		}
		list := f.room.forMe
		if len(list) >= limit {
			var err error
			if list, err = stillThere(tx, f.room); err != nil {
				return err
			}
		}
		if len(list) >= limit {
			return fail(ErrLimit, "", "has %d messages of this channel deleted for themselves; at most %d", len(list), limit)
		}
		list = list.With(forMeEntry(f.message))
		if err := tx.PutForMe(f.room.number, string(s.user), list); err != nil {
			return err
		}
		e := messageEvent(codec.EventMessageForMe, f.room.number, f.message, "")
		return tx.TellUser(string(s.user), &e)
	})
}

func forMeEntry(m *codec.Message) codec.ForMeEntry {
	e := codec.ForMeEntry{At: m.CreatedAt}
	if p := record.PlaceOf(0, m); p.Kind == codec.PlaceReply {
		e.Parent = p.Parent
	}
	return e
}

// stillThere is what of a caller's deletions for themselves leads to a message
// that exists: a hard delete frees its place in the list.
func stillThere(tx *record.Txn, r *room) (codec.ForMe, error) {
	messages, err := forMeMessages(&tx.Reader, r.number, r.forMe, r.channel.PurgedAt)
	if err != nil {
		return nil, err
	}
	var list codec.ForMe
	for i := range messages {
		list = list.With(forMeEntry(&messages[i]))
	}
	return list, nil
}

// forMeMessages reads what a user deleted for themselves of what came after a
// time and still exists.
func forMeMessages(reader *record.Reader, c record.Channel, list codec.ForMe, after int64) ([]codec.Message, error) {
	var places []codec.Place
	for _, e := range list {
		if e.At <= after {
			continue
		}
		p := codec.Place{Kind: codec.PlacePrivate, Channel: uint64(c), At: e.At, Parent: e.Parent}
		places = append(places, p)
		if p.Kind = codec.PlaceTimeline; e.Parent != 0 {
			p.Kind = codec.PlaceReply
		}
		places = append(places, p)
	}
	return reader.MessagesAt(places)
}

// OriginalMessage returns a message with its text and all, soft-deleted or not,
// hidden by truncating or not. ErrNotFound once it is hard-deleted.
func (a *App) OriginalMessage(ctx context.Context, id MessageID) (_ Message, err error) {
	const op = "OriginalMessage"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkMessageID("id", id); err != nil {
		return Message{}, in(op, err)
	}
	var original Message
	err = a.view(ctx, op, func(r *record.Reader) error {
		b := r.Batch()
		place := b.Place(string(id))
		settings := record.Settings[storedSettings](b)
		if err := b.Run(); err != nil {
			return err
		}
		if !holdsMessage(place) {
			return notFound("message", id)
		}
		var m *record.Value[codec.Message]
		room, err := openRoomOf(r, application, codec.User{}, settings.V, record.Channel(place.V.Channel), more{
			second: func(b *record.Batch, _ record.Channel) { m = b.Message(place.V) },
		})
		if err != nil {
			return err
		}
		if !m.Found || m.V.CreatedAt <= room.channel.PurgedAt || m.V.Pending && room.sees(&m.V) == unseen {
			return notFound("message", id)
		}
		original, err = room.render(r, &m.V, whole)
		return err
	})
	return original, err
}

// UndeleteMessage undoes a soft delete, in the name of by, who must exist and be
// active. Text, type, counts and order come back; pins do not. ErrNotDeleted,
// ErrChannelDeleted, ErrParentDeleted; ErrNotFound for what is hard-deleted or
// truncated.
func (a *App) UndeleteMessage(ctx context.Context, id MessageID, by UserID) (_ Message, err error) {
	const op = "UndeleteMessage"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("by", by); err != nil {
		return Message{}, in(op, err)
	}
	var restored Message
	err = a.changeMessage(ctx, op, application, id, func(tx *record.Txn, f *found) error {
		m := f.message
		b := tx.Batch()
		user := b.User(string(by))
		parent := &record.Value[codec.Place]{}
		if m.ParentID != "" {
			parent = b.Place(m.ParentID)
		}
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkUser("by", by, user); err != nil {
			return err
		}
		switch {
		case m.Pending:
			return fail(ErrPending, "id", "message %q is pending", id)
		case m.DeletedAt == 0:
			return fail(ErrNotDeleted, "id", "message %q is not deleted", id)
		}
		if err := f.room.change(); err != nil {
			return err
		}
		if err := checkParentThere(tx, f, parent); err != nil {
			return err
		}
		m.DeletedAt = 0
		if err := tx.CountMessage(f.room.number, m); err != nil {
			return err
		}
		if err := tx.ReplaceMessage(f.room.number, m); err != nil {
			return err
		}
		if err := tellMessage(tx, codec.EventMessageUndeleted, f.room.number, m, string(by)); err != nil {
			return err
		}
		var err error
		restored, err = f.room.render(&tx.Reader, m, whole)
		return err
	})
	return restored, err
}

func checkParentThere(tx *record.Txn, f *found, parent *record.Value[codec.Place]) error {
	if f.message.ParentID == "" {
		return nil
	}
	b := tx.Batch()
	m := inRoom(b, f.room.number, parent)
	if err := b.Run(); err != nil {
		return err
	}
	if !m.Found || f.room.sees(&m.V) != whole {
		return fail(ErrParentDeleted, "", "the parent %q of message %q is deleted", f.message.ParentID, f.message.ID)
	}
	return nil
}

// changeMessage changes a message that the caller can see, under the scope of
// its channel. ErrNotFound otherwise.
func (a *App) changeMessage(ctx context.Context, op string, c caller, id MessageID, fn func(*record.Txn, *found) error) error {
	scope, err := a.scopeOf(ctx, op, c, id, nil)
	if err != nil {
		return err
	}
	return a.changeIn(ctx, op, scope, c, id, fn)
}

// scopeOf is the scope of the channel in which the caller finds a message. Look,
// if given, is called with it.
func (a *App) scopeOf(ctx context.Context, op string, c caller, id MessageID, look func(*record.Reader, *found) error) (scope string, err error) {
	if err := checkMessageID("id", id); err != nil {
		return "", in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		f, err := find(r, c, id)
		if err != nil {
			return err
		}
		scope = record.ChannelScope(f.room.channel.CID)
		if look == nil {
			return nil
		}
		return look(r, f)
	})
	return scope, err
}

// changeIn calls fn, in a transaction, with a message as the caller finds it in
// a channel.
func (a *App) changeIn(ctx context.Context, op, scope string, c caller, id MessageID, fn func(*record.Txn, *found) error) error {
	return a.update(ctx, op, scope, func(tx *record.Txn) error {
		f, err := find(&tx.Reader, c, id)
		if err != nil {
			return err
		}
		return fn(tx, f)
	})
}

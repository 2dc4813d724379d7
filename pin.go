package chat

import (
	"context"
	"math"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// PinQuery asks for pinned messages.
type PinQuery struct {
	Limit int // default 25, at most 300
	Page  PageToken
}

// PinMessage pins a message, in the name of by: a user who exists and is active,
// or empty. See [Session.PinMessage].
func (a *App) PinMessage(ctx context.Context, id MessageID, by UserID, expires time.Time) (_ Message, err error) {
	const op = "PinMessage"
	defer a.operation(&ctx, op).ended(&err)
	if by != "" {
		if err := checkUserID("by", by); err != nil {
			return Message{}, in(op, err)
		}
	}
	return a.pin(ctx, op, application, id, by, expires)
}

// PinMessage pins a message in its channel until a time, cut to microseconds;
// the zero time is for good. It needs pin-message. A pin replaces the one that
// there is, and becomes the newest. It ends by the clock, at once; what is left
// of it is removed in the background. Deleting a message unpins it.
//
// ErrNotFound for a message that the user cannot see, ErrRestricted for a
// private one, ErrPending for their own pending one, ErrDeleted for one that
// reads as deleted; ErrInvalid for a time that has passed.
func (s *Session) PinMessage(ctx context.Context, id MessageID, expires time.Time) (_ Message, err error) {
	defer s.app.operation(&ctx, "PinMessage").ended(&err)
	return s.app.pin(ctx, "PinMessage", as(s.user), id, s.user, expires)
}

// UnpinMessage unpins a message. One that is not pinned is no error. See
// [Session.PinMessage].
func (a *App) UnpinMessage(ctx context.Context, id MessageID) (_ Message, err error) {
	defer a.operation(&ctx, "UnpinMessage").ended(&err)
	return a.unpin(ctx, "UnpinMessage", application, id)
}

// UnpinMessage unpins a message, whoever pinned it; it needs pin-message. One
// that is not pinned is no error. What cannot be pinned cannot be unpinned: see
// [Session.PinMessage].
func (s *Session) UnpinMessage(ctx context.Context, id MessageID) (_ Message, err error) {
	defer s.app.operation(&ctx, "UnpinMessage").ended(&err)
	return s.app.unpin(ctx, "UnpinMessage", as(s.user), id)
}

// PinnedMessages returns a page of the messages that are pinned in a channel now,
// the newest pin first. About 500 pins are looked at for a page: where most are
// over, or of messages before a truncation or in cleared history, it has fewer
// than Limit, or none, and more may follow as long as there is a Next. The list is
// read forwards: Prev is always empty.
func (a *App) PinnedMessages(ctx context.Context, cid CID, q PinQuery) (_ Page[Message], err error) {
	defer a.operation(&ctx, "PinnedMessages").ended(&err)
	return a.pinned(ctx, "PinnedMessages", application, cid, q)
}

// PinnedMessages returns a page of the messages that are pinned in a channel
// now, as the user sees them. See [App.PinnedMessages].
func (s *Session) PinnedMessages(ctx context.Context, cid CID, q PinQuery) (_ Page[Message], err error) {
	defer s.app.operation(&ctx, "PinnedMessages").ended(&err)
	return s.app.pinned(ctx, "PinnedMessages", as(s.user), cid, q)
}

// checkExpires checks when a pin ends, but for whether that has passed. 0 is
// never.
func checkExpires(expires time.Time) (int64, error) {
	if expires.IsZero() {
		return 0, nil
	}
	switch year := expires.UTC().Year(); {
	case year > 9999:
		return 0, invalid("pin_expires", "is after the year 9999")
	case year < 1970:
		return 1, nil // long past, and perhaps too long for a number
	}
	return max(expires.UnixMicro(), 1), nil
}

// expiresAhead is an error for a time at which a pin ends that has passed.
func (r *room) expiresAhead(expires int64) error {
	if expires != 0 && expires <= r.now {
		return invalid("pin_expires", "is %s; must be in the future", moment(expires).Format(time.RFC3339))
	}
	return nil
}

// pinned says whether a message is pinned now.
func (r *room) pinned(m *codec.Message) bool {
	return m.PinnedAt != 0 && (m.PinExpires == 0 || m.PinExpires > r.now)
}

// mayPin is an error unless the caller may pin and unpin the message.
func mayPin(f *found) error {
	if err := f.room.change(); err != nil {
		return err
	}
	if err := f.room.need(PinMessage); err != nil {
		return err
	}
	switch id := f.message.ID; {
	case f.message.Pending:
		return fail(ErrPending, "id", "message %q is pending", id)
	case f.message.Restricted != nil:
		return fail(ErrRestricted, "id", "message %q is private", id)
	case f.sight != whole:
		return fail(ErrDeleted, "id", "message %q is deleted", id)
	}
	return nil
}

func (a *App) pin(ctx context.Context, op string, c caller, id MessageID, by UserID, expires time.Time) (Message, error) {
	until, err := checkExpires(expires)
	if err != nil {
		return Message{}, in(op, err)
	}
	var pinned Message
	err = a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := mayPin(f); err != nil {
			return err
		}
		if err := f.room.expiresAhead(until); err != nil {
			return err
		}
		if c.app && by != "" {
			b := tx.Batch()
			user := b.User(string(by))
			if err := b.Run(); err != nil {
				return err
			}
			if err := checkUser("by", by, user); err != nil {
				return err
			}
		}
		at, err := tx.NextPin(f.room.number, max(f.room.now, f.message.CreatedAt))
		if err != nil {
			return err
		}
		if err := setPin(tx, f, at, until, by); err != nil {
			return err
		}
		if err := tellMessage(tx, codec.EventMessageUpdated, f.room.number, f.message, string(by)); err != nil {
			return err
		}
		pinned, err = f.room.render(&tx.Reader, f.message, f.sight)
		return err
	})
	if err == nil && until != 0 {
		a.outbox.Wake()
	}
	return pinned, err
}

func (a *App) unpin(ctx context.Context, op string, c caller, id MessageID) (Message, error) {
	var unpinned Message
	err := a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := mayPin(f); err != nil {
			return err
		}
		if f.message.PinnedAt != 0 {
			if err := setPin(tx, f, 0, 0, ""); err != nil {
				return err
			}
			if err := tellMessage(tx, codec.EventMessageUpdated, f.room.number, f.message, string(c.user)); err != nil {
				return err
			}
		}
		var err error
		unpinned, err = f.room.render(&tx.Reader, f.message, f.sight)
		return err
	})
	return unpinned, err
}

// setPin stores a message with another pin, or none, and the work of ending it.
func setPin(tx *record.Txn, f *found, at, until int64, by UserID) error {
	if err := cancelPinEnd(tx, f.room.number, f.message); err != nil {
		return err
	}
	if err := tx.SetPin(f.room.number, f.message, at, until, string(by)); err != nil {
		return err
	}
	return addPinEnd(tx, f.room.number, f.room.channel.CID, f.message)
}

// addPinEnd records when what is left of a message's pin is to be removed.
func addPinEnd(tx *record.Txn, number record.Channel, cid string, m *codec.Message) error {
	if m.PinExpires == 0 {
		return nil
	}
	return tx.AddTask(queuePin, messageSubject(number, m.CreatedAt), codec.Task{
		Scope: record.ChannelScope(cid), Payload: m.ID, RecordedAt: m.PinnedAt, Due: m.PinExpires,
	})
}

// cancelPinEnd ends that work: the message is unpinned, or erased.
func cancelPinEnd(tx *record.Txn, number record.Channel, m *codec.Message) error {
	if m.PinExpires == 0 {
		return nil
	}
	return tx.CancelTasks(queuePin, messageSubject(number, m.CreatedAt))
}

// endPin unpins a message whose pin is over. By now it may have another.
func (a *App) endPin(ctx context.Context, job outbox.Job) error {
	return a.db.Update(ctx, job.Scope, func(tx *record.Txn) error {
		b := tx.Batch()
		place := b.Place(job.Payload)
		if err := b.Run(); err != nil || !holdsMessage(place) {
			return err
		}
		b = tx.Batch()
		m := b.Message(place.V)
		if err := b.Run(); err != nil || !m.Found || m.V.PinExpires == 0 || m.V.PinExpires > now().UnixMicro() {
			return err
		}
		number := record.Channel(place.V.Channel)
		if err := tx.SetPin(number, &m.V, 0, 0, ""); err != nil {
			return err
		}
		return tellMessage(tx, codec.EventMessageUpdated, number, &m.V, "")
	})
}

func (a *App) pinned(ctx context.Context, op string, c caller, cid CID, q PinQuery) (Page[Message], error) {
	var page Page[Message]
	var pinnedAt, message, number int64
	err := checkCID("cid", cid)
	if err == nil {
		err = checkLimit("limit", &q.Limit, standardPage, maxPage)
	}
	if err == nil && q.Page != "" {
		err = q.Page.decodeNumbers(tokenPins, &pinnedAt, &message, &number)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		room, err := openRoom(r, c, cid, more{})
		if err == nil {
			err = room.enter()
		}
		if err != nil {
			return err
		}
		l := &pinList{reader: r, room: room, last: record.PinPlace{PinnedAt: never, Message: never}}
		if q.Page != "" {
			if number != int64(room.number) {
				return otherChannel()
			}
			l.last = record.PinPlace{PinnedAt: pinnedAt, Message: message}
		}
		more, err := l.read(q.Limit)
		if err != nil {
			return err
		}
		if more {
			page.Next = encodeToken(tokenPins, l.last.PinnedAt, l.last.Message, int64(room.number))
		}
		page.Items, err = render(r, l.list)
		return err
	})
	return page, err
}

// pinList reads the pins of a channel that the caller sees.
type pinList struct {
	reader *record.Reader
	room   *room
	last   record.PinPlace // the last that was looked at, or is in the list
	list   []found
}

// pinsRead is how many pins are read for one page, more or less: those passed
// over count.
const pinsRead = 500

// read reads until there are as many as the limit, or enough were read, and says
// whether more may follow.
func (l *pinList) read(limit int) (more bool, err error) {
	for looked := 0; looked < pinsRead; {
		want := limit + 1 - len(l.list)
		pins, places, err := l.reader.PinsBefore(l.room.number, l.last, l.room.floor(), want, l.room.pinReaders()...)
		if err != nil {
			return false, err
		}
		looked += len(pins)
		b := l.reader.Batch()
		messages := make([]*record.Value[codec.Message], len(places))
		for i, p := range places {
			messages[i] = b.Message(p)
		}
		if err := b.Run(); err != nil {
			return false, err
		}
		for i, pin := range pins {
			if !l.shows(messages[i]) {
				// A page that ends here ends with a moment: its token tells nothing
				// else of what was passed over.
				l.last = record.PinPlace{PinnedAt: pin.PinnedAt, Message: math.MinInt64}
				continue
			}
			if len(l.list) == limit {
				return true, nil
			}
			l.last = pin
			m := &messages[i].V
			l.list = append(l.list, found{room: l.room, message: m, sight: l.room.sees(m)})
		}
		if len(pins) < want {
			return false, nil
		}
	}
	return true, nil
}

// pinReaders is in whose name pins of private messages are read, if there may be
// some: those that one who is shadow-banned sends.
func (r *room) pinReaders() []string {
	if !r.mayHavePrivate() {
		return nil
	}
	return []string{r.privateReader()}
}

func (l *pinList) shows(m *record.Value[codec.Message]) bool {
	return m.Found && l.room.pinned(&m.V) && l.room.sees(&m.V) != unseen
}

// pin pins a message as it is sent, if the draft says so.
func (t *sending) pin(m *codec.Message) error {
	d := &t.out.draft
	if !d.Pinned || t.out.command != nil && t.out.command.ephemeral {
		return nil
	}
	switch {
	case m.Restricted != nil:
		return fail(ErrRestricted, "pinned", "a private message cannot be pinned")
	case m.Pending:
		return fail(ErrPending, "pinned", "the message becomes pending and cannot be pinned")
	}
	m.PinExpires, m.PinnedBy = t.out.pinExpires, m.Author
	return t.room.expiresAhead(m.PinExpires)
}

// storePin gives a message that is pinned as it is sent the time of its pin, and
// records when that ends.
func (t *sending) storePin(m *codec.Message) (err error) {
	if m.PinnedBy == "" {
		return nil
	}
	if m.PinnedAt, err = t.tx.NextPin(t.room.number, m.CreatedAt); err != nil {
		return err
	}
	return addPinEnd(t.tx, t.room.number, t.room.channel.CID, m)
}

// pin fills in what a message shows of its pin.
func (out *rendering) pin(m *Message, f *found) {
	stored := f.message
	if !f.room.pinned(stored) {
		return
	}
	m.Pinned, m.PinnedAt, m.PinExpires = true, momentPtr(stored.PinnedAt), momentPtr(stored.PinExpires)
	if stored.PinnedBy != "" {
		by := shown(&out.people, stored.PinnedBy)
		m.PinnedBy = &by
	}
}

package chat

import (
	"context"
	"fmt"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// ephemeral is an ephemeral message as its author finds it.
type ephemeral struct {
	room *room
	codec.Ephemeral
}

// keeps says whether an ephemeral message is still there.
func (r *room) keeps(e *codec.Ephemeral) bool {
	return e.Until > r.now && e.Message.CreatedAt > r.truncation()
}

func (e *ephemeral) found() *found {
	return &found{room: e.room, message: &e.Message, sight: whole, ephemeral: true}
}

// findEphemeral finds an ephemeral message of the caller's; nil if there is
// none of the id.
func findEphemeral(r *record.Reader, c caller, id MessageID) (*ephemeral, error) {
	b := r.Batch()
	user, place := b.User(string(c.user)), b.Place(string(id))
	settings := record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return nil, err
	}
	if err := checkCaller(c, user); err != nil {
		return nil, err
	}
	if !place.Found || place.V.Kind != codec.PlaceEphemeral {
		return nil, nil
	}
	var e *record.Value[codec.Ephemeral]
	room, err := openRoomOf(r, c, user.V, settings.V, record.Channel(place.V.Channel), more{
		second: func(b *record.Batch, number record.Channel) { e = b.Ephemeral(number, string(id)) },
	})
	if err != nil || !e.Found || e.V.Message.Author != string(c.user) || !room.keeps(&e.V) || !room.readable() {
		return nil, err
	}
	return &ephemeral{room, e.V}, nil
}

// findToRead is find for who only reads: the caller's own ephemeral messages
// are found too.
func findToRead(r *record.Reader, c caller, id MessageID) (*found, error) {
	list, err := findAllToRead(r, c, []MessageID{id})
	if err != nil {
		return nil, err
	}
	if list[0] == nil {
		return nil, notFound("message", id)
	}
	return list[0], list[0].room.enter()
}

// findAllToRead is findAll for who only reads.
func findAllToRead(r *record.Reader, c caller, ids []MessageID) ([]*found, error) {
	list, err := findAll(r, c, ids)
	if err != nil || c.app {
		return list, err
	}
	for i, f := range list {
		if f != nil {
			continue
		}
		e, err := findEphemeral(r, c, ids[i])
		if err != nil {
			return nil, err
		}
		if e != nil {
			list[i] = e.found()
		}
	}
	return list, nil
}

// storeEphemeral stores the answer to a command for its author alone.
func (a *App) storeEphemeral(t *sending, m *codec.Message) error {
	m.Pending = false
	stampAside(&t.head.V, m)
	if err := t.tx.PutHead(t.room.number, &t.head.V); err != nil {
		return err
	}
	e := &codec.Ephemeral{Message: *m, Until: t.room.now + a.options.EphemeralLife.Microseconds()}
	if err := t.tx.InsertEphemeral(t.room.number, e); err != nil {
		return err
	}
	return addEphemeralExpiry(t.tx, t.room.number, t.room.channel.CID, e)
}

func ephemeralSubject(number record.Channel, id string) string {
	return fmt.Sprintf("%d %s", number, id)
}

func addEphemeralExpiry(tx *record.Txn, number record.Channel, cid string, e *codec.Ephemeral) error {
	return tx.AddTask(queueEphemeral, ephemeralSubject(number, e.Message.ID), codec.Task{
		Scope: record.ChannelScope(cid), Payload: e.Message.ID, RecordedAt: e.Message.CreatedAt, Due: e.Until,
	})
}

// expireEphemeral erases an ephemeral message that is overdue. By now an action
// may have taken it.
func (a *App) expireEphemeral(ctx context.Context, job outbox.Job) error {
	var number record.Channel
	if _, err := fmt.Sscan(job.Subject, &number); err != nil {
		return err
	}
	return a.db.Update(ctx, job.Scope, func(tx *record.Txn) error {
		b := tx.Batch()
		e := b.Ephemeral(number, job.Payload)
		if err := b.Run(); err != nil || !e.Found || e.V.Until > time.Now().UnixMicro() {
			return err
		}
		return tx.EraseEphemeral(number, job.Payload)
	})
}

// retryEphemeral answers the repeated send of a command with its answer as it
// is now.
func (t *sending) retryEphemeral(taken error) error {
	b := t.reader.Batch()
	e := b.Ephemeral(t.room.number, string(t.out.draft.ID))
	if err := b.Run(); err != nil {
		return err
	}
	if !e.Found || e.V.Message.Fingerprint != t.out.fingerprint || !t.room.keeps(&e.V) {
		return taken
	}
	list, err := render(t.reader, []found{*(&ephemeral{t.room, e.V}).found()})
	if err != nil {
		return err
	}
	return t.answered(list[0], nil)
}

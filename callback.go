package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// What the application is told of a pending message.
const (
	toldSent    = 's'
	toldDeleted = 'd'
)

// told is what the application is to be told, as it lies in the queues: what
// happened, the cid, a zero byte, the message.
type told struct {
	what    byte
	cid     string
	message codec.Message
}

func (t *told) encode() string {
	return string(t.message.Encode(append(append([]byte{t.what}, t.cid...), 0)))
}

func decodeTold(payload string) (t told, err error) {
	head, raw, _ := strings.Cut(payload, "\x00")
	if head == "" {
		return t, fmt.Errorf("a recorded callback is empty")
	}
	t.what, t.cid = head[0], head[1:]
	t.message, err = codec.DecodeMessage([]byte(raw))
	return t, err
}

// recordTold records, in the transaction of the change, that the application is
// to be told of it, in each of the ways that it asks for: one that fails leaves
// the other alone.
func (a *App) recordTold(tx *record.Txn, what byte, number record.Channel, cid string, m *codec.Message) error {
	settings, err := loadSettings(&tx.Reader)
	if err != nil {
		return err
	}
	t := told{what, cid, *m}
	task := codec.Task{Scope: record.ChannelScope(cid), RecordedAt: now().UnixMicro()}
	task.Due = task.RecordedAt
	add := func(queue string) error {
		if task.Payload == "" {
			task.Payload = t.encode()
		}
		return tx.AddTask(queue, messageSubject(number, m.CreatedAt), task)
	}
	if settings.posts() {
		if err := add(queueCallback); err != nil {
			return err
		}
	}
	if a.options.Pending != nil {
		return add(queueTold)
	}
	return nil
}

// keepTold is what is kept of what was given up: no byte of what the message
// said, since the message may be gone by now, or go later.
func keepTold(payload string) string {
	t, err := decodeTold(payload)
	if err != nil {
		return ""
	}
	m := &t.message
	t.message = codec.Message{
		ID: m.ID, Author: m.Author, System: m.System, Silent: m.Silent, Shown: m.Shown, Pending: m.Pending,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt, DeletedAt: m.DeletedAt,
		ParentID: m.ParentID, ParentAt: m.ParentAt, Restricted: m.Restricted,
	}
	return t.encode()
}

// tell tells Options.Pending of a pending message.
func (a *App) tell(ctx context.Context, job outbox.Job) error {
	if a.options.Pending == nil {
		return fail(ErrState, "", "no Options.Pending is set")
	}
	t, err := decodeTold(job.Payload)
	if err != nil {
		return err
	}
	pending := PendingMessage{Metadata: metadataFrom(t.message.Metadata)}
	err = a.db.View(ctx, func(r *record.Reader) (err error) {
		pending.Message, err = renderTold(r, job.Subject, &t)
		return err
	})
	if err != nil {
		return err
	}
	return a.callOut(ctx, CallbackPending, t.message.ID, job.Attempt, 0, func(ctx context.Context) error {
		if t.what == toldSent {
			return a.options.Pending.PendingSent(ctx, pending)
		}
		return a.options.Pending.PendingDeleted(ctx, pending)
	})
}

// renderTold renders a pending message for the application. By now the channel
// may be gone, and with it what the message quotes.
func renderTold(r *record.Reader, subject string, t *told) (Message, error) {
	var number record.Channel
	var sent int64
	if _, err := fmt.Sscan(subject, &number, &sent); err != nil {
		return Message{}, err
	}
	settings, err := loadSettings(r)
	if err != nil {
		return Message{}, err
	}
	room, err := openRoomOf(r, application, codec.User{}, settings, number, more{})
	if err != nil {
		return Message{}, err
	}
	if room.channel.CID == "" { // nothing is left of it, so nobody shares it
		room.channel.CID = t.cid
	}
	return room.render(r, &t.message, whole)
}

// FailedCallbackID names a callback that was given up.
type FailedCallbackID string

// FailedCallback is a callback that was given up: a call of Options.Pending or
// Options.Pusher, or a post to the address in the settings. Nothing that the
// message said is kept with it.
type FailedCallback struct {
	ID        FailedCallbackID
	MessageID MessageID
	CID       CID
	Posted    bool // over HTTP; otherwise Options.Pending was called, or:
	Pushed    bool // Options.Pusher was called
	Deleted   bool // it tells of the deletion; otherwise that the message was sent

	RecordedAt time.Time // when the message was sent, committed or deleted, the callback requeued, or a later part of a push begun
	Attempts   int
	Problem    string // of the last attempt, at most 500 bytes
}

// FailedCallbackQuery asks for callbacks that were given up.
type FailedCallbackQuery struct {
	Limit int // default 25, at most 300
	Page  PageToken
}

// FailedCallbacks returns callbacks that were given up: posts, then calls of
// Options.Pusher, then those of Options.Pending; by message. They stay until they are requeued or discarded.
// The list is read forwards: Prev is always empty.
func (a *App) FailedCallbacks(ctx context.Context, q FailedCallbackQuery) (_ Page[FailedCallback], err error) {
	const op = "FailedCallbacks"
	defer a.operation(&ctx, op).ended(&err)
	var after string
	err = checkLimit("limit", &q.Limit, standardPage, maxPage)
	if err == nil && q.Page != "" {
		err = q.Page.decodeText(tokenFailed, &after)
	}
	if err != nil {
		return Page[FailedCallback]{}, in(op, err)
	}
	var result Page[FailedCallback]
	err = a.view(ctx, op, func(r *record.Reader) error {
		result = Page[FailedCallback]{}
		var list []record.GivenUp
		for _, queue := range toldQueues {
			if len(list) > q.Limit {
				break
			}
			more, err := r.GivenUpTasks(queue, after, q.Limit+1-len(list))
			if err != nil {
				return err
			}
			for i := range more {
				f, err := failedFrom(queue, &more[i])
				if err != nil {
					return err
				}
				result.Items = append(result.Items, f)
			}
			list = append(list, more...)
		}
		if len(list) > q.Limit {
			result.Items = result.Items[:q.Limit]
			result.Next = encodeTextToken(tokenFailed, list[q.Limit-1].Key)
		}
		return nil
	})
	return result, err
}

// toldQueues are the queues of callbacks, in the order of their keys.
var toldQueues = [...]string{queueCallback, queuePush, queueTold}

func failedFrom(queue string, g *record.GivenUp) (FailedCallback, error) {
	f := FailedCallback{
		ID:     FailedCallbackID(encodeTextToken(tokenCallback, g.Key)),
		Posted: queue == queueCallback, Pushed: queue == queuePush,
		RecordedAt: moment(g.RecordedAt), Attempts: int(g.Attempts), Problem: g.Problem,
	}
	if f.Pushed {
		work, err := decodePushWork(g.Payload)
		f.MessageID, f.CID = MessageID(work.message), CID(work.cid)
		return f, err
	}
	t, err := decodeTold(g.Payload)
	f.MessageID, f.CID, f.Deleted = MessageID(t.message.ID), CID(t.cid), t.what == toldDeleted
	return f, err
}

// RequeueCallback has a callback that was given up tried again, at once and for
// as long as a new one; it leaves the list. One of a message that was sent tells
// of the message anew, if it is still pending, and otherwise answers
// ErrNotPending: there is nothing left to decide. One of a deletion tells which
// message was deleted, and no longer what it said. A call of Options.Pusher goes
// on with those who were not told yet, if the message is still there.
// ErrNotFound for one that is not in the list.
func (a *App) RequeueCallback(ctx context.Context, id FailedCallbackID) (err error) {
	defer a.operation(&ctx, "RequeueCallback").ended(&err)
	err = a.changeFailed(ctx, "RequeueCallback", id, func(tx *record.Txn, queue string, g *record.GivenUp) error {
		at := now().UnixMicro()
		again := codec.Task{Scope: g.Scope, Payload: g.Payload, RecordedAt: at, Due: at}
		if queue == queuePush {
			return tx.AddTask(queue, g.Subject, again)
		}
		t, err := decodeTold(g.Payload)
		if err != nil {
			return err
		}
		if t.what == toldSent {
			id := MessageID(t.message.ID)
			f, err := findPending(&tx.Reader, id)
			if err != nil {
				return err
			}
			if f == nil || f.room.sees(f.message) == unseen {
				return notPending(id)
			}
			t.message = *f.message
		}
		again.Payload = t.encode()
		return tx.AddTask(queue, g.Subject, again)
	})
	a.outbox.Wake()
	return err
}

// DiscardCallback takes a callback that was given up off the list. ErrNotFound
// for one that is not in it.
func (a *App) DiscardCallback(ctx context.Context, id FailedCallbackID) (err error) {
	defer a.operation(&ctx, "DiscardCallback").ended(&err)
	return a.changeFailed(ctx, "DiscardCallback", id, func(*record.Txn, string, *record.GivenUp) error { return nil })
}

// changeFailed takes a callback off the list of those that were given up, and
// does something with it in the same transaction.
func (a *App) changeFailed(ctx context.Context, op string, id FailedCallbackID,
	do func(*record.Txn, string, *record.GivenUp) error,
) error {
	if err := a.usable(ctx); err != nil {
		return in(op, err)
	}
	var key string
	if err := PageToken(id).decodeText(tokenCallback, &key); err != nil {
		return in(op, invalid("id", "is not the id of a failed callback"))
	}
	find := func(r *record.Reader) (queue string, g record.GivenUp, err error) {
		for _, queue = range toldQueues {
			g, found, err := r.GivenUpTask(queue, key)
			if err != nil || found {
				return queue, g, err
			}
		}
		return "", g, notFound("failed callback", id)
	}
	var scope string
	err := a.view(ctx, op, func(r *record.Reader) error {
		_, g, err := find(r)
		scope = g.Scope
		return err
	})
	if err != nil {
		return err
	}
	return a.update(ctx, op, scope, func(tx *record.Txn) error {
		queue, g, err := find(&tx.Reader)
		if err != nil {
			return err
		}
		if err := tx.ForgetTask(g); err != nil {
			return err
		}
		return do(tx, queue, &g)
	})
}

package chat

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
	"example.com/chat/webhook"
)

// EventHandler is told of everything that happens, in order, after it has been
// committed: at least once for each event, again after a failure with growing
// delays, and after a restart from where it was. It is never given up, but what
// is forgotten meanwhile (see Options.EventsKept) is not told any more; that is
// logged, and [App.EventReceivers] says before that how far behind it is. Typing
// is not told. Where several Apps share a store, one of them tells its handler of
// an event.
//
// A call has to return when its context ends, within ten seconds or when the App
// is closed: Close waits for it, so it must not call Close itself. It may make
// any other call.
type EventHandler interface {
	HandleEvent(context.Context, Event) error
}

// EventFunc makes an EventHandler of a function.
type EventFunc func(context.Context, Event) error

// HandleEvent calls f.
func (f EventFunc) HandleEvent(ctx context.Context, e Event) error { return f(ctx, e) }

// EventWebhook is where everything that happens is posted over HTTP, to
// ServerURL/Events: {"events": […]}, at most 100 at once and about 1 MiB, signed
// as callbacks are; the package webhook verifies and decodes it. It begins with
// what happens after it is set, and is told as an EventHandler is: in order, at
// least once, the Cursor of an event the same each time. An attempt that failed
// may be repeated with more events, so X-Webhook-Id names a body, not an event.
type EventWebhook struct {
	// ServerURL is an absolute http or https URL; empty: nothing is posted.
	ServerURL string

	Types []EventType // only these; none: all

	// Secret signs the posts; see ModerationCallback.Secret.
	Secret      string
	ClearSecret bool
}

// The receivers of all events: the names of their queues, and of their places.
const (
	queueHandler = "event handler"
	queueWebhook = "event webhook"
)

const (
	deliverFor   = 2 * time.Second  // a run of a queue begins calls; the last has callLimit, and fits into the run
	deliverIdle  = time.Second      // how long a run waits for more
	deliverBytes = 1 << 20          // of a body; at least one event
	deliverLook  = 30 * time.Second // how soon a change of the settings by another App is seen
)

// receiver is one who is told of everything.
type receiver struct {
	queue   string
	types   []EventType
	since   *logPosition // where the settings have it begin; nil: its place says so
	deliver deliverFunc
}

// deliverFunc tells events, as many of the first as go into one call.
type deliverFunc func(ctx context.Context, attempt int, events []Event) (told int, err error)

// place is up to where the receiver was told, or begins.
func (to *receiver) place(r *record.Reader) (at storage.Position, begun bool, err error) {
	b := r.Batch()
	told := b.ReceiverPlace(to.queue)
	if err := b.Run(); err != nil {
		return at, false, err
	}
	// A place from before the webhook was taken away and set again is behind
	// where it began anew.
	if since := to.since.position(); to.since != nil && (!told.Found || told.V.Compare(since) < 0) {
		return since, true, nil
	}
	return told.V, told.Found, nil
}

// receivers are those there are now.
func (a *App) receivers(r *record.Reader) ([]receiver, error) {
	var list []receiver
	if h := a.options.EventHandler; h != nil {
		list = append(list, receiver{queueHandler, a.options.EventTypes, nil, a.handle})
	}
	settings, err := loadSettings(r)
	if err != nil {
		return nil, err
	}
	if hook := settings.Events; hook.ServerURL != "" {
		list = append(list, receiver{queueWebhook, hook.Types, hook.Since, func(ctx context.Context, attempt int, events []Event) (int, error) {
			return a.postEvents(ctx, hook, attempt, events)
		}})
	}
	return list, nil
}

// handle calls the application's handler with the first of events.
func (a *App) handle(ctx context.Context, attempt int, events []Event) (told int, err error) {
	err = a.callOut(ctx, CallbackEvent, "", attempt, 1, func(ctx context.Context) error {
		return a.options.EventHandler.HandleEvent(ctx, events[0])
	})
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// postEvents posts events, as many as fit into one body.
func (a *App) postEvents(ctx context.Context, hook storedWebhook, attempt int, events []Event) (told int, err error) {
	body := []byte(`{"events":[`)
	for told < len(events) {
		encoded, err := json.Marshal(events[told])
		if err != nil {
			return 0, err
		}
		if told > 0 {
			if len(body)+len(encoded) > deliverBytes {
				break
			}
			body = append(body, ',')
		}
		body = append(body, encoded...)
		told++
	}
	body = append(body, "]}"...)
	id := uuid.NewSHA1(uuid.NameSpaceURL, body).String()
	err = a.callOut(ctx, CallbackEventPost, "", attempt, len(body), func(ctx context.Context) error {
		return a.poster.post(ctx, hook.ServerURL, hook.Secret, webhook.Events, id, attempt, body)
	})
	if err != nil {
		return 0, err
	}
	return told, nil
}

// deliverEvents tells a receiver what it has not been told, until there is
// nothing more.
func (a *App) deliverEvents(queue string) func(context.Context, outbox.Job) error {
	return func(ctx context.Context, job outbox.Job) error {
		d := &delivery{app: a, queue: queue, attempt: job.Attempt, ends: time.Now().Add(deliverFor)}
		for {
			more, err := d.next(ctx)
			if err != nil && !d.told {
				return err
			}
			if err == nil && more && time.Now().Before(d.ends) {
				continue
			}
			if failed := d.save(context.WithoutCancel(ctx)); failed != nil || err == nil && !more {
				return failed
			}
			// What failed after others were told is tried again at once, as the
			// first of its own attempts.
			return outbox.ErrAgain
		}
	}
}

// delivery is one run of telling a receiver.
type delivery struct {
	app     *App
	queue   string
	attempt int
	ends    time.Time

	to     *receiver
	from   storage.Position
	loaded bool
	saved  storage.Position
	told   bool // something, in this run
}

// next tells the next events. More is false when there are none, or nobody to
// tell.
func (d *delivery) next(ctx context.Context) (more bool, err error) {
	if there, err := d.load(ctx); err != nil || !there {
		return false, err
	}
	f := &follower{app: d.app, caller: application, place: place{position: d.from}, durable: true}
	f.filter = eventFilter{limit: standardEvents, types: d.to.types}
	events, more, err := f.read(ctx, "Events")
	if errors.Is(err, ErrCursorExpired) {
		return true, d.skip(ctx)
	}
	if err != nil {
		return false, err
	}
	if len(events) > 0 {
		return true, d.deliver(ctx, events)
	}
	d.from = f.place.position
	if more || d.app.options.NoBackground {
		return more, nil
	}
	waiting, cancel := context.WithTimeout(ctx, deliverIdle)
	defer cancel()
	err = f.wait(waiting)
	if ctx.Err() == nil && waiting.Err() != nil {
		return false, nil
	}
	return err == nil, err
}

// deliver tells events, as many as there is time for, and remembers how far it
// came.
func (d *delivery) deliver(ctx context.Context, events []Event) error {
	for len(events) > 0 && time.Now().Before(d.ends) {
		n, err := d.to.deliver(ctx, d.attempt, events)
		if err != nil {
			return err
		}
		p, err := d.app.cursors.decode(events[n-1].Cursor)
		if err != nil {
			return err
		}
		d.from, d.told, d.attempt, events = p.position, true, 1, events[n:]
	}
	return d.save(context.WithoutCancel(ctx))
}

// load finds the receiver, as the settings are now, and its place.
func (d *delivery) load(ctx context.Context) (there bool, err error) {
	var at storage.Position
	err = d.app.db.View(ctx, func(r *record.Reader) (err error) {
		d.to, at, there, err = d.find(r)
		return err
	})
	if err != nil || !there {
		d.loaded = false
		return false, err
	}
	if !d.loaded || at != d.saved {
		d.loaded, d.from, d.saved = true, at, at
	}
	return true, nil
}

// find reads the receiver and its place.
func (d *delivery) find(r *record.Reader) (to *receiver, at storage.Position, there bool, err error) {
	list, err := d.app.receivers(r)
	if err != nil {
		return nil, at, false, err
	}
	for i := range list {
		if to := &list[i]; to.queue == d.queue {
			at, there, err = to.place(r)
			return to, at, there, err
		}
	}
	return nil, at, false, nil
}

// skip goes on with what is still kept.
func (d *delivery) skip(ctx context.Context) error {
	return d.app.db.View(ctx, func(r *record.Reader) error {
		span, err := r.Logs()
		if err == nil {
			d.app.options.Logger.WarnContext(ctx, "events were forgotten before their receiver took them", "queue", d.queue)
			d.from = span.Trimmed
		}
		return err
	})
}

// save remembers how far the receiver was told.
func (d *delivery) save(ctx context.Context) error {
	if !d.loaded || d.from == d.saved {
		return nil
	}
	err := d.app.db.Update(ctx, record.EventsScope, func(tx *record.Txn) error {
		_, at, there, err := d.find(&tx.Reader)
		if err != nil || !there || at != d.saved {
			return err // another instance went on, or the receiver was taken away
		}
		return tx.PutReceiverPlace(d.queue, d.from)
	})
	if err == nil {
		d.saved = d.from
	}
	return err
}

// beginEvents has the application's handler told from now on, the first time
// that there is one.
func (a *App) beginEvents() error {
	ctx := context.Background()
	if a.options.EventHandler == nil {
		return nil
	}
	handler := receiver{queue: queueHandler}
	begun := false
	look := func(r *record.Reader) (err error) {
		_, begun, err = handler.place(r)
		return err
	}
	if err := a.db.View(ctx, look); err != nil || begun {
		return err
	}
	return a.db.Update(ctx, record.EventsScope, func(tx *record.Txn) error {
		if err := look(&tx.Reader); err != nil || begun {
			return err
		}
		last, err := tx.LastPosition()
		if err != nil {
			return err
		}
		return tx.PutReceiverPlace(queueHandler, last)
	})
}

// owed is what receivers have not been told.
type owed struct {
	receivers int              // there are
	queues    []string         // of receivers that nobody works for yet
	working   bool             // somebody works for one
	newest    storage.Position // up to where the others were told
}

func (a *App) findOwed(r *record.Reader) (o owed, err error) {
	list, err := a.receivers(r)
	if err != nil || len(list) == 0 {
		return o, err
	}
	span, err := r.Logs()
	if err != nil {
		return o, err
	}
	o.receivers, o.newest = len(list), span.Newest
	for _, to := range list {
		at, begun, err := to.place(r)
		if err != nil {
			return o, err
		}
		_, _, working, err := r.FirstTask(to.queue, to.queue)
		if err != nil {
			return o, err
		}
		o.working = o.working || working
		if !working && begun && at.Compare(span.Newest) < 0 {
			o.queues = append(o.queues, to.queue)
		}
	}
	return o, nil
}

// recordOwed records the work of telling receivers what they have not been told.
func (a *App) recordOwed(ctx context.Context) (o owed, err error) {
	err = a.db.View(ctx, func(r *record.Reader) (err error) {
		o, err = a.findOwed(r)
		return err
	})
	if err != nil || len(o.queues) == 0 {
		return o, err
	}
	err = a.db.Update(ctx, record.EventsScope, func(tx *record.Txn) (err error) {
		if o, err = a.findOwed(&tx.Reader); err != nil {
			return err
		}
		at := now().UnixMicro()
		for _, queue := range o.queues {
			if err := tx.AddTask(queue, queue, codec.Task{Scope: record.EventsScope, RecordedAt: at, Due: at}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(o.queues) > 0 {
		o.working = true
		a.outbox.Wake()
	}
	return o, err
}

// feed has receivers told of what happens, until ctx ends.
func (a *App) feed(ctx context.Context) {
	waiter, wakes := a.db.Store().(storage.Waiter)
	for ctx.Err() == nil {
		o, err := a.recordOwed(ctx)
		if err != nil && ctx.Err() == nil {
			a.options.Logger.WarnContext(ctx, "durable work", "queue", queueHandler, "error", err)
		}
		wait := deliverLook
		if err != nil || o.working || !wakes {
			wait = deliverIdle
		}
		waiting, cancel := context.WithTimeout(ctx, wait)
		if err == nil && wakes && o.receivers > 0 && !o.working {
			err = waiter.Wait(waiting, nil, o.newest)
		}
		if err != nil || o.receivers == 0 || o.working || !wakes {
			select {
			case <-waiting.Done():
			case <-a.settingsNews:
			}
		}
		cancel()
	}
}

package chat

import (
	"context"
	"fmt"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// queueEvents has events forgotten that are kept long enough. Its one task
// leaves the next behind when it is done.
const queueEvents = "events"

// trimSlice is how many records one transaction forgets: few enough not to hold
// up senders.
const trimSlice = 1000

// ensureTrim records the work of forgetting events, where it is not.
func (a *App) ensureTrim() error {
	ctx := context.Background()
	there := false
	look := func(r *record.Reader) error {
		list, err := r.DueTasks(queueEvents, never-1, 1)
		there = len(list) > 0
		return err
	}
	if err := a.db.View(ctx, look); err != nil || there {
		return err
	}
	return a.db.Update(ctx, record.EventsScope, func(tx *record.Txn) error {
		if err := look(&tx.Reader); err != nil || there {
			return err
		}
		return a.addTrim(tx)
	})
}

func (a *App) addTrim(tx *record.Txn) error {
	at := time.Now()
	wait := min(time.Hour, max(time.Second, a.options.EventsKept/20))
	if a.options.MaxEvents > 0 {
		wait = min(wait, time.Minute)
	}
	due := at.Add(wait).UnixMicro()
	return tx.AddTask(queueEvents, fmt.Sprint(due), codec.Task{Scope: record.EventsScope, RecordedAt: at.UnixMicro(), Due: due})
}

// trimEvents forgets a slice of events, the oldest, and when no more are old or
// too many, records when to look again.
func (a *App) trimEvents(ctx context.Context, _ outbox.Job) error {
	var until storage.Position
	full := false
	err := a.db.View(ctx, func(r *record.Reader) (err error) {
		until, full, err = a.forgotten(r)
		return err
	})
	if err != nil {
		return err
	}
	err = a.db.Update(ctx, record.EventsScope, func(tx *record.Txn) error {
		if err := tx.TrimLogs(until); err != nil || full {
			return err
		}
		list, err := tx.DueTasks(queueEvents, never-1, 2)
		if err != nil || len(list) > 1 { // there is a next one already, beside this
			return err
		}
		return a.addTrim(tx)
	})
	if err == nil && full {
		return outbox.ErrAgain
	}
	return err
}

// forgotten is up to where events are to be forgotten, of one slice; full says
// that there may be more behind it.
func (a *App) forgotten(r *record.Reader) (until storage.Position, full bool, err error) {
	span, err := r.Logs()
	if err != nil {
		return until, false, err
	}
	surplus := int64(0)
	if most := a.options.MaxEvents; most > 0 {
		surplus = span.Records - most
	}
	records, err := r.Oldest(span.Trimmed, trimSlice)
	if err != nil {
		return until, false, err
	}
	until = span.Trimmed
	oldest := time.Now().Add(-a.options.EventsKept).UnixMicro()
	for i, rec := range records {
		if rec.At > oldest && int64(i) >= surplus {
			return until, false, nil
		}
		until = rec.Position
	}
	return until, len(records) == trimSlice, nil
}

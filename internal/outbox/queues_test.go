package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// Queues run apart from each other, and know of each other's work.

func TestQueueThatIsSlowHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		err := o.db.Update(t.Context(), scope, func(tx *record.Txn) error {
			now := time.Now().UnixMicro()
			return tx.AddTask("parcels", "jane", codec.Task{Scope: scope, Payload: "p", RecordedAt: now, Due: now})
		})
		if err != nil {
			t.Fatal(err)
		}
		var parcels atomic.Int64
		began := time.Now()
		box := outbox.New(o.db, slog.New(slog.DiscardHandler),
			outbox.Queue{Name: queue, Run: func(ctx context.Context, job outbox.Job) error {
				o.begin(job)
				defer o.end(job)
				<-ctx.Done() // nobody is at home
				return ctx.Err()
			}},
			outbox.Queue{Name: "parcels", Run: func(_ context.Context, job outbox.Job) error {
				if took := time.Since(began); took != 0 {
					t.Errorf("the parcel %s waited for %v", job.Payload, took)
				}
				parcels.Add(1)
				return nil
			}},
		)
		box.Start()
		defer box.Stop()
		synctest.Wait()
		if letters := len(o.done()); letters != 1 || parcels.Load() != 1 {
			t.Errorf("at once %d letters and %d parcels are on their way, want one each", letters, parcels.Load())
		}
		// What comes while the letter still is goes too.
		time.Sleep(5 * time.Second)
		began = time.Now()
		err = o.db.Update(t.Context(), scope, func(tx *record.Txn) error {
			return tx.AddTask("parcels", "john", codec.Task{Scope: scope, Payload: "q", RecordedAt: began.UnixMicro(), Due: began.UnixMicro()})
		})
		if err != nil {
			t.Fatal(err)
		}
		box.Wake()
		synctest.Wait()
		if parcels.Load() != 2 {
			t.Errorf("%d parcels went, want 2", parcels.Load())
		}
	})
}

func TestWorkThatAQueueRecordsForAnotherIsDoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		var parcels atomic.Int64
		add := func(name, subject string) error {
			now := time.Now().UnixMicro()
			return o.db.Update(t.Context(), scope, func(tx *record.Txn) error {
				return tx.AddTask(name, subject, codec.Task{Scope: scope, RecordedAt: now, Due: now})
			})
		}
		box := outbox.New(o.db, slog.New(slog.DiscardHandler),
			outbox.Queue{Name: "parcels", Run: func(context.Context, outbox.Job) error { parcels.Add(1); return nil }},
			outbox.Queue{Name: queue, Run: func(_ context.Context, job outbox.Job) error { return add("parcels", job.Subject) }},
		)
		box.Start()
		defer box.Stop()
		for i := range 3 {
			if err := add(queue, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			box.Wake()
			synctest.Wait()
			if n := parcels.Load(); n != int64(i+1) {
				t.Errorf("after letter %d went %d parcels", i+1, n)
			}
		}
	})
}

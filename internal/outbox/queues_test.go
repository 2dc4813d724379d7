package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
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

// One that hangs takes one place of several, not the time of the others: what
// falls due meanwhile goes at once.
func TestTaskThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		var others atomic.Int64
		box := o.outbox(outbox.Queue{}, func(ctx context.Context, job outbox.Job) error {
			if job.Subject == "nobody" {
				<-ctx.Done()
				return ctx.Err()
			}
			others.Add(1)
			return nil
		})
		o.post("nobody", "a")
		for i := range 100 {
			o.post(fmt.Sprint("early ", i), "a")
		}
		box.Start()
		defer box.Stop()
		began := time.Now()
		synctest.Wait()
		for i := range 100 {
			o.post(fmt.Sprint("late ", i), "a")
			box.Wake()
			synctest.Wait()
		}
		if n, took := others.Load(), time.Since(began); n != 200 || took != 0 {
			t.Errorf("%d of 200 went, after %v", n, took)
		}
	})
}

// Where all fail, trying again costs a bounded number of attempts a second; where
// they succeed nothing waits.
func TestFailingAttemptsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		var down atomic.Bool
		down.Store(true)
		box := o.outbox(outbox.Queue{}, func(context.Context, outbox.Job) error {
			if down.Load() {
				return errDown
			}
			return nil
		})
		for i := range 500 {
			o.post(fmt.Sprint(i), "a")
		}
		box.Start()
		defer box.Stop()
		time.Sleep(10*time.Second + time.Millisecond)
		if n := len(o.done()); n != 4*51 {
			t.Errorf("%d attempts in ten seconds, want 20 a second and the first 4", n)
		}
		down.Store(false)
		time.Sleep(5 * time.Second)
		if n := o.left(); n > 100 { // those that wait longer after the last failure
			t.Errorf("%d of 500 are left five seconds after all is well", n)
		}
		time.Sleep(time.Minute)
		if n := o.left(); n != 0 {
			t.Errorf("%d are left after a minute", n)
		}
	})
}

func TestQueueRunsSoManyAtATime(t *testing.T) {
	for most, q := range map[int]outbox.Queue{4: {}, 9: {Runners: 9}} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t)
			var running, highest atomic.Int64
			box := o.outbox(q, func(context.Context, outbox.Job) error {
				highest.Store(max(highest.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
				return nil
			})
			for i := range 30 {
				o.post(fmt.Sprint(i), "a")
			}
			o.runDue(box, 30)
			if n := highest.Load(); n != int64(most) {
				t.Errorf("%d ran at the same time, want %d", n, most)
			}
		})
	}
}

func TestLongProblemIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		problem := strings.Repeat("ä", 10_000)
		o.runDue(o.outbox(outbox.Queue{GiveUpAfter: time.Nanosecond}, func(context.Context, outbox.Job) error {
			time.Sleep(time.Millisecond)
			return errors.New("x" + problem)
		}), 1)
		if list := o.givenUp(); len(list) != 1 || list[0].Problem != "x"+problem[:498] {
			t.Errorf("given up: %+v, want one with a short problem", list)
		}
	})
}

// A place among what is due without its task, as in a damaged file.
func TestPlaceWithoutATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		db := record.New(store)
		err := store.Update(t.Context(), scope, func(tx storage.Txn) error {
			return tx.Put(keys.Due(queue, 1, "jane"), nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		box := outbox.New(db, slog.New(slog.DiscardHandler), outbox.Queue{Name: queue, Run: func(context.Context, outbox.Job) error {
			t.Error("something is run")
			return nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := box.RunDue(ctx); err != nil {
			t.Errorf("RunDue: %v", err)
		}
		err = db.View(t.Context(), func(r *record.Reader) error {
			list, err := r.DueTasks(queue, time.Now().UnixMicro(), 10)
			if len(list) > 0 {
				t.Errorf("still due: %v", list)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

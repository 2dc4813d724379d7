package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

const (
	queue = "letters"
	scope = "channel:messaging:post-office"
)

// errDown is what a receiver that cannot be reached answers.
var errDown = errors.New("receiver is down")

// office is a store with tasks in one queue, and what was run of them.
type office struct {
	t     *testing.T
	store storage.Store
	db    *record.DB

	guard   sync.Mutex
	runs    []run
	running map[string]int
}

type run struct {
	job outbox.Job
	at  time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { _ = store.Close() })
	return &office{t: t, store: store, db: record.New(store), running: map[string]int{}}
}

// post records a task that is due now.
func (o *office) post(subject string, payloads ...string) {
	o.t.Helper()
	o.postDue(subject, time.Now(), payloads...)
}

func (o *office) postDue(subject string, due time.Time, payloads ...string) {
	o.t.Helper()
	err := o.db.Update(o.t.Context(), scope, func(tx *record.Txn) error {
		for _, payload := range payloads {
			err := tx.AddTask(queue, subject, codec.Task{
				Scope: scope, Payload: payload, RecordedAt: time.Now().UnixMicro(), Due: due.UnixMicro(),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// outbox makes an outbox of this store whose runs are written down and then
// answered by handle.
func (o *office) outbox(q outbox.Queue, handle func(context.Context, outbox.Job) error) *outbox.Outbox {
	q.Name = queue
	q.Run = func(ctx context.Context, job outbox.Job) error {
		o.begin(job)
		defer o.end(job)
		return handle(ctx, job)
	}
	return outbox.New(o.db, slog.New(slog.DiscardHandler), q)
}

func (o *office) begin(job outbox.Job) {
	o.guard.Lock()
	defer o.guard.Unlock()
	o.runs = append(o.runs, run{job, time.Now()})
	if o.running[job.Subject]++; o.running[job.Subject] > 1 {
		o.t.Errorf("two tasks of %q run at the same time", job.Subject)
	}
}

func (o *office) end(job outbox.Job) {
	o.guard.Lock()
	defer o.guard.Unlock()
	o.running[job.Subject]--
}

// done are the runs so far.
func (o *office) done() []run {
	o.guard.Lock()
	defer o.guard.Unlock()
	return slices.Clone(o.runs)
}

// payloads are those that were run, in the order they were, of one subject or
// of all.
func (o *office) payloads(subject string) []string {
	var list []string
	for _, r := range o.done() {
		if subject == "" || r.job.Subject == subject {
			list = append(list, r.job.Payload)
		}
	}
	return list
}

// left is how many subjects have a task that is not done.
func (o *office) left() int {
	o.t.Helper()
	n := 0
	err := o.db.View(o.t.Context(), func(r *record.Reader) error {
		list, err := r.DueTasks(queue, time.Now().Add(1000*time.Hour).UnixMicro(), 10_000)
		n = len(list)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// runDue does what is due and checks how many runs that took.
func (o *office) runDue(box *outbox.Outbox, want int) {
	o.t.Helper()
	n, err := box.RunDue(o.t.Context())
	if err != nil {
		o.t.Fatalf("RunDue: %v", err)
	}
	if n != want {
		o.t.Fatalf("RunDue made %d runs, want %d", n, want)
	}
}

func succeed(context.Context, outbox.Job) error { return nil }

func TestTasksOfOneSubjectRunInTheOrderRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for i := range 5 {
			for _, subject := range []string{"jane", "john", "june"} {
				o.post(subject, fmt.Sprint(i))
			}
		}
		box := o.outbox(outbox.Queue{}, func(context.Context, outbox.Job) error {
			time.Sleep(rand.N(time.Second))
			return nil
		})
		o.runDue(box, 15)
		for _, subject := range []string{"jane", "john", "june"} {
			if got := strings.Join(o.payloads(subject), ""); got != "01234" {
				t.Errorf("tasks of %s ran in the order %s", subject, got)
			}
		}
		if n := o.left(); n != 0 {
			t.Errorf("%d subjects have work left", n)
		}
	})
}

func TestSubjectThatFailsHoldsUpItselfAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		o.post("john", "c", "d")
		down := true
		box := o.outbox(outbox.Queue{}, func(_ context.Context, job outbox.Job) error {
			if job.Payload == "a" && down {
				return errDown
			}
			return nil
		})
		o.runDue(box, 3)
		if got := strings.Join(o.payloads("jane"), ""); got != "a" {
			t.Errorf("ran %s of jane, want a alone: b comes after it", got)
		}
		if got := strings.Join(o.payloads("john"), ""); got != "cd" {
			t.Errorf("ran %s of john, want cd", got)
		}
		o.runDue(box, 0) // not yet

		down = false
		time.Sleep(2 * time.Second)
		o.runDue(box, 2)
		if got := strings.Join(o.payloads("jane"), ""); got != "aab" {
			t.Errorf("ran %s of jane, want aab", got)
		}
	})
}

func TestPanicInRunIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		box := o.outbox(outbox.Queue{GiveUpAfter: time.Second}, func(context.Context, outbox.Job) error {
			panic("no such letter box")
		})
		o.runDue(box, 1)
		if n := o.left(); n != 1 {
			t.Fatalf("%d tasks are left, want the one that failed", n)
		}
		time.Sleep(2 * time.Second)
		o.runDue(box, 1)
		list := o.givenUp()
		if len(list) != 1 || !strings.Contains(list[0].Problem, "no such letter box") {
			t.Errorf("given up: %+v, want one with the panic as its problem", list)
		}
	})
}

func TestRunThatEndsItsGoroutineIsTriedAgainWhenItsLeaseIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		o.post("john", "c")
		exits := true
		box := o.outbox(outbox.Queue{}, func(_ context.Context, job outbox.Job) error {
			if job.Payload == "a" && exits {
				exits = false
				runtime.Goexit()
			}
			return nil
		})
		n, err := box.RunDue(o.t.Context())
		if n != 2 || !errors.Is(err, outbox.ErrExited) {
			t.Errorf("RunDue made %d runs, and says %v, want 2 and ErrExited", n, err)
		}
		o.runDue(box, 0) // not yet
		time.Sleep(time.Minute)
		o.runDue(box, 2)
		if got := strings.Join(o.payloads("jane"), ""); got != "aab" {
			t.Errorf("ran %s of jane, want aab", got)
		}

		// In the background others go on, and Stop waits for nobody.
		exits = true
		o.post("jane", "a", "b")
		box.Start()
		time.Sleep(time.Second)
		o.post("john", "d")
		box.Wake()
		time.Sleep(5 * time.Second)
		if got := strings.Join(o.payloads("john"), ""); got != "cd" {
			t.Errorf("ran %s of john, want cd", got)
		}
		time.Sleep(time.Minute)
		if got := strings.Join(o.payloads("jane"), ""); got != "aabaab" {
			t.Errorf("ran %s of jane, want aabaab", got)
		}
		exits = true
		o.post("jane", "a")
		box.Wake()
		synctest.Wait()
		box.Stop()
		if n := o.left(); n != 1 {
			t.Errorf("%d tasks are left, want the one whose goroutine exited", n)
		}
	})
}

func (o *office) givenUp() []record.GivenUp {
	o.t.Helper()
	var list []record.GivenUp
	err := o.db.View(o.t.Context(), func(r *record.Reader) (err error) {
		list, err = r.GivenUpTasks(queue, "", 100)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

func TestFailureWaitsLongerEachTimeUpToAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		box := o.outbox(outbox.Queue{}, func(context.Context, outbox.Job) error { return errDown })
		box.Start()
		time.Sleep(12 * time.Hour)
		box.Stop()
		runs := o.done()
		if len(runs) < 15 {
			t.Fatalf("%d attempts in twelve hours, want at least 15", len(runs))
		}
		wait := time.Second
		for i := 1; i < len(runs); i++ {
			// A failure is looked for again within the second that is due, give
			// or take a fifth.
			delay := runs[i].at.Sub(runs[i-1].at)
			if delay < wait*8/10 || delay > wait*12/10+time.Second {
				t.Errorf("attempt %d came %v after the one before, want about %v", i+1, delay, wait)
			}
			if runs[i].job.Attempt != i+1 {
				t.Errorf("attempt %d calls itself %d", i+1, runs[i].job.Attempt)
			}
			wait = min(2*wait, time.Hour)
		}
	})
}

func TestTaskThatFailsForTooLongIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		recorded := time.Now()
		o.post("jane", "a secret", "b")
		box := o.outbox(outbox.Queue{GiveUpAfter: time.Hour}, func(_ context.Context, job outbox.Job) error {
			if job.Payload == "b" {
				return nil
			}
			return errDown
		})
		box.Start()
		defer box.Stop()
		time.Sleep(50 * time.Minute)
		if list := o.givenUp(); len(list) != 0 {
			t.Fatalf("given up before its time: %+v", list)
		}
		time.Sleep(3 * time.Hour)
		list := o.givenUp()
		if len(list) != 1 {
			t.Fatalf("%d tasks are given up, want 1", len(list))
		}
		g := list[0]
		attempts := len(o.payloads("jane")) - 1
		if g.Subject != "jane" || g.Problem != errDown.Error() || g.Payload != "" || !g.GivenUp ||
			int(g.Attempts) != attempts || g.RecordedAt != recorded.UnixMicro() {
			t.Errorf("given up: %+v, want jane's, recorded at %d, after %d attempts, without its payload", g, recorded.UnixMicro(), attempts)
		}
		runs := o.payloads("jane")
		if runs[len(runs)-1] != "b" {
			t.Errorf("the task behind the one given up was not run: %v", runs)
		}
		if n := o.left(); n != 0 {
			t.Errorf("%d subjects have work left", n)
		}
	})
}

func TestTaskWithoutGiveUpIsTriedForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		box := o.outbox(outbox.Queue{}, func(context.Context, outbox.Job) error { return errDown })
		box.Start()
		time.Sleep(7 * 24 * time.Hour)
		box.Stop()
		if list := o.givenUp(); len(list) != 0 {
			t.Errorf("given up: %+v", list)
		}
		if n := o.left(); n != 1 {
			t.Errorf("%d tasks are left, want 1", n)
		}
	})
}

func TestErrAgainGoesOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		parts := 0
		box := o.outbox(outbox.Queue{GiveUpAfter: time.Nanosecond}, func(_ context.Context, job outbox.Job) error {
			if job.Attempt != 1 {
				t.Errorf("part %d is attempt %d, want 1: the parts before it did not fail", parts+1, job.Attempt)
			}
			if parts++; parts < 10 {
				return outbox.ErrAgain
			}
			return nil
		})
		began := time.Now()
		o.runDue(box, 10)
		if took := time.Since(began); took != 0 {
			t.Errorf("ten parts took %v", took)
		}
		if n := o.left(); n != 0 {
			t.Errorf("%d tasks are left", n)
		}
	})
}

func TestContinueGoesOnWhereItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "last")
		failures := 0
		box := o.outbox(outbox.Queue{GiveUpAfter: 10 * time.Second}, func(_ context.Context, job outbox.Job) error {
			switch job.Payload {
			case "a":
				time.Sleep(9 * time.Second)
				return outbox.Continue{Payload: "b"}
			case "b":
				if failures++; failures < 3 { // for some three seconds, within ten of its own
					return errDown
				}
				if job.Attempt != 3 {
					t.Errorf("the second part succeeds with attempt %d, want 3", job.Attempt)
				}
				return outbox.Continue{Payload: "c"}
			}
			if job.Attempt != 1 {
				t.Errorf("%q is attempt %d, want 1", job.Payload, job.Attempt)
			}
			return nil
		})
		box.Start()
		time.Sleep(time.Minute)
		box.Stop()
		if got, want := o.payloads(""), []string{"a", "b", "b", "b", "c", "last"}; !slices.Equal(got, want) {
			t.Errorf("run were %q, want %q", got, want)
		}
	})
}

// deadly is a store that its process can no longer write to once it is dead.
type deadly struct {
	storage.Store
	dead atomic.Bool
}

func (d *deadly) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if d.dead.Load() {
		return errDown
	}
	return d.Store.Update(ctx, scope, fn)
}

func TestTaskOfADeadProcessIsRunAgainAfterItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		store, alive := &deadly{Store: o.store}, o.db
		o.db = record.New(store)
		dying := o.outbox(outbox.Queue{}, func(ctx context.Context, _ outbox.Job) error {
			<-ctx.Done() // killed in the middle of it
			store.dead.Store(true)
			return nil
		})
		o.db = alive
		ctx, kill := context.WithTimeout(t.Context(), time.Second)
		defer kill()
		if _, err := dying.RunDue(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("RunDue of the dying process: %v", err)
		}
		other := o.outbox(outbox.Queue{}, succeed)
		o.runDue(other, 0) // leased
		time.Sleep(13 * time.Second)
		o.runDue(other, 0)
		time.Sleep(2 * time.Second)
		o.runDue(other, 2)
		if got := strings.Join(o.payloads("jane"), ""); got != "aab" {
			t.Errorf("ran %s, want aab", got)
		}
		if attempt := o.done()[1].job.Attempt; attempt != 2 {
			t.Errorf("the second run is attempt %d, want 2", attempt)
		}
	})
}

func TestTaskThatWasStoppedIsRunAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		o.post("john", "c")
		box := o.outbox(outbox.Queue{}, func(ctx context.Context, job outbox.Job) error {
			<-ctx.Done()
			if job.Subject == "john" {
				return nil // whether it was done is not to be trusted
			}
			return ctx.Err()
		})
		box.Start()
		synctest.Wait()
		box.Stop()
		o.runDue(o.outbox(outbox.Queue{}, succeed), 3)
		if got := strings.Join(o.payloads("jane"), ""); got != "aab" {
			t.Errorf("ran %s, want aab", got)
		}
		for _, r := range o.done() {
			if r.job.Attempt != 1 {
				t.Errorf("the run of %s is attempt %d; one that is stopped is none", r.job.Payload, r.job.Attempt)
			}
		}
	})
}

func TestRunIsEndedBeforeItsLeaseIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		box := o.outbox(outbox.Queue{}, func(ctx context.Context, _ outbox.Job) error {
			<-ctx.Done()
			return ctx.Err()
		})
		began := time.Now()
		o.runDue(box, 1)
		if took := time.Since(began); took != 13*time.Second {
			t.Errorf("a run that hangs was ended after %v, want 13s", took)
		}
		if n := o.left(); n != 1 {
			t.Errorf("%d tasks are left, want 1", n)
		}
	})
}

func TestTwoOutboxesNeverRunATaskAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		work := func(_ context.Context, job outbox.Job) error {
			time.Sleep(rand.N(9 * time.Second))
			if job.Attempt == 1 && rand.N(3) == 0 {
				return errDown
			}
			return nil
		}
		var boxes []*outbox.Outbox
		for range 2 {
			box := o.outbox(outbox.Queue{}, work)
			box.Start()
			boxes = append(boxes, box)
		}
		for i := range 60 {
			subject := fmt.Sprint("subject ", i%20)
			o.post(subject, fmt.Sprint(i/20))
			for _, box := range boxes {
				box.Wake()
			}
			time.Sleep(rand.N(3 * time.Second))
		}
		time.Sleep(time.Hour)
		for _, box := range boxes {
			box.Stop()
		}
		for i := range 20 {
			subject := fmt.Sprint("subject ", i)
			runs := o.payloads(subject)
			if !slices.IsSorted(runs) {
				t.Errorf("%s ran in the order %v", subject, runs)
			}
			// A run that failed is run once more; one that succeeded never.
			if done := slices.Compact(slices.Clone(runs)); len(done) != 3 {
				t.Errorf("%s ran %v, want 0, 1 and 2", subject, runs)
			}
			if len(runs) > 6 {
				t.Errorf("%s ran %d times, want at most twice each: %v", subject, len(runs), runs)
			}
		}
		if n := o.left(); n != 0 {
			t.Errorf("%d subjects have work left", n)
		}
	})
}

func TestTaskThatSucceededIsRunOnceWhoeverLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for i := range 100 {
			o.post(fmt.Sprint("subject ", i), "a")
		}
		var looking sync.WaitGroup
		for range 4 {
			box := o.outbox(outbox.Queue{}, func(context.Context, outbox.Job) error {
				time.Sleep(rand.N(2 * time.Second))
				return nil
			})
			looking.Go(func() {
				if _, err := box.RunDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		looking.Wait()
		if len(o.done()) != 100 {
			t.Errorf("100 tasks took %d runs", len(o.done()))
		}
	})
}

func TestTaskFallsDueAfterTheDelayOfItsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		var delay atomic.Int64
		delay.Store(int64(time.Hour))
		q := outbox.Queue{Delay: func(*record.Reader) (time.Duration, error) { return time.Duration(delay.Load()), nil }}
		box := o.outbox(q, succeed)
		o.post("jane", "a")
		box.Start()
		defer box.Stop()
		time.Sleep(time.Hour - time.Second)
		if n := len(o.done()); n != 0 {
			t.Fatal("ran before its time")
		}
		time.Sleep(2 * time.Second)
		if n := len(o.done()); n != 1 {
			t.Fatalf("%d runs when due, want 1", n)
		}

		// A shorter delay counts for what is recorded already.
		o.post("john", "b")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		delay.Store(int64(5 * time.Minute))
		box.Wake()
		synctest.Wait()
		if n := len(o.done()); n != 2 {
			t.Errorf("%d runs after the delay became shorter, want 2", n)
		}
	})
}

func TestTaskOfTheFutureWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.postDue("jane", time.Now().Add(72*time.Hour), "a")
		box := o.outbox(outbox.Queue{}, succeed)
		box.Start()
		time.Sleep(72*time.Hour - time.Second)
		if n := len(o.done()); n != 0 {
			t.Fatal("ran before its time")
		}
		time.Sleep(2 * time.Second)
		box.Stop()
		if n := len(o.done()); n != 1 {
			t.Errorf("%d runs when due, want 1", n)
		}
	})
}

func TestWhatAnotherInstanceRecordedIsFoundWithoutAWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		box := o.outbox(outbox.Queue{}, succeed)
		box.Start()
		defer box.Stop()
		synctest.Wait()
		o.post("jane", "a")
		time.Sleep(31 * time.Second)
		if n := len(o.done()); n != 1 {
			t.Errorf("%d runs, want 1", n)
		}
	})
}

func TestStopWaitsForWhatRunsAndLeavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		ended := false
		box := o.outbox(outbox.Queue{}, func(ctx context.Context, _ outbox.Job) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second) // it takes a while to notice
			ended = true
			return ctx.Err()
		})
		box.Start()
		synctest.Wait()
		box.Stop()
		if !ended {
			t.Error("Stop did not wait for what was running")
		}
		time.Sleep(time.Hour)
		if n := len(o.done()); n != 1 {
			t.Errorf("%d runs after Stop, want the one before it", n)
		}
		if n := o.left(); n != 1 {
			t.Errorf("%d subjects have work left, want 1", n)
		}
		outbox.New(o.db, slog.New(slog.DiscardHandler)).Stop() // never started
	})
}

func TestCancelledTasksNeverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a", "b")
		o.post("jane two", "c") // another subject, though it begins alike
		err := o.db.Update(t.Context(), scope, func(tx *record.Txn) error { return tx.CancelTasks(queue, "jane") })
		if err != nil {
			t.Fatal(err)
		}
		o.runDue(o.outbox(outbox.Queue{}, succeed), 1)
		if got := strings.Join(o.payloads(""), ""); got != "c" {
			t.Errorf("ran %s, want c", got)
		}
	})
}

func TestTaskThatEndsItselfWhileItRunsIsLeftAtThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post("jane", "a")
		box := o.outbox(outbox.Queue{}, func(ctx context.Context, _ outbox.Job) error {
			// What the task was about is gone, and the task with it; another one
			// about it follows at once.
			err := o.db.Update(ctx, scope, func(tx *record.Txn) error { return tx.CancelTasks(queue, "jane") })
			if err == nil && len(o.payloads("")) == 1 {
				o.post("jane", "b")
			}
			return err
		})
		o.runDue(box, 2)
		if got := strings.Join(o.payloads(""), ""); got != "ab" {
			t.Errorf("ran %s, want ab", got)
		}
		if n := o.left(); n != 0 {
			t.Errorf("%d tasks are left", n)
		}
	})
}

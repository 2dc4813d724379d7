// Package outbox does durable work: what falls due later, or happens outside.
// A task is recorded in the transaction of the change it belongs to, claimed
// with a lease, so that several instances on one store share the work, and run
// at least once: a process that dies leaves it to the next. Tasks of one queue
// about one subject run one after another, in the order recorded; a subject
// that fails waits longer and longer, and holds up no other.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Queue is one kind of work.
type Queue struct {
	Name string

	// Delay is added to the time a task is due: work that falls due so long
	// after something, by a setting that may change. Nil: none.
	Delay func(*record.Reader) (time.Duration, error)

	// Run does the work. It may run again for the same task after a crash. An
	// error means to try again later; ErrAgain and Continue to go on at once.
	Run func(context.Context, Job) error

	// Keep is what of a payload is kept with the record of a task that was
	// given up. Nil: nothing.
	Keep func(payload string) string

	// GiveUpAfter is how long after it was recorded a failing task is given up.
	// 0: never.
	GiveUpAfter time.Duration

	// Runners is how many tasks run at the same time. 0: 4.
	Runners int
}

// Job is one run of a task.
type Job struct {
	Subject    string
	Payload    string
	Scope      string
	RecordedAt int64
	Attempt    int // from 1
}

// ErrAgain says that a run did part of the work and wants the next part done.
var ErrAgain = fmt.Errorf("outbox: not finished")

// Continue is ErrAgain for work whose payload says where the next part begins:
// what was done is not done again if the next part fails, which has as long as
// any task until it is given up.
type Continue struct{ Payload string }

func (Continue) Error() string { return ErrAgain.Error() }

// goesOn says whether a run did its part and there is another.
func goesOn(problem error) bool {
	_, ok := problem.(Continue)
	return ok || problem == ErrAgain
}

const (
	lease     = 15 * time.Second // how long a claimed task is left alone
	runLimit  = 13 * time.Second // how long one run may take; well under the lease
	stopLimit = 2 * time.Second  // how long it may take to give one back that was stopped
	batch     = 64               // tasks looked at together
	runners   = 4                // tasks of a queue run at the same time, if it does not say
	idle      = 30 * time.Second // how often to look for what another instance left
	firstWait = time.Second      // after the first failure; it doubles
	longest   = time.Hour        // between two attempts
	pause     = time.Second / 5  // how long a failed run keeps its place
	maxText   = 500              // bytes kept of a problem
)

// Outbox runs queues, each apart from the others, so that slow work of one
// holds up none. It is safe for concurrent use.
type Outbox struct {
	db      *record.DB
	log     *slog.Logger
	queues  []Queue
	wakes   []chan struct{} // one a queue
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New makes an outbox; Start lets it run.
func New(db *record.DB, log *slog.Logger, queues ...Queue) *Outbox {
	o := &Outbox{db: db, log: log, queues: queues}
	for range queues {
		o.wakes = append(o.wakes, make(chan struct{}, 1))
	}
	return o
}

// Start runs what is due, now and from now on, until Stop.
func (o *Outbox) Start() {
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	for i := range o.queues {
		o.running.Go(func() { o.loop(ctx, &o.queues[i], o.wakes[i]) })
	}
}

// Stop ends the work and waits for what is running. Unfinished tasks stay.
func (o *Outbox) Stop() {
	if o.stop != nil {
		o.stop()
		o.running.Wait()
	}
}

// Wake says that a task may have been recorded, or a delay changed: in the
// queues named, or in any.
func (o *Outbox) Wake(queues ...string) {
	for i, wake := range o.wakes {
		if len(queues) > 0 && !slices.Contains(queues, o.queues[i].Name) {
			continue
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// RunDue runs everything that is due now, and what falls due by it, and
// returns the number of runs.
func (o *Outbox) RunDue(ctx context.Context) (runs int, err error) {
	for {
		n := 0
		for i := range o.queues {
			ran, err := o.drain(ctx, &o.queues[i])
			n += ran
			if err != nil {
				return runs + n, err
			}
		}
		if runs += n; n == 0 {
			return runs, ctx.Err()
		}
	}
}

// due reads what is due in a queue.
func (o *Outbox) due(ctx context.Context, q *Queue, now int64, limit int) (list []record.DueTask, delay int64, err error) {
	err = o.db.View(ctx, func(r *record.Reader) error {
		delay = 0
		if q.Delay != nil {
			d, err := q.Delay(r)
			if err != nil {
				return err
			}
			delay = d.Microseconds()
		}
		list, err = r.DueTasks(q.Name, now-delay, limit)
		return err
	})
	return list, delay, err
}

// runTask claims a task, runs it, and ends or moves it. It says whether the task
// failed; its error is one of recording that.
func (o *Outbox) runTask(ctx context.Context, q *Queue, due record.DueTask, delay int64) (failed bool, err error) {
	var scope string
	err = o.db.View(ctx, func(r *record.Reader) error {
		_, task, _, err := r.FirstTask(q.Name, due.Subject)
		scope = task.Scope
		return err
	})
	if err != nil {
		return false, err
	}
	var ref record.TaskRef
	var task codec.Task
	claimed := false
	err = o.db.Update(ctx, scope, func(t *record.Txn) error {
		claimed = false
		var found bool
		var err error
		ref, task, found, err = t.FirstTask(q.Name, due.Subject)
		if err != nil {
			return err
		}
		if !found || task.Due != due.Due {
			// Another instance has it, or else the file was damaged, and the
			// place among what is due would be found again and again.
			return t.EndDue(q.Name, due)
		}
		claimed = true
		task.Attempts++
		until := time.Now().Add(lease).UnixMicro() - delay
		if err := t.MoveTask(ref, task, until); err != nil {
			return err
		}
		task.Due = until
		return nil
	})
	if err != nil || !claimed {
		return false, err
	}
	problem := o.run(ctx, q, Job{due.Subject, task.Payload, task.Scope, task.RecordedAt, int(task.Attempts)})
	if ctx.Err() != nil { // stopped: whether it was done is for the next run to find out
		if err := o.giveBack(ctx, ref, task, due.Due); err != nil {
			o.log.WarnContext(ctx, "durable work that was stopped waits for its lease", "queue", ref.Queue, "subject", ref.Subject, "error", err)
		}
		return false, ctx.Err()
	}
	return problem != nil && !goesOn(problem), o.settle(ctx, q, ref, task, delay, problem)
}

// giveBack ends the claim of a task whose run was stopped, which was no attempt:
// else it would be left alone until the lease has run out.
func (o *Outbox) giveBack(ctx context.Context, ref record.TaskRef, task codec.Task, due int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	return o.db.Update(ctx, task.Scope, func(t *record.Txn) error {
		current, stored, found, err := t.FirstTask(ref.Queue, ref.Subject)
		if err != nil || !found || current != ref || stored.Due != task.Due {
			return err // ended with what it was about, or the lease ran out
		}
		stored.Attempts--
		return t.MoveTask(ref, stored, due)
	})
}

// run is one run of a task; a panic in it is an error.
func (o *Outbox) run(ctx context.Context, q *Queue, job Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			o.log.ErrorContext(ctx, "durable work panicked", "queue", q.Name, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return q.Run(ctx, job)
}

// settle ends a task that succeeded, moves one that failed, and gives up one
// that failed for too long.
func (o *Outbox) settle(ctx context.Context, q *Queue, ref record.TaskRef, task codec.Task, delay int64, problem error) error {
	now := time.Now()
	return o.db.Update(ctx, task.Scope, func(t *record.Txn) error {
		current, stored, found, err := t.FirstTask(ref.Queue, ref.Subject)
		if err != nil || !found || current != ref || stored.Due != task.Due {
			return err // ended with what it was about, or the lease ran out
		}
		switch {
		case problem == nil:
			return t.EndTask(ref, task)
		case goesOn(problem):
			rest := task
			rest.Attempts, rest.Problem = 0, ""
			if c, ok := problem.(Continue); ok {
				rest.Payload, rest.RecordedAt = c.Payload, now.UnixMicro()
			}
			return t.MoveTask(ref, rest, now.UnixMicro()-delay)
		}
		o.log.WarnContext(ctx, "durable work failed", "queue", ref.Queue, "subject", ref.Subject,
			"attempt", task.Attempts, "error", problem)
		failed := task
		failed.Problem = brief(problem.Error())
		age := time.Duration(now.UnixMicro()-task.RecordedAt) * time.Microsecond
		if q.GiveUpAfter > 0 && age >= q.GiveUpAfter {
			failed.Payload = ""
			if q.Keep != nil {
				failed.Payload = q.Keep(task.Payload)
			}
			return t.GiveUpTask(ref, failed)
		}
		return t.MoveTask(ref, failed, now.Add(backoff(task.Attempts)).UnixMicro()-delay)
	})
}

// brief is the beginning of a text that others may have made long.
func brief(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxText)], "")
}

// backoff is how long to wait after so many failures: twice as long each time,
// give or take a fifth, so that what failed together does not come back
// together.
func backoff(attempts uint64) time.Duration {
	wait := longest
	if attempts < 13 {
		wait = min(longest, firstWait<<(attempts-1))
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

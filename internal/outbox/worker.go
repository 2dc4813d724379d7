package outbox

import (
	"context"
	"errors"
	"time"

	"example.com/chat/internal/record"
)

// worker runs the tasks of one queue, several at a time. When one ends, the next
// that is due begins: one that takes long holds up no other, as long as not all
// of them do.
type worker struct {
	*Outbox
	queue   *Queue
	paced   bool            // it works in the background
	running map[string]bool // subjects
	ended   chan ended
	waiting []record.DueTask // due, and not begun
	delay   int64            // of the queue, when waiting was read
	begun   int
	news    bool // a run has ended, and may have recorded work for another queue
}

// ended is a run that is over, and what became of recording it.
type ended struct {
	subject string
	err     error
}

func (o *Outbox) worker(q *Queue) *worker {
	return &worker{Outbox: o, queue: q, running: map[string]bool{}, ended: make(chan ended)}
}

// loop runs what falls due in a queue until ctx ends.
//
// It waits for no timer that has run out as it is set: in a bubble of
// testing/synctest several goroutines that do so at once meet in the race
// detector, which crashes (Go 1.26).
func (o *Outbox) loop(ctx context.Context, q *Queue, wake <-chan struct{}) {
	w := o.worker(q)
	w.paced = true
	defer w.finish()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	var err error
	for {
		wait := firstWait
		if err == nil {
			wait, err = w.beginAll(ctx)
		}
		if err != nil && ctx.Err() == nil {
			o.log.WarnContext(ctx, "durable work", "queue", q.Name, "error", err)
		}
		err = nil
		if wait <= 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
		case e := <-w.ended:
			err = w.end(e)
		}
	}
}

// beginAll begins what is due, and says how long nothing more will have to
// begin.
func (w *worker) beginAll(ctx context.Context) (wait time.Duration, err error) {
	if err := w.begin(ctx); err != nil {
		return firstWait, err
	}
	return w.untilNext(ctx)
}

// drain runs what is due in a queue until nothing is, or something cannot be
// recorded.
func (o *Outbox) drain(ctx context.Context, q *Queue) (runs int, err error) {
	w := o.worker(q)
	for {
		if err == nil {
			err = w.begin(ctx)
		}
		if len(w.running) == 0 {
			return w.begun, err
		}
		if e := w.end(<-w.ended); err == nil {
			err = e
		}
	}
}

// begin begins what is due, as much as may run at the same time.
func (w *worker) begin(ctx context.Context) error {
	for !w.busy() {
		if len(w.waiting) == 0 {
			if err := w.look(ctx); err != nil || len(w.waiting) == 0 {
				return err
			}
		}
		due, delay := w.waiting[0], w.delay
		w.waiting = w.waiting[1:]
		if w.running[due.Subject] {
			continue
		}
		w.running[due.Subject] = true
		w.begun++
		go w.run(ctx, due, delay)
	}
	return nil
}

// ErrExited is what became of a run that ended its goroutine, as t.Fatal of a
// test does.
var ErrExited = errors.New("its goroutine exited")

// run runs a task. One that fails keeps its place a little longer: where all
// fail, because a receiver is gone, that bounds what trying again costs the
// store, whatever waits. One that ends its goroutine stays claimed: it is tried
// again when the lease is over.
func (w *worker) run(ctx context.Context, due record.DueTask, delay int64) {
	e := ended{due.Subject, ErrExited}
	defer func() { w.ended <- e }()
	var failed bool
	failed, e.err = w.runTask(ctx, w.queue, due, delay)
	if failed && w.paced {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (w *worker) busy() bool {
	most := w.queue.Runners
	if most == 0 {
		most = runners
	}
	return len(w.running) >= most
}

// look reads what is due and does not run.
func (w *worker) look(ctx context.Context) error {
	if w.news {
		w.news = false
		w.Wake()
	}
	list, delay, err := w.due(ctx, w.queue, time.Now().UnixMicro(), batch+len(w.running))
	if err != nil {
		return err
	}
	w.waiting, w.delay = w.waiting[:0], delay
	for _, due := range list {
		if !w.running[due.Subject] { // else it is being claimed
			w.waiting = append(w.waiting, due)
		}
	}
	return nil
}

// untilNext is how long nothing will have to begin, or a little less.
func (w *worker) untilNext(ctx context.Context) (time.Duration, error) {
	if w.busy() {
		return idle, nil // until one ends
	}
	now := time.Now().UnixMicro()
	list, delay, err := w.due(ctx, w.queue, now+idle.Microseconds(), len(w.running)+1)
	if err != nil {
		return firstWait, err
	}
	for _, due := range list {
		if !w.running[due.Subject] {
			return max(0, time.Duration(due.Due+delay-now)*time.Microsecond), nil
		}
	}
	return idle, nil
}

// end notes that a run is over.
func (w *worker) end(e ended) error {
	delete(w.running, e.subject)
	w.news = true
	return e.err
}

// finish waits for what runs.
func (w *worker) finish() {
	for len(w.running) > 0 {
		_ = w.end(<-w.ended) // the context has ended: the next to look finds it
	}
}

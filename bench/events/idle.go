package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/report"
	"example.com/chat/bench/internal/workload"
)

// measureIdle has many subscribers wait in channels where nothing happens, and
// measures what they take of memory, and of the sends of others in another
// channel.
func measureIdle(r *program.Run, name string) error {
	a := audience{"idle", 1_000, 10_000}
	busy := workload.CID(a.channels)
	app, err := a.open(r, func(app *chat.App) error { return workload.AddChannel(app, busy, workload.Users(0, senders)) })
	if err != nil {
		return err
	}
	defer func() { _ = app.Close() }()
	texts := workload.MakeTexts()

	heap, stacks := memory()
	w := wait(app, a)
	heapWith, stacksWith := memory()
	if err := w.end(); err != nil {
		return err
	}
	each := func(n int64) float64 { return float64(n) / float64(a.subscribers) }
	heap, stacks = heapWith-heap, stacksWith-stacks
	r.AtMost(name+", bytes of one", each(heap+stacks), wantIdle,
		fmt.Sprintf("%.0f of heap, %.0f of stack; there are %s", each(heap), each(stacks), report.Thousands(a.subscribers)))

	sends := func(label string) (measure.Cell, error) {
		return measure.Callers(label, senders, 5*r.Cell, func(caller int) error {
			_, err := app.As(workload.User(caller)).Send(context.Background(), busy, chat.Draft{Text: texts.Any()})
			return err
		})
	}
	series, err := measure.Rounds(r.Rounds,
		func() (measure.Cell, error) { return sends("alone") },
		func() (measure.Cell, error) {
			w := wait(app, a)
			cell, err := sends("with subscribers")
			return cell, errors.Join(err, w.end())
		},
	)
	if err != nil {
		return err
	}
	r.AtLeast(fmt.Sprintf("%s, sends beside %s, times those without", name, report.Thousands(a.subscribers)), series[1].Faster(series[0]), wantSends,
		fmt.Sprintf("%.0f/s against %.0f/s", series[1].PerSecond(), series[0].PerSecond()))
	return nil
}

// waiting are subscribers who wait.
type waiting struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
	errs   []error
}

// wait has all subscribers wait, each in a Poll of its own.
func wait(app *chat.App, a audience) *waiting {
	ctx, cancel := context.WithCancel(context.Background())
	w := &waiting{cancel: cancel, errs: make([]error, a.subscribers)}
	for i, s := range a.follow(app, "") {
		w.all.Go(func() {
			n, err := s.poll(ctx, nil)
			switch {
			case n > 0:
				err = fmt.Errorf("%s was told of what is not theirs", s.session.User())
			case errors.Is(err, context.Canceled):
				err = nil
			}
			w.errs[i] = err
		})
	}
	settle()
	return w
}

// settle waits until next to nothing runs: all subscribers wait.
func settle() {
	const quiet = 50 * time.Millisecond
	for {
		used, _ := measure.Time(func() { time.Sleep(quiet) })
		if used < quiet/10 {
			return
		}
	}
}

func (w *waiting) end() error {
	w.cancel()
	w.all.Wait()
	return errors.Join(w.errs...)
}

// memory is what the heap and the stacks take. A stack shrinks by half in each
// collection, as far as it is not used.
func memory() (heap, stacks int64) {
	for range 4 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc), int64(stats.StackInuse)
}

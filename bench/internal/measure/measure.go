// Package measure times calls: how many a second from many callers at once, or
// how long one takes. What is compared is measured in turns, a short cell each,
// so that what else the machine does meets every contender alike.
package measure

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Cell is one measurement: some calls in a short time.
type Cell struct {
	PerSecond float64
	P50, P99  time.Duration
	CPU       time.Duration // of the processors, a call; 0 where it is not known
}

// PerCall is the time from one call to the next.
func (c Cell) PerCall() time.Duration {
	if c.PerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / c.PerSecond)
}

// Time is how long a call takes: of the processors where that is known, so that
// what else the machine does counts little, and by the clock.
func Time(call func()) (processor, clock time.Duration) {
	used, begun := cpu(), time.Now()
	call()
	clock = time.Since(begun)
	if used = cpu() - used; used <= 0 {
		used = clock
	}
	return used, clock
}

// ErrOver is answered by a call that has nothing left to do. It ends its
// caller, and is not counted.
var ErrOver = errors.New("nothing left to measure")

// Callers makes calls from many goroutines at once until the time is over, one
// of each at the least. The label names the contender in a CPU profile.
func Callers(label string, callers int, d time.Duration, call func(caller int) error) (Cell, error) {
	var over atomic.Bool
	timer := time.AfterFunc(d, func() { over.Store(true) })
	defer timer.Stop()
	return run(label, callers, func(made int) bool { return made == 0 || !over.Load() }, call)
}

// Times makes a number of calls, spread over the callers.
func Times(label string, callers, n int, call func(caller int) error) (Cell, error) {
	var begun atomic.Int64
	return run(label, callers, func(int) bool { return begun.Add(1) <= int64(n) }, call)
}

func run(label string, callers int, more func(made int) bool, call func(caller int) error) (Cell, error) {
	runtime.GC() // the garbage of one contender is not another's to collect
	took := make([][]time.Duration, callers)
	errs := make([]error, callers)
	var all sync.WaitGroup
	used, start := cpu(), time.Now()
	for caller := range callers {
		all.Go(func() {
			pprof.Do(context.Background(), pprof.Labels("contender", label), func(context.Context) {
				for more(len(took[caller])) {
					begun := time.Now()
					err := call(caller)
					if errors.Is(err, ErrOver) {
						return
					}
					if errs[caller] = err; err != nil {
						return
					}
					took[caller] = append(took[caller], time.Since(begun))
				}
			})
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	used = cpu() - used
	for _, err := range errs {
		if err != nil {
			return Cell{}, fmt.Errorf("%s: %w", label, err)
		}
	}
	list := slices.Concat(took...)
	if len(list) == 0 {
		return Cell{}, fmt.Errorf("%s: no call was made", label)
	}
	slices.Sort(list)
	return Cell{
		PerSecond: float64(len(list)) / elapsed.Seconds(),
		P50:       list[len(list)/2],
		P99:       list[min(len(list)-1, len(list)*99/100)],
		CPU:       used / time.Duration(len(list)),
	}, nil
}

// Between calls a number of times, each after something that is not measured. The
// processor time is taken for that of the clock.
func Between(label string, n int, before, call func() error) (Cell, error) {
	runtime.GC()
	var elapsed time.Duration
	for range n {
		if err := before(); err != nil {
			return Cell{}, fmt.Errorf("%s: %w", label, err)
		}
		begun := time.Now()
		err := call()
		elapsed += time.Since(begun)
		if err != nil {
			return Cell{}, fmt.Errorf("%s: %w", label, err)
		}
	}
	return Cell{PerSecond: float64(n) / elapsed.Seconds(), CPU: elapsed / time.Duration(n)}, nil
}

// Loop calls from one goroutine until the time is over, without looking at the
// clock between calls: for calls of a microsecond.
func Loop(label string, d time.Duration, call func() error) (Cell, error) {
	runtime.GC()
	var n int
	var err error
	var elapsed time.Duration
	used := cpu()
	pprof.Do(context.Background(), pprof.Labels("contender", label), func(context.Context) {
		start := time.Now()
		for batch := 1; elapsed < d && err == nil; batch = min(batch*2, 64) {
			for range batch {
				if err = call(); err != nil {
					return
				}
			}
			n += batch
			elapsed = time.Since(start)
		}
	})
	if err != nil {
		return Cell{}, fmt.Errorf("%s: %w", label, err)
	}
	each := elapsed / time.Duration(n)
	return Cell{PerSecond: float64(n) / elapsed.Seconds(), P50: each, P99: each, CPU: (cpu() - used) / time.Duration(n)}, nil
}

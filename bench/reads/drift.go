package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

// What of a mixed run is compared: of ten equal parts, the second to fourth
// with the last three. The first warms up.
const (
	parts   = 10
	samples = 10 // of the heap, in each
	callers = 64
)

// measureDrift has 64 callers send and read, and compares the end with the
// beginning.
func measureDrift(r *program.Run, f *field) error {
	var speed, heap []float64
	for part := range parts {
		least := leastHeap(r.Mixed / parts / samples)
		cell, err := measure.Callers("mixed", callers, r.Mixed/parts, f.mixedCall)
		heap = append(heap, least())
		if err != nil {
			return fmt.Errorf("mixed run: %w", err)
		}
		speed = append(speed, cell.PerSecond)
		r.Note(fmt.Sprintf("mixed run, part %d of %d", part+1, parts),
			fmt.Sprintf("%.0f calls/s, p50 %v, p99 %v, heap from %.1f MiB", cell.PerSecond, cell.P50, cell.P99, heap[part]))
	}
	compare := func(list []float64) (early, late float64) {
		return measure.Median(list[1:4]), measure.Median(list[parts-3:])
	}
	early, late := compare(speed)
	r.AtLeast(fmt.Sprintf("mixed run of %v, 64 callers: speed at the end", r.Mixed), late/early, 0.9,
		fmt.Sprintf("%.0f/s against %.0f/s", late, early))
	early, late = compare(heap)
	r.AtMost(fmt.Sprintf("mixed run of %v, 64 callers: MiB of heap gained", r.Mixed), max(0, late-early), max(1, early/10),
		fmt.Sprintf("%.1f MiB after %.1f MiB", late, early))
	return nil
}

// mixedCall is one call of a mixed run: one in five sends.
func (f *field) mixedCall(caller int) error {
	ctx := context.Background()
	session := f.app.As(workload.User(caller % writers))
	cid := workload.CID(rand.IntN(channels))
	var err error
	switch rand.IntN(10) {
	case 0, 1:
		_, err = session.Send(ctx, cid, chat.Draft{Text: f.texts.Any()})
	case 2, 3, 4, 5:
		_, err = session.Messages(ctx, cid, chat.MessageQuery{Limit: page})
	case 6, 7:
		_, err = session.Unread(ctx, cid)
	case 8:
		_, err = session.Message(ctx, f.anchors[plain].id)
	default:
		_, err = session.Messages(ctx, workload.CID(plain), chat.MessageQuery{Limit: page, Around: f.anchors[plain].id})
	}
	return err
}

// leastHeap samples the heap, each time after a collection, until the function that
// it returns is called, which says the least in MiB. What bbolt has not taken in yet
// goes up and down by tens of MiB; a leak raises the least.
func leastHeap(every time.Duration) func() float64 {
	stop, result := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		least := heapInUse()
		for {
			select {
			case <-tick.C:
				least = min(least, heapInUse())
			case <-stop:
				result <- min(least, heapInUse())
				return
			}
		}
	}()
	return func() float64 {
		close(stop)
		return <-result
	}
}

func heapInUse() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / (1 << 20)
}

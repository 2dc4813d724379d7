package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
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
	callers = 64
)

// bookkeeping is what bbolt remembers of each page of its file that it has used
// again, a part of the file's size (docs/performance.md): 22 bytes of 4,096.
const bookkeeping = 22.0 / 4096

// measureDrift has 64 callers send and read, and compares the end with the
// beginning.
func measureDrift(r *program.Run, f *field) error {
	if _, err := measure.Times("mixed", callers, warmUp, f.mixedCall); err != nil {
		return fmt.Errorf("mixed run: %w", err)
	}
	var speed, heap, file []float64
	for part := range parts {
		cell, err := measure.Callers("mixed", callers, r.Mixed/parts, f.mixedCall)
		if err != nil {
			return fmt.Errorf("mixed run: %w", err)
		}
		speed = append(speed, cell.PerSecond)
		line := fmt.Sprintf("%.0f calls/s, p50 %v, p99 %v", cell.PerSecond, cell.P50, cell.P99)
		if isCompared(part) {
			resting, size, err := f.rest()
			if err != nil {
				return fmt.Errorf("mixed run: %w", err)
			}
			heap, file = append(heap, resting), append(file, size)
			line += fmt.Sprintf(", heap %.1f MiB, file %.0f MiB", resting, size)
		}
		r.Note(fmt.Sprintf("mixed run, part %d of %d", part+1, parts), line)
	}
	compare := func(list []float64) (early, late float64) {
		return measure.Median(list[:3]), measure.Median(list[len(list)-3:])
	}
	speed = slices.Concat(speed[1:4], speed[parts-3:])
	early, late := compare(speed)
	r.AtLeast(fmt.Sprintf("mixed run of %v, 64 callers: speed at the end", r.Mixed), late/early, 0.9,
		fmt.Sprintf("%.0f/s against %.0f/s", late, early))
	small, large := compare(file)
	early, late = compare(heap)
	r.AtMost(fmt.Sprintf("mixed run of %v, 64 callers: MiB of heap gained", r.Mixed), max(0, late-early),
		max(1, early/10)+bookkeeping*(large-small),
		fmt.Sprintf("%.1f MiB after %.1f MiB, %.0f MiB of file after %.0f MiB", late, early, large, small))
	return nil
}

func isCompared(part int) bool { return part >= 1 && part < 4 || part >= parts-3 }

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

// A turn is so many calls that bbolt takes in what was sent, which is 4 MiB and
// more, and that what is remembered is exchanged.
const (
	bursts = 20
	burst  = 2560
	warmUp = 3 * bursts * burst
)

// rest is the least of the heap between the calls of a turn, when nobody calls, and
// how large the file is, in MiB. What bbolt has not taken in goes up and down
// by megabytes, and so do what is remembered, in two generations, and the memory
// that bbolt writes pages from. A leak raises the least.
func (f *field) rest() (heap, file float64, err error) {
	heap = math.Inf(1)
	for range bursts {
		if _, err := measure.Times("mixed", callers, burst, f.mixedCall); err != nil {
			return 0, 0, err
		}
		time.Sleep(10 * time.Millisecond)
		heap = min(heap, heapInUse())
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return 0, 0, err
	}
	return heap, float64(info.Size()) / mib, nil
}

const mib = 1 << 20

func heapInUse() float64 {
	for range 3 { // what pools hold outlives the first two
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / mib
}

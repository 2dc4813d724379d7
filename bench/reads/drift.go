package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

// What of a mixed run is compared: of ten equal parts, the second to fourth
// with the last three. The first warms up. A run that is slower at its end goes on to
// three times its length, and is judged there: a slow spell of the machine passes, a
// drift does not.
const (
	parts     = 10
	moreParts = 3 * parts
	callers   = 64
	notSlower = 0.9 // times as fast at the end, at least
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
	var compared []part
	for n, last := 0, parts; n < last; n++ {
		cell, err := measure.Callers("mixed", callers, r.Mixed/parts, f.mixedCall)
		if err != nil {
			return fmt.Errorf("mixed run: %w", err)
		}
		line := fmt.Sprintf("%.0f calls/s, p50 %v, p99 %v", cell.PerSecond, cell.P50, cell.P99)
		if n >= 1 && n < 4 || n >= parts-3 {
			p := part{speed: speedOf(r, cell)}
			if p.heap, p.file, err = f.rest(); err != nil {
				return fmt.Errorf("mixed run: %w", err)
			}
			compared = append(compared, p)
			line += fmt.Sprintf(", heap %.1f MiB, file %.0f MiB", p.heap, p.file)
		}
		r.Note(fmt.Sprintf("mixed run, part %d", n+1), line)
		if n == parts-1 && slower(compared) {
			last = moreParts
		}
	}
	name := fmt.Sprintf("mixed run of %v, 64 callers: ", r.Mixed)
	early, late := ends(compared)
	r.AtLeast(name+"speed at the end", late.speed/early.speed, notSlower,
		fmt.Sprintf("%.0f/s against %.0f/s%s", late.speed, early.speed, judgedBy(r)))
	r.AtMost(name+"MiB of heap gained", max(0, late.heap-early.heap), max(1, early.heap/10)+bookkeeping*(late.file-early.file),
		fmt.Sprintf("%.1f MiB after %.1f MiB, %.0f MiB of file after %.0f MiB", late.heap, early.heap, late.file, early.file))
	return nil
}

// part is what was measured of a part of the run: calls a second, and MiB.
type part struct{ speed, heap, file float64 }

// ends are the medians of the first three parts that are compared, and of the last.
func ends(compared []part) (early, late part) {
	median := func(three []part, of func(part) float64) float64 {
		var list []float64
		for _, p := range three {
			list = append(list, of(p))
		}
		return measure.Median(list)
	}
	medians := func(three []part) part {
		return part{
			speed: median(three, func(p part) float64 { return p.speed }),
			heap:  median(three, func(p part) float64 { return p.heap }),
			file:  median(three, func(p part) float64 { return p.file }),
		}
	}
	return medians(compared[:3]), medians(compared[len(compared)-3:])
}

func slower(compared []part) bool {
	early, late := ends(compared)
	return late.speed < notSlower*early.speed
}

// speedOf is how many calls there were a second. In a short run it is a second of
// the processors: some disks are twice as fast in the first seconds as then.
func speedOf(r *program.Run, c measure.Cell) float64 {
	if byProcessor(r) && c.CPU > 0 {
		return float64(time.Second) / float64(c.CPU)
	}
	return c.PerSecond
}

func judgedBy(r *program.Run) string {
	if byProcessor(r) {
		return " of processor time"
	}
	return ""
}

func byProcessor(r *program.Run) bool { return r.CPU || r.Quick }

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

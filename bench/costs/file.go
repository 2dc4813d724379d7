package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/report"
	"example.com/chat/bench/internal/workload"
)

// measureFile measures opening the file of the large channel, and sends to it
// after everything was truncated.
func measureFile(r *program.Run, room *room) error {
	killed := room.path + "-killed"
	time.Sleep(time.Second)                              // until what goes on in the background has ended
	if err := copyStore(room.path, killed); err != nil { // as a killed process leaves it
		return err
	}
	if err := room.close(); err != nil {
		return err
	}
	err := measureOpen(r, "open after a clean close", room.path, 10, nil)
	if err == nil {
		again := killed + "-opened"
		err = measureOpen(r, "open after a kill", again, 300, func() error { return copyStore(killed, again) })
		err = errors.Join(err, remove(killed), remove(again))
	}
	if err != nil {
		return err
	}
	untouched, err := copyRoom(room)
	if err != nil {
		return err
	}
	if room.app, err = chat.Open(room.path, &chat.Options{NoBackground: true}); err == nil {
		err = measureTruncated(r, room, untouched)
	}
	return errors.Join(err, untouched.close(), remove(untouched.path))
}

// measureSize compares the file with the JSON of its messages.
func measureSize(r *program.Run, room *room) error {
	ctx := context.Background()
	var sample, messages int
	for m, err := range room.app.AllMessages(ctx, room.cid) {
		if err != nil {
			return err
		}
		if messages == 3_000 {
			break
		}
		messages++
		encoded, err := json.Marshal(m)
		if err != nil {
			return err
		}
		sample += len(encoded)
	}
	info, err := os.Stat(room.path)
	if err != nil {
		return err
	}
	stored, err := room.as(reader).Unread(ctx, room.cid)
	if err != nil {
		return err
	}
	each, line := float64(info.Size())/float64(stored), float64(sample)/float64(messages)
	r.AtMost("bytes on disk a message, times its JSON", each/line, 1, fmt.Sprintf("%.0f of %.0f bytes", each, line))
	return nil
}

// measureOpen opens a file, again and again.
func measureOpen(r *program.Run, name, path string, bound float64, before func() error) error {
	var took, heap []float64
	for range r.Rounds {
		if before != nil {
			if err := before(); err != nil {
				return err
			}
		}
		empty := heapInUse()
		start := time.Now()
		app, err := chat.Open(path, nil)
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(start))/float64(time.Millisecond))
		heap = append(heap, max(0, float64(heapInUse())-float64(empty))/(1<<20))
		if err := app.Close(); err != nil {
			return err
		}
	}
	r.AtMost(fmt.Sprintf("%s at %s messages, ms", name, report.Thousands(r.N)), measure.Median(took), bound, "")
	r.AtMost(fmt.Sprintf("%s at %s messages, MiB of heap", name, report.Thousands(r.N)), measure.Median(heap), 8, "")
	return nil
}

// measureTruncated compares sends after a hard truncate of the whole channel with
// those to a copy that keeps everything, in turns: the machine may be faster or
// slower than before.
func measureTruncated(r *program.Run, room, untouched *room) error {
	ctx := context.Background()
	start := time.Now()
	if err := room.app.TruncateChannel(ctx, room.cid, &chat.TruncateOptions{Hard: true}); err != nil {
		return err
	}
	hidden := time.Since(start)
	for {
		n, err := room.app.RunDueWork(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	r.Note("hard truncate of "+report.Thousands(r.N)+" messages", fmt.Sprintf("hidden in %s, purged in %.1f s", report.Short(hidden), time.Since(start).Seconds()))
	const bound = 0.9
	send := sends(callers, 0)
	isClear := func(series []measure.Series) bool {
		return measure.ClearlyAtLeast(series[0].Faster(series[1]), bound)
	}
	series, err := measure.RoundsUntil(2*r.Rounds, isClear, send.on(room, largeLabel, r.Cell), send.on(untouched, largeLabel, r.Cell))
	if err != nil {
		return err
	}
	after, before := series[0], series[1]
	r.AtLeast("sends after a hard truncate, times those before", after.Faster(before), bound,
		fmt.Sprintf("%.0f/s; before %.0f/s", after.PerSecond(), before.PerSecond()))
	return nil
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has only set free to be finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// files are the file of a store and its journals.
func files(path string) []string { return []string{path, path + "-journal0", path + "-journal1"} }

func copyStore(from, to string) error {
	for i, file := range files(from) {
		if err := workload.CopyFile(file, files(to)[i]); err != nil && (i == 0 || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func remove(path string) error {
	for _, file := range files(path) {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

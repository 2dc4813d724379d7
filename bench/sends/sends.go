package main

import (
	"fmt"
	"time"

	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/sqlite"
	"example.com/chat/bench/internal/workload"
)

// The contenders' names.
const (
	ours        = "chat"
	handUpdate  = "bbolt by hand, one Update each"
	handBatch   = "bbolt by hand, DB.Batch, 10 ms"
	handBatch1  = "bbolt by hand, DB.Batch, 1 ms"
	handGroup   = "bbolt by hand, group commit"
	oneEach     = ", one transaction each"
	groupCommit = ", group commit"
)

// bounds are what is required in one layout.
type bounds struct {
	perTransaction float64 // times SQLite with one transaction a message
	p99            time.Duration
}

func run(r *program.Run) error {
	texts := workload.MakeTexts()
	for _, part := range []struct {
		layout workload.Layout
		bounds bounds
	}{
		{workload.Hot(), bounds{perTransaction: 8, p99: 5 * time.Millisecond}},
		{workload.Many(), bounds{perTransaction: 4, p99: 10 * time.Millisecond}},
	} {
		if !r.Wanted(part.layout.Name) {
			continue
		}
		if err := measureLayout(r, part.layout, texts, part.bounds); err != nil {
			return fmt.Errorf("%s: %w", part.layout.Name, err)
		}
	}
	return nil
}

func measureLayout(r *program.Run, layout workload.Layout, texts workload.Texts, required bounds) (err error) {
	field, err := newField(r, layout, texts)
	if err != nil {
		return err
	}
	defer func() {
		if closing := field.close(); err == nil {
			err = closing
		}
	}()
	for _, callers := range []int{1, 16, 64, 256} {
		list := field.contenders()
		cells := make([]func() (measure.Cell, error), len(list))
		for i, c := range list {
			cells[i] = func() (measure.Cell, error) {
				if err := field.provide(c, callers); err != nil {
					return measure.Cell{}, err
				}
				return measure.Callers(c.name, callers, r.Cell, c.send)
			}
		}
		series, err := measure.Rounds(r.Rounds, cells...)
		if err != nil {
			return err
		}
		results := map[string]measure.Series{}
		for i, c := range list {
			s := series[i]
			results[c.name] = s
			r.Note(fmt.Sprintf("%s, %d callers, %s", layout.Name, callers, c.name), fmt.Sprintf("%.0f/s, p50 %s, p99 %s, %s of CPU", s.PerSecond(), short(s.P50()), short(s.P99()), short(s.CPU())))
			if callers == 64 {
				r.Bar(layout.Name+", 64 callers, sends a second", c.name, s.PerSecond(), fmt.Sprintf("%.0f", s.PerSecond()), c.name == ours)
			}
		}
		judge(r, layout, callers, results, required)
	}
	return nil
}

// judge compares with what is required. SQLite counts with modernc's driver,
// which like the engine needs no C compiler.
func judge(r *program.Run, layout workload.Layout, callers int, results map[string]measure.Series, required bounds) {
	chat := results[ours]
	against := func(other string, bound float64) {
		name := fmt.Sprintf("%s, %d callers: chat / %s", layout.Name, callers, other)
		r.AtLeast(name, chat.Faster(results[other]), bound, fmt.Sprintf("%.0f/s against %.0f/s", chat.PerSecond(), results[other].PerSecond()))
	}
	modernc := sqlite.Modernc().Name
	switch callers {
	case 1:
		against(handUpdate, 0.8)
	case 64:
		against(handGroup, 0.85)
		against(modernc+oneEach, required.perTransaction)
		against(modernc+groupCommit, 1.6)
		r.AtMost(fmt.Sprintf("%s, 64 callers: chat, p99 in ms", layout.Name), milliseconds(chat.P99()), milliseconds(required.p99), "")
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

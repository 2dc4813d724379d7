package main

import (
	"fmt"
	"slices"
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
		rivals := required.rivals(callers)
		byName := func(series []measure.Series) map[string]measure.Series {
			results := map[string]measure.Series{}
			for i, c := range list {
				results[c.name] = series[i]
			}
			return results
		}
		series, err := measure.RoundsUntil(r.Rounds, func(series []measure.Series) bool { return isClear(byName(series), rivals) }, cells...)
		if err != nil {
			return err
		}
		for i, c := range list {
			s := series[i]
			r.Note(fmt.Sprintf("%s, %d callers, %s", layout.Name, callers, c.name), fmt.Sprintf("%.0f/s, p50 %s, p99 %s, %s of CPU", s.PerSecond(), short(s.P50()), short(s.P99()), short(s.CPU())))
			if callers == 64 {
				r.Bar(layout.Name+", 64 callers, sends a second", c.name, s.PerSecond(), fmt.Sprintf("%.0f", s.PerSecond()), c.name == ours)
			}
		}
		judge(r, fmt.Sprintf("%s, %d callers: ", layout.Name, callers), byName(series), rivals)
		if callers == 64 {
			r.AtMost(layout.Name+", 64 callers: chat, p99 in ms", milliseconds(byName(series)[ours].P99()), milliseconds(required.p99), "")
		}
	}
	return nil
}

// rival is whom the engine is to be so many times as fast as.
type rival struct {
	name  string
	bound float64
}

// rivals are those with so many callers. SQLite counts with modernc's driver,
// which like the engine needs no C compiler.
func (b bounds) rivals(callers int) []rival {
	modernc := sqlite.Modernc().Name
	switch callers {
	case 1:
		return []rival{{handUpdate, 0.8}}
	case 64:
		return []rival{{handGroup, 0.85}, {modernc + oneEach, b.perTransaction}, {modernc + groupCommit, 1.6}}
	}
	return nil
}

// isClear says whether the engine is not only by chance as fast as is required.
func isClear(results map[string]measure.Series, rivals []rival) bool {
	return !slices.ContainsFunc(rivals, func(other rival) bool {
		return !measure.ClearlyAtLeast(results[ours].Faster(results[other.name]), other.bound)
	})
}

// judge compares with what is required.
func judge(r *program.Run, name string, results map[string]measure.Series, rivals []rival) {
	chat := results[ours]
	for _, other := range rivals {
		rate := results[other.name]
		r.AtLeast(name+"chat / "+other.name, chat.Faster(rate), other.bound, fmt.Sprintf("%.0f/s against %.0f/s", chat.PerSecond(), rate.PerSecond()))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

package measure

import (
	"slices"
	"time"
)

// Series is the cells of one contender, a round each.
type Series []Cell

// PerSecond is the median of the rounds.
func (s Series) PerSecond() float64 {
	return s.median(func(c Cell) float64 { return c.PerSecond })
}

// P50 is the median of the rounds' medians.
func (s Series) P50() time.Duration {
	return time.Duration(s.median(func(c Cell) float64 { return float64(c.P50) }))
}

// P99 is the median of the rounds' 99th percentiles.
func (s Series) P99() time.Duration {
	return time.Duration(s.median(func(c Cell) float64 { return float64(c.P99) }))
}

// PerCall is the median of the rounds.
func (s Series) PerCall() time.Duration {
	return time.Duration(s.median(func(c Cell) float64 { return float64(c.PerCall()) }))
}

// CPU is the median of the rounds.
func (s Series) CPU() time.Duration {
	return time.Duration(s.median(func(c Cell) float64 { return float64(c.CPU) }))
}

func (s Series) median(of func(Cell) float64) float64 {
	values := make([]float64, len(s))
	for i, c := range s {
		values[i] = of(c)
	}
	return Median(values)
}

// Faster is how many times as many calls a second s makes as t does: the median
// of the ratios of each round, whose cells follow each other directly.
func (s Series) Faster(t Series) float64 {
	ratios := make([]float64, min(len(s), len(t)))
	for i := range ratios {
		ratios[i] = s[i].PerSecond / t[i].PerSecond
	}
	return Median(ratios)
}

// CPURatio is how many times the processor time of t a call of s takes: the
// median of the ratios of each round.
func (s Series) CPURatio(t Series) float64 {
	ratios := make([]float64, min(len(s), len(t)))
	for i := range ratios {
		ratios[i] = float64(s[i].CPU) / float64(max(t[i].CPU, 1))
	}
	return Median(ratios)
}

// Median is the middle of the values; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Rounds runs every contender once a round, each round beginning with another
// one, and returns a series for each.
func Rounds(rounds int, contenders ...func() (Cell, error)) ([]Series, error) {
	return RoundsUntil(rounds, func([]Series) bool { return true }, contenders...)
}

// RoundsUntil runs as many rounds, and again as many while they are not clear, four
// times at the most. The series are of all of them: a ratio near its bound is
// measured better, and not once more.
func RoundsUntil(rounds int, isClear func([]Series) bool, contenders ...func() (Cell, error)) ([]Series, error) {
	list := make([]Series, len(contenders))
	for round := 0; round < rounds || round < 4*rounds && (round%rounds > 0 || !isClear(list)); round++ {
		for i := range contenders {
			which := (i + round) % len(contenders)
			cell, err := contenders[which]()
			if err != nil {
				return nil, err
			}
			list[which] = append(list[which], cell)
		}
	}
	return list, nil
}

// ClearlyAtMost says that a measured ratio is not only by chance within a bound.
func ClearlyAtMost(ratio, bound float64) bool { return ratio <= 0.9*bound }

// ClearlyAtLeast is for a bound that is to be reached.
func ClearlyAtLeast(ratio, bound float64) bool { return 0.9*ratio >= bound }

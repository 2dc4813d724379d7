package program

import (
	"fmt"

	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/report"
)

// Growth is a call where there is little of something, and where there is much.
type Growth struct {
	Name         string
	Bound        float64 // of what it takes where there is much, over what it takes where there is little
	Waits        bool    // for the disk, so that the clock judges it, also with -cpu
	Small, Large func() (measure.Cell, error)
}

// Grows measures both in turns, judges their ratio and adds a bar of it.
func (r *Run) Grows(g Growth) error {
	ratioOf := func(series []measure.Series) float64 {
		if r.CPU && !g.Waits {
			return series[1].CPURatio(series[0])
		}
		return series[0].Faster(series[1])
	}
	isClear := func(series []measure.Series) bool { return measure.ClearlyAtMost(ratioOf(series), g.Bound) }
	series, err := measure.RoundsUntil(r.Rounds, isClear, g.Small, g.Large)
	if err != nil {
		return fmt.Errorf("%s: %w", g.Name, err)
	}
	small, large, ratio := series[0], series[1], ratioOf(series)
	r.AtMost(g.Name, ratio, g.Bound, fmt.Sprintf("%s → %s; of CPU %s → %s",
		report.Short(small.PerCall()), report.Short(large.PerCall()), report.Short(small.CPU()), report.Short(large.CPU())))
	r.Bar("of what is allowed", g.Name, ratio, fmt.Sprintf("%.2f of %.2f", ratio, g.Bound), true)
	return nil
}

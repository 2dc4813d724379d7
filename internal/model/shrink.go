package model

import (
	"slices"
	"time"
)

// Shrink drops steps of a script that fails for as long as the rest still does,
// halves first and single steps in the end. It stops at the deadline with what
// it has.
func Shrink(steps []Step, deadline time.Time, fails func([]Step) bool) []Step {
	for size := len(steps) / 2; size >= 1; {
		dropped := false
		for start := 0; start < len(steps); {
			if time.Now().After(deadline) {
				return steps
			}
			rest := slices.Concat(steps[:start], steps[min(start+size, len(steps)):])
			if len(rest) > 0 && fails(rest) {
				steps, dropped = rest, true
			} else {
				start += size
			}
		}
		if size == 1 && !dropped {
			return steps
		}
		if !dropped || size > len(steps)/2 {
			size = max(1, min(size/2, len(steps)/2))
		}
	}
	return steps
}

package measure

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("Median(%v) = %v; want %v", c.values, got, c.want)
		}
	}
}

// TestRatiosAreTakenWithinARound: a round in which the machine was slow for
// both counts like any other.
func TestRatiosAreTakenWithinARound(t *testing.T) {
	ours := Series{{PerSecond: 200, CPU: 5}, {PerSecond: 2, CPU: 50}, {PerSecond: 220, CPU: 5}}
	theirs := Series{{PerSecond: 100, CPU: 10}, {PerSecond: 1, CPU: 100}, {PerSecond: 110, CPU: 10}}
	if got := ours.Faster(theirs); got != 2 {
		t.Errorf("Faster = %v; want 2", got)
	}
	if got := theirs.CPURatio(ours); got != 2 {
		t.Errorf("CPURatio = %v; want 2", got)
	}
}

// TestRoundsTakeTurns: each contender begins a round as often as the others.
func TestRoundsTakeTurns(t *testing.T) {
	var order []int
	contender := func(i int) func() (Cell, error) {
		return func() (Cell, error) {
			order = append(order, i)
			return Cell{PerSecond: float64(i)}, nil
		}
	}
	series, err := Rounds(2, contender(0), contender(1))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 1, 0}; !slices.Equal(order, want) {
		t.Errorf("the order is %v; want %v", order, want)
	}
	for i, s := range series {
		if got := s.PerSecond(); got != float64(i) || len(s) != 2 {
			t.Errorf("contender %d has %v", i, s)
		}
	}
}

// TestEveryCallerCallsOnce: however short the time is.
func TestEveryCallerCallsOnce(t *testing.T) {
	made := make([]int, 4)
	cell, err := Callers("test", len(made), 0, func(caller int) error {
		made[caller]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(made, 0) || cell.PerSecond == 0 {
		t.Errorf("calls are %v, %v a second", made, cell.PerSecond)
	}
}

// TestRoundsUntilTheyAreClear: there are more of them while they are not, and
// four times as many at the most.
func TestRoundsUntilTheyAreClear(t *testing.T) {
	for _, c := range []struct{ clearAt, want int }{{1, 3}, {3, 3}, {4, 6}, {6, 6}, {100, 12}} {
		n := 0
		series, err := RoundsUntil(3, func(list []Series) bool { return len(list[0]) >= c.clearAt },
			func() (Cell, error) { n++; return Cell{}, nil })
		if err != nil || n != c.want || len(series[0]) != n {
			t.Errorf("clear after %d rounds: %d rounds, %d cells (%v); want %d", c.clearAt, n, len(series[0]), err, c.want)
		}
	}
}

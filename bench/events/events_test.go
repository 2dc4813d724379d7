package main

import (
	"testing"

	"example.com/chat"
	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark with few messages: it says what it measured,
// and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "500", "-mixed", "50ms"},
		"10,000 subscribers of 1,000 channels, a second, from the log", "as they are sent", "p99 from commit to delivery",
		"bytes of one", "sends beside 10,000", "messages elsewhere", "messages private to others")
}

// TestAWrongDeliveryIsFound: the program checks what subscribers are told.
func TestAWrongDeliveryIsFound(t *testing.T) {
	s := newSent(1)
	s.times[0] = []int64{30, 10, 20}
	sums := s.sums()[0]
	for _, c := range []struct {
		name      string
		told      int
		sum       int64
		all, well bool
	}{
		{"all", 3, 60, true, true},
		{"the first two", 2, 30, false, true},
		{"not the last", 2, 30, true, false},
		{"not the second", 2, 40, false, false},
		{"too many", 4, 60, false, false},
	} {
		got := &subscriber{session: new(chat.Session), told: c.told, sum: c.sum}
		if err := got.check(sums, c.all); (err == nil) != c.well {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

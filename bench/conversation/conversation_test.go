package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "50"}, "reaction replaced", "page of a thread", "pin and unpin")
}

package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "500", "-mixed", "50ms"},
		"latest page, all public: times the bare scan", "message by id: times as fast", "MiB of heap gained")
}

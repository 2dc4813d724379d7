package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "200"},
		"hot channel, 64 callers: chat / bbolt by hand, group commit", "500 channels, 64 callers: chat, p99 in ms")
}

package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "500"},
		"members 64", "unread messages 10", "bytes on disk", "open after a kill", "after a hard truncate", "muted authors")
}

package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Measures(t, spec(), []string{"-n", "200"},
		"hostile, overrides", "allocated", "most html", "with markup", "ordinary, plain")
}

func TestShapesHaveTheSizeAskedFor(t *testing.T) {
	for _, s := range shapes() {
		if n := len([]rune(s.text(longest))); n < longest*8/10 || n > longest {
			t.Errorf("%s has %d characters", s.name, n)
		}
	}
}

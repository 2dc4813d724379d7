package main

import (
	"bytes"
	"strings"
	"testing"

	"example.com/chat/bench/internal/program"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	var out, errs bytes.Buffer
	status := program.Main(spec(), []string{"-n", "200", "-rounds", "1", "-cell", "2ms", "-dir", t.TempDir()}, &out, &errs)
	if errs.Len() > 0 {
		t.Fatalf("it failed: %s", errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-1]
	switch {
	case status == 0 && last != "ok", status == 1 && !strings.HasPrefix(last, "short: "), status > 1:
		t.Errorf("status is %d with the last line %q", status, last)
	}
	for _, line := range lines[:len(lines)-1] {
		if got, want := strings.Count(line, "\t"), 3; got != want {
			t.Errorf("%d tabs in %q; want %d", got, line, want)
		}
	}
	for _, want := range []string{"hostile, overrides", "allocated", "most html", "with markup", "ordinary, plain"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing is said of %q", want)
		}
	}
}

func TestShapesHaveTheSizeAskedFor(t *testing.T) {
	for _, s := range shapes() {
		if n := len([]rune(s.text(longest))); n < longest*8/10 || n > longest {
			t.Errorf("%s has %d characters", s.name, n)
		}
	}
}

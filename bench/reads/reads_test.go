package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/chat/bench/internal/program"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	chart := filepath.Join(t.TempDir(), "chart.svg")
	var out, errs bytes.Buffer
	args := []string{"-n", "500", "-mixed", "50ms", "-rounds", "1", "-cell", "2ms", "-dir", t.TempDir(), "-svg", chart}
	status := program.Main(spec(), args, &out, &errs)
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
	for _, want := range []string{"latest page, all public: times the bare scan", "message by id: times as fast", "MiB of heap gained"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing is said of %q", want)
		}
	}
	svg, err := os.ReadFile(chart)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(svg, []byte("<svg ")) {
		t.Errorf("the chart begins with %.20q", svg)
	}
}

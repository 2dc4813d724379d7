// Package programtest runs benchmark programs as small as they get.
package programtest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/chat/bench/internal/program"
)

// Measures runs a program: it says what it measured, all of what is wanted among
// it, and its exit status goes with its last line.
func Measures(t *testing.T, spec program.Spec, args []string, want ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := program.Main(spec, slices.Concat(args, []string{"-rounds", "1", "-cell", "2ms", "-dir", t.TempDir()}), &out, &errs)
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
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("nothing is said of %q", w)
		}
	}
}

// Draws is Measures of a program that draws a chart.
func Draws(t *testing.T, spec program.Spec, args []string, want ...string) {
	t.Helper()
	chart := filepath.Join(t.TempDir(), "chart.svg")
	Measures(t, spec, append(slices.Clone(args), "-svg", chart), want...)
	svg, err := os.ReadFile(chart)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(svg, []byte("<svg ")) {
		t.Errorf("the chart begins with %.20q", svg)
	}
}

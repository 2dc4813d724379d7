package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/chat"
	"example.com/chat/bench/internal/program"
)

// TestItMeasures runs the benchmark with few messages: it says what it measured,
// and its exit status goes with its last line.
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
	for _, want := range []string{
		"10,000 subscribers of 1,000 channels, a second, from the log", "as they are sent", "p99 from commit to delivery",
		"bytes of one", "sends beside 10,000", "messages elsewhere", "messages private to others",
	} {
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

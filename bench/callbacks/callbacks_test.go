package main

import (
	"bytes"
	"strings"
	"testing"

	"example.com/chat/bench/internal/program"
	"example.com/chat/webhook"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	var out, errs bytes.Buffer
	status := program.Main(spec(), []string{"-n", "40", "-rounds", "1", "-cell", "2ms", "-dir", t.TempDir()}, &out, &errs)
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
	for _, want := range []string{"receiver hangs", "of 40 delivered when the receiver is back\t40 ", "out of order\t0\t", "a pending send"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing is said of %q:\n%s", want, out.String())
		}
	}
}

// TestTheReceiverSeesWhatIsWrong: what comes again or too early is counted.
func TestTheReceiverSeesWhatIsWrong(t *testing.T) {
	g := newGood(3)
	for _, c := range []taken{
		{webhook.PendingSent, "a"}, {webhook.PendingDeleted, "b"}, {webhook.PendingSent, "b"}, {webhook.PendingSent, "b"},
	} {
		g.take(c)
	}
	<-g.all
	if came, again, tooEarly := g.count(); came != 3 || again != 1 || tooEarly != 1 {
		t.Errorf("%d came, %d again, %d too early", came, again, tooEarly)
	}
}

package main

import (
	"testing"

	"example.com/chat/bench/internal/programtest"
	"example.com/chat/webhook"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Measures(t, spec(), []string{"-n", "40"},
		"receiver hangs", "of 40 delivered when the receiver is back\t40 ", "out of order\t0\t", "a pending send")
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

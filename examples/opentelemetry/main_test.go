package main

import (
	"strings"
	"testing"
)

// TestCallsBecomeSpansAndMeasurements runs the whole program and looks for the
// lines that it is about, in their order.
func TestCallsBecomeSpansAndMeasurements(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	next := 0
	for _, want := range []string{
		"spans:",
		"  ride",
		"    chat.Send",
		"      chat.commit",
		"    chat.Send (chat: not found)",
		"      chat.commit (chat: not found)",
		"    chat.RunDueWork",
		"      chat.callback.push",
		"  chat.fetch",
		"measured:",
		"  chat.duration chat.Send: 1",
		"  chat.duration chat.Send: 1, chat: not found",
		"  chat.duration chat.callback.push: 1",
		"  chat.duration chat.fetch: 1",
	} {
		for ; next < len(lines) && lines[next] != want; next++ {
		}
		if next == len(lines) {
			t.Fatalf("no line %q, or not in its place, in:\n%s", want, out.String())
		}
	}
}

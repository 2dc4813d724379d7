// Command costs measures what calls must not grow with: each call in a small
// chat against the same call in a chat that is large in one way. Usage:
//
//	go run ./costs [-quick] [-markdown] [-svg FILE] [-only PART]
//
// The small chat has one channel of 64 members and 1,000 messages, and 20 other
// channels. The large ones have in turn many members, messages, unread ones,
// messages private to others, other channels, removed messages, muted authors,
// and pending messages. Measured at the end are opening a file, its size, and
// sends after everything was truncated.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "costs", Title: "Time of a call in a large chat, times that in a small one",
		N: 1_000_000, QuickN: 100_000,
		Cell: 500 * time.Millisecond, QuickCell: 30 * time.Millisecond,
		Measure: run,
	}
}

// Command conversation measures what is done to a message or a thread: a
// reaction, a reply, a pin and a page of a thread, each in a channel that has few
// of its kind against one that has many. Usage:
//
//	go run ./conversation [-quick] [-markdown] [-svg FILE] [-only PART]
//
// The small channel has 10 reactions to one message, 10 replies in one thread and
// 10 pins; the large one has 1,000,000 of the kind that is measured.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "conversation", Title: "Time of a call in a channel with many of a kind, times that with 10",
		N: 1_000_000, QuickN: 20_000,
		Cell: 500 * time.Millisecond, QuickCell: 100 * time.Millisecond,
		Measure: run,
	}
}

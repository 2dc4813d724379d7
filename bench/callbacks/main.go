// Command callbacks measures what callbacks cost that wait for a receiver which
// is not there. Usage:
//
//	go run ./callbacks [-quick] [-markdown] [-svg FILE]
//
// 10,000 callbacks are queued, two a message: it was sent, it was deleted. 64
// callers send messages of which nothing is posted, in a chat with none queued
// and in one whose receiver refuses connections, answers 500, or takes a request
// and never answers. Then the receiver is there again: everything must come, of
// each message in order. Last, what a pending send costs beside another.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "callbacks", Title: "Sends a second beside callbacks that wait",
		N: 10_000, QuickN: 10_000,
		Cell: 2 * time.Second, QuickCell: 800 * time.Millisecond,
		Measure: run,
	}
}

// Command events measures how changes reach those who are told of them. Usage:
//
//	go run ./events [-quick] [-cpu] [-markdown] [-svg FILE] [-only PART]
//
// Measured are deliveries a second to one subscriber, to many of one channel and
// to many of many channels, both of what lies in the log and of what is sent
// meanwhile; the time from a commit to its deliveries; what a subscriber takes
// who waits, of memory and of the sends of others; and what a resume costs when
// much happened that is not the subscriber's. Each delivery is checked: whoever
// is told anything but each message once and in order fails the run.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "events", Title: "Deliveries of events",
		N: 1_000_000, QuickN: 50_000,
		Cell: time.Second, QuickCell: 200 * time.Millisecond,
		Mixed: 10 * time.Second, QuickMixed: 2 * time.Second,
		Measure: run,
	}
}

// Command reads measures reads: the engine through its public API, permissions
// and visibility included, beside SQLite with the indexes an expert would make,
// and beside a scan of the engine's file that only decodes. Usage:
//
//	go run ./reads [-quick] [-markdown] [-svg FILE] [-mixed DURATION]
//
// Read are pages of a channel of n messages, in one channel for all, in another
// with private and deleted-for-me ones among them; unread counts; a channel
// list; messages by id. At the end 64 callers send and read for a while, to see
// whether speed or memory drift.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "reads", Title: "Microseconds a read",
		N: 100_000, QuickN: 100_000,
		Cell: 500 * time.Millisecond, QuickCell: 40 * time.Millisecond,
		Mixed: 10 * time.Minute, QuickMixed: 5 * time.Second,
		Measure: run,
	}
}

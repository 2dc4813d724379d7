// Command sends measures durable sends: the engine through its public API, with
// all its rules, beside what a Go programmer would write instead. Usage:
//
//	go run ./sends [-quick] [-markdown] [-svg FILE]
//
// Everybody sends the same texts, in one channel or in 500, from 1 to 256
// callers at once:
//
//   - chat: the engine, markdown included
//   - bbolt by hand: the keys and bytes that the engine writes, recorded
//     beforehand and written with the driver's options, but without a list
//     of free pages, which each commit would write, in one Update a
//     message, with DB.Batch, and in a hand-written group commit. That last one
//     has neither rules nor encoding to do: it is the limit
//   - SQLite: a schema that keeps exact unread counts, in one transaction a
//     message and in a hand-written group commit
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

func spec() program.Spec {
	return program.Spec{
		Name: "sends", Title: "Durable sends a second",
		N: 1_000_000, QuickN: 100_000,
		Cell: time.Second, QuickCell: 50 * time.Millisecond,
		Measure: run,
	}
}

// Command markdown measures what the text of a message costs: hostile texts of
// the greatest length, and ordinary ones beside plain goldmark. Usage:
//
//	go run ./markdown [-quick] [-markdown] [-only PART]
//
// The hostile texts are those of ../shared/corpus/markdown, where it lies beside
// the repository, and shapes of its own, among them the worst that the search in
// search_test.go found.
package main

import (
	"os"
	"time"

	"example.com/chat/bench/internal/program"
)

func main() { os.Exit(program.Main(spec(), os.Args[1:], os.Stdout, os.Stderr)) }

// longest is how many characters a message may have.
const longest = 20_000

func spec() program.Spec {
	return program.Spec{
		Name: "markdown", Title: "Time of a text beside plain goldmark",
		N: longest, QuickN: longest,
		Cell: 500 * time.Millisecond, QuickCell: 50 * time.Millisecond,
		Measure: run,
	}
}

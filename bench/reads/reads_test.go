package main

import (
	"testing"

	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/programtest"
	"example.com/chat/bench/internal/workload"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "500", "-mixed", "50ms"},
		"latest page, all public: times the bare scan", "message by id: times as fast", "MiB of heap gained")
}

// BenchmarkReads counts what each read allocates.
func BenchmarkReads(b *testing.B) {
	f, err := newField(&program.Run{N: 10_000, Dir: b.TempDir()}, workload.MakeTexts())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := f.close(); err != nil {
			b.Error(err)
		}
	}()
	repeat := func(call func() error) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for _, read := range f.reads() {
		b.Run(read.name, repeat(read.chat))
		if read.scan != nil {
			b.Run(read.name+", bare scan", repeat(read.scan))
		}
	}
}

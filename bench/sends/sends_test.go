package main

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/chat/bench/internal/programtest"
	"example.com/chat/bench/internal/workload"
)

// TestItMeasures runs the benchmark as small as it gets: it says what it
// measured, and its exit status goes with its last line.
func TestItMeasures(t *testing.T) {
	programtest.Draws(t, spec(), []string{"-n", "200"},
		"hot channel, 64 callers: chat / bbolt by hand, group commit", "500 channels, 64 callers: chat, p99 in ms")
}

// BenchmarkSends counts the allocations of a send, at 64 callers.
func BenchmarkSends(b *testing.B) {
	for _, layout := range []workload.Layout{workload.Hot(), workload.Many()} {
		b.Run(layout.Name, func(b *testing.B) {
			f := &field{layout: layout, texts: workload.MakeTexts()}
			if err := f.fillChat(filepath.Join(b.TempDir(), "chat"), 10_000); err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := f.close(); err != nil {
					b.Error(err)
				}
			}()
			b.ReportAllocs()
			b.ResetTimer()
			var sent atomic.Int64
			var callers sync.WaitGroup
			for caller := range 64 {
				callers.Go(func() {
					for sent.Add(1) <= int64(b.N) {
						if err := f.layout.Send(f.app, f.texts, caller); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			callers.Wait()
		})
	}
}

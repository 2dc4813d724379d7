package main

import (
	"fmt"

	"example.com/chat/bench/internal/program"
)

// What is required.
const (
	wantDeliveries = 200_000 // a second, on two cores
	wantLatency    = 50      // milliseconds, at p99
	wantIdle       = 8 << 10 // bytes of a subscriber who waits
	wantSends      = 0.9     // of those without subscribers
	wantResume     = 1.5     // times a resume with nothing else in the log
)

func run(r *program.Run) error {
	parts := []struct {
		name    string
		measure func(*program.Run, string) error
	}{
		{"p99 from commit to delivery", measureLatency},
		{"idle subscribers", measureIdle},
		{"resume", measureResume},
	}
	for _, a := range audiences() {
		name := "deliveries to " + a.name
		if !r.Wanted(name) {
			continue
		}
		if err := measureDeliveries(r, name, a); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, part := range parts {
		if !r.Wanted(part.name) {
			continue
		}
		if err := part.measure(r, part.name); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

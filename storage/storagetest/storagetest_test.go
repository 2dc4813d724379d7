package storagetest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat/storage"
)

// TestFaults runs the suite against stores that are wrong.
func TestFaults(t *testing.T) {
	byName := make(map[string]testCase)
	unproven := make(map[string]bool)
	for _, c := range cases() {
		byName[c.name] = c
		unproven[c.name] = true
	}
	for _, f := range faults() {
		delete(unproven, f.catch)
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c, ok := byName[f.catch]
			if !ok {
				t.Fatalf("there is no case %q", f.catch)
			}
			h := Harness{
				New:      func(testing.TB) storage.Store { return f.make() },
				Reopen:   reopenKept,
				Patience: 500 * time.Millisecond,
				Seed:     1,
				small:    true,
			}
			// Some faults need the unlucky moment.
			for range 20 {
				r := record(t, c, h)
				if r.failed() {
					t.Logf("%s says: %s", c.name, r.text())
					return
				}
			}
			t.Errorf("the case %q did not notice", c.name)
		})
	}
	for name := range unproven {
		t.Errorf("the case %q has no fault to notice", name)
	}
}

// TestReplayed shows that a driver may run functions twice, and Updates of
// different scopes at a time.
func TestReplayed(t *testing.T) {
	Run(t, Harness{New: func(testing.TB) storage.Store { return newReplayed() }, small: true})
}

// recorder is a testing.TB that takes failures without failing.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	bad      bool
	said     []string
	cleanups []func()
}

// record runs a case in a goroutine of its own, which its end may stop.
func record(t *testing.T, c testCase, h Harness) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, fn := range slices.Backward(r.cleanups) {
				fn()
			}
		}()
		c.execute(r, h)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Errorf("the case %q hangs", c.name)
	}
	return r
}

func (r *recorder) fail(said string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad = true
	r.said = append(r.said, strings.TrimSpace(said))
}

func (r *recorder) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bad
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "; ")
}

func (r *recorder) Helper()                   {}
func (r *recorder) Log(...any)                {}
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Failed() bool              { return r.failed() }
func (r *recorder) Fail()                     { r.fail("Fail") }
func (r *recorder) Error(a ...any)            { r.fail(fmt.Sprintln(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.fail(fmt.Sprintf(f, a...)) }
func (r *recorder) FailNow()                  { r.fail("FailNow"); runtime.Goexit() }
func (r *recorder) Fatal(a ...any)            { r.fail(fmt.Sprintln(a...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.fail(fmt.Sprintf(f, a...)); runtime.Goexit() }
func (r *recorder) Skip(...any)               { runtime.Goexit() }
func (r *recorder) Cleanup(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, fn)
}

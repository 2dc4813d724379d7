package faultstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"example.com/chat/storage"
)

// ErrInjected is what a call answers that was made to fail.
var ErrInjected = errors.New("faultstore: injected failure")

// Outcome is what becomes of a call.
type Outcome int

const (
	// Succeed makes the call as it is.
	Succeed Outcome = iota
	// Fail answers [ErrInjected] and does nothing. An Update whose commit fails
	// stores nothing.
	Fail
	// FailStored is for a commit, and like Fail for other calls: everything is
	// stored, and the Update answers [ErrInjected] all the same, as when a
	// connection is lost before the answer has come.
	FailStored
)

// Failing is a store of which chosen calls fail. It is safe for concurrent use.
type Failing struct {
	storage.Store
	script *script
}

// script counts the calls and decides on each.
type script struct {
	outcome func(n int, op Op) Outcome

	mu      sync.Mutex
	calls   int
	commits int
	failed  int
}

// NewFailing returns the store with a choice of what becomes of each call:
// outcome is asked once for the n-th, from 1, one call at a time. The function
// of an Update that fails at its commit has run; nobody but it knows.
func NewFailing(s storage.Store, outcome func(n int, op Op) Outcome) *Failing {
	f := &script{outcome: outcome}
	return &Failing{asWaiter(&watchedStore{s, f}, s), f}
}

// Nth is an outcome for [NewFailing]: the n-th call fails, once. With stored
// it is FailStored.
func Nth(n int, stored bool) func(int, Op) Outcome {
	return func(i int, _ Op) Outcome {
		switch {
		case i != n:
			return Succeed
		case stored:
			return FailStored
		}
		return Fail
	}
}

// Calls is how many calls there were.
func (f *Failing) Calls() int { return f.script.number(&f.script.calls) }

// Commits is how many Updates were committed, those included that answered
// ErrInjected although they were stored.
func (f *Failing) Commits() int { return f.script.number(&f.script.commits) }

// Failed is how many calls were made to fail.
func (f *Failing) Failed() int { return f.script.number(&f.script.failed) }

// Update implements [storage.Store].
func (f *Failing) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	var outcome Outcome
	var lost error // what the caller is told of a commit that succeeded
	err := f.Store.Update(ctx, scope, func(tx storage.Txn) error {
		lost = nil
		if err := fn(tx); err != nil {
			return err
		}
		var err error
		if outcome, err = f.script.decide(Commit); outcome == FailStored {
			lost, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	f.script.committed()
	return lost
}

func (f *script) before(op Op) error {
	_, err := f.decide(op)
	return err
}

// decide counts a call and says what becomes of it.
func (f *script) decide(op Op) (Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	outcome := f.outcome(f.calls, op)
	if outcome == Succeed {
		return Succeed, nil
	}
	f.failed++
	return outcome, fmt.Errorf("%w: call %d, %s", ErrInjected, f.calls, op)
}

func (f *script) committed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
}

func (f *script) number(n *int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *n
}

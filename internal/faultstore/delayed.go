package faultstore

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/chat/storage"
)

// Delayed returns the store with calls of every kind, commits included, that
// take a random time below longest now and then: one in eight, so that a
// suite of many calls ends. The seed decides which, and the times.
func Delayed(s storage.Store, longest time.Duration, seed uint64) storage.Store {
	d := &delay{longest: longest, random: rand.New(rand.NewPCG(seed, 0))}
	return asWaiter(&delayedStore{watchedStore{s, d}, d}, s)
}

const oneIn = 8 // calls is delayed

type delayedStore struct {
	watchedStore
	delay *delay
}

func (s *delayedStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	return s.watchedStore.Update(ctx, scope, func(tx storage.Txn) error {
		if err := fn(tx); err != nil {
			return err
		}
		return s.delay.before(Commit)
	})
}

// delay is a watcher that sleeps.
type delay struct {
	longest time.Duration

	mu     sync.Mutex
	random *rand.Rand
}

func (d *delay) before(Op) error {
	if wait := d.next(); wait > 0 {
		time.Sleep(wait)
	}
	return nil
}

func (d *delay) next() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.random.IntN(oneIn) != 0 {
		return 0
	}
	return time.Duration(d.random.Int64N(int64(d.longest)))
}

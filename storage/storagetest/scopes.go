package storagetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"example.com/chat/storage"
)

// CheckScopes returns the store with a check of its user: every key must be
// written under one scope only. The first Update that writes a key makes its
// scope the key's owner for good; a write, insert or removal of the key under
// another scope is reported to tb as an error. The call itself goes on, so that
// one run reports all there is.
//
// Keys for which one of the allow functions answers true are not checked: those
// that are inserted under any scope and found by whoever comes second, if there
// are such.
//
// The result is a [storage.Waiter] if the store is one. It is safe for
// concurrent use, and must not be used after tb's test has ended.
func CheckScopes(tb testing.TB, s storage.Store, allow ...func(key []byte) bool) storage.Store {
	c := &scopeStore{Store: s, tb: tb, allow: allow, owners: make(map[string]string)}
	if w, ok := s.(storage.Waiter); ok {
		return struct {
			storage.Store
			storage.Waiter
		}{c, w}
	}
	return c
}

type scopeStore struct {
	storage.Store
	tb    testing.TB
	allow []func(key []byte) bool

	mu     sync.Mutex
	owners map[string]string // key -> scope
}

func (s *scopeStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	var tx *scopeTxn
	err := s.Store.Update(ctx, scope, func(inner storage.Txn) error {
		tx = &scopeTxn{Txn: inner} // what an earlier run wrote does not count
		versioned, ok := inner.(storage.Versioned)
		noter, notes := inner.(storage.Noter)
		if ok && notes {
			return fn(struct {
				*scopeTxn
				storage.Versioned
				storage.Noter
			}{tx, versioned, noter})
		}
		return fn(tx)
	})
	if err == nil {
		s.own(scope, tx.keys)
	}
	return err
}

// own records the scope as the owner of keys that were written, or complains.
func (s *scopeStore) own(scope string, keys [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		owner, owned := s.owners[string(key)]
		switch {
		case s.allowed(key):
		case !owned:
			s.owners[string(key)] = scope
		case owner != scope:
			s.tb.Errorf("key %q of scope %q is written under scope %q", key, owner, scope)
		}
	}
}

func (s *scopeStore) allowed(key []byte) bool {
	for _, allow := range s.allow {
		if allow(key) {
			return true
		}
	}
	return false
}

// scopeTxn remembers the keys that are written.
type scopeTxn struct {
	storage.Txn
	keys [][]byte
}

func (t *scopeTxn) note(keys ...[]byte) {
	for _, key := range keys {
		t.keys = append(t.keys, bytes.Clone(key))
	}
}

func (t *scopeTxn) Put(key, value []byte) error {
	t.note(key)
	return t.Txn.Put(key, value)
}

func (t *scopeTxn) Insert(key, value []byte) error {
	err := t.Txn.Insert(key, value)
	if err == nil {
		t.note(key)
	}
	return err
}

func (t *scopeTxn) Delete(keys ...[]byte) error {
	t.note(keys...)
	return t.Txn.Delete(keys...)
}

func (t *scopeTxn) DeleteRange(rng storage.Range) error {
	rng.Reverse, rng.Limit = false, 0
	_, entries, err := t.Read(nil, []storage.Range{rng})
	if err != nil {
		return errors.Join(err, t.Txn.DeleteRange(rng))
	}
	for _, en := range entries[0] {
		t.note(en.Key)
	}
	return t.Txn.DeleteRange(rng)
}

// Package storagetest is the suite that a storage driver has to pass, and the
// benchmarks to compare it by. A driver's test needs no more than this:
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, storagetest.Harness{
//			New: func(t testing.TB) storage.Store {
//				s, err := mystore.Open(t.TempDir())
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//		})
//	}
//
// A driver that passes may be used by the engine. A bug found in one driver
// becomes a case here before it is mended.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/chat/storage"
)

// Harness is how the suite gets at a driver's stores.
type Harness struct {
	// New makes an empty store that no other has anything in common with. The
	// suite closes it. Required.
	New func(t testing.TB) storage.Store

	// Reopen closes a store and opens it again with what it has kept. Nil means
	// that the driver keeps nothing, and skips the cases about it.
	Reopen func(t testing.TB, s storage.Store) storage.Store

	// Patience is how long a case waits for what has to happen before it calls
	// it a failure. 0 means 30 seconds.
	Patience time.Duration

	// Seed decides the random cases. 0 means another seed each time; a case
	// that fails prints it.
	Seed uint64

	// EstimatesRecords says that LogSpan.Records may be off.
	EstimatesRecords bool

	small bool // leaves out the largest value
}

// Run tests a driver, one subtest a case.
func Run(t *testing.T, h Harness) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.execute(t, h) })
	}
}

// testCase is one group of the contract's sentences.
type testCase struct {
	name string
	run  func(*env)
}

func cases() []testCase {
	var all []testCase
	all = append(all, dataCases()...)
	all = append(all, rangeCases()...)
	all = append(all, transactionCases()...)
	all = append(all, concurrencyCases()...)
	all = append(all, lifeCases()...)
	all = append(all, logCases()...)
	all = append(all, trimCases()...)
	all = append(all, waitCases()...)
	all = append(all, versionCases()...)
	return append(all, modelCases()...)
}

func (c testCase) execute(t testing.TB, h Harness) {
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &env{TB: t, h: h, ctx: ctx, s: h.New(t)}
	t.Cleanup(func() {
		cancel()
		// Its own case looks at the error. A store that hangs has failed its
		// case already and must not hold up the rest.
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = e.s.Close()
		}()
		select {
		case <-closed:
		case <-time.After(h.Patience):
		}
	})
	c.run(e)
}

// env is what a case works with. Its methods end the case if a call fails that
// must not.
type env struct {
	testing.TB
	h   Harness
	ctx context.Context
	s   storage.Store
}

func (e *env) view(fn func(storage.Reader) error) {
	e.Helper()
	if err := e.s.View(e.ctx, fn); err != nil {
		e.Fatalf("View: %v", err)
	}
}

func (e *env) update(scope string, fn func(storage.Txn) error) {
	e.Helper()
	if err := e.s.Update(e.ctx, scope, fn); err != nil {
		e.Fatalf("Update: %v", err)
	}
}

// put stores each key with a value that tells of the key and the tag.
func (e *env) put(tag string, keys ...string) {
	e.Helper()
	e.update("put", func(tx storage.Txn) error {
		for _, k := range keys {
			if err := tx.Put([]byte(k), []byte(tag+k)); err != nil {
				return err
			}
		}
		return nil
	})
}

// expectKeys compares all that is stored with the keys, each with its value as
// put stores it.
func (e *env) expectKeys(tag string, keys ...string) {
	e.Helper()
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, pairs(tag, keys...)...) })
}

// within fails the case if fn takes longer than the harness has patience.
func (e *env) within(what string, fn func()) {
	e.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	e.await(what, done)
}

func (e *env) await(what string, done <-chan struct{}) {
	e.Helper()
	select {
	case <-done:
	case <-time.After(e.h.Patience):
		e.Fatalf("%s: still waiting after %v", what, e.h.Patience)
	}
}

// pairs is the entries that env.put makes.
func pairs(tag string, keys ...string) []string {
	var p []string
	for _, k := range keys {
		p = append(p, k, tag+k)
	}
	return p
}

// wantEntries compares a range with the keys and values, which alternate.
func wantEntries(r storage.Reader, rng storage.Range, keyValues ...string) error {
	_, entries, err := r.Read(nil, []storage.Range{rng})
	if err != nil {
		return err
	}
	if len(entries) != 1 {
		return fmt.Errorf("Read of one range answers %d", len(entries))
	}
	var got []string
	for _, en := range entries[0] {
		got = append(got, string(en.Key), string(en.Value))
	}
	if !equal(got, keyValues) {
		return fmt.Errorf("%s\n got %s\nwant %s", rangeText(rng), list(got), list(keyValues))
	}
	return nil
}

// wantValue compares one key; nil means absent.
func wantValue(r storage.Reader, key string, want []byte) error {
	got, err := storage.Get(r, []byte(key))
	if err != nil {
		return err
	}
	if (got == nil) != (want == nil) || !bytes.Equal(got, want) {
		return fmt.Errorf("key %q: got %s, want %s", key, valueText(got), valueText(want))
	}
	return nil
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func valueText(v []byte) string {
	if v == nil {
		return "nothing"
	}
	return short(string(v))
}

func list(s []string) string {
	var b strings.Builder
	for i, v := range s {
		if i == 40 {
			fmt.Fprintf(&b, "… (%d in all)", len(s))
			break
		}
		b.WriteString(short(v) + " ")
	}
	return "[" + strings.TrimSuffix(b.String(), " ") + "]"
}

func short(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q…(%d bytes)", s[:40], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func rangeText(r storage.Range) string {
	end := "no end"
	if r.End != nil {
		end = short(string(r.End))
	}
	return fmt.Sprintf("range %s to %s, reverse %v, limit %d:", short(string(r.Start)), end, r.Reverse, r.Limit)
}

func wantErr(what string, err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%s: got error %v, want %v", what, err, want)
	}
	return nil
}

// check runs functions until one fails.
func check(fns ...func() error) error {
	for _, fn := range fns {
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

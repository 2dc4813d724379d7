package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// pair is a store beside one in memory, to which all is done alike.
type pair struct {
	t      *testing.T
	path   string
	bolt   *Store
	mem    *memstore.Store
	random *rand.Rand
	held   bool // bbolt may take in nothing
}

func (p *pair) open() {
	p.t.Helper()
	var err error
	if p.bolt, err = Open(p.path, &Options{NoSync: true, MapSize: -1}); err != nil {
		p.t.Fatal(err)
	}
	p.bolt.limits = limits{sealed: 8 << 10, frame: 16 << 10, most: 1 << 20}
}

// hold keeps bbolt from taking anything in, or lets it.
func (p *pair) hold(on bool) {
	switch {
	case on && !p.held:
		p.bolt.pass.Lock()
	case !on && p.held:
		p.bolt.pass.Unlock()
	}
	p.held = on
}

func (p *pair) key() []byte { return fmt.Appendf(nil, "k%03d", p.random.IntN(300)) }

func (p *pair) rng() storage.Range {
	rng := storage.Range{Start: p.key(), End: p.key(), Reverse: p.random.IntN(2) == 0, Limit: p.random.IntN(40)}
	if p.random.IntN(4) == 0 {
		rng.End = nil
	}
	return rng
}

func (p *pair) log() []byte { return fmt.Appendf(nil, "log%d", p.random.IntN(5)) }

// update does the same few things to both.
func (p *pair) update() {
	p.t.Helper()
	seed := p.random.Uint64()
	undone := errors.New("undone")
	do := func(tx storage.Txn) error {
		q := &pair{random: rand.New(rand.NewPCG(seed, 0))} // the same for both
		fails := q.random.IntN(10) == 0
		for range 1 + q.random.IntN(20) {
			var err error
			switch q.random.IntN(12) {
			case 0:
				err = tx.Delete(q.key(), q.key())
			case 1:
				rng := q.rng()
				rng.End = append(bytes.Clone(rng.Start[:3]), 0xff) // up to ten keys
				err = tx.DeleteRange(rng)
			case 2:
				key := q.key()
				was, getErr := storage.Get(tx, key)
				if err = getErr; err == nil && was == nil {
					err = tx.Insert(key, []byte("inserted"))
				} else if err == nil && tx.Insert(key, nil) == nil {
					err = errors.New("a key that exists is inserted")
				}
			case 3, 4, 5:
				err = tx.Append(q.log(), fmt.Append(nil, q.random.Uint64()))
			case 6:
				span, logsErr := tx.Logs()
				if err = logsErr; err == nil && q.random.IntN(3) == 0 {
					_, from := span.Trimmed.Numbers()
					_, to := span.Newest.Numbers()
					err = tx.TrimLogs(storage.PositionAt(0, from+q.random.Uint64N(to-from+1)))
				}
			default:
				err = tx.Put(q.key(), bytes.Repeat([]byte{byte(q.random.Uint32())}, q.random.IntN(200)))
			}
			if err != nil {
				return err
			}
		}
		if q.random.IntN(40) == 0 { // for bbolt at once
			if err := tx.Put([]byte("long"), bytes.Repeat([]byte{byte(seed)}, 20<<10)); err != nil {
				return err
			}
		}
		if fails {
			return undone
		}
		return nil
	}
	memErr := p.mem.Update(p.t.Context(), "s", do)
	if p.held { // what goes to bbolt at once waits for it
		p.bolt.limits.frame = 1 << 20
	} else {
		p.bolt.limits.frame = 16 << 10
	}
	if err := p.bolt.Update(p.t.Context(), "s", do); err != memErr || err != nil && err != undone {
		p.t.Fatalf("the store answers %v, that in memory %v", err, memErr)
	}
}

// compare reads from both, in a View or in an Update, what is drawn.
func (p *pair) compare(everything bool) {
	p.t.Helper()
	keys := make([][]byte, p.random.IntN(100))
	for i := range keys {
		keys[i] = p.key()
	}
	ranges := []storage.Range{p.rng(), p.rng()}
	if everything {
		ranges = []storage.Range{{}, {Reverse: true}}
	}
	logs := [][]byte{p.log(), p.log(), p.log()}[:p.random.IntN(4)]
	after, limit := uint64(0), 0
	if !everything {
		after, limit = p.random.Uint64N(50), p.random.IntN(30)
		_, newest := logSpan(p.t, p.bolt).Newest.Numbers()
		after = newest - min(after, newest)
	}
	read := func(said *string) func(r storage.Reader) error {
		return func(r storage.Reader) error {
			values, entries, err := r.Read(keys, ranges)
			if err != nil {
				return err
			}
			tail, err := r.Tail(logs, storage.PositionAt(0, after), limit)
			if err != nil {
				return err
			}
			span, err := r.Logs()
			*said = fmt.Sprintf("%q\n%q\n%q\n%v", values, entries, tail, span)
			return err
		}
	}
	var bolt, mem string
	err := p.mem.View(p.t.Context(), read(&mem))
	if p.random.IntN(3) == 0 {
		f := read(&bolt)
		err = errors.Join(err, p.bolt.Update(p.t.Context(), "s", func(tx storage.Txn) error { return f(tx) }))
	} else {
		err = errors.Join(err, p.bolt.View(p.t.Context(), read(&bolt)))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if bolt != mem {
		p.t.Fatalf("keys %q, ranges %v, logs %q after %d, at most %d: it reads\n%s\nin memory it is\n%s", keys, ranges, logs, after, limit, bolt, mem)
	}
}

// TestLayersReadAsOne does random things to a store, and reads in all the states
// it comes to: nothing in bbolt, part of it there, part being taken in; closed
// and opened, killed and opened.
func TestLayersReadAsOne(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := &pair{t: t, path: filepath.Join(t.TempDir(), "test.db"), mem: memstore.New(), random: rand.New(rand.NewPCG(seed, 0))}
	p.open()
	taken, sealed := 0, 0
	for range 4000 {
		p.update()
		p.compare(p.random.IntN(50) == 0)
		now := p.bolt.now.Load()
		if now.layer.base > 0 {
			taken++
		}
		p.bolt.writing.Lock()
		if p.bolt.sealed != nil {
			sealed++
		}
		p.bolt.writing.Unlock()
		switch p.random.IntN(100) {
		case 0, 1, 2:
			p.hold(true)
		case 3, 4, 5:
			p.hold(false)
		case 6:
			p.hold(false)
			flush(t, p.bolt)
		case 7:
			p.hold(false)
			if err := p.bolt.Close(); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, p.path, false)
			p.open()
			p.compare(true)
		case 8:
			p.hold(false)
			p.bolt.writing.Lock()
			committed := p.bolt.journals != nil // since it was opened
			p.bolt.writing.Unlock()
			kill(t, p.bolt)
			wantFiles(t, p.path, committed)
			p.open()
			p.compare(true)
		}
	}
	p.hold(false)
	if taken < 100 || sealed < 100 {
		t.Errorf("of 4000 times bbolt had something %d times, and was to take something in %d times", taken, sealed)
	}
	checkLogs(t, p.bolt)
	if err := p.bolt.Close(); err != nil {
		t.Error(err)
	}
}

// TestWhatCameAndWentIsNotWalkedOver: deletions stay in a layer where they hide
// something, and only there.
func TestWhatCameAndWentIsNotWalkedOver(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	s.limits.sealed = 1 << 20
	passes := func(key string) {
		t.Helper()
		update(t, s, func(tx storage.Txn) error { return tx.Put([]byte(key), []byte("here")) })
		update(t, s, func(tx storage.Txn) error { return tx.Delete([]byte(key)) })
	}
	inLayer := func(want int) {
		t.Helper()
		if n := s.now.Load().layer.writes.Len(); n != want {
			t.Errorf("the layer has %d writes, want %d", n, want)
		}
	}
	wantNone := func(key string) {
		t.Helper()
		err := s.View(t.Context(), func(r storage.Reader) error {
			v, err := storage.Get(r, []byte(key))
			if v != nil {
				t.Errorf("%s is still there", key)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for i := range 20 {
		passes(fmt.Sprint("passing ", i))
	}
	update(t, s, func(tx storage.Txn) error {
		return errors.Join(tx.Put([]byte("in one"), nil), tx.Delete([]byte("in one"), []byte("never was")))
	})
	inLayer(0)

	// What bbolt has is hidden.
	update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("taken in"), []byte("here")) })
	flush(t, s)
	update(t, s, func(tx storage.Txn) error { return tx.Delete([]byte("taken in")) })
	inLayer(1)
	wantNone("taken in")

	// So is what it is about to take in, in what came since either.
	s.pass.Lock()
	update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("sealed"), bytes.Repeat([]byte("long "), 300_000)) })
	update(t, s, func(tx storage.Txn) error { return tx.Delete([]byte("sealed")) })
	passes("fresh")
	inLayer(2)
	since := newLayer(s.sealed.layer.newest())
	for i := range s.since {
		since.add(&s.since[i])
	}
	if n := since.writes.Len(); n != 1 {
		t.Errorf("what came since has %d writes, want 1", n)
	}
	s.pass.Unlock()
	flush(t, s)
	for _, key := range []string{"taken in", "sealed", "fresh"} {
		wantNone(key)
	}
}

// TestFailedCallLeavesWhatWasCommitted has calls fail beside others that do not,
// in one batch, after they have written over what is committed.
func TestFailedCallLeavesWhatWasCommitted(t *testing.T) {
	s := openTest(t, nil)
	for _, key := range []string{"a", "b", "c"} {
		update(t, s, func(tx storage.Txn) error { return tx.Put([]byte(key), []byte("committed")) })
		if key == "a" {
			flush(t, s) // it is in bbolt, the others are in the layer
		}
	}
	failed := errors.New("failed")
	whileLeading(t, s, 10, func(i int) {
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
			if i%2 == 0 {
				return tx.Put(fmt.Append(nil, i), nil)
			}
			return errors.Join(tx.Put([]byte("a"), nil), tx.Delete([]byte("b")), tx.Put([]byte("c"), nil), tx.Put([]byte("c"), nil), failed)
		})
		if err != nil && !errors.Is(err, failed) {
			t.Error(err)
		}
	})
	err := s.View(t.Context(), func(r storage.Reader) error {
		for _, key := range []string{"a", "b", "c"} {
			if v, err := storage.Get(r, []byte(key)); string(v) != "committed" {
				t.Errorf("%s is %q (%v)", key, v, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestViewsAreOfOneCommit has Views read what bbolt takes in all the time. Each
// commit writes one key of many, and how many there were.
func TestViewsAreOfOneCommit(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	s.limits.sealed = 4 << 10
	const keys, stay = 50, 70
	key := func(n int) []byte { return fmt.Appendf(nil, "k%02d", n%keys) }
	passing, staying := func(n int) []byte { return fmt.Appendf(nil, "p%d", n) }, func(n int) []byte { return fmt.Appendf(nil, "s%d", n) }
	check := func(r storage.Reader) error {
		_, entries, err := r.Read(nil, []storage.Range{{}})
		if err != nil || len(entries[0]) == 0 {
			return err
		}
		all := map[string]string{}
		for _, e := range entries[0] {
			all[string(e.Key)] = string(e.Value)
		}
		var count int
		if _, err := fmt.Sscan(all["count"], &count); err != nil {
			return err
		}
		for n := count; n > max(count-keys, 0); n-- {
			if got := all[string(key(n))]; got != fmt.Sprint(n) {
				return fmt.Errorf("after commit %d key %s is of commit %s, want %d", count, key(n), got, n)
			}
		}
		if left := min(count, keys) + 2 + min(count, stay); len(all) != left {
			return fmt.Errorf("after commit %d there are %d keys, want %d", count, len(all), left)
		}
		return nil
	}
	stop := viewing(t, s, 4, func(int) func(storage.Reader) error { return check })
	for n := 1; n <= 3000; n++ {
		update(t, s, func(tx storage.Txn) error {
			return errors.Join(check(tx), tx.Put(key(n), fmt.Append(nil, n)), tx.Put([]byte("count"), fmt.Append(nil, n)),
				tx.Put(passing(n), nil), tx.Put(staying(n), nil), tx.Delete(passing(n-1), staying(n-stay)))
		})
	}
	stop()

	// One that was begun before bbolt took something in is of no use after.
	old, err := s.views.begin()
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("count"), []byte("0")) })
	flush(t, s)
	s.views.pause() // ends those that would be lost
	s.views.resume()
	s.views.idle = []*cursors{old}
	err = s.View(t.Context(), func(r storage.Reader) error {
		if v, err := storage.Get(r, []byte("count")); string(v) != "0" || err != nil {
			t.Errorf("by an older transaction count is %q (%v)", v, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestNobodySeesWhatGoesToBboltAtOnceTooEarly has Views beside batches that are
// too long for a journal. bbolt shows a commit before it is synced: nobody may see
// of it what belongs to another version, or half of it.
func TestNobodySeesWhatGoesToBboltAtOnceTooEarly(t *testing.T) {
	s := openTest(t, nil)
	s.limits.frame = 1000
	const keys = 60
	write := func(n int) {
		update(t, s, func(tx storage.Txn) error {
			for i := range keys {
				if err := tx.Put(fmt.Appendf(nil, "key %d", i), fmt.Appendf(nil, "%08d", n)); err != nil {
					return err
				}
			}
			return tx.Append([]byte("log"), fmt.Appendf(nil, "%08d", n))
		})
	}
	write(0)
	stop := viewing(t, s, 2, func(n int) func(storage.Reader) error {
		values := map[uint64]string{} // by version
		return func(r storage.Reader) error {
			value, err := storage.Get(r, fmt.Appendf(nil, "key %d", 30*n))
			if err != nil {
				return err
			}
			records, err := r.Tail(nil, storage.Position{}, 0)
			if err != nil {
				return err
			}
			version, last := r.(storage.Versioned).Version(), string(records[len(records)-1].Value)
			if was, ok := values[version]; ok && was != string(value) || last != string(value) {
				return fmt.Errorf("version %d has %s, and had %q; its last record is %s", version, value, was, last)
			}
			values[version] = string(value)
			return nil
		}
	})
	for n := range 50 {
		write(n + 1)
	}
	stop()
}

// TestAtOnceForgetsWhatCameSince: a batch that goes to bbolt at once, while bbolt is to
// take in a journal, takes along all that came since.
func TestAtOnceForgetsWhatCameSince(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	put := func(v string) {
		update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("a"), []byte(v)) })
	}
	put("sealed")
	s.writing.Lock()
	s.sealed, s.taking = s.now.Load(), true
	s.journals.turn()
	s.writing.Unlock()
	put("since")
	frame := s.limits.frame
	s.limits.frame = 1 << 10
	update(t, s, func(tx storage.Txn) error {
		return errors.Join(tx.Put([]byte("long"), make([]byte, 4<<10)), tx.Put([]byte("a"), []byte("at once")))
	})
	s.limits.frame = frame
	s.writing.Lock()
	s.taking = false
	s.writing.Unlock()
	flush(t, s)
	if err := s.View(t.Context(), func(r storage.Reader) error {
		v, err := storage.Get(r, []byte("a"))
		if string(v) != "at once" {
			t.Errorf("it is %q", v)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

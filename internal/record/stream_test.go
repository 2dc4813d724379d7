package record

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"example.com/chat/internal/keys"
)

// naiveStream is a stream as a plain list.
type naiveStream struct {
	times   []int64
	removed map[int64]bool
}

func (n *naiveStream) countAfter(after int64) (count int) {
	for _, at := range slices.Backward(n.times) {
		if at <= after {
			break
		}
		if !n.removed[at] {
			count++
		}
	}
	return count
}

func (n *naiveStream) newest() int64 {
	for _, at := range slices.Backward(n.times) {
		if !n.removed[at] {
			return at
		}
	}
	return 0
}

// TestStreamsCountLikeAList does random things to a stream of more than two
// blocks and to one that is part of the head, and counts after every kind of
// time: of an entry, between two, before all, after all.
func TestStreamsCountLikeAList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for name, s := range map[string]keys.Stream{"own record": keys.Author(1, "jane"), "in the head": keys.Live(1)} {
		t.Run(name, func(t *testing.T) {
			db := newDB(t)
			n := &naiveStream{removed: map[int64]bool{}}
			last := int64(1_700_000_000_000_000)
			for len(n.times) < 2*blockLen+3*64 {
				update(t, db, "channel", func(tx *Txn) error {
					for range 1 + random.IntN(150) {
						last += 1 + random.Int64N(100)
						n.times = append(n.times, last)
						if err := tx.AppendStream(s, last); err != nil {
							return err
						}
					}
					for range random.IntN(20) {
						if err := n.toggle(tx, s, random.IntN(len(n.times))); err != nil {
							return err
						}
					}
					// What is deleted is new more often than not.
					for range random.IntN(8) {
						if err := n.toggle(tx, s, len(n.times)-1-random.IntN(min(5, len(n.times)))); err != nil {
							return err
						}
					}
					// A time that is no entry changes nothing.
					if err := tx.RemoveFromStream(s, last+1); err != nil {
						return err
					}
					return tx.RestoreInStream(s, n.times[0]-1)
				})
				checkStream(t, db, s, n, random, 20)
			}
			// The borders of chunks and blocks, one entry at a time.
			for _, i := range []int{0, 1, 62, 63, 64, 65, 127, 128, blockLen - 1, blockLen, blockLen + 1, 2*blockLen - 1, 2 * blockLen, len(n.times) - 1} {
				update(t, db, "channel", func(tx *Txn) error { return n.toggle(tx, s, i) })
				checkStream(t, db, s, n, random, 5, n.times[i]-1, n.times[i], n.times[i]+1)
			}
			// All of it, newest first, and back.
			for _, remove := range []bool{true, false} {
				update(t, db, "channel", func(tx *Txn) error {
					for i := range slices.Backward(n.times) {
						if n.removed[n.times[i]] == remove {
							continue
						}
						if err := n.toggle(tx, s, i); err != nil {
							return err
						}
					}
					return nil
				})
				checkStream(t, db, s, n, random, 50)
			}
		})
	}
}

// toggle removes or restores an entry, twice: the second time changes nothing.
func (n *naiveStream) toggle(tx *Txn, s keys.Stream, i int) error {
	at := n.times[i]
	n.removed[at] = !n.removed[at]
	for range 2 {
		var err error
		if n.removed[at] {
			err = tx.RemoveFromStream(s, at)
		} else {
			err = tx.RestoreInStream(s, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkStream(t *testing.T, db *DB, s keys.Stream, n *naiveStream, random *rand.Rand, times int, also ...int64) {
	t.Helper()
	first, last := n.times[0], n.times[len(n.times)-1]
	also = append(also, 0, first-1, first, last-1, last, last+1)
	for range times {
		also = append(also, n.times[random.IntN(len(n.times))], first+random.Int64N(last-first+1))
	}
	view(t, db, func(r *Reader) error {
		b := r.Batch()
		v := b.Stream(s)
		if err := b.Run(); err != nil {
			return err
		}
		if v.V.Newest != n.newest() {
			t.Fatalf("newest of %d is %d, want %d", len(n.times), v.V.Newest, n.newest())
		}
		if got, want := int(v.V.Total-v.V.Removed), n.countAfter(0); got != want {
			t.Fatalf("%d entries are left, want %d", got, want)
		}
		for _, after := range also {
			counts, err := r.CountAfter(after, s, keys.Silent(1), s)
			if err != nil {
				return err
			}
			if want := n.countAfter(after); counts[0] != want || counts[1] != 0 || counts[2] != want {
				t.Fatalf("after %d, with %d entries, %v are counted, want %d", after, len(n.times), counts, want)
			}
		}
		return nil
	})
}

// TestWhatIsRememberedOfMutesIsBounded has a few readers mute many.
func TestWhatIsRememberedOfMutesIsBounded(t *testing.T) {
	var m mutedCounts
	muted := map[string]struct{}{}
	for i := range 3000 {
		muted[strconv.Itoa(i)] = struct{}{}
	}
	for i := range 10_000 {
		key := countKey{channel: Channel(i % 5000), reader: "jane"}
		m.put(key, &mutedCount{muted: muted, n: i})
		if got := m.get(key); got == nil || got.n != i {
			t.Fatalf("what was just remembered is %v", got)
		}
		names := 0
		for _, c := range m.counts {
			names += len(c.muted)
		}
		if names != m.names || names > mutedNamesKept || len(m.counts) > mutedCountsKept {
			t.Fatalf("it has %d counts with %d names, by its own number %d", len(m.counts), names, m.names)
		}
	}
}

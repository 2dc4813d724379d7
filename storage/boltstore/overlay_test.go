package boltstore

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOverlayIsUndone has random Updates of a batch write the same few keys, some
// of which fail, beside a map of each.
func TestOverlayIsUndone(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	key := func(i int) []byte { return fmt.Appendf(nil, "k%d", i) }
	for range 300 {
		stored := newLayer(0)
		all, own := map[int]byte{}, map[int]byte{}
		for i := range 3 {
			stored.writes.Set(key(i), write{[]byte{'s'}})
			all[i] = 's'
		}
		o := overlay{layer: stored.edit(), overlayMemory: newOverlayMemory()}
		for range 8 {
			allBefore, ownBefore := maps.Clone(all), maps.Clone(own)
			var done []undo
			for range random.IntN(8) {
				if random.IntN(3) == 0 {
					o.settle()
					checkLayer(t, &o, all)
				}
				i, value := random.IntN(6), byte(random.IntN(256))
				done = append(done, o.set(key(i), write{[]byte{value}}))
				all[i], own[i] = value, value
			}
			if random.IntN(2) == 0 {
				for _, u := range slices.Backward(done) {
					o.undo(u)
				}
				all, own = allBefore, ownBefore
			}
			for i := range 6 {
				w, found := o.get(key(i))
				if value, want := own[i]; found != want || found && w.sealed[0] != value {
					t.Fatalf("key %d of the batch is %v, want %v", i, w.sealed, value)
				}
			}
		}
		o.settle()
		checkLayer(t, &o, all)
		if len(o.own.writes) != len(own) {
			t.Fatalf("the batch writes %d keys, want %d", len(o.own.writes), len(own))
		}
	}
}

// checkLayer compares what the layer has with what it should have.
func checkLayer(t *testing.T, o *overlay, want map[int]byte) {
	t.Helper()
	got := map[int]byte{}
	for key, w := range o.writes.Ascend(nil, nil) {
		got[int(key[1]-'0')] = w.sealed[0]
	}
	if !maps.Equal(got, want) {
		t.Fatalf("the layer has %v, want %v", got, want)
	}
}

// TestKeysOfOneHash: keys whose hashes are alike are told apart, and taken back in
// turn.
func TestKeysOfOneHash(t *testing.T) {
	o := overlay{layer: newLayer(0), overlayMemory: newOverlayMemory()}
	const hash = 7
	keys := []string{"a", "b", "c"}
	value := func(s string) write { return write{seal(nil, []byte(s), []byte("value of "+s))} }
	check := func(there int) {
		t.Helper()
		for n, key := range keys {
			i := o.place([]byte(key), hash)
			if found := i >= 0; found != (n < there) {
				t.Errorf("with %d written, %s is found: %v", there, key, found)
			}
			if i >= 0 && !bytes.Equal(o.own.writes[i].value(), []byte("value of "+key)) {
				t.Errorf("with %d written, %s has %q", there, key, o.own.writes[i].value())
			}
		}
	}
	var all []undo
	for n, key := range keys {
		check(n)
		all = append(all, o.setHashed([]byte(key), hash, value(key)))
	}
	check(3)
	again := o.setHashed([]byte("a"), hash, value("else"))
	if i := o.place([]byte("a"), hash); string(o.own.writes[i].value()) != "value of else" {
		t.Errorf("written again, a has %q", o.own.writes[i].value())
	}
	o.undo(again)
	for n := range keys {
		check(3 - n)
		o.undo(all[2-n])
	}
	check(0)
}

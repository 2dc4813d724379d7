package boltstore

import (
	"bytes"
	"testing"
)

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

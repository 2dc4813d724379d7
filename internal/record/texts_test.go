package record

import (
	"bytes"
	"testing"
)

// TestTextsStayAsTheyWere: strings that share a piece neither change with what
// is copied after them nor with the bytes they were copied from.
func TestTextsStayAsTheyWere(t *testing.T) {
	var all texts
	var got, want []string
	raw := make([]byte, 3*longPiece)
	for n := range 400 {
		size := n * n % 300
		if n%50 == 7 {
			size = longPiece + n // longer than any piece
		}
		copy(raw, bytes.Repeat([]byte{byte(n)}, size))
		got = append(got, all.copy(raw[:size], n*10))
		want = append(want, string(bytes.Repeat([]byte{byte(n)}, size)))
		if n == 200 {
			all.reset()
		}
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("text %d has changed", i)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		all.reset()
		for range 10 {
			_ = all.copy(raw[:100], 1000)
		}
	}); n != 1 {
		t.Errorf("ten texts take %v allocations; want 1", n)
	}
}

package boltstore

import "testing"

// TestSlabPiecesAreApart: a piece is zero, is nobody else's, and stays when
// more are taken, also after a reset.
func TestSlabPiecesAreApart(t *testing.T) {
	var s slab[int]
	for round := range 3 {
		var pieces [][]int
		for n := range 100 {
			piece := s.take(n)
			for i := range piece {
				if piece[i] != 0 {
					t.Fatalf("round %d: piece %d begins with %d", round, n, piece[i])
				}
				piece[i] = n
			}
			pieces = append(pieces, piece)
			s.take(5)
			s.giveBack(5)
		}
		for n, piece := range pieces {
			for _, v := range append(piece, n) { // must not grow into the next
				if v != n {
					t.Fatalf("round %d: piece %d has %d", round, n, v)
				}
			}
		}
		s.reset()
	}
	s.take(slabKept + 1)
	if s.reset(); s.all != nil {
		t.Error("a long slice is kept")
	}
}

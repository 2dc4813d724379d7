package boltstore

// slab hands out pieces of one slice, which last until it is reset: reads are
// made of many short lists that all end with their transaction.
type slab[T any] struct {
	all  []T
	used int
}

// slabKept is the longest slice that is used again.
const slabKept = 1024

// take returns a piece of n zero values.
func (s *slab[T]) take(n int) []T {
	if len(s.all)-s.used < n {
		s.all, s.used = make([]T, max(n, 2*len(s.all), 64)), 0 // those who have pieces keep the old one
	}
	piece := s.all[s.used : s.used+n : s.used+n]
	s.used += n
	return piece
}

// giveBack takes back the end of the piece that was taken last.
func (s *slab[T]) giveBack(n int) { s.used -= n }

func (s *slab[T]) reset() {
	if len(s.all) > slabKept {
		s.all = nil
	}
	clear(s.all[:min(s.used, len(s.all))])
	s.used = 0
}

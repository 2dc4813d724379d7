package codec

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestForMeIsByTime reads a list that was stored in the order of the deletions, as
// lists once were, and adds to it: it has each message and no other, by time.
func TestForMeIsByTime(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		stored := make(ForMe, n)
		for i, k := range random.Perm(n) {
			stored[i] = ForMeEntry{At: int64(10 * (k + 1)), Parent: int64(k)}
		}
		l, err := DecodeForMe(stored.Encode(nil))
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(l)
		added := l.With(ForMeEntry{At: int64(random.IntN(n+1)*10 + 5)})
		if !slices.Equal(l, before) || len(added) != n+1 {
			t.Fatalf("with one more, %v is %v", before, added)
		}
		for at := range int64(10 * (n + 2)) {
			want := at > 0 && at%10 == 0 && at <= int64(10*n)
			if l.Has(at) != want || added.Has(at) != slices.ContainsFunc(added, func(e ForMeEntry) bool { return e.At == at }) {
				t.Fatalf("of %v, with %v, it has %d: %t, %t", l, added, at, l.Has(at), added.Has(at))
			}
		}
		if !slices.IsSortedFunc(added, func(a, b ForMeEntry) int { return int(a.At - b.At) }) {
			t.Fatalf("%v is not by time", added)
		}
	}
}

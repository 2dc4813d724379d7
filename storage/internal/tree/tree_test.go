package tree

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRandom changes versions at random and compares each with a map, the old
// ones after all the changes to the newer ones.
func TestRandom(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	for _, keys := range []int{10, 100, 3000} {
		tree, model := new(Tree[int]), map[string]int{}
		trees, models := []*Tree[int]{}, []map[string]int{}
		for version := range 60 {
			tree, model = tree.Edit(), maps.Clone(model)
			grow := version%20 < 12
			for range rnd.IntN(keys) {
				n := rnd.IntN(keys)
				key := fmt.Sprintf("%05d", n)
				if rnd.IntN(3) > 0 == grow {
					tree.Set([]byte(key), version)
					model[key] = version
					continue
				}
				_, had := model[key]
				delete(model, key)
				if got := tree.Delete([]byte(key)); got != had {
					t.Fatalf("Delete(%s) = %v, want %v", key, got, had)
				}
			}
			trees, models = append(trees, tree), append(models, model)
		}
		for i := range trees {
			compare(t, rnd, trees[i], models[i], keys)
		}
	}
}

func compare(t *testing.T, rnd *rand.Rand, tree *Tree[int], model map[string]int, keys int) {
	t.Helper()
	if tree.Len() != len(model) {
		t.Fatalf("Len() = %d, want %d", tree.Len(), len(model))
	}
	for i := range 20 {
		start, end := fmt.Appendf(nil, "%05d", rnd.IntN(keys)), fmt.Appendf(nil, "%05d", rnd.IntN(keys))
		if i%4 == 0 {
			start = nil
		}
		if i%5 == 0 {
			end = nil
		}
		var want, up, down []string
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if k >= string(start) && (end == nil || k < string(end)) {
				want = append(want, fmt.Sprint(k, model[k]))
			}
		}
		for k, v := range tree.Ascend(start, end) {
			up = append(up, fmt.Sprint(string(k), v))
		}
		for k, v := range tree.Descend(start, end) {
			down = append(down, fmt.Sprint(string(k), v))
		}
		slices.Reverse(down)
		if got := tree.Any(start, end); got != (len(want) > 0) {
			t.Fatalf("any from %q to %q: %v, want %v", start, end, got, want)
		}
		if !slices.Equal(up, want) || !slices.Equal(down, want) {
			t.Fatalf("from %q to %q\n  up %v\ndown %v\nwant %v", start, end, up, down, want)
		}
	}
	for range 50 {
		from := rnd.IntN(keys)
		start, end := fmt.Appendf(nil, "%05d", from), fmt.Appendf(nil, "%05d", from+rnd.IntN(4)-1)
		want := false
		for i := from; fmt.Sprintf("%05d", i) < string(end); i++ {
			_, there := model[fmt.Sprintf("%05d", i)]
			want = want || there
		}
		if got := tree.Any(start, end); got != want {
			t.Fatalf("any from %q to %q: %v, want %v", start, end, got, want)
		}
	}
	var hint Hint[int]
	from := rnd.IntN(keys)
	for range 50 {
		from = max(0, from+rnd.IntN(9)-3)
		k := fmt.Sprintf("%05d", from)
		v, ok := tree.GetNear([]byte(k), &hint)
		if want, had := model[k]; ok != had || v != want {
			t.Fatalf("GetNear(%s) = %d, %v, want %d, %v", k, v, ok, want, had)
		}
	}
	for range 50 {
		k := fmt.Sprintf("%05d", rnd.IntN(keys))
		v, ok := tree.Get([]byte(k))
		if want, had := model[k]; ok != had || v != want {
			t.Fatalf("Get(%s) = %d, %v, want %d, %v", k, v, ok, want, had)
		}
	}
	depth(t, tree.root, nil, nil)
}

// depth looks at the shape: leaves equally deep, keys within bounds, nodes
// neither empty nor too full.
func depth[V any](t *testing.T, n *node[V], from, to []byte) int {
	t.Helper()
	if n == nil {
		return 0
	}
	if len(n.keys) == 0 || len(n.keys) > fanout {
		t.Fatalf("a node has %d keys", len(n.keys))
	}
	if n.kids == nil {
		for _, k := range n.keys {
			if bytes.Compare(k, from) < 0 || to != nil && bytes.Compare(k, to) >= 0 {
				t.Fatalf("key %q is in the leaf for %q to %q", k, from, to)
			}
		}
		return 1
	}
	d := 0
	for i, kid := range n.kids {
		low, high := from, to
		if i > 0 {
			low = n.keys[i]
		}
		if i+1 < len(n.kids) {
			high = n.keys[i+1]
		}
		kd := depth(t, kid, low, high) + 1
		if i > 0 && kd != d {
			t.Fatalf("leaves are %d and %d deep", d, kd)
		}
		d = kd
	}
	return d
}

func TestOrdered(t *testing.T) {
	tree := new(Tree[int])
	for i := range 10_000 {
		tree.Set(fmt.Appendf(nil, "%05d", i), i)
	}
	leaves := 0
	var count func(n *node[int])
	count = func(n *node[int]) {
		if n.kids == nil {
			leaves++
		}
		for _, kid := range n.kids {
			count(kid)
		}
	}
	count(tree.root)
	if leaves > 10_000/fanout+1 {
		t.Errorf("10000 keys in order take %d leaves of %d", leaves, fanout)
	}
	for i := range 10_000 {
		tree.Delete(fmt.Appendf(nil, "%05d", i))
	}
	if tree.Len() != 0 || tree.root != nil {
		t.Errorf("after deleting all keys %d are left", tree.Len())
	}
}

func BenchmarkSet(b *testing.B) {
	b.ReportAllocs()
	tree := new(Tree[int])
	n := 0
	for b.Loop() {
		n++
		tree.Set(fmt.Appendf(nil, "%08d", n*7919%1_000_000), n)
	}
}

package storagetest

import (
	"bytes"
	"fmt"
	"slices"

	"example.com/chat/storage"
)

func rangeCases() []testCase {
	return []testCase{
		{"range/order of keys", orderOfKeys},
		{"range/bounds, reverse and limit", boundsReverseLimit},
		{"range/several at once", severalRanges},
		{"range/delete", deleteRange},
		{"range/delete with pending writes", deleteRangePending},
		{"range/scan", scan},
	}
}

// awkward are keys whose order is easily mistaken, in their order.
func awkward() []string {
	return []string{
		"\x00", "\x00\x00", "\x00\x00\x00", "\x00\x01", "\x00a", "\x00\xff", "\x00\xff\xff", "\x01", "\x01\x00",
		"A", "B", "\\", "a", "a\x00", "a\x00\x00", "a\x00b", "a\x01", "a ", "aa", "ab", "a\x7f", "a\x80", "a\xff",
		"a\xff\x00", "a\xff\xff", "b", "\x7f", "\x80", "\xc3\xa4", "\xfe", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff",
	}
}

func orderOfKeys(e *env) {
	keys := awkward()
	shuffled := slices.Clone(keys)
	for i := range shuffled {
		j := (i*17 + 5) % len(shuffled)
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	look := func(r storage.Reader) error { return lookAtAll(r, keys) }
	e.update("s", func(tx storage.Txn) error {
		for _, k := range shuffled {
			if err := tx.Put([]byte(k), []byte("v"+k)); err != nil {
				return err
			}
		}
		return look(tx)
	})
	e.view(look)
}

// lookAtAll compares every key, every prefix and every pair of bounds.
func lookAtAll(r storage.Reader, keys []string) error {
	for i, k := range keys {
		if err := wantValue(r, k, []byte("v"+k)); err != nil {
			return err
		}
		var with []string
		for _, k2 := range keys {
			if bytes.HasPrefix([]byte(k2), []byte(k)) {
				with = append(with, k2)
			}
		}
		if err := wantEntries(r, storage.Prefix([]byte(k)), pairs("v", with...)...); err != nil {
			return fmt.Errorf("prefix %q: %w", k, err)
		}
		for j := i; j <= len(keys); j++ {
			rng := storage.Range{Start: []byte(k)}
			if j < len(keys) {
				rng.End = []byte(keys[j])
			}
			want := slices.Clone(keys[i:j])
			if err := wantEntries(r, rng, pairs("v", want...)...); err != nil {
				return err
			}
			slices.Reverse(want)
			rng.Reverse = true
			if err := wantEntries(r, rng, pairs("v", want...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func boundsReverseLimit(e *env) {
	var keys []string
	for i := range 300 { // more than a page or node of any driver holds
		keys = append(keys, fmt.Sprintf("k%03d", 2*i))
	}
	e.put("", keys...)
	look := func(r storage.Reader) error {
		for _, from := range []int{-1, 0, 1, 2, 77, 300, 598, 599, 600} {
			for _, to := range []int{-1, 0, 1, 3, 78, 79, 300, 301, 599, 600} {
				for _, limit := range []int{-1, 0, 1, 2, 50, 299, 300, 301} {
					if err := lookAtRange(r, keys, from, to, limit); err != nil {
						return err
					}
				}
			}
		}
		return wantEntries(r, storage.Range{Start: []byte("a"), End: []byte{}}) // an empty End is not nil
	}
	e.view(look)
	e.update("s", look2(look))
}

func look2(look func(storage.Reader) error) func(storage.Txn) error {
	return func(tx storage.Txn) error { return look(tx) }
}

// lookAtRange compares the range between the numbers from and to, of which -1
// stands for no bound, in both directions.
func lookAtRange(r storage.Reader, keys []string, from, to, limit int) error {
	rng := storage.Range{Limit: limit}
	if from >= 0 {
		rng.Start = fmt.Appendf(nil, "k%03d", from)
	}
	if to >= 0 {
		rng.End = fmt.Appendf(nil, "k%03d", to)
	}
	var want []string
	for i, k := range keys {
		if 2*i >= from && (to < 0 || 2*i < to) {
			want = append(want, k)
		}
	}
	cut := func(s []string) []string {
		if limit > 0 && len(s) > limit {
			return s[:limit]
		}
		return s
	}
	if err := wantEntries(r, rng, pairs("", cut(want)...)...); err != nil {
		return err
	}
	rng.Reverse = true
	slices.Reverse(want)
	return wantEntries(r, rng, pairs("", cut(want)...)...)
}

func severalRanges(e *env) {
	e.put("", "a", "b", "c", "d")
	e.view(func(r storage.Reader) error {
		values, entries, err := r.Read([][]byte{[]byte("d"), []byte("a")}, []storage.Range{
			{Start: []byte("c")},
			{Start: []byte("x")},
			{Reverse: true, Limit: 2},
			{End: []byte("c")},
			{Start: []byte("c")},
		})
		if err != nil {
			return err
		}
		var got []string
		for _, v := range values {
			got = append(got, string(v))
		}
		for _, list := range entries {
			got = append(got, "|")
			for _, en := range list {
				got = append(got, string(en.Key))
			}
		}
		want := []string{"d", "a", "|", "c", "d", "|", "|", "d", "c", "|", "a", "b", "|", "c", "d"}
		if !equal(got, want) {
			return fmt.Errorf("keys and ranges in one Read\n got %s\nwant %s", list(got), list(want))
		}
		return nil
	})
}

func deleteRange(e *env) {
	e.put("", "a", "b", "b\x00", "b\xff", "c", "d", "\xff", "\xff\xff")
	del := func(rng storage.Range) {
		e.Helper()
		e.update("s", func(tx storage.Txn) error { return tx.DeleteRange(rng) })
	}
	del(storage.Range{Start: []byte("x"), End: []byte("z")})
	del(storage.Range{Start: []byte("c"), End: []byte("b")})
	del(storage.Range{Start: []byte("c"), End: []byte("c")})
	del(storage.Range{End: []byte{}})
	e.expectKeys("", "a", "b", "b\x00", "b\xff", "c", "d", "\xff", "\xff\xff")
	del(storage.Range{Start: []byte("b"), End: []byte("c"), Reverse: true, Limit: 1})
	e.expectKeys("", "a", "c", "d", "\xff", "\xff\xff")
	del(storage.Prefix([]byte("\xff")))
	e.expectKeys("", "a", "c", "d")
	del(storage.Range{})
	e.expectKeys("")
	e.put("", "a")
	e.expectKeys("", "a")
}

func deleteRangePending(e *env) {
	for _, pending := range []int{1, 200} { // few and many, which a driver may keep differently
		e.update("s", func(tx storage.Txn) error { return tx.DeleteRange(storage.Range{}) })
		e.put("", "a", "c1", "c3", "e")
		e.update("s", func(tx storage.Txn) error {
			for i := range pending {
				if err := tx.Put(fmt.Appendf(nil, "c2%03d", i), nil); err != nil {
					return err
				}
			}
			back := storage.Range{Reverse: true}
			c := storage.Prefix([]byte("c"))
			return check(
				func() error { return tx.DeleteRange(c) },
				func() error { return wantValue(tx, "c1", nil) },
				func() error { return wantValue(tx, "c2000", nil) },
				func() error { return wantEntries(tx, c) },
				func() error { return wantEntries(tx, storage.Range{}, "a", "a", "e", "e") },
				func() error { return wantEntries(tx, back, "e", "e", "a", "a") },
				func() error {
					return wantEntries(tx, storage.Range{Start: []byte("b"), Limit: 1}, "e", "e")
				},
				func() error {
					return wantEntries(tx, storage.Range{End: []byte("d"), Limit: 1, Reverse: true}, "a", "a")
				},
				func() error { return tx.Put([]byte("c2000"), []byte("back")) },
				func() error { return tx.Insert([]byte("c1"), []byte("back")) },
				func() error { return wantEntries(tx, c, "c1", "back", "c2000", "back") },
				func() error { return tx.DeleteRange(storage.Range{Start: []byte("c2")}) },
				func() error { return tx.Put([]byte("f"), []byte("f")) },
				func() error { return wantEntries(tx, back, "f", "f", "c1", "back", "a", "a") },
			)
		})
		e.view(func(r storage.Reader) error {
			return wantEntries(r, storage.Range{}, "a", "a", "c1", "back", "f", "f")
		})
	}
}

func scan(e *env) {
	keys := awkward()
	e.put("", keys...)
	back := slices.Clone(keys)
	slices.Reverse(back)
	look := func(r storage.Reader) error {
		for size := 1; size <= len(keys)+1; size++ {
			for _, limit := range []int{0, 1, 7, len(keys), len(keys) + 1} {
				for _, reverse := range []bool{false, true} {
					want := keys
					if reverse {
						want = back
					}
					if limit > 0 && limit < len(want) {
						want = want[:limit]
					}
					var got []string
					for en, err := range storage.Scan(r, storage.Range{Reverse: reverse, Limit: limit}, size) {
						if err != nil {
							return err
						}
						got = append(got, string(en.Key))
					}
					if !equal(got, want) {
						return fmt.Errorf("Scan by %d, reverse %v, limit %d\n got %s\nwant %s", size, reverse, limit, list(got), list(want))
					}
				}
			}
		}
		for _, err := range storage.Scan(r, storage.Range{}, 3) {
			return err // a scan that is left early
		}
		return nil
	}
	e.view(look)
	e.update("s", look2(look))
}

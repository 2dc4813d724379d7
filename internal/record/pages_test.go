package record

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/chat/internal/codec"
)

// TestPagesHavePrivateMessagesAmongThem reads spans of every length, either way
// and from everywhere, of channels where few or all messages are private to the
// reader, who may have lost the first of them, and of a thread: each has what a
// list of all messages has there.
func TestPagesHavePrivateMessagesAmongThem(t *testing.T) {
	const count = 40
	for _, private := range []float64{0, 0.1, 0.5, 0.9, 1} {
		for _, thread := range []bool{false, true} {
			t.Run(fmt.Sprint(private, " ", thread), func(t *testing.T) {
				lost := int64(0)
				if private == 0.9 {
					lost = count / 3
				}
				random := rand.New(rand.NewPCG(1, 2))
				w := newWorld(t, random)
				start, parent := w.last, int64(0)
				from := start + lost
				if thread {
					parent = start
				}
				var times []int64 // of what jane sees
				for i := range count {
					w.last++
					m := codec.Message{ID: fmt.Sprint("m", i), Author: "joe", Text: "hello", CreatedAt: w.last, UpdatedAt: w.last}
					if thread {
						m.ParentID, m.ParentAt, m.Shown = "p", start, i%2 == 0
					}
					switch {
					case random.Float64() < private:
						m.Restricted = []string{"jane"}
					case i%7 == 3:
						m.Restricted = []string{"john"}
					}
					w.withHead(func(tx *Txn, h *codec.Head) error { return tx.InsertMessage(w.channel, Counts{Head: h}, &m) })
					if m.Restricted == nil || m.Restricted[0] == "jane" && m.CreatedAt > from {
						times = append(times, m.CreatedAt)
					}
				}
				pages := Pages{Channel: w.channel, Parent: parent, Private: true, Reader: "jane", PrivateFrom: from}
				view(t, w.db, func(r *Reader) error {
					for at := start; at <= w.last+1; at++ {
						for limit := range count + 2 {
							older := Span{From: 0, To: at, Reverse: true, Limit: limit}
							newer := Span{From: at - 1, To: math.MaxInt64, Limit: limit}
							got, err := pages.Read(r, older, newer)
							if err != nil {
								return err
							}
							i, _ := slices.BinarySearch(times, at)
							behind := slices.Clone(times[max(0, i-limit):i])
							slices.Reverse(behind)
							ahead := times[i:min(len(times), i+limit)]
							if !slices.Equal(timesOf(got[0]), behind) || !slices.Equal(timesOf(got[1]), ahead) {
								t.Fatalf("%d before and from %d on: %v and %v, want %v and %v",
									limit, at-start, timesOf(got[0]), timesOf(got[1]), behind, ahead)
							}
						}
					}
					return nil
				})
			})
		}
	}
}

func timesOf(entries []Entry) (list []int64) {
	for _, e := range entries {
		list = append(list, e.At)
	}
	return list
}

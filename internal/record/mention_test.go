package record

import (
	"strconv"
	"testing"

	"example.com/chat/internal/codec"
	"example.com/chat/storage/memstore"
)

// TestManyMentionsAreRead has more of them than are read at a time, some of the
// user, some of everyone, some of both.
func TestManyMentionsAreRead(t *testing.T) {
	const c, n = Channel(7), 4*sliceLen + 3
	db := New(memstore.New())
	update(t, db, ChannelScope("messaging:ride"), func(tx *Txn) error {
		var head codec.Head
		for i := range n {
			m := codec.Message{ID: strconv.Itoa(i), Author: "john", Text: "words", CreatedAt: int64(i + 1)}
			if i%3 != 1 {
				m.Mentions = []string{"jane"}
			}
			m.MentionsAll = i%3 != 0
			if err := tx.InsertMessage(c, Counts{Head: &head}, &m); err != nil {
				return err
			}
		}
		return tx.PutHead(c, &head)
	})
	view(t, db, func(r *Reader) error {
		for _, after := range []int64{0, 7, sliceLen, n - 1, n} {
			list, err := r.MentionsAfter(c, "jane", 0, after)
			if err != nil {
				return err
			}
			times := map[int64]bool{}
			for _, m := range list {
				if m.At <= after || m.At > n || m.Author != "john" || times[m.At] {
					t.Fatalf("after %d there is %+v, which was listed %v", after, m, times[m.At])
				}
				times[m.At] = true
			}
			if want := int(n - after); len(list) != want {
				t.Errorf("after %d there are %d, want %d", after, len(list), want)
			}
		}
		return nil
	})
}

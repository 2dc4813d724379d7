package record

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"example.com/chat/internal/codec"
)

func stored(at int64, id, text string) []byte {
	m := codec.Message{ID: id, Author: "jane", Text: text, CreatedAt: at, UpdatedAt: at, Restricted: []string{"john"}}
	return m.Encode(nil)
}

// TestEqualBytesAreDecodedOnce reads the same message several times: from the
// second time on it is one message in memory, and what it was read from may change.
func TestEqualBytesAreDecodedOnce(t *testing.T) {
	d := newDecoded()
	var first *decodedMessage
	for i := range 5 {
		raw := stored(1, "m1", "hello")
		m := d.get(1, raw)
		clear(raw)
		switch {
		case i == 0 && m != nil:
			t.Fatal("what is read once is remembered")
		case i == 1:
			first = m
		}
		if i > 0 && (m == nil || m != first || m.message.ID != "m1" || m.message.Text != "hello" || m.message.Restricted[0] != "john") {
			t.Fatalf("read %d gave %+v", i+1, m)
		}
	}
}

// TestAnEditIsDecodedAnew reads a message in two forms in turn, as readers of an
// older and a newer snapshot do.
func TestAnEditIsDecodedAnew(t *testing.T) {
	d := newDecoded()
	for i := range 20 {
		for _, text := range []string{"hello", "hallo"} {
			m := d.get(1, stored(1, "m1", text))
			if m != nil && m.message.Text != text {
				t.Fatalf("read %d of %q gave %q", i+1, text, m.message.Text)
			}
		}
	}
}

// TestManyMessagesAreRemembered reads a page again and again: all of it is told
// from memory, also where ids begin alike, and what two channels have of one
// moment.
func TestManyMessagesAreRemembered(t *testing.T) {
	d := newDecoded()
	for range 4 {
		known := 0
		for at := range int64(100) {
			for _, channel := range []string{"a", "b"} {
				id := fmt.Sprint(strings.Repeat("a", 200), channel, at)
				if m := d.get(at, stored(at, id, "hello")); m != nil {
					if known++; m.message.ID != id {
						t.Fatalf("%s is %s", id, m.message.ID)
					}
				}
			}
		}
		if known > 0 && known < 50 {
			t.Errorf("of 200 messages %d are remembered", known)
		}
	}
}

func TestWhatIsNotRemembered(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a long message": stored(1, "long", strings.Repeat("a", decodedBytes)),
		"no message":     []byte("no message"),
	} {
		d := newDecoded()
		for range 3 {
			if m := d.get(1, raw); m != nil {
				t.Fatalf("%s is %+v", name, m)
			}
		}
	}
}

// TestATransactionDecodesItsOwn changes lists of a message in a transaction that
// others have read.
func TestATransactionDecodesItsOwn(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(1, 2)))
	w.last++
	m := codec.Message{ID: "m", Author: "joe", Text: "hello", CreatedAt: w.last, UpdatedAt: w.last, Mentions: []string{"jane"}}
	w.withHead(func(tx *Txn, h *codec.Head) error { return tx.InsertMessage(w.channel, Counts{Head: h}, &m) })
	read := func(r *Reader) (list []Decoded, err error) {
		b := r.Batch()
		one := b.Message(PlaceOf(w.channel, &m))
		if err := b.Run(); err != nil {
			return nil, err
		}
		spans, err := Pages{Channel: w.channel}.Read(r, Span{To: math.MaxInt64, Limit: 5})
		if err != nil {
			return nil, err
		}
		all, err := r.Decode(spans[0])
		return append(all, Decoded{Message: &one.V}), err
	}
	for range 3 {
		view(t, w.db, func(r *Reader) error {
			list, err := read(r)
			for _, m := range list {
				if m.Mentions[0] != "jane" {
					t.Errorf("it mentions %s", m.Mentions[0])
				}
			}
			return err
		})
		update(t, w.db, w.scope, func(tx *Txn) error {
			list, err := read(&tx.Reader)
			for _, m := range list {
				m.Mentions[0] = "john"
			}
			return err
		})
	}
}

func TestMessagesAreDecodedSideBySide(t *testing.T) {
	d := newDecoded()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for i := range 20_000 {
				at := int64(i % (2 * decodedKept))
				id := fmt.Sprint("m", at)
				if m := d.get(at, stored(at, id, "hello")); m != nil && m.message.ID != id {
					t.Errorf("%s is %+v", id, m.message)
					return
				}
			}
		})
	}
	readers.Wait()
}

// TestOnePlaceHasTwo has three values for one place of a table: the two that came
// last are there, and one that comes again is there once.
func TestOnePlaceHasTwo(t *testing.T) {
	p := newPairs[string](2)
	has := func() (list []string) {
		for i := range p.at(0) {
			if v := p.at(0)[i].Load(); v != nil {
				list = append(list, *v)
			}
		}
		return list
	}
	for _, step := range []struct{ added, want string }{
		{"a", "[a]"}, {"a", "[a]"}, {"b", "[b a]"}, {"b", "[b a]"}, {"c", "[c b]"}, {"a", "[a c]"},
	} {
		p.at(7).add(&step.added, func(other *string) bool { return *other == step.added })
		if got := fmt.Sprint(has()); got != step.want {
			t.Fatalf("after %s there is %s, want %s", step.added, got, step.want)
		}
	}
}

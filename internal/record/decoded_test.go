package record

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.com/chat/internal/codec"
)

func stored(id, text string) []byte {
	m := codec.Message{ID: id, Author: "jane", Text: text, CreatedAt: 1, UpdatedAt: 1, Restricted: []string{"john"}}
	return m.Encode(nil)
}

// TestEqualBytesAreDecodedOnce reads the same message several times: from the
// second time on it is one message in memory, and what it was read from may change.
func TestEqualBytesAreDecodedOnce(t *testing.T) {
	d := newDecoded()
	var first *codec.Message
	for i := range 5 {
		raw := stored("m1", "hello")
		m, err := d.get(raw)
		if err != nil {
			t.Fatal(err)
		}
		clear(raw)
		switch {
		case i == 0 && m != nil:
			t.Fatal("what is read once is remembered")
		case i == 1:
			first = m
		}
		if i > 0 && (m == nil || m != first || m.ID != "m1" || m.Text != "hello" || m.Restricted[0] != "john") {
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
			m, err := d.get(stored("m1", text))
			if err != nil {
				t.Fatal(err)
			}
			if m != nil && m.Text != text {
				t.Fatalf("read %d of %q gave %q", i+1, text, m.Text)
			}
		}
	}
}

func TestLongMessagesAreNotRemembered(t *testing.T) {
	d := newDecoded()
	for range 3 {
		if m, err := d.get(stored("long", strings.Repeat("a", decodedBytes))); m != nil || err != nil {
			t.Fatalf("a long message gave %v, %v", m, err)
		}
	}
}

func TestWhatIsNoMessageIsAnError(t *testing.T) {
	d := newDecoded()
	for range 3 {
		if m, err := d.get([]byte("no message")); m != nil {
			t.Fatalf("it gave %+v", m)
		} else if err != nil {
			return
		}
	}
	t.Error("it is no error")
}

func TestMessagesAreDecodedSideBySide(t *testing.T) {
	d := newDecoded()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for i := range 20_000 {
				id := fmt.Sprint("m", i%(2*decodedKept))
				if m, err := d.get(stored(id, "hello")); err != nil || m != nil && m.ID != id {
					t.Errorf("%s gave %+v, %v", id, m, err)
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

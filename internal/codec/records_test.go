package codec

import (
	"cmp"
	"encoding/binary"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// source makes values of any bytes: the fuzzer's choices, zeros once they are
// used up.
type source struct{ b []byte }

func (s *source) number() uint64 {
	var word [8]byte
	size := 0
	if len(s.b) > 0 { // most numbers are small, extremes are there too
		size = int(s.b[0] % 9)
		s.b = s.b[1:]
	}
	s.b = s.b[copy(word[:size], s.b):]
	return binary.LittleEndian.Uint64(word[:])
}

func (s *source) text() string {
	n := min(int(s.number()%32), len(s.b))
	text := string(s.b[:n])
	s.b = s.b[n:]
	return text
}

// fill sets every field, whatever fields there are, as the engine may.
func (s *source) fill(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *Chunk:
		*at = s.chunk()
		return
	case *PlaceKind:
		*at = PlaceKind(s.number() % uint64(PlaceEphemeral+1))
		return
	case *EventKind:
		*at = EventKind(s.number() % uint64(eventKinds))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s.text())
	case reflect.Bool:
		v.SetBool(s.number()%2 == 1)
	case reflect.Int64:
		v.SetInt(int64(s.number()))
	case reflect.Uint64:
		v.SetUint(s.number())
	case reflect.Slice:
		n := int(s.number() % 8)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			s.fill(v.Index(i))
		}
	case reflect.Pointer:
		if s.number()%2 == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			s.fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.fill(v.Field(i))
			}
		}
	default:
		panic("a field of kind " + v.Kind().String() + "; say here how it is filled")
	}
}

// chunk is one with times that rise, however far apart.
func (s *source) chunk() Chunk {
	c := Chunk{Before: s.number()}
	at := int64(s.number())
	for range s.number() % (ChunkLen + 1) {
		c.Append(at)
		next := at + 1 + int64(s.number()>>1)
		if next <= at { // time is over
			break
		}
		at = next
	}
	return c
}

// settle drops what a record does not hold: what there is of a place follows
// from its kind, a parent's time belongs to a parent, lists that may be left out
// are, when empty, and those that have an order are in it.
func settle(v any) any {
	switch r := v.(type) {
	case ForMe:
		slices.SortStableFunc(r, func(a, b ForMeEntry) int { return cmp.Compare(a.At, b.At) })
		return r
	case Place:
		if r.Kind != PlaceReply {
			r.Parent = 0
		}
		if r.Kind == PlaceGone {
			r.Channel = 0
		}
		if r.Kind == PlaceGone || r.Kind == PlaceEphemeral {
			r.At = 0
		}
		return r
	case Ephemeral:
		r.Message = settle(r.Message).(Message)
		return r
	case Reactions:
		if len(r.Groups) == 0 {
			r.Groups = nil
		}
		if len(r.Latest) == 0 {
			r.Latest = nil
		}
		return r
	case Message:
		if r.ParentID == "" {
			r.ParentAt = 0
		}
		if len(r.Mentions) == 0 {
			r.Mentions = nil
		}
		if len(r.Metadata) == 0 {
			r.Metadata = nil
		}
		if c := r.Alone; c != nil && len(c.Mentions) == 0 {
			c.Mentions = nil
		}
		return r
	}
	return v
}

// FuzzRecords makes a record of any form with any values in it: it is read as
// it was written.
func FuzzRecords(f *testing.F) {
	list := forms()
	for i, form := range list {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), form.encode(form.full))
		f.Add(uint8(i), []byte("\x03abc\x08\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x02\x00\x80\x08\x00\x00\x00\x00\x00\x00\x00\x80"))
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		form := list[int(n)%len(list)]
		if form.name == "json" {
			return // encoding/json turns bytes that are no UTF-8 into others
		}
		v := reflect.New(reflect.TypeOf(form.full)).Elem()
		s := source{b}
		s.fill(v)
		want := settle(v.Interface())
		roundTrip(t, form, want)
		if chunk, ok := want.(Chunk); ok {
			checkChunk(t, &chunk)
		}
	})
}

// checkChunk compares a chunk's ranks with a count over its times.
func checkChunk(t *testing.T, c *Chunk) {
	t.Helper()
	times := c.Times()
	if len(times) != c.Count {
		t.Fatalf("%d times of %d", len(times), c.Count)
	}
	for i, at := range times {
		if i > 0 && at <= times[i-1] {
			t.Fatalf("time %d is %d, after %d", i, at, times[i-1])
		}
		for _, near := range []int64{at - 1, at, at + 1} {
			rank, found := 0, false
			for _, other := range times {
				if other <= near {
					rank++
				}
				found = found || other == near
			}
			if got, exact := c.Rank(near); got != rank || exact != found {
				t.Fatalf("%d ranks as %d, %v, want %d, %v", near, got, exact, rank, found)
			}
		}
	}
}

// allocated is how many bytes a function allocates, at the least of some tries:
// the test's own machinery allocates beside it.
func allocated(do func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// checkAllocation has decoding take no more memory than its input justifies,
// whatever lengths it claims. An entry of a list takes at least a byte and at
// most the 32 bytes of a Mute; JSON takes more for less.
func checkAllocation(t *testing.T, f form, b []byte) {
	t.Helper()
	most := uint64(64*len(b) + 4096)
	if n := allocated(func() { _, _ = f.decode(b) }); n > most {
		t.Errorf("%s: decoding %d bytes allocates %d, at most %d", f.name, len(b), n, most)
	}
}

// TestAnAllocationIsNoticed shows that the check above can fail.
func TestAnAllocationIsNoticed(t *testing.T) {
	const size = 1 << 20
	var kept []byte
	if n := allocated(func() { kept = make([]byte, size) }); n < size || len(kept) != size {
		t.Errorf("an allocation of %d bytes counts as %d", size, n)
	}
}

package codec

import "encoding/binary"

// ChunkLen is the number of times in a full part of a stream.
const ChunkLen = 64

// Stream is a growing list of times in rising order that can be counted from
// any of them on. The newest ones lie here, the others in chunks of ChunkLen.
// Entries can be removed and restored; each keeps its ordinal, so that a count
// is a subtraction.
type Stream struct {
	Total   uint64 // entries ever
	Removed uint64 // the removed among them
	Changes uint64 // how often one was removed or restored
	Newest  int64  // of the newest entry not removed; 0: none
	Tail    Chunk
}

// Chunk is up to ChunkLen successive entries of a stream.
type Chunk struct {
	Before      uint64 // entries before it
	Count       int
	First, Last int64
	steps       string // the distances between them, varints
}

// Append adds a time later than all before.
func (c *Chunk) Append(at int64) {
	if c.Count == 0 {
		c.First = at
	} else {
		var b [binary.MaxVarintLen64]byte
		n := binary.PutUvarint(b[:], uint64(at-c.Last))
		c.steps += string(b[:n])
	}
	c.Last = at
	c.Count++
}

// Rank is the number of entries of the chunk at or before a time, and whether
// one lies exactly there.
func (c *Chunk) Rank(at int64) (rank int, found bool) {
	if c.Count == 0 || at < c.First {
		return 0, false
	}
	if at >= c.Last {
		return c.Count, at == c.Last
	}
	d := decoder{s: c.steps}
	t := c.First
	for rank = 1; rank < c.Count; rank++ {
		next := t + int64(d.count())
		if next > at {
			break
		}
		t = next
	}
	return rank, t == at
}

// Times lists the entries.
func (c *Chunk) Times() []int64 {
	list := make([]int64, 0, c.Count)
	d := decoder{s: c.steps}
	for t := c.First; len(list) < c.Count; t += int64(d.count()) {
		list = append(list, t)
		if len(list) == c.Count {
			break
		}
	}
	return list
}

const streamVersion = 1

// Encode appends the stream to b.
func (s *Stream) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(streamVersion)
	s.encode(&e)
	return e.b
}

func (s *Stream) encode(e *encoder) {
	e.count(s.Total)
	e.count(s.Removed)
	e.count(s.Changes)
	e.time(s.Newest)
	s.Tail.encode(e)
}

func (s *Stream) decode(d *decoder) {
	s.Total = d.count()
	s.Removed = d.count()
	s.Changes = d.count()
	s.Newest = d.time()
	s.Tail.decode(d)
}

// DecodeStream reads a stream.
func DecodeStream[B raw](b B) (s Stream, err error) {
	d := decode("stream", b, streamVersion)
	s.decode(&d)
	return s, d.done()
}

// Encode appends the chunk to b.
func (c *Chunk) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(streamVersion)
	c.encode(&e)
	return e.b
}

func (c *Chunk) encode(e *encoder) {
	e.count(c.Before)
	e.count(uint64(c.Count))
	if c.Count == 0 {
		return
	}
	e.time(c.First)
	e.count(uint64(c.Last - c.First))
	e.text(c.steps)
}

func (c *Chunk) decode(d *decoder) {
	c.Before = d.count()
	n := d.count()
	if n > ChunkLen {
		d.fail()
		return
	}
	c.Count = int(n)
	if c.Count == 0 {
		return
	}
	c.First = d.time()
	c.Last = c.First + int64(d.count())
	c.steps = d.text()
}

// DecodeChunk reads a chunk.
func DecodeChunk[B raw](b B) (c Chunk, err error) {
	d := decode("chunk", b, streamVersion)
	c.decode(&d)
	return c, d.done()
}

// Head is a channel's clock and its timeline.
type Head struct {
	Last      int64 // the newest created_at ever given
	LastAside int64 // the newest time ever given to what is in no pages: pending messages, answers to commands
	Floor     int64 // everything up to it is hidden: the channel was truncated
	Live      Stream
}

// Encode appends the head to b.
func (h *Head) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(streamVersion)
	e.time(h.Last)
	e.time(h.LastAside)
	e.time(h.Floor)
	h.Live.encode(&e)
	return e.b
}

// DecodeHead reads a head.
func DecodeHead[B raw](b B) (h Head, err error) {
	d := decode("head", b, streamVersion)
	h.Last = d.time()
	h.LastAside = d.time()
	h.Floor = d.time()
	h.Live.decode(&d)
	return h, d.done()
}

// Numbers is a list of numbers: how many entries are removed, block by block;
// or times.
type Numbers []uint64

// Encode appends the list to b.
func (l Numbers) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(streamVersion)
	e.count(uint64(len(l)))
	for _, n := range l {
		e.count(n)
	}
	return e.b
}

// DecodeNumbers reads a list of numbers.
func DecodeNumbers[B raw](b B) (Numbers, error) {
	d := decode("numbers", b, streamVersion)
	n := d.count()
	if n > uint64(len(d.s)) {
		d.fail()
		n = 0
	}
	l := make(Numbers, n)
	for i := range l {
		l[i] = d.count()
	}
	return l, d.done()
}

// EncodeTime is a time alone.
func EncodeTime(at int64) []byte { return AppendTime(nil, at) }

// AppendTime appends a time alone.
func AppendTime(b []byte, at int64) []byte {
	e := encoder{b}
	e.version(streamVersion)
	e.time(at)
	return e.b
}

// DecodeTime reads a time alone.
func DecodeTime[B raw](b B) (int64, error) {
	// Lists of channels read hundreds: it copies nothing.
	if len(b) > 1 && b[0] == streamVersion {
		var small [binary.MaxVarintLen64]byte
		if at, n := binary.Varint(small[:copy(small[:], b[1:])]); n == len(b)-1 {
			return at, nil
		}
	}
	d := decode("time", b, streamVersion)
	at := d.time()
	return at, d.done()
}

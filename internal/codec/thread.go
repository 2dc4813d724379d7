package codec

// ThreadSum sums up the replies of a thread that one audience may see.
type ThreadSum struct {
	Count   uint64 // replies that are there, the soft-deleted included
	Deleted uint64 // the soft-deleted among them
	Newest  int64  // of the newest reply not deleted; 0: none
}

// ThreadMark is how far a user has read a thread.
type ThreadMark struct {
	At     int64  // replies after it are unread
	ReadAt int64  // when it was last set, by the clock
	Join   uint64 // of the membership that it belongs to
}

// ThreadBase is how a user began with the threads of a channel.
type ThreadBase struct {
	At   int64  // when they joined, everything up to it was read
	Join uint64 // how often they have joined
}

const threadVersion = 1

// Encode appends the sum to b.
func (s *ThreadSum) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(threadVersion)
	e.count(s.Count)
	e.count(s.Deleted)
	e.time(s.Newest)
	return e.b
}

// DecodeThreadSum reads what sums up a thread.
func DecodeThreadSum[B raw](b B) (s ThreadSum, err error) {
	d := decode("thread sum", b, threadVersion)
	s.Count, s.Deleted, s.Newest = d.count(), d.count(), d.time()
	return s, d.done()
}

// Encode appends the mark to b.
func (m *ThreadMark) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(threadVersion)
	e.time(m.At)
	e.time(m.ReadAt)
	e.count(m.Join)
	return e.b
}

// DecodeThreadMark reads how far a user has read a thread.
func DecodeThreadMark[B raw](b B) (m ThreadMark, err error) {
	d := decode("thread mark", b, threadVersion)
	m.At, m.ReadAt, m.Join = d.time(), d.time(), d.count()
	return m, d.done()
}

// Encode appends the record to b.
func (v *ThreadBase) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(threadVersion)
	e.time(v.At)
	e.count(v.Join)
	return e.b
}

// DecodeThreadBase reads how a user began with the threads of a channel.
func DecodeThreadBase[B raw](b B) (v ThreadBase, err error) {
	d := decode("thread base", b, threadVersion)
	v.At, v.Join = d.time(), d.count()
	return v, d.done()
}

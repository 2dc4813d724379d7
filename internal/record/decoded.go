package record

import (
	"hash/maphash"
	"sync/atomic"

	"example.com/chat/internal/codec"
)

const (
	decodedKept  = 4096    // messages, at most
	decodedBytes = 1 << 10 // that a message may have
	decodedMark  = 64      // that it is known by: its id is among them

	decodedPassed = 16384 // of which messages it is known that they were decoded before
)

// decoded remembers what messages were decoded to: the newest ones of a channel
// are read by all its members. Equal bytes are equal messages, so nothing has to
// be forgotten when one is written. It is safe for concurrent use.
type decoded struct {
	seed     maphash.Seed
	messages pairs[decodedMessage]
	passed   []atomic.Uint32 // by place, a part of the mark of what was last decoded and not remembered
}

type decodedMessage struct {
	mark    uint64
	raw     string
	message codec.Message
}

func newDecoded() decoded {
	return decoded{maphash.MakeSeed(), newPairs[decodedMessage](decodedKept), make([]atomic.Uint32, decodedPassed)}
}

// get is the message of some bytes, nil if it is not remembered. It must not be
// changed. What is asked for a second time is remembered: what is read once takes
// no memory.
func (d *decoded) get(raw []byte) (*codec.Message, error) {
	mark := maphash.Bytes(d.seed, raw[:min(len(raw), decodedMark)])
	place := d.messages.at(mark)
	for i := range place {
		if known := place[i].Load(); known != nil && known.raw == string(raw) {
			return &known.message, nil
		}
	}
	part := uint32(mark >> 32)
	if len(raw) > decodedBytes || d.passed[mark%decodedPassed].Swap(part) != part {
		return nil, nil
	}
	known := &decodedMessage{mark: mark, raw: string(raw)}
	if err := known.message.Decode(known.raw); err != nil {
		return nil, err
	}
	place.add(known, func(other *decodedMessage) bool { return other.mark == mark })
	return &known.message, nil
}

// Message is a message, if it was found. The lists in one of a snapshot are shared
// with other calls and must not be changed.
type Message struct {
	Value[codec.Message]
	decoded *decoded // of a snapshot, until it was looked into
	known   *codec.Message
	err     error
}

// copies is told the bytes first of all, and so looks whether they are known.
func (m *Message) copies(raw []byte) int {
	if m.decoded != nil && raw != nil {
		m.known, m.err = m.decoded.get(raw)
		m.decoded = nil
	}
	if m.known != nil {
		return 0
	}
	return len(raw)
}

func (m *Message) fill(raw []byte, texts *texts, all int) error {
	switch {
	case m.err != nil:
		return m.err
	case m.known == nil:
		return m.Value.fill(raw, texts, all)
	}
	m.V, m.Found = *m.known, true
	return nil
}

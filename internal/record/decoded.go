package record

import (
	"hash/maphash"
	"sync/atomic"

	"example.com/chat/internal/codec"
)

const (
	decodedKept  = 4096    // messages, at most
	decodedBytes = 1 << 10 // that a message may have
	decodedOnce  = 16384   // of which it is known that they were decoded before
)

// decoded remembers what messages were decoded to: the newest ones of a channel
// are read by all its members. Equal bytes are equal messages, so nothing has to
// be forgotten when one is written. It is safe for concurrent use.
type decoded struct {
	seed     maphash.Seed
	messages pairs[decodedMessage]
	once     []atomic.Uint32 // by place, a part of the hash of what was last decoded and not remembered
}

type decodedMessage struct {
	at      int64
	raw     string
	message codec.Message
	author  Lookup
}

func newDecoded() decoded {
	return decoded{maphash.MakeSeed(), newPairs[decodedMessage](decodedKept), make([]atomic.Uint32, decodedOnce)}
}

// get is the message of some bytes that lie under a time, nil if it is not
// remembered. It must not be changed. What is asked for a second time is
// remembered: what is read once takes no memory.
func (d *decoded) get(at int64, raw []byte) *decodedMessage {
	hash := maphash.Comparable(d.seed, at)
	place := d.messages.at(hash)
	for i := range place {
		if known := place[i].Load(); known != nil && known.raw == string(raw) {
			return known
		}
	}
	other := uint32(hash >> 32)
	if len(raw) > decodedBytes || d.once[hash%decodedOnce].Swap(other) != other {
		return nil
	}
	known := &decodedMessage{at: at, raw: string(raw)}
	if err := known.message.Decode(known.raw); err != nil {
		return nil // who decodes it again has the error
	}
	place.add(known, func(other *decodedMessage) bool { return other.at == at })
	return known
}

// Message is a message, if it was found. The lists in one of a snapshot are shared
// with other calls and must not be changed.
type Message struct {
	Value[codec.Message]
	at      int64
	decoded *decoded // of a snapshot, until it was looked into
	known   *decodedMessage
}

// copies is told the bytes first of all, and so looks whether they are known.
func (m *Message) copies(raw []byte) int {
	if m.decoded != nil && raw != nil {
		m.known, m.decoded = m.decoded.get(m.at, raw), nil
	}
	if m.known != nil {
		return 0
	}
	return len(raw)
}

func (m *Message) fill(raw []byte, texts *texts, all int) error {
	if m.known == nil {
		return m.Value.fill(raw, texts, all)
	}
	m.V, m.Found = m.known.message, true
	return nil
}

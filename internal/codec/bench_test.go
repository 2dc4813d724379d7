package codec

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"testing"
)

// benchMessage is a message as most are: a line of text with a mention and a
// little custom data.
var benchMessage = Message{
	ID: "01932f5e-7c1a-7b30-9d5e-3f2a1b4c5d6e", Author: "jane", CreatedAt: 1_763_750_000_000_000, UpdatedAt: 1_763_750_000_000_000,
	Text:     "Thanks! I am at the corner of Main Street, beside the bakery with the green door.",
	Mentions: []string{"john"}, Custom: `{"client":"web","ride":8467339}`, Fingerprint: "0123456789abcdef",
}

// BenchmarkMessage compares the form written by hand with what the standard
// library offers, on one message: time, allocations, and its size in bytes.
func BenchmarkMessage(b *testing.B) {
	for _, c := range []struct {
		name   string
		encode func(*Message) ([]byte, error)
		decode func([]byte) (Message, error)
	}{
		{"hand", func(m *Message) ([]byte, error) { return m.Encode(make([]byte, 0, 256)), nil }, DecodeMessage[[]byte]},
		{
			"json",
			func(m *Message) ([]byte, error) { return json.Marshal(m) },
			func(data []byte) (m Message, err error) {
				err = json.Unmarshal(data, &m)
				return m, err
			},
		},
		{"gob", encodeGob, decodeGob},
	} {
		encoded, err := c.encode(&benchMessage)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.encode(&benchMessage); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(encoded)), "bytes")
		})
		b.Run("decode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := c.decode(encoded)
				if err != nil || m.Text != benchMessage.Text {
					b.Fatal(m, err)
				}
			}
			b.ReportMetric(float64(len(encoded)), "bytes")
		})
	}
}

// A record stands alone, so that each brings gob's description of the type.
func encodeGob(m *Message) ([]byte, error) {
	var out bytes.Buffer
	err := gob.NewEncoder(&out).Encode(m)
	return out.Bytes(), err
}

func decodeGob(data []byte) (m Message, err error) {
	err = gob.NewDecoder(bytes.NewReader(data)).Decode(&m)
	return m, err
}

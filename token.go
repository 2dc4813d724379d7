package chat

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"example.com/chat/internal/record"
)

// The lists that page tokens lead through. A token of one list is ErrInvalid
// for another.
const (
	tokenMessages  byte = 'm'
	tokenPending   byte = 'p'
	tokenMembers   byte = 'u'
	tokenChannels  byte = 'c'
	tokenFailed    byte = 'f'
	tokenUsers     byte = 'a'
	tokenBans      byte = 'b'
	tokenFlags     byte = 'g'
	tokenReactions byte = 'e'
	tokenPins      byte = 'i'
	tokenReplies   byte = 'r'
	tokenThreads   byte = 't'

	tokenCallback byte = 'k' // the id of one that failed, in the same form
)

const tokenVersion = 1

// A token is, in base64, its version, the list, what the list needs, and a
// checksum against slips of the hand: a forged one leads at most to a place in
// a list that the caller may read anyway.

func encodeTextToken(list byte, text string) PageToken {
	return encodeNamedToken(list, text)
}

func encodeToken(list byte, numbers ...int64) PageToken {
	return encodeNamedToken(list, "", numbers...)
}

// encodeNamedToken is for a list that has a name.
func encodeNamedToken(list byte, name string, numbers ...int64) PageToken {
	b := append(make([]byte, 0, 64), tokenVersion, list)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, name...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return PageToken(base64.RawURLEncoding.AppendEncode(make([]byte, 0, 88), b))
}

func (t PageToken) decodeText(list byte, text *string) error {
	wrong := invalid("page", "is not a page token of this list")
	if len(t) > 4096 {
		return wrong
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(t))
	if err != nil || len(b) < 6 || b[0] != tokenVersion || b[1] != list {
		return wrong
	}
	body, sum := b[:len(b)-4], b[len(b)-4:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return wrong
	}
	*text = string(body[2:])
	return nil
}

func (t PageToken) decodeNumbers(list byte, numbers ...*int64) error {
	return t.decodeNamed(list, "", numbers...)
}

func (t PageToken) decodeNamed(list byte, name string, numbers ...*int64) error {
	var text string
	if err := t.decodeText(list, &text); err != nil {
		return err
	}
	if len(text) < 8*len(numbers) || text[8*len(numbers):] != name {
		return invalid("page", "is not a page token of this list")
	}
	for i, n := range numbers {
		*n = int64(binary.BigEndian.Uint64([]byte(text[8*i:])))
	}
	return nil
}

// encodeTokenIn is for a list of one channel.
func encodeTokenIn(list byte, channel record.Channel, text string) PageToken {
	return encodeTextToken(list, string(binary.BigEndian.AppendUint64(nil, uint64(channel)))+text)
}

func (t PageToken) decodeIn(list byte, channel *record.Channel, text *string) error {
	var all string
	if err := t.decodeText(list, &all); err != nil {
		return err
	}
	if len(all) < 8 {
		return invalid("page", "is not a page token of this list")
	}
	*channel, *text = record.Channel(binary.BigEndian.Uint64([]byte(all[:8]))), all[8:]
	return nil
}

func otherChannel() error { return invalid("page", "is a page token of another channel") }

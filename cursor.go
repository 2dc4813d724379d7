package chat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// Cursor is a place among all events of a store: one short text without spaces
// that resumes a user across all their channels, also after a restart. It is no
// permission: used by another user it shows what that user may see. It does not
// say how much happened between it and another.
type Cursor string

// place is where one reads on.
type place struct {
	position storage.Position
	live     int64 // typing up to then was told
}

// A cursor is, in base64, its version, which store it is of, and two blocks that
// are encrypted, as positions would tell of traffic that others may not know of:
// up to when typing was told, which is hardly ever the same twice, with a
// checksum; and the position.
const (
	cursorVersion = 1
	cursorHead    = 1 + 8
	cursorLen     = cursorHead + 2*aes.BlockSize
)

// cursors makes cursors of one store. It is safe for concurrent use.
type cursors struct {
	mark  [8]byte // of the store's identity
	block cipher.Block
}

func newCursors(identity string) (cursors, error) {
	sum := sha256.Sum256([]byte("cursors of " + identity))
	block, err := aes.NewCipher(sum[8:24])
	return cursors{[8]byte(sum[:]), block}, err
}

func (c *cursors) encode(p place) Cursor {
	var b [cursorLen]byte
	b[0] = cursorVersion
	copy(b[1:], c.mark[:])
	first, second := b[cursorHead:cursorHead+aes.BlockSize], b[cursorHead+aes.BlockSize:]
	binary.BigEndian.PutUint64(first, uint64(p.live))
	binary.BigEndian.PutUint32(first[8:], cursorSum(p))
	c.block.Encrypt(first, first)
	for i := range second {
		second[i] = p.position[i] ^ first[i]
	}
	c.block.Encrypt(second, second)
	return Cursor(base64.RawURLEncoding.EncodeToString(b[:]))
}

func (c *cursors) decode(cursor Cursor) (p place, err error) {
	var b [cursorLen]byte
	if len(cursor) != base64.RawURLEncoding.EncodedLen(cursorLen) {
		return p, notACursor()
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(cursor)); err != nil || b[0] != cursorVersion {
		return p, notACursor()
	}
	if [8]byte(b[1:]) != c.mark {
		return p, invalid("cursor", "is of another store")
	}
	first, second := b[cursorHead:cursorHead+aes.BlockSize], b[cursorHead+aes.BlockSize:]
	c.block.Decrypt(second, second)
	for i := range second {
		p.position[i] = second[i] ^ first[i]
	}
	c.block.Decrypt(first, first)
	p.live = int64(binary.BigEndian.Uint64(first))
	if binary.BigEndian.Uint32(first[8:]) != cursorSum(p) || binary.BigEndian.Uint32(first[12:]) != 0 {
		return place{}, notACursor()
	}
	return p, nil
}

func cursorSum(p place) uint32 {
	var live [8]byte
	binary.BigEndian.PutUint64(live[:], uint64(p.live))
	return crc32.Update(crc32.ChecksumIEEE(live[:]), crc32.IEEETable, p.position[:])
}

func notACursor() error { return invalid("cursor", "is no cursor of events") }

// cursorNow reads on from the moment of a snapshot.
func (a *App) cursorNow(r *record.Reader) (Cursor, error) {
	last, err := r.LastPosition()
	return a.cursors.encode(place{last, a.typing.last()}), err
}

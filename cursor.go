package chat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"

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
	cursorText    = (cursorLen*8 + 5) / 6
)

// cursors makes cursors of one store. It is safe for concurrent use.
type cursors struct {
	mark  [8]byte // of the store's identity
	block cipher.Block
	last  atomic.Pointer[encodedCursor] // many are made of one moment
}

type encodedCursor struct {
	of     place
	cursor Cursor
}

func newCursors(identity string) (cursors, error) {
	sum := sha256.Sum256([]byte("cursors of " + identity))
	block, err := aes.NewCipher(sum[8:24])
	return cursors{mark: [8]byte(sum[:]), block: block}, err
}

func (c *cursors) encode(p place) Cursor {
	if last := c.last.Load(); last != nil && last.of == p {
		return last.cursor
	}
	cursor := c.encodeAnew(p)
	c.last.Store(&encodedCursor{p, cursor})
	return cursor
}

func (c *cursors) encodeAnew(p place) Cursor {
	var b [cursorLen]byte
	b[0] = cursorVersion
	copy(b[1:], c.mark[:])
	first, second := b[cursorHead:cursorHead+aes.BlockSize], b[cursorHead+aes.BlockSize:]
	binary.BigEndian.PutUint64(first, uint64(p.live))
	copy(second, p.position[:])
	binary.BigEndian.PutUint32(first[8:], cursorSum(first, second))
	c.block.Encrypt(first, first)
	subtle.XORBytes(second, second, first)
	c.block.Encrypt(second, second)
	var text [cursorText]byte
	base64.RawURLEncoding.Encode(text[:], b[:])
	return Cursor(text[:])
}

func (c *cursors) decode(cursor Cursor) (p place, err error) {
	var b [cursorLen]byte
	if len(cursor) != cursorText {
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
	subtle.XORBytes(second, second, first)
	c.block.Decrypt(first, first)
	if binary.BigEndian.Uint32(first[8:]) != cursorSum(first, second) || binary.BigEndian.Uint32(first[12:]) != 0 {
		return p, notACursor()
	}
	return place{storage.Position(second), int64(binary.BigEndian.Uint64(first))}, nil
}

// cursorSum is of both blocks, but for the place that it has in the first.
func cursorSum(first, second []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(first[:8]), crc32.IEEETable, second)
}

func notACursor() error { return invalid("cursor", "is no cursor of events") }

// cursorNow reads on from the moment of a snapshot.
func (a *App) cursorNow(r *record.Reader) (Cursor, error) {
	last, err := r.LastPosition()
	return a.cursors.encode(place{last, a.typing.last()}), err
}

package boltstore

import (
	"encoding/binary"
	"hash/crc32"
)

// A frame is what a journal holds of one commit, or at its begin of none. It
// fills whole blocks:
//
//	 0  "chtj"
//	 4  version of this format, 4 bytes
//	 8  id of the store, 16 bytes
//	24  sequence of the commit, 8 bytes; 0 in the first block of a journal
//	32  size that the journal had, 8 bytes
//	40  length of the changes, 4 bytes
//	44  CRC-32C of all before it and of the changes, 4 bytes
//	48  the changes, see changes.encode; then zeros
//
// Numbers are big-endian. The id is random, known to nobody who stores values,
// so that what lies within a frame that was cut off does not pass for another.
const (
	blockLen     = 512
	frameVersion = 1
	frameMagic   = "chtj"
	frameHead    = 48
	idLen        = 16
)

type storeID [idLen]byte

// frame is a frame that was read.
type frame struct {
	version  uint32
	id       storeID
	sequence uint64
	size     int64
	changes  []byte
	end      int64 // where it ends in its journal
}

// appendFrame appends the frame of a commit to b. Nil changes are none.
func appendFrame(b []byte, id storeID, sequence uint64, size int64, c *changes) []byte {
	start := len(b)
	b = append(b, frameMagic...)
	b = binary.BigEndian.AppendUint32(b, frameVersion)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint64(b, sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	b = append(b, make([]byte, 8)...)
	if c != nil {
		b = c.encode(b)
	}
	f := b[start:]
	binary.BigEndian.PutUint32(f[40:], uint32(len(f)-frameHead))
	binary.BigEndian.PutUint32(f[44:], frameChecksum(f))
	if over := len(f) % blockLen; over > 0 {
		b = append(b, make([]byte, blockLen-over)...)
	}
	return b
}

func frameChecksum(f []byte) uint32 {
	return crc32.Update(crc32.Checksum(f[:44], castagnoli), castagnoli, f[frameHead:])
}

// readFrame reads the frame that b begins with, if one does.
func readFrame(b []byte) (f frame, ok bool) {
	if len(b) < frameHead || string(b[:4]) != frameMagic {
		return f, false
	}
	n := uint64(frameHead) + uint64(binary.BigEndian.Uint32(b[40:]))
	if n > uint64(len(b)) || frameChecksum(b[:n]) != binary.BigEndian.Uint32(b[44:]) {
		return f, false
	}
	f = frame{
		version:  binary.BigEndian.Uint32(b[4:]),
		id:       storeID(b[8:]),
		sequence: binary.BigEndian.Uint64(b[24:]),
		size:     int64(binary.BigEndian.Uint64(b[32:])),
		changes:  b[frameHead:n:n],
		end:      int64(n+blockLen-1) / blockLen * blockLen,
	}
	return f, true
}

// framesAfter finds the frames of later commits than one in a journal. Others,
// of commits that are in the file already, lie between and behind them: it is
// written anew from its begin again and again.
func framesAfter(journal []byte, id storeID, sequence uint64) (found []frame) {
	for at := blockLen; at+frameHead <= len(journal); {
		b := journal[at:]
		if string(b[:4]) == frameMagic && storeID(b[8:]) == id && binary.BigEndian.Uint64(b[24:]) > sequence {
			if f, ok := readFrame(b); ok {
				f.end += int64(at)
				found = append(found, f)
				at = int(f.end)
				continue
			}
		}
		at += blockLen
	}
	return found
}

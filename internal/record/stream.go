package record

import (
	"fmt"
	"math/bits"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Entries of a stream are removed in blocks: how many, in one short list, and
// which, in a bitmap a block.
const (
	blockLen   = 4096
	bitmapSize = blockLen / 8
)

// Stream reads a stream.
func (b *Batch) Stream(s keys.Stream) *Value[codec.Stream] {
	v := new(Value[codec.Stream])
	b.streamInto(v, s)
	return v
}

func (b *Batch) streamInto(v *Value[codec.Stream], s keys.Stream) {
	if s.InHead() {
		v.get(b, s.Key(), decodeLive)
	} else {
		v.get(b, s.Key(), codec.DecodeStream)
	}
}

func decodeLive(raw string) (codec.Stream, error) {
	h, err := codec.DecodeHead(raw)
	return h.Live, err
}

// PrivateStream reads the stream of the private messages that a user may see.
func (b *Batch) PrivateStream(c Channel, user string) *Value[codec.Stream] {
	return b.Stream(keys.PrivateLive(c, user))
}

// LiveStream reads the stream of the timeline.
func (b *Batch) LiveStream(c Channel) *Value[codec.Stream] { return b.Stream(keys.Live(c)) }

func (t *Txn) loadStream(s keys.Stream) (codec.Stream, error) {
	b := t.Batch()
	v := b.Stream(s)
	err := b.Run()
	return v.V, err
}

func (t *Txn) saveStream(s keys.Stream, v *codec.Stream) error {
	if !s.InHead() {
		return t.put(s.Key(), v)
	}
	b := t.Batch()
	h := b.Head(s.Channel())
	if err := b.Run(); err != nil {
		return err
	}
	h.V.Live = *v
	return t.PutHead(s.Channel(), &h.V)
}

// AppendStream adds a time later than all before to a stream.
func (t *Txn) AppendStream(s keys.Stream, at int64) error {
	v, err := t.loadStream(s)
	if err != nil {
		return err
	}
	if err := t.appendTo(s, &v, at); err != nil {
		return err
	}
	return t.saveStream(s, &v)
}

// appendTo adds a time to a stream that the caller stores.
func (t *Txn) appendTo(s keys.Stream, v *codec.Stream, at int64) error {
	if v.Tail.Count == codec.ChunkLen {
		if err := t.put(s.Chunk(v.Tail.First), &v.Tail); err != nil {
			return err
		}
		v.Tail = codec.Chunk{Before: v.Total}
	}
	v.Tail.Append(at)
	v.Total++
	v.Newest = at
	return nil
}

// chunkAt reads the part of a stream where a time lies: the newest part that
// begins at or before it.
func (b *Batch) chunkAt(s keys.Stream, at int64) *Value[codec.Chunk] {
	v := new(Value[codec.Chunk])
	b.scan(storage.Range{Start: s.Chunks(), End: s.Chunk(at + 1), Reverse: true, Limit: 1}, func(entries []storage.Entry) (err error) {
		if len(entries) == 1 {
			v.V, err = codec.DecodeChunk(entries[0].Value)
			v.Found = err == nil
		}
		return err
	})
	return v
}

// ordinal finds the place of an entry in a stream, counted from 0.
func (t *Txn) ordinal(s keys.Stream, v *codec.Stream, at int64) (n uint64, found bool, err error) {
	chunk := &v.Tail
	if chunk.Count == 0 || at < chunk.First {
		b := t.Batch()
		older := b.chunkAt(s, at)
		if err := b.Run(); err != nil {
			return 0, false, err
		}
		chunk = &older.V
	}
	rank, found := chunk.Rank(at)
	return chunk.Before + uint64(rank) - 1, found, nil
}

// noBitmap copies a bitmap, which has one length only.
func noBitmap[B ~string | ~[]byte](raw B) ([]byte, error) {
	if len(raw) != bitmapSize {
		return nil, fmt.Errorf("%w: a list of what is removed has %d bytes", codec.ErrCorrupt, len(raw))
	}
	return append([]byte(nil), raw...), nil
}

// setRemoved removes or restores the n-th entry; changed is false if it was so
// already.
func (t *Txn) setRemoved(s keys.Stream, n uint64, removed bool) (changed bool, err error) {
	block, bit := n/blockLen, n%blockLen
	b := t.Batch()
	counts := get(b, s.Removed(), codec.DecodeNumbers)
	bitmap := get(b, s.RemovedIn(block), noBitmap)
	if err := b.Run(); err != nil {
		return false, err
	}
	if !bitmap.Found {
		bitmap.V = make([]byte, bitmapSize)
	}
	mask := byte(1) << (bit % 8)
	if (bitmap.V[bit/8]&mask != 0) == removed {
		return false, nil
	}
	bitmap.V[bit/8] ^= mask
	for uint64(len(counts.V)) <= block {
		counts.V = append(counts.V, 0)
	}
	if removed {
		counts.V[block]++
	} else {
		counts.V[block]--
	}
	if err := t.txn.Put(s.RemovedIn(block), bitmap.V); err != nil {
		return false, err
	}
	return true, t.put(s.Removed(), counts.V)
}

// RemoveFromStream takes a time out of a stream. One that is not in it, or is
// out already, changes nothing.
func (t *Txn) RemoveFromStream(s keys.Stream, at int64) error {
	return t.changeStream(s, at, true, func(v *codec.Stream) (err error) {
		v.Removed++
		v.Changes++
		if at == v.Newest {
			v.Newest, err = t.newestBefore(s, v, at)
		}
		return err
	})
}

// RestoreInStream takes a time that was removed into a stream again.
func (t *Txn) RestoreInStream(s keys.Stream, at int64) error {
	return t.changeStream(s, at, false, func(v *codec.Stream) error {
		v.Removed--
		v.Changes++
		v.Newest = max(v.Newest, at)
		return nil
	})
}

// changeStream removes or restores an entry; change is called if it was not so
// already.
func (t *Txn) changeStream(s keys.Stream, at int64, removed bool, change func(*codec.Stream) error) error {
	v, err := t.loadStream(s)
	if err != nil {
		return err
	}
	n, found, err := t.ordinal(s, &v, at)
	if err != nil || !found {
		return err
	}
	changed, err := t.setRemoved(s, n, removed)
	if err != nil || !changed {
		return err
	}
	if err := change(&v); err != nil {
		return err
	}
	return t.saveStream(s, &v)
}

// newestBefore is the newest entry before a time that is not removed; 0 if
// there is none. It passes only entries that were removed one after another.
func (t *Txn) newestBefore(s keys.Stream, v *codec.Stream, at int64) (int64, error) {
	if v.Removed == v.Total {
		return 0, nil
	}
	bitmaps := map[uint64][]byte{}
	isRemoved := func(n uint64) (bool, error) {
		block, bit := n/blockLen, n%blockLen
		if bitmaps[block] == nil {
			raw, err := storage.Get(t.txn, s.RemovedIn(block))
			if err != nil {
				return false, err
			}
			if raw == nil {
				raw = make([]byte, bitmapSize)
			}
			if raw, err = noBitmap(raw); err != nil {
				return false, err
			}
			bitmaps[block] = raw
		}
		return bitmaps[block][bit/8]&(1<<(bit%8)) != 0, nil
	}
	search := func(c *codec.Chunk) (int64, error) {
		times := c.Times()
		for i := len(times) - 1; i >= 0; i-- {
			if times[i] >= at {
				continue
			}
			removed, err := isRemoved(c.Before + uint64(i))
			if err != nil {
				return 0, err
			}
			if !removed {
				return times[i], nil
			}
		}
		return 0, nil
	}
	if newest, err := search(&v.Tail); err != nil || newest != 0 {
		return newest, err
	}
	older := storage.Range{Start: s.Chunks(), End: s.Chunk(at), Reverse: true}
	for e, err := range storage.Scan(t.txn, older, 16) {
		if err != nil {
			return 0, err
		}
		c, err := codec.DecodeChunk(e.Value)
		if err != nil {
			return 0, err
		}
		if newest, err := search(&c); err != nil || newest != 0 {
			return newest, err
		}
	}
	return 0, nil
}

// CountAfter counts, for each stream, the entries after a time that are not
// removed. It takes three round trips however many streams there are.
func (r *Reader) CountAfter(after int64, list ...keys.Stream) ([]int, error) {
	b := r.Batch()
	streams := make([]*Value[codec.Stream], len(list))
	for i, s := range list {
		streams[i] = b.Stream(s)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	return r.countAfter(after, list, streams)
}

func (r *Reader) countAfter(after int64, list []keys.Stream, streams []*Value[codec.Stream]) ([]int, error) {
	b := r.Batch()
	chunks := make([]*Value[codec.Chunk], len(list))
	counts := make([]*Value[codec.Numbers], len(list))
	for i, s := range list {
		v := &streams[i].V
		if v.Total == v.Removed || after >= v.Newest {
			continue
		}
		if after < v.Tail.First && v.Tail.Before > 0 {
			chunks[i] = b.chunkAt(s, after)
		}
		if v.Removed > 0 {
			counts[i] = get(b, s.Removed(), codec.DecodeNumbers)
		}
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	result := make([]int, len(list))
	bitmaps := make([]*Value[[]byte], len(list))
	passed := make([]uint64, len(list)) // entries at or before the time
	for i, s := range list {
		v := &streams[i].V
		if v.Total == v.Removed || after >= v.Newest {
			continue
		}
		chunk := &v.Tail
		if chunks[i] != nil {
			chunk = &chunks[i].V // the zero chunk where the time is before all
		}
		rank, _ := chunk.Rank(after)
		passed[i] = chunk.Before + uint64(rank)
		result[i] = int(v.Total - passed[i])
		if counts[i] == nil {
			continue
		}
		block := passed[i] / blockLen
		for n := block; n < uint64(len(counts[i].V)); n++ {
			result[i] -= int(counts[i].V[n])
		}
		if block < uint64(len(counts[i].V)) && counts[i].V[block] > 0 && passed[i]%blockLen > 0 {
			bitmaps[i] = get(b, s.RemovedIn(block), noBitmap)
		}
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	for i, bitmap := range bitmaps {
		if bitmap != nil {
			if !bitmap.Found {
				return nil, fmt.Errorf("%w: a list of what is removed is lost", codec.ErrCorrupt)
			}
			result[i] += countBits(bitmap.V, passed[i]%blockLen)
		}
	}
	return result, nil
}

// countBits counts the first n bits that are set.
func countBits(bitmap []byte, n uint64) (count int) {
	for i := range n / 8 {
		count += bits.OnesCount8(bitmap[i])
	}
	if rest := n % 8; rest > 0 {
		count += bits.OnesCount8(bitmap[n/8] & (1<<rest - 1))
	}
	return count
}

// Package codec turns records into bytes and back. Every record begins with the
// version of its form, so that an older form can still be read and a newer one
// is refused, never misread. Numbers are varints, strings carry their length;
// what is absent takes no room.
//
// The form is written by hand because decoding decides how fast a page is read:
// see BenchmarkMessage beside encoding/json and encoding/gob. Golden files keep
// it from changing by accident.
package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrVersion is answered for a record of a newer version.
	ErrVersion = errors.New("codec: record written by a newer version")
	// ErrCorrupt is answered for bytes that are no record.
	ErrCorrupt = errors.New("codec: record is damaged")
)

// encoder appends to a buffer.
type encoder struct{ b []byte }

func (e *encoder) version(v byte) { e.b = append(e.b, v) }
func (e *encoder) count(n uint64) { e.b = binary.AppendUvarint(e.b, n) }
func (e *encoder) time(t int64)   { e.b = binary.AppendVarint(e.b, t) }
func (e *encoder) byte(v byte)    { e.b = append(e.b, v) }
func (e *encoder) text(s string)  { e.count(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) texts(list []string) {
	e.count(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

// decoder reads a record. The first fault stops it: what follows reads as zero
// and done reports it. Strings share the memory of the record.
type decoder struct {
	s    string
	kind string
	err  error
}

// raw is what a record is read from: a slice, which is copied first, or a
// string, whose memory the record's strings share.
type raw interface{ ~string | ~[]byte }

// decode starts on a record of at most the version given.
func decode[B raw](kind string, b B, newest byte) decoder {
	d := decoder{s: string(b), kind: kind}
	switch v := d.byte(); {
	case d.err != nil:
	case v > newest:
		d.err = fmt.Errorf("%w: %s has version %d, this program reads up to %d", ErrVersion, kind, v, newest)
	case v == 0:
		d.fail()
	}
	return d
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrCorrupt, d.kind)
	}
	d.s = ""
}

// done reports the first fault, or that bytes are left over.
func (d *decoder) done() error {
	if d.err == nil && d.s != "" {
		d.fail()
	}
	return d.err
}

func (d *decoder) byte() byte {
	if d.s == "" {
		d.fail()
		return 0
	}
	v := d.s[0]
	d.s = d.s[1:]
	return v
}

func (d *decoder) count() uint64 {
	// Most numbers are small: one byte without the loop.
	if d.s != "" && d.s[0] < 0x80 {
		v := d.s[0]
		d.s = d.s[1:]
		return uint64(v)
	}
	var v uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			d.s = d.s[i+1:]
			return v | uint64(c)<<(7*i)
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	d.fail()
	return 0
}

func (d *decoder) time() int64 {
	u := d.count()
	t := int64(u >> 1)
	if u&1 != 0 {
		t = ^t
	}
	return t
}

func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.s)) {
		d.fail()
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) text() string { return d.take(d.count()) }

func (d *decoder) texts() []string {
	n := d.count()
	if n > uint64(len(d.s)) { // each takes at least one byte
		d.fail()
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.text()
	}
	return list
}

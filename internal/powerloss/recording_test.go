package powerloss

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The kinds of events. All but the last are written by testdata/record.go and
// testdata/journal.go.
const (
	writeEvent  = 'w' // data at offset
	resizeEvent = 'r' // the file's size becomes offset
	syncEvent   = 's' // all that was written to the file is on the disk
	createEvent = 'c' // a new, empty file has the name
	removeEvent = 'd' // no file has the name any more
	namesEvent  = 'n' // the names of all files are on the disk
	markEvent   = 'm' // data says what was acknowledged
)

// The files: bbolt's and the two journals.
const (
	boltFile = 0
	files    = 3
)

type event struct {
	kind   byte
	file   byte
	offset int64
	data   []byte
}

// eventHeader is the length of what comes before an event's data.
const eventHeader = 1 + 1 + 8 + 4

func (e event) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{e.kind, e.file}, uint64(e.offset))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.data)))
	return append(b, e.data...)
}

func encodeRecording(events []event) []byte {
	var b []byte
	for _, e := range events {
		b = append(b, e.encode()...)
	}
	return b
}

func readRecording(path string) ([]event, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var events []event
	var sizes [files]int64
	for len(b) > 0 {
		e, rest, err := decodeEvent(b)
		if err != nil {
			return nil, fmt.Errorf("%s: event %d: %w", path, len(events), err)
		}
		size := &sizes[e.file]
		switch e.kind {
		case writeEvent:
			*size = max(*size, e.offset+int64(len(e.data)))
		case createEvent:
			*size = 0
		case resizeEvent:
			if e.offset < *size { // then what is lost of it would have to be thought of
				return nil, fmt.Errorf("%s: event %d: the file shrinks from %d bytes to %d", path, len(events), *size, e.offset)
			}
			*size = e.offset
		}
		events, b = append(events, e), rest
	}
	return events, nil
}

func decodeEvent(b []byte) (e event, rest []byte, err error) {
	if len(b) < eventHeader {
		return e, nil, errors.New("the recording ends in it")
	}
	size := eventHeader + int(binary.BigEndian.Uint32(b[10:]))
	if len(b) < size {
		return e, nil, errors.New("the recording ends in it")
	}
	e = event{kind: b[0], file: b[1], offset: int64(binary.BigEndian.Uint64(b[2:])), data: b[eventHeader:size]}
	if !strings.ContainsRune("wrscdnm", rune(e.kind)) || e.file >= files {
		return e, nil, fmt.Errorf("there is no kind %q", e.kind)
	}
	return e, b[size:], nil
}

// count is how many events of a kind there are.
func count(events []event, kind byte) int {
	n := 0
	for _, e := range events {
		if e.kind == kind {
			n++
		}
	}
	return n
}

// mark appends to a recording that something was acknowledged.
func mark(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(event{kind: markEvent, data: []byte(text)}.encode()); err != nil {
		_ = f.Close() // the first error tells more
		return err
	}
	return f.Close()
}

// fault makes of a recording what a faulty store would have recorded.
type fault struct {
	name  string
	plant func([]event) []event
}

// headers is how much of the file's begin are bbolt's two headers.
var headers = int64(2 * os.Getpagesize())

func isHeader(e event) bool {
	return e.kind == writeEvent && e.file == boltFile && e.offset < headers
}

var faults = []fault{
	{"nothing is synced", func(events []event) []event {
		return slices.DeleteFunc(events, func(e event) bool { return e.kind == syncEvent })
	}},
	{"journals are not synced", func(events []event) []event {
		return slices.DeleteFunc(events, func(e event) bool { return e.kind == syncEvent && e.file != boltFile })
	}},
	{"the names of journals are not synced", func(events []event) []event {
		return slices.DeleteFunc(events, func(e event) bool { return e.kind == namesEvent })
	}},
	{"pages are not synced before their header is written", func(events []event) []event {
		return withoutSyncs(events, func(_, next event) bool { return isHeader(next) })
	}},
	{"a header is not synced before the journal is written anew", func(events []event) []event {
		return withoutSyncs(events, func(previous, _ event) bool { return isHeader(previous) })
	}},
	{"a call returns before the sync", func(events []event) []event {
		for i, e := range events { // each mark changes places with the sync before it
			if i > 0 && e.kind == markEvent && events[i-1].kind == syncEvent {
				events[i-1], events[i] = events[i], events[i-1]
			}
		}
		return events
	}},
}

// withoutSyncs leaves out syncs of bbolt's file by what was done to it before and
// after each.
func withoutSyncs(events []event, leaveOut func(previous, next event) bool) []event {
	kept, previous := []event(nil), event{}
	ofBolt := func(e event) bool { return e.file == boltFile && e.kind != markEvent && e.kind != namesEvent }
	for i, e := range events {
		if ofBolt(e) {
			next := slices.IndexFunc(events[i+1:], ofBolt)
			if e.kind == syncEvent && next >= 0 && leaveOut(previous, events[i+1+next]) {
				continue
			}
			previous = e
		}
		kept = append(kept, e)
	}
	return kept
}

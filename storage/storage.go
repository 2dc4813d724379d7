// Package storage is the seam between the chat engine and whatever keeps its
// bytes. A driver implements [Store]; it knows nothing of chat: it moves keys,
// values and log records, and cannot get a rule of the engine wrong.
//
// Keys and values are byte strings, keys ordered by [bytes.Compare]. Driver
// authors run the suite in storage/storagetest against their driver; every
// sentence of the contract below is a case of it.
package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"
)

// Limits that every driver accepts. Outside them a call answers [ErrKey].
const (
	MaxKeyLen   = 1280     // bytes; a key or log name has at least one
	MaxValueLen = 64 << 20 // bytes; a value may be empty
)

var (
	// ErrClosed is answered by every call on a store after Close.
	ErrClosed = errors.New("storage: store is closed")
	// ErrKey is answered for a key or log name that is empty or longer than
	// MaxKeyLen, and for a value longer than MaxValueLen.
	ErrKey = errors.New("storage: key or value outside the limits")
	// ErrVersion is answered on opening a store that a newer driver wrote.
	ErrVersion = errors.New("storage: written by a newer version")
	// ErrInUse is answered on opening a store that is open already, in this
	// process or another, where the driver does not share it.
	ErrInUse = errors.New("storage: in use, by this process or another")
)

// Store is a transactional, ordered key-value store with append-only logs.
// All methods are safe for concurrent use.
type Store interface {
	// View runs fn on one consistent snapshot, which holds every Update that
	// returned before View was called. A View does not wait for Updates. One that
	// lasts may hold up Updates in some drivers: keep it short, and never call
	// Update inside it. Slices handed out by the Reader are valid until fn returns and
	// must not be changed. An error from fn is returned as it is.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and commits what it wrote, all of it or nothing, durably
	// before Update returns. Updates with equal scopes never overlap: what fn
	// has read under a scope still holds at commit. Reads of keys that another
	// scope owns are a snapshot no older than the call.
	//
	// fn may run more than once; only the last run counts, so it must have no
	// side effects but on its own variables, which it sets anew each time. If
	// fn returns an error or panics nothing is stored; the error is returned as
	// it is, the panic goes on in the calling goroutine.
	//
	// A cancelled context ends the wait for the scope with the context's error
	// and nothing stored; one that has ended already keeps fn from running. Once
	// the commit has begun it is not interrupted.
	Update(ctx context.Context, scope string, fn func(Txn) error) error

	// Close waits for running transactions, then releases the store. A second
	// Close does nothing. Other calls answer ErrClosed.
	Close() error
}

// Reader reads. It is valid inside the function it was handed to, and used by
// one goroutine.
type Reader interface {
	// Read answers any number of single keys and ranges in one round trip.
	// values[i] belongs to keys[i] and is nil where the key is absent; a
	// present but empty value is empty and not nil. entries[i] belongs to
	// ranges[i], in the order the range asks for.
	Read(keys [][]byte, ranges []Range) (values [][]byte, entries [][]Entry, err error)

	// Tail returns the records of the named logs with positions greater than
	// after, merged in order of position, at most limit of them (all when limit
	// is 0 or less). A log never appended to has no records. Each log is
	// answered once, however often it is named. With no logs named it returns
	// the records of all logs, merged in the same way; their Log is nil.
	Tail(logs [][]byte, after Position, limit int) ([]Record, error)

	// Logs says which records there are: those that Tail returns.
	Logs() (LogSpan, error)
}

// Versioned is implemented by the Readers of Views of drivers that number their
// snapshots: what was read of a scope's keys in version v is still so in version w
// if Changed(scope), asked in either, is at most v and w. Without it the engine
// reads again what it has read.
//
// The Txns of such a driver implement it too, and [Noter]. Version is then of what
// is committed. An Update may see more, what others before it in a batch did and
// may lose again: asked in the Update, what they wrote under and noted has changed
// in a version above its own. So has what the Update itself noted.
//
// A Store that wraps another and gives Update other scopes must hide it, or
// translate Changed and Note too.
type Versioned interface {
	// Version is the number of the snapshot, which every commit raises.
	Version() uint64

	// Changed is the number of the newest version in which something was written
	// under the scope, or a greater one. It may be greater than Version.
	Changed(scope string) uint64
}

// Noter is implemented by the Txns of drivers whose Readers are [Versioned].
type Noter interface {
	// Note has a name count as one more scope that the Update has written under, if
	// it stores anything: by that the engine tells what changes often from what does
	// not.
	Note(name string)
}

// Txn reads and writes. It sees its own writes, except that records it appends
// have no position before commit and so do not appear in Tail and Logs. The
// driver copies what it is given: the caller may reuse its slices.
type Txn interface {
	Reader

	// Put stores value under key, replacing what was there.
	Put(key, value []byte) error

	// Insert stores value under a key that must not exist. If it exists when
	// the transaction commits, whichever scope put it there, nothing is stored
	// and fn runs again, to find it by reading. An Insert of a key that this
	// transaction can already see is the caller's mistake and answers an error;
	// one after a Delete of the key in the same transaction is not.
	Insert(key, value []byte) error

	// Delete removes keys; an absent key is no error.
	Delete(keys ...[]byte) error

	// DeleteRange removes every key in the range. Reverse and Limit are ignored.
	DeleteRange(Range) error

	// Append adds a record to the end of a log. Its position is fixed at
	// commit and is greater than every position any Tail has returned. The
	// records of one transaction follow each other in the order appended.
	Append(log, value []byte) error

	// TrimLogs removes for good every record of all logs at or before the
	// position; those that this transaction appends have none yet and stay.
	// Positions are never used again. A position before LogSpan.Trimmed does
	// nothing, one after LogSpan.Newest means that. It may take as long as there
	// are records to remove: trim many in several transactions.
	TrimLogs(until Position) error
}

// Waiter is implemented by drivers that can wake a reader of logs early.
// Without it the engine polls.
type Waiter interface {
	// Wait returns nil once a record after the position may be in one of the
	// logs, at once if there is one already, and the context's error if that
	// ends first, or ErrClosed when the store is closed. With no logs named it
	// waits for a record in any log. It may wake too often, never too late.
	Wait(ctx context.Context, logs [][]byte, after Position) error
}

// Range is the keys k with Start <= k < End. A nil End has no upper bound; an
// empty one that is not nil leaves no keys. The bounds may be longer than a key.
type Range struct {
	Start, End []byte
	Reverse    bool // last key first
	Limit      int  // at most so many entries; 0 or less: all
}

// Entry is one key and its value.
type Entry struct{ Key, Value []byte }

// Record is one record of a log.
type Record struct {
	Log      []byte // nil where all logs are read
	Position Position
	Value    []byte
}

// LogSpan is which records the logs of a store have, taken together.
type LogSpan struct {
	// Trimmed is the position up to which all records are gone, see
	// Txn.TrimLogs; zero if none ever was.
	Trimmed Position
	// Newest is the position that every record there is lies at or before, and
	// every one that is committed later after. It is zero if there never was a
	// record, and stays where it is when the newest one is trimmed.
	Newest Position
	// Records is how many there are. A driver that would have to count them
	// may estimate.
	Records int64
}

// Position is a place in all logs of a store together: positions appear in
// commit order, so once Tail has returned one, no smaller one ever appears in
// any log. The zero Position is before every record. Positions compare as
// bytes and mean nothing in another store.
type Position [16]byte

// Compare is -1, 0 or +1 as p is before, at or after q.
func (p Position) Compare(q Position) int { return bytes.Compare(p[:], q[:]) }

// PositionAt makes a position of two big-endian numbers, hi before lo.
func PositionAt(hi, lo uint64) (p Position) {
	binary.BigEndian.PutUint64(p[:8], hi)
	binary.BigEndian.PutUint64(p[8:], lo)
	return p
}

// Numbers is the inverse of [PositionAt].
func (p Position) Numbers() (hi, lo uint64) {
	return binary.BigEndian.Uint64(p[:8]), binary.BigEndian.Uint64(p[8:])
}

// Prefix is the range of all keys that begin with prefix.
func Prefix(prefix []byte) Range {
	return Range{Start: prefix, End: PrefixEnd(prefix)}
}

// PrefixEnd is the first key after all keys that begin with prefix; nil when
// there is none.
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := bytes.Clone(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}

// Get reads one key; nil where it is absent.
func Get(r Reader, key []byte) ([]byte, error) {
	values, _, err := r.Read([][]byte{key}, nil)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// Scan reads a range in slices of at most size entries, so that a long range
// is never held in memory whole. It honours the range's Reverse and Limit.
func Scan(r Reader, rng Range, size int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		left := rng.Limit
		for {
			rng.Limit = size
			if left > 0 && left < size {
				rng.Limit = left
			}
			_, entries, err := r.Read(nil, []Range{rng})
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range entries[0] {
				if !yield(e, nil) {
					return
				}
			}
			n := len(entries[0])
			if left > 0 {
				if left -= n; left == 0 {
					return
				}
			}
			if n < rng.Limit {
				return
			}
			last := entries[0][n-1].Key
			if rng.Reverse {
				rng.End = bytes.Clone(last)
			} else {
				rng.Start = append(bytes.Clone(last), 0)
			}
		}
	}
}

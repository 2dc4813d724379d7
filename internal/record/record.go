// Package record is typed tables and indexes over storage: it knows which
// records there are and how they hang together, and alone builds keys. It knows
// no rule of the product: who sees what is decided above it.
package record

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// DB is a store of records. It is safe for concurrent use.
type DB struct {
	store storage.Store

	directory   directory
	remembered  recollections
	numbers     generations[string, Channel]      // that a cid led to
	ownChannels generations[string, *ownChannels] // by their user
	forgets     atomic.Bool                       // for good: the store cannot note what changed
	unread      generations[countKey, unreadCount]
	muted       mutedCounts
	decoded     decoded
	observe     func(context.Context, Update)

	// Readers and transactions last for one call: their memory is used again.
	readers, txns sync.Pool

	mu   sync.RWMutex
	memo map[string]any // key → memo[T]: records that are decoded again only when their bytes change
}

// New makes a DB of a store.
func New(store storage.Store) *DB {
	db := &DB{store: store, directory: newDirectory(), remembered: newRecollections(), decoded: newDecoded(), memo: map[string]any{}}
	db.numbers.size, db.unread.size = rememberedKept, unreadCountsKept
	db.ownChannels.size, db.ownChannels.weight = ownChannelsKept, (*ownChannels).weight
	db.readers.New = func() any { return new(Reader) }
	db.txns.New = func() any { return new(Txn) }
	return db
}

// Store is the store below.
func (db *DB) Store() storage.Store { return db.store }

// View reads one snapshot.
func (db *DB) View(ctx context.Context, fn func(*Reader) error) error {
	return db.store.View(ctx, func(r storage.Reader) error {
		reader := db.readers.Get().(*Reader)
		defer func() {
			reader.reset()
			db.readers.Put(reader)
		}()
		reader.db, reader.r, reader.snapshot = db, r, true
		return fn(reader)
	})
}

// Update is an update of the store that is over.
type Update struct {
	Start    time.Time
	Duration time.Duration
	Attempts int // runs of its function
	Err      error
}

// Observe has a function told of every update. It is called before the DB is
// used by several goroutines.
func (db *DB) Observe(told func(context.Context, Update)) { db.observe = told }

// Update changes what the scope owns. fn may run more than once.
func (db *DB) Update(ctx context.Context, scope string, fn func(*Txn) error) error {
	if db.observe == nil {
		return db.update(ctx, scope, fn)
	}
	u := Update{Start: time.Now()}
	u.Err = db.update(ctx, scope, func(tx *Txn) error {
		u.Attempts++
		return fn(tx)
	})
	u.Duration = time.Since(u.Start)
	db.observe(ctx, u)
	return u.Err
}

func (db *DB) update(ctx context.Context, scope string, fn func(*Txn) error) error {
	return db.store.Update(ctx, scope, func(t storage.Txn) error {
		tx := db.txns.Get().(*Txn)
		defer func() {
			tx.reset()
			db.txns.Put(tx)
		}()
		tx.noting = noting{Txn: t, db: db, scope: scope}
		tx.db, tx.r, tx.txn = db, t, &tx.noting
		return fn(tx)
	})
}

// The scopes. Every key belongs to one of them.
const (
	AppScope    = "app"    // settings and channel types
	UsersScope  = "users"  // all users' records: many are changed together
	EventsScope = "events" // how far receivers of events were told, and the work of telling and of forgetting them
)

// UserScope owns whom a user mutes.
func UserScope(id string) string { return "user:" + id }

// ChannelScope owns everything of a channel.
func ChannelScope(cid string) string { return "channel:" + cid }

// Reader reads records from one snapshot. Like the transaction it belongs to,
// it is for one goroutine.
type Reader struct {
	db       *DB
	r        storage.Reader
	snapshot bool // of what is committed: it may be remembered

	batch Batch        // the first of those being filled
	users Value[int64] // see directory
	texts texts

	// Of a page of messages.
	entries  []Entry
	messages []Decoded
	decoded  []codec.Message // those of them that are not remembered
}

// Txn reads and writes records.
type Txn struct {
	Reader
	txn     storage.Txn
	noting  noting
	scratch []byte // where values are encoded: the store copies what it is given
	key     []byte // and where keys are copied to, see put
	raised  bool   // the version of the users
}

// reset makes a transaction useless until it is used again.
func (t *Txn) reset() {
	t.Reader.reset()
	t.txn, t.noting, t.raised = nil, noting{}, false
	if cap(t.scratch) > 64<<10 {
		t.scratch = nil
	}
}

// reset makes a reader useless until it is used again, and holds on to nothing
// that it has read.
func (r *Reader) reset() {
	r.db, r.r, r.snapshot = nil, nil, false
	r.batch.reset()
	r.texts.reset()
	r.users = Value[int64]{}
	clear(r.entries)
	r.forgetPage()
	r.entries = r.entries[:0]
}

// put stores a record.
func (t *Txn) put(key []byte, record interface{ Encode([]byte) []byte }) error {
	t.scratch = record.Encode(t.scratch[:0])
	return t.putScratch(key)
}

// putScratch stores a record that was encoded. Its key is copied, so that it need
// not be made in memory of its own.
func (t *Txn) putScratch(key []byte) error {
	t.key = append(t.key[:0], key...)
	return t.txn.Put(t.key, t.scratch)
}

// Value is a record, if it was found. It is filled when the batch that it
// belongs to runs.
type Value[T any] struct {
	V      T
	Found  bool
	decode func(string) (T, error)
}

func (v *Value[T]) fill(raw []byte, texts *texts, all int) (err error) {
	v.V, err = v.decode(texts.copy(raw, min(all, shortPiece)))
	v.Found = err == nil
	return err
}

func (v *Value[T]) copies(raw []byte) int { return len(raw) }

// Batch collects reads and makes them in one round trip.
type Batch struct {
	reader  *Reader
	busy    bool // from Batch to Run
	keys    [][]byte
	values  []filler // one a key
	ranges  []storage.Range
	collect []func([]storage.Entry) error // one a range
	space   []byte                        // what the keys lie in
}

// filler is a value that waits for its bytes. It is told how many will be copied
// with those of the values after it.
type filler interface {
	fill(raw []byte, texts *texts, all int) error
	copies(raw []byte) int // how many bytes it copies
}

// Batch starts an empty batch.
func (r *Reader) Batch() *Batch {
	b := &r.batch
	if b.busy {
		b = new(Batch)
	}
	b.reader, b.busy = r, true
	return b
}

// Run makes the reads collected so far and fills their values.
func (b *Batch) Run() error {
	defer b.clear()
	if len(b.keys) == 0 && len(b.ranges) == 0 {
		return nil
	}
	values, entries, err := b.reader.r.Read(b.keys, b.ranges)
	if err != nil {
		return err
	}
	all := 0
	for i, v := range b.values {
		all += v.copies(values[i])
	}
	for i, v := range b.values {
		if values[i] == nil {
			continue
		}
		if err := v.fill(values[i], &b.reader.texts, all); err != nil {
			return err
		}
		all -= v.copies(values[i])
	}
	for i, fill := range b.collect {
		if err := fill(entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) clear() {
	clear(b.values)
	clear(b.collect)
	b.keys, b.values, b.ranges, b.collect = b.keys[:0], b.values[:0], b.ranges[:0], b.collect[:0]
	b.space, b.busy = b.space[:0], false
}

// reset makes an empty batch of one that may not have run. Its memory is used
// again, unless it was a large one.
func (b *Batch) reset() {
	b.clear()
	b.reader = nil
	if cap(b.space) > 8<<10 || cap(b.keys) > 256 || cap(b.ranges) > 64 {
		*b = Batch{}
	}
}

// copy copies a key, so that it need not be made in memory of its own.
func (b *Batch) copy(key []byte) []byte {
	if key == nil {
		return nil
	}
	start := len(b.space)
	b.space = append(b.space, key...)
	return b.space[start:len(b.space):len(b.space)]
}

// get adds the read of one record.
func get[T any](b *Batch, key []byte, decode func(string) (T, error)) *Value[T] {
	v := new(Value[T])
	v.get(b, key, decode)
	return v
}

// get adds the read of the record.
func (v *Value[T]) get(b *Batch, key []byte, decode func(string) (T, error)) {
	v.decode = decode
	b.keys = append(b.keys, b.copy(key))
	b.values = append(b.values, v)
}

// scan adds the read of a range.
func (b *Batch) scan(rng storage.Range, fill func([]storage.Entry) error) {
	b.scanRaw(rng)
	b.collect = append(b.collect, fill)
}

// scanRaw adds the read of a range to a batch that does not run: see Pages.
func (b *Batch) scanRaw(rng storage.Range) {
	b.ranges = append(b.ranges, storage.Range{
		Start: b.copy(rng.Start), End: b.copy(rng.End), Reverse: rng.Reverse, Limit: rng.Limit,
	})
}

type memo[T any] struct {
	raw string
	v   *T
}

// remember decodes a record that is read often and changes rarely: the same
// bytes are decoded once. The value is shared and must not be changed.
func remember[T any](db *DB, key, raw []byte, decode func([]byte) (T, error)) (*T, error) {
	db.mu.RLock()
	known := db.memo[string(key)]
	db.mu.RUnlock()
	if m, ok := known.(memo[T]); ok && m.raw == string(raw) {
		return m.v, nil
	}
	decoded, err := decode(raw)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.memo[string(key)] = memo[T]{string(raw), &decoded}
	return &decoded, nil
}

// Shared is a record that is remembered, if it was found. It must not be
// changed.
type Shared[T any] struct {
	V     *T
	Found bool
	db    *DB
	key   []byte
}

func (v *Shared[T]) fill(raw []byte, _ *texts, _ int) (err error) {
	v.V, err = remember(v.db, v.key, raw, codec.DecodeJSON[T, []byte])
	v.Found = err == nil
	return err
}

func (v *Shared[T]) copies([]byte) int { return 0 }

func (v *Shared[T]) get(b *Batch, key []byte) {
	v.db, v.key = b.reader.db, b.copy(key)
	b.keys = append(b.keys, v.key)
	b.values = append(b.values, v)
}

// Settings reads the application's settings.
func Settings[T any](b *Batch) *Shared[T] {
	v := new(Shared[T])
	v.get(b, keys.Settings())
	return v
}

// PutSettings stores the application's settings.
func (t *Txn) PutSettings(v any) error { return t.putJSON(keys.Settings(), v) }

// Type reads a channel type.
func Type[T any](b *Batch, name string) *Shared[T] {
	v := new(Shared[T])
	v.get(b, keys.Type(name))
	return v
}

// Types reads all channel types, by name. They are shared and must not be
// changed.
func Types[T any](r *Reader) ([]*T, error) { return sharedOf[T](r, keys.Types()) }

// BlockList reads a list of words.
func BlockList[T any](b *Batch, name string) *Shared[T] {
	v := new(Shared[T])
	v.get(b, keys.BlockList(name))
	return v
}

// BlockLists reads all lists of words, by name. They are shared and must not be
// changed.
func BlockLists[T any](r *Reader) ([]*T, error) { return sharedOf[T](r, keys.BlockLists()) }

// PutBlockList stores a list of words.
func (t *Txn) PutBlockList(name string, v any) error { return t.putJSON(keys.BlockList(name), v) }

// DeleteBlockList removes a list of words.
func (t *Txn) DeleteBlockList(name string) error { return t.txn.Delete(keys.BlockList(name)) }

func sharedOf[T any](r *Reader, prefix []byte) ([]*T, error) {
	var list []*T
	for e, err := range storage.Scan(r.r, storage.Prefix(prefix), fewLen) {
		if err != nil {
			return nil, err
		}
		t, err := remember(r.db, e.Key, e.Value, codec.DecodeJSON[T, []byte])
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// PutType stores a channel type.
func (t *Txn) PutType(name string, v any) error { return t.putJSON(keys.Type(name), v) }

// DeleteType removes a channel type.
func (t *Txn) DeleteType(name string) error { return t.txn.Delete(keys.Type(name)) }

func (t *Txn) putJSON(key []byte, v any) error {
	raw, err := codec.EncodeJSON(v)
	if err != nil {
		return err
	}
	return t.txn.Put(key, raw)
}

// Meta reads the store's own record.
func (b *Batch) Meta() *Value[codec.Meta] { return get(b, keys.Meta(), codec.DecodeMeta) }

// PutMeta stores the store's own record.
func (t *Txn) PutMeta(m codec.Meta) error { return t.put(keys.Meta(), &m) }

// User reads a user.
func (b *Batch) User(id string) *Value[codec.User] { return get(b, keys.User(id), codec.DecodeUser) }

// PutUser stores a user.
func (t *Txn) PutUser(u codec.User) error {
	if !t.raised {
		if err := t.raiseUsersVersion(); err != nil {
			return err
		}
	}
	return t.put(keys.User(u.ID), &u)
}

// Users reads the users with ids after the one given, at most limit.
func (r *Reader) Users(after string, limit int) ([]codec.User, error) {
	rng := storage.Prefix(keys.Users())
	if after != "" {
		rng.Start = append(keys.User(after), 0)
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]codec.User, len(entries[0]))
	for i, e := range entries[0] {
		if list[i], err = codec.DecodeUser(e.Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Mutes reads whom a user mutes.
func (b *Batch) Mutes(user string) *Value[codec.Mutes] {
	return get(b, keys.Mutes(user), codec.DecodeMutes)
}

// PutMutes stores whom a user mutes, and in a short record of its own that it
// changed, and how many they are: see Unread.
func (t *Txn) PutMutes(user string, l codec.Mutes) error {
	b := t.Batch()
	old := get(b, keys.MutesStamp(user), codec.DecodeNumbers)
	if err := b.Run(); err != nil {
		return err
	}
	stamp := codec.Numbers{1, uint64(len(l))}
	if len(old.V) > 0 {
		stamp[0] = old.V[0] + 1
	}
	if err := t.put(keys.MutesStamp(user), stamp); err != nil {
		return err
	}
	if len(l) == 0 {
		return t.txn.Delete(keys.Mutes(user))
	}
	return t.put(keys.Mutes(user), l)
}

// How many entries of a range are read at a time: of a long one, and of one that
// is short but for a few users or settings.
const (
	sliceLen = 512
	fewLen   = 32
)

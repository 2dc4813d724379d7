package record

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Verified is what a check of a channel looked at and found.
type Verified struct {
	Messages, Pending, Streams, Members int
	Problems                            []string
	Unexpiring                          []codec.Message   // pending messages, for the caller to look for their tasks
	Ephemeral                           []codec.Ephemeral // for the same
	Pinned                              []codec.Message   // whose pins are to end, for the same
	Hidden                              bool              // there are messages that are to be erased
	Truncated                           bool              // there are pending ones that a soft truncation removed
}

// VerifyChannel recomputes every index entry, stream and counter of a channel
// from its messages and members and reports each difference. With a repairing
// transaction it also mends them; nil only looks.
func (r *Reader) VerifyChannel(c Channel, repair *Txn) (*Verified, error) {
	v := &verifier{Reader: r, c: c, repair: repair, streams: map[string][]int64{}, named: map[string]keys.Stream{}, result: &Verified{}, threads: map[int64]*threadCheck{}}
	b := r.Batch()
	channel := b.Channel(c)
	head := b.Head(c)
	newest := b.Newest(c)
	if err := b.Run(); err != nil {
		return nil, err
	}
	if !channel.Found || channel.V.PurgedAt == math.MaxInt64 {
		return v.result, nil // being erased
	}
	v.channel, v.head = channel.V, head.V
	v.floor = max(v.channel.TruncatedAt, v.channel.PurgedAt)
	for _, step := range []func() error{v.reactions, v.messages, v.replies, v.summaries, v.pins, v.entries, v.allThreads, v.threadStreams, v.allStreams, v.members, v.flags, v.ephemerals} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return v.result, v.newest(newest.V)
}

type verifier struct {
	*Reader
	c       Channel
	repair  *Txn
	channel codec.Channel
	head    codec.Head
	floor   int64
	streams map[string][]int64 // what each stream should hold, by its key
	named   map[string]keys.Stream
	threads map[int64]*threadCheck   // by the time of the parent
	reacted map[int64]*reactionCheck // by the time of the message
	result  *Verified
}

// differs reports a difference, and mends it.
func (v *verifier) differs(mend func(*Txn) error, format string, args ...any) error {
	v.result.Problems = append(v.result.Problems, fmt.Sprintf(format, args...))
	if v.repair == nil || mend == nil {
		return nil
	}
	return mend(v.repair)
}

// messages goes through all messages but those that lie in threads.
func (v *verifier) messages() error {
	for _, prefix := range [][]byte{keys.Timelines(v.c), keys.Privates(v.c), keys.Pendings(v.c)} {
		for e, err := range storage.Scan(v.r, storage.Prefix(prefix), sliceLen) {
			if err != nil {
				return err
			}
			if err := v.message(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// replies goes through the messages that lie in threads.
func (v *verifier) replies() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.RepliesAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		if len(e.Value) == 0 {
			continue
		}
		if err := v.message(e); err != nil {
			return err
		}
	}
	return nil
}

// message checks a message's place and entries and notes where it counts.
func (v *verifier) message(e storage.Entry) error {
	m, err := codec.DecodeMessage(e.Value)
	if err != nil {
		return v.differs(nil, "the message under key %x cannot be read: %v", e.Key, err)
	}
	v.result.Messages++
	v.result.Hidden = v.result.Hidden || m.CreatedAt <= v.channel.PurgedAt
	place := PlaceOf(v.c, &m)
	if !bytes.Equal(placeKey(place), e.Key) {
		return v.differs(nil, "message %q lies in the wrong place", m.ID)
	}
	if m.Pending {
		v.result.Pending++
		v.result.Truncated = v.result.Truncated || m.CreatedAt > v.channel.PurgedAt && m.CreatedAt <= v.channel.TruncatedAt
		v.result.Unexpiring = append(v.result.Unexpiring, m)
	}
	if err := v.reactionsOf(&m); err != nil {
		return err
	}
	if err := v.pinOf(&m); err != nil {
		return err
	}
	id := keys.Message(m.ID)
	want := append([][]byte{id}, entries(v.c, &m)...)
	values, _, err := v.r.Read(want, nil)
	if err != nil {
		return err
	}
	for i, key := range want {
		value := []byte{}
		if i == 0 {
			value = place.Encode(nil)
		}
		if values[i] == nil || !bytes.Equal(values[i], value) {
			err := v.differs(func(t *Txn) error { return t.txn.Put(key, value) }, "index entry %x of message %q is missing or wrong", key, m.ID)
			if err != nil {
				return err
			}
		}
	}
	if m.Pending {
		return nil
	}
	v.inThread(&m)
	counted := streams(nil, v.c, &m)
	if m.ParentAt > v.floor {
		counted = append(counted, threadStreams(v.c, &m)...)
	}
	for _, s := range counted {
		v.expect(s)
		if m.DeletedAt == 0 && m.CreatedAt > v.floor {
			name := string(s.Key())
			v.streams[name] = append(v.streams[name], m.CreatedAt)
		}
	}
	return nil
}

func (v *verifier) expect(s keys.Stream) { v.named[string(s.Key())] = s }

// entries goes through the index entries and looks for those of no message.
func (v *verifier) entries() error {
	check := func(prefix []byte, place func(key []byte) (codec.Place, error), empty bool) error {
		for e, err := range storage.Scan(v.r, storage.Prefix(prefix), sliceLen) {
			if err != nil {
				return err
			}
			if empty && len(e.Value) > 0 {
				continue
			}
			if err := v.entry(e.Key, place); err != nil {
				return err
			}
		}
		return nil
	}
	at := func(kind codec.PlaceKind) func([]byte) (codec.Place, error) {
		return func(key []byte) (codec.Place, error) {
			t, err := keys.Moment(key)
			return codec.Place{Kind: kind, Channel: uint64(v.c), At: t}, err
		}
	}
	if err := check(keys.PendingsByAll(v.c), at(codec.PlacePending), false); err != nil {
		return err
	}
	if err := check(keys.PrivatesForAll(v.c), at(codec.PlacePrivate), false); err != nil {
		return err
	}
	return check(keys.RepliesAll(v.c), func(key []byte) (codec.Place, error) {
		_, kind, t, err := keys.OfReply(key)
		p := codec.Place{Channel: uint64(v.c), At: t}
		switch kind {
		case keys.ReplyPrivate:
			p.Kind = codec.PlacePrivate
		case keys.ReplyPending:
			p.Kind = codec.PlacePending
		default:
			p.Kind = codec.PlaceTimeline
		}
		return p, err
	}, true)
}

// entry checks that a message is there that has the entry.
func (v *verifier) entry(key []byte, place func([]byte) (codec.Place, error)) error {
	p, err := place(key)
	if err == nil {
		list, err := v.MessagesAt([]codec.Place{p})
		if err != nil {
			return err
		}
		for i := range list {
			if slices.ContainsFunc(entries(v.c, &list[i]), func(k []byte) bool { return bytes.Equal(k, key) }) {
				return nil
			}
		}
	}
	stale := bytes.Clone(key)
	return v.differs(func(t *Txn) error { return t.txn.Delete(stale) }, "index entry %x belongs to no message", stale)
}

// allStreams compares each stream, those of no message too, with what it should
// hold, and looks at what else is kept per user.
func (v *verifier) allStreams() error {
	v.expect(keys.Live(v.c))
	v.expect(keys.Silent(v.c))
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.Marks(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		if s, ok := keys.StreamOf(v.c, e.Key); ok {
			v.expect(s)
		}
		if err := v.lastSend(e); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(v.named))
	for name := range v.named {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v.result.Streams++
		want := v.streams[name]
		slices.Sort(want)
		problem, err := v.stream(v.named[name], want)
		if err != nil {
			return err
		}
		if problem == "" {
			continue
		}
		err = v.differs(func(t *Txn) error { return t.rebuildStream(v.named[name], want) }, "stream %x: %s", name, problem)
		if err != nil {
			return err
		}
	}
	return nil
}

// stream says how a stream differs from the times it should hold.
func (v *verifier) stream(s keys.Stream, want []int64) (string, error) {
	b := v.Batch()
	stored := b.Stream(s)
	counts := get(b, s.Removed(), codec.DecodeNumbers)
	if err := b.Run(); err != nil {
		return "", err
	}
	var chunks []codec.Chunk
	for e, err := range storage.Scan(v.r, storage.Prefix(s.Chunks()), sliceLen) {
		if err != nil {
			return "", err
		}
		c, err := codec.DecodeChunk(e.Value)
		if err != nil {
			return err.Error(), nil
		}
		chunks = append(chunks, c)
	}
	chunks = append(chunks, stored.V.Tail)
	var have []int64
	var total, removed uint64
	bitmaps := map[uint64][]byte{}
	for _, c := range chunks {
		if c.Before != total {
			return "its parts do not follow each other", nil
		}
		for _, at := range c.Times() {
			block, bit := total/blockLen, total%blockLen
			if bitmaps[block] == nil {
				raw, err := storage.Get(v.r, s.RemovedIn(block))
				if err != nil {
					return "", err
				}
				if raw != nil && len(raw) != bitmapSize {
					return "a list of what is removed is damaged", nil
				}
				bitmaps[block] = append(make([]byte, 0, bitmapSize), raw...)[:bitmapSize]
			}
			if bitmaps[block][bit/8]&(1<<(bit%8)) != 0 {
				removed++
			} else if at > v.floor {
				have = append(have, at)
			}
			total++
		}
	}
	var counted uint64
	for block, n := range counts.V {
		counted += n
		sum := 0
		for _, b := range bitmaps[uint64(block)] {
			sum += bits.OnesCount8(b)
		}
		if n != uint64(sum) {
			return fmt.Sprintf("block %d counts %d removed, its bitmap %d", block, n, sum), nil
		}
	}
	if counted != removed {
		return fmt.Sprintf("its blocks count %d removed, its bitmaps %d", counted, removed), nil
	}
	newest := int64(0)
	if len(want) > 0 {
		newest = want[len(want)-1]
	}
	switch {
	case !slices.Equal(have, want):
		return fmt.Sprintf("holds %d entries, not the %d it should", len(have), len(want)), nil
	case stored.V.Total != total || stored.V.Removed != removed:
		return fmt.Sprintf("counts %d entries and %d removed instead of %d and %d", stored.V.Total, stored.V.Removed, total, removed), nil
	case stored.V.Newest != newest && max(stored.V.Newest, newest) > v.floor:
		return fmt.Sprintf("newest is %d instead of %d", stored.V.Newest, newest), nil
	}
	return "", nil
}

// rebuildStream writes a stream anew. It counts as a change of the timeline, or of
// the thread: what was counted before is no longer told, see unreadCount
// and mutedCounts.
func (t *Txn) rebuildStream(s keys.Stream, times []int64) error {
	if err := t.txn.DeleteRange(storage.Prefix(s.Parts())); err != nil {
		return err
	}
	var v codec.Stream
	for _, at := range times {
		if err := t.appendTo(s, &v, at); err != nil {
			return err
		}
	}
	timeline := counterOf(s)
	live, err := t.loadStream(timeline)
	if err != nil {
		return err
	}
	// A stream that was lost begins anew: the clock never says a number twice.
	live.Changes = max(live.Changes+1, uint64(time.Now().UnixMicro()))
	if bytes.Equal(s.Key(), timeline.Key()) {
		v.Changes = live.Changes
		return t.saveStream(s, &v)
	}
	if err := t.saveStream(s, &v); err != nil {
		return err
	}
	return t.saveStream(timeline, &live)
}

// newest checks the time by which the channels of a user are ordered, and the
// channel's clock.
func (v *verifier) newest(stored int64) error {
	want := int64(0)
	live := v.streams[string(keys.Live(v.c).Key())]
	if len(live) > 0 {
		want = live[len(live)-1]
	}
	if stored != want {
		err := v.differs(func(t *Txn) error { return t.txn.Put(keys.Newest(v.c), codec.EncodeTime(want)) },
			"newest time is %d instead of %d", stored, want)
		if err != nil {
			return err
		}
	}
	if v.head.Floor != v.channel.TruncatedAt || v.head.Last < want {
		return v.differs(func(t *Txn) error {
			b := t.Batch()
			h := b.Head(v.c)
			if err := b.Run(); err != nil {
				return err
			}
			h.V.Floor, h.V.Last = v.channel.TruncatedAt, max(h.V.Last, want)
			return t.PutHead(v.c, &h.V)
		}, "head has floor %d and clock %d; the channel is truncated at %d and its newest message is of %d",
			v.head.Floor, v.head.Last, v.channel.TruncatedAt, want)
	}
	return nil
}

// members checks the memberships and their number.
func (v *verifier) members() error {
	after := ""
	count := uint64(0)
	for {
		list, err := v.Members(v.c, after, sliceLen)
		if err != nil {
			return err
		}
		b := v.Batch()
		owns := make([]*Value[codec.UserChannel], len(list))
		marks := make([]*Value[codec.Mark], len(list))
		for i, m := range list {
			owns[i], marks[i] = b.UserChannel(m.User, v.c), b.Mark(v.c, m.User)
		}
		if err := b.Run(); err != nil {
			return err
		}
		for i, m := range list {
			count++
			if err := v.member(m.User, owns[i], marks[i]); err != nil {
				return err
			}
		}
		if len(list) < sliceLen {
			break
		}
		after = list[len(list)-1].User
	}
	v.result.Members = int(count)
	if count == v.channel.Members {
		return nil
	}
	return v.differs(func(t *Txn) error {
		v.channel.Members = count
		return t.PutChannel(v.c, &v.channel)
	}, "counts %d members; there are %d", v.channel.Members, count)
}

func (v *verifier) member(user string, own *Value[codec.UserChannel], mark *Value[codec.Mark]) error {
	if (!own.Found || !own.V.Member) && v.channel.DeletedAt == 0 {
		err := v.differs(func(t *Txn) error {
			own.V.CID, own.V.Member = v.channel.CID, true
			return t.PutUserChannel(user, v.c, &own.V)
		}, "member %q has no entry in their channels", user)
		if err != nil {
			return err
		}
	}
	if mark.Found {
		return nil
	}
	return v.differs(func(t *Txn) error {
		return t.PutMark(v.c, user, codec.Mark{At: v.head.Last, ReadAt: v.head.Last})
	}, "member %q has no read mark", user)
}

// VerifyIDs looks, among the ids after one, for those that lead to no message,
// and returns the last id looked at; empty at the end.
func (r *Reader) VerifyIDs(after string, limit int) (last string, problems []string, err error) {
	rng := storage.Prefix(keys.Messages())
	if after != "" {
		rng.Start = append(keys.Message(after), 0)
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return "", nil, err
	}
	b := r.Batch()
	found := make([]*Value[codec.Message], len(entries[0]))
	ephemeral := make([]*Value[codec.Ephemeral], len(entries[0]))
	for i, e := range entries[0] {
		p, err := codec.DecodePlace(e.Value)
		if err != nil {
			return "", nil, err
		}
		switch p.Kind {
		case codec.PlaceGone:
		case codec.PlaceEphemeral:
			ephemeral[i] = b.Ephemeral(Channel(p.Channel), keys.MessageID(e.Key))
		default:
			found[i] = b.Message(p)
		}
	}
	if err := b.Run(); err != nil {
		return "", nil, err
	}
	for i, m := range found {
		id := keys.MessageID(entries[0][i].Key)
		if m != nil && (!m.Found || m.V.ID != id) || ephemeral[i] != nil && !ephemeral[i].Found {
			problems = append(problems, fmt.Sprintf("id %q leads to no message", id))
		}
	}
	if len(found) == limit {
		last = keys.MessageID(entries[0][limit-1].Key)
	}
	return last, problems, nil
}

// VerifyPending looks for entries in the list of all pending messages that lead
// to none.
func (r *Reader) VerifyPending() (problems []string, err error) {
	after := PendingPlace{SentAt: math.MinInt64}
	for {
		list, err := r.PendingAll(after, sliceLen)
		if err != nil || len(list) == 0 {
			return problems, err
		}
		for _, p := range list {
			found, err := r.MessagesAt([]codec.Place{{Kind: codec.PlacePending, Channel: uint64(p.Channel), At: p.SentAt}})
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				problems = append(problems, fmt.Sprintf("the list of pending messages has an entry of %d that leads to none", p.SentAt))
			}
		}
		after = list[len(list)-1]
	}
}

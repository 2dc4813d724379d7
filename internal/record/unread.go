package record

import (
	"math"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
)

// Unread counts the messages of a channel, or with Parent the replies to the
// message of that time, after a time that a reader may see, not by themselves nor
// by those they mute, and not silent.
type Unread struct {
	Channel Channel
	Parent  int64
	Reader  string
	After   int64
	Now     int64 // decides who is muted

	// Private says that there may be private messages for the reader, found in
	// the name of PrivateReader: their own, or Everyone's.
	Private       bool
	PrivateReader string

	head        Value[codec.Head]
	live        Value[codec.Stream] // of a thread
	silent, own Value[codec.Stream]
	hidden      [3]Value[codec.Stream] // the same of the private messages
	stamp       Value[codec.Numbers]
	until       int64
}

// Read adds the reads that every count takes.
func (u *Unread) Read(b *Batch, c Channel, reader string) {
	u.Channel, u.Reader = c, reader
	u.head.get(b, keys.Head(c), codec.DecodeHead)
	b.streamInto(&u.silent, keys.Silent(c))
	b.streamInto(&u.own, keys.Author(c, reader))
	u.stamp.get(b, keys.MutesStamp(reader), codec.DecodeNumbers)
}

// ReadThread adds the reads that every count of a thread takes.
func (u *Unread) ReadThread(b *Batch, c Channel, parent int64, reader string) {
	u.Channel, u.Parent, u.Reader = c, parent, reader
	b.streamInto(&u.live, u.all())
	b.streamInto(&u.silent, u.quiet())
	b.streamInto(&u.own, u.by(reader))
	u.stamp.get(b, keys.MutesStamp(reader), codec.DecodeNumbers)
}

// The streams of what all may see: of everything, and in it of the silent ones
// and of those of an author.

func (u *Unread) all() keys.Stream {
	if u.Parent != 0 {
		return keys.ThreadLive(u.Channel, u.Parent, keys.All)
	}
	return keys.Live(u.Channel)
}

func (u *Unread) quiet() keys.Stream {
	if u.Parent != 0 {
		return keys.ThreadSilent(u.Channel, u.Parent, keys.All)
	}
	return keys.Silent(u.Channel)
}

func (u *Unread) by(author string) keys.Stream {
	if u.Parent != 0 {
		return keys.ThreadAuthor(u.Channel, u.Parent, keys.All, author)
	}
	return keys.Author(u.Channel, author)
}

// private are the same streams of the private messages.
func (u *Unread) private(author string) []keys.Stream {
	c, reader := u.Channel, u.PrivateReader
	if u.Parent != 0 {
		return []keys.Stream{keys.ThreadLive(c, u.Parent, reader), keys.ThreadSilent(c, u.Parent, reader), keys.ThreadAuthor(c, u.Parent, reader, author)}
	}
	return []keys.Stream{keys.PrivateLive(c, reader), keys.PrivateSilent(c, reader), keys.PrivateAuthor(c, reader, author)}
}

// Head is the channel's clock and timeline, which Read has asked for.
func (u *Unread) Head() *codec.Head { return &u.head.V }

// Until is the time from which what was counted may be another number though
// nothing was written: a mute ends. It holds from Now on.
func (u *Unread) Until() int64 { return u.until }

// Count counts. What Read asked for has been read.
func (u *Unread) Count(r *Reader) (int, error) {
	u.until = math.MaxInt64
	if u.Parent == 0 {
		u.live.V, u.live.Found = u.head.V.Live, u.head.Found
	}
	if u.live.V.Newest <= u.After && !u.Private {
		return 0, nil
	}
	streams := []*Value[codec.Stream]{&u.live, &u.silent, &u.own}
	if u.Private {
		b := r.Batch()
		for i, s := range u.private(u.Reader) {
			b.streamInto(&u.hidden[i], s)
			streams = append(streams, &u.hidden[i])
		}
		if err := b.Run(); err != nil {
			return 0, err
		}
	}
	total, err := u.count(r, streams)
	if err != nil || total == 0 || len(u.stamp.V) < 2 || u.stamp.V[1] == 0 {
		return total, err
	}
	muted, err := u.countMuted(r, streams)
	if err != nil {
		return 0, err
	}
	u.until = muted.until
	return total - muted.n, nil
}

// count counts what is in the streams of all, without those of the silent ones
// and of the reader's own.
func (u *Unread) count(r *Reader, streams []*Value[codec.Stream]) (int, error) {
	key := countKey{u.Channel, u.Parent, u.Reader}
	now := u.seen(streams)
	if known, ok := r.db.unread.get(key); ok && known.same(&now) {
		return known.n + now.sum() - known.sum(), nil
	}
	list := []keys.Stream{u.all(), u.quiet(), u.by(u.Reader)}
	if u.Private {
		list = append(list, u.private(u.Reader)...)
	}
	counts, err := r.countAfter(u.After, list, streams)
	if err != nil {
		return 0, err
	}
	for i, n := range counts {
		if i%3 > 0 {
			n = -n
		}
		now.n += n
	}
	if r.snapshot && now.last > u.After {
		r.db.unread.put(key, now)
	}
	return now.n, nil
}

// countMuted counts those by muted authors among what is unread.
func (u *Unread) countMuted(r *Reader, streams []*Value[codec.Stream]) (*mutedCount, error) {
	now := &mutedCount{stamp: u.stamp.V[0], from: u.Now, after: u.After, private: u.Private, privateReader: u.PrivateReader}
	for i := 0; i < len(streams); i += 3 {
		s := &streams[i].V
		now.total[i/3], now.changes[i/3], now.last = s.Total, s.Changes, max(now.last, s.Tail.Last)
	}
	key := countKey{u.Channel, u.Parent, u.Reader}
	known := r.db.muted.get(key)
	if known != nil && known.same(now, u.Now) {
		if known.total == now.total {
			return known, nil
		}
		if now.total[0]-known.total[0]+now.total[1]-known.total[1] <= mutedLookedUp {
			now.from, now.until, now.muted = known.from, known.until, known.muted
			added, err := u.countNewMuted(r, known)
			now.n = known.n + added
			if err == nil && r.snapshot {
				r.db.muted.put(key, now)
			}
			return now, err
		}
	}
	if err := u.countAllMuted(r, now); err != nil {
		return nil, err
	}
	if r.snapshot {
		r.db.muted.put(key, now)
	}
	return now, nil
}

// countAllMuted counts by the streams of all who are muted.
func (u *Unread) countAllMuted(r *Reader, m *mutedCount) error {
	b := r.Batch()
	mutes := b.Mutes(u.Reader)
	if err := b.Run(); err != nil {
		return err
	}
	m.until, m.muted = math.MaxInt64, make(map[string]struct{}, len(mutes.V))
	var list []keys.Stream
	for _, mute := range mutes.V {
		if mute.Until != 0 && mute.Until <= u.Now || mute.User == u.Reader {
			continue
		}
		if mute.Until != 0 {
			m.until = min(m.until, mute.Until)
		}
		m.muted[mute.User] = struct{}{}
		list = append(list, u.by(mute.User))
		if u.Private {
			list = append(list, u.private(mute.User)[2])
		}
	}
	for some := range slices.Chunk(list, sliceLen) {
		counts, err := r.CountAfter(u.After, some...)
		if err != nil {
			return err
		}
		for _, n := range counts {
			m.n += n
		}
	}
	return nil
}

// countNewMuted counts among the messages that came after those counted: all
// messages of a channel, public or private, come one after the other.
func (u *Unread) countNewMuted(r *Reader, known *mutedCount) (n int, err error) {
	pages := Pages{Channel: u.Channel, Parent: u.Parent, Private: u.Private, Reader: u.PrivateReader}
	spans, err := pages.Read(r, Span{From: max(known.last, u.After), To: math.MaxInt64, Limit: mutedLookedUp})
	if err != nil {
		return 0, err
	}
	messages, err := r.Decode(spans[0])
	for _, m := range messages {
		if _, muted := known.muted[m.Author]; muted && !m.Silent {
			n++
		}
	}
	return n, err
}

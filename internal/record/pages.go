package record

import (
	"bytes"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Pages are a channel's pages, or with Parent the replies to the message of that
// time, as one reader may see them: the messages for all and, if there may be
// Private ones, those that the Reader may see, Everyone's being all of them. A
// private one not after PrivateFrom is left out.
type Pages struct {
	Channel     Channel
	Parent      int64
	Private     bool
	Reader      string
	PrivateFrom int64
}

// Span is a part of a channel's pages: messages after From and before To, the
// newest first if Reverse, at most Limit.
type Span struct {
	From, To int64
	Reverse  bool
	Limit    int
}

func (s Span) empty() bool { return s.Limit <= 0 || s.To <= s.From || s.To-1 == s.From }

// Entry is a message of a page as it lies in the store.
type Entry struct {
	At  int64
	raw []byte // valid as long as the reader
}

// part is a span and what was found of it, in its order.
type part struct {
	Span
	public  []storage.Entry
	private []storage.Entry // each leads to a message

	morePrivate bool // there may be: those found are all in the span
	elsewhere   int  // of the public ones lead to a message, too
}

// Read reads spans of the pages in two round trips, and in three where more than
// a quarter of one is private. The entries last until the reader's next Read of
// pages, or its end: their memory is used again.
func (p Pages) Read(r *Reader, spans ...Span) ([][]Entry, error) {
	parts := make([]part, 0, 2)
	for _, s := range spans {
		parts = append(parts, part{Span: s})
	}
	if err := p.find(r, parts); err != nil {
		return nil, err
	}
	if err := p.findMorePrivate(r, parts); err != nil {
		return nil, err
	}
	bodies, err := p.bodies(r, parts)
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range parts {
		size += min(parts[i].Limit, len(parts[i].public)+len(parts[i].private))
	}
	clear(r.entries)
	r.entries = slices.Grow(r.entries[:0], size)
	pages := make([][]Entry, len(parts))
	for i := range parts {
		start := len(r.entries)
		if bodies, err = parts[i].merge(r, bodies); err != nil {
			return nil, err
		}
		pages[i] = r.entries[start:len(r.entries):len(r.entries)]
	}
	return pages, nil
}

// find reads the messages for all, and which private ones there are.
func (p Pages) find(r *Reader, parts []part) error {
	b := r.Batch()
	defer b.clear()
	for i := range parts {
		s := &parts[i]
		if s.empty() {
			continue
		}
		p.scanPublic(b, s.Span)
		if from, ok := p.privateFrom(s.Span); ok {
			p.scanPrivate(b, Span{From: from, To: s.To, Reverse: s.Reverse, Limit: s.fewPrivate()})
		}
	}
	_, found, err := r.r.Read(nil, b.ranges)
	if err != nil {
		return err
	}
	for i := range parts {
		s := &parts[i]
		if s.empty() {
			continue
		}
		s.public, found = found[0], found[1:]
		if _, ok := p.privateFrom(s.Span); ok {
			s.private, found = found[0], found[1:]
			s.cut()
			s.morePrivate = len(s.private) == s.fewPrivate() && len(s.private) < s.Limit
		}
	}
	return nil
}

// fewPrivate is how many private messages are looked for at first: mostly few of a
// span's are.
func (s Span) fewPrivate() int { return min(s.Limit, s.Limit/4+2) }

// findMorePrivate looks for the private messages that follow those found.
func (p Pages) findMorePrivate(r *Reader, parts []part) error {
	b := r.Batch()
	defer b.clear()
	for i := range parts {
		s := &parts[i]
		if !s.morePrivate {
			continue
		}
		last, err := keys.Moment(s.private[len(s.private)-1].Key)
		if err != nil {
			return err
		}
		rest := s.Span
		rest.Limit -= len(s.private)
		if rest.From, _ = p.privateFrom(s.Span); s.Reverse {
			rest.To = last
		} else {
			rest.From = last
		}
		p.scanPrivate(b, rest)
	}
	if len(b.ranges) == 0 {
		return nil
	}
	_, found, err := r.r.Read(nil, b.ranges)
	if err != nil {
		return err
	}
	for i := range parts {
		if s := &parts[i]; s.morePrivate {
			s.private, found = slices.Concat(s.private, found[0]), found[1:]
			s.cut()
		}
	}
	return nil
}

func (p Pages) scanPublic(b *Batch, s Span) {
	if p.Parent != 0 {
		b.scanRaw(storage.Range{
			Start: keys.Reply(p.Channel, p.Parent, keys.ReplyPublic, s.From+1), End: keys.Reply(p.Channel, p.Parent, keys.ReplyPublic, s.To),
			Reverse: s.Reverse, Limit: s.Limit,
		})
		return
	}
	b.scanRaw(storage.Range{
		Start: keys.Timeline(p.Channel, s.From+1), End: keys.Timeline(p.Channel, s.To), Reverse: s.Reverse, Limit: s.Limit,
	})
}

func (p Pages) scanPrivate(b *Batch, s Span) {
	b.scanRaw(storage.Range{
		Start: keys.PrivateFor(p.Channel, p.Reader, p.Parent, s.From+1), End: keys.PrivateFor(p.Channel, p.Reader, p.Parent, s.To),
		Reverse: s.Reverse, Limit: s.Limit,
	})
}

// privateFrom is the time after which a span may have private messages.
func (p Pages) privateFrom(s Span) (from int64, ok bool) {
	from = max(s.From, p.PrivateFrom)
	return from, p.Private && s.To > from
}

// cut drops the private messages that a full page of public ones leaves no room
// for, so that they are not read.
func (s *part) cut() {
	if len(s.public) < s.Limit {
		return
	}
	last := s.public[len(s.public)-1]
	for i, e := range s.private {
		if (compareTimes(e, last) > 0) != s.Reverse {
			s.private = s.private[:i]
			return
		}
	}
}

// bodies reads what the entries of all parts lead to, one part after the other:
// the private messages, and then the replies that lie in the channel's pages too.
func (p Pages) bodies(r *Reader, parts []part) ([][]byte, error) {
	b := r.Batch()
	defer b.clear()
	for i := range parts {
		for _, e := range parts[i].private {
			at, err := keys.Moment(e.Key)
			if err != nil {
				return nil, err
			}
			b.keys = append(b.keys, b.copy(keys.Private(p.Channel, at)))
		}
		if p.Parent == 0 {
			continue
		}
		for _, e := range parts[i].public {
			if len(e.Value) > 0 {
				continue
			}
			at, err := keys.Moment(e.Key)
			if err != nil {
				return nil, err
			}
			parts[i].elsewhere++
			b.keys = append(b.keys, b.copy(keys.Timeline(p.Channel, at)))
		}
	}
	if len(b.keys) == 0 {
		return nil, nil
	}
	bodies, _, err := r.r.Read(b.keys, nil)
	return bodies, err
}

// merge adds the messages of a part to the reader's entries, and returns the
// bodies of the parts that follow.
func (s *part) merge(r *Reader, bodies [][]byte) (rest [][]byte, err error) {
	public, private := s.public, s.private
	elsewhere := bodies[len(private):]
	rest = elsewhere[s.elsewhere:]
	for left := s.Limit; left > 0 && len(public)+len(private) > 0; {
		var e Entry
		if len(private) == 0 || len(public) > 0 && (compareTimes(public[0], private[0]) < 0) != s.Reverse {
			e.raw = public[0].Value
			e.At, err = keys.Moment(public[0].Key)
			if len(e.raw) == 0 && s.elsewhere > 0 {
				e.raw, elsewhere = elsewhere[0], elsewhere[1:]
			}
			public = public[1:]
		} else {
			e.raw = bodies[0]
			e.At, err = keys.Moment(private[0].Key)
			private, bodies = private[1:], bodies[1:]
		}
		if err != nil {
			return nil, err
		}
		if e.raw != nil {
			r.entries = append(r.entries, e)
			left--
		}
	}
	return rest, nil
}

// compareTimes compares what the keys of two entries end in, whatever they
// begin with.
func compareTimes(a, b storage.Entry) int {
	const size = 8
	return bytes.Compare(a.Key[len(a.Key)-size:], b.Key[len(b.Key)-size:])
}

// Decoded is a message of a page, and where its author is looked up if both are
// remembered.
type Decoded struct {
	*codec.Message
	Lookup *Lookup
}

// Decode makes the messages of entries, of one list after the other. They are shared
// and must not be changed, and last until the reader's next Decode, or its end: their
// memory is used again.
func (r *Reader) Decode(lists ...[]Entry) ([]Decoded, error) {
	r.forgetPage()
	size, missing := 0, 0
	for _, entries := range lists {
		for i := range entries {
			known := r.known(&entries[i])
			if known == nil {
				size += len(entries[i].raw)
				missing++
				r.messages = append(r.messages, Decoded{})
				continue
			}
			r.messages = append(r.messages, Decoded{&known.message, &known.author})
		}
	}
	if missing == 0 {
		return r.messages, nil
	}
	r.decoded = slices.Grow(r.decoded, missing)
	messages := r.messages
	for _, entries := range lists {
		for i := range entries {
			m := &messages[i]
			if m.Message != nil {
				continue
			}
			raw := entries[i].raw
			r.decoded = append(r.decoded, codec.Message{})
			m.Message = &r.decoded[len(r.decoded)-1]
			if err := m.Message.Decode(r.texts.copy(raw, size)); err != nil {
				return nil, err
			}
			size -= len(raw)
		}
		messages = messages[len(entries):]
	}
	return r.messages, nil
}

// known is a message that is remembered. Transactions decode theirs.
func (r *Reader) known(e *Entry) *decodedMessage {
	if !r.snapshot {
		return nil
	}
	return r.db.decoded.get(e.At, e.raw)
}

// forgetPage lets go of the page that was decoded last, but for its memory.
func (r *Reader) forgetPage() {
	clear(r.messages)
	clear(r.decoded)
	r.messages, r.decoded = r.messages[:0], r.decoded[:0]
}

package keys

import "bytes"

// Stream names a list of times that can be counted from any of them on: the
// messages of a channel that one audience may see, or the part of them that
// one author wrote, or that was sent silently. Its record lies under Key, its
// parts under the keys below. Scope: the channel.
type Stream struct {
	channel Channel
	key     []byte // nil if in the head
	inHead  bool
}

// Channel is the channel the stream belongs to.
func (s Stream) Channel() Channel { return s.channel }

// Key is the key of the stream's record.
func (s Stream) Key() []byte {
	if s.inHead {
		return Head(s.channel)
	}
	return s.key
}

// InHead says that the stream's record is part of the channel's head.
func (s Stream) InHead() bool { return s.inHead }

// Live is the timeline that all may see.
func Live(c Channel) Stream { return Stream{c, nil, true} }

// Silent is the silent messages of the timeline.
func Silent(c Channel) Stream { return Stream{c, in(c, inSilent), false} }

// Author is one author's messages of the timeline, silent ones left out.
func Author(c Channel, author string) Stream {
	return Stream{c, append(userIn(c, author), userAuthor), false}
}

// PrivateLive is the private messages of the channel's pages that a user may
// see; for the user [Everyone], all of them.
func PrivateLive(c Channel, user string) Stream {
	return Stream{c, append(userIn(c, user), userPrivateLive), false}
}

// PrivateSilent is the silent ones among PrivateLive.
func PrivateSilent(c Channel, user string) Stream {
	return Stream{c, append(userIn(c, user), userPrivateQuiet), false}
}

// PrivateAuthor is one author's messages among PrivateLive, silent ones
// left out.
func PrivateAuthor(c Channel, user, author string) Stream {
	return Stream{c, append(append(userIn(c, user), userPrivateFrom), author...), false}
}

// Chunk is a part of the stream that begins at a time.
func (s Stream) Chunk(at int64) []byte { return moment(s.part('c'), at) }

// Chunks is the range of the parts of the stream.
func (s Stream) Chunks() []byte { return s.part('c') }

// Removed is the number of removed entries of the stream, block by block.
func (s Stream) Removed() []byte { return s.part('r') }

// RemovedIn is the bitmap of what is removed in one block.
func (s Stream) RemovedIn(block uint64) []byte { return number(s.part('s'), Channel(block)) }

// Parts is the range of all parts of the stream but its record.
func (s Stream) Parts() []byte {
	p := s.part(0)
	return p[:len(p)-1]
}

// part is kept apart from the records, which are read together: the length of
// the name before the name, so that no stream's parts lie inside another's.
func (s Stream) part(kind byte) []byte {
	name := s.Key()[9:]
	b := append(in(s.channel, inStream), byte(len(name)>>8), byte(len(name)))
	return append(append(b, name...), kind)
}

// StreamOf reads back which stream a record under Marks is, if it is one.
func StreamOf(c Channel, key []byte) (Stream, bool) {
	rest := key[len(Marks(c)):]
	end := bytes.IndexByte(rest, 0)
	if end < 0 || end+1 >= len(rest) {
		return Stream{}, false
	}
	user, kind, author := string(rest[:end]), rest[end+1], string(rest[end+2:])
	switch kind {
	case userAuthor:
		return Author(c, user), author == ""
	case userPrivateLive:
		return PrivateLive(c, user), author == ""
	case userPrivateQuiet:
		return PrivateSilent(c, user), author == ""
	case userPrivateFrom:
		return PrivateAuthor(c, user, author), author != ""
	}
	return Stream{}, false
}

package keys

import (
	"bytes"
	"encoding/binary"
)

// A thread is the replies to one message, named by its time. What is kept of it
// beside the replies themselves is kept per audience: [All] for the replies that
// all may see, and a user, or [Everyone], for the private ones.

// All stands, in the place of a user, for all readers of a channel. No user has
// this id.
const All = "*"

const (
	familyThreadOf = 'r'

	inThreadSum   = 'r'
	inThreadUser  = 'u'
	inThreadCount = 'v'

	threadReply = 'a'
	threadFirst = 'b'
	threadTaker = 'c'
	threadMark  = 'd'

	threadLive   = 'a'
	threadSilent = 'b'
	threadAuthor = 'c'

	userThreadBase = 'g'
	userMention    = 'h'
)

// ThreadSum sums up a thread for an audience.
func ThreadSum(c Channel, parent int64, audience string) []byte {
	return name(moment(in(c, inThreadSum), parent), audience)
}

// ThreadSums is the range of what sums up a thread.
func ThreadSums(c Channel, parent int64) []byte { return moment(in(c, inThreadSum), parent) }

// ThreadSumsAll is the range of what sums up the threads of a channel.
func ThreadSumsAll(c Channel) []byte { return in(c, inThreadSum) }

// ParentOf reads the thread back from a key under ThreadSumsAll.
func ParentOf(key []byte) (int64, error) {
	if len(key) < 19 {
		return 0, errKey
	}
	return momentOf(key[10:]), nil
}

// ReplyBy is a reply of an author to the message at parent.
func ReplyBy(c Channel, parent int64, audience, author string, at int64) []byte {
	return moment(RepliesBy(c, parent, audience, author), at)
}

// RepliesBy is the range of an author's replies in a thread.
func RepliesBy(c Channel, parent int64, audience, author string) []byte {
	return name(name(append(ThreadUsers(c, parent), threadReply), audience), author)
}

// FirstReply orders the authors of a thread by the time of their first reply.
func FirstReply(c Channel, parent int64, audience string, at int64, author string) []byte {
	return append(moment(FirstReplies(c, parent, audience), at), author...)
}

// FirstReplies is the range of the authors of a thread.
func FirstReplies(c Channel, parent int64, audience string) []byte {
	return name(append(ThreadUsers(c, parent), threadFirst), audience)
}

// OfFirstReply reads a FirstReply key of a thread and audience back.
func OfFirstReply(audience string, key []byte) (at int64, author string, err error) {
	start := 18 + 1 + len(audience) + 1
	if len(key) <= start+8 {
		return 0, "", errKey
	}
	return momentOf(key[start:]), string(key[start+8:]), nil
}

// InThread is a user who takes part in a thread: the reverse of ThreadOf.
func InThread(c Channel, parent int64, user string) []byte {
	return append(InThreads(c, parent), user...)
}

// InThreads is the range of the users who take part in a thread.
func InThreads(c Channel, parent int64) []byte { return append(ThreadUsers(c, parent), threadTaker) }

// ThreadMark is how far a user has read a thread.
func ThreadMark(c Channel, parent int64, user string) []byte {
	return append(append(ThreadUsers(c, parent), threadMark), user...)
}

// ThreadUsers is the range of what a thread keeps per user.
func ThreadUsers(c Channel, parent int64) []byte { return moment(in(c, inThreadUser), parent) }

// ThreadUsersAll is the range of what the threads of a channel keep per user.
func ThreadUsersAll(c Channel) []byte { return in(c, inThreadUser) }

// OfThreadUser reads back, of a key under ThreadUsersAll, the thread, and the
// user if it is an InThread key.
func OfThreadUser(key []byte) (parent int64, user string, err error) {
	if len(key) < 19 {
		return 0, "", errKey
	}
	if key[18] == threadTaker {
		user = string(key[19:])
	}
	return momentOf(key[10:]), user, nil
}

// ChannelOf reads the channel back from a key that lies in one.
func ChannelOf(key []byte) (Channel, error) {
	if len(key) < 9 || key[0] != familyChannel {
		return 0, errKey
	}
	return Channel(binary.BigEndian.Uint64(key[1:])), nil
}

// ThreadOf is a thread that a user takes part in. Scope: the channel.
func ThreadOf(user string, c Channel, parent int64) []byte {
	return moment(number(name(global(familyThreadOf, len(user)+17), user), c), parent)
}

// ThreadsOf is the range of all threads of a user.
func ThreadsOf(user string) []byte { return name(global(familyThreadOf, len(user)+1), user) }

// ThreadsOfAll is the range of the threads of all users.
func ThreadsOfAll() []byte { return []byte{familyThreadOf} }

// OfThreadOf reads a ThreadOf key back.
func OfThreadOf(key []byte) (user string, c Channel, parent int64, err error) {
	end := len(key) - 16
	if end < 3 || key[0] != familyThreadOf || key[end-1] != 0 {
		return "", 0, 0, errKey
	}
	return string(key[1 : end-1]), Channel(binary.BigEndian.Uint64(key[end:])), momentOf(key[end+8:]), nil
}

// ThreadBase is how a user began with the threads of a channel, when they joined
// it.
func ThreadBase(c Channel, user string) []byte { return append(userIn(c, user), userThreadBase) }

// Mention is a message that mentions a user, or [All]: in the channel's pages
// when parent is 0, in a thread otherwise.
func Mention(c Channel, user string, parent, at int64, author string) []byte {
	return append(moment(Mentions(c, user, parent), at), author...)
}

// Mentions is the range of the messages of the channel's pages (parent 0) or of
// a thread that mention a user.
func Mentions(c Channel, user string, parent int64) []byte {
	return moment(append(userIn(c, user), userMention), parent)
}

// MentionsAfter is where those begin that were sent after a time.
func MentionsAfter(c Channel, user string, parent, after int64) []byte {
	return moment(Mentions(c, user, parent), after+1)
}

// OfMention reads a key under Marks back, if it is a mention.
func OfMention(c Channel, key []byte) (user string, parent, at int64, author string, ok bool) {
	rest := key[len(Marks(c)):]
	end := bytes.IndexByte(rest, 0)
	if end < 1 || len(rest) < end+2+16+1 || rest[end+1] != userMention {
		return "", 0, 0, "", false
	}
	return string(rest[:end]), momentOf(rest[end+2:]), momentOf(rest[end+10:]), string(rest[end+18:]), true
}

// ThreadLive is the replies of a thread that an audience may see.
func ThreadLive(c Channel, parent int64, audience string) Stream {
	return Stream{c, append(threadStream(c, parent, audience), threadLive), false}
}

// ThreadSilent is the silent ones among ThreadLive.
func ThreadSilent(c Channel, parent int64, audience string) Stream {
	return Stream{c, append(threadStream(c, parent, audience), threadSilent), false}
}

// ThreadAuthor is one author's replies among ThreadLive, silent ones left out.
func ThreadAuthor(c Channel, parent int64, audience, author string) Stream {
	return Stream{c, append(append(threadStream(c, parent, audience), threadAuthor), author...), false}
}

func threadStream(c Channel, parent int64, audience string) []byte {
	return name(moment(in(c, inThreadCount), parent), audience)
}

// ThreadStreams is the range of the streams of a thread.
func ThreadStreams(c Channel, parent int64) []byte { return moment(in(c, inThreadCount), parent) }

// ThreadStreamsAll is the range of the streams of all threads of a channel.
func ThreadStreamsAll(c Channel) []byte { return in(c, inThreadCount) }

// ThreadStreamOf reads back which stream a record under ThreadStreamsAll is.
func ThreadStreamOf(c Channel, key []byte) (s Stream, parent int64, ok bool) {
	if len(key) < 20 || key[9] != inThreadCount {
		return s, 0, false
	}
	rest := key[18:]
	end := bytes.IndexByte(rest, 0)
	if end < 0 || end+1 >= len(rest) {
		return s, 0, false
	}
	return Stream{c, bytes.Clone(key), false}, momentOf(key[10:]), true
}

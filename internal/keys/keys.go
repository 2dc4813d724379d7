// Package keys holds every key of the store, one builder a family, in the
// order in which they lie there. Keys compare as bytes in the order that their
// parts do: numbers are big-endian, times too (with the sign turned), names end
// in a zero byte, which no name holds.
//
// Each family says who owns it: the scope under which its keys are written.
// docs/keys.md tells which call touches which family, and why that does not
// grow.
package keys

import (
	"encoding/binary"
	"errors"
	"math"
)

// Version is the version of this layout. A store with a newer one is refused.
const Version = 3

// Channel is the number of one life of a channel: a channel deleted and made
// again has a new one. Numbers grow with the time of creation.
type Channel uint64

// The families of keys that belong to no single channel.
const (
	familyBlocks  = 'a'
	familyBan     = 'b'
	familyCID     = 'c'
	familyWords   = 'j'
	familyDue     = 'd'
	familyPlace   = 'h'
	familyUserOf  = 'g'
	familyMessage = 'i'
	familyChannel = 'k'
	familyNewest  = 'l'
	familyMeta    = 'm'
	familyNumber  = 'n'
	familyOpenTo  = 'o'
	familyPending = 'p'
	familyTask    = 'q'
	familySetting = 's'
	familyType    = 't'
	familyUser    = 'u'
	familyMutes   = 'v'

	familyUserFlag     = 'e'
	familyFlagAt       = 'f'
	familyUsersVersion = 'w'
	familyMutesStamp   = 'y'
)

// The families inside a channel, in the order they lie in. The timeline is
// followed by its head and the members' marks, so that a send to a small
// channel changes neighbouring pages.
const (
	inRecord         = 'a'
	inMember         = 'b'
	inKnown          = 'c'
	inPending        = 'd'
	inPendingBy      = 'e'
	inThread         = 'f'
	inPrivate        = 'g'
	inPrivateFor     = 'h'
	inBan            = 'i'
	inEphemeral      = 'j'
	inFlag           = 'k'
	inFlagAt         = 'l'
	inStream         = 'm'
	inSilent         = 's'
	inTimeline       = 't'
	inHead           = 'w'
	inUser           = 'x'
	userMark         = 'a'
	userAuthor       = 'b'
	userForMe        = 'c'
	userPrivateLive  = 'd'
	userPrivateQuiet = 'e'
	userPrivateFrom  = 'f'
	userLastSend     = 'i'
)

// Meta is the store's own record: layout version and identity. Scope: app.
func Meta() []byte { return []byte{familyMeta} }

// ReceiverPlace is up to where a receiver was told of all events. Scope: events.
func ReceiverPlace(name string) []byte { return append(global(familyPlace, len(name)), name...) }

// Settings is the application's settings. Scope: app.
func Settings() []byte { return []byte{familySetting} }

// Type is a channel type. Scope: app.
func Type(name string) []byte { return append(global(familyType, len(name)), name...) }

// Types is the range of all channel types.
func Types() []byte { return []byte{familyType} }

// User is a user. Scope: users, for all of them together.
func User(id string) []byte { return append(global(familyUser, len(id)), id...) }

// Users is the range of all users.
func Users() []byte { return []byte{familyUser} }

// UsersVersion is a number that grows with each change of a user. Scope: users.
func UsersVersion() []byte { return []byte{familyUsersVersion} }

// Mutes is the list of users whom a user mutes. Scope: the user.
func Mutes(user string) []byte { return append(global(familyMutes, len(user)), user...) }

// MutesStamp is how often the list of users whom a user mutes has changed, and
// how long it is. Scope: the user.
func MutesStamp(user string) []byte { return append(global(familyMutesStamp, len(user)), user...) }

// CID leads from a channel's cid to its number. Scope: the channel.
func CID(cid string) []byte { return append(global(familyCID, len(cid)), cid...) }

// CIDs is the range of the cids that begin so: all, or those of a type.
func CIDs(prefix string) []byte { return append(global(familyCID, len(prefix)), prefix...) }

// Number leads from a channel's number to its cid, and makes numbers unique.
// Scope: the channel.
func Number(c Channel) []byte { return number(global(familyNumber, 8), c) }

// Numbers is the range of all channel numbers.
func Numbers() []byte { return []byte{familyNumber} }

// ChannelOfNumber reads the number back from a Number key.
func ChannelOfNumber(key []byte) (Channel, error) {
	if len(key) != 9 || key[0] != familyNumber {
		return 0, errKey
	}
	return Channel(binary.BigEndian.Uint64(key[1:])), nil
}

// Newest is the time of a channel's newest public message that is not deleted,
// apart from all else: the channels of a user are ordered by it. Scope: the
// channel.
func Newest(c Channel) []byte { return number(global(familyNewest, 8), c) }

// NewestOf is the Newest keys of many channels, in one piece of memory.
func NewestOf(list []Channel) [][]byte {
	keys := make([][]byte, len(list))
	all := make([]byte, 0, 9*len(list))
	for i, c := range list {
		all = number(append(all, familyNewest), c)
		keys[i] = all[9*i : 9*i+9 : 9*i+9]
	}
	return keys
}

// OpenTo is a channel that its own overrides let a role read, where its type
// does not. Scope: the channel.
func OpenTo(role string, c Channel) []byte {
	return number(name(global(familyOpenTo, len(role)+9), role), c)
}

// OpenToAll is the range of the channels that overrides open to a role.
func OpenToAll(role string) []byte { return name(global(familyOpenTo, len(role)+1), role) }

// ChannelOpenTo reads the number back from an OpenTo key.
func ChannelOpenTo(key []byte) (Channel, error) {
	if len(key) < 10 || key[0] != familyOpenTo {
		return 0, errKey
	}
	return Channel(binary.BigEndian.Uint64(key[len(key)-8:])), nil
}

// UserChannel is what a user has with one channel: membership, creation,
// hidden, muted. Scope: the channel.
func UserChannel(user string, c Channel) []byte {
	return number(name(global(familyUserOf, len(user)+9), user), c)
}

// UserChannels is the range of all channels of a user.
func UserChannels(user string) []byte { return name(global(familyUserOf, len(user)+1), user) }

// ChannelOfUser reads user and number back from a UserChannel key.
func ChannelOfUser(key []byte) (user string, c Channel, err error) {
	if len(key) < 10 || key[0] != familyUserOf {
		return "", 0, errKey
	}
	end := len(key) - 9
	return string(key[1:end]), Channel(binary.BigEndian.Uint64(key[end+1:])), nil
}

// Message leads from a message's id to where it lies, or to the tombstone that
// keeps the id taken. Scope: the channel of the message.
func Message(id string) []byte { return append(global(familyMessage, len(id)), id...) }

// Messages is the range of all message ids.
func Messages() []byte { return []byte{familyMessage} }

// MessageID reads the id back from a Message key.
func MessageID(key []byte) string { return string(key[1:]) }

// PendingAt orders the pending messages of all channels by the time sent.
// Scope: the channel.
func PendingAt(sent int64, c Channel) []byte {
	return number(moment(global(familyPending, 16), sent), c)
}

// PendingAll is the range of the pending messages of all channels.
func PendingAll() []byte { return []byte{familyPending} }

// OfPendingAt reads a PendingAt key back.
func OfPendingAt(key []byte) (sent int64, c Channel, err error) {
	if len(key) != 17 || key[0] != familyPending {
		return 0, 0, errKey
	}
	return momentOf(key[1:]), Channel(binary.BigEndian.Uint64(key[9:])), nil
}

// Task is one piece of durable work: of a queue, about a subject, in the order
// recorded. Scope: that of the change that recorded it.
func Task(queue, subject string, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(name(name(global(familyTask, 64), queue), subject), sequence)
}

// Tasks is the range of the work of a queue about one subject.
func Tasks(queue, subject string) []byte { return name(name(global(familyTask, 64), queue), subject) }

// TasksOf is the range of all the work of a queue.
func TasksOf(queue string) []byte { return name(global(familyTask, 64), queue) }

// Due orders the work of a queue by the time it falls due: one key a subject,
// for its first task. Scope: that of the task.
func Due(queue string, at int64, subject string) []byte {
	return append(moment(name(global(familyDue, 64), queue), at), subject...)
}

// DueAll is the range of what is due in a queue, at any time.
func DueAll(queue string) []byte { return name(global(familyDue, 64), queue) }

// DueUntil is the end of the range of what is due in a queue by a time.
func DueUntil(queue string, at int64) []byte {
	if at == math.MaxInt64 {
		at--
	}
	return moment(name(global(familyDue, 64), queue), at+1)
}

// OfDue reads the time and the subject back from a Due key of the queue.
func OfDue(queue string, key []byte) (at int64, subject string, err error) {
	start := len(queue) + 2
	if len(key) < start+8 {
		return 0, "", errKey
	}
	return momentOf(key[start:]), string(key[start+8:]), nil
}

// InChannel is the range of everything that lies in a channel. Scope of all of
// it: the channel.
func InChannel(c Channel) []byte { return number(global(familyChannel, 8), c) }

// Record is the channel itself.
func Record(c Channel) []byte { return in(c, inRecord) }

// Member is a member of a channel.
func Member(c Channel, user string) []byte { return append(in(c, inMember), user...) }

// Members is the range of the members of a channel.
func Members(c Channel) []byte { return in(c, inMember) }

// MemberUser reads the user back from a Member key.
func MemberUser(key []byte) string { return string(key[10:]) }

// Known is a user who has, or had, something with a channel: the reverse of
// UserChannel.
func Known(c Channel, user string) []byte { return append(in(c, inKnown), user...) }

// KnownAll is the range of the users who have something with a channel.
func KnownAll(c Channel) []byte { return in(c, inKnown) }

// KnownUser reads the user back from a Known key.
func KnownUser(key []byte) string { return string(key[10:]) }

// Pending is a pending message, whole, by the time sent.
func Pending(c Channel, sent int64) []byte { return moment(in(c, inPending), sent) }

// Pendings is the range of the pending messages of a channel.
func Pendings(c Channel) []byte { return in(c, inPending) }

// PendingBy orders an author's pending messages in a channel by the time sent.
func PendingBy(c Channel, author string, sent int64) []byte {
	return moment(name(in(c, inPendingBy), author), sent)
}

// PendingsBy is the range of an author's pending messages in a channel.
func PendingsBy(c Channel, author string) []byte { return name(in(c, inPendingBy), author) }

// PendingsByAll is the range of all authors' pending messages in a channel.
func PendingsByAll(c Channel) []byte { return in(c, inPendingBy) }

// ReplyKind tells apart what lies in a thread.
type ReplyKind byte

// The kinds of entries of a thread.
const (
	ReplyPublic  ReplyKind = 1 // the message itself, or empty for one that lies in the timeline
	ReplyPrivate ReplyKind = 2 // empty: the message lies among the private ones
	ReplyPending ReplyKind = 3 // empty: the message lies among the pending ones, by time sent
)

// Reply is a reply to the message sent at parent.
func Reply(c Channel, parent int64, kind ReplyKind, at int64) []byte {
	return moment(append(moment(in(c, inThread), parent), byte(kind)), at)
}

// Replies is the range of everything in the thread of the message at parent.
func Replies(c Channel, parent int64) []byte { return moment(in(c, inThread), parent) }

// RepliesOf is the range of one kind of entries of that thread.
func RepliesOf(c Channel, parent int64, kind ReplyKind) []byte {
	return append(Replies(c, parent), byte(kind))
}

// RepliesAll is the range of all threads of a channel.
func RepliesAll(c Channel) []byte { return in(c, inThread) }

// OfReply reads a Reply key back.
func OfReply(key []byte) (parent int64, kind ReplyKind, at int64, err error) {
	if len(key) != 27 {
		return 0, 0, 0, errKey
	}
	return momentOf(key[10:]), ReplyKind(key[18]), momentOf(key[19:]), nil
}

// Private is a private message, whole.
func Private(c Channel, at int64) []byte { return moment(in(c, inPrivate), at) }

// Privates is the range of the private messages of a channel.
func Privates(c Channel) []byte { return in(c, inPrivate) }

// Everyone stands, in the place of a user, for who may see all private
// messages. No user has this id.
const Everyone = ""

// PrivateFor is an entry for one who may see a private message: in the
// channel's pages when parent is 0, in a thread otherwise.
func PrivateFor(c Channel, user string, parent, at int64) []byte {
	return moment(moment(name(in(c, inPrivateFor), user), parent), at)
}

// PrivatesFor is the range of the private messages a user may see in the
// channel's pages (parent 0) or in a thread.
func PrivatesFor(c Channel, user string, parent int64) []byte {
	return moment(name(in(c, inPrivateFor), user), parent)
}

// PrivatesOf is the range of all entries of one user in a channel.
func PrivatesOf(c Channel, user string) []byte { return name(in(c, inPrivateFor), user) }

// PrivatesForAll is the range of all users' entries in a channel.
func PrivatesForAll(c Channel) []byte { return in(c, inPrivateFor) }

// Timeline is a message of the channel's pages that all may see, whole.
func Timeline(c Channel, at int64) []byte { return moment(in(c, inTimeline), at) }

// Timelines is the range of the timeline of a channel.
func Timelines(c Channel) []byte { return in(c, inTimeline) }

// Moment reads the time back from a key that ends in one.
func Moment(key []byte) (int64, error) {
	if len(key) < 8 {
		return 0, errKey
	}
	return momentOf(key[len(key)-8:]), nil
}

// Head is a channel's clock and the stream of its timeline.
func Head(c Channel) []byte { return in(c, inHead) }

// Mark is how far a user has read a channel.
func Mark(c Channel, user string) []byte { return append(userIn(c, user), userMark) }

// Marks is the range of everything kept per user in a channel.
func Marks(c Channel) []byte { return in(c, inUser) }

// ForMe is the list of what a user has deleted for themselves in a channel.
func ForMe(c Channel, user string) []byte { return append(userIn(c, user), userForMe) }

// inner is how long the family and number are that a channel's keys begin with.
const inner = 9

// IsInChannel says whether a key is of what InChannel ranges over.
func IsInChannel(key []byte) bool { return len(key) >= inner && key[0] == familyChannel }

// OfRoom says whether a key under a channel's scope is of its room: what decides
// what a caller finds there and may do, and not the messages. It may say so of
// others.
func OfRoom(key []byte) bool {
	switch {
	case len(key) == 0:
		return false
	case key[0] == familyCID, key[0] == familyNumber, key[0] == familyUserOf:
		return true
	case len(key) == inner || !IsInChannel(key):
		return false
	}
	switch key[inner] {
	case inRecord, inMember, inBan:
		return true
	case inUser:
		return key[len(key)-1] == userForMe
	}
	return false
}

// UserIn is the range of what a channel keeps for one user.
func UserIn(c Channel, user string) []byte { return userIn(c, user) }

// global begins a key outside of all channels, with room for n more bytes.
func global(family byte, n int) []byte { return append(make([]byte, 0, 1+n), family) }

// in begins a key inside a channel, with room for what most of them hold.
func in(c Channel, family byte) []byte {
	return append(number(append(make([]byte, 0, 48), familyChannel), c), family)
}

func userIn(c Channel, user string) []byte { return name(in(c, inUser), user) }

func number(b []byte, c Channel) []byte { return binary.BigEndian.AppendUint64(b, uint64(c)) }

func name(b []byte, s string) []byte { return append(append(b, s...), 0) }

func moment(b []byte, at int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(at)^1<<63)
}

func momentOf(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

var errKey = errors.New("keys: not a key of this family")

package keys

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Ban is a user who is banned from the whole application. Scope: the user.
func Ban(user string) []byte { return append(global(familyBan, len(user)), user...) }

// Bans is the range of the users who are banned from the whole application.
func Bans() []byte { return []byte{familyBan} }

// BanUser reads the user back from a Ban key.
func BanUser(key []byte) string { return string(key[1:]) }

// BanIn is a user who is banned from a channel.
func BanIn(c Channel, user string) []byte { return append(in(c, inBan), user...) }

// BansIn is the range of the users who are banned from a channel.
func BansIn(c Channel) []byte { return in(c, inBan) }

// BanInUser reads the user back from a BanIn key.
func BanInUser(key []byte) string { return string(key[10:]) }

// Blocks is the list of users whom a user blocks. Scope: users.
func Blocks(user string) []byte { return append(global(familyBlocks, len(user)), user...) }

// BlocksAll is the range of whom all users block.
func BlocksAll() []byte { return []byte{familyBlocks} }

// BlocksUser reads the user back from a Blocks key.
func BlocksUser(key []byte) string { return string(key[1:]) }

// BlockList is a list of words. Scope: app.
func BlockList(name string) []byte { return append(global(familyWords, len(name)), name...) }

// BlockLists is the range of all lists of words.
func BlockLists() []byte { return []byte{familyWords} }

// LastSend is when a user last sent to a channel in slow mode.
func LastSend(c Channel, user string) []byte { return append(userIn(c, user), userLastSend) }

// OfLastSend reads the user back from a LastSend key of a channel, if it is one.
func OfLastSend(c Channel, key []byte) (user string, ok bool) {
	name, ok := bytes.CutSuffix(key, []byte{0, userLastSend})
	if !ok || !bytes.HasPrefix(name, Marks(c)) {
		return "", false
	}
	user = string(name[len(Marks(c)):])
	return user, user != "" && strings.IndexByte(user, 0) < 0
}

// Ephemeral is an ephemeral message, whole.
func Ephemeral(c Channel, id string) []byte { return append(in(c, inEphemeral), id...) }

// Ephemerals is the range of the ephemeral messages of a channel.
func Ephemerals(c Channel) []byte { return in(c, inEphemeral) }

// EphemeralID reads the id back from an Ephemeral key.
func EphemeralID(key []byte) string { return string(key[10:]) }

// Flag is the flag that a user put on the message sent at a time.
func Flag(c Channel, message int64, by string) []byte {
	return append(moment(in(c, inFlag), message), by...)
}

// Flags is the range of the flags of the message sent at a time.
func Flags(c Channel, message int64) []byte { return moment(in(c, inFlag), message) }

// FlagsAll is the range of the flags of all messages of a channel.
func FlagsAll(c Channel) []byte { return in(c, inFlag) }

// OfFlag reads a Flag key back.
func OfFlag(key []byte) (message int64, by string, err error) {
	if len(key) < 19 {
		return 0, "", errKey
	}
	return momentOf(key[10:]), string(key[18:]), nil
}

// FlagIn orders the flags of a channel's messages by the time of the flag.
func FlagIn(c Channel, at, message int64, by string) []byte {
	return append(moment(moment(in(c, inFlagAt), at), message), by...)
}

// FlagsIn is the range of the flags of a channel's messages by time.
func FlagsIn(c Channel) []byte { return in(c, inFlagAt) }

// UserFlag is the flag that a user put on another. Scope: the flagged user.
func UserFlag(user, by string) []byte {
	return append(name(global(familyUserFlag, len(user)+1+len(by)), user), by...)
}

// UserFlags is the range of the flags of a user.
func UserFlags(user string) []byte { return name(global(familyUserFlag, len(user)+1), user) }

// UserFlagsAll is the range of the flags of all users.
func UserFlagsAll() []byte { return []byte{familyUserFlag} }

// OfUserFlag reads a UserFlag key back.
func OfUserFlag(key []byte) (user, by string, err error) {
	if len(key) < 2 || key[0] != familyUserFlag {
		return "", "", errKey
	}
	return twoNames(key[1:])
}

// FlagPlace is what a flag is about and whose it is: a message by its channel
// and time, or, in no channel, a user.
type FlagPlace struct {
	At      int64 // of the flag
	Channel Channel
	Message int64
	User    string
	By      string
}

// Key names the place in one text.
func (p FlagPlace) Key() string { return string(FlagAt(p)) }

// FlagAt orders all flags by the time of the flag. Scope: that of the flag.
func FlagAt(p FlagPlace) []byte {
	b := number(moment(global(familyFlagAt, 32+len(p.User)+len(p.By)), p.At), p.Channel)
	if p.Channel == 0 {
		b = name(b, p.User)
	} else {
		b = moment(b, p.Message)
	}
	return append(b, p.By...)
}

// FlagsAt is the range of all flags by time.
func FlagsAt() []byte { return []byte{familyFlagAt} }

// OfFlagAt reads a FlagAt key back.
func OfFlagAt(key []byte) (p FlagPlace, err error) {
	if len(key) < 18 || key[0] != familyFlagAt {
		return p, errKey
	}
	p.At, p.Channel = momentOf(key[1:]), Channel(binary.BigEndian.Uint64(key[9:]))
	if p.Channel == 0 {
		p.User, p.By, err = twoNames(key[17:])
		return p, err
	}
	if len(key) < 26 {
		return p, errKey
	}
	p.Message, p.By = momentOf(key[17:]), string(key[25:])
	return p, nil
}

// OfFlagIn reads a FlagIn key of a channel back.
func OfFlagIn(c Channel, key []byte) (p FlagPlace, err error) {
	if len(key) < 27 {
		return p, errKey
	}
	return FlagPlace{At: momentOf(key[10:]), Channel: c, Message: momentOf(key[18:]), By: string(key[26:])}, nil
}

// twoNames parts two names at the zero byte that ends the first.
func twoNames(b []byte) (first, second string, err error) {
	i := bytes.IndexByte(b, 0)
	if i < 1 || i == len(b)-1 {
		return "", "", errKey
	}
	return string(b[:i]), string(b[i+1:]), nil
}

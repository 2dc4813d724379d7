package keys

// The families of reactions and pins, inside a channel.
const (
	inReaction   = 'n'
	inReactionAt = 'o'
	inReacted    = 'p'
	inPin        = 'q'
	inPinFor     = 'y'
)

// Reaction is one user's reaction of a type to the message sent at a time.
func Reaction(c Channel, message int64, user, kind string) []byte {
	return append(name(moment(in(c, inReaction), message), user), kind...)
}

// ReactionsBy is the range of a user's reactions to the message sent at a time.
func ReactionsBy(c Channel, message int64, user string) []byte {
	return name(moment(in(c, inReaction), message), user)
}

// Reactions is the range of all reactions to the message sent at a time.
func Reactions(c Channel, message int64) []byte { return moment(in(c, inReaction), message) }

// ReactionsAll is the range of the reactions to all messages of a channel.
func ReactionsAll(c Channel) []byte { return in(c, inReaction) }

// OfReaction reads a Reaction key back.
func OfReaction(key []byte) (message int64, user, kind string, err error) {
	if len(key) < 18 {
		return 0, "", "", errKey
	}
	user, kind, err = twoNames(key[18:])
	return momentOf(key[10:]), user, kind, err
}

// ReactionAt orders the reactions to a message by their times: those of one
// type, or, with an empty one, all.
func ReactionAt(c Channel, message int64, of string, at int64, user, kind string) []byte {
	return append(name(moment(name(moment(in(c, inReactionAt), message), of), at), user), kind...)
}

// ReactionsAt is the range of the reactions to a message by their times: of one
// type, or, with an empty one, of all.
func ReactionsAt(c Channel, message int64, of string) []byte {
	return name(moment(in(c, inReactionAt), message), of)
}

// ReactionsFrom is where, in that range, the reactions begin that were put at a
// time or later.
func ReactionsFrom(c Channel, message int64, of string, at int64) []byte {
	return moment(ReactionsAt(c, message, of), at)
}

// ReactionOrders is the range of the orders of the reactions to the message sent
// at a time.
func ReactionOrders(c Channel, message int64) []byte { return moment(in(c, inReactionAt), message) }

// ReactionOrdersAll is the range of the orders of all reactions of a channel.
func ReactionOrdersAll(c Channel) []byte { return in(c, inReactionAt) }

// OfReactionAt reads a ReactionAt key back.
func OfReactionAt(key []byte) (message int64, of string, at int64, user, kind string, err error) {
	if len(key) < 18 {
		return 0, "", 0, "", "", errKey
	}
	rest := key[18:]
	for i, c := range rest {
		if c != 0 {
			continue
		}
		if len(rest) < i+9 {
			break
		}
		user, kind, err = twoNames(rest[i+9:])
		return momentOf(key[10:]), string(rest[:i]), momentOf(rest[i+1:]), user, kind, err
	}
	return 0, "", 0, "", "", errKey
}

// Reacted is the summary of the reactions to the message sent at a time.
func Reacted(c Channel, message int64) []byte { return moment(in(c, inReacted), message) }

// ReactedAll is the range of the summaries of a channel.
func ReactedAll(c Channel) []byte { return in(c, inReacted) }

// Pin leads, by the time it was pinned, to the message sent at a time.
func Pin(c Channel, pinned, message int64) []byte {
	return moment(moment(in(c, inPin), pinned), message)
}

// PinsFrom is where the pins of a channel begin that were made at a time or
// later.
func PinsFrom(c Channel, pinned int64) []byte { return moment(in(c, inPin), pinned) }

// Pins is the range of the pins of a channel.
func Pins(c Channel) []byte { return in(c, inPin) }

// OfPin reads the times of a Pin or PinFor key back.
func OfPin(key []byte) (pinned, message int64, err error) {
	end := len(key) - 16
	if end < 10 || key[9] == inPin && end != 10 || key[9] == inPinFor && (end == 10 || key[end-1] != 0) {
		return 0, 0, errKey
	}
	times := key[end:]
	return momentOf(times), momentOf(times[8:]), nil
}

// PinFor is as Pin, of a private message, for one who may see it.
func PinFor(c Channel, user string, pinned, message int64) []byte {
	return moment(moment(PinsFor(c, user), pinned), message)
}

// PinsForFrom is where the pins for a user begin that were made at a time or
// later.
func PinsForFrom(c Channel, user string, pinned int64) []byte {
	return moment(PinsFor(c, user), pinned)
}

// PinsFor is the range of the pins of private messages that a user may see.
func PinsFor(c Channel, user string) []byte { return name(PinsForAll(c), user) }

// PinsForAll is the range of all users' entries in a channel.
func PinsForAll(c Channel) []byte { return in(c, inPinFor) }

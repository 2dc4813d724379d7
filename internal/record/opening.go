package record

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
)

// Opening is what is read of a channel for whoever makes a call in it, with the
// application's types for channel types and settings. Every call begins with
// it, so all of it is one piece of memory.
type Opening[Type, Settings any] struct {
	Number   Value[Channel]
	User     Value[codec.User]
	Banned   Value[codec.Ban] // from the whole application
	Type     Shared[Type]
	Settings Shared[Settings]

	Channel Value[codec.Channel]
	Own     Value[codec.UserChannel]
	Member  Value[codec.Member]
	ForMe   Value[codec.ForMe]
	Ban     Value[codec.Ban] // from the channel
}

// ByCID adds the reads that the cid and the caller's id lead to.
func (o *Opening[Type, Settings]) ByCID(b *Batch, cid, kind, user string) {
	o.Number.get(b, keys.CID(cid), decodeNumber)
	o.User.get(b, keys.User(user), codec.DecodeUser)
	o.Type.get(b, keys.Type(kind))
	o.Settings.get(b, keys.Settings())
}

// ByUser adds the reads that decide what one more user sees and may do in a
// channel that was opened.
func (o *Opening[Type, Settings]) ByUser(b *Batch, c Channel, user string) {
	o.User.get(b, keys.User(user), codec.DecodeUser)
	o.Banned.get(b, keys.Ban(user), codec.DecodeBan)
	o.Member.get(b, keys.Member(c, user), codec.DecodeMember)
	o.Ban.get(b, keys.BanIn(c, user), codec.DecodeBan)
	o.Own.get(b, keys.UserChannel(user, c), codec.DecodeUserChannel)
	o.ForMe.get(b, keys.ForMe(c, user), codec.DecodeForMe)
}

// ByNumber adds the reads that the channel's number leads to; those for one
// user if an id is given. Who looks at no message there is blind: what only
// decides what the user sees is left out.
func (o *Opening[Type, Settings]) ByNumber(b *Batch, c Channel, user string, blind bool) {
	o.Channel.get(b, keys.Record(c), codec.DecodeChannel)
	if user != "" {
		o.Banned.get(b, keys.Ban(user), codec.DecodeBan)
		o.Member.get(b, keys.Member(c, user), codec.DecodeMember)
		o.Ban.get(b, keys.BanIn(c, user), codec.DecodeBan)
	}
	if blind {
		return
	}
	b.usersVersion()
	if user != "" {
		o.Own.get(b, keys.UserChannel(user, c), codec.DecodeUserChannel)
		o.ForMe.get(b, keys.ForMe(c, user), codec.DecodeForMe)
	}
}

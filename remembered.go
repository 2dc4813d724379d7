package chat

import "example.com/chat/internal/record"

// shared says whether what is stored of the room may be shared with other calls.
func (m more) shared(r *record.Reader) bool { return (m.shares || r.Snapshot()) && r.Remembers() }

// rememberedSize is how large, in bytes, what varies of a room may be for it to be
// remembered.
const rememberedSize = 2 << 10

// size is how large what varies of a room is, about.
func (o *opened) size() int {
	const each = 16
	return len(o.channel.Custom) + len(o.channel.Overrides) + len(o.userRecord.Custom) + len(o.member.Custom) + each*len(o.forMe)
}

// recall is a room as another call of the caller found it, if it still is so; nil if
// not.
func (m more) recall(reader *record.Reader, c caller, number record.Channel) *room {
	if number == 0 || !m.shared(reader) {
		return nil
	}
	known, _ := reader.Recall(rememberedKey(c, number)).(*opened)
	if known == nil || checkCaller(c, &known.read.User) != nil {
		return nil
	}
	return &room{opened: known, now: now().UnixMicro()}
}

func rememberedKey(c caller, number record.Channel) record.RememberedKey {
	return record.RememberedKey{App: c.app, User: string(c.user), Number: number}
}

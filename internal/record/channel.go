package record

import (
	"bytes"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Channel is the number of a channel.
type Channel = keys.Channel

// Number reads the number of the channel that a cid names now.
func (b *Batch) Number(cid string) *Value[Channel] {
	return get(b, keys.CID(cid), decodeNumber)
}

func decodeNumber(raw string) (Channel, error) {
	n, err := codec.DecodeTime(raw)
	return Channel(n), err
}

// NewChannel gives a channel that is made at a time a number, and the cid its
// meaning. If another channel took the number at the same moment, the
// transaction runs again.
func (t *Txn) NewChannel(cid string, at int64) (Channel, error) {
	c := Channel(at)
	for {
		taken, err := t.numberTaken(c)
		if err != nil {
			return 0, err
		}
		if !taken {
			break
		}
		c++
	}
	if err := t.txn.Insert(keys.Number(c), []byte(cid)); err != nil {
		return 0, err
	}
	return c, t.txn.Put(keys.CID(cid), codec.EncodeTime(int64(c)))
}

// numberTaken says whether there is a channel of a number, or are events of one that
// is gone: where the clock was set back its time may come again.
func (t *Txn) numberTaken(c Channel) (bool, error) {
	cid, err := storage.Get(t.txn, keys.Number(c))
	if err != nil || cid != nil {
		return cid != nil, err
	}
	events, err := t.txn.Tail([][]byte{keys.ChannelLog(c)}, storage.Position{}, 1)
	return len(events) > 0, err
}

// ForgetCID takes a cid's meaning away.
func (t *Txn) ForgetCID(cid string) error { return t.txn.Delete(keys.CID(cid)) }

// CIDs reads cids that begin with a prefix and come after one, with their
// numbers, at most limit.
func (r *Reader) CIDs(prefix, after string, limit int) (cids []string, numbers []Channel, err error) {
	rng := storage.Prefix(keys.CIDs(prefix))
	if after != "" {
		rng.Start = append(keys.CID(after), 0)
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries[0] {
		n, err := codec.DecodeTime(e.Value)
		if err != nil {
			return nil, nil, err
		}
		cids = append(cids, string(e.Key[1:]))
		numbers = append(numbers, Channel(n))
	}
	return cids, numbers, nil
}

// Numbers reads the channels with numbers from the one given on, at most limit,
// those included whose cid means another channel now.
func (r *Reader) Numbers(from Channel, limit int) ([]Channel, error) {
	rng := storage.Prefix(keys.Numbers())
	rng.Start = keys.Number(from)
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]Channel, len(entries[0]))
	for i, e := range entries[0] {
		if list[i], err = keys.ChannelOfNumber(e.Key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// CountChannels counts the channels whose numbers there are.
func (r *Reader) CountChannels() (n int, err error) {
	for _, err := range storage.Scan(r.r, storage.Prefix(keys.Numbers()), sliceLen) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Channel reads a channel.
func (b *Batch) Channel(c Channel) *Value[codec.Channel] {
	return get(b, keys.Record(c), codec.DecodeChannel)
}

// PutChannel stores a channel.
func (t *Txn) PutChannel(c Channel, v *codec.Channel) error {
	return t.put(keys.Record(c), v)
}

// Head reads a channel's clock and timeline.
func (b *Batch) Head(c Channel) *Value[codec.Head] { return get(b, keys.Head(c), codec.DecodeHead) }

// HeadInto reads a channel's clock and timeline into a value that there is.
func (b *Batch) HeadInto(v *Value[codec.Head], c Channel) { v.get(b, keys.Head(c), codec.DecodeHead) }

// PutHead stores a channel's clock and timeline, and keeps its newest time
// where the channels of a user are ordered by it.
func (t *Txn) PutHead(c Channel, h *codec.Head) error {
	if err := t.put(keys.Head(c), h); err != nil {
		return err
	}
	newest := h.Live.Newest
	if newest <= h.Floor {
		newest = 0
	}
	t.scratch = codec.AppendTime(t.scratch[:0], newest)
	return t.putScratch(keys.Newest(c))
}

// SetOpenTo says which roles a channel's own overrides let read it.
func (t *Txn) SetOpenTo(c Channel, before, after []string) error {
	for _, role := range before {
		if err := t.txn.Delete(keys.OpenTo(role, c)); err != nil {
			return err
		}
	}
	for _, role := range after {
		if err := t.txn.Put(keys.OpenTo(role, c), nil); err != nil {
			return err
		}
	}
	return nil
}

// OpenTo reads the channels whose own overrides let a role read them.
func (r *Reader) OpenTo(role string) (list []Channel, err error) {
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.OpenToAll(role)), fewLen) {
		if err != nil {
			return nil, err
		}
		c, err := keys.ChannelOpenTo(e.Key)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Newest reads the time of a channel's newest public message that is not
// deleted; 0 when there is none.
func (b *Batch) Newest(c Channel) *Value[int64] { return get(b, keys.Newest(c), codec.DecodeTime) }

// NewestOf reads Newest of many channels; 0 where there is none.
func (r *Reader) NewestOf(list []Channel) ([]int64, error) {
	values, _, err := r.r.Read(keys.NewestOf(list), nil)
	if err != nil {
		return nil, err
	}
	times := make([]int64, len(list))
	for i, raw := range values {
		if raw == nil {
			continue
		}
		if times[i], err = codec.DecodeTime(raw); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// Member reads a membership.
func (b *Batch) Member(c Channel, user string) *Value[codec.Member] {
	return get(b, keys.Member(c, user), codec.DecodeMember)
}

// PutMember stores a membership.
func (t *Txn) PutMember(c Channel, user string, m *codec.Member) error {
	return t.put(keys.Member(c, user), m)
}

// DeleteMember ends a membership.
func (t *Txn) DeleteMember(c Channel, user string) error {
	return t.txn.Delete(keys.Member(c, user))
}

// Membership is a member's id and record.
type Membership struct {
	User string
	codec.Member
}

// Members reads members with ids after the one given, at most limit.
func (r *Reader) Members(c Channel, after string, limit int) (list []Membership, err error) {
	b := r.Batch()
	b.Members(c, after, limit, &list)
	return list, b.Run()
}

// Members adds members with ids after the one given, at most limit, to the
// list.
func (b *Batch) Members(c Channel, after string, limit int, list *[]Membership) {
	rng := storage.Prefix(keys.Members(c))
	if after != "" {
		rng.Start = append(keys.Member(c, after), 0)
	}
	rng.Limit = limit
	b.scan(rng, func(entries []storage.Entry) error {
		for _, e := range entries {
			m, err := codec.DecodeMember(e.Value)
			if err != nil {
				return err
			}
			*list = append(*list, Membership{keys.MemberUser(e.Key), m})
		}
		return nil
	})
}

// UserChannel reads what a user has with a channel.
func (b *Batch) UserChannel(user string, c Channel) *Value[codec.UserChannel] {
	return get(b, keys.UserChannel(user, c), codec.DecodeUserChannel)
}

// PutUserChannel stores what a user has with a channel.
func (t *Txn) PutUserChannel(user string, c Channel, u *codec.UserChannel) error {
	if err := t.txn.Put(keys.Known(c, user), nil); err != nil {
		return err
	}
	return t.put(keys.UserChannel(user, c), u)
}

// UnlistChannel takes a channel from the channels of at most limit of its
// users, and leaves behind for those who were members where they are told of
// it; more says whether some are left.
func (t *Txn) UnlistChannel(c Channel, limit int, gone *codec.Event) (more bool, err error) {
	rng := storage.Prefix(keys.KnownAll(c))
	rng.Limit = limit
	_, entries, err := t.txn.Read(nil, []storage.Range{rng})
	if err != nil {
		return false, err
	}
	var list [][]byte
	owns := make([]*Value[codec.UserChannel], len(entries[0]))
	users := make([]string, len(entries[0]))
	b := t.Batch()
	for i, e := range entries[0] {
		users[i] = keys.KnownUser(e.Key)
		owns[i] = b.UserChannel(users[i], c)
		list = append(list, bytes.Clone(e.Key), keys.UserChannel(users[i], c))
	}
	if err := b.Run(); err != nil {
		return false, err
	}
	for i, own := range owns {
		if !own.V.Member {
			continue
		}
		if err := t.tell(keys.GoneLog(users[i]), gone); err != nil {
			return false, err
		}
	}
	return len(users) == limit, t.txn.Delete(list...)
}

// Mark reads how far a user has read a channel.
func (b *Batch) Mark(c Channel, user string) *Value[codec.Mark] {
	return get(b, keys.Mark(c, user), codec.DecodeMark)
}

// PutMark stores how far a user has read a channel.
func (t *Txn) PutMark(c Channel, user string, m codec.Mark) error {
	t.scratch = m.Encode(t.scratch[:0])
	return t.putScratch(keys.Mark(c, user))
}

// DeleteMark forgets how far a user has read a channel.
func (t *Txn) DeleteMark(c Channel, user string) error { return t.txn.Delete(keys.Mark(c, user)) }

// ForMe reads what a user deleted for themselves in a channel.
func (b *Batch) ForMe(c Channel, user string) *Value[codec.ForMe] {
	return get(b, keys.ForMe(c, user), codec.DecodeForMe)
}

// PutForMe stores what a user deleted for themselves.
func (t *Txn) PutForMe(c Channel, user string, list codec.ForMe) error {
	if len(list) == 0 {
		return t.txn.Delete(keys.ForMe(c, user))
	}
	return t.put(keys.ForMe(c, user), list)
}

// PurgeChannel deletes at most limit of the keys of a channel whose messages
// and members are gone; more says whether some are left.
func (t *Txn) PurgeChannel(c Channel, limit int) (more bool, err error) {
	rng := storage.Prefix(keys.InChannel(c))
	rng.Limit = limit
	_, entries, err := t.txn.Read(nil, []storage.Range{rng})
	if err != nil {
		return false, err
	}
	list := make([][]byte, len(entries[0]))
	for i, e := range entries[0] {
		list[i] = bytes.Clone(e.Key)
	}
	if err := t.txn.Delete(list...); err != nil {
		return false, err
	}
	if len(list) == limit {
		return true, nil
	}
	return false, t.txn.Delete(keys.Newest(c), keys.Number(c))
}

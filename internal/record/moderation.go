package record

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Everywhere stands, in the place of a channel, for the whole application. No
// channel has this number.
const Everywhere Channel = 0

func banKey(c Channel, user string) []byte {
	if c == Everywhere {
		return keys.Ban(user)
	}
	return keys.BanIn(c, user)
}

// Ban reads a user's ban, from a channel or from everywhere.
func (b *Batch) Ban(c Channel, user string) *Value[codec.Ban] {
	return get(b, banKey(c, user), codec.DecodeBan)
}

// Blocks reads whom a user blocks, and since when.
func (b *Batch) Blocks(user string) *Value[codec.Mutes] {
	return get(b, keys.Blocks(user), codec.DecodeMutes)
}

// PutBlocks stores whom a user blocks.
func (t *Txn) PutBlocks(user string, l codec.Mutes) error {
	if len(l) == 0 {
		return t.txn.Delete(keys.Blocks(user))
	}
	return t.put(keys.Blocks(user), l)
}

// LastSend reads when a user last sent to a channel in slow mode.
func (b *Batch) LastSend(c Channel, user string) *Value[int64] {
	return get(b, keys.LastSend(c, user), codec.DecodeTime)
}

// PutLastSend stores when a user last sent to a channel in slow mode.
func (t *Txn) PutLastSend(c Channel, user string, at int64) error {
	t.scratch = codec.AppendTime(t.scratch[:0], at)
	return t.txn.Put(keys.LastSend(c, user), t.scratch)
}

// PutBan stores a user's ban.
func (t *Txn) PutBan(c Channel, user string, ban *codec.Ban) error {
	return t.put(banKey(c, user), ban)
}

// DeleteBan removes a user's ban.
func (t *Txn) DeleteBan(c Channel, user string) error { return t.txn.Delete(banKey(c, user)) }

// Banned is a user who is banned.
type Banned struct {
	User string
	codec.Ban
}

// Bans reads who is banned, of the users with ids after the one given, at most
// limit.
func (r *Reader) Bans(c Channel, after string, limit int) ([]Banned, error) {
	rng, user := storage.Prefix(keys.BansIn(c)), keys.BanInUser
	if c == Everywhere {
		rng, user = storage.Prefix(keys.Bans()), keys.BanUser
	}
	if after != "" {
		rng.Start = append(banKey(c, after), 0)
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]Banned, len(entries[0]))
	for i, e := range entries[0] {
		list[i].User = user(e.Key)
		if list[i].Ban, err = codec.DecodeBan(e.Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Ephemeral reads the ephemeral message of an id.
func (b *Batch) Ephemeral(c Channel, id string) *Value[codec.Ephemeral] {
	return get(b, keys.Ephemeral(c, id), codec.DecodeEphemeral)
}

// InsertEphemeral stores an ephemeral message under an id that must be new.
func (t *Txn) InsertEphemeral(c Channel, e *codec.Ephemeral) error {
	place := codec.Place{Kind: codec.PlaceEphemeral, Channel: uint64(c)}
	t.scratch = place.Encode(t.scratch[:0])
	if err := t.txn.Insert(keys.Message(e.Message.ID), t.scratch); err != nil {
		return err
	}
	return t.PutEphemeral(c, e)
}

// PutEphemeral stores an ephemeral message again.
func (t *Txn) PutEphemeral(c Channel, e *codec.Ephemeral) error {
	return t.put(keys.Ephemeral(c, e.Message.ID), e)
}

// EraseEphemeral deletes an ephemeral message. Its id leads to a tombstone from
// then on.
func (t *Txn) EraseEphemeral(c Channel, id string) error {
	if err := t.txn.Delete(keys.Ephemeral(c, id)); err != nil {
		return err
	}
	return t.put(keys.Message(id), codec.Place{Kind: codec.PlaceGone})
}

// ReleaseEphemeral deletes an ephemeral message and frees its id: what it holds
// is about to be posted under it.
func (t *Txn) ReleaseEphemeral(c Channel, id string) error {
	return t.txn.Delete(keys.Ephemeral(c, id), keys.Message(id))
}

// PurgeEphemerals erases at most limit ephemeral messages of a channel that
// were made at or before a time, and calls gone for each; more says whether
// some may be left.
func (t *Txn) PurgeEphemerals(c Channel, until int64, limit int, gone func(id string) error) (more bool, err error) {
	var ids []string
	for e, err := range storage.Scan(t.txn, storage.Prefix(keys.Ephemerals(c)), sliceLen) {
		if err != nil {
			return false, err
		}
		v, err := codec.DecodeEphemeral(e.Value)
		if err != nil {
			return false, err
		}
		if v.Message.CreatedAt > until {
			continue
		}
		if ids = append(ids, v.Message.ID); len(ids) == limit {
			break
		}
	}
	for _, id := range ids {
		if err := t.EraseEphemeral(c, id); err != nil {
			return false, err
		}
		if err := gone(id); err != nil {
			return false, err
		}
	}
	return len(ids) == limit, nil
}

// FlagPlace is what a flag is about, whose it is and when it was put.
type FlagPlace = keys.FlagPlace

// FlagPlaceOf reads the place back from its Key.
func FlagPlaceOf(key string) (FlagPlace, error) { return keys.OfFlagAt([]byte(key)) }

func flagKey(p FlagPlace) []byte {
	if p.Channel == Everywhere {
		return keys.UserFlag(p.User, p.By)
	}
	return keys.Flag(p.Channel, p.Message, p.By)
}

// flagEntries are the keys beside the flag itself that say that it is there.
func flagEntries(p FlagPlace) [][]byte {
	list := [][]byte{keys.FlagAt(p)}
	if p.Channel != Everywhere {
		list = append(list, keys.FlagIn(p.Channel, p.At, p.Message, p.By))
	}
	return list
}

// Flag reads the flag of a place, whenever it was put.
func (b *Batch) Flag(p FlagPlace) *Value[codec.Flag] {
	return get(b, flagKey(p), codec.DecodeFlag)
}

// PutFlag stores a flag that was put at the time of its place.
func (t *Txn) PutFlag(p FlagPlace, f *codec.Flag) error {
	for _, key := range flagEntries(p) {
		if err := t.txn.Put(key, nil); err != nil {
			return err
		}
	}
	return t.put(flagKey(p), f)
}

// DeleteFlags removes all flags of a user; or, in a channel, of the messages
// sent at the times.
func (t *Txn) DeleteFlags(c Channel, user string, times ...int64) error {
	ranges := []storage.Range{storage.Prefix(keys.UserFlags(user))}
	if c != Everywhere {
		ranges = ranges[:0]
		for _, at := range times {
			ranges = append(ranges, storage.Prefix(keys.Flags(c, at)))
		}
	}
	if len(ranges) == 0 {
		return nil
	}
	_, found, err := t.txn.Read(nil, ranges)
	if err != nil {
		return err
	}
	var gone [][]byte
	for _, entries := range found {
		for _, e := range entries {
			p, _, err := decodeFlag(c, e)
			if err != nil {
				return err
			}
			gone = append(append(gone, flagKey(p)), flagEntries(p)...)
		}
	}
	return t.txn.Delete(gone...)
}

// MoveFlag stores a flag under a new time: it was put again.
func (t *Txn) MoveFlag(p FlagPlace, from int64, f *codec.Flag) error {
	was := p
	was.At = from
	if err := t.txn.Delete(flagEntries(was)...); err != nil {
		return err
	}
	return t.PutFlag(p, f)
}

// ReviewFlags stores a review with all flags of a message or of a user.
func (t *Txn) ReviewFlags(of FlagPlace, review codec.Review) error {
	rng := storage.Prefix(keys.UserFlags(of.User))
	if of.Channel != Everywhere {
		rng = storage.Prefix(keys.Flags(of.Channel, of.Message))
	}
	_, found, err := t.txn.Read(nil, []storage.Range{rng})
	if err != nil {
		return err
	}
	for _, e := range found[0] {
		p, f, err := decodeFlag(of.Channel, e)
		if err != nil {
			return err
		}
		f.Review = review
		if err := t.put(flagKey(p), &f); err != nil {
			return err
		}
	}
	return nil
}

// decodeFlag reads a flag and its place.
func decodeFlag(c Channel, e storage.Entry) (p FlagPlace, f codec.Flag, err error) {
	p.Channel = c
	if c == Everywhere {
		p.User, p.By, err = keys.OfUserFlag(e.Key)
	} else {
		p.Message, p.By, err = keys.OfFlag(e.Key)
	}
	if err == nil {
		f, err = codec.DecodeFlag(e.Value)
	}
	p.At = f.At
	return p, f, err
}

// FlagsAfter reads the places of flags that come after one in the order of
// their times, at most limit: in a channel, or of everything.
func (r *Reader) FlagsAfter(c Channel, after FlagPlace, limit int) ([]FlagPlace, error) {
	rng := storage.Prefix(keys.FlagsAt())
	if c != Everywhere {
		rng = storage.Prefix(keys.FlagsIn(c))
	}
	if after != (FlagPlace{}) {
		entries := flagEntries(after)
		rng.Start = append(entries[len(entries)-1], 0)
		if c == Everywhere {
			rng.Start = append(entries[0], 0)
		}
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]FlagPlace, len(entries[0]))
	for i, e := range entries[0] {
		if c == Everywhere {
			list[i], err = keys.OfFlagAt(e.Key)
		} else {
			list[i], err = keys.OfFlagIn(c, e.Key)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// forgetFlags removes the flags of messages that are erased.
func (t *Txn) forgetFlags(c Channel, list ...*codec.Message) error {
	var times []int64
	for _, m := range list {
		if !m.Pending { // it has no flags, and perhaps the time of one that has
			times = append(times, m.CreatedAt)
		}
	}
	return t.DeleteFlags(c, "", times...)
}

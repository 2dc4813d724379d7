package record

import (
	"bytes"
	"fmt"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// VerifyBlocks compares the numbers of blocks that users have with the lists, of
// which none may be of nobody.
func (r *Reader) VerifyBlocks(repair *Txn) (problems []string, err error) {
	differs := func(mend func() error, format string, args ...any) error {
		problems = append(problems, fmt.Sprintf(format, args...))
		if repair == nil {
			return nil
		}
		return mend()
	}
	blocks, by := map[string]uint64{}, map[string]uint64{}
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.BlocksAll()), sliceLen) {
		if err != nil {
			return nil, err
		}
		l, err := codec.DecodeMutes(e.Value)
		if err != nil {
			return nil, err
		}
		user := keys.BlocksUser(e.Key)
		b := r.Batch()
		known := b.User(user)
		if err := b.Run(); err != nil {
			return nil, err
		}
		if !known.Found {
			if err := differs(func() error { return repair.PutBlocks(user, nil) }, "there are blocks by user %q, who does not exist", user); err != nil {
				return nil, err
			}
			continue
		}
		blocks[user] = uint64(len(l))
		for _, m := range l {
			by[m.User]++
		}
	}
	for after := ""; ; {
		users, err := r.Users(after, sliceLen)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			after = u.ID
			is := u
			is.Blocks = blocks[u.ID]
			if u.Erased == 0 {
				is.BlockedBy = by[u.ID]
			}
			if is == u {
				continue
			}
			if err := differs(func() error { return repair.PutUser(is) }, "user %q has other numbers of blocks than there are", u.ID); err != nil {
				return nil, err
			}
		}
		if len(users) < sliceLen {
			return problems, nil
		}
	}
}

// FlagProblem is a flag that the list of all flags does not hold, or holds
// without there being one.
type FlagProblem struct {
	FlagPlace
	Problem string
}

// VerifyFlags looks for entries of the list of all flags that lead to none, and
// for flags of users that are not in it.
func (r *Reader) VerifyFlags() (problems []FlagProblem, err error) {
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.FlagsAt()), sliceLen) {
		if err != nil {
			return nil, err
		}
		p, err := keys.OfFlagAt(e.Key)
		if err != nil {
			return nil, err
		}
		b := r.Batch()
		f := b.Flag(p)
		if err := b.Run(); err != nil {
			return nil, err
		}
		if !f.Found || f.V.At != p.At {
			problems = append(problems, FlagProblem{p, "the list of flags has an entry that leads to none"})
		}
	}
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.UserFlagsAll()), sliceLen) {
		if err != nil {
			return nil, err
		}
		p, _, err := decodeFlag(Everywhere, e)
		if err != nil {
			return nil, err
		}
		there, err := storage.Get(r.r, keys.FlagAt(p))
		if err != nil {
			return nil, err
		}
		if there == nil {
			problems = append(problems, FlagProblem{p, fmt.Sprintf("a flag of user %q is not in the list of flags", p.User)})
		}
	}
	return problems, nil
}

// MendFlag has the lists of flags hold that of a place if there is one that was
// put then, and else not.
func (t *Txn) MendFlag(p FlagPlace) error {
	b := t.Batch()
	f := b.Flag(p)
	if err := b.Run(); err != nil {
		return err
	}
	if f.Found && f.V.At == p.At {
		return t.PutFlag(p, &f.V)
	}
	return t.txn.Delete(flagEntries(p)...)
}

// flags checks the flags of a channel's messages and their entries.
func (v *verifier) flags() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.FlagsAll(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		p, f, err := decodeFlag(v.c, e)
		if err != nil {
			return err
		}
		b := v.Batch()
		place := b.Place(f.MessageID)
		if err := b.Run(); err != nil {
			return err
		}
		if place.V.Channel != uint64(v.c) || place.V.At != p.Message {
			err = v.differs(func(t *Txn) error { return t.DeleteFlags(v.c, "", p.Message) }, "a flag is of message %q, which does not lie there", f.MessageID)
			if err != nil {
				return err
			}
			continue
		}
		values, _, err := v.r.Read(flagEntries(p), nil)
		if err != nil {
			return err
		}
		for _, value := range values {
			if value != nil {
				continue
			}
			if err := v.differs(func(t *Txn) error { return t.PutFlag(p, &f) }, "a flag of message %q is not in the lists of flags", f.MessageID); err != nil {
				return err
			}
		}
	}
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.FlagsIn(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		p, err := keys.OfFlagIn(v.c, e.Key)
		if err != nil {
			return err
		}
		b := v.Batch()
		f := b.Flag(p)
		if err := b.Run(); err != nil {
			return err
		}
		if f.Found && f.V.At == p.At {
			continue
		}
		stale := bytes.Clone(e.Key)
		if err := v.differs(func(t *Txn) error { return t.txn.Delete(stale) }, "the list of flags has an entry that leads to none"); err != nil {
			return err
		}
	}
	return nil
}

// lastSend checks that what is kept of slow mode can be read and is of a user.
func (v *verifier) lastSend(e storage.Entry) error {
	user, ok := keys.OfLastSend(v.c, e.Key)
	if !ok {
		return nil
	}
	b := v.Batch()
	known := b.User(user)
	if err := b.Run(); err != nil {
		return err
	}
	if _, err := codec.DecodeTime(e.Value); err == nil && known.Found {
		return nil
	}
	key := bytes.Clone(e.Key)
	return v.differs(func(t *Txn) error { return t.txn.Delete(key) }, "when user %q sent last cannot be read, or there is no such user", user)
}

// ephemerals checks that the ids of ephemeral messages lead to them.
func (v *verifier) ephemerals() error {
	for e, err := range storage.Scan(v.r, storage.Prefix(keys.Ephemerals(v.c)), sliceLen) {
		if err != nil {
			return err
		}
		m, err := codec.DecodeEphemeral(e.Value)
		if err != nil {
			return err
		}
		v.result.Ephemeral = append(v.result.Ephemeral, m)
		b := v.Batch()
		place := b.Place(m.Message.ID)
		if err := b.Run(); err != nil {
			return err
		}
		if m.Message.ID != keys.EphemeralID(e.Key) {
			err = v.differs(nil, "ephemeral message %q lies in the wrong place", m.Message.ID)
		} else if place.V != (codec.Place{Kind: codec.PlaceEphemeral, Channel: uint64(v.c)}) {
			err = v.differs(func(t *Txn) error {
				return t.put(keys.Message(m.Message.ID), codec.Place{Kind: codec.PlaceEphemeral, Channel: uint64(v.c)})
			}, "the id of ephemeral message %q leads elsewhere", m.Message.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

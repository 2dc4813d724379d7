package chat

import (
	"context"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// bench is where bans from a channel, or from the whole application, are
// decided on, for one caller and about one user.
type bench struct {
	caller caller
	cid    CID
	user   string         // the other
	number record.Channel // Everywhere: the whole application
	room   *room          // nil: the whole application
	types  []*ChannelType // of the whole application
	now    int64

	self, other *record.Value[codec.User]
	member      *record.Value[codec.Member] // the other's
	ban         *record.Value[codec.Ban]    // the other's
}

// openBench reads what it takes to decide; user may be empty. ErrNotFound for
// the channel that the caller may not read.
func openBench(r *record.Reader, c caller, cid CID, user UserID) (*bench, error) {
	if cid == "" {
		return openBenchOfAll(r, c, user)
	}
	b := &bench{caller: c, cid: cid, user: string(user), now: now().UnixMicro()}
	var err error
	b.room, err = openRoom(r, c, cid, more{
		first: func(batch *record.Batch) { b.other = batch.User(string(user)) },
		second: func(batch *record.Batch, number record.Channel) {
			b.number = number
			b.member, b.ban = batch.Member(number, string(user)), batch.Ban(number, string(user))
		},
	})
	if err != nil {
		return nil, err
	}
	b.self = &b.room.read.User
	return b, b.room.enter()
}

func openBenchOfAll(r *record.Reader, c caller, user UserID) (*bench, error) {
	b := &bench{caller: c, user: string(user), number: record.Everywhere, now: now().UnixMicro()}
	batch := r.Batch()
	b.self, b.other = batch.User(string(c.user)), batch.User(string(user))
	b.ban = batch.Ban(record.Everywhere, string(user))
	banned := batch.Ban(record.Everywhere, string(c.user))
	if err := batch.Run(); err != nil {
		return nil, err
	}
	if err := checkCaller(c, b.self); err != nil {
		return nil, err
	}
	if !c.app && bars(banned, b.now) {
		return nil, bannedFrom(c.user, "the whole application", &banned.V)
	}
	var err error
	b.types, err = record.Types[ChannelType](r)
	return b, err
}

// mayBan is an error unless the caller may ban here.
func (b *bench) mayBan() error {
	if b.room != nil {
		if err := b.room.change(); err != nil {
			return err
		}
	}
	return b.maySee()
}

// maySee is an error unless the caller may list bans here.
func (b *bench) maySee() error {
	switch {
	case b.caller.app:
		return nil
	case b.room != nil:
		return b.room.need(BanChannelMember)
	case !slices.Contains(b.own(), BanUser):
		return fail(ErrPermission, "", "needs the permission %s", BanUser)
	}
	return nil
}

// granted is everything a user may do here, some of it twice: in the channel,
// or by their role in any channel type.
func (b *bench) granted(user *record.Value[codec.User], member *record.Value[codec.Member]) []Action {
	if b.room != nil {
		return grantedTo(b.room.kind, &user.V, member.Found, &member.V, b.room.channel.CreatedBy)
	}
	var list []Action
	for _, t := range b.types {
		list = append(list, t.Grants[Role(user.V.Role)]...)
	}
	return list
}

// own is everything the caller may do here.
func (b *bench) own() []Action {
	if b.room != nil {
		return b.room.granted()
	}
	return b.granted(b.self, nil)
}

// above is an error if another user may do more than the caller, and may ban too
// or created the channel.
func (b *bench) above(user *record.Value[codec.User], member *record.Value[codec.Member]) error {
	own, others := b.own(), b.granted(user, member)
	power, creator := BanUser, false
	if b.room != nil {
		power, creator = BanChannelMember, user.Found && user.V.ID == b.room.channel.CreatedBy
	}
	if !creator && !slices.Contains(others, power) {
		return nil
	}
	for _, action := range others {
		if !slices.Contains(own, action) {
			return fail(ErrPermission, "user", "user %q may %s, which the caller may not", user.V.ID, action)
		}
	}
	return nil
}

// mayEnd is an error if the other has a ban that is not for the caller to end or
// to replace: one by the application, or by who is above.
func (b *bench) mayEnd(r *record.Reader) error {
	by := b.ban.V.By
	switch {
	case b.caller.app || !active(b.ban, b.now) || by == string(b.caller.user):
		return nil
	case by == "":
		return fail(ErrPermission, "user", "user %q is banned by the application", b.user)
	}
	batch := r.Batch()
	user := batch.User(by)
	var member *record.Value[codec.Member]
	if b.room != nil {
		member = batch.Member(b.number, by)
	}
	if err := batch.Run(); err != nil {
		return err
	}
	return b.above(user, member)
}

// put stores the other's ban.
func (b *bench) put(tx *record.Txn, d BanDraft, by UserID) (Ban, error) {
	if !exists(b.other) {
		return Ban{}, invalid("user", "user %q does not exist", d.User)
	}
	if err := b.mayPut(&tx.Reader, by); err != nil {
		return Ban{}, err
	}
	ban := codec.Ban{By: string(by), Reason: d.Reason, At: b.now, Shadow: d.Shadow}
	if d.Lasting > 0 {
		ban.Until = b.now + d.Lasting.Microseconds()
	}
	if err := tx.PutBan(b.number, b.user, &ban); err != nil {
		return Ban{}, err
	}
	if d.DeleteMessages != 0 {
		if err := b.mayDelete(); err != nil {
			return Ban{}, err
		}
		if err := b.deleteMessages(tx, &d, by); err != nil {
			return Ban{}, err
		}
	}
	if err := b.setEnd(tx, ban.Until); err != nil {
		return Ban{}, err
	}
	if d.Shadow && bars(b.ban, b.now) { // for them, their ban is over
		if err := tellBan(tx, codec.EventUserUnbanned, b.number, b.user, string(by), false); err != nil {
			return Ban{}, err
		}
	}
	if err := tellBan(tx, codec.EventUserBanned, b.number, b.user, string(by), d.Shadow); err != nil {
		return Ban{}, err
	}
	list, err := renderBans(&tx.Reader, b.cid, []record.Banned{{User: b.user, Ban: ban}})
	if err != nil {
		return Ban{}, err
	}
	return list[0], nil
}

// mayPut is an error unless the caller may ban the other, in the name of by.
func (b *bench) mayPut(r *record.Reader, by UserID) error {
	if !b.caller.app {
		if err := b.above(b.other, b.member); err != nil {
			return err
		}
		return b.mayEnd(r)
	}
	if by == "" {
		return nil
	}
	batch := r.Batch()
	user := batch.User(string(by))
	if err := batch.Run(); err != nil {
		return err
	}
	return checkUser("by", by, user)
}

// lift removes the other's ban.
func (b *bench) lift(tx *record.Txn) error {
	if !b.ban.Found || b.isOwnShadow() {
		return nil
	}
	if err := b.mayEnd(&tx.Reader); err != nil {
		return err
	}
	if err := tx.DeleteBan(b.number, b.user); err != nil {
		return err
	}
	if err := b.setEnd(tx, 0); err != nil {
		return err
	}
	return tellBan(tx, codec.EventUserUnbanned, b.number, b.user, string(b.caller.user), b.ban.V.Shadow)
}

// isOwnShadow says whether the ban is one that the caller must not learn of.
func (b *bench) isOwnShadow() bool {
	return !b.caller.app && b.ban.V.Shadow && b.user == string(b.caller.user)
}

// benchPage reads a page of a list of one kind, for who may ban there: read
// reads what comes after a place, and says at which the page ends, if more may
// follow.
func benchPage[T any](
	ctx context.Context, a *App, op string, c caller, q BanQuery, kind byte,
	read func(r *record.Reader, b *bench, after string) (items []T, last string, err error),
) (Page[T], error) {
	var page Page[T]
	var tokenOf record.Channel
	var after string
	var err error
	if q.CID != "" {
		err = checkCID("cid", q.CID)
	}
	if err == nil && q.Page != "" {
		err = q.Page.decodeIn(kind, &tokenOf, &after)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		page = Page[T]{}
		b, err := openBench(r, c, q.CID, "")
		if err == nil {
			err = b.maySee()
		}
		if err != nil {
			return err
		}
		if q.Page != "" && tokenOf != b.number {
			return otherChannel()
		}
		items, last, err := read(r, b, after)
		if last != "" {
			page.Next = encodeTokenIn(kind, b.number, last)
		}
		page.Items = items
		return err
	})
	return page, err
}

// lasting reads bans that last, of users with ids after one.
func (b *bench) lasting(r *record.Reader, after string, limit int) ([]record.Banned, error) {
	var list []record.Banned
	for len(list) < limit {
		more, err := r.Bans(b.number, after, limit)
		if err != nil {
			return nil, err
		}
		for _, ban := range more {
			after = ban.User
			known := b.caller.app || !ban.Shadow || ban.User != string(b.caller.user)
			if known && (ban.Until == 0 || ban.Until > b.now) {
				list = append(list, ban)
			}
		}
		if len(more) < limit {
			break
		}
	}
	return list[:min(limit, len(list))], nil
}

package chat

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// Ban is a user banned from the whole application or from one channel: they go
// on reading, and can post nothing.
type Ban struct {
	User      User
	CID       CID   // empty: the whole application
	By        *User // nil: the application itself
	Reason    string
	CreatedAt time.Time
	Expires   *time.Time // nil: never
}

// BanDraft says whom to ban, from where, why and for how long.
type BanDraft struct {
	User    UserID
	CID     CID           // empty: the whole application
	Reason  string        // at most 1,000 runes; who may list bans reads it
	Lasting time.Duration // 0: for good
}

// BanQuery asks for bans.
type BanQuery struct {
	CID   CID // of a channel; empty: of the whole application
	Limit int // default 25, at most 300
	Page  PageToken
}

// Ban bans a user, in the name of by: a user who exists and is active, or
// empty. A banned user's sends, edits, commands and changes of channels answer
// ErrBanned; they still read, leave, flag, mute, and delete what is their own.
// A ban replaces the one there is. It ends by the clock, at once; what is left
// of it is removed in the background. One that is in nobody's name is ended or
// replaced by the application alone. ErrInvalid for a user who does not exist,
// and for by itself.
func (a *App) Ban(ctx context.Context, d BanDraft, by UserID) (_ Ban, err error) {
	const op = "Ban"
	defer a.operation(&ctx, op).ended(&err)
	if by != "" {
		if err := checkUserID("by", by); err != nil {
			return Ban{}, in(op, err)
		}
	}
	return a.ban(ctx, op, application, d, by)
}

// Ban bans a user from a channel, which needs ban-channel-member in it, or from
// the whole application, which needs ban-user of any channel type. ErrInvalid
// for oneself. ErrPermission for one who may ban too, or created the channel, and
// may do more than oneself; and where there is a ban that Unban does not end. See
// [App.Ban].
func (s *Session) Ban(ctx context.Context, d BanDraft) (_ Ban, err error) {
	defer s.app.operation(&ctx, "Ban").ended(&err)
	return s.app.ban(ctx, "Ban", as(s.user), d, s.user)
}

// Unban ends a user's ban from a channel, or from the whole application if cid
// is empty. One who is not banned is no error.
func (a *App) Unban(ctx context.Context, user UserID, cid CID) (err error) {
	defer a.operation(&ctx, "Unban").ended(&err)
	return a.unban(ctx, "Unban", application, user, cid)
}

// Unban ends a user's ban; it needs what Ban needs. One who is not banned is no
// error. ErrPermission for a ban that is the application's, or by another user
// who may ban still and may do more than oneself.
func (s *Session) Unban(ctx context.Context, user UserID, cid CID) (err error) {
	defer s.app.operation(&ctx, "Unban").ended(&err)
	return s.app.unban(ctx, "Unban", as(s.user), user, cid)
}

// Bans returns a page of the users who are banned now, by their ids. The list
// is read forwards: Prev is always empty.
func (a *App) Bans(ctx context.Context, q BanQuery) (_ Page[Ban], err error) {
	defer a.operation(&ctx, "Bans").ended(&err)
	return a.bans(ctx, "Bans", application, q)
}

// Bans returns a page of the users who are banned now; it needs what Ban needs.
// See [App.Bans].
func (s *Session) Bans(ctx context.Context, q BanQuery) (_ Page[Ban], err error) {
	defer s.app.operation(&ctx, "Bans").ended(&err)
	return s.app.bans(ctx, "Bans", as(s.user), q)
}

const maxReason = 1000 // runes of the reason of a ban or a flag

func checkReason(reason string) error {
	if err := checkText("reason", reason); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return fail(ErrTooLong, "reason", "has %d characters; at most %d", n, maxReason)
	}
	return nil
}

// active says whether a ban, if there is one, lasts at a time.
func active(ban *record.Value[codec.Ban], at int64) bool {
	return ban.Found && (ban.V.Until == 0 || ban.V.Until > at)
}

// leftByBan is what a ban leaves a user: what concerns themselves alone, or
// tells others of what goes wrong.
var leftByBan = [...]Action{
	ReadChannel, LeaveChannel, MuteChannel, MuteUser, FlagMessage, FlagUser, DeleteMessageOwn, DeleteReactionOwn,
	SearchMessages, ReadRestrictedVisibilityMessage,
}

// banned says whether the caller is banned here.
func (r *room) banned() bool {
	return !r.app && (active(&r.read.Ban, r.now) || active(&r.read.Banned, r.now))
}

// unbanned is an error if a ban keeps the caller from doing something.
func (r *room) unbanned(action Action) error {
	if !r.banned() || slices.Contains(leftByBan[:], action) {
		return nil
	}
	ban := r.read.Ban.V
	where := fmt.Sprintf("channel %q", r.channel.CID)
	if active(&r.read.Banned, r.now) {
		ban, where = r.read.Banned.V, "the whole application"
	}
	return bannedFrom(r.user, where, &ban)
}

func bannedFrom(user UserID, where string, ban *codec.Ban) error {
	until := ""
	if ban.Until != 0 {
		until = " until " + moment(ban.Until).Format(time.RFC3339)
	}
	return fail(ErrBanned, "", "user %q is banned from %s%s", user, where, until)
}

// banScope is the scope of a ban.
func banScope(cid CID, user UserID) string {
	if cid == "" {
		return record.UserScope(string(user))
	}
	return record.ChannelScope(string(cid))
}

func checkBan(user UserID, cid CID) error {
	if err := checkUserID("user", user); err != nil {
		return err
	}
	if cid == "" {
		return nil
	}
	return checkCID("cid", cid)
}

func (a *App) ban(ctx context.Context, op string, c caller, d BanDraft, by UserID) (Ban, error) {
	err := d.check(by)
	if err != nil {
		return Ban{}, in(op, err)
	}
	var made Ban
	err = a.update(ctx, op, banScope(d.CID, d.User), func(tx *record.Txn) error {
		b, err := openBench(&tx.Reader, c, d.CID, d.User)
		if err == nil {
			err = b.mayBan()
		}
		if err == nil {
			made, err = b.put(tx, d, by)
		}
		return err
	})
	if d.Lasting > 0 {
		a.outbox.Wake()
	}
	return made, err
}

func (d *BanDraft) check(by UserID) error {
	if err := checkBan(d.User, d.CID); err != nil {
		return err
	}
	if err := checkReason(d.Reason); err != nil {
		return err
	}
	if d.User == by {
		return invalid("user", "is oneself")
	}
	return checkDuration(d.Lasting)
}

func (a *App) unban(ctx context.Context, op string, c caller, user UserID, cid CID) error {
	if err := checkBan(user, cid); err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, banScope(cid, user), func(tx *record.Txn) error {
		b, err := openBench(&tx.Reader, c, cid, user)
		if err == nil {
			err = b.mayBan()
		}
		if err != nil {
			return err
		}
		return b.lift(tx)
	})
}

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
	if !c.app && active(banned, b.now) {
		return nil, bannedFrom(c.user, "the whole application", &banned.V)
	}
	var err error
	b.types, err = record.Types[ChannelType](r)
	return b, err
}

// mayBan is an error unless the caller may ban here, and list bans.
func (b *bench) mayBan() error {
	switch {
	case b.caller.app:
		return nil
	case b.room != nil:
		if err := b.room.change(); err != nil {
			return err
		}
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
	if !b.other.Found {
		return Ban{}, invalid("user", "user %q does not exist", d.User)
	}
	if err := b.mayPut(&tx.Reader, by); err != nil {
		return Ban{}, err
	}
	ban := codec.Ban{By: string(by), Reason: d.Reason, At: b.now}
	if d.Lasting > 0 {
		ban.Until = b.now + d.Lasting.Microseconds()
	}
	if err := tx.PutBan(b.number, b.user, &ban); err != nil {
		return Ban{}, err
	}
	if err := b.setEnd(tx, ban.Until); err != nil {
		return Ban{}, err
	}
	if err := tellBan(tx, codec.EventUserBanned, b.number, b.user, string(by)); err != nil {
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
	if !b.ban.Found {
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
	return tellBan(tx, codec.EventUserUnbanned, b.number, b.user, string(b.caller.user))
}

// tellBan tells of a ban, or of its end, who is banned and, in a channel, its
// readers.
func tellBan(tx *record.Txn, kind codec.EventKind, number record.Channel, user, by string) error {
	e := codec.Event{Kind: kind, At: now().UnixMicro(), User: user, By: by}
	if number == record.Everywhere {
		return tx.TellUser(user, &e)
	}
	e.Channel = uint64(number)
	return tx.TellChannel(number, &e)
}

// setEnd records when what is left of the other's ban is to be removed.
func (b *bench) setEnd(tx *record.Txn, until int64) error {
	subject := fmt.Sprintf("%d %s", b.number, b.user)
	if err := tx.CancelTasks(queueBan, subject); err != nil || until == 0 {
		return err
	}
	return tx.AddTask(queueBan, subject, codec.Task{
		Scope: banScope(b.cid, UserID(b.user)), Payload: b.user, RecordedAt: b.now, Due: until,
	})
}

// endBan removes a ban that is over. By now it may be another.
func (a *App) endBan(ctx context.Context, job outbox.Job) error {
	var number record.Channel
	if _, err := fmt.Sscan(job.Subject, &number); err != nil {
		return err
	}
	return a.db.Update(ctx, job.Scope, func(tx *record.Txn) error {
		b := tx.Batch()
		ban := b.Ban(number, job.Payload)
		if err := b.Run(); err != nil || !ban.Found || active(ban, now().UnixMicro()) {
			return err
		}
		if err := tx.DeleteBan(number, job.Payload); err != nil {
			return err
		}
		return tellBan(tx, codec.EventUserUnbanned, number, job.Payload, "")
	})
}

func (a *App) bans(ctx context.Context, op string, c caller, q BanQuery) (Page[Ban], error) {
	if err := checkLimit("limit", &q.Limit, standardPage, maxPage); err != nil {
		return Page[Ban]{}, in(op, err)
	}
	return benchPage(ctx, a, op, c, q, tokenBans, func(r *record.Reader, b *bench, after string) ([]Ban, string, error) {
		list, err := b.lasting(r, after, q.Limit+1)
		if err != nil {
			return nil, "", err
		}
		last := ""
		if len(list) > q.Limit {
			list = list[:q.Limit]
			last = list[q.Limit-1].User
		}
		bans, err := renderBans(r, q.CID, list)
		return bans, last, err
	})
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
			err = b.mayBan()
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
			if after = ban.User; ban.Until == 0 || ban.Until > b.now {
				list = append(list, ban)
			}
		}
		if len(more) < limit {
			break
		}
	}
	return list[:min(limit, len(list))], nil
}

func renderBans(r *record.Reader, cid CID, list []record.Banned) ([]Ban, error) {
	people := r.People()
	batch := r.Batch()
	for _, b := range list {
		people.Want(batch, b.User)
		if b.By != "" {
			people.Want(batch, b.By)
		}
	}
	if err := batch.Run(); err != nil {
		return nil, err
	}
	var bans []Ban
	for _, b := range list {
		ban := Ban{User: shown(&people, b.User), CID: cid, Reason: b.Reason, CreatedAt: moment(b.At), Expires: momentPtr(b.Until)}
		if b.By != "" {
			by := shown(&people, b.By)
			ban.By = &by
		}
		bans = append(bans, ban)
	}
	return bans, nil
}

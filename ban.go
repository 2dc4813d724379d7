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
// on reading, and can post nothing, or what they post is seen by nobody else.
type Ban struct {
	User      User       `json:"user"`
	CID       CID        `json:"cid"` // empty: the whole application
	By        *User      `json:"by"`  // nil: the application itself
	Reason    string     `json:"reason"`
	Shadow    bool       `json:"shadow"`
	CreatedAt time.Time  `json:"created_at"`
	Expires   *time.Time `json:"expires"` // nil: never
}

// BanDraft says whom to ban, from where, why and for how long.
type BanDraft struct {
	User    UserID
	CID     CID           // empty: the whole application
	Reason  string        // at most 1,000 runes; who may list bans reads it
	Lasting time.Duration // 0: for good

	// Shadow leaves the user unaware: they post as ever, and what they post is
	// seen by themselves alone. The application sees it too, and so does who may
	// read-restricted-visibility-message; both see that it is so: see
	// Message.Shadowed. It stays so when the ban is over.
	Shadow bool

	// DeleteMessages deletes what the user has sent up to the ban, in the
	// channel or in all channels, in the background: DeleteSoft or DeleteHard;
	// 0 leaves it. Each is deleted as by [App.DeleteMessage], pending ones for
	// good. It goes on when the ban is over.
	DeleteMessages DeleteMode
}

// BanQuery asks for bans.
type BanQuery struct {
	CID   CID // of a channel; empty: of the whole application
	Limit int // default 25, at most 300
	Page  PageToken
}

// Ban bans a user, in the name of by: a user who exists and is active, or
// empty. A banned user's sends, edits, commands and changes of channels answer
// ErrBanned, unless it is a shadow ban; they still read, leave, flag, mute, and delete what is their own.
// A ban replaces the one there is. It ends by the clock, at once; what is left
// of it is removed in the background. One that is in nobody's name is ended or
// replaced by the application alone. ErrInvalid for a user who does not exist,
// and for by itself; ErrChannelDeleted.
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
// may do more than oneself; to delete messages with the ban without
// delete-message, for all channels of every channel type; and where there is a ban that Unban does not end. See
// [App.Ban].
func (s *Session) Ban(ctx context.Context, d BanDraft) (_ Ban, err error) {
	defer s.app.operation(&ctx, "Ban").ended(&err)
	return s.app.ban(ctx, "Ban", as(s.user), d, s.user)
}

// Unban ends a user's ban from a channel, or from the whole application if cid
// is empty. One who is not banned is no error. ErrChannelDeleted.
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

func checkReason(field, reason string) error {
	if err := checkText(field, reason); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return fail(ErrTooLong, field, "has %d characters; at most %d", n, maxReason)
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

// bars says whether a ban lasts that the user knows of: what they post is
// refused.
func bars(ban *record.Value[codec.Ban], at int64) bool { return active(ban, at) && !ban.V.Shadow }

// banned says whether the caller is banned here and knows it.
func (r *room) banned() bool {
	return !r.app && (bars(&r.read.Ban, r.now) || bars(&r.read.Banned, r.now))
}

// shadowed says whether what the caller posts here is for them alone.
func (r *room) shadowed() bool {
	return !r.app && (r.blocked || active(&r.read.Ban, r.now) && r.read.Ban.V.Shadow || active(&r.read.Banned, r.now) && r.read.Banned.V.Shadow)
}

// knowsShadowed says whether the caller is told that a message is seen by its
// author alone.
func (r *room) knowsShadowed(m *codec.Message) bool {
	return r.app || m.Author != string(r.user) && r.seesAllPrivate()
}

// unaware says whether a message is seen by its author alone, and that is a user,
// who is not to know.
func unaware(m *codec.Message, user string) bool {
	return m.Shadowed && m.Author == user
}

// unbanned is an error if a ban keeps the caller from doing something. What is
// not of this channel a ban from it leaves them.
func (r *room) unbanned(action Action) error {
	switch {
	case !r.banned() || slices.Contains(leftByBan[:], action):
		return nil
	case bars(&r.read.Banned, r.now):
		return bannedFrom(r.user, "the whole application", &r.read.Banned.V)
	case action == CreateChannel || action == BanUser:
		return nil
	}
	return bannedFrom(r.user, fmt.Sprintf("channel %q", r.channel.CID), &r.read.Ban.V)
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
	if d.Lasting > 0 || d.DeleteMessages != 0 {
		a.outbox.Wake()
	}
	return made, err
}

func (d *BanDraft) check(by UserID) error {
	if err := checkBan(d.User, d.CID); err != nil {
		return err
	}
	if err := checkReason("reason", d.Reason); err != nil {
		return err
	}
	if d.User == by {
		return invalid("user", "is oneself")
	}
	switch d.DeleteMessages {
	case 0, DeleteSoft, DeleteHard:
	default:
		return invalid("delete_messages", "is %d; must be DeleteSoft, DeleteHard or 0 for none", d.DeleteMessages)
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

// tellBan tells of a ban, or of its end, who is banned and, in a channel, its
// readers. That of a shadow ban is told as one that the banned must not learn of.
func tellBan(tx *record.Txn, kind codec.EventKind, number record.Channel, user, by string, shadow bool) error {
	e := codec.Event{Kind: kind, At: now().UnixMicro(), User: user, By: by, Hard: shadow}
	if number == record.Everywhere {
		return tx.TellUser(user, &e)
	}
	e.Channel = uint64(number)
	return tx.TellChannel(number, &e)
}

// setEnd records when what is left of the other's ban is to be removed.
func (b *bench) setEnd(tx *record.Txn, until int64) error {
	if err := tx.CancelTasks(queueBan, banSubject(b.number, b.user)); err != nil || until == 0 {
		return err
	}
	return addBanEnd(tx, b.number, b.cid, b.user, until)
}

func banSubject(number record.Channel, user string) string { return fmt.Sprintf("%d %s", number, user) }

func addBanEnd(tx *record.Txn, number record.Channel, cid CID, user string, until int64) error {
	return tx.AddTask(queueBan, banSubject(number, user), codec.Task{
		Scope: banScope(cid, UserID(user)), Payload: user, RecordedAt: now().UnixMicro(), Due: until,
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
		return tellBan(tx, codec.EventUserUnbanned, number, job.Payload, "", ban.V.Shadow)
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
		ban := Ban{User: shown(&people, b.User), CID: cid, Reason: b.Reason, Shadow: b.Shadow, CreatedAt: moment(b.At), Expires: momentPtr(b.Until)}
		if b.By != "" {
			by := shown(&people, b.By)
			ban.By = &by
		}
		bans = append(bans, ban)
	}
	return bans, nil
}

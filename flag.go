package chat

import (
	"context"
	"math"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Flag is one user's report of a message or of another user, for moderators to
// look at. It changes nothing else.
type Flag struct {
	Message   *Message    `json:"message"` // as the viewer sees it now; nil: a user is flagged
	User      User        `json:"user"`    // who is flagged, or the author of the message
	By        *User       `json:"by"`      // nil: a block list, which Reason names
	Reason    string      `json:"reason"`
	CreatedAt time.Time   `json:"created_at"`
	Review    *FlagReview `json:"review"` // nil: it is open
}

// FlagQuery asks for flags.
type FlagQuery struct {
	CID   CID       // of messages of a channel; empty: of all messages and users
	State FlagState // default: open and reviewed
	Limit int       // default 25, at most 300
	Page  PageToken
}

// FlagMessage reports a message to the moderators; it needs flag-message.
// ErrNotFound for one that the user cannot see, ErrDeleted and ErrPending for
// one that is deleted or their own and pending. Again, it replaces the reason,
// at most 1,000 runes, and keeps its place in the list unless it was reviewed.
func (s *Session) FlagMessage(ctx context.Context, id MessageID, reason string) (err error) {
	const op = "FlagMessage"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkReason("reason", reason); err != nil {
		return in(op, err)
	}
	return s.app.changeMessage(ctx, op, as(s.user), id, func(tx *record.Txn, f *found) error {
		if err := f.room.need(FlagMessage); err != nil {
			return err
		}
		switch {
		case f.message.Pending:
			return fail(ErrPending, "id", "message %q is pending", id)
		case f.sight != whole:
			return fail(ErrDeleted, "id", "message %q is deleted", id)
		}
		again, err := putFlag(tx, record.FlagPlace{
			At: f.room.now, Channel: f.room.number, Message: f.message.CreatedAt, By: string(s.user),
		}, codec.Flag{MessageID: f.message.ID, Reason: reason})
		if err != nil || again {
			return err
		}
		return tellMessage(tx, codec.EventMessageFlagged, f.room.number, f.message, string(s.user))
	})
}

// FlagUser reports a user to the moderators; it needs flag-user of any channel
// type. ErrNotFound for one who does not exist, ErrInvalid for oneself. Again,
// it replaces the reason, at most 1,000 runes, and keeps its place in the list
// unless it was reviewed.
func (s *Session) FlagUser(ctx context.Context, user UserID, reason string) (err error) {
	const op = "FlagUser"
	defer s.app.operation(&ctx, op).ended(&err)
	err = checkUserID("user", user)
	if err == nil {
		err = checkReason("reason", reason)
	}
	if err == nil && user == s.user {
		err = invalid("user", "is oneself")
	}
	if err != nil {
		return in(op, err)
	}
	return s.app.update(ctx, op, record.UserScope(string(user)), func(tx *record.Txn) error {
		b := tx.Batch()
		self, other := b.User(string(s.user)), b.User(string(user))
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), self); err != nil {
			return err
		}
		may, err := grantedAnywhere(&tx.Reader, self.V.Role, FlagUser)
		switch {
		case err != nil:
			return err
		case !may:
			return fail(ErrPermission, "", "needs the permission %s", FlagUser)
		case !exists(other):
			return notFound("user", user)
		}
		place := record.FlagPlace{At: now().UnixMicro(), User: string(user), By: string(s.user)}
		again, err := putFlag(tx, place, codec.Flag{Reason: reason})
		if err != nil || again {
			return err
		}
		return tx.TellUser(string(s.user), &codec.Event{
			Kind: codec.EventUserFlagged, At: place.At, User: string(user), By: string(s.user),
		})
	})
}

// putFlag stores a flag; one that is there and open keeps its time.
func putFlag(tx *record.Txn, place record.FlagPlace, flag codec.Flag) (again bool, err error) {
	b := tx.Batch()
	known := b.Flag(place)
	if err := b.Run(); err != nil {
		return false, err
	}
	if known.Found && known.V.Review.At != 0 {
		flag.At = place.At
		return false, tx.MoveFlag(place, known.V.At, &flag)
	}
	if known.Found {
		place.At = known.V.At
	}
	flag.At = place.At
	return known.Found, tx.PutFlag(place, &flag)
}

// UnflagMessage removes all flags of a message: it was looked at. ErrNotFound
// if the message does not exist.
func (a *App) UnflagMessage(ctx context.Context, id MessageID) (err error) {
	defer a.operation(&ctx, "UnflagMessage").ended(&err)
	return a.changeMessage(ctx, "UnflagMessage", application, id, func(tx *record.Txn, f *found) error {
		if f.message.Pending {
			return nil // it has none, and perhaps the time of one that has
		}
		return tx.DeleteFlags(f.room.number, "", f.message.CreatedAt)
	})
}

// UnflagUser removes all flags of a user. One who has none is no error.
func (a *App) UnflagUser(ctx context.Context, user UserID) (err error) {
	const op = "UnflagUser"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("user", user); err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.UserScope(string(user)), func(tx *record.Txn) error {
		return tx.DeleteFlags(record.Everywhere, string(user))
	})
}

// Flags returns a page of flags, oldest first: of the messages of a channel, or
// of all messages and users. What is flagged and gone, or hidden by truncating,
// is left out; where that is most, a page may have fewer than Limit as that of
// [Session.Flags]. The list is read forwards: Prev is always empty.
func (a *App) Flags(ctx context.Context, q FlagQuery) (_ Page[Flag], err error) {
	defer a.operation(&ctx, "Flags").ended(&err)
	return a.flags(ctx, "Flags", application, q)
}

// Flags returns a page of the flags that the user is to look at: of messages
// that they can see, where they may ban-channel-member, and, in the list of all,
// of users. The list of a channel needs that permission in it, the list of all
// needs ban-user of any channel type. About 500 flags are looked at for a page:
// where most are not theirs to look at it has fewer than Limit, or none, and more
// may follow as long as there is a Next. See [App.Flags].
func (s *Session) Flags(ctx context.Context, q FlagQuery) (_ Page[Flag], err error) {
	defer s.app.operation(&ctx, "Flags").ended(&err)
	return s.app.flags(ctx, "Flags", as(s.user), q)
}

func (a *App) flags(ctx context.Context, op string, c caller, q FlagQuery) (Page[Flag], error) {
	if err := checkLimit("limit", &q.Limit, standardPage, maxPage); err != nil {
		return Page[Flag]{}, in(op, err)
	}
	if q.State < AnyFlags || q.State > ReviewedFlags {
		return Page[Flag]{}, in(op, invalid("state", "is %d; must be AnyFlags, OpenFlags or ReviewedFlags", q.State))
	}
	return benchPage(ctx, a, op, c, BanQuery{CID: q.CID, Limit: q.Limit, Page: q.Page}, tokenFlags, func(r *record.Reader, b *bench, after string) ([]Flag, string, error) {
		l := &flagList{reader: r, caller: c, number: b.number, state: q.State}
		last, err := l.page(after, q.Limit)
		if err != nil {
			return nil, "", err
		}
		flags, err := l.render()
		return flags, last, err
	})
}

// flagList reads the flags that a caller may see. A token of it is the key of a
// place.
type flagList struct {
	reader *record.Reader
	caller caller
	number record.Channel
	state  FlagState
	after  record.FlagPlace

	places   []record.FlagPlace
	flags    []codec.Flag
	messages []*found // nil: a user is flagged
}

// page reads at most limit flags after the place of a key, and says at which
// place it ends if more may follow.
func (l *flagList) page(after string, limit int) (last string, err error) {
	if after != "" {
		if l.after, err = record.FlagPlaceOf(after); err != nil {
			return "", invalid("page", "is not a page token of this list")
		}
	}
	more, err := l.read(limit + 1)
	switch {
	case err != nil:
		return "", err
	case len(l.places) > limit:
		l.places = l.places[:limit]
		return l.places[limit-1].Key(), nil
	case more:
		return l.after.Key(), nil
	}
	return "", nil
}

// flagsRead is how many flags are read for one page, more or less: those passed
// over count.
const flagsRead = 500

// read reads until there are as many as the limit, or enough were read: then
// more may follow.
func (l *flagList) read(limit int) (more bool, err error) {
	for looked := 0; len(l.places) < limit; {
		places, err := l.reader.FlagsAfter(l.number, l.after, limit)
		if err != nil || len(places) == 0 {
			return false, err
		}
		last := len(places) < limit
		if looked >= flagsRead {
			// The page ends with a moment: of what is passed over its token tells
			// nothing else.
			at := l.after.At
			places = slices.DeleteFunc(places, func(p record.FlagPlace) bool { return p.At != at })
			if last = false; len(places) == 0 {
				l.after = l.endOf(at)
				return true, nil
			}
		}
		looked += len(places)
		l.after = places[len(places)-1]
		if err := l.add(places); err != nil || last {
			return false, err
		}
	}
	return false, nil
}

// endOf is a place that comes after all of a moment, and is nobody's.
func (l *flagList) endOf(at int64) record.FlagPlace {
	p := record.FlagPlace{At: at, Channel: l.number, Message: never, By: "-"}
	if l.number == record.Everywhere {
		p.Channel = math.MaxUint64
	}
	return p
}

// add adds those flags of some that the caller may see.
func (l *flagList) add(places []record.FlagPlace) error {
	flags := make([]*record.Value[codec.Flag], len(places))
	b := l.reader.Batch()
	for i, p := range places {
		flags[i] = b.Flag(p)
	}
	if err := b.Run(); err != nil {
		return err
	}
	ids := make([]MessageID, len(places))
	for i, f := range flags {
		ids[i] = MessageID(f.V.MessageID)
	}
	messages, err := findAll(l.reader, l.caller, slices.DeleteFunc(slices.Clone(ids), func(id MessageID) bool { return id == "" }))
	if err != nil {
		return err
	}
	for i, p := range places {
		var m *found
		if ids[i] != "" {
			m, messages = messages[0], messages[1:]
		}
		if !flags[i].Found || !l.state.wants(&flags[i].V) || p.Channel != record.Everywhere && !looksAfter(m) {
			continue
		}
		l.places, l.flags, l.messages = append(l.places, p), append(l.flags, flags[i].V), append(l.messages, m)
	}
	return nil
}

// looksAfter says whether a message, as found by a moderator, is theirs to look
// at.
func looksAfter(m *found) bool {
	return m != nil && m.room.enter() == nil && m.room.need(BanChannelMember) == nil
}

func flagger(people *record.People, by string) *User {
	if by == byBlockList {
		return nil
	}
	u := shown(people, by)
	return &u
}

// render makes the flags of the list.
func (l *flagList) render() ([]Flag, error) {
	var list []found
	people := l.reader.People()
	b := l.reader.Batch()
	for i, p := range l.places {
		people.Want(b, p.By)
		people.Want(b, l.flags[i].Review.By)
		if m := l.messages[i]; m != nil {
			list = append(list, *m)
		} else {
			people.Want(b, p.User)
		}
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	messages, err := render(l.reader, list)
	if err != nil {
		return nil, err
	}
	var flags []Flag
	for i, p := range l.places {
		f := Flag{By: flagger(&people, p.By), Reason: l.flags[i].Reason, CreatedAt: moment(p.At), Review: reviewFrom(&people, l.flags[i].Review)}
		if l.messages[i] != nil {
			f.Message, messages = &messages[0], messages[1:]
			f.User = f.Message.User
		} else {
			f.User = shown(&people, p.User)
		}
		flags = append(flags, f)
	}
	return flags, nil
}

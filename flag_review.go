package chat

import (
	"context"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// FlagReview is what a moderator made of a flag.
type FlagReview struct {
	By      *User     `json:"by"`      // nil: the application itself
	Outcome string    `json:"outcome"` // "removed", "nothing wrong", what the moderators agree on
	At      time.Time `json:"at"`
}

// FlagState chooses flags by whether they were reviewed.
type FlagState int

// The states of a flag.
const (
	AnyFlags      FlagState = iota
	OpenFlags               // not reviewed yet, or put again since
	ReviewedFlags           // reviewed
)

// ReviewMessageFlags marks all flags of a message reviewed, in the name of by: a
// user who exists and is active, or empty. They stay listed, and come back as
// open, at the end of the list, if their user flags it again. The outcome, at
// most 1,000 runes, is for moderators to read; a later review replaces it. A
// message without flags is no error. ErrNotFound if the message does not exist.
func (a *App) ReviewMessageFlags(ctx context.Context, id MessageID, outcome string, by UserID) (err error) {
	defer a.operation(&ctx, "ReviewMessageFlags").ended(&err)
	return a.reviewMessageFlags(ctx, "ReviewMessageFlags", application, id, outcome, by)
}

// ReviewMessageFlags marks all flags of a message reviewed; it needs
// ban-channel-member. ErrNotFound for one that the user cannot see. See
// [App.ReviewMessageFlags].
func (s *Session) ReviewMessageFlags(ctx context.Context, id MessageID, outcome string) (err error) {
	defer s.app.operation(&ctx, "ReviewMessageFlags").ended(&err)
	return s.app.reviewMessageFlags(ctx, "ReviewMessageFlags", as(s.user), id, outcome, s.user)
}

// ReviewUserFlags marks all flags of a user reviewed; see
// [App.ReviewMessageFlags]. A user without flags is no error, nor one who does
// not exist.
func (a *App) ReviewUserFlags(ctx context.Context, user UserID, outcome string, by UserID) (err error) {
	defer a.operation(&ctx, "ReviewUserFlags").ended(&err)
	return a.reviewUserFlags(ctx, "ReviewUserFlags", application, user, outcome, by)
}

// ReviewUserFlags marks all flags of a user reviewed; it needs ban-user of any
// channel type. See [App.ReviewUserFlags].
func (s *Session) ReviewUserFlags(ctx context.Context, user UserID, outcome string) (err error) {
	defer s.app.operation(&ctx, "ReviewUserFlags").ended(&err)
	return s.app.reviewUserFlags(ctx, "ReviewUserFlags", as(s.user), user, outcome, s.user)
}

func (a *App) reviewMessageFlags(ctx context.Context, op string, c caller, id MessageID, outcome string, by UserID) error {
	if err := checkReview(outcome, by); err != nil {
		return in(op, err)
	}
	return a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := f.room.need(BanChannelMember); err != nil {
			return err
		}
		if err := checkReviewer(&tx.Reader, c, by); err != nil || f.message.Pending {
			return err // a pending one has none, and perhaps the time of one that has
		}
		place := record.FlagPlace{Channel: f.room.number, Message: f.message.CreatedAt}
		return tx.ReviewFlags(place, codec.Review{By: string(by), Outcome: outcome, At: f.room.now})
	})
}

func (a *App) reviewUserFlags(ctx context.Context, op string, c caller, user UserID, outcome string, by UserID) error {
	err := checkUserID("user", user)
	if err == nil {
		err = checkReview(outcome, by)
	}
	if err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.UserScope(string(user)), func(tx *record.Txn) error {
		b, err := openBench(&tx.Reader, c, "", "")
		if err == nil {
			err = b.mayBan()
		}
		if err == nil {
			err = checkReviewer(&tx.Reader, c, by)
		}
		if err != nil {
			return err
		}
		return tx.ReviewFlags(record.FlagPlace{User: string(user)}, codec.Review{By: string(by), Outcome: outcome, At: b.now})
	})
}

func checkReview(outcome string, by UserID) error {
	if err := checkReason("outcome", outcome); err != nil {
		return err
	}
	if by == "" {
		return nil
	}
	return checkUserID("by", by)
}

// checkReviewer is an error unless the application names a user who exists and
// is active.
func checkReviewer(r *record.Reader, c caller, by UserID) error {
	if !c.app || by == "" {
		return nil
	}
	b := r.Batch()
	user := b.User(string(by))
	if err := b.Run(); err != nil {
		return err
	}
	return checkUser("by", by, user)
}

// wants says whether a flag is of the state asked for.
func (s FlagState) wants(f *codec.Flag) bool {
	return s == AnyFlags || (s == ReviewedFlags) == (f.Review.At != 0)
}

// reviewFrom is a review as results show it; nil if there is none.
func reviewFrom(people *record.People, r codec.Review) *FlagReview {
	if r.At == 0 {
		return nil
	}
	review := FlagReview{Outcome: r.Outcome, At: moment(r.At)}
	if r.By != "" {
		by := shown(people, r.By)
		review.By = &by
	}
	return &review
}

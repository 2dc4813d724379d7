package chat

import (
	"context"
	"fmt"
	"slices"

	"example.com/chat/internal/record"
)

// verifyModeration looks at what is kept of moderation in no channel.
func (a *App) verifyModeration(ctx context.Context, op string, repair bool, report *VerifyReport) error {
	if err := a.verifyAppBans(ctx, op, repair, report); err != nil {
		return err
	}
	if err := a.verifyFlags(ctx, op, repair, report); err != nil {
		return err
	}
	for _, part := range []struct {
		scope string
		look  func(*record.Reader, *record.Txn) ([]string, error)
	}{
		{record.UsersScope, (*record.Reader).VerifyBlocks},
		{record.AppScope, verifyBlockLists},
	} {
		var problems []string
		err := a.view(ctx, op, func(r *record.Reader) (err error) {
			problems, err = part.look(r, nil)
			return err
		})
		if err == nil && repair && len(problems) > 0 {
			err = a.update(ctx, op, part.scope, func(tx *record.Txn) (err error) {
				problems, err = part.look(&tx.Reader, tx)
				return err
			})
		}
		if err != nil {
			return err
		}
		for _, problem := range problems {
			report.Problems = append(report.Problems, VerifyProblem{Problem: problem, Repaired: repair})
		}
	}
	return nil
}

// verifyFlags compares the list of all flags with the flags. One that was of a
// message in a channel that is gone cannot be removed from it.
func (a *App) verifyFlags(ctx context.Context, op string, repair bool, report *VerifyReport) error {
	var problems []record.FlagProblem
	scopes := map[record.Channel]string{}
	err := a.view(ctx, op, func(r *record.Reader) (err error) {
		clear(scopes)
		if problems, err = r.VerifyFlags(); err != nil {
			return err
		}
		for _, p := range problems {
			b := r.Batch()
			channel := b.Channel(p.Channel)
			if err := b.Run(); err != nil {
				return err
			}
			if channel.Found {
				scopes[p.Channel] = record.ChannelScope(channel.V.CID)
			}
		}
		return nil
	})
	for i := 0; err == nil && i < len(problems); i++ {
		p := problems[i]
		scope := scopes[p.Channel]
		if p.Channel == record.Everywhere {
			scope = record.UserScope(p.User)
		}
		mends := repair && scope != ""
		if mends {
			err = a.update(ctx, op, scope, func(tx *record.Txn) error { return tx.MendFlag(p.FlagPlace) })
		}
		report.Problems = append(report.Problems, VerifyProblem{Problem: p.Problem, Repaired: mends})
	}
	return err
}

// verifyBlockLists looks for channel types that name a block list that there is
// not. (The overrides of a channel may.)
func verifyBlockLists(r *record.Reader, tx *record.Txn) (problems []string, err error) {
	types, err := record.Types[ChannelType](r)
	if err != nil {
		return nil, err
	}
	for _, kind := range types {
		lists, err := blockListsOf(r, kind.BlockLists)
		if err != nil {
			return nil, err
		}
		t := kind.clone()
		t.BlockLists = nil
		for i, use := range kind.BlockLists {
			if lists[i].Found {
				t.BlockLists = append(t.BlockLists, use)
			} else {
				problems = append(problems, fmt.Sprintf("channel type %q uses block list %q, which does not exist", t.Name, use.List))
			}
		}
		if tx == nil || slices.Equal(t.BlockLists, kind.BlockLists) {
			continue
		}
		t.UpdatedAt = now()
		if err := tx.PutType(t.Name, t); err != nil {
			return nil, err
		}
	}
	return problems, nil
}

// verifyBans looks at the bans from a channel.
func verifyBans(r *record.Reader, tx *record.Txn, number record.Channel, cid CID, found *record.Verified) error {
	for after := ""; ; {
		list, err := r.Bans(number, after, maxPage)
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			if err := verifyBan(r, tx, number, cid, &list[i], found); err != nil {
				return err
			}
		}
		after = list[len(list)-1].User
	}
}

// verifyBan looks whether a ban is of a user, and would be removed if it ends.
func verifyBan(r *record.Reader, tx *record.Txn, number record.Channel, cid CID, ban *record.Banned, found *record.Verified) error {
	b := r.Batch()
	user := b.User(ban.User)
	if err := b.Run(); err != nil {
		return err
	}
	switch {
	case !user.Found:
		found.Problems = append(found.Problems, fmt.Sprintf("there is a ban of user %q, who does not exist", ban.User))
		if tx == nil {
			return nil
		}
		return tx.DeleteBan(number, ban.User)
	case ban.Until == 0:
		return nil
	}
	return verifyTask(r, tx, found, queueBan, banSubject(number, ban.User), fmt.Sprintf("the ban of user %q would never be removed", ban.User), func() error {
		return addBanEnd(tx, number, cid, ban.User, ban.Until)
	})
}

// verifyAppBans does that for bans from the whole application.
func (a *App) verifyAppBans(ctx context.Context, op string, repair bool, report *VerifyReport) error {
	for after, done := "", false; !done; {
		var list []record.Banned
		var found record.Verified
		err := a.view(ctx, op, func(r *record.Reader) (err error) {
			found = record.Verified{}
			list, err = r.Bans(record.Everywhere, after, maxPage)
			for i := 0; err == nil && i < len(list); i++ {
				err = verifyBan(r, nil, record.Everywhere, "", &list[i], &found)
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := 0; repair && len(found.Problems) > 0 && i < len(list); i++ {
			user := list[i].User
			err := a.update(ctx, op, record.UserScope(user), func(tx *record.Txn) error {
				b := tx.Batch()
				ban := b.Ban(record.Everywhere, user)
				if err := b.Run(); err != nil || !ban.Found {
					return err
				}
				return verifyBan(&tx.Reader, tx, record.Everywhere, "", &record.Banned{User: user, Ban: ban.V}, &record.Verified{})
			})
			if err != nil {
				return err
			}
		}
		for _, problem := range found.Problems {
			report.Problems = append(report.Problems, VerifyProblem{Problem: problem, Repaired: repair})
		}
		if done = len(list) < maxPage; !done {
			after = list[len(list)-1].User
		}
	}
	return nil
}

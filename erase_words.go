package chat

import (
	"context"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// What an erased user wrote about others, where that itself stays.

// words removes the reasons of the bans that are in the user's name, from a channel
// or from everywhere: who reads bans, and who is banned, would go on reading them.
func (e *erasing) words(ctx context.Context, c record.Channel, cid string) error {
	for after := ""; ; {
		var list []record.Banned
		err := e.db.View(ctx, func(r *record.Reader) (err error) {
			list, err = r.Bans(c, after, maxPage)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			if !e.reasoned(&list[i].Ban) {
				continue
			}
			user := list[i].User
			err := e.db.Update(ctx, banScope(CID(cid), UserID(user)), func(tx *record.Txn) error {
				b := tx.Batch()
				ban := b.Ban(c, user)
				if err := b.Run(); err != nil || !ban.Found || !e.reasoned(&ban.V) {
					return err
				}
				ban.V.Reason = ""
				return tx.PutBan(c, user, &ban.V)
			})
			if err != nil {
				return err
			}
		}
		after = list[len(list)-1].User
	}
}

func (e *erasing) reasoned(ban *codec.Ban) bool { return ban.By == e.user && ban.Reason != "" }

// forgetOutcome removes what the user wrote when they reviewed a flag.
func (e *erasing) forgetOutcome(tx *record.Txn, p record.FlagPlace) error {
	b := tx.Batch()
	flag := b.Flag(p)
	if err := b.Run(); err != nil || !flag.Found || flag.V.Review.By != e.user {
		return err
	}
	flag.V.Review.Outcome = ""
	p.At = flag.V.At // it may have been put again
	return tx.PutFlag(p, &flag.V)
}

// eachFlag calls do for each flag by a user, or if reviews are wanted that they
// reviewed, outside of a transaction, with the cid of the channel of the message.
func eachFlag(ctx context.Context, db *record.DB, user string, reviews bool, do func(p record.FlagPlace, cid string) error) error {
	var after record.FlagPlace
	for {
		var list, theirs []record.FlagPlace
		var cids map[record.Channel]string
		err := db.View(ctx, func(r *record.Reader) (err error) {
			if list, err = r.FlagsAfter(record.Everywhere, after, maxPage); err != nil {
				return err
			}
			if theirs, err = flagsOf(r, list, user, reviews); err == nil {
				cids, err = flagCIDs(r, theirs)
			}
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range theirs {
			if err := do(p, cids[p.Channel]); err != nil {
				return err
			}
		}
		after = list[len(list)-1]
	}
}

// flagsOf are those of some flags that are by a user, or that they reviewed.
func flagsOf(r *record.Reader, list []record.FlagPlace, user string, reviews bool) (theirs []record.FlagPlace, err error) {
	flags := make([]*record.Value[codec.Flag], len(list))
	if reviews {
		b := r.Batch()
		for i, p := range list {
			flags[i] = b.Flag(p)
		}
		err = b.Run()
	}
	for i, p := range list {
		if p.By == user || reviews && flags[i].V.Review.By == user {
			theirs = append(theirs, p)
		}
	}
	return theirs, err
}

// flagCIDs are the cids of the channels of flags of messages.
func flagCIDs(r *record.Reader, list []record.FlagPlace) (map[record.Channel]string, error) {
	channels := map[record.Channel]*record.Value[codec.Channel]{}
	b := r.Batch()
	for _, p := range list {
		if p.Channel != record.Everywhere && channels[p.Channel] == nil {
			channels[p.Channel] = b.Channel(p.Channel)
		}
	}
	err := b.Run()
	cids := map[record.Channel]string{}
	for c, channel := range channels {
		cids[c] = channel.V.CID
	}
	return cids, err
}

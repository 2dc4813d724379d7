package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// EraseMode is what becomes of the messages of a user who is erased.
type EraseMode int

// The modes, the later the more is gone.
const (
	EraseKeep EraseMode = iota + 1 // they stay as they are, by a user without name
	EraseSoft                      // they are deleted softly; pending ones for good
	EraseHard                      // they are deleted for good, with the replies to them
)

// Erasure is how far the work of erasing a user has come.
type Erasure struct {
	User       UserID     `json:"user_id"`
	Mode       EraseMode  `json:"mode"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"` // nil: at work

	Channels      int `json:"channels"`       // looked through so far
	TotalChannels int `json:"total_channels"` // of so many that there were when it began, or more if it has passed these; 0 before it begins
	Messages      int `json:"messages"`       // deleted so far; of what a process did last before it died some may be left out
}

// EraseUser erases a user for good. At once they can do nothing any more, and
// nothing is left of them but their id, without name and custom data, of the role
// [RoleUser], with ErasedAt: so they are shown where something of theirs remains.
// The id stays taken. In the background follow their memberships with all that
// belongs to these, their reactions and mutes, the flags by and of them, their
// bans, the reasons of bans and outcomes of reviews in their name, and their
// messages as the mode says; it takes time in proportion to all messages that
// there are, goes on after a crash, and is told of by [App.Erasure]. What
// EraseSoft deleted the application still reads by [App.OriginalMessage], and can
// bring back by [App.UndeleteMessage]: EraseHard is for what must not come back.
//
// Again it changes nothing, unless the mode takes more: then the work begins
// anew. ErrNotFound if there is no such user.
func (a *App) EraseUser(ctx context.Context, id UserID, mode EraseMode) (err error) {
	const op = "EraseUser"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("id", id); err != nil {
		return in(op, err)
	}
	if mode < EraseKeep || mode > EraseHard {
		return in(op, invalid("mode", "is %d; must be EraseKeep, EraseSoft or EraseHard", mode))
	}
	err = a.update(ctx, op, record.UsersScope, func(tx *record.Txn) error {
		b := tx.Batch()
		user, known := b.User(string(id)), b.Erasure(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !user.Found {
			return notFound("user", id)
		}
		if known.Found && known.V.Mode >= uint64(mode) {
			return nil
		}
		at := max(now().UnixMicro(), known.V.StartedAt+1)
		if user.V.Erased == 0 {
			if err := forgetBlocks(tx, string(id)); err != nil {
				return err
			}
			gone := codec.User{
				ID: user.V.ID, Role: string(RoleUser), CreatedAt: user.V.CreatedAt, UpdatedAt: at, Deactivated: at, Erased: at,
			}
			if err := tx.PutUser(gone); err != nil {
				return err
			}
			if err := tellUserUpdated(tx, gone.ID); err != nil {
				return err
			}
		}
		if err := tx.PutErasure(string(id), &codec.Erasure{Mode: uint64(mode), StartedAt: at}); err != nil {
			return err
		}
		if known.Found && known.V.FinishedAt == 0 {
			return nil // its task is there
		}
		return tx.AddTask(queueErase, string(id), codec.Task{Scope: record.UsersScope, RecordedAt: at, Due: at})
	})
	a.outbox.Wake(queueErase)
	return err
}

// Erasure returns how far the erasure of a user has come. ErrNotFound for who is
// not erased.
func (a *App) Erasure(ctx context.Context, id UserID) (_ Erasure, err error) {
	const op = "Erasure"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("id", id); err != nil {
		return Erasure{}, in(op, err)
	}
	var e Erasure
	err = a.view(ctx, op, func(r *record.Reader) error {
		b := r.Batch()
		stored := b.Erasure(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !stored.Found {
			return notFound("erasure of user", id)
		}
		v := &stored.V
		e = Erasure{
			User: id, Mode: EraseMode(v.Mode), StartedAt: moment(v.StartedAt), FinishedAt: momentPtr(v.FinishedAt),
			Channels: int(v.Channels), TotalChannels: int(max(v.Total, v.Channels)), Messages: int(v.Messages),
		}
		return nil
	})
	return e, err
}

// exists says whether a user is there, and not erased.
func exists(user *record.Value[codec.User]) bool { return user.Found && user.V.Erased == 0 }

// unerased is an error for a user who is erased.
func unerased(field string, user *codec.User) error {
	if user.Erased == 0 {
		return nil
	}
	return fail(ErrDeleted, field, "user %q is erased", user.ID)
}

// How much of an erasure is done at a time.
const (
	eraseSlice = 100             // messages, or read marks, deleted in one transaction: each message takes some reads
	eraseRun   = 2 * time.Second // until how far it came is stored
	eraseStop  = 2 * time.Second // for storing that
)

// erasing is the work of erasing one user.
type erasing struct {
	*App
	user    string
	state   codec.Erasure
	began   int64 // tells one beginning from another
	pending bool  // callbacks may be owed
}

// erase does a part of an erasure.
func (a *App) erase(ctx context.Context, job outbox.Job) error {
	e := &erasing{App: a, user: job.Subject}
	err := a.db.View(ctx, func(r *record.Reader) error {
		b := r.Batch()
		stored := b.Erasure(e.user)
		if err := b.Run(); err != nil {
			return err
		}
		e.state, e.began = stored.V, stored.V.StartedAt
		if e.state.Total != 0 {
			return nil
		}
		total, err := r.CountChannels()
		e.state.Total = uint64(total)
		return err
	})
	if err != nil || e.began == 0 || e.state.FinishedAt != 0 {
		return err
	}
	defer func() {
		if e.pending {
			a.outbox.Wake(queueCallback, queueTold)
		}
	}()
	if e.state.Channel == 0 && e.state.After == "" {
		if err := e.outside(ctx); err != nil {
			return err
		}
	}
	for begin := time.Now(); time.Since(begin) < eraseRun; {
		more, err := e.next(ctx)
		if err != nil {
			_, problem := e.store(ctx)
			return errors.Join(err, problem)
		}
		if !more {
			e.state.FinishedAt = max(now().UnixMicro(), e.state.StartedAt)
			break
		}
	}
	finished, err := e.store(ctx)
	if err == nil && !finished {
		return outbox.ErrAgain
	}
	return err
}

// store stores how far the work has come, also where it was stopped, and tells of
// its end. If it was begun anew meanwhile, that counts.
func (e *erasing) store(ctx context.Context) (finished bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseStop)
	defer cancel()
	err = e.db.Update(ctx, record.UsersScope, func(tx *record.Txn) error {
		finished = false
		b := tx.Batch()
		stored := b.Erasure(e.user)
		if err := b.Run(); err != nil || stored.V.StartedAt != e.began {
			return err
		}
		if err := tx.PutErasure(e.user, &e.state); err != nil || e.state.FinishedAt == 0 {
			return err
		}
		finished = true
		return tx.TellUser(e.user, &codec.Event{Kind: codec.EventUserUpdated, At: e.state.FinishedAt, User: e.user})
	})
	return finished, err
}

// outside removes what belongs to no channel, the flags by the user and what they
// wrote in reviews.
func (e *erasing) outside(ctx context.Context) error {
	err := e.db.Update(ctx, record.UserScope(e.user), func(tx *record.Txn) error {
		b := tx.Batch()
		mutes := b.Mutes(e.user)
		if err := b.Run(); err != nil {
			return err
		}
		if len(mutes.V) > 0 {
			if err := tx.PutMutes(e.user, nil); err != nil {
				return err
			}
		}
		if err := e.unban(tx, record.Everywhere); err != nil {
			return err
		}
		return tx.DeleteFlags(record.Everywhere, e.user)
	})
	if err != nil {
		return err
	}
	if err := e.words(ctx, record.Everywhere, ""); err != nil {
		return err
	}
	return eachFlag(ctx, e.db, e.user, true, func(p record.FlagPlace, cid string) error {
		scope := record.UserScope(p.User)
		if p.Channel != record.Everywhere {
			scope = record.ChannelScope(cid)
		}
		return e.db.Update(ctx, scope, func(tx *record.Txn) error {
			if p.By == e.user {
				return tx.DeleteFlag(p)
			}
			return e.forgetOutcome(tx, p)
		})
	})
}

// unban removes a ban of the user, and the work of ending it.
func (e *erasing) unban(tx *record.Txn, c record.Channel) error {
	if err := tx.DeleteBan(c, e.user); err != nil {
		return err
	}
	return tx.CancelTasks(queueBan, fmt.Sprintf("%d %s", c, e.user))
}

// The parts of the work in a channel: After is their letter and a place among
// the threads, or among the messages.
const (
	eraseMarks     = "t"
	eraseReactions = "r"
	eraseMessages  = "m"
)

// slice is what was read for the next step.
type slice struct {
	channel   record.Channel
	record    codec.Channel
	begins    bool    // nothing of the channel was done yet
	known     bool    // there is something beside messages, reactions and read marks of threads
	threads   []int64 // whose read marks are to go
	reactions bool    // of the messages the user's reactions are to go, not they themselves
	messages  []codec.Message
	after     string
}

// next does the next slice, and says whether there is more.
func (e *erasing) next(ctx context.Context) (more bool, err error) {
	var s slice
	err = e.db.View(ctx, func(r *record.Reader) error {
		s, more = slice{}, false
		numbers, err := r.Numbers(record.Channel(e.state.Channel), 1)
		if err != nil || len(numbers) == 0 {
			return err
		}
		more = true
		if s.channel = numbers[0]; uint64(s.channel) != e.state.Channel {
			e.state.Channel, e.state.After = uint64(s.channel), ""
		}
		return e.look(r, &s)
	})
	if err != nil || !more {
		return false, err
	}
	if s.begins {
		if err := e.words(ctx, s.channel, s.record.CID); err != nil {
			return false, err
		}
	}
	if s.known {
		if err := e.forget(ctx, &s); err != nil {
			return false, err
		}
	}
	if len(s.threads) > 0 {
		if err := e.unmark(ctx, &s); err != nil {
			return false, err
		}
	}
	if len(s.messages) > 0 {
		if err := e.change(ctx, &s); err != nil {
			return false, err
		}
	}
	if e.state.After = s.after; s.after == "" {
		e.state.Channel = uint64(s.channel) + 1
		e.state.Channels++
	}
	return true, nil
}

// look reads the next slice of a channel.
func (e *erasing) look(r *record.Reader, s *slice) (err error) {
	b := r.Batch()
	channel := b.Channel(s.channel)
	if err := b.Run(); err != nil {
		return err
	}
	s.record = channel.V
	if !channel.Found || s.record.PurgedAt == never { // it is being erased whole
		return nil
	}
	switch part, place := e.state.After[:min(1, len(e.state.After))], e.state.After[min(1, len(e.state.After)):]; part {
	case "":
		s.begins, s.after = true, eraseMarks
		s.known, err = e.isKnown(r, s.channel)
	case eraseMarks:
		err = e.lookForMarks(r, s, place)
	case eraseReactions:
		s.reactions = true
		err = e.lookForReactions(r, s, place)
	default:
		s.messages, s.after, err = r.MessagesBy(s.channel, e.user, place, eraseSlice)
		if s.after != "" {
			s.after = eraseMessages + s.after
		}
	}
	return err
}

// lookForMarks reads which threads the user has marked.
func (e *erasing) lookForMarks(r *record.Reader, s *slice, place string) error {
	threads, next, err := r.ThreadMarksOf(s.channel, e.user, place, eraseSlice)
	s.threads, s.after = threads, eraseReactions
	if next != "" {
		s.after = eraseMarks + next
	}
	return err
}

// lookForReactions reads messages that the user has reacted to.
func (e *erasing) lookForReactions(r *record.Reader, s *slice, place string) error {
	list, next, err := r.ReactedBy(s.channel, e.user, place, eraseSlice)
	for i := range list {
		s.messages = append(s.messages, list[i].Message)
	}
	switch {
	case next != "":
		s.after = eraseReactions + next
	case EraseMode(e.state.Mode) != EraseKeep:
		s.after = eraseMessages
	}
	return err
}

// isKnown says whether a channel holds anything of the user beside messages.
func (e *erasing) isKnown(r *record.Reader, c record.Channel) (bool, error) {
	b := r.Batch()
	member, own, mark, ban, forMe := b.Member(c, e.user), b.UserChannel(e.user, c), b.Mark(c, e.user), b.Ban(c, e.user), b.ForMe(c, e.user)
	sent := b.LastSend(c, e.user)
	if err := b.Run(); err != nil {
		return false, err
	}
	if member.Found || own.Found || mark.Found || ban.Found || forMe.Found || sent.Found {
		return true, nil
	}
	answers, err := r.EphemeralsBy(c, e.user)
	return len(answers) > 0, err
}

// forget removes what a channel holds of the user beside messages, reactions and
// read marks of threads.
func (e *erasing) forget(ctx context.Context, s *slice) error {
	c := s.channel
	return e.db.Update(ctx, record.ChannelScope(s.record.CID), func(tx *record.Txn) error {
		room, err := e.room(tx, c)
		if err != nil || room.channel.PurgedAt == never {
			return err
		}
		if err := leave(tx, room, []string{e.user}); err != nil {
			return err
		}
		if err := tx.ForgetUserChannel(e.user, c); err != nil {
			return err
		}
		if err := e.unban(tx, c); err != nil {
			return err
		}
		answers, err := tx.EphemeralsBy(c, e.user)
		if err != nil {
			return err
		}
		for _, id := range answers {
			if err := tx.EraseEphemeral(c, id); err != nil {
				return err
			}
			if err := tx.CancelTasks(queueEphemeral, ephemeralSubject(c, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// unmark removes read marks of threads.
func (e *erasing) unmark(ctx context.Context, s *slice) error {
	return e.db.Update(ctx, record.ChannelScope(s.record.CID), func(tx *record.Txn) error {
		return tx.DeleteThreadMarks(s.channel, e.user, s.threads)
	})
}

func (e *erasing) room(tx *record.Txn, c record.Channel) (*room, error) {
	settings, err := loadSettings(&tx.Reader)
	if err != nil {
		return nil, err
	}
	return openRoomOf(&tx.Reader, application, codec.User{}, settings, c, more{})
}

// change removes the user's reactions to messages, or messages of theirs. What
// was committed or deleted since, with its parent too, lies there no more.
func (e *erasing) change(ctx context.Context, s *slice) error {
	deleted, pending := 0, false
	err := e.db.Update(ctx, record.ChannelScope(s.record.CID), func(tx *record.Txn) error {
		deleted, pending = 0, false
		room, err := e.room(tx, s.channel)
		if err != nil {
			return err
		}
		for i := range s.messages {
			b := tx.Batch()
			m := b.Message(record.PlaceOf(s.channel, &s.messages[i]))
			if err := b.Run(); err != nil {
				return err
			}
			if !m.Found || m.V.ID != s.messages[i].ID || m.V.CreatedAt <= room.channel.PurgedAt { // purged anyhow
				continue
			}
			f := &found{room: room, message: &m.V, sight: whole}
			if s.reactions {
				if err := e.unreact(tx, f); err != nil {
					return err
				}
				continue
			}
			gone, hadPending, err := e.delete(tx, f)
			if err != nil {
				return err
			}
			if pending = pending || hadPending; gone {
				deleted++
			}
		}
		return nil
	})
	if err == nil {
		e.state.Messages += uint64(deleted)
		e.pending = e.pending || pending
	}
	return err
}

// unreact removes the user's reactions to a message.
func (e *erasing) unreact(tx *record.Txn, f *found) error {
	r, err := startReacting(tx, f, e.user, false)
	if err != nil || len(r.own) == 0 {
		return err
	}
	for i := range r.own {
		if err := r.take(&r.own[i]); err != nil {
			return err
		}
	}
	return r.End()
}

// delete deletes a message of the user's.
func (e *erasing) delete(tx *record.Txn, f *found) (gone, hadPending bool, err error) {
	if EraseMode(e.state.Mode) == EraseHard || f.message.Pending {
		hadPending, err = e.hardDelete(tx, f, "")
		return true, hadPending, err
	}
	if f.message.DeletedAt != 0 {
		return false, false, nil
	}
	return true, false, softDelete(tx, f, "")
}

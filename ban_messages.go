package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// queueBanned has the messages of those who were banned with them. Subject: as
// that of queueBan; payload: a banned.
const queueBanned = "banned messages"

// banned is what of a user's messages is to be deleted, and how far that is.
type banned struct {
	User    string         `json:"user"`
	By      string         `json:"by,omitempty"`
	Hard    bool           `json:"hard,omitempty"`
	Until   int64          `json:"until"`           // those sent up to then
	Channel record.Channel `json:"channel"`         // the one it is at
	After   []byte         `json:"after,omitempty"` // the place in it
	All     bool           `json:"all,omitempty"`   // and then those that follow
}

const (
	bannedSlice = 100 // messages deleted in one transaction: each takes some reads
	bannedRun   = 20  // slices of a run
)

// mayDelete is an error unless the caller may delete the messages of others
// wherever the ban is.
func (b *bench) mayDelete() error {
	if b.caller.app {
		return nil
	}
	may := b.room == nil && !slices.ContainsFunc(b.types, func(t *ChannelType) bool {
		return !slices.Contains(t.Grants[Role(b.self.V.Role)], DeleteMessage)
	})
	if b.room != nil && b.room.can(DeleteMessage) || may {
		return nil
	}
	return fail(ErrPermission, "delete_messages", "needs the permission %s", DeleteMessage)
}

// deleteMessages records that the messages of the banned are to be deleted.
func (b *bench) deleteMessages(tx *record.Txn, d *BanDraft, by UserID) error {
	work := banned{User: b.user, By: string(by), Hard: d.DeleteMessages == DeleteHard, Until: b.now, Channel: b.number, All: b.room == nil}
	if b.room != nil {
		batch := tx.Batch()
		head := batch.Head(b.number)
		if err := batch.Run(); err != nil {
			return err
		}
		work.Until = max(head.V.Last, head.V.LastAside)
	}
	payload, err := json.Marshal(work)
	if err != nil {
		return err
	}
	return tx.AddTask(queueBanned, fmt.Sprintf("%d %s", b.number, b.user), codec.Task{
		Scope: banScope(b.cid, UserID(b.user)), Payload: string(payload), RecordedAt: b.now, Due: b.now,
	})
}

// deleteBanned deletes some of the messages, and says where to go on. What is
// deleted is no longer there to be deleted again.
func (a *App) deleteBanned(ctx context.Context, job outbox.Job) error {
	var work banned
	if err := json.Unmarshal([]byte(job.Payload), &work); err != nil {
		return err
	}
	for range bannedRun {
		more, err := a.deleteSlice(ctx, &work)
		if err != nil || !more {
			return err
		}
	}
	payload, err := json.Marshal(work)
	if err != nil {
		return err
	}
	return outbox.Continue{Payload: string(payload)}
}

// deleteSlice looks at a slice of a channel's messages, deletes the user's, and
// moves on.
func (a *App) deleteSlice(ctx context.Context, work *banned) (more bool, err error) {
	var list []codec.Message
	var cid, next string
	found := false
	err = a.db.View(ctx, func(r *record.Reader) (err error) {
		list, cid, next = nil, "", ""
		if found, err = work.reach(r); err != nil || !found {
			return err
		}
		b := r.Batch()
		channel := b.Channel(work.Channel)
		if err := b.Run(); err != nil || !channel.Found {
			return err // one of which only the number is left has no messages
		}
		cid = channel.V.CID
		list, next, err = r.MessagesBy(work.Channel, work.User, string(work.After), bannedSlice)
		return err
	})
	if err != nil || !found {
		return false, err
	}
	if len(list) > 0 {
		err = a.db.Update(ctx, record.ChannelScope(cid), func(tx *record.Txn) error {
			for i := range list {
				if err := a.deleteOne(tx, work, MessageID(list[i].ID)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return false, err
		}
		a.outbox.Wake()
	}
	switch work.After = []byte(next); {
	case next != "":
		return true, nil
	case work.All:
		work.Channel++
		return true, nil
	}
	return false, nil
}

// reach has the work be at a channel that there is: where it goes through all of
// them, at the next one if its own is gone. It says whether there is one.
func (w *banned) reach(r *record.Reader) (found bool, err error) {
	if !w.All {
		return true, nil
	}
	numbers, err := r.Numbers(w.Channel, 1)
	if err != nil || len(numbers) == 0 {
		return false, err
	}
	if numbers[0] != w.Channel {
		w.Channel, w.After = numbers[0], nil
	}
	return true, nil
}

// concerns says whether a message of the user is to be deleted. One that was
// pending at the ban may have been committed since: it was sent before.
func (w *banned) concerns(m *codec.Message) bool {
	sent := m.CreatedAt
	if m.SentAt != 0 {
		sent = m.SentAt
	}
	return sent <= w.Until && (w.Hard || m.DeletedAt == 0)
}

// deleteOne deletes a message that may be gone by now, with one it replied to.
// What is pending can only be deleted for good.
func (a *App) deleteOne(tx *record.Txn, work *banned, id MessageID) error {
	f, err := findStored(&tx.Reader, id)
	if err != nil || f == nil || !work.concerns(f.message) || f.room.sees(f.message) == unseen {
		return err // it was truncated, or has expired
	}
	if !work.Hard && !f.message.Pending {
		return softDelete(tx, f, UserID(work.By))
	}
	_, err = a.hardDelete(tx, f, UserID(work.By))
	return err
}

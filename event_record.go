package chat

import (
	"cmp"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Events are recorded in the transaction of the change, in the logs of those
// whom it concerns: see internal/record/event.go. What they may see of it is
// decided when they read it.

// tellMessage tells of a message those who may see it.
func tellMessage(tx *record.Txn, kind codec.EventKind, number record.Channel, m *codec.Message, by string) error {
	e := messageEvent(kind, number, m, by)
	return tx.TellAudience(number, m, &e)
}

// messageEvent refers to a message by its place: its text stays where it lies.
func messageEvent(kind codec.EventKind, number record.Channel, m *codec.Message, by string) codec.Event {
	p := record.PlaceOf(number, m)
	e := codec.Event{
		Kind: kind, At: m.CreatedAt, Channel: uint64(number), Place: p.Kind, Sent: m.CreatedAt, Parent: p.Parent, By: by,
	}
	if kind != codec.EventMessageNew && kind != codec.EventMessagePending && kind != codec.EventThreadMessageNew {
		e.At = now().UnixMicro()
	}
	return e
}

// tellReply tells those who take part in the thread of a new reply, once more:
// who they are is found out when they read it. The application is told of the
// message alone.
func tellReply(tx *record.Txn, number record.Channel, m *codec.Message) error {
	e := messageEvent(codec.EventThreadMessageNew, number, m, "")
	e.Copy, e.Parent = true, m.ParentAt
	return tx.TellAudience(number, m, &e)
}

// tellErased tells those who could see a message that it is gone: its place
// leads nowhere now.
func tellErased(tx *record.Txn, number record.Channel, m *codec.Message, by string) error {
	e := erasedEvent(number, m, by)
	return tx.TellAudience(number, m, &e)
}

func erasedEvent(number record.Channel, m *codec.Message, by string) codec.Event {
	e := codec.Event{
		Kind: codec.EventMessageErased, At: m.DeletedAt, Channel: uint64(number), Sent: m.CreatedAt,
		ID: m.ID, Author: m.Author, Reply: m.ParentID, Once: m.Pending || m.SentAt != 0, Hard: true, By: by,
	}
	if m.Pending {
		e.Place = codec.PlacePending
	}
	return e
}

// tellThreadErased tells those who could see a message that it is gone with its
// replies. Of these alone are told who see them and not the parent: the author of
// a private one, who saw the parent by a grant, and who has cleared what came
// before.
func tellThreadErased(tx *record.Txn, number record.Channel, parent *codec.Message, replies []codec.Message, by string) error {
	e := erasedEvent(number, parent, by)
	for i := range replies {
		if m := &replies[i]; !m.Pending && !m.Private() {
			e.With, e.Parent = true, max(e.Parent, m.CreatedAt)
		}
	}
	if err := tx.TellAudience(number, parent, &e); err != nil {
		return err
	}
	audience := record.Audience(parent)
	for i := range replies {
		reply := &replies[i]
		if reply.Pending || !reply.Private() {
			continue
		}
		reply.DeletedAt = parent.DeletedAt
		e := erasedEvent(number, reply, by)
		e.Copy = true // the application is told of the parent
		if parent.Private() && !slices.Contains(audience, reply.Author) {
			if err := tx.TellUser(reply.Author, &e); err != nil {
				return err
			}
		}
		e.With, e.Parent = true, parent.CreatedAt
		if err := tx.TellAudience(number, reply, &e); err != nil {
			return err
		}
	}
	return nil
}

// tell tells all who read the channel.
func (r *room) tell(tx *record.Txn, e codec.Event) error {
	return tx.TellChannel(r.number, r.stamped(&e))
}

// tellUser tells one user of something in the channel, which is about them
// unless it says another.
func (r *room) tellUser(tx *record.Txn, user string, e codec.Event) error {
	e.User = cmp.Or(e.User, user)
	return tx.TellUser(user, r.stamped(&e))
}

// stamped fills in where and when, and who did it unless that is said.
func (r *room) stamped(e *codec.Event) *codec.Event {
	e.At, e.Channel = r.now, uint64(r.number)
	if e.By == "" {
		e.By = string(r.user)
	}
	return e
}

// tellUserUpdated tells a user, and who reads their channels, that they changed.
func tellUserUpdated(tx *record.Txn, user string) error {
	e := codec.Event{Kind: codec.EventUserUpdated, At: now().UnixMicro(), User: user}
	if err := tx.TellUser(user, &e); err != nil {
		return err
	}
	owns, err := tx.UserChannels(user)
	if err != nil {
		return err
	}
	e.Copy = true
	for _, own := range owns {
		if !own.Member {
			continue
		}
		e.Channel = uint64(own.Channel)
		if err := tx.TellChannel(own.Channel, &e); err != nil {
			return err
		}
	}
	return nil
}

package chat

import (
	"context"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// channels writes what lies in the channels, one after another: also where the
// user is no member, and in those that are deleted softly.
func (e *exporting) channels(ctx context.Context) error {
	err := e.view(ctx, func(r *record.Reader) (err error) {
		e.done.TotalChannels, err = r.CountChannels()
		return err
	})
	for from := record.Channel(0); err == nil; from++ {
		var channel *record.Value[codec.Channel]
		err = e.view(ctx, func(r *record.Reader) error {
			channel = nil
			numbers, err := r.Numbers(from, 1)
			if err != nil || len(numbers) == 0 {
				return err
			}
			from = numbers[0]
			b := r.Batch()
			channel = b.Channel(from)
			return b.Run()
		})
		if err == nil && channel == nil {
			return nil
		}
		if err == nil && channel.Found && channel.V.PurgedAt != never { // else it is being erased
			err = e.channel(ctx, from, &channel.V)
		}
		if err == nil {
			e.done.Channels++
			e.done.TotalChannels = max(e.done.TotalChannels, e.done.Channels)
			e.tell()
		}
	}
	return err
}

// tell tells how far the export has come.
func (e *exporting) tell() {
	if e.progress != nil {
		e.progress(e.done)
	}
}

func (e *exporting) channel(ctx context.Context, c record.Channel, channel *codec.Channel) error {
	var ban *record.Value[codec.Ban]
	err := e.view(ctx, func(r *record.Reader) error {
		b := r.Batch()
		ban = b.Ban(c, e.user)
		return b.Run()
	})
	if err == nil {
		err = e.writeBan(CID(channel.CID), ban)
	}
	for _, part := range []func(context.Context, record.Channel, *codec.Channel) error{e.messages, e.reactions, e.pins, e.deletedForMe} {
		if err == nil {
			err = part(ctx, c, channel)
		}
	}
	return err
}

// exportedMessage is a message as its author's own: no word of others is in it.
type exportedMessage struct {
	ID            MessageID         `json:"id"`
	CID           CID               `json:"cid"`
	Type          MessageType       `json:"type"`
	Text          string            `json:"text"`
	HTML          string            `json:"html"`
	Attachments   []Attachment      `json:"attachments"`
	Mentioned     []UserID          `json:"mentioned_user_ids,omitempty"`
	MentionsAll   bool              `json:"mentioned_channel,omitempty"`
	MentionsHere  bool              `json:"mentioned_here,omitempty"`
	Silent        bool              `json:"silent,omitempty"`
	ParentID      MessageID         `json:"parent_id,omitempty"`
	ShowInChannel bool              `json:"show_in_channel,omitempty"`
	QuotedID      MessageID         `json:"quoted_message_id,omitempty"`
	Restricted    []UserID          `json:"restricted_visibility,omitempty"`
	Command       string            `json:"command,omitempty"`
	Args          string            `json:"args,omitempty"`
	CreatedAt     timestamp         `json:"created_at"`
	UpdatedAt     timestamp         `json:"updated_at"`
	TextUpdatedAt *timestamp        `json:"message_text_updated_at,omitempty"`
	SentAt        *timestamp        `json:"sent_at,omitempty"`
	DeletedAt     *timestamp        `json:"deleted_at,omitempty"`
	Pending       bool              `json:"pending,omitempty"`
	Metadata      map[string]string `json:"pending_message_metadata,omitempty"`
	Custom        Custom            `json:"custom,omitempty"`
}

// messages writes what the user sent to a channel.
func (e *exporting) messages(ctx context.Context, c record.Channel, _ *codec.Channel) error {
	for from := (record.Walk{}); ; {
		list, next, err := e.slice(ctx, c, from)
		if err != nil {
			return err
		}
		for i := range list {
			if err := e.writeMessage(&list[i]); err != nil {
				return err
			}
			e.done.Messages++
		}
		if from = next; from.Ended() {
			return nil
		}
		e.tell()
	}
}

// slice reads the next messages of the user in a channel.
func (e *exporting) slice(ctx context.Context, c record.Channel, from record.Walk) (list []Message, next record.Walk, err error) {
	err = e.view(ctx, func(r *record.Reader) error {
		list = nil
		settings, err := loadSettings(r)
		if err != nil {
			return err
		}
		room, err := openRoomOf(r, application, codec.User{}, settings, c, more{})
		if err != nil {
			return err
		}
		var stored []codec.Message
		if stored, next, err = r.SentBy(c, e.user, from, maxPage); err != nil {
			return err
		}
		for i := range stored {
			if stored[i].CreatedAt <= room.channel.PurgedAt || stored[i].Pending && room.sees(&stored[i]) == unseen {
				continue // gone, if its bytes are not yet
			}
			m, err := room.render(r, shownToAuthor(&stored[i]), whole)
			if err != nil {
				return err
			}
			m.QuotedMessageID = MessageID(shownToAuthor(&stored[i]).QuotedID) // even if what it quotes is deleted
			list = append(list, m)
		}
		return nil
	})
	return list, next, err
}

func (e *exporting) writeMessage(m *Message) error {
	x := exportedMessage{
		ID: m.ID, CID: m.CID, Type: m.Type, Text: m.Text, HTML: m.HTML, Attachments: notNil(m.Attachments), Silent: m.Silent,
		ParentID: m.ParentID, ShowInChannel: m.ShowInChannel, QuotedID: m.QuotedMessageID, Restricted: m.Restricted,
		Command: m.Command, Args: m.Args, CreatedAt: timestamp(m.CreatedAt), UpdatedAt: timestamp(m.UpdatedAt),
		TextUpdatedAt: (*timestamp)(m.MessageTextUpdatedAt), SentAt: (*timestamp)(m.SentAt), DeletedAt: (*timestamp)(m.DeletedAt),
		Custom: m.Custom, MentionsAll: m.MentionsAll, MentionsHere: m.MentionsOnline,
	}
	for _, u := range m.MentionedUsers {
		x.Mentioned = append(x.Mentioned, u.ID)
	}
	if m.Pending != nil {
		x.Pending, x.Metadata = true, m.Pending.Metadata
	}
	return e.write("message", x)
}

type exportedReaction struct {
	MessageID MessageID `json:"message_id"`
	CID       CID       `json:"cid"`
	Type      string    `json:"type"`
	Score     int       `json:"score"`
	CreatedAt timestamp `json:"created_at"`
	UpdatedAt timestamp `json:"updated_at"`
	Custom    Custom    `json:"custom,omitempty"`
}

// reactions writes what the user reacted in a channel.
func (e *exporting) reactions(ctx context.Context, c record.Channel, channel *codec.Channel) error {
	for from := (record.Walk{}); ; {
		var list []record.ReactedTo
		var next record.Walk
		err := e.view(ctx, func(r *record.Reader) (err error) {
			list, next, err = r.ReactedInOrder(c, e.user, from, maxPage)
			return err
		})
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Message.CreatedAt <= channel.PurgedAt {
				continue
			}
			for k := range list[i].Reactions {
				if err := e.writeReaction(MessageID(list[i].Message.ID), CID(channel.CID), &list[i].Reactions[k]); err != nil {
					return err
				}
			}
		}
		if from = next; from.Ended() {
			return nil
		}
		e.tell()
	}
}

func (e *exporting) writeReaction(id MessageID, cid CID, r *codec.Reaction) error {
	return e.write("reaction", exportedReaction{
		MessageID: id, CID: cid, Type: r.Type, Score: int(r.Score), CreatedAt: timestamp(moment(r.At)), UpdatedAt: timestamp(moment(r.UpdatedAt)),
		Custom: decodeCustom(r.Custom),
	})
}

type exportedPin struct {
	MessageID MessageID  `json:"message_id"`
	CID       CID        `json:"cid"`
	PinnedAt  timestamp  `json:"pinned_at"`
	Expires   *timestamp `json:"expires"`
}

// pins writes what the user pinned in a channel.
func (e *exporting) pins(ctx context.Context, c record.Channel, channel *codec.Channel) error {
	last := record.PinPlace{PinnedAt: never, Message: never}
	for more := true; more; {
		var list []exportedPin
		next := last
		err := e.view(ctx, func(r *record.Reader) error {
			list = nil
			pins, places, err := r.PinsBefore(c, last, channel.PurgedAt, maxPage, record.Everyone)
			if err != nil {
				return err
			}
			b := r.Batch()
			messages := make([]*record.Value[codec.Message], len(places))
			for i, place := range places {
				messages[i] = b.Message(place)
				next = pins[i]
			}
			more = len(places) == maxPage
			if err := b.Run(); err != nil {
				return err
			}
			at := now().UnixMicro()
			for _, stored := range messages {
				m := &stored.V
				if m.PinnedBy == e.user && m.CreatedAt > channel.PurgedAt && (m.PinExpires == 0 || m.PinExpires > at) {
					list = append(list, exportedPin{
						MessageID(m.ID), CID(channel.CID), timestamp(moment(m.PinnedAt)), (*timestamp)(momentPtr(m.PinExpires)),
					})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, pin := range list {
			if err := e.write("pin", pin); err != nil {
				return err
			}
		}
		if last = next; more {
			e.tell()
		}
	}
	return nil
}

type exportedDeletion struct {
	MessageID MessageID `json:"message_id"`
	CID       CID       `json:"cid"`
}

// deletedForMe writes what the user deleted for themselves in a channel.
func (e *exporting) deletedForMe(ctx context.Context, c record.Channel, channel *codec.Channel) error {
	var list []codec.Message
	err := e.view(ctx, func(r *record.Reader) error {
		b := r.Batch()
		forMe := b.ForMe(c, e.user)
		err := b.Run()
		if err == nil {
			list, err = forMeMessages(r, c, forMe.V, channel.PurgedAt)
		}
		return err
	})
	for i := range list {
		if err == nil {
			err = e.write("deleted_for_me", exportedDeletion{MessageID(list[i].ID), CID(channel.CID)})
		}
	}
	return err
}

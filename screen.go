package chat

import (
	"errors"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// errWordsWanted ends a transaction that has to know the words of a text: they
// are found outside of it, and only where there is a list to hold against them.
var errWordsWanted = errors.New("the words of the text are to be found")

// screen holds what is to be sent against the channel's block lists: an error if
// it is refused. It may make the message pending.
func (t *sending) screen(m *codec.Message) error {
	c := t.out.command
	if !t.room.screens() || c != nil && (c.own || c.ephemeral) {
		return nil
	}
	if t.out.words == nil || t.out.words.text != m.Text {
		if c == nil {
			return errWordsWanted
		}
		t.out.words = wordsOfMessage(m.Text, m.HTML)
		t.out.words.others = append(t.out.words.others, wordsOf(c.args))
	}
	var err error
	if t.blocked, err = t.room.screen(t.reader, t.out.words); err != nil {
		return err
	}
	if err := t.blocked.refuses(t.out.pending != PendingOff); err != nil {
		return err
	}
	if t.blocked.action == BlockHold {
		m.Pending = true
		if err := t.pin(m); err != nil {
			return err // it would be pinned as it is sent
		}
	}
	if m.Pending && t.blocked.action != "" && len(m.Metadata) == 0 {
		m.Metadata = t.blocked.metadata()
	}
	return nil
}

// screen holds what an edit lets others read against the channel's block lists: an
// error if it is refused. Until now they were shown the text given.
func (e *edit) screen(reader *record.Reader, f *found, shown string) (b blocked, err error) {
	if !f.room.screens() {
		return b, nil
	}
	var w *words
	switch m := f.message; {
	case e.text != nil:
		w = e.newWords()
	case m.Text != shown && !f.alone(): // its author alone was shown it until now
		w = wordsOfMessage(m.Text, m.HTML)
	default:
		return b, nil
	}
	if b, err = f.room.screen(reader, w); err == nil {
		err = b.refuses(false)
	}
	return b, err
}

// newWords are the words of the new text, found once.
func (e *edit) newWords() *words {
	if e.words == nil || e.words.text != *e.text {
		e.words = wordsOfMessage(*e.text, *e.html) // a user's text always has its own
	}
	return e.words
}

// byBlockList stands, in the place of a user, for who flags what a block list
// says. It is no user's id.
const byBlockList = "*"

// flagBlocked flags a message, in nobody's name.
func flagBlocked(tx *record.Txn, r *room, m *codec.Message, b *blocked) error {
	place := record.FlagPlace{At: r.now, Channel: r.number, Message: m.CreatedAt, By: byBlockList}
	again, err := putFlag(tx, place, codec.Flag{MessageID: m.ID, Reason: b.reason()})
	if err != nil || again {
		return err
	}
	return tellMessage(tx, codec.EventMessageFlagged, r.number, m, byBlockList)
}

package chat

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// What one who is shadow-banned, or blocked in a one-to-one channel, makes of
// their messages that others saw before lies beside what these go on to see; so
// does later what quotes nothing but a message that is theirs alone. An edit that
// is for all replaces both.

// alone says whether what the caller makes of a message is for them alone,
// whatever it is.
func (f *found) alone() bool { return f.room.shadowed() && f.mayBeAlone() }

// mayBeAlone says whether the message is the caller's and others see it.
func (f *found) mayBeAlone() bool {
	return !f.room.app && f.message.Author == string(f.room.user) && !f.message.Shadowed
}

// shown is a message as the caller is shown it: authors see their own edits.
func (r *room) shown(m *codec.Message) *codec.Message {
	if r.app || m.Author != string(r.user) {
		return m
	}
	return shownToAuthor(m)
}

func shownToAuthor(m *codec.Message) *codec.Message {
	if m.Alone == nil {
		return m
	}
	theirs, c := *m, m.Alone
	theirs.Alone, theirs.UpdatedAt, theirs.TextUpdatedAt = nil, c.UpdatedAt, c.TextUpdatedAt
	theirs.Text, theirs.HTML, theirs.QuotedID = c.Text, c.HTML, c.QuotedID
	theirs.Mentions, theirs.Attachments, theirs.Custom = c.Mentions, c.Attachments, c.Custom
	return &theirs
}

// storeAlone stores an edit that is for its author alone beside the message as
// others see it, and tells the author.
func storeAlone(tx *record.Txn, f *found, others codec.Message) error {
	m := f.message
	others.Alone = &codec.Content{
		UpdatedAt: m.UpdatedAt, TextUpdatedAt: m.TextUpdatedAt, Text: m.Text, HTML: m.HTML, QuotedID: m.QuotedID,
		Mentions: m.Mentions, Attachments: m.Attachments, Custom: m.Custom,
	}
	if err := tx.ReplaceMessage(f.room.number, &others); err != nil {
		return err
	}
	e := messageEvent(codec.EventMessageUpdated, f.room.number, &others, m.Author)
	e.Copy, e.With = true, true
	return tx.TellUser(m.Author, &e)
}

package model

import (
	"slices"
	"strings"
	"time"
)

// MessageView is a message as a viewer sees it, in comparable words.
type MessageView struct {
	MessageFields
	Quoted string        // its id
	Quotes MessageFields // of the quoted message
}

// MessageFields are those of a message but for its quote.
type MessageFields struct {
	ID, CID, Type, Text, User string
	Role                      string // of the author, now
	OtherHTML                 bool   // than that of the text
	Parent                    string
	Preview                   string
	Audience, Mentions        string
	Custom, Meta              string
	Command, Args             string
	Titled, Show, Silent      bool
	ForMe, Pending, Shadowed  bool
	All, Online               bool
	Replies, DeletedReplies   int
	Participants              string
	Created, Sent             time.Time
	Updated, TextUpdated      time.Time
	DeletedAt                 time.Time
	Groups, Latest, Own, Pin  string // reactions by type, the newest, the viewer's; the pin
}

// Names are user ids in one word, whatever their order.
func Names[T ~string](ids []T) string {
	if len(ids) < 2 {
		return List(ids)
	}
	return List(slices.Sorted(slices.Values(ids)))
}

// List are user ids in one word.
func List[T ~string](ids []T) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(id))
	}
	return b.String()
}

// View is how a viewer who sees a message sees it, and what it quotes.
func (w *World) View(viewer string, m *Message) MessageView {
	v := MessageView{MessageFields: w.fields(viewer, m)}
	if quoted := m.shown(viewer).Quoted; v.Type != "deleted" && w.Sees(viewer, quoted) {
		v.Quoted, v.Quotes = quoted.ID, w.fields(viewer, quoted)
	}
	return v
}

// fields are what a viewer sees of a message. The order of an audience that a
// reply inherits is not laid down.
func (w *World) fields(viewer string, m *Message) MessageFields {
	shown := m.shown(viewer)
	v := MessageFields{
		ID: m.ID, CID: m.Channel.CID, Type: m.Type, User: m.Author, Role: w.User(m.Author).Role, Show: m.Show, Silent: m.Silent,
		Audience: Names(m.Audience), ForMe: slices.Contains(m.ForMe, viewer), Pending: m.Pending, Created: m.Created,
		Shadowed: w.knowsShadowed(viewer, m), Sent: m.Sent, Updated: shown.Updated, TextUpdated: shown.TextUpdated, DeletedAt: m.DeletedAt,
	}
	if m.Parent != nil {
		v.Parent = m.Parent.ID
	}
	var by []string
	v.Replies, v.DeletedReplies, by = w.thread(viewer, m)
	v.Participants = List(by)
	w.showReactions(&v, viewer, m)
	if m.Deleted || v.ForMe {
		v.Type = "deleted"
		return v
	}
	v.Text, v.Titled, v.Preview, v.Mentions, v.Custom = shown.Text, shown.Titled, shown.Preview, List(shown.Mentions), shown.Custom.String()
	v.Command, v.Args, v.All, v.Online = m.Command, m.Args, m.All, m.Online
	if m.Pending {
		v.Meta = m.Meta
	}
	return v
}

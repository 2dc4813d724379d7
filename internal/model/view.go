package model

import (
	"slices"
	"strings"
	"time"
)

// MessageView is a message as a viewer sees it, in comparable words.
type MessageView struct {
	ID, CID, Type, Text, User string
	Role                      string // of the author, now
	Parent                    string
	Quoted, QuotedText        string
	QuotedCustom              string
	Preview, QuotedPreview    string
	Audience, Mentions        string
	Custom, Meta              string
	Command, Args             string
	Titled, Show, Silent      bool
	ForMe, Pending            bool
	Created, Sent             time.Time
	Updated, TextUpdated      time.Time
	DeletedAt                 time.Time
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

// View is how a viewer who sees a message sees it. The order of an audience that
// a reply inherits is not laid down.
func (w *World) View(viewer string, m *Message) MessageView {
	v := MessageView{
		ID: m.ID, CID: m.Channel.CID, Type: m.Type, User: m.Author, Role: w.User(m.Author).Role, Show: m.Show, Silent: m.Silent,
		Audience: Names(m.Audience), ForMe: slices.Contains(m.ForMe, viewer), Pending: m.Pending, Created: m.Created,
		Sent: m.Sent, Updated: m.Updated, TextUpdated: m.TextUpdated, DeletedAt: m.DeletedAt,
	}
	if m.Parent != nil {
		v.Parent = m.Parent.ID
	}
	if m.Deleted || v.ForMe {
		v.Type = "deleted"
		return v
	}
	v.Text, v.Titled, v.Preview, v.Mentions, v.Custom = m.Text, m.Titled, m.Preview, List(m.Mentions), m.Custom.String()
	v.Command, v.Args = m.Command, m.Args
	if m.Pending {
		v.Meta = m.Meta
	}
	if w.Sees(viewer, m.Quoted) {
		v.Quoted = m.Quoted.ID
		if !m.Quoted.Deleted && !slices.Contains(m.Quoted.ForMe, viewer) {
			v.QuotedText, v.QuotedCustom, v.QuotedPreview = m.Quoted.Text, m.Quoted.Custom.String(), m.Quoted.Preview
		}
	}
	return v
}

package chat_test

import (
	"fmt"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelViewOf is a message of the engine in the model's words.
func modelViewOf(m chat.Message) model.MessageView {
	v := model.MessageView{MessageFields: modelFieldsOf(m), Quoted: string(m.QuotedMessageID)}
	if m.QuotedMessage != nil {
		v.Quotes = modelFieldsOf(*m.QuotedMessage)
	}
	return v
}

func modelFieldsOf(m chat.Message) model.MessageFields {
	v := model.MessageFields{
		ID: string(m.ID), CID: string(m.CID), Type: string(m.Type), Text: m.Text, User: string(m.User.ID), Role: string(m.User.Role),
		OtherHTML: m.HTML != modelHTML(m) && model.LinkOf(m.Text) == "", Parent: string(m.ParentID), Audience: model.Names(m.Restricted), Custom: model.Custom(m.Custom).String(),
		Show: m.ShowInChannel, Silent: m.Silent, ForMe: m.DeletedForMe, Pending: m.Pending != nil, Shadowed: m.Shadowed,
		Command: m.Command, Args: m.Args, Created: m.CreatedAt, Updated: m.UpdatedAt,
	}
	v.All, v.Online, v.Replies, v.DeletedReplies = m.MentionsAll, m.MentionsOnline, m.ReplyCount, m.DeletedReplyCount
	var by []chat.UserID
	for _, u := range m.ThreadParticipants {
		by = append(by, u.ID)
	}
	v.Participants = model.List(by)
	modelShowReactions(&v, m)
	v.Titled, v.Preview = modelAttachments(m)
	if m.Pending != nil {
		v.Meta = modelMetadata(m.Pending.Metadata)
	}
	var mentioned []chat.UserID
	for _, u := range m.MentionedUsers {
		mentioned = append(mentioned, u.ID)
	}
	v.Mentions = model.List(mentioned)
	if m.SentAt != nil {
		v.Sent = *m.SentAt
	}
	if m.DeletedAt != nil {
		v.DeletedAt = *m.DeletedAt
	}
	if m.MessageTextUpdatedAt != nil {
		v.TextUpdated = *m.MessageTextUpdatedAt
	}
	return v
}

// modelHTML is the html of the plain words that the steps send.
func modelHTML(m chat.Message) string {
	if m.Text == "" {
		return ""
	}
	return "<p>" + m.Text + "</p>\n"
}

// modelMetadata is what a pending message says of itself, in one word.
func modelMetadata(m map[string]string) string {
	word := m["ticket"]
	if list := m["block_list"]; list != "" {
		word += "list " + list
	}
	return word
}

func modelViewsOf(list []chat.Message) []model.MessageView {
	var views []model.MessageView
	for _, m := range list {
		views = append(views, modelViewOf(m))
	}
	return views
}

// views is how a viewer sees messages, by the model.
func (r *modelRun) views(viewer string, list []*model.Message) []model.MessageView {
	var views []model.MessageView
	for _, m := range list {
		views = append(views, r.world.View(viewer, m))
	}
	return views
}

// diffViews says where two lists of messages differ first.
func diffViews(got, want []model.MessageView) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("message %d of %d is missing: %+v", i, len(want), want[i])
		case i >= len(want):
			return fmt.Sprintf("has a message too many: %+v", got[i])
		case got[i] != want[i]:
			return fmt.Sprintf("message %d is\n\t%+v, want\n\t%+v", i, got[i], want[i])
		}
	}
	return ""
}

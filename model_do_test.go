package chat_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelMade is the message that a step made.
type modelMade = model.Made

// stringsAs turns strings of one type into another.
func stringsAs[To, From ~string](list []From) []To {
	var out []To
	for _, s := range list {
		out = append(out, To(s))
	}
	return out
}

// id is the id of a message that a step names.
func (r *modelRun) id(name string) chat.MessageID {
	if m := r.world.Message(name); m != nil {
		return chat.MessageID(m.ID)
	}
	return chat.MessageID(name)
}

// do does a step in the engine.
func (r *modelRun) do(s model.Step) (modelMade, error) {
	switch s.Op {
	case model.Send:
		return r.send(s)
	case model.Commit:
		m, err := r.app.CommitMessage(context.Background(), r.id(s.ID))
		return madeOf(m), err
	case model.Sleep:
		time.Sleep(s.For)
		return modelMade{}, nil
	case model.ReopenStore:
		if err := r.close(false); err != nil {
			return modelMade{}, err
		}
		return modelMade{}, r.open(s.On)
	case model.RunDueWork:
		return modelMade{}, nil // settle does it
	}
	var err error
	if s.CID == "" {
		err = r.doMore(s)
	} else {
		err = r.doInChannel(s)
	}
	if err != nil || s.Text == "" || s.CID == "" {
		return modelMade{}, err
	}
	return r.noteOf(s)
}

func madeOf(m chat.Message) modelMade { return modelMade{ID: string(m.ID), Created: m.CreatedAt} }

// noteOf finds the system message that a change posted along: no call returns it.
func (r *modelRun) noteOf(s model.Step) (modelMade, error) {
	page, err := r.app.Messages(context.Background(), chat.CID(s.CID), chat.MessageQuery{Limit: 1})
	if err != nil {
		return modelMade{}, err
	}
	if len(page.Items) == 0 || page.Items[0].Text != s.Text || page.Items[0].Type != chat.TypeSystem {
		return modelMade{}, fmt.Errorf("the system message %q is not the newest", s.Text)
	}
	return madeOf(page.Items[0]), nil
}

func (r *modelRun) send(s model.Step) (modelMade, error) {
	d := chat.Draft{
		ID: chat.MessageID(s.ID), Type: chat.MessageType(s.Type), Text: s.Text, ShowInChannel: s.Show, Silent: s.Silent,
		Mentions: stringsAs[chat.UserID](s.Mentions), Restricted: stringsAs[chat.UserID](s.Audience),
	}
	if s.Parent != "" {
		d.ParentID = r.id(s.Parent)
	}
	if s.Quoted != "" {
		d.QuotedID = r.id(s.Quoted)
	}
	if s.Titled {
		d.Attachments = []chat.Attachment{{Type: "image", Title: s.Text}}
	}
	var m chat.Message
	var err error
	if s.By != "" {
		m, err = r.app.As(chat.UserID(s.By)).Send(context.Background(), chat.CID(s.CID), d)
	} else {
		mode := []chat.PendingMode{chat.PendingDefault, chat.PendingOn, chat.PendingOff}[s.Hold]
		m, err = r.app.Send(context.Background(), chat.CID(s.CID), chat.UserID(s.User), d, &chat.SendOptions{Pending: mode})
	}
	return madeOf(m), err
}

// doMore does what is not about a channel.
func (r *modelRun) doMore(s model.Step) (err error) {
	ctx := context.Background()
	user, as, id := chat.UserID(s.User), r.app.As(chat.UserID(s.By)), r.id(s.ID)
	mode := chat.DeleteSoft
	if s.Hard {
		mode = chat.DeleteHard
	}
	update := chat.MessageUpdate{Text: s.Text}
	if s.Quoted != "" {
		update.QuotedID = r.id(s.Quoted)
	}
	switch s.Op {
	case model.PutUser:
		err = r.app.UpsertUsers(ctx, chat.User{ID: user, Role: chat.Role(s.Role)})
	case model.Deactivate:
		err = r.app.DeactivateUser(ctx, user)
	case model.Reactivate:
		err = r.app.ReactivateUser(ctx, user)
	case model.SetTimeout:
		err = r.app.UpdateSettings(ctx, func(settings *chat.Settings) error {
			settings.AsyncModeration.Timeout = s.For
			return nil
		})
	case model.MuteUser:
		err = as.MuteUser(ctx, user, s.For)
	case model.UnmuteUser:
		err = as.UnmuteUser(ctx, user)
	case model.Update:
		if s.By == "" {
			_, err = r.app.UpdateMessage(ctx, id, update, nil)
		} else {
			_, err = as.UpdateMessage(ctx, id, update)
		}
	case model.Delete:
		if s.By == "" {
			_, err = r.app.DeleteMessage(ctx, id, mode, "")
		} else {
			_, err = as.DeleteMessage(ctx, id, mode)
		}
	case model.DeleteForMe:
		err = as.DeleteMessageForMe(ctx, id)
	case model.Undelete:
		_, err = r.app.UndeleteMessage(ctx, id, user)
	case model.MarkReadTo:
		err = as.MarkReadTo(ctx, id)
	case model.MarkUnread:
		err = as.MarkUnread(ctx, id)
	default:
		err = fmt.Errorf("no such step: %s", s.Op)
	}
	return err
}

// modelChanger is what the application and a user can both do to a channel.
type modelChanger interface {
	EnsureChannel(context.Context, chat.CID, chat.ChannelDraft) (chat.Channel, error)
	DeleteChannel(context.Context, chat.CID, chat.DeleteMode) error
	TruncateChannel(context.Context, chat.CID, *chat.TruncateOptions) error
	SetFrozen(context.Context, chat.CID, bool) (chat.Channel, error)
	AddMembers(context.Context, chat.CID, []chat.MemberDraft, *chat.SystemMessage) error
	RemoveMembers(context.Context, chat.CID, []chat.UserID, *chat.SystemMessage) error
	UpdateMember(context.Context, chat.CID, chat.UserID, chat.MemberUpdate) (chat.Member, error)
}

func (r *modelRun) doInChannel(s model.Step) (err error) {
	ctx, cid := context.Background(), chat.CID(s.CID)
	as := r.app.As(chat.UserID(s.By))
	var by modelChanger = r.app
	if s.By != "" {
		by = as
	}
	mode := chat.DeleteSoft
	if s.Hard {
		mode = chat.DeleteHard
	}
	var note *chat.SystemMessage
	if s.Text != "" {
		note = &chat.SystemMessage{Text: s.Text}
	}
	switch s.Op {
	case model.EnsureChannel:
		_, err = by.EnsureChannel(ctx, cid, chat.ChannelDraft{CreatedBy: chat.UserID(s.User), Members: stringsAs[chat.UserID](s.Users)})
	case model.DeleteChannel:
		err = by.DeleteChannel(ctx, cid, mode)
	case model.Truncate:
		o := &chat.TruncateOptions{Hard: s.Hard, Message: note}
		if m := r.world.Message(s.ID); m != nil {
			o.Before = m.Created
		}
		err = by.TruncateChannel(ctx, cid, o)
	case model.Freeze:
		_, err = by.SetFrozen(ctx, cid, s.On)
	case model.Disable:
		_, err = r.app.SetDisabled(ctx, cid, s.On)
	case model.HoldMessages:
		_, err = r.app.SetOverrides(ctx, cid, chat.ChannelOverrides{MarkMessagesPending: &s.On})
	case model.AddMembers:
		var members []chat.MemberDraft
		for _, id := range s.Users {
			members = append(members, chat.MemberDraft{UserID: chat.UserID(id), Role: chat.Role(s.Role)})
		}
		err = by.AddMembers(ctx, cid, members, note)
	case model.RemoveMembers:
		err = by.RemoveMembers(ctx, cid, stringsAs[chat.UserID](s.Users), note)
	case model.ChangeRole:
		_, err = by.UpdateMember(ctx, cid, chat.UserID(s.User), chat.MemberUpdate{Role: chat.Role(s.Role)})
	case model.Leave:
		err = as.LeaveChannel(ctx, cid)
	case model.MarkRead:
		err = as.MarkRead(ctx, cid)
	case model.MuteChannel:
		err = as.MuteChannel(ctx, cid, s.For)
	case model.UnmuteChannel:
		err = as.UnmuteChannel(ctx, cid)
	case model.Hide:
		err = as.HideChannel(ctx, cid, s.Hard)
	case model.Show:
		err = as.ShowChannel(ctx, cid)
	default:
		err = fmt.Errorf("no such step: %s", s.Op)
	}
	return err
}

// modelViewOf is a message of the engine in the model's words.
func modelViewOf(m chat.Message) model.MessageView {
	v := model.MessageView{
		ID: string(m.ID), CID: string(m.CID), Type: string(m.Type), Text: m.Text, User: string(m.User.ID), Parent: string(m.ParentID),
		Quoted: string(m.QuotedMessageID), Audience: stringsAs[string](m.Restricted), Titled: len(m.Attachments) > 0,
		Show: m.ShowInChannel, Silent: m.Silent, Created: m.CreatedAt, Deleted: m.DeletedAt != nil, ForMe: m.DeletedForMe, Pending: m.Pending != nil,
	}
	if m.QuotedMessage != nil {
		v.QuotedText = m.QuotedMessage.Text
	}
	for _, u := range m.MentionedUsers {
		v.Mentions = append(v.Mentions, string(u.ID))
	}
	if m.SentAt != nil {
		v.Sent = *m.SentAt
	}
	return v
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
		case !sameView(got[i], want[i]):
			return fmt.Sprintf("message %d is\n\t%+v, want\n\t%+v", i, got[i], want[i])
		}
	}
	return ""
}

// sameView compares. The order of an audience that a reply inherits is not laid down.
func sameView(a, b model.MessageView) bool {
	if a.Parent != "" {
		a.Audience, b.Audience = slices.Sorted(slices.Values(a.Audience)), slices.Sorted(slices.Values(b.Audience))
	}
	if !slices.Equal(a.Audience, b.Audience) || !slices.Equal(a.Mentions, b.Mentions) || !a.Created.Equal(b.Created) || !a.Sent.Equal(b.Sent) {
		return false
	}
	a.Audience, a.Mentions, a.Created, a.Sent = b.Audience, b.Mentions, b.Created, b.Sent
	return reflect.DeepEqual(a, b)
}

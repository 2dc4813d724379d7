package chat_test

import (
	"context"
	"fmt"
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
		return r.madeOf(m), err
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
	switch s.Op {
	case model.EnsureChannel, model.EnsureDistinct:
		return r.ensure(s)
	case model.BanUser, model.UnbanUser, model.FlagMessage, model.FlagUser, model.UnflagMessage, model.UnflagUser, model.ReviewMessage, model.ReviewUser:
		if err := r.moderate(s); err != nil || s.Purge == "" {
			return modelMade{}, err
		}
		return r.purged(s)
	case model.CreateList, model.UpdateList, model.DeleteList:
		return modelMade{}, r.changeList(s)
	case model.EraseUser:
		return r.eraseUser(s)
	case model.React, model.Unreact, model.PinMessage, model.Unpin:
		m, err := r.react(s)
		made := r.madeOf(m)
		made.ID = "" // no new one
		return made, err
	case model.RunAction:
		m, err := r.app.As(chat.UserID(s.By)).RunAction(context.Background(), r.id(s.ID), s.Action)
		return r.madeOf(m), err
	case model.Update, model.PatchMessage, model.Delete, model.Undelete:
		m, err := r.change(s)
		made := r.madeOf(m)
		made.ID = "" // no new one
		return made, err
	}
	if s.CID == "" {
		return modelMade{}, r.doMore(s)
	}
	ch, err := r.doInChannel(s)
	made := modelMade{Updated: ch.UpdatedAt}
	if err != nil || s.Text == "" {
		return made, err
	}
	note, err := r.noteOf(s)
	note.Updated = made.Updated
	return note, err
}

// madeOf keeps a message that a call returned, to be compared.
func (r *modelRun) madeOf(m chat.Message) modelMade {
	r.returned = &m
	made := modelMade{ID: string(m.ID), Created: m.CreatedAt, Updated: m.UpdatedAt}
	if m.DeletedAt != nil {
		made.Deleted = *m.DeletedAt
	}
	return made
}

func (r *modelRun) ensure(s model.Step) (modelMade, error) {
	ctx := context.Background()
	d := chat.ChannelDraft{Members: stringsAs[chat.UserID](s.Users)}
	var by modelChanger = r.app
	if s.By != "" {
		by = r.app.As(chat.UserID(s.By))
	} else {
		d.CreatedBy = chat.UserID(s.User)
	}
	d.Name, d.Custom = modelNamed(s.Set)
	var ch chat.Channel
	var err error
	if s.Op == model.EnsureDistinct {
		ch, err = by.EnsureDistinctChannel(ctx, s.Type, d)
	} else {
		ch, err = by.EnsureChannel(ctx, chat.CID(s.CID), d)
	}
	return modelMade{CID: string(ch.CID), Since: ch.CreatedAt, Updated: ch.UpdatedAt}, err
}

// modelCustom is the custom data that a step gives.
func modelCustom(set []string) chat.Custom { return chat.Custom(model.CustomOf(set)) }

// modelNamed parts the name from the custom data that a step gives.
func modelNamed(set []string) (name string, custom chat.Custom) {
	custom = modelCustom(set)
	name, _ = custom["name"].(string)
	delete(custom, "name")
	return name, custom
}

func modelPatch(s model.Step) chat.Patch { return chat.Patch{Set: model.Pairs(s.Set), Unset: s.Unset} }

// noteOf finds the system message that a change posted along: no call returns it.
func (r *modelRun) noteOf(s model.Step) (modelMade, error) {
	page, err := r.app.Messages(context.Background(), chat.CID(s.CID), chat.MessageQuery{Limit: 1})
	if err != nil {
		return modelMade{}, err
	}
	if len(page.Items) == 0 || page.Items[0].Text != s.Text || page.Items[0].Type != chat.TypeSystem {
		return modelMade{}, fmt.Errorf("the system message %q is not the newest", s.Text)
	}
	return modelMade{ID: string(page.Items[0].ID), Created: page.Items[0].CreatedAt}, nil
}

func (r *modelRun) send(s model.Step) (modelMade, error) {
	d := chat.Draft{
		ID: chat.MessageID(s.ID), Type: chat.MessageType(s.Type), Text: s.Text, ShowInChannel: s.Show, Silent: s.Silent,
		Mentions: stringsAs[chat.UserID](s.Mentions), Restricted: stringsAs[chat.UserID](s.Audience),
		Custom: modelCustom(s.Set), SkipEnrichURL: s.NoPreview, MentionAll: s.All, MentionOnline: s.Online, Pinned: s.Pinned,
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
		o := &chat.SendOptions{Pending: mode}
		if s.Meta != "" {
			o.PendingMetadata = map[string]string{"ticket": s.Meta}
		}
		m, err = r.app.Send(context.Background(), chat.CID(s.CID), chat.UserID(s.User), d, o)
	}
	return r.madeOf(m), err
}

// change changes a message.
func (r *modelRun) change(s model.Step) (chat.Message, error) {
	ctx := context.Background()
	as, id := r.app.As(chat.UserID(s.By)), r.id(s.ID)
	mode := chat.DeleteSoft
	if s.Hard {
		mode = chat.DeleteHard
	}
	update := chat.MessageUpdate{Text: s.Text, Mentions: stringsAs[chat.UserID](s.Mentions), Custom: modelCustom(s.Set), SkipEnrichURL: s.NoPreview}
	if s.Quoted != "" {
		update.QuotedID = r.id(s.Quoted)
	}
	if s.Titled {
		update.Attachments = []chat.Attachment{{Type: "image", Title: s.Text}}
	}
	update.Attachments = append(r.given(s), update.Attachments...)
	switch {
	case s.Op == model.Undelete:
		return r.app.UndeleteMessage(ctx, id, chat.UserID(s.User))
	case s.Op == model.Delete && s.By == "":
		return r.app.DeleteMessage(ctx, id, mode, "")
	case s.Op == model.Delete:
		return as.DeleteMessage(ctx, id, mode)
	case s.Op == model.PatchMessage && s.By == "":
		return r.app.PatchMessage(ctx, id, modelPatch(s))
	case s.Op == model.PatchMessage:
		return as.PatchMessage(ctx, id, modelPatch(s))
	case s.By == "":
		return r.app.UpdateMessage(ctx, id, update, nil)
	}
	return as.UpdateMessage(ctx, id, update)
}

// doMore does what is not about a channel.
func (r *modelRun) doMore(s model.Step) (err error) {
	ctx := context.Background()
	user, as, id := chat.UserID(s.User), r.app.As(chat.UserID(s.By)), r.id(s.ID)
	switch s.Op {
	case model.ChangeType:
		err = r.app.UpdateChannelType(ctx, s.Type, func(t *chat.ChannelType) error {
			for name, target := range map[string]*bool{model.Pending: &t.MarkMessagesPending, model.Replies: &t.Replies, model.Quotes: &t.Quotes, model.Mutes: &t.Mutes, model.Links: &t.URLEnrichment} {
				if on, given := s.Setting(name); given {
					*target = on
				}
			}
			if on, given := s.Setting(model.Commands); given {
				t.Commands = modelCommandNames(on)
			}
			if s.Lists != nil {
				t.BlockLists = modelUses(s)
			}
			if s.Role != "" {
				t.Grants[chat.Role(s.Role)] = stringsAs[chat.Action](s.Actions)
			}
			return nil
		})
	case model.PutUser:
		err = r.app.UpsertUsers(ctx, chat.User{ID: user, Role: chat.Role(s.Role)})
	case model.PatchUser:
		u, err := r.app.PatchUser(ctx, user, modelPatch(s))
		r.patched = []chat.User{u}
		return err
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
	case model.BlockUser:
		err = as.BlockUser(ctx, user)
	case model.UnblockUser:
		err = as.UnblockUser(ctx, user)
	case model.DeleteForMe:
		err = as.DeleteMessageForMe(ctx, id)
	case model.MarkReadTo:
		err = as.MarkReadTo(ctx, id)
	case model.MarkUnread:
		err = as.MarkUnread(ctx, id)
	case model.MarkThreadRead:
		err = as.MarkThreadRead(ctx, id)
	case model.MarkThreadUnread:
		err = as.MarkThreadUnread(ctx, id)
	default:
		err = fmt.Errorf("no such step: %s", s.Op)
	}
	return err
}

// modelChanger is what the application and a user can both do to a channel.
type modelChanger interface {
	EnsureChannel(context.Context, chat.CID, chat.ChannelDraft) (chat.Channel, error)
	EnsureDistinctChannel(context.Context, string, chat.ChannelDraft) (chat.Channel, error)
	UpdateChannel(context.Context, chat.CID, chat.ChannelUpdate, *chat.SystemMessage) (chat.Channel, error)
	PatchChannel(context.Context, chat.CID, chat.Patch) (chat.Channel, error)
	DeleteChannel(context.Context, chat.CID, chat.DeleteMode) error
	TruncateChannel(context.Context, chat.CID, *chat.TruncateOptions) error
	SetFrozen(context.Context, chat.CID, bool) (chat.Channel, error)
	SetCooldown(context.Context, chat.CID, time.Duration) (chat.Channel, error)
	AddMembers(context.Context, chat.CID, []chat.MemberDraft, *chat.SystemMessage) error
	RemoveMembers(context.Context, chat.CID, []chat.UserID, *chat.SystemMessage) error
	UpdateMember(context.Context, chat.CID, chat.UserID, chat.MemberUpdate) (chat.Member, error)
}

// modelOverrides are the overrides that a step sets.
func modelOverrides(s model.Step) chat.ChannelOverrides {
	var o chat.ChannelOverrides
	for name, target := range map[string]**bool{model.Pending: &o.MarkMessagesPending, model.Replies: &o.Replies, model.Quotes: &o.Quotes, model.Mutes: &o.Mutes, model.Links: &o.URLEnrichment} {
		if on, given := s.Setting(name); given {
			*target = &on
		}
	}
	if on, given := s.Setting(model.Commands); given {
		names := modelCommandNames(on)
		o.Commands = &names
	}
	if s.Lists != nil {
		uses := modelUses(s)
		o.BlockLists = &uses
	}
	if s.Role != "" {
		o.Grants = map[chat.Role][]chat.Action{chat.Role(s.Role): stringsAs[chat.Action](s.Actions)}
	}
	return o
}

func (r *modelRun) doInChannel(s model.Step) (ch chat.Channel, err error) {
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
	case model.DeleteChannel:
		err = by.DeleteChannel(ctx, cid, mode)
	case model.Truncate:
		o := &chat.TruncateOptions{Hard: s.Hard, Message: note}
		if m := r.world.Message(s.ID); m != nil {
			o.Before = m.Created
		}
		if err = by.TruncateChannel(ctx, cid, o); err != nil {
			return ch, err
		}
		st, err := r.app.Channel(ctx, cid) // whether it is an update is not laid down
		return st.Channel, err
	case model.Freeze:
		return by.SetFrozen(ctx, cid, s.On)
	case model.SetCooldown:
		return by.SetCooldown(ctx, cid, s.For)
	case model.Disable:
		return r.app.SetDisabled(ctx, cid, s.On)
	case model.SetOverrides:
		return r.app.SetOverrides(ctx, cid, modelOverrides(s))
	case model.UpdateChannel:
		u := chat.ChannelUpdate{}
		u.Name, u.Custom = modelNamed(s.Set)
		return by.UpdateChannel(ctx, cid, u, note)
	case model.PatchChannel:
		return by.PatchChannel(ctx, cid, modelPatch(s))
	case model.AddMembers:
		var members []chat.MemberDraft
		for _, id := range s.Users {
			members = append(members, chat.MemberDraft{UserID: chat.UserID(id), Role: chat.Role(s.Role), Invite: s.Invite, HideHistory: s.Veiled})
		}
		err = by.AddMembers(ctx, cid, members, note)
	case model.RemoveMembers:
		err = by.RemoveMembers(ctx, cid, stringsAs[chat.UserID](s.Users), note)
	case model.ChangeMember:
		u := chat.MemberUpdate{Role: chat.Role(s.Role)}
		if len(s.Set) > 0 {
			u.Custom = modelCustom(s.Set)
		}
		_, err = by.UpdateMember(ctx, cid, chat.UserID(s.User), u)
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
	case model.AcceptInvite:
		err = as.AcceptInvite(ctx, cid)
	case model.RejectInvite:
		err = as.RejectInvite(ctx, cid)
	case model.PinChannel:
		err = as.PinChannel(ctx, cid)
	case model.UnpinChannel:
		err = as.UnpinChannel(ctx, cid)
	case model.Archive:
		err = as.ArchiveChannel(ctx, cid)
	case model.Unarchive:
		err = as.UnarchiveChannel(ctx, cid)
	default:
		err = fmt.Errorf("no such step: %s", s.Op)
	}
	return ch, err
}

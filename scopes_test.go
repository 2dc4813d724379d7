package chat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
	"example.com/chat/storage/storagetest"
	"example.com/chat/webhook"
)

// readOnly are the calls that write nothing. Any other call must be part of the
// script below.
var readOnly = map[string]bool{
	"App.Poll": true, "App.Events": true, "Session.Poll": true, "Session.Events": true, "Session.StartTyping": true, "Session.StopTyping": true,
	"App.Replies": true, "App.AllReplies": true, "Session.Replies": true, "Session.AllReplies": true, "Session.Thread": true, "Session.Threads": true,
	"App.AllMessages": true, "App.As": true, "App.Bans": true, "App.BlockLists": true, "Session.BlockedUsers": true, "App.Commands": true, "App.Flags": true, "App.Channel": true, "App.ChannelType": true, "App.ChannelTypes": true, "App.Channels": true,
	"App.Close": true, "App.FailedCallbacks": true, "App.Erasure": true, "App.EventReceivers": true, "App.ExportUser": true, "App.Members": true, "App.Message": true, "App.Messages": true, "App.MessagesByID": true,
	"App.OriginalMessage": true, "App.PendingMessages": true, "App.Settings": true, "App.User": true, "App.Users": true,
	"Session.AllMessages": true, "Session.Bans": true, "Session.Commands": true, "Session.Flags": true, "Session.Channel": true, "Session.Channels": true, "Session.Members": true, "Session.Message": true,
	"Session.Messages": true, "Session.MessagesByID": true, "Session.Mutes": true, "Session.TotalUnread": true, "Session.Unread": true,
	"Session.User": true, "App.Reactions": true, "Session.Reactions": true, "App.PinnedMessages": true, "Session.PinnedMessages": true,
}

// TestEachKeyHasOneScope makes every call that writes, in every way that
// touches keys of another kind, on a store that reports a key written under two
// scopes: two such writers could overlap on PostgreSQL.
func TestEachKeyHasOneScope(t *testing.T) {
	store := storagetest.CheckScopes(t, memstore.New())
	refuse := func(_ context.Context, m chat.PendingMessage) error {
		if strings.Contains(m.Message.Text, "refused") {
			return errors.New("refused")
		}
		return nil
	}
	app, err := chat.New(store, &chat.Options{
		NoBackground: true, EphemeralLife: time.Millisecond * 50, Commands: commandOptions().Commands,
		PendingGiveUp: time.Nanosecond, Pending: chat.PendingFuncs{Sent: refuse, Deleted: refuse},
		CallbackTransport: hooks{
			"/chat/Events": &ear{verifier: &webhook.Verifier{Secrets: []string{hookSecret}}},
			"": &hook{answer: func(a hookAttempt) error {
				return refuse(t.Context(), chat.PendingMessage{Message: chat.Message{Text: a.Message.Text}})
			}},
		},
		EventHandler: new(ear),
		Previews:     chat.PreviewOptions{Enricher: new(web), Wait: chat.None},
	})
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	step := func(call string, err error) {
		t.Helper()
		called[call] = true
		if err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
	script(t, app, step)
	for _, v := range []any{app, app.As("jane")} {
		r := reflect.TypeOf(v)
		for i := range r.NumMethod() {
			name := r.Elem().Name() + "." + r.Method(i).Name
			if !called[name] && !readOnly[name] {
				t.Errorf("%s is not part of the script; add it, or to what only reads", name)
			}
		}
	}
	report, err := app.Verify(t.Context(), nil)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("after the script: %+v, %v", report.Problems, err)
	}
	if err := app.Close(); err != nil {
		t.Error(err)
	}
}

// hooks are receivers of callbacks by their path; any other path is that of "".
type hooks map[string]http.RoundTripper

func (h hooks) RoundTrip(r *http.Request) (*http.Response, error) {
	if to := h[r.URL.Path]; to != nil {
		return to.RoundTrip(r)
	}
	return h[""].RoundTrip(r)
}

// script makes every call that writes and reports each with its error.
func script(t *testing.T, app *chat.App, step func(string, error)) {
	t.Helper()
	ctx := t.Context()
	jane, john, boss := app.As("jane"), app.As("john"), app.As("boss")
	const ride, side = chat.CID("messaging:ride"), chat.CID("messaging:side")

	step("App.UpsertUsers", app.UpsertUsers(ctx, chat.User{ID: "jane"}, chat.User{ID: "john"}, chat.User{ID: "joe"}, chat.User{ID: "boss", Role: chat.RoleAdmin}))
	step("App.UpsertUsers", app.UpsertUsers(ctx, chat.User{ID: "jane", Name: "Jane"}))
	step("App.DeactivateUser", app.DeactivateUser(ctx, "joe"))
	step("App.ReactivateUser", app.ReactivateUser(ctx, "joe"))
	_, err := app.PatchUser(ctx, "joe", chat.Patch{Set: map[string]any{"role": "guest", "color": "red"}})
	step("App.PatchUser", err)
	_, err = app.PatchUser(ctx, "joe", chat.Patch{Set: map[string]any{"role": "user"}, Unset: []string{"color"}})
	step("App.PatchUser", err)
	_, err = app.CreateChannelType(ctx, chat.ChannelType{Name: "own"})
	step("App.CreateChannelType", err)
	step("App.UpdateChannelType", app.UpdateChannelType(ctx, "own", func(t *chat.ChannelType) error { t.Replies = true; return nil }))
	step("App.DeleteChannelType", app.DeleteChannelType(ctx, "own"))
	step("App.UpdateSettings", app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.AsyncModeration.Timeout = time.Hour
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL}
		return nil
	}))

	_, err = app.EnsureChannel(ctx, ride, chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"jane", "john"}})
	step("App.EnsureChannel", err)
	_, err = jane.EnsureChannel(ctx, side, chat.ChannelDraft{})
	step("Session.EnsureChannel", err)
	_, err = app.EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "joe"}})
	step("App.EnsureDistinctChannel", err)
	_, err = jane.EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john"}})
	step("Session.EnsureDistinctChannel", err)
	_, err = app.UpdateChannel(ctx, ride, chat.ChannelUpdate{Name: "Ride"}, &chat.SystemMessage{Text: "renamed"})
	step("App.UpdateChannel", err)
	_, err = boss.UpdateChannel(ctx, ride, chat.ChannelUpdate{Name: "The ride"}, &chat.SystemMessage{Text: "renamed"})
	step("Session.UpdateChannel", err)
	step("App.SendEvent", app.SendEvent(ctx, ride, "jane", chat.CustomEvent{Type: "wave"}))
	step("Session.SendEvent", jane.SendEvent(ctx, ride, chat.CustomEvent{Type: "wave"}))
	_, err = app.PatchChannel(ctx, ride, chat.Patch{Set: map[string]any{"color": "red"}})
	step("App.PatchChannel", err)
	_, err = boss.PatchChannel(ctx, ride, chat.Patch{Unset: []string{"color"}})
	step("Session.PatchChannel", err)
	for _, on := range []bool{true, false} {
		_, err = app.SetFrozen(ctx, ride, on)
		step("App.SetFrozen", err)
		_, err = boss.SetFrozen(ctx, ride, on)
		step("Session.SetFrozen", err)
	}
	for _, cooldown := range []time.Duration{time.Second, 0} {
		_, err = app.SetCooldown(ctx, ride, cooldown)
		step("App.SetCooldown", err)
		_, err = boss.SetCooldown(ctx, ride, cooldown)
		step("Session.SetCooldown", err)
		if cooldown > 0 {
			_, err = jane.Send(ctx, ride, chat.Draft{Text: "slow"})
			step("Session.Send", err)
		}
	}
	for _, on := range []bool{true, false} {
		_, err = app.SetDisabled(ctx, ride, on)
		step("App.SetDisabled", err)
	}
	_, err = app.SetOverrides(ctx, side, chat.ChannelOverrides{MarkMessagesPending: new(bool)})
	step("App.SetOverrides", err)
	step("App.AddMembers", app.AddMembers(ctx, ride, []chat.MemberDraft{{UserID: "joe"}}, &chat.SystemMessage{Text: "joe is here"}))
	step("App.RemoveMembers", app.RemoveMembers(ctx, ride, []chat.UserID{"joe"}, &chat.SystemMessage{Text: "joe is gone"}))
	step("Session.AddMembers", boss.AddMembers(ctx, ride, []chat.MemberDraft{{UserID: "joe"}, {UserID: "boss"}}, nil))
	step("Session.RemoveMembers", boss.RemoveMembers(ctx, ride, []chat.UserID{"joe"}, nil))
	step("App.AddMembers", app.AddMembers(ctx, side, []chat.MemberDraft{{UserID: "joe"}, {UserID: "john"}}, nil))
	step("Session.LeaveChannel", app.As("joe").LeaveChannel(ctx, side))
	step("App.AddMembers", app.AddMembers(ctx, side, []chat.MemberDraft{{UserID: "jane", Invite: true}, {UserID: "joe", Invite: true, HideHistory: true}}, nil))
	step("Session.AcceptInvite", jane.AcceptInvite(ctx, side))
	step("Session.RejectInvite", app.As("joe").RejectInvite(ctx, side))
	step("Session.PinChannel", jane.PinChannel(ctx, ride))
	step("Session.UnpinChannel", jane.UnpinChannel(ctx, ride))
	step("Session.ArchiveChannel", jane.ArchiveChannel(ctx, ride))
	step("Session.UnarchiveChannel", jane.UnarchiveChannel(ctx, ride))
	_, err = app.UpdateMember(ctx, ride, "jane", chat.MemberUpdate{Role: chat.RoleChannelModerator})
	step("App.UpdateMember", err)
	_, err = boss.UpdateMember(ctx, ride, "john", chat.MemberUpdate{Custom: chat.Custom{"seat": 1.0}})
	step("Session.UpdateMember", err)

	scriptMessages(t, app, ride, step)

	for _, address := range []string{hookURL, "", hookURL} {
		step("App.UpdateSettings", app.UpdateSettings(ctx, func(s *chat.Settings) error {
			s.EventWebhook = chat.EventWebhook{ServerURL: address, Secret: hookSecret}
			return nil
		}))
		_, err = app.RunDueWork(ctx)
		step("App.RunDueWork", err)
	}

	scriptModeration(t, app, ride, step)

	step("Session.MuteUser", jane.MuteUser(ctx, "john", 0))
	step("Session.UnmuteUser", jane.UnmuteUser(ctx, "john"))
	step("Session.MuteChannel", jane.MuteChannel(ctx, ride, 0))
	step("Session.UnmuteChannel", jane.UnmuteChannel(ctx, ride))
	step("Session.HideChannel", jane.HideChannel(ctx, ride, true))
	step("Session.ShowChannel", jane.ShowChannel(ctx, ride))

	step("App.TruncateChannel", app.TruncateChannel(ctx, ride, &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "cleared"}}))
	step("Session.TruncateChannel", john.TruncateChannel(ctx, ride, &chat.TruncateOptions{Hard: true}))
	late, err := jane.Send(ctx, ride, chat.Draft{Text: "https://a.example/1"})
	step("Session.Send", err)
	_, err = jane.UpdateMessage(ctx, late.ID, chat.MessageUpdate{Text: "https://a.example/2"})
	step("Session.UpdateMessage", err)
	_, err = app.Send(ctx, ride, "jane", chat.Draft{Text: "https://a.example/3"}, &chat.SendOptions{Pending: chat.PendingOn})
	step("App.Send", err)
	_, err = app.Preview(ctx, "https://a.example/4")
	step("App.Preview", err)
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)
	late, err = app.Message(ctx, late.ID)
	step("App.Message", err)
	wantPreviews(t, late, 0, "https://a.example/2")
	_, err = john.Send(ctx, ride, chat.Draft{Text: "still here"})
	step("Session.Send", err)
	step("Session.DeleteChannel", john.DeleteChannel(ctx, ride, chat.DeleteSoft))
	_, err = app.EnsureChannel(ctx, ride, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"john"}})
	step("App.EnsureChannel", err)
	_, err = app.Send(ctx, ride, "john", chat.Draft{Text: "once more"}, &chat.SendOptions{Pending: chat.PendingOn})
	step("App.Send", err)
	step("App.DeleteChannel", app.DeleteChannel(ctx, ride, chat.DeleteHard))
	_, err = app.EnsureChannel(ctx, ride, chat.ChannelDraft{CreatedBy: "jane"})
	step("App.EnsureChannel", err)
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)
	step("App.EraseUser", app.EraseUser(ctx, "john", chat.EraseSoft))
	step("App.EraseUser", app.EraseUser(ctx, "boss", chat.EraseHard))
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)
	_, err = app.Verify(ctx, &chat.VerifyOptions{Repair: true})
	step("App.Verify", err)
}

// scriptModeration is the part of the script about bans, flags and commands.
func scriptModeration(t *testing.T, app *chat.App, ride chat.CID, step func(string, error)) {
	t.Helper()
	ctx := t.Context()
	john, boss := app.As("john"), app.As("boss")
	for _, cid := range []chat.CID{ride, ""} {
		_, err := app.Ban(ctx, chat.BanDraft{User: "joe", CID: cid, Lasting: time.Hour}, "john")
		step("App.Ban", err)
		_, err = boss.Ban(ctx, chat.BanDraft{User: "joe", CID: cid, Lasting: time.Microsecond})
		step("Session.Ban", err)
		time.Sleep(time.Millisecond)
		_, err = app.RunDueWork(ctx)
		step("App.RunDueWork", err)
		_, err = boss.Ban(ctx, chat.BanDraft{User: "joe", CID: cid, DeleteMessages: chat.DeleteSoft})
		step("Session.Ban", err)
		_, err = app.RunDueWork(ctx)
		step("App.RunDueWork", err)
		step("Session.Unban", boss.Unban(ctx, "joe", cid))
		step("App.Unban", app.Unban(ctx, "joe", cid))
	}
	for _, id := range []chat.MessageID{"quote", "quiet"} {
		_, err := john.Send(ctx, ride, chat.Draft{ID: "flagged " + id, Text: "rude"})
		step("Session.Send", err)
		step("Session.FlagMessage", boss.FlagMessage(ctx, "flagged "+id, "rude"))
	}
	reactionScript(ctx, app, boss, "flagged quote", "flagged quiet", step)
	step("Session.FlagUser", boss.FlagUser(ctx, "john", "rude"))
	{
		_, err := app.CreateBlockList(ctx, chat.BlockList{Name: "words", Words: []string{"darn"}})
		step("App.CreateBlockList", err)
		_, err = app.UpdateBlockList(ctx, "words", []string{"heck"})
		step("App.UpdateBlockList", err)
		_, err = app.SetOverrides(ctx, ride, chat.ChannelOverrides{BlockLists: &[]chat.BlockListUse{{List: "words", Action: chat.BlockFlag}}})
		step("App.SetOverrides", err)
		m, err := john.Send(ctx, ride, chat.Draft{Text: "heck"})
		step("Session.Send", err)
		_, err = john.UpdateMessage(ctx, m.ID, chat.MessageUpdate{Text: "what the heck"})
		step("Session.UpdateMessage", err)
		_, err = app.SetOverrides(ctx, ride, chat.ChannelOverrides{})
		step("App.SetOverrides", err)
		step("App.DeleteBlockList", app.DeleteBlockList(ctx, "words"))
	}
	step("Session.BlockUser", john.BlockUser(ctx, "boss"))
	step("Session.UnblockUser", john.UnblockUser(ctx, "boss"))
	step("App.ReviewMessageFlags", app.ReviewMessageFlags(ctx, "flagged quote", "ok", "boss"))
	step("Session.ReviewMessageFlags", boss.ReviewMessageFlags(ctx, "flagged quote", "ok"))
	step("Session.FlagMessage", boss.FlagMessage(ctx, "flagged quote", "rude"))
	step("App.ReviewUserFlags", app.ReviewUserFlags(ctx, "john", "ok", "boss"))
	step("Session.ReviewUserFlags", boss.ReviewUserFlags(ctx, "john", "ok"))
	step("Session.FlagUser", boss.FlagUser(ctx, "john", "rude"))
	step("App.UnflagMessage", app.UnflagMessage(ctx, "flagged quote"))
	step("App.UnflagUser", app.UnflagUser(ctx, "john"))
	_, err := app.DeleteMessage(ctx, "flagged quiet", chat.DeleteHard, "")
	step("App.DeleteMessage", err)
	step("App.UpdateChannelType", app.UpdateChannelType(ctx, "messaging", func(t *chat.ChannelType) error {
		t.Commands = append(t.Commands, "ask")
		return nil
	}))
	for _, text := range []string{"/ban @joe", "/unban @joe", "/mute @joe", "/unmute @joe", "/flag @joe"} {
		_, err := boss.Send(ctx, ride, chat.Draft{Text: text})
		step("Session.Send", err)
	}
	for i, action := range []string{"again", "send", "cancel", "done"} {
		id := chat.MessageID(fmt.Sprint("ask ", i))
		_, err := boss.Send(ctx, ride, chat.Draft{ID: id, Text: "/ask"})
		step("Session.Send", err)
		_, err = boss.RunAction(ctx, id, action)
		step("Session.RunAction", err)
	}
	time.Sleep(60 * time.Millisecond)
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)
}

// scriptMessages is the part of the script about messages.
func scriptMessages(t *testing.T, app *chat.App, ride chat.CID, step func(string, error)) {
	t.Helper()
	ctx := t.Context()
	jane, john := app.As("jane"), app.As("john")
	drafts := []chat.Draft{
		{ID: "first", Text: "hello"},
		{ID: "quiet", Text: "hush", Silent: true},
		{ID: "reply", Text: "yes", ParentID: "first"},
		{ID: "shown", Text: "yes, all", ParentID: "first", ShowInChannel: true},
		{ID: "quote", Text: "this", QuotedID: "first", Mentions: []chat.UserID{"jane"}},
		{ID: "mention", Text: "jane?", ParentID: "first", Mentions: []chat.UserID{"jane", "joe"}},
	}
	for _, d := range drafts {
		_, err := john.Send(ctx, ride, d)
		step("Session.Send", err)
	}
	for _, d := range []chat.Draft{
		{ID: "private", Text: "for jane", Restricted: []chat.UserID{"jane"}},
		{ID: "private-reply", Text: "for jane too", ParentID: "first", Restricted: []chat.UserID{"jane"}},
		{ID: "private-quiet", Text: "for jane, hush", Restricted: []chat.UserID{"jane"}, Silent: true},
	} {
		_, err := app.Send(ctx, ride, "john", d, nil)
		step("App.Send", err)
	}
	for _, d := range []chat.Draft{
		{ID: "held", Text: "committed"},
		{ID: "held-reply", Text: "committed", ParentID: "first"},
		{ID: "held-private", Text: "committed", Restricted: []chat.UserID{"jane"}},
		{ID: "held-deleted", Text: "deleted"},
		{ID: "held-refused", Text: "refused by the receiver"},
		{ID: "held-refused-again", Text: "refused by the receiver"},
		{ID: "held-overdue", Text: "overdue"},
	} {
		_, err := app.Send(ctx, ride, "john", d, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"}})
		step("App.Send", err)
	}
	for _, id := range []chat.MessageID{"held", "held-reply", "held-private"} {
		_, err := app.CommitMessage(ctx, id)
		step("App.CommitMessage", err)
	}
	_, err := john.DeleteMessage(ctx, "held-deleted", chat.DeleteHard)
	step("Session.DeleteMessage", err)
	step("App.UpdateSettings", app.UpdateSettings(ctx, func(s *chat.Settings) error { s.AsyncModeration.Timeout = time.Millisecond; return nil }))
	time.Sleep(3 * time.Millisecond)
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)
	failed, err := app.FailedCallbacks(ctx, chat.FailedCallbackQuery{Limit: 300})
	step("App.FailedCallbacks", err)
	for _, f := range failed.Items {
		if f.Deleted {
			step("App.RequeueCallback", app.RequeueCallback(ctx, f.ID))
		} else {
			step("App.DiscardCallback", app.DiscardCallback(ctx, f.ID))
		}
	}
	_, err = app.RunDueWork(ctx)
	step("App.RunDueWork", err)

	_, err = app.UpdateMessage(ctx, "first", chat.MessageUpdate{Text: "hello again"}, nil)
	step("App.UpdateMessage", err)
	_, err = john.UpdateMessage(ctx, "first", chat.MessageUpdate{Text: "hello"})
	step("Session.UpdateMessage", err)
	_, err = app.PatchMessage(ctx, "reply", chat.Patch{Set: map[string]any{"color": "red"}})
	step("App.PatchMessage", err)
	_, err = john.PatchMessage(ctx, "private", chat.Patch{Set: map[string]any{"color": "red"}})
	step("Session.PatchMessage", err)
	step("Session.DeleteMessageForMe", jane.DeleteMessageForMe(ctx, "quiet"))
	for _, id := range []chat.MessageID{"first", "shown", "private", "quiet", "reply"} {
		_, err = app.DeleteMessage(ctx, id, chat.DeleteSoft, "john")
		step("App.DeleteMessage", err)
		if id == "first" || id == "private" {
			_, err = app.UndeleteMessage(ctx, id, "jane")
			step("App.UndeleteMessage", err)
		}
	}
	step("Session.MarkRead", jane.MarkRead(ctx, ride))
	step("Session.MarkUnread", jane.MarkUnread(ctx, "first"))
	step("Session.MarkReadTo", jane.MarkReadTo(ctx, "private"))
	step("Session.MarkThreadRead", jane.MarkThreadRead(ctx, "first"))
	step("Session.MarkThreadUnread", jane.MarkThreadUnread(ctx, "held-reply"))
	_, err = app.DeleteMessage(ctx, "first", chat.DeleteHard, "")
	step("App.DeleteMessage", err)
}

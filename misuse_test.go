package chat_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// A call is a Go statement that may use
//
//	app *chat.App, jane *chat.Session, ctx context.Context
//	cid chat.CID, user chat.UserID, id chat.MessageID, page chat.PageToken
type call struct {
	name string
	code string
}

// compileCalls type-checks each call in a function of its own and returns what
// is wrong with it: nothing for one that compiles.
func compileCalls(t *testing.T, calls []call) []error {
	t.Helper()
	files := token.NewFileSet()
	imports := newImporter(t, files)
	problems := make([]error, len(calls))
	for i, c := range calls {
		source := fmt.Sprintf(`package p
import ("context"; "example.com/chat"; "time")
var _ time.Duration
func f(ctx context.Context, app *chat.App, jane *chat.Session, cid chat.CID, user chat.UserID, id chat.MessageID, page chat.PageToken) {
	%s
}`, c.code)
		file, err := parser.ParseFile(files, "call.go", source, 0)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		config := types.Config{Importer: imports}
		_, problems[i] = config.Check("p", files, []*ast.File{file}, nil)
	}
	return problems
}

// TestMisuseDoesNotCompile: what only the application may do is not there to be
// called as a user, and ids of different things cannot be swapped.
func TestMisuseDoesNotCompile(t *testing.T) {
	calls := []call{
		// Only the application commits, lists what is pending, reads deleted
		// originals and undeletes.
		{"commit as a user", `jane.CommitMessage(ctx, id)`},
		{"undelete as a user", `jane.UndeleteMessage(ctx, id, user)`},
		{"read a deleted original as a user", `jane.OriginalMessage(ctx, id)`},
		{"list all pending messages as a user", `jane.PendingMessages(ctx, chat.PendingQuery{})`},
		{"list failed callbacks as a user", `jane.FailedCallbacks(ctx, chat.FailedCallbackQuery{Page: page})`},
		{"requeue a failed callback as a user", `jane.RequeueCallback(ctx, "")`},
		{"discard a failed callback as a user", `jane.DiscardCallback(ctx, "")`},
		{"requeue a message", `app.RequeueCallback(ctx, id)`},
		{"ban in another's name", `jane.Ban(ctx, chat.BanDraft{User: user}, user)`},
		{"remove flags of a message as a user", `jane.UnflagMessage(ctx, id)`},
		{"remove flags of a user as a user", `jane.UnflagUser(ctx, user)`},
		{"command in a draft", `_ = chat.Draft{Command: "ban"}`},
		{"an audience in an answer", `_ = chat.CommandAnswer{Restricted: []chat.UserID{user}}`},
		{"an author in an answer", `_ = chat.CommandAnswer{User: user}`},
		{"list receivers of events as a user", `jane.EventReceivers(ctx)`},
		{"run background work as a user", `jane.RunDueWork(ctx)`},
		{"verify the store as a user", `jane.Verify(ctx, nil)`},

		// Only the application says that a message is pending, with what
		// metadata, and what its html is.
		{"send with options as a user", `jane.Send(ctx, cid, chat.Draft{}, &chat.SendOptions{Pending: chat.PendingOff})`},
		{"send with nil options as a user", `jane.Send(ctx, cid, chat.Draft{}, nil)`},
		{"send options for a draft", `jane.Send(ctx, cid, chat.SendOptions{})`},
		{"html in a draft", `_ = chat.Draft{HTML: "<b>"}`},
		{"pending in a draft", `_ = chat.Draft{Pending: chat.PendingOn}`},
		{"pending metadata in a draft", `_ = chat.Draft{PendingMetadata: map[string]string{}}`},
		{"update with html as a user", `jane.UpdateMessage(ctx, id, chat.MessageUpdate{}, &chat.UpdateOptions{HTML: "<b>"})`},
		{"html in an update", `_ = chat.MessageUpdate{HTML: "<b>"}`},

		// What the engine decides is not in a draft.
		{"author in a draft", `_ = chat.Draft{User: chat.User{ID: user}}`},
		{"time in a draft", `_ = chat.Draft{CreatedAt: time.Now()}`},
		{"pin in an update", `_ = chat.MessageUpdate{Pinned: true}`},
		{"html in a message of a channel", `_ = chat.SystemMessage{HTML: "<b>"}`},

		// A user acts as nobody else.
		{"send as another user", `jane.Send(ctx, cid, user, chat.Draft{})`},
		{"delete in another's name", `jane.DeleteMessage(ctx, id, chat.DeleteSoft, user)`},
		{"become another user", `jane.As(user)`},
		{"mark read for another", `jane.MarkRead(ctx, cid, user)`},
		{"make a session without an App", `_ = chat.Session{user: user}`},

		// The application's settings, types and users are its own.
		{"change a channel type as a user", `jane.UpdateChannelType(ctx, "messaging", func(*chat.ChannelType) error { return nil })`},
		{"create a channel type as a user", `jane.CreateChannelType(ctx, chat.ChannelType{})`},
		{"delete a channel type as a user", `jane.DeleteChannelType(ctx, "messaging")`},
		{"change settings as a user", `jane.UpdateSettings(ctx, func(*chat.Settings) error { return nil })`},
		{"read settings as a user", `jane.Settings(ctx)`},
		{"override settings of a channel as a user", `jane.SetOverrides(ctx, cid, chat.ChannelOverrides{})`},
		{"disable a channel as a user", `jane.SetDisabled(ctx, cid, true)`},
		{"make users as a user", `jane.UpsertUsers(ctx, chat.User{})`},
		{"change a user as a user", `jane.PatchUser(ctx, user, chat.Patch{})`},
		{"deactivate a user as a user", `jane.DeactivateUser(ctx, user)`},
		{"list all users as a user", `jane.Users(ctx, chat.UserQuery{Limit: 10, Page: page})`},
		{"close as a user", `jane.Close()`},

		// The message that a change of a channel carries is for everyone.
		{"restricted system message", `_ = chat.SystemMessage{Restricted: []chat.UserID{user}}`},
		{"restricted message of a truncation", `_ = chat.TruncateOptions{Message: &chat.Draft{Restricted: []chat.UserID{user}}}`},
		{"restricted message of new members", `app.AddMembers(ctx, cid, nil, &chat.Draft{Restricted: []chat.UserID{user}})`},
		{"restricted message of an update of the channel", `app.UpdateChannel(ctx, cid, chat.ChannelUpdate{}, &chat.Draft{})`},

		// An audience never changes.
		{"audience in an update", `_ = chat.MessageUpdate{Restricted: []chat.UserID{user}}`},
		{"parent in an update", `_ = chat.MessageUpdate{ParentID: id}`},
		{"type in an update", `_ = chat.MessageUpdate{Type: chat.TypeSystem}`},
		{"silent in an update", `_ = chat.MessageUpdate{Silent: true}`},

		// Arguments cannot be swapped.
		{"channel and author swapped", `app.Send(ctx, user, cid, chat.Draft{}, nil)`},
		{"a user for a channel", `jane.MarkRead(ctx, user)`},
		{"a channel for a user", `app.As(cid)`},
		{"a channel for a message", `jane.Message(ctx, cid)`},
		{"a message for a channel", `jane.Unread(ctx, id)`},
		{"a message for a user", `jane.MuteUser(ctx, id, 0)`},
		{"a user for a message", `jane.DeleteMessageForMe(ctx, user)`},
		{"users for messages", `app.MessagesByID(ctx, user)`},
		{"messages for an audience", `_ = chat.Draft{Restricted: []chat.MessageID{id}}`},
		{"a channel for an audience", `_ = chat.Draft{Restricted: []chat.UserID{cid}}`},
		{"a page for a message", `_ = chat.MessageQuery{Before: page}`},
		{"a message for a page", `_ = chat.MessageQuery{Page: id}`},
		{"a message for the deleting user", `app.DeleteMessage(ctx, id, chat.DeleteSoft, id)`},
		{"a role for an action", `var _ chat.Action = chat.RoleAdmin`},
		{"a sort for a mode", `app.DeleteMessage(ctx, id, chat.ByCreated, user)`},
		{"for me as a way for everyone", `app.DeleteMessage(ctx, id, chat.DeleteForMe, user)`},
		{"a plain string for a channel", `var s string; jane.MarkRead(ctx, s)`},
	}
	for i, problem := range compileCalls(t, calls) {
		if problem == nil {
			t.Errorf("%s compiles: %s", calls[i].name, calls[i].code)
			continue
		}
		// It must not compile for what it says, not for a slip of this test.
		reasons := []string{"has no field or method", "unknown field", "cannot use", "too many arguments", "undefined", "cannot refer to unexported"}
		known := false
		for _, reason := range reasons {
			known = known || strings.Contains(problem.Error(), reason)
		}
		if !known {
			t.Errorf("%s does not compile for another reason: %v", calls[i].name, problem)
		}
	}
}

// TestRightUseCompiles is the control of the test above: the same calls as they
// are meant.
func TestRightUseCompiles(t *testing.T) {
	calls := []call{
		{"commit", `app.CommitMessage(ctx, id)`},
		{"undelete", `app.UndeleteMessage(ctx, id, user)`},
		{"read a deleted original", `app.OriginalMessage(ctx, id)`},
		{"list pending messages", `app.PendingMessages(ctx, chat.PendingQuery{CID: cid, Page: page})`},
		{"list failed callbacks", `app.FailedCallbacks(ctx, chat.FailedCallbackQuery{Page: page})`},
		{"requeue a failed callback", `app.RequeueCallback(ctx, chat.FailedCallback{}.ID)`},
		{"discard a failed callback", `app.DiscardCallback(ctx, chat.FailedCallback{}.ID)`},
		{"ban", `jane.Ban(ctx, chat.BanDraft{User: user, CID: cid}); app.Ban(ctx, chat.BanDraft{User: user}, user)`},
		{"remove flags", `app.UnflagMessage(ctx, id); app.UnflagUser(ctx, user)`},
		{"run an action", `jane.RunAction(ctx, id, "send")`},
		{"list receivers of events", `app.EventReceivers(ctx)`},
		{"run background work", `app.RunDueWork(ctx)`},
		{"send with options", `app.Send(ctx, cid, user, chat.Draft{}, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{}, HTML: "<b>"})`},
		{"send as a user", `jane.Send(ctx, cid, chat.Draft{ParentID: id, Restricted: []chat.UserID{user}})`},
		{"update with html", `app.UpdateMessage(ctx, id, chat.MessageUpdate{}, &chat.UpdateOptions{HTML: "<b>"})`},
		{"update as a user", `jane.UpdateMessage(ctx, id, chat.MessageUpdate{QuotedID: id})`},
		{"delete in a user's name", `app.DeleteMessage(ctx, id, chat.DeleteSoft, user)`},
		{"delete as a user", `jane.DeleteMessage(ctx, id, chat.DeleteSoft)`},
		{"delete for oneself", `jane.DeleteMessageForMe(ctx, id)`},
		{"act as a user", `app.As(user)`},
		{"mark read", `jane.MarkRead(ctx, cid)`},
		{"count unread", `jane.Unread(ctx, cid)`},
		{"mute a user", `jane.MuteUser(ctx, user, time.Hour)`},
		{"change a channel type", `app.UpdateChannelType(ctx, "messaging", func(*chat.ChannelType) error { return nil })`},
		{"create a channel type", `app.CreateChannelType(ctx, chat.ChannelType{})`},
		{"delete a channel type", `app.DeleteChannelType(ctx, "messaging")`},
		{"change settings", `app.UpdateSettings(ctx, func(*chat.Settings) error { return nil })`},
		{"override settings of a channel", `app.SetOverrides(ctx, cid, chat.ChannelOverrides{})`},
		{"disable a channel", `app.SetDisabled(ctx, cid, true)`},
		{"make users", `app.UpsertUsers(ctx, chat.User{ID: user})`},
		{"change a user", `app.PatchUser(ctx, user, chat.Patch{})`},
		{"list users", `app.Users(ctx, chat.UserQuery{Limit: 10, Page: page})`},
		{"truncate with a message", `app.TruncateChannel(ctx, cid, &chat.TruncateOptions{Message: &chat.SystemMessage{UserID: user, Text: "Cleared"}})`},
		{"add members with a message", `jane.AddMembers(ctx, cid, []chat.MemberDraft{{UserID: user}}, &chat.SystemMessage{Text: "Hello"})`},
		{"update a channel with a message", `app.UpdateChannel(ctx, cid, chat.ChannelUpdate{}, &chat.SystemMessage{})`},
		{"ask for a page", `jane.Messages(ctx, cid, chat.MessageQuery{Before: id, Page: page})`},
		{"literals for ids", `app.Send(ctx, "messaging:ride", "john", chat.Draft{ID: "m1"}, nil)`},
	}
	for i, problem := range compileCalls(t, calls) {
		if problem != nil {
			t.Errorf("%s does not compile: %v", calls[i].name, problem)
		}
	}
}

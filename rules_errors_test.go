package chat_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

func TestSixKindsOfErrorAndFinerOnesThatMatchTheirKind(t *testing.T) {
	kinds := []error{chat.ErrInvalid, chat.ErrNotFound, chat.ErrPermission, chat.ErrConflict, chat.ErrState, chat.ErrLimit}
	finer := map[error][]error{
		chat.ErrInvalid:    {chat.ErrTooLong, chat.ErrNestedReply},
		chat.ErrPermission: {chat.ErrBanned, chat.ErrRejected},
		chat.ErrState: {
			chat.ErrPending, chat.ErrNotPending, chat.ErrDeleted, chat.ErrNotDeleted, chat.ErrChannelDeleted, chat.ErrParentDeleted,
			chat.ErrFrozen, chat.ErrDisabled, chat.ErrRestricted, chat.ErrCursorExpired, chat.ErrClosed,
		},
		chat.ErrLimit: {chat.ErrCooldown},
	}
	for _, kind := range kinds {
		for _, other := range kinds {
			if got := errors.Is(kind, other); got != (kind == other) {
				t.Errorf("%v is %v: %v", kind, other, got)
			}
			for _, fine := range finer[kind] {
				if got := errors.Is(fine, other); got != (kind == other) {
					t.Errorf("%v is %v: %v", fine, other, got)
				}
			}
		}
		for _, fine := range finer[kind] {
			e := &chat.Error{Op: "Send", Kind: fine, Reason: "because"}
			if !errors.Is(e, fine) || !errors.Is(e, kind) {
				t.Errorf("an error of the kind %v matches %v: %v, %v: %v", fine, fine, errors.Is(e, fine), kind, errors.Is(e, kind))
			}
			if errors.Is(&chat.Error{Kind: kind}, fine) {
				t.Errorf("an error of the kind %v matches the finer %v", kind, fine)
			}
		}
	}
}

func TestAnErrorNamesTheCallTheFieldAndTheReason(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "a\x00"})
		e := wantErr(t, err, chat.ErrInvalid)
		if e.Op != "Send" || e.Field != "text" || err.Error() != "chat: Send: text: holds a NUL character" {
			t.Errorf("the error is %q of %q about %q", err, e.Op, e.Field)
		}
		_, err = s.as("jane").Message(s.ctx, "never")
		e = wantErr(t, err, chat.ErrNotFound)
		if e.Op != "Message" || err.Error() != `chat: Message: message "never" not found` {
			t.Errorf("the error is %q of %q", err, e.Op)
		}
	})
}

// goodCall is a call of a method that would succeed.
type goodCall struct {
	name string
	run  func(context.Context) error
}

// appCalls is a call of each method of an App that takes a context, in a chat
// made by prepareCalls. None depends on what another does.
func appCalls(a *chat.App) []goodCall {
	failed := make([]chat.FailedCallbackID, 2) // a closed App looks at none
	if page, err := a.FailedCallbacks(context.Background(), chat.FailedCallbackQuery{}); err == nil {
		for i := range page.Items {
			failed[i] = page.Items[i].ID
		}
	}
	return slices.Concat(moderationAppCalls(a), threadAppCalls(a), reactionAppCalls(a), userAppCalls(a), []goodCall{
		{"AddMembers", func(ctx context.Context) error {
			return a.AddMembers(ctx, room, []chat.MemberDraft{{UserID: "eve"}}, nil)
		}},
		{"AllMessages", func(ctx context.Context) error {
			for _, err := range a.AllMessages(ctx, room) {
				return err
			}
			return nil
		}},
		{"Channel", func(ctx context.Context) error { return errOf(a.Channel(ctx, room)) }},
		{"ChannelType", func(ctx context.Context) error { return errOf(a.ChannelType(ctx, "team")) }},
		{"ChannelTypes", func(ctx context.Context) error { return errOf(a.ChannelTypes(ctx)) }},
		{"Channels", func(ctx context.Context) error { return errOf(a.Channels(ctx, chat.ChannelQuery{})) }},
		{"CommitMessage", func(ctx context.Context) error { return errOf(a.CommitMessage(ctx, "held")) }},
		{"CreateChannelType", func(ctx context.Context) error {
			return errOf(a.CreateChannelType(ctx, chat.ChannelType{Name: "own"}))
		}},
		{"DeactivateUser", func(ctx context.Context) error { return a.DeactivateUser(ctx, "eve") }},
		{"DeleteChannel", func(ctx context.Context) error { return a.DeleteChannel(ctx, "messaging:old", chat.DeleteSoft) }},
		{"DeleteChannelType", func(ctx context.Context) error { return a.DeleteChannelType(ctx, "gaming") }},
		{"DeleteMessage", func(ctx context.Context) error {
			return errOf(a.DeleteMessage(ctx, "m1", chat.DeleteSoft, "jane"))
		}},
		{"DiscardCallback", func(ctx context.Context) error { return a.DiscardCallback(ctx, failed[0]) }},
		{"EnsureChannel", func(ctx context.Context) error {
			return errOf(a.EnsureChannel(ctx, "messaging:new", chat.ChannelDraft{CreatedBy: "jane"}))
		}},
		{"EnsureDistinctChannel", func(ctx context.Context) error {
			return errOf(a.EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}}))
		}},
		{"EventReceivers", func(ctx context.Context) error { return errOf(a.EventReceivers(ctx)) }},
		{"FailedCallbacks", func(ctx context.Context) error { return errOf(a.FailedCallbacks(ctx, chat.FailedCallbackQuery{})) }},
		{"Members", func(ctx context.Context) error { return errOf(a.Members(ctx, room, chat.MemberQuery{})) }},
		{"Message", func(ctx context.Context) error { return errOf(a.Message(ctx, "m2")) }},
		{"Messages", func(ctx context.Context) error { return errOf(a.Messages(ctx, room, chat.MessageQuery{})) }},
		{"MessagesByID", func(ctx context.Context) error { return errOf(a.MessagesByID(ctx, "m2")) }},
		{"OriginalMessage", func(ctx context.Context) error { return errOf(a.OriginalMessage(ctx, "m2")) }},
		{"PatchChannel", func(ctx context.Context) error { return errOf(a.PatchChannel(ctx, room, set("a", 1))) }},
		{"PatchMessage", func(ctx context.Context) error { return errOf(a.PatchMessage(ctx, "m2", set("a", 1))) }},
		{"PatchUser", func(ctx context.Context) error { return errOf(a.PatchUser(ctx, "eve", set("a", 1))) }},
		{"PendingMessages", func(ctx context.Context) error { return errOf(a.PendingMessages(ctx, chat.PendingQuery{})) }},
		{"Preview", func(ctx context.Context) error { return errOf(a.Preview(ctx, "https://a.example/map")) }},
		{"ReactivateUser", func(ctx context.Context) error { return a.ReactivateUser(ctx, "eve") }},
		{"RemoveMembers", func(ctx context.Context) error {
			return a.RemoveMembers(ctx, room, []chat.UserID{"john"}, nil)
		}},
		{"RequeueCallback", func(ctx context.Context) error { return a.RequeueCallback(ctx, failed[1]) }},
		{"Poll", func(ctx context.Context) error { return pollOnce(a, ctx) }},
		{"SendEvent", func(ctx context.Context) error { return a.SendEvent(ctx, room, "jane", chat.CustomEvent{Type: "wave"}) }},
		{"Events", func(ctx context.Context) error { return eventOnce(a, ctx) }},
		{"RunDueWork", func(ctx context.Context) error { return errOf(a.RunDueWork(ctx)) }},
		{"Send", func(ctx context.Context) error { return errOf(a.Send(ctx, room, "jane", chat.Draft{Text: "hi"}, nil)) }},
		{"SetDisabled", func(ctx context.Context) error { return errOf(a.SetDisabled(ctx, "messaging:old", true)) }},
		{"SetFrozen", func(ctx context.Context) error { return errOf(a.SetFrozen(ctx, "messaging:old", true)) }},
		{"SetOverrides", func(ctx context.Context) error {
			return errOf(a.SetOverrides(ctx, room, chat.ChannelOverrides{Quotes: new(bool)}))
		}},
		{"Settings", func(ctx context.Context) error { return errOf(a.Settings(ctx)) }},
		{"TruncateChannel", func(ctx context.Context) error { return a.TruncateChannel(ctx, "messaging:old", nil) }},
		{"UndeleteMessage", func(ctx context.Context) error { return errOf(a.UndeleteMessage(ctx, "deleted", "jane")) }},
		{"UpdateChannel", func(ctx context.Context) error {
			return errOf(a.UpdateChannel(ctx, room, chat.ChannelUpdate{Name: "x"}, nil))
		}},
		{"UpdateChannelType", func(ctx context.Context) error {
			return a.UpdateChannelType(ctx, "team", func(kind *chat.ChannelType) error { kind.Search = false; return nil })
		}},
		{"UpdateMember", func(ctx context.Context) error {
			return errOf(a.UpdateMember(ctx, room, "jane", chat.MemberUpdate{Custom: chat.Custom{"a": 1}}))
		}},
		{"UpdateMessage", func(ctx context.Context) error {
			return errOf(a.UpdateMessage(ctx, "m2", chat.MessageUpdate{Text: "x"}, nil))
		}},
		{"UpdateSettings", func(ctx context.Context) error {
			return a.UpdateSettings(ctx, func(set *chat.Settings) error { set.AsyncModeration.Timeout = time.Hour; return nil })
		}},
		{"UpsertUsers", func(ctx context.Context) error { return a.UpsertUsers(ctx, chat.User{ID: "new"}) }},
		{"User", func(ctx context.Context) error { return errOf(a.User(ctx, "jane")) }},
		{"Users", func(ctx context.Context) error { return errOf(a.Users(ctx, chat.UserQuery{Limit: 0})) }},
		{"Verify", func(ctx context.Context) error { return errOf(a.Verify(ctx, nil)) }},
	})
}

// sessionCalls is appCalls for a Session.
func sessionCalls(j *chat.Session) []goodCall {
	return slices.Concat(moderationSessionCalls(j), threadSessionCalls(j), reactionSessionCalls(j), memberSessionCalls(j), []goodCall{
		{"AddMembers", func(ctx context.Context) error {
			return j.AddMembers(ctx, room, []chat.MemberDraft{{UserID: "eve"}}, nil)
		}},
		{"AllMessages", func(ctx context.Context) error {
			for _, err := range j.AllMessages(ctx, room) {
				return err
			}
			return nil
		}},
		{"Channel", func(ctx context.Context) error { return errOf(j.Channel(ctx, room)) }},
		{"Channels", func(ctx context.Context) error { return errOf(j.Channels(ctx, chat.ChannelQuery{})) }},
		{"DeleteChannel", func(ctx context.Context) error { return j.DeleteChannel(ctx, "messaging:old", chat.DeleteSoft) }},
		{"DeleteMessage", func(ctx context.Context) error { return errOf(j.DeleteMessage(ctx, "m1", chat.DeleteSoft)) }},
		{"DeleteMessageForMe", func(ctx context.Context) error { return j.DeleteMessageForMe(ctx, "m1") }},
		{"EnsureChannel", func(ctx context.Context) error {
			return errOf(j.EnsureChannel(ctx, "messaging:new", chat.ChannelDraft{}))
		}},
		{"EnsureDistinctChannel", func(ctx context.Context) error {
			return errOf(j.EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john"}}))
		}},
		{"HideChannel", func(ctx context.Context) error { return j.HideChannel(ctx, room, false) }},
		{"LeaveChannel", func(ctx context.Context) error { return j.LeaveChannel(ctx, "messaging:old") }},
		{"MarkRead", func(ctx context.Context) error { return j.MarkRead(ctx, room) }},
		{"MarkReadTo", func(ctx context.Context) error { return j.MarkReadTo(ctx, "m2") }},
		{"MarkUnread", func(ctx context.Context) error { return j.MarkUnread(ctx, "m2") }},
		{"Members", func(ctx context.Context) error { return errOf(j.Members(ctx, room, chat.MemberQuery{})) }},
		{"Message", func(ctx context.Context) error { return errOf(j.Message(ctx, "m2")) }},
		{"Messages", func(ctx context.Context) error { return errOf(j.Messages(ctx, room, chat.MessageQuery{})) }},
		{"MessagesByID", func(ctx context.Context) error { return errOf(j.MessagesByID(ctx, "m2")) }},
		{"MuteChannel", func(ctx context.Context) error { return j.MuteChannel(ctx, room, 0) }},
		{"MuteUser", func(ctx context.Context) error { return j.MuteUser(ctx, "john", 0) }},
		{"Mutes", func(ctx context.Context) error { return errOf(j.Mutes(ctx)) }},
		{"PatchChannel", func(ctx context.Context) error { return errOf(j.PatchChannel(ctx, room, set("a", 1))) }},
		{"PatchMessage", func(ctx context.Context) error { return errOf(j.PatchMessage(ctx, "m2", set("a", 1))) }},
		{"RemoveMembers", func(ctx context.Context) error {
			return j.RemoveMembers(ctx, room, []chat.UserID{"john"}, nil)
		}},
		{"Send", func(ctx context.Context) error { return errOf(j.Send(ctx, room, chat.Draft{Text: "hi"})) }},
		{"SetFrozen", func(ctx context.Context) error { return errOf(j.SetFrozen(ctx, "messaging:old", true)) }},
		{"Poll", func(ctx context.Context) error { return pollOnce(j, ctx) }},
		{"SendEvent", func(ctx context.Context) error { return j.SendEvent(ctx, room, chat.CustomEvent{Type: "wave"}) }},
		{"Events", func(ctx context.Context) error { return eventOnce(j, ctx) }},
		{"StartTyping", func(ctx context.Context) error { return j.StartTyping(ctx, room) }},
		{"StopTyping", func(ctx context.Context) error { return j.StopTyping(ctx, room) }},
		{"ShowChannel", func(ctx context.Context) error { return j.ShowChannel(ctx, room) }},
		{"TotalUnread", func(ctx context.Context) error { return errOf(j.TotalUnread(ctx)) }},
		{"TruncateChannel", func(ctx context.Context) error { return j.TruncateChannel(ctx, "messaging:old", nil) }},
		{"UnmuteChannel", func(ctx context.Context) error { return j.UnmuteChannel(ctx, room) }},
		{"UnmuteUser", func(ctx context.Context) error { return j.UnmuteUser(ctx, "ann") }},
		{"Unread", func(ctx context.Context) error { return errOf(j.Unread(ctx, room)) }},
		{"UpdateChannel", func(ctx context.Context) error {
			return errOf(j.UpdateChannel(ctx, room, chat.ChannelUpdate{Name: "x"}, nil))
		}},
		{"UpdateMember", func(ctx context.Context) error {
			return errOf(j.UpdateMember(ctx, room, "jane", chat.MemberUpdate{Custom: chat.Custom{"a": 1}}))
		}},
		{"UpdateMessage", func(ctx context.Context) error {
			return errOf(j.UpdateMessage(ctx, "m2", chat.MessageUpdate{Text: "x"}))
		}},
	})
}

func errOf[T any](_ T, err error) error { return err }

// watcher is who reads events: an App or a Session.
type watcher interface {
	Messages(context.Context, chat.CID, chat.MessageQuery) (chat.Page[chat.Message], error)
	Poll(context.Context, chat.Cursor, chat.EventQuery) ([]chat.Event, chat.Cursor, error)
	Events(context.Context, chat.Cursor, chat.EventQuery) iter.Seq2[chat.Event, error]
}

// anEvent is a cursor after which there is an event, if the chat is open.
func anEvent(w watcher) chat.Cursor {
	ctx := context.Background()
	page, _ := w.Messages(ctx, room, chat.MessageQuery{})
	switch w := w.(type) {
	case *chat.App:
		_ = w.SendEvent(ctx, room, "", chat.CustomEvent{Type: "wave"})
	case *chat.Session:
		_ = w.SendEvent(ctx, room, chat.CustomEvent{Type: "wave"})
	}
	return page.Cursor
}

func pollOnce(w watcher, ctx context.Context) error {
	_, _, err := w.Poll(ctx, anEvent(w), chat.EventQuery{})
	return err
}

func eventOnce(w watcher, ctx context.Context) error {
	for _, err := range w.Events(ctx, anEvent(w), chat.EventQuery{}) {
		return err
	}
	return nil
}

// prepareCalls makes the chat that appCalls and sessionCalls act in.
func (s *scenario) prepareCalls() {
	s.t.Helper()
	s.options.Commands = leakOptions().Commands
	s.channel(room, "jane", "john", "ann")
	s.users("eve", "joe", "erased")
	s.erase("erased", chat.EraseKeep)
	s.failTwo()
	s.prepareModeration()
	s.prepareReactions()
	s.prepareMembers()
	s.channel("messaging:old", "jane", "john")
	for _, id := range []chat.MessageID{"m1", "m2", "deleted"} {
		s.as("jane").post(room, chat.Draft{ID: id, Text: "hi"})
	}
	_, err := s.DeleteMessage(s.ctx, "deleted", chat.DeleteSoft, "")
	s.check(err)
	s.as("jane").post(room, chat.Draft{ID: "threaded", Text: "hi"})
	s.as("jane").post(room, chat.Draft{ID: "in thread", Text: "hi", ParentID: "threaded"})
	s.send(room, "jane", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
	s.check(s.as("jane").MuteUser(s.ctx, "ann", 0))
}

// failTwo leaves two callbacks that were given up.
func (s *scenario) failTwo() {
	s.t.Helper()
	s.check(s.Close()) // or it might try them
	refuse := func(context.Context, chat.PendingMessage) error { return errors.New("refused") }
	other, err := chat.New(s.store, &chat.Options{
		NoBackground: true, PendingGiveUp: time.Nanosecond, Pending: chat.PendingFuncs{Sent: refuse},
	})
	s.check(err)
	for range 2 {
		s.check(errOf(other.Send(s.ctx, room, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})))
	}
	time.Sleep(2 * time.Microsecond) // longer than they are tried
	s.check(errOf(other.RunDueWork(s.ctx)))
	s.check(other.Close())
	s.open()
}

func TestTheCallsCoverEveryMethodThatTakesAContext(t *testing.T) {
	app, err := chat.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for _, of := range []struct {
		value any
		calls []goodCall
	}{{app, appCalls(app)}, {app.As("jane"), sessionCalls(app.As("jane"))}} {
		covered := map[string]bool{}
		for _, c := range of.calls {
			covered[c.name] = true
		}
		kind := reflect.TypeOf(of.value)
		for method := range kind.Methods() {
			takesContext := method.Type.NumIn() > 1 && method.Type.In(1) == reflect.TypeFor[context.Context]()
			if takesContext && !covered[method.Name] {
				t.Errorf("no call of %v.%s: write one", kind, method.Name)
			}
		}
	}
}

func TestEveryCallSucceedsByItself(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		for _, c := range appCalls(s.App) {
			switch c.name {
			case "DeleteChannel", "SetDisabled": // make a channel of the others go
				continue
			}
			if err := c.run(s.ctx); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		for _, c := range sessionCalls(s.As("jane")) {
			if c.name == "DeleteChannel" {
				continue
			}
			if err := c.run(s.ctx); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestANilContextIsInvalid(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		var none context.Context
		for _, c := range append(appCalls(s.App), sessionCalls(s.As("jane"))...) {
			err := c.run(none)
			wantFieldErr(t, err, chat.ErrInvalid, "ctx")
			if e := wantErr(t, err, chat.ErrInvalid); e.Op != c.name {
				t.Errorf("the error of %s says %s", c.name, e.Op)
			}
		}
		// With nothing but zero values, too, no call panics: one or the other is
		// what is wrong.
		for _, of := range []any{s.App, s.As("jane")} {
			value := reflect.ValueOf(of)
			for method, call := range value.Methods() {
				kind := call.Type()
				if kind.NumIn() == 0 || kind.In(0) != reflect.TypeFor[context.Context]() {
					continue
				}
				var zeros []reflect.Value
				for i := range kind.NumIn() {
					if !kind.IsVariadic() || i < kind.NumIn()-1 {
						zeros = append(zeros, reflect.Zero(kind.In(i)))
					}
				}
				results := call.Call(zeros)
				switch each := results[0].Interface().(type) {
				case iter.Seq2[chat.Message, error]:
					for _, err := range each {
						wantErr(t, err, chat.ErrInvalid)
					}
					continue
				case iter.Seq2[chat.Event, error]:
					for _, err := range each {
						wantErr(t, err, chat.ErrInvalid)
					}
					continue
				}
				err, _ := results[len(results)-1].Interface().(error)
				if !errors.Is(err, chat.ErrInvalid) {
					t.Errorf("%s of nothing answers %v, want that it is invalid", method.Name, err)
				}
			}
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestACancelledContextStopsTheCall(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		cancelled, cancel := context.WithCancel(s.ctx)
		cancel()
		late, cancel := context.WithDeadline(s.ctx, time.Now().Add(-time.Second))
		defer cancel()
		for _, c := range append(appCalls(s.App), sessionCalls(s.As("jane"))...) {
			for ctx, want := range map[context.Context]error{cancelled: context.Canceled, late: context.DeadlineExceeded} {
				err := c.run(ctx)
				var e *chat.Error
				if !errors.Is(err, want) || !errors.As(err, &e) || e.Op != c.name || e.Kind != nil {
					t.Errorf("%s answers %v (%#v), want %v in a *chat.Error without a kind", c.name, err, e, want)
				}
			}
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestAClosedAppAnswersErrClosed(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		s.check(s.Close())
		s.check(s.Close()) // again: nothing happens
		for _, c := range append(appCalls(s.App), sessionCalls(s.As("jane"))...) {
			if e := wantErr(t, c.run(s.ctx), chat.ErrClosed); e.Op != c.name {
				t.Errorf("the error of %s says %s", c.name, e.Op)
			}
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestCallsOfAnUnknownOrDeactivatedUserAnswerErrPermission(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		s.users("gone")
		s.check(s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "gone"}}, nil))
		s.check(s.DeactivateUser(s.ctx, "gone"))
		before := s.dump()
		for _, user := range []chat.UserID{"nobody", "gone"} {
			for _, c := range sessionCalls(s.As(user)) {
				if e := wantErr(t, c.run(s.ctx), chat.ErrPermission); e.Op != c.name {
					t.Errorf("the error of %s says %s", c.name, e.Op)
				}
			}
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestAFailedCallChangesNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		s.channel("team:secret", "ann")
		s.as("ann").post("team:secret", chat.Draft{ID: "secret", Text: "hi"})
		_, err := s.SetFrozen(s.ctx, "messaging:old", true)
		s.check(err)
		jane := s.as("jane")
		before := s.dump()
		for what, run := range map[string]func() error{
			"send with a taken id":     func() error { return errOf(jane.Send(s.ctx, room, chat.Draft{ID: "secret", Text: "x"})) },
			"send in a frozen channel": func() error { return errOf(jane.Send(s.ctx, "messaging:old", chat.Draft{Text: "x"})) },
			"send where one is not":    func() error { return errOf(jane.Send(s.ctx, "team:secret", chat.Draft{Text: "x"})) },
			"system message":           func() error { return errOf(jane.Send(s.ctx, room, chat.Draft{Text: "x", Type: chat.TypeSystem})) },
			"private message": func() error {
				return errOf(jane.Send(s.ctx, room, chat.Draft{Text: "x", Restricted: []chat.UserID{"john"}}))
			},
			"reply to nothing":        func() error { return errOf(jane.Send(s.ctx, room, chat.Draft{Text: "x", ParentID: "never"})) },
			"quote of the pending":    func() error { return errOf(jane.Send(s.ctx, room, chat.Draft{Text: "x", QuotedID: "held"})) },
			"update of the deleted":   func() error { return errOf(jane.UpdateMessage(s.ctx, "deleted", chat.MessageUpdate{Text: "x"})) },
			"commit of the committed": func() error { return errOf(s.CommitMessage(s.ctx, "m1")) },
			"undelete of the live":    func() error { return errOf(s.UndeleteMessage(s.ctx, "m1", "jane")) },
			"undelete by nobody":      func() error { return errOf(s.UndeleteMessage(s.ctx, "deleted", "nobody")) },
			"soft delete of pending":  func() error { return errOf(jane.DeleteMessage(s.ctx, "held", chat.DeleteSoft)) },
			"members, one unknown": func() error {
				return s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "eve"}, {UserID: "nobody"}}, nil)
			},
			"users, one wrong": func() error { return s.UpsertUsers(s.ctx, chat.User{ID: "new"}, chat.User{ID: "not good"}) },
			"members and a bad message": func() error {
				return s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "eve"}}, &chat.SystemMessage{UserID: "nobody", Text: "x"})
			},
			"update and a bad message": func() error {
				return errOf(s.UpdateChannel(s.ctx, room, chat.ChannelUpdate{Name: "x"}, &chat.SystemMessage{Text: ""}))
			},
			"truncate, a bad message": func() error {
				return s.TruncateChannel(s.ctx, room, &chat.TruncateOptions{Hard: true, Message: &chat.SystemMessage{UserID: "nobody", Text: "x"}})
			},
			"delete of a type in use": func() error { return s.DeleteChannelType(s.ctx, "messaging") },
			"channel of an unknown": func() error {
				return errOf(s.EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"nobody"}}))
			},
			"channel of no type": func() error {
				return errOf(s.EnsureChannel(s.ctx, "nothing:new", chat.ChannelDraft{CreatedBy: "jane"}))
			},
		} {
			if err := run(); err == nil {
				t.Errorf("%s succeeds", what)
			} else if after := s.dump(); !reflect.DeepEqual(after, before) {
				wantSame(t, "the store after: "+what, after, before)
				before = after
			}
		}
	})
}

func TestAnErrorOfACallbackIsReturnedAsItIs(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		own := errors.New("mine")
		err := s.UpdateSettings(s.ctx, func(set *chat.Settings) error { set.AsyncModeration.Timeout = time.Hour; return own })
		if err != own {
			t.Errorf("UpdateSettings answers %v, want the callback's own", err)
		}
		err = s.UpdateChannelType(s.ctx, "team", func(kind *chat.ChannelType) error { kind.Search = false; return own })
		if err != own {
			t.Errorf("UpdateChannelType answers %v, want the callback's own", err)
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

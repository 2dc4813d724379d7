package chat_test

import (
	"time"

	"example.com/chat"
)

// daySteps is the day: something of everything that a chat is asked to do.
func daySteps() []dayStep {
	var all []dayStep
	all = append(all, dayMorning()...)
	all = append(all, dayMessagesSent()...)
	all = append(all, dayModeration()...)
	all = append(all, dayCommands()...)
	all = append(all, dayReading()...)
	all = append(all, dayMembers()...)
	return append(all, dayEvening()...)
}

func dayMorning() []dayStep {
	return []dayStep{
		{name: "users", do: func(d *day) error {
			return d.app.UpsertUsers(d.ctx,
				chat.User{ID: d.user("jane"), Name: "Jane"}, chat.User{ID: d.user("john"), Name: "John"},
				chat.User{ID: d.user("ann"), Name: "Ann"}, chat.User{ID: d.user("boss"), Role: chat.RoleAdmin},
				chat.User{ID: d.user("guest"), Role: chat.RoleGuest})
		}},
		{name: "a channel type", again: chat.ErrConflict, do: func(d *day) error {
			return d.answer(d.app.CreateChannelType(d.ctx, chat.ChannelType{Name: d.prefix + "ride", Grants: map[chat.Role][]chat.Action{
				chat.RoleChannelMember: {chat.ReadChannel, chat.CreateMessage},
			}}))
		}},
		{name: "its messages wait", do: func(d *day) error {
			err := d.app.UpdateChannelType(d.ctx, "messaging", func(t *chat.ChannelType) error {
				t.Commands = []string{"ask", "mute"}
				return nil
			})
			if err != nil {
				return err
			}
			return d.app.UpdateChannelType(d.ctx, d.prefix+"ride", func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil })
		}},
		{name: "settings", do: func(d *day) error {
			return d.app.UpdateSettings(d.ctx, func(s *chat.Settings) error {
				s.AsyncModeration.Timeout = 3 * time.Hour
				s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL}
				return nil
			})
		}},
		{name: "lounge", do: ensure("messaging:lounge", "jane", "jane", "john", "ann")},
		{name: "office", do: ensure("team:office", "john", "jane", "john")},
		{name: "show", do: ensure("livestream:show", "boss", "boss")},
		{name: "shop", do: ensure("commerce:shop", "ann", "ann", "guest")},
		{name: "arena", do: ensure("gaming:arena", "boss", "boss", "jane", "ann")},
		{name: "ride", do: ensure("ride:one", "john", "jane", "john")},
		{name: "old", do: ensure("messaging:old", "jane", "jane", "john")},
		{name: "gone", do: ensure("messaging:gone", "jane", "jane", "john")},
		{name: "follow", do: dayFollow},
		{name: "a channel of two", do: func(d *day) error {
			return d.answer(d.as("jane").EnsureDistinctChannel(d.ctx, "messaging", chat.ChannelDraft{Members: d.users([]chat.UserID{"jane", "john"})}))
		}},
		{name: "the same again", do: func(d *day) error {
			return d.answer(d.as("john").EnsureDistinctChannel(d.ctx, "messaging", chat.ChannelDraft{Members: d.users([]chat.UserID{"jane", "john"})}))
		}},
	}
}

func dayMessagesSent() []dayStep {
	return []dayStep{
		{name: "hello", do: send("messaging:lounge", "john", chat.Draft{ID: "hello", Text: "Hello **all**"}, nil)},
		{name: "hello again", do: send("messaging:lounge", "john", chat.Draft{ID: "hello", Text: "Hello **all**"}, nil)},
		{name: "the id is taken", do: func(d *day) error {
			_, err := d.as("ann").Send(d.ctx, d.cid("messaging:lounge"), chat.Draft{ID: d.id("hello"), Text: "mine"})
			return refused(err, chat.ErrConflict)
		}},
		{name: "mention", do: send("messaging:lounge", "jane", chat.Draft{ID: "mention", Text: "John?", Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"n": 1.0}}, nil)},
		{name: "files", do: send("messaging:lounge", "ann", chat.Draft{ID: "files", Attachments: []chat.Attachment{{Type: "image", ImageURL: "/cat.png"}}}, nil)},
		{name: "silent", do: send("messaging:lounge", "john", chat.Draft{ID: "silent", Text: "pst", Silent: true}, nil)},
		{name: "system", do: send("messaging:lounge", "jane", chat.Draft{ID: "system", Text: "maintenance", Type: chat.TypeSystem}, &chat.SendOptions{HTML: "<b>maintenance</b>"})},
		{name: "private", do: send("messaging:lounge", "john", chat.Draft{ID: "private", Text: "for Jane", Restricted: []chat.UserID{"jane"}}, &chat.SendOptions{})},
		{name: "private-2", do: send("messaging:lounge", "boss", chat.Draft{ID: "private-2", Text: "for Ann", Restricted: []chat.UserID{"ann"}}, nil)},
		{name: "reply", do: send("messaging:lounge", "ann", chat.Draft{ID: "reply", Text: "hi", ParentID: "hello"}, nil)},
		{name: "reply-shown", do: send("messaging:lounge", "jane", chat.Draft{ID: "reply-shown", Text: "hi too", ParentID: "hello", ShowInChannel: true}, nil)},
		{name: "private-reply", do: send("messaging:lounge", "jane", chat.Draft{ID: "private-reply", Text: "thanks", ParentID: "private"}, nil)},
		{name: "no reply to what is hidden", do: func(d *day) error {
			_, err := d.as("ann").Send(d.ctx, d.cid("messaging:lounge"), chat.Draft{Text: "what?", ParentID: d.id("private")})
			return refused(err, chat.ErrNotFound)
		}},
		{name: "quote", do: send("messaging:lounge", "ann", chat.Draft{ID: "quote", QuotedID: "hello"}, nil)},
		{name: "quote-private", do: send("messaging:lounge", "jane", chat.Draft{ID: "quote-private", Text: "this", QuotedID: "private"}, nil)},
		{name: "show", do: send("livestream:show", "jane", chat.Draft{ID: "show-1", Text: "in the audience"}, nil)},
		{name: "shop", do: send("commerce:shop", "guest", chat.Draft{ID: "shop-1", Text: "how much?"}, nil)},
		{name: "arena", do: send("gaming:arena", "ann", chat.Draft{ID: "arena-1", Text: "gg"}, nil)},
		{name: "office", do: send("team:office", "jane", chat.Draft{ID: "office-1", Text: "one"}, nil)},
		{name: "office-2", do: send("team:office", "john", chat.Draft{ID: "office-2", Text: "two"}, nil)},
	}
}

func dayModeration() []dayStep {
	held := &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"}}
	return []dayStep{
		{name: "held", do: send("messaging:lounge", "john", chat.Draft{ID: "held", Text: "held", Mentions: []chat.UserID{"ann"}}, held)},
		{name: "held-reply", do: send("messaging:lounge", "ann", chat.Draft{ID: "held-reply", Text: "held", ParentID: "hello"}, held)},
		{name: "held-deleted", do: send("messaging:lounge", "john", chat.Draft{ID: "held-deleted", Text: "held"}, held)},
		{name: "held-late", do: send("messaging:lounge", "ann", chat.Draft{ID: "held-late", Text: "held"}, held)},
		{name: "a ride waits", do: send("ride:one", "jane", chat.Draft{ID: "ride-1", Text: "where?"}, nil)},
		{name: "one does not", do: send("ride:one", "john", chat.Draft{ID: "ride-2", Text: "here"}, &chat.SendOptions{Pending: chat.PendingOff})},
		{name: "link", do: send("messaging:lounge", "jane", chat.Draft{ID: "link", Text: "see https://a.example/map"}, nil)},
		{name: "late link", do: send("messaging:lounge", "john", chat.Draft{ID: "link-late", Text: "see https://5s.example/DAY"}, nil)},
		{name: "late link, private", do: send("messaging:lounge", "john", chat.Draft{ID: "link-private", Text: "see https://5s.example/DAYprivate", Restricted: []chat.UserID{"jane"}}, &chat.SendOptions{})},
		{name: "late link, held", do: send("messaging:lounge", "ann", chat.Draft{ID: "link-held", Text: "see https://5s.example/DAYheld"}, held)},
		{name: "another link", do: func(d *day) error {
			return d.answer(d.as("jane").UpdateMessage(d.ctx, d.id("link"), chat.MessageUpdate{Text: "now https://b.example/map"}))
		}},
		{name: "the application is told", do: runDueWork},
		{name: "commit one whose preview may be late", again: chat.ErrNotPending, do: func(d *day) error {
			_, err := d.app.CommitMessage(d.ctx, d.id("link-held"))
			return err
		}},
		{name: "commit", again: chat.ErrNotPending, do: commit("held")},
		{name: "commit a reply", again: chat.ErrNotPending, do: commit("held-reply")},
		{name: "commit of a type", again: chat.ErrNotPending, do: commit("ride-1")},
		{name: "not twice", do: func(d *day) error {
			_, err := d.app.CommitMessage(d.ctx, d.id("held"))
			return refused(err, chat.ErrNotPending)
		}},
		{name: "delete a pending one", again: chat.ErrNotFound, do: remove("held-deleted", chat.DeleteHard, "john")},
		{name: "to delete", do: send("messaging:lounge", "john", chat.Draft{ID: "soft", Text: "soft"}, nil)},
		{name: "to delete and bring back", do: send("messaging:lounge", "john", chat.Draft{ID: "soft-back", Text: "back"}, nil)},
		{name: "to delete for good", do: send("messaging:lounge", "ann", chat.Draft{ID: "hard", Text: "hard"}, nil)},
		{name: "and its reply", do: send("messaging:lounge", "jane", chat.Draft{ID: "hard-reply", Text: "too", ParentID: "hard"}, nil)},
		{name: "to delete for oneself", do: send("messaging:lounge", "ann", chat.Draft{ID: "for-me", Text: "mine"}, nil)},
		{name: "soft", do: remove("soft", chat.DeleteSoft, "john")},
		{name: "soft, for a time", do: remove("soft-back", chat.DeleteSoft, "john")},
		{name: "hard", again: chat.ErrNotFound, do: remove("hard", chat.DeleteHard, "ann")},
		{name: "hard after soft", again: chat.ErrNotFound, do: func(d *day) error {
			return d.answer(d.app.DeleteMessage(d.ctx, d.id("soft"), chat.DeleteHard, d.user("boss")))
		}},
		{name: "for me", do: func(d *day) error { return d.as("jane").DeleteMessageForMe(d.ctx, d.id("for-me")) }},
		{name: "undelete", again: chat.ErrNotDeleted, do: func(d *day) error {
			return d.answer(d.app.UndeleteMessage(d.ctx, d.id("soft-back"), d.user("boss")))
		}},
		{name: "update", do: func(d *day) error {
			return d.answer(d.as("jane").UpdateMessage(d.ctx, d.id("mention"), chat.MessageUpdate{Text: "*Ann*?", Mentions: d.users([]chat.UserID{"ann"}), QuotedID: d.id("hello")}))
		}},
		{name: "update a private one", do: func(d *day) error {
			return d.answer(d.app.UpdateMessage(d.ctx, d.id("private"), chat.MessageUpdate{Text: "for you"}, &chat.UpdateOptions{HTML: "<i>for you</i>"}))
		}},
		{name: "patch", do: func(d *day) error {
			return d.answer(d.as("john").PatchMessage(d.ctx, d.id("hello"), chat.Patch{Set: map[string]any{"text": "Hello", "ride.to": "home"}}))
		}},
	}
}

func dayReading() []dayStep {
	return []dayStep{
		{name: "read", do: func(d *day) error { return d.as("john").MarkRead(d.ctx, d.cid("messaging:lounge")) }},
		{name: "read to", do: func(d *day) error { return d.as("jane").MarkReadTo(d.ctx, d.id("files")) }},
		{name: "unread from", do: func(d *day) error { return d.as("ann").MarkUnread(d.ctx, d.id("mention")) }},
		{name: "unread again", do: func(d *day) error { return d.as("john").MarkUnread(d.ctx, d.id("soft-back")) }},
		{name: "mute a user", do: func(d *day) error { return d.as("ann").MuteUser(d.ctx, d.user("john"), 0) }},
		{name: "mute one for an hour", do: func(d *day) error { return d.as("jane").MuteUser(d.ctx, d.user("ann"), time.Hour) }},
		{name: "mute and unmute", do: func(d *day) error { return d.as("john").MuteUser(d.ctx, d.user("jane"), 0) }},
		{name: "unmute", do: func(d *day) error { return d.as("john").UnmuteUser(d.ctx, d.user("jane")) }},
		{name: "mute a channel", do: func(d *day) error { return d.as("jane").MuteChannel(d.ctx, d.cid("gaming:arena"), 0) }},
		{name: "mute another", do: func(d *day) error { return d.as("jane").MuteChannel(d.ctx, d.cid("team:office"), 0) }},
		{name: "unmute it", do: func(d *day) error { return d.as("jane").UnmuteChannel(d.ctx, d.cid("team:office")) }},
		{name: "hide", do: func(d *day) error { return d.as("jane").HideChannel(d.ctx, d.cid("ride:one"), false) }},
		{name: "hide and clear", do: func(d *day) error { return d.as("john").HideChannel(d.ctx, d.cid("messaging:lounge"), true) }},
		{name: "show", do: func(d *day) error { return d.as("john").ShowChannel(d.ctx, d.cid("messaging:lounge")) }},
		{name: "page", do: func(d *day) error {
			page, err := d.as("ann").Messages(d.ctx, d.cid("messaging:lounge"), chat.MessageQuery{Around: d.id("quote"), Limit: 5})
			return d.answer(page.Items, err)
		}},
		{name: "channels", do: func(d *day) error {
			page, err := d.as("jane").Channels(d.ctx, chat.ChannelQuery{Filter: chat.Eq("type", "messaging"), Messages: 2, Members: 2})
			return d.answer(page.Items, err)
		}},
		{name: "totals", do: func(d *day) error { return d.answer(d.as("john").TotalUnread(d.ctx)) }},
		{name: "by ids", do: func(d *day) error {
			return d.answer(d.as("ann").MessagesByID(d.ctx, d.id("private"), d.id("files"), d.id("soft")))
		}},
		{name: "original", do: func(d *day) error { return d.answer(d.app.OriginalMessage(d.ctx, d.id("for-me"))) }},
		{name: "pending", do: func(d *day) error {
			page, err := d.app.PendingMessages(d.ctx, chat.PendingQuery{CID: d.cid("messaging:lounge")})
			return d.answer(page.Items, err)
		}},
	}
}

func dayMembers() []dayStep {
	says := func(d *day, text string) *chat.SystemMessage {
		return &chat.SystemMessage{Text: text, UserID: d.user("boss")}
	}
	return []dayStep{
		{name: "add", done: posted("team:office", "Ann joins"), do: func(d *day) error {
			return d.app.AddMembers(d.ctx, d.cid("team:office"), []chat.MemberDraft{{UserID: d.user("ann")}}, says(d, "Ann joins"))
		}},
		{name: "promote", do: func(d *day) error {
			return d.answer(d.app.UpdateMember(d.ctx, d.cid("team:office"), d.user("ann"), chat.MemberUpdate{Role: chat.RoleChannelModerator, Custom: chat.Custom{"desk": "3"}}))
		}},
		{name: "remove", do: func(d *day) error {
			return d.app.RemoveMembers(d.ctx, d.cid("messaging:lounge"), d.users([]chat.UserID{"ann"}), nil)
		}},
		{name: "add again", do: func(d *day) error {
			return d.app.AddMembers(d.ctx, d.cid("messaging:lounge"), []chat.MemberDraft{{UserID: d.user("ann")}}, nil)
		}},
		{name: "leave", again: chat.ErrNotFound, do: func(d *day) error { return d.as("ann").LeaveChannel(d.ctx, d.cid("gaming:arena")) }},
		{name: "rename", done: posted("team:office", "renamed"), do: func(d *day) error {
			return d.answer(d.app.UpdateChannel(d.ctx, d.cid("team:office"), chat.ChannelUpdate{Name: "Office", Custom: chat.Custom{"floor": 2.0}}, says(d, "renamed")))
		}},
		{name: "patch", do: func(d *day) error {
			return d.answer(d.app.PatchChannel(d.ctx, d.cid("team:office"), chat.Patch{Set: map[string]any{"floor": 3.0}}))
		}},
		{name: "override", do: func(d *day) error {
			limit := 20
			return d.answer(d.app.SetOverrides(d.ctx, d.cid("team:office"), chat.ChannelOverrides{MaxMessageLength: &limit}))
		}},
		{name: "freeze", do: func(d *day) error { return d.answer(d.as("john").SetFrozen(d.ctx, d.cid("team:office"), true)) }},
		{name: "frozen", do: func(d *day) error {
			_, err := d.as("jane").Send(d.ctx, d.cid("team:office"), chat.Draft{Text: "no"})
			return refused(err, chat.ErrFrozen)
		}},
		{name: "thaw", do: func(d *day) error { return d.answer(d.as("john").SetFrozen(d.ctx, d.cid("team:office"), false)) }},
		{name: "disable", do: func(d *day) error { return d.answer(d.app.SetDisabled(d.ctx, d.cid("commerce:shop"), true)) }},
		{name: "disabled", do: func(d *day) error {
			_, err := d.as("guest").Messages(d.ctx, d.cid("commerce:shop"), chat.MessageQuery{})
			return refused(err, chat.ErrDisabled)
		}},
		{name: "patch a user", do: func(d *day) error {
			return d.answer(d.app.PatchUser(d.ctx, d.user("ann"), chat.Patch{Set: map[string]any{"name": "Anna", "car": "red"}}))
		}},
		{name: "deactivate", do: func(d *day) error { return d.app.DeactivateUser(d.ctx, d.user("guest")) }},
		{name: "deactivate and back", do: func(d *day) error { return d.app.DeactivateUser(d.ctx, d.user("ann")) }},
		{name: "reactivate", do: func(d *day) error { return d.app.ReactivateUser(d.ctx, d.user("ann")) }},
	}
}

func dayEvening() []dayStep {
	held := &chat.SendOptions{Pending: chat.PendingOn}
	cleared := "cleared"
	return []dayStep{
		{name: "held in office", do: send("team:office", "john", chat.Draft{ID: "office-held", Text: "held"}, held)},
		{name: "noon", do: func(d *day) error { d.noon = time.Now(); return nil }},
		{name: "after noon", do: send("team:office", "ann", chat.Draft{ID: "office-3", Text: "three"}, nil)},
		{name: "truncate softly", do: func(d *day) error {
			return d.app.TruncateChannel(d.ctx, d.cid("team:office"), &chat.TruncateOptions{Before: d.noon})
		}},
		{name: "old", do: send("messaging:old", "john", chat.Draft{ID: "old-1", Text: "one"}, nil)},
		{name: "old private", do: send("messaging:old", "john", chat.Draft{ID: "old-2", Text: "two", Restricted: []chat.UserID{"jane"}}, &chat.SendOptions{})},
		{name: "old held", do: send("messaging:old", "john", chat.Draft{ID: "old-held", Text: "held"}, held)},
		{name: "truncate hard", done: posted("messaging:old", cleared), do: func(d *day) error {
			return d.app.TruncateChannel(d.ctx, d.cid("messaging:old"), &chat.TruncateOptions{Hard: true, Message: &chat.SystemMessage{Text: cleared}})
		}},
		{name: "gone", do: send("messaging:gone", "john", chat.Draft{ID: "gone-1", Text: "one"}, nil)},
		{name: "delete a channel softly", again: chat.ErrNotFound, do: func(d *day) error {
			return d.as("jane").DeleteChannel(d.ctx, d.cid("messaging:gone"), chat.DeleteSoft)
		}},
		{name: "and make it again", do: ensure("messaging:gone", "john", "jane", "john")},
		{name: "new life", do: send("messaging:gone", "jane", chat.Draft{ID: "gone-2", Text: "two"}, nil)},
		{name: "delete a channel for good", again: chat.ErrNotFound, do: func(d *day) error {
			return d.app.DeleteChannel(d.ctx, d.cid("gaming:arena"), chat.DeleteHard)
		}},
		{name: "what is due", do: runDueWork},
		{name: "the night", do: func(d *day) error {
			if d.sleep != nil {
				d.sleep(4 * time.Hour)
			}
			return nil
		}},
		{name: "what is overdue", do: runDueWork},
		{name: "last", do: send("messaging:lounge", "ann", chat.Draft{ID: "last", Text: "good night"}, nil)},
		{name: "what happened", do: dayEvents},
		{name: "all is well", do: func(d *day) error {
			report, err := d.app.Verify(d.ctx, nil)
			return d.answer(report.Problems, err) // what is counted depends on what is purged yet
		}},
	}
}

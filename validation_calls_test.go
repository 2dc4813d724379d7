package chat_test

import (
	"context"
	"maps"
	"math"
	"strings"
	"time"

	"example.com/chat"
)

// badAppCalls are, by the name of the method, calls with one thing wrong each.
// Methods that take nothing that can be wrong have none.
func badAppCalls(a *chat.App) map[string][]bad {
	calls := map[string][]bad{
		"AddMembers": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return a.AddMembers(ctx, cid, nil, nil) }),
			badMembers(func(ctx context.Context, list []chat.MemberDraft) error { return a.AddMembers(ctx, room, list, nil) }),
			badNotices(func(ctx context.Context, m *chat.SystemMessage) error {
				return a.AddMembers(ctx, room, []chat.MemberDraft{{UserID: "eve"}}, m)
			})),
		"AllMessages": badCIDsIn(func(ctx context.Context, cid chat.CID) error {
			for _, err := range a.AllMessages(ctx, cid) {
				return err
			}
			return nil
		}),
		"Channel":     badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(a.Channel(ctx, cid)) }),
		"ChannelType": bads("name", badWords, func(ctx context.Context, name string) error { return errOf(a.ChannelType(ctx, name)) }),
		"Channels":    badChannelQueries(func(ctx context.Context, q chat.ChannelQuery) error { return errOf(a.Channels(ctx, q)) }),
		"CommitMessage": badIDsIn(func(ctx context.Context, id chat.MessageID) error {
			return errOf(a.CommitMessage(ctx, id))
		}),
		"CreateChannelType": join(
			bads("name", badWords, func(ctx context.Context, name string) error {
				return errOf(a.CreateChannelType(ctx, chat.ChannelType{Name: name}))
			}),
			bads("", badOverrides()[1:], func(ctx context.Context, o chat.ChannelOverrides) error {
				kind := chat.ChannelType{Name: "own", Grants: o.Grants}
				if o.MaxMessageLength != nil {
					kind.MaxMessageLength = *o.MaxMessageLength
				}
				if o.Commands != nil {
					kind.Commands = *o.Commands
				}
				return errOf(a.CreateChannelType(ctx, kind))
			})),
		"DeactivateUser": badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return a.DeactivateUser(ctx, id) }),
		"DeleteChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return a.DeleteChannel(ctx, cid, chat.DeleteSoft) }),
			bads("mode", badModes, func(ctx context.Context, mode chat.DeleteMode) error { return a.DeleteChannel(ctx, room, mode) })),
		"DeleteChannelType": bads("name", badWords, func(ctx context.Context, name string) error { return a.DeleteChannelType(ctx, name) }),
		"DeleteMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(a.DeleteMessage(ctx, id, chat.DeleteSoft, ""))
			}),
			bads("mode", badModes, func(ctx context.Context, mode chat.DeleteMode) error {
				return errOf(a.DeleteMessage(ctx, "m1", mode, ""))
			}),
			bads("by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, id chat.UserID) error {
				return errOf(a.DeleteMessage(ctx, "m1", chat.DeleteSoft, id))
			})),
		"DiscardCallback": bads("id", badPages, func(ctx context.Context, id chat.PageToken) error {
			return a.DiscardCallback(ctx, chat.FailedCallbackID(id))
		}),
		"EnsureChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error {
				return errOf(a.EnsureChannel(ctx, cid, chat.ChannelDraft{CreatedBy: "jane"}))
			}),
			badChannels(func(ctx context.Context, d chat.ChannelDraft) error {
				if d.CreatedBy == "" {
					d.CreatedBy = "jane"
				}
				return errOf(a.EnsureChannel(ctx, "messaging:new", d))
			}),
			[]bad{{"created_by", func(ctx context.Context) error {
				return errOf(a.EnsureChannel(ctx, "messaging:new", chat.ChannelDraft{}))
			}}}),
		"EnsureDistinctChannel": join(
			bads("type", badWords, func(ctx context.Context, name string) error {
				return errOf(a.EnsureDistinctChannel(ctx, name, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}}))
			}),
			badChannels(func(ctx context.Context, d chat.ChannelDraft) error {
				if d.CreatedBy == "" {
					d.CreatedBy = "jane"
				}
				return errOf(a.EnsureDistinctChannel(ctx, "messaging", d))
			})),
		"FailedCallbacks": bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
			return errOf(a.FailedCallbacks(ctx, chat.FailedCallbackQuery{Page: page}))
		}),
		"Members": badMemberQueries(func(ctx context.Context, cid chat.CID, q chat.MemberQuery) error {
			return errOf(a.Members(ctx, cid, q))
		}),
		"Message": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(a.Message(ctx, id)) }),
		"Messages": badQueries(func(ctx context.Context, cid chat.CID, q chat.MessageQuery) error {
			return errOf(a.Messages(ctx, cid, q))
		}),
		"MessagesByID":    badIDLists(func(ctx context.Context, ids ...chat.MessageID) error { return errOf(a.MessagesByID(ctx, ids...)) }),
		"OriginalMessage": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(a.OriginalMessage(ctx, id)) }),
		"PatchChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(a.PatchChannel(ctx, cid, set("a", 1))) }),
			badPatches(func(ctx context.Context, p chat.Patch) error { return errOf(a.PatchChannel(ctx, room, p)) }),
			bads("cid", []chat.Patch{set("cid", "x"), unset("cid")}, func(ctx context.Context, p chat.Patch) error {
				return errOf(a.PatchChannel(ctx, room, p))
			})),
		"PatchMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(a.PatchMessage(ctx, id, set("a", 1))) }),
			badPatches(func(ctx context.Context, p chat.Patch) error { return errOf(a.PatchMessage(ctx, "m1", p)) }),
			bads("cid", []chat.Patch{set("cid", "x"), unset("cid")}, func(ctx context.Context, p chat.Patch) error {
				return errOf(a.PatchMessage(ctx, "m1", p))
			})),
		"PatchUser": join(
			badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return errOf(a.PatchUser(ctx, id, set("a", 1))) }),
			badPatches(func(ctx context.Context, p chat.Patch) error { return errOf(a.PatchUser(ctx, "eve", p)) }),
			bads("name", badNames, func(ctx context.Context, name string) error {
				return errOf(a.PatchUser(ctx, "eve", set("name", name)))
			}),
			bads("role", append([]string{"channel_member", "channel_moderator", "channel_creator"}, badWords[1:]...), func(ctx context.Context, role string) error {
				return errOf(a.PatchUser(ctx, "eve", set("role", role)))
			}),
			bads("id", []chat.Patch{set("id", "x"), unset("id")}, func(ctx context.Context, p chat.Patch) error {
				return errOf(a.PatchUser(ctx, "eve", p))
			})),
		"PendingMessages": join(
			bads("cid", badCIDs[1:], func(ctx context.Context, cid chat.CID) error {
				return errOf(a.PendingMessages(ctx, chat.PendingQuery{CID: cid}))
			}),
			bads("limit", append([]int{-1}, badLimits...), func(ctx context.Context, n int) error {
				return errOf(a.PendingMessages(ctx, chat.PendingQuery{Limit: n}))
			}),
			bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
				return errOf(a.PendingMessages(ctx, chat.PendingQuery{Page: page}))
			})),
		"Preview": bads("url", append([]string{"", "example.org", "/map", "ftp://example.org", "https://", "https:example.org", "mailto:a@b.example", "https://example.org/" + huge}, badTexts...),
			func(ctx context.Context, url string) error { return errOf(a.Preview(ctx, url)) }),
		"ReactivateUser": badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return a.ReactivateUser(ctx, id) }),
		"RequeueCallback": bads("id", badPages, func(ctx context.Context, id chat.PageToken) error {
			return a.RequeueCallback(ctx, chat.FailedCallbackID(id))
		}),
		"RemoveMembers": join(
			badRemovals(func(ctx context.Context, cid chat.CID, list []chat.UserID) error {
				return a.RemoveMembers(ctx, cid, list, nil)
			}),
			badNotices(func(ctx context.Context, m *chat.SystemMessage) error {
				return a.RemoveMembers(ctx, room, []chat.UserID{"john"}, m)
			})),
		"Send": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error {
				return errOf(a.Send(ctx, cid, "jane", chat.Draft{Text: "x"}, nil))
			}),
			bads("user_id", append([]chat.UserID{"nobody"}, badUserIDs...), func(ctx context.Context, id chat.UserID) error {
				return errOf(a.Send(ctx, room, id, chat.Draft{Text: "x"}, nil))
			}),
			badDrafts(func(ctx context.Context, d chat.Draft) error { return errOf(a.Send(ctx, room, "jane", d, nil)) }),
			bads("html", append([]string{strings.Repeat("x", 100_001)}, badTexts...), func(ctx context.Context, html string) error {
				return errOf(a.Send(ctx, room, "jane", chat.Draft{Text: "x"}, &chat.SendOptions{HTML: html}))
			}),
			bads("pending", []chat.PendingMode{-1, 3, math.MaxInt}, func(ctx context.Context, mode chat.PendingMode) error {
				return errOf(a.Send(ctx, room, "jane", chat.Draft{Text: "x"}, &chat.SendOptions{Pending: mode}))
			}),
			bads("pending_message_metadata", []map[string]string{
				{"a": "\xff"}, {"\xff": "a"}, {"a": "\x00"}, {"\x00": ""}, {"a": strings.Repeat("x", 5<<10)},
			}, func(ctx context.Context, data map[string]string) error {
				return errOf(a.Send(ctx, room, "jane", chat.Draft{Text: "x"}, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: data}))
			})),
		"SetDisabled": badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(a.SetDisabled(ctx, cid, true)) }),
		"SetFrozen":   badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(a.SetFrozen(ctx, cid, true)) }),
		"SetOverrides": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error {
				return errOf(a.SetOverrides(ctx, cid, chat.ChannelOverrides{}))
			}),
			bads("config_overrides.", badOverrides(), func(ctx context.Context, o chat.ChannelOverrides) error {
				return errOf(a.SetOverrides(ctx, room, o))
			})),
		"TruncateChannel": join(
			badTruncates(func(ctx context.Context, cid chat.CID, o *chat.TruncateOptions) error {
				return a.TruncateChannel(ctx, cid, o)
			}),
			badNotices(func(ctx context.Context, m *chat.SystemMessage) error {
				return a.TruncateChannel(ctx, room, &chat.TruncateOptions{Message: m})
			})),
		"UndeleteMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(a.UndeleteMessage(ctx, id, "jane")) }),
			badUsersIn("by", func(ctx context.Context, id chat.UserID) error { return errOf(a.UndeleteMessage(ctx, "deleted", id)) })),
		"UpdateChannel": badChannelUpdates(func(ctx context.Context, cid chat.CID, u chat.ChannelUpdate, m *chat.SystemMessage) error {
			return errOf(a.UpdateChannel(ctx, cid, u, m))
		}),
		"UpdateChannelType": join(
			bads("name", badWords, func(ctx context.Context, name string) error {
				return a.UpdateChannelType(ctx, name, func(*chat.ChannelType) error { return nil })
			}),
			bads("", badOverrides(), func(ctx context.Context, o chat.ChannelOverrides) error {
				return a.UpdateChannelType(ctx, "team", func(kind *chat.ChannelType) error {
					if o.MaxMessageLength != nil {
						kind.MaxMessageLength = *o.MaxMessageLength
					}
					if o.Commands != nil {
						kind.Commands = *o.Commands
					}
					maps.Copy(kind.Grants, o.Grants)
					return nil
				})
			}),
			[]bad{{"change", func(ctx context.Context) error { return a.UpdateChannelType(ctx, "team", nil) }}}),
		"UpdateMember": badMemberUpdates(func(ctx context.Context, cid chat.CID, id chat.UserID, u chat.MemberUpdate) error {
			return errOf(a.UpdateMember(ctx, cid, id, u))
		}),
		"UpdateMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(a.UpdateMessage(ctx, id, chat.MessageUpdate{Text: "x"}, nil))
			}),
			badUpdates(func(ctx context.Context, u chat.MessageUpdate) error {
				return errOf(a.UpdateMessage(ctx, "m1", u, nil))
			}),
			bads("html", append([]string{strings.Repeat("x", 100_001)}, badTexts...), func(ctx context.Context, html string) error {
				return errOf(a.UpdateMessage(ctx, "m1", chat.MessageUpdate{Text: "x"}, &chat.UpdateOptions{HTML: html}))
			})),
		"UpdateSettings": append(
			bads("async_moderation_config.", []chat.AsyncModeration{
				{Timeout: -1},
				{Timeout: 1},
				{Timeout: math.MaxInt64},
				{Timeout: math.MinInt64},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Mode: "x"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Mode: "\xff"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Mode: chat.CallbackMode(huge)}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: huge}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "x:" + huge}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Mode: chat.CallbackREST}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "example.org"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "ftp://example.org"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "https://"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "https://example.org/?a=b"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "https://example.org/\x00"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{ServerURL: "https://example.org/" + strings.Repeat("x", 2048)}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Secret: "\xff"}},
				{Timeout: time.Hour, Callback: chat.ModerationCallback{Secret: strings.Repeat("x", 1025)}},
			}, func(ctx context.Context, m chat.AsyncModeration) error {
				return a.UpdateSettings(ctx, func(set *chat.Settings) error { set.AsyncModeration = m; return nil })
			}),
			bad{"change", func(ctx context.Context) error { return a.UpdateSettings(ctx, nil) }}),
		"UpsertUsers": in("users", join(
			badUsersIn("[1].id", func(ctx context.Context, id chat.UserID) error {
				return a.UpsertUsers(ctx, chat.User{ID: "new"}, chat.User{ID: id})
			}),
			bads("[0].name", badNames, func(ctx context.Context, name string) error {
				return a.UpsertUsers(ctx, chat.User{ID: "new", Name: name})
			}),
			bads("[0].role", append([]string{"channel_member", "channel_moderator", "channel_creator"}, badWords[1:]...), func(ctx context.Context, role string) error {
				return a.UpsertUsers(ctx, chat.User{ID: "new", Role: chat.Role(role)})
			}),
			bads("[0].custom", badCustoms, func(ctx context.Context, c chat.Custom) error {
				return a.UpsertUsers(ctx, chat.User{ID: "new", Custom: c})
			}),
			[]bad{{"", func(ctx context.Context) error { return a.UpsertUsers(ctx, make([]chat.User, 101)...) }}})),
		"User": badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return errOf(a.User(ctx, id)) }),
		"Users": append(
			bads("limit", append([]int{-1}, badLimits...), func(ctx context.Context, n int) error { return errOf(a.Users(ctx, chat.UserQuery{Limit: n})) }),
			bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
				return errOf(a.Users(ctx, chat.UserQuery{Limit: 0, Page: page}))
			})...),
		"ChannelTypes": nil, "BlockLists": nil, "EventReceivers": nil, "RunDueWork": nil, "Settings": nil, "Verify": nil,
	}
	maps.Copy(calls, badModerationAppCalls(a))
	maps.Copy(calls, badReactionAppCalls(a))
	maps.Copy(calls, badUserCalls(a))
	maps.Copy(calls, badEventAppCalls(a))
	maps.Copy(calls, badThreadAppCalls(a))
	return calls
}

// badSessionCalls are those of a Session of jane.
func badSessionCalls(j *chat.Session) map[string][]bad {
	calls := map[string][]bad{
		"AddMembers": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.AddMembers(ctx, cid, nil, nil) }),
			badMembers(func(ctx context.Context, list []chat.MemberDraft) error { return j.AddMembers(ctx, room, list, nil) }),
			badNotices(func(ctx context.Context, m *chat.SystemMessage) error {
				return j.AddMembers(ctx, room, []chat.MemberDraft{{UserID: "eve"}}, m)
			})),
		"AllMessages": badCIDsIn(func(ctx context.Context, cid chat.CID) error {
			for _, err := range j.AllMessages(ctx, cid) {
				return err
			}
			return nil
		}),
		"Channel":  badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.Channel(ctx, cid)) }),
		"Channels": badChannelQueries(func(ctx context.Context, q chat.ChannelQuery) error { return errOf(j.Channels(ctx, q)) }),
		"DeleteChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.DeleteChannel(ctx, cid, chat.DeleteSoft) }),
			bads("mode", badModes, func(ctx context.Context, mode chat.DeleteMode) error { return j.DeleteChannel(ctx, room, mode) })),
		"DeleteMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(j.DeleteMessage(ctx, id, chat.DeleteSoft))
			}),
			bads("mode", badModes, func(ctx context.Context, mode chat.DeleteMode) error { return errOf(j.DeleteMessage(ctx, "m1", mode)) })),
		"DeleteMessageForMe": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.DeleteMessageForMe(ctx, id) }),
		"EnsureChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error {
				return errOf(j.EnsureChannel(ctx, cid, chat.ChannelDraft{}))
			}),
			badChannels(func(ctx context.Context, d chat.ChannelDraft) error {
				return errOf(j.EnsureChannel(ctx, "messaging:new", d))
			})),
		"EnsureDistinctChannel": join(
			bads("type", badWords, func(ctx context.Context, name string) error {
				return errOf(j.EnsureDistinctChannel(ctx, name, chat.ChannelDraft{Members: []chat.UserID{"john"}}))
			}),
			badChannels(func(ctx context.Context, d chat.ChannelDraft) error {
				return errOf(j.EnsureDistinctChannel(ctx, "messaging", d))
			}),
			[]bad{{"members", func(ctx context.Context) error {
				return errOf(j.EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{}))
			}}}),
		"HideChannel":  badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.HideChannel(ctx, cid, false) }),
		"LeaveChannel": badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.LeaveChannel(ctx, cid) }),
		"MarkRead":     badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.MarkRead(ctx, cid) }),
		"MarkReadTo":   badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.MarkReadTo(ctx, id) }),
		"MarkUnread":   badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.MarkUnread(ctx, id) }),
		"Members": badMemberQueries(func(ctx context.Context, cid chat.CID, q chat.MemberQuery) error {
			return errOf(j.Members(ctx, cid, q))
		}),
		"Message": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(j.Message(ctx, id)) }),
		"Messages": badQueries(func(ctx context.Context, cid chat.CID, q chat.MessageQuery) error {
			return errOf(j.Messages(ctx, cid, q))
		}),
		"MessagesByID": badIDLists(func(ctx context.Context, ids ...chat.MessageID) error { return errOf(j.MessagesByID(ctx, ids...)) }),
		"MuteChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.MuteChannel(ctx, cid, 0) }),
			bads("duration", []time.Duration{-1, math.MinInt64}, func(ctx context.Context, d time.Duration) error { return j.MuteChannel(ctx, room, d) })),
		"MuteUser": join(
			bads("user", append([]chat.UserID{"jane", "nobody"}, badUserIDs...), func(ctx context.Context, id chat.UserID) error { return j.MuteUser(ctx, id, 0) }),
			bads("duration", []time.Duration{-1, math.MinInt64}, func(ctx context.Context, d time.Duration) error { return j.MuteUser(ctx, "john", d) })),
		"PatchChannel": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.PatchChannel(ctx, cid, set("a", 1))) }),
			badPatches(func(ctx context.Context, p chat.Patch) error { return errOf(j.PatchChannel(ctx, room, p)) }),
			bads("cid", []chat.Patch{set("cid", "x"), unset("cid")}, func(ctx context.Context, p chat.Patch) error {
				return errOf(j.PatchChannel(ctx, room, p))
			})),
		"PatchMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(j.PatchMessage(ctx, id, set("a", 1))) }),
			badPatches(func(ctx context.Context, p chat.Patch) error { return errOf(j.PatchMessage(ctx, "m1", p)) }),
			bads("cid", []chat.Patch{set("cid", "x"), unset("cid")}, func(ctx context.Context, p chat.Patch) error {
				return errOf(j.PatchMessage(ctx, "m1", p))
			})),
		"RemoveMembers": badRemovals(func(ctx context.Context, cid chat.CID, list []chat.UserID) error {
			return j.RemoveMembers(ctx, cid, list, nil)
		}),
		"Send": join(
			badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.Send(ctx, cid, chat.Draft{Text: "x"})) }),
			badDrafts(func(ctx context.Context, d chat.Draft) error { return errOf(j.Send(ctx, room, d)) })),
		"SetFrozen":   badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.SetFrozen(ctx, cid, true)) }),
		"ShowChannel": badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.ShowChannel(ctx, cid) }),
		"TruncateChannel": badTruncates(func(ctx context.Context, cid chat.CID, o *chat.TruncateOptions) error {
			return j.TruncateChannel(ctx, cid, o)
		}),
		"UnmuteChannel": badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.UnmuteChannel(ctx, cid) }),
		"UnmuteUser":    badUsersIn("user", func(ctx context.Context, id chat.UserID) error { return j.UnmuteUser(ctx, id) }),
		"Unread":        badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.Unread(ctx, cid)) }),
		"UpdateChannel": badChannelUpdates(func(ctx context.Context, cid chat.CID, u chat.ChannelUpdate, m *chat.SystemMessage) error {
			return errOf(j.UpdateChannel(ctx, cid, u, m))
		}),
		"UpdateMember": badMemberUpdates(func(ctx context.Context, cid chat.CID, id chat.UserID, u chat.MemberUpdate) error {
			return errOf(j.UpdateMember(ctx, cid, id, u))
		}),
		"UpdateMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(j.UpdateMessage(ctx, id, chat.MessageUpdate{Text: "x"}))
			}),
			badUpdates(func(ctx context.Context, u chat.MessageUpdate) error { return errOf(j.UpdateMessage(ctx, "m1", u)) })),
		"Mutes": nil, "BlockedUsers": nil, "TotalUnread": nil,
	}
	maps.Copy(calls, badModerationSessionCalls(j))
	maps.Copy(calls, badReactionSessionCalls(j))
	maps.Copy(calls, badMemberCalls(j))
	maps.Copy(calls, badEventSessionCalls(j))
	maps.Copy(calls, badThreadSessionCalls(j))
	return calls
}

package chat_test

import (
	"context"
	"math"
	"strings"
	"time"

	"example.com/chat"
)

// desk is a channel of prepareCalls in which Jane is a moderator.
const desk chat.CID = "messaging:desk"

// prepareModeration makes what the calls of moderation act on.
func (s *scenario) prepareModeration() {
	s.t.Helper()
	s.channel(desk, "ann", "john")
	s.check(s.AddMembers(s.ctx, desk, []chat.MemberDraft{{UserID: "jane", Role: chat.RoleChannelModerator}}, nil))
	s.check(errOf(s.CreateBlockList(s.ctx, chat.BlockList{Name: "words", Words: []string{"heck"}})))
	s.as("john").post(desk, chat.Draft{ID: "rude", Text: "rude"})
	s.check(s.UpdateChannelType(s.ctx, "commerce", func(t *chat.ChannelType) error {
		t.Grants[chat.RoleUser] = append(t.Grants[chat.RoleUser], chat.BanUser)
		return nil
	}))
	commands := []string{"whisper"}
	s.check(errOf(s.SetOverrides(s.ctx, desk, chat.ChannelOverrides{Commands: &commands})))
	s.as("jane").post(desk, chat.Draft{ID: "menu", Text: "/whisper hi"})
}

// moderationAppCalls are calls of an App about commands, bans and flags.
func moderationAppCalls(a *chat.App) []goodCall {
	return []goodCall{
		{"Ban", func(ctx context.Context) error {
			return errOf(a.Ban(ctx, chat.BanDraft{User: "john", CID: desk, Lasting: time.Hour}, "jane"))
		}},
		{"Bans", func(ctx context.Context) error { return errOf(a.Bans(ctx, chat.BanQuery{})) }},
		{"BlockLists", func(ctx context.Context) error { return errOf(a.BlockLists(ctx)) }},
		{"CreateBlockList", func(ctx context.Context) error {
			return errOf(a.CreateBlockList(ctx, chat.BlockList{Name: "new", Words: []string{"heck"}}))
		}},
		{"UpdateBlockList", func(ctx context.Context) error { return errOf(a.UpdateBlockList(ctx, "words", []string{"heck"})) }},
		{"DeleteBlockList", func(ctx context.Context) error { return a.DeleteBlockList(ctx, "words") }},
		{"Commands", func(ctx context.Context) error { return errOf(a.Commands(ctx, desk)) }},
		{"Flags", func(ctx context.Context) error { return errOf(a.Flags(ctx, chat.FlagQuery{})) }},
		{"ReviewMessageFlags", func(ctx context.Context) error { return a.ReviewMessageFlags(ctx, "rude", "ok", "jane") }},
		{"ReviewUserFlags", func(ctx context.Context) error { return a.ReviewUserFlags(ctx, "john", "ok", "jane") }},
		{"SetCooldown", func(ctx context.Context) error { return errOf(a.SetCooldown(ctx, desk, time.Second)) }},
		{"Unban", func(ctx context.Context) error { return a.Unban(ctx, "john", desk) }},
		{"UnflagMessage", func(ctx context.Context) error { return a.UnflagMessage(ctx, "rude") }},
		{"UnflagUser", func(ctx context.Context) error { return a.UnflagUser(ctx, "john") }},
	}
}

// moderationSessionCalls are those of a Session of jane.
func moderationSessionCalls(j *chat.Session) []goodCall {
	return []goodCall{
		{"Ban", func(ctx context.Context) error { return errOf(j.Ban(ctx, chat.BanDraft{User: "john", CID: desk})) }},
		{"Bans", func(ctx context.Context) error { return errOf(j.Bans(ctx, chat.BanQuery{CID: desk})) }},
		{"BlockUser", func(ctx context.Context) error { return j.BlockUser(ctx, "john") }},
		{"BlockedUsers", func(ctx context.Context) error { return errOf(j.BlockedUsers(ctx)) }},
		{"UnblockUser", func(ctx context.Context) error { return j.UnblockUser(ctx, "john") }},
		{"Commands", func(ctx context.Context) error { return errOf(j.Commands(ctx, desk)) }},
		{"FlagMessage", func(ctx context.Context) error { return j.FlagMessage(ctx, "rude", "rude") }},
		{"FlagUser", func(ctx context.Context) error { return j.FlagUser(ctx, "john", "") }},
		{"Flags", func(ctx context.Context) error { return errOf(j.Flags(ctx, chat.FlagQuery{CID: desk})) }},
		{"RunAction", func(ctx context.Context) error { return errOf(j.RunAction(ctx, "menu", "send")) }},
		{"ReviewMessageFlags", func(ctx context.Context) error { return j.ReviewMessageFlags(ctx, "rude", "ok") }},
		{"ReviewUserFlags", func(ctx context.Context) error { return j.ReviewUserFlags(ctx, "john", "ok") }},
		{"SetCooldown", func(ctx context.Context) error { return errOf(j.SetCooldown(ctx, desk, time.Second)) }},
		{"Unban", func(ctx context.Context) error { return j.Unban(ctx, "john", desk) }},
	}
}

var (
	badBlockWords = [][]string{
		nil, {}, {""}, {" "}, {"!"}, {"ok", "\xff"}, {"a\x00"}, {strings.Repeat("x", 101)}, strings.Fields(strings.Repeat("x ", 1001)),
	}
	badReasons   = append([]string{strings.Repeat("x", 1001), huge}, badTexts...)
	badDurations = []time.Duration{-1, -time.Hour}
)

func badBans(ban func(context.Context, chat.BanDraft) error) []bad {
	return join(
		badUsersIn("user", func(ctx context.Context, id chat.UserID) error { return ban(ctx, chat.BanDraft{User: id}) }),
		bads("user", []chat.UserID{"nobody"}, func(ctx context.Context, id chat.UserID) error { return ban(ctx, chat.BanDraft{User: id, CID: desk}) }),
		bads("cid", badCIDs[1:], func(ctx context.Context, cid chat.CID) error { return ban(ctx, chat.BanDraft{User: "john", CID: cid}) }),
		bads("reason", badReasons, func(ctx context.Context, reason string) error {
			return ban(ctx, chat.BanDraft{User: "john", CID: desk, Reason: reason})
		}),
		bads("delete_messages", []chat.DeleteMode{-1, 3, math.MaxInt}, func(ctx context.Context, mode chat.DeleteMode) error {
			return ban(ctx, chat.BanDraft{User: "john", CID: desk, DeleteMessages: mode})
		}),
		bads("", badDurations, func(ctx context.Context, lasting time.Duration) error {
			return ban(ctx, chat.BanDraft{User: "john", CID: desk, Lasting: lasting})
		}))
}

func badUnbans(unban func(context.Context, chat.UserID, chat.CID) error) []bad {
	return join(
		badUsersIn("user", func(ctx context.Context, id chat.UserID) error { return unban(ctx, id, desk) }),
		bads("cid", badCIDs[1:], func(ctx context.Context, cid chat.CID) error { return unban(ctx, "john", cid) }))
}

func badCooldowns(set func(context.Context, chat.CID, time.Duration) error) []bad {
	return join(
		badCIDsIn(func(ctx context.Context, cid chat.CID) error { return set(ctx, cid, time.Second) }),
		bads("cooldown", []time.Duration{-1, -time.Second, 1, time.Second + 1, 121 * time.Second, math.MaxInt64}, func(ctx context.Context, d time.Duration) error {
			return set(ctx, desk, d)
		}))
}

// badLists are bad calls of a list of bans or flags.
func badLists(read func(context.Context, chat.CID, int, chat.PageToken) error) []bad {
	return join(
		bads("cid", badCIDs[1:], func(ctx context.Context, cid chat.CID) error { return read(ctx, cid, 0, "") }),
		bads("limit", badLimits, func(ctx context.Context, limit int) error { return read(ctx, desk, limit, "") }),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error { return read(ctx, desk, 0, page) }))
}

// badModerationAppCalls are bad calls of an App about commands, bans and flags.
func badModerationAppCalls(a *chat.App) map[string][]bad {
	return map[string][]bad{
		"Ban": join(
			badBans(func(ctx context.Context, d chat.BanDraft) error { return errOf(a.Ban(ctx, d, "")) }),
			bads("by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, by chat.UserID) error {
				return errOf(a.Ban(ctx, chat.BanDraft{User: "john", CID: desk}, by))
			})),
		"Bans": badLists(func(ctx context.Context, cid chat.CID, limit int, page chat.PageToken) error {
			return errOf(a.Bans(ctx, chat.BanQuery{CID: cid, Limit: limit, Page: page}))
		}),
		"CreateBlockList": join(
			bads("name", badWords, func(ctx context.Context, name string) error {
				return errOf(a.CreateBlockList(ctx, chat.BlockList{Name: name, Words: []string{"heck"}}))
			}),
			bads("words", badBlockWords, func(ctx context.Context, words []string) error {
				return errOf(a.CreateBlockList(ctx, chat.BlockList{Name: "new", Words: words}))
			})),
		"UpdateBlockList": join(
			bads("name", badWords, func(ctx context.Context, name string) error {
				return errOf(a.UpdateBlockList(ctx, name, []string{"heck"}))
			}),
			bads("words", badBlockWords, func(ctx context.Context, words []string) error { return errOf(a.UpdateBlockList(ctx, "words", words)) })),
		"DeleteBlockList": bads("name", badWords, func(ctx context.Context, name string) error { return a.DeleteBlockList(ctx, name) }),
		"Commands":        badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(a.Commands(ctx, cid)) }),
		"Flags": join(badLists(func(ctx context.Context, cid chat.CID, limit int, page chat.PageToken) error {
			return errOf(a.Flags(ctx, chat.FlagQuery{CID: cid, Limit: limit, Page: page}))
		}), bads("state", []chat.FlagState{-1, 3, math.MaxInt}, func(ctx context.Context, state chat.FlagState) error {
			return errOf(a.Flags(ctx, chat.FlagQuery{State: state}))
		})),
		"ReviewMessageFlags": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return a.ReviewMessageFlags(ctx, id, "ok", "") }),
			bads("outcome", badReasons, func(ctx context.Context, outcome string) error { return a.ReviewMessageFlags(ctx, "rude", outcome, "") }),
			bads("by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, by chat.UserID) error {
				return a.ReviewMessageFlags(ctx, "rude", "ok", by)
			})),
		"ReviewUserFlags": join(
			badUsersIn("", func(ctx context.Context, id chat.UserID) error { return a.ReviewUserFlags(ctx, id, "ok", "") }),
			bads("outcome", badReasons, func(ctx context.Context, outcome string) error { return a.ReviewUserFlags(ctx, "john", outcome, "") }),
			bads("by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, by chat.UserID) error {
				return a.ReviewUserFlags(ctx, "john", "ok", by)
			})),
		"SetCooldown": badCooldowns(func(ctx context.Context, cid chat.CID, d time.Duration) error {
			return errOf(a.SetCooldown(ctx, cid, d))
		}),
		"Unban":         badUnbans(func(ctx context.Context, id chat.UserID, cid chat.CID) error { return a.Unban(ctx, id, cid) }),
		"UnflagMessage": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return a.UnflagMessage(ctx, id) }),
		"UnflagUser":    badUsersIn("", func(ctx context.Context, id chat.UserID) error { return a.UnflagUser(ctx, id) }),
	}
}

// badModerationSessionCalls are those of a Session of jane.
func badModerationSessionCalls(j *chat.Session) map[string][]bad {
	return map[string][]bad{
		"Ban": badBans(func(ctx context.Context, d chat.BanDraft) error { return errOf(j.Ban(ctx, d)) }),
		"Bans": badLists(func(ctx context.Context, cid chat.CID, limit int, page chat.PageToken) error {
			return errOf(j.Bans(ctx, chat.BanQuery{CID: cid, Limit: limit, Page: page}))
		}),
		"BlockUser": join(
			badUsersIn("user", func(ctx context.Context, id chat.UserID) error { return j.BlockUser(ctx, id) }),
			bads("user", []chat.UserID{"nobody", "jane"}, func(ctx context.Context, id chat.UserID) error { return j.BlockUser(ctx, id) })),
		"UnblockUser": badUsersIn("user", func(ctx context.Context, id chat.UserID) error { return j.UnblockUser(ctx, id) }),
		"Commands":    badCIDsIn(func(ctx context.Context, cid chat.CID) error { return errOf(j.Commands(ctx, cid)) }),
		"FlagMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.FlagMessage(ctx, id, "") }),
			bads("reason", badReasons, func(ctx context.Context, reason string) error { return j.FlagMessage(ctx, "rude", reason) })),
		"FlagUser": join(
			badUsersIn("", func(ctx context.Context, id chat.UserID) error { return j.FlagUser(ctx, id, "") }),
			bads("reason", badReasons, func(ctx context.Context, reason string) error { return j.FlagUser(ctx, "john", reason) })),
		"Flags": badLists(func(ctx context.Context, cid chat.CID, limit int, page chat.PageToken) error {
			return errOf(j.Flags(ctx, chat.FlagQuery{CID: cid, Limit: limit, Page: page}))
		}),
		"RunAction": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(j.RunAction(ctx, id, "send")) }),
			bads("action", append([]string{"never"}, badNames...), func(ctx context.Context, action string) error {
				return errOf(j.RunAction(ctx, "menu", action))
			})),
		"ReviewMessageFlags": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.ReviewMessageFlags(ctx, id, "ok") }),
			bads("outcome", badReasons, func(ctx context.Context, outcome string) error { return j.ReviewMessageFlags(ctx, "rude", outcome) })),
		"ReviewUserFlags": join(
			badUsersIn("", func(ctx context.Context, id chat.UserID) error { return j.ReviewUserFlags(ctx, id, "ok") }),
			bads("outcome", badReasons, func(ctx context.Context, outcome string) error { return j.ReviewUserFlags(ctx, "john", outcome) })),
		"SetCooldown": badCooldowns(func(ctx context.Context, cid chat.CID, d time.Duration) error {
			return errOf(j.SetCooldown(ctx, cid, d))
		}),
		"Unban": badUnbans(func(ctx context.Context, id chat.UserID, cid chat.CID) error { return j.Unban(ctx, id, cid) }),
	}
}

package chat_test

import (
	"context"
	"io"

	"example.com/chat"
)

// party is a channel of prepareCalls to which Jane is invited.
const party chat.CID = "messaging:party"

// prepareMembers makes what the calls of members act on.
func (s *scenario) prepareMembers() {
	s.t.Helper()
	s.channel(party, "ann", "john")
	s.check(s.AddMembers(s.ctx, party, []chat.MemberDraft{{UserID: "jane", Invite: true}}, nil))
}

// memberSessionCalls are calls of a Session of jane about her memberships.
func memberSessionCalls(j *chat.Session) []goodCall {
	return []goodCall{
		{"AcceptInvite", func(ctx context.Context) error { return j.AcceptInvite(ctx, room) }},
		{"ArchiveChannel", func(ctx context.Context) error { return j.ArchiveChannel(ctx, room) }},
		{"PinChannel", func(ctx context.Context) error { return j.PinChannel(ctx, room) }},
		{"RejectInvite", func(ctx context.Context) error { return j.RejectInvite(ctx, party) }},
		{"UnarchiveChannel", func(ctx context.Context) error { return j.UnarchiveChannel(ctx, room) }},
		{"UnpinChannel", func(ctx context.Context) error { return j.UnpinChannel(ctx, room) }},
	}
}

// userAppCalls are calls of an App about users.
func userAppCalls(a *chat.App) []goodCall {
	return []goodCall{
		{"ExportUser", func(ctx context.Context) error { return a.ExportUser(ctx, "jane", io.Discard, nil) }},
		{"EraseUser", func(ctx context.Context) error { return a.EraseUser(ctx, "joe", chat.EraseSoft) }},
		{"Erasure", func(ctx context.Context) error { return errOf(a.Erasure(ctx, "erased")) }},
	}
}

// badUserCalls are the same with one thing wrong each.
func badUserCalls(a *chat.App) map[string][]bad {
	return map[string][]bad{
		"EraseUser": join(
			badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return a.EraseUser(ctx, id, chat.EraseSoft) }),
			bads("mode", []chat.EraseMode{-1, 0, 4}, func(ctx context.Context, mode chat.EraseMode) error { return a.EraseUser(ctx, "joe", mode) })),
		"ExportUser": join(
			badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return a.ExportUser(ctx, id, io.Discard, nil) }),
			[]bad{{"w", func(ctx context.Context) error { return a.ExportUser(ctx, "jane", nil, nil) }}}),
		"Erasure": badUsersIn("id", func(ctx context.Context, id chat.UserID) error { return errOf(a.Erasure(ctx, id)) }),
	}
}

// badMemberCalls are the same with one thing wrong each.
func badMemberCalls(j *chat.Session) map[string][]bad {
	return map[string][]bad{
		"AcceptInvite":     badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.AcceptInvite(ctx, cid) }),
		"ArchiveChannel":   badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.ArchiveChannel(ctx, cid) }),
		"PinChannel":       badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.PinChannel(ctx, cid) }),
		"RejectInvite":     badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.RejectInvite(ctx, cid) }),
		"UnarchiveChannel": badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.UnarchiveChannel(ctx, cid) }),
		"UnpinChannel":     badCIDsIn(func(ctx context.Context, cid chat.CID) error { return j.UnpinChannel(ctx, cid) }),
	}
}

package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.com/chat"
)

// pagedTalk has people react to, pin, answer, flag and be banned in the channels
// of pagedLists, and returns the lists of that, as John or a moderator reads
// them.
func pagedTalk(t testing.TB, ctx context.Context, app *chat.App, channels []chat.CID) []*pagedList {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id := func(cid chat.CID, what string, i int) chat.MessageID {
		return chat.MessageID(fmt.Sprint(cid.ID(), " ", what, " ", i))
	}
	troublemakers := []chat.UserID{"bob", "kim", "mary"}
	check(app.UpsertUsers(ctx, chat.User{ID: "bob"}, chat.User{ID: "kim"}, chat.User{ID: "max"}))
	for _, cid := range channels {
		check(app.AddMembers(ctx, cid, []chat.MemberDraft{{UserID: "max", Role: chat.RoleChannelModerator}}, nil))
		for i := range 4 {
			public, secret := id(cid, "open", i), id(cid, "secret", i)
			check(errOf(app.PinMessage(ctx, public, "jane", time.Time{})))
			check(errOf(app.React(ctx, public, "john", chat.ReactionDraft{Type: "like"})))
			check(errOf(app.React(ctx, public, "jane", chat.ReactionDraft{Type: "like"})))
			check(errOf(app.React(ctx, public, "ann", chat.ReactionDraft{Type: "like"})))
			check(errOf(app.React(ctx, public, "ann", chat.ReactionDraft{Type: "love"})))
			for k, d := range []chat.Draft{{Text: "one"}, {Text: "for max", Restricted: []chat.UserID{"max"}}, {Text: "two"}, {Text: "three"}} {
				d.ID, d.ParentID = id(cid, fmt.Sprint("reply ", i), k), public
				check(errOf(app.Send(ctx, cid, "jane", d, nil)))
			}
			check(errOf(app.Send(ctx, cid, "john", chat.Draft{ID: id(cid, "john's", i), Text: "mine", ParentID: public}, nil)))
			for _, user := range []chat.UserID{"ann", "john"} {
				check(app.As(user).FlagMessage(ctx, public, "rude"))
			}
			check(app.As("jane").FlagMessage(ctx, secret, "rude"))
		}
		for _, user := range troublemakers {
			check(errOf(app.Ban(ctx, chat.BanDraft{User: user, CID: cid}, "")))
		}
	}
	check(app.ReviewMessageFlags(ctx, id(channels[0], "open", 1), "fine", ""))
	for i := range 3 {
		check(app.ReviewMessageFlags(ctx, id(channels[1], "open", i), "fine", ""))
	}
	for _, user := range troublemakers {
		check(errOf(app.Ban(ctx, chat.BanDraft{User: user}, "")))
		check(app.As("john").FlagUser(ctx, user, "rude"))
	}

	john := app.As("john")
	message := func(m chat.Message) string { return string(m.ID) }
	thread := func(th chat.Thread) string { return string(th.Parent.ID) }
	ban := func(b chat.Ban) string { return string(b.User.ID) }
	flag := func(f chat.Flag) string {
		if f.Message == nil {
			return string(f.By.ID + " " + f.User.ID)
		}
		return string(f.By.ID) + " " + string(f.Message.ID)
	}
	reaction := func(r chat.Reaction) string { return string(r.User.ID) + " " + r.Type }
	reactionsTo := func(id chat.MessageID, kind string) *pagedList {
		return pagedOf(fmt.Sprintf("John's Reactions to %s of %q", id, kind), reaction, func(limit int, page chat.PageToken) (chat.Page[chat.Reaction], error) {
			return john.Reactions(ctx, id, chat.ReactionQuery{Type: kind, Limit: limit, Page: page})
		})
	}
	threadsIn := func(cid chat.CID) *pagedList {
		return pagedOf(fmt.Sprintf("John's Threads in %q", cid), thread, func(limit int, page chat.PageToken) (chat.Page[chat.Thread], error) {
			return john.Threads(ctx, chat.ThreadQuery{CID: cid, Limit: limit, Page: page})
		})
	}
	bansFrom := func(cid chat.CID) *pagedList {
		return pagedOf(fmt.Sprintf("Bans from %q", cid), ban, func(limit int, page chat.PageToken) (chat.Page[chat.Ban], error) {
			return app.Bans(ctx, chat.BanQuery{CID: cid, Limit: limit, Page: page})
		})
	}
	flagsIn := func(cid chat.CID, state chat.FlagState, read func(context.Context, chat.FlagQuery) (chat.Page[chat.Flag], error)) *pagedList {
		return pagedOf(fmt.Sprintf("Flags in %q, in state %d", cid, state), flag, func(limit int, page chat.PageToken) (chat.Page[chat.Flag], error) {
			return read(ctx, chat.FlagQuery{CID: cid, State: state, Limit: limit, Page: page})
		})
	}
	lists := []*pagedList{
		reactionsTo(id(channels[0], "open", 0), ""), reactionsTo(id(channels[0], "open", 0), "like"), reactionsTo(id(channels[1], "open", 1), ""),
		threadsIn(""), threadsIn(channels[0]), threadsIn(channels[1]),
		bansFrom(""), bansFrom(channels[0]), bansFrom(channels[1]),
		// A token of one state is taken for another: it is the same list.
		flagsIn("", chat.AnyFlags, app.Flags),
		flagsIn(channels[0], chat.OpenFlags, app.As("max").Flags), flagsIn(channels[1], chat.ReviewedFlags, app.As("max").Flags),
	}
	for _, cid := range channels {
		lists = append(lists,
			pagedOf("John's PinnedMessages in "+string(cid), message, func(limit int, page chat.PageToken) (chat.Page[chat.Message], error) {
				return john.PinnedMessages(ctx, cid, chat.PinQuery{Limit: limit, Page: page})
			}),
			pagedOf("John's Replies in "+string(cid), message, func(limit int, page chat.PageToken) (chat.Page[chat.Message], error) {
				return john.Replies(ctx, id(cid, "open", 2), chat.MessageQuery{Limit: limit, Page: page})
			}),
		)
	}
	return lists
}

package chat_test

import (
	"context"
	"math"
	"strings"
	"time"

	"example.com/chat"
)

// prepareReactions makes what the calls of reactions and pins act on.
func (s *scenario) prepareReactions() {
	s.t.Helper()
	s.as("john").post(desk, chat.Draft{ID: "liked", Text: "to be liked"})
	s.check(errOf(s.As("john").React(s.ctx, "liked", chat.ReactionDraft{Type: "own"})))
}

// reactionAppCalls are calls of an App about reactions and pins.
func reactionAppCalls(a *chat.App) []goodCall {
	return []goodCall{
		{"React", func(ctx context.Context) error {
			return errOf(a.React(ctx, "liked", "jane", chat.ReactionDraft{Type: "like"}))
		}},
		{"DeleteReaction", func(ctx context.Context) error { return errOf(a.DeleteReaction(ctx, "liked", "john", "own")) }},
		{"Reactions", func(ctx context.Context) error { return errOf(a.Reactions(ctx, "liked", chat.ReactionQuery{})) }},
		{"PinMessage", func(ctx context.Context) error { return errOf(a.PinMessage(ctx, "liked", "jane", time.Time{})) }},
		{"UnpinMessage", func(ctx context.Context) error { return errOf(a.UnpinMessage(ctx, "liked")) }},
		{"PinnedMessages", func(ctx context.Context) error { return errOf(a.PinnedMessages(ctx, desk, chat.PinQuery{})) }},
	}
}

// reactionSessionCalls are those of a Session of jane.
func reactionSessionCalls(j *chat.Session) []goodCall {
	return []goodCall{
		{"React", func(ctx context.Context) error { return errOf(j.React(ctx, "liked", chat.ReactionDraft{Type: "love"})) }},
		{"DeleteReaction", func(ctx context.Context) error { return errOf(j.DeleteReaction(ctx, "liked", "john", "own")) }},
		{"Reactions", func(ctx context.Context) error { return errOf(j.Reactions(ctx, "liked", chat.ReactionQuery{})) }},
		{"PinMessage", func(ctx context.Context) error { return errOf(j.PinMessage(ctx, "liked", time.Time{})) }},
		{"UnpinMessage", func(ctx context.Context) error { return errOf(j.UnpinMessage(ctx, "liked")) }},
		{"PinnedMessages", func(ctx context.Context) error { return errOf(j.PinnedMessages(ctx, desk, chat.PinQuery{})) }},
	}
}

var (
	badReactionTypes = append([]string{strings.Repeat("x", 31), "thumbs up", "a\tb", "a\u2003b", "\x07", huge}, badTexts...)
	badExpiries      = []time.Time{time.Unix(1, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-300_000, 1, 1, 0, 0, 0, 0, time.UTC)}
)

func badReactions(react func(context.Context, chat.MessageID, chat.ReactionDraft) error) []bad {
	like := chat.ReactionDraft{Type: "like"}
	return join(
		badIDsIn(func(ctx context.Context, id chat.MessageID) error { return react(ctx, id, like) }),
		bads("type", append([]string{""}, badReactionTypes...), func(ctx context.Context, kind string) error {
			return react(ctx, "liked", chat.ReactionDraft{Type: kind})
		}),
		bads("score", []int{-1, math.MinInt, math.MaxInt32 + 1, math.MaxInt}, func(ctx context.Context, score int) error {
			return react(ctx, "liked", chat.ReactionDraft{Type: "like", Score: score})
		}),
		bads("custom", append([]chat.Custom{{"x": strings.Repeat("x", 1<<10)}, {"score": 1}, {"user_id": "x"}}, badCustoms[:1]...),
			func(ctx context.Context, c chat.Custom) error {
				return react(ctx, "liked", chat.ReactionDraft{Type: "like", Custom: c})
			}))
}

func badReactionLists(read func(context.Context, chat.MessageID, chat.ReactionQuery) error) []bad {
	return join(
		badIDsIn(func(ctx context.Context, id chat.MessageID) error { return read(ctx, id, chat.ReactionQuery{}) }),
		bads("type", badReactionTypes, func(ctx context.Context, kind string) error {
			return read(ctx, "liked", chat.ReactionQuery{Type: kind})
		}),
		bads("limit", badLimits, func(ctx context.Context, limit int) error {
			return read(ctx, "liked", chat.ReactionQuery{Limit: limit})
		}),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
			return read(ctx, "liked", chat.ReactionQuery{Page: page})
		}))
}

func badPinLists(read func(context.Context, chat.CID, chat.PinQuery) error) []bad {
	return join(
		badCIDsIn(func(ctx context.Context, cid chat.CID) error { return read(ctx, cid, chat.PinQuery{}) }),
		bads("limit", badLimits, func(ctx context.Context, limit int) error { return read(ctx, desk, chat.PinQuery{Limit: limit}) }),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
			return read(ctx, desk, chat.PinQuery{Page: page})
		}))
}

// badReactionAppCalls are bad calls of an App about reactions and pins.
func badReactionAppCalls(a *chat.App) map[string][]bad {
	return map[string][]bad{
		"React": join(
			badReactions(func(ctx context.Context, id chat.MessageID, d chat.ReactionDraft) error {
				return errOf(a.React(ctx, id, "jane", d))
			}),
			bads("user_id", append([]chat.UserID{"nobody"}, badUserIDs...), func(ctx context.Context, id chat.UserID) error {
				return errOf(a.React(ctx, "liked", id, chat.ReactionDraft{Type: "like"}))
			})),
		"DeleteReaction": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(a.DeleteReaction(ctx, id, "john", "own"))
			}),
			bads("user_id", badUserIDs, func(ctx context.Context, id chat.UserID) error {
				return errOf(a.DeleteReaction(ctx, "liked", id, "own"))
			}),
			bads("type", badReactionTypes, func(ctx context.Context, kind string) error {
				return errOf(a.DeleteReaction(ctx, "liked", "john", kind))
			})),
		"Reactions": badReactionLists(func(ctx context.Context, id chat.MessageID, q chat.ReactionQuery) error {
			return errOf(a.Reactions(ctx, id, q))
		}),
		"PinMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(a.PinMessage(ctx, id, "", time.Time{}))
			}),
			bads("by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, by chat.UserID) error {
				return errOf(a.PinMessage(ctx, "liked", by, time.Time{}))
			}),
			bads("pin_expires", badExpiries, func(ctx context.Context, at time.Time) error {
				return errOf(a.PinMessage(ctx, "liked", "", at))
			})),
		"UnpinMessage": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(a.UnpinMessage(ctx, id)) }),
		"PinnedMessages": badPinLists(func(ctx context.Context, cid chat.CID, q chat.PinQuery) error {
			return errOf(a.PinnedMessages(ctx, cid, q))
		}),
	}
}

// badReactionSessionCalls are those of a Session of jane.
func badReactionSessionCalls(j *chat.Session) map[string][]bad {
	return map[string][]bad{
		"React": badReactions(func(ctx context.Context, id chat.MessageID, d chat.ReactionDraft) error {
			return errOf(j.React(ctx, id, d))
		}),
		"DeleteReaction": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error {
				return errOf(j.DeleteReaction(ctx, id, "john", "own"))
			}),
			bads("user_id", badUserIDs, func(ctx context.Context, id chat.UserID) error {
				return errOf(j.DeleteReaction(ctx, "liked", id, "own"))
			}),
			bads("type", badReactionTypes, func(ctx context.Context, kind string) error {
				return errOf(j.DeleteReaction(ctx, "liked", "john", kind))
			})),
		"Reactions": badReactionLists(func(ctx context.Context, id chat.MessageID, q chat.ReactionQuery) error {
			return errOf(j.Reactions(ctx, id, q))
		}),
		"PinMessage": join(
			badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(j.PinMessage(ctx, id, time.Time{})) }),
			bads("pin_expires", badExpiries, func(ctx context.Context, at time.Time) error {
				return errOf(j.PinMessage(ctx, "liked", at))
			})),
		"UnpinMessage": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return errOf(j.UnpinMessage(ctx, id)) }),
		"PinnedMessages": badPinLists(func(ctx context.Context, cid chat.CID, q chat.PinQuery) error {
			return errOf(j.PinnedMessages(ctx, cid, q))
		}),
	}
}

// reactionScript has reactions and pins put, replaced and removed in every way
// that touches keys of another kind.
func reactionScript(ctx context.Context, app *chat.App, user *chat.Session, one, other chat.MessageID, step func(string, error)) {
	step("App.React", errOf(app.React(ctx, one, "john", chat.ReactionDraft{Type: "like"})))
	for _, d := range []chat.ReactionDraft{{Type: "like"}, {Type: "like", Score: 2}, {Type: "love", EnforceUnique: true}} {
		step("Session.React", errOf(user.React(ctx, one, d)))
		step("Session.React", errOf(user.React(ctx, other, d)))
	}
	step("Session.DeleteReaction", errOf(user.DeleteReaction(ctx, one, user.User(), "love")))
	step("App.DeleteReaction", errOf(app.DeleteReaction(ctx, one, "john", "like")))
	for _, id := range []chat.MessageID{one, other} {
		step("App.PinMessage", errOf(app.PinMessage(ctx, id, "john", time.Time{})))
		step("Session.PinMessage", errOf(user.PinMessage(ctx, id, time.Now().Add(time.Hour))))
	}
	step("Session.UnpinMessage", errOf(user.UnpinMessage(ctx, one)))
	step("App.UnpinMessage", errOf(app.UnpinMessage(ctx, one)))
}

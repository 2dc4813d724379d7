package chat_test

import (
	"context"
	"math"
	"strings"

	"example.com/chat"
)

// The bad calls about events: see validation_calls_test.go.

func badEventAppCalls(a *chat.App) map[string][]bad {
	calls := badWatches(a)
	calls["SendEvent"] = join(
		badCustomEvents(func(ctx context.Context, cid chat.CID, e chat.CustomEvent) error { return a.SendEvent(ctx, cid, "jane", e) }),
		bads("by", badUserIDs[1:], func(ctx context.Context, by chat.UserID) error {
			return a.SendEvent(ctx, room, by, chat.CustomEvent{Type: "wave"})
		}),
	)
	return calls
}

func badEventSessionCalls(j *chat.Session) map[string][]bad {
	calls := badWatches(j)
	calls["SendEvent"] = badCustomEvents(j.SendEvent)
	calls["StartTyping"] = badCIDsIn(j.StartTyping)
	calls["StopTyping"] = badCIDsIn(j.StopTyping)
	return calls
}

func badWatches(w watcher) map[string][]bad {
	calls := map[string][]bad{}
	for name, read := range map[string]func(context.Context, chat.Cursor, chat.EventQuery) error{
		"Poll": func(ctx context.Context, cursor chat.Cursor, q chat.EventQuery) error {
			_, _, err := w.Poll(ctx, cursor, q)
			return err
		},
		"Events": func(ctx context.Context, cursor chat.Cursor, q chat.EventQuery) error {
			for _, err := range w.Events(ctx, cursor, q) {
				return err
			}
			return nil
		},
	} {
		calls[name] = join(
			bads("cursor", []chat.Cursor{"x", "\x00", "\xff", chat.Cursor(huge), chat.Cursor(strings.Repeat("A", 55)), chat.Cursor(strings.Repeat("A", 56))},
				func(ctx context.Context, cursor chat.Cursor) error { return read(ctx, cursor, chat.EventQuery{}) }),
			bads("limit", []int{-1, 301, math.MaxInt, math.MinInt}, func(ctx context.Context, n int) error {
				return read(ctx, anEvent(w), chat.EventQuery{Limit: n})
			}),
			bads("channels[1]", badCIDs, func(ctx context.Context, cid chat.CID) error {
				return read(ctx, anEvent(w), chat.EventQuery{Channels: []chat.CID{room, cid}})
			}),
			bads("channels", []int{101}, func(ctx context.Context, n int) error {
				return read(ctx, anEvent(w), chat.EventQuery{Channels: make([]chat.CID, n)})
			}),
			bads("types[0]", []chat.EventType{"", "a b", "é", "\xff", chat.EventType(huge)}, func(ctx context.Context, t chat.EventType) error {
				return read(ctx, anEvent(w), chat.EventQuery{Types: []chat.EventType{t}})
			}),
		)
	}
	return calls
}

func badCustomEvents(send func(context.Context, chat.CID, chat.CustomEvent) error) []bad {
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return send(ctx, cid, chat.CustomEvent{Type: "wave"}) }),
		bads("type", []chat.EventType{"", "message.new", "a.b", "a b", "\xff", chat.EventType(huge)}, func(ctx context.Context, t chat.EventType) error {
			return send(ctx, room, chat.CustomEvent{Type: t})
		}),
		bads("data", []chat.Custom{{"a": strings.Repeat("x", 5<<10)}, {"a.b": 1}, {"a": math.NaN()}, {"\xff": 1}}, func(ctx context.Context, data chat.Custom) error {
			return send(ctx, room, chat.CustomEvent{Type: "wave", Data: data})
		}),
	)
}

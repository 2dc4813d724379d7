package chat

import (
	"context"
	"slices"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// CustomEvent is an event of the application's own: "poll-opened", "driver-near".
type CustomEvent struct {
	Type EventType // 1 to 64 letters, digits, - and _; without a dot, which the engine's have
	Data Custom    // at most 5 KiB of compact JSON
}

// SendEvent tells who reads a channel of something, in a user's name or in
// nobody's. It is kept and read as every event is. ErrInvalid for a type of the
// engine's and for a user who does not exist.
func (a *App) SendEvent(ctx context.Context, cid CID, by UserID, e CustomEvent) (err error) {
	const op = "SendEvent"
	defer a.operation(&ctx, op).ended(&err)
	if by != "" {
		if err := checkUserID("by", by); err != nil {
			return in(op, err)
		}
	}
	return a.sendEvent(ctx, op, application, cid, by, e)
}

// SendEvent tells who reads a channel of something; it needs send-custom-event.
// See [App.SendEvent].
func (s *Session) SendEvent(ctx context.Context, cid CID, e CustomEvent) (err error) {
	defer s.app.operation(&ctx, "SendEvent").ended(&err)
	return s.app.sendEvent(ctx, "SendEvent", as(s.user), cid, s.user, e)
}

func (a *App) sendEvent(ctx context.Context, op string, c caller, cid CID, by UserID, e CustomEvent) error {
	err := checkEventType("type", e.Type)
	if err == nil && strings.Contains(string(e.Type), ".") {
		err = invalid("type", "%q has a dot, as only the engine's events have", e.Type)
	}
	if err != nil {
		return in(op, err)
	}
	data, err := encodeCustom("data", e.Data, maxCustom, nil)
	if err != nil {
		return in(op, err)
	}
	return a.changeChannel(ctx, op, c, cid, SendCustomEvent, nil, func(tx *record.Txn, r *room) error {
		if by != "" && c.app {
			b := tx.Batch()
			user := b.User(string(by))
			if err := b.Run(); err != nil {
				return err
			}
			if err := checkUser("by", by, user); err != nil {
				return err
			}
		}
		told := codec.Event{
			Kind: codec.EventCustom, At: r.now, Channel: uint64(r.number), By: string(by), Text: string(e.Type), Data: string(data),
		}
		if told.Shadowed = r.shadowed(); told.Shadowed {
			return tx.TellUser(string(by), &told)
		}
		return tx.TellChannel(r.number, &told)
	})
}

// checkEventType checks the name of a type, the engine's or not.
func checkEventType(field string, t EventType) error {
	if len(t) == 0 || len(t) > maxEventType {
		return invalid(field, "has %d bytes; must be 1 to %d", len(t), maxEventType)
	}
	for _, c := range []byte(t) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return invalid(field, "%q has other characters than letters, digits, - _ and .", shorten(string(t)))
		}
	}
	return nil
}

// eventTypesOf copies types to choose by: the engine's, and any of the
// application's own.
func eventTypesOf(field string, types []EventType) (list []EventType, err error) {
	for i, t := range types {
		if err := checkEventType(element(field, i), t); err != nil {
			return nil, err
		}
		if strings.Contains(string(t), ".") && t != TypingStart && t != TypingStop && !slices.Contains(eventTypes[:], t) {
			return nil, invalid(element(field, i), "%q is no event of the engine's; one of the application's own has no dot", shorten(string(t)))
		}
		list = append(list, t)
	}
	return list, nil
}

// keptEventTypes are eventTypesOf but for those that are live only.
func keptEventTypes(field string, types []EventType) ([]EventType, error) {
	for i, t := range types {
		if t == TypingStart || t == TypingStop {
			return nil, invalid(element(field, i), "%q is live only: Poll and Events tell it", t)
		}
	}
	return eventTypesOf(field, types)
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/chat"
)

// stream sends a user's events to their browser, as server-sent events. The
// browser begins with the cursor of the page that it shows; its EventSource
// reconnects by itself and says which event it saw last: it misses none and gets
// none twice. What the stream says of itself, stream.expired and stream.closed, no
// member can send: the type of a custom event has no dot.
type stream struct {
	app       *chat.App
	heartbeat time.Duration                            // well under what proxies wait
	user      func(*http.Request) (chat.UserID, error) // who asks: the application's own login
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, err := s.user(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if http.NewResponseController(w).Flush() != nil { // so that the browser knows it is connected
		return
	}
	session := s.app.As(user)
	cursor := chat.Cursor(cmp.Or(r.Header.Get("Last-Event-ID"), r.FormValue("after")))
	for r.Context().Err() == nil {
		var events []chat.Event
		events, cursor, err = s.poll(r.Context(), session, cursor)
		for _, e := range events {
			data, err := json.Marshal(e)
			if err != nil {
				return
			}
			fmt.Fprintf(w, "id: %s\nevent: %s\ndata: %s\n\n", e.Cursor, e.Type, data)
		}
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			fmt.Fprintf(w, "id: %s\n\n", cursor) // a heartbeat, which moves the last id on
		case errors.Is(err, chat.ErrCursorExpired), errors.Is(err, chat.ErrInvalid):
			fmt.Fprint(w, "id\nevent: stream.expired\ndata: read everything anew\n\n")
			cursor = ""
		case err != nil:
			fmt.Fprint(w, "event: stream.closed\ndata: come back later\n\n")
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
	}
}

// poll waits for events, no longer than a heartbeat.
func (s *stream) poll(ctx context.Context, session *chat.Session, cursor chat.Cursor) ([]chat.Event, chat.Cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, s.heartbeat)
	defer cancel()
	return session.Poll(ctx, cursor, chat.EventQuery{})
}

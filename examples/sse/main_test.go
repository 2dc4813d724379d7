package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// TestClient runs the whole program: nothing is missed and nothing comes twice.
func TestClient(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, ""); err != nil {
		t.Fatal(err)
	}
	want := `Jane reads the room and connects. John writes to her.
   message.new: Hello, Jane, 2 unread
   message.new: Are you there?, 2 unread
Her connection breaks. John goes on.
She comes back.
   message.new: You are away, 4 unread
   message.new: but will miss nothing, 4 unread
`
	if out.String() != want {
		t.Errorf("the program says\n%s", &out)
	}
}

// TestSignals reads what the stream says of itself: to a cursor that is none, and
// when the App closes.
func TestSignals(t *testing.T) {
	app, err := chat.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.UpsertUsers(t.Context(), chat.User{ID: "jane"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h := &stream{app: app, heartbeat: time.Second / 10, user: func(*http.Request) (chat.UserID, error) { return "jane", nil }}
	time.AfterFunc(time.Second/4, func() { _ = app.Close() })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events?after=nonsense", nil))
	expired, closed := strings.Index(w.Body.String(), "event: stream.expired\n"), strings.Index(w.Body.String(), "event: stream.closed\n")
	if expired < 0 || closed < expired {
		t.Errorf("the stream is\n%s", w.Body)
	}
}

package chat_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// FuzzCursor reads on from any text: it is a cursor of this store, and shows
// what the user may see, or it is refused.
func FuzzCursor(f *testing.F) {
	ctx := context.Background()
	store := memstore.New()
	app, err := chat.New(store, &chat.Options{NoBackground: true, Previews: chat.PreviewOptions{Off: true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := errors.Join(app.Close(), store.Close()); err != nil {
			f.Error(err)
		}
	})
	must := func(err error) {
		if err != nil {
			f.Fatal(err)
		}
	}
	must(app.UpsertUsers(ctx, chat.User{ID: "jane"}, chat.User{ID: "john"}))
	_, err = app.EnsureChannel(ctx, room, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane"}})
	must(err)
	for _, text := range []string{"one", "two"} {
		page, err := app.Messages(ctx, room, chat.MessageQuery{})
		must(err)
		f.Add(string(page.Cursor), "jane")
		f.Add(string(page.Cursor), "john")
		_, err = app.As("jane").Send(ctx, room, chat.Draft{Text: text})
		must(err)
	}
	f.Add("", "jane")
	f.Add("AAAA", "nobody")
	f.Fuzz(func(t *testing.T, cursor, user string) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Millisecond) // where there is nothing to tell, it waits
		defer cancel()
		events, next, err := app.As(chat.UserID(user)).Poll(ctx, chat.Cursor(cursor), chat.EventQuery{})
		switch {
		case errors.Is(err, chat.ErrInvalid), errors.Is(err, chat.ErrPermission), errors.Is(err, chat.ErrCursorExpired):
			if len(events) > 0 {
				t.Errorf("events with an error: %v", err)
			}
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("%q: %v", cursor, err)
		case user == "john" && len(events) > 0:
			t.Errorf("john is told of %+v", events)
		case len(events) > 2 || err == nil && next == "":
			t.Errorf("%d events, %q", len(events), next)
		}
	})
}

// Package chattest helps to test programs that use chat: an App in memory in
// one line, users and channels in another. It imports no test library, and
// reaches no network.
package chattest

import (
	"context"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// App is a chat in memory, with helpers that fail the test on any error.
type App struct {
	*chat.App
	tb testing.TB
}

// New makes a chat in memory that the test's cleanup closes.
func New(tb testing.TB) *App {
	tb.Helper()
	return NewWith(tb, nil)
}

// NewWith is New with options. Links get previews only from an Enricher of the
// test's own: without Options.Previews.Enricher no page is fetched.
func NewWith(tb testing.TB, options *chat.Options) *App {
	tb.Helper()
	var o chat.Options
	if options != nil {
		o = *options
	}
	if o.Previews.Enricher == nil {
		o.Previews = chat.PreviewOptions{Off: true}
	}
	store := memstore.New()
	app, err := chat.New(store, &o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := app.Close(); err != nil {
			tb.Error(err)
		}
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &App{app, tb}
}

// AddUsers makes users with these ids, whose names are their ids.
func (a *App) AddUsers(ids ...chat.UserID) {
	a.tb.Helper()
	for _, id := range ids {
		a.AddUser(chat.User{ID: id, Name: string(id)})
	}
}

// AddUser makes a user, or changes them.
func (a *App) AddUser(user chat.User) {
	a.tb.Helper()
	if err := a.UpsertUsers(context.Background(), user); err != nil {
		a.tb.Fatal(err)
	}
}

// AddChannel makes a channel of these members, with the first as its creator. Users
// who do not exist are made.
func (a *App) AddChannel(cid chat.CID, members ...chat.UserID) chat.CID {
	a.tb.Helper()
	if len(members) == 0 {
		a.tb.Fatal("chattest: a channel needs a member")
	}
	for _, id := range members {
		if _, err := a.User(context.Background(), id); err != nil {
			a.AddUsers(id)
		}
	}
	_, err := a.EnsureChannel(context.Background(), cid, chat.ChannelDraft{CreatedBy: members[0], Members: members})
	if err != nil {
		a.tb.Fatal(err)
	}
	return cid
}

// Say sends a text as a user, with the user's own rights.
func (a *App) Say(cid chat.CID, user chat.UserID, text string) chat.Message {
	a.tb.Helper()
	m, err := a.As(user).Send(context.Background(), cid, chat.Draft{Text: text})
	if err != nil {
		a.tb.Fatal(err)
	}
	return m
}

// Texts are the texts of a channel's latest messages as a user sees them, oldest
// first; a placeholder is empty.
func (a *App) Texts(cid chat.CID, user chat.UserID) []string {
	a.tb.Helper()
	page, err := a.As(user).Messages(context.Background(), cid, chat.MessageQuery{Limit: 300})
	if err != nil {
		a.tb.Fatal(err)
	}
	texts := make([]string, len(page.Items))
	for i, m := range page.Items {
		texts[i] = m.Text
	}
	return texts
}

// UnreadOf is what a user has unread in a channel.
func (a *App) UnreadOf(cid chat.CID, user chat.UserID) int {
	a.tb.Helper()
	n, err := a.As(user).Unread(context.Background(), cid)
	if err != nil {
		a.tb.Fatal(err)
	}
	return n
}

// Watcher reads events for a user, or for the application, one at a time.
type Watcher struct {
	app    *App
	user   chat.UserID
	query  chat.EventQuery
	cursor chat.Cursor
	next   []chat.Event
}

// Watch begins to read what a user is told from now on; an empty user is the
// application.
func (a *App) Watch(user chat.UserID, q chat.EventQuery) *Watcher {
	a.tb.Helper()
	var page chat.Page[chat.ChannelState]
	var err error
	now := chat.ChannelQuery{Limit: 1, Messages: chat.None, Members: chat.None}
	if user == "" {
		page, err = a.Channels(context.Background(), now)
	} else {
		page, err = a.As(user).Channels(context.Background(), now)
	}
	if err != nil {
		a.tb.Fatal(err)
	}
	return &Watcher{app: a, user: user, query: q, cursor: page.Cursor}
}

// patience is how long a Watcher waits.
const patience = 10 * time.Second

// Next waits for the next event and returns it. It fails the test if none comes
// within ten seconds.
func (w *Watcher) Next() chat.Event {
	w.app.tb.Helper()
	for len(w.next) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		var err error
		if w.user == "" {
			w.next, w.cursor, err = w.app.Poll(ctx, w.cursor, w.query)
		} else {
			w.next, w.cursor, err = w.app.As(w.user).Poll(ctx, w.cursor, w.query)
		}
		cancel()
		if err != nil {
			w.app.tb.Fatal(err)
		}
	}
	e := w.next[0]
	w.next = w.next[1:]
	return e
}

// WaitFor waits for the next event of a type and returns it; others are left
// out.
func (w *Watcher) WaitFor(t chat.EventType) chat.Event {
	w.app.tb.Helper()
	for {
		if e := w.Next(); e.Type == t {
			return e
		}
	}
}

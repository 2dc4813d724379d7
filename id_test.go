package chat_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// What the rules say an id is, in other words than the engine's. A message id
// is counted in characters, which a regular expression cannot count so high.
var (
	messageIDRule = regexp.MustCompile(`^[^,%\p{Cc}]+$`)
	userIDRule    = regexp.MustCompile(`^[A-Za-z0-9@._\-|:+]{1,255}$`)
	cidRule       = regexp.MustCompile(`^[A-Za-z0-9\-_!]{1,64}:[A-Za-z0-9\-_!]{1,64}$`)
)

func isMessageID(id string) bool {
	return messageIDRule.MatchString(id) && utf8.ValidString(id) && utf8.RuneCountInString(id) <= 255
}

// FuzzIDs takes any texts as ids. What the rules allow is stored and comes back
// wherever it is listed, two that differ never meet; what they do not allow is
// an error of the caller's, in every call, and leaves nothing behind.
func FuzzIDs(f *testing.F) {
	f.Add("m1", "m2", "jane", "messaging:general")
	f.Add("é\U0001F600", "é", "a@b.c_d-e|f:g+h", "team:!-_")
	f.Add("a,b", "a%", "jane doe", "messaging")
	f.Add("\x00", "\xff", "", ":")
	f.Add("\u0085", "\u2028", "j\u00e9", "messaging:a:b")
	f.Add("\ufffd", " ", "app", "no-such-type:x")
	f.Add(strings.Repeat("\U0001F600", 255), strings.Repeat("x", 256), strings.Repeat("u", 255), strings.Repeat("t", 65)+":i")
	f.Fuzz(func(t *testing.T, id, other, user, cid string) {
		store := memstore.New()
		app, err := chat.New(store, &chat.Options{NoBackground: true})
		if err != nil {
			t.Fatal(err)
		}
		w := &idWorld{t: t, app: app, ctx: context.Background()}
		w.users(chat.UserID(user))
		w.channels(chat.CID(cid))
		w.messages(chat.MessageID(id), chat.MessageID(other))
		if err := errors.Join(app.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
}

type idWorld struct {
	t   *testing.T
	app *chat.App
	ctx context.Context
}

// judge checks that a call took an id that is allowed and refused one that is
// not, and says which it was.
func (w *idWorld) judge(what string, err error, allowed bool) bool {
	w.t.Helper()
	switch {
	case allowed && err != nil:
		w.t.Fatalf("%s, which the rules allow: %v", what, err)
	case !allowed && !errors.Is(err, chat.ErrInvalid) && !errors.Is(err, chat.ErrTooLong):
		w.t.Fatalf("%s, which the rules do not allow: %v", what, err)
	}
	return allowed
}

func (w *idWorld) users(id chat.UserID) {
	w.t.Helper()
	if err := w.app.UpsertUsers(w.ctx, chat.User{ID: "app"}); err != nil {
		w.t.Fatal(err)
	}
	want := []chat.UserID{"app"}
	allowed := userIDRule.MatchString(string(id))
	if w.judge(fmt.Sprintf("user %q", id), w.app.UpsertUsers(w.ctx, chat.User{ID: id}), allowed) && id != "app" {
		want = append(want, id)
	}
	u, err := w.app.User(w.ctx, id)
	w.judge(fmt.Sprintf("reading user %q", id), err, allowed)
	if allowed && u.ID != id {
		w.t.Errorf("user %q comes back as %q", id, u.ID)
	}
	// Pages of one, so that the id also goes through a token.
	var got []chat.UserID
	for next, more := chat.PageToken(""), true; more; more = next != "" {
		page, err := w.app.Users(w.ctx, chat.UserQuery{Limit: 1, Page: next})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range page.Items {
			got = append(got, u.ID)
		}
		next = page.Next
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("the users are %q, want %q", got, want)
	}
}

func (w *idWorld) channels(cid chat.CID) {
	w.t.Helper()
	draft := chat.ChannelDraft{CreatedBy: "app", Members: []chat.UserID{"app"}}
	if _, err := w.app.EnsureChannel(w.ctx, room, draft); err != nil {
		w.t.Fatal(err)
	}
	allowed := cidRule.MatchString(string(cid))
	_, err := w.app.EnsureChannel(w.ctx, cid, draft)
	if allowed && errors.Is(err, chat.ErrNotFound) { // there is no such type
		if _, typeErr := w.app.ChannelType(w.ctx, cid.Type()); !errors.Is(typeErr, chat.ErrNotFound) {
			w.t.Fatalf("channel %q: %v, and its type: %v", cid, err, typeErr)
		}
		return
	}
	w.judge(fmt.Sprintf("channel %q", cid), err, allowed)
	state, err := w.app.Channel(w.ctx, cid)
	w.judge(fmt.Sprintf("reading channel %q", cid), err, allowed)
	want := []chat.CID{room}
	if allowed {
		if state.Channel.CID != cid || cid.Type()+":"+cid.ID() != string(cid) {
			w.t.Errorf("channel %q comes back as %q, of type %q and id %q", cid, state.Channel.CID, cid.Type(), cid.ID())
		}
		if cid != room {
			want = append(want, cid)
		}
	}
	var got []chat.CID
	page, err := w.app.As("app").Channels(w.ctx, chat.ChannelQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, state := range page.Items {
		got = append(got, state.Channel.CID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("the channels are %q, want %q", got, want)
	}
}

func (w *idWorld) messages(id, other chat.MessageID) {
	w.t.Helper()
	var want []chat.MessageID
	for _, id := range []chat.MessageID{id, other} {
		if id == "" { // the engine chooses one
			continue
		}
		allowed := isMessageID(string(id))
		m, err := w.app.Send(w.ctx, room, "app", chat.Draft{ID: id, Text: "hi"}, nil)
		if !w.judge(fmt.Sprintf("message %q", id), err, allowed) {
			for call, read := range map[string]error{
				"Message":         errOf(w.app.Message(w.ctx, id)),
				"OriginalMessage": errOf(w.app.OriginalMessage(w.ctx, id)),
				"MessagesByID":    errOf(w.app.MessagesByID(w.ctx, id)),
				"Messages":        errOf(w.app.Messages(w.ctx, room, chat.MessageQuery{Before: id})),
				"CommitMessage":   errOf(w.app.CommitMessage(w.ctx, id)),
				"DeleteMessage":   errOf(w.app.DeleteMessage(w.ctx, id, chat.DeleteHard, "")),
			} {
				w.judge(fmt.Sprintf("%s(%q)", call, id), read, false)
			}
			continue
		}
		if m.ID != id {
			w.t.Errorf("message %q is sent as %q", id, m.ID)
		}
		if !slices.Contains(want, id) { // the second time it is a retry
			want = append(want, id)
		}
	}
	page, err := w.app.Messages(w.ctx, room, chat.MessageQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	if got := ids(page.Items); !slices.Equal(got, want) {
		w.t.Errorf("the messages are %q, want %q", got, want)
	}
	for i, m := range page.Items {
		one, err := w.app.Message(w.ctx, m.ID)
		if err != nil || one.ID != m.ID || !one.CreatedAt.Equal(m.CreatedAt) {
			w.t.Errorf("message %d by its id %q: %q, %v", i, m.ID, one.ID, err)
		}
	}
}

package chat_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

// scenario is a chat that a test tells a story with: users act, and what they
// see is checked. Every helper fails the test where the story goes wrong.
//
// Where the rule is about a refusal, call the API itself and check the error
// with wantErr.
type scenario struct {
	*chat.App
	t       *testing.T
	ctx     context.Context
	bubble  bool // time is that of a testing/synctest bubble
	store   storage.Store
	mark    int // of readers of events
	options *chat.Options
}

// eachDriver runs a story on a store in memory, under the fake time of a
// testing/synctest bubble, and on one in a file, under the real time. In a
// bubble there is no t.Run and no t.Parallel: let a table be a loop.
func eachDriver(t *testing.T, story func(t *testing.T, s *scenario)) {
	t.Helper()
	eachDriverWith(t, nil, story)
}

// eachDriverWith is eachDriver with options.
func eachDriverWith(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario)) {
	t.Helper()
	inMemory(t, options, story)
	t.Run("bolt", func(t *testing.T) {
		// No test here stops the machine.
		store, err := boltstore.Open(filepath.Join(t.TempDir(), "chat.db"), &boltstore.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		story(t, newScenario(t, store, options, false))
	})
}

// inMemory is the first half of eachDriverWith alone: for stories in which more
// time passes than a test has.
func inMemory(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			story(t, newScenario(t, memstore.New(), options, true))
		})
	})
}

func newScenario(t *testing.T, store storage.Store, options *chat.Options, bubble bool) *scenario {
	t.Helper()
	s := &scenario{t: t, ctx: context.Background(), bubble: bubble, store: store, options: offline(options)}
	s.open()
	t.Cleanup(func() {
		s.verify()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// offline are options with which no test reaches the network.
func offline(options *chat.Options) *chat.Options {
	var o chat.Options
	if options != nil {
		o = *options
	}
	o.Previews.Off = o.Previews.Enricher == nil
	return &o
}

func (s *scenario) open() {
	s.t.Helper()
	app, err := chat.New(s.store, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.App = app
}

// verify checks that every counter and index is what follows from the messages.
// Each story ends with it; one that closed the App does without.
func (s *scenario) verify() {
	s.t.Helper()
	report, err := s.Verify(s.ctx, nil)
	if errors.Is(err, chat.ErrClosed) {
		return
	}
	if err != nil {
		s.t.Error(err)
	}
	for _, p := range report.Problems {
		s.t.Errorf("the store differs from what is in it: %+v", p)
	}
}

// reopen ends the App and starts another on the same store, as a restart of the
// program does.
func (s *scenario) reopen() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

// sleep lets time pass. On a file that is real time, which a test must not
// waste.
func (s *scenario) sleep(d time.Duration) {
	s.t.Helper()
	if !s.bubble && d > 50*time.Millisecond {
		s.t.Fatalf("sleep(%v) in real time: write the story with inMemory", d)
	}
	time.Sleep(d)
	if s.bubble {
		synctest.Wait()
	}
}

// check ends the test on any error.
func (s *scenario) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// users makes users whose names are their ids.
func (s *scenario) users(ids ...chat.UserID) {
	s.t.Helper()
	for _, id := range ids {
		s.user(chat.User{ID: id, Name: string(id)})
	}
}

// user makes a user with a role or custom data.
func (s *scenario) user(u chat.User) {
	s.t.Helper()
	s.check(s.UpsertUsers(s.ctx, u))
}

// channel makes a channel of these members, the first its creator. Users who do
// not exist are made.
func (s *scenario) channel(cid chat.CID, members ...chat.UserID) chat.CID {
	s.t.Helper()
	for _, id := range members {
		if _, err := s.User(s.ctx, id); err != nil {
			s.users(id)
		}
	}
	_, err := s.EnsureChannel(s.ctx, cid, chat.ChannelDraft{CreatedBy: members[0], Members: members})
	s.check(err)
	return cid
}

// send posts in a user's name as the application does.
func (s *scenario) send(cid chat.CID, author chat.UserID, d chat.Draft, o *chat.SendOptions) chat.Message {
	s.t.Helper()
	m, err := s.Send(s.ctx, cid, author, d, o)
	s.check(err)
	return m
}

// message reads a message as the application.
func (s *scenario) message(id chat.MessageID) chat.Message {
	s.t.Helper()
	m, err := s.Message(s.ctx, id)
	s.check(err)
	return m
}

// page reads a page of a channel as the application.
func (s *scenario) page(cid chat.CID, q chat.MessageQuery) chat.Page[chat.Message] {
	s.t.Helper()
	page, err := s.Messages(s.ctx, cid, q)
	s.check(err)
	return page
}

// texts are the texts of a channel's latest messages as the application sees
// them, oldest first; that of a placeholder is empty.
func (s *scenario) texts(cid chat.CID) []string {
	s.t.Helper()
	return texts(s.page(cid, chat.MessageQuery{Limit: 300}).Items)
}

// actor is one user of a scenario.
type actor struct {
	*chat.Session
	s *scenario
}

func (s *scenario) as(user chat.UserID) *actor { return &actor{s.As(user), s} }

// send sends a text.
func (a *actor) send(cid chat.CID, text string) chat.Message {
	a.s.t.Helper()
	return a.post(cid, chat.Draft{Text: text})
}

// post sends a draft.
func (a *actor) post(cid chat.CID, d chat.Draft) chat.Message {
	a.s.t.Helper()
	m, err := a.Send(a.s.ctx, cid, d)
	a.s.check(err)
	return m
}

// message reads a message.
func (a *actor) message(id chat.MessageID) chat.Message {
	a.s.t.Helper()
	m, err := a.Message(a.s.ctx, id)
	a.s.check(err)
	return m
}

// page reads a page of a channel.
func (a *actor) page(cid chat.CID, q chat.MessageQuery) chat.Page[chat.Message] {
	a.s.t.Helper()
	page, err := a.Messages(a.s.ctx, cid, q)
	a.s.check(err)
	return page
}

// channel reads the state of a channel.
func (a *actor) channel(cid chat.CID) chat.ChannelState {
	a.s.t.Helper()
	state, err := a.Channel(a.s.ctx, cid)
	a.s.check(err)
	return state
}

// texts are the texts of a channel's latest messages, oldest first; that of a
// placeholder is empty.
func (a *actor) texts(cid chat.CID) []string {
	a.s.t.Helper()
	return texts(a.page(cid, chat.MessageQuery{Limit: 300}).Items)
}

// unread is how many messages of a channel the user has unread.
func (a *actor) unread(cid chat.CID) int {
	a.s.t.Helper()
	n, err := a.Unread(a.s.ctx, cid)
	a.s.check(err)
	return n
}

// wantTexts checks what the user reads in a channel.
func (a *actor) wantTexts(cid chat.CID, want ...string) {
	a.s.t.Helper()
	if got := a.texts(cid); !slices.Equal(got, want) {
		a.s.t.Errorf("%s reads %q in %s, want %q", a.User(), got, cid, want)
	}
}

// wantUnread checks what the user has unread in a channel.
func (a *actor) wantUnread(cid chat.CID, want int) {
	a.s.t.Helper()
	if got := a.unread(cid); got != want {
		a.s.t.Errorf("%s has %d unread in %s, want %d", a.User(), got, cid, want)
	}
}

// sees checks that the user reads a message by its id, alone and among others.
func (a *actor) sees(id chat.MessageID) {
	a.s.t.Helper()
	if m, err := a.Message(a.s.ctx, id); err != nil {
		a.s.t.Errorf("%s does not see %s: %v", a.User(), id, err)
	} else if m.ID != id {
		a.s.t.Errorf("%s asks for %s and gets %s", a.User(), id, m.ID)
	}
	if list, err := a.MessagesByID(a.s.ctx, id); err != nil || len(list) != 1 {
		a.s.t.Errorf("%s finds %d messages by the id %s (%v), want 1", a.User(), len(list), id, err)
	}
}

// notSees checks that a message does not exist for the user: by its id it is
// not found, in the words used for an id that never was.
func (a *actor) notSees(id chat.MessageID) {
	a.s.t.Helper()
	if _, err := a.Message(a.s.ctx, id); err == nil {
		a.s.t.Errorf("%s sees %s", a.User(), id)
	} else if e := wantErr(a.s.t, err, chat.ErrNotFound); e.Reason != `message "`+string(id)+`" not found` {
		a.s.t.Errorf("%s reads %s: %q tells more than that it is not found", a.User(), id, err)
	}
	if list, err := a.MessagesByID(a.s.ctx, id); err != nil || len(list) != 0 {
		a.s.t.Errorf("%s finds %d messages by the id %s (%v), want none", a.User(), len(list), id, err)
	}
}

// texts are the texts of messages.
func texts(messages []chat.Message) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = m.Text
	}
	return list
}

// ids are the ids of messages.
func ids(messages []chat.Message) []chat.MessageID {
	list := make([]chat.MessageID, len(messages))
	for i, m := range messages {
		list[i] = m.ID
	}
	return list
}

// wantErr checks that an error is of a kind, is a *chat.Error of that kind, and
// says which call failed and why. It returns it, empty if it is none.
func wantErr(t *testing.T, err, kind error) *chat.Error {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got the error %v, want one that is %v", err, kind)
	}
	var e *chat.Error
	if !errors.As(err, &e) {
		t.Errorf("got the error %v (%T), want a *chat.Error", err, err)
		return &chat.Error{}
	}
	if e.Op == "" || e.Reason == "" && e.Err == nil {
		t.Errorf("got the error %+v, want one that names the call and the reason", e)
	}
	return e
}

// wantFieldErr is wantErr for an error that names the field at fault.
func wantFieldErr(t *testing.T, err, kind error, field string) {
	t.Helper()
	if e := wantErr(t, err, kind); e.Field != field {
		t.Errorf("the error %q names the field %q, want %q", err, e.Field, field)
	}
}

// wantSame checks that two values are the same in every field.
func wantSame[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// dump is every key and value of the store: for what must not have changed.
func (s *scenario) dump() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	s.check(s.store.View(s.ctx, func(r storage.Reader) error {
		_, entries, err := r.Read(nil, []storage.Range{{End: []byte{0xff, 0xff, 0xff, 0xff}}})
		if err != nil {
			return err
		}
		for _, e := range entries[0] {
			all[string(e.Key)] = string(e.Value)
		}
		return nil
	}))
	if len(all) == 0 {
		s.t.Fatal("the store is empty")
	}
	return all
}

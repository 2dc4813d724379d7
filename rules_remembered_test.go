package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"example.com/chat"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
	"example.com/chat/webhook"
)

// What one call finds of a channel and its caller is remembered for the next. It
// must be no other caller's, nor what only some calls read.

func TestNobodyIsTakenForTheApplication(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("jane").send(cid, "words")
		_, err := s.Channel(s.ctx, cid)
		s.check(err)
		_, err = s.Message(s.ctx, m.ID)
		s.check(err)
		_, err = s.Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		for _, user := range []chat.UserID{"", "nobody"} {
			as := s.As(user)
			_, channel := as.Channel(s.ctx, cid)
			_, page := as.Messages(s.ctx, cid, chat.MessageQuery{})
			_, message := as.Message(s.ctx, m.ID)
			_, unread := as.Unread(s.ctx, cid)
			_, channels := as.Channels(s.ctx, chat.ChannelQuery{})
			for call, err := range map[string]error{"Channel": channel, "Messages": page, "Message": message, "Unread": unread, "Channels": channels} {
				if !errors.Is(err, chat.ErrPermission) {
					t.Errorf("%s as %q answers %v, want ErrPermission", call, user, err)
				}
			}
		}
	})
}

func TestACallThatLooksAtNoMessageHidesNothingFromTheNext(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		s.as("jane").send(cid, "before")
		john := s.as("john")
		s.check(john.HideChannel(s.ctx, cid, true))
		m := s.as("jane").send(cid, "words")
		s.check(john.DeleteMessageForMe(s.ctx, m.ID))
		s.check(john.StartTyping(s.ctx, cid))
		page, err := john.Messages(s.ctx, cid, chat.MessageQuery{})
		s.check(err)
		if len(page.Items) != 1 || !page.Items[0].DeletedForMe || page.Items[0].Text != "" {
			t.Errorf("he sees %+v", page.Items)
		}
	})
}

// countedStore counts the keys that snapshots are asked for.
type countedStore struct {
	storage.Store
	keys int
}

type countedReader struct {
	storage.Reader
	storage.Versioned
	keys *int
}

func (r countedReader) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	*r.keys += len(keys)
	return r.Reader.Read(keys, ranges)
}

func (s *countedStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	return s.Store.View(ctx, func(r storage.Reader) error { return fn(countedReader{r, r.(storage.Versioned), &s.keys}) })
}

// countedTxn counts what a transaction reads.
type countedTxn struct {
	storage.Txn
	storage.Versioned
	storage.Noter
	keys *int
}

func (t countedTxn) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	*t.keys += len(keys)
	return t.Txn.Read(keys, ranges)
}

func (s *countedStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	return s.Store.Update(ctx, scope, func(tx storage.Txn) error {
		return fn(countedTxn{tx, tx.(storage.Versioned), tx.(storage.Noter), &s.keys})
	})
}

// A message changes nothing of what a call finds of its channel.
func TestMessagesHaveNoChannelReadAnew(t *testing.T) {
	store := &countedStore{Store: memstore.New()}
	s := newScenario(t, store, &chat.Options{NoBackground: true}, false)
	cid := s.channel("messaging:ride", "jane", "john")
	jane, john := s.as("jane"), s.as("john")
	reads := func(call func()) int {
		before := store.keys
		call()
		return store.keys - before
	}
	send := func() { jane.send(cid, "words") }
	look := func() { s.check(second(john.Messages(s.ctx, cid, chat.MessageQuery{Limit: 1}))) }
	firstSend, firstLook := reads(send), reads(look)
	send()
	john.send(cid, "words")
	if again := reads(send); again+6 > firstSend {
		t.Errorf("a send reads %d keys, and after other sends %d", firstSend, again)
	}
	if again := reads(look); again+6 > firstLook {
		t.Errorf("a page reads %d keys, and after sends %d", firstLook, again)
	}
	// What changes the channel is noticed.
	s.check(second(s.SetFrozen(s.ctx, cid, true)))
	_, err := jane.Send(s.ctx, cid, chat.Draft{Text: "words"})
	wantErr(t, err, chat.ErrFrozen)
	s.check(second(s.SetFrozen(s.ctx, cid, false)))
	send()
	s.check(s.RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, nil))
	_, err = john.Send(s.ctx, cid, chat.Draft{Text: "words"})
	wantErr(t, err, chat.ErrNotFound)
}

// Whoever wrote a message is remembered with it, until a user changes.
func TestAuthorsAreShownAsTheyAre(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.as("jane").send(cid, "words")
		m := s.as("john").send(cid, "more")
		shown := func(want ...string) {
			t.Helper()
			for range 3 { // what is read a second time is remembered
				for _, q := range []chat.MessageQuery{{}, {Around: m.ID}} {
					page := s.as("jane").page(cid, q)
					if len(page.Items) != len(want) {
						t.Fatalf("%d messages are shown", len(page.Items))
					}
					for i, m := range page.Items {
						if m.User.Name != want[i] {
							t.Fatalf("%s wrote %q, want %s", m.User.Name, m.Text, want[i])
						}
					}
				}
			}
		}
		shown("jane", "john")
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "jane", Name: "Jane"}))
		shown("Jane", "john")
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "john", Name: "Joe"}))
		shown("Jane", "Joe")
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "jane", Name: "jane"}))
		shown("jane", "Joe")
	})
}

// What transactions change of a channel is not what others are reading: the race
// detector would say so.
func TestRoomsAreNotChangedUnderWhoReadsThem(t *testing.T) {
	s := newScenario(t, memstore.New(), &chat.Options{NoBackground: true}, false)
	s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
	cid := s.channel("messaging:ride", "jane", "admin")
	admin := s.As("admin")
	quoted := s.as("jane").send(cid, "words").ID
	var readers sync.WaitGroup
	over := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if _, err := admin.Channel(s.ctx, cid); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 100 {
		_, err := admin.Send(s.ctx, cid, chat.Draft{Text: "words", QuotedID: quoted, Restricted: []chat.UserID{"jane"}})
		for _, err := range []error{
			err, admin.MuteChannel(s.ctx, cid, 0), admin.UnmuteChannel(s.ctx, cid), admin.HideChannel(s.ctx, cid, false), admin.ShowChannel(s.ctx, cid),
			second(s.SetFrozen(s.ctx, cid, true)), second(s.SetFrozen(s.ctx, cid, false)),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	close(over)
	readers.Wait()
}

// How far receivers of events were told changes no channel.
func TestADeliveryHasNoChannelReadAnew(t *testing.T) {
	for _, where := range []string{"handler", "webhook", "both"} {
		t.Run(where, func(t *testing.T) {
			// Hashes of two scopes may be alike; those of three Apps are not.
			var anew []string
			for range 3 {
				if anew = append(anew, readAnew(t, where)); anew[len(anew)-1] == "" {
					return
				}
			}
			t.Error(anew)
		})
	}
}

// readAnew says what is read of a channel again when an event of another one
// was told.
func readAnew(t *testing.T, where string) string {
	told := &ear{verifier: &webhook.Verifier{Secrets: []string{hookSecret}}}
	options := &chat.Options{NoBackground: true, CallbackTransport: told}
	if where != "webhook" {
		options.EventHandler = told
	}
	store := &countedStore{Store: memstore.New()}
	s := newScenario(t, store, options, false)
	if where != "handler" {
		s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			settings.EventWebhook = chat.EventWebhook{ServerURL: hookURL, Secret: hookSecret}
			return nil
		}))
	}
	m := s.as("jane").send(s.channel("messaging:ride", "jane", "john"), "words")
	s.channel(lounge, "john")
	tell := func() {
		t.Helper()
		told.heard = nil
		s.as("john").send(lounge, "elsewhere")
		s.check(second(s.RunDueWork(s.ctx)))
		if n := len(told.heard); n == 0 || told.heard[n-1] != "message.new elsewhere" || len(told.problems) > 0 {
			t.Fatalf("told %q, problems %v", told.heard, told.problems)
		}
	}
	tell()
	read := func() int {
		t.Helper()
		before := store.keys
		_, err := s.As("john").Message(s.ctx, m.ID)
		s.check(err)
		return store.keys - before
	}
	first, again := read(), read()
	if again >= first {
		t.Fatalf("a call reads %d keys, and the same call %d", first, again)
	}
	tell()
	if n := read(); n != again {
		return fmt.Sprintf("%d keys are read, %d the first time, %d without a delivery", n, first, again)
	}
	return ""
}

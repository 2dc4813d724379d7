package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// ear is a handler of all events, and a receiver of them over HTTP.
type ear struct {
	guard    sync.Mutex
	heard    []string
	cursors  []string
	fails    int // so many times from now on
	verifier *webhook.Verifier
	problems []error
	bodies   []int // bytes
}

func (e *ear) hear(summary, cursor string) {
	e.heard, e.cursors = append(e.heard, summary), append(e.cursors, cursor)
}

func (e *ear) HandleEvent(_ context.Context, ev chat.Event) error {
	e.guard.Lock()
	defer e.guard.Unlock()
	if e.fails > 0 {
		e.fails--
		return errors.New("the handler fails")
	}
	e.hear(summary(ev), string(ev.Cursor))
	return nil
}

func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	e.guard.Lock()
	defer e.guard.Unlock()
	if e.fails > 0 {
		e.fails--
		return hookResponse(r, http.StatusInternalServerError), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	e.bodies = append(e.bodies, len(body))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	events, err := e.verifier.ReadEvents(r)
	if err != nil || r.URL.String() != hookURL+"/Events" {
		e.problems = append(e.problems, fmt.Errorf("%v: %w", r.URL, err))
	}
	for _, ev := range events {
		words := ev.Type
		if ev.Message != nil {
			words += " " + ev.Message.Text
		}
		e.hear(words, ev.Cursor)
	}
	return hookResponse(r, http.StatusOK), nil
}

// wants waits until so much was heard, and compares.
func (e *ear) wants(s *scenario, want ...string) {
	s.t.Helper()
	for range 2000 {
		e.guard.Lock()
		n := len(e.heard)
		e.guard.Unlock()
		if n >= len(want) {
			break
		}
		if s.bubble {
			s.sleep(time.Second)
		} else {
			time.Sleep(10 * time.Millisecond)
		}
	}
	e.guard.Lock()
	defer e.guard.Unlock()
	if !slices.Equal(e.heard, want) {
		s.t.Errorf("heard\n\t%q, want\n\t%q", e.heard, want)
	}
	if len(e.problems) > 0 {
		s.t.Errorf("problems: %v", e.problems)
	}
	e.heard = nil
}

func TestAHandlerIsToldOfEverythingInOrder(t *testing.T) {
	e := &ear{}
	eachDriverWith(t, &chat.Options{EventHandler: e}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "one")
		s.whisper(lounge, "psst", "jane")
		e.wants(s, "channel.created john", "notification.added_to_channel john", "notification.added_to_channel jane", "message.new one", "message.new psst")
		for i := range 250 {
			s.as("john").send(lounge, fmt.Sprint(i))
		}
		var want []string
		for i := range 250 {
			want = append(want, fmt.Sprint("message.new ", i))
		}
		e.wants(s, want...)
	})
}

func TestAFailingHandlerIsToldAgainFromWhereItWas(t *testing.T) {
	e := &ear{fails: 3}
	inMemory(t, &chat.Options{EventHandler: e, EventTypes: []chat.EventType{chat.MessageNew}}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		for _, text := range []string{"one", "two", "three"} {
			s.as("john").send(lounge, text)
		}
		e.wants(s, "message.new one", "message.new two", "message.new three")
		e.guard.Lock()
		e.fails = 2
		e.guard.Unlock()
		s.as("john").send(lounge, "four")
		s.reopen()
		s.as("john").send(lounge, "five")
		e.wants(s, "message.new four", "message.new five")
	})
}

func TestWhatHappensWithoutAnAppWithAHandlerIsToldTheNextOne(t *testing.T) {
	e := &ear{}
	inMemory(t, &chat.Options{EventHandler: e, EventTypes: []chat.EventType{chat.MessageNew}}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "one")
		e.wants(s, "message.new one")
		with := s.options.EventHandler
		s.options.EventHandler = nil
		s.reopen()
		s.as("john").send(lounge, "two")
		s.sleep(time.Minute)
		s.options.EventHandler = with
		s.reopen()
		e.wants(s, "message.new two")
	})
}

func TestEventsArePostedToAWebhook(t *testing.T) {
	e := &ear{verifier: &webhook.Verifier{Secrets: []string{hookSecret}}}
	inMemory(t, &chat.Options{CallbackTransport: e}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "before")
		set := func(w chat.EventWebhook) {
			t.Helper()
			s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
				settings.EventWebhook = w
				return nil
			}))
		}
		set(chat.EventWebhook{ServerURL: hookURL, Secret: hookSecret, Types: []chat.EventType{chat.MessageNew, chat.MessageDeleted}})
		if now, err := s.Settings(s.ctx); err != nil || now.EventWebhook.Secret != "" || now.EventWebhook.ServerURL != hookURL {
			t.Errorf("the settings read as %+v, %v", now.EventWebhook, err)
		}
		m := s.as("john").send(lounge, "one")
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		e.wants(s, "message.new one")
		// A dead receiver gets everything when it is back.
		e.fails = 10
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		long := strings.Repeat("long ", 900)
		want := []string{"message.deleted "}
		for i := range 300 {
			s.as("john").send(lounge, fmt.Sprint(i, long))
			want = append(want, fmt.Sprint("message.new ", i, long))
		}
		e.wants(s, want...)
		for _, n := range e.bodies {
			if n > 1<<20+20 {
				t.Errorf("a body has %d bytes", n)
			}
		}
		set(chat.EventWebhook{})
		s.as("john").send(lounge, "to nobody")
		s.sleep(time.Minute)
		set(chat.EventWebhook{ServerURL: hookURL, Types: []chat.EventType{chat.MessageNew}})
		s.as("john").send(lounge, "again")
		e.wants(s, "message.new again")
		err := s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			settings.EventWebhook.ServerURL = "ftp://example.org"
			return nil
		})
		wantFieldErr(t, err, chat.ErrInvalid, "event_webhook.server_url")
	})
}

func TestRunDueWorkTellsReceiversToo(t *testing.T) {
	e := &ear{}
	eachDriverWith(t, &chat.Options{EventHandler: e, NoBackground: true, EventTypes: []chat.EventType{chat.MessageNew}}, func(t *testing.T, s *scenario) {
		e.heard = nil
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "one")
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		s.as("john").send(lounge, "two")
		_, err = s.RunDueWork(s.ctx)
		s.check(err)
		e.wants(s, "message.new one", "message.new two")
	})
}

// A deletion for oneself is told to that user alone, also when the message is
// deleted for all before the others read of it.
func TestADeletionForOneselfIsNotToldToTheApplication(t *testing.T) {
	e := &ear{}
	types := []chat.EventType{chat.MessageDeleted}
	eachDriverWith(t, &chat.Options{EventHandler: e, NoBackground: true, EventTypes: types}, func(t *testing.T, s *scenario) {
		e.heard = nil
		s.channel(lounge, "john", "jane")
		app, john := s.watch(""), s.watch("john")
		app.query.Types, john.query.Types = append(types, chat.UserUnmuted), append(types, chat.UserUnmuted)
		m := s.as("john").send(lounge, "one")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, m.ID))
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		app.wants("message.deleted deleted")
		john.wants("message.deleted deleted")
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		e.wants(s, "message.deleted deleted")
	})
}

func TestAReceiverThatWasAwayTooLongGoesOnWithWhatIsKept(t *testing.T) {
	e := &ear{fails: 1 << 30}
	inMemory(t, &chat.Options{EventHandler: e, EventsKept: time.Hour, EventTypes: []chat.EventType{chat.MessageNew}}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "forgotten")
		s.sleep(2 * time.Hour)
		s.as("john").send(lounge, "kept")
		e.guard.Lock()
		e.fails = 0
		e.guard.Unlock()
		e.wants(s, "message.new kept")
	})
}

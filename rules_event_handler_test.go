package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
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
	bodies   []int  // bytes
	during   func() // a post
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
	if e.during != nil {
		e.during()
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
		for _, wrong := range []chat.EventType{"message.nwe", chat.TypingStart} {
			err := s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
				settings.EventWebhook.Types = []chat.EventType{chat.MessageNew, wrong}
				return nil
			})
			wantFieldErr(t, err, chat.ErrInvalid, "event_webhook.types[1]")
		}
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

// slowEar takes its time, and fails now and then.
type slowEar struct {
	each  time.Duration
	every int // call of so many fails; 0: none
	calls int
	heard int
	cut   int // calls that were not let end
}

func (e *slowEar) hear(ctx context.Context) error {
	e.calls++
	select {
	case <-time.After(e.each):
	case <-ctx.Done():
		e.cut++
		return ctx.Err()
	}
	if e.every > 0 && e.calls%e.every == 0 {
		return errors.New("it fails now and then")
	}
	e.heard++
	return nil
}

func (e *slowEar) HandleEvent(ctx context.Context, _ chat.Event) error { return e.hear(ctx) }

func (e *slowEar) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := e.hear(r.Context()); err != nil {
		return nil, err
	}
	return hookResponse(r, http.StatusOK), nil
}

// Whoever is slow, but not too slow, is told as fast as they take it; and what
// fails now and then waits no longer each time.
func TestASlowReceiverIsToldAsFastAsItTakesIt(t *testing.T) {
	for name, ear := range map[string]*slowEar{
		"quick":  {each: 50 * time.Millisecond},
		"slow":   {each: 3 * time.Second},
		"slower": {each: 9 * time.Second},
		"flaky":  {every: 5},
	} {
		for _, where := range []string{"handler", "webhook"} {
			t.Run(name+" "+where, func(t *testing.T) {
				ear := *ear
				options := &chat.Options{EventTypes: []chat.EventType{chat.MessageNew}, CallbackTransport: &ear}
				if where == "handler" {
					options.EventHandler = &ear
				}
				inMemory(t, options, func(t *testing.T, s *scenario) {
					if where == "webhook" {
						s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
							settings.EventWebhook = chat.EventWebhook{ServerURL: hookURL, Types: []chat.EventType{chat.MessageNew}}
							return nil
						}))
					}
					s.channel(lounge, "john", "jane")
					const sends = 40
					for i := range sends {
						s.as("john").send(lounge, fmt.Sprint(i))
					}
					calls, most := sends, sends
					if where == "webhook" {
						calls, most = 1, 3 // more come while the first post is made
					}
					// A run begins no call after its first two seconds.
					s.sleep(time.Duration(most)*(ear.each+time.Second/4) + 5*time.Second)
					list, err := s.EventReceivers(s.ctx)
					s.check(err)
					if ear.heard < calls || ear.cut > 0 || len(list) != 1 || list[0] != (chat.EventReceiver{Webhook: where == "webhook"}) {
						t.Errorf("%d of %d calls were made, %d cut off; the receivers are %+v", ear.heard, calls, ear.cut, list)
					}
				})
			})
		}
	}
}

// Who is responsible sees which receiver lags behind, since when, and why.
func TestReceiversSayHowFarBehindTheyAre(t *testing.T) {
	e := &ear{fails: 1 << 30}
	inMemory(t, &chat.Options{CallbackTransport: e}, func(t *testing.T, s *scenario) {
		receivers := func() []chat.EventReceiver {
			t.Helper()
			list, err := s.EventReceivers(s.ctx)
			s.check(err)
			return list
		}
		if list := receivers(); len(list) != 0 {
			t.Errorf("the receivers are %+v", list)
		}
		s.options.EventHandler = &ear{}
		s.reopen()
		s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			settings.EventWebhook = chat.EventWebhook{ServerURL: hookURL}
			return nil
		}))
		s.channel(lounge, "john", "jane")
		s.sleep(time.Minute)
		at := time.Now().UTC()
		s.as("john").send(lounge, "one")
		s.sleep(time.Minute)
		list := receivers()
		if len(list) != 2 || list[0] != (chat.EventReceiver{}) {
			t.Fatalf("the receivers are %+v", list)
		}
		late := list[1]
		if !late.Webhook || at.Sub(late.Since) < time.Minute || late.Attempts < 3 || late.Attempts > 8 || !strings.Contains(late.Problem, "500") ||
			late.Next.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("the webhook is %+v", late)
		}
		e.guard.Lock()
		e.fails, e.verifier = 0, &webhook.Verifier{}
		e.guard.Unlock()
		s.sleep(5 * time.Minute)
		if list := receivers(); len(list) != 2 || list[1] != (chat.EventReceiver{Webhook: true}) {
			t.Errorf("the receivers are %+v", list)
		}
	})
}

// t.Fatal in a handler of a test ends its goroutine, and nothing else.
func TestAHandlerThatEndsItsGoroutineHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, background := range []bool{true, false} {
			var exits atomic.Bool
			exits.Store(true)
			var told []chat.EventType
			store := memstore.New()
			app, err := chat.New(store, &chat.Options{
				NoBackground: !background,
				EventHandler: chat.EventFunc(func(_ context.Context, e chat.Event) error {
					if exits.Load() {
						runtime.Goexit()
					}
					told = append(told, e.Type)
					return nil
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			run := func() error { time.Sleep(time.Minute); synctest.Wait(); return nil }
			if !background {
				run = func() error { time.Sleep(time.Minute); return second(app.RunDueWork(t.Context())) }
			}
			if err := app.UpsertUsers(t.Context(), chat.User{ID: "john"}); err != nil {
				t.Fatal(err)
			}
			if _, err := app.EnsureChannel(t.Context(), lounge, chat.ChannelDraft{CreatedBy: "john"}); err != nil {
				t.Fatal(err)
			}
			if err := run(); !background && (err == nil || err.Error() != "chat: RunDueWork: a function of the application did not return: its goroutine exited") {
				t.Errorf("RunDueWork says %v", err)
			}
			exits.Store(false)
			if err := run(); err != nil || !slices.Equal(told, []chat.EventType{chat.ChannelCreated}) {
				t.Errorf("told %v (%v), want the event once more", told, err)
			}
			exits.Store(true)
			if _, err := app.As("john").Send(t.Context(), lounge, chat.Draft{Text: "hello"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if err := errors.Join(app.Close(), store.Close()); err != nil {
				t.Error(err)
			}
		}
	})
}

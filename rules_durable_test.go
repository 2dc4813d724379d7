package chat_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

// quiet are the options of an App that does nothing of its own accord: what it
// hides it hides in the transaction of the change.
func quiet() *chat.Options { return &chat.Options{NoBackground: true} }

func TestTruncateHidesAtOnceBeforeAnythingIsPurged(t *testing.T) {
	for _, hard := range []bool{false, true} {
		eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
			privateRoom(s)
			public := s.as("john").send(lounge, "public")
			private := s.whisper(lounge, "private", "jane")
			held := s.hold(lounge, "john", "held")
			s.truncate(lounge, &chat.TruncateOptions{Hard: hard})
			for _, id := range []chat.MessageID{public.ID, private.ID, held.ID} {
				for _, user := range []chat.UserID{"john", "jane", "anna"} {
					s.as(user).notSees(id)
				}
				_, err := s.Message(s.ctx, id)
				wantErr(t, err, chat.ErrNotFound)
			}
			s.wantGone(lounge, "john", held.ID)
			s.as("jane").wantTexts(lounge)
			s.as("jane").wantUnread(lounge, 0)
			if state := s.as("jane").channel(lounge); state.LastMessage != nil {
				t.Errorf("jane's last message is %q", state.LastMessage.Text)
			}
		})
	}
}

func TestPendingMessageIsThereRightAfterATruncation(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		for range 3 {
			s.as("john").send(lounge, "old") // under fake time, all at once
		}
		s.hold(lounge, "john", "old too")
		s.check(s.TruncateChannel(s.ctx, lounge, nil))
		held := s.hold(lounge, "john", "held")
		s.as("john").sees(held.ID)
		s.wantPending("held")
		s.check(s.as("john").HideChannel(s.ctx, lounge, true))
		held = s.hold(lounge, "john", "held too")
		s.as("john").sees(held.ID)
		if got := texts(s.as("john").channel(lounge).Pending); !slices.Contains(got, "held too") {
			t.Errorf("the author's pending messages are %q", got)
		}
		s.commit(held.ID)
		s.as("jane").wantTexts(lounge, "held too")
	})
}

func TestHardDeleteOfAChannelHidesAtOnceBeforeAnythingIsPurged(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		privateRoom(s)
		public := s.as("john").send(lounge, "public")
		private := s.whisper(lounge, "private", "jane")
		held := s.hold(lounge, "john", "held")
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		s.wantPending()
		for _, id := range []chat.MessageID{public.ID, private.ID, held.ID} {
			for _, user := range []chat.UserID{"john", "jane", "anna"} {
				s.as(user).notSees(id)
			}
			_, err := s.Message(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.OriginalMessage(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")
			wantErr(t, err, chat.ErrNotFound)
		}
		for _, user := range []chat.UserID{"john", "jane", "anna"} {
			list, err := s.as(user).Channels(s.ctx, chat.ChannelQuery{})
			s.check(err)
			if totals := s.totals(user); len(list.Items) != 0 || totals != (chat.UnreadTotals{}) {
				t.Errorf("%s has %d channels, unread %+v", user, len(list.Items), totals)
			}
		}
	})
}

func TestHardTruncateFreesTheSlotsAtOnce(t *testing.T) {
	options := quiet()
	options.MaxDeletedForMe = 1
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "one").ID))
		s.truncate(lounge, &chat.TruncateOptions{Hard: true})
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "two").ID))
		wantErr(t, s.as("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "three").ID), chat.ErrLimit)
	})
}

func TestPendingMessagesSurviveClosingTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	told := &receiver{}
	s := &scenario{t: t, ctx: t.Context()}
	open := func(options *chat.Options) {
		t.Helper()
		app, err := chat.Open(path, options)
		s.check(err)
		s.App = app
	}
	open(&chat.Options{Pending: told, NoBackground: true})
	s.channel(lounge, "john", "jane")
	s.setTimeout(time.Hour)
	metadata := map[string]string{"why": "new account"}
	held := s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: metadata})
	s.check(s.Close())

	open(&chat.Options{Pending: told, NoBackground: true})
	m := s.as("john").message(held.ID)
	wantSame(t, "the pending message after a restart", m, held)
	s.wantPending("held")
	s.setTimeout(10 * time.Millisecond)
	s.check(s.Close())
	time.Sleep(10 * time.Millisecond)

	open(&chat.Options{Pending: told})
	s.wantGone(lounge, "john", held.ID)
	told.want(s, "sent held", "deleted held")
	s.check(s.Close())

	_, err := s.CommitMessage(s.ctx, held.ID)
	wantErr(t, err, chat.ErrClosed)
}

func TestEachCallAboutAMessageIsGivenUpByItself(t *testing.T) {
	inMemoryTold(t, &chat.Options{PendingGiveUp: time.Minute}, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		told.setDown(func(what string, _ chat.PendingMessage) error { return errors.New("no " + what) })
		held := s.hold(lounge, "john", "xyzzy")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		s.sleep(10 * time.Minute)
		failed, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{})
		s.check(err)
		var problems []string
		for _, f := range failed.Items {
			problems = append(problems, string(f.MessageID)+" "+f.Problem)
		}
		wantSame(t, "what was given up", problems, []string{string(held.ID) + " no sent", string(held.ID) + " no deleted"})
		if s.holds("xyzzy") {
			t.Error("the text of a deleted message outlives the callback that was owed")
		}
	})
}

func TestTextOfADeletedMessageGoesWithTheCallbackOwed(t *testing.T) {
	inMemoryTold(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "xyzzy")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		_, err = s.RunDueWork(s.ctx)
		s.check(err)
		told.want(s, "sent xyzzy", "deleted xyzzy")
		if s.holds("xyzzy") {
			t.Error("the text is still in the store")
		}
	})
}

// TestCommitIsAfterTheSendWhenTheClockGoesBack: a message is created after it was
// sent, and after everything there was, whatever the clock says.
func TestCommitIsAfterTheSendWhenTheClockGoesBack(t *testing.T) {
	file, err := boltstore.Open(filepath.Join(t.TempDir(), "chat.db"), &boltstore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for driver, store := range map[string]storage.Store{"memory": memstore.New(), "bolt": file} {
		t.Run(driver, func(t *testing.T) {
			defer store.Close()
			var before, held, alone chat.Message
			t.Run("now", func(t *testing.T) {
				s := newScenarioOn(t, store)
				s.channel(lounge, "john", "jane")
				s.channel("messaging:quiet", "john", "jane")
				before = s.as("john").send(lounge, "before")
				held = s.hold(lounge, "john", "held")
				alone = s.hold("messaging:quiet", "john", "alone")
			})
			synctest.Test(t, func(t *testing.T) { // where it is the year 2000
				s := newScenarioOn(t, store)
				if !time.Now().Before(before.CreatedAt) {
					t.Fatal("the clock did not go back")
				}
				s.wantPending("held", "alone")
				for _, sent := range []chat.Message{held, alone} {
					m := s.commit(sent.ID)
					if m.SentAt == nil || !m.SentAt.Equal(sent.CreatedAt) || !m.CreatedAt.After(*m.SentAt) {
						t.Errorf("%s was created at %v, sent at %v, want it created after %v", m.Text, m.CreatedAt, m.SentAt, sent.CreatedAt)
					}
					wantSame(t, "what is read", s.as("jane").message(m.ID), m)
				}
				after := s.as("john").send(lounge, "after")
				if m := s.message(held.ID); !after.CreatedAt.After(m.CreatedAt) {
					t.Errorf("the next message was created at %v, not after %v", after.CreatedAt, m.CreatedAt)
				}
				s.as("jane").wantTexts(lounge, "before", "held", "after")
				s.as("jane").wantTexts("messaging:quiet", "alone")
				s.as("jane").wantUnread(lounge, 3)
				s.as("jane").wantUnread("messaging:quiet", 1)
				s.verify()
			})
		})
	}
}

func TestModerationSettings(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		settings, err := s.Settings(s.ctx)
		s.check(err)
		want := chat.Settings{AsyncModeration: chat.AsyncModeration{
			Callback: chat.ModerationCallback{Mode: chat.CallbackNone}, Timeout: 259_200_000 * time.Millisecond,
		}}
		wantSame(t, "the settings of a new store", settings, want)

		set := func(callback chat.ModerationCallback, timeout time.Duration) error {
			return s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
				if settings.AsyncModeration.Callback.Secret != "" {
					t.Error("UpdateSettings shows the secret")
				}
				settings.AsyncModeration.Callback, settings.AsyncModeration.Timeout = callback, timeout
				return nil
			})
		}
		const url = "async_moderation_config.callback.server_url"
		for _, bad := range []struct {
			callback chat.ModerationCallback
			timeout  time.Duration
			field    string
		}{
			{chat.ModerationCallback{Mode: "CALLBACK_MODE_CARRIER_PIGEON"}, 0, "async_moderation_config.callback.mode"},
			{chat.ModerationCallback{Mode: chat.CallbackREST}, 0, url},
			{chat.ModerationCallback{ServerURL: "/hooks"}, 0, url},
			{chat.ModerationCallback{ServerURL: "example.org/hooks"}, 0, url},
			{chat.ModerationCallback{ServerURL: "ftp://example.org/hooks"}, 0, url},
			{chat.ModerationCallback{ServerURL: "https://"}, 0, url},
			{chat.ModerationCallback{ServerURL: "https:///hooks"}, 0, url},
			{chat.ModerationCallback{ServerURL: "http://exa mple.org"}, 0, url},
			{chat.ModerationCallback{ServerURL: "https://example.org/\x00"}, 0, url},
			{chat.ModerationCallback{ServerURL: "https://example.org/a#b"}, 0, url},
			{chat.ModerationCallback{Secret: "\xff"}, 0, "async_moderation_config.callback.secret"},
			{chat.ModerationCallback{}, -time.Second, "async_moderation_config.timeout_ms"},
			{chat.ModerationCallback{}, time.Microsecond, "async_moderation_config.timeout_ms"},
			{chat.ModerationCallback{}, time.Second + time.Microsecond, "async_moderation_config.timeout_ms"},
		} {
			wantFieldErr(t, set(bad.callback, bad.timeout), chat.ErrInvalid, bad.field)
		}
		refused := errors.New("not today")
		if err := s.UpdateSettings(s.ctx, func(*chat.Settings) error { return refused }); err != refused {
			t.Errorf("got the error %v, want that of the change itself", err)
		}
		settings, err = s.Settings(s.ctx)
		s.check(err)
		wantSame(t, "the settings after all that was refused", settings, want)

		s.check(set(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: "https://example.org/chat/hooks/", Secret: "s3cret"}, time.Hour))
		want.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: "https://example.org/chat/hooks"}
		want.AsyncModeration.Timeout = time.Hour
		for _, restart := range []bool{false, true} {
			if restart {
				s.reopen()
			}
			settings, err = s.Settings(s.ctx)
			s.check(err)
			wantSame(t, "the settings, without the secret and the trailing slash", settings, want)
		}
		s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			wantSame(t, "the settings to be changed", *settings, want)
			settings.AsyncModeration.Timeout = 0 // the default
			return nil
		}))
		settings, err = s.Settings(s.ctx)
		s.check(err)
		if settings.AsyncModeration.Timeout != 72*time.Hour {
			t.Errorf("the timeout is %v, want the default", settings.AsyncModeration.Timeout)
		}
	})
}

func TestSecretIsKeptUntilItIsCleared(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for _, step := range []struct {
			callback chat.ModerationCallback
			want     string // what lies in the store of the two secrets
		}{
			{chat.ModerationCallback{Secret: "first-secret"}, "first-secret"},
			{chat.ModerationCallback{}, "first-secret"},
			{chat.ModerationCallback{Secret: "second-secret"}, "second-secret"},
			{chat.ModerationCallback{ClearSecret: true}, ""},
		} {
			s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
				settings.AsyncModeration.Callback = step.callback
				return nil
			}))
			settings, err := s.Settings(s.ctx)
			s.check(err)
			wantSame(t, "the settings", settings.AsyncModeration.Callback, chat.ModerationCallback{Mode: chat.CallbackNone})
			for _, secret := range []string{"first-secret", "second-secret"} {
				if got := s.holds(secret); got != (secret == step.want) {
					t.Errorf("after %+v the store holds %s: %v", step.callback, secret, got)
				}
			}
		}
	})
}

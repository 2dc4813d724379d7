package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
	"example.com/chat/webhook"
)

// postTo sets the webhook, or takes it away.
func (s *scenario) postTo(address string) {
	s.t.Helper()
	s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
		settings.EventWebhook = chat.EventWebhook{ServerURL: address, Secret: hookSecret, Types: []chat.EventType{chat.MessageNew}}
		return nil
	}))
}

// withWebhook tells a story with a receiver of posts at hookURL, and without
// background work.
func withWebhook(t *testing.T, story func(t *testing.T, s *scenario, e *ear)) {
	t.Helper()
	e := &ear{verifier: &webhook.Verifier{Secrets: []string{hookSecret}}}
	eachDriverWith(t, &chat.Options{CallbackTransport: e, NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		story(t, s, e)
	})
}

// told compares with what is posted of what happened.
func (e *ear) told(s *scenario, want ...string) {
	s.t.Helper()
	s.check(second(s.RunDueWork(s.ctx)))
	e.wants(s, want...)
}

func TestAWebhookIsToldWhatHappensWhileItIsSet(t *testing.T) {
	withWebhook(t, func(t *testing.T, s *scenario, e *ear) {
		john := s.as("john")
		john.send(lounge, "before")
		s.postTo(hookURL)
		john.send(lounge, "one")
		s.postTo(hookURL) // again, which begins nothing anew
		john.send(lounge, "two")
		e.told(s, "message.new one", "message.new two")
		// Another address is told what the one before it was not.
		s.postTo(hookURL + "/old")
		john.send(lounge, "three")
		s.postTo(hookURL)
		s.reopen()
		john = s.as("john")
		e.told(s, "message.new three")
		// Nobody is told what was not told when it was taken away, nor what
		// happens until it is set again.
		john.send(lounge, "untold")
		s.postTo("")
		john.send(lounge, "to nobody")
		s.check(second(s.RunDueWork(s.ctx)))
		s.postTo(hookURL)
		john.send(lounge, "four")
		e.told(s, "message.new four")
	})
}

// What is posted while the webhook is taken away and set again is no place of the
// one that was set.
func TestAWebhookThatIsSetAgainWhileItPostsBeginsAnew(t *testing.T) {
	withWebhook(t, func(t *testing.T, s *scenario, e *ear) {
		john := s.as("john")
		s.postTo(hookURL)
		e.during = func() {
			e.during = nil
			s.postTo("")
			john.send(lounge, "to nobody")
			s.postTo(hookURL)
			john.send(lounge, "two")
		}
		john.send(lounge, "one")
		e.told(s, "message.new one", "message.new two")
	})
}

// Programs of before wrote the place at which a webhook began where they wrote how
// far it was told, and all of it under the scope of the settings.
func TestAWebhookThatAnOlderProgramSetIsToldOn(t *testing.T) {
	withWebhook(t, func(t *testing.T, s *scenario, e *ear) {
		const queue = "event webhook"
		john := s.as("john")
		john.send(lounge, "told")
		s.postTo(hookURL)
		db := record.New(s.store)
		var told storage.Position
		older := func(tx *record.Txn) error {
			b := tx.Batch()
			settings := record.Settings[map[string]any](b)
			if err := b.Run(); err != nil {
				return err
			}
			hook := (*settings.V)["event_webhook"].(map[string]any)
			if hook["since"] == nil {
				return fmt.Errorf("the settings are %v", *settings.V)
			}
			without := map[string]any{}
			for k, v := range hook {
				if k != "since" {
					without[k] = v
				}
			}
			was := map[string]any{"async_moderation_config": (*settings.V)["async_moderation_config"], "event_webhook": without}
			var err error
			if told, err = tx.LastPosition(); err != nil {
				return err
			}
			at := time.Now().UnixMicro()
			if err := tx.AddTask(queue, queue, codec.Task{Scope: record.AppScope, RecordedAt: at, Due: at}); err != nil {
				return err
			}
			if err := tx.PutReceiverPlace(queue, told); err != nil {
				return err
			}
			return tx.PutSettings(was)
		}
		s.check(db.Update(context.Background(), record.AppScope, older))
		john.send(lounge, "one")
		s.reopen()
		list, err := s.EventReceivers(s.ctx)
		s.check(err)
		if len(list) != 1 || !list[0].Webhook || list[0].Since.IsZero() {
			t.Errorf("the receivers are %+v", list)
		}
		john = s.as("john")
		john.send(lounge, "two")
		s.postTo(hookURL) // changes nothing
		e.told(s, "message.new one", "message.new two")
		john.send(lounge, "three")
		e.told(s, "message.new three")
		s.postTo("")
		john.send(lounge, "to nobody")
		s.postTo(hookURL)
		john.send(lounge, "four")
		e.told(s, "message.new four")
	})
}

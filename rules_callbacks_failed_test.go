package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// giveUp has posts fail until they are given up: at the first failure after an
// hour, and they may be more than an hour apart.
func (s *scenario) giveUp(h *hook, want int) []chat.FailedCallback {
	s.t.Helper()
	h.set(func(hookAttempt) error { return errAnswer(500) })
	s.sleep(3 * time.Hour)
	h.set(nil)
	failed := s.failed()
	if len(failed) != want {
		s.t.Fatalf("given up are %+v, want %d", failed, want)
	}
	return failed
}

func TestCallbackGivenUpIsListedAndCanBeRequeued(t *testing.T) {
	inMemoryHooked(t, &chat.Options{PendingGiveUp: time.Hour}, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		h.set(func(hookAttempt) error { return errAnswer(500) })
		sent := time.Now()
		held := s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{
			Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"},
		})
		f := s.giveUp(h, 1)[0]
		want := chat.FailedCallback{
			ID: f.ID, MessageID: held.ID, CID: lounge, Posted: true, RecordedAt: sent.UTC(), Attempts: len(h.all()),
			Problem: "the receiver answered 500",
		}
		wantSame(t, "what was given up", f, want)
		s.sleep(24 * time.Hour)
		h.want(s) // given up is given up

		s.check(s.RequeueCallback(s.ctx, f.ID))
		h.want(s, "sent held")
		if failed := s.failed(); len(failed) != 0 {
			t.Errorf("it is listed still: %+v", failed)
		}
		all := h.all()
		if last := all[len(all)-1]; last.ID != all[0].ID || last.Attempt != 1 || last.Metadata["why"] != "new" || string(last.body) != string(all[0].body) {
			t.Errorf("requeued it is attempt %d of %s, %s, and was %s, %s", last.Attempt, last.ID, last.body, all[0].ID, all[0].body)
		}
		wantErr(t, s.RequeueCallback(s.ctx, f.ID), chat.ErrNotFound)

		// A requeued one is tried as long as a new one, and given up again.
		h.reset()
		s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			settings.AsyncModeration.Timeout = 300 * time.Hour
			return nil
		}))
		h.set(func(hookAttempt) error { return errAnswer(500) })
		again := s.hold(lounge, "john", "again")
		f = s.giveUp(h, 1)[0]
		h.set(func(hookAttempt) error { return errAnswer(503) })
		requeued := time.Now()
		s.check(s.RequeueCallback(s.ctx, f.ID))
		s.sleep(50 * time.Minute)
		if failed := s.failed(); len(failed) != 0 {
			t.Fatalf("given up again after 50 minutes: %+v", failed)
		}
		s.sleep(2 * time.Hour)
		failed := s.failed()
		if len(failed) != 1 || failed[0].MessageID != again.ID || !failed[0].RecordedAt.Equal(requeued) || failed[0].Problem != "the receiver answered 503" {
			t.Errorf("given up again is %+v", failed)
		}
	})
}

func TestCallOfTheHandlerThatWasGivenUpCanBeRequeued(t *testing.T) {
	inMemoryTold(t, &chat.Options{PendingGiveUp: time.Hour}, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john")
		told.setDown(func(string, chat.PendingMessage) error { return errDead })
		s.hold(lounge, "john", "held")
		s.sleep(3 * time.Hour) // the attempt before the one that is too late may be an hour and a fifth before it
		told.setDown(nil)
		failed := s.failed()
		if len(failed) != 1 || failed[0].Posted {
			t.Fatalf("given up are %+v", failed)
		}
		s.check(s.RequeueCallback(s.ctx, failed[0].ID))
		told.want(s, "sent held")
		if failed := s.failed(); len(failed) != 0 {
			t.Errorf("it is listed still: %+v", failed)
		}
	})
}

func TestNoByteOfTheTextIsKeptWithWhatWasGivenUp(t *testing.T) {
	inMemoryHooked(t, &chat.Options{PendingGiveUp: time.Hour}, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john", "jane")
		h.set(func(hookAttempt) error { return errAnswer(500) })
		held := s.send(lounge, "john", chat.Draft{
			Text: "needle", Custom: chat.Custom{"k": "needle"}, Attachments: []chat.Attachment{{Title: "needle"}}, Restricted: []chat.UserID{"jane"},
		}, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"k": "needle"}, HTML: "<b>needle</b>"})
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		s.sleep(3 * time.Hour)
		failed := s.giveUp(h, 2)
		for key, value := range s.dump() {
			if strings.Contains(value, "needle") {
				t.Errorf("%q still holds the text", key)
			}
		}
		// The deletion tells which message it was; that it was sent is of no use now.
		sent, deleted := failed[0], failed[1]
		if sent.Deleted || !deleted.Deleted {
			t.Fatalf("given up are %+v", failed)
		}
		wantErr(t, s.RequeueCallback(s.ctx, sent.ID), chat.ErrNotPending)
		if left := s.failed(); len(left) != 2 {
			t.Errorf("what could not be requeued has left the list: %+v", left)
		}
		s.check(s.DiscardCallback(s.ctx, sent.ID))
		wantErr(t, s.DiscardCallback(s.ctx, sent.ID), chat.ErrNotFound)
		s.check(s.RequeueCallback(s.ctx, deleted.ID))
		h.want(s, "deleted ")
		all := h.all()
		m := all[len(all)-1].Message
		if m.ID != string(held.ID) || m.User.ID != "john" || m.CID != string(lounge) || m.DeletedAt.IsZero() || !slices.Equal(m.Restricted, []string{"jane"}) {
			t.Errorf("it tells of %+v", m)
		}
		if left := s.failed(); len(left) != 0 {
			t.Errorf("listed still: %+v", left)
		}
	})
}

func TestSendCanBeRequeuedWhileItsMessageIsPendingAlone(t *testing.T) {
	for name, end := range map[string]func(*scenario, chat.MessageID){
		"committed": func(s *scenario, id chat.MessageID) { s.commit(id) },
		"overdue":   func(s *scenario, _ chat.MessageID) { s.setTimeout(time.Minute) },
		"truncated": func(s *scenario, _ chat.MessageID) { s.check(s.TruncateChannel(s.ctx, lounge, nil)) },
	} {
		inMemoryHooked(t, &chat.Options{PendingGiveUp: time.Hour, NoBackground: true}, func(t *testing.T, s *scenario, h *hook) {
			s.channel(lounge, "john")
			held := s.hold(lounge, "john", "held")
			h.set(func(hookAttempt) error { return errAnswer(500) })
			s.sleep(2 * time.Hour)
			_, err := s.RunDueWork(s.ctx)
			s.check(err)
			failed := s.failed()
			if len(failed) != 1 {
				t.Fatalf("given up are %+v", failed)
			}
			end(s, held.ID)
			if e := wantErr(t, s.RequeueCallback(s.ctx, failed[0].ID), chat.ErrNotPending); e.Op != "RequeueCallback" {
				t.Errorf("%s: the error is of %s", name, e.Op)
			}
		})
	}
}

func TestCallbacksGivenUpArePagedPostsFirst(t *testing.T) {
	h, told := &hook{}, &receiver{}
	inMemory(t, &chat.Options{Pending: told, CallbackTransport: h, PendingGiveUp: time.Minute}, func(t *testing.T, s *scenario) {
		h.reset()
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL, Secret: hookSecret})
		s.channel(lounge, "john")
		h.set(func(hookAttempt) error { return errAnswer(500) })
		told.setDown(func(string, chat.PendingMessage) error { return errDead })
		for range 7 {
			s.hold(lounge, "john", "held")
		}
		s.sleep(10 * time.Minute)
		whole := s.failed()
		if len(whole) != 14 || !whole[6].Posted || whole[7].Posted {
			t.Fatalf("given up are %+v", whole)
		}
		for limit := 1; limit <= 15; limit++ {
			var all []chat.FailedCallback
			q := chat.FailedCallbackQuery{Limit: limit}
			for {
				page, err := s.FailedCallbacks(s.ctx, q)
				s.check(err)
				all = append(all, page.Items...)
				if q.Page = page.Next; q.Page == "" {
					break
				}
			}
			wantSame(t, "what is read in pages", all, whole)
		}
	})
}

func TestIDOfAFailedCallbackThatIsNoneIsRefused(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		users, err := s.Users(s.ctx, chat.UserQuery{})
		s.check(err)
		for _, id := range []chat.FailedCallbackID{"", "x", "\x00", chat.FailedCallbackID(users.Next), chat.FailedCallbackID(strings.Repeat("A", 10_000))} {
			wantFieldErr(t, s.RequeueCallback(s.ctx, id), chat.ErrInvalid, "id")
			wantFieldErr(t, s.DiscardCallback(s.ctx, id), chat.ErrInvalid, "id")
		}
	})
}

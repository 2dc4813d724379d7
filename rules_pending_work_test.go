package chat_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/chat"
)

// receiver is told of pending messages, and may be down.
type receiver struct {
	guard sync.Mutex
	log   []string
	down  func(what string, m chat.PendingMessage) error
	takes time.Duration
}

func (r *receiver) PendingSent(_ context.Context, m chat.PendingMessage) error {
	return r.receive("sent", m)
}

func (r *receiver) PendingDeleted(_ context.Context, m chat.PendingMessage) error {
	return r.receive("deleted", m)
}

func (r *receiver) receive(what string, m chat.PendingMessage) error {
	time.Sleep(r.takes)
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.down != nil {
		if err := r.down(what, m); err != nil {
			return err
		}
	}
	r.log = append(r.log, what+" "+m.Message.Text)
	return nil
}

func (r *receiver) reset() {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.log, r.down, r.takes = nil, nil, 0
}

func (r *receiver) setDown(down func(what string, m chat.PendingMessage) error) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.down = down
}

func (r *receiver) all() []string {
	r.guard.Lock()
	defer r.guard.Unlock()
	return slices.Clone(r.log)
}

// want waits until the receiver was told all this, and checks that it was told
// nothing else.
func (r *receiver) want(s *scenario, want ...string) {
	s.t.Helper()
	for range 5000 {
		if len(r.all()) >= len(want) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	s.sleep(2 * time.Millisecond) // for what it should not be told
	if got := r.all(); !slices.Equal(got, want) {
		s.t.Errorf("was told %q, want %q", got, want)
	}
}

// eachDriverTold is eachDriver with a receiver that is told of pending
// messages.
func eachDriverTold(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, told *receiver)) {
	t.Helper()
	told := &receiver{}
	eachDriverWith(t, optionsWith(options, told), func(t *testing.T, s *scenario) {
		told.reset()
		story(t, s, told)
	})
}

// inMemoryTold is inMemory with a receiver.
func inMemoryTold(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, told *receiver)) {
	t.Helper()
	told := &receiver{}
	inMemory(t, optionsWith(options, told), func(t *testing.T, s *scenario) { story(t, s, told) })
}

func optionsWith(options *chat.Options, told *receiver) *chat.Options {
	if options == nil {
		options = &chat.Options{}
	}
	options.Pending = told
	return options
}

func (s *scenario) setTimeout(d time.Duration) {
	s.t.Helper()
	s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
		settings.AsyncModeration.Timeout = d
		return nil
	}))
}

// wantGone checks that a pending message is there for nobody.
func (s *scenario) wantGone(cid chat.CID, author chat.UserID, id chat.MessageID) {
	s.t.Helper()
	s.as(author).notSees(id)
	if list := s.as(author).channel(cid).Pending; len(list) != 0 {
		s.t.Errorf("%s has the pending messages %q", author, texts(list))
	}
	s.wantPending()
	if list := s.pending(cid); len(list) != 0 {
		s.t.Errorf("pending in %s are %q", cid, list)
	}
	_, err := s.Message(s.ctx, id)
	wantErr(s.t, err, chat.ErrNotFound)
	_, err = s.OriginalMessage(s.ctx, id)
	wantErr(s.t, err, chat.ErrNotFound)
	list, err := s.MessagesByID(s.ctx, id)
	s.check(err)
	if len(list) != 0 {
		s.t.Error("the server reads it among others")
	}
	_, err = s.CommitMessage(s.ctx, id)
	wantErr(s.t, err, chat.ErrNotPending)
	_, err = s.as(author).DeleteMessage(s.ctx, id, chat.DeleteHard)
	wantErr(s.t, err, chat.ErrNotFound)
	_, err = s.Send(s.ctx, cid, author, chat.Draft{ID: id, Text: "anew"}, nil)
	wantErr(s.t, err, chat.ErrConflict)
}

func TestMessagePendingForThreeDaysIsDeleted(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		s.sleep(72*time.Hour - time.Second)
		s.as("john").sees(held.ID)
		told.want(s, "sent held")
		s.sleep(time.Second)
		s.wantGone(lounge, "john", held.ID)
		told.want(s, "sent held", "deleted held")
	})
}

func TestOverdueMessageIsGoneForReadsBeforeAnySweep(t *testing.T) {
	inMemoryTold(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		parent := s.as("jane").send(lounge, "parent")
		reply := s.send(lounge, "john", chat.Draft{Text: "held reply", ParentID: parent.ID}, &chat.SendOptions{Pending: chat.PendingOn})
		s.sleep(72*time.Hour + time.Millisecond)
		s.wantGone(lounge, "john", held.ID)
		s.wantGone(lounge, "john", reply.ID)
		told.want(s)
		// It is deleted once, by whatever comes first.
		_, err := s.DeleteMessage(s.ctx, parent.ID, chat.DeleteHard, "")
		s.check(err)
		n, err := s.RunDueWork(s.ctx)
		s.check(err)
		if n == 0 {
			t.Error("no work was due")
		}
		got := told.all()
		slices.Sort(got)
		if want := []string{"deleted held", "deleted held reply", "sent held", "sent held reply"}; !slices.Equal(got, want) {
			t.Errorf("was told %q, want %q", got, want)
		}
		if n, err := s.RunDueWork(s.ctx); n != 0 || err != nil {
			t.Errorf("%d pieces of work are left (%v)", n, err)
		}
		s.wantGone(lounge, "john", held.ID)
	})
}

func TestNewTimeoutAppliesToWhatIsPendingAlready(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		first := s.hold(lounge, "john", "first")
		s.sleep(2 * time.Hour)
		second := s.hold(lounge, "john", "second")
		told.want(s, "sent first", "sent second")
		s.setTimeout(time.Hour)
		s.as("john").notSees(first.ID)
		s.as("john").sees(second.ID)
		told.want(s, "sent first", "sent second", "deleted first") // without waiting for anything

		s.sleep(30 * time.Minute)
		s.setTimeout(10 * time.Hour)
		s.sleep(9 * time.Hour)
		s.as("john").sees(second.ID)
		s.sleep(time.Hour)
		s.wantGone(lounge, "john", second.ID)
		told.want(s, "sent first", "sent second", "deleted first", "deleted second")
	})
}

func TestCommittedMessageDoesNotExpire(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		s.sleep(71 * time.Hour)
		s.commit(held.ID)
		s.sleep(72 * time.Hour)
		s.as("jane").wantTexts(lounge, "held")
		told.want(s, "sent held") // and nothing of the commit
	})
}

func TestCommitAgainstTheTimeout(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		s.setTimeout(2 * time.Millisecond)
		committed := 0
		for i := range 20 {
			held := s.hold(lounge, "john", "held")
			s.sleep(time.Duration(i) * 200 * time.Microsecond) // from long before to long after
			_, err := s.CommitMessage(s.ctx, held.ID)
			if err != nil {
				wantErr(t, err, chat.ErrNotPending)
				told.want(s, "sent held", "deleted held")
				s.wantGone(lounge, "john", held.ID)
			} else {
				committed++
				told.want(s, "sent held")
				s.as("jane").sees(held.ID)
			}
			told.reset()
			s.as("jane").wantUnread(lounge, committed)
		}
		if s.bubble && committed != 10 {
			t.Errorf("%d of 20 were committed in time, want 10", committed)
		}
	})
}

func TestTimeoutPassesWhileTheProgramIsDown(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		stays := s.hold(lounge, "jane", "stays")
		told.want(s, "sent stays")
		s.commit(stays.ID)
		held := s.hold(lounge, "john", "held")
		told.want(s, "sent stays", "sent held")
		s.setTimeout(25 * time.Millisecond)
		s.check(s.Close())
		s.sleep(30 * time.Millisecond)
		s.open()
		s.wantGone(lounge, "john", held.ID)
		told.want(s, "sent stays", "sent held", "deleted held")
		s.as("john").wantTexts(lounge, "stays")
		settings, err := s.Settings(s.ctx)
		s.check(err)
		if settings.AsyncModeration.Timeout != 25*time.Millisecond {
			t.Errorf("the timeout is %v after a restart", settings.AsyncModeration.Timeout)
		}
	})
}

func TestEverySortOfDeleteIsTold(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		metadata := map[string]string{"why": "new account"}
		for _, way := range []struct {
			name   string
			delete func(cid chat.CID, parent, id chat.MessageID) error
		}{
			{"by its author", func(_ chat.CID, _, id chat.MessageID) error {
				_, err := s.as("john").DeleteMessage(s.ctx, id, chat.DeleteHard)
				return err
			}},
			{"by the server", func(_ chat.CID, _, id chat.MessageID) error {
				_, err := s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")
				return err
			}},
			{"with its parent", func(_ chat.CID, parent, _ chat.MessageID) error {
				_, err := s.as("jane").DeleteMessage(s.ctx, parent, chat.DeleteHard)
				return err
			}},
			{"by a truncation", func(cid chat.CID, _, _ chat.MessageID) error { return s.TruncateChannel(s.ctx, cid, nil) }},
			{"by a hard truncation", func(cid chat.CID, _, _ chat.MessageID) error {
				return s.TruncateChannel(s.ctx, cid, &chat.TruncateOptions{Hard: true})
			}},
			{"with its channel", func(cid chat.CID, _, _ chat.MessageID) error {
				return s.DeleteChannel(s.ctx, cid, chat.DeleteHard)
			}},
		} {
			told.reset()
			cid := s.channel(chat.CID("messaging:"+newName(way.name)), "john", "jane")
			parent := s.as("jane").send(cid, "parent")
			held := s.send(cid, "john", chat.Draft{Text: way.name, ParentID: parent.ID},
				&chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: metadata})
			told.setDown(func(what string, m chat.PendingMessage) error {
				want := held
				if what == "deleted" {
					// As it was, but for the time of the delete.
					if want.DeletedAt = m.Message.DeletedAt; want.DeletedAt == nil {
						t.Errorf("%s: the deleted message has no time of it", way.name)
					}
				}
				wantSame(t, way.name+": "+what, m, chat.PendingMessage{Message: want, Metadata: metadata})
				return nil
			})
			told.want(s, "sent "+way.name)
			s.check(way.delete(cid, parent.ID, held.ID))
			_, err := s.Message(s.ctx, held.ID)
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.CommitMessage(s.ctx, held.ID)
			wantErr(t, err, chat.ErrNotPending)
			told.want(s, "sent "+way.name, "deleted "+way.name)
			s.wantPending()
		}
	})
}

// newName makes a channel id of some words.
func newName(words string) string {
	id := []byte(words)
	for i, b := range id {
		if b == ' ' {
			id[i] = '-'
		}
	}
	return string(id)
}

func TestCommitIsNotTold(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		s.commit(held.ID)
		s.as("john").send(lounge, "never held")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		told.want(s, "sent held")
	})
}

func TestCallbackIsRecordedWithTheChange(t *testing.T) {
	eachDriverTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.check(s.Close())
		s.options = &chat.Options{Pending: told, NoBackground: true}
		s.open()
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		_, err := s.Send(s.ctx, lounge, "nobody", chat.Draft{Text: "refused"}, &chat.SendOptions{Pending: chat.PendingOn})
		wantErr(t, err, chat.ErrInvalid)
		s.hold(lounge, "jane", "held too")
		_, err = s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		told.want(s) // nobody told it yet, and now the program ends

		s.check(s.Close())
		s.options = &chat.Options{Pending: told}
		s.open()
		for range 5000 {
			if len(told.all()) == 3 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		got := told.all()
		if slices.Index(got, "sent held") > slices.Index(got, "deleted held") {
			t.Errorf("was told %q: the deletion before the message", got)
		}
		slices.Sort(got)
		if want := []string{"deleted held", "sent held", "sent held too"}; !slices.Equal(got, want) {
			t.Errorf("was told %q, want %q", got, want)
		}
		s.reopen()
		if n, err := s.RunDueWork(s.ctx); n != 0 || err != nil {
			t.Errorf("%d calls are left (%v)", n, err)
		}
	})
}

func TestDeadReceiverDelaysNothingAndIsToldInOrderLater(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		var attempts []time.Time
		down := errors.New("receiver is down")
		told.setDown(func(_ string, m chat.PendingMessage) error {
			if m.Message.Text == "fine" {
				return nil
			}
			attempts = append(attempts, time.Now())
			return down
		})
		began := time.Now()
		held := s.hold(lounge, "john", "held")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		s.hold(lounge, "john", "fine")
		if took := time.Since(began); took != 0 {
			t.Errorf("a receiver that is down delayed the sends by %v", took)
		}
		told.want(s, "sent fine") // one message does not hold up another

		s.sleep(time.Hour)
		if len(attempts) < 8 {
			t.Fatalf("%d attempts in an hour, want at least 8", len(attempts))
		}
		for i := 2; i < len(attempts); i++ {
			if now, last := attempts[i].Sub(attempts[i-1]), attempts[i-1].Sub(attempts[i-2]); now <= last {
				t.Errorf("attempt %d came after %v, the one before it after %v", i+1, now, last)
			}
		}
		told.setDown(nil)
		s.sleep(2 * time.Hour)
		told.want(s, "sent fine", "sent held", "deleted held")
		failed, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{})
		s.check(err)
		if len(failed.Items) != 0 {
			t.Errorf("given up: %+v", failed.Items)
		}
	})
}

func TestSlowReceiverDelaysNothing(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		told.takes = 9 * time.Second
		s.channel(lounge, "john", "jane")
		began := time.Now()
		for range 20 {
			s.hold(lounge, "john", "held")
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a slow receiver delayed the sends by %v", took)
		}
		s.sleep(2 * time.Minute)
		if n := len(told.all()); n != 20 {
			t.Errorf("was told %d times, want 20", n)
		}
	})
}

func TestCallbackThatFailsForTooLongIsListed(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		told.setDown(func(string, chat.PendingMessage) error { return errors.New("receiver is down") })
		sent := time.Now()
		held := s.send(lounge, "john", chat.Draft{ID: "m1", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.commit(held.ID)
		s.sleep(71 * time.Hour)
		failed, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{})
		s.check(err)
		if len(failed.Items) != 0 {
			t.Fatalf("given up before three days: %+v", failed.Items)
		}
		s.sleep(3 * time.Hour)
		failed, err = s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{})
		s.check(err)
		if len(failed.Items) != 1 || failed.Next != "" || failed.Prev != "" {
			t.Fatalf("given up: %+v, want one", failed)
		}
		f := failed.Items[0]
		if f.MessageID != "m1" || !f.RecordedAt.Equal(sent) || f.Attempts < 60 || f.Problem != "receiver is down" {
			t.Errorf("given up is %+v", f)
		}
		told.setDown(nil)
		s.sleep(12 * time.Hour)
		told.want(s) // given up is given up
	})
}

func TestFailedCallbacksArePaged(t *testing.T) {
	inMemoryTold(t, &chat.Options{PendingGiveUp: time.Minute}, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		told.setDown(func(string, chat.PendingMessage) error { return errors.New("receiver is down") })
		for range 130 {
			s.hold(lounge, "john", "held")
		}
		s.sleep(10 * time.Minute)
		seen := map[chat.MessageID]bool{}
		page, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{})
		s.check(err)
		if len(page.Items) != 25 || page.Next == "" || page.Prev != "" {
			t.Fatalf("the first page has %d, and leads to %q and %q", len(page.Items), page.Next, page.Prev)
		}
		rest, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{Limit: 300, Page: page.Next})
		s.check(err)
		for _, f := range slices.Concat(page.Items, rest.Items) {
			seen[f.MessageID] = true
		}
		if len(seen) != 130 || len(rest.Items) != 105 || rest.Next != "" {
			t.Errorf("%d messages on two pages, want 130", len(seen))
		}
		_, err = s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{Page: "rubbish"})
		wantErr(t, err, chat.ErrInvalid)
	})
}

func TestPanicOfAReceiverIsAFailure(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		s.channel(lounge, "john", "jane")
		panics := 1
		told.setDown(func(string, chat.PendingMessage) error {
			if panics--; panics >= 0 {
				panic("a bug of the application")
			}
			return nil
		})
		s.hold(lounge, "john", "held")
		s.sleep(3 * time.Second)
		told.want(s, "sent held")
	})
}

func TestPendingFuncsMayBeNil(t *testing.T) {
	var deleted []string
	options := &chat.Options{Pending: chat.PendingFuncs{Deleted: func(_ context.Context, m chat.PendingMessage) error {
		deleted = append(deleted, m.Message.Text)
		return nil
	}}}
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.hold(lounge, "john", "held")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		s.sleep(time.Second)
		if !slices.Equal(deleted, []string{"held"}) {
			t.Errorf("was told %q, want held", deleted)
		}
	})
}

func TestOneInstanceOfTwoTellsAndExpires(t *testing.T) {
	inMemoryTold(t, nil, func(t *testing.T, s *scenario, told *receiver) {
		other, err := chat.New(s.store, s.options)
		s.check(err)
		defer func() { s.check(other.Close()) }()
		s.channel(lounge, "john", "jane")
		for range 10 {
			s.hold(lounge, "john", "held")
		}
		s.sleep(73 * time.Hour)
		if n := len(told.all()); n != 20 {
			t.Errorf("was told %d times, want 20", n)
		}
		// A setting changed by one counts for the other at once.
		held := s.hold(lounge, "john", "again")
		s.sleep(2 * time.Second)
		s.setTimeout(time.Second)
		_, err = other.As("john").Message(s.ctx, held.ID)
		wantErr(t, err, chat.ErrNotFound)
	})
}

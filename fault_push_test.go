package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/internal/faultstore"
	"example.com/chat/storage/memstore"
)

// TestWhatIsStoredIsPushedWhateverFails fails each call of the store once, with
// and without its commit stored: every message that is there has been pushed to
// all of its recipients, and none that is not.
func TestWhatIsStoredIsPushedWhateverFails(t *testing.T) {
	faults := 0
	for _, stored := range []bool{false, true} {
		for n := 1; ; n++ {
			failed := false
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New()
				s := newScenario(t, store, nil, true)
				s.channel(room, "jane", "john", "mary")
				s.check(s.Close())
				failing := faultstore.NewFailing(store, faultstore.Nth(n, stored))
				p := &phone{}
				app, err := chat.New(failing, offline(&chat.Options{Pusher: p, NoBackground: true}))
				if failed = failing.Failed() > 0; failed {
					return // New
				}
				if err != nil {
					t.Fatal(err)
				}
				defer app.Close()
				ctx := t.Context()
				_, _ = app.Send(ctx, room, "jane", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
				_, _ = app.As("jane").Send(ctx, room, chat.Draft{ID: "sent", Text: "sent"})
				_, _ = app.Send(ctx, room, "jane", chat.Draft{ID: "private", Text: "private", Restricted: []chat.UserID{"mary", "john"}}, nil)
				_, _ = app.CommitMessage(ctx, "held")
				for range 3 {
					_, _ = app.RunDueWork(ctx)
					time.Sleep(time.Minute)
				}
				if failed = failing.Failed() > 0; !failed {
					return // the story is over
				}
				page, err := app.As("mary").Messages(ctx, room, chat.MessageQuery{})
				if err != nil {
					t.Fatal(err)
				}
				var want, got []string
				for _, m := range page.Items {
					want = append(want, fmt.Sprint(m.ID, " [john mary]"))
				}
				for _, push := range p.all() {
					got = append(got, fmt.Sprint(push.Message.ID, " ", push.Recipients))
				}
				slices.Sort(want)
				slices.Sort(got)
				if got := slices.Compact(got); !slices.Equal(got, want) { // at least once
					t.Errorf("call %d failed, stored %v: pushed was %q, want %q", n, stored, got, want)
				}
			})
			if !failed {
				break
			}
			faults++
		}
	}
	if faults < 100 {
		t.Errorf("%d calls failed, want more: the story has become short", faults)
	}
}

// TestHooksUnderATwiceRunStore: a store that runs each update twice changes
// nothing of what hooks are asked and told.
func TestHooksUnderATwiceRunStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, b := &phone{}, &bouncer{}
		b.edits(func(c *chat.MessageContent) { c.Text += "!" })
		s := newScenario(t, faultstore.Twice(memstore.New()), &chat.Options{Pusher: p, Moderator: b}, true)
		s.channel(room, "jane", "john")
		m := s.as("jane").send(room, "one")
		edited := s.as("jane").update(m.ID, chat.MessageUpdate{Text: "two"})
		s.sleep(time.Minute)
		if m.Text != "one!" || edited.Text != "two!" {
			t.Errorf("sent was %q, edited %q", m.Text, edited.Text)
		}
		b.wantAsked(t, 2, "a send and an edit")
		if list := p.all(); len(list) != 1 {
			t.Errorf("pushed was %+v", list)
		}
	})
}

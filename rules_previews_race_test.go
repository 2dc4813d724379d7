package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// TestPreviewsComeToTheTextThatStays has two Apps on one store send, edit,
// commit, delete and truncate at once while previews come, late mostly. In the
// end each message has the preview of its link, and none of another.
func TestPreviewsComeToTheTextThatStays(t *testing.T) {
	store := memstore.New()
	t.Cleanup(func() { _ = store.Close() })
	enricher := chat.EnricherFunc(func(ctx context.Context, link string) (chat.Attachment, error) {
		select {
		case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond):
			return chat.Attachment{Title: link}, nil
		case <-ctx.Done():
			return chat.Attachment{}, ctx.Err()
		}
	})
	var apps []*chat.App
	for range 2 {
		app, err := chat.New(store, &chat.Options{Previews: chat.PreviewOptions{Enricher: enricher, Wait: 5 * time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = app.Close() })
		apps = append(apps, app)
	}
	s := &scenario{App: apps[0], t: t, ctx: t.Context()}
	rooms := []chat.CID{"messaging:a", "messaging:b"}
	for _, cid := range rooms {
		s.channel(cid, "jane", "john")
	}
	check := func(err error) {
		// What another has changed meanwhile is an answer too.
		for _, kind := range []error{chat.ErrNotFound, chat.ErrDeleted, chat.ErrPending, chat.ErrNotPending} {
			if err == nil || errors.Is(err, kind) {
				return
			}
		}
		t.Error(err)
	}
	var mu sync.Mutex
	ids := []chat.MessageID{s.send(rooms[0], "jane", chat.Draft{Text: "see https://1.example/ now"}, nil).ID}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			app, ctx := apps[worker%2], t.Context()
			jane := app.As("jane")
			text := func() string {
				if rand.IntN(5) == 0 {
					return "no link"
				}
				return fmt.Sprintf("see https://%d.example/ now", rand.IntN(5))
			}
			for i := range 60 {
				mu.Lock()
				id := ids[max(0, len(ids)-1-rand.IntN(5))]
				mu.Unlock()
				switch rand.IntN(12) {
				case 0:
					check(second(app.DeleteMessage(ctx, id, chat.DeleteSoft, "")))
				case 1:
					check(second(app.DeleteMessage(ctx, id, chat.DeleteHard, "")))
				case 2, 3:
					check(second(app.CommitMessage(ctx, id)))
				case 4:
					if i%20 == 0 {
						check(app.TruncateChannel(ctx, rooms[1], nil))
					}
				case 5, 6, 7:
					check(second(jane.UpdateMessage(ctx, id, chat.MessageUpdate{Text: text()})))
				case 8:
					check(second(jane.PatchMessage(ctx, id, set("text", text()))))
				default:
					o := &chat.SendOptions{}
					if rand.IntN(3) == 0 {
						o.Pending = chat.PendingOn
					}
					m, err := app.Send(ctx, rooms[rand.IntN(2)], "jane", chat.Draft{Text: text()}, o)
					check(err)
					mu.Lock()
					ids = append(ids, m.ID)
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	deadline := time.Now().Add(time.Minute)
	for {
		wrong := ""
		for _, id := range ids {
			m, err := s.App.Message(t.Context(), id)
			if err != nil || m.Type == chat.TypeDeleted {
				continue
			}
			_, link, _ := strings.Cut(m.Text, "see ")
			link = strings.TrimSuffix(link, " now")
			var has []string
			for _, a := range m.Attachments {
				if has = append(has, a.OGScrapeURL); a.Title != a.OGScrapeURL || a.OGScrapeURL != link {
					t.Fatalf("%q has the preview of another: %+v", m.Text, a)
				}
			}
			if link != "" && len(has) != 1 {
				wrong = fmt.Sprintf("%q has the previews %q", m.Text, has)
			}
		}
		if wrong == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(wrong)
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.verify()
}

package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
)

// TestPushesOfAKilledProcessAreMade kills a process, again and again, in which 8
// callers send, commit and are refused, while pushes are made that fail now and
// then. What it had sent by then has been pushed when the next one has done what
// is due; nothing has been pushed that is not there.
func TestPushesOfAKilledProcessAreMade(t *testing.T) {
	if path := os.Getenv("CHAT_PUSH_FILE"); path != "" {
		pushChild(path)
		return
	}
	path, report := filepath.Join(t.TempDir(), "chat.db"), filepath.Join(t.TempDir(), "report")
	for round := range 3 {
		child := startChild(t, "ready", "CHAT_PUSH_FILE="+path, "CHAT_PUSH_REPORT="+report, fmt.Sprint("CHAT_PUSH_ROUND=", round))
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
		_ = child.Process.Kill()
		_ = child.Wait()                           // it was killed
		target := time.Now().Add(16 * time.Second) // what it had claimed is left alone for 15
		synctest.Test(t, func(t *testing.T) { pushNext(t, path, report, target) })
	}
}

// pushChild sends and pushes until it is killed. It reports a message when its
// call has returned, and a push before it is done.
func pushChild(path string) {
	ctx := context.Background()
	report, err := os.OpenFile(os.Getenv("CHAT_PUSH_REPORT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	crashFatal(err)
	write := func(what string, id chat.MessageID) error {
		_, err := report.WriteString(what + " " + string(id) + "\n")
		return err
	}
	app, err := chat.Open(path, &chat.Options{Pusher: chat.PusherFunc(func(_ context.Context, p chat.Push) error {
		if rand.IntN(8) == 0 {
			return errors.New("the phone is off")
		}
		return write("pushed", p.Message.ID)
	})})
	crashFatal(err)
	crashFatal(app.UpsertUsers(ctx, chat.User{ID: "john"}, chat.User{ID: "jane"}, chat.User{ID: "mary"}))
	_, err = app.EnsureChannel(ctx, room, chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"john", "jane"}})
	crashFatal(err)
	fmt.Println("ready")
	for caller := range 8 {
		go func() {
			for n := 0; ; n++ {
				id := chat.MessageID(fmt.Sprint(os.Getenv("CHAT_PUSH_ROUND"), "-", caller, "-", n))
				switch n % 3 {
				case 0:
					_, err := app.As("mary").Send(ctx, room, chat.Draft{ID: "refused-" + id, Text: "refused"})
					if !errors.Is(err, chat.ErrNotFound) {
						crashFatal(fmt.Errorf("a send by who is no member answers %w", err))
					}
					continue
				case 1:
					_, err := app.As("john").Send(ctx, room, chat.Draft{ID: id, Text: "sent"})
					crashFatal(err)
				case 2:
					_, err := app.Send(ctx, room, "john", chat.Draft{ID: id, Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
					crashFatal(err)
					_, err = app.CommitMessage(ctx, id)
					crashFatal(err)
				}
				crashFatal(write("sent", id))
			}
		}()
	}
	select {}
}

// pushNext is the next process, at a time when everything is due.
func pushNext(t *testing.T, path, report string, at time.Time) {
	time.Sleep(time.Until(at))
	p := &phone{}
	app, err := chat.Open(path, &chat.Options{NoBackground: true, Pusher: p})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for range 3 { // what failed is tried again later
		if _, err := app.RunDueWork(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
	}
	f, err := os.OpenFile(report, os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, push := range p.all() { // the next round asks about these too
		if !slices.Equal(push.Recipients, []chat.UserID{"jane"}) {
			t.Errorf("%s is pushed to %q", push.Message.ID, push.Recipients)
		}
		if _, err := f.WriteString("\npushed " + string(push.Message.ID) + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]map[string]bool{"sent": {}, "pushed": {}}
	for line := range strings.Lines(string(data)) {
		if what, id, whole := strings.Cut(strings.TrimSuffix(line, "\n"), " "); whole && strings.HasSuffix(line, "\n") {
			said[what][id] = true
		}
	}
	there := map[string]bool{}
	for q := (chat.MessageQuery{Limit: 300}); ; {
		page, err := app.Messages(t.Context(), room, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Items {
			there[string(m.ID)] = true
		}
		if q.Page = page.Prev; q.Page == "" {
			break
		}
	}
	if len(said["sent"]) == 0 {
		t.Error("the process was killed before anything was sent")
	}
	for id := range said["sent"] {
		if !there[id] {
			t.Errorf("%s was sent and is not there", id)
		}
	}
	for id := range there {
		if !said["pushed"][id] {
			t.Errorf("%s is there and was not pushed", id)
		}
	}
	for id := range said["pushed"] {
		if !there[id] {
			t.Errorf("%s was pushed and is not there", id)
		}
	}
	t.Logf("%d messages, %d reported as sent, %d pushed by the next process", len(there), len(said["sent"]), len(p.all()))
}

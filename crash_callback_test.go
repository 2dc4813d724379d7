package chat_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// startChild starts this test in a process of its own, and returns it once it has
// printed a line.
func startChild(t *testing.T, says string, environment ...string) *exec.Cmd {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), environment...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if lines := bufio.NewScanner(out); !lines.Scan() || lines.Text() != says {
		t.Errorf("the process says %q, not %q", lines.Text(), says)
	}
	return child
}

// TestCallbackOfAKilledProcessIsDelivered kills a process after a message was
// held and another deleted: before anything was posted, or while the receiver
// had the first post and had not answered. The next process posts what is owed.
func TestCallbackOfAKilledProcessIsDelivered(t *testing.T) {
	if path := os.Getenv("CHAT_CALLBACK_FILE"); path != "" {
		callbackChild(path)
		return
	}
	for name, background := range map[string]bool{"before it posts": false, "while it posts": true} {
		reached := make(chan *webhook.Callback, 10)
		verifier := &webhook.Verifier{Secrets: []string{hookSecret}}
		server := httptest.NewServer(verifier.Handler(func(ctx context.Context, c *webhook.Callback) error {
			reached <- c
			<-ctx.Done() // the process dies before it has an answer
			return ctx.Err()
		}))
		path := filepath.Join(t.TempDir(), "chat.db")
		child := startChild(t, "done", "CHAT_CALLBACK_FILE="+path, "CHAT_CALLBACK_URL="+server.URL, fmt.Sprintf("CHAT_CALLBACK_BACKGROUND=%t", background))
		var first *webhook.Callback
		if background {
			first = <-reached
		}
		_ = child.Process.Kill()
		_ = child.Wait() // it was killed
		server.Close()
		if len(reached) > 0 && !background {
			t.Errorf("%s: it has posted", name)
		}
		target := time.Now().Add(16 * time.Second) // what it had claimed is left alone for 15
		synctest.Test(t, func(t *testing.T) { callbackNext(t, path, target, first) })
	}
}

// callbackChild changes something, says so, and waits to be killed.
func callbackChild(path string) {
	ctx := context.Background()
	app, err := chat.Open(path, &chat.Options{NoBackground: os.Getenv("CHAT_CALLBACK_BACKGROUND") != "true"})
	crashFatal(err)
	crashFatal(app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{
			Mode: chat.CallbackREST, ServerURL: os.Getenv("CHAT_CALLBACK_URL"), Secret: hookSecret,
		}
		return nil
	}))
	crashFatal(app.UpsertUsers(ctx, chat.User{ID: "john"}))
	_, err = app.EnsureChannel(ctx, lounge, chat.ChannelDraft{CreatedBy: "john"})
	crashFatal(err)
	_, err = app.Send(ctx, lounge, "john", chat.Draft{ID: "m1", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
	crashFatal(err)
	_, err = app.DeleteMessage(ctx, "m1", chat.DeleteHard, "")
	crashFatal(err)
	_, err = app.Send(ctx, lounge, "nobody", chat.Draft{ID: "m2", Text: "refused"}, &chat.SendOptions{Pending: chat.PendingOn})
	if err == nil {
		crashFatal(fmt.Errorf("a message of nobody was sent"))
	}
	fmt.Println("done")
	select {}
}

// callbackNext is the next process, at a time when everything is due.
func callbackNext(t *testing.T, path string, at time.Time, first *webhook.Callback) {
	time.Sleep(time.Until(at))
	h := &hook{verifier: &webhook.Verifier{Secrets: []string{hookSecret}}}
	app, err := chat.Open(path, &chat.Options{NoBackground: true, CallbackTransport: http.RoundTripper(h)})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if _, err := app.RunDueWork(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "what the next process posts", h.accepted(), []string{"sent held", "deleted held"})
	all := h.all()
	if first != nil && len(all) > 0 && (all[0].ID != first.ID || first.Attempt != 1 || all[0].Attempt != 2) {
		t.Errorf("attempt %d of %s comes after attempt %d of %s", all[0].Attempt, all[0].ID, first.Attempt, first.ID)
	}
}

package interop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"example.com/chat"
	"example.com/chat/chattest"
	"example.com/chat/webhook"
)

// secrets of many lengths: what is shown of them in base64 ends in each way.
var secrets = []string{"s", "s3", "s3c", "s3cret", "päss wörd", strings.Repeat("x", 64), strings.Repeat("y", 1024)}

// library is the library with a secret as it is shown.
func library(t *testing.T, secret string) *standard.Webhook {
	t.Helper()
	l, err := standard.NewWebhook(webhook.StandardSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheLibraryTakesWhatAChatPosts(t *testing.T) {
	for _, secret := range secrets {
		type request struct {
			header http.Header
			body   []byte
		}
		received := make(chan request, 1)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			received <- request{r.Header, body}
		}))
		defer server.Close()
		app := chattest.New(t)
		err := app.UpdateSettings(t.Context(), func(s *chat.Settings) error {
			s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: server.URL, Secret: secret}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		room := app.AddChannel("messaging:room", "jane")
		if _, err := app.Send(t.Context(), room, "jane", chat.Draft{Text: "grüße"}, &chat.SendOptions{Pending: chat.PendingOn}); err != nil {
			t.Fatal(err)
		}
		r := <-received
		if err := library(t, secret).Verify(r.body, r.header); err != nil {
			t.Errorf("the library refuses a callback: %v", err)
		}
		if err := library(t, secret+"x").Verify(r.body, r.header); err == nil {
			t.Error("it takes it with another secret, too")
		}
		if err := library(t, secret).Verify(append(r.body, ' '), r.header); err == nil {
			t.Error("it takes another body, too")
		}
	}
}

func TestWeTakeWhatTheLibrarySigns(t *testing.T) {
	body := []byte(`{"message":{"id":"m1"},"metadata":{}}`)
	for _, secret := range secrets {
		at := time.Now()
		signature, err := library(t, secret).Sign("msg_1", at, body)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		ours := http.Header{}
		webhook.Sign(ours, secret, "msg_1", at, body)
		h.Set("webhook-id", "msg_1")
		h.Set("webhook-timestamp", ours.Get("webhook-timestamp"))
		h.Set("webhook-signature", signature)
		if signature != ours.Get("webhook-signature") {
			t.Errorf("the library signs %s, we %s", signature, ours.Get("webhook-signature"))
		}
		if err := (&webhook.Verifier{Secrets: []string{secret}}).Verify(h, body); err != nil {
			t.Errorf("we refuse what the library signed: %v", err)
		}
		if err := (&webhook.Verifier{Secrets: []string{secret + "x"}}).Verify(h, body); err == nil {
			t.Error("we take it with another secret, too")
		}
	}
}

package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"example.com/chat/webhook"
)

// A receiver in a few lines: what reaches the function is genuine.
func ExampleVerifier_Handler() {
	verifier := &webhook.Verifier{Secrets: []string{"s3cret"}}
	handler := verifier.Handler(func(_ context.Context, c *webhook.Callback) error {
		fmt.Println(c.Kind, c.Message.User.ID, c.Message.Text)
		return nil
	})

	body := `{"message":{"id":"m1","text":"Call me at 555 0100","user":{"id":"jane"}},"metadata":{}}`
	for _, secret := range []string{"s3cret", "a guess"} {
		r := httptest.NewRequest(http.MethodPost, "/hooks/PassOnPendingMessage", strings.NewReader(body))
		webhook.Sign(r.Header, secret, "1", time.Now(), []byte(body))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// PassOnPendingMessage jane Call me at 555 0100
	// 204
	// 401
}

// A request of any content can be signed and verified in the same way.
func ExampleSign() {
	body := `{"decision":"commit"}`
	r := httptest.NewRequest(http.MethodPost, "/decisions", strings.NewReader(body))
	webhook.Sign(r.Header, "s3cret", "1", time.Now(), []byte(body))

	verifier := &webhook.Verifier{Secrets: []string{"s3cret"}}
	read, err := verifier.Read(r)
	fmt.Println(string(read), err)
	// Output:
	// {"decision":"commit"} <nil>
}

// Libraries for Standard Webhooks take the secret in this form.
func ExampleStandardSecret() {
	fmt.Println(webhook.StandardSecret("s3cret"))
	// Output:
	// whsec_czNjcmV0
}

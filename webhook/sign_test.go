package webhook_test

import (
	"net/http"
	"testing"
	"time"

	"example.com/chat/webhook"
)

// The values were computed with openssl dgst -sha256 -hmac.
func TestSignaturesAreThoseOfTheRules(t *testing.T) {
	h := http.Header{}
	webhook.Sign(h, "s3cret", "id-1", time.Unix(1_700_000_000, 999), []byte(`{"a":1}`))
	for name, want := range map[string]string{
		"X-Signature":       "5910e62016ef5034272c926c27071992a465c2335cecf41851bda071577f4f6d",
		"X-Webhook-Id":      "id-1",
		"webhook-id":        "id-1",
		"webhook-timestamp": "1700000000",
		"webhook-signature": "v1,ptB/Bx6uQbTgbsxdLuNLpNIrB0UNx4wkLFDG/8MNclw=",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := webhook.StandardSecret("s3cret"); got != "whsec_czNjcmV0" {
		t.Errorf("the secret is shown as %q", got)
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	h := http.Header{}
	webhook.Sign(h, "", "id-1", time.Unix(1_700_000_000, 0), []byte("body"))
	if len(h) != 3 || h.Get("webhook-signature") != "" || h.Get("X-Signature") != "" || h.Get("webhook-id") != "id-1" {
		t.Errorf("the headers are %v", h)
	}
}

package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// The headers of a signed request.
const (
	headerBodySignature = "X-Signature" // hex HMAC-SHA256 of the body
	headerOwnID         = "X-Webhook-Id"
	headerAttempt       = "X-Webhook-Attempt"

	// Standard Webhooks.
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp" // seconds since 1970
	headerSignature = "Webhook-Signature" // "v1," and base64 HMAC-SHA256 of id.timestamp.body
)

const signatureVersion = "v1,"

// Sign sets the headers that say who a request is from: its id, without a dot,
// the time and both signatures of the body. The secret's bytes are the key. An
// empty secret signs nothing; the id and the time are set all the same.
func Sign(h http.Header, secret, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h.Set(headerOwnID, id)
	h.Set(headerID, id)
	h.Set(headerTimestamp, timestamp)
	if secret == "" {
		return
	}
	h.Set(headerBodySignature, hex.EncodeToString(sign(secret, body)))
	h.Set(headerSignature, signatureVersion+base64.StdEncoding.EncodeToString(signStandard(secret, id, timestamp, body)))
}

// StandardSecret is a secret in the form in which libraries for Standard
// Webhooks take it: "whsec_" and its bytes in base64.
func StandardSecret(secret string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
}

func sign(secret string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func signStandard(secret, id, timestamp string, body []byte) []byte {
	return sign(secret, []byte(id), []byte{'.'}, []byte(timestamp), []byte{'.'}, body)
}

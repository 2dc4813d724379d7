package webhook

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is wrong with a request. The errors of this package wrap one of these;
// any other is of reading the request.
var (
	ErrNoSecret  = errors.New("webhook: the verifier has no secret")
	ErrUnsigned  = errors.New("webhook: the request is not signed")
	ErrSignature = errors.New("webhook: the signature is wrong")
	ErrAge       = errors.New("webhook: the request was not signed just now")
	ErrTooLarge  = errors.New("webhook: the body is too large")
	ErrMalformed = errors.New("webhook: the request is not a callback")
)

const (
	standardTolerance = 5 * time.Minute
	standardMaxBody   = 16 << 20
)

// Verifier checks requests. Do not change it while it is used; then it is safe
// for concurrent use.
type Verifier struct {
	// Secrets are those that a request may be signed with, as they are in the
	// settings of the chat: one, or several while one replaces another. None, or
	// an empty one, answers ErrNoSecret.
	Secrets []string

	// Tolerance is how long ago, or ahead by another clock, a request may have
	// been signed. Default 5 minutes.
	Tolerance time.Duration

	// MaxBody is how many bytes a body may have; more is ErrTooLarge. Default
	// 16 MiB, far more than callbacks have that people cause. It is no bound of
	// theirs: the JSON of one message with everything at its limits, that quotes
	// another such, has several MiB.
	MaxBody int64
}

// Verify checks the signatures and the age of a request with these headers and
// this body, byte for byte as it came: ErrUnsigned without the headers of
// Standard Webhooks, ErrSignature, ErrAge. The time it takes says nothing of the
// secrets.
func (v *Verifier) Verify(h http.Header, body []byte) error {
	if err := v.checkSecrets(); err != nil {
		return err
	}
	r := signed{
		id: h.Get(headerID), timestamp: h.Get(headerTimestamp), signatures: strings.Fields(h.Get(headerSignature)), body: body,
	}
	if r.id == "" || r.timestamp == "" || len(r.signatures) == 0 {
		return fmt.Errorf("%w: it needs the headers webhook-id, webhook-timestamp and webhook-signature", ErrUnsigned)
	}
	if r.hasBodySignature = h.Get(headerBodySignature) != ""; r.hasBodySignature {
		r.bodySignature, _ = hex.DecodeString(h.Get(headerBodySignature)) // what is no hex fits nothing
	}
	if own := h.Get(headerOwnID); own != "" && own != r.id {
		return fmt.Errorf("%w: its two ids differ", ErrSignature)
	}
	if !v.match(&r) {
		return fmt.Errorf("%w: it was signed with another secret, or changed on its way", ErrSignature)
	}
	return v.checkAge(r.timestamp)
}

func (v *Verifier) checkSecrets() error {
	if len(v.Secrets) == 0 {
		return ErrNoSecret
	}
	for _, secret := range v.Secrets {
		if secret == "" {
			return fmt.Errorf("%w: one of its secrets is empty", ErrNoSecret)
		}
	}
	return nil
}

// signed is a request as it claims to be.
type signed struct {
	id, timestamp    string
	signatures       []string // of Standard Webhooks
	body             []byte
	hasBodySignature bool
	bodySignature    []byte
}

// match says whether one of the secrets made the signatures. It tries all.
func (v *Verifier) match(r *signed) (matches bool) {
	for _, secret := range v.Secrets {
		fits := false
		want := signStandard(secret, r.id, r.timestamp, r.body)
		for _, s := range r.signatures {
			encoded, known := strings.CutPrefix(s, signatureVersion)
			got, err := base64.StdEncoding.DecodeString(encoded)
			if known && err == nil && hmac.Equal(got, want) {
				fits = true
			}
		}
		if r.hasBodySignature && !hmac.Equal(r.bodySignature, sign(secret, r.body)) {
			fits = false
		}
		matches = matches || fits
	}
	return matches
}

func (v *Verifier) checkAge(timestamp string) error {
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: webhook-timestamp is not a number of seconds", ErrAge)
	}
	tolerance := v.Tolerance
	if tolerance == 0 {
		tolerance = standardTolerance
	}
	// By the clock's seconds, as the time that was signed: a far one would not
	// fit into a Duration.
	age := float64(time.Now().Unix()) - float64(at)
	switch limit := tolerance.Seconds(); {
	case age > limit:
		return fmt.Errorf("%w: it was more than %v ago", ErrAge, tolerance)
	case age < -limit:
		return fmt.Errorf("%w: it is more than %v ahead; compare the clocks", ErrAge, tolerance)
	}
	return nil
}

// Read reads the body of a request and verifies it: beside what Verify answers,
// ErrTooLarge, and ErrMalformed for one without a body. It is for requests of any
// content that were signed with [Sign].
func (v *Verifier) Read(r *http.Request) ([]byte, error) {
	if err := v.checkSecrets(); err != nil {
		return nil, err
	}
	limit := v.MaxBody
	if limit == 0 {
		limit = standardMaxBody
	}
	tooLarge := fmt.Errorf("%w: it may have %d bytes", ErrTooLarge, limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	if r.Body == nil { // as a server never gives it
		return nil, fmt.Errorf("%w: it has no body", ErrMalformed)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("webhook: reading the body: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge
	}
	return body, v.Verify(r.Header, body)
}

// Callback reads, verifies and decodes a callback: beside what Read answers,
// ErrMalformed.
func (v *Verifier) Callback(r *http.Request) (*Callback, error) {
	body, err := v.Read(r)
	if err != nil {
		return nil, err
	}
	return decode(r, body)
}

// Handler serves callbacks: each that is genuine is given to receive, and
// answered with 204 if that returns nil, or else with 500, so that it comes
// again. Nothing of an error is told to the other side. A request that is not a
// callback, or not genuine, is answered with 400, 401, 405 or 413.
func (v *Verifier) Handler(receive func(context.Context, *Callback) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed)
			return
		}
		callback, err := v.Callback(r)
		if err != nil {
			answer(w, statusOf(err))
			return
		}
		if err := receive(r.Context(), callback); err != nil {
			answer(w, http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func answer(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrNoSecret):
		return http.StatusInternalServerError
	case errors.Is(err, ErrUnsigned), errors.Is(err, ErrSignature), errors.Is(err, ErrAge):
		return http.StatusUnauthorized
	case errors.Is(err, ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

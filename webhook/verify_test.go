package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/chat/webhook"
)

const (
	secret = "s3cret"
	sent   = `{"message":{"id":"m1","cid":"messaging:ride","type":"regular","text":"hello","html":"<p>hello</p>\n",` +
		`"user":{"id":"jane","name":"Jane","role":"user","Name":"Not Jane"},"attachments":[{"type":"image","image_url":"/a.png","Image_URL":"/b.png"}],` +
		`"created_at":"2026-11-25T05:00:00.000001Z","deleted_at":null,"restricted_visibility":["john"],"Text":"harmless","TEXT":"harmless"},` +
		`"metadata":{"why":"new"}}`
)

// signedRequest is a request as the chat makes it.
func signedRequest(secret string, at time.Time, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/PassOnPendingMessage", strings.NewReader(body))
	webhook.Sign(r.Header, secret, "id-1", at, []byte(body))
	r.Header.Set("X-Webhook-Attempt", "3")
	return r
}

func TestCallbackIsVerifiedAndDecoded(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{secret}}
	at := time.Now().Truncate(time.Second)
	c, err := v.Callback(signedRequest(secret, at, sent))
	if err != nil {
		t.Fatal(err)
	}
	if c.Kind != webhook.PendingSent || c.ID != "id-1" || c.Attempt != 3 || !c.SignedAt.Equal(at) || c.Metadata["why"] != "new" {
		t.Errorf("the callback is %+v", c)
	}
	m := c.Message
	if m.ID != "m1" || m.CID != "messaging:ride" || m.Type != "regular" || m.HTML != "<p>hello</p>\n" || m.ParentID != "" ||
		len(m.Restricted) != 1 || m.Restricted[0] != "john" || !m.DeletedAt.IsZero() || m.CreatedAt.Nanosecond() != 1000 {
		t.Errorf("the message is %+v", m)
	}
	// A name in other letters is custom data, and hides nothing.
	if m.Text != "hello" || m.User != (webhook.User{ID: "jane", Name: "Jane", Role: "user"}) || m.Attachments[0].ImageURL != "/a.png" {
		t.Errorf("the message is %+v", m)
	}
	var whole struct{ Text string }
	if err := json.Unmarshal(m.Raw, &whole); err != nil || !strings.HasPrefix(sent, `{"message":`+string(m.Raw)) {
		t.Errorf("the whole message is %s (%v)", m.Raw, err)
	}
}

func TestWhatIsNotGenuineIsRefused(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{secret}}
	change := func(f func(http.Header)) func(*http.Request) { return func(r *http.Request) { f(r.Header) } }
	other := http.Header{}
	webhook.Sign(other, secret, "id-1", time.Now(), []byte("another body"))
	for _, test := range []struct {
		name string
		with func(*http.Request)
		want error
	}{
		{"no signature", change(func(h http.Header) { h.Del("webhook-signature") }), webhook.ErrUnsigned},
		{"no time", change(func(h http.Header) { h.Del("webhook-timestamp") }), webhook.ErrUnsigned},
		{"no id", change(func(h http.Header) { h.Del("webhook-id") }), webhook.ErrUnsigned},
		{"the signature of the body alone", func(r *http.Request) {
			for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
				r.Header.Del(name)
			}
		}, webhook.ErrUnsigned},
		{"another body", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(sent, "hello", "hallo", 1)))
		}, webhook.ErrSignature},
		{"another id", change(func(h http.Header) { h.Set("webhook-id", "id-2"); h.Set("X-Webhook-Id", "id-2") }), webhook.ErrSignature},
		{"two ids", change(func(h http.Header) { h.Set("X-Webhook-Id", "id-2") }), webhook.ErrSignature},
		{"another time", change(func(h http.Header) { h.Set("webhook-timestamp", "1700000000") }), webhook.ErrSignature},
		{"the signature of another body", change(func(h http.Header) { h["Webhook-Signature"] = other["Webhook-Signature"] }), webhook.ErrSignature},
		{"X-Signature of another body", change(func(h http.Header) { h["X-Signature"] = other["X-Signature"] }), webhook.ErrSignature},
		{"X-Signature that is no hex", change(func(h http.Header) { h.Set("X-Signature", "zz") }), webhook.ErrSignature},
		{"another version", change(func(h http.Header) {
			h.Set("webhook-signature", strings.Replace(h.Get("webhook-signature"), "v1,", "v2,", 1))
		}), webhook.ErrSignature},
		{"no version", change(func(h http.Header) { h.Set("webhook-signature", h.Get("webhook-signature")[3:]) }), webhook.ErrSignature},
		{"an empty signature", change(func(h http.Header) { h.Set("webhook-signature", "v1,") }), webhook.ErrSignature},
		{"a signature that is cut", change(func(h http.Header) { h.Set("webhook-signature", h.Get("webhook-signature")[:20]) }), webhook.ErrSignature},
	} {
		r := signedRequest(secret, time.Now(), sent)
		test.with(r)
		if c, err := v.Callback(r); !errors.Is(err, test.want) || c != nil {
			t.Errorf("%s: the error is %v, want %v", test.name, err, test.want)
		}
	}
}

func TestOneOfSeveralSignaturesIsEnough(t *testing.T) {
	r := signedRequest(secret, time.Now(), sent)
	r.Header.Set("webhook-signature", "v1a,x v1,AAAA "+r.Header.Get("webhook-signature")+" v9")
	r.Header.Del("X-Signature") // other senders have none
	r.Header.Del("X-Webhook-Id")
	if _, err := (&webhook.Verifier{Secrets: []string{secret}}).Callback(r); err != nil {
		t.Error(err)
	}
}

func TestSecretsMayBeReplaced(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{"new", "old"}}
	for _, secret := range v.Secrets {
		if _, err := v.Callback(signedRequest(secret, time.Now(), sent)); err != nil {
			t.Errorf("signed with the %s secret: %v", secret, err)
		}
	}
	// The two signatures must be of the same.
	r, other := signedRequest("new", time.Now(), sent), signedRequest("old", time.Now(), sent)
	r.Header["X-Signature"] = other.Header["X-Signature"]
	if _, err := v.Callback(r); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("signed with one secret each: %v", err)
	}
	for _, none := range [][]string{nil, {}, {""}, {secret, ""}} {
		v := &webhook.Verifier{Secrets: none}
		if _, err := v.Callback(signedRequest("", time.Now(), sent)); !errors.Is(err, webhook.ErrNoSecret) {
			t.Errorf("with the secrets %q: %v", none, err)
		}
	}
}

func TestAgeIsChecked(t *testing.T) {
	for _, test := range []struct {
		tolerance, age time.Duration
		fine           bool
	}{
		{0, 0, true},
		{0, 4*time.Minute + 50*time.Second, true},
		{0, 5*time.Minute + 10*time.Second, false},
		{0, -4*time.Minute - 50*time.Second, true},
		{0, -5*time.Minute - 10*time.Second, false},
		{0, 250 * 365 * 24 * time.Hour, false},
		{time.Hour, 50 * time.Minute, true},
		{time.Hour, 70 * time.Minute, false},
		{time.Second, time.Minute, false},
	} {
		v := &webhook.Verifier{Secrets: []string{secret}, Tolerance: test.tolerance}
		_, err := v.Callback(signedRequest(secret, time.Now().Add(-test.age), sent))
		if test.fine && err != nil || !test.fine && !errors.Is(err, webhook.ErrAge) {
			t.Errorf("signed %v ago, with a tolerance of %v: %v", test.age, test.tolerance, err)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{secret}, MaxBody: 100}
	fits, tooLarge := strings.Repeat("x", 100), strings.Repeat("x", 101)
	if body, err := v.Read(signedRequest(secret, time.Now(), fits)); err != nil || string(body) != fits {
		t.Errorf("100 bytes: %v", err)
	}
	for _, length := range []int64{101, -1, 3} { // what the other side says of it
		r := signedRequest(secret, time.Now(), tooLarge)
		r.ContentLength = length
		if _, err := v.Read(r); !errors.Is(err, webhook.ErrTooLarge) {
			t.Errorf("101 bytes, said to be %d: %v", length, err)
		}
	}
	read := 0
	r := signedRequest(secret, time.Now(), "")
	r.Body, r.ContentLength = io.NopCloser(readerFunc(func(b []byte) (int, error) { read += len(b); return len(b), nil })), -1
	if _, err := (&webhook.Verifier{Secrets: []string{secret}}).Read(r); !errors.Is(err, webhook.ErrTooLarge) || read > 64<<20 {
		t.Errorf("of a body without end %d bytes were read: %v", read, err)
	}
}

func TestRequestWithoutABodyIsMalformed(t *testing.T) {
	r := signedRequest(secret, time.Now(), "")
	r.Body = nil
	v := &webhook.Verifier{Secrets: []string{secret}}
	if _, err := v.Read(r); !errors.Is(err, webhook.ErrMalformed) {
		t.Errorf("Read: %v", err)
	}
	if _, err := v.Callback(r); !errors.Is(err, webhook.ErrMalformed) {
		t.Errorf("Callback: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestGenuineRequestThatIsNoCallbackIsMalformed(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{secret}}
	deleted := strings.Replace(sent, `"deleted_at":null`, `"deleted_at":"2026-11-25T05:00:01Z"`, 1)
	for _, test := range []struct{ path, body string }{
		{"/PassOnPendingMessage", ""},
		{"/PassOnPendingMessage", "null"},
		{"/PassOnPendingMessage", "[]"},
		{"/PassOnPendingMessage", "{}"},
		{"/PassOnPendingMessage", sent + "x"},
		{"/PassOnPendingMessage", `{"message":null,"metadata":{}}`},
		{"/PassOnPendingMessage", `{"message":{"text":"no id"}}`},
		{"/PassOnPendingMessage", `{"message":{"id":5}}`},
		{"/PassOnPendingMessage", `{"message":{"id":"m1"},"metadata":{"a":1}}`},
		{"/PassOnPendingMessage", `{"message":{"id":"m1","created_at":"yesterday"}}`},
		{"/PassOnPendingMessage", deleted}, // replayed to the other path
		{"/DeletedPendingMessage", sent},
		{"/", sent},
		{"/PassOnPendingMessage/x", sent},
	} {
		r := httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body))
		webhook.Sign(r.Header, secret, "id-1", time.Now(), []byte(test.body))
		if _, err := v.Callback(r); !errors.Is(err, webhook.ErrMalformed) {
			t.Errorf("%.60s to %s: %v", test.body, test.path, err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/DeletedPendingMessage", strings.NewReader(deleted))
	webhook.Sign(r.Header, secret, "id-1", time.Now(), []byte(deleted))
	if c, err := v.Callback(r); err != nil || c.Kind != webhook.PendingDeleted || c.Message.DeletedAt.IsZero() {
		t.Errorf("a deletion is %+v (%v)", c, err)
	}
}

func TestHandlerAnswers(t *testing.T) {
	fails := errors.New("the database is down")
	for _, test := range []struct {
		name    string
		with    func(*http.Request)
		receive error
		secrets []string
		want    int
	}{
		{"genuine", func(*http.Request) {}, nil, []string{secret}, 204},
		{"not processed", func(*http.Request) {}, fails, []string{secret}, 500},
		{"a GET", func(r *http.Request) { r.Method = http.MethodGet }, nil, []string{secret}, 405},
		{"unsigned", func(r *http.Request) { r.Header = http.Header{} }, nil, []string{secret}, 401},
		{"another secret", func(*http.Request) {}, nil, []string{"another"}, 401},
		{"too old", func(r *http.Request) { *r = *signedRequest(secret, time.Now().Add(-time.Hour), sent) }, nil, []string{secret}, 401},
		{"no secret", func(*http.Request) {}, nil, nil, 500},
		{"too large", func(r *http.Request) { r.ContentLength = 1 << 40 }, nil, []string{secret}, 413},
		{"another path", func(r *http.Request) { r.URL.Path = "/" }, nil, []string{secret}, 400},
		{"cut off", func(r *http.Request) {
			r.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
		}, nil, []string{secret}, 400},
	} {
		received := 0
		handler := (&webhook.Verifier{Secrets: test.secrets}).Handler(func(_ context.Context, c *webhook.Callback) error {
			received++
			return test.receive
		})
		r := signedRequest(secret, time.Now(), sent)
		test.with(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.want || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%s: answered %d %q, want %d", test.name, w.Code, w.Body, test.want)
		}
		if genuine := test.want == 204 || test.receive != nil; (received == 1) != genuine {
			t.Errorf("%s: received %d times", test.name, received)
		}
	}
}

func FuzzVerify(f *testing.F) {
	h := http.Header{}
	webhook.Sign(h, secret, "id-1", time.Now(), []byte(sent))
	f.Add("/PassOnPendingMessage", sent, "id-1", h.Get("webhook-timestamp"), h.Get("webhook-signature"), h.Get("X-Signature"))
	f.Add("/DeletedPendingMessage", "{", "", "-9223372036854775808", "v1, v1,=", "0")
	v := &webhook.Verifier{Secrets: []string{"not " + secret}}
	f.Fuzz(func(t *testing.T, path, body, id, timestamp, signature, bodySignature string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}, "X-Signature": {bodySignature}}
		if err := v.Verify(h, []byte(body)); err == nil {
			t.Error("it is taken for genuine")
		}
		// Whatever is signed decodes, or does not; what decodes names a message.
		if path == "" || path[0] != '/' || strings.ContainsAny(path, " \r\n\t%?#\x00\x7f") {
			path = "/PassOnPendingMessage"
		}
		r := &http.Request{Method: http.MethodPost, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}
		r.URL = httptest.NewRequest(http.MethodPost, "/", nil).URL
		r.URL.Path = path
		webhook.Sign(r.Header, secret, "id-1", time.Now(), []byte(body))
		c, err := (&webhook.Verifier{Secrets: []string{secret}}).Callback(r)
		if err == nil && (c.Message.ID == "" || !json.Valid(c.Message.Raw)) || err != nil && !errors.Is(err, webhook.ErrMalformed) {
			t.Errorf("it is %+v (%v)", c, err)
		}
	})
}

func TestWhatHoldsNoEventsIsMalformed(t *testing.T) {
	v := &webhook.Verifier{Secrets: []string{secret}}
	for _, body := range []string{sent, `{}`, `null`, `{"events":null}`, `{"events":[]}`, `{"events":{}}`, `{"events":[{"cid":"a:b"}]}`, `{"Events":[{"type":"wave"}]}`} {
		list, err := v.ReadEvents(signedRequest(secret, time.Now(), body))
		if !errors.Is(err, webhook.ErrMalformed) || list != nil {
			t.Errorf("%s is read as %v (%v)", body, list, err)
		}
	}
	list, err := v.ReadEvents(signedRequest(secret, time.Now(), `{"events":[{"type":"wave"},{"type":"message.new"}]}`))
	if err != nil || len(list) != 2 || list[1].Type != "message.new" {
		t.Errorf("two events are read as %v (%v)", list, err)
	}
	if _, err := v.ReadEvents(signedRequest("other", time.Now(), `{"events":[{"type":"wave"}]}`)); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("events with a wrong signature: %v", err)
	}
}

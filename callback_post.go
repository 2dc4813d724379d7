package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/webhook"
)

const (
	postsAtOnce = 16
	maxAnswer   = 64 << 10 // bytes read of an answer, so that its connection can be used again
)

// poster posts callbacks.
type poster struct {
	client *http.Client
	close  func()
}

func newPoster(transport http.RoundTripper) poster {
	p := poster{close: func() {}}
	if transport == nil {
		own := &http.Transport{
			// No proxy that the environment names: the settings alone say where a
			// message goes. HTTP/1.1, whose connections each attempt gives up with
			// itself: one of HTTP/2 that hangs would be used by the next ones too.
			Protocols:              new(http.Protocols),
			MaxIdleConnsPerHost:    postsAtOnce,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxAnswer,
			DisableCompression:     true,
		}
		own.Protocols.SetHTTP1(true)
		transport, p.close = own, own.CloseIdleConnections
	}
	p.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// callbackBody is the body of a callback.
type callbackBody struct {
	Message  Message           `json:"message"`
	Metadata map[string]string `json:"metadata"`
}

// post posts a callback to the address that the settings give now.
func (a *App) post(ctx context.Context, job outbox.Job) error {
	t, err := decodeTold(job.Payload)
	if err != nil {
		return err
	}
	var settings *storedSettings
	var store string
	content := callbackBody{Metadata: notNilMap(metadataFrom(t.message.Metadata))}
	err = a.db.View(ctx, func(r *record.Reader) (err error) {
		if settings, err = loadSettings(r); err != nil {
			return err
		}
		b := r.Batch()
		meta := b.Meta()
		if err := b.Run(); err != nil {
			return err
		}
		store = meta.V.Store
		content.Message, err = renderTold(r, job.Subject, &t)
		return err
	})
	if err != nil {
		return err
	}
	if !settings.posts() {
		return fail(ErrState, "", "the callback mode is %s", CallbackNone)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	kind := webhook.PendingSent
	if t.what == toldDeleted {
		kind = webhook.PendingDeleted
	}
	callback := &settings.Moderation.Callback
	id := callbackID(store, kind, t.message.ID)
	return a.callOut(ctx, CallbackPost, t.message.ID, job.Attempt, len(body), func(ctx context.Context) error {
		return a.poster.post(ctx, callback.ServerURL, callback.Secret, kind, id, job.Attempt, body)
	})
}

// callbackID is the same for all attempts of a callback, on all instances, and
// differs from that of any other: a message is pending once in its life.
func callbackID(store string, kind webhook.Kind, message string) string {
	space, _ := uuid.Parse(store) // the zero one if the store has lost its own
	return uuid.NewSHA1(space, []byte(string(kind)+" "+message)).String()
}

// post posts a signed body of a kind to a server.
func (p poster) post(ctx context.Context, server, secret string, kind webhook.Kind, id string, attempt int, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/"+string(kind), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Webhook-Attempt", strconv.Itoa(attempt))
	webhook.Sign(request.Header, secret, id, time.Now(), body)
	return p.send(request)
}

// send sends a request; an answer 2xx is success, whatever it says.
func (p poster) send(request *http.Request) error {
	response, err := p.client.Do(request)
	if err != nil {
		// The address may hold a secret, and errors are kept and logged.
		var withAddress *url.Error
		if errors.As(err, &withAddress) {
			err = withAddress.Err
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return fmt.Errorf("the receiver answered %d; a redirect is not followed", code)
	default:
		return fmt.Errorf("the receiver answered %d", code)
	}
}

package chat

import (
	"context"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// Settings are the application's settings. They lie in the store, so that every
// instance sees a change, and can be changed at run time. The background work of
// another instance on the store notices a change within 30 seconds.
type Settings struct {
	// AsyncModeration is about pending messages.
	AsyncModeration AsyncModeration

	// EventWebhook is where everything that happens is posted. Default: nowhere.
	EventWebhook EventWebhook
}

// AsyncModeration says who is told of pending messages and when they expire.
type AsyncModeration struct {
	// Callback is where the application is told over HTTP.
	Callback ModerationCallback

	// Timeout is how long a message may be pending before it is deleted: at
	// least 1 ms, in whole milliseconds. A change applies to those already
	// pending. Default 3 days.
	Timeout time.Duration
}

// ModerationCallback is where the application is told of pending messages over
// HTTP, beside Options.Pending and independent of it: what is sent is posted to
// ServerURL/PassOnPendingMessage, what is deleted to
// ServerURL/DeletedPendingMessage, a commit to neither. The body is
// {"message": …, "metadata": {…}}, the message as the application sees it; the
// package webhook verifies and decodes it.
//
// Any answer 2xx is success. A redirect is not followed. Whatever else comes of
// a post, within ten seconds, is a failure: it is tried again as a call of
// Options.Pending is, and given up after Options.PendingGiveUp; see
// [App.FailedCallbacks]. Callbacks of one message come in order, at least once;
// at most 16 are posted at the same time.
//
// A change of the address or of the secret applies to what is still owed, from
// the next attempt on.
type ModerationCallback struct {
	// Mode says whether callbacks are recorded. What was recorded before it
	// became CallbackNone stays owed: an attempt while it is so fails.
	Mode CallbackMode

	// ServerURL is an absolute http or https URL. Its path is kept, a trailing
	// slash dropped. Required by CallbackREST.
	ServerURL string

	// Secret signs the callbacks: its bytes are the key of an HMAC-SHA256.
	// Without one they are not signed. No read returns it: it is empty in what
	// Settings returns, and an empty one in UpdateSettings keeps the present
	// one. ClearSecret removes it.
	Secret      string
	ClearSecret bool
}

// CallbackMode says whether the application is told over HTTP.
type CallbackMode string

// The callback modes.
const (
	CallbackNone CallbackMode = "CALLBACK_MODE_NONE" // the default
	CallbackREST CallbackMode = "CALLBACK_MODE_REST"
)

// storedSettings is how settings lie in the store.
type storedSettings struct {
	Moderation struct {
		Callback struct {
			Mode      CallbackMode `json:"mode"`
			ServerURL string       `json:"server_url"`
			Secret    string       `json:"secret"`
		} `json:"callback"`
		TimeoutMS int64 `json:"timeout_ms"`
	} `json:"async_moderation_config"`
	Events storedWebhook `json:"event_webhook,omitzero"`
}

// storedWebhook is how an EventWebhook lies in the store.
type storedWebhook struct {
	ServerURL string      `json:"server_url"`
	Types     []EventType `json:"types,omitempty"`
	Secret    string      `json:"secret,omitempty"`

	// Since is where it begins. How far it was told since then lies elsewhere: to
	// write that here would have all that follows from settings read anew. Nil:
	// it was set by a program that stored its first place there.
	Since *logPosition `json:"since,omitempty"`
}

// logPosition is how a storage.Position lies in the store.
type logPosition [2]uint64

// position is the first one of all if there is none.
func (p *logPosition) position() storage.Position {
	if p == nil {
		return storage.Position{}
	}
	return storage.PositionAt(p[0], p[1])
}

// begin has events posted from now on.
func (s *storedWebhook) begin(r *record.Reader) error {
	last, err := r.LastPosition()
	high, low := last.Numbers()
	s.Since = &logPosition{high, low}
	return err
}

func standardSettings() storedSettings {
	var s storedSettings
	s.Moderation.Callback.Mode = CallbackNone
	s.Moderation.TimeoutMS = standardPendingTimeout.Milliseconds()
	return s
}

// timeout is the standard one where the store has lost its settings.
func (s *storedSettings) timeout() time.Duration {
	if s == nil {
		return standardPendingTimeout
	}
	return time.Duration(s.Moderation.TimeoutMS) * time.Millisecond
}

// posts says whether the application is told over HTTP.
func (s *storedSettings) posts() bool {
	return s != nil && s.Moderation.Callback.Mode == CallbackREST
}

// public is the settings as reads return them.
func (s *storedSettings) public() Settings {
	return Settings{
		AsyncModeration: AsyncModeration{
			Callback: ModerationCallback{Mode: s.Moderation.Callback.Mode, ServerURL: s.Moderation.Callback.ServerURL},
			Timeout:  s.timeout(),
		},
		EventWebhook: EventWebhook{ServerURL: s.Events.ServerURL, Types: slices.Clone(s.Events.Types)},
	}
}

// changed is the stored settings with what the application set.
func (s storedSettings) changed(to Settings) (storedSettings, error) {
	callback := to.AsyncModeration.Callback
	const field = "async_moderation_config."
	switch callback.Mode {
	case "":
		callback.Mode = CallbackNone
	case CallbackNone, CallbackREST:
	default:
		return s, invalid(field+"callback.mode", "is %.64q; must be %s or %s", callback.Mode, CallbackREST, CallbackNone)
	}
	address, err := checkServerURL(field+"callback.server_url", callback.ServerURL)
	if err != nil {
		return s, err
	}
	if address == "" && callback.Mode == CallbackREST {
		return s, invalid(field+"callback.server_url", "is empty; %s needs one", CallbackREST)
	}
	if err := changeSecret(&s.Moderation.Callback.Secret, field+"callback.secret", callback.Secret, callback.ClearSecret); err != nil {
		return s, err
	}
	timeout := to.AsyncModeration.Timeout
	if timeout == 0 {
		timeout = standardPendingTimeout
	}
	if timeout < time.Millisecond || timeout%time.Millisecond != 0 || timeout > 10*365*24*time.Hour {
		return s, invalid(field+"timeout_ms", "is %v; must be whole milliseconds, 1 ms to 10 years", timeout)
	}
	s.Moderation.Callback.Mode, s.Moderation.Callback.ServerURL = callback.Mode, address
	s.Moderation.TimeoutMS = timeout.Milliseconds()
	return s, s.Events.change(to.EventWebhook)
}

// change sets what the application set.
func (s *storedWebhook) change(to EventWebhook) (err error) {
	const field = "event_webhook."
	if s.ServerURL, err = checkServerURL(field+"server_url", to.ServerURL); err != nil {
		return err
	}
	if s.Types, err = keptEventTypes(field+"types", to.Types); err != nil {
		return err
	}
	return changeSecret(&s.Secret, field+"secret", to.Secret, to.ClearSecret)
}

// changeSecret sets a secret, keeps it where none is given, or clears it.
func changeSecret(secret *string, field, to string, clear bool) error {
	if err := checkText(field, to); err != nil {
		return err
	}
	if len(to) > 1024 {
		return fail(ErrTooLong, field, "has %d bytes; at most 1,024", len(to))
	}
	switch {
	case clear:
		*secret = ""
	case to != "":
		*secret = to
	}
	return nil
}

func checkServerURL(field, address string) (string, error) {
	if address == "" {
		return "", nil
	}
	if err := checkText(field, address); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	switch {
	case len(address) > 2048:
		return "", fail(ErrTooLong, field, "has %d bytes; at most 2,048", len(address))
	case err != nil || u.Opaque != "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", invalid(field, "is not an absolute http or https URL")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(address, "#"):
		return "", invalid(field, "has a query or a fragment; give scheme, host and path alone")
	}
	return strings.TrimRight(address, "/"), nil
}

func loadSettings(r *record.Reader) (*storedSettings, error) {
	b := r.Batch()
	s := record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return nil, err
	}
	if !s.Found {
		standard := standardSettings()
		return &standard, nil
	}
	return s.V, nil
}

// Settings returns the application's settings, without the secret.
func (a *App) Settings(ctx context.Context) (_ Settings, err error) {
	defer a.operation(&ctx, "Settings").ended(&err)
	var s Settings
	err = a.view(ctx, "Settings", func(r *record.Reader) error {
		stored, err := loadSettings(r)
		if err == nil {
			s = stored.public()
		}
		return err
	})
	return s, err
}

// UpdateSettings changes the application's settings: change is called with the
// settings as they are. An error from change is returned as it is and nothing
// is changed. It may be called more than once.
func (a *App) UpdateSettings(ctx context.Context, change func(*Settings) error) (err error) {
	const op = "UpdateSettings"
	defer a.operation(&ctx, op).ended(&err)
	if change == nil {
		return in(op, invalid("change", "is nil"))
	}
	begins := false // the webhook
	err = a.changeStored(ctx, op, func(r *record.Reader) (any, func() (any, error), error) {
		stored, err := loadSettings(r)
		if err != nil {
			return nil, nil, err
		}
		return *stored, func() (any, error) {
			s := stored.public()
			if err := change(&s); err != nil {
				return nil, hookError{err}
			}
			after, err := stored.changed(s)
			begins = stored.Events.ServerURL == "" && after.Events.ServerURL != ""
			return after, err
		}, nil
	}, func(tx *record.Txn, v any) error {
		after := v.(storedSettings)
		if begins {
			if err := after.Events.begin(&tx.Reader); err != nil {
				return err
			}
		}
		return tx.PutSettings(after)
	})
	a.outbox.Wake()
	select {
	case a.settingsNews <- struct{}{}:
	default:
	}
	return err
}

// hookError carries an error of the application's own code to the caller as it
// is.
type hookError struct{ error }

// changeStored changes a record of the application by its own function, which
// runs outside of any transaction: what load read is compared with what is
// there when the change is stored, and all of it done again if it differs.
func (a *App) changeStored(ctx context.Context, op string,
	load func(*record.Reader) (before any, change func() (any, error), err error),
	store func(*record.Txn, any) error,
) error {
	for {
		var before any
		var change func() (any, error)
		err := a.view(ctx, op, func(r *record.Reader) (err error) {
			before, change, err = load(r)
			return err
		})
		if err != nil {
			return err
		}
		after, err := change()
		if h, ok := err.(hookError); ok {
			return h.error
		}
		if err != nil {
			return in(op, err)
		}
		stored := false
		err = a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
			stored = false
			present, _, err := load(&tx.Reader)
			if err != nil || !reflect.DeepEqual(before, present) {
				return err
			}
			stored = true
			return store(tx, after)
		})
		if err != nil || stored {
			return err
		}
	}
}

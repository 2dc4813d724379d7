package chat_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

const (
	hookURL    = "https://hooks.example.org/chat"
	hookSecret = "s3cret"
)

// hook is a receiver of callbacks over HTTP without a network: it is the
// transport of the chat itself.
type hook struct {
	guard    sync.Mutex
	attempts []hookAttempt
	log      []string                // what it accepted
	answer   func(hookAttempt) error // nil: accepted
	takes    func(hookAttempt) time.Duration
	verifier *webhook.Verifier // nil: it takes what is not signed, too
	problems []error
}

// errAnswer is an answer other than 200.
type errAnswer int

func (e errAnswer) Error() string { return strconv.Itoa(int(e)) }

// errDead is what comes of a receiver that cannot be reached.
var errDead = errors.New("connection refused")

// hookAttempt is one request.
type hookAttempt struct {
	*webhook.Callback
	at     time.Time
	url    string
	header http.Header
	body   []byte
}

func (a hookAttempt) what() string {
	return map[webhook.Kind]string{webhook.PendingSent: "sent ", webhook.PendingDeleted: "deleted "}[a.Kind] + a.Message.Text
}

func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := h.read(r)
	if err != nil {
		h.guard.Lock()
		defer h.guard.Unlock()
		h.problems = append(h.problems, err)
		return nil, err
	}
	h.guard.Lock()
	takes := h.takes
	h.guard.Unlock()
	if takes != nil {
		select {
		case <-time.After(takes(a)):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	h.guard.Lock()
	defer h.guard.Unlock()
	h.attempts = append(h.attempts, a)
	status := http.StatusOK
	if h.answer != nil {
		if err := h.answer(a); err != nil {
			var other errAnswer
			if !errors.As(err, &other) {
				return nil, err
			}
			if status = int(other); status >= 300 {
				return hookResponse(r, status), nil
			}
		}
	}
	h.log = append(h.log, a.what())
	return hookResponse(r, status), nil
}

func hookResponse(r *http.Request, status int) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Location": {hookURL + "/elsewhere"}}, Body: io.NopCloser(strings.NewReader("rubbish")),
	}
}

// read checks a request as a receiver does.
func (h *hook) read(r *http.Request) (hookAttempt, error) {
	a := hookAttempt{at: time.Now(), url: r.URL.String(), header: r.Header.Clone()}
	var err error
	if a.body, err = io.ReadAll(r.Body); err != nil {
		return a, err
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		return a, fmt.Errorf("a callback is a %s of %q", r.Method, r.Header.Get("Content-Type"))
	}
	h.guard.Lock()
	verifier := h.verifier
	h.guard.Unlock()
	header := r.Header
	if verifier == nil { // it has no signature; give it one to decode it
		verifier, header = &webhook.Verifier{Secrets: []string{"any"}}, r.Header.Clone()
		webhook.Sign(header, "any", header.Get("webhook-id"), time.Now(), a.body)
	}
	a.Callback, err = verifier.Callback(&http.Request{URL: r.URL, Header: header, Body: io.NopCloser(bytes.NewReader(a.body))})
	return a, err
}

func (h *hook) set(answer func(hookAttempt) error) {
	h.guard.Lock()
	defer h.guard.Unlock()
	h.answer = answer
}

func (h *hook) all() []hookAttempt {
	h.guard.Lock()
	defer h.guard.Unlock()
	return slices.Clone(h.attempts)
}

func (h *hook) accepted() []string {
	h.guard.Lock()
	defer h.guard.Unlock()
	return slices.Clone(h.log)
}

func (h *hook) reset() {
	h.guard.Lock()
	defer h.guard.Unlock()
	h.attempts, h.log, h.answer, h.takes, h.problems = nil, nil, nil, nil, nil
	h.verifier = &webhook.Verifier{Secrets: []string{hookSecret}}
}

// want waits until the receiver has accepted all this, and checks that it was
// posted nothing else.
func (h *hook) want(s *scenario, want ...string) {
	s.t.Helper()
	for range 5000 {
		if len(h.accepted()) >= len(want) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	s.sleep(2 * time.Millisecond) // for what should not come
	if got := h.accepted(); !slices.Equal(got, want) {
		s.t.Errorf("posted were %q, want %q", got, want)
	}
	h.guard.Lock()
	defer h.guard.Unlock()
	for _, err := range h.problems {
		s.t.Errorf("a post is refused: %v", err)
	}
}

// eachDriverHooked is eachDriver with a receiver over HTTP, which the settings
// name.
func eachDriverHooked(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, h *hook)) {
	t.Helper()
	h := &hook{}
	eachDriverWith(t, hookOptions(options, h), func(t *testing.T, s *scenario) {
		h.reset()
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL, Secret: hookSecret})
		story(t, s, h)
	})
}

// inMemoryHooked is its first half.
func inMemoryHooked(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, h *hook)) {
	t.Helper()
	h := &hook{}
	inMemory(t, hookOptions(options, h), func(t *testing.T, s *scenario) {
		h.reset()
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL, Secret: hookSecret})
		story(t, s, h)
	})
}

func hookOptions(options *chat.Options, h *hook) *chat.Options {
	if options == nil {
		options = &chat.Options{}
	}
	options.CallbackTransport = h
	return options
}

// callBack changes where callbacks go.
func (s *scenario) callBack(c chat.ModerationCallback) {
	s.t.Helper()
	s.check(s.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
		settings.AsyncModeration.Callback = c
		return nil
	}))
}

// failed are the callbacks that were given up.
func (s *scenario) failed() []chat.FailedCallback {
	s.t.Helper()
	page, err := s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{Limit: 300})
	s.check(err)
	return page.Items
}

func TestWhatIsSentAndWhatIsDeletedIsPostedAndACommitIsNot(t *testing.T) {
	eachDriverHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		for _, way := range []struct {
			name string
			end  func(cid chat.CID, parent, id chat.MessageID) error
			left bool // nothing more is posted
		}{
			{"committed", func(_ chat.CID, _, id chat.MessageID) error { return errOf(s.CommitMessage(s.ctx, id)) }, true},
			{"deleted by its author", func(_ chat.CID, _, id chat.MessageID) error {
				return errOf(s.as("john").DeleteMessage(s.ctx, id, chat.DeleteHard))
			}, false},
			{"deleted by the server", func(_ chat.CID, _, id chat.MessageID) error {
				return errOf(s.DeleteMessage(s.ctx, id, chat.DeleteHard, ""))
			}, false},
			{"deleted with its parent", func(_ chat.CID, parent, _ chat.MessageID) error {
				return errOf(s.as("jane").DeleteMessage(s.ctx, parent, chat.DeleteHard))
			}, false},
			{"truncated", func(cid chat.CID, _, _ chat.MessageID) error { return s.TruncateChannel(s.ctx, cid, nil) }, false},
			{"truncated hard", func(cid chat.CID, _, _ chat.MessageID) error {
				return s.TruncateChannel(s.ctx, cid, &chat.TruncateOptions{Hard: true})
			}, false},
			{"deleted with its channel", func(cid chat.CID, _, _ chat.MessageID) error {
				return s.DeleteChannel(s.ctx, cid, chat.DeleteHard)
			}, false},
			{"overdue", func(chat.CID, chat.MessageID, chat.MessageID) error {
				s.setTimeout(time.Millisecond)
				return nil
			}, false},
		} {
			h.reset()
			s.setTimeout(time.Hour)
			cid := s.channel(chat.CID("messaging:"+newName(way.name)), "john", "jane")
			parent := s.as("jane").send(cid, "parent")
			held := s.send(cid, "john", chat.Draft{Text: way.name, ParentID: parent.ID},
				&chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"}})
			h.want(s, "sent "+way.name)
			s.check(way.end(cid, parent.ID, held.ID))
			if way.left {
				h.want(s, "sent "+way.name)
				continue
			}
			h.want(s, "sent "+way.name, "deleted "+way.name)
			for i, a := range h.all() {
				if a.Message.ID != string(held.ID) || a.Metadata["why"] != "new" {
					t.Errorf("%s: post %d is about %s, with %v", way.name, i, a.Message.ID, a.Metadata)
				}
			}
		}
	})
}

func TestCallbackHasBothSetsOfHeadersAndTheMessageOfTheApplication(t *testing.T) {
	eachDriverHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john", "jane")
		held := s.send(lounge, "john", chat.Draft{ID: "m1", Text: "held", Restricted: []chat.UserID{"jane"}, Custom: chat.Custom{"Text": "not this"}},
			&chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"score": "0.97", "why": "new"}})
		h.want(s, "sent held")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		h.want(s, "sent held", "deleted held")
		mac := func(parts ...string) []byte {
			m := hmac.New(sha256.New, []byte(hookSecret))
			for _, p := range parts {
				m.Write([]byte(p))
			}
			return m.Sum(nil)
		}
		ids := map[string]bool{}
		for i, a := range h.all() {
			if want := hookURL + []string{"/PassOnPendingMessage", "/DeletedPendingMessage"}[i]; a.url != want {
				t.Errorf("posted to %s, want %s", a.url, want)
			}
			want := held
			if i == 1 {
				at := a.Message.DeletedAt
				want.DeletedAt = &at
			}
			wire, err := json.Marshal(want)
			s.check(err)
			if want := `{"message":` + string(wire) + `,"metadata":{"score":"0.97","why":"new"}}`; string(a.body) != want {
				t.Errorf("the body is\n%s\nwant\n%s", a.body, want)
			}
			id, stamp := a.header.Get("webhook-id"), a.header.Get("webhook-timestamp")
			for name, want := range map[string]string{
				"X-Signature":       hex.EncodeToString(mac(string(a.body))),
				"X-Webhook-Id":      id,
				"X-Webhook-Attempt": "1",
				"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac(id, ".", stamp, ".", string(a.body))),
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if seconds, err := strconv.ParseInt(stamp, 10, 64); err != nil || seconds > a.at.Unix() || seconds < a.at.Unix()-1 {
				t.Errorf("webhook-timestamp is %q at %d", stamp, a.at.Unix())
			}
			ids[id] = true
		}
		if len(ids) != 2 || ids[""] {
			t.Errorf("two callbacks have the ids %v", ids)
		}
	})
}

func TestCallbackWithoutASecretIsNotSigned(t *testing.T) {
	eachDriverHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		h.verifier = nil
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL, ClearSecret: true})
		s.channel(lounge, "john")
		s.hold(lounge, "john", "held")
		h.want(s, "sent held")
		a := h.all()[0]
		if a.header.Get("X-Signature") != "" || a.header.Get("webhook-signature") != "" {
			t.Errorf("it is signed: %v", a.header)
		}
		if a.header.Get("X-Webhook-Id") == "" || a.header.Get("webhook-timestamp") == "" {
			t.Errorf("it does not say which it is: %v", a.header)
		}
		if !strings.HasSuffix(string(a.body), `,"metadata":{}}`) {
			t.Errorf("without metadata the body ends %q", a.body[len(a.body)-30:])
		}
	})
}

func TestAnswer2xxIsSuccessAndAnythingElseIsTriedAgain(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		for _, answer := range []error{
			errAnswer(200), errAnswer(201), errAnswer(204), errAnswer(299), errAnswer(300), errAnswer(301), errAnswer(302), errAnswer(307),
			errAnswer(308), errAnswer(400), errAnswer(401), errAnswer(404), errAnswer(410), errAnswer(429), errAnswer(500), errAnswer(503), errDead,
		} {
			h.reset()
			first := true
			h.set(func(hookAttempt) error {
				if first {
					first = false
					return answer
				}
				return nil
			})
			s.hold(lounge, "john", answer.Error())
			s.sleep(3 * time.Second)
			want := 2
			if code, ok := answer.(errAnswer); ok && code < 300 {
				want = 1
			}
			if all := h.all(); len(all) != want || all[0].url != all[want-1].url {
				t.Errorf("after %v it is posted %d times, want %d", answer, len(all), want)
			}
			h.want(s, "sent "+answer.Error())
		}
	})
}

func TestAttemptsOfACallbackAreNumberedHaveOneIDAndGrowApart(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		h.set(func(hookAttempt) error { return errAnswer(500) })
		s.hold(lounge, "john", "held")
		s.sleep(6 * time.Hour)
		all := h.all()
		if len(all) < 12 {
			t.Fatalf("%d attempts in six hours", len(all))
		}
		wait := time.Second
		for i, a := range all {
			if a.Attempt != i+1 || a.ID != all[0].ID || !bytes.Equal(a.body, all[0].body) {
				t.Errorf("attempt %d calls itself %d, has the id %s and %d bytes", i+1, a.Attempt, a.ID, len(a.body))
			}
			if a.SignedAt.Unix() != a.at.Unix() {
				t.Errorf("attempt %d, at %v, was signed at %v", i+1, a.at, a.SignedAt)
			}
			if i == 0 {
				continue
			}
			if delay := a.at.Sub(all[i-1].at); delay < wait*8/10 || delay > wait*12/10 {
				t.Errorf("attempt %d came %v after the one before, want about %v", i+1, delay, wait)
			}
			wait = min(2*wait, time.Hour)
		}
		h.set(nil)
		s.sleep(2 * time.Hour)
		h.want(s, "sent held")
	})
}

func TestReceiverThatHangsIsGivenTenSecondsEachTime(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		h.takes = func(a hookAttempt) time.Duration {
			if a.Attempt == 1 {
				return time.Hour
			}
			return 0
		}
		began := time.Now()
		s.hold(lounge, "john", "held")
		s.sleep(13 * time.Second)
		h.want(s, "sent held")
		if a := h.all()[0]; a.Attempt != 2 || a.at.Sub(began) < 10*time.Second {
			t.Errorf("attempt %d came after %v", a.Attempt, a.at.Sub(began))
		}
	})
}

func TestCallbacksOfOneMessageComeInOrder(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		h.set(func(a hookAttempt) error {
			if a.Kind == webhook.PendingSent {
				return errDead
			}
			return nil
		})
		held := s.hold(lounge, "john", "held")
		_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
		s.check(err)
		s.sleep(time.Minute)
		h.want(s) // the second waits for the first
		h.set(nil)
		s.sleep(2 * time.Minute)
		h.want(s, "sent held", "deleted held")
	})
}

func TestDeadOrSlowReceiverDelaysNeitherSendsNorOtherMessages(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		bad := func(a hookAttempt) bool { return strings.HasPrefix(a.Message.Text, "bad") }
		h.takes = func(a hookAttempt) time.Duration {
			if bad(a) {
				return time.Hour
			}
			return 0
		}
		began := time.Now()
		for i := range 10 {
			s.hold(lounge, "john", fmt.Sprint("bad ", i))
		}
		s.hold(lounge, "john", "good")
		if took := time.Since(began); took != 0 {
			t.Errorf("a receiver that hangs delayed the sends by %v", took)
		}
		h.want(s, "sent good")
		for i := range 20 { // some of the bad are tried again meanwhile
			h.reset()
			h.takes = func(a hookAttempt) time.Duration {
				if bad(a) {
					return time.Hour
				}
				return 0
			}
			text := fmt.Sprint("good ", i)
			s.hold(lounge, "john", text)
			h.want(s, "sent "+text)
			s.sleep(3 * time.Second)
		}
	})
}

func TestManyCallbacksWaitForADeadReceiverAndAllComeInOrder(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		h.set(func(hookAttempt) error { return errDead })
		const n = 500
		began := time.Now()
		for i := range n {
			held := s.hold(lounge, "john", fmt.Sprint(i))
			if i%2 == 0 {
				_, err := s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")
				s.check(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a dead receiver delayed the sends by %v", took)
		}
		s.sleep(10 * time.Minute)
		if got := h.accepted(); len(got) != 0 {
			t.Fatalf("a dead receiver has accepted %d", len(got))
		}
		h.set(nil)
		s.sleep(time.Hour)
		got := h.accepted()
		if len(got) != n+n/2 {
			t.Errorf("%d were accepted, want %d", len(got), n+n/2)
		}
		place := map[string]int{}
		for i, what := range got {
			if _, again := place[what]; again {
				t.Errorf("%s came again", what)
			}
			place[what] = i
		}
		for i := 0; i < n; i += 2 {
			if place[fmt.Sprint("deleted ", i)] < place[fmt.Sprint("sent ", i)] {
				t.Errorf("%d was told deleted before it was told sent", i)
			}
		}
	})
}

func TestHandlerAndCallbackAreToldIndependently(t *testing.T) {
	h, told := &hook{}, &receiver{}
	inMemory(t, &chat.Options{Pending: told, CallbackTransport: h, PendingGiveUp: time.Hour}, func(t *testing.T, s *scenario) {
		h.reset()
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: hookURL, Secret: hookSecret})
		s.channel(lounge, "john")
		s.hold(lounge, "john", "to both")
		told.want(s, "sent to both")
		h.want(s, "sent to both")

		h.set(func(hookAttempt) error { return errDead })
		s.hold(lounge, "john", "to the handler")
		s.sleep(30 * time.Minute)
		told.want(s, "sent to both", "sent to the handler") // once

		told.setDown(func(string, chat.PendingMessage) error { return errors.New("down") })
		h.set(nil)
		s.hold(lounge, "john", "to the other")
		s.sleep(4 * time.Hour)
		h.want(s, "sent to both", "sent to the other", "sent to the handler")
		if n := len(h.all()); n < 6 {
			t.Errorf("%d attempts", n)
		}
		failed := s.failed()
		if len(failed) != 1 || failed[0].Posted || failed[0].Deleted || failed[0].Problem != "down" || failed[0].CID != lounge {
			t.Errorf("given up are %+v, want the call of the handler alone", failed)
		}
	})
}

func TestSettingsChangeWhereCallbacksGoAtRunTime(t *testing.T) {
	inMemoryHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		other, err := chat.New(s.store, s.options)
		s.check(err)
		defer func() { s.check(other.Close()) }()
		s.channel(lounge, "john")
		h.set(func(a hookAttempt) error {
			if strings.HasPrefix(a.url, hookURL) {
				return errDead
			}
			return nil
		})
		s.hold(lounge, "john", "first")
		s.sleep(time.Second / 2)

		// The instance that did not change it applies it too.
		h.verifier = &webhook.Verifier{Secrets: []string{hookSecret, "another"}}
		s.check(other.UpdateSettings(s.ctx, func(settings *chat.Settings) error {
			settings.AsyncModeration.Callback.ServerURL, settings.AsyncModeration.Callback.Secret = "https://new.example.org/", "another"
			return nil
		}))
		h.guard.Lock()
		h.verifier = &webhook.Verifier{Secrets: []string{"another"}}
		h.guard.Unlock()
		s.sleep(2 * time.Second)
		h.want(s, "sent first")
		if all := h.all(); all[len(all)-1].url != "https://new.example.org/PassOnPendingMessage" {
			t.Errorf("posted to %s", all[len(all)-1].url)
		}

		// What was recorded stays owed while the mode is none; what is sent then is
		// not recorded.
		h.set(func(hookAttempt) error { return errDead })
		s.hold(lounge, "john", "second")
		s.sleep(time.Second / 2)
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackNone, ServerURL: "https://new.example.org"})
		h.set(nil)
		s.hold(lounge, "john", "third")
		s.sleep(time.Minute)
		h.want(s, "sent first")
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: "https://new.example.org"})
		s.sleep(5 * time.Minute)
		h.want(s, "sent first", "sent second")
	})
}

func TestNothingIsPostedOfWhatDidNotHappen(t *testing.T) {
	eachDriverHooked(t, nil, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		s.as("john").send(lounge, "never held")
		_, err := s.Send(s.ctx, lounge, "nobody", chat.Draft{Text: "refused"}, &chat.SendOptions{Pending: chat.PendingOn})
		wantErr(t, err, chat.ErrInvalid)
		held := s.hold(lounge, "john", "held")
		_, err = s.as("john").DeleteMessage(s.ctx, held.ID, chat.DeleteSoft)
		wantErr(t, err, chat.ErrPending)
		h.want(s, "sent held")
	})
}

func TestCallbackIsOwedAcrossARestart(t *testing.T) {
	eachDriverHooked(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario, h *hook) {
		s.channel(lounge, "john")
		s.hold(lounge, "john", "held")
		h.want(s)
		s.check(s.Close())
		s.options = &chat.Options{CallbackTransport: h}
		s.open()
		h.want(s, "sent held")
		s.reopen()
		if n, err := s.RunDueWork(s.ctx); n != 0 || err != nil {
			t.Errorf("%d calls are left (%v)", n, err)
		}
	})
}

package chat_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/chattest"
	"example.com/chat/webhook"
)

// What a real receiver may do on a real connection. Nothing runs in the
// background here: each attempt is made by the test.

// posting is a chat that posts to a receiver on this machine.
type posting struct {
	*chattest.App
	t *testing.T
}

func newPosting(t *testing.T, address string, options chat.Options) *posting {
	t.Helper()
	options.NoBackground, options.PendingGiveUp = true, time.Nanosecond // one attempt
	p := &posting{chattest.NewWith(t, &options), t}
	p.check(p.postTo(address))
	p.AddChannel(lounge, "john")
	return p
}

func (p *posting) postTo(address string) error {
	return p.UpdateSettings(p.t.Context(), func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: address, Secret: hookSecret}
		return nil
	})
}

func (p *posting) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *posting) hold(text string) {
	p.t.Helper()
	_, err := p.Send(p.t.Context(), lounge, "john", chat.Draft{Text: text}, &chat.SendOptions{Pending: chat.PendingOn})
	p.check(err)
}

// post holds a message and posts it, and returns the problem of that, if any.
func (p *posting) post() string {
	p.t.Helper()
	p.hold("held")
	n, err := p.RunDueWork(p.t.Context())
	p.check(err)
	if n != 1 {
		p.t.Errorf("%d attempts were made, want one", n)
	}
	page, err := p.FailedCallbacks(p.t.Context(), chat.FailedCallbackQuery{})
	p.check(err)
	if len(page.Items) == 0 {
		return ""
	}
	p.check(p.DiscardCallback(p.t.Context(), page.Items[0].ID))
	return page.Items[0].Problem
}

func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

// hangUp ends a connection without an answer, after some bytes of one.
func hangUp(w http.ResponseWriter, begun string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, begun)
	_ = conn.Close()
}

func TestWhatAReceiverAnswersOnAConnection(t *testing.T) {
	for _, test := range []struct {
		name   string
		handle http.HandlerFunc
		want   string // part of the problem; empty: accepted
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, ""},
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		{"rubbish with 200", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\x00{{<html>") }, ""},
		{"200, and ends in the middle", func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhal")
		}, ""},
		{"500 with a page of html", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, strings.Repeat("<p>sorry</p>", 1000))
		}, "the receiver answered 500"},
		{"304", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, "the receiver answered 304; a redirect is not followed"},
		{"ends without an answer", func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "") }, "EOF"},
		{"ends in the headers", func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "HTTP/1.1 200 OK\r\nX-A: b") }, "EOF"},
		{"something that is not HTTP", func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "220 mail.example.org ESMTP\r\n") }, "malformed"},
		{"headers without end", func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("b", 1<<20)+"\r\n\r\n")
		}, "exceeded 65536 bytes"},
	} {
		server := serve(t, test.handle)
		p := newPosting(t, server.URL, chat.Options{})
		if problem := p.post(); (problem == "") != (test.want == "") || !strings.Contains(problem, test.want) || len(problem) > 500 {
			t.Errorf("%s: the problem is %q, want %q", test.name, problem, test.want)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	target := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, code) })
		p := newPosting(t, server.URL, chat.Options{})
		if problem := p.post(); !strings.HasSuffix(problem, "a redirect is not followed") {
			t.Errorf("%d: the problem is %q", code, problem)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests went where a redirect leads", n)
	}
}

func TestOfAHugeAnswerLittleIsRead(t *testing.T) {
	written := make(chan int64, 1)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n, _ := io.Copy(w, io.LimitReader(zeros{}, 1<<30))
		written <- n
	})
	p := newPosting(t, server.URL, chat.Options{})
	if problem := p.post(); problem != "" {
		t.Errorf("the problem is %q", problem)
	}
	// What the two sockets hold is more than what is read.
	if n := <-written; n > 64<<20 {
		t.Errorf("%d bytes of an answer without end went", n)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestCloseDoesNotWaitForAReceiverThatHangs(t *testing.T) {
	reached := make(chan struct{}, 1)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- struct{}{}
		<-r.Context().Done()
	})
	app := chattest.New(t)
	err := app.UpdateSettings(t.Context(), func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: server.URL}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	app.AddChannel(lounge, "john")
	if _, err := app.Send(t.Context(), lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn}); err != nil {
		t.Fatal(err)
	}
	<-reached
	began := time.Now()
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestAttemptEndsWithItsContext(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // and now it trickles
		<-r.Context().Done()
	})
	p := newPosting(t, server.URL, chat.Options{})
	p.hold("held")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := p.RunDueWork(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("RunDueWork answers %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	server.Config.ErrorLog = nil
	if problem := newPosting(t, server.URL, chat.Options{}).post(); !strings.Contains(problem, "certificate") {
		t.Errorf("the problem is %q", problem)
	}
	if problem := newPosting(t, server.URL, chat.Options{CallbackTransport: server.Client().Transport}).post(); problem != "" {
		t.Errorf("with the certificate known the problem is %q", problem)
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	var asked atomic.Int64
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	if problem := newPosting(t, "http://receiver.invalid/hooks", chat.Options{}).post(); !strings.Contains(problem, "receiver.invalid") {
		t.Errorf("the problem is %q", problem)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the proxy was asked %d times", n)
	}
}

func TestProblemDoesNotTellTheAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nobody is there
	problem := newPosting(t, "http://me:pass@"+address+"/hidden/path", chat.Options{}).post()
	if !strings.Contains(problem, "refused") || strings.Contains(problem, "hidden") || strings.Contains(problem, "pass") {
		t.Errorf("the problem is %q", problem)
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "thanks") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	p := newPosting(t, server.URL, chat.Options{})
	for range 20 {
		if problem := p.post(); problem != "" {
			t.Fatal(problem)
		}
	}
	if n := connections.Load(); n > 2 {
		t.Errorf("20 callbacks took %d connections", n)
	}
}

func TestVerifierTakesWhatTheChatPosts(t *testing.T) {
	received := make(chan *webhook.Callback, 1)
	verifier := &webhook.Verifier{Secrets: []string{"the one before", hookSecret}}
	server := httptest.NewServer(verifier.Handler(func(_ context.Context, c *webhook.Callback) error {
		received <- c
		return nil
	}))
	defer server.Close()
	p := newPosting(t, server.URL+"/some/where/", chat.Options{})
	if problem := p.post(); problem != "" {
		t.Fatal(problem)
	}
	c := <-received
	if c.Kind != webhook.PendingSent || c.Attempt != 1 || c.Message.Text != "held" || c.Message.User.ID != "john" || c.Message.CID != string(lounge) {
		t.Errorf("it received %+v", c)
	}
	var whole chat.Message
	if err := whole.UnmarshalJSON(c.Message.Raw); err != nil || string(whole.ID) != c.Message.ID || whole.Pending == nil {
		t.Errorf("the whole message is %+v (%v)", whole, err)
	}
	verifier.Secrets = []string{"another"}
	if problem := p.post(); problem != "the receiver answered 401" {
		t.Errorf("with another secret the problem is %q", problem)
	}
}

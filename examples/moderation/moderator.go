package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"time"

	"example.com/chat/webhook"
)

// rule is what the moderator looks for in a text.
type rule struct {
	finds    *regexp.Regexp
	what     string
	decision string // empty: a person decides
}

func rules() []rule {
	return []rule{
		{regexp.MustCompile(`\d{3}[ -]?\d{4}`), "a phone number", "delete"},
		{regexp.MustCompile(`https?://`), "a link", ""},
	}
}

// moderator receives what awaits a decision. Of the chat it knows package
// webhook alone.
type moderator struct {
	decisions string
	secret    string
	out       io.Writer
	rules     []rule

	mu   sync.Mutex
	desk map[string]string // by message: texts that a person is to look at
}

// moderate runs the moderator until in ends or it is interrupted. Its first line
// is where it listens.
func moderate(decisions, secret string, in io.Reader, out io.Writer) error {
	m := &moderator{decisions: decisions, secret: secret, out: out, rules: rules(), desk: map[string]string{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	verifier := &webhook.Verifier{Secrets: []string{secret}}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/", verifier.Handler(m.receive))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	interrupted, done := signal.NotifyContext(context.Background(), os.Interrupt)
	defer done()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		done()
	}()
	go func() {
		<-interrupted.Done()
		_ = server.Close()
	}()
	m.say("http://%s/hooks", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (m *moderator) say(format string, args ...any) { _, _ = fmt.Fprintf(m.out, format+"\n", args...) }

// receive is called with each callback. An error has it come again. It may come
// again anyway, which does no harm here: a decision that was made stays as it is.
func (m *moderator) receive(ctx context.Context, c *webhook.Callback) error {
	id, text := c.Message.ID, c.Message.Text
	if c.Kind == webhook.PendingDeleted {
		m.mu.Lock()
		_, waits := m.desk[id]
		delete(m.desk, id)
		m.mu.Unlock()
		if waits {
			m.say("%q is gone; nobody need look at it", text)
		} else {
			m.say("%q is gone", text)
		}
		return nil
	}
	for _, r := range m.rules {
		if !r.finds.MatchString(text) {
			continue
		}
		if r.decision == "" {
			m.mu.Lock()
			m.desk[id] = text
			m.mu.Unlock()
			m.say("%q has %s: a person is to look at it", text, r.what)
			return nil
		}
		return m.decide(ctx, r.decision, c, "has "+r.what)
	}
	return m.decide(ctx, "commit", c, "is fine")
}

// decide posts a decision to the application.
func (m *moderator) decide(ctx context.Context, decision string, c *webhook.Callback, because string) error {
	body := []byte(decision + " " + c.Message.ID)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.decisions, bytes.NewReader(body))
	if err != nil {
		return err
	}
	webhook.Sign(request.Header, m.secret, c.ID, time.Now(), body)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the application answers %s", response.Status)
	}
	m.say("%q %s: %s", c.Message.Text, because, decision)
	return nil
}

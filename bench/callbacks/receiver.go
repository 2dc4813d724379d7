package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"example.com/chat/webhook"
)

const secret = "secret"

// bad is a receiver of no use.
type bad struct {
	name  string
	serve func() *httptest.Server
}

func receivers() []bad {
	return []bad{
		{"refuses", func() *httptest.Server {
			gone := httptest.NewServer(nil)
			gone.Close()
			return gone
		}},
		{"answers 500", func() *httptest.Server {
			return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
			}))
		}},
		{"hangs", func() *httptest.Server {
			return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // so that it learns that nobody waits any more
				<-r.Context().Done()
			}))
		}},
	}
}

// good is a receiver that takes everything and remembers it.
type good struct {
	mu       sync.Mutex
	wants    int
	taken    map[taken]bool
	again    int // came more than once
	tooEarly int // the deletion before the send
	all      chan struct{}
}

// taken is a callback.
type taken struct {
	kind    webhook.Kind
	message string
}

func newGood(wants int) *good {
	return &good{wants: wants, taken: map[taken]bool{}, all: make(chan struct{})}
}

func (g *good) serve() *httptest.Server {
	verifier := &webhook.Verifier{Secrets: []string{secret}}
	return httptest.NewServer(verifier.Handler(func(_ context.Context, c *webhook.Callback) error {
		g.take(taken{c.Kind, c.Message.ID})
		return nil
	}))
}

func (g *good) take(t taken) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken[t] {
		g.again++
		return
	}
	if t.kind == webhook.PendingDeleted && !g.taken[taken{webhook.PendingSent, t.message}] {
		g.tooEarly++
	}
	g.taken[t] = true
	if len(g.taken) == g.wants {
		close(g.all)
	}
}

// count is how many callbacks came, and how many of them again and too early.
func (g *good) count() (came, again, tooEarly int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.taken), g.again, g.tooEarly
}

package unfurl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/internal/safehttp"
)

// slow is a Fetcher whose fetches take a second, and what they do.
type slow struct {
	*Fetcher
	mu      sync.Mutex
	running map[string]int
	most    map[string]int // at once, by host, and "" for all
	begun   []string
}

func newSlow(t *testing.T, o Options) *slow {
	t.Helper()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &slow{Fetcher: f, running: map[string]int{}, most: map[string]int{}}
	f.fetch = s.fetch
	return s
}

// fetch takes a second at a host; a link to /to/HOST is redirected there for
// another second. One to /fail fails.
func (s *slow) fetch(ctx context.Context, c *call) result {
	s.mu.Lock()
	s.begun = append(s.begun, c.key)
	s.mu.Unlock()
	ctx = context.WithValue(ctx, callKey{}, c)
	s.at(ctx, c.url.Host)
	if to, ok := strings.CutPrefix(c.url.Path, "/to/"); ok {
		next := *c.url
		next.Host = to
		limited, cancel := context.WithTimeout(ctx, 4*time.Second)
		defer cancel()
		if err := s.redirected(limited, c.url, &next); err != nil {
			return result{err: ErrNone, keep: s.options.CacheFailureFor}
		}
		s.at(ctx, to)
	}
	if ctx.Err() != nil {
		return result{err: ErrClosed}
	}
	if c.url.Path == "/fail" {
		return result{err: ErrNone, keep: s.options.CacheFailureFor}
	}
	return result{preview: Preview{Title: c.key}, keep: s.options.CacheFor}
}

func (s *slow) at(ctx context.Context, host string) {
	s.change(host, 1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	s.change(host, -1)
}

func (s *slow) change(host string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{host, ""} {
		s.running[name] += by
		s.most[name] = max(s.most[name], s.running[name])
	}
}

func TestEqualLinksAreFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{})
		defer s.Close()
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				ctx := t.Context()
				if i%2 == 0 {
					ctx = hasty // also of the one who came first
				}
				p, err := s.Preview(ctx, fmt.Sprintf("https://example.org/#%d", i))
				if i%2 == 0 && !errors.Is(err, context.DeadlineExceeded) || i%2 == 1 && (err != nil || p.OGScrapeURL != fmt.Sprintf("https://example.org/#%d", i)) {
					t.Errorf("%d: %+v, %v", i, p, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if len(s.begun) != 1 {
			t.Errorf("fetched %v", s.begun)
		}
	})
}

func TestResultsAreRememberedFailuresShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{})
		defer s.Close()
		ask := func(path string, fetched int) {
			t.Helper()
			before := len(s.begun)
			_, err := s.Preview(t.Context(), "https://example.org"+path)
			if (err != nil) != (path == "/fail") {
				t.Errorf("%s: %v", path, err)
			}
			if got := len(s.begun) - before; got != fetched {
				t.Errorf("%s is fetched %d times; want %d", path, got, fetched)
			}
		}
		ask("/", 1)
		ask("/fail", 1)
		time.Sleep(4 * time.Minute)
		ask("/", 0)
		ask("/fail", 0)
		time.Sleep(2 * time.Minute)
		ask("/", 0)
		ask("/fail", 1)
		time.Sleep(time.Hour)
		ask("/", 1)
	})
}

func TestFewAreFetchedAtOnceAndFewerOfAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{MaxWaitingPerHost: 1000, MaxWaiting: 1000})
		defer s.Close()
		var all sync.WaitGroup
		begun := time.Now()
		for i := range 200 {
			all.Go(func() {
				if _, err := s.Preview(t.Context(), fmt.Sprintf("https://host%d.example/%d", i%20, i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if s.most[""] != 16 {
			t.Errorf("%d at once; want 16", s.most[""])
		}
		for host, most := range s.most {
			if host != "" && most > 2 {
				t.Errorf("%d at once of %s", most, host)
			}
		}
		// 200 by 16 a second, and what the last host has left by 2.
		if took := time.Since(begun); took > 16*time.Second {
			t.Errorf("it took %v", took)
		}
		if len(s.hosts) != 0 || s.Fetcher.running != 0 {
			t.Errorf("left over: %v, %d", s.hosts, s.Fetcher.running)
		}
	})
}

// TestAHostIsOneOnAllItsPorts: who has many ports is one host all the same.
func TestAHostIsOneOnAllItsPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ports []uint16
		for port := range uint16(10) {
			ports = append(ports, 8000+port)
		}
		s := newSlow(t, Options{HTTP: safehttp.Options{Ports: ports}})
		defer s.Close()
		var all sync.WaitGroup
		begun := time.Now()
		for _, port := range ports {
			all.Go(func() {
				if _, err := s.Preview(t.Context(), fmt.Sprintf("https://host.example:%d/", port)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("ten of a host, two at once, took %v", took)
		}
		if len(s.hosts) != 0 || s.Fetcher.running != 0 {
			t.Errorf("left over: %v, %d", s.hosts, s.Fetcher.running)
		}
	})
}

// TestASlowHostCostsOthersNothing: of one host 2 are fetched and 16 wait, more
// are turned away, and links of other hosts go past them.
func TestASlowHostCostsOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{})
		defer s.Close()
		var all sync.WaitGroup
		var mu sync.Mutex
		busy := 0
		for i := range 100 {
			all.Go(func() {
				_, err := s.Preview(t.Context(), fmt.Sprintf("https://slow.example/%d", i))
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrBusy) {
					busy++
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		if _, err := s.Preview(t.Context(), "https://other.example/"); err != nil || time.Since(begun) != time.Second {
			t.Errorf("another host: %v after %v", err, time.Since(begun))
		}
		all.Wait()
		if busy != 100-2-16 {
			t.Errorf("%d are turned away; want 82", busy)
		}
		if _, err := s.Preview(t.Context(), "https://slow.example/99"); err != nil {
			t.Errorf("what was turned away is not remembered as a failure: %v", err)
		}
	})
}

func TestAFullQueueTurnsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{MaxRunning: 1, MaxWaiting: 2})
		defer s.Close()
		for i := range 3 {
			go func() { _, _ = s.Preview(t.Context(), fmt.Sprintf("https://host%d.example/", i)) }()
			synctest.Wait()
		}
		if _, err := s.Preview(t.Context(), "https://host4.example/"); !errors.Is(err, ErrBusy) {
			t.Errorf("%v; want ErrBusy", err)
		}
		if len(s.hosts) != 3 {
			t.Errorf("hosts known: %d; want 3", len(s.hosts))
		}
		// What is under way is shared, however full it is.
		if p, err := s.Preview(t.Context(), "https://host2.example/"); err != nil || p.Title == "" {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// TestRedirectsCountForTheHostTheyLeadTo: sites cannot send us all at once to
// another.
func TestRedirectsCountForTheHostTheyLeadTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{})
		defer s.Close()
		var all sync.WaitGroup
		failed := 0
		var mu sync.Mutex
		for i := range 12 {
			all.Go(func() {
				_, err := s.Preview(t.Context(), fmt.Sprintf("https://host%d.example/to/victim.example", i))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed++
				}
			})
		}
		all.Wait()
		if s.most["victim.example"] != 2 {
			t.Errorf("%d at once; want 2", s.most["victim.example"])
		}
		// Two a second for the 4 s of their deadline, and the first.
		if failed == 0 || failed > 4 {
			t.Errorf("%d failed", failed)
		}
		if len(s.hosts) != 0 || s.Fetcher.running != 0 {
			t.Errorf("left over: %v, %d", s.hosts, s.Fetcher.running)
		}
	})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, Options{MaxRunning: 1})
		errs := make(chan error, 10)
		for i := range 3 {
			go func() {
				_, err := s.Preview(t.Context(), fmt.Sprintf("https://host%d.example/", i))
				errs <- err
			}()
		}
		synctest.Wait()
		s.Close()
		for range 3 {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Errorf("%v; want ErrClosed", err)
			}
		}
	})
}

func TestTheCacheIsBounded(t *testing.T) {
	c := newCache(3, 10_000)
	now := time.Now()
	put := func(key string, size int) {
		c.put(key, result{preview: Preview{Text: strings.Repeat("x", size)}, keep: time.Hour}, now)
	}
	has := func(keys string) {
		t.Helper()
		got := ""
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			if c.byKey[key] != nil {
				got += key
			}
		}
		if got != keys {
			t.Errorf("it has %q; want %q", got, keys)
		}
		if c.order.Len() != len(c.byKey) || c.bytes > c.maxBytes {
			t.Errorf("%d in order, %d by key, %d bytes", c.order.Len(), len(c.byKey), c.bytes)
		}
	}
	put("a", 10)
	put("b", 10)
	put("c", 10)
	c.get("a", now)
	put("d", 10)
	has("acd")
	put("a", 9000) // again, and larger
	has("a")
	put("e", 20_000) // more than all
	has("")
	if c.bytes != 0 {
		t.Errorf("%d bytes of nothing", c.bytes)
	}
	none := newCache(-1, 1000)
	none.put("a", result{keep: time.Hour}, now)
	if _, ok := none.get("a", now); ok {
		t.Error("a cache that is off remembers")
	}
}

func TestManyAtOnce(t *testing.T) {
	f, err := New(Options{HTTP: safehttp.Options{Timeout: time.Second}, CacheEntries: 5, MaxWaiting: 5, MaxRunning: 3})
	if err != nil {
		t.Fatal(err)
	}
	f.fetch = func(context.Context, *call) result { return result{preview: Preview{Title: "x"}, keep: time.Hour} }
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 500 {
				link := fmt.Sprintf("https://host%d.example/%d", j%4, (i+j)%9)
				if _, err := f.Preview(t.Context(), link); err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	time.AfterFunc(20*time.Millisecond, f.Close)
	all.Wait()
	f.Close()
}

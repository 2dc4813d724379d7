package unfurl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRobotsSayWhatMayBeFetched has the examples of RFC 9309 and what follows
// from its words.
func TestRobotsSayWhatMayBeFetched(t *testing.T) {
	for _, c := range []struct {
		name, robots string
		allowed      []string
		denied       []string
	}{
		{"nothing", "", []string{"/", "/x"}, nil},
		{"a page of html", "<!doctype html>\n<title>Not found: /</title>", []string{"/x"}, nil},
		{"all", "User-agent: *\nDisallow: /", []string{"/robots.txt"}, []string{"/", "/x", "/?q"}},
		{"an empty rule", "User-agent: *\nDisallow:\n", []string{"/", "/x"}, nil},
		{"another", "User-agent: other\nDisallow: /\n", []string{"/x"}, nil},
		{"us and all", "User-agent: *\nDisallow: /\nUser-agent: chat-previews\nDisallow: /private\n", []string{"/", "/x"}, []string{"/private", "/privately", "/private/x"}},
		{"us without a rule", "User-agent: chat-previews\n\nUser-agent: other\nDisallow: /a\n", []string{"/x"}, []string{"/a"}},
		{"us, empty, and all", "User-agent: chat-previews\nAllow:\nUser-agent: *\nDisallow: /\n", []string{"/x"}, nil},
		{"our name in another case, with a version", "USER-AGENT : Chat-Previews/2.0\nDISALLOW : /x", []string{"/"}, []string{"/x"}},
		{"a name that begins as ours", "User-agent: chat-previews-too\nDisallow: /\nUser-agent: chat\nDisallow: /", []string{"/x"}, nil},
		{"two groups of ours", "User-agent: chat-previews\nDisallow: /a\nUser-agent: other\nDisallow: /b\nUser-agent: chat-previews\nDisallow: /c", []string{"/b"}, []string{"/a", "/c"}},
		{"a group of several", "User-agent: other\nUser-agent: chat-previews\n\nDisallow: /a", []string{"/b"}, []string{"/a"}},
		{"what is no rule ends no heading", "User-agent: chat-previews\nSitemap: https://example.org/x\nUser-agent: other\nDisallow: /a", []string{"/b"}, []string{"/a"}},
		{"rules before a group", "Disallow: /\nUser-agent: other\nDisallow: /", []string{"/x"}, nil},
		{"comments and line ends", "\xef\xbb\xbfuser-agent: *#x\r\r\n# Disallow: /b\rdisallow: /a # x\ngarbage\n: /\n", []string{"/b"}, []string{"/a"}},
		{"the longest wins", "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif", []string{"/example/page/", "/x"}, []string{"/example/page/disallowed.gif"}},
		{"whatever the order", "User-agent: *\nDisallow: /example/page/disallowed.gif\nAllow: /example/page/", []string{"/example/page/"}, []string{"/example/page/disallowed.gif"}},
		{"of equals the one that allows", "User-agent: *\nDisallow: /a\nAllow: /a\nAllow: /b\nDisallow: /b", []string{"/a", "/b"}, nil},
		{"case", "User-agent: *\nDisallow: /A", []string{"/a"}, []string{"/A"}},
		{"the end", "User-agent: *\nDisallow: /*.gif$\nDisallow: /x$", []string{"/a.gif?q", "/a.gifs", "/xy"}, []string{"/a.gif", "/b/c.gif", "/.gif.gif", "/x"}},
		{"anything", "User-agent: *\nDisallow: /a*c*e\nDisallow: *.php\nDisallow: /q*a$", []string{"/ace"[:3], "/aec", "/php", "/qab"}, []string{"/ace", "/a/c/e/f", "/abcde", "/x/y.php?z", "/qa", "/qaa", "/qba"}},
		{"the query", "User-agent: *\nDisallow: /*?\nAllow: /ok?", []string{"/x", "/ok?a"}, []string{"/x?a"}},
		{
			"escapes of RFC 9309", "User-agent: *\nDisallow: /foo/bar?baz=http://foo.bar\nDisallow: /foo/bar/ツ\nDisallow: /foo/bar/%62%61%7A\nDisallow: /a%2fb",
			[]string{"/a/b"},
			[]string{"/foo/bar?baz=http://foo.bar", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", "/foo/bar/baz", "/foo/bar/b%61z", "/a%2Fb"},
		},
		{"signs that are meant as they are", "User-agent: *\nDisallow: /file-%2A.html\nDisallow: /b$c\nDisallow: /d%24", []string{"/file-a.html", "/b"}, []string{"/file-*.html", "/b$c", "/d$"}},
		{"a pattern that is no path", "User-agent: *\nDisallow: x\nDisallow: https://example.org/x", []string{"/x", "/https://example.org/x"}, nil},
	} {
		r := parseRobots([]byte(c.robots), productToken(UserAgent))
		for want, paths := range map[bool][]string{true: c.allowed, false: c.denied} {
			for _, path := range paths {
				if got := r.allows(mustURL(t, "https://example.org"+path)); got != want {
					t.Errorf("%s: %s is allowed: %v, want %v", c.name, path, got, want)
				}
			}
		}
	}
	if !parseRobots([]byte("User-agent: *\nDisallow: /x"), "").allows(mustURL(t, "https://example.org")) {
		t.Error("a URL without a path")
	}
}

func TestProductTokenIsTheNameThatTheUserAgentBeginsWith(t *testing.T) {
	for agent, want := range map[string]string{
		UserAgent: "chat-previews", "Acme_Bot/1.0 (x) facebookexternalhit/1.1": "Acme_Bot", "Acme": "Acme", " a b": "a", "": "", "1x": "", "ünder": "",
	} {
		if got := productToken(agent); got != want {
			t.Errorf("of %q it is %q, want %q", agent, got, want)
		}
	}
}

// robotsSite is a site whose robots.txt is answered by a function, and which
// counts what is asked for.
type robotsSite struct {
	*Fetcher
	url   string
	mu    sync.Mutex
	asked map[string]int
	log   bytes.Buffer
}

func serveRobots(t *testing.T, robots http.HandlerFunc, change func(*Options)) *robotsSite {
	t.Helper()
	s := &robotsSite{asked: map[string]int{}}
	s.Fetcher, s.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/robots") {
			robots(w, r)
			return
		}
		if to, ok := strings.CutPrefix(r.URL.Path, "/to"); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<title>Title</title>")
	}, func(o *Options) {
		o.RobotsTxt = true
		o.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
		if change != nil {
			change(o)
		}
	})
	return s
}

func (s *robotsSite) want(t *testing.T, path string, shown bool) {
	t.Helper()
	p, err := s.Preview(t.Context(), s.url+path)
	if shown != (err == nil && p.Title == "Title") || !shown && !errors.Is(err, ErrNone) {
		t.Errorf("%s: %+v, %v; shown is to be %v", path, p, err, shown)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !shown && s.asked[path] > 0 && !strings.HasPrefix(path, "/to") {
		t.Errorf("%s was asked for", path)
	}
}

func TestRobotsTxtIsAskedForOnlyIfItIsToBe(t *testing.T) {
	s := serveRobots(t, http.NotFound, func(o *Options) { o.RobotsTxt = false })
	s.want(t, "/x", true)
	if len(s.asked) != 1 {
		t.Errorf("asked for %v", s.asked)
	}
}

func TestRobotsTxtIsObeyedAtEachHop(t *testing.T) {
	s := serveRobots(t, func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != UserAgent {
			t.Errorf("asked by %q", r.UserAgent())
		}
		_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private")
	}, nil)
	s.want(t, "/private/x", false)
	s.want(t, "/x", true)
	s.want(t, "/to/y", true)
	s.want(t, "/to/private/y", false)
	if s.asked["/robots.txt"] != 1 || s.asked["/private/y"] != 0 {
		t.Errorf("asked for %v", s.asked)
	}
	if log := s.log.String(); !strings.Contains(log, "robots.txt does not allow it") || strings.Contains(log, "private") {
		t.Errorf("the log is:\n%s", log)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.hosts {
		t.Errorf("host %s is left over", key)
	}
}

// TestRobotsTxtThatCannotBeHad: what there is not forbids nothing, what cannot
// be reached everything.
func TestRobotsTxtThatCannotBeHad(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		shown  bool
	}{
		"404":                     {http.NotFound, true},
		"401":                     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, true},
		"429":                     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, true},
		"500":                     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, false},
		"503":                     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, false},
		"304":                     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, false},
		"an error of the network": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "User-agent: *\n")
		}, false},
		"silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false},
		"five redirects": {func(w http.ResponseWriter, r *http.Request) {
			if len(r.URL.Path) < len("/robots.txt")+5 {
				http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private")
		}, true},
		"redirects without end": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, false},
		"a redirect inside": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/robots.txt", http.StatusFound)
		}, false},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private\n")
			for {
				if _, err := io.WriteString(w, strings.Repeat("# ", 1000)+"\n"); err != nil {
					return
				}
			}
		}, true},
		"its last line cut by the limit": {func(w http.ResponseWriter, _ *http.Request) {
			head := "User-agent: *\nDisallow: /private\n#"
			_, _ = io.WriteString(w, head+strings.Repeat("x", maxRobots-len(head)-len("\nDisallow: /"))+"\nDisallow: /y\n")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveRobots(t, c.answer, func(o *Options) { o.HTTP.Timeout = 300 * time.Millisecond })
			s.want(t, "/x", c.shown)
			if name == "five redirects" || name == "endless" {
				s.want(t, "/private", false)
			}
			if n := s.asked["/robots.txt"]; n != 1 {
				t.Errorf("robots.txt was asked for %d times", n)
			}
			keep := time.Hour
			if !c.shown {
				keep = 5 * time.Minute
			}
			at := s.cache.byKey["robots "+s.url+"/robots.txt"]
			switch {
			case name == "silent": // the time was over, for whatever reason
				if at != nil {
					t.Error("it is remembered")
				}
			case at == nil:
				t.Error("it is not remembered")
			case at.Value.(*entry).result.keep != keep:
				t.Errorf("it is remembered for %v, want %v", at.Value.(*entry).result.keep, keep)
			}
		})
	}
}

// TestRobotsTxtElsewhereIsThatOfItsHost: a redirect of robots.txt leads to the
// rules of the host that was asked, and the call comes back to it.
func TestRobotsTxtElsewhereIsThatOfItsHost(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/rules" {
			t.Errorf("elsewhere is asked for %s", r.URL.Path)
		}
		_, _ = io.WriteString(w, "User-agent: chat-previews\nDisallow: /private")
	}))
	defer elsewhere.Close()
	to := elsewhere.Listener.Addr().String()
	s := serveRobots(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+to+"/rules", http.StatusFound)
	}, func(o *Options) {
		var port uint16
		_, _ = fmt.Sscanf(to[strings.LastIndexByte(to, ':'):], ":%d", &port)
		o.HTTP.Ports = append(o.HTTP.Ports, port)
	})
	s.want(t, "/private", false)
	s.want(t, "/x", true)
	if s.Fetcher.running != 0 || len(s.hosts) != 0 {
		t.Errorf("left over: %d, %v", s.Fetcher.running, s.hosts)
	}
}

// TestRobotsTxtIsForgotten: after an hour, as pages are; where it could not be
// reached after five minutes.
func TestRobotsTxtIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, err := New(Options{RobotsTxt: true, CacheFor: 100 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		u := mustURL(t, "https://example.org/x")
		put := func(r robots, keep time.Duration) {
			f.cache.put("robots https://example.org/robots.txt", result{robots: &r, keep: keep}, time.Now())
		}
		put(robots{rules: []robotsRule{{pattern: "/x"}}}, time.Hour)
		c := &call{host: "example.org"}
		if err := f.askRobots(t.Context(), c, u); err != errRobots {
			t.Errorf("remembered: %v", err)
		}
		if err := f.askRobots(t.Context(), c, mustURL(t, "https://example.org/y")); err != nil {
			t.Errorf("remembered: %v", err)
		}
		time.Sleep(time.Hour)
		if _, ok := f.cache.get("robots https://example.org/robots.txt", time.Now()); ok {
			t.Error("it is still remembered")
		}
		put(robots{unreachable: true}, time.Minute)
		if err := f.askRobots(t.Context(), c, u); err != errNoRobots {
			t.Errorf("unreachable: %v", err)
		}
	})
}

// TestLargeRobotsPushOutNothing: the rules of one host are no reason to forget
// those of all others.
func TestLargeRobotsPushOutNothing(t *testing.T) {
	s := serveRobots(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private\n"+strings.Repeat("Disallow: /y\n", 1000))
	}, func(o *Options) { o.CacheBytes = 100_000 })
	s.want(t, "/x", true)
	s.want(t, "/private", false)
	if n := s.asked["/robots.txt"]; n != 2 {
		t.Errorf("it was asked for %d times, want 2", n)
	}
	if s.cache.bytes > 10_000 {
		t.Errorf("%d bytes are remembered", s.cache.bytes)
	}
}

// TestTheTimeForRobotsIsLittle: the most rules there can be, of shapes that are
// long to match, against the longest URL.
func TestTheTimeForRobotsIsLittle(t *testing.T) {
	for name, line := range map[string]string{
		"short": "Allow:*b\n", "stars": "Allow:*a*a*a*a*a*a*a*a*a*a*a*a*b\n", "long": "Allow:*" + strings.Repeat("a", 500) + "b\n",
		"growing": "Allow:/" + strings.Repeat("a*", 900) + "b\n", "end": "Allow:/" + strings.Repeat("*", 1000) + "b$\n",
	} {
		body := []byte("User-agent:*\n" + strings.Repeat(line, maxRobots/len(line)))
		u := mustURL(t, "https://example.org/"+strings.Repeat("a", 2000))
		best := time.Hour
		for range 3 {
			begun := time.Now()
			if !parseRobots(body, "chat-previews").allows(u) {
				t.Error("it is not allowed")
			}
			best = min(best, time.Since(begun))
		}
		t.Logf("%s: %v", name, best)
		if best > time.Second {
			t.Errorf("%s takes %v", name, best)
		}
	}
}

// TestRobotsOfManyAtOnce: calls that share hosts and are redirected between them
// all come to an end.
func TestRobotsOfManyAtOnce(t *testing.T) {
	s := serveRobots(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Millisecond)
		_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private")
	}, func(o *Options) { o.CacheEntries, o.MaxWaitingPerHost, o.HTTP.Timeout = -1, 100, 10*time.Second })
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if _, err := s.Preview(context.Background(), fmt.Sprintf("%s/to/%d", s.url, i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s.Fetcher.running != 0 || len(s.hosts) != 0 {
		t.Errorf("left over: %d, %v", s.Fetcher.running, s.hosts)
	}
}

func FuzzRobots(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /a*b$\nAllow: /%2a", "/a/b?c%41")
	f.Add("user-agent:chat-previews\r\ndisallow:*", "/*$%")
	f.Fuzz(func(t *testing.T, body, path string) {
		r := parseRobots([]byte(body), "chat-previews")
		u := mustURL(t, "https://example.org/")
		u.Path = path
		if _, err := u.Parse(u.String()); err != nil {
			return
		}
		got := r.allows(u)
		// What is only longer by lines that say nothing says the same.
		if parseRobots([]byte("#x\n"+body+"\n#y\n\n"), "chat-previews").allows(u) != got && !strings.HasPrefix(body, "\xef\xbb\xbf") {
			t.Errorf("%q, %q: a comment changes the answer", body, path)
		}
		if len(r.rules) == 0 && !got {
			t.Errorf("%q, %q: denied by no rule", body, path)
		}
		nothing := parseRobots([]byte("user-agent: chat-previews\ndisallow: /\n"), "chat-previews")
		if strings.HasPrefix(path, "/") && nothing.allows(u) != (path == "/robots.txt") {
			t.Errorf("%q is allowed where nothing is", path)
		}
	})
}

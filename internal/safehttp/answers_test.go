package safehttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// redirector answers each path with the redirect that is set for it.
func redirector(to map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if location, ok := to[r.URL.Path]; ok {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprintf(w, "here: %s %s", r.Host, r.URL.Path)
	}
}

func TestRedirectsThatLeadAstrayAreRefused(t *testing.T) {
	to := map[string]string{}
	n := newInternet(t, redirector(to))
	n.names("a.example", [][]string{{outside}})
	n.names("b.example", [][]string{{inside}})
	for path, location := range map[string]string{
		"/loopback":     n.url("127.0.0.1", "/"),
		"/inside":       n.url(inside, "/"),
		"/name":         n.url("b.example", "/"),
		"/mapped":       fmt.Sprintf("http://[::ffff:169.254.169.254]:%d/latest/", n.port),
		"/metadata":     n.url("169.254.169.254", "/latest/"),
		"/file":         "file:///etc/passwd",
		"/gopher":       "gopher://127.0.0.1:6379/_x",
		"/data":         "data:text/html,x",
		"/javascript":   "javascript:alert(1)",
		"/port":         "http://a.example:6379/",
		"/user":         strings.Replace(n.url("a.example", "/"), "//", "//u:p@", 1),
		"/space":        n.url("a.example", "/a b"),
		"/crlf":         n.url("a.example", "/%0d%0a") + "\tX: y",
		"/backslash":    `http://a.example\@127.0.0.1/`,
		"/empty":        "",
		"/loop":         "/loop",
		"/long":         n.url("a.example", "/"+strings.Repeat("a", MaxURL)),
		"/old":          "http://0x7f.1/",
		"/one":          "/two",
		"/two":          "/three",
		"/three":        "/four",
		"/four":         "/five",
		"/five":         "/six",
		"/six":          "/end",
		"/protocol-rel": "//" + inside + ":" + portText(n.port) + "/x",
	} {
		to[path] = location
	}
	c := n.client(nil)
	for path := range to {
		if path == "/two" || path == "/three" || path == "/four" || path == "/five" || path == "/six" {
			continue
		}
		_, _, err := get(t, c, n.url("a.example", path))
		wantRefused(t, err, path)
	}
	// One less is followed.
	if _, body, err := get(t, c, n.url("a.example", "/two")); err != nil || !strings.HasSuffix(body, " /end") {
		t.Errorf("five redirects: %q, %v", body, err)
	}
	if _, _, err := get(t, n.client(func(o *Options) { o.MaxRedirects = -1 }), n.url("a.example", "/six")); !errors.Is(err, ErrRefused) {
		t.Errorf("a redirect that is not wanted: %v", err)
	}
}

func TestRedirectsAreResolvedAndTellNothing(t *testing.T) {
	var mu sync.Mutex
	var headers []http.Header
	to := map[string]string{"/dir/relative": "other?x=1", "/absolute": "/other", "/query": "?x=1", "/host": ""}
	n := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		headers = append(headers, r.Header)
		mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
		if r.Method != http.MethodGet || r.ContentLength > 0 {
			t.Errorf("%s with %d bytes", r.Method, r.ContentLength)
		}
		if location := to[r.URL.Path]; location != "" && r.URL.RawQuery == "" {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
	n.names("a.example", [][]string{{outside}})
	n.names("b.example", [][]string{{outside}})
	to["/host"] = "//b.example:" + portText(n.port) + "/x"
	var moves []string
	c := n.client(func(o *Options) {
		o.UserAgent = "tester"
		o.OnRedirect = func(_ context.Context, from, to *url.URL) error {
			moves = append(moves, from.Hostname()+" "+to.Hostname())
			return nil
		}
	})
	for path, want := range map[string]string{
		"/dir/relative": n.url("a.example", "/dir/other?x=1"),
		"/absolute":     n.url("a.example", "/other"),
		"/query":        n.url("a.example", "/query?x=1"),
		"/host":         n.url("b.example", "/x"),
	} {
		response, _, err := get(t, c, n.url("a.example", path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := response.Request.URL.String(); got != want {
			t.Errorf("%s leads to %s; want %s", path, got, want)
		}
	}
	if len(moves) != 4 {
		t.Errorf("redirects told: %v; want four", moves)
	}
	for _, h := range headers {
		for _, name := range []string{"Referer", "Cookie", "Authorization"} {
			if h.Get(name) != "" {
				t.Errorf("%s is sent: %s", name, h.Get(name))
			}
		}
		if h.Get("User-Agent") != "tester" || h.Get("Accept-Encoding") != "gzip" {
			t.Errorf("headers: %v", h)
		}
	}
}

func TestOtherStatusesAreAnswers(t *testing.T) {
	n := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.Header().Set("Location", "http://127.0.0.1/")
		w.WriteHeader(status)
	})
	n.names("a.example", [][]string{{outside}})
	c := n.client(nil)
	for _, status := range []int{200, 204, 205, 206, 300, 304, 305, 401, 403, 404, 500, 503} {
		response, _, err := get(t, c, n.url("a.example", fmt.Sprintf("/%d", status)))
		if err != nil || response.StatusCode != status {
			t.Errorf("%d: %v, %v", status, response, err)
		}
	}
}

// raw is a site that writes bytes as they are, and then goes on with more.
func (n *internet) raw(head string, more func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			n.t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, head)
		if more != nil {
			more(conn)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	var handler http.HandlerFunc
	n := newInternet(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) })
	n.names("a.example", [][]string{{outside}})
	c := n.client(func(o *Options) { o.Timeout = 700 * time.Millisecond })
	ended := make(chan struct{}, 10)
	drip := func(every time.Duration, what string) func(net.Conn) {
		return func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, what); err != nil {
					ended <- struct{}{}
					return
				}
				time.Sleep(every)
			}
		}
	}
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.Copy(z, io.LimitReader(zeros{}, 32<<20))
		z.Close()
		return b.String()
	}()
	const html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	for _, one := range []struct {
		name    string
		handler http.HandlerFunc
		bytes   int    // that are read
		fails   bool   // in the end
		prefix  string // of what is read
	}{
		{"an endless body", n.raw(html+"\r\n", drip(0, strings.Repeat("a", 64<<10))), 1 << 20, false, "aaa"},
		{"a gzip bomb", n.raw(html+"Content-Encoding: gzip\r\n\r\n"+bomb, nil), 1 << 20, false, "\x00"},
		{"a slow body", n.raw(html+"\r\n", drip(100*time.Millisecond, "a")), -1, true, "aaa"},
		{"a slow head", n.raw("HTTP/1.1 200 OK\r\n", drip(100*time.Millisecond, "X: y\r\n")), 0, true, ""},
		{"a head without end", n.raw("HTTP/1.1 200 OK\r\n", drip(0, "X: y\r\n")), 0, true, ""},
		{"a long header", n.raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 2<<20)+"\r\n\r\n", nil), 0, true, ""},
		{"hints without end", n.raw("", drip(0, "HTTP/1.1 103 Early Hints\r\n\r\n")), 0, true, ""},
		{"a length that is too small", n.raw(html+"Content-Length: 10\r\n\r\n"+strings.Repeat("a", 10<<10), nil), 10, false, "aaa"},
		{"a length that is too big", n.raw(html+"Content-Length: 1000000000000\r\n\r\nabc", nil), 3, true, "abc"},
		{"a negative length", n.raw(html+"Content-Length: -1\r\n\r\nabc", nil), 0, true, ""},
		{"two lengths", n.raw(html+"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", nil), 0, true, ""},
		{"chunks with long extensions", n.raw(html+"Transfer-Encoding: chunked\r\n\r\n", drip(0, "1;"+strings.Repeat("x", 3000)+"\r\na\r\n")), -1, true, ""},
		{"gzip cut in half", n.raw(html+"Content-Encoding: gzip\r\n\r\n"+zipped("<title>abc</title>")[:25], nil), -1, true, ""},
		{"what is not gzip", n.raw(html+"Content-Encoding: gzip\r\n\r\n<title>", nil), 0, true, ""},
		{"gzip", n.raw(html+"Content-Encoding: GZIP\r\n\r\n"+zipped("<title>abc</title>"), nil), 18, false, "<title>abc"},
		{"gzip twice", n.raw(html+"Content-Encoding: gzip, gzip\r\n\r\nx", nil), 0, true, ""},
		{"gzip and gzip", n.raw(html+"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\nx", nil), 0, true, ""},
		{"br", n.raw(html+"Content-Encoding: br\r\n\r\nx", nil), 0, true, ""},
		{"zstd", n.raw(html+"Content-Encoding: zstd\r\n\r\nx", nil), 0, true, ""},
		{"deflate", n.raw(html+"Content-Encoding: deflate\r\n\r\nx", nil), 0, true, ""},
		{"an upgrade", n.raw("HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nAlt-Svc: h2=\":443\"\r\nContent-Length: 1\r\n\r\nx", nil), 1, false, "x"},
		{"silence", n.raw("", func(net.Conn) { time.Sleep(time.Second) }), 0, true, ""},
	} {
		handler = one.handler
		begun := time.Now()
		_, body, err := get(t, c, n.url("a.example", "/"))
		if (err != nil) != one.fails || one.bytes >= 0 && len(body) != one.bytes || !strings.HasPrefix(body, one.prefix) {
			t.Errorf("%s: %d bytes, %v; want %d, failing %v", one.name, len(body), err, one.bytes, one.fails)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s took %v", one.name, took)
		}
	}
	select { // the endless one was told that nobody reads any more
	case <-ended:
	case <-time.After(2 * time.Second):
		t.Error("the connection is not closed")
	}
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	z.Close()
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCertificatesAreChecked(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
		}
	})
	server := httptest.NewUnstartedServer(site)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	n := newInternet(t, nil)
	var err error
	server.Listener.Close()
	if server.Listener, err = net.Listen("tcp4", outside+":0"); err != nil {
		t.Fatal(err)
	}
	server.StartTLS()
	defer server.Close()
	n.port = server.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	n.names("example.com", [][]string{{outside}}) // which the certificate of httptest is for
	n.names("other.example", [][]string{{outside}})
	https := func(host, path string) string { return strings.Replace(n.url(host, path), "http:", "https:", 1) }
	if _, _, err := get(t, n.client(nil), https("example.com", "/")); err == nil {
		t.Error("an unknown authority is trusted")
	}
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := n.client(func(o *Options) { o.RootCAs = roots })
	if _, _, err := get(t, c, https("example.com", "/")); err != nil {
		t.Errorf("a known authority: %v", err)
	}
	if _, _, err := get(t, c, https("other.example", "/")); err == nil {
		t.Error("a certificate for another host is taken")
	}
	_, _, err = get(t, c, https("example.com", "/down"))
	wantRefused(t, err, "from https to http")
}

func TestTheProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	n := newInternet(t, func(http.ResponseWriter, *http.Request) {})
	n.names("a.example", [][]string{{outside}})
	t.Setenv("HTTP_PROXY", n.url(inside, "/"))
	t.Setenv("http_proxy", n.url(inside, "/"))
	if _, _, err := get(t, n.client(nil), n.url("a.example", "/")); err != nil {
		t.Error(err)
	}
}

// TestErrorsNameNoURL: paths and queries may be secrets, and errors are logged.
func TestErrorsNameNoURL(t *testing.T) {
	n := newInternet(t, redirector(map[string]string{"/r": "/secret\x7f"}))
	n.names("a.example", [][]string{{outside}})
	n.names("b.example", [][]string{{inside}})
	c := n.client(nil)
	for _, raw := range []string{
		n.url("b.example", "/secret?secret"), n.url("nowhere.example", "/secret"), n.url("a.example", "/r?secret"), "http://u:secret@a.example/",
		"http://a.example:6379/secret",
	} {
		if _, _, err := get(t, c, raw); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestARedirectOfAPostIsNotFollowed(t *testing.T) {
	n := newInternet(t, redirector(map[string]string{"/": "/there"}))
	n.names("a.example", [][]string{{outside}})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url("a.example", "/"), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := n.client(nil).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Errorf("status %d; want the redirect itself", response.StatusCode)
	}
}

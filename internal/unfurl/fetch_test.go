package unfurl

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat/internal/safehttp"
)

// serve is a site on loopback, and a Fetcher that may go there.
func serve(t *testing.T, site http.HandlerFunc, change func(*Options)) (*Fetcher, string) {
	t.Helper()
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return fetcherOf(t, server.Listener.Addr(), change), server.URL
}

func fetcherOf(t *testing.T, address net.Addr, change func(*Options)) *Fetcher {
	t.Helper()
	to := address.(*net.TCPAddr).AddrPort()
	o := Options{HTTP: safehttp.Options{
		Ports:           []uint16{to.Port()},
		AllowedNetworks: []netip.Prefix{netip.PrefixFrom(to.Addr().Unmap(), 32)},
		Timeout:         time.Second,
	}}
	if change != nil {
		change(&o)
	}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// TestResponsesOfTheCorpus serves each response on loopback, with the status,
// the content type and the body that it has. (What else it had was of a
// connection that is no more: one says that its body is in chunks, which it is
// not.)
func TestResponsesOfTheCorpus(t *testing.T) {
	type responseCase struct {
		File                      string
		Title, Description, Image *string
	}
	cases := corpusCases[responseCase](t, "responses/cases.json")
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		head, body, _ := bytes.Cut(corpusFile(t, "responses"+r.URL.Path), []byte("\r\n\r\n"))
		if other, rest, ok := bytes.Cut(head, []byte("\n\n")); ok { // lines end as they were saved
			head, body = other, append(append(rest, "\r\n\r\n"...), body...)
		}
		status := http.StatusOK
		w.Header()["Content-Type"] = nil
		for i, line := range strings.Split(string(head), "\n") {
			if i == 0 {
				_, _ = fmt.Sscanf(line, "HTTP/1.1 %d", &status)
			}
			if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Type") {
				w.Header().Set("Content-Type", strings.TrimSpace(value))
			}
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}, nil)
	for _, one := range cases {
		p, err := f.Preview(t.Context(), site+"/"+one.File)
		switch one.File {
		case "mi-no-content-type.http":
			if !errors.Is(err, ErrNone) { // nothing is guessed from the bytes
				t.Errorf("%s: %+v, %v; want no preview", one.File, p, err)
			}
			continue
		case "mi-invalid-utf8-byte-seq.http":
			// It expects <title> for its own sake, and the page has og:title.
			*one.Title = strings.TrimSuffix(*one.Title, ", Plataforma Urbana")
		case "mi-404.http", "mi-empty-page.http":
			if !errors.Is(err, ErrNone) {
				t.Errorf("%s: %+v, %v; want no preview", one.File, p, err)
			}
		}
		for name, field := range map[string]struct {
			want *string
			got  string
		}{"title": {one.Title, p.Title}, "description": {one.Description, p.Text}, "image": {one.Image, pathOf(t, p.ImageURL)}} {
			want := field.want
			if want != nil && name == "image" {
				path := pathOf(t, *want)
				want = &path
			}
			if want != nil && field.got != *want {
				t.Errorf("%s: %s is %q; want %q (%v)", one.File, name, field.got, *want, err)
			}
		}
	}
	if len(cases) < 28 {
		t.Errorf("only %d cases", len(cases))
	}
}

// pathOf is what of a URL does not depend on where the page is served.
func pathOf(t *testing.T, raw string) string {
	t.Helper()
	return mustURL(t, raw).EscapedPath()
}

// TestAResponseThatIsNotWhatItSays: its header says chunks, its body is none.
func TestAResponseThatIsNotWhatItSays(t *testing.T) {
	response := corpusFile(t, "responses/mi-encoding.http")
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.ReadAtLeast(conn, make([]byte, 4096), 10)
				_, _ = conn.Write(response)
			}()
		}
	}()
	f := fetcherOf(t, listener.Addr(), nil)
	if p, err := f.Preview(t.Context(), "http://"+listener.Addr().String()+"/"); !errors.Is(err, ErrNone) {
		t.Errorf("%+v, %v; want no preview", p, err)
	}
}

func TestWhatHasAPreviewIsSaidByTheHeaders(t *testing.T) {
	const page = `<title>Title</title>`
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		w.Header()["Content-Type"] = nil
		if kind := query.Get("type"); kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		if disposition := query.Get("disposition"); disposition != "" {
			w.Header().Set("Content-Disposition", disposition)
		}
		status := http.StatusOK
		_, _ = fmt.Sscan(query.Get("status"), &status)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, page)
	}, nil)
	for query, want := range map[string]Preview{
		"type=text/html":                          {Title: "Title"},
		"type=TEXT/HTML;charset=x;charset=y":      {Title: "Title"},
		"type=application/xhtml%2Bxml":            {Title: "Title"},
		"type=text/html&disposition=inline":       {Title: "Title"},
		"type=image/png":                          {Type: "image", ImageURL: "self"},
		"type=Image/webp;x=y":                     {Type: "image", ImageURL: "self"},
		"type=video/mp4":                          {Type: "video", AssetURL: "self"},
		"type=audio/mpeg":                         {Type: "audio", AssetURL: "self"},
		"type=image/svg%2Bxml":                    {},
		"type=application/pdf":                    {},
		"type=application/octet-stream":           {},
		"type=text/plain":                         {},
		"type=text/htmlx":                         {},
		"":                                        {},
		"type=text/html&disposition=attachment":   {},
		"type=image/png&disposition=Attachment;x": {},
		"type=text/html&status=203":               {},
		"type=text/html&status=206":               {},
		"type=text/html&status=401":               {},
		"type=text/html&status=403":               {},
		"type=text/html&status=404":               {},
		"type=text/html&status=500":               {},
		"type=text/html&status=503":               {},
	} {
		link := site + "/?" + strings.ReplaceAll(query, ";", "%3B")
		got, err := f.Preview(t.Context(), link)
		if want == (Preview{}) {
			if !errors.Is(err, ErrNone) {
				t.Errorf("%s: %+v, %v; want none", query, got, err)
			}
			continue
		}
		want.OGScrapeURL = link
		if want.Title != "" {
			want.TitleLink = link
		}
		if want.ImageURL != "" {
			want.ImageURL = link
		}
		if want.AssetURL != "" {
			want.AssetURL = link
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", query, got, err, want)
		}
	}
}

// TestMediaAreNotRead: a film has a preview before its first byte.
func TestMediaAreNotRead(t *testing.T) {
	cut := make(chan struct{})
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", "4000000000")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(cut)
	}, nil)
	if p, err := f.Preview(t.Context(), site+"/film"); err != nil || p.AssetURL != site+"/film" {
		t.Errorf("%+v, %v", p, err)
	}
	select {
	case <-cut:
	case <-time.After(5 * time.Second):
		t.Error("the connection is not closed")
	}
}

// TestWhatCameOfAPageIsShown: a page that is slow, endless or broken off is
// read as far as it came, and not for long.
func TestWhatCameOfAPageIsShown(t *testing.T) {
	var asked atomic.Int32
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/html")
		flush := http.NewResponseController(w).Flush
		switch r.URL.Path {
		case "/slow":
			_, _ = io.WriteString(w, "<title>Title</title>")
			for flush() == nil && r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				time.Sleep(50 * time.Millisecond)
			}
		case "/endless":
			_, _ = io.WriteString(w, "<title>Title</title>")
			for flush() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case "/cut":
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = io.WriteString(z, "<title>Title</title>")
			_ = z.Flush()
			_, _ = w.Write(b.Bytes())
		case "/late":
			_, _ = io.WriteString(w, strings.Repeat(" ", 1<<20)+"<title>Title</title>")
		case "/silent":
			_ = flush()
			<-r.Context().Done()
		}
	}, nil)
	for path, want := range map[string]string{"/slow": "Title", "/endless": "Title", "/cut": "Title", "/late": "", "/silent": ""} {
		begun := time.Now()
		p, err := f.Preview(t.Context(), site+path)
		if p.Title != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("%s took %v", path, took)
		}
		f.mu.Lock()
		e := f.cache.byKey[site+path].Value.(*entry)
		f.mu.Unlock()
		if keep := e.result.keep; (keep == time.Hour) != (path == "/endless") {
			t.Errorf("%s is kept for %v", path, keep)
		}
	}
}

// TestNothingButThePageIsFetched: no image, no icon, no canonical page, no
// refresh.
func TestNothingButThePageIsFetched(t *testing.T) {
	var asked []string
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.UserAgent())
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<meta http-equiv=refresh content="0;url=/refresh"><link rel=canonical href=/canonical><link rel=icon href=/icon>
			<link rel=alternate type=application/json+oembed href=/oembed><meta property=og:image content=/image><meta property=og:video content=/video><title>x</title>`)
	}, nil)
	if _, err := f.Preview(t.Context(), site+"/page"); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || asked[0] != "/page "+UserAgent || !strings.HasSuffix(UserAgent, "facebookexternalhit/1.1") {
		t.Errorf("asked for %q", asked)
	}
}

// TestFailuresLookAlike: who chose a link learns nothing of why there is no
// preview; the log does, without the link.
func TestFailuresLookAlike(t *testing.T) {
	var log bytes.Buffer
	f, site := serve(t, http.NotFound, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	port := site[strings.LastIndexByte(site, ':'):]
	for _, link := range []string{
		site + "/secret", "http://127.0.0.2" + port + "/secret", "http://10.0.0.1" + port + "/secret", "http://[::1]" + port + "/secret",
		"http://169.254.169.254/secret", "file:///secret", "secret", "", "http://u:secret@127.0.0.1" + port, "http://x.invalid" + port + "/secret",
	} {
		if p, err := f.Preview(t.Context(), link); err != ErrNone || p != (Preview{}) {
			t.Errorf("%s: %+v, %v; want exactly ErrNone", link, p, err)
		}
	}
	if text := log.String(); strings.Contains(text, "secret") || !strings.Contains(text, "status 404") || !strings.Contains(text, "refused") {
		t.Errorf("the log is:\n%s", text)
	}
}

func TestTheLinkIsKeptAsItWasGiven(t *testing.T) {
	f, site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<title>x</title>")
	}, nil)
	for _, link := range []string{site, site + "/", "HTTP" + site[4:] + "#a", site + "/#b"} {
		if p, err := f.Preview(t.Context(), link); err != nil || p.OGScrapeURL != link || p.TitleLink != site+"/" {
			t.Errorf("%s: %+v, %v", link, p, err)
		}
	}
}

func TestBadOptionsAreErrors(t *testing.T) {
	for name, o := range map[string]Options{
		"running": {MaxRunning: -1}, "waiting": {MaxWaiting: -1}, "bytes": {CacheBytes: -1}, "time": {CacheFor: -1},
		"client": {HTTP: safehttp.Options{Timeout: time.Minute}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestClosedIsClosed(t *testing.T) {
	begun := make(chan struct{}, 1)
	f, site := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	}, nil)
	errs := make(chan error, 1)
	go func() {
		_, err := f.Preview(context.Background(), site)
		errs <- err
	}()
	<-begun
	f.Close()
	if err := <-errs; !errors.Is(err, ErrClosed) {
		t.Errorf("under way: %v", err)
	}
	if _, err := f.Preview(t.Context(), site); !errors.Is(err, ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
	f.Close()
}

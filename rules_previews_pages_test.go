package chat_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// page is a page on this machine, and options with which it may be fetched.
func page(t *testing.T, html string) (link string, agent *string, options *chat.Options) {
	t.Helper()
	agent = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*agent = r.UserAgent()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, html)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/map?a=1", agent, optionsFor(t, server)
}

// optionsFor are options with which a server on this machine may be asked.
func optionsFor(t *testing.T, server *httptest.Server) *chat.Options {
	t.Helper()
	parsed, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(parsed.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return &chat.Options{Previews: chat.PreviewOptions{
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}, Wait: 10 * time.Second,
	}}
}

// onFile is a scenario in a file, under the real time, with options as they are.
func onFile(t *testing.T, options *chat.Options, story func(s *scenario)) {
	t.Helper()
	app, err := chat.Open(t.TempDir()+"/chat.db", options)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{App: app, t: t, ctx: t.Context(), options: options}
	s.channel(room, "jane", "john")
	story(s)
	s.verify()
	s.check(app.Close())
}

const openGraph = `<title>x</title><meta property="og:title" content="Map &amp; more"><meta property="og:site_name" content="Maps">
	<meta property="og:description" content="Where it is"><meta property="og:image" content="/1.png">`

func TestByDefaultAPageIsFetchedAndItsOpenGraphDataShown(t *testing.T) {
	link, agent, options := page(t, openGraph)
	onFile(t, options, func(s *scenario) {
		m := s.as("jane").send(room, "see <"+link+">")
		if len(m.Attachments) != 1 {
			t.Fatalf("got the attachments %+v", m.Attachments)
		}
		got := m.Attachments[0]
		site, _, _ := strings.Cut(link, "/map")
		if got.AuthorName != "Maps" || got.Title != "Map & more" || got.Text != "Where it is" || got.ImageURL != site+"/1.png" || got.OGScrapeURL != link {
			t.Errorf("got the preview %+v", got)
		}
		if !strings.HasSuffix(*agent, "facebookexternalhit/1.1") {
			t.Errorf("the page was asked with the user agent %q", *agent)
		}
		preview, err := s.Preview(s.ctx, link)
		s.check(err)
		wantSame(t, "the preview alone", preview, got)
	})
}

func TestByDefaultNothingInsideIsReached(t *testing.T) {
	link, agent, options := page(t, openGraph)
	var log, hosts bytes.Buffer
	options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	options.Previews.Logger = slog.New(slog.NewTextHandler(&hosts, nil))
	options.Previews.AllowedNetworks = nil
	onFile(t, options, func(s *scenario) {
		if m := s.as("jane").send(room, "see <"+link+">"); len(m.Attachments) != 0 {
			t.Errorf("got the attachments %+v", m.Attachments)
		}
		if *agent != "" {
			t.Error("the page was asked for")
		}
		if _, err := s.Preview(s.ctx, link); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("got the error %v, want one that does not say why", err)
		}
	})
	if got := log.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "127.0.0.1") {
		t.Errorf("logged was %q, want one line without the link", got)
	}
	if got := hosts.String(); !strings.Contains(got, "refused") {
		t.Errorf("PreviewOptions.Logger was told %q, want why", got)
	}
}

// TestRobotsTxtIsObeyedIfItIsToBe: what robots.txt forbids has a preview by
// default, for a person sent the link, and none with the option.
func TestRobotsTxtIsObeyedIfItIsToBe(t *testing.T) {
	for _, obey := range []bool{false, true} {
		asked := map[string]int{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked[r.URL.Path]++
			if r.URL.Path == "/robots.txt" {
				fmt.Fprint(w, "User-agent: *\nDisallow: /\nUser-agent: Acme\nDisallow: /private\n")
				return
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, openGraph)
		}))
		t.Cleanup(server.Close)
		options := optionsFor(t, server)
		options.Previews.RobotsTxt, options.Previews.UserAgent = obey, "acme/1.0"
		onFile(t, options, func(s *scenario) {
			for path, want := range map[string]bool{"/open": true, "/private": !obey} {
				if m := s.as("jane").send(room, server.URL+path); (len(m.Attachments) == 1) != want {
					t.Errorf("obeying %v, %s has the attachments %+v", obey, path, m.Attachments)
				}
			}
		})
		if asked["/robots.txt"] > 1 || asked["/robots.txt"] == 1 != obey || obey && asked["/private"] > 0 {
			t.Errorf("obeying %v, asked for %v", obey, asked)
		}
	}
}

func TestPreviewOptionsAreChecked(t *testing.T) {
	own := chat.EnricherFunc((&web{}).Enrich)
	for field, o := range map[string]chat.PreviewOptions{
		"Wait": {Wait: -2}, "Wait ": {Wait: 10*time.Second + 1}, "UserAgent": {Enricher: own, UserAgent: "x"},
		"AcceptLanguage": {Enricher: own, AcceptLanguage: "en"}, "Timeout": {Enricher: own, Timeout: 1}, "Ports": {Enricher: own, Ports: []uint16{80}},
		"AllowedNetworks": {Enricher: own, AllowedNetworks: []netip.Prefix{{}}}, "AllowedHosts": {Enricher: own, AllowedHosts: []string{"a.example"}},
		"RobotsTxt":   {Enricher: own, RobotsTxt: true},
		"DeniedHosts": {Enricher: own, DeniedHosts: []string{"a.example"}}, "Logger": {Enricher: own, Logger: slog.New(slog.DiscardHandler)},
	} {
		_, err := chat.New(nil, &chat.Options{Previews: o})
		wantFieldErr(t, err, chat.ErrInvalid, "Options.Previews."+strings.TrimSpace(field))
	}
	for _, o := range []chat.PreviewOptions{
		{Timeout: -1}, {Timeout: time.Minute}, {AllowedNetworks: []netip.Prefix{{}}}, {AllowedHosts: []string{"a b"}}, {DeniedHosts: []string{""}},
	} {
		_, err := chat.New(memstore.New(), &chat.Options{Previews: o})
		wantFieldErr(t, err, chat.ErrInvalid, "Options.Previews")
	}
}

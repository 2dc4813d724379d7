package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"example.com/chat/internal/safehttp"
	"example.com/chat/internal/unfurl"
)

// page is a page of the corpus, and what is known of it.
type page struct {
	ID          string
	URL         string
	Status      int
	ContentType string         `json:"content_type"`
	Expected    map[string]any // by the test of some product
	Source      map[string]any // where in the page that is
	OG          map[string]any // by the page's own tags

	file   []byte
	from   *url.URL
	body   []byte // as it was served
	header string // its content type, as it was served
}

func loadPages(dir string) ([]*page, error) {
	files, err := filepath.Glob(filepath.Join(dir, "pages", "*.expected.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no pages in %s", dir)
	}
	var pages []*page
	for _, file := range files {
		p := &page{}
		if err := readJSON(file, p); err != nil {
			return nil, err
		}
		if p.file, err = os.ReadFile(strings.TrimSuffix(file, ".expected.json") + ".html"); err != nil {
			return nil, err
		}
		if p.from, err = url.Parse(p.URL); err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

func readJSON(file string, to any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// site serves the pages on loopback.
type site struct {
	server  *httptest.Server
	options safehttp.Options
}

// serve serves pages under /page/ID with status 200, and under /status/ID with
// the status they were saved with: what the tests of products expect of error
// pages is what a reader finds that does not look at it.
func serve(pages []*page) (*site, error) {
	byID := map[string]*page{}
	for _, p := range pages {
		byID[p.ID] = p
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		p := byID[id]
		if p == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", p.ContentType)
		if kind == "status" {
			w.WriteHeader(p.Status)
		}
		_, _ = w.Write(p.file)
	}))
	address, err := netip.ParseAddrPort(server.Listener.Addr().(*net.TCPAddr).String())
	if err != nil {
		return nil, err
	}
	return &site{server, safehttp.Options{
		Ports:           []uint16{address.Port()},
		AllowedNetworks: []netip.Prefix{netip.PrefixFrom(address.Addr(), address.Addr().BitLen())},
	}}, nil
}

func (s *site) close() { s.server.Close() }

func (s *site) link(kind string, p *page) string {
	return s.server.URL + (&url.URL{Path: "/" + kind + "/" + p.ID}).EscapedPath()
}

// fetchAll fetches every page as a preview would.
func (s *site) fetchAll(pages []*page) error {
	client, err := safehttp.New(s.options)
	if err != nil {
		return err
	}
	for _, p := range pages {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.link("page", p), nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		p.header = response.Header.Get("Content-Type")
		p.body, err = io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// refused is how many of the pages with another status than 200 have no
// preview, and how many there are.
func (s *site) refused(pages []*page) (refused, wanted int) {
	fetcher, err := unfurl.New(unfurl.Options{HTTP: s.options})
	if err != nil {
		return 0, 1
	}
	defer fetcher.Close()
	for _, p := range pages {
		if p.Status == http.StatusOK {
			continue
		}
		wanted++
		if _, err := fetcher.Preview(context.Background(), s.link("status", p)); errors.Is(err, unfurl.ErrNone) {
			refused++
		}
	}
	return refused, wanted
}

func readFile(parts ...string) ([]byte, error) { return os.ReadFile(filepath.Join(parts...)) }

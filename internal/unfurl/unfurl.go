// Package unfurl makes previews of links: it fetches a page through a guarded
// client and reads what the page says of itself.
package unfurl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"example.com/chat/internal/safehttp"
)

// The errors of [Fetcher.Preview]. Why there is no preview is in the log alone:
// whoever chooses a link must not learn what there is inside.
var (
	ErrNone   = errors.New("unfurl: no preview")
	ErrBusy   = errors.New("unfurl: too many links are waiting")
	ErrClosed = errors.New("unfurl: closed")
)

// UserAgent is the default User-Agent: it names the library, and ends in what
// many sites look for before they answer with tags.
const UserAgent = "chat-previews/1.0 (+https://example.com/chat) facebookexternalhit/1.1"

// Preview is what a link shows. All of it is text that a stranger wrote, which
// whoever shows it has to escape.
type Preview struct {
	Type        string // image, audio, video, or empty
	AuthorName  string // the name of the site
	AuthorLink  string // the site's front page
	Title       string
	TitleLink   string // the page, by its canonical address
	Text        string
	ImageURL    string
	ThumbURL    string
	AssetURL    string // what can be played
	OGScrapeURL string // the link as it was given
}

// Options configures a Fetcher. Every zero field means the default that its
// comment states.
type Options struct {
	// HTTP configures the client. UserAgent defaults to the constant; what
	// safehttp says of the others holds. OnRedirect is the Fetcher's.
	HTTP safehttp.Options

	// AcceptLanguage is sent with each request. Default: none.
	AcceptLanguage string

	// RobotsTxt has nothing fetched but what the robots.txt of its host allows,
	// by RFC 9309, to the name that the User-Agent begins with; redirects too.
	// HTTP.Timeout is for all of it. Default: it is not asked for.
	RobotsTxt bool

	// MaxRunning is how many links are fetched at once. Default 16.
	MaxRunning int

	// MaxRunningPerHost is how many of them from one host. Default 2.
	MaxRunningPerHost int

	// MaxWaiting is how many links may wait for their turn; further ones answer
	// ErrBusy. Default 256.
	MaxWaiting int

	// MaxWaitingPerHost is how many of them may wait for one host, so that a
	// slow one leaves room for others. Default 16.
	MaxWaitingPerHost int

	// CacheEntries is how many results are remembered, failures too. Default
	// 4,096; negative: none.
	CacheEntries int

	// CacheBytes is how much memory they may take. Default 8 MiB.
	CacheBytes int

	// CacheFor is how long a preview is remembered. Default 1 h.
	CacheFor time.Duration

	// CacheFailureFor is how long it is remembered that there is none, or that
	// a page came only in part. Default 5 min.
	CacheFailureFor time.Duration

	// Logger is told why a link has no preview: its host and the reason, never
	// the link. Default: nobody.
	Logger *slog.Logger
}

// Fetcher makes previews. It is safe for concurrent use.
type Fetcher struct {
	options Options
	client  *safehttp.Client
	// fetch is what a call does when its turn comes; tests replace it.
	fetch func(context.Context, *call) result

	ctx    context.Context // of all fetches
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	calls   map[string]*call // by URL in normal form, until they are over
	waiting []*call          // for their first turn, in order
	running int
	hosts   map[string]*host
	cache   *cache
}

// New makes a Fetcher, or says what is wrong with the options.
func New(o Options) (*Fetcher, error) {
	o.HTTP.UserAgent = cmp.Or(o.HTTP.UserAgent, UserAgent)
	o.HTTP.Timeout = cmp.Or(o.HTTP.Timeout, 4*time.Second)
	o.MaxRunning = cmp.Or(o.MaxRunning, 16)
	o.MaxRunningPerHost = cmp.Or(o.MaxRunningPerHost, 2)
	o.MaxWaiting = cmp.Or(o.MaxWaiting, 256)
	o.MaxWaitingPerHost = cmp.Or(o.MaxWaitingPerHost, 16)
	o.CacheEntries = cmp.Or(o.CacheEntries, 4096)
	o.CacheBytes = cmp.Or(o.CacheBytes, 8<<20)
	o.CacheFor = cmp.Or(o.CacheFor, time.Hour)
	o.CacheFailureFor = cmp.Or(o.CacheFailureFor, 5*time.Minute)
	for _, n := range []struct {
		name  string
		value int
	}{
		{"MaxRunning", o.MaxRunning},
		{"MaxRunningPerHost", o.MaxRunningPerHost},
		{"MaxWaiting", o.MaxWaiting},
		{"MaxWaitingPerHost", o.MaxWaitingPerHost},
		{"CacheBytes", o.CacheBytes},
		{"CacheFor", int(o.CacheFor)},
		{"CacheFailureFor", int(o.CacheFailureFor)},
	} {
		if n.value < 0 {
			return nil, fmt.Errorf("unfurl: %s is negative", n.name)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fetcher{
		options: o,
		calls:   map[string]*call{},
		hosts:   map[string]*host{},
		cache:   newCache(o.CacheEntries, o.CacheBytes),
	}
	f.fetch = f.fetchPage
	o.HTTP.OnRedirect = f.redirected
	var err error
	if f.client, err = safehttp.New(o.HTTP); err != nil {
		return nil, err
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f, nil
}

// Close ends all fetches and waits for them. Every call from then on, and each
// that is under way, answers ErrClosed.
func (f *Fetcher) Close() {
	f.mu.Lock()
	f.closed = true
	for _, c := range f.waiting {
		f.end(c, result{err: ErrClosed})
	}
	f.waiting = nil
	f.mu.Unlock()
	f.cancel()
	f.done.Wait()
}

// Preview is the preview of a link: a remembered one, or one that is fetched
// now, together with everyone else who wants the same. The context bounds how
// long the caller waits, not the fetch, whose result is there for who asks
// again: a caller whose context ended may call again with another to have it
// once it is there.
//
// The error is ErrNone if there is nothing to show, for whatever reason,
// ErrBusy if too many links wait already, ErrClosed, or the context's.
func (f *Fetcher) Preview(ctx context.Context, link string) (Preview, error) {
	if err := ctx.Err(); err != nil {
		return Preview{}, err
	}
	u, err := f.client.CheckURL(link)
	if err != nil {
		f.options.Logger.InfoContext(ctx, "link has no preview", "reason", err)
		return Preview{}, ErrNone
	}
	r, c := f.begin(u)
	if c != nil {
		select {
		case <-c.over:
			r = c.result
		case <-ctx.Done():
			return Preview{}, ctx.Err()
		}
	}
	if r.err != nil {
		return Preview{}, r.err
	}
	p := r.preview
	p.OGScrapeURL = link
	return p, nil
}

// result is what came of a fetch, kept for as long as it says.
type result struct {
	preview Preview
	robots  *robots // what a robots.txt says, and nothing else
	err     error   // one of the errors above
	keep    time.Duration
}

// begin is the result that is remembered of a URL, or else the call that makes
// it.
func (f *Fetcher) begin(u *url.URL) (result, *call) {
	key := u.String()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return result{err: ErrClosed}, nil
	}
	if r, ok := f.cache.get(key, time.Now()); ok {
		return r, nil
	}
	if c := f.calls[key]; c != nil {
		return result{}, c
	}
	c := &call{key: key, url: u, host: u.Hostname(), over: make(chan struct{})}
	if !f.enter(c) {
		return result{err: ErrBusy}, nil
	}
	f.calls[key] = c
	return result{}, c
}

// end gives a call its result. The Fetcher is locked.
func (f *Fetcher) end(c *call, r result) {
	delete(f.calls, c.key)
	if r.keep > 0 {
		f.cache.put(c.key, r, time.Now())
	}
	c.result = r
	close(c.over)
}

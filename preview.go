package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"syscall"
	"time"

	"example.com/chat/internal/unfurl"
)

// Enricher makes the preview of a link: the last attachment of a message whose
// text holds it.
//
// Enrich is called with an absolute http or https URL that a stranger may have
// written, and returns what is shown of it. An empty Attachment says that there
// is nothing worth showing; an error, that it could not be found out. Neither is
// told to the sender; an error, and a panic, is logged without the link. What is
// returned is checked as attachments from callers are (the types of URLs, valid
// UTF-8), but for their limits: it may be up to 32 KiB of JSON. OGScrapeURL is
// set by the engine.
//
// Calls are concurrent, at most 256 at once; those for the same link share one.
// A call goes on when the send that wanted it has stopped waiting, up to ten
// seconds or until the App is closed. It has to return when its context ends:
// Close waits for it, so it must not call Close itself. It is never called
// inside a transaction.
type Enricher interface {
	Enrich(ctx context.Context, url string) (Attachment, error)
}

// EnricherFunc makes an Enricher of a function.
type EnricherFunc func(ctx context.Context, url string) (Attachment, error)

// Enrich calls f.
func (f EnricherFunc) Enrich(ctx context.Context, url string) (Attachment, error) { return f(ctx, url) }

// Preview returns the preview that a message with this link would get, without
// sending one. It is empty if the Enricher finds nothing worth showing.
// ErrInvalid for what is no absolute http or https URL of at most 2,048 bytes,
// ErrState if Options.Previews.Off is set. That the Enricher failed comes
// wrapped in an Error without a Kind. The default one does not say why, so that
// who chooses links does not learn what there is inside the network: see
// PreviewOptions.Logger. It waits as long as the Enricher takes, up to ten
// seconds.
func (a *App) Preview(ctx context.Context, url string) (_ Attachment, err error) {
	const op = "Preview"
	defer a.operation(&ctx, op).ended(&err)
	if err := a.usable(ctx); err != nil {
		return Attachment{}, in(op, err)
	}
	if err := cmp.Or(ctx.Err(), checkLink("url", url)); err != nil {
		return Attachment{}, in(op, err)
	}
	if a.previews == nil {
		return Attachment{}, in(op, fail(ErrState, "", "previews are off: Options.Previews.Off is set"))
	}
	preview, err := a.previews.ask(ctx, url)
	if err != nil {
		var e *Error
		if ctx.Err() == nil && !errors.As(err, &e) {
			err = &Error{Reason: "no preview: " + err.Error(), Err: err}
		}
		return Attachment{}, in(op, err)
	}
	return decodePreview(preview), nil
}

const (
	maxLink         = 2048 // bytes; longer ones get no preview
	maxPreviewBytes = 32 << 10
	maxPreviewCalls = 256              // that run; and that are kept
	previewLimit    = 10 * time.Second // for one call of an Enricher
	previewKept     = 10 * time.Second // after one that some did not wait for
)

func checkLink(field, link string) error {
	if err := checkText(field, link); err != nil {
		return err
	}
	if len(link) > maxLink {
		return fail(ErrTooLong, field, "has %d bytes; at most %d", len(link), maxLink)
	}
	parsed, err := url.Parse(link)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return invalid(field, "is no absolute http or https URL")
	}
	return nil
}

// previewer asks an Enricher. Who asks for a link that is being looked up gets
// the same answer; one that some did not wait for is kept until the late work
// has come for it. It is safe for concurrent use.
type previewer struct {
	enricher Enricher
	wait     time.Duration   // how long those who ask wait
	ctx      context.Context // of all calls; ends with the App
	stop     context.CancelFunc
	end      func() // ends the Enricher, where that is ours
	told     func(context.Context, FetchTrace)

	guard   sync.Mutex
	calls   map[string]*previewCall // by link, running and kept
	kept    int
	closed  bool
	running sync.WaitGroup
}

// previewCall is one call of an Enricher.
type previewCall struct {
	done    chan struct{} // closed when the rest is set
	preview string        // as it is stored; empty if there is none
	err     error
}

var (
	errPreviewsBusy   = errors.New("too many links are being looked up")
	errPreviewsClosed = errors.New("the App is closed")
)

func newPreviewer(e Enricher, wait time.Duration) *previewer {
	p := &previewer{enricher: e, wait: wait, end: func() {}, calls: map[string]*previewCall{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// close ends all calls and waits for them.
func (p *previewer) close() {
	p.guard.Lock()
	p.closed = true
	p.guard.Unlock()
	p.stop()
	p.running.Wait()
	p.end()
}

// start makes a call for a link, or joins the one there is.
func (p *previewer) start(link string) (*previewCall, error) {
	p.guard.Lock()
	defer p.guard.Unlock()
	call := p.calls[link]
	switch {
	case call != nil:
		return call, nil
	case p.closed:
		return nil, errPreviewsClosed
	case len(p.calls)-p.kept == maxPreviewCalls:
		return nil, errPreviewsBusy
	}
	call = &previewCall{done: make(chan struct{})}
	p.calls[link] = call
	p.running.Go(func() { p.run(link, call) })
	return call, nil
}

func (p *previewer) run(link string, call *previewCall) {
	ctx, cancel := context.WithTimeout(p.ctx, previewLimit)
	defer cancel()
	start := time.Now()
	defer func() {
		if v := recover(); v != nil {
			call.preview, call.err = "", panicked{v}
		}
		p.traced(ctx, start, call)
		p.finish(link, call, time.Since(start) >= p.wait)
	}()
	found, err := p.enricher.Enrich(ctx, link)
	if err == nil {
		call.preview, err = encodePreview(link, found)
	}
	call.err = err
}

// finish hands out what a call found, and keeps it for a while if it is late.
func (p *previewer) finish(link string, call *previewCall, late bool) {
	p.guard.Lock()
	defer p.guard.Unlock()
	close(call.done)
	if !late || p.closed || p.kept == maxPreviewCalls {
		delete(p.calls, link)
		return
	}
	p.kept++
	time.AfterFunc(previewKept, func() {
		p.guard.Lock()
		defer p.guard.Unlock()
		p.kept--
		delete(p.calls, link)
	})
}

// ask returns the preview of a link as it is stored, empty if there is none.
func (p *previewer) ask(ctx context.Context, link string) (preview string, err error) {
	call, err := p.start(link)
	if err != nil {
		return "", err
	}
	select {
	case <-call.done:
		return call.preview, call.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// panicked is what an Enricher panicked with.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// previewProblem is what is logged of a failure: of which type it is, and not
// what it says, for that may hold the link, and the link is text of a message.
func previewProblem(err error) slog.Attr {
	const key = "problem"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return slog.String(key, "took too long")
	case err == errPreviewsBusy, err == errPreviewsClosed, err == unfurl.ErrNone, err == unfurl.ErrBusy, err == unfurl.ErrClosed:
		return slog.String(key, err.Error())
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return slog.String(key, errno.Error())
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return slog.String(key, fmt.Sprintf("%T", err))
}

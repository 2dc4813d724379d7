package unfurl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// fetchPage fetches a link and reads its preview.
func (f *Fetcher) fetchPage(ctx context.Context, c *call) result {
	p, complete, err := f.get(context.WithValue(ctx, callKey{}, c), c)
	switch {
	case ctx.Err() != nil:
		return result{err: ErrClosed}
	case err != nil:
		f.options.Logger.InfoContext(ctx, "link has no preview", "host", c.url.Host, "reason", err)
		return result{err: ErrNone, keep: f.options.CacheFailureFor}
	case !complete:
		return result{preview: p, keep: f.options.CacheFailureFor}
	}
	return result{preview: p, keep: f.options.CacheFor}
}

// get is the preview of a call's URL. It is not complete if the page ended
// before it should.
func (f *Fetcher) get(ctx context.Context, c *call) (p Preview, complete bool, err error) {
	if f.options.RobotsTxt {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.options.HTTP.Timeout)
		defer cancel()
		if err := f.askRobots(ctx, c, c.url); err != nil {
			return p, false, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url.String(), nil)
	if err != nil {
		return p, false, err
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5")
	if f.options.AcceptLanguage != "" {
		request.Header.Set("Accept-Language", f.options.AcceptLanguage)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return p, false, err
	}
	defer response.Body.Close()
	final := response.Request.URL
	contentType := response.Header.Get("Content-Type")
	kind, err := kindOf(response)
	switch {
	case err != nil:
		return p, false, err
	case kind == "image":
		return Preview{Type: kind, ImageURL: final.String()}, true, nil
	case kind != "":
		return Preview{Type: kind, AssetURL: final.String()}, true, nil
	}
	body, err := io.ReadAll(response.Body)
	p = Parse(body, contentType, final).Preview(final)
	if p.Title == "" && p.Text == "" && p.ImageURL == "" && p.AssetURL == "" {
		if err != nil {
			return p, false, fmt.Errorf("reading the page: %w", err)
		}
		return p, false, errors.New("the page has nothing to show")
	}
	return p, err == nil, nil
}

// kindOf is image, audio or video for what is shown by its address alone, and
// empty for a page. The answer's word is taken for it: nothing is guessed from
// its bytes.
func kindOf(r *http.Response) (string, error) {
	if r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", r.StatusCode)
	}
	disposition, _, _ := strings.Cut(r.Header.Get("Content-Disposition"), ";")
	if strings.EqualFold(strings.TrimSpace(disposition), "attachment") {
		return "", errors.New("a download")
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	kind, subtype, _ := strings.Cut(mediaType, "/")
	switch {
	case mediaType == "text/html" || mediaType == "application/xhtml+xml":
		return "", nil
	case kind == "image" && strings.HasPrefix(subtype, "svg"):
		return "", errors.New("an SVG image")
	case kind == "image" || kind == "audio" || kind == "video":
		return kind, nil
	}
	return "", fmt.Errorf("content type %.60q", mediaType)
}

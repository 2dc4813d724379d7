package safehttp

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// body is a body that is bounded, and ends the request when it is closed.
type body struct {
	io.Reader
	closer io.Closer
	cancel context.CancelFunc
}

func (b *body) Close() error {
	// First, so that nobody waits for the rest of what is not wanted.
	b.cancel()
	return b.closer.Close()
}

// decode has the body of a response read as it was before it was compressed.
func decode(r *http.Response) error {
	codings := r.Header.Values("Content-Encoding")
	if len(codings) > 1 {
		return fmt.Errorf("%w: %d content encodings", ErrRefused, len(codings))
	}
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		r.Body = &unzipped{from: r.Body}
		r.Header.Del("Content-Encoding")
		r.Header.Del("Content-Length")
		r.ContentLength = -1
		return nil
	default:
		return fmt.Errorf("%w: content encoding %.40q", ErrRefused, coding)
	}
}

// unzipped decompresses a body from its first read on: one that is not wanted
// is never touched.
type unzipped struct {
	from io.ReadCloser
	zip  *gzip.Reader
	err  error
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.zip == nil && u.err == nil {
		u.zip, u.err = gzip.NewReader(bufio.NewReader(u.from))
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.zip.Read(p)
}

func (u *unzipped) Close() error { return u.from.Close() }

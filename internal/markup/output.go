package markup

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// How much html a text may become, and how deep its elements may lie in each
// other. Deeper ones are left out; their text stays.
const (
	growthLimit  = 12   // times the text
	smallestHTML = 1024 // bytes that any text may become
	maxDepth     = 100
)

// errFull ends the rendering of a text that becomes too much html.
var errFull = errors.New("markup: the text becomes too much html")

// output collects the html of one text. It takes no more than its limit,
// whoever writes.
type output struct {
	html     []byte
	limit    int
	full     bool
	depth    int
	links    int    // that are open, or would be
	leads    []bool // for each that was entered, whether it leads anywhere
	firstURL string
}

func newOutput(size int) *output {
	return &output{html: make([]byte, 0, 2*size+128), limit: max(growthLimit*size, smallestHTML)}
}

// Write, WriteString, WriteByte, WriteRune, Available, Buffered and Flush are
// what goldmark asks of a writer.
func (o *output) Write(b []byte) (int, error) {
	if len(o.html)+len(b) > o.limit {
		o.full = true
		return 0, errFull
	}
	o.html = append(o.html, b...)
	return len(b), nil
}

func (o *output) WriteString(s string) (int, error) {
	if len(o.html)+len(s) > o.limit {
		o.full = true
		return 0, errFull
	}
	o.html = append(o.html, s...)
	return len(s), nil
}

func (o *output) WriteByte(c byte) error {
	if len(o.html) == o.limit {
		o.full = true
		return errFull
	}
	o.html = append(o.html, c)
	return nil
}

func (o *output) WriteRune(r rune) (int, error) {
	return o.Write(utf8.AppendRune(nil, r))
}

func (o *output) Available() int { return o.limit - len(o.html) }
func (o *output) Buffered() int  { return 0 }
func (o *output) Flush() error   { return nil }

var _ util.BufWriter = (*output)(nil)

// put writes; whether it could is asked once a node.
func (o *output) put(parts ...string) {
	for _, s := range parts {
		_, _ = o.WriteString(s)
	}
}

// open begins an element, close ends it.
func (o *output) open(tag string) {
	if o.depth++; o.depth <= maxDepth {
		o.put(tag)
	}
}

func (o *output) close(tag string) {
	if o.depth--; o.depth < maxDepth {
		o.put(tag)
	}
}

// putText writes text of the source, its references and escapes resolved unless
// it is raw.
func (o *output) putText(b []byte, raw bool) {
	start := len(o.html)
	if raw {
		putRaw(o, b)
	} else {
		html.DefaultWriter.Write(o, b)
	}
	o.isolate(start)
}

// putRaw writes a part of a text, escaped.
func putRaw(o *output, b []byte) { html.DefaultWriter.RawWrite(o, b) }

// isolate keeps the direction of the text that begins at start to itself.
// Carriage returns, which only a reference makes, are newlines to whoever reads
// the html.
func (o *output) isolate(start int) {
	written := o.html[start:]
	bidi := false
	for i, c := range written {
		switch c {
		case '\r':
			written[i] = '\n'
		case bidiLead:
			bidi = bidi || bidiControl(written[i:]) > 0
		}
	}
	if bidi && !o.full {
		o.html = slices.Insert(o.html, start, []byte("<bdi>")...)
		o.put("</bdi>")
	}
}

// resolved is text of the source, its references and escapes resolved.
func resolved(b []byte) string {
	if !bytes.ContainsAny(b, `&\\`) {
		return string(b)
	}
	out := output{limit: growthLimit * (len(b) + 1)}
	html.DefaultWriter.Write(&out, b)
	return unescaper.Replace(string(out.html))
}

var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`)

// Package markup makes safe html of the text of a message, and of html that an
// application gives. What comes out holds no element, attribute or scheme that
// is not on one list, and making it takes time and memory in proportion to the
// text.
//
// The text is a subset of CommonMark: without raw html, which is shown as the
// text it is, without link reference definitions and headings that are
// underlined; and with the strikethrough and the autolinks of GitHub's. A
// newline breaks the line.
package markup

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Options says what a Renderer does otherwise than by default.
type Options struct {
	Off        bool     // the text is shown as it was typed
	Schemes    []string // of links, beside http, https and mailto; in lower case
	Images     bool     // images are shown, not linked to
	Extensions []goldmark.Extender
}

// Renderer turns text into html. It is safe for concurrent use.
type Renderer struct {
	markdown goldmark.Markdown // nil: the text is shown as it was typed
	policy   policy
	fast     bool // no extension can find markup in words
}

// New makes a Renderer.
func New(o Options) *Renderer {
	return newRenderer(o, policy{schemes: append([]string{"http", "https", "mailto"}, o.Schemes...), images: o.Images})
}

func newRenderer(o Options, p policy) *Renderer {
	r := &Renderer{policy: p, fast: len(o.Extensions) == 0}
	if o.Off {
		return r
	}
	r.markdown = goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(
				util.Prioritized(parser.NewThematicBreakParser(), 200),
				util.Prioritized(parser.NewListParser(), 300),
				util.Prioritized(parser.NewListItemParser(), 400),
				util.Prioritized(parser.NewCodeBlockParser(), 500),
				util.Prioritized(parser.NewATXHeadingParser(), 600),
				util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
				util.Prioritized(parser.NewBlockquoteParser(), 800),
				util.Prioritized(parser.NewParagraphParser(), 1000),
			),
			parser.WithInlineParsers(
				util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
				util.Prioritized(parser.NewLinkParser(), 200),
				util.Prioritized(parser.NewAutoLinkParser(), 300),
				util.Prioritized(parser.NewEmphasisParser(), 500),
				util.Prioritized(extension.NewStrikethroughParser(), 500),
				util.Prioritized(bareLinks{}, 999),
			),
		)),
		goldmark.WithRenderer(renderer.NewRenderer(
			renderer.WithNodeRenderers(util.Prioritized(&nodes{policy: p}, 1000)),
		)),
		goldmark.WithExtensions(o.Extensions...),
	)
	return r
}

// Result is what was made of a text.
type Result struct {
	HTML     string // empty for an empty text, and where Plain says enough
	Plain    bool   // the html is [Paragraph] of the text
	FirstURL string // the first http or https link outside code; empty if none

	source string
}

// Text is what a reader of the html sees, without markup: see [Text].
func (r Result) Text() string {
	if r.Plain {
		return r.source
	}
	return Text(r.HTML)
}

// Render makes html of a text, from one parse. One that would take the parser
// long, or become too much html, is shown as it was typed, as [Escaped] has it.
//
// An error tells that an extension failed. The result is good all the same: the
// text as it was typed.
func (r *Renderer) Render(source string) (Result, error) {
	if strings.TrimSpace(source) == "" {
		return Result{}, nil
	}
	if r.fast && isPlain(source) {
		return Result{Plain: true, source: source}, nil
	}
	if r.markdown == nil {
		return typed(source), nil
	}
	lines := strings.ToValidUTF8(source, "\ufffd")
	if strings.ContainsAny(source, "\r\x00") {
		lines = newlines.Replace(lines)
	}
	if isCostly(lines) {
		return typed(source), nil
	}
	out, err := r.parse(lines)
	switch {
	case errors.Is(err, errFull):
		return typed(source), nil
	case err != nil:
		return typed(source), err
	}
	made := Result{HTML: string(out.html), FirstURL: out.firstURL, source: source}
	if isParagraph(made.HTML, source) {
		made.HTML, made.Plain = "", true
	}
	return made, nil
}

// newlines makes every end of a line the same. NUL, which no html may hold, is
// what CommonMark makes of it.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\ufffd")

// parse parses and renders. What panics, in an extension or in the parser, is an
// error: a message is not to end the program.
func (r *Renderer) parse(source string) (out *output, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("markdown: panic of type %T", p)
		}
	}()
	b := []byte(source)
	out = newOutput(len(b))
	document := r.markdown.Parser().Parse(text.NewReader(b))
	if err := r.markdown.Renderer().Render(out, b, document); err != nil {
		return nil, err
	}
	if out.full {
		return nil, errFull
	}
	return out, nil
}

// typed is a text as it was typed. A link in it is found all the same: what its
// author may not send, and what is looked at for a preview, does not depend on
// how it is shown.
func typed(source string) Result {
	made := Result{HTML: Escaped(source), FirstURL: findURL(source), source: source}
	if isParagraph(made.HTML, source) {
		made.HTML, made.Plain = "", true
	}
	return made
}

// Package markup makes html of the text of a message. Nothing in the text
// becomes live but what goldmark's safe defaults let through: raw html is left
// out, and links lead nowhere but to ordinary schemes.
package markup

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// Renderer turns text into html. It is safe for concurrent use.
type Renderer struct{ markdown goldmark.Markdown }

// New makes a Renderer.
func New() *Renderer {
	return &Renderer{goldmark.New(
		goldmark.WithExtensions(extension.Strikethrough, extension.Linkify),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)}
}

// Result is what was made of a text.
type Result struct {
	HTML     string // empty for an empty text, and where Plain says enough
	Plain    bool   // the html is [Paragraph] of the text
	FirstURL string // the first http or https link outside code; empty if none
}

// Render makes html of a text, from one parse.
func (r *Renderer) Render(source string) (Result, error) {
	if strings.TrimSpace(source) == "" {
		return Result{}, nil
	}
	if isPlain(source) {
		return Result{Plain: true}, nil
	}
	b := []byte(source)
	document := r.markdown.Parser().Parse(text.NewReader(b))
	var out bytes.Buffer
	if err := r.markdown.Renderer().Render(&out, b, document); err != nil {
		return Result{}, err
	}
	made := Result{HTML: out.String(), FirstURL: firstURL(document, b)}
	made.Plain = made.HTML == Paragraph(source)
	return made, nil
}

// Paragraph is the html of a text in which nothing is markup.
func Paragraph(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	if strings.ContainsAny(source, `&<>"`) {
		source = escaper.Replace(source)
	}
	return "<p>" + source + "</p>\n"
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// isPlain says that a text cannot hold markup: one line of words and the
// punctuation that means nothing to markdown, starting and ending in a word.
func isPlain(source string) bool {
	if c := source[0]; !isWord(c) || c >= '0' && c <= '9' || source[len(source)-1] == ' ' {
		return false
	}
	for i := range len(source) {
		c := source[i]
		switch {
		case isWord(c), c == ' ', c == ',', c == '?', c == '\'', c == ';', c == '(', c == ')', c == '/', c == '%', c == '"':
		case c == '.' || c == ':':
			// www. and http:// are links; so may be a word with a dot inside.
			if i+1 < len(source) && source[i+1] != ' ' {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

func firstURL(document ast.Node, source []byte) (first string) {
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var url string
		switch n := n.(type) {
		case *ast.Link:
			url = string(n.Destination)
		case *ast.AutoLink:
			url = string(n.URL(source))
		case *ast.CodeSpan, *ast.CodeBlock, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		}
		lower := strings.ToLower(url)
		if strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
			first = url
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return first
}

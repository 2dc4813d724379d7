package chat

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/yuin/goldmark"

	"example.com/chat/internal/markup"
)

// MarkdownOptions says how the text of a message becomes its HTML. The zero
// value is the default: a subset of CommonMark with GitHub's strikethrough and
// autolinks, in which raw HTML is text, a newline breaks the line, links lead to
// http, https and mailto only, and images are links.
type MarkdownOptions struct {
	// Off shows a text as it was typed: escaped, a newline breaking the line,
	// without links. What else concerns links (previews, the right to send
	// them) stays as it is. Extensions have no effect then. Default: markdown
	// is on.
	Off bool

	// Schemes are those that links may have beside http, https and mailto:
	// "tel", "xmpp", an application's own. They hold for HTML that the
	// application sets, too. A scheme has 2 to 32 letters, digits, "+", "-" and
	// "."; its case does not matter; those that run or wrap what they hold, like
	// javascript and data, are ErrInvalid. At most 32. Default: none.
	Schemes []string

	// Images shows images of http and https addresses. Whoever opens the chat
	// then tells the server of each that they did. Default: an image is a link
	// with its description.
	Images bool

	// Extensions are goldmark's or the application's own. What HTML they write,
	// and how long and how large they make it, is theirs to bound: their HTML
	// passes no allow-list. The guard before the parse still holds, and no more
	// than twelve times the text is kept. Where one fails or panics, the text is
	// shown as it was typed, which is logged. They are used from many goroutines
	// at once. Default: none.
	Extensions []goldmark.Extender
}

const maxSchemes = 32

// unsafeSchemes run what they hold, read files, or wrap another scheme.
var unsafeSchemes = []string{
	"javascript", "vbscript", "livescript", "mocha", "data", "blob", "file", "filesystem", "about",
	"view-source", "jar", "feed", "pcast", "mhtml", "mk", "res", "its", "ms-its",
}

// withDefaults is a copy whose schemes are in lower case, or what is wrong.
func (o MarkdownOptions) withDefaults() (MarkdownOptions, error) {
	const field = "Options.Markdown.Schemes"
	o.Schemes, o.Extensions = slices.Clone(o.Schemes), slices.Clone(o.Extensions)
	if len(o.Schemes) > maxSchemes {
		return o, invalid(field, "names %d schemes; at most %d", len(o.Schemes), maxSchemes)
	}
	for i, scheme := range o.Schemes {
		scheme = strings.ToLower(scheme)
		switch {
		case !isScheme(scheme):
			return o, invalid(element(field, i), "%q is not a scheme: 2 to 32 letters, digits, + - and ., the first a letter, without a colon", shorten(scheme))
		case slices.Contains(unsafeSchemes, scheme):
			return o, invalid(element(field, i), "%q is not safe in a link", scheme)
		}
		o.Schemes[i] = scheme
	}
	for i, extension := range o.Extensions {
		if extension == nil {
			return o, invalid(element("Options.Markdown.Extensions", i), "is nil")
		}
	}
	return o, nil
}

func isScheme(s string) bool {
	if len(s) < 2 || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func newMarkup(o MarkdownOptions) *markup.Renderer {
	return markup.New(markup.Options{Off: o.Off, Schemes: o.Schemes, Images: o.Images, Extensions: o.Extensions})
}

// makeHTML makes html of a text. A failing extension costs the markup, not the
// message.
func (a *App) makeHTML(text string) markup.Result {
	made, err := a.markup.Render(text)
	if err != nil {
		a.options.Logger.Error("an extension of markdown failed; the text is shown as it was typed", slog.String("error", fmt.Sprintf("%T", err)))
	}
	return made
}

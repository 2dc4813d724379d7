package markup

import "strings"

// Text is what a reader of html that this package made sees, without markup: for
// a notification, a preview, a search. Blocks and broken lines are lines of their
// own, an image is its description, and characters that would turn the direction
// of what stands beside the text are left out.
func Text(html string) string {
	var t plain
	t.out.Grow(len(html))
	for html != "" {
		text, rest, found := strings.Cut(html, "<")
		t.words(text)
		if !found {
			break
		}
		tag, after, _ := strings.Cut(rest, ">")
		html = after
		switch name, attributes, _ := strings.Cut(tag, " "); name {
		case "img":
			t.words(altOf(attributes))
		case "pre", "/pre":
			t.line()
			t.verbatim = name == "pre"
		case "p", "/p", "br", "hr", "li", "/li", "ul", "/ul", "ol", "/ol", "blockquote", "/blockquote",
			"h1", "/h1", "h2", "/h2", "h3", "/h3", "h4", "/h4", "h5", "/h5", "h6", "/h6":
			t.line()
		}
	}
	return withoutBidi(t.out.String())
}

func altOf(attributes string) string {
	_, alt, _ := strings.Cut(attributes, `alt="`)
	alt, _, _ = strings.Cut(alt, `"`)
	return alt
}

// plain is text in the making. What stands between words is written before the
// next one.
type plain struct {
	out      strings.Builder
	between  string
	verbatim bool
}

func (t *plain) line() { t.between = "\n" }

// words writes text with its white space folded, but that of code.
func (t *plain) words(escaped string) {
	text := unescaper.Replace(escaped)
	if t.verbatim {
		if text = strings.TrimRight(text, "\n"); text != "" {
			t.write(text)
		}
		return
	}
	for text != "" {
		end := strings.IndexAny(text, " \t\n")
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			t.write(text[:end])
		}
		if text = text[end:]; text != "" {
			if t.between == "" {
				t.between = " "
			}
			text = text[1:]
		}
	}
}

func (t *plain) write(word string) {
	if t.out.Len() > 0 {
		t.out.WriteString(t.between)
	}
	t.between = ""
	t.out.WriteString(word)
}

package markup

import "strings"

const (
	paragraphStart = "<p>"
	paragraphEnd   = "</p>\n"
)

// Paragraph is the html of a text of one line in which nothing is markup.
func Paragraph(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	return paragraphStart + escape(source) + paragraphEnd
}

// Escaped is the html of a text that shows it as it was typed: a newline breaks
// the line.
func Escaped(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	source = newlines.Replace(source)
	var out strings.Builder
	out.Grow(len(source) + len(source)/8 + len(paragraphStart) + len(paragraphEnd))
	out.WriteString(paragraphStart)
	for line := range strings.Lines(source) {
		text, broken := strings.CutSuffix(line, "\n")
		writeText(&out, text)
		if broken {
			out.WriteString("<br>\n")
		}
	}
	out.WriteString(paragraphEnd)
	return out.String()
}

// isParagraph says whether the html is [Paragraph] of the text.
func isParagraph(html, source string) bool {
	inner, ok := strings.CutPrefix(html, paragraphStart)
	if !ok {
		return false
	}
	inner, ok = strings.CutSuffix(inner, paragraphEnd)
	return ok && len(inner) >= len(source) && inner == escape(source)
}

// escape has text read as the text it is, in an element or an attribute.
func escape(s string) string {
	if strings.ContainsAny(s, `&<>"`) {
		return escaper.Replace(s)
	}
	return s
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// isPlain says that a text cannot hold markup: one line of words and the
// punctuation that means nothing to markdown within a line. Most messages are.
func isPlain(source string) bool {
	if !startsPlain(source) || source[len(source)-1] == ' ' {
		return false
	}
	for i := range len(source) {
		switch classes[source[i]] {
		case special:
			return false
		case joint:
			if !isPlainJoint(source, i) {
				return false
			}
		}
	}
	return true
}

// startsPlain says that the line is no heading, quote, list, rule or code.
func startsPlain(source string) bool {
	switch source[0] {
	case ' ', '#', '>', '+', '-':
		return false
	}
	digits := 0
	for digits < len(source) && '0' <= source[digits] && source[digits] <= '9' {
		digits++
	}
	return digits == 0 || digits == len(source) || source[digits] != '.' && source[digits] != ')'
}

// isPlainJoint says that a byte that means something only beside others means
// nothing here: a colon in http://, the dot of www., an ampersand before a name,
// the first byte of a bidi control.
func isPlainJoint(source string, i int) bool {
	rest := source[i+1:]
	switch source[i] {
	case ':':
		return !strings.HasPrefix(rest, "/")
	case '.':
		return rest == "" || rest[0] == ' ' || i < 3 || !strings.EqualFold(source[i-3:i], "www")
	case '&':
		return rest == "" || rest[0] == ' '
	}
	return bidiControl(source[i:]) == 0
}

// What a byte within a line may mean.
const (
	ordinary = iota
	special  // part of markup
	joint    // part of markup in company of others
)

var classes = classify()

func classify() (list [256]uint8) {
	for c := range ' ' {
		list[c] = special
	}
	for _, c := range []byte("\\`*_[<~@\x7f") {
		list[c] = special
	}
	for _, c := range []byte{':', '.', '&', bidiLead} {
		list[c] = joint
	}
	return list
}

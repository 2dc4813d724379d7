package unfurl

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// text is the first of the values that has something to show: folded into one
// line, without tags, control characters and marks that turn the direction of
// what follows, cut to a number of runes.
func text(most int, values ...string) string {
	for _, v := range values {
		if v = clean(most, v); v != "" {
			return v
		}
	}
	return ""
}

func clean(most int, s string) string {
	s = unescape(s)
	b := make([]byte, 0, min(len(s), 4*most))
	length, space := 0, false
	for i := 0; i < len(s) && length < most; {
		if n, block := tagAt(s[i:]); n > 0 {
			i += n
			space = space || block
			continue
		}
		c, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case unicode.IsSpace(c):
			space = true
			continue
		case c == 0:
			c = utf8.RuneError // as html has it
		case isHidden(c):
			continue
		}
		if space && length > 0 {
			if length++; length == most {
				break
			}
			b = append(b, ' ')
		}
		// What is left of a tag must not become one.
		for opensTag(c) && bytes.HasSuffix(b, []byte{'<'}) {
			b, length = b[:len(b)-1], length-1
		}
		space = false
		b = utf8.AppendRune(b, c)
		length++
	}
	return strings.TrimSpace(string(b))
}

// unescape reads the character references that are left in a text: sites that
// escape twice are many, texts about references few.
func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		end := i + 1
		for end < len(s) && end-i <= maxReference && (s[end] == '#' || isLetterOrDigit(s[end])) {
			end++
		}
		if end < len(s) && s[end] == ';' {
			end++
			b.WriteString(html.UnescapeString(s[i:end]))
		} else {
			b.WriteString(s[i:end])
		}
		s = s[end:]
	}
}

// maxReference is the length of the longest name of a character.
const maxReference = 32

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// tagAt is the length of the tag that a text begins with, 0 if it does not, and
// whether it parts what is on its sides.
func tagAt(s string) (length int, block bool) {
	if len(s) < 3 || s[0] != '<' || !opensTag(rune(s[1])) {
		return 0, false
	}
	end := strings.IndexAny(s[1:], "<>")
	if end < 0 || s[1+end] != '>' {
		return 0, false
	}
	name := strings.TrimPrefix(s[1:1+end], "/")
	if i := strings.IndexFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }); i >= 0 {
		name = name[:i]
	}
	switch strings.ToLower(name) {
	case "a", "abbr", "b", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u", "wbr":
	default:
		block = true
	}
	return end + 2, block
}

func opensTag(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '/' || c == '!' || c == '?'
}

// isHidden says whether a rune shows nothing itself, and something of a text
// that was not written: control characters and those of direction.
func isHidden(c rune) bool {
	switch {
	case unicode.IsControl(c),
		c == 0x061c, c == 0x200e, c == 0x200f,
		0x202a <= c && c <= 0x202e,
		0x2066 <= c && c <= 0x206f, // isolates, and deprecated marks of the kind
		c == 0xfeff, 0xfff9 <= c && c <= 0xfffb:
		return true
	}
	return false
}

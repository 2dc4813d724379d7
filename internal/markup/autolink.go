package markup

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// bareLinks finds addresses that stand in the text without brackets, as GitHub
// does: http://, https:// and www., and those of mail. goldmark's own finds none
// with letters other than Latin ones.
type bareLinks struct{}

const (
	maxDomain = 255
	maxLocal  = 64
)

// Trigger says before what goldmark calls Parse: the start of a line and white
// space, which the space stands for, and punctuation.
func (bareLinks) Trigger() []byte { return []byte(` *_~("':`) }

// Parse makes a link of an address that begins here.
func (bareLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if pc.IsInLinkLabel() {
		return nil
	}
	line, segment := block.PeekLine()
	before := 0
	if !isAlphaNumeric(line[0]) && line[0] < utf8.RuneSelf {
		before = 1
	}
	rest := line[before:]
	if len(rest) == 0 || !isAlphaNumeric(rest[0]) && before == 1 && bytes.IndexByte([]byte("._+-"), rest[0]) < 0 {
		return nil
	}
	kind, protocol := ast.AutoLinkURL, []byte(nil)
	end := webEnd(rest)
	if end == 0 {
		if end = wwwEnd(rest); end > 0 {
			protocol = []byte("http")
		}
	}
	if end == 0 && (before == 0 || bytes.IndexByte([]byte(" \t*_~(\"'"), line[0]) >= 0) {
		kind, end = ast.AutoLinkEmail, mailEnd(rest)
	}
	if end == 0 {
		return nil
	}
	if before > 0 {
		ast.MergeOrAppendTextSegment(parent, segment.WithStop(segment.Start+1))
	}
	block.Advance(before + end)
	start := segment.Start + before
	link := ast.NewAutoLink(kind, ast.NewTextSegment(text.NewSegment(start, start+end)))
	link.Protocol = protocol
	return link
}

// webEnd is where an http or https address ends that begins here, 0 if none
// does.
func webEnd(s []byte) int {
	i := 0
	switch {
	case hasPrefixFold(s, "http://"):
		i = len("http://")
	case hasPrefixFold(s, "https://"):
		i = len("https://")
	default:
		return 0
	}
	n, _, ok := domainEnd(s[i:])
	if !ok {
		return 0
	}
	return addressEnd(s, i+n)
}

// wwwEnd is the same for one without a scheme. It needs a dot more.
func wwwEnd(s []byte) int {
	if !hasPrefixFold(s, "www.") {
		return 0
	}
	n, dots, ok := domainEnd(s)
	if !ok || dots == 0 {
		return 0
	}
	return addressEnd(s, n)
}

// mailEnd is where an address of mail ends.
func mailEnd(s []byte) int {
	at := 0
	for at < len(s) && at <= maxLocal && (isAlphaNumeric(s[at]) || bytes.IndexByte([]byte("._+-"), s[at]) >= 0) {
		at++
	}
	if at == 0 || at > maxLocal || at == len(s) || s[at] != '@' {
		return 0
	}
	end, dots := at+1, 0
	for ; end < len(s) && end-at <= maxDomain; end++ {
		c := s[end]
		if c == '.' && end+1 < len(s) && isAlphaNumeric(s[end+1]) && s[end-1] != '@' {
			dots++
			continue
		}
		if !isAlphaNumeric(c) && c != '-' && c != '_' {
			break
		}
	}
	if last := s[end-1]; dots == 0 || last == '-' || last == '_' {
		return 0
	}
	return end
}

// domainEnd is where a domain ends, and how many dots are within it. It may have
// letters of any script, and no underscore in its last two parts.
func domainEnd(s []byte) (end, dots int, ok bool) {
	last, before := false, false // underscores in the last part and the one before
	for end < len(s) && end <= maxDomain {
		size := 1
		switch c := s[end]; {
		case c == '.':
			if end+1 == len(s) || !isDomainByte(s[end+1]) {
				return end, dots, end > 0 && !last && !before
			}
			dots++
			before, last = last, false
		case c == '_':
			last = true
		case c >= utf8.RuneSelf:
			var r rune
			r, size = utf8.DecodeRune(s[end:])
			if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.Is(unicode.Cf, r) {
				return end, dots, end > 0 && !last && !before
			}
		case !isDomainByte(c):
			return end, dots, end > 0 && !last && !before
		}
		end += size
	}
	return end, dots, end > 0 && end <= maxDomain && !last && !before
}

func isDomainByte(c byte) bool {
	return isAlphaNumeric(c) || c == '-' || c == '_' || c >= utf8.RuneSelf
}

func isAlphaNumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// addressEnd is where an address ends whose domain does: before white space, a
// tag, or a character that turns the direction, and without the punctuation of
// the sentence around it.
func addressEnd(s []byte, end int) int {
	domain := end
	if end == len(s) || bytes.IndexByte([]byte("/?#:"), s[end]) < 0 {
		return domain
	}
	for end < len(s) {
		r, size := utf8.DecodeRune(s[end:])
		if r == '<' || r <= ' ' || r == 0x7f || r >= utf8.RuneSelf && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)) {
			break
		}
		end += size
	}
	return trimEnd(s, domain, end)
}

// trimEnd leaves out what ends an address and is not part of it.
func trimEnd(s []byte, from, end int) int {
	extra := bytes.Count(s[:end], []byte(")")) - bytes.Count(s[:end], []byte("("))
	for end > from {
		switch c := s[end-1]; c {
		case '?', '!', '.', ',', ':', '*', '_', '~', '\'', '"':
			end--
		case ')':
			if extra <= 0 {
				return end
			}
			extra--
			end--
		case ';': // and the reference that it ends
			start := end - 1
			for start > from && isAlphaNumeric(s[start-1]) {
				start--
			}
			if start < end-1 && start > from && s[start-1] == '&' {
				end = start - 1
			} else {
				end--
			}
		default:
			return end
		}
	}
	return end
}

func hasPrefixFold(s []byte, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(string(s[:len(prefix)]), prefix)
}

// findURL is the first http or https address in a text that is not parsed.
func findURL(source string) string {
	s := []byte(source)
	for i := range s {
		if c := s[i] | 0x20; c != 'h' && c != 'w' || i > 0 && isAlphaNumeric(s[i-1]) {
			continue
		}
		if end := webEnd(s[i:]); end > 0 {
			return string(s[i : i+end])
		}
		if end := wwwEnd(s[i:]); end > 0 {
			return "http://" + string(s[i:i+end])
		}
	}
	return ""
}

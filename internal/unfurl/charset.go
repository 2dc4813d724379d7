package unfurl

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// decode is a page in UTF-8.
func decode(body []byte, contentType string) []byte {
	name, skip := encodingOf(body, contentType)
	if body = body[skip:]; name == "utf-8" {
		return body
	}
	e, _ := charset.Lookup(name)
	decoded, err := e.NewDecoder().Bytes(body)
	if err != nil {
		return body
	}
	return decoded
}

// encodingOf is how a page is written, and the length of the mark that says so.
// What says it, first to last: a byte order mark, the header, a meta tag
// anywhere, bytes that are valid UTF-8, and else it is windows-1252. Names that
// are not known are passed over.
func encodingOf(body []byte, contentType string) (name string, skip int) {
	if name, skip = byteOrderMark(body); name != "" {
		return name, skip
	}
	if _, name = charset.Lookup(charsetOf(contentType)); name != "" {
		return name, 0
	}
	if name = metaCharset(body); name != "" {
		return name, 0
	}
	if isUTF8(body) {
		return "utf-8", 0
	}
	return "windows-1252", 0
}

// byteOrderMark is the encoding that a mark names, and the mark's length.
func byteOrderMark(body []byte) (string, int) {
	switch {
	case bytes.HasPrefix(body, []byte{0xef, 0xbb, 0xbf}):
		return "utf-8", 3
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return "utf-16be", 2
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		return "utf-16le", 2
	}
	return "", 0
}

// charsetOf is the charset of a content type.
func charsetOf(contentType string) string {
	for contentType != "" {
		var parameter string
		parameter, contentType, _ = strings.Cut(contentType, ";")
		name, value, ok := strings.Cut(parameter, "=")
		if ok && strings.EqualFold(strings.TrimSpace(name), "charset") {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// metaCharset is the first charset that a meta tag of the page names and that
// is known. One whose bytes are not those of ASCII cannot have been read like
// that: it is UTF-8, as the standard has it.
func metaCharset(body []byte) string {
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			if tagName(tokens.Raw()) != "meta" {
				continue
			}
			switch _, known := charset.Lookup(charsetOfMeta(tokens)); known {
			case "":
			case "utf-16be", "utf-16le":
				return "utf-8"
			case "x-user-defined":
				return "windows-1252"
			default:
				return known
			}
		}
	}
}

func charsetOfMeta(tokens *html.Tokenizer) string {
	r := reader{tokens: tokens}
	a := r.attributes("charset", "http-equiv", "content")
	if a[0] == "" && strings.EqualFold(a[1], "content-type") {
		return charsetOf(a[2])
	}
	return a[0]
}

// isUTF8 says whether bytes are UTF-8, but for a character that may be cut off
// at the end.
func isUTF8(body []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut < len(body); cut++ {
		if tail := body[len(body)-1-cut:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				body = body[:len(body)-1-cut]
			}
			break
		}
	}
	return utf8.Valid(body)
}

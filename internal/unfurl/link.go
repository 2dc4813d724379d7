package unfurl

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"example.com/chat/internal/safehttp"
)

// base resolves the URLs of a page.
type base struct {
	from *url.URL // where the page comes from
	at   *url.URL // what its URLs are relative to
}

func baseOf(from *url.URL, href string) *base {
	b := &base{from: from, at: from}
	if u := b.resolve(href); u != nil {
		b.at = u
	}
	return b
}

// media is the first of the URLs that a picture, or what can be played, may
// have: no SVG, which is a program more than a picture.
func (b *base) media(urls ...string) string {
	for _, raw := range urls {
		u := b.resolve(raw)
		if u == nil {
			continue
		}
		if path := strings.ToLower(u.Path); strings.HasSuffix(path, ".svg") || strings.HasSuffix(path, ".svgz") {
			continue
		}
		return u.String()
	}
	return ""
}

// own is a URL if it is on the page's own host: a page may name its canonical
// address, not somebody else's.
func (b *base) own(raw string) string {
	u := b.resolve(raw)
	if u == nil || u.Hostname() != b.from.Hostname() || u.Port() != "" && u.Port() != b.from.Port() {
		return ""
	}
	return u.String()
}

// resolve is a URL of the page, absolute and in normal form; nil if it is not
// one to be followed: not http or https, with a user, too long, or an address
// inside, which would have every reader's browser ask there.
func (b *base) resolve(raw string) *url.URL {
	if raw == "" || len(raw) > maxLink {
		return nil
	}
	u, err := b.at.Parse(escapeURL(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.User != nil {
		return nil
	}
	host, err := safehttp.NormalHost(u)
	if err != nil || host != b.from.Hostname() && isInside(host) {
		return nil
	}
	port := u.Port()
	if u.Host = host; strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host += ":" + port
	}
	if len(u.String()) > maxLink {
		return nil
	}
	return u
}

// isInside says whether a host is an address that is not public, or this
// machine.
func isInside(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return !safehttp.IsPublic(a)
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// escapeURL writes a URL as browsers read it: without line breaks, and with
// what a URL cannot hold escaped.
func escapeURL(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '\t' || c == '\n' || c == '\r':
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0, c == '%' && !isEscape(raw[i:]):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isEscape(s string) bool {
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

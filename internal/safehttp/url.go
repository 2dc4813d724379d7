package safehttp

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// MaxURL is the most bytes that a URL may have.
const MaxURL = 2048

// CheckURL reads a URL and says whether it may be asked for, as far as its text
// shows: where the name leads is judged when it is connected to. The URL is
// returned in its normal form: lower case, host in ASCII, no default port, no
// fragment. The error matches ErrRefused.
func (c *Client) CheckURL(raw string) (*url.URL, error) {
	if err := checkText(raw); err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: not a URL", ErrRefused)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%w: scheme %.20q", ErrRefused, u.Scheme)
	case u.Opaque != "" || u.Host == "":
		return nil, fmt.Errorf("%w: no host", ErrRefused)
	case u.User != nil:
		return nil, fmt.Errorf("%w: user in the URL", ErrRefused)
	}
	port := portOf(u)
	if !slices.Contains(c.options.Ports, port) {
		return nil, fmt.Errorf("%w: port %.10q", ErrRefused, u.Port())
	}
	host, err := NormalHost(u)
	if err != nil {
		return nil, err
	}
	if err := c.checkHost(host); err != nil {
		return nil, err
	}
	normal := &url.URL{Scheme: u.Scheme, Host: host, Path: u.Path, RawPath: u.RawPath, RawQuery: escapeQuery(u.RawQuery)}
	if strings.Contains(host, ":") {
		normal.Host = "[" + host + "]"
	}
	if standard := port == 80 && u.Scheme == "http" || port == 443 && u.Scheme == "https"; !standard {
		normal.Host = fmt.Sprintf("%s:%d", normal.Host, port)
	}
	if normal.Path == "" {
		normal.Path = "/"
	}
	return normal, nil
}

// checkText refuses what no URL has in it, before parsers have a chance to
// disagree about what it means.
func checkText(raw string) error {
	switch {
	case raw == "" || len(raw) > MaxURL:
		return fmt.Errorf("%w: URL of %d bytes", ErrRefused, len(raw))
	case !utf8.ValidString(raw):
		return fmt.Errorf("%w: URL is not UTF-8", ErrRefused)
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }):
		return fmt.Errorf("%w: URL with a space, a backslash or a control character", ErrRefused)
	}
	return nil
}

// checkHost judges a host in normal form.
func (c *Client) checkHost(host string) error {
	if slices.ContainsFunc(c.denied, func(p hostPattern) bool { return p.matches(host) }) {
		return fmt.Errorf("%w: host is denied", ErrRefused)
	}
	if len(c.allowed) > 0 && !slices.ContainsFunc(c.allowed, func(p hostPattern) bool { return p.matches(host) }) {
		return fmt.Errorf("%w: host is not allowed", ErrRefused)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if !c.mayReach(a) {
			return fmt.Errorf("%w: address %s", ErrRefused, a)
		}
		return nil
	}
	if len(c.options.AllowedNetworks) == 0 && leadsInside(host) {
		return fmt.Errorf("%w: name that leads inside", ErrRefused)
	}
	return nil
}

// NormalHost is the host of a URL without its port: an address, or a name in
// lower case, in ASCII and without a dot at the end. The error matches
// ErrRefused.
func NormalHost(u *url.URL) (string, error) {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", fmt.Errorf("%w: address in brackets", ErrRefused)
		}
		// One that is mapped is the IPv4 address that is connected to.
		return a.Unmap().String(), nil
	}
	name, err := idna.Lookup.ToASCII(host)
	if err == nil { // bytes that are no characters are encoded too, as a name that is none
		_, err = idna.Lookup.ToASCII(name)
	}
	name = strings.TrimSuffix(name, ".")
	if err != nil || !isName(name) {
		return "", fmt.Errorf("%w: host is no name", ErrRefused)
	}
	// Digits of other scripts are only now what they mean.
	if a, err := netip.ParseAddr(name); err == nil {
		return a.String(), nil
	}
	if endsInNumber(name) {
		return "", fmt.Errorf("%w: address in an old form", ErrRefused)
	}
	return name, nil
}

// isName says whether a name can be one of DNS.
func isName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// endsInNumber says whether some resolvers take a name for an IPv4 address:
// 127.1, 0x7f000001, 0177.0.0.1.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	digits, isHex := strings.CutPrefix(last, "0x")
	return strings.Trim(digits, "0123456789") == "" || isHex && strings.Trim(digits, "0123456789abcdef") == ""
}

// leadsInside says whether a name leads inside by convention. Refusing it is a
// courtesy, to spare a look-up: the check of the address is what protects.
func leadsInside(name string) bool {
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{
		".localhost", ".localdomain", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion", ".svc",
	} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// escapeQuery writes what a query must not hold as it is.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c >= 0x80 || c == '"' || c == '<' || c == '>' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hostPattern is a name, or all names below one.
type hostPattern struct {
	name string
	self bool // the name itself, too
}

func hostPatterns(field string, hosts []string) ([]hostPattern, error) {
	var list []hostPattern
	for i, host := range hosts {
		name, below := strings.CutPrefix(host, ".")
		u := &url.URL{Host: name}
		if strings.Contains(name, ":") && !strings.HasPrefix(name, "[") {
			u.Host = "[" + name + "]"
		}
		normal, err := NormalHost(u)
		if err != nil || u.Port() != "" {
			return nil, fmt.Errorf("safehttp: %s[%d] is %q; must be a host alone, such as example.org", field, i, host)
		}
		list = append(list, hostPattern{name: normal, self: !below})
	}
	return list, nil
}

func (p hostPattern) matches(host string) bool {
	return p.self && host == p.name || strings.HasSuffix(host, "."+p.name)
}

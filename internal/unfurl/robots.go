package unfurl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Of robots.txt, which RFC 9309 specifies.
const (
	maxRobots  = 512 << 10      // bytes read of one; at least 500 KiB
	robotsLife = 24 * time.Hour // how long one is remembered, at most
)

var (
	errRobots   = errors.New("the host's robots.txt does not allow it")
	errNoRobots = errors.New("the host's robots.txt cannot be reached")
)

// robots is what the robots.txt of a host says to us.
type robots struct {
	unreachable bool // nothing may be fetched
	rules       []robotsRule
}

type robotsRule struct {
	pattern string // in normal form
	allow   bool
}

// robotsKey is in the context of a request for a robots.txt.
type robotsKey struct{}

// askRobots is an error unless the robots.txt of a URL's host lets us fetch it.
func (f *Fetcher) askRobots(ctx context.Context, c *call, u *url.URL) error {
	at := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	key := "robots " + at.String() // no URL has a space
	f.mu.Lock()
	r, ok := f.cache.get(key, time.Now())
	f.mu.Unlock()
	if !ok {
		r.robots = f.fetchRobots(ctx, at.String())
		if ctx.Err() != nil { // it may be others who took the time
			return ctx.Err()
		}
		r.keep = min(f.options.CacheFor, robotsLife)
		if r.robots.unreachable {
			r.keep = f.options.CacheFailureFor
		}
		if r.bytes() <= f.options.CacheBytes/16 { // else it would push out too much
			f.mu.Lock()
			f.cache.put(key, r, time.Now())
			f.mu.Unlock()
		}
		if err := f.move(ctx, c, u.Hostname()); err != nil { // it may have been redirected
			return err
		}
	}
	switch {
	case r.robots.unreachable:
		return errNoRobots
	case !r.robots.allows(u):
		return errRobots
	}
	return nil
}

// fetchRobots fetches a robots.txt and reads what it says to us.
func (f *Fetcher) fetchRobots(ctx context.Context, link string) *robots {
	request, err := http.NewRequestWithContext(context.WithValue(ctx, robotsKey{}, true), http.MethodGet, link, nil)
	if err != nil {
		return &robots{unreachable: true}
	}
	request.Header.Set("Accept", "text/plain,*/*;q=0.5")
	response, err := f.client.Do(request)
	if err != nil {
		return &robots{unreachable: true}
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status >= 400 && status < 500:
		return &robots{}
	case status < 200 || status >= 300:
		return &robots{unreachable: true}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRobots))
	if err != nil {
		return &robots{unreachable: true}
	}
	if len(body) == maxRobots { // its last line may be cut
		body = body[:bytes.LastIndexAny(body, "\r\n")+1]
	}
	return parseRobots(body, productToken(f.options.HTTP.UserAgent))
}

// productToken is the name that a user agent begins with.
func productToken(agent string) string {
	agent = strings.TrimSpace(agent)
	end := strings.IndexFunc(agent, func(r rune) bool {
		return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		return agent
	}
	return agent[:end]
}

// parseRobots reads the rules of the groups for a user agent; if there are none,
// those of the groups for all.
func parseRobots(body []byte, token string) *robots {
	var own, all []robotsRule
	var named, isOwn, isAll bool
	heading := false // the last line that counts began a group
	for body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")); len(body) > 0; {
		line := body
		if end := bytes.IndexAny(body, "\r\n"); end < 0 {
			body = nil
		} else {
			line, body = body[:end], body[end+1:]
		}
		line, _, _ = bytes.Cut(line, []byte("#"))
		name, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		value := string(bytes.TrimSpace(rest))
		switch kind := strings.ToLower(string(bytes.TrimSpace(name))); kind {
		case "user-agent":
			if !heading {
				isOwn, isAll = false, false
			}
			heading = true
			isAll = isAll || value == "*"
			if token != "" && strings.EqualFold(productToken(value), token) {
				isOwn, named = true, true
			}
		case "allow", "disallow":
			heading = false
			if value == "" {
				continue
			}
			rule := robotsRule{pattern: normalPattern(value), allow: kind == "allow"}
			if isOwn {
				own = append(own, rule)
			}
			if isAll && !named {
				all = append(all, rule)
			}
		}
	}
	if named {
		all = own
	}
	return &robots{rules: all}
}

// allows says whether a URL may be fetched: as the longest pattern says that
// matches it, and of two that are as long the one that allows.
func (r *robots) allows(u *url.URL) bool {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	// A pattern says these as they are only if they are escaped.
	path = strings.NewReplacer("*", "%2A", "$", "%24").Replace(normalOctets(path))
	longest, allowed := 0, true
	for _, rule := range r.rules {
		n := len(rule.pattern)
		if n > longest || n == longest && rule.allow && !allowed {
			if rule.matches(path) {
				longest, allowed = n, rule.allow
			}
		}
	}
	return allowed || path == "/robots.txt"
}

// matches says whether a path begins as the pattern says, where * is anything
// and $ at the end is the end.
func (r *robotsRule) matches(path string) bool {
	pattern, ends := strings.CutSuffix(r.pattern, "$")
	first, pattern, more := strings.Cut(pattern, "*")
	path, ok := strings.CutPrefix(path, first)
	for ok && more {
		var part string
		part, pattern, more = strings.Cut(pattern, "*")
		if !more && ends {
			return strings.HasSuffix(path, part)
		}
		_, path, ok = strings.Cut(path, part)
	}
	return ok && (!ends || path == "")
}

// normalPattern is a pattern in the form that it is compared in.
func normalPattern(pattern string) string {
	pattern, ends := strings.CutSuffix(pattern, "$")
	pattern = strings.ReplaceAll(normalOctets(pattern), "$", "%24")
	if ends {
		pattern += "$"
	}
	return pattern
}

// normalOctets writes a path with everything escaped that is not ASCII, and
// nothing that needs no escape.
func normalOctets(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '%' && isEscape(path[i:]):
			c = fromHex(path[i+1])<<4 | fromHex(path[i+2])
			i += 2
			if isUnreserved(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		case c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func fromHex(c byte) byte {
	if c >= 'A' {
		return c&^0x20 - 'A' + 10
	}
	return c - '0'
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

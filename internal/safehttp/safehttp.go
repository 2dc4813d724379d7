// Package safehttp is an HTTP client for addresses that strangers choose. It
// reaches nothing but the public internet, follows a few redirects, each one
// checked, and bounds the time and the bytes of every answer.
package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// ErrRefused is matched by the error of every request that was not made because
// of where it leads. What was refused, and why, is for a log: told to whoever
// chose the address, it would show them what there is inside.
var ErrRefused = errors.New("refused")

// Options configures a Client. Every zero field means the default that its
// comment states.
type Options struct {
	// UserAgent is the User-Agent of requests that have none. Default: none.
	UserAgent string

	// Timeout is the time for everything, from the look-up of the name to the
	// last byte of the body, redirects included: at most 10 s. Default 4 s.
	Timeout time.Duration

	// MaxBody is how many bytes of a body are read, counted after
	// decompression; what is more is as if it were not there. Default 1 MiB.
	MaxBody int64

	// MaxRedirects is how many redirects are followed; negative means none.
	// Default 5.
	MaxRedirects int

	// Ports are those that may be connected to. Default 80 and 443.
	Ports []uint16

	// AllowedNetworks may be connected to although they are not public. Names
	// that lead inside by convention (wiki, nas.local) may then be asked for
	// too; each address they have is still judged by itself. Default: none.
	AllowedNetworks []netip.Prefix

	// AllowedHosts, if there are any, are the only hosts that may be asked.
	// A name stands for itself and for all names below it; with a dot in front
	// only for those below. Default: every host.
	AllowedHosts []string

	// DeniedHosts are never asked, allowed or not. Names as in AllowedHosts.
	// The application's own host belongs here. Default: none.
	DeniedHosts []string

	// Resolver looks names up. Default: the system's.
	Resolver *net.Resolver

	// RootCAs are the authorities that certificates must come from. Default:
	// the system's.
	RootCAs *x509.CertPool

	// OnRedirect, if set, is called before a redirect is followed, with the URL
	// that was asked and the one that is next. An error ends the request.
	OnRedirect func(ctx context.Context, from, to *url.URL) error
}

// maxTimeout bounds what a site can hold of us, whatever is configured.
const maxTimeout = 10 * time.Second

// maxHeader is how many bytes of an answer's headers are read.
const maxHeader = 64 << 10

// Client makes requests. It keeps no cookies and no connections, uses no proxy,
// and is safe for concurrent use.
type Client struct {
	options   Options
	allowed   []hostPattern
	denied    []hostPattern
	transport *http.Transport
}

// New makes a Client, or says what is wrong with the options.
func New(o Options) (*Client, error) {
	if o.Timeout == 0 {
		o.Timeout = 4 * time.Second
	}
	if o.Timeout < 0 || o.Timeout > maxTimeout {
		return nil, fmt.Errorf("safehttp: Timeout is %v; must be positive and at most %v", o.Timeout, maxTimeout)
	}
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxBody < 0 {
		return nil, fmt.Errorf("safehttp: MaxBody is %d; must be positive", o.MaxBody)
	}
	if o.MaxRedirects == 0 {
		o.MaxRedirects = 5
	}
	if o.Ports = slices.Clone(o.Ports); len(o.Ports) == 0 {
		o.Ports = []uint16{80, 443}
	}
	o.AllowedNetworks = slices.Clone(o.AllowedNetworks)
	for i, p := range o.AllowedNetworks {
		if !p.IsValid() {
			return nil, fmt.Errorf("safehttp: AllowedNetworks[%d] is not a network", i)
		}
	}
	c := &Client{options: o}
	var err error
	if c.allowed, err = hostPatterns("AllowedHosts", o.AllowedHosts); err != nil {
		return nil, err
	}
	if c.denied, err = hostPatterns("DeniedHosts", o.DeniedHosts); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Resolver: o.Resolver, ControlContext: c.checkConnection}
	c.transport = &http.Transport{
		// With a proxy the dialer would see the proxy's address alone.
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 alone
		DisableKeepAlives:      true,
		DisableCompression:     true, // decompressed here, where it is counted
		MaxResponseHeaderBytes: maxHeader,
	}
	return c, nil
}

// checkConnection judges the very address that is about to be connected to:
// after the look-up, for each attempt and for each redirect, so that a name
// that changes its address, or has several, gains nothing.
func (c *Client) checkConnection(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrRefused, network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: address %q", ErrRefused, address)
	}
	if !slices.Contains(c.options.Ports, to.Port()) {
		return fmt.Errorf("%w: port %d", ErrRefused, to.Port())
	}
	if !c.mayReach(to.Addr()) {
		return fmt.Errorf("%w: address %s", ErrRefused, to.Addr())
	}
	return nil
}

// mayReach says whether an address is public, or in a network that is allowed.
func (c *Client) mayReach(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	return IsPublic(a) || slices.ContainsFunc(c.options.AllowedNetworks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Do makes a request and follows redirects of GET and HEAD. The URL of the
// request is checked as [Client.CheckURL] does. The answer may have any status
// but that of a redirect that was followed; its Request is the last one made,
// so that its URL is where the answer comes from. The body is decompressed and
// ends after MaxBody bytes; closing it ends everything.
//
// The context bounds the request as Timeout does. The error matches ErrRefused
// if the request leads where it must not. No error names a URL: its path and
// query may be somebody's secret.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	to, err := c.CheckURL(r.URL.String())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), c.options.Timeout)
	response, err := c.follow(ctx, r, to)
	if err == nil {
		if err = decode(response); err != nil {
			_ = response.Body.Close()
		}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &body{Reader: io.LimitReader(response.Body, c.options.MaxBody), closer: response.Body, cancel: cancel}
	return response, nil
}

// follow makes the request, and those it is redirected to.
func (c *Client) follow(ctx context.Context, r *http.Request, to *url.URL) (*http.Response, error) {
	for redirects := 0; ; redirects++ {
		// A request of its own: nothing of the one before but its headers goes
		// along, so no Referer either.
		request := r.Clone(ctx)
		request.URL, request.Host = to, ""
		request.Header.Set("Accept-Encoding", "gzip")
		if request.Header.Get("User-Agent") == "" {
			request.Header.Set("User-Agent", c.options.UserAgent)
		}
		response, err := c.transport.RoundTrip(request)
		if err != nil {
			return nil, withoutAnswer(ctx, err)
		}
		if !isRedirect(response.StatusCode) || r.Method != http.MethodGet && r.Method != http.MethodHead {
			return response, nil
		}
		_ = response.Body.Close()
		if redirects >= c.options.MaxRedirects {
			return nil, fmt.Errorf("%w: more than %d redirects", ErrRefused, max(c.options.MaxRedirects, 0))
		}
		next, err := c.redirect(to, response.Header.Get("Location"))
		if err != nil {
			return nil, err
		}
		if c.options.OnRedirect != nil {
			if err := c.options.OnRedirect(ctx, to, next); err != nil {
				return nil, err
			}
		}
		to = next
	}
}

// withoutAnswer is an error of the transport, without what it may quote of the
// answer: a stranger wrote that.
func withoutAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var connection *net.OpError
	var certificate *tls.CertificateVerificationError
	if errors.Is(err, ErrRefused) || errors.As(err, &connection) || errors.As(err, &certificate) {
		return err
	}
	return errors.New("no answer of HTTP/1.1")
}

// redirect is the URL that a Location leads to from another.
func (c *Client) redirect(from *url.URL, location string) (*url.URL, error) {
	if location == "" {
		return nil, fmt.Errorf("%w: redirect to nowhere", ErrRefused)
	}
	if err := checkText(location); err != nil {
		return nil, err
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: redirect to what is no URL", ErrRefused)
	}
	if from.Scheme == "https" && next.Scheme == "http" {
		return nil, fmt.Errorf("%w: redirect from https to http", ErrRefused)
	}
	return c.CheckURL(next.String())
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// portOf is the port that a URL leads to, 0 if it is none.
func portOf(u *url.URL) uint16 {
	switch port := u.Port(); {
	case port != "":
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return 0
		}
		return uint16(n)
	case u.Scheme == "https":
		return 443
	}
	return 80
}

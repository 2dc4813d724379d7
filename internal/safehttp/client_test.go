package safehttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// The tests have a small internet on loopback. 127.0.0.2 is public in it, for
// its network is allowed; the rest of 127.0.0.0/8 is inside, and is never to
// see a connection.
const (
	outside = "127.0.0.2"
	inside  = "127.0.0.3"
)

// internet is a name server, a site outside and one inside, on one port.
type internet struct {
	t      *testing.T
	port   uint16
	site   http.Handler
	inside atomic.Int32 // connections

	mu      sync.Mutex
	answers map[string][][]string // by name: the addresses of each look-up, the last one for good
	asked   map[string]int        // by name and type
}

func newInternet(t *testing.T, site http.HandlerFunc) *internet {
	t.Helper()
	n := &internet{t: t, site: site, answers: map[string][][]string{}, asked: map[string]int{}}
	public, private := n.listen()
	server := &http.Server{Handler: site}
	go func() { _ = server.Serve(public) }()
	t.Cleanup(func() { server.Close(); private.Close() })
	go func() {
		for {
			conn, err := private.Accept()
			if err != nil {
				return
			}
			n.inside.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		if got := n.inside.Load(); got != 0 {
			t.Errorf("%d connections were made to the inside", got)
		}
	})
	return n
}

// listen is a port at both addresses.
func (n *internet) listen() (public, private net.Listener) {
	n.t.Helper()
	for range 20 {
		public, err := net.Listen("tcp4", outside+":0")
		if err != nil {
			n.t.Skipf("skipped: %v; this system has one loopback address alone", err)
		}
		n.port = public.Addr().(*net.TCPAddr).AddrPort().Port()
		if private, err = net.Listen("tcp4", netip.AddrPortFrom(netip.MustParseAddr(inside), n.port).String()); err == nil {
			return public, private
		}
		public.Close()
	}
	n.t.Fatal("no port is free at both addresses")
	return nil, nil
}

// names has a name answered with the addresses of each look-up, the last ones
// for good.
func (n *internet) names(name string, answers [][]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[name] = answers
}

// client is a client that lives in this internet.
func (n *internet) client(change func(*Options)) *Client {
	n.t.Helper()
	o := Options{
		Timeout:         2 * time.Second,
		Ports:           []uint16{n.port},
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix(outside + "/32")},
		Resolver:        n.resolver(),
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

func (n *internet) url(host, path string) string {
	return "http://" + host + ":" + portText(n.port) + path
}

func portText(port uint16) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), port).String()[len("0.0.0.0:"):]
}

// resolver asks the name server, which listens on loopback.
func (n *internet) resolver() *net.Resolver {
	n.t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	go n.serveNames(conn)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func (n *internet) serveNames(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Authoritative, m.RecursionAvailable, m.Additionals = true, true, true, nil
		n.answer(&m)
		if packed, err := m.Pack(); err == nil {
			_, _ = conn.WriteTo(packed, from)
		}
	}
}

func (n *internet) answer(m *dnsmessage.Message) {
	question := m.Questions[0]
	name := strings.TrimSuffix(question.Name.String(), ".")
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.answers[name]
	if len(list) == 0 {
		m.RCode = dnsmessage.RCodeNameError
		return
	}
	asked := name + " " + question.Type.String()
	addresses := list[min(n.asked[asked], len(list)-1)]
	n.asked[asked]++
	for _, text := range addresses {
		header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil: // another name, which is inside
			header.Type = dnsmessage.TypeCNAME
			target := dnsmessage.MustNewName(text + ".")
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.CNAMEResource{CNAME: target}})
			if question.Type == dnsmessage.TypeA {
				header.Name, header.Type = target, dnsmessage.TypeA
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: netip.MustParseAddr(inside).As4()}})
			}
		case a.Is4() && question.Type == dnsmessage.TypeA:
			header.Type = dnsmessage.TypeA
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && question.Type == dnsmessage.TypeAAAA:
			header.Type = dnsmessage.TypeAAAA
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
}

// get asks for a URL and reads the body.
func get(t *testing.T, c *Client, raw string) (*http.Response, string, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "", err
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", err
	}
	response, err := c.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func wantRefused(t *testing.T, err error, why string) {
	t.Helper()
	if !errors.Is(err, ErrRefused) {
		t.Errorf("%s: %v; want it to be refused", why, err)
	}
}

func TestNamesThatLeadInsideAreRefusedAtConnect(t *testing.T) {
	n := newInternet(t, nil)
	c := n.client(nil)
	n.names("private.example", [][]string{{inside}})
	n.names("loopback6.example", [][]string{{"::1"}})
	n.names("alias.example", [][]string{{"metadata.google.internal"}})
	n.names("mapped.example", [][]string{{"::ffff:" + inside}})
	for _, name := range []string{"private.example", "loopback6.example", "mapped.example", "alias.example"} {
		_, _, err := get(t, c, n.url(name, "/"))
		wantRefused(t, err, name)
	}
}

// TestARebindingNameGainsNothing: the address that is checked is the one that
// is connected to, at every look-up anew.
func TestARebindingNameGainsNothing(t *testing.T) {
	n := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
	c := n.client(nil)
	n.names("rebind.example", [][]string{{outside}, {inside}})
	if _, _, err := get(t, c, n.url("rebind.example", "/")); err != nil {
		t.Errorf("the public answer: %v", err)
	}
	_, _, err := get(t, c, n.url("rebind.example", "/"))
	wantRefused(t, err, "the second answer")
	n.names("redirect.example", [][]string{{outside}, {inside}})
	_, _, err = get(t, c, n.url("redirect.example", "/again"))
	wantRefused(t, err, "the second answer, after a redirect to the same host")
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range []string{"rebind.example TypeA", "redirect.example TypeA"} {
		if n.asked[name] != 2 {
			t.Errorf("%s was looked up %d times; want twice", name, n.asked[name])
		}
	}
}

// TestOfMixedAnswersOnlyThePublicConnects: whichever comes first, in either
// family.
func TestOfMixedAnswersOnlyThePublicConnects(t *testing.T) {
	n := newInternet(t, func(http.ResponseWriter, *http.Request) {})
	c := n.client(nil)
	for _, answer := range [][]string{{outside, inside}, {inside, outside}, {outside, "::1"}, {"::1", inside, outside}} {
		n.names("mixed.example", [][]string{answer})
		if _, _, err := get(t, c, n.url("mixed.example", "/")); err != nil {
			t.Errorf("%v: %v", answer, err)
		}
	}
}

func TestThePortIsCheckedAtConnect(t *testing.T) {
	c, err := New(Options{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "93.184.215.14:443": true, "127.0.0.1:6379": false, "10.0.0.1:80": false, "[::1]:80": false, "nonsense": false,
	} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		if err := c.checkConnection(t.Context(), network, address, nil); (err == nil) != ok {
			t.Errorf("%s: %v; want allowed %v", address, err, ok)
		}
	}
	if err := c.checkConnection(t.Context(), "udp4", "93.184.215.14:443", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("udp: %v", err)
	}
}

func TestHostsAreAllowedAndDeniedByNameOrBelow(t *testing.T) {
	c, err := New(Options{
		AllowedHosts: []string{"Example.org", ".example.net", "8.8.8.8", "2606:4700:4700::1111"},
		DeniedHosts:  []string{"chat.example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for raw, ok := range map[string]bool{
		"http://example.org/": true, "http://www.example.org/": true, "http://example.org./": true,
		"http://example.net/": false, "http://a.example.net/": true, "http://8.8.8.8/": true, "http://8.8.4.4/": false,
		"http://[2606:4700:4700::1111]/": true, "http://chat.example.org/": false, "http://a.chat.example.org/": false,
		"http://notexample.org/": false, "http://example.org.evil.com/": false, "http://example.com/": false,
	} {
		if _, err := c.CheckURL(raw); (err == nil) != ok {
			t.Errorf("%s: %v; want allowed %v", raw, err, ok)
		}
	}
	for _, bad := range []string{"", ".", "*.example.org", "http://example.org", "example.org:80", "example.org/x", "a b"} {
		if _, err := New(Options{DeniedHosts: []string{bad}}); err == nil {
			t.Errorf("%q is taken for a host", bad)
		}
	}
}

func TestBadOptionsAreErrors(t *testing.T) {
	for name, o := range map[string]Options{
		"timeout": {Timeout: 11 * time.Second}, "negative timeout": {Timeout: -1},
		"body": {MaxBody: -1}, "network": {AllowedNetworks: []netip.Prefix{{}}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package safehttp

import (
	"encoding/json"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus reads a file of the shared corpus, where it lies beside the
// repository.
func corpus(t testing.TB, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../shared/corpus/ssrf", name))
	if err != nil {
		t.Skipf("skipped: ../shared/corpus/ssrf/%s is not beside the repository", name)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}

type addressCases struct {
	DeniedRanges []struct{ CIDR, Name string } `json:"denied_ranges"`
	Deny, Allow  []string
}

func TestAddressesOfTheCorpus(t *testing.T) {
	var cases addressCases
	corpus(t, "addresses.json", &cases)
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range both(cases.Deny, cases.Allow) {
		a := netip.MustParseAddr(text)
		if got := IsPublic(a); got != want {
			t.Errorf("IsPublic(%s) = %v; want %v", text, got, want)
		}
		network := "tcp6"
		if a.Unmap().Is4() {
			network = "tcp4"
		}
		if err := c.checkConnection(t.Context(), network, netip.AddrPortFrom(a, 443).String(), nil); (err == nil) != want {
			t.Errorf("connecting to %s: %v; want allowed %v", text, err, want)
		}
	}
	// Mapped addresses are what they hold.
	for _, r := range cases.DeniedRanges {
		p := netip.MustParsePrefix(r.CIDR)
		if p.Addr().Is4In6() {
			continue
		}
		for _, a := range []netip.Addr{p.Addr(), last(p)} {
			if IsPublic(a) {
				t.Errorf("%s of %s (%s) is public", a, p, r.Name)
			}
		}
	}
	if len(cases.DeniedRanges) < 41 || len(cases.Deny) < 62 || len(cases.Allow) < 25 {
		t.Errorf("only %d ranges, %d addresses denied, %d allowed", len(cases.DeniedRanges), len(cases.Deny), len(cases.Allow))
	}
}

// TestEachRangeIsOneOfTheCorpus: what is not public is so for a reason.
func TestEachRangeIsOneOfTheCorpus(t *testing.T) {
	var cases addressCases
	corpus(t, "addresses.json", &cases)
	for _, p := range append(special4, special6...) {
		known := false
		for _, r := range cases.DeniedRanges {
			known = known || netip.MustParsePrefix(r.CIDR) == p
		}
		if !known {
			t.Errorf("%s is none of the ranges of the corpus", p)
		}
	}
}

func both(deny, allow []string) map[string]bool {
	all := map[string]bool{}
	for _, a := range deny {
		all[a] = false
	}
	for _, a := range allow {
		all[a] = true
	}
	return all
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

type urlCase struct{ URL, Verdict string }

func TestURLsOfTheCorpus(t *testing.T) {
	var cases []urlCase
	corpus(t, "urls.json", &cases)
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, one := range cases {
		count[one.Verdict]++
		u, err := c.CheckURL(one.URL)
		switch one.Verdict {
		case "deny":
			if err == nil {
				t.Errorf("%q is taken for %s", one.URL, u)
			}
			wantRefused(t, err, one.URL)
		case "allow", "deny-at-dial":
			if err != nil {
				t.Errorf("%q: %v", one.URL, err)
			}
		case "inspect":
			if err == nil {
				wantOneMeaning(t, c, one.URL, u)
			}
		default:
			t.Errorf("%q: verdict %q is not known", one.URL, one.Verdict)
		}
	}
	if len(cases) < 159 {
		t.Errorf("only %d URLs: %v", len(cases), count)
	}
}

// wantOneMeaning: a URL that is taken leads to a public name or address, and is
// read as the same again.
func wantOneMeaning(t *testing.T, c *Client, raw string, u *url.URL) {
	t.Helper()
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !IsPublic(a) {
		t.Errorf("%q leads to %s", raw, a)
	}
	again, err := c.CheckURL(u.String())
	if err != nil || again.String() != u.String() {
		t.Errorf("%q is %s, which is %v, %v", raw, u, again, err)
	}
	if u.User != nil || u.Fragment != "" || strings.ContainsAny(u.String(), " \\\r\n\t") {
		t.Errorf("%q is %s", raw, u)
	}
}

// TestURLsThatAreDeniedAtDial: through a socket, whatever the name is.
func TestURLsThatAreDeniedAtDial(t *testing.T) {
	var cases []urlCase
	corpus(t, "urls.json", &cases)
	n := newInternet(t, nil)
	c := n.client(nil)
	tried := 0
	for _, one := range cases {
		if one.Verdict != "deny-at-dial" {
			continue
		}
		tried++
		u, err := c.CheckURL(n.url(mustHost(t, one.URL), "/"))
		if err != nil {
			t.Fatal(err)
		}
		n.names(u.Hostname(), [][]string{{inside}})
		_, _, err = get(t, c, u.String())
		wantRefused(t, err, one.URL)
	}
	if tried == 0 {
		t.Error("no URL was tried")
	}
}

// TestEveryScenarioOfTheCorpusIsPlayed: a new one needs a test, and a name here.
func TestEveryScenarioOfTheCorpusIsPlayed(t *testing.T) {
	var cases []struct{ Name string }
	corpus(t, "scenarios.json", &cases)
	const (
		astray   = "TestRedirectsThatLeadAstrayAreRefused"
		tells    = "TestRedirectsAreResolvedAndTellNothing"
		names    = "TestNamesThatLeadInsideAreRefusedAtConnect"
		bounded  = "TestBodiesAreBounded"
		mixed    = "TestOfMixedAnswersOnlyThePublicConnects"
		headers  = "unfurl.TestWhatHasAPreviewIsSaidByTheHeaders"
		pageOnly = "unfurl.TestNothingButThePageIsFetched"
	)
	played := map[string]string{
		"redirect to loopback":                                 astray,
		"redirect to metadata by IPv6-mapped":                  astray,
		"redirect to another scheme":                           astray,
		"redirect to another port":                             astray,
		"redirect with credentials":                            astray,
		"redirect loop":                                        astray,
		"redirect chain longer than the limit":                 astray,
		"307 with body":                                        tells,
		"https to http downgrade":                              "TestCertificatesAreChecked",
		"relative and protocol-relative Location":              tells,
		"Location with CR LF or spaces":                        astray,
		"empty or missing Location":                            astray,
		"huge Location or headers":                             bounded,
		"meta refresh / JS redirect":                           pageOnly,
		"DNS rebinding":                                        "TestARebindingNameGainsNothing",
		"mixed DNS answer":                                     mixed,
		"AAAA only private":                                    mixed,
		"CNAME to an internal name":                            names,
		"image_url, og:video, oEmbed endpoint, favicon inside": pageOnly,
		"slow headers":                                         bounded,
		"slow body":                                            bounded,
		"endless body":                                         bounded,
		"Content-Length lies (too small, too big, negative, two of them)": bounded,
		"gzip bomb": bounded,
		"gzip bomb in layers / unknown encodings":        bounded,
		"truncated or corrupt gzip":                      bounded,
		"100 Continue / 103 flood":                       bounded,
		"chunked extensions flood":                       bounded,
		"not HTML":                                       headers,
		"HTML labelled as image, image labelled as HTML": headers,
		"status 204/205/206/304/401/403/404/5xx":         headers,
		"Set-Cookie then cookie wall":                    tells,
		"TLS: self-signed, expired, wrong host":          "TestCertificatesAreChecked",
		"Proxy from the environment":                     "TestTheProxyOfTheEnvironmentIsNotUsed",
		"Alt-Svc, HTTP/2 push, Upgrade":                  bounded,
		"self-request":                                   "TestHostsAreAllowedAndDeniedByNameOrBelow",
	}
	for _, one := range cases {
		if played[one.Name] == "" {
			t.Errorf("%q is not played", one.Name)
		}
	}
}

func mustHost(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Hostname()
}

// FuzzCheckURL: whatever a URL is, it is refused, or it has one meaning that is
// not inside.
func FuzzCheckURL(f *testing.F) {
	var cases []urlCase
	if b, err := os.ReadFile("../../../shared/corpus/ssrf/urls.json"); err == nil && json.Unmarshal(b, &cases) == nil {
		for _, one := range cases {
			f.Add(one.URL)
		}
	}
	f.Add("http://例え.テスト/ü?ü#x")
	f.Add("https://[::ffff:8.8.8.8]:443/%zz")
	f.Add("http://%e1.c") // found by fuzzing: no character, and was encoded as one
	c, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := c.CheckURL(raw)
		if err != nil {
			wantRefused(t, err, raw)
			return
		}
		wantOneMeaning(t, c, raw, u)
		if host, port, err := net.SplitHostPort(u.Host); err == nil && port != "80" && port != "443" {
			t.Errorf("%q leads to port %s of %s", raw, port, host)
		}
		if leadsInside(u.Hostname()) && !strings.Contains(u.Hostname(), ":") {
			t.Errorf("%q leads to %s", raw, u.Hostname())
		}
	})
}

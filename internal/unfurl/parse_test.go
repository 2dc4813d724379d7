package unfurl

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const where = "https://example.org/dir/page?q=1"

func read(t *testing.T, page string) Preview {
	t.Helper()
	from := mustURL(t, where)
	return Parse([]byte(page), "text/html; charset=utf-8", from).Preview(from)
}

func og(name, content string) string {
	return `<meta property="og:` + name + `" content="` + content + `">`
}

func TestOpenGraphTagsAreThePreview(t *testing.T) {
	got := read(t, og("site_name", "Site")+og("title", "Title")+og("url", "/canonical")+og("description", "Text")+
		og("image", "a.png")+og("type", "article"))
	want := Preview{
		Type: "image", AuthorName: "Site", AuthorLink: "https://example.org/", Title: "Title", TitleLink: "https://example.org/canonical",
		Text: "Text", ImageURL: "https://example.org/dir/a.png", ThumbURL: "https://example.org/dir/a.png",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatCanBePlayedIsTheAsset(t *testing.T) {
	video := og("video", "http://v.example/v.mp4") + og("video:secure_url", "https://v.example/v.mp4")
	audio := og("audio:url", "https://a.example/a.mp3")
	if got := read(t, og("title", "x")+audio+video+og("image", "a.png")); got.Type != "video" || got.AssetURL != "https://v.example/v.mp4" {
		t.Errorf("video and audio: %+v", got)
	}
	if got := read(t, og("title", "x")+audio); got.Type != "audio" || got.AssetURL != "https://a.example/a.mp3" {
		t.Errorf("audio: %+v", got)
	}
}

// TestTitles is the order of where a title comes from; likewise below.
func TestTitles(t *testing.T) {
	ld := `<script type="application/ld+json">{"@type":"NewsArticle","headline":"headline","name":"name"}</script>`
	steps := []struct{ tag, title string }{
		{og("title", "og"), "og"},
		{`<meta name="twitter:title" content="twitter">`, "twitter"},
		{ld, "headline"},
		{"<title>title</title>", "title"},
		{`<meta name="title" content="meta">`, "meta"},
		{`<meta name="DC.Title" content="dc">`, "dc"},
		{strings.Replace(ld, `"headline":"headline",`, "", 1), "name"},
		{"<h1>the <b>first</b> heading</h1><h1>another</h1>", "the first heading"},
	}
	wantOrder(t, steps, func(p Preview) string { return p.Title })
}

func TestDescriptions(t *testing.T) {
	steps := []struct{ tag, title string }{
		{og("description", "og"), "og"},
		{`<meta name="twitter:description" content="twitter">`, "twitter"},
		{`<meta name="Description" content="meta">`, "meta"},
		{`<script type="application/ld+json">[{"@type":"Article","description":"ld"}]</script>`, "ld"},
		{`<meta name="dcterms.description" content="dc">`, "dc"},
	}
	wantOrder(t, steps, func(p Preview) string { return p.Text })
}

func TestImages(t *testing.T) {
	steps := []struct{ tag, title string }{
		{og("image", "http://x.example/og") + og("image:secure_url", "https://x.example/og"), "https://x.example/og"},
		{`<meta name="twitter:image" content="//x.example/twitter">`, "https://x.example/twitter"},
		{`<meta name="twitter:image:src" content="//x.example/src">`, "https://x.example/src"},
		{`<link rel="x image_src" href="/link">`, "https://example.org/link"},
		{`<script type="application/ld+json">{"@type":"Article","image":[{"@type":"ImageObject","url":"/ld"}],"thumbnailUrl":"/t"}</script>`, "https://example.org/ld"},
		{`<script type="application/ld+json">{"@type":"Article","thumbnailUrl":"/t"}</script>`, "https://example.org/t"},
	}
	wantOrder(t, steps, func(p Preview) string { return p.ImageURL })
}

func TestSites(t *testing.T) {
	steps := []struct{ tag, title string }{
		{og("site_name", "og"), "og"},
		{`<script type="application/ld+json">{"@graph":[{"@type":"Article","publisher":{"@id":"#o"}},{"@type":"Organization","@id":"#o","name":"ld &amp; sons"}]}</script>`, "ld & sons"},
		{`<meta name="application-name" content="app">`, "app"},
		{`<meta property="al:ios:app_name" content="ios">`, "ios"},
		{`<meta name="publisher" content="publisher">`, "publisher"},
		{`<script type="application/ld+json">{"@type":["WebSite"],"name":"website"}</script>`, "website"},
	}
	wantOrder(t, steps, func(p Preview) string { return p.AuthorName })
}

// wantOrder has each tag win over all below it, wherever they are in the page.
func wantOrder(t *testing.T, steps []struct{ tag, title string }, of func(Preview) string) {
	t.Helper()
	for i, step := range steps {
		page := ""
		for _, below := range steps[i:] {
			page = below.tag + page
		}
		if got := of(read(t, page)); got != step.title {
			t.Errorf("of %s: %q; want %q", page, got, step.title)
		}
	}
	if got := of(read(t, "<p>nothing")); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestTheFirstTagThatIsNotEmptyWins(t *testing.T) {
	got := read(t, og("title", " \u00a0")+og("title", "<p></p>first")+og("title", "second")+
		og("image", "data:image/png,x")+og("image", "a.svg")+og("image", "b")+og("image:type", "image/svg+xml")+og("image", "/c.png"))
	if got.Title != "first" || got.ImageURL != "https://example.org/c.png" {
		t.Errorf("%+v", got)
	}
}

func TestTagsCountWhereverTheyAre(t *testing.T) {
	long := strings.Repeat("<p>x</p>", 50_000)
	got := read(t, "<title>x</title><body><noscript><img></noscript></head>"+long+
		`<META Name=" OG:Title " CONTENT='late'><meta content=reversed property=og:site_name>`)
	if got.Title != "late" || got.AuthorName != "reversed" {
		t.Errorf("%+v", got)
	}
}

func TestWhatOnlyLooksLikeATagIsNone(t *testing.T) {
	tag := og("title", "fake")
	for _, page := range []string{
		"<!-- " + tag + " -->", "<script>'" + tag + "'</script>", "<style>" + tag + "</style>", "<textarea>" + tag + "</textarea>",
		`<p title='` + tag + `'>`, "<svg><title>fake</title></svg>", "<xmp>" + tag,
	} {
		if got := read(t, page); got.Title != "" {
			t.Errorf("%s: %q", page, got.Title)
		}
	}
}

func TestLinksAreAbsoluteAndHarmless(t *testing.T) {
	for raw, want := range map[string]string{
		"x.png":                         "https://example.org/dir/x.png",
		"/x y.png":                      "https://example.org/x%20y.png",
		"//cdn.example/x":               "https://cdn.example/x",
		"http://cdn.example:8080/x#f":   "http://cdn.example:8080/x#f",
		"?ü=<b>&a=%zz":                  "https://example.org/dir/page?%C3%BC=%3Cb%3E&a=%25zz",
		"https://例え.テスト/ü":              "https://xn--r8jz45g.xn--zckzah/%C3%BC",
		" \n/a\nb ":                     "https://example.org/ab",
		"javascript:alert(1)":           "",
		"data:image/png;base64,x":       "",
		"blob:https://example.org/x":    "",
		"ftp://example.org/x":           "",
		"https://u:p@example.org/x":     "",
		"https:///x":                    "",
		"http://10.0.0.1/x.png":         "",
		"http://[::1]/x.png":            "",
		"http://0x7f.1/x.png":           "",
		"http://localhost/x.png":        "",
		"http://169.254.169.254/x":      "",
		"/x.SVG?y":                      "",
		"/" + strings.Repeat("x", 2048): "",
	} {
		if got := read(t, og("image", raw)+og("title", "x")).ImageURL; got != want {
			t.Errorf("%q is %q; want %q", raw, got, want)
		}
	}
	if got := read(t, `<base href="http://other.example/d/"><base href="/no/">`+og("image", "x")).ImageURL; got != "http://other.example/d/x" {
		t.Errorf("with a base: %q", got)
	}
	if got := read(t, `<base href="javascript:x">`+og("image", "x")).ImageURL; got != "https://example.org/dir/x" {
		t.Errorf("with a bad base: %q", got)
	}
}

func TestTheTitleLinkIsOnThePagesHost(t *testing.T) {
	for page, want := range map[string]string{
		og("url", "http://example.org/x"):                                               "http://example.org/x",
		og("url", "https://evil.example/"):                                              where,
		og("url", "https://example.org.evil.example/"):                                  where,
		og("url", "https://www.example.org/"):                                           where,
		og("url", "https://example.org:8443/"):                                          where,
		og("url", "//evil.example/") + `<link rel=canonical href="/canonical">`:         "https://example.org/canonical",
		`<base href="//evil.example/">` + og("url", "x"):                                where,
		`<link rel="canonical" href="https://example.org@evil.example/">`:               where,
		og("url", "javascript:alert(1)"):                                                where,
		`<meta http-equiv="refresh" content="0;url=http://127.0.0.1/"><title>x</title>`: where,
	} {
		if got := read(t, page).TitleLink; got != want {
			t.Errorf("%s: %q; want %q", page, got, want)
		}
	}
}

func TestTextsAreCleaned(t *testing.T) {
	for raw, want := range map[string]string{
		" a \n\t b\u00a0\u2028c ":                           "a b c",
		"a&lt;b&gt;bold&lt;/b&gt;":                          "abold",
		"&lt;p&gt;a&lt;/p&gt;&lt;p&gt;b&lt;br&gt;c":         "a b c",
		"1 &lt; 2 &gt; 0, x&lt;3":                           "1 < 2 > 0, x<3",
		"&lt;&lt;b&gt;script&gt;x":                          "script>x",
		"1 &lt;&lt; 2, &lt;&lt;&lt;/title":                  "1 << 2, /title",
		"&lt;img src=x onerror=alert(1)":                    "img src=x onerror=alert(1)",
		"a\u202eb\u2066c\u200fd\u061ce\u0000f\u0007g":       "abcde\ufffdfg",
		"Tom &amp;amp; Jerry&amp;#8217;s &amp;lt;b&amp;gt;": "Tom & Jerry’s",
		"a=1&amp;copy=2 &amp;nosuch; R&amp;D":               "a=1&copy=2 &nosuch; R&D",
		"👩‍👩‍👧 family":                                      "👩‍👩‍👧 family",
		"\xff\xfeok":                                        "\ufffd\ufffdok",
	} {
		page := "<meta property=og:title content=\"" + raw + "\">"
		if got := read(t, page).Title; got != want {
			t.Errorf("%q is %q; want %q", raw, got, want)
		}
	}
}

func TestLengthsAreBounded(t *testing.T) {
	long := strings.Repeat("ü ", 5000)
	got := read(t, og("title", long)+og("description", long)+og("site_name", long)+og("url", "/"+long))
	for name, n := range map[string][2]int{"title": {len([]rune(got.Title)), 300}, "text": {len([]rune(got.Text)), 1000}, "site": {len([]rune(got.AuthorName)), 100}} {
		if n[0] > n[1] || n[0] < n[1]-1 {
			t.Errorf("%s has %d runes; want %d", name, n[0], n[1])
		}
	}
	if got.TitleLink != where {
		t.Errorf("a long link: %q", got.TitleLink)
	}
}

func TestLinkedDataIsReadAsItIsWritten(t *testing.T) {
	for _, script := range []string{
		`{"@type":"Article","headline":"x"}`,
		`[{"@type":"BreadcrumbList","name":"no"},{"@type":"Article","headline":"x"}]`,
		`{"@context":"https://schema.org","@graph":[{"@type":"WebSite","headline":"no"},{"@type":"Article","headline":"x"}]}`,
		"<!-- {\"headline\":\"x\"} -->", "//<![CDATA[\n{\"headline\":\"x\"}\n//]]>", `{"headline":"x"};`, "{\"headline\":\"x\n\"}",
	} {
		if got := read(t, `<script type="Application/LD+json; charset=utf-8">`+script+`</script>`).Title; got != "x" {
			t.Errorf("%s: %q", script, got)
		}
	}
	for _, script := range []string{
		"", "{", "null", "1", `"x"`, `{"headline":1}`, `{"headline":{"@value":"x"}}`, strings.Repeat("[", 20_000),
		strings.Repeat("[", 9) + `{"headline":"deep"}` + strings.Repeat("]", 9), `{"headline":"` + strings.Repeat("x", 70_000) + `"}`,
		`{"@type":"Article","publisher":{"@id":"#a"},"@id":"#a"}`,
	} {
		if got := read(t, `<script type="application/ld+json">`+script+`</script>`); got.Title != "" {
			t.Errorf("%.100s: %.100q", script, got.Title)
		}
	}
}

// TestTheTimeIsLinear: eight times the bytes are not sixty-four times the time.
// The bench program previews measures many more shapes, and better.
func TestTheTimeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short")
	}
	from := mustURL(t, where)
	for _, shape := range []string{"<body a1=1 b2=2>", "<", "<meta ", `<meta property="og:image" content="data:x">`, "<svg><title>x", `<a "`, "<h1>x</h1>", "&amp"} {
		best := [2]time.Duration{time.Hour, time.Hour}
		for range 4 {
			for i, size := range []int{256 << 10, 2 << 20} {
				body := []byte(strings.Repeat(shape, size/len(shape)))
				begun := time.Now()
				Parse(body, "text/html", from)
				best[i] = min(best[i], time.Since(begun))
			}
		}
		if best[1] > 40*max(best[0], 5*time.Millisecond) {
			t.Errorf("%q: %v, then %v", shape, best[0], best[1])
		}
	}
}

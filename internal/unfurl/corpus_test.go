package unfurl

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const corpusDir = "../../../shared/corpus"

// corpusFile reads a file of the shared corpus, where it lies beside the
// repository.
func corpusFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpusDir, name))
	if err != nil {
		t.Skipf("skipped: ../shared/corpus/%s is not beside the repository", name)
	}
	return b
}

func corpusCases[T any](t testing.TB, name string) []T {
	t.Helper()
	var cases []T
	if err := json.Unmarshal(corpusFile(t, name), &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestCharsetsOfTheCorpus: those where browsers differ, too.
func TestCharsetsOfTheCorpus(t *testing.T) {
	type charsetCase struct {
		File        string
		ContentType string `json:"content_type"`
		Title       *string
		Description string
	}
	cases := corpusCases[charsetCase](t, "charset/cases.json")
	for _, one := range cases {
		p := Parse(corpusFile(t, "charset/"+one.File), one.ContentType, mustURL(t, "https://example.org/"))
		want := ""
		if one.Title != nil {
			want = *one.Title
		}
		if p.Title != want || p.Description != one.Description {
			t.Errorf("%s: %q, %q; want %q, %q", one.File, p.Title, p.Description, want, one.Description)
		}
	}
	if len(cases) < 78 {
		t.Errorf("only %d cases", len(cases))
	}
}

// TestPagesOfTheCorpus holds each page to what a preview promises, and to its
// own Open Graph title, site and type.
func TestPagesOfTheCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpusDir, "pages/*.expected.json"))
	if len(files) == 0 {
		t.Skip("skipped: ../shared/corpus/pages is not beside the repository")
	}
	for _, file := range files {
		var page struct {
			ID, URL     string
			ContentType string `json:"content_type"`
			OG          map[string]any
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(strings.TrimSuffix(file, ".expected.json") + ".html")
		if err != nil {
			t.Fatal(err)
		}
		from := mustURL(t, page.URL)
		p := Parse(body, page.ContentType, from)
		wantSound(t, page.ID, p.Preview(from), from)
		for name, got := range map[string]string{"title": p.Title, "site_name": p.Site, "type": p.Type} {
			want, _ := page.OG[name].(string)
			if want = clean(maxTitle, want); want != "" && got != want {
				t.Errorf("%s: %s is %q; want %q", page.ID, name, got, want)
			}
		}
	}
	if len(files) < 133 {
		t.Errorf("only %d pages", len(files))
	}
}

// wantSound is what every preview promises, whatever the page is.
func wantSound(t *testing.T, of string, p Preview, from *url.URL) {
	t.Helper()
	for name, field := range map[string]struct {
		text string
		most int
	}{"title": {p.Title, 300}, "text": {p.Text, 1000}, "author": {p.AuthorName, 100}} {
		if n := utf8.RuneCountInString(field.text); n > field.most {
			t.Errorf("%s: %s has %d runes", of, name, n)
		}
		if !utf8.ValidString(field.text) || strings.Join(strings.Fields(field.text), " ") != field.text {
			t.Errorf("%s: %s is not folded UTF-8: %q", of, name, field.text)
		}
		for i, c := range field.text {
			if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
				t.Errorf("%s: %s has %U: %q", of, name, c, field.text)
			}
			if rest := field.text[i+utf8.RuneLen(c):]; c == '<' && rest != "" && opensTag(rune(rest[0])) {
				t.Errorf("%s: %s has a tag: %q", of, name, field.text)
			}
		}
	}
	for name, link := range map[string]string{
		"title_link": p.TitleLink, "author_link": p.AuthorLink, "image_url": p.ImageURL, "thumb_url": p.ThumbURL, "asset_url": p.AssetURL,
	} {
		if link == "" {
			continue
		}
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(link) > 2048 {
			t.Errorf("%s: %s is %q", of, name, link)
			continue
		}
		if strings.ContainsFunc(link, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>\`, c) }) {
			t.Errorf("%s: %s is not escaped: %q", of, name, link)
		}
		if (name == "title_link" || name == "author_link") && u.Hostname() != from.Hostname() {
			t.Errorf("%s: %s is %q, on another host than %s", of, name, link, from)
		}
		if (name == "image_url" || name == "thumb_url") && strings.HasSuffix(strings.ToLower(u.Path), ".svg") {
			t.Errorf("%s: %s is an SVG: %q", of, name, link)
		}
	}
}

// FuzzParse: whatever a page and its header are, what comes of it is sound, the
// same each time, and no longer when the page is cut anywhere.
func FuzzParse(f *testing.F) {
	for _, one := range []string{
		`<meta property="og:title" content="a&lt;b&gt;c"><meta property="og:image" content="//x.example/a b.png?ü">`,
		`<base href="/dir/"><link rel="canonical image_src" href="x\y"><title>x</title><svg><title>y</title></svg><h1>z</h1>`,
		`<script type="application/ld+json">{"@graph":[{"@type":"Article","headline":"x","publisher":{"@id":"#p"}},{"@id":"#p","name":"y"}]}</script>`,
		"<meta charset=shift_jis><title>\x93\xfa\x96\x7b",
		"\xff\xfe<\x00t\x00i\x00t\x00l\x00e\x00>\x00x\x00",
	} {
		f.Add([]byte(one), "text/html", "https://example.org/dir/page?x")
		f.Add([]byte(one), "text/html; charset=windows-1251", "http://[2606:4700:4700::1111]/")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType, raw string) {
		from, err := url.Parse(raw)
		if err != nil || from.Scheme != "http" && from.Scheme != "https" || from.Host == "" || from.User != nil || len(raw) > 200 {
			from = &url.URL{Scheme: "https", Host: "example.org", Path: "/"}
		}
		if strings.ContainsFunc(from.String(), func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>\`, c) }) {
			from = &url.URL{Scheme: "https", Host: "example.org", Path: "/"} // not of a form that the client gives
		}
		p := Parse(body, contentType, from)
		wantSound(t, "page", p.Preview(from), from)
		if again := Parse(body, contentType, from); again != p {
			t.Errorf("read twice: %+v, %+v", p, again)
		}
	})
}

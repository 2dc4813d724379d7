package sanitizer

import (
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"example.com/chat/internal/markup"
	"example.com/chat/internal/markup/attack"
)

// list is what markup may write, as a policy of bluemonday.
func list(images bool) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "em", "strong", "del", "b", "i", "s", "code", "pre", "blockquote", "ul", "ol", "li", "bdi",
		"h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^nofollow noopener noreferrer ugc$`)).OnElements("a")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[^\s\x00-\x20]+$`)).OnElements("code")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	if images {
		p.AllowAttrs("src", "alt").OnElements("img")
	}
	return p
}

// tokens are html's, so that how quotes and references are written, and in what
// order the attributes, makes no difference.
func tokens(source string) (list []string) {
	for t := html.NewTokenizer(strings.NewReader(source)); t.Next() != html.ErrorToken; {
		token := t.Token()
		slices.SortFunc(token.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
		for i := range token.Attr {
			if a := &token.Attr[i]; a.Key == "href" || a.Key == "src" {
				a.Val = address(a.Val)
			}
		}
		list = append(list, token.String())
	}
	return list
}

// address is an address as net/url writes it, which the sanitizer does.
func address(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "no address: " + s
	}
	return u.String()
}

func TestAnotherSanitizerChangesNothing(t *testing.T) {
	attacks, err := attack.Load(filepath.Join("..", "..", "shared", "corpus", "xss", "xss.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: the attack strings of ../shared/corpus/xss are not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	attacks = append(attacks, attack.Mutating()...)
	for _, images := range []bool{false, true} {
		r, policy, count := markup.New(markup.Options{Images: images}), list(images), 0
		for _, a := range attacks {
			for _, output := range attack.Outputs(r, a) {
				count++
				if got, want := tokens(policy.Sanitize(output)), tokens(output); !slices.Equal(got, want) {
					t.Errorf("of %q\n%q\nthe sanitizer makes\n%q", a, want, got)
				}
			}
		}
		t.Logf("images %v: %d attacks, %d outputs", images, len(attacks), count)
	}
}

// TestTheSanitizerHasTeeth shows that the test above can fail.
func TestTheSanitizerHasTeeth(t *testing.T) {
	for _, bad := range []string{
		"<p><script>a</script></p>", "<p onclick=a>b</p>", `<a href="javascript:a">b</a>`, `<img src="https://a.example">`,
		`<code class="language-a b">c</code>`, `<a href="tel:1">b</a>`,
	} {
		if slices.Equal(tokens(list(false).Sanitize(bad)), tokens(bad)) {
			t.Errorf("%q passes", bad)
		}
	}
}

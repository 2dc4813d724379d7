package markup_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.com/chat/internal/markup"
	"example.com/chat/internal/markup/attack"
)

// allowed is the list, written down once more: each element with its attributes.
var allowed = map[string]map[string]*regexp.Regexp{
	"p": nil, "br": nil, "hr": nil, "em": nil, "strong": nil, "del": nil, "b": nil, "i": nil, "s": nil, "bdi": nil,
	"pre": nil, "blockquote": nil, "ul": nil, "li": nil, "h1": nil, "h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil,
	"code": {"class": regexp.MustCompile(`^language-[^\s\x00-\x20]+$`)},
	"ol":   {"start": regexp.MustCompile(`^[0-9]{1,9}$`)},
	"a": {
		"href":  regexp.MustCompile(`^(?i:https?://[^/?#:@]|mailto:)[!-~]*$`),
		"title": regexp.MustCompile(`(?s).`),
		"rel":   regexp.MustCompile(`^nofollow noopener noreferrer ugc$`),
	},
}

var shown = map[string]*regexp.Regexp{
	"src":   regexp.MustCompile(`^(?i:https?)://[^/?#:@][!-~]*$`),
	"alt":   regexp.MustCompile(`(?s)^.*$`),
	"title": regexp.MustCompile(`(?s).`),
}

// offList finds what is not on the list; empty if there is nothing.
func offList(source string, images bool) string {
	var open []string
	for tokens := html.NewTokenizer(strings.NewReader(source)); ; {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			if len(open) > 0 {
				return "it ends within " + open[len(open)-1]
			}
			return ""
		case html.TextToken:
			continue
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				return "an end of " + token.Data
			}
			open = open[:len(open)-1]
			continue
		case html.StartTagToken:
		default:
			return "a token " + token.String()
		}
		attributes, ok := allowed[token.Data]
		if token.Data == "img" && images {
			attributes, ok = shown, true
		}
		if !ok {
			return "element " + token.Data
		}
		if token.Data == "a" && (len(token.Attr) < 2 || slices.Contains(open, "a")) {
			return "a link within one, or without an address or rel"
		}
		if !slices.Contains([]string{"br", "hr", "img"}, token.Data) {
			open = append(open, token.Data)
		}
		for _, attribute := range token.Attr {
			if pattern := attributes[attribute.Key]; pattern == nil || attribute.Namespace != "" || !pattern.MatchString(attribute.Val) {
				return "attribute " + attribute.Key + "=" + attribute.Val
			}
		}
	}
}

// TestOffListIsNoticed shows that the tests that look for such can fail.
func TestOffListIsNoticed(t *testing.T) {
	for _, bad := range []string{
		"<script>", "<p onclick=x></p>", "<a href=javascript:x rel='nofollow noopener noreferrer ugc'></a>", "<p>", "</p>", "<!-- x -->",
		"<a href='https://a' rel=x></a>", "<a href='https:///a' rel='nofollow noopener noreferrer ugc'></a>", "<img src=https://a>",
		"<code class='language-a b'></code>", "<a></a>", "<ol start=-1></ol>", "<p><em></p></em>",
	} {
		if offList(bad, false) == "" {
			t.Errorf("%s is taken for good", bad)
		}
	}
}

// TestAttacksStayOnTheList feeds known attacks in every part of a message and as
// html of the application. What came out is rebuilt as it is.
func TestAttacksStayOnTheList(t *testing.T) {
	attacks, err := attack.Load(filepath.Join("..", "..", "..", "shared", "corpus", "xss", "xss.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: the attack strings of ../shared/corpus/xss are not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	for _, options := range []markup.Options{{}, {Images: true}, {Off: true}} {
		r := markup.New(options)
		count := 0
		for _, a := range attacks {
			for _, output := range attack.Outputs(r, a) {
				count++
				if problem := offList(output, options.Images); problem != "" {
					t.Errorf("%q becomes %q: %s", a, output, problem)
				}
				if again := r.Rebuild(output); again != output {
					t.Errorf("%q becomes %q, which is rebuilt as %q", a, output, again)
				}
			}
		}
		t.Logf("%+v: %d attacks, %d outputs", options, len(attacks), count)
	}
}

// FuzzRender gives any text: what comes out is on the list, no larger than it
// may be, and rebuilt as it is.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"**a** [b](https://c.example \"d\") <https://e.example>", "![a](http://b.example/i)", "- a\n  > b\n\n```go\nc", "\u202ea\u202c `\u2066b`",
		"[![a](http://b.example)](http://c.example)", "&#13;&#x202e;", "www.a.example. (http://b.example)", "a@b.example", "3. a\n4. b", "~~a~~<b>",
	} {
		f.Add(s)
	}
	byDefault, images := markup.New(markup.Options{}), markup.New(markup.Options{Images: true, Schemes: []string{"x-y"}})
	f.Fuzz(func(t *testing.T, source string) {
		source = strings.ReplaceAll(strings.ToValidUTF8(source, ""), "\x00", "") // as every text that is sent
		made, err := byDefault.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		output := made.HTML
		if made.Plain {
			output = markup.Paragraph(source)
		}
		if problem := offList(output, false); problem != "" {
			t.Errorf("%q becomes %q: %s", source, output, problem)
		}
		if again := byDefault.Rebuild(output); again != output {
			t.Errorf("%q becomes %q, which is rebuilt as %q", source, output, again)
		}
		if _, problem := grown(t, output, false); problem != "" {
			t.Errorf("%q becomes %q: in its tree is %s", source, output, problem)
		}
		if len(output) > max(12*len(source), 1024) {
			t.Errorf("%d bytes become %d", len(source), len(output))
		}
		if text := made.Text(); len(text) > len(output) {
			t.Errorf("%q has the text %q", source, text)
		}
		made, err = images.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		if again := images.Rebuild(made.HTML); again != made.HTML {
			t.Errorf("%q becomes %q, which is rebuilt as %q", source, made.HTML, again)
		}
	})
}

// FuzzRebuild gives any bytes as html: what comes out is on the list, and is
// rebuilt as itself.
func FuzzRebuild(f *testing.F) {
	for _, source := range []string{
		"<p>a<br>b</p>", "<b><i>a</b>", `<a href="https://a.example" title=b>x<a href=http://c>`, "<script>a</script>", "<a href='javascript:x'>", "&lt;b&gt;", "&#X00D",
		"<a href='http://a&#13;&#10;b'>", "<ol start=03><li>a", "<pre><code class='language-a b'>", "<img src=https://a alt='&#x202e;'>", "<bdi>\u202ea<b>\u202eb",
	} {
		f.Add(source)
	}
	byDefault, images := markup.New(markup.Options{}), markup.New(markup.Options{Images: true})
	f.Fuzz(func(t *testing.T, source string) {
		for _, r := range []*markup.Renderer{byDefault, images} {
			rebuilt := r.Rebuild(source)
			if problem := offList(rebuilt, r == images); problem != "" {
				t.Errorf("%q is rebuilt as %q: %s", source, rebuilt, problem)
			}
			if _, problem := grown(t, rebuilt, r == images); problem != "" {
				t.Errorf("%q is rebuilt as %q: in its tree is %s", source, rebuilt, problem)
			}
			if again := r.Rebuild(rebuilt); again != rebuilt {
				t.Errorf("%q is rebuilt as %q, and that as %q", source, rebuilt, again)
			}
		}
	})
}

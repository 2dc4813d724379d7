package markup

import "testing"

func TestTextOfHTML(t *testing.T) {
	r := New(Options{Images: true})
	for source, want := range map[string]string{
		"":                                    "",
		"hello":                               "hello",
		"**a** *b* ~~c~~ `d  e`":              "a b c d e",
		"a\nb\n\nc":                           "a\nb\nc",
		"# a\n- b\n- c\n\n> d":                "a\nb\nc\nd",
		"[a](https://b.example) <c> & \"d\"":  "a <c> & \"d\"",
		"![a \"b\"](https://b.example 'c') d": "a \"b\" d",
		"```go\na  b\n\n  c\n```\nd":          "a  b\n\n  c\nd",
		"a \u202eb":                           "a b",
		"&lt;b&gt; &amp;amp;":                 "<b> &amp;",
	} {
		made, err := r.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := made.Text(); got != want {
			t.Errorf("%q reads %q, want %q", source, got, want)
		}
	}
	if got, want := Text(r.Rebuild("<p>a</p><p>b<br>c</p><ul><li>d<li>e</ul>")), "a\nb\nc\nd\ne"; got != want {
		t.Errorf("html reads %q, want %q", got, want)
	}
}

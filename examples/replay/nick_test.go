package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUserOfIsReversible(t *testing.T) {
	for _, test := range []struct{ nick, user string }{
		{"olu", "olu"},
		{"Tex_Nick-2|away", "Tex_Nick-2|away"},
		{"[fern]", "+5bfern+5d"},
		{"kit`away", "kit+60away"},
		{"c++", "c+2b+2b"},
		{"a:b", "a+3ab"},
		{"żółw", "+c5+bc+c3+b3+c5+82w"},
	} {
		if got := userOf(test.nick); string(got) != test.user {
			t.Errorf("userOf(%q): got %q, want %q", test.nick, got, test.user)
		}
		if got := nickOf(userOf(test.nick)); got != test.nick {
			t.Errorf("nickOf(userOf(%q)): got %q", test.nick, got)
		}
	}
	if got := nickOf("a+zz"); got != "a+zz" {
		t.Errorf("an id that is of no nick: got %q", got)
	}
}

func TestAddressee(t *testing.T) {
	for text, want := range map[string]string{
		"maya: hello":       "maya",
		"maya, hello":       "maya",
		"maya:":             "maya",
		"[fern]: hello":     "[fern]",
		"maya hello":        "",
		"hello maya: there": "",
		"http://a.example":  "",
		"10:30 is fine":     "",
		": hello":           "",
		"":                  "",
	} {
		if got := addressee(text); got != want {
			t.Errorf("addressee(%q): got %q, want %q", text, got, want)
		}
	}
}

func TestCleanText(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                   "plain",
		"a\tb":                    "a\tb",
		"\x0304red\x03 \x02b\x02": "04red b",
		"nul\x00":                 "nul",
		"caf\xe9":                 "caf\uFFFD",
		"ż\u0085":                 "ż",
	} {
		got, changed := cleanText(text)
		if got != want || changed != (text != want) {
			t.Errorf("cleanText(%q): got %q, %v, want %q", text, got, changed, want)
		}
	}
}

func TestSplitText(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"  ", nil},
		{"one two", []string{"one two"}},
		{"one two three", []string{"one two", "three"}},
		{"onetwothree", []string{"onetwoth", "ree"}},
		{"żółwżółwżółw", []string{"żółwżółw", "żółw"}},
		{strings.Repeat(" ", 20) + "a", []string{"a"}},
	} {
		if got := splitText(test.text, 8); !cmp.Equal(got, test.want) {
			t.Errorf("splitText(%q): got %q, want %q", test.text, got, test.want)
		}
	}
}

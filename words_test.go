package chat

import (
	"strings"
	"testing"
)

func TestBlockListsMatchWholeWords(t *testing.T) {
	list := phrases{}
	for _, word := range []string{"damn", "Straße", "buy  now!", "don't", "ΣΊΣΥΦΟΣ", "笨蛋", "a b a c", "bad", "crétin", "nai\u0308ve", "\u1112\u1161\u11ab국"} {
		list.add(word)
	}
	for text, want := range map[string]string{
		"":                            "",
		"Damn":                        "damn",
		"oh DAMN!":                    "damn",
		"damned, goddamn and damn_it": "damn",
		"damned, goddamn":             "",
		"STRAßE":                      "Straße",
		"buy\nnow":                    "buy  now!",
		"buy - now":                   "buy  now!",
		"buy it now":                  "",
		"I Don’t":                     "don't",
		"σίσυφος":                     "ΣΊΣΥΦΟΣ",
		"da\u200bmn\u00ad":            "damn",
		"你是笨蛋吗":                       "笨蛋",
		"笨 蛋":                         "笨蛋",
		"笨":                           "",
		"\u212aelvin damn":            "damn",
		"a b a b a c":                 "a b a c",
		"d a m n":                     "",
		"dämn":                        "",
		"b\u034fa\ufe0fd\U000e0100":   "bad",
		"\u3164b\u115fa\uffa0d":       "bad",
		"\ufe0fb\u180ba\u180fd":       "bad",
		"CRE\u0301TIN":                "crétin",
		"cre\u034f\u0301tin":          "crétin",
		"NAÏVE":                       "nai\u0308ve",
		"cretin, naive":               "",
		"한국":                          "\u1112\u1161\u11ab국",
	} {
		got, found := list.find(wordsOf(text))
		if got != want || found != (want != "") {
			t.Errorf("%q holds %q, want %q", text, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("oh damn", "damn")
	f.Add("\u0300x y", "X y")
	f.Fuzz(func(t *testing.T, text, word string) {
		w := wordsOf(text)
		if len(strings.Fields(w.folded)) != len(w.starts) {
			t.Fatalf("%q has %d words, of which %d begin", w.folded, len(strings.Fields(w.folded)), len(w.starts))
		}
		list := phrases{}
		if len(wordsOf(word).starts) == 0 {
			return
		}
		list.add(word)
		padded := " " + wordsOf(word).folded + " "
		_, found := list.find(w)
		if want := strings.Contains(" "+w.folded+" ", padded); found != want {
			t.Errorf("%q in %q: %v, want %v", word, text, found, want)
		}
		if _, found := list.find(wordsOf(word)); !found {
			t.Errorf("%q does not hold itself", word)
		}
	})
}

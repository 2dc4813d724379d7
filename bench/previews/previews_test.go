package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTextsAreComparedAsReadersSeeThem(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"a  b\n", "a b", true},
		{"“a” – b…", `"a" - b...`, true},
		{"Tom &amp;amp; Jerry", "Tom & Jerry", true},
		{"<p>a</p><p>b</p>", "a b", true},
		{"\u200ea", "a", true},
		{"1 < 2 > 0", "1 < 2 > 0", true},
		{"e\u0301", "é", true},
		{"a", "A", false},
		{"a", "", false},
	} {
		if got := same("title", c.a, c.b); got != c.same {
			t.Errorf("%q and %q: same is %v", c.a, c.b, got)
		}
	}
	if !same("image", "https://x.example/a%20b", "http://x.example/a b") || same("image", "https://x.example/a", "https://x.example/b") {
		t.Error("images are not compared by what they name")
	}
}

func TestShapesHaveTheirSize(t *testing.T) {
	for _, s := range hostileShapes() {
		if n := len(s.of(64 << 10)); n < 64<<10 || n > 256<<10 {
			t.Errorf("%s has %d bytes", s.name, n)
		}
	}
}

func TestPreviewsScoresTheCorpus(t *testing.T) {
	const corpus = "../../../shared/corpus"
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("skipped: ../shared/corpus is not beside the repository")
	}
	pages, err := loadPages(corpus)
	if err != nil {
		t.Fatal(err)
	}
	site, err := serve(pages)
	if err != nil {
		t.Fatal(err)
	}
	defer site.close()
	if err := site.fetchAll(pages); err != nil {
		t.Fatal(err)
	}
	a, b := newScore(), newScore()
	for _, p := range pages {
		scoreA(a, p, readOurs(p))
		scoreB(b, p, readOurs(p))
	}
	for _, m := range requiredA {
		if float64(a.right[m.field]) < m.required {
			t.Errorf("A: %s", a)
			break
		}
	}
	for _, m := range requiredB {
		if float64(b.right[m.field]) < m.required {
			t.Errorf("B: %s", b)
			break
		}
	}
}

func TestWithoutPagesNothingIsMeasured(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run([]string{"-corpus", t.TempDir()}, &out, &errs); status != 2 || !strings.Contains(errs.String(), "no pages") {
		t.Errorf("status %d, %s", status, errs.String())
	}
}

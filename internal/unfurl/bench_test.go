package unfurl

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkParse reads all pages of the corpus.
func BenchmarkParse(b *testing.B) {
	type page struct {
		URL         string
		ContentType string `json:"content_type"`
		from        *url.URL
		body        []byte
	}
	files, _ := filepath.Glob("../../../shared/corpus/pages/*.expected.json")
	if len(files) == 0 {
		b.Skip("skipped: ../shared/corpus/pages is not beside the repository")
	}
	var pages []page
	for _, file := range files {
		var p page
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &p)
		}
		if err == nil {
			p.body, err = os.ReadFile(strings.TrimSuffix(file, ".expected.json") + ".html")
		}
		if err == nil {
			p.from, err = url.Parse(p.URL)
		}
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, p)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p := pages[n%len(pages)]
		Parse(p.body, p.ContentType, p.from)
		n++
	}
}

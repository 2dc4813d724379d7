package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/internal/markup"
)

// What is required of a hostile text.
const (
	most       = 30 // ms
	mostHeap   = 64 // MB
	mostGrowth = 12 // times the text
)

// What is required of an ordinary text, in times of plain goldmark.
const (
	mostRich  = 1
	mostPlain = 0.1
)

func run(r *program.Run) error {
	if r.Wanted("hostile") {
		if err := hostile(r); err != nil {
			return err
		}
	}
	return ordinary(r)
}

// hostile renders each hostile text at the greatest length and at half of it.
func hostile(r *program.Run) error {
	list, err := corpus()
	if errors.Is(err, fs.ErrNotExist) {
		r.Note("hostile texts of ../shared", "not there: own shapes alone")
	} else if err != nil {
		return err
	}
	list = append(list, shapes()...)
	renderer := markup.New(markup.Options{})
	heap, growth := 0.0, 0.0
	for _, s := range list {
		whole, half := render(renderer, s.text(r.N)), render(renderer, s.text(r.N/2))
		heap, growth = max(heap, whole.heap), max(growth, whole.growth)
		r.AtMost("hostile, "+s.name+", ms", milliseconds(whole.best), most, fmt.Sprintf("%.1f times that of half the size; %.1f MB, html %.1f times the text",
			float64(whole.best)/float64(max(half.best, 1)), whole.heap, whole.growth))
	}
	r.AtMost("hostile, most that is allocated for one, MB", heap, mostHeap, fmt.Sprintf("%d texts", len(list)))
	r.AtMost("hostile, most html, times the text", growth, mostGrowth, "")
	return nil
}

// cost is what one text takes.
type cost struct {
	best   time.Duration // of five
	heap   float64       // MB that were allocated, so no less than what was in use
	growth float64       // html, times the text
}

func render(r *markup.Renderer, source string) cost {
	var c cost
	var before, after runtime.MemStats
	for i := range 5 {
		runtime.ReadMemStats(&before)
		start := time.Now()
		made, err := r.Render(source)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err != nil {
			panic(err) // there are no extensions that could fail
		}
		if i == 0 || took < c.best {
			c.best = took
		}
		if made.Plain {
			made.HTML = markup.Paragraph(source)
		}
		c.heap = float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
		c.growth = float64(len(made.HTML)) / float64(max(len(source), 1))
	}
	return c
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// corpus is the hostile texts beside the repository.
func corpus() ([]shape, error) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "shared", "corpus", "markdown", "pathological.json"))
	if err != nil {
		return nil, err
	}
	var cases []struct {
		Name  string
		Parts []part
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		return nil, err
	}
	var list []shape
	for _, c := range cases {
		list = append(list, shape{c.Name, c.Parts})
	}
	return list, nil
}

const (
	rich = "Hello **everyone**, see [the map](https://example.org/map) or https://example.org/other?q=1 for the way; " +
		"run `go test ./...` first, it is *not* ~~hard~~ easy. Meet you at the corner at ten, bring the papers too."
	plainText = "Hello everyone, this is an ordinary message of about two hundred bytes that people send to each other all day long, " +
		"without any markup in it; it just has commas, a few dots, and the question: when do we meet?"
)

// ordinary renders texts as people write them, beside goldmark with GitHub's
// extensions.
func ordinary(r *program.Run) error {
	renderer := markup.New(markup.Options{})
	plainGoldmark := goldmark.New(goldmark.WithExtensions(extension.GFM))
	for _, text := range []struct {
		name, source string
		most         float64
	}{
		{"ordinary, with markup", rich, mostRich},
		{"ordinary, plain", plainText, mostPlain},
	} {
		if !r.Wanted(text.name) {
			continue
		}
		source := []byte(text.source)
		series, err := measure.Rounds(r.Rounds,
			func() (measure.Cell, error) {
				return measure.Loop("chat", r.Cell, func() error {
					_, err := renderer.Render(text.source)
					return err
				})
			},
			func() (measure.Cell, error) {
				return measure.Loop("goldmark", r.Cell, func() error {
					var out bytes.Buffer
					return plainGoldmark.Convert(source, &out)
				})
			},
		)
		if err != nil {
			return err
		}
		ratio := 1 / series[0].Faster(series[1])
		if r.CPU {
			ratio = series[0].CPURatio(series[1])
		}
		r.AtMost(text.name+", times goldmark with GFM", ratio, text.most,
			fmt.Sprintf("%d bytes: %v, goldmark %v", len(source), series[0].PerCall(), series[1].PerCall()))
	}
	return nil
}

// shape is a hostile text of any size.
type shape struct {
	name  string
	parts []part
}

type part struct {
	Text  string
	Times int
}

// String is a part as Go writes it.
func (p part) String() string { return fmt.Sprintf("{%q, %d}", p.Text, p.Times) }

// text is the shape with so many characters, each part repeated in proportion.
func (s shape) text(characters int) string {
	size := 0
	for _, p := range s.parts {
		size += utf8.RuneCountInString(p.Text) * p.Times
	}
	var out strings.Builder
	for _, p := range s.parts {
		times := p.Times
		if times > 1 {
			times = max(1, p.Times*characters/size)
		}
		out.WriteString(strings.Repeat(p.Text, times))
	}
	text := []rune(out.String())
	return string(text[:min(len(text), characters)])
}

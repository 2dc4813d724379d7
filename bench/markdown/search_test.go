package main

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/chat/internal/markup"
)

var (
	searchFor  = flag.Duration("search", time.Second, "how long to search for costly texts")
	searchSeed = flag.Uint64("search.seed", 1, "the seed of the search")
)

// tokens are what texts are made of in the search.
var tokens = []string{
	"a", " ", "\n", "\n\n", "  ", "    ", "\t", "*", "**", "_", "~", "~~", "`", "``", "\\", "\\`", "[", "]", "(", ")", "](", "](a)", "[a](b", "[a](http://b)",
	"![", "<", ">", "<a:b>", "> ", ">", "- ", "-\n", "+ ", "1. ", "1) ", "# ", "---\n", "```\n", "~~~\n", "&", "&quot;", "&#x202e;", "\"", "'", "!", ":",
	"http://a", "www.a.b", "a@b.co", "@", "\u202e", "é", "字", "\U0001F600", ".", "|", "  \n", "\\\n", "= ", "a b", "\u2066",
}

// TestSearch climbs from random texts to ones that take longer or become more
// html: it changes, adds and drops parts of a shape, and keeps what is worse.
// What it found worst is printed, to be kept in shapes.go.
func TestSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(*searchSeed, 0))
	renderer := markup.New(markup.Options{})
	started := time.Now()
	worst, tried := map[string]found{}, 0
	for time.Since(started) < *searchFor {
		for goal, score := range map[string]func(cost) float64{
			"time":   func(c cost) float64 { return milliseconds(c.best) },
			"growth": func(c cost) float64 { return c.growth },
		} {
			f := climb(random, renderer, score)
			tried += f.tried
			if f.score > worst[goal].score {
				worst[goal] = f
			}
		}
	}
	t.Logf("seed %d: %d texts", *searchSeed, tried)
	for goal, f := range worst {
		c := render(renderer, f.shape.text(longest))
		t.Logf("most %s: %.1f ms, %.1f MB, html %.1f times the text: %v", goal, milliseconds(c.best), c.heap, c.growth, f.shape.parts)
		if c.growth > mostGrowth || c.heap > mostHeap || milliseconds(c.best) > 10*most { // the machine may be busy
			t.Errorf("that is too much")
		}
	}
}

type found struct {
	shape shape
	score float64
	tried int
}

func climb(random *rand.Rand, r *markup.Renderer, score func(cost) float64) found {
	best := found{shape: shape{parts: []part{randomPart(random)}}}
	for range 60 {
		next := shape{parts: slices.Clone(best.shape.parts)}
		switch i := random.IntN(len(next.parts)); {
		case len(next.parts) < 4 && random.IntN(3) == 0:
			next.parts = slices.Insert(next.parts, i, randomPart(random))
		case len(next.parts) > 1 && random.IntN(4) == 0:
			next.parts = slices.Delete(next.parts, i, i+1)
		case random.IntN(3) == 0:
			next.parts[i].Times = 1 + random.IntN(longest)
		case random.IntN(2) == 0:
			next.parts[i].Text += tokens[random.IntN(len(tokens))]
		default:
			next.parts[i] = randomPart(random)
		}
		text := next.text(longest)
		start := time.Now()
		made, _ := r.Render(text)
		c := cost{best: time.Since(start), growth: float64(len(made.HTML)) / float64(max(len(text), 1))}
		best.tried++
		if s := score(c); s > best.score {
			best.shape, best.score = next, s
		}
	}
	return best
}

func randomPart(random *rand.Rand) part {
	p := part{Times: 1 + random.IntN(longest)}
	for range 1 + random.IntN(5) {
		p.Text += tokens[random.IntN(len(tokens))]
	}
	if random.IntN(3) == 0 {
		p.Times = 1 + random.IntN(64)
	}
	return p
}

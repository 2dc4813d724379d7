// Command previews measures how well and how fast the reader of link previews
// reads real pages, beside go-readability and go-trafilatura. Usage:
//
//	go run ./previews [-corpus DIR] [-rounds N] [-markdown]
//
// The pages of the shared corpus are served on loopback with their content
// types, fetched through the guarded client, and read as of the addresses they
// were saved from. Two scores are kept: A, what the tests of other products
// expect of a page, where it is in a tag; B, the page's own Open Graph tags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/report"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is 0 if all that is required was reached, 1 if not, 2 if it could not be
// measured.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("previews", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("corpus", "../../shared/corpus", "where the shared corpus lies")
	rounds := flags.Int("rounds", 5, "how many interleaved rounds, of which the best counts")
	markdown := flags.Bool("markdown", false, "print the lines as a Markdown table")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	machine := fmt.Sprintf("%d cores, %s %s/%s, %s, best of %d rounds by processor time",
		runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.DateOnly), *rounds)
	r := report.New(stdout, machine, *markdown)
	if err := judge(r, *dir, *rounds); err != nil {
		_, _ = fmt.Fprintf(stderr, "previews: %v\n", err)
		return 2
	}
	return r.End()
}

func judge(r *report.Report, dir string, rounds int) error {
	if rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	pages, err := loadPages(dir)
	if err != nil {
		return err
	}
	site, err := serve(pages)
	if err != nil {
		return err
	}
	defer site.close()
	if err := site.fetchAll(pages); err != nil {
		return err
	}
	refused, wanted := site.refused(pages)
	r.AtLeast("error pages refused", float64(refused), float64(wanted), "")
	scores(r, pages)
	if err := charsets(r, dir); err != nil {
		return err
	}
	times(r, pages, rounds)
	shapes(r)
	return nil
}

// times has every reader read all pages, in turns. What counts is the time of
// the processors.
func times(r *report.Report, pages []*page, rounds int) {
	best, clock := map[string]time.Duration{}, map[string]time.Duration{}
	for range rounds {
		for _, one := range readers() {
			runtime.GC()
			took, by := measure.Time(func() {
				for _, p := range pages {
					one.read(p)
				}
			})
			keepLess(best, one.name, took)
			keepLess(clock, one.name, by)
		}
	}
	ms := func(of map[string]time.Duration, name string) float64 {
		return of[name].Seconds() * 1000 / float64(len(pages))
	}
	for _, one := range readers()[1:] {
		r.Note("ms a page: "+one.name, fmt.Sprintf("%.2f (%.2f by the clock)", ms(best, one.name), ms(clock, one.name)))
	}
	r.AtMost("ms a page", ms(best, ours), 1, fmt.Sprintf("%.2f by the clock", ms(clock, ours)))
	r.AtMost("of the time of "+readability, ms(best, ours)/ms(best, readability), 0.1, "")
}

func keepLess(of map[string]time.Duration, name string, took time.Duration) {
	if known, ok := of[name]; !ok || took < known {
		of[name] = took
	}
}

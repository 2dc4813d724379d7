// Package program is what the benchmarks have in common: their flags,
// their settings, their folder for files and their exit status.
package program

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"example.com/chat/bench/internal/report"
)

// GOGC is the same for every contender. They share a process, so it cannot be
// otherwise.
const GOGC = 400

// Run is one run of a benchmark.
type Run struct {
	*report.Report

	Quick  bool
	CPU    bool          // judge what does not wait for the disk by processor time
	N      int           // messages
	Rounds int           // of which the median counts
	Cell   time.Duration // how long one contender is measured in one round
	Dir    string        // for files, removed at the end
	Mixed  time.Duration // how long the mixed run of reads lasts

	only string
}

// Wanted says whether a part of the benchmark is to be run.
func (r *Run) Wanted(part string) bool { return strings.Contains(part, r.only) }

// Spec is what a benchmark is called, and how large.
type Spec struct {
	Name, Title       string
	N, QuickN         int
	Cell, QuickCell   time.Duration
	Mixed, QuickMixed time.Duration
	Measure           func(*Run) error
}

// Main runs a benchmark with the arguments of its command line, and returns its
// exit status: 0 if all that is required was reached, 1 if not, 2 if it could
// not be measured.
func Main(spec Spec, args []string, stdout, stderr io.Writer) int {
	status, err := run(spec, args, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", spec.Name, err)
		return 2
	}
	return status
}

func run(spec Spec, args []string, stdout, stderr io.Writer) (status int, err error) {
	r := &Run{}
	flags := flag.NewFlagSet(spec.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&r.Quick, "quick", false, "measure less, within a minute")
	flags.BoolVar(&r.CPU, "cpu", false, "judge calls that do not wait for the disk by processor time, on a machine that has other things to do")
	flags.IntVar(&r.N, "n", 0, "how many messages (default by -quick)")
	flags.IntVar(&r.Rounds, "rounds", 5, "how many interleaved rounds")
	flags.DurationVar(&r.Cell, "cell", 0, "how long a contender is measured in a round (default by -quick)")
	flags.DurationVar(&r.Mixed, "mixed", 0, "how long the mixed run lasts (default by -quick)")
	flags.StringVar(&r.only, "only", "", "measure only the parts whose name contains this")
	dir := flags.String("dir", "", "where to put files (default: the system's temporary folder)")
	svg := flags.String("svg", "", "write a chart into this file")
	markdown := flags.Bool("markdown", false, "print the lines as a Markdown table")
	profile := flags.String("cpuprofile", "", "write a CPU profile into this file; its label contender tells whose time it was")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	n, cell, mixed := spec.N, spec.Cell, spec.Mixed
	if r.Quick {
		n, cell, mixed = spec.QuickN, spec.QuickCell, spec.QuickMixed
	}
	if r.N == 0 {
		r.N = n
	}
	if r.Cell == 0 {
		r.Cell = cell
	}
	if r.Mixed == 0 {
		r.Mixed = mixed
	}
	if r.Rounds < 1 || r.N < 1 {
		return 0, errors.New("-rounds and -n must be at least 1")
	}
	debug.SetGCPercent(GOGC)
	if r.Dir, err = os.MkdirTemp(*dir, "chat-bench-"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.Dir)) }()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return 0, err
		}
		defer pprof.StopCPUProfile()
	}
	r.Report = report.New(stdout, machine(r), *markdown)
	if err := spec.Measure(r); err != nil {
		return 0, err
	}
	if *svg != "" {
		if err := r.SVG(*svg, spec.Title); err != nil {
			return 0, err
		}
	}
	return r.End(), nil
}

// machine is what was measured on, and how.
func machine(r *Run) string {
	how := ""
	if r.CPU {
		how = ", reads by processor time"
	}
	return fmt.Sprintf("%s%d cores, %s %s/%s, GOGC=%d, %s, median of at least %d rounds of %v, n=%d%s",
		processor(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, GOGC,
		time.Now().UTC().Format(time.DateOnly), r.Rounds, r.Cell, r.N, how)
}

// processor is the name of the processor where the system tells it.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value) + ", "
		}
	}
	return ""
}

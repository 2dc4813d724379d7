// Package report is what a benchmark says: a line a measurement with what is
// required beside it, a verdict at the end, and the same as a Markdown table or
// a chart.
package report

import (
	"fmt"
	"io"
	"strings"
)

// Report collects measurements and prints each when it is made.
type Report struct {
	out      io.Writer
	markdown bool
	lines    int
	short    []string
	bars     []bar
	machine  string
}

// New begins a report with what it was measured on. As Markdown its lines are
// the rows of a table.
func New(out io.Writer, machine string, markdown bool) *Report {
	r := &Report{out: out, markdown: markdown, machine: machine}
	if markdown {
		_, _ = fmt.Fprintf(out, "%s\n\n", machine)
	}
	r.line("measurement", "measured", "required", "")
	if !markdown {
		r.line("machine", machine, "", "")
	}
	return r
}

// Note prints a measurement of which nothing is required.
func (r *Report) Note(name, measured string) { r.line(name, measured, "", "") }

// AtLeast prints a measurement that must not be below a bound. The detail says
// what it is made of.
func (r *Report) AtLeast(name string, value, bound float64, detail string) {
	r.judge(name, value, fmt.Sprintf("at least %s", number(bound)), value >= bound, detail)
}

// AtMost prints a measurement that must not be above a bound.
func (r *Report) AtMost(name string, value, bound float64, detail string) {
	r.judge(name, value, fmt.Sprintf("at most %s", number(bound)), value <= bound, detail)
}

func (r *Report) judge(name string, value float64, required string, ok bool, detail string) {
	verdict := "ok"
	if !ok {
		verdict = "short"
		r.short = append(r.short, fmt.Sprintf("%s: %s, %s", name, number(value), required))
	}
	measured := number(value)
	if detail != "" {
		measured += " (" + detail + ")"
	}
	r.line(name, measured, required, verdict)
}

// End prints the verdict, and returns the exit status that goes with it.
func (r *Report) End() int {
	if r.markdown {
		_, _ = fmt.Fprintln(r.out)
	}
	if len(r.short) == 0 {
		_, _ = fmt.Fprintln(r.out, "ok")
		return 0
	}
	_, _ = fmt.Fprintf(r.out, "short: %s\n", strings.Join(r.short, "; "))
	return 1
}

func (r *Report) line(cells ...string) {
	if !r.markdown {
		_, _ = fmt.Fprintln(r.out, strings.Join(cells, "\t"))
		return
	}
	_, _ = fmt.Fprintf(r.out, "| %s |\n", strings.Join(cells, " | "))
	if r.lines++; r.lines == 1 {
		_, _ = fmt.Fprintf(r.out, "|%s\n", strings.Repeat(" --- |", len(cells)))
	}
}

func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

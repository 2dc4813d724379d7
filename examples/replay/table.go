package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// outcome is what a run came to.
type outcome struct {
	channels, users int
	tally           tally
	sending         time.Duration
	checking        time.Duration
	size            int64
	checked         *checks
	differences     int
	shown           []string
}

// write writes the table, and the differences if there are any.
func (o *outcome) write(w io.Writer) error {
	t := o.tally
	perSecond := float64(t.messages+t.system) / o.sending.Seconds()
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][3]string{
		{"channels", grouped(o.channels)},
		{"users", grouped(o.users)},
		{"messages", grouped(t.messages), fmt.Sprintf("and %s system messages", grouped(t.system))},
		{"private", grouped(t.private)},
		{"pending", grouped(t.committed + t.dropped), fmt.Sprintf("%s committed, %s deleted", grouped(t.committed), grouped(t.dropped))},
		{
			"deleted", grouped(t.soft + t.hard + t.forMe),
			fmt.Sprintf("%s soft, %s hard, %s for me", grouped(t.soft), grouped(t.hard), grouped(t.forMe)),
		},
		{"quotes", grouped(t.quotes), fmt.Sprintf("%s more answer what cannot be quoted", grouped(t.unquotable))},
		{
			"not as logged", grouped(t.cleaned + t.split + t.empty + t.unplayed),
			fmt.Sprintf("%s cleaned, %s split, %s empty, %s of an unknown form", grouped(t.cleaned), grouped(t.split), grouped(t.empty), grouped(t.unplayed)),
		},
		{"sends per second", grouped(int(perSecond)), fmt.Sprintf("all in %s", o.sending.Round(10*time.Millisecond))},
		{"file size", fmt.Sprintf("%.1f MB", float64(o.size)/1e6)},
		{
			"checked", grouped(int(o.checked.messages.Load())),
			fmt.Sprintf("messages read, %s not to be read, %s unread counts, in %s", grouped(int(o.checked.hidden.Load())),
				grouped(int(o.checked.unread.Load())), o.checking.Round(10*time.Millisecond)),
		},
		{"differences", grouped(o.differences)},
	} {
		if _, err := fmt.Fprintf(tab, "%s\t%s\t%s\n", row[0], row[1], row[2]); err != nil {
			return err
		}
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	for _, s := range o.shown {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	if more := o.differences - len(o.shown); more > 0 {
		_, err := fmt.Fprintf(w, "and %d more\n", more)
		return err
	}
	return nil
}

// grouped writes a number as 208,290.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

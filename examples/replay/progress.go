package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress shows how far something is: on a terminal in one line that changes,
// elsewhere in a new line every few seconds.
type progress struct {
	out      io.Writer
	terminal bool
}

func progressTo(file *os.File) progress {
	info, err := file.Stat()
	return progress{file, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// during shows the progress of a function while it runs, and its end.
func (p progress) during(what string, total int64, now func() int64, run func() error) error {
	every := 5 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				p.show(what, now(), total, false)
			}
		}
	})
	err := run()
	close(done)
	wg.Wait()
	if err != nil {
		if p.terminal {
			_, _ = fmt.Fprintln(p.out)
		}
		return err
	}
	p.show(what, now(), total, true)
	return nil
}

func (p progress) show(what string, n, total int64, last bool) {
	begin, end := "", "\n"
	if p.terminal {
		begin, end = "\r\x1b[K", ""
		if last {
			end = "\n"
		}
	}
	_, _ = fmt.Fprintf(p.out, "%s%s: %s of %s%s", begin, what, grouped(int(n)), grouped(int(total)), end)
}

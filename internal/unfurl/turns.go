package unfurl

import (
	"context"
	"net/url"
	"slices"
)

// call is one fetch, for all who want its result.
type call struct {
	key    string
	url    *url.URL
	host   string // whose place it holds: where it is now; empty on its way
	over   chan struct{}
	result result // once it is over
}

// host is how much of one there is. It is forgotten when there is nothing.
type host struct {
	running  int
	waiting  int             // for their first turn
	arriving []chan struct{} // redirected to it, each waiting for its channel to be closed
}

// enter starts a call or has it wait, unless there is no room. The Fetcher is
// locked.
func (f *Fetcher) enter(c *call) bool {
	h := f.hostOf(c.host)
	if f.running < f.options.MaxRunning && h.running < f.options.MaxRunningPerHost {
		f.start(c, h)
		return true
	}
	if len(f.waiting) >= f.options.MaxWaiting || h.waiting >= f.options.MaxWaitingPerHost {
		f.forget(c.host, h)
		return false
	}
	f.waiting = append(f.waiting, c)
	h.waiting++
	return true
}

func (f *Fetcher) hostOf(name string) *host {
	h := f.hosts[name]
	if h == nil {
		h = &host{}
		f.hosts[name] = h
	}
	return h
}

// start runs a call. The Fetcher is locked.
func (f *Fetcher) start(c *call, h *host) {
	f.running++
	h.running++
	f.done.Go(func() {
		r := f.fetch(f.ctx, c)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.running--
		f.leave(c.host)
		f.end(c, r)
		f.startWaiting()
	})
}

// leave gives up a place at a host, to one that was redirected to it if there
// is one: it holds a place of the whole already. The Fetcher is locked.
func (f *Fetcher) leave(name string) {
	h := f.hosts[name]
	if h == nil {
		return
	}
	if len(h.arriving) > 0 {
		close(h.arriving[0])
		h.arriving = h.arriving[1:]
		return
	}
	h.running--
	f.forget(name, h)
}

// forget forgets a host of which there is nothing. The Fetcher is locked.
func (f *Fetcher) forget(name string, h *host) {
	if h.running == 0 && h.waiting == 0 && len(h.arriving) == 0 {
		delete(f.hosts, name)
	}
}

// startWaiting starts those that wait and now have a place, in order. One whose
// host has none is passed over. The Fetcher is locked.
func (f *Fetcher) startWaiting() {
	for i := 0; i < len(f.waiting) && f.running < f.options.MaxRunning; {
		c := f.waiting[i]
		h := f.hosts[c.host]
		if h.running >= f.options.MaxRunningPerHost {
			i++
			continue
		}
		f.waiting = slices.Delete(f.waiting, i, i+1)
		h.waiting--
		f.start(c, h)
	}
}

// redirected moves a call to the host that it is redirected to, whose robots.txt
// is asked too.
func (f *Fetcher) redirected(ctx context.Context, _, to *url.URL) error {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return nil
	}
	if err := f.move(ctx, c, to.Hostname()); err != nil {
		return err
	}
	if !f.options.RobotsTxt || ctx.Value(robotsKey{}) != nil {
		return nil
	}
	return f.askRobots(ctx, c, to)
}

// move moves a call to another host, waiting for a place there.
func (f *Fetcher) move(ctx context.Context, c *call, to string) error {
	if c.host == to {
		return nil
	}
	f.mu.Lock()
	f.leave(c.host)
	f.startWaiting()
	c.host = ""
	h := f.hostOf(to)
	if h.running < f.options.MaxRunningPerHost {
		h.running++
		c.host = to
		f.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	h.arriving = append(h.arriving, turn)
	f.mu.Unlock()
	var err error
	select {
	case <-turn:
	case <-ctx.Done():
		err = ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(h.arriving, turn); i >= 0 { // it gave up waiting
		h.arriving = slices.Delete(h.arriving, i, i+1)
		f.forget(to, h)
		return err
	}
	c.host = to
	return err
}

// callKey is under which a fetch's context has its call.
type callKey struct{}

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/report"
	"example.com/chat/bench/internal/workload"
)

func audiences() []audience {
	return []audience{
		{"1 subscriber of one channel", 1, 1},
		{"100 subscribers of one channel", 1, 100},
		{"10,000 subscribers of one channel", 1, 10_000},
		{"10,000 subscribers of 1,000 channels", 1_000, 10_000},
	}
}

// longest is how long one measurement lasts at most: what is not delivered by
// then is not counted.
const longest = time.Minute

// measureDeliveries measures deliveries of what lies in the log, which nothing
// but the reading bounds, and of what is sent meanwhile, which the sends bound
// where few are told of each.
func measureDeliveries(r *program.Run, name string, a audience) error {
	f := &field{audience: a, texts: workload.MakeTexts(), sent: newSent(a.channels)}
	messages := f.messages(r)
	var from chat.Cursor
	err := f.open(r, func(app *chat.App) (err error) {
		if from, err = now(app); err != nil {
			return err
		}
		return workload.Each(messages, func(i int) error { return f.send(app, i) })
	})
	if err != nil {
		return err
	}
	defer func() { _ = f.app.Close() }()
	d, err := f.deliver(from, nil)
	if err != nil {
		return err
	}
	d.judge(r, name+", a second, from the log")

	f.sent = newSent(a.channels)
	if from, err = now(f.app); err != nil {
		return err
	}
	d, err = f.deliver(from, func() error {
		_, err := measure.Callers("senders", senders, r.Mixed, counted(messages, func(i int) error { return f.send(f.app, i) }))
		return err
	})
	if err != nil {
		return err
	}
	if name += ", a second, as they are sent"; a.subscribers/a.channels < 100 {
		r.Note(name, fmt.Sprintf("%.0f (%s)", d.perSecond(r), d.detail()))
	} else {
		d.judge(r, name)
	}
	return nil
}

// field is a chat that deliveries are measured in.
type field struct {
	audience
	app   *chat.App
	texts workload.Texts
	sent  *sent
}

// messages is how many messages are sent in all: so many that there are at most
// ten million deliveries.
func (f *field) messages(r *program.Run) int {
	return f.channels * max(1, min(r.N, 5*r.N/f.subscribers))
}

// open fills the chat, and opens it.
func (f *field) open(r *program.Run, fill func(*chat.App) error) (err error) {
	f.app, err = f.audience.open(r, fill)
	return err
}

func (f *field) send(app *chat.App, i int) error {
	return f.sent.send(app, i%f.channels, i, f.texts.Any())
}

// delivered is what one measurement came to.
type delivered struct {
	count            int64
	sent             int
	processor, clock time.Duration
}

// perSecond is by the clock, or by the time of the processors, of which each
// counts a second.
func (d delivered) perSecond(r *program.Run) float64 {
	took := d.clock
	if r.CPU {
		took = d.processor / time.Duration(runtime.GOMAXPROCS(0))
	}
	return float64(d.count) / took.Seconds()
}

func (d delivered) detail() string {
	return fmt.Sprintf("%s of %s messages in %.1f s, %.1f µs of CPU each", report.Thousands(int(d.count)), report.Thousands(d.sent),
		d.clock.Seconds(), float64(d.processor.Microseconds())/float64(d.count))
}

func (d delivered) judge(r *program.Run, name string) {
	rate := d.perSecond(r)
	r.AtLeast(name, rate, wantDeliveries, d.detail())
	r.Bar("deliveries a second", name, rate, report.Thousands(int(rate)), true)
}

// deliver has all subscribers read on from a cursor until they have been told of
// everything, and checks of what. Send sends it once all of them wait, unless it
// is nil.
func (f *field) deliver(from chat.Cursor, send func() error) (d delivered, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	list := f.follow(f.app, from)
	errs := make([]error, len(list))
	var told, due atomic.Int64
	due.Store(-1)
	finish := func() {
		if told.Load() == due.Load() {
			cancel()
		}
	}
	var all sync.WaitGroup
	begin := func() {
		for i, s := range list {
			all.Go(func() {
				for errs[i] == nil {
					var n int
					n, errs[i] = s.poll(ctx, nil)
					told.Add(int64(n))
					finish()
				}
			})
		}
	}
	end := func() {
		due.Store(f.due())
		finish()
		all.Wait()
	}
	runtime.GC()
	if send == nil {
		d.processor, d.clock = measure.Time(func() { begin(); end() })
	} else {
		begin()
		settle()
		d.processor, d.clock = measure.Time(func() { err = send(); end() })
	}
	for _, failed := range errs {
		if err == nil && (ctx.Err() == nil || !errors.Is(failed, ctx.Err())) {
			err = failed
		}
	}
	if err != nil {
		return d, err
	}
	d.count = told.Load()
	sums := f.sent.sums()
	for _, s := range sums {
		d.sent += len(s) - 1
	}
	for i, s := range list {
		if err := s.check(sums[f.channel(i)], d.count == due.Load()); err != nil {
			return d, err
		}
	}
	return d, nil
}

// due is how many deliveries the messages sent come to.
func (f *field) due() (n int64) {
	f.sent.mu.Lock()
	defer f.sent.mu.Unlock()
	for i := range f.subscribers {
		n += int64(len(f.sent.times[f.channel(i)]))
	}
	return n
}

// counted hands each call a number of its own, from 0 up to n.
func counted(n int, fn func(i int) error) func(int) error {
	var next atomic.Int64
	return func(int) error {
		i := int(next.Add(1)) - 1
		if i >= n {
			return measure.ErrOver
		}
		return fn(i)
	}
}

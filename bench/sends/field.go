package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/byhand"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/sqlite"
	"example.com/chat/bench/internal/workload"
)

// field is all contenders of one layout, each with the same messages in its
// file to begin with.
type field struct {
	layout workload.Layout
	texts  workload.Texts
	cell   time.Duration

	app    *chat.App
	trace  *byhand.Trace
	hand   *byhand.Store
	sqlite []*sqlite.DB

	// What is recorded and not yet written by hand. Contenders by hand take
	// turns at one file, so that each goes on where the one before ended.
	changes []byhand.Change
	next    atomic.Int64
}

// contender is one way to send.
type contender struct {
	name  string
	hand  bool
	delay time.Duration // of DB.Batch
	send  func(caller int) error
}

func newField(r *program.Run, layout workload.Layout, texts workload.Texts) (f *field, err error) {
	f = &field{layout: layout, texts: texts, cell: r.Cell}
	made := f // a return of nil does not make it unmade
	defer func() {
		if err != nil {
			err = errors.Join(err, made.close())
		}
	}()
	file := func(name string) string { return filepath.Join(r.Dir, layout.Name+" "+name) }
	if err := f.fillChat(file("chat"), r.N); err != nil {
		return nil, err
	}
	if err := f.fillHand(file("trace"), file("hand"), r.N); err != nil {
		return nil, err
	}
	for _, driver := range sqlite.Drivers() {
		db, err := sqlite.Open(driver, file(driver.Name))
		if err != nil {
			return nil, err
		}
		f.sqlite = append(f.sqlite, db)
		if err := db.Add(layout); err != nil {
			return nil, err
		}
		if _, err := db.Load(r.N, func(i int) sqlite.Draft { return f.draft(i) }); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *field) fillChat(path string, n int) error {
	filling, err := workload.Fill(path)
	if err != nil {
		return err
	}
	if err = f.layout.Add(filling.App); err == nil {
		err = workload.Each(n, func(i int) error { return f.layout.Send(filling.App, f.texts, i) })
	}
	if err = errors.Join(err, filling.Close()); err != nil {
		return err
	}
	f.app, err = chat.Open(path, nil)
	return err
}

func (f *field) fillHand(trace, hand string, n int) (err error) {
	if f.hand, err = byhand.Open(hand); err != nil {
		return err
	}
	if f.trace, err = byhand.NewTrace(trace, f.layout, f.texts); err != nil {
		return err
	}
	const most = 50_000
	for n > 0 {
		if err := f.trace.Send(min(n, most)); err != nil {
			return err
		}
		n -= most
		if err := f.hand.Load(f.trace.Take()); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) close() error {
	var errs []error
	if f.app != nil {
		errs = append(errs, f.app.Close())
	}
	if f.trace != nil {
		errs = append(errs, f.trace.Close())
	}
	if f.hand != nil {
		errs = append(errs, f.hand.Close())
	}
	for _, db := range f.sqlite {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

func (f *field) draft(caller int) sqlite.Draft {
	channel, user := f.layout.Next(caller)
	return sqlite.Draft{Channel: channel, User: user, Text: f.texts.Any()}
}

func (f *field) contenders() []contender {
	batch := func(int) error { return f.byHand(f.hand.Batch) }
	list := []contender{
		{name: ours, send: func(caller int) error { return f.layout.Send(f.app, f.texts, caller) }},
		{name: handUpdate, hand: true, send: func(int) error { return f.byHand(f.hand.Update) }},
		{name: handBatch, hand: true, delay: 10 * time.Millisecond, send: batch},
		{name: handBatch1, hand: true, delay: time.Millisecond, send: batch},
		{name: handGroup, hand: true, send: func(int) error { return f.byHand(f.hand.Group) }},
	}
	for _, db := range f.sqlite {
		list = append(list,
			contender{name: db.Name + oneEach, send: func(caller int) error { return db.Send(f.draft(caller)) }},
			contender{name: db.Name + groupCommit, send: func(caller int) error { return db.SendInGroup(f.draft(caller)) }},
		)
	}
	return list
}

// byHand writes the next change. Where a disk is faster than was provided for,
// the cell ends before its time.
func (f *field) byHand(write func(*byhand.Change) error) error {
	n := f.next.Add(1) - 1
	if n >= int64(len(f.changes)) {
		return measure.ErrOver
	}
	return write(&f.changes[n])
}

// provide has enough recorded for one cell of a contender by hand.
func (f *field) provide(c contender, callers int) error {
	if !c.hand {
		return nil
	}
	f.hand.SetBatchDelay(c.delay)
	// Twice the most that a disk of today lets through.
	perSecond := min(250_000, 4_000+8_000*callers)
	want := int(float64(perSecond)*f.cell.Seconds()) + 2*callers
	f.changes = f.changes[min(int(f.next.Swap(0)), len(f.changes)):]
	if missing := want - len(f.changes); missing > 0 {
		if err := f.trace.Send(missing); err != nil {
			return fmt.Errorf("recording: %w", err)
		}
		f.changes = append(f.changes, f.trace.Take()...)
	}
	return nil
}

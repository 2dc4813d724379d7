package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

const (
	senders   = 64
	wantSends = 0.9 // of those with none queued
	patience  = 10 * time.Minute
)

// bench is the files that are measured.
type bench struct {
	*program.Run
	layout workload.Layout
	texts  workload.Texts
	cid    chat.CID
}

func run(r *program.Run) error {
	b := &bench{r, workload.Hot(), workload.MakeTexts(), workload.CID(0)}
	for _, part := range []struct {
		name    string
		measure func(string) error
	}{
		{"queued", b.measureQueued},
		{"pending", b.measurePending},
	} {
		if r.Wanted(part.name) {
			if err := part.measure(part.name); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.Dir, name) }

// fill makes a chat with callbacks that wait, two a message.
func (b *bench) fill(name string, callbacks int) error {
	filling, err := workload.Fill(b.path(name))
	if err != nil {
		return err
	}
	err = b.layout.Add(filling.App)
	if err == nil {
		err = postTo(filling.App, "http://127.0.0.1:1")
	}
	if err == nil {
		err = workload.Each(callbacks/2, func(i int) error {
			m, err := b.hold(filling.App, i)
			if err == nil {
				_, err = filling.DeleteMessage(context.Background(), m.ID, chat.DeleteHard, "")
			}
			return err
		})
	}
	return errors.Join(err, filling.Close())
}

func (b *bench) open(name string, background bool) (*chat.App, error) {
	return chat.Open(b.path(name), &chat.Options{NoBackground: !background, Logger: slog.New(slog.DiscardHandler)})
}

// postTo has callbacks posted to an address.
func postTo(app *chat.App, address string) error {
	return app.UpdateSettings(context.Background(), func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: address, Secret: secret}
		return nil
	})
}

func (b *bench) hold(app *chat.App, caller int) (chat.Message, error) {
	_, user := b.layout.Next(caller)
	return app.Send(context.Background(), b.cid, workload.User(user), chat.Draft{Text: b.texts.Any()}, &chat.SendOptions{Pending: chat.PendingOn})
}

// measureQueued measures sends beside what waits, and then how it is delivered.
func (b *bench) measureQueued(name string) error {
	queued := b.N / 2 * 2
	if err := errors.Join(b.fill("none", 0), b.fill("many", queued)); err != nil {
		return err
	}
	list := receivers()
	cells := []func() (measure.Cell, error){func() (measure.Cell, error) { return b.sends("none", list[0]) }}
	for _, to := range list {
		cells = append(cells, func() (measure.Cell, error) { return b.sends("many", to) })
	}
	reached := func(series []measure.Series) bool {
		return !slices.ContainsFunc(series[1:], func(s measure.Series) bool { return s.Faster(series[0]) < wantSends })
	}
	series, err := measure.RoundsUntil(b.Rounds, reached, cells...)
	if err != nil {
		return err
	}
	chart := "sends a second, 64 callers"
	alone := series[0]
	b.Bar(chart, "none queued", alone.PerSecond(), fmt.Sprintf("%.0f", alone.PerSecond()), false)
	for i, to := range list {
		s := series[i+1]
		b.AtLeast(fmt.Sprintf("%s, sends beside %d whose receiver %s, times those beside none", name, queued, to.name), s.Faster(alone), wantSends,
			fmt.Sprintf("%.0f/s against %.0f/s, %.2f times the processor time", s.PerSecond(), alone.PerSecond(), s.CPURatio(alone)))
		b.Bar(chart, "receiver "+to.name, s.PerSecond(), fmt.Sprintf("%.0f", s.PerSecond()), true)
	}
	return b.deliver(name, queued)
}

// sends measures sends of which nothing is posted. The chat is open no longer
// than that, so that nothing it has waiting is at work beside another's sends.
func (b *bench) sends(file string, to bad) (cell measure.Cell, err error) {
	server := to.serve()
	defer server.Close()
	app, err := b.open(file, true)
	if err != nil {
		return cell, err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if err := postTo(app, server.URL); err != nil {
		return cell, err
	}
	return measure.Callers(file+" "+to.name, senders, b.Cell, func(caller int) error { return b.layout.Send(app, b.texts, caller) })
}

// deliver has the receiver come back, and measures how long it takes until it has
// everything.
func (b *bench) deliver(name string, queued int) (err error) {
	g := newGood(queued)
	server := g.serve()
	defer server.Close()
	app, err := b.open("many", true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	begun := time.Now()
	if err := postTo(app, server.URL); err != nil {
		return err
	}
	select {
	case <-g.all:
	case <-time.After(patience):
	}
	took := time.Since(begun)
	came, again, tooEarly := g.count()
	b.AtLeast(fmt.Sprintf("%s, of %d delivered when the receiver is back", name, queued), float64(came), float64(queued),
		fmt.Sprintf("in %v, %.0f/s; %d came again", took.Round(time.Millisecond), float64(came)/took.Seconds(), again))
	b.AtMost(name+", out of order", float64(tooEarly), 0, "")
	return nil
}

// measurePending measures what it costs to send a pending message, with the
// callback that it records: beside a send that records none.
func (b *bench) measurePending(name string) (err error) {
	if err := b.fill("pending", 0); err != nil {
		return err
	}
	app, err := b.open("pending", false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	series, err := measure.Rounds(b.Rounds,
		func() (measure.Cell, error) {
			return measure.Callers("plain", senders, b.Cell, func(caller int) error { return b.layout.Send(app, b.texts, caller) })
		},
		func() (measure.Cell, error) {
			return measure.Callers("pending", senders, b.Cell, func(caller int) error {
				_, err := b.hold(app, caller)
				return err
			})
		},
	)
	if err != nil {
		return err
	}
	plain, held := series[0], series[1]
	b.Note(name+", a pending send, times the time of a plain one", fmt.Sprintf("%.2f (%v against %v), %.2f times the processor time (%v against %v)",
		plain.Faster(held), held.PerCall(), plain.PerCall(), held.CPURatio(plain), held.CPU(), plain.CPU()))
	return nil
}

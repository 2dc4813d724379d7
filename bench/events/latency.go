package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

const (
	pace    = 1_000 // sends a second
	hearers = 100   // who are told of each
)

// measureLatency sends at a steady pace, each message at its time whether the
// one before is done or not, and measures from the return of the send that
// committed it to each delivery.
func measureLatency(r *program.Run, name string) error {
	a := audience{"p99", 1, hearers}
	app, err := a.open(r, nil)
	if err != nil {
		return err
	}
	defer func() { _ = app.Close() }()
	from, err := now(app)
	if err != nil {
		return err
	}
	messages := int(r.Mixed.Seconds() * pace)
	ctx, cancel := context.WithTimeout(context.Background(), longest+r.Mixed)
	defer cancel()
	list := a.follow(app, from)
	seen := make([][]time.Time, len(list)) // by number of the message
	errs := make([]error, len(list)+messages)
	var all sync.WaitGroup
	for i, s := range list {
		seen[i] = make([]time.Time, messages)
		all.Go(func() { errs[i] = hear(ctx, s, seen[i]) })
	}
	committed := make([]time.Time, messages)
	begun := time.Now()
	for i := range messages {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / pace)))
		all.Go(func() {
			_, err := app.As(workload.User(i%senders)).Send(ctx, workload.CID(0), chat.Draft{Text: strconv.Itoa(i)})
			errs[len(list)+i], committed[i] = err, time.Now()
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	lastSent := slices.MaxFunc(committed, time.Time.Compare)
	rate := float64(messages) / lastSent.Sub(begun).Seconds()
	took := make([]time.Duration, 0, messages*len(list))
	for _, times := range seen {
		for i, at := range times {
			if at.IsZero() {
				return fmt.Errorf("somebody was not told of message %d", i)
			}
			took = append(took, max(0, at.Sub(committed[i])))
		}
	}
	slices.Sort(took)
	ms := func(permille int) float64 { return float64(took[len(took)*permille/1000].Microseconds()) / 1000 }
	r.AtMost(name+", ms", ms(990), wantLatency, fmt.Sprintf("p50 %.1f ms, %.0f sends a second to %d subscribers", ms(500), rate, hearers))
	return nil
}

// hear reads until all messages are told, and notes when.
func hear(ctx context.Context, s *subscriber, seen []time.Time) error {
	for s.told < len(seen) {
		var wrong error
		_, err := s.poll(ctx, func(m *chat.Message) {
			i, err := strconv.Atoi(m.Text)
			if err != nil || !seen[i].IsZero() {
				wrong = fmt.Errorf("%s was told of message %q, and not for the first time", s.session.User(), m.Text)
				return
			}
			seen[i] = time.Now()
		})
		if err := errors.Join(err, wrong); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/report"
	"example.com/chat/bench/internal/workload"
)

// missed is how many messages a subscriber missed. They lie evenly among all
// else.
const missed = 100

// absent is a chat in which a subscriber was away while messages were sent.
type absent struct {
	app  *chat.App
	user chat.UserID
	from chat.Cursor
}

// measureResume compares a resume after messages with one after the same
// messages among many others that do not concern the subscriber.
func measureResume(r *program.Run, name string) error {
	const elsewhere = 20 // channels
	a := audience{"resume", 1 + elsewhere, 1}
	small, err := a.absent(r, "resume alone", 0, nil)
	if err != nil {
		return err
	}
	defer func() { _ = small.app.Close() }()
	texts := workload.MakeTexts()
	for _, c := range []struct {
		name string
		send func(app *chat.App, i int) error
	}{
		{"messages elsewhere", func(app *chat.App, i int) error {
			_, err := app.As(workload.User(i%senders)).Send(context.Background(), workload.CID(1+i%elsewhere), chat.Draft{Text: texts.Any()})
			return err
		}},
		{"messages private to others", func(app *chat.App, i int) error {
			_, err := app.Send(context.Background(), workload.CID(0), workload.User(i%senders),
				chat.Draft{Text: texts.Any(), Restricted: workload.Users(1, 2)}, nil)
			return err
		}},
	} {
		large, err := a.absent(r, name+" "+c.name, r.N, c.send)
		if err != nil {
			return err
		}
		series, err := measure.Rounds(r.Rounds, small.resume("small", r.Cell), large.resume("large", r.Cell))
		if err := errors.Join(err, large.app.Close()); err != nil {
			return err
		}
		ratio := series[0].Faster(series[1])
		if r.CPU {
			ratio = series[1].CPURatio(series[0])
		}
		r.AtMost(fmt.Sprintf("%s after %d messages, %s 0 → %s", name, missed, c.name, report.Thousands(r.N)), ratio, wantResume,
			fmt.Sprintf("%.0f µs → %.0f µs", micros(series[0].PerCall()), micros(series[1].PerCall())))
	}
	return nil
}

// absent sends what is missed, and others.
func (a audience) absent(r *program.Run, name string, others int, other func(app *chat.App, i int) error) (*absent, error) {
	v := &absent{user: a.user(0)}
	a.name = name
	app, err := a.open(r, func(app *chat.App) (err error) {
		if v.from, err = now(app); err != nil {
			return err
		}
		for i := range missed {
			_, err := app.As(workload.User(i%senders)).Send(context.Background(), workload.CID(0), chat.Draft{Text: fmt.Sprint(i)})
			if err == nil && others > 0 {
				err = workload.Each(others/missed, func(j int) error { return other(app, i+j) })
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	v.app = app
	return v, err
}

func (v *absent) resume(label string, d time.Duration) func() (measure.Cell, error) {
	return func() (measure.Cell, error) {
		return measure.Loop(label, d, func() error {
			s := &subscriber{session: v.app.As(v.user), cursor: v.from}
			n, err := s.poll(context.Background(), nil)
			if err == nil && n != missed {
				err = fmt.Errorf("it told of %d messages; want %d", n, missed)
			}
			return err
		})
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

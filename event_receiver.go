package chat

import (
	"context"
	"time"

	"example.com/chat/internal/record"
)

// EventReceiver is one who is told of everything that happens, and how that goes.
type EventReceiver struct {
	Webhook bool // posts to Settings.EventWebhook; else calls of Options.EventHandler

	// Since is when the oldest of what it has not been told happened; the zero
	// time: it has been told everything. What it is not told by
	// Options.EventsKept after that is forgotten.
	Since time.Time

	Attempts int       // that failed since the last that succeeded
	Problem  string    // what the last one met, shortened
	Next     time.Time // when the next attempt is due, if one failed
}

// EventReceivers returns those who are told of everything: none, the event
// handler, the event webhook, or both in this order. One that fails is never
// given up; here an operator sees that it lags behind, and why.
func (a *App) EventReceivers(ctx context.Context) (_ []EventReceiver, err error) {
	const op = "EventReceivers"
	defer a.operation(&ctx, op).ended(&err)
	var list []EventReceiver
	err = a.view(ctx, op, func(r *record.Reader) error {
		list = nil
		receivers, err := a.receivers(r)
		if err != nil {
			return err
		}
		for _, to := range receivers {
			status, err := to.status(r)
			if err != nil {
				return err
			}
			list = append(list, status)
		}
		return nil
	})
	return list, err
}

func (to *receiver) status(r *record.Reader) (EventReceiver, error) {
	status := EventReceiver{Webhook: to.queue == queueWebhook}
	from, begun, err := to.place(r)
	if err != nil || !begun {
		return status, err
	}
	span, err := r.Logs()
	if err != nil {
		return status, err
	}
	if from.Compare(span.Trimmed) < 0 {
		from = span.Trimmed
	}
	oldest, err := r.Oldest(from, 1)
	if err != nil || len(oldest) == 0 {
		return status, err
	}
	status.Since = moment(oldest[0].At)
	_, task, found, err := r.FirstTask(to.queue, to.queue)
	if err == nil && found && task.Problem != "" {
		status.Attempts, status.Problem, status.Next = int(task.Attempts), task.Problem, moment(task.Due)
	}
	return status, err
}

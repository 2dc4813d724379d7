package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// Those who are told of events. A follower reads on from a cursor that it
// remembers; the receivers are told.
const (
	crashApp     = "the application" // a follower, as the App
	crashHandler = "the handler"
	crashWebhook = "the webhook"
)

// crashFollowers are the application, one who sees all private messages, one who
// sees none, one who leaves and joins, and one who has a channel of two alone.
func crashFollowers() []string {
	return []string{crashApp, "reader", "stranger", string(crashUser(3)), string(crashPeer(14))}
}

// crashMarks is a channel of those who follow, in which nothing happens but that
// the test says up to where they must have read.
const crashMarks chat.CID = "messaging:marks"

// crashHeard is what somebody was told at once, and from where they read on.
type crashHeard struct {
	Who    string
	Cursor chat.Cursor `json:",omitempty"` // of a follower
	Events []crashEvent
}

// crashEvent is what is compared of an event. No two events are alike.
type crashEvent struct {
	Type chat.EventType
	CID  chat.CID       `json:",omitempty"`
	ID   chat.MessageID `json:",omitempty"`
	Sent int64          `json:",omitempty"` // when the message was
	At   int64
	User chat.UserID `json:",omitempty"`
	By   chat.UserID `json:",omitempty"`
	Hard bool        `json:",omitempty"`
	Mark int         `json:",omitempty"`
	Kind string      `json:",omitempty"` // of a reaction
}

func crashEventOf(e chat.Event) crashEvent {
	c := crashEvent{Type: e.Type, CID: e.CID, At: e.CreatedAt.UnixMicro(), Hard: e.HardDelete}
	if e.Message != nil {
		c.ID, c.Sent = e.Message.ID, crashMicro(e.Message.CreatedAt)
	}
	if e.User != nil {
		c.User = e.User.ID
	}
	if e.By != nil {
		c.By = e.By.ID
	}
	if e.Reaction != nil {
		c.Kind = e.Reaction.Type
	}
	if mark, ok := e.Data["mark"].(float64); ok {
		c.Mark = int(mark)
	}
	return c
}

func crashEventsOf(list []chat.Event) (out []crashEvent) {
	for _, e := range list {
		out = append(out, crashEventOf(e))
	}
	return out
}

// crashReceivers have the options tell the handler and the webhook what hear
// takes; what it answers is their answer.
func crashReceivers(o *chat.Options, hear func(crashHeard) error) *chat.Options {
	o.EventHandler = chat.EventFunc(func(_ context.Context, e chat.Event) error {
		return hear(crashHeard{Who: crashHandler, Events: []crashEvent{crashEventOf(e)}})
	})
	o.CallbackTransport = crashTransport(hear)
	return o
}

// crashTransport is a receiver of the event webhook without a network.
type crashTransport func(crashHeard) error

func (hear crashTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	verifier := &webhook.Verifier{Secrets: []string{hookSecret}}
	list, err := verifier.ReadEvents(r)
	if err != nil {
		return nil, err
	}
	heard := crashHeard{Who: crashWebhook}
	for _, raw := range list {
		var e chat.Event
		if err := json.Unmarshal(raw.Raw, &e); err != nil {
			return nil, err
		}
		heard.Events = append(heard.Events, crashEventOf(e))
	}
	if err := hear(heard); err != nil {
		return nil, err
	}
	return hookResponse(r, http.StatusOK), nil
}

// crashHear reports what the receivers are told, before they answer. Now and then
// one is not there.
func crashHear(report *crashReport) func(crashHeard) error {
	return func(heard crashHeard) error {
		if rand.IntN(64) == 0 {
			return errors.New("the receiver is not there")
		}
		return report.write(crashLine{Heard: &heard})
	}
}

// crashPoll reads on for a follower.
func crashPoll(ctx context.Context, app *chat.App, who string, cursor chat.Cursor, limit int) ([]chat.Event, chat.Cursor, error) {
	if who == crashApp {
		return app.Poll(ctx, cursor, chat.EventQuery{Limit: limit})
	}
	return app.As(chat.UserID(who)).Poll(ctx, cursor, chat.EventQuery{Limit: limit})
}

// crashFollow has the followers read on until the process is killed, and reports
// what they are told. Now and then one goes on from an event in the middle, or
// from where it was before: then what came after comes again.
func crashFollow(app *chat.App, report *crashReport, from string, running *sync.WaitGroup) error {
	var cursors map[string]chat.Cursor
	if err := json.Unmarshal([]byte(from), &cursors); err != nil {
		return err
	}
	for who, cursor := range cursors {
		running.Go(func() {
			for {
				list, next, err := crashPoll(context.Background(), app, who, cursor, 1+rand.IntN(40))
				crashFatal(err)
				switch n := rand.IntN(len(list)); rand.IntN(8) {
				case 0:
					continue
				case 1:
					list, next = list[:n+1], list[n].Cursor
				}
				crashFatal(report.write(crashLine{Heard: &crashHeard{who, next, crashEventsOf(list)}}))
				cursor = next
			}
		})
	}
	return nil
}

// prepareEvents has everybody told of what happens from now on.
func (l *crashLife) prepareEvents() {
	l.t.Helper()
	members := []chat.UserID{}
	for _, who := range crashFollowers()[1:] {
		members = append(members, chat.UserID(who))
	}
	members = append(members, crashAbsentees()...) // that they are deactivated is told here
	_, err := l.app.EnsureChannel(l.ctx, crashMarks, chat.ChannelDraft{CreatedBy: "owner", Members: members})
	l.must(err)
	l.must(l.app.UpdateSettings(l.ctx, func(s *chat.Settings) error {
		s.EventWebhook = chat.EventWebhook{ServerURL: hookURL, Secret: hookSecret}
		return nil
	}))
	l.work()
	page, err := l.app.Messages(l.ctx, crashMarks, chat.MessageQuery{})
	l.must(err)
	e := &l.model.events
	e.told = map[string]*crashEars{}
	e.origin, e.cursors = page.Cursor, map[string]chat.Cursor{}
	for _, who := range crashFollowers() {
		e.cursors[who] = page.Cursor
	}
}

// cursors is where the followers read on, for the next process.
func (c *crash) cursors() string {
	data, err := json.Marshal(c.model.events.cursors)
	c.must(err)
	return string(data)
}

// mark says up to where everybody must have read.
func (l *crashLife) mark() int {
	l.t.Helper()
	l.model.events.marks++
	n := l.model.events.marks
	l.must(l.app.SendEvent(l.ctx, crashMarks, "", chat.CustomEvent{Type: "mark", Data: chat.Custom{"mark": n}}))
	return n
}

// readUp has the followers read on from where the process that was killed had
// reported them last, up to a mark.
func (l *crashLife) readUp(mark int) {
	l.t.Helper()
	for _, who := range crashFollowers() {
		cursor := l.model.events.cursors[who]
		l.readTo(who, cursor, mark, func(list []crashEvent, next chat.Cursor) {
			l.model.hear(crashHeard{who, next, list}, l.lives)
		})
	}
}

// checkFollowers has the followers read up, and compares what they were told.
func (l *crashLife) checkFollowers() {
	l.t.Helper()
	l.readUp(l.mark())
	for _, who := range crashFollowers() {
		l.checkEvents(who)
	}
}

// checkReceivers has the receivers told everything, and compares it. Nothing is
// claimed by a dead process any more.
func (l *crashLife) checkReceivers() {
	l.t.Helper()
	mark := l.mark()
	_, err := l.app.RunDueWork(l.ctx)
	l.must(err)
	l.readUp(mark)
	for _, who := range []string{crashHandler, crashWebhook} {
		l.checkEvents(who)
	}
}

// readTo reads on for a follower up to a mark.
func (l *crashLife) readTo(who string, cursor chat.Cursor, mark int, hear func([]crashEvent, chat.Cursor)) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
	defer cancel()
	for {
		list, next, err := crashPoll(ctx, l.app, who, cursor, 1+l.random.IntN(300))
		if err != nil {
			l.t.Fatalf("%s reads on, and never of mark %d: %v", who, mark, err)
		}
		events := crashEventsOf(list)
		hear(events, next)
		if events[len(events)-1].Mark == mark {
			return
		}
		cursor = next
	}
}

func (e crashEvent) String() string {
	return fmt.Sprintf("%s %s %s of %d by %s%s, hard %t, at %d", e.Type, e.CID, e.ID, e.Sent, e.User, e.By, e.Hard, e.At)
}

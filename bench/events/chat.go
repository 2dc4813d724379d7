package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"example.com/chat"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

// senders is how many users write at once. They are members of every channel,
// and no subscribers.
const senders = 64

// audience is who is told.
type audience struct {
	name        string
	channels    int
	subscribers int // in all; each is a member of one channel
}

func (a audience) channel(subscriber int) int { return subscriber % a.channels }

// user is the number of the user who is a subscriber.
func (a audience) user(subscriber int) chat.UserID { return workload.User(senders + subscriber) }

// open makes a chat with the users and channels of an audience, and opens it.
func (a audience) open(r *program.Run, fill func(*chat.App) error) (*chat.App, error) {
	path := filepath.Join(r.Dir, strings.ReplaceAll(a.name, " ", "-"))
	filling, err := workload.Fill(path)
	if err != nil {
		return nil, err
	}
	if err = a.add(filling.App); err == nil && fill != nil {
		err = fill(filling.App)
	}
	if closed := filling.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return chat.Open(path, &chat.Options{NoBackground: true})
}

func (a audience) add(app *chat.App) error {
	if err := workload.AddUsers(app, 0, senders+a.subscribers); err != nil {
		return err
	}
	return workload.Each(a.channels, func(channel int) error {
		members := workload.Users(0, senders)
		for s := channel; s < a.subscribers; s += a.channels {
			members = append(members, a.user(s))
		}
		return workload.AddChannel(app, workload.CID(channel), members)
	})
}

// sent is what was sent to each channel: the times of its messages, which are
// never the same twice in a channel.
type sent struct {
	mu    sync.Mutex
	times [][]int64 // by channel
}

func newSent(channels int) *sent { return &sent{times: make([][]int64, channels)} }

// send sends one message to a channel.
func (s *sent) send(app *chat.App, channel, i int, text string) error {
	m, err := app.As(workload.User(i%senders)).Send(context.Background(), workload.CID(channel), chat.Draft{Text: text})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times[channel] = append(s.times[channel], m.CreatedAt.UnixMicro())
	return nil
}

// sums are, for each channel, the sums of the times of its first messages: of
// none, of one, and so on.
func (s *sent) sums() [][]int64 {
	list := make([][]int64, len(s.times))
	for channel, times := range s.times {
		slices.Sort(times)
		list[channel] = make([]int64, 1, 1+len(times))
		for i, t := range times {
			list[channel] = append(list[channel], list[channel][i]+t)
		}
	}
	return list
}

// subscriber follows what a user is told of new messages.
type subscriber struct {
	session *chat.Session
	cursor  chat.Cursor
	told    int
	last    int64 // the time of the newest message
	sum     int64 // of the times of all
}

var newMessages = chat.EventQuery{Types: []chat.EventType{chat.MessageNew}}

// follow follows a user of the audience from a cursor on.
func (a audience) follow(app *chat.App, from chat.Cursor) []*subscriber {
	list := make([]*subscriber, a.subscribers)
	for i := range list {
		list[i] = &subscriber{session: app.As(a.user(i)), cursor: from}
	}
	return list
}

// poll waits for events and checks that they are the next ones. Each is handed
// to then, which may be nil.
func (s *subscriber) poll(ctx context.Context, then func(*chat.Message)) (int, error) {
	events, next, err := s.session.Poll(ctx, s.cursor, newMessages)
	if err != nil {
		return 0, err
	}
	for i := range events {
		m := events[i].Message
		at := m.CreatedAt.UnixMicro()
		if at <= s.last || m.Text == "" || events[i].Unread == nil {
			return 0, fmt.Errorf("%s was told of message %s out of order, twice or without what belongs to it", s.session.User(), m.ID)
		}
		s.told, s.last, s.sum = s.told+1, at, s.sum+at
		if then != nil {
			then(m)
		}
	}
	s.cursor = next
	return len(events), nil
}

// check is an error unless the subscriber was told of the first messages of a
// channel, or of all: their times rise, so the sum tells.
func (s *subscriber) check(sums []int64, all bool) error {
	switch sent := len(sums) - 1; {
	case s.told > sent || all && s.told < sent:
		return fmt.Errorf("%s was told of %d messages; %d were sent", s.session.User(), s.told, sent)
	case s.sum != sums[s.told]:
		return fmt.Errorf("%s was told of others than the first %d messages", s.session.User(), s.told)
	}
	return nil
}

// now is the cursor of this moment.
func now(app *chat.App) (chat.Cursor, error) {
	page, err := app.Messages(context.Background(), workload.CID(0), chat.MessageQuery{Limit: 1})
	return page.Cursor, err
}

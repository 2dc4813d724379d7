package chat_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/chat"
)

func TestEventsAreKeptForAWhile(t *testing.T) {
	inMemory(t, &chat.Options{EventsKept: time.Hour}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		early := s.watch("jane").cursor
		s.as("john").send(lounge, "one")
		s.sleep(50 * time.Minute)
		late := s.watch("jane").cursor
		s.as("john").send(lounge, "two")
		jane := &reader{s: s, user: "jane", cursor: early}
		jane.wants("message.new one 2", "message.new two 2")
		s.sleep(20 * time.Minute) // the first is forgotten by now
		_, _, err := s.As("jane").Poll(s.ctx, early, chat.EventQuery{})
		wantErr(t, err, chat.ErrCursorExpired)
		jane = &reader{s: s, user: "jane", cursor: late}
		jane.wants("message.new two 2")

		// Who waits all the while misses nothing, however long nothing happens.
		waits := make(chan error)
		go func() {
			events, _, err := s.As("jane").Poll(s.ctx, jane.cursor, chat.EventQuery{})
			if err == nil && summary(events[0]) != "message.new three 3" {
				err = fmt.Errorf("%q", summaries(events))
			}
			waits <- err
		}()
		s.channel("messaging:elsewhere", "john")
		for range 300 {
			s.sleep(time.Minute)
			s.as("john").send("messaging:elsewhere", "busy")
		}
		s.as("john").send(lounge, "three")
		s.check(<-waits)
	})
}

func TestOnlySoManyEventsAreKept(t *testing.T) {
	inMemory(t, &chat.Options{MaxEvents: 50}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		early := s.watch("jane").cursor
		for i := range 2500 {
			s.as("john").send(lounge, fmt.Sprint(i))
		}
		s.sleep(2 * time.Minute)
		_, _, err := s.As("jane").Poll(s.ctx, early, chat.EventQuery{})
		wantErr(t, err, chat.ErrCursorExpired)
		// What is newer is still told.
		page := s.as("jane").page(lounge, chat.MessageQuery{})
		s.as("john").send(lounge, "last")
		jane := &reader{s: s, user: "jane", cursor: page.Cursor}
		jane.wants("message.new last 2501")
	})
}

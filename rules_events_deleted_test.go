package chat_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/chat"
)

// TestADeletedChannelIsToldOnceHoweverSlowlyOneReads: a channel is taken from a
// user's after it was deleted. Whether they read before or after that, in pages
// of any size, they are told of the deletion once.
func TestADeletedChannelIsToldOnceHoweverSlowlyOneReads(t *testing.T) {
	const other chat.CID = "messaging:other"
	for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
		for limit := 1; limit < 15; limit++ {
			for before := range 4 {
				inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
					s.channel(lounge, "john", "jane")
					s.channel(other, "john", "jane")
					told := map[string]int{}
					readers := map[string]*reader{"all": s.watch("jane"), "filtered": s.watch("jane"), "john": s.watch("john")}
					readers["filtered"].query.Channels = []chat.CID{lounge, other}
					read := func(pages int) {
						for name, r := range readers {
							r.query.Limit = limit
							told[name] += r.deletions(pages)
						}
					}
					s.as("john").send(lounge, "x")
					s.check(s.DeleteChannel(s.ctx, other, mode))
					for range 3 {
						s.as("john").send(lounge, "x")
					}
					read(before)
					_, err := s.RunDueWork(s.ctx)
					s.check(err)
					for range 3 {
						s.as("john").send(lounge, "y")
					}
					read(100)
					for name, n := range told {
						if n != 1 {
							t.Errorf("mode %d, pages of %d, %d of them before: %s is told %d times", mode, limit, before, name, n)
						}
					}
				})
			}
		}
	}
}

// deletions reads at most so many pages and counts the channels that are told to
// be deleted.
func (r *reader) deletions(pages int) (n int) {
	r.s.t.Helper()
	for range pages {
		ctx, cancel := context.WithTimeout(r.s.ctx, time.Millisecond)
		list, next, err := r.poll(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return n
		}
		r.s.check(err)
		r.cursor = next
		for _, e := range list {
			if e.Type == chat.ChannelDeleted {
				n++
			}
		}
	}
	return n
}

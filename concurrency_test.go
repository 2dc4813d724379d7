package chat_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"example.com/chat"
)

// together runs a function in n goroutines that begin at once.
func together(n int, run func(i int)) {
	begin := make(chan struct{})
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			<-begin
			run(i)
		})
	}
	close(begin)
	wait.Wait()
}

func TestManySendersKeepTheOrder(t *testing.T) {
	const senders, each = 64, 8
	eachDriver(t, func(t *testing.T, s *scenario) {
		users := s.crowd(senders)
		s.channel(room, "jane")
		s.join(room, users...)
		sent := make([][]chat.Message, senders)
		together(senders, func(i int) {
			for n := range each {
				m, err := s.As(users[i]).Send(s.ctx, room, chat.Draft{Text: fmt.Sprintf("%d/%d", i, n)})
				if err != nil {
					t.Error(err)
					return
				}
				sent[i] = append(sent[i], m)
			}
		})
		var read []chat.Message
		at := map[chat.MessageID]int{}
		for m, err := range s.AllMessages(s.ctx, room) {
			s.check(err)
			if n := len(read); n > 0 && !m.CreatedAt.After(read[n-1].CreatedAt) {
				t.Errorf("message %d was created at %v, not after %v", n, m.CreatedAt, read[n-1].CreatedAt)
			}
			at[m.ID] = len(read)
			read = append(read, m)
		}
		if len(read) != senders*each {
			t.Errorf("%d messages are there, want %d", len(read), senders*each)
		}
		// What one user sends one after the other stays so, as it was returned.
		for i := range sent {
			for n, m := range sent[i] {
				if n > 0 && at[m.ID] <= at[sent[i][n-1].ID] {
					t.Errorf("%s sent %q after %q, and it is before it", users[i], m.Text, sent[i][n-1].Text)
				}
				wantSame(t, "the message of "+string(users[i]), read[at[m.ID]], m)
			}
		}
		s.as("jane").wantUnread(room, senders*each)
	})
}

func TestManyRetriesAtOnceSendOneMessage(t *testing.T) {
	const callers, each = 64, 4
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		got := make([][]chat.Message, callers)
		together(callers, func(i int) {
			for n := range each {
				m, err := s.As("jane").Send(s.ctx, room, chat.Draft{ID: chat.MessageID(fmt.Sprint("m", n)), Text: "hi"})
				if err != nil {
					t.Error(err)
					return
				}
				got[i] = append(got[i], m)
			}
		})
		for i := range got {
			wantSame(t, fmt.Sprintf("what caller %d got", i), got[i], got[0])
		}
		s.as("john").wantTexts(room, "hi", "hi", "hi", "hi")
		s.as("john").wantUnread(room, each)
	})
}

func TestOfManyWhoTakeAnIDOneWins(t *testing.T) {
	const senders = 64
	eachDriver(t, func(t *testing.T, s *scenario) {
		users := s.crowd(senders)
		s.channel(room, "jane")
		s.channel("messaging:other", "jane") // another scope of the store
		s.join(room, users...)
		s.join("messaging:other", users...)
		var mu sync.Mutex
		var winners []chat.Message
		together(senders, func(i int) {
			cid := room
			if i%2 == 1 {
				cid = "messaging:other"
			}
			m, err := s.As(users[i]).Send(s.ctx, cid, chat.Draft{ID: "m1", Text: "mine"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				winners = append(winners, m)
			case !errors.Is(err, chat.ErrConflict):
				t.Error(err)
			}
		})
		if len(winners) != 1 {
			t.Fatalf("%d senders got the id, want one", len(winners))
		}
		wantSame(t, "the message", s.message("m1"), winners[0])
		if n := len(s.texts(room)) + len(s.texts("messaging:other")); n != 1 {
			t.Errorf("%d messages are there, want one", n)
		}
	})
}

func TestUnreadIsExactWhateverHappensAtOnce(t *testing.T) {
	const actors, each = 64, 6
	eachDriver(t, func(t *testing.T, s *scenario) {
		users := s.crowd(actors)
		s.channel(room, "jane", "john", "ann")
		s.join(room, users...)
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.join(room, "boss")
		together(actors, func(i int) {
			user := s.As(users[i])
			for n := range each {
				m, err := user.Send(s.ctx, room, chat.Draft{Text: "public", Silent: n == 5})
				if err == nil {
					switch n {
					case 0:
						_, err = user.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft)
					case 1:
						_, err = user.DeleteMessage(s.ctx, m.ID, chat.DeleteHard)
					case 2:
						_, err = s.Send(s.ctx, room, users[i], chat.Draft{Text: "private", Restricted: []chat.UserID{"john"}}, nil)
					case 3:
						var held chat.Message
						held, err = s.Send(s.ctx, room, users[i], chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
						if err == nil && i%2 == 0 {
							_, err = s.CommitMessage(s.ctx, held.ID)
						}
					case 4:
						_, err = user.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft)
						if err == nil {
							_, err = s.UndeleteMessage(s.ctx, m.ID, users[i])
						}
					}
				}
				// Others read while all this goes on.
				if n := must(t)(s.As("john").Unread(s.ctx, room)); n < 0 {
					t.Errorf("john has %d unread", n)
				}
				if err == nil && i%16 == 0 {
					err = s.As("ann").MarkRead(s.ctx, room)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
		// Of each: 2, 3 and 4 are there, loud; 5 is silent; half the held ones
		// were committed; one private one for john and boss.
		const public = actors*3 + actors/2
		s.as("jane").wantUnread(room, public)
		s.as("john").wantUnread(room, public+actors)
		s.as("boss").wantUnread(room, public+actors)
		s.check(s.as("ann").MarkRead(s.ctx, room))
		s.as("ann").wantUnread(room, 0)

		// The same, counted from what each reads.
		for _, user := range []chat.UserID{"jane", "john", "boss"} {
			count := 0
			for m, err := range s.as(user).AllMessages(s.ctx, room) {
				s.check(err)
				if m.Type == chat.TypeRegular && !m.Silent {
					count++
				}
			}
			s.as(user).wantUnread(room, count)
			totals, err := s.as(user).TotalUnread(s.ctx)
			s.check(err)
			if totals != (chat.UnreadTotals{Messages: count, Channels: 1}) {
				t.Errorf("%s has %+v unread in all, want %d in one channel", user, totals, count)
			}
		}
		report, err := s.Verify(s.ctx, nil)
		s.check(err)
		if len(report.Problems) > 0 {
			t.Errorf("the store differs from its messages: %+v", report.Problems)
		}
		before := s.as("john").unread(room)
		s.reopen()
		s.as("john").wantUnread(room, before)
	})
}

// must reports an error without ending a test from another goroutine than its
// own.
func must(t *testing.T) func(n int, err error) int {
	return func(n int, err error) int {
		if err != nil {
			t.Error(err)
		}
		return n
	}
}

func TestOfManyWhoEndAPendingMessageOneWins(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for round := range 10 {
			held := s.send(room, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
			var mu sync.Mutex
			commits, deletes := 0, 0
			together(16, func(i int) {
				var err error
				if i%2 == 0 {
					_, err = s.CommitMessage(s.ctx, held.ID)
				} else {
					_, err = s.As("jane").DeleteMessage(s.ctx, held.ID, chat.DeleteHard)
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && i%2 == 0:
					commits++
				case err == nil:
					deletes++
				case !errors.Is(err, chat.ErrNotPending) && !errors.Is(err, chat.ErrNotFound):
					t.Error(err)
				}
			})
			// Deleting what was committed meanwhile is an ordinary delete.
			if commits > 1 || deletes > 1 || commits+deletes == 0 {
				t.Errorf("round %d: %d commits and %d deletes succeeded", round, commits, deletes)
			}
			if m, err := s.Message(s.ctx, held.ID); err == nil {
				t.Errorf("round %d: the message is still there: %+v", round, m)
			}
		}
		s.as("john").wantTexts(room)
		s.as("john").wantUnread(room, 0)
	})
}

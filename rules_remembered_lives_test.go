package chat_test

import (
	"testing"

	"example.com/chat"
)

// A cid leads to the channel that has it, whoever has opened a former one by one of
// its messages.
func TestACIDLeadsToTheChannelThatHasIt(t *testing.T) {
	for name, mode := range map[string]chat.DeleteMode{"softly": chat.DeleteSoft, "for good": chat.DeleteHard} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
				s.channel(lounge, "jane", "john")
				jane := s.as("jane")
				old := jane.send(lounge, "old")
				look := func() { // the old channel is opened by its number
					_, _ = s.OriginalMessage(s.ctx, old.ID)
					_, _ = jane.Message(s.ctx, old.ID)
				}
				_, err := s.Channel(s.ctx, lounge)
				s.check(err)
				look()
				s.check(s.DeleteChannel(s.ctx, lounge, mode))
				look()
				if mode == chat.DeleteHard {
					_, err = s.Channel(s.ctx, lounge)
					wantErr(t, err, chat.ErrNotFound)
				}
				s.channel(lounge, "jane", "john")
				for range 3 {
					look()
					state, err := s.Channel(s.ctx, lounge)
					s.check(err)
					if state.Channel.DeletedAt != nil {
						t.Error("the application finds the deleted channel")
					}
					m := jane.send(lounge, "new")
					jane.wantUnread(lounge, 0)
					page, err := s.as("john").Messages(s.ctx, lounge, chat.MessageQuery{Limit: 1})
					s.check(err)
					if len(page.Items) != 1 || page.Items[0].ID != m.ID {
						t.Errorf("john reads %+v", page.Items)
					}
				}
			})
		})
	}
}

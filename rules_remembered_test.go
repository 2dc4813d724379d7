package chat_test

import (
	"errors"
	"testing"

	"example.com/chat"
)

// What one call finds of a channel and its caller is remembered for the next. It
// must be no other caller's, nor what only some calls read.

func TestNobodyIsTakenForTheApplication(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("jane").send(cid, "words")
		_, err := s.Channel(s.ctx, cid)
		s.check(err)
		_, err = s.Message(s.ctx, m.ID)
		s.check(err)
		_, err = s.Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		for _, user := range []chat.UserID{"", "nobody"} {
			as := s.As(user)
			_, channel := as.Channel(s.ctx, cid)
			_, page := as.Messages(s.ctx, cid, chat.MessageQuery{})
			_, message := as.Message(s.ctx, m.ID)
			_, unread := as.Unread(s.ctx, cid)
			_, channels := as.Channels(s.ctx, chat.ChannelQuery{})
			for call, err := range map[string]error{"Channel": channel, "Messages": page, "Message": message, "Unread": unread, "Channels": channels} {
				if !errors.Is(err, chat.ErrPermission) {
					t.Errorf("%s as %q answers %v, want ErrPermission", call, user, err)
				}
			}
		}
	})
}

func TestACallThatLooksAtNoMessageHidesNothingFromTheNext(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		s.as("jane").send(cid, "before")
		john := s.as("john")
		s.check(john.HideChannel(s.ctx, cid, true))
		m := s.as("jane").send(cid, "words")
		s.check(john.DeleteMessageForMe(s.ctx, m.ID))
		s.check(john.StartTyping(s.ctx, cid))
		page, err := john.Messages(s.ctx, cid, chat.MessageQuery{})
		s.check(err)
		if len(page.Items) != 1 || !page.Items[0].DeletedForMe || page.Items[0].Text != "" {
			t.Errorf("he sees %+v", page.Items)
		}
	})
}

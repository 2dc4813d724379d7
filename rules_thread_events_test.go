package chat_test

import (
	"slices"
	"testing"

	"example.com/chat"
)

// threadEvents are the texts of the replies that a reader is told of as one who
// takes part in their thread.
func threadEvents(list []chat.Event) (texts []string) {
	for _, e := range list {
		if e.Type == chat.ThreadMessageNew {
			texts = append(texts, e.Message.Text)
		}
	}
	return texts
}

func TestWhoTakesPartInAThreadIsToldOfItsReplies(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june", "jo")
		parent := s.as("john").send(lounge, "parent").ID
		readers := map[chat.UserID]*reader{}
		for _, user := range []chat.UserID{"", "john", "jane", "june", "jo"} {
			readers[user] = s.watch(user)
		}
		s.as("jane").reply(parent, "one")
		want := func(told map[chat.UserID][]string) {
			t.Helper()
			for user, r := range readers {
				if got := threadEvents(r.read()); !slices.Equal(got, told[user]) {
					t.Errorf("%q is told of %q, want %q", user, got, told[user])
				}
			}
		}
		want(map[chat.UserID][]string{"john": {"one"}})
		s.as("june").post(lounge, chat.Draft{Text: "jo?", ParentID: parent, Mentions: []chat.UserID{"jo"}, ShowInChannel: true})
		want(map[chat.UserID][]string{"john": {"jo?"}, "jane": {"jo?"}, "jo": {"jo?"}})
		s.send(lounge, "john", chat.Draft{Text: "for jane", ParentID: parent, Restricted: []chat.UserID{"jane"}}, nil)
		want(map[chat.UserID][]string{"jane": {"for jane"}})
		held := s.send(lounge, "john", chat.Draft{Text: "held", ParentID: parent}, &chat.SendOptions{Pending: chat.PendingOn})
		want(nil)
		s.check(errOf(s.CommitMessage(s.ctx, held.ID)))
		want(map[chat.UserID][]string{"jane": {"held"}, "june": {"held"}, "jo": {"held"}})
	})
}

func TestReadingAThreadIsToldToWhoReadIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		reply := s.as("jane").reply(parent, "one")
		john, jane := s.watch("john"), s.watch("jane")
		s.check(s.as("john").MarkThreadUnread(s.ctx, reply.ID))
		s.check(s.as("john").MarkThreadRead(s.ctx, parent))
		list := john.read()
		if len(list) != 2 || list[0].Type != chat.NotificationUnread || list[1].Type != chat.NotificationRead {
			t.Fatalf("john is told %+v", list)
		}
		for _, e := range list {
			if e.Message == nil || e.Message.ID != parent || e.User.ID != "john" || e.UnreadReplies == nil || *e.UnreadReplies != 0 || *e.Unread != 0 {
				t.Errorf("john is told %+v", e)
			}
		}
		if list := jane.read(); len(list) != 0 {
			t.Errorf("jane is told %+v", list)
		}
		s.as("jane").reply(parent, "two")
		list = john.read()
		if last := list[len(list)-1]; last.Type != chat.ThreadMessageNew || last.UnreadReplies == nil || *last.UnreadReplies != 1 || last.User.ID != "jane" {
			t.Errorf("john is told %+v", last)
		}
	})
}

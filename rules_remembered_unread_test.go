package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// What a user has unread of a channel is remembered until something is written
// there.

func TestUnreadOfAQuietChannelReadsNothing(t *testing.T) { synctest.Test(t, testUnreadOfAQuietChannel) }

func testUnreadOfAQuietChannel(t *testing.T) {
	store := &countedStore{Store: memstore.New()}
	s := newScenario(t, store, &chat.Options{NoBackground: true}, true)
	s.channel(lounge, "jane", "john", "june")
	reads := func() int {
		before := store.keys
		s.check(second(s.as("jane").Unread(s.ctx, lounge)))
		return store.keys - before
	}
	s.as("john").send(lounge, "words")
	if reads() == 0 {
		t.Error("nothing is read the first time")
	}
	if n := reads(); n != 0 {
		t.Errorf("%d keys are read again", n)
	}
	s.as("john").send(lounge, "words")
	if reads() == 0 {
		t.Error("nothing is read after another message")
	}
	s.as("june").send(lounge, "words")
	s.check(s.as("jane").MuteUser(s.ctx, "june", time.Hour))
	reads()
	if n := reads(); n != 0 {
		t.Errorf("%d keys are read again for one who mutes somebody", n)
	}
	s.as("jane").wantUnread(lounge, 2)
	s.sleep(2 * time.Hour)
	if reads() == 0 {
		t.Error("nothing is read after a mute has ended")
	}
	s.as("jane").wantUnread(lounge, 3)
}

func TestUnreadThatIsRememberedIsWhatItIs(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "jane", "john", "june")
		jane, john := s.as("jane"), s.as("john")
		first, deleted, cleared := john.send(lounge, "one"), john.send(lounge, "two"), john.send(lounge, "three")
		pending := s.hold(lounge, "john", "held back")
		for _, step := range []struct {
			name string
			want int
			do   func()
		}{
			{"as sent", 3, func() {}},
			{"a message", 4, func() { john.send(lounge, "four") }},
			{"a silent one", 4, func() { john.post(lounge, chat.Draft{Text: "hush", Silent: true}) }},
			{"a private one", 5, func() { s.whisper(lounge, "for jane", "jane") }},
			{"one for somebody else", 5, func() { s.whisper(lounge, "for june", "june") }},
			{"a commit", 6, func() { s.commit(pending.ID) }},
			{"a deletion", 5, func() { john.deleteMessage(deleted.ID, chat.DeleteSoft) }},
			{"an undeletion", 6, func() { s.undelete(deleted.ID) }},
			{"a hard deletion", 5, func() { john.deleteMessage(deleted.ID, chat.DeleteHard) }},
			{"one deleted for oneself", 4, func() { s.check(jane.DeleteMessageForMe(s.ctx, cleared.ID)) }},
			{"a mark at the first", 3, func() { s.check(jane.MarkReadTo(s.ctx, first.ID)) }},
			{"unread from the first", 4, func() { s.check(jane.MarkUnread(s.ctx, first.ID)) }},
			{"an author muted", 0, func() { s.check(jane.MuteUser(s.ctx, "john", 0)) }},
			{"a message of theirs", 0, func() { john.send(lounge, "unheard") }},
			{"an author unmuted", 5, func() { s.check(jane.UnmuteUser(s.ctx, "john")) }},
			{"the channel muted", 0, func() { s.check(jane.MuteChannel(s.ctx, lounge, 0)) }},
			{"the channel unmuted", 5, func() { s.check(jane.UnmuteChannel(s.ctx, lounge)) }},
			{"the history cleared", 0, func() { s.check(jane.HideChannel(s.ctx, lounge, true)) }},
			{"a message after it", 1, func() { john.send(lounge, "five") }},
			{"a truncation", 0, func() { s.truncate(lounge, nil) }},
			{"messages after it", 2, func() { john.send(lounge, "six"); s.as("june").send(lounge, "seven") }},
			{"an author erased", 1, func() { s.erase("june", chat.EraseHard) }},
			{"having left", 0, func() { s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"jane"}, nil)) }},
			{"having come back", 0, func() { s.join(lounge, "jane") }},
			{"all read", 0, func() { john.send(lounge, "eight"); s.check(jane.MarkRead(s.ctx, lounge)) }},
		} {
			for range 2 { // so that it is remembered
				_, _ = jane.Unread(s.ctx, lounge) // an error when she has left
			}
			step.do()
			_, err := s.RunDueWork(s.ctx)
			s.check(err)
			for range 2 {
				n, err := jane.Unread(s.ctx, lounge)
				if err != nil && step.name != "having left" || n != step.want {
					t.Errorf("after %s there are %d unread, %v; want %d", step.name, n, err, step.want)
				}
			}
		}
	})
}

package chat_test

import (
	"fmt"
	"testing"

	"example.com/chat"
)

// Semantics 7: a soft-deleted channel that is made again is empty. What its
// former lives held stays where the application finds it, until the channel is
// deleted for good: then all of its lives are.

// life has a channel that was not, or was soft-deleted, made and filled, and
// returns what was said in it.
func (s *scenario) life(cid chat.CID, n int) []chat.Message {
	s.t.Helper()
	s.channel(cid, "jane", "john")
	s.as("jane").wantTexts(cid)
	public := s.send(cid, "jane", chat.Draft{Text: fmt.Sprint("public of life ", n)}, nil)
	return []chat.Message{
		public,
		s.send(cid, "john", chat.Draft{Text: fmt.Sprint("reply of life ", n), ParentID: public.ID}, nil),
		s.send(cid, "jane", chat.Draft{Text: fmt.Sprint("private of life ", n), Restricted: []chat.UserID{"john"}}, nil),
		s.send(cid, "jane", chat.Draft{Text: fmt.Sprint("held of life ", n)}, &chat.SendOptions{Pending: chat.PendingOn}),
	}
}

func TestHardDeleteOfAChannelPurgesItsFormerLivesToo(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		for _, lives := range []int{1, 2, 3} {
			kind := fmt.Sprint("own", lives)
			_, err := s.CreateChannelType(s.ctx, chat.ChannelType{Name: kind, Replies: true, Grants: map[chat.Role][]chat.Action{
				chat.RoleChannelMember: {chat.ReadChannel, chat.CreateMessage},
			}})
			s.check(err)
			cid := chat.CID(kind + ":ride")
			var said []chat.Message
			for n := range lives {
				said = append(said, s.life(cid, n)...)
				if n < lives-1 {
					s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteSoft))
				}
			}
			for n := range lives {
				if text := fmt.Sprint("public of life ", n); !s.holds(text) {
					t.Errorf("before the end %q is not in the store", text)
				}
			}
			wantErr(t, s.DeleteChannelType(s.ctx, kind), chat.ErrState)
			s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteHard))
			gone := func(when string) {
				t.Helper()
				for _, m := range said {
					for what, err := range map[string]error{
						"Message":         second(s.Message(s.ctx, m.ID)),
						"OriginalMessage": second(s.OriginalMessage(s.ctx, m.ID)),
						"DeleteMessage":   second(s.DeleteMessage(s.ctx, m.ID, chat.DeleteHard, "")),
						"UndeleteMessage": second(s.UndeleteMessage(s.ctx, m.ID, "jane")),
						"Jane's Message":  second(s.As("jane").Message(s.ctx, m.ID)),
						"John's Message":  second(s.As("john").Message(s.ctx, m.ID)),
					} {
						if e := wantErr(t, err, chat.ErrNotFound); e.Reason != fmt.Sprintf("message %q not found", m.ID) {
							t.Errorf("%s the %s of %q answers %v", when, what, m.Text, err)
						}
					}
				}
				s.wantPending()
				wantErr(t, second(s.Channel(s.ctx, cid)), chat.ErrNotFound)
				for _, user := range []chat.UserID{"jane", "john"} {
					s.as(user).wantLists()
				}
			}
			gone("at once")
			if lives == 3 { // nothing of the type is left to find: it may go before all is erased
				s.check(s.DeleteChannelType(s.ctx, kind))
			}
			s.settle()
			gone("when it is purged")
			for n := range lives {
				for _, what := range []string{"public", "reply", "private", "held"} {
					if text := fmt.Sprint(what, " of life ", n); s.holds(text) {
						t.Errorf("after %d lives %q is still in the store", lives, text)
					}
				}
			}
			if s.holds(string(cid)) {
				t.Errorf("after %d lives %s is still in the store", lives, cid)
			}
			s.verify()
			if lives != 3 {
				s.check(s.DeleteChannelType(s.ctx, kind))
			}
		}
	})
}

// TestSoftThenHardDeleteOfAChannelPurgesAllItsLives: the last one too, that was
// not made again in between.
func TestSoftThenHardDeleteOfAChannelPurgesAllItsLives(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		const cid = chat.CID("messaging:ride")
		said := s.life(cid, 0)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteSoft))
		said = append(said, s.life(cid, 1)...)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteSoft))
		s.settle() // its users' lists are done
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteHard))
		for _, m := range said {
			wantErr(t, second(s.OriginalMessage(s.ctx, m.ID)), chat.ErrNotFound)
		}
		s.settle()
		for n := range 2 {
			if text := fmt.Sprint("of life ", n); s.holds(text) {
				t.Errorf("%q is still in the store", text)
			}
		}
		// Made again it has no former life, and goes by itself.
		s.life(cid, 2)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteHard))
		s.settle()
		if s.holds("of life") {
			t.Error("what was said after it was purged is still in the store")
		}
	})
}

package chat_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/keys"
)

// banishment is commandStory with messages of John's of all kinds, in two
// channels, and others between them.
func banishment(s *scenario) {
	s.t.Helper()
	commandStory(s)
	s.user(chat.User{ID: "boss", Role: chat.RoleModerator})
	s.channel("messaging:other", "jane", "john")
	john, jane := s.as("john"), s.as("jane")
	jane.post(commandRoom, chat.Draft{ID: "hers", Text: "hers"})
	for _, d := range []chat.Draft{
		{ID: "plain", Text: "plain"},
		{ID: "silent", Text: "silent", Silent: true},
		{ID: "reply", Text: "reply", ParentID: "hers"},
		{ID: "shown", Text: "shown", ParentID: "hers", ShowInChannel: true},
		{ID: "parent", Text: "parent"},
	} {
		john.post(commandRoom, d)
	}
	jane.post(commandRoom, chat.Draft{ID: "her reply", Text: "her reply", ParentID: "parent", ShowInChannel: true})
	s.send(commandRoom, "john", chat.Draft{ID: "private", Text: "private", Restricted: []chat.UserID{"jane"}}, nil)
	s.send(commandRoom, "john", chat.Draft{ID: "pending", Text: "pending"}, &chat.SendOptions{Pending: chat.PendingOn})
	john.post("messaging:other", chat.Draft{ID: "elsewhere", Text: "elsewhere"})
	jane.post("messaging:other", chat.Draft{ID: "hers too", Text: "hers too"})
	s.sleep(1e6)
}

func TestBanDeletesMessagesOfTheChannelSoftly(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		banishment(s)
		jane := s.as("jane")
		s.check(jane.MarkUnread(s.ctx, "hers"))
		watch := s.watch("jane")
		before := jane.unread(commandRoom)
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, DeleteMessages: chat.DeleteSoft})
		s.send(commandRoom, "john", chat.Draft{ID: "later", Text: "later"}, nil)
		s.check(s.Unban(s.ctx, "john", commandRoom))
		s.reopen()
		watch.s = s
		s.check(second(s.RunDueWork(s.ctx)))
		for _, id := range []chat.MessageID{"plain", "silent", "reply", "shown", "parent", "private"} {
			if m := s.message(id); m.DeletedAt == nil || m.Text != "" {
				t.Errorf("%s is %+v", id, m)
			}
		}
		for _, id := range []chat.MessageID{"hers", "her reply", "elsewhere", "later"} {
			if m := s.message(id); m.DeletedAt != nil {
				t.Errorf("%s is deleted", id)
			}
		}
		_, err := s.Message(s.ctx, "pending")
		wantErr(t, err, chat.ErrNotFound)
		// plain, shown, parent and private were unread, later is.
		jane = s.as("jane")
		jane.wantUnread(commandRoom, before-4+1)
		deleted := 0
		for _, e := range watch.read() {
			if e.Type == chat.MessageDeleted {
				deleted++
			}
		}
		if deleted != 6 {
			t.Errorf("she is told of %d deletions, want 6", deleted)
		}
		s.check(second(s.UndeleteMessage(s.ctx, "plain", "john")))
	})
}

func TestBanFromTheApplicationDeletesMessagesOfAllChannelsForGood(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		banishment(s)
		s.channel("livestream:show", "jane")
		s.as("john").post("livestream:show", chat.Draft{ID: "of no member", Text: "x"})
		s.check(second(s.DeleteMessage(s.ctx, "plain", chat.DeleteSoft, "")))
		s.sleep(1e6)
		s.check(second(s.Ban(s.ctx, chat.BanDraft{User: "john", Shadow: true, DeleteMessages: chat.DeleteHard}, "boss")))
		s.check(second(s.RunDueWork(s.ctx)))
		for _, id := range []chat.MessageID{"plain", "silent", "reply", "shown", "parent", "private", "pending", "elsewhere", "of no member", "her reply"} {
			_, err := s.OriginalMessage(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
		}
		s.as("jane").wantTexts(commandRoom, "hers")
		s.as("jane").wantTexts("messaging:other", "hers too")
	})
}

func TestMessagesOfWhoIsBannedAreDeletedInSlices(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		commandStory(s)
		for i := range 700 {
			author := chat.UserID("john")
			if i%3 == 0 {
				author = "jane"
			}
			s.send(commandRoom, author, chat.Draft{Text: fmt.Sprint(i)}, nil)
		}
		s.sleep(1e6)
		s.ban(chat.BanDraft{User: "john", DeleteMessages: chat.DeleteHard})
		s.reopen()
		s.check(second(s.RunDueWork(s.ctx)))
		n := 0
		for m, err := range s.AllMessages(s.ctx, commandRoom) {
			s.check(err)
			if n++; m.User.ID != "jane" {
				t.Errorf("%q of %s is there", m.Text, m.User.ID)
			}
		}
		if n != 234 {
			t.Errorf("%d messages are left, want 234", n)
		}
	})
}

func TestABanDeletesMessagesBehindAChannelThatIsHalfErased(t *testing.T) {
	each, o := afterCommits()
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		*each = nil
		gone := s.channel("messaging:gone", "jane")
		for i := range 300 { // more than a slice of what is kept of members
			id := chat.UserID(fmt.Sprint("member", i))
			s.users(id)
			s.check(s.AddMembers(s.ctx, gone, []chat.MemberDraft{{UserID: id}}, nil))
		}
		m := s.as("john").send(s.channel("messaging:other", "jane", "john"), "spam")
		s.sleep(time.Millisecond)
		s.check(s.DeleteChannel(s.ctx, gone, chat.DeleteHard))
		s.ban(chat.BanDraft{User: "john", DeleteMessages: chat.DeleteHard})
		other, err := chat.New(s.store, offline(quiet()))
		s.check(err)
		defer other.Close()
		*each = func() {
			if s.halfErased() {
				*each = nil
				s.check(errOf(other.RunDueWork(s.ctx)))
			}
		}
		s.check(errOf(s.RunDueWork(s.ctx)))
		if *each != nil {
			t.Error("the channel was never half erased")
		}
		_, err = s.Message(s.ctx, m.ID)
		wantErr(t, err, chat.ErrNotFound)
	})
}

// halfErased says whether of some channel the number is left, and no record.
func (s *scenario) halfErased() bool {
	s.t.Helper()
	all := s.dump()
	for key := range all {
		if c, err := keys.ChannelOfNumber([]byte(key)); err == nil && all[string(keys.Record(c))] == "" {
			return true
		}
	}
	return false
}

func TestToDeleteMessagesWithABanNeedsToDeleteThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		banishment(s)
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error {
			t.Grants["sheriff"] = []chat.Action{chat.ReadChannel, chat.BanChannelMember}
			return nil
		}))
		s.users("sheriff")
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "sheriff", Role: "sheriff"}}, nil))
		d := chat.BanDraft{User: "john", CID: commandRoom, DeleteMessages: chat.DeleteSoft}
		_, err := s.As("sheriff").Ban(s.ctx, d)
		wantFieldErr(t, err, chat.ErrPermission, "delete_messages")
		bans, err := s.Bans(s.ctx, chat.BanQuery{CID: commandRoom})
		s.check(err)
		if len(bans.Items) != 0 {
			t.Errorf("the bans are %+v", bans.Items)
		}
		s.check(second(s.As("mod").Ban(s.ctx, d)))
		d.CID = ""
		s.check(second(s.As("boss").Ban(s.ctx, d)))
		s.check(second(s.CreateChannelType(s.ctx, chat.ChannelType{Name: "quiet"})))
		_, err = s.As("boss").Ban(s.ctx, d)
		wantFieldErr(t, err, chat.ErrPermission, "delete_messages")
	})
}

func TestBanDeletesWhatWasPendingAndIsCommittedBeforeTheWorkComes(t *testing.T) {
	for _, test := range []struct {
		name string
		ban  chat.BanDraft
	}{
		{"of the channel, softly", chat.BanDraft{User: "john", CID: commandRoom, DeleteMessages: chat.DeleteSoft}},
		{"of all, for good", chat.BanDraft{User: "john", DeleteMessages: chat.DeleteHard}},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
				banishment(s)
				pending := &chat.SendOptions{Pending: chat.PendingOn}
				s.send(commandRoom, "john", chat.Draft{ID: "pending reply", Text: "x", ParentID: "hers"}, pending)
				s.sleep(1e6)
				s.ban(test.ban)
				s.sleep(1e6)
				s.send(commandRoom, "john", chat.Draft{ID: "later", Text: "later"}, pending)
				for _, id := range []chat.MessageID{"pending", "pending reply", "later"} {
					s.check(second(s.CommitMessage(s.ctx, id)))
				}
				s.check(second(s.RunDueWork(s.ctx)))
				for _, id := range []chat.MessageID{"pending", "pending reply"} {
					m, err := s.Message(s.ctx, id)
					if test.ban.DeleteMessages == chat.DeleteHard {
						wantErr(t, err, chat.ErrNotFound)
					} else if s.check(err); m.DeletedAt == nil {
						t.Errorf("%s is %+v", id, m)
					}
				}
				if m := s.message("later"); m.DeletedAt != nil {
					t.Error("what was sent after the ban is deleted")
				}
			})
		})
	}
}

package chat_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/chat"
)

// shadowStory is commandStory with an admin, and John shadow-banned from what is
// named.
func shadowStory(s *scenario, cid chat.CID) {
	s.t.Helper()
	commandStory(s)
	s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
	s.as("jane").post(commandRoom, chat.Draft{ID: "hers", Text: "hers"})
	b := s.ban(chat.BanDraft{User: "john", CID: cid, Shadow: true})
	if !b.Shadow {
		s.t.Errorf("the ban is %+v", b)
	}
}

func TestWhatAShadowBannedUserSendsIsSeenByThemAlone(t *testing.T) {
	for name, cid := range banReach {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				shadowStory(s, cid)
				john, jane, admin := s.as("john"), s.as("jane"), s.as("admin")
				s.check(jane.MarkRead(s.ctx, commandRoom))
				before := jane.channel(commandRoom)
				watch := map[chat.UserID]*reader{"john": s.watch("john"), "jane": s.watch("jane"), "": s.watch("")}
				m := john.post(commandRoom, chat.Draft{ID: "his", Text: "his"})
				if m.Shadowed || m.Restricted != nil || m.Type != chat.TypeRegular {
					t.Errorf("he is told %+v", m)
				}
				john.post(commandRoom, chat.Draft{ID: "reply", Text: "reply", ParentID: "hers"})
				john.post(commandRoom, chat.Draft{ID: "shown", Text: "shown", ParentID: "hers", ShowInChannel: true})
				john.post(commandRoom, chat.Draft{ID: "own reply", Text: "own reply", ParentID: "his"})
				john.post(commandRoom, chat.Draft{ID: "quote", QuotedID: "his"})
				john.post(commandRoom, chat.Draft{ID: "to jane", Text: "@jane", Mentions: []chat.UserID{"jane"}})
				all := []chat.MessageID{"his", "reply", "shown", "own reply", "quote", "to jane"}
				for _, id := range all {
					john.sees(id)
					jane.notSees(id)
					s.as("mod").notSees(id)
					if admin.message(id).Shadowed != true || s.message(id).Shadowed != true || john.message(id).Shadowed {
						t.Errorf("%s: who is told that it is shadowed is wrong", id)
					}
				}
				john.wantTexts(commandRoom, "hers", "his", "shown", "", "@jane")
				jane.wantTexts(commandRoom, "hers")
				jane.wantUnread(commandRoom, 0)
				after := jane.channel(commandRoom)
				wantSame(t, "what she sees of the channel", after, before)
				if last := john.channel(commandRoom).LastMessage; last == nil || last.ID != "to jane" {
					t.Errorf("his last message is %+v", last)
				}
				john.wantUnread(commandRoom, 0)
				// He edits and deletes them as ever.
				s.check(second(john.UpdateMessage(s.ctx, "his", chat.MessageUpdate{Text: "edited"})))
				s.check(second(john.PatchMessage(s.ctx, "reply", chat.Patch{Set: map[string]any{"a": "b"}})))
				s.check(second(john.DeleteMessage(s.ctx, "shown", chat.DeleteSoft)))
				s.check(second(john.DeleteMessage(s.ctx, "to jane", chat.DeleteHard)))
				for _, e := range watch["jane"].read() {
					t.Errorf("she is told of %s", summary(e))
				}
				var his, apps []string
				for _, e := range watch["john"].read() {
					if e.Message != nil && (e.Message.Shadowed || e.Message.Restricted != nil) {
						t.Errorf("he is told of %+v", e.Message)
					}
					his = append(his, string(e.Type))
				}
				for _, e := range watch[""].read() {
					if e.Message != nil && !e.HardDelete && !e.Message.Shadowed {
						t.Errorf("the application is told of %+v", e.Message)
					}
					apps = append(apps, string(e.Type))
				}
				// What was deleted for good is told as that alone.
				wantSame(t, "his events", his, []string{
					"message.new", "message.new", "message.new", "message.new", "message.new", "message.updated", "message.updated",
					"message.deleted", "message.deleted",
				})
				wantSame(t, "the application's events", apps, his)
			})
		})
	}
}

func TestWhatWasShadowedStaysSoWhenTheBanIsOver(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, commandRoom)
		john, jane := s.as("john"), s.as("jane")
		john.post(commandRoom, chat.Draft{ID: "his", Text: "his"})
		s.check(s.Unban(s.ctx, "john", commandRoom))
		john.post(commandRoom, chat.Draft{ID: "free", Text: "free"})
		jane.sees("free")
		jane.notSees("his")
		s.check(second(john.UpdateMessage(s.ctx, "his", chat.MessageUpdate{Text: "edited"})))
		jane.notSees("his")
		// What hangs on it goes on to be his alone: it would give it away.
		john.post(commandRoom, chat.Draft{ID: "reply", Text: "reply", ParentID: "his", ShowInChannel: true})
		jane.notSees("reply")
		john.post(commandRoom, chat.Draft{ID: "only a quote", QuotedID: "his"})
		jane.notSees("only a quote")
		john.post(commandRoom, chat.Draft{ID: "quote", Text: "as I said", QuotedID: "his"})
		if m := jane.message("quote"); m.QuotedMessageID != "" || m.QuotedMessage != nil {
			t.Errorf("she sees that it quotes %s", m.QuotedMessageID)
		}
		if m := john.message("quote"); m.QuotedMessage == nil || m.QuotedMessage.ID != "his" {
			t.Errorf("he sees the quote %+v", m.QuotedMessage)
		}
		// Others answer him alone.
		s.send(commandRoom, "mod", chat.Draft{ID: "answer", Text: "answer", ParentID: "his"}, nil)
		john.sees("answer")
		jane.notSees("answer")
		_, err := jane.Send(s.ctx, commandRoom, chat.Draft{Text: "x", ParentID: "his"})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestAnAnswerToAShadowedPrivateMessageIsForItsAuthorAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, "")
		admin, jane := s.as("admin"), s.as("jane")
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "admin"}}, nil))
		s.ban(chat.BanDraft{User: "admin", CID: commandRoom, Shadow: true})
		admin.post(commandRoom, chat.Draft{ID: "private", Text: "private", Restricted: []chat.UserID{"jane"}})
		answer := s.send(commandRoom, "mod", chat.Draft{ID: "answer", Text: "answer", ParentID: "private", ShowInChannel: true}, nil)
		if !slices.Equal(answer.Restricted, []chat.UserID{"admin"}) {
			t.Errorf("the audience of an answer is %q", answer.Restricted)
		}
		admin.sees("answer")
		jane.notSees("answer")
		_, err := s.Send(s.ctx, commandRoom, "mod", chat.Draft{Text: "x", ParentID: "private", Restricted: []chat.UserID{"jane"}}, nil)
		wantErr(t, err, chat.ErrInvalid)
		watch := s.watch("admin")
		s.check(second(s.DeleteMessage(s.ctx, "private", chat.DeleteHard, "mod")))
		watch.wants("message.deleted deleted hard")
	})
}

func TestShadowBannedUserCannotTellThatTheyAre(t *testing.T) {
	for name, cid := range banReach {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				commandStory(s)
				s.user(chat.User{ID: "guard", Role: chat.RoleModerator})
				s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "guard"}}, nil))
				s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
				guard, admin := s.as("guard"), s.as("admin")
				before := guard.channel(commandRoom).Capabilities
				own, other, app := s.watch("guard"), s.watch("mod"), s.watch("")
				s.check(second(s.Ban(s.ctx, chat.BanDraft{User: "guard", CID: cid, Shadow: true}, "")))
				s.ban(chat.BanDraft{User: "john", CID: cid, Shadow: true})
				wantSame(t, "the capabilities", guard.channel(commandRoom).Capabilities, before)
				// He may ban, and reads who is banned: himself he does not find.
				for who, list := range map[string]func() (chat.Page[chat.Ban], error){
					"guard": func() (chat.Page[chat.Ban], error) { return guard.Bans(s.ctx, chat.BanQuery{CID: cid}) },
					"admin": func() (chat.Page[chat.Ban], error) { return admin.Bans(s.ctx, chat.BanQuery{CID: cid}) },
				} {
					page, err := list()
					s.check(err)
					var users []string
					for _, b := range page.Items {
						users = append(users, string(b.User.ID))
					}
					want := []string{"guard", "john"}
					if who == "guard" {
						want = want[1:]
					}
					wantSame(t, "the bans that "+who+" reads", users, want)
				}
				// To end a ban of his own changes nothing, and says nothing.
				s.check(guard.Unban(s.ctx, "guard", cid))
				m, err := guard.Send(s.ctx, commandRoom, chat.Draft{Text: "/unban @guard"})
				if cid != "" {
					s.check(err)
					if m.Type != chat.TypeError {
						t.Errorf("/unban answers %+v", m)
					}
				}
				guard.send(commandRoom, "still his alone")
				s.as("mod").wantTexts(commandRoom)
				s.check(s.Unban(s.ctx, "guard", cid))
				guard.send(commandRoom, "free")
				s.as("mod").wantTexts(commandRoom, "free")
				told := func(r *reader) (list []string) {
					for _, e := range r.read() {
						if e.Type == chat.UserBanned || e.Type == chat.UserUnbanned {
							if !e.Shadow || e.HardDelete {
								t.Errorf("the event is %+v", e)
							}
							list = append(list, string(e.Type)+" "+string(e.User.ID))
						}
					}
					return list
				}
				everyone := []string{"user.banned guard", "user.banned john", "user.unbanned guard"}
				wantSame(t, "the application's events", told(app), everyone)
				if cid == "" {
					everyone = nil // of the whole application they are told who are banned
				}
				wantSame(t, "a moderator's events", told(other), everyone)
				if cid != "" {
					everyone = everyone[1:2]
				}
				wantSame(t, "the events of who is banned", told(own), everyone)
			})
		})
	}
}

func TestQuotesAndRepliesOfAShadowBannedUserAreTakenAsOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, commandRoom)
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "admin"}}, nil))
		john, admin := s.as("john"), s.as("admin")
		john.post(commandRoom, chat.Draft{ID: "his", Text: "his"})
		john.post(commandRoom, chat.Draft{ID: "quote", Text: "quote", QuotedID: "his"})
		s.check(second(john.PatchMessage(s.ctx, "quote", chat.Patch{Unset: []string{"text"}})))
		s.as("jane").notSees("quote")
		_, err := john.PatchMessage(s.ctx, "quote", chat.Patch{Unset: []string{"quoted_message_id"}})
		wantErr(t, err, chat.ErrInvalid)
		_, err = s.PatchMessage(s.ctx, "his", chat.Patch{Set: map[string]any{"text": ""}})
		wantErr(t, err, chat.ErrInvalid)
		// An admin who is shadow-banned too is answered as one who is not.
		_, before := admin.Send(s.ctx, commandRoom, chat.Draft{QuotedID: "his"})
		answer := admin.post(commandRoom, chat.Draft{Text: "answer", ParentID: "his"})
		s.ban(chat.BanDraft{User: "admin", Shadow: true})
		_, after := admin.Send(s.ctx, commandRoom, chat.Draft{QuotedID: "his"})
		wantErr(t, before, chat.ErrInvalid)
		wantErr(t, after, chat.ErrInvalid)
		again := admin.post(commandRoom, chat.Draft{Text: "answer", ParentID: "his"})
		wantSame(t, "who reads the answers", again.Restricted, answer.Restricted)
		john.sees(answer.ID)
		john.notSees(again.ID)
	})
}

func TestWhatTheApplicationSendsInTheNameOfAShadowBannedUserTellsThemNothing(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		shadowStory(s, "")
		john, jane, admin := s.as("john"), s.as("jane"), s.as("admin")
		john.post(commandRoom, chat.Draft{ID: "his", Text: "his"})
		s.check(s.Unban(s.ctx, "john", ""))
		alone := func(id chat.MessageID) {
			t.Helper()
			if m := john.message(id); m.Restricted != nil || m.Shadowed {
				t.Errorf("he is told %+v", m)
			}
			if m := s.message(id); !m.Shadowed {
				t.Errorf("the application is told %+v", m)
			}
			jane.notSees(id)
		}
		s.send(commandRoom, "john", chat.Draft{ID: "reply", Text: "reply", ParentID: "his", Pinned: true}, nil)
		s.send(commandRoom, "john", chat.Draft{ID: "quote", QuotedID: "his"}, nil)
		question := s.send(commandRoom, "john", chat.Draft{Text: "/ask why", ParentID: "his"}, nil)
		posted, err := john.RunAction(s.ctx, question.ID, "done")
		s.check(err)
		for _, id := range []chat.MessageID{"reply", "quote", posted.ID} {
			alone(id)
		}
		s.check(second(s.PatchMessage(s.ctx, "reply", chat.Patch{Set: map[string]any{"text": "", "quoted_message_id": "his"}})))
		alone("reply")
		// What stands by itself, and what another says to it, is as ever.
		s.send(commandRoom, "john", chat.Draft{ID: "more", Text: "more", QuotedID: "his"}, nil)
		jane.sees("more")
		answer := s.send(commandRoom, "admin", chat.Draft{Text: "/ask why", ParentID: "his"}, nil)
		told, err := admin.RunAction(s.ctx, answer.ID, "done")
		s.check(err)
		if !slices.Equal(told.Restricted, []chat.UserID{"john"}) || told.Shadowed {
			t.Errorf("he is answered %+v", told)
		}
		john.sees(told.ID)
	})
}

func TestBanThatBecomesAShadowBanSeemsToBeOver(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		john := s.watch("john")
		s.ban(chat.BanDraft{User: "john", CID: commandRoom})
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Shadow: true})
		s.as("john").send(commandRoom, "back")
		s.ban(chat.BanDraft{User: "john", CID: commandRoom})
		_, err := s.As("john").Send(s.ctx, commandRoom, chat.Draft{Text: "x"})
		wantErr(t, err, chat.ErrBanned)
		var told []chat.EventType
		for _, e := range john.read() {
			told = append(told, e.Type)
		}
		wantSame(t, "his events", told, []chat.EventType{chat.UserBanned, chat.UserUnbanned, chat.MessageNew, chat.UserBanned})
		s.as("jane").wantTexts(commandRoom)
	})
}

func TestShadowBanEndsByTheClock(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Shadow: true, Lasting: time.Hour})
		john, jane := s.as("john"), s.as("jane")
		s.sleep(time.Hour - time.Second)
		john.send(commandRoom, "his")
		s.sleep(time.Second)
		john.send(commandRoom, "for all")
		jane.wantTexts(commandRoom, "for all")
		bans, err := s.Bans(s.ctx, chat.BanQuery{CID: commandRoom})
		s.check(err)
		if len(bans.Items) != 0 {
			t.Errorf("the bans are %+v", bans.Items)
		}
	})
}

func TestShadowedMessagesArePendingPrivateAndCommandedAsOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, "")
		jane, admin := s.as("jane"), s.as("admin")
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "admin"}}, nil))
		// A private message: the list is as he gave it.
		s.ban(chat.BanDraft{User: "admin", CID: commandRoom, Shadow: true})
		m := admin.post(commandRoom, chat.Draft{ID: "private", Text: "private", Restricted: []chat.UserID{"jane"}})
		if m.Shadowed || !slices.Equal(m.Restricted, []chat.UserID{"jane"}) || admin.message("private").Shadowed {
			t.Errorf("he is told %+v", m)
		}
		jane.notSees("private")
		reply := admin.post(commandRoom, chat.Draft{ID: "private reply", Text: "more", ParentID: "private"})
		if !slices.Equal(reply.Restricted, []chat.UserID{"jane", "admin"}) {
			t.Errorf("the audience of a reply is %q", reply.Restricted)
		}
		jane.notSees("private reply")
		// A system message with a change.
		_, err := admin.UpdateChannel(s.ctx, commandRoom, chat.ChannelUpdate{Name: "Room"}, &chat.SystemMessage{Text: "renamed"})
		s.check(err)
		admin.wantTexts(commandRoom, "hers", "private", "renamed")
		jane.wantTexts(commandRoom, "hers")
		// Pending, then committed.
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil }))
		john := s.as("john")
		held := john.post(commandRoom, chat.Draft{ID: "held", Text: "held"})
		if held.Pending == nil || held.Shadowed || !s.message("held").Shadowed {
			t.Errorf("he is told %+v", held)
		}
		s.check(second(s.CommitMessage(s.ctx, "held")))
		john.sees("held")
		jane.notSees("held")
		// Custom events.
		watch, own := s.watch("jane"), s.watch("john")
		s.check(john.SendEvent(s.ctx, commandRoom, chat.CustomEvent{Type: "wave"}))
		s.check(john.StartTyping(s.ctx, commandRoom))
		if list := watch.read(); len(list) != 0 {
			t.Errorf("she is told of %s", summary(list[0]))
		}
		if list := own.read(); len(list) != 1 || list[0].Type != "wave" {
			t.Errorf("he is told of %+v", list)
		}
	})
}

func TestShadowedMessagesArePushedToNobody(t *testing.T) {
	var mu sync.Mutex
	var pushed []string
	pusher := func(_ context.Context, p chat.Push) error {
		mu.Lock()
		defer mu.Unlock()
		pushed = append(pushed, p.Text)
		return nil
	}
	eachDriverWith(t, &chat.Options{NoBackground: true, Pusher: chat.PusherFunc(pusher)}, func(t *testing.T, s *scenario) {
		pushed = nil
		shadowStory(s, commandRoom)
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "admin"}}, nil))
		s.as("john").send(commandRoom, "his")
		s.as("jane").send(commandRoom, "more")
		s.check(second(s.RunDueWork(s.ctx)))
		slices.Sort(pushed)
		wantSame(t, "what is pushed", pushed, []string{"hers", "more"})
	})
}

func TestAShadowedReplyThatQuotesItsParentIsCounted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		s.channel("messaging:one", "jane", "john")
		parent := s.as("jane").send("messaging:one", "parent")
		s.check(second(s.Ban(s.ctx, chat.BanDraft{User: "john", Shadow: true}, "jane")))
		for i := range 2 {
			m, err := s.As("john").Send(s.ctx, "messaging:one", chat.Draft{ParentID: parent.ID, QuotedID: parent.ID, Text: "reply"})
			s.check(err)
			if got := m.QuotedMessage.ReplyCount; got != i+1 {
				t.Errorf("what reply %d quotes has %d replies", i+1, got)
			}
		}
	})
}

package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// reply has a user reply to a message.
func (a *actor) reply(parent chat.MessageID, text string) chat.Message {
	a.s.t.Helper()
	m := a.message(parent)
	return a.post(m.CID, chat.Draft{Text: text, ParentID: parent})
}

// wantThread checks how many replies to a message the user counts, how many of
// them deleted, and who wrote them, wherever the message is read.
func (a *actor) wantThread(parent chat.MessageID, count, deleted int, participants ...chat.UserID) {
	a.s.t.Helper()
	m := a.message(parent)
	list := []chat.Message{m}
	for _, other := range a.page(m.CID, chat.MessageQuery{Limit: 300}).Items {
		if other.ID == parent {
			list = append(list, other)
		}
	}
	thread, err := a.Thread(a.s.ctx, parent)
	a.s.check(err)
	for _, m := range append(list, thread.Parent) {
		var who []chat.UserID
		for _, u := range m.ThreadParticipants {
			who = append(who, u.ID)
		}
		if m.ReplyCount != count || m.DeletedReplyCount != deleted || !slices.Equal(who, participants) {
			a.s.t.Errorf("%s counts %d replies, %d deleted, by %v; want %d, %d, %v", a.User(), m.ReplyCount, m.DeletedReplyCount, who, count, deleted, participants)
		}
	}
}

// threads lists the threads of a user as "parent: unread".
func (a *actor) threads() []string {
	a.s.t.Helper()
	var list []string
	for q := (chat.ThreadQuery{Limit: 2}); ; {
		page, err := a.Threads(a.s.ctx, q)
		a.s.check(err)
		for _, t := range page.Items {
			list = append(list, fmt.Sprintf("%s: %d", t.Parent.ID, t.Unread))
			if one, err := a.Thread(a.s.ctx, t.Parent.ID); err != nil || one.Unread != t.Unread || one.UnreadMentions != t.UnreadMentions {
				a.s.t.Errorf("%s reads thread %s alone as %+v, %v", a.User(), t.Parent.ID, one, err)
			}
		}
		if q.Page = page.Next; q.Page == "" {
			return list
		}
	}
}

func (a *actor) wantThreads(want ...string) {
	a.s.t.Helper()
	if got := a.threads(); !slices.Equal(got, want) {
		a.s.t.Errorf("%s has the threads %q, want %q", a.User(), got, want)
	}
}

// replies are the texts of all replies that the user reads.
func (a *actor) wantReplies(parent chat.MessageID, want ...string) {
	a.s.t.Helper()
	page, err := a.Replies(a.s.ctx, parent, chat.MessageQuery{Limit: 300})
	a.s.check(err)
	if got := texts(page.Items); !slices.Equal(got, want) {
		a.s.t.Errorf("%s reads the replies %q, want %q", a.User(), got, want)
	}
	var all []string
	for m, err := range a.AllReplies(a.s.ctx, parent) {
		a.s.check(err)
		all = append(all, m.Text)
	}
	if !slices.Equal(all, want) {
		a.s.t.Errorf("%s runs through the replies %q, want %q", a.User(), all, want)
	}
}

func TestReplyCountsAndParticipantsAreThoseOfTheViewer(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.user(chat.User{ID: "root", Role: chat.RoleAdmin})
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").wantThread(parent, 0, 0)
		s.as("jane").reply(parent, "one")
		s.as("june").wantThread(parent, 1, 0, "jane")
		private := s.send(lounge, "john", chat.Draft{Text: "for jane", ParentID: parent, Restricted: []chat.UserID{"jane"}}, nil)
		s.as("june").wantThread(parent, 1, 0, "jane")
		s.as("john").wantThread(parent, 2, 0, "jane", "john")
		s.as("jane").wantThread(parent, 2, 0, "jane", "john")
		s.as("root").wantThread(parent, 2, 0, "jane", "john")
		third := s.as("june").reply(parent, "three")
		s.as("john").reply(parent, "four")
		s.as("june").wantThread(parent, 3, 0, "jane", "june", "john")
		s.as("jane").wantThread(parent, 4, 0, "jane", "john", "june")

		// Soft-deleted ones stay, those deleted for good do not.
		s.check(errOf(s.DeleteMessage(s.ctx, third.ID, chat.DeleteSoft, "")))
		s.as("jane").wantThread(parent, 4, 1, "jane", "john", "june")
		s.check(errOf(s.DeleteMessage(s.ctx, private.ID, chat.DeleteSoft, "")))
		s.as("june").wantThread(parent, 3, 1, "jane", "june", "john")
		s.as("jane").wantThread(parent, 4, 2, "jane", "john", "june")
		s.check(errOf(s.UndeleteMessage(s.ctx, private.ID, "john")))
		s.as("root").wantThread(parent, 4, 1, "jane", "john", "june")
		s.check(errOf(s.DeleteMessage(s.ctx, third.ID, chat.DeleteHard, "")))
		s.as("jane").wantThread(parent, 3, 0, "jane", "john")
		s.check(errOf(s.DeleteMessage(s.ctx, private.ID, chat.DeleteHard, "")))
		s.as("jane").wantThread(parent, 2, 0, "jane", "john")
		s.as("june").wantThread(parent, 2, 0, "jane", "john")

		// Counts of the parent change without an edit.
		if m := s.message(parent); !m.UpdatedAt.Equal(m.CreatedAt) {
			t.Errorf("updated at %v, created at %v", m.UpdatedAt, m.CreatedAt)
		}
	})
}

func TestWhoLosesPrivateRepliesNoLongerCountsThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		show := s.channel("livestream:show", "john", "jane")
		parent := s.as("john").send(show, "parent").ID
		s.send(show, "john", chat.Draft{Text: "for jane", ParentID: parent, Restricted: []chat.UserID{"jane"}}, nil)
		s.as("jane").wantThread(parent, 1, 0, "john")
		s.check(s.as("jane").LeaveChannel(s.ctx, show))
		s.as("jane").wantThread(parent, 0, 0) // she reads on, as anyone does
		s.as("john").wantThread(parent, 1, 0, "john")
		s.check(s.AddMembers(s.ctx, show, []chat.MemberDraft{{UserID: "jane"}}, nil))
		s.as("jane").wantThread(parent, 1, 0, "john")
	})
}

func TestAThreadOfWhichOneSeesNoReplyIsNotListed(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		s.send(lounge, "jane", chat.Draft{Text: "for june", ParentID: parent, Restricted: []chat.UserID{"june"}}, nil)
		s.as("john").wantThreads()
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.as("jane").reply(parent, "for all")
		s.as("john").wantThreads(string(parent) + ": 1")
	})
}

func TestFirstReplyThatGoesPutsItsAuthorWhereTheNextOneIs(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		first := s.as("jane").reply(parent, "one")
		s.as("june").reply(parent, "two")
		last := s.as("jane").reply(parent, "three")
		s.as("john").wantThread(parent, 3, 0, "jane", "june")
		s.check(errOf(s.DeleteMessage(s.ctx, first.ID, chat.DeleteHard, "")))
		s.as("john").wantThread(parent, 2, 0, "june", "jane")
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.check(errOf(s.DeleteMessage(s.ctx, last.ID, chat.DeleteHard, "")))
		s.as("john").wantThread(parent, 1, 0, "june")
		s.as("jane").wantThreads()
	})
}

func TestPlaceholdersKeepTheCountsOfTheirThread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").reply(parent, "one")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, parent))
		s.as("jane").wantThread(parent, 1, 0, "jane")
		s.check(errOf(s.DeleteMessage(s.ctx, parent, chat.DeleteSoft, "")))
		s.as("john").wantThread(parent, 1, 0, "jane")
		s.as("john").reply(parent, "two") // a soft-deleted parent may still be replied to
		s.as("jane").wantThread(parent, 2, 0, "jane", "john")
		s.as("jane").wantReplies(parent, "one", "two")
		// What one deleted for oneself counts as what it is for all.
		page, err := s.Replies(s.ctx, parent, chat.MessageQuery{})
		s.check(err)
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, page.Items[1].ID))
		s.as("jane").wantThread(parent, 2, 0, "jane", "john")
		s.as("jane").wantReplies(parent, "one", "")
	})
}

func TestQuotedMessageShowsTheCountsOfItsThread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").reply(parent, "one")
		quote := s.as("jane").post(lounge, chat.Draft{Text: "this", QuotedID: parent})
		q := s.as("john").message(quote.ID).QuotedMessage
		if q.ReplyCount != 1 || len(q.ThreadParticipants) != 1 || q.ThreadParticipants[0].Name != "jane" {
			t.Errorf("the quoted message has %d replies by %v", q.ReplyCount, q.ThreadParticipants)
		}
	})
}

func TestPendingRepliesCountFromTheirCommit(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		held := s.send(lounge, "jane", chat.Draft{Text: "held", ParentID: parent, Mentions: []chat.UserID{"john"}}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, user := range []chat.UserID{"john", "jane"} {
			s.as(user).wantThread(parent, 0, 0)
			s.as(user).wantReplies(parent)
			s.as(user).wantThreads()
		}
		_, err := s.as("jane").Thread(s.ctx, held.ID)
		wantErr(t, err, chat.ErrPending)
		wantErr(t, s.as("jane").MarkThreadUnread(s.ctx, held.ID), chat.ErrPending)
		s.check(errOf(s.CommitMessage(s.ctx, held.ID)))
		s.as("john").wantThread(parent, 1, 0, "jane")
		s.as("john").wantThreads(string(parent) + ": 1")
		s.as("jane").wantThreads(string(parent) + ": 0")
	})
}

func TestRepliesPageAsMessagesDo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		var sent []chat.Message
		var want []string
		for i := range 12 {
			d := chat.Draft{Text: fmt.Sprint(i), ParentID: parent, ShowInChannel: i%4 == 1}
			if i%3 == 2 {
				d.Restricted = []chat.UserID{"jane"}
			}
			sent = append(sent, s.send(lounge, "john", d, nil))
			want = append(want, d.Text)
			s.as("june").send(lounge, "between")
		}
		s.as("jane").wantReplies(parent, want...)
		s.as("june").wantReplies(parent, "0", "1", "3", "4", "6", "7", "9", "10")
		for _, ask := range []struct {
			q    chat.MessageQuery
			want string
		}{
			{chat.MessageQuery{Limit: 3}, "[9 10 11]"},
			{chat.MessageQuery{Limit: 3, Before: sent[4].ID}, "[1 2 3]"},
			{chat.MessageQuery{Limit: 3, Before: sent[4].ID, Inclusive: true}, "[2 3 4]"},
			{chat.MessageQuery{Limit: 3, After: sent[4].ID}, "[5 6 7]"},
			{chat.MessageQuery{Limit: 3, After: sent[4].ID, Inclusive: true}, "[4 5 6]"},
			{chat.MessageQuery{Limit: 4, Around: sent[5].ID}, "[3 4 5 6]"},
			{chat.MessageQuery{Limit: 3, AfterTime: sent[4].CreatedAt}, "[5 6 7]"},
			{chat.MessageQuery{Limit: 3, BeforeTime: sent[4].CreatedAt, Inclusive: true}, "[2 3 4]"},
			{chat.MessageQuery{Limit: 4, AroundTime: sent[5].CreatedAt}, "[3 4 5 6]"},
			{chat.MessageQuery{Limit: 2, After: parent}, "[0 1]"},
		} {
			page, err := s.as("jane").Replies(s.ctx, parent, ask.q)
			s.check(err)
			if got := fmt.Sprint(texts(page.Items)); got != ask.want {
				t.Errorf("%+v: %s, want %s", ask.q, got, ask.want)
			}
		}
		// Both ways through, one by one.
		var up, down []string
		for q := (chat.MessageQuery{Limit: 1, AfterTime: time.Unix(1, 0)}); ; {
			page, err := s.as("jane").Replies(s.ctx, parent, q)
			s.check(err)
			up = append(up, texts(page.Items)...)
			if q = (chat.MessageQuery{Limit: 1, Page: page.Next}); q.Page == "" {
				break
			}
		}
		for q := (chat.MessageQuery{Limit: 1}); ; {
			page, err := s.as("jane").Replies(s.ctx, parent, q)
			s.check(err)
			down = append(down, texts(page.Items)...)
			if q = (chat.MessageQuery{Limit: 1, Page: page.Prev}); q.Page == "" {
				break
			}
		}
		slices.Reverse(down)
		wantSame(t, "upwards", up, want)
		wantSame(t, "downwards", down, want)

		other := s.as("john").send(lounge, "another").ID
		page, err := s.as("jane").Replies(s.ctx, parent, chat.MessageQuery{Limit: 1})
		s.check(err)
		_, err = s.as("jane").Replies(s.ctx, other, chat.MessageQuery{Page: page.Prev})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.as("jane").Messages(s.ctx, lounge, chat.MessageQuery{Page: page.Prev})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.as("june").Replies(s.ctx, parent, chat.MessageQuery{Before: sent[2].ID})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestRepliesToAReplyAreNone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		reply := s.as("jane").reply(parent, "one").ID
		jane := s.as("jane")
		_, err := jane.Replies(s.ctx, reply, chat.MessageQuery{})
		wantErr(t, err, chat.ErrNestedReply)
		_, err = jane.Thread(s.ctx, reply)
		wantErr(t, err, chat.ErrNestedReply)
		wantErr(t, jane.MarkThreadRead(s.ctx, reply), chat.ErrNestedReply)
		secret := s.whisper(lounge, "for jane", "jane").ID
		for name, call := range map[string]func(chat.MessageID) error{
			"replies": func(id chat.MessageID) error { return errOf(s.as("june").Replies(s.ctx, id, chat.MessageQuery{})) },
			"thread":  func(id chat.MessageID) error { return errOf(s.as("june").Thread(s.ctx, id)) },
			"read":    func(id chat.MessageID) error { return s.as("june").MarkThreadRead(s.ctx, id) },
			"unread":  func(id chat.MessageID) error { return s.as("june").MarkThreadUnread(s.ctx, id) },
		} {
			wantSameRefusal(t, name, secret, call)
		}
	})
}

func TestThreadUnreadIsItsOwnCountForWhoTakesPart(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june", "jo")
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").reply(parent, "one")
		s.as("june").reply(parent, "two")
		one, two := string(parent)+": 1", string(parent)+": 2"
		s.as("john").wantThreads(two)
		s.as("jane").wantThreads(one)
		s.as("june").wantThreads(string(parent) + ": 0") // what was there before them is not new to them
		s.as("jo").wantThreads()
		if thread, err := s.As("jo").Thread(s.ctx, parent); err != nil || thread.Unread != 0 || len(thread.Replies) != 2 {
			t.Errorf("jo, who takes no part, reads the thread as %+v, %v", thread, err)
		}
		s.wantUnreadOf(lounge, 0, 1, 1) // replies do not raise the channel's

		if got, want := s.totals("john"), (chat.UnreadTotals{Replies: 2, Threads: 1}); got != want {
			t.Errorf("john has unread %+v, want %+v", got, want)
		}
		if got, want := s.totals("jane"), (chat.UnreadTotals{Messages: 1, Channels: 1, Replies: 1, Threads: 1}); got != want {
			t.Errorf("jane has unread %+v, want %+v", got, want)
		}
		s.check(s.as("john").MarkThreadRead(s.ctx, parent))
		s.as("john").wantThreads(string(parent) + ": 0")
		s.as("jane").wantThreads(one)
		s.as("john").wantUnread(lounge, 0)

		// Silent ones, one's own, deleted ones and those of muted authors do not count.
		s.as("june").post(lounge, chat.Draft{Text: "hush", ParentID: parent, Silent: true})
		s.as("john").wantThreads(string(parent) + ": 0")
		s.send(lounge, "john", chat.Draft{Text: "in john's name", ParentID: parent}, nil)
		s.as("john").wantThreads(string(parent) + ": 0")
		last := s.as("june").reply(parent, "three")
		s.as("john").wantThreads(one)
		s.as("jane").wantThreads(string(parent) + ": 3")
		s.check(s.as("jane").MuteUser(s.ctx, "june", 0))
		s.as("jane").wantThreads(one)
		four := s.as("june").reply(parent, "four")
		s.as("jane").wantThreads(one)
		s.check(s.as("jane").UnmuteUser(s.ctx, "june"))
		s.as("jane").wantThreads(string(parent) + ": 4")
		s.check(s.as("jane").MuteChannel(s.ctx, lounge, 0))
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.check(s.as("jane").UnmuteChannel(s.ctx, lounge))
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, last.ID))
		s.as("jane").wantThreads(string(parent) + ": 3")
		s.check(errOf(s.DeleteMessage(s.ctx, last.ID, chat.DeleteSoft, "")))
		s.as("jane").wantThreads(string(parent) + ": 3")
		s.as("john").wantThreads(one)
		s.check(errOf(s.UndeleteMessage(s.ctx, last.ID, "june")))
		s.as("john").wantThreads(two)

		// One's own reply reads the thread, and not the channel.
		unread := s.as("jane").unread(lounge)
		s.as("jane").reply(parent, "five")
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.as("jane").wantUnread(lounge, unread)
		s.check(s.as("jane").MarkThreadUnread(s.ctx, last.ID))
		s.as("jane").wantThreads(one) // four; three she deleted, five is hers
		s.check(s.as("jane").MarkThreadUnread(s.ctx, four.ID))
		s.as("jane").wantThreads(one)
		s.check(s.as("jane").MarkThreadUnread(s.ctx, parent))
		s.as("jane").wantThreads(string(parent) + ": 3") // two, in john's name, four
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		s.as("jane").wantThreads(string(parent) + ": 3")
	})
}

func TestAReplyShownInTheChannelCountsInBoth(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		s.as("jane").reply(parent, "one")
		shown := s.as("june").post(lounge, chat.Draft{Text: "two", ParentID: parent, ShowInChannel: true})
		s.wantUnreadOf(lounge, 1, 1, 1)
		s.as("john").wantThreads(string(parent) + ": 2")
		s.check(s.as("john").MarkThreadRead(s.ctx, parent))
		s.as("john").wantUnread(lounge, 1)
		s.check(s.as("john").MarkThreadUnread(s.ctx, parent))
		s.as("john").wantUnread(lounge, 1)
		s.as("jane").wantThreads(string(parent) + ": 1")
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		s.as("jane").wantThreads(string(parent) + ": 1")
		s.as("jane").wantThread(parent, 2, 0, "jane", "june")
		s.check(errOf(s.DeleteMessage(s.ctx, shown.ID, chat.DeleteHard, "")))
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.wantUnreadOf(lounge, 0, 0, 1)
	})
}

func TestThreadsOfAUserUnreadOnesFirst(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.channel("messaging:other", "john", "jane")
		var parents []chat.MessageID
		for i := range 5 {
			cid := lounge
			if i == 3 {
				cid = "messaging:other"
			}
			parents = append(parents, s.as("john").post(cid, chat.Draft{ID: chat.MessageID(fmt.Sprint("p", i)), Text: "parent"}).ID)
		}
		for _, p := range parents {
			s.sleep(time.Millisecond) // times of different channels may be the same
			s.as("jane").reply(p, "one")
		}
		s.as("john").wantThreads("p4: 1", "p3: 1", "p2: 1", "p1: 1", "p0: 1")
		s.as("jane").wantThreads("p4: 0", "p3: 0", "p2: 0", "p1: 0", "p0: 0")
		s.as("june").reply("p0", "two")
		s.as("jane").wantThreads("p0: 1", "p4: 0", "p3: 0", "p2: 0", "p1: 0")
		s.check(s.as("john").MarkThreadRead(s.ctx, "p3"))
		s.check(s.as("john").MarkThreadRead(s.ctx, "p0"))
		s.as("john").wantThreads("p4: 1", "p2: 1", "p1: 1", "p0: 0", "p3: 0")
		page, err := s.As("john").Threads(s.ctx, chat.ThreadQuery{CID: "messaging:other"})
		s.check(err)
		if len(page.Items) != 1 || page.Items[0].Parent.ID != "p3" || page.Items[0].LastRead == nil || len(page.Items[0].Replies) != 1 {
			t.Errorf("threads of the other channel: %+v", page.Items)
		}
		_, err = s.As("june").Threads(s.ctx, chat.ThreadQuery{CID: "messaging:other"})
		wantErr(t, err, chat.ErrNotFound)
		page, err = s.As("jane").Threads(s.ctx, chat.ThreadQuery{Limit: 1, Replies: 1})
		s.check(err)
		wantSame(t, "the newest reply", texts(page.Items[0].Replies), []string{"two"})
		page, err = s.As("jane").Threads(s.ctx, chat.ThreadQuery{Limit: 1, Replies: chat.None})
		s.check(err)
		if len(page.Items[0].Replies) != 0 {
			t.Errorf("%d replies, want none", len(page.Items[0].Replies))
		}
		// What is hidden with the parent is no thread of theirs.
		s.check(s.as("jane").HideChannel(s.ctx, lounge, true))
		s.as("jane").wantThreads("p3: 0")
		s.check(s.TruncateChannel(s.ctx, lounge, nil))
		s.as("john").wantThreads("p3: 0")
		s.check(s.as("jane").LeaveChannel(s.ctx, "messaging:other"))
		s.as("jane").wantThreads()
	})
}

func TestWhoRejoinsHasNoThreadUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").reply(parent, "one")
		s.as("john").reply(parent, "two")
		s.as("jane").wantThreads(string(parent) + ": 1")
		s.check(s.as("jane").LeaveChannel(s.ctx, lounge))
		wantErr(t, s.as("jane").MarkThreadRead(s.ctx, parent), chat.ErrNotFound)
		s.as("john").reply(parent, "three")
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, nil))
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.as("john").reply(parent, "four")
		s.as("jane").wantThreads(string(parent) + ": 1")
		s.check(s.as("jane").MarkThreadUnread(s.ctx, parent))
		s.as("jane").wantThreads(string(parent) + ": 3")
		s.check(s.as("jane").LeaveChannel(s.ctx, lounge))
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, nil)) // nothing happened in between
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.as("john").reply(parent, "five")
		s.as("jane").wantThreads(string(parent) + ": 1")
		show := s.channel("livestream:show", "john")
		in := s.as("john").send(show, "parent").ID
		s.as("jane").reply(in, "one")
		s.as("john").reply(in, "two")
		s.as("jane").wantThreads(string(parent)+": 1", string(in)+": 0") // no member, nothing unread
		wantErr(t, s.as("jane").MarkThreadRead(s.ctx, in), chat.ErrPermission)
	})
}

func TestWhoIsMentionedInWhatCameBeforeTheyJoinedHasItRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.users("june")
		parent := s.as("john").send(lounge, "parent").ID
		old := s.as("jane").reply(parent, "old").ID
		s.as("jane").reply(parent, "old too")
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "june"}}, nil))
		s.check(errOf(s.UpdateMessage(s.ctx, old, chat.MessageUpdate{Text: "june?", Mentions: []chat.UserID{"june"}}, nil)))
		s.as("june").wantThreads(string(parent) + ": 0")
		s.as("john").reply(parent, "new")
		s.as("june").wantThreads(string(parent) + ": 1")
	})
}

func TestWhoeverAReplyMentionsTakesPart(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("john").send(lounge, "parent").ID
		s.as("jane").reply(parent, "one")
		asks := s.as("jane").post(lounge, chat.Draft{Text: "june?", ParentID: parent, Mentions: []chat.UserID{"june", "jane"}})
		s.as("june").wantThreads(string(parent) + ": 1")
		thread, err := s.As("june").Thread(s.ctx, parent)
		s.check(err)
		if thread.UnreadMentions != 1 {
			t.Errorf("june has %d unread mentions", thread.UnreadMentions)
		}
		s.as("john").reply(parent, "two")
		s.as("june").wantThreads(string(parent) + ": 2")
		s.as("june").wantThread(parent, 3, 0, "jane", "john") // she wrote nothing
		s.check(errOf(s.UpdateMessage(s.ctx, asks.ID, chat.MessageUpdate{Text: "nobody"}, nil)))
		s.as("june").wantThreads()
		s.check(errOf(s.UpdateMessage(s.ctx, asks.ID, chat.MessageUpdate{Text: "june?", Mentions: []chat.UserID{"june"}}, nil)))
		s.as("june").wantThreads(string(parent) + ": 2")
		s.check(errOf(s.DeleteMessage(s.ctx, asks.ID, chat.DeleteSoft, "")))
		s.as("june").wantThreads()
		s.check(errOf(s.UndeleteMessage(s.ctx, asks.ID, "jane")))
		s.as("june").wantThreads(string(parent) + ": 2")
		// Who is mentioned stays when the only reply they wrote is gone.
		mine := s.as("june").reply(parent, "mine")
		s.check(errOf(s.DeleteMessage(s.ctx, mine.ID, chat.DeleteHard, "")))
		s.check(s.as("june").MarkThreadUnread(s.ctx, asks.ID))
		s.as("june").wantThreads(string(parent) + ": 2")
		// Outside of a private reply's audience a mention does nothing.
		other := s.as("john").send(lounge, "other").ID
		s.send(lounge, "john", chat.Draft{Text: "june?", ParentID: other, Restricted: []chat.UserID{"jane"}, Mentions: []chat.UserID{"june", "jane"}}, nil)
		s.as("june").wantThreads(string(parent) + ": 2")
		s.as("jane").wantThreads(string(other)+": 1", string(parent)+": 1")
		s.check(errOf(s.DeleteMessage(s.ctx, parent, chat.DeleteHard, "")))
		s.as("june").wantThreads()
	})
}

func TestNothingOfAThreadIsLeftBehind(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		before := s.dump()
		parent := s.as("john").send(lounge, "parent").ID
		for i := range 70 { // more than a part of a stream
			s.as("jane").post(lounge, chat.Draft{Text: fmt.Sprint(i), ParentID: parent, ShowInChannel: i%10 == 0, Mentions: []chat.UserID{"june"}})
		}
		s.send(lounge, "jane", chat.Draft{Text: "for john", ParentID: parent, Restricted: []chat.UserID{"john"}}, nil)
		s.check(s.as("june").MarkThreadRead(s.ctx, parent))
		s.check(errOf(s.DeleteMessage(s.ctx, parent, chat.DeleteHard, "")))
		for key := range s.dump() {
			// What belongs to all messages stays: their ids, and the channel's counts.
			if _, ok := before[key]; !ok && (key[0] == 'r' || key[0] == 'k' && len(key) > 9 && (key[9] == 'r' || key[9] == 'u' || key[9] == 'v')) {
				t.Errorf("left behind: %q", key)
			}
		}

		again := s.as("john").send(lounge, "again").ID
		for i := range 300 {
			s.as("jane").post(lounge, chat.Draft{Text: fmt.Sprint(i), ParentID: again, Mentions: []chat.UserID{"june"}})
		}
		s.verify()
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		s.check(errOf(s.RunDueWork(s.ctx)))
		for key := range s.dump() {
			if key[0] == 'r' || key[0] == 'k' {
				t.Errorf("left behind: %q", key)
			}
		}
	})
}

func TestWhoBecomesAMemberHasThePrivateRepliesThatTheyMaySee(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("john")
		cid := s.channel("messaging:ride", "jane")
		parent := s.as("jane").send(cid, "Who was there?")
		// The application speaks for who is no member yet.
		s.send(cid, "john", chat.Draft{ID: "his", Text: "I was", ParentID: parent.ID, Restricted: []chat.UserID{"jane"}}, nil)
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "john"}}, nil))
		john := s.as("john")
		replies, err := john.Replies(s.ctx, parent.ID, chat.MessageQuery{})
		s.check(err)
		threads, err := john.Threads(s.ctx, chat.ThreadQuery{})
		s.check(err)
		if len(replies.Items) != 1 || len(threads.Items) != 1 || john.message(parent.ID).ReplyCount != 1 {
			t.Errorf("he finds the replies %v and the threads %v", replies.Items, threads.Items)
		}
	})
}

// TestWhenAThreadWasReadTellsOfNoPrivateMessage: of one who joins, it is when
// they did, not the time of the newest message then.
func TestWhenAThreadWasReadTellsOfNoPrivateMessage(t *testing.T) {
	inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.as("jane").post(room, chat.Draft{ID: "parent", Text: "parent"})
		s.sleep(time.Minute)
		private := s.send(room, "jane", chat.Draft{Text: "private", Restricted: []chat.UserID{"john"}}, nil)
		s.sleep(time.Minute)
		s.users("ann", "mary")
		s.check(s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "ann"}, {UserID: "mary", Invite: true}}, nil))
		s.sleep(time.Minute)
		s.check(s.As("mary").AcceptInvite(s.ctx, room))
		for user, after := range map[chat.UserID]time.Duration{"ann": time.Minute, "mary": 2 * time.Minute} {
			thread, err := s.As(user).Thread(s.ctx, "parent")
			s.check(err)
			if thread.LastRead == nil || thread.LastRead.Sub(private.CreatedAt).Round(time.Second) != after {
				t.Errorf("%s has read the thread up to %v, want %v after %v", user, thread.LastRead, after, private.CreatedAt)
			}
		}
	})
}

func TestAThreadWithoutRepliesHasAnEmptyListInJSON(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent, alone := s.as("john").send(lounge, "parent").ID, s.as("john").send(lounge, "alone").ID
		s.as("jane").reply(parent, "one")
		page, err := s.as("jane").Threads(s.ctx, chat.ThreadQuery{Replies: chat.None})
		s.check(err)
		thread, err := s.as("jane").Thread(s.ctx, alone)
		s.check(err)
		if len(page.Items) != 1 {
			t.Fatalf("Jane has %d threads, want 1", len(page.Items))
		}
		for _, thread := range append(page.Items, thread) {
			encoded, err := json.Marshal(thread)
			s.check(err)
			if !strings.Contains(string(encoded), `"replies":[],"unread"`) {
				t.Errorf("the thread is %s", encoded)
			}
		}
	})
}

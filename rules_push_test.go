package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// phone is a Pusher that remembers what it was told.
type phone struct {
	guard  sync.Mutex
	pushes []chat.Push
	down   func(chat.Push) error
}

func (p *phone) Push(ctx context.Context, push chat.Push) error {
	p.guard.Lock()
	down := p.down
	p.guard.Unlock()
	if down != nil {
		if err := down(push); err != nil {
			return err
		}
	}
	p.guard.Lock()
	defer p.guard.Unlock()
	p.pushes = append(p.pushes, push)
	return nil
}

func (p *phone) setDown(down func(chat.Push) error) {
	p.guard.Lock()
	defer p.guard.Unlock()
	p.down = down
}

func (p *phone) all() []chat.Push {
	p.guard.Lock()
	defer p.guard.Unlock()
	return slices.Clone(p.pushes)
}

// want checks what was pushed since it was called last, as "text: recipients",
// in any order, once all due work is done.
func (p *phone) want(s *scenario, want ...string) {
	s.t.Helper()
	_, err := s.RunDueWork(s.ctx)
	s.check(err)
	var got []string
	for _, push := range p.all() {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s", push.Text, joined(push.Recipients))))
	}
	p.guard.Lock()
	p.pushes = nil
	p.guard.Unlock()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("pushed was %q, want %q", got, want)
	}
}

func joined(users []chat.UserID) string {
	var list []string
	for _, user := range users {
		list = append(list, string(user))
	}
	return strings.Join(list, " ")
}

// eachDriverPushed is eachDriverWith a phone, in a room of jane, john and mary.
// Due work is done when the story asks what was pushed.
func eachDriverPushed(t *testing.T, options *chat.Options, story func(t *testing.T, s *scenario, p *phone)) {
	t.Helper()
	p := &phone{}
	var o chat.Options
	if options != nil {
		o = *options
	}
	o.Pusher, o.NoBackground = p, true
	eachDriverWith(t, &o, func(t *testing.T, s *scenario) {
		*p = phone{}
		s.channel(room, "jane", "john", "mary")
		story(t, s, p)
	})
}

func TestPushTellsMembersInPlainText(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		quoted := s.as("john").send(room, "first")
		p.want(s, "first: jane mary")
		m := s.as("jane").post(room, chat.Draft{
			Text: "**Hello** <b> [you](https://a.example) `x`", QuotedID: quoted.ID, Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"k": "v"},
		})
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		push := p.all()[0]
		if push.Text != "Hello <b> you x" || push.Attempt != 1 || push.ID == "" || push.Channel.CID != room || push.Channel.MemberCount != 3 {
			t.Errorf("the push is %+v", push)
		}
		m.QuotedMessage, m.QuotedMessageID = nil, ""
		wantSame(t, "the message of the push", push.Message, m)
		p.want(s, "Hello <b> you x: john mary")
		s.as("jane").post(room, chat.Draft{Attachments: []chat.Attachment{{Title: "a picture"}}})
		p.want(s, ": john mary")
		s.send(room, "jane", chat.Draft{Text: "in her name"}, nil)
		s.send(room, "jane", chat.Draft{Text: "system", Type: chat.TypeSystem}, nil)
		p.want(s, "in her name: john mary", "system: john mary")
	})
}

func TestWhatIsNotPushed(t *testing.T) {
	eachDriverPushed(t, commandOptions(), func(t *testing.T, s *scenario, p *phone) {
		s.as("jane").post(room, chat.Draft{Text: "silent", Silent: true})
		s.as("jane").post(room, chat.Draft{Text: "skipped", SkipPush: true})
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.Commands = append(t.Commands, "ask"); return nil }))
		s.as("jane").send(room, "/ask me")
		s.users("newcomer", "rude")
		s.check(s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "newcomer"}, {UserID: "rude"}}, &chat.SystemMessage{Text: "Welcome"}))
		s.send(room, "jane", chat.Draft{Text: "/ban @rude"}, nil)
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			m := s.as("jane").send(room, "deleted before it was pushed")
			s.as("jane").deleteMessage(m.ID, mode)
		}
		m := s.as("jane").post(room, chat.Draft{ID: "retried", Text: "once"})
		s.as("jane").post(room, chat.Draft{ID: "retried", Text: "once"})
		p.want(s, "once: john mary newcomer")
		s.as("jane").update(m.ID, chat.MessageUpdate{Text: "edited", Mentions: []chat.UserID{"john"}})
		s.as("jane").deleteMessage(m.ID, chat.DeleteSoft)
		s.undelete(m.ID)
		p.want(s)
		s.as("jane").send(room, "truncated")
		s.truncate(room, nil)
		p.want(s)
		s.as("jane").send(room, "gone with the channel")
		s.check(s.DeleteChannel(s.ctx, room, chat.DeleteSoft))
		p.want(s)
	})
}

func TestPushOfAPendingMessageComesWithItsCommit(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		held := s.hold(room, "jane", "held")
		quiet := s.send(room, "jane", chat.Draft{Text: "quiet", SkipPush: true}, &chat.SendOptions{Pending: chat.PendingOn})
		p.want(s)
		s.commit(held.ID)
		s.commit(quiet.ID)
		p.want(s, "held: john mary")
	})
}

func TestWhatWasDeletedMeanwhileIsNotPushed(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			m := s.as("jane").post(room, chat.Draft{Text: "hi"})
			s.check(errOf(s.DeleteMessage(s.ctx, m.ID, mode, "")))
			p.want(s)
		}
		m := s.as("jane").post(room, chat.Draft{Text: "hidden"})
		s.check(s.As("john").DeleteMessageForMe(s.ctx, m.ID))
		p.want(s, "hidden: mary")
	})
}

func TestPushGoesToThoseWhoSeeTheMessageAndWantIt(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		s.users("admin", "muter", "deaf", "banned", "outcast", "gone", "left", "cleared", "thawed")
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		s.join(room, "admin", "muter", "deaf", "banned", "outcast", "gone", "left", "cleared", "thawed")
		s.check(s.As("muter").MuteUser(s.ctx, "jane", 0))
		s.check(s.As("deaf").MuteChannel(s.ctx, room, 0))
		s.ban(chat.BanDraft{User: "banned", CID: room})
		s.ban(chat.BanDraft{User: "outcast"})
		s.check(s.DeactivateUser(s.ctx, "gone"))
		s.check(s.As("left").LeaveChannel(s.ctx, room))
		s.check(s.As("cleared").HideChannel(s.ctx, room, true))
		s.check(s.As("thawed").MuteUser(s.ctx, "jane", 0))
		s.check(s.As("thawed").UnmuteUser(s.ctx, "jane"))
		s.as("jane").send(room, "to all")
		p.want(s, "to all: admin cleared john mary thawed")
		s.send(room, "john", chat.Draft{Text: "to all"}, nil)
		p.want(s, "to all: admin cleared jane mary muter thawed")

		s.send(room, "john", chat.Draft{Text: "private", Restricted: []chat.UserID{"jane", "deaf", "muter", "john"}}, nil)
		p.want(s, "private: jane muter") // not to the admin, who may read it
		s.send(room, "jane", chat.Draft{Text: "to nobody who wants it", Restricted: []chat.UserID{"muter"}}, nil)
		p.want(s)

		// What counts is how it is when it is pushed.
		m := s.send(room, "john", chat.Draft{Text: "a while ago"}, nil)
		s.check(s.As("mary").MuteUser(s.ctx, "john", 0))
		s.check(s.As("cleared").HideChannel(s.ctx, room, true))
		s.check(s.As("thawed").DeleteMessageForMe(s.ctx, m.ID))
		p.want(s, "a while ago: admin jane muter")

		s.as("jane").send(room, "disabled")
		s.check(second(s.SetDisabled(s.ctx, room, true)))
		p.want(s)
	})
}

func TestPushOfAReplyGoesToTheThread(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		s.users("ann", "bob", "admin")
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		s.join(room, "ann", "bob", "admin")
		parent := s.as("jane").post(room, chat.Draft{Text: "parent", SkipPush: true})
		reply := func(by chat.UserID, d chat.Draft) {
			d.ParentID = parent.ID
			s.send(room, by, d, nil)
		}
		reply("john", chat.Draft{Text: "one"})
		p.want(s, "one: jane")
		reply("mary", chat.Draft{Text: "shown", ShowInChannel: true, SkipPush: true})
		reply("bob", chat.Draft{Text: "whispered", Restricted: []chat.UserID{"jane"}})
		p.want(s, "whispered: jane")
		reply("jane", chat.Draft{Text: "two", Mentions: []chat.UserID{"ann"}})
		p.want(s, "two: ann bob john mary")
		reply("john", chat.Draft{Text: "to all", ShowInChannel: true})
		p.want(s, "to all: admin ann bob jane mary")

		secret := s.send(room, "jane", chat.Draft{Text: "secret", Restricted: []chat.UserID{"john"}, SkipPush: true}, nil)
		_, err := s.As("admin").Send(s.ctx, room, chat.Draft{Text: "I read it", ParentID: secret.ID})
		s.check(err)
		p.want(s, "I read it: jane")
		s.send(room, "john", chat.Draft{Text: "answer", ParentID: secret.ID, Mentions: []chat.UserID{"mary"}}, nil)
		p.want(s, "answer: jane")
	})
}

func TestPushOfAReplyPassesOverWhoClearedTheThread(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		parent := s.as("jane").post(room, chat.Draft{Text: "parent", SkipPush: true})
		for _, user := range []chat.UserID{"john", "mary"} {
			s.as(user).post(room, chat.Draft{Text: "takes part", ParentID: parent.ID, SkipPush: true})
		}
		s.check(s.as("mary").HideChannel(s.ctx, room, true))
		s.as("john").post(room, chat.Draft{Text: "one", ParentID: parent.ID})
		p.want(s, "one: jane")
		s.as("john").post(room, chat.Draft{Text: "shown", ParentID: parent.ID, ShowInChannel: true})
		p.want(s, "shown: jane mary")
	})
}

func TestPushToALargeChannelComesInBatches(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		p := &phone{}
		s.options.Pusher = p
		s.reopen()
		s.channel(room, "zoe")
		crowd := s.crowd(1203)
		s.join(room, crowd...)
		failures := 0
		p.setDown(func(push chat.Push) error {
			if len(p.all()) == 1 && failures < 2 {
				failures++
				return errors.New("busy")
			}
			return nil
		})
		s.as("zoe").send(room, "hello")
		s.sleep(time.Minute)
		var told []chat.UserID
		ids := map[string]bool{}
		for i, push := range p.all() {
			if n := len(push.Recipients); n == 0 || n > 500 {
				t.Errorf("a push has %d recipients", n)
			}
			if want := []int{1, 3, 1}[i]; push.Attempt != want {
				t.Errorf("push %d succeeded with attempt %d, want %d", i, push.Attempt, want)
			}
			told = append(told, push.Recipients...)
			ids[push.ID] = true
		}
		slices.Sort(crowd)
		if !slices.Equal(told, crowd) || len(ids) != 3 {
			t.Errorf("%d were told, want %d once each, in %d pushes", len(told), len(crowd), len(ids))
		}
	})
}

func TestFailingPushIsGivenUpListedAndRequeued(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		p := &phone{}
		s.options.Pusher = p
		s.reopen()
		s.channel(room, "jane", "john")
		var ids []string
		p.setDown(func(push chat.Push) error {
			if push.Text == "fine" {
				return nil
			}
			ids = append(ids, push.ID)
			if len(ids)%2 == 0 {
				panic("broken")
			}
			return errors.New("out of reach")
		})
		m := s.as("jane").send(room, "needle")
		s.sleep(time.Second)
		s.as("jane").send(room, "fine") // which waits for nothing
		s.sleep(time.Millisecond)
		if all := p.all(); len(all) != 1 || all[0].Text != "fine" {
			t.Errorf("pushed while another fails: %+v", all)
		}
		s.sleep(3 * time.Hour)
		failed := s.failed()
		if len(failed) != 1 || !failed[0].Pushed || failed[0].Posted || failed[0].Deleted || failed[0].MessageID != m.ID || failed[0].CID != room ||
			failed[0].Attempts != len(ids) || len(slices.Compact(ids)) != 1 || !failed[0].RecordedAt.Equal(m.CreatedAt) {
			t.Fatalf("given up after %d attempts: %+v", len(ids), failed)
		}
		p.setDown(nil)
		s.check(s.RequeueCallback(s.ctx, failed[0].ID))
		s.sleep(time.Millisecond)
		if all := p.all(); len(all) != 2 || all[1].Text != "needle" || all[1].ID != ids[0] || len(s.failed()) != 0 {
			t.Errorf("requeued it pushed %+v", all)
		}
		wantErr(t, s.RequeueCallback(s.ctx, failed[0].ID), chat.ErrNotFound)

		// One whose message is gone has nothing to push; one may be discarded.
		p.setDown(func(chat.Push) error { return errors.New("out of reach") })
		for range 2 {
			m = s.as("jane").send(room, "gone")
			s.as("jane").deleteMessage(s.as("jane").send(room, "gone at once").ID, chat.DeleteHard)
		}
		s.sleep(3 * time.Hour)
		failed = s.failed()
		if len(failed) != 2 {
			t.Fatalf("given up are %+v", failed)
		}
		_, err := s.DeleteMessage(s.ctx, m.ID, chat.DeleteHard, "")
		s.check(err)
		for key, value := range s.dump() {
			if strings.Contains(value, "gone at once") {
				t.Errorf("%q holds the text of a deleted message", key)
			}
		}
		p.setDown(nil)
		for _, f := range failed {
			if f.MessageID == m.ID {
				s.check(s.RequeueCallback(s.ctx, f.ID))
			} else {
				s.check(s.DiscardCallback(s.ctx, f.ID))
			}
		}
		s.sleep(time.Minute)
		if all := p.all(); len(all) != 2 || len(s.failed()) != 0 {
			t.Errorf("pushed was %+v", all[2:])
		}
	})
}

func TestPushSurvivesARestartAndIsOfWhatWasCommittedAlone(t *testing.T) {
	eachDriverPushed(t, nil, func(t *testing.T, s *scenario, p *phone) {
		s.as("jane").send(room, "before")
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "refused", ParentID: "never"})
		wantErr(t, err, chat.ErrNotFound)
		s.reopen()
		p.want(s, "before: john mary")
	})
}

func TestPushIsRecordedWhileThereIsAPusherAndOwedThen(t *testing.T) {
	p := &phone{}
	inMemory(t, &chat.Options{Pusher: p, NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.as("jane").send(room, "owed")
		s.options.Pusher = nil
		s.reopen()
		s.as("jane").send(room, "to nobody")
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		s.options.Pusher = p
		s.reopen()
		s.sleep(2 * time.Second)
		p.want(s, "owed: john")
	})
}

func TestSlowPusherDelaysNoSend(t *testing.T) {
	let := make(chan struct{})
	pusher := chat.PusherFunc(func(ctx context.Context, _ chat.Push) error {
		select {
		case <-let:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	app, err := chat.New(memstore.New(), &chat.Options{Pusher: pusher, Previews: chat.PreviewOptions{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{App: app, t: t, ctx: context.Background()}
	s.channel(room, "jane", "john")
	for i := range 200 {
		s.as("jane").send(room, fmt.Sprint(i)) // which would take forever
	}
	s.check(s.Close())
	close(let)
}

func TestPushOptionsAreChecked(t *testing.T) {
	_, err := chat.New(memstore.New(), &chat.Options{PushGiveUp: -1})
	wantFieldErr(t, err, chat.ErrInvalid, "Options.PushGiveUp")
}

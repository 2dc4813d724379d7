package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// reader reads events for one user, or for the application.
type reader struct {
	s      *scenario
	user   chat.UserID // empty: the application
	cursor chat.Cursor
	query  chat.EventQuery
}

// watch begins to read events now.
func (s *scenario) watch(user chat.UserID) *reader {
	s.t.Helper()
	r := &reader{s: s, user: user}
	stop, cancel := context.WithTimeout(s.ctx, time.Millisecond)
	defer cancel()
	for r.cursor == "" {
		_, r.cursor, _ = r.poll(stop)
		if r.cursor == "" { // the machine is slow
			stop, cancel = context.WithTimeout(s.ctx, time.Second)
			defer cancel()
		}
	}
	return r
}

func (r *reader) poll(ctx context.Context) ([]chat.Event, chat.Cursor, error) {
	if r.user == "" {
		return r.s.Poll(ctx, r.cursor, r.query)
	}
	return r.s.As(r.user).Poll(ctx, r.cursor, r.query)
}

// read reads all there is, up to a mark that it sets itself.
func (r *reader) read() (list []chat.Event) {
	r.s.t.Helper()
	r.s.mark++
	mark := chat.UserID(fmt.Sprint("mark-", r.s.mark))
	marker := r.user
	if marker == "" {
		marker = "marker"
		if _, err := r.s.User(r.s.ctx, marker); err != nil {
			r.s.users(marker)
		}
	}
	r.s.check(r.s.As(marker).UnmuteUser(r.s.ctx, mark))
	ctx, cancel := context.WithTimeout(r.s.ctx, time.Minute)
	defer cancel()
	for {
		events, next, err := r.poll(ctx)
		r.s.check(err)
		r.cursor = next
		done := false
		for _, e := range events {
			switch {
			case e.Type != chat.UserUnmuted || !strings.HasPrefix(string(e.User.ID), "mark-"):
				list = append(list, e)
			case e.User.ID == mark:
				done = true
			}
		}
		if done {
			return list
		}
	}
}

// summary is an event in a few words.
func summary(e chat.Event) string {
	words := []string{string(e.Type)}
	switch {
	case e.Message != nil && e.Message.Text != "":
		words = append(words, e.Message.Text)
	case e.Message != nil:
		words = append(words, string(e.Message.Type))
	case e.Member != nil:
		words = append(words, string(e.Member.User.ID))
	case e.User != nil:
		words = append(words, string(e.User.ID))
	}
	if e.HardDelete {
		words = append(words, "hard")
	}
	if e.ClearHistory {
		words = append(words, "cleared")
	}
	if e.Unread != nil && *e.Unread > 0 {
		words = append(words, fmt.Sprint(*e.Unread))
	}
	return strings.Join(words, " ")
}

func summaries(list []chat.Event) (out []string) {
	for _, e := range list {
		out = append(out, summary(e))
	}
	return out
}

// wants checks what is told since the last look.
func (r *reader) wants(want ...string) []chat.Event {
	r.s.t.Helper()
	list := r.read()
	if got := summaries(list); !slices.Equal(got, want) {
		who := r.user
		if who == "" {
			who = "the application"
		}
		r.s.t.Errorf("%s is told\n\t%q, want\n\t%q", who, got, want)
	}
	return list
}

// awaits waits for the next event: one that background work tells of, perhaps.
func (r *reader) awaits(want string) chat.Event {
	r.s.t.Helper()
	ctx, cancel := context.WithTimeout(r.s.ctx, time.Minute)
	defer cancel()
	events, next, err := r.poll(ctx)
	r.s.check(err)
	r.cursor = next
	if got := summaries(events); !slices.Equal(got, []string{want}) {
		r.s.t.Errorf("%s is told %q, want %q", r.user, got, want)
	}
	return events[0]
}

func TestMessagesAreToldToWhoSeesThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.users("june")
		john, jane, june, app := s.watch("john"), s.watch("jane"), s.watch("june"), s.watch("")
		m := s.as("john").send(lounge, "hello")
		_, err := s.as("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "hello!"})
		s.check(err)
		s.as("john").deleteMessage(m.ID, chat.DeleteSoft)
		// Each is shown as it is now.
		jane.wants("message.new deleted", "message.updated deleted", "message.deleted deleted")
		s.undelete(m.ID)
		events := jane.wants("message.undeleted hello! 1")
		if e := events[0]; e.CID != lounge || e.User.ID != "john" || e.Message.ID != m.ID || e.Cursor == "" || e.CreatedAt.IsZero() {
			t.Errorf("the event is %+v", e)
		}
		s.as("john").deleteMessage(m.ID, chat.DeleteHard)
		events = jane.wants("message.deleted deleted hard")
		if got := events[0].Message; got.ID != m.ID || got.User.ID != "john" || got.Text != "" || got.DeletedAt == nil || got.CID != lounge {
			t.Errorf("the one that is gone is told as %+v", got)
		}
		// For who comes late nothing is left of it but that it is gone.
		john.wants("message.deleted deleted hard")
		app.wants("message.deleted deleted hard")
		june.wants()
	})
}

func TestPrivateMessagesAreToldToTheirAudience(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.channel(lounge, "john", "jane", "june", "boss")
		john, jane, june, boss, app := s.watch("john"), s.watch("jane"), s.watch("june"), s.watch("boss"), s.watch("")
		m := s.whisper(lounge, "psst", "jane")
		s.as("boss").post(lounge, chat.Draft{Text: "from the boss", Restricted: []chat.UserID{"boss"}})
		john.wants("message.new psst")
		jane.wants("message.new psst 1")
		june.wants()
		boss.wants("message.new psst", "message.new from the boss")
		app.wants("message.new psst", "message.new from the boss")
		s.as("john").deleteMessage(m.ID, chat.DeleteHard)
		jane.wants("message.deleted deleted hard")
		boss.wants("message.deleted deleted hard")
		app.wants("message.deleted deleted hard")
		june.wants()
	})
}

func TestPendingMessagesAreToldToTheirAuthorUntilCommit(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		john, jane, app := s.watch("john"), s.watch("jane"), s.watch("")
		hold := &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"}}
		m := s.send(lounge, "john", chat.Draft{Text: "held"}, hold)
		events := john.wants("message.pending held")
		if p := events[0].Message.Pending; p == nil || p.Metadata["why"] != "new" {
			t.Errorf("the pending message is told with %+v", p)
		}
		jane.wants()
		app.wants("message.pending held")
		_, err := s.CommitMessage(s.ctx, m.ID)
		s.check(err)
		john.wants("message.new held")
		jane.wants("message.new held 1")
		app.wants("message.new held")
		m = s.send(lounge, "john", chat.Draft{Text: "held too"}, hold)
		_, err = s.DeleteMessage(s.ctx, m.ID, chat.DeleteHard, "")
		s.check(err)
		john.wants("message.deleted deleted hard")
		jane.wants()
	})
}

func TestADeletionForOneselfIsToldToOneself(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").send(lounge, "hello")
		john, jane := s.watch("john"), s.watch("jane")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, m.ID))
		events := jane.wants("message.deleted deleted")
		if !events[0].Message.DeletedForMe {
			t.Errorf("it is told as %+v", events[0].Message)
		}
		john.wants()
	})
}

func TestWhoJoinsIsToldFromThenOnAndWhoLeavesUntilThen(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john")
		s.users("jane")
		john, jane := s.watch("john"), s.watch("jane")
		s.as("john").send(lounge, "before")
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, &chat.SystemMessage{Text: "welcome"}))
		s.as("john").send(lounge, "hello")
		jane.wants("member.added jane", "notification.added_to_channel jane", "message.new welcome 2", "message.new hello 2")
		john.wants("message.new before", "member.added jane", "message.new welcome", "message.new hello")
		s.as("john").send(lounge, "not read in time")
		s.check(s.as("jane").LeaveChannel(s.ctx, lounge))
		s.as("john").send(lounge, "behind her back")
		jane.wants("notification.removed_from_channel jane")
		john.wants("message.new not read in time", "member.removed jane", "message.new behind her back")
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "jane"}}, nil))
		jane.wants("member.added jane", "notification.added_to_channel jane")
		_, err := s.UpdateMember(s.ctx, lounge, "jane", chat.MemberUpdate{Custom: chat.Custom{"mood": "good"}})
		s.check(err)
		if e := jane.wants("member.updated jane")[0]; e.Member.Custom["mood"] != "good" {
			t.Errorf("the member is %+v", e.Member)
		}
	})
}

func TestChangesOfAChannelAreTold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("john", "jane", "june")
		jane, june, app := s.watch("jane"), s.watch("june"), s.watch("")
		s.channel(lounge, "john", "jane")
		events := jane.wants("channel.created john", "notification.added_to_channel jane")
		if c := events[0].Channel; c == nil || c.CID != lounge || c.MemberCount != 2 {
			t.Errorf("the channel is %+v", c)
		}
		_, err := s.UpdateChannel(s.ctx, lounge, chat.ChannelUpdate{Name: "The lounge"}, &chat.SystemMessage{Text: "renamed"})
		s.check(err)
		if e := jane.wants("channel.updated", "message.new renamed 1")[0]; e.Channel.Name != "The lounge" {
			t.Errorf("the channel is %+v", e.Channel)
		}
		s.check(s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "cleared"}}))
		jane.wants("channel.truncated 1", "message.new cleared 1")
		_, err = s.SetDisabled(s.ctx, lounge, true)
		s.check(err)
		s.send(lounge, "john", chat.Draft{Text: "closed"}, nil)
		if e := jane.wants("channel.updated")[0]; !e.Channel.Disabled {
			t.Errorf("the channel is %+v", e.Channel)
		}
		_, err = s.SetDisabled(s.ctx, lounge, false)
		s.check(err)
		jane.wants("channel.updated")
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteSoft))
		jane.awaits("channel.deleted")
		june.wants()
		app.read()
		s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		app.wants("channel.deleted hard")
		jane.wants()
	})
}

func TestADeletedChannelIsToldOnceToWhoComesLate(t *testing.T) {
	for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
		eachDriver(t, func(t *testing.T, s *scenario) {
			s.channel(lounge, "john", "jane")
			want := "channel.deleted"
			if mode == chat.DeleteHard {
				want += " hard"
			}
			john, jane := s.watch("john"), s.watch("jane")
			s.as("john").send(lounge, "hello")
			s.check(s.DeleteChannel(s.ctx, lounge, mode))
			_, err := s.RunDueWork(s.ctx)
			s.check(err)
			if e := jane.awaits(want); e.CID != lounge {
				t.Errorf("it is told of %q", e.CID)
			}
			jane.wants()
			john.awaits(want)
		})
	}
}

func TestOnesOwnChangesAreToldToOneself(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		john, jane := s.watch("john"), s.watch("jane")
		m := s.as("john").send(lounge, "hello")
		jane.wants("message.new hello 1")
		s.check(s.as("jane").MarkRead(s.ctx, lounge))
		s.check(s.as("jane").MarkUnread(s.ctx, m.ID))
		s.check(s.as("jane").HideChannel(s.ctx, lounge, false))
		s.check(s.as("jane").ShowChannel(s.ctx, lounge))
		s.check(s.as("jane").MuteUser(s.ctx, "john", 0))
		s.check(s.as("jane").FlagUser(s.ctx, "john", "rude"))
		s.check(s.as("jane").MuteChannel(s.ctx, lounge, 0))
		jane.wants("notification.mark_read jane", "message.read jane", "notification.mark_unread jane", "channel.hidden jane", "channel.visible jane",
			"user.muted john", "user.flagged john", "channel.updated jane")
		s.check(s.as("jane").HideChannel(s.ctx, lounge, true))
		jane.wants("channel.hidden jane cleared")
		john.wants("message.new hello", "message.read jane")
	})
}

func TestAChangedUserIsToldOnceToEachWhoSharesAChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.channel("messaging:second", "jane", "john")
		s.users("june")
		john, jane, june, app := s.watch("john"), s.watch("jane"), s.watch("june"), s.watch("")
		s.user(chat.User{ID: "jane", Name: "Jane Doe"})
		s.user(chat.User{ID: "jane", Name: "Jane Doe"}) // nothing new
		for _, r := range []*reader{john, jane, app} {
			if e := r.wants("user.updated jane"); len(e) > 0 && e[0].User.Name != "Jane Doe" {
				t.Errorf("she is told as %+v", e[0].User)
			}
		}
		june.wants()
		jane.query.Limit, john.query.Limit = 1, 1
		s.user(chat.User{ID: "jane", Name: "Jane"})
		jane.wants("user.updated jane")
		john.wants("user.updated jane")
	})
}

// One of the channels that a changed user is told of in may tell nobody
// anything, or not this one: then it is told of in another.
func TestAChangedUserIsToldInTheFirstChannelThatTells(t *testing.T) {
	for name, first := range map[string]chat.CID{"the first": lounge, "the second": "messaging:second"} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				s.channel(lounge, "john", "jane", "june")
				s.channel("messaging:second", "jane", "john")
				john, june := s.watch("john"), s.watch("june")
				john.query.Limit = 1
				s.user(chat.User{ID: "jane", Name: "Jane Doe"})
				_, err := s.SetDisabled(s.ctx, first, true)
				s.check(err)
				john.wants("user.updated jane", "channel.updated")
				if first == lounge {
					june.wants("channel.updated")
				} else {
					june.wants("user.updated jane")
				}
			})
		})
	}
}

func TestBansAndFlagsAreToldToWhoMayKnow(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		s.channel(lounge, "june", "john", "jane", "mod")
		m := s.as("john").send(lounge, "rude")
		john, jane, june, mod := s.watch("john"), s.watch("jane"), s.watch("june"), s.watch("mod")
		s.check(s.as("jane").FlagMessage(s.ctx, m.ID, "rude"))
		s.check(s.as("jane").FlagMessage(s.ctx, m.ID, "very rude")) // the same flag
		_, err := s.as("mod").Ban(s.ctx, chat.BanDraft{User: "john", CID: lounge})
		s.check(err)
		s.check(s.as("mod").Unban(s.ctx, "john", lounge))
		jane.wants("message.flagged rude")
		june.wants()
		mod.wants("message.flagged rude", "user.banned john", "user.unbanned john")
		events := john.wants("user.banned john", "user.unbanned john")
		if by := events[0].By; by == nil || by.ID != "mod" {
			t.Errorf("banned by %+v", by)
		}
		_, err = s.Ban(s.ctx, chat.BanDraft{User: "john"}, "")
		s.check(err)
		john.wants("user.banned john")
	})
}

func TestCustomEventsAreKeptAndTypingIsNot(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.users("june")
		jane, june := s.watch("jane"), s.watch("june")
		s.check(s.as("john").SendEvent(s.ctx, lounge, chat.CustomEvent{Type: "poll-opened", Data: chat.Custom{"options": 3.0}}))
		s.check(s.as("john").StartTyping(s.ctx, lounge))
		events := jane.wants("poll-opened john", "typing.start john")
		if events[0].Data["options"] != 3.0 {
			t.Errorf("the event's data are %v", events[0].Data)
		}
		s.check(s.as("john").StopTyping(s.ctx, lounge))
		jane.wants("typing.stop john")
		june.wants()
		wantErr(t, s.as("june").StartTyping(s.ctx, lounge), chat.ErrNotFound)
		wantErr(t, s.as("june").SendEvent(s.ctx, lounge, chat.CustomEvent{Type: "wave"}), chat.ErrNotFound)
		wantFieldErr(t, s.as("john").SendEvent(s.ctx, lounge, chat.CustomEvent{Type: "message.new"}), chat.ErrInvalid, "type")
		// No more is told at once than was asked for, of typing too.
		jane.query.Limit = 1
		s.check(s.as("john").StartTyping(s.ctx, lounge))
		s.check(s.as("john").StopTyping(s.ctx, lounge))
		for _, want := range []string{"typing.start john", "typing.stop john"} {
			jane.awaits(want)
		}
		s.check(s.as("john").StartTyping(s.ctx, lounge))
		before := jane.cursor
		s.reopen() // typing is live only
		jane.cursor = before
		jane.wants()
	})
}

func TestACursorReadsOnAfterARestartAndForNobodyElse(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		jane := s.watch("jane")
		s.as("john").send(lounge, "one")
		s.as("john").send(lounge, "two")
		events := jane.read()
		s.reopen()
		jane.cursor = events[0].Cursor
		jane.wants("message.new two 2")
		s.users("june")
		june := s.watch("june")
		june.cursor = events[0].Cursor
		june.wants()
	})
}

func TestEventsAreChosenByChannelAndType(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.channel("messaging:second", "john", "jane")
		s.channel("livestream:show", "john")
		jane, app := s.watch("jane"), s.watch("")
		s.as("john").send(lounge, "one")
		s.as("john").send("messaging:second", "two")
		s.as("john").send("livestream:show", "three")
		s.check(s.as("john").MarkRead(s.ctx, lounge))
		start := jane.cursor
		jane.query.Types = []chat.EventType{chat.MessageNew, chat.UserUnmuted}
		jane.wants("message.new one 1", "message.new two 1")
		poll := func(r *reader, q chat.EventQuery) []string {
			r.query, r.cursor = q, start
			ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
			defer cancel()
			events, _, err := r.poll(ctx)
			s.check(err)
			return summaries(events)
		}
		// A channel that she reads without being a member is told of when named.
		if got := poll(jane, chat.EventQuery{Channels: []chat.CID{"livestream:show", "messaging:second", "messaging:none"}}); !slices.Equal(got, []string{"message.new two 1", "message.new three"}) {
			t.Errorf("of two channels %q is told", got)
		}
		if got := poll(app, chat.EventQuery{Channels: []chat.CID{lounge}, Types: []chat.EventType{chat.MessageRead}}); !slices.Equal(got, []string{"message.read john"}) {
			t.Errorf("of reads %q is told", got)
		}
		// Lists that are there and empty choose nothing.
		q := chat.EventQuery{Channels: []chat.CID{}, Types: []chat.EventType{}}
		if got, all := poll(app, q), poll(app, chat.EventQuery{}); len(got) < 4 || !slices.Equal(got, all) {
			t.Errorf("of empty lists %q is told, of none %q", got, all)
		}
		for _, wrong := range []chat.EventType{"message.nwe", "", "a b", "typing.begin"} {
			_, _, err := s.Poll(s.ctx, start, chat.EventQuery{Types: []chat.EventType{"wave", chat.TypingStart, wrong}})
			wantFieldErr(t, err, chat.ErrInvalid, "types[2]")
		}
	})
}

func TestAPageAndItsCursorAreOfOneMoment(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "one")
		page := s.as("jane").page(lounge, chat.MessageQuery{})
		list, err := s.as("jane").Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		s.as("john").send(lounge, "two")
		for _, cursor := range []chat.Cursor{page.Cursor, list.Cursor} {
			jane := &reader{s: s, user: "jane", cursor: cursor}
			jane.wants("message.new two 2")
		}
	})
}

func TestPollWaitsUntilThereIsSomething(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		start := s.watch("jane").cursor
		for name, happens := range map[string]func() error{
			"message.new": func() error { _, err := s.as("john").Send(s.ctx, lounge, chat.Draft{Text: "hi"}); return err },
			"typing.stop": func() error { return s.as("john").StopTyping(s.ctx, lounge) },
			"notification.added_to_channel": func() error {
				return errOf(s.EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"jane"}}))
			},
		} {
			type answer struct {
				events []chat.Event
				next   chat.Cursor
				err    error
			}
			answers := make(chan answer, 1)
			q := chat.EventQuery{Types: []chat.EventType{chat.EventType(name)}}
			go func() {
				events, next, err := s.As("jane").Poll(s.ctx, start, q)
				answers <- answer{events, next, err}
			}()
			s.sleep(5 * time.Millisecond)
			select {
			case got := <-answers:
				t.Fatalf("%s: answers %+v before there is something", name, got)
			default:
			}
			s.check(happens())
			got := <-answers
			if got.err != nil || len(got.events) != 1 || got.events[0].Type != chat.EventType(name) || got.next == start {
				t.Errorf("%s: answers %q, %v", name, summaries(got.events), got.err)
			}
			start = got.next
		}
	})
}

func TestAHeartbeatLeavesAValidCursor(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		jane := s.watch("jane")
		ctx, cancel := context.WithTimeout(s.ctx, 2*time.Millisecond)
		defer cancel()
		events, next, err := jane.poll(ctx)
		if len(events) > 0 || next == "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a heartbeat answers %v, %q, %v", events, next, err)
		}
		s.as("john").send(lounge, "hi")
		jane.cursor = next
		jane.wants("message.new hi 1")
	})
}

func TestClosingEndsThoseWhoWait(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		ended := make(chan error)
		go func() {
			for _, err := range s.As("jane").Events(s.ctx, "", chat.EventQuery{}) {
				ended <- err
			}
		}()
		s.sleep(5 * time.Millisecond)
		s.check(s.Close())
		wantErr(t, <-ended, chat.ErrClosed)
	})
}

func TestAWrongCursorIsRefused(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		cursor := s.watch("jane").cursor
		other := newScenario(t, memstore.New(), nil, s.bubble)
		other.channel(lounge, "john", "jane")
		_, _, err := s.As("jane").Poll(s.ctx, other.watch("jane").cursor, chat.EventQuery{})
		if e := wantErr(t, err, chat.ErrInvalid); e.Field != "cursor" || !strings.Contains(e.Reason, "another store") {
			t.Errorf("a cursor of another store: %v", err)
		}
		for _, bad := range []chat.Cursor{"x", cursor + "x", cursor[:20], "!" + cursor[1:], chat.Cursor(strings.Repeat("A", len(cursor)))} {
			_, _, err := s.As("jane").Poll(s.ctx, bad, chat.EventQuery{})
			wantFieldErr(t, err, chat.ErrInvalid, "cursor")
		}
		flipped := []byte(cursor)
		flipped[len(flipped)-3] ^= 1
		_, _, err = s.As("jane").Poll(s.ctx, chat.Cursor(flipped), chat.EventQuery{})
		wantFieldErr(t, err, chat.ErrInvalid, "cursor")
		_, _, err = s.As("nobody").Poll(s.ctx, cursor, chat.EventQuery{})
		wantErr(t, err, chat.ErrPermission)
	})
}

// TestACursorTellsNothing: from two of them nobody can tell how much happened
// between, or whether anything did.
func TestACursorTellsNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		seen := map[string]bool{}
		for range 20 {
			cursor := string(s.as("jane").page(lounge, chat.MessageQuery{}).Cursor)
			s.sleep(10 * time.Microsecond)
			// The version and the store are always the same, the rest never is.
			for _, part := range []string{cursor[12:33], cursor[34:]} {
				if seen[part] {
					t.Fatalf("the part %q of a cursor comes again though nothing happened", part)
				}
				seen[part] = true
			}
		}
		// Nor does that of one who polls and is told nothing.
		jane := s.watch("jane")
		for range 5 {
			ctx, cancel := context.WithTimeout(s.ctx, 2*time.Millisecond)
			_, next, err := jane.poll(ctx)
			cancel()
			wantErr(t, err, context.DeadlineExceeded)
			if next == jane.cursor {
				t.Fatal("the cursor of an idle reader stays the same")
			}
			jane.cursor = next
		}
	})
}

// TestAnEventSaysWhoDidIt: the user, or nobody where it was the application.
func TestAnEventSaysWhoDidIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		s.channel(lounge, "john", "jane", "mod")
		s.users("june")
		jane := s.watch("jane")
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			m := s.as("john").send(lounge, "rude")
			_, err := s.as("mod").DeleteMessage(s.ctx, m.ID, mode)
			s.check(err)
		}
		s.check(s.as("mod").AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "june"}}, nil))
		told := jane.read()
		s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"june"}, nil))
		told = append(told, jane.read()...)
		if len(told) != 5 {
			t.Errorf("she is told %q", summaries(told))
		}
		for _, e := range told {
			by := chat.UserID("")
			if e.By != nil {
				by = e.By.ID
			}
			want := map[chat.EventType]chat.UserID{chat.MessageDeleted: "mod", chat.MemberAdded: "mod"}[e.Type]
			if by != want {
				t.Errorf("%s is told to be by %q, want %q", summary(e), by, want)
			}
		}
	})
}

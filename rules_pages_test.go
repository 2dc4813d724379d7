package chat_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/chat"
)

// fill sends n messages, m0 to m(n-1), in a channel of jane and john.
func (s *scenario) fill(n int) []chat.Message {
	s.t.Helper()
	s.channel(room, "jane", "john")
	var sent []chat.Message
	for i := range n {
		sent = append(sent, s.as("jane").post(room, chat.Draft{ID: chat.MessageID(fmt.Sprint("m", i)), Text: fmt.Sprint(i)}))
	}
	return sent
}

func TestAPageHas25MessagesByDefault(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(27)
		page := s.as("john").page(room, chat.MessageQuery{})
		wantSame(t, "the latest page", page.Items, sent[2:])
		if page.Prev == "" || page.Next != "" {
			t.Errorf("the latest page has the tokens %q and %q, want only the first", page.Prev, page.Next)
		}
		page = s.as("john").page(room, chat.MessageQuery{After: "m0"})
		wantSame(t, "the page after the first", ids(page.Items), ids(sent[1:26]))
		wantSame(t, "the state of the channel", s.as("john").channel(room).Messages, sent[2:])
	})
}

func TestMoreThan300OfAPageIsInvalid(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(302)
		page := s.as("john").page(room, chat.MessageQuery{Limit: 300})
		wantSame(t, "a page of 300", ids(page.Items), ids(sent[2:]))
		for _, limit := range []int{301, -1, -300, 1 << 62, -1 << 63} {
			_, err := s.as("john").Messages(s.ctx, room, chat.MessageQuery{Limit: limit})
			wantFieldErr(t, err, chat.ErrInvalid, "limit")
			_, err = s.Messages(s.ctx, room, chat.MessageQuery{Limit: limit})
			wantFieldErr(t, err, chat.ErrInvalid, "limit")
		}
	})
}

// cut is what a page should hold, of all messages oldest first, with an anchor
// at index i, which need not be that of a message: 2.5 lies between two.
func cut(all []chat.Message, q chat.MessageQuery, i float64) (from, to int) {
	first := 0 // of those at or after the anchor
	for first < len(all) && float64(first) < i {
		first++
	}
	isThere := float64(first) == i && first < len(all)
	afterAnchor := first
	if isThere {
		afterAnchor++
	}
	switch {
	case q.Before != "" || !q.BeforeTime.IsZero():
		to = first
		if q.Inclusive {
			to = afterAnchor
		}
		return max(0, to-q.Limit), to
	case q.After != "" || !q.AfterTime.IsZero():
		from = afterAnchor
		if q.Inclusive {
			from = first
		}
		return from, min(len(all), from+q.Limit)
	}
	// Around: half before the anchor, it and the rest after; what one side does
	// not have the other gives.
	from = max(0, first-q.Limit/2)
	to = min(len(all), from+q.Limit)
	return max(0, to-q.Limit), to
}

func TestPagesBeforeAfterAndAroundAnIDOrATime(t *testing.T) {
	const count = 9
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(count)
		for limit := 1; limit <= count+2; limit++ {
			for i := range count {
				id, at := sent[i].ID, sent[i].CreatedAt
				for _, q := range []chat.MessageQuery{
					{Before: id},
					{After: id},
					{Around: id},
					{Before: id, Inclusive: true},
					{After: id, Inclusive: true},
					{BeforeTime: at},
					{AfterTime: at},
					{AroundTime: at},
					{BeforeTime: at, Inclusive: true},
					{AfterTime: at, Inclusive: true},
				} {
					q.Limit = limit
					from, to := cut(sent, q, float64(i))
					s.wantPage(q, sent, from, to)
				}
			}
		}
	})
}

func TestThereIsNoPageAroundWhatOneDoesNotSee(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(6)
		around := func(m chat.Message) (cleared, app error) {
			q := chat.MessageQuery{Around: m.ID}
			return errOf(s.As("john").Messages(s.ctx, room, q)), errOf(s.Messages(s.ctx, room, q))
		}
		s.check(s.As("john").HideChannel(s.ctx, room, true))
		later := s.as("jane").send(room, "later")
		cleared, app := around(sent[2])
		wantErr(t, cleared, chat.ErrNotFound)
		s.check(app)
		s.truncate(room, nil)
		for _, m := range []chat.Message{sent[2], later} {
			cleared, app = around(m)
			wantErr(t, cleared, chat.ErrNotFound)
			wantErr(t, app, chat.ErrNotFound)
		}
	})
}

// wantPage checks a page and that its tokens are there where it goes on.
func (s *scenario) wantPage(q chat.MessageQuery, all []chat.Message, from, to int) {
	s.t.Helper()
	page := s.as("john").page(room, q)
	if got, want := ids(page.Items), ids(all[from:to]); !slices.Equal(got, want) {
		s.t.Errorf("%+v gives %v, want %v", q, got, want)
		return
	}
	if len(page.Items) > 0 && ((page.Prev != "") != (from > 0) || (page.Next != "") != (to < len(all))) {
		s.t.Errorf("%+v gives %v with the tokens %q and %q", q, ids(page.Items), page.Prev, page.Next)
	}
}

func TestPagesAroundTimesBetweenAndBeyondMessages(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		var sent []chat.Message
		for range 6 {
			sent = append(sent, s.as("jane").send(room, "hi"))
			s.sleep(time.Hour)
		}
		for i, at := range map[float64]time.Time{
			-1: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), -0.5: sent[0].CreatedAt.Add(-time.Microsecond),
			0.5: sent[0].CreatedAt.Add(time.Minute), 2.5: sent[2].CreatedAt.Add(time.Minute), 5.5: sent[5].CreatedAt.Add(time.Hour),
			7: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 8: time.Unix(1<<50, 0), -2: time.Unix(-1<<50, 0),
		} {
			for limit := 1; limit <= 7; limit++ {
				for _, q := range []chat.MessageQuery{
					{BeforeTime: at},
					{AfterTime: at},
					{AroundTime: at},
					{BeforeTime: at, Inclusive: true},
					{AfterTime: at, Inclusive: true},
				} {
					q.Limit = limit
					from, to := cut(sent, q, i)
					s.wantPage(q, sent, from, to)
				}
			}
		}
	})
}

func TestTokensLeadThroughAllMessagesBothWays(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(23)
		for _, limit := range []int{1, 4, 7, 23, 24} {
			page := s.as("john").page(room, chat.MessageQuery{Limit: limit})
			read := page.Items
			for page.Prev != "" {
				page = s.as("john").page(room, chat.MessageQuery{Limit: limit, Page: page.Prev})
				read = append(slices.Clone(page.Items), read...)
			}
			wantSame(t, fmt.Sprintf("read backwards by %d", limit), ids(read), ids(sent))
			read = page.Items
			for page.Next != "" {
				page = s.as("john").page(room, chat.MessageQuery{Limit: limit, Page: page.Next})
				read = append(read, page.Items...)
			}
			wantSame(t, fmt.Sprintf("read forwards by %d", limit), ids(read), ids(sent))
		}
	})
}

func TestAllMessagesGivesEveryMessageOnce(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(303)
		var read []chat.MessageID
		for m, err := range s.as("john").AllMessages(s.ctx, room) {
			s.check(err)
			// The body may write: no transaction is open.
			if len(read) == 0 {
				sent = append(sent, s.as("john").send(room, "meanwhile"))
			}
			read = append(read, m.ID)
		}
		wantSame(t, "all messages", read, ids(sent))
		for _, err := range s.AllMessages(s.ctx, room) {
			s.check(err)
			break
		}
		for _, err := range s.as("john").AllMessages(s.ctx, "messaging:none") {
			wantErr(t, err, chat.ErrNotFound)
		}
	})
}

func TestNoRepliesInAPageButThoseShownInTheChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		parent := s.as("jane").send(room, "parent")
		hidden := s.as("john").post(room, chat.Draft{Text: "hidden", ParentID: parent.ID})
		shown := s.as("john").post(room, chat.Draft{Text: "shown", ParentID: parent.ID, ShowInChannel: true})
		s.as("jane").send(room, "last")
		s.as("jane").wantTexts(room, "parent", "shown", "last")
		wantSame(t, "the page around it", texts(s.as("jane").page(room, chat.MessageQuery{Around: shown.ID, Limit: 3}).Items),
			[]string{"parent", "shown", "last"})
		if !s.as("jane").message(shown.ID).ShowInChannel {
			t.Error("the reply does not say that it is shown in the channel")
		}
		s.as("jane").sees(hidden.ID)
	})
}

func TestASoftDeletedAnchorWorks(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(5)
		_, err := s.as("jane").DeleteMessage(s.ctx, "m2", chat.DeleteSoft)
		s.check(err)
		s.check(s.as("john").DeleteMessageForMe(s.ctx, "m3"))
		for i := 2; i <= 3; i++ {
			for _, q := range []chat.MessageQuery{{Before: sent[i].ID}, {After: sent[i].ID}, {Around: sent[i].ID}} {
				q.Limit = 3
				from, to := cut(sent, q, float64(i))
				s.wantPage(q, sent, from, to)
			}
		}
		s.as("john").wantTexts(room, "0", "1", "", "", "4")
	})
}

func TestAnAnchorThatIsGoneOrInvisibleIsNotFound(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.fill(3)
		s.channel("messaging:other", "jane", "john")
		s.as("jane").post("messaging:other", chat.Draft{ID: "elsewhere", Text: "hi"})
		s.users("ann")
		s.check(s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "ann"}}, nil))
		s.send(room, "jane", chat.Draft{ID: "private", Text: "hi", Restricted: []chat.UserID{"ann"}}, nil)
		s.send(room, "jane", chat.Draft{ID: "held", Text: "hi"}, &chat.SendOptions{Pending: chat.PendingOn})
		_, err := s.DeleteMessage(s.ctx, "m1", chat.DeleteHard, "")
		s.check(err)
		for _, id := range []chat.MessageID{"m1", "elsewhere", "private", "held", "never"} {
			for _, q := range []chat.MessageQuery{{Before: id}, {After: id}, {Around: id}, {Before: id, Inclusive: true}} {
				_, err := s.as("john").Messages(s.ctx, room, q)
				if e := wantErr(t, err, chat.ErrNotFound); e.Reason != fmt.Sprintf("message %q not found", id) {
					t.Errorf("%+v answers %q, which tells more than that it is not found", q, err)
				}
			}
		}
		s.check(s.TruncateChannel(s.ctx, room, nil))
		_, err = s.as("john").Messages(s.ctx, room, chat.MessageQuery{Before: "m2"})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestAnAnchorThatIsOnesOwnPendingMessageIsPending(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.fill(3)
		s.send(room, "jane", chat.Draft{ID: "held", Text: "hi"}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, q := range []chat.MessageQuery{{Before: "held"}, {After: "held"}, {Around: "held"}, {After: "held", Inclusive: true}} {
			_, err := s.as("jane").Messages(s.ctx, room, q)
			wantErr(t, err, chat.ErrPending)
			_, err = s.Messages(s.ctx, room, q) // the application sees it too
			wantErr(t, err, chat.ErrPending)
			_, err = s.as("john").Messages(s.ctx, room, q)
			wantErr(t, err, chat.ErrNotFound)
		}
		_, err := s.CommitMessage(s.ctx, "held")
		s.check(err)
		for _, user := range []chat.UserID{"jane", "john"} {
			if page := s.as(user).page(room, chat.MessageQuery{Before: "held", Inclusive: true, Limit: 1}); len(page.Items) != 1 || page.Items[0].ID != "held" {
				t.Errorf("anchored at the committed message %s reads %v", user, ids(page.Items))
			}
		}
	})
}

func TestATokenOutlivesWhatItWasMadeOf(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(8)
		page := s.as("john").page(room, chat.MessageQuery{Limit: 2})
		for _, id := range []chat.MessageID{"m6", "m5"} { // the first of the page, and the next to come
			_, err := s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")
			s.check(err)
		}
		s.reopen()
		page = s.as("john").page(room, chat.MessageQuery{Limit: 2, Page: page.Prev})
		wantSame(t, "the page before", ids(page.Items), ids(sent[3:5]))
		page = s.as("john").page(room, chat.MessageQuery{Limit: 2, Page: page.Next})
		wantSame(t, "the page after that", ids(page.Items), []chat.MessageID{"m7"})
	})
}

func TestOneAnchorAtMost(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(5)
		token := s.page(room, chat.MessageQuery{Limit: 1}).Prev
		at := sent[1].CreatedAt
		for _, q := range []chat.MessageQuery{
			{Before: "m1", After: "m2"},
			{Before: "m1", BeforeTime: at},
			{AfterTime: at, AroundTime: at},
			{Around: "m1", Page: token},
			{BeforeTime: at, Page: token},
		} {
			_, err := s.as("john").Messages(s.ctx, room, q)
			wantFieldErr(t, err, chat.ErrInvalid, "page")
		}
		for _, q := range []chat.MessageQuery{{Inclusive: true}, {Inclusive: true, Page: token}} {
			_, err := s.as("john").Messages(s.ctx, room, q)
			wantFieldErr(t, err, chat.ErrInvalid, "inclusive")
		}
	})
}

func TestReadingManyByIDGivesTheVisibleOnesInTheOrderAsked(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		sent := s.fill(101)
		s.channel("messaging:other", "jane", "john")
		s.channel("messaging:secret", "jane")
		s.as("jane").post("messaging:other", chat.Draft{ID: "elsewhere", Text: "hi"})
		s.as("jane").post("messaging:secret", chat.Draft{ID: "secret", Text: "hi"})
		s.send(room, "jane", chat.Draft{ID: "held", Text: "hi"}, &chat.SendOptions{Pending: chat.PendingOn})
		asked := []chat.MessageID{"m3", "secret", "m1", "never", "elsewhere", "held", "m2"}
		list, err := s.as("john").MessagesByID(s.ctx, asked...)
		s.check(err)
		wantSame(t, "what john gets", ids(list), []chat.MessageID{"m3", "m1", "elsewhere", "m2"})
		list, err = s.as("jane").MessagesByID(s.ctx, asked...)
		s.check(err)
		wantSame(t, "what jane gets", ids(list), []chat.MessageID{"m3", "secret", "m1", "elsewhere", "held", "m2"})
		list, err = s.MessagesByID(s.ctx, asked...)
		s.check(err)
		wantSame(t, "what the application gets", ids(list), []chat.MessageID{"m3", "secret", "m1", "elsewhere", "held", "m2"})
		list, err = s.as("john").MessagesByID(s.ctx)
		s.check(err)
		if len(list) != 0 {
			t.Errorf("asked for none, john gets %v", ids(list))
		}

		list, err = s.as("john").MessagesByID(s.ctx, ids(sent[:100])...)
		s.check(err)
		wantSame(t, "a hundred", list, sent[:100])
		_, err = s.as("john").MessagesByID(s.ctx, ids(sent)...)
		wantFieldErr(t, err, chat.ErrInvalid, "ids")
	})
}

func TestPagesMergePrivateMessagesInOrder(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		var all, johns, anns []chat.Message
		for i := range 40 {
			d := chat.Draft{Text: fmt.Sprint(i)}
			toJohn, toAnn := i%3 != 1, i%5 != 2
			if !toJohn {
				d.Restricted = append(d.Restricted, "ann")
			}
			if !toAnn {
				d.Restricted = append(d.Restricted, "john")
			}
			if !toJohn && !toAnn {
				d.Restricted = []chat.UserID{"jane"}
			}
			m := s.send(room, "jane", d, nil)
			all = append(all, m)
			if toJohn || slices.Contains(d.Restricted, "john") {
				johns = append(johns, m)
			}
			if toAnn || slices.Contains(d.Restricted, "ann") {
				anns = append(anns, m)
			}
		}
		for user, want := range map[chat.UserID][]chat.Message{"jane": all, "john": johns, "ann": anns} {
			for _, limit := range []int{1, 3, 40} {
				page := s.as(user).page(room, chat.MessageQuery{Limit: limit})
				read := page.Items
				for page.Prev != "" {
					page = s.as(user).page(room, chat.MessageQuery{Limit: limit, Page: page.Prev})
					if len(page.Items) == 0 {
						t.Errorf("%s is led to an empty page", user)
					}
					read = append(slices.Clone(page.Items), read...)
				}
				wantSame(t, fmt.Sprintf("what %s reads by %d", user, limit), ids(read), ids(want))
			}
		}
	})
}

func TestAPageNeverSkipsOrRepeatsWhateverIsSentMeanwhile(t *testing.T) {
	const senders, each = 4, 50
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.fill(10)
		var wait sync.WaitGroup
		for range senders {
			wait.Go(func() {
				for i := range each {
					var restricted []chat.UserID
					if i%3 == 0 {
						restricted = []chat.UserID{"john"}
					}
					if _, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", Restricted: restricted}, nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() {
			wait.Wait()
			close(done)
		}()
		// Forwards, until all is sent; and backwards from wherever it ends then.
		var forwards, page []chat.Message
		after := chat.MessageQuery{AfterTime: time.Unix(0, 1000), Limit: 7}
		for sending := true; sending; {
			select {
			case <-done:
				sending = false
			default:
			}
			for {
				page = s.as("john").page(room, after).Items
				if len(page) == 0 {
					break
				}
				forwards = append(forwards, page...)
				after = chat.MessageQuery{After: page[len(page)-1].ID, Limit: 7}
			}
			s.readBackwards()
		}
		all := s.page(room, chat.MessageQuery{Limit: 300}).Items
		if len(all) != 10+senders*each {
			t.Errorf("%d messages are there, want %d", len(all), 10+senders*each)
		}
		wantSame(t, "read forwards meanwhile", ids(forwards), ids(all))
	})
}

// readBackwards reads a channel page by page to its beginning, and checks that
// what it read lacks nothing up to its newest.
func (s *scenario) readBackwards() {
	s.t.Helper()
	page := s.as("john").page(room, chat.MessageQuery{Limit: 9})
	read := page.Items
	for page.Prev != "" {
		page = s.as("john").page(room, chat.MessageQuery{Limit: 9, Page: page.Prev})
		read = append(slices.Clone(page.Items), read...)
	}
	all := s.page(room, chat.MessageQuery{Limit: 300}).Items
	wantSame(s.t, "read backwards meanwhile", ids(read), ids(all[:min(len(read), len(all))]))
}

func TestAPageTokenOfAnotherListOrMadeUpIsInvalid(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.fill(5)
		s.users("ann")
		token := s.page(room, chat.MessageQuery{Limit: 1}).Prev
		members, err := s.Members(s.ctx, room, chat.MemberQuery{Limit: 1})
		s.check(err)
		users, err := s.Users(s.ctx, chat.UserQuery{Limit: 1})
		s.check(err)
		if token == "" || members.Next == "" || users.Next == "" {
			t.Fatalf("the lists do not go on: %q %q %q", token, members.Next, users.Next)
		}
		bad := []chat.PageToken{members.Next, users.Next, "x", "\x00", "\xff", token + "A", token[1:], token + "=", token[:len(token)-2]}
		for i := range token { // one slip of the hand
			b := []byte(token)
			b[i] ^= 1
			bad = append(bad, chat.PageToken(b))
		}
		for _, page := range bad {
			_, err := s.as("john").Messages(s.ctx, room, chat.MessageQuery{Page: page})
			wantFieldErr(t, err, chat.ErrInvalid, "page")
		}
		_, err = s.Members(s.ctx, room, chat.MemberQuery{Page: token})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.Users(s.ctx, chat.UserQuery{Limit: 1, Page: token})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.PendingMessages(s.ctx, chat.PendingQuery{Page: token})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.Channels(s.ctx, chat.ChannelQuery{Page: token})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{Page: token})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestAForgedTokenLeadsNowhereOneMayNotRead(t *testing.T) {
	forge := func(version, list byte, numbers ...int64) chat.PageToken {
		b := []byte{version, list}
		for _, n := range numbers {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		return chat.PageToken(base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))))
	}
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.fill(5)
		s.channel("messaging:secret", "jane")
		s.as("jane").send("messaging:secret", "secret")
		s.send(room, "jane", chat.Draft{Text: "secret", Restricted: []chat.UserID{"jane"}}, nil)
		var tokens []chat.PageToken
		extremes := []int64{math.MinInt64, -1, 0, 1, 2, 3, math.MaxInt64 - 1, math.MaxInt64}
		for _, list := range []byte("mpucfax\x00\xff") {
			tokens = append(tokens, forge(1, list), forge(2, list, 1, 1))
			for _, a := range extremes {
				tokens = append(tokens, forge(1, list, a))
				for _, b := range extremes {
					tokens = append(tokens, forge(1, list, a, b), forge(1, list, a, b, a), forge(1, list, a, b, b))
				}
			}
		}
		john := s.as("john")
		invalidOrNothing := func(err error) {
			t.Helper()
			if err != nil && !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("a forged token answers %v", err)
			}
		}
		for _, token := range tokens {
			page, err := john.Messages(s.ctx, room, chat.MessageQuery{Page: token})
			invalidOrNothing(err)
			for _, m := range page.Items {
				if m.Text == "secret" {
					t.Errorf("the token %q leads to a secret", token)
				}
			}
			channels, err := john.Channels(s.ctx, chat.ChannelQuery{Page: token})
			invalidOrNothing(err)
			for _, state := range channels.Items {
				if state.Channel.CID != room {
					t.Errorf("the token %q leads to %s", token, state.Channel.CID)
				}
			}
			invalidOrNothing(errOf(john.Members(s.ctx, room, chat.MemberQuery{Page: token})))
			invalidOrNothing(errOf(s.Users(s.ctx, chat.UserQuery{Limit: 0, Page: token})))
			invalidOrNothing(errOf(s.PendingMessages(s.ctx, chat.PendingQuery{Page: token})))
			invalidOrNothing(errOf(s.PendingMessages(s.ctx, chat.PendingQuery{CID: room, Page: token})))
			invalidOrNothing(errOf(s.FailedCallbacks(s.ctx, chat.FailedCallbackQuery{Page: token})))
		}
	})
}

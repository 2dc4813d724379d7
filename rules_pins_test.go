package chat_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// pinStory is a channel with three members and three messages.
func pinStory(s *scenario) {
	s.t.Helper()
	s.channel(square, "jane", "john", "mary")
	for _, id := range []chat.MessageID{"one", "two", "three"} {
		s.as("jane").post(square, chat.Draft{ID: id, Text: string(id)})
	}
}

// pin pins a message for good, and lets a moment pass.
func (a *actor) pin(id chat.MessageID) chat.Message {
	a.s.t.Helper()
	m, err := a.PinMessage(a.s.ctx, id, time.Time{})
	a.s.check(err)
	a.s.sleep(2 * time.Microsecond)
	return m
}

// wantPins checks what the user finds pinned, at once and by pages.
func (a *actor) wantPins(cid chat.CID, want ...chat.MessageID) {
	a.s.t.Helper()
	for _, limit := range []int{300, 1} {
		var got []chat.MessageID
		for q := (chat.PinQuery{Limit: limit}); ; {
			page, err := a.PinnedMessages(a.s.ctx, cid, q)
			a.s.check(err)
			got = append(got, ids(page.Items)...)
			for _, m := range page.Items {
				if !m.Pinned || m.PinnedAt == nil || page.Prev != "" {
					a.s.t.Errorf("among the pins is %+v", m)
				}
			}
			if q.Page = page.Next; q.Page == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			a.s.t.Errorf("%s finds %q pinned in pages of %d, want %q", a.User(), got, limit, want)
		}
	}
}

func TestPinsAreListedNewestFirst(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		john, mary := s.as("john"), s.as("mary")
		m := john.pin("two")
		if !m.Pinned || m.PinnedBy == nil || m.PinnedBy.Name != "john" || m.PinExpires != nil || !m.UpdatedAt.Equal(m.CreatedAt) {
			t.Errorf("the pinned message is %+v", m)
		}
		john.pin("one")
		s.check(errOf(s.PinMessage(s.ctx, "three", "", time.Time{})))
		if by := s.message("three").PinnedBy; by != nil {
			t.Errorf("the application's pin is by %+v", by)
		}
		s.sleep(2 * time.Microsecond)
		mary.wantPins(square, "three", "one", "two")
		// Pinned again it is the newest.
		mary.pin("two")
		if m := john.message("two"); m.PinnedBy.ID != "mary" {
			t.Errorf("the message is pinned by %+v", m.PinnedBy)
		}
		john.wantPins(square, "two", "three", "one")
		s.check(errOf(john.UnpinMessage(s.ctx, "three")))
		s.check(errOf(john.UnpinMessage(s.ctx, "three"))) // is not pinned
		if m := s.message("three"); m.Pinned || m.PinnedAt != nil {
			t.Errorf("the unpinned message is %+v", m)
		}
		john.wantPins(square, "two", "one")
		// An edit never changes a pin.
		s.check(errOf(s.As("jane").UpdateMessage(s.ctx, "one", chat.MessageUpdate{Text: "changed"})))
		john.wantPins(square, "two", "one")
		_, err := s.As("jane").PatchMessage(s.ctx, "one", chat.Patch{Set: map[string]any{"pinned": false}})
		wantErr(t, err, chat.ErrInvalid)
	})
}

func TestAPinEndsByTheClock(t *testing.T) {
	inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		pinStory(s)
		john := s.as("john")
		until := time.Now().Add(20 * time.Millisecond)
		m, err := john.PinMessage(s.ctx, "one", until)
		s.check(err)
		if m.PinExpires == nil || !m.PinExpires.Equal(until.Truncate(time.Microsecond)) {
			t.Errorf("the pin ends at %v, want %v", m.PinExpires, until)
		}
		john.wantPins(square, "one")
		mary := s.watch("mary")
		s.sleep(30 * time.Millisecond)
		john.wantPins(square)
		if m := john.message("one"); m.Pinned || m.PinnedAt != nil || m.PinnedBy != nil || m.PinExpires != nil {
			t.Errorf("the message whose pin is over is %+v", m)
		}
		mary.wants()
		s.check(errOf(s.RunDueWork(s.ctx)))
		if e := mary.wants("message.updated one 3")[0]; e.Message.Pinned {
			t.Errorf("told is %+v", e.Message)
		}
		_, err = john.PinMessage(s.ctx, "one", time.Now().Add(-time.Second))
		wantFieldErr(t, err, chat.ErrInvalid, "pin_expires")
		// A pin for good takes the place of one that would end.
		s.check(errOf(john.PinMessage(s.ctx, "one", time.Now().Add(10*time.Millisecond))))
		john.pin("one")
		s.sleep(20 * time.Millisecond)
		s.check(errOf(s.RunDueWork(s.ctx)))
		john.wantPins(square, "one")
	})
}

func TestPinsOfOneMomentAreInTheirOrder(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) { // where the clock stands still
		pinStory(s)
		john := s.as("john")
		for _, id := range []chat.MessageID{"three", "two", "one", "three", "two", "one"} {
			s.check(errOf(john.PinMessage(s.ctx, id, time.Time{})))
		}
		john.wantPins(square, "one", "two", "three")
		john.post(square, chat.Draft{ID: "sent", Text: "sent", Pinned: true})
		john.wantPins(square, "sent", "one", "two", "three")
	})
}

func TestMessagesArePinnedInAFrozenChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		s.check(errOf(s.SetFrozen(s.ctx, square, true)))
		s.as("john").pin("one")
		s.as("mary").wantPins(square, "one")
		s.check(errOf(s.As("mary").UnpinMessage(s.ctx, "one")))
		s.as("john").wantPins(square)
	})
}

func TestAQuotedMessageShowsItsPin(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		quote := s.as("mary").post(square, chat.Draft{Text: "look", QuotedID: "one"})
		s.as("john").pin("one")
		if m := s.as("mary").message(quote.ID).QuotedMessage; !m.Pinned || m.PinnedBy == nil || m.PinnedBy.Name != "john" {
			t.Errorf("the quoted message is %+v", m)
		}
	})
}

func TestAPinIsTold(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		mary := s.watch("mary")
		s.as("john").pin("one")
		e := mary.wants("message.updated one 3")[0]
		if !e.Message.Pinned || e.By.ID != "john" {
			t.Errorf("told is %+v", e)
		}
		s.check(errOf(s.As("john").UnpinMessage(s.ctx, "one")))
		if e := mary.wants("message.updated one 3")[0]; e.Message.Pinned {
			t.Errorf("told is %+v", e)
		}
	})
}

func TestAMessageIsPinnedAsItIsSent(t *testing.T) {
	inMemory(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		pinStory(s)
		john := s.as("john")
		d := chat.Draft{ID: "p", Text: "pinned", Pinned: true, PinExpires: time.Now().Add(20 * time.Millisecond)}
		m := john.post(square, d)
		if !m.Pinned || m.PinnedBy == nil || m.PinnedBy.Name != "john" || !m.PinnedAt.Equal(m.CreatedAt) {
			t.Errorf("the message is %+v", m)
		}
		wantSame(t, "the message read", john.message("p"), m)
		john.wantPins(square, "p")
		s.send(square, "mary", chat.Draft{ID: "q", Text: "too", Pinned: true}, nil)
		john.wantPins(square, "q", "p")
		s.sleep(30 * time.Millisecond)
		john.post(square, d) // a retry, after the pin has ended
		d.PinExpires = time.Time{}
		_, err := john.Send(s.ctx, square, d)
		wantErr(t, err, chat.ErrConflict)
		john.wantPins(square, "q")
		s.check(errOf(s.RunDueWork(s.ctx)))
		john.wantPins(square, "q")

		_, err = john.Send(s.ctx, square, chat.Draft{Text: "x", Pinned: true, PinExpires: time.Now().Add(-time.Second)})
		wantFieldErr(t, err, chat.ErrInvalid, "pin_expires")
		_, err = john.Send(s.ctx, square, chat.Draft{Text: "x", PinExpires: time.Now().Add(time.Hour)})
		wantFieldErr(t, err, chat.ErrInvalid, "pin_expires")
		_, err = s.Send(s.ctx, square, "john", chat.Draft{Text: "x", Pinned: true, Restricted: []chat.UserID{"mary"}}, nil)
		wantFieldErr(t, err, chat.ErrRestricted, "pinned")
		_, err = s.Send(s.ctx, square, "john", chat.Draft{Text: "x", Pinned: true}, &chat.SendOptions{Pending: chat.PendingOn})
		wantFieldErr(t, err, chat.ErrPending, "pinned")
		// A reply to a private message is private without saying so.
		s.send(square, "jane", chat.Draft{ID: "hush", Text: "hush", Restricted: []chat.UserID{"john"}}, nil)
		_, err = john.Send(s.ctx, square, chat.Draft{Text: "x", ParentID: "hush", Pinned: true})
		wantFieldErr(t, err, chat.ErrRestricted, "pinned")

		s.channel("commerce:shop", "jane", "john")
		_, err = john.Send(s.ctx, "commerce:shop", chat.Draft{Text: "x", Pinned: true})
		wantErr(t, err, chat.ErrPermission)
	})
}

func TestWhatCannotBePinned(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		s.users("ned")
		john := s.as("john")
		pin := func(user chat.UserID, id chat.MessageID) error {
			a, b := errOf(s.As(user).PinMessage(s.ctx, id, time.Time{})), errOf(s.As(user).UnpinMessage(s.ctx, id))
			if strings.TrimPrefix(fmt.Sprint(a), "chat: PinMessage") != strings.TrimPrefix(fmt.Sprint(b), "chat: UnpinMessage") {
				t.Errorf("pinning answers %v, unpinning %v", a, b)
			}
			return a
		}
		s.send(square, "john", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		wantErr(t, pin("john", "held"), chat.ErrPending)
		wantErr(t, pin("mary", "held"), chat.ErrNotFound)
		s.send(square, "jane", chat.Draft{ID: "hush", Text: "hush", Restricted: []chat.UserID{"john"}}, nil)
		wantErr(t, pin("john", "hush"), chat.ErrRestricted)
		wantErr(t, pin("mary", "hush"), chat.ErrNotFound)
		_, err := s.PinMessage(s.ctx, "hush", "", time.Time{})
		wantErr(t, err, chat.ErrRestricted)
		wantErr(t, pin("ned", "one"), chat.ErrNotFound)
		s.channel("commerce:shop", "jane", "john")
		s.as("jane").post("commerce:shop", chat.Draft{ID: "pan", Text: "a pan"})
		wantErr(t, pin("john", "pan"), chat.ErrPermission)

		// What is deleted is not pinned, and is not again when it is back.
		john.pin("one")
		john.pin("two")
		s.check(errOf(s.DeleteMessage(s.ctx, "one", chat.DeleteSoft, "")))
		wantErr(t, pin("john", "one"), chat.ErrDeleted)
		john.wantPins(square, "two")
		s.check(errOf(s.UndeleteMessage(s.ctx, "one", "jane")))
		john.wantPins(square, "two")
		// To one who deleted it for themselves it is a placeholder there too.
		s.check(john.DeleteMessageForMe(s.ctx, "two"))
		wantErr(t, pin("john", "two"), chat.ErrDeleted)
		john.wantPins(square, "two")
		page, err := john.PinnedMessages(s.ctx, square, chat.PinQuery{})
		s.check(err)
		if list := page.Items; len(list) != 1 || !list[0].DeletedForMe || list[0].Text != "" {
			t.Errorf("john's pins are %+v", list)
		}
		s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "mary", CID: square}, "")))
		_, err = s.As("mary").PinMessage(s.ctx, "three", time.Time{})
		wantErr(t, err, chat.ErrBanned)
		s.check(errOf(s.DeleteMessage(s.ctx, "two", chat.DeleteHard, "")))
		john.wantPins(square)
	})
}

func TestPinsBeforeATruncationOrWhatWasClearedAreHidden(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		pinStory(s)
		john := s.as("john")
		between := s.message("two").CreatedAt
		john.pin("one")
		john.pin("two")
		john.pin("three")
		s.check(john.HideChannel(s.ctx, square, true))
		john.wantPins(square)
		s.as("mary").pin("one") // after john cleared what is before
		john.wantPins(square)
		s.as("mary").wantPins(square, "one", "three", "two")
		s.check(s.TruncateChannel(s.ctx, square, &chat.TruncateOptions{Before: between}))
		s.as("mary").wantPins(square, "three")
		john.wantPins(square)
	})
}

func TestManyPinsThatAreHiddenArePassedOverInPages(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		pinStory(s)
		s.check(s.As("john").HideChannel(s.ctx, square, true))
		s.as("jane").post(square, chat.Draft{ID: "new", Text: "new", Pinned: true})
		for i := range 1200 {
			s.sleep(time.Microsecond)
			s.check(errOf(s.PinMessage(s.ctx, []chat.MessageID{"one", "two", "three"}[i%3], "", time.Time{})))
		}
		s.as("john").wantPins(square, "new")
		s.as("mary").wantPins(square, "three", "two", "one", "new")
	})
}

func TestPinsOfWhoIsShadowBannedAreForThemselvesAlone(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		pinStory(s)
		s.user(chat.User{ID: "root", Role: chat.RoleAdmin})
		s.as("jane").pin("one")
		s.ban(chat.BanDraft{User: "john", CID: square, Shadow: true})
		want := []chat.MessageID{"one"}
		for i := range 520 {
			id := chat.MessageID(fmt.Sprint("shadowed ", i))
			s.sleep(time.Microsecond)
			s.as("john").post(square, chat.Draft{ID: id, Text: "x", Pinned: true})
			want = slices.Insert(want, 0, id)
		}
		s.sleep(time.Microsecond)
		s.as("jane").pin("two")
		want = slices.Insert(want, 0, "two")
		for _, user := range []chat.UserID{"jane", "mary"} {
			page, err := s.As(user).PinnedMessages(s.ctx, square, chat.PinQuery{Limit: 2})
			s.check(err)
			if got := ids(page.Items); !slices.Equal(got, []chat.MessageID{"two", "one"}) || page.Next != "" {
				t.Errorf("%s finds %q pinned, and goes on with %q", user, got, page.Next)
			}
			s.as(user).wantPins(square, "two", "one")
		}
		s.as("john").wantPins(square, want...)
		s.as("root").wantPins(square, want...)
		s.as("john").pin("shadowed 7")
		want = slices.DeleteFunc(want, func(id chat.MessageID) bool { return id == "shadowed 7" })
		s.as("john").wantPins(square, append([]chat.MessageID{"shadowed 7"}, want...)...)
		s.check(errOf(s.As("john").UnpinMessage(s.ctx, "shadowed 7")))
		s.as("john").wantPins(square, want...)
		s.as("jane").wantPins(square, "two", "one")
		s.check(errOf(s.DeleteMessage(s.ctx, want[1], chat.DeleteHard, "")))
		s.as("john").wantPins(square, slices.Delete(want, 1, 2)...)
		s.check(s.TruncateChannel(s.ctx, square, &chat.TruncateOptions{Hard: true}))
		s.settle()
		for key := range s.dump() {
			if len(key) > 9 && key[0] == 'k' && key[9] == 'y' {
				t.Errorf("the key %q is left", key)
			}
		}
	})
}

// A page that ends among what is passed over says when that was pinned, and not
// which message it was.
func TestATokenOfPinsNamesNoMessageThatIsHidden(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		pinStory(s)
		for i := range 700 {
			s.sleep(time.Microsecond)
			s.as("jane").post(square, chat.Draft{ID: chat.MessageID(fmt.Sprint("old ", i)), Text: "x", Pinned: true})
		}
		s.check(s.As("john").HideChannel(s.ctx, square, true))
		hidden := map[int64]bool{}
		for m, err := range s.AllMessages(s.ctx, square) {
			s.check(err)
			hidden[m.CreatedAt.UnixMicro()] = true
			s.sleep(time.Microsecond)
			s.check(errOf(s.PinMessage(s.ctx, m.ID, "", time.Time{})))
		}
		pages := 0
		for q := (chat.PinQuery{}); ; pages++ {
			page, err := s.As("john").PinnedMessages(s.ctx, square, q)
			s.check(err)
			if q.Page = page.Next; q.Page == "" {
				break
			}
			token, err := base64.RawURLEncoding.DecodeString(string(q.Page))
			s.check(err)
			for _, at := range []int{2, 10} { // the moment and the message
				if hidden[int64(binary.BigEndian.Uint64(token[at:]))] {
					t.Errorf("the token %x has the time of a message that is hidden", token)
				}
			}
		}
		if pages == 0 {
			t.Error("it is one page")
		}
	})
}

func TestPinsLeaveNothingBehind(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(s *scenario) error
	}{
		{"hard delete", func(s *scenario) error { return errOf(s.DeleteMessage(s.ctx, "one", chat.DeleteHard, "")) }},
		{"soft delete", func(s *scenario) error { return errOf(s.DeleteMessage(s.ctx, "one", chat.DeleteSoft, "")) }},
		{"unpinning", func(s *scenario) error { return errOf(s.UnpinMessage(s.ctx, "one")) }},
		{"truncation", func(s *scenario) error { return s.TruncateChannel(s.ctx, square, &chat.TruncateOptions{Hard: true}) }},
		{"channel", func(s *scenario) error { return s.DeleteChannel(s.ctx, square, chat.DeleteHard) }},
	} {
		eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
			pinStory(s)
			before := len(s.dump())
			s.check(errOf(s.As("john").PinMessage(s.ctx, "one", time.Now().Add(time.Hour))))
			if got := len(s.dump()); got != before+3 {
				t.Errorf("a pin made %d keys, want one among the pins and two of a task", got-before)
			}
			s.check(end.do(s))
			s.check(errOf(s.RunDueWork(s.ctx)))
			for key := range s.dump() {
				if len(key) > 9 && key[0] == 'k' && key[9] == 'q' || len(key) > 4 && (key[:4] == "qpin" || key[:4] == "dpin") {
					t.Errorf("%s: the key %q is left", end.name, key)
				}
			}
		})
	}
}

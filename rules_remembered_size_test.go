package chat_test

import (
	"runtime"
	"testing"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// What is remembered of opened channels is bounded: in how many there are, and in
// how large each is. Custom data and mentions would make it any size.

// wantKept makes calls and compares what memory is kept of them, in KB.
func (s *scenario) wantKept(what string, most int64, calls func()) {
	s.t.Helper()
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what is left in pools goes with the second
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc) >> 10
	}
	before := inUse()
	calls()
	kept := inUse() - before
	s.t.Logf("of %s %d KB are kept", what, kept)
	if kept > most {
		s.t.Errorf("of %s %d KB are kept, want at most %d", what, kept, most)
	}
}

func TestWhatIsRememberedOfChannelsIsBounded(t *testing.T) {
	s := newScenario(t, memstore.New(), &chat.Options{NoBackground: true}, false)
	users := s.crowd(32000)
	large, small := s.channel("livestream:large", "john"), s.channel("livestream:small", "john")
	s.check(second(s.PatchChannel(s.ctx, large, chat.Patch{Set: customOf(5 << 10)})))
	open := func(cid chat.CID, users []chat.UserID) func() {
		return func() {
			for _, id := range users {
				_, err := s.As(id).Channel(s.ctx, cid)
				s.check(err)
			}
		}
	}
	open(small, users[:1])()
	s.wantKept("a large channel that 1,000 users opened", 1000, open(large, users[:1000]))
	s.wantKept("a small channel that 32,000 users opened", 26000, open(small, users))
}

func TestWhatIsRememberedOfMentionsIsBounded(t *testing.T) {
	s := newScenario(t, memstore.New(), &chat.Options{NoBackground: true}, false)
	users := s.crowd(100)
	s.users("john")
	s.channel(lounge, "john")
	s.join(lounge, users...)
	for range 1000 {
		s.send(lounge, "john", chat.Draft{Text: "all of you", MentionAll: true}, nil)
	}
	look := func(users []chat.UserID) func() {
		return func() {
			for _, id := range users {
				c, err := s.As(id).Channel(s.ctx, lounge)
				s.check(err)
				if c.UnreadMentions != 1000 {
					t.Fatalf("%d of 1,000 mentions are unread", c.UnreadMentions)
				}
			}
		}
	}
	look(users[:1])()
	s.wantKept("1,000 mentions of 99 members", 1000, look(users[1:]))
}

// Whatever is large about a channel and its caller: it is read each time.
func TestWhatIsLargeIsNotRemembered(t *testing.T) {
	for what, enlarge := range map[string]func(*scenario){
		"nothing": nil,
		"the channel": func(s *scenario) {
			s.check(second(s.PatchChannel(s.ctx, lounge, chat.Patch{Set: customOf(3 << 10)})))
		},
		"the user": func(s *scenario) {
			s.check(second(s.PatchUser(s.ctx, "jane", chat.Patch{Set: customOf(3 << 10)})))
		},
		"the member": func(s *scenario) {
			s.check(second(s.UpdateMember(s.ctx, lounge, "jane", chat.MemberUpdate{Custom: customOf(3 << 10)})))
		},
		"what they deleted for themselves": func(s *scenario) {
			for range 200 {
				s.check(s.As("jane").DeleteMessageForMe(s.ctx, s.as("john").send(lounge, "words").ID))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			store := &countedStore{Store: memstore.New()}
			s := newScenario(t, store, &chat.Options{NoBackground: true, MaxDeletedForMe: 200}, false)
			s.channel(lounge, "jane", "john")
			m := s.as("john").send(lounge, "words")
			if enlarge != nil {
				enlarge(s)
			}
			read := func() int {
				t.Helper()
				before := store.keys
				s.check(second(s.As("jane").Message(s.ctx, m.ID)))
				return store.keys - before
			}
			if first, again := read(), read(); (again < first/2) != (enlarge == nil) {
				t.Errorf("a call reads %d keys, and the same call %d", first, again)
			}
		})
	}
}

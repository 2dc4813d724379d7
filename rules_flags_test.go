package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// flagger is who put a flag; empty for a block list.
func flagger(f chat.Flag) chat.UserID {
	if f.By == nil {
		return ""
	}
	return f.By.ID
}

// flagged lists flags as "by→what: reason".
func flagged(list []chat.Flag) []string {
	var lines []string
	for _, f := range list {
		what := string(f.User.ID)
		if f.Message != nil {
			what = string(f.Message.ID)
		}
		lines = append(lines, fmt.Sprintf("%s→%s: %s", flagger(f), what, f.Reason))
	}
	return lines
}

func (s *scenario) wantFlags(by chat.UserID, cid chat.CID, want ...string) {
	s.t.Helper()
	list := s.Flags
	if by != "" {
		list = s.As(by).Flags
	}
	page, err := list(s.ctx, chat.FlagQuery{CID: cid, Limit: 100})
	s.check(err)
	if got := flagged(page.Items); !slices.Equal(got, want) {
		s.t.Errorf("%q lists the flags %q of %q, want %q", by, got, cid, want)
	}
	// By pages it is the same.
	var got []string
	for q := (chat.FlagQuery{CID: cid, Limit: 1}); ; {
		page, err := list(s.ctx, q)
		s.check(err)
		got = append(got, flagged(page.Items)...)
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%q lists the flags %q of %q by pages, want %q", by, got, cid, want)
	}
}

// flagged lets a moment pass after a flag, so that no two are of the same time.
func (s *scenario) flagged(err error) {
	s.t.Helper()
	s.check(err)
	s.sleep(time.Microsecond)
}

func flagStory(s *scenario) {
	s.t.Helper()
	commandStory(s)
	s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
	s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
	s.channel("messaging:other", "jane", "john")
	s.as("john").post(commandRoom, chat.Draft{ID: "one", Text: "one"})
	s.as("john").post(commandRoom, chat.Draft{ID: "two", Text: "two"})
	s.as("john").post("messaging:other", chat.Draft{ID: "far", Text: "far"})
	s.send(commandRoom, "john", chat.Draft{ID: "private", Text: "hush", Restricted: []chat.UserID{"jane"}}, nil)
}

func TestFlagIsListedForModeratorsAndTheApplication(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		jane := s.as("jane")
		for _, id := range []chat.MessageID{"two", "one", "far", "private"} {
			s.flagged(jane.FlagMessage(s.ctx, id, "rude "+string(id)))
		}
		s.flagged(jane.FlagUser(s.ctx, "john", "a rude one"))
		s.flagged(s.As("mod").FlagMessage(s.ctx, "one", ""))
		s.wantFlags("", "", "jane→two: rude two", "jane→one: rude one", "jane→far: rude far", "jane→private: rude private", "jane→john: a rude one", "mod→one: ")
		s.wantFlags("", commandRoom, "jane→two: rude two", "jane→one: rude one", "jane→private: rude private", "mod→one: ")
		s.wantFlags("boss", commandRoom, "jane→two: rude two", "jane→one: rude one", "jane→private: rude private", "mod→one: ")
		s.wantFlags("mod", commandRoom, "jane→two: rude two", "jane→one: rude one", "mod→one: ")
		s.wantFlags("sheriff", "", "jane→two: rude two", "jane→one: rude one", "jane→far: rude far", "jane→john: a rude one", "mod→one: ")
		for _, c := range []struct {
			by   chat.UserID
			cid  chat.CID
			kind error
		}{
			{"jane", commandRoom, chat.ErrPermission},
			{"jane", "", chat.ErrPermission},
			{"mod", "", chat.ErrPermission},
			{"mod", "messaging:other", chat.ErrNotFound},
			{"ned", commandRoom, chat.ErrNotFound},
		} {
			_, err := s.As(c.by).Flags(s.ctx, chat.FlagQuery{CID: c.cid})
			wantErr(t, err, c.kind)
		}
		page, err := s.Flags(s.ctx, chat.FlagQuery{CID: commandRoom, Limit: 1})
		s.check(err)
		if f := page.Items[0]; f.Message == nil || f.Message.Text != "two" || f.User.ID != "john" || f.CreatedAt.IsZero() {
			t.Errorf("the flag is %+v", f)
		}
		_, err = s.Flags(s.ctx, chat.FlagQuery{Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestFlaggingWhatOneCannotSeeIsNotFound(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		for user, ids := range map[chat.UserID][]chat.MessageID{"owner": {"private", "far", "never"}, "ned": {"one"}} {
			for _, id := range ids {
				if e := wantErr(t, s.As(user).FlagMessage(s.ctx, id, "x"), chat.ErrNotFound); e.Reason != `message "`+string(id)+`" not found` {
					t.Errorf("%s flags %s: %v", user, id, e)
				}
			}
		}
		wantErr(t, s.As("jane").FlagUser(s.ctx, "nobody", "x"), chat.ErrNotFound)
		s.wantFlags("", "")
	})
}

func TestFlagNeedsItsPermission(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		s.channel("livestream:show", "boss")
		s.as("boss").post("livestream:show", chat.Draft{ID: "show", Text: "Welcome"})
		wantErr(t, s.As("anon").FlagMessage(s.ctx, "show", "x"), chat.ErrPermission)
		wantErr(t, s.As("anon").FlagUser(s.ctx, "john", "x"), chat.ErrPermission)
		wantFieldErr(t, s.As("jane").FlagUser(s.ctx, "jane", "x"), chat.ErrInvalid, "user")
		long := strings.Repeat("x", 1001)
		wantFieldErr(t, s.As("jane").FlagUser(s.ctx, "john", long), chat.ErrTooLong, "reason")
		wantFieldErr(t, s.As("jane").FlagMessage(s.ctx, "one", long), chat.ErrTooLong, "reason")
		held := s.send(commandRoom, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		wantErr(t, s.As("jane").FlagMessage(s.ctx, held.ID, "x"), chat.ErrPending)
		s.check(second(s.DeleteMessage(s.ctx, "two", chat.DeleteSoft, "")))
		wantErr(t, s.As("jane").FlagMessage(s.ctx, "two", "x"), chat.ErrDeleted)
		s.check(s.As("jane").DeleteMessageForMe(s.ctx, "one"))
		wantErr(t, s.As("jane").FlagMessage(s.ctx, "one", "x"), chat.ErrDeleted)
		s.wantFlags("", "")
	})
}

func TestFlagAgainReplacesTheReasonAndKeepsItsPlace(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		jane := s.as("jane")
		s.flagged(jane.FlagMessage(s.ctx, "one", "a"))
		s.flagged(jane.FlagUser(s.ctx, "john", "a"))
		s.flagged(jane.FlagMessage(s.ctx, "two", "a"))
		s.flagged(jane.FlagMessage(s.ctx, "one", "b"))
		s.flagged(jane.FlagUser(s.ctx, "john", "c"))
		s.wantFlags("", "", "jane→one: b", "jane→john: c", "jane→two: a")
	})
}

func TestUnflagRemovesAllFlags(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		before := s.dump()
		for _, user := range []chat.UserID{"jane", "mod"} {
			s.flagged(s.As(user).FlagMessage(s.ctx, "one", ""))
			s.flagged(s.As(user).FlagUser(s.ctx, "john", ""))
		}
		s.check(s.UnflagMessage(s.ctx, "one"))
		s.wantFlags("", "", "jane→john: ", "mod→john: ")
		s.check(s.UnflagUser(s.ctx, "john"))
		s.check(s.UnflagUser(s.ctx, "john"))
		s.check(s.UnflagUser(s.ctx, "nobody"))
		wantErr(t, s.UnflagMessage(s.ctx, "never"), chat.ErrNotFound)
		s.wantFlags("", "")
		wantSame(t, "what is stored", s.dump(), before)
	})
}

func TestFlagsGoWithTheirMessage(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		flagStory(s)
		s.as("john").post(commandRoom, chat.Draft{ID: "reply", Text: "reply", ParentID: "one"})
		for _, id := range []chat.MessageID{"one", "two", "reply", "far"} {
			s.flagged(s.As("jane").FlagMessage(s.ctx, id, ""))
		}
		s.check(second(s.DeleteMessage(s.ctx, "one", chat.DeleteHard, "")))
		s.wantFlags("", "", "jane→two: ", "jane→far: ")
		s.check(second(s.DeleteMessage(s.ctx, "two", chat.DeleteSoft, "")))
		s.wantFlags("", "", "jane→two: ", "jane→far: ")
		s.check(s.TruncateChannel(s.ctx, commandRoom, nil))
		s.wantFlags("", "", "jane→far: ")
		s.check(s.TruncateChannel(s.ctx, commandRoom, &chat.TruncateOptions{Hard: true}))
		s.check(s.DeleteChannel(s.ctx, "messaging:other", chat.DeleteHard))
		s.wantFlags("", "")
		s.check(second(s.RunDueWork(s.ctx)))
		for key := range s.dump() {
			if key[0] == 'f' {
				t.Errorf("the key %q is left in the list of flags", key)
			}
		}
	})
}

func TestFlagsStayWhenAPendingMessageOfTheSameMomentGoes(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(commandRoom, "owner", "jane", "john")
		for _, id := range []chat.MessageID{"looked at", "deleted"} {
			pending := "pending " + id
			s.send(commandRoom, "john", chat.Draft{ID: pending, Text: "x"}, &chat.SendOptions{Pending: chat.PendingOn})
			s.as("jane").post(commandRoom, chat.Draft{ID: id, Text: "x"})
			s.flagged(s.As("john").FlagMessage(s.ctx, id, "rude"))
			if id == "looked at" {
				s.check(s.UnflagMessage(s.ctx, pending))
				continue
			}
			_, err := s.DeleteMessage(s.ctx, pending, chat.DeleteHard, "")
			s.check(err)
		}
		s.wantFlags("", commandRoom, "john→looked at: rude", "john→deleted: rude")
	})
}

// TestFlagsPassedOverAreBounded: of many flags that a moderator may not see, one
// call passes over some, and says where to go on.
func TestFlagsPassedOverAreBounded(t *testing.T) {
	const hidden = 1200
	for name, apart := range map[string]time.Duration{"one after another": time.Microsecond, "all in one moment": 0} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, s *scenario) {
				flagStory(s)
				jane := s.as("jane")
				s.flagged(jane.FlagMessage(s.ctx, "one", "first"))
				for i := range hidden {
					id := chat.MessageID(fmt.Sprint("hidden", i))
					s.send(commandRoom, "john", chat.Draft{ID: id, Text: "hush", Restricted: []chat.UserID{"jane"}}, nil)
					s.check(jane.FlagMessage(s.ctx, id, ""))
					s.sleep(apart)
				}
				s.sleep(time.Microsecond)
				s.flagged(jane.FlagMessage(s.ctx, "two", "last"))
				for by, cid := range map[chat.UserID]chat.CID{"mod": commandRoom, "sheriff": ""} {
					for _, limit := range []int{1, 25, 300} {
						var got []string
						pages := 0
						for q := (chat.FlagQuery{CID: cid, Limit: limit}); ; {
							page, err := s.As(by).Flags(s.ctx, q)
							s.check(err)
							got = append(got, flagged(page.Items)...)
							if pages++; pages == 1 && (len(got) != 1 || page.Next == "") {
								t.Errorf("%s, %d: the first page is %q, and next %q", by, limit, got, page.Next)
							}
							if q.Page = page.Next; q.Page == "" {
								break
							}
						}
						if want := []string{"jane→one: first", "jane→two: last"}; !slices.Equal(got, want) {
							t.Errorf("%s, %d: the flags are %q, want %q", by, limit, got, want)
						}
						if most := 2 + hidden/500; pages > most {
							t.Errorf("%s, %d: %d pages, want at most %d", by, limit, pages, most)
						}
					}
				}
			})
		})
	}
}

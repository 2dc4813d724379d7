package chat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// many are n strings of a form with a number in it.
func many[T ~string](n int, form string) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(fmt.Sprintf(form, i))
	}
	return list
}

// customOf is custom data of so many bytes of compact JSON.
func customOf(bytes int) chat.Custom {
	return chat.Custom{"a": strings.Repeat("x", bytes-len(`{"a":""}`))}
}

// crowd makes n users, u0 to u(n-1).
func (s *scenario) crowd(n int) []chat.UserID {
	s.t.Helper()
	list := many[chat.UserID](n, "u%d")
	for from := 0; from < n; from += 100 {
		var users []chat.User
		for _, id := range list[from:min(n, from+100)] {
			users = append(users, chat.User{ID: id})
		}
		s.check(s.UpsertUsers(s.ctx, users...))
	}
	return list
}

// join makes users members, however many.
func (s *scenario) join(cid chat.CID, users ...chat.UserID) {
	s.t.Helper()
	for from := 0; from < len(users); from += 100 {
		var members []chat.MemberDraft
		for _, id := range users[from:min(len(users), from+100)] {
			members = append(members, chat.MemberDraft{UserID: id})
		}
		s.check(s.AddMembers(s.ctx, cid, members, nil))
	}
}

func TestLimitOfAMessageID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for _, char := range []string{"x", "é", "\U0001F600"} { // characters, not bytes
			id := chat.MessageID(strings.Repeat(char, 255))
			s.as("jane").post(room, chat.Draft{ID: id, Text: "hi"})
			s.as("john").sees(id)
			s.as("jane").post(room, chat.Draft{ID: id[:len(id)-len(char)] + "r", Text: "reply", ParentID: id, ShowInChannel: true})
			s.as("jane").post(room, chat.Draft{Text: "quote", QuotedID: id})
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{ID: id + "x", Text: "hi"})
			wantFieldErr(t, err, chat.ErrInvalid, "id")
			_, err = s.as("john").DeleteMessage(s.ctx, id, chat.DeleteSoft)
			wantErr(t, err, chat.ErrPermission)
			_, err = s.DeleteMessage(s.ctx, id, chat.DeleteHard, "")
			s.check(err)
		}
		s.as("jane").post(room, chat.Draft{ID: "x", Text: "hi"})
		for _, id := range []chat.MessageID{"a,b", "a%", "a\nb", "\x7f", "\u0085", "\x00", "\xff"} {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{ID: id, Text: "hi"})
			wantFieldErr(t, err, chat.ErrInvalid, "id")
		}
	})
}

func TestLimitOfAUserID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		long := chat.UserID(strings.Repeat("x", 255))
		s.channel(room, long, "a", "Az09@._-|:+")
		s.as(long).send(room, "hi")
		s.as("Az09@._-|:+").wantUnread(room, 1)
		s.check(s.as("a").MuteUser(s.ctx, long, 0))
		s.as("a").wantUnread(room, 0)
		err := s.UpsertUsers(s.ctx, chat.User{ID: long + "x"})
		wantFieldErr(t, err, chat.ErrInvalid, "users[0].id")
	})
}

func TestLimitOfACID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane")
		word := strings.Repeat("x", 64)
		_, err := s.CreateChannelType(s.ctx, chat.ChannelType{Name: word, Grants: map[chat.Role][]chat.Action{
			chat.RoleUser: {chat.ReadChannel, chat.CreateMessage},
		}})
		s.check(err)
		longest := chat.CID(word + ":" + word)
		s.channel(longest, "jane")
		s.channel("messaging:aZ09-_!", "jane")
		s.as("jane").post(longest, chat.Draft{ID: chat.MessageID(strings.Repeat("\U0001F600", 255)), Text: "hi"})
		s.as("jane").wantTexts(longest, "hi")
		for _, cid := range []chat.CID{longest + "x", chat.CID("x" + word + ":x")} {
			_, err = s.EnsureChannel(s.ctx, cid, chat.ChannelDraft{CreatedBy: "jane"})
			wantFieldErr(t, err, chat.ErrInvalid, "cid")
		}
		_, err = s.CreateChannelType(s.ctx, chat.ChannelType{Name: word + "x"})
		wantFieldErr(t, err, chat.ErrInvalid, "name")
	})
}

func TestLimitOfATextIsThatOfTheChannelType(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		atMost := func(n int) {
			t.Helper()
			for _, char := range []string{"x", "\U0001F600"} { // runes, not bytes
				text := strings.Repeat(char, n)
				m := s.as("jane").send(room, text)
				s.as("jane").update(m.ID, chat.MessageUpdate{Text: text})
				for what, run := range map[string]func() error{
					"Send": func() error { return errOf(s.as("jane").Send(s.ctx, room, chat.Draft{Text: text + "x"})) },
					"UpdateMessage": func() error {
						return errOf(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: text + "x"}))
					},
					"PatchMessage": func() error { return errOf(s.PatchMessage(s.ctx, m.ID, set("text", text+"x"))) },
					"Send as app":  func() error { return errOf(s.Send(s.ctx, room, "jane", chat.Draft{Text: text + "x"}, nil)) },
					"UpdateChannel": func() error {
						return errOf(s.UpdateChannel(s.ctx, room, chat.ChannelUpdate{}, &chat.SystemMessage{Text: text + "x"}))
					},
				} {
					err := run()
					if err == nil {
						t.Errorf("%s takes %d characters, want at most %d", what, n+1, n)
						continue
					}
					e := wantErr(t, err, chat.ErrTooLong)
					if !strings.HasSuffix(e.Field, "text") {
						t.Errorf("the error of %s names the field %q", what, e.Field)
					}
				}
			}
		}
		atMost(5000)
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error { kind.MaxMessageLength = 20_000; return nil }))
		atMost(20_000)
		one := 1
		_, err := s.SetOverrides(s.ctx, room, chat.ChannelOverrides{MaxMessageLength: &one})
		s.check(err)
		atMost(1)
		for _, n := range []int{0, -1, 20_001} {
			_, err := s.SetOverrides(s.ctx, room, chat.ChannelOverrides{MaxMessageLength: &n})
			wantFieldErr(t, err, chat.ErrInvalid, "config_overrides.max_message_length")
			err = s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error { kind.MaxMessageLength = n; return nil })
			wantFieldErr(t, err, chat.ErrInvalid, "max_message_length")
		}
	})
}

func TestLimitOfAttachments(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").send(room, "hi")
		refused := func(list []chat.Attachment, field string) {
			t.Helper()
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Attachments: list})
			wantFieldErr(t, err, chat.ErrInvalid, field)
			_, err = s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Attachments: list}, nil)
			wantFieldErr(t, err, chat.ErrInvalid, field)
			_, err = s.as("jane").PatchMessage(s.ctx, m.ID, set("attachments", list))
			wantFieldErr(t, err, chat.ErrInvalid, field)
		}
		accepted := func(list []chat.Attachment) {
			t.Helper()
			wantSame(t, "attachments sent", s.as("jane").post(room, chat.Draft{Attachments: list}).Attachments, list)
			wantSame(t, "attachments updated", s.as("jane").update(m.ID, chat.MessageUpdate{Attachments: list}).Attachments, list)
			wantSame(t, "attachments patched", s.as("jane").patch(m.ID, set("attachments", list)).Attachments, list)
		}
		accepted(make([]chat.Attachment, 30))
		refused(make([]chat.Attachment, 31), "attachments")

		sized := func(bytes int) []chat.Attachment {
			list := []chat.Attachment{{Type: "image", Custom: chat.Custom{"n": 1.0}}, {Title: "<&>"}}
			frame, err := json.Marshal(list)
			s.check(err)
			// Compact JSON leaves < > & as they are; json.Marshal writes six bytes.
			list[1].Title += strings.Repeat("x", bytes-len(frame)+3*5)
			return list
		}
		accepted(sized(5 << 10))
		refused(sized(5<<10+1), "attachments")

		accepted([]chat.Attachment{{Type: strings.Repeat("x", 64)}})
		refused([]chat.Attachment{{Type: strings.Repeat("x", 65)}}, "attachments[0].type")
		refused([]chat.Attachment{{Type: strings.Repeat("é", 33)}}, "attachments[0].type")
	})
}

func TestLimitOfMentionedUsers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		crowd := s.crowd(26)
		m := s.as("jane").post(room, chat.Draft{Text: "hi", Mentions: append(crowd[:25:25], crowd[0])}) // 25, one twice
		if len(m.MentionedUsers) != 25 {
			t.Errorf("%d users are mentioned, want 25", len(m.MentionedUsers))
		}
		s.as("jane").update(m.ID, chat.MessageUpdate{Text: "hi", Mentions: crowd[:25]})
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Mentions: crowd})
		wantFieldErr(t, err, chat.ErrInvalid, "mentioned_users")
		_, err = s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "hi", Mentions: crowd})
		wantFieldErr(t, err, chat.ErrInvalid, "mentioned_users")
		_, err = s.as("jane").PatchMessage(s.ctx, m.ID, set("mentioned_users", crowd))
		wantFieldErr(t, err, chat.ErrInvalid, "mentioned_users")
	})
}

func TestLimitOfCustomData(t *testing.T) {
	const limit = 5 << 10
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").send(room, "hi")
		for what, give := range map[string]func(chat.Custom) error{
			"a message": func(c chat.Custom) error {
				return errOf(s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Custom: c}))
			},
			"an update": func(c chat.Custom) error {
				return errOf(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "hi", Custom: c}))
			},
			"a patch": func(c chat.Custom) error { return errOf(s.as("jane").PatchMessage(s.ctx, m.ID, set("a", c["a"]))) },
			"a user":  func(c chat.Custom) error { return s.UpsertUsers(s.ctx, chat.User{ID: "ann", Custom: c}) },
			"a channel": func(c chat.Custom) error {
				return errOf(s.UpdateChannel(s.ctx, room, chat.ChannelUpdate{Custom: c}, nil))
			},
			"a channel's part": func(c chat.Custom) error { return errOf(s.PatchChannel(s.ctx, room, set("a", c["a"]))) },
			"a member": func(c chat.Custom) error {
				return errOf(s.UpdateMember(s.ctx, room, "jane", chat.MemberUpdate{Custom: c}))
			},
			"a new member": func(c chat.Custom) error {
				s.users("bob")
				s.check(s.RemoveMembers(s.ctx, room, []chat.UserID{"bob"}, nil))
				return s.AddMembers(s.ctx, room, []chat.MemberDraft{{UserID: "bob", Custom: c}}, nil)
			},
			"a system message": func(c chat.Custom) error {
				return errOf(s.UpdateChannel(s.ctx, room, chat.ChannelUpdate{}, &chat.SystemMessage{Text: "x", Custom: c}))
			},
		} {
			if err := give(customOf(limit)); err != nil {
				t.Errorf("%s with %d bytes: %v", what, limit, err)
			}
			if err := give(customOf(limit + 1)); err == nil {
				t.Errorf("%s takes %d bytes", what, limit+1)
			} else if e := wantErr(t, err, chat.ErrInvalid); !strings.Contains(e.Field, "custom") {
				t.Errorf("%s: the error names the field %q", what, e.Field)
			}
		}
	})
}

func TestLimitOfARestrictedAudience(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane")
		crowd := s.crowd(101)
		s.join(room, crowd...)
		m := s.send(room, "jane", chat.Draft{Text: "hi", Restricted: append(crowd[:100:100], crowd[0])}, nil)
		s.as(crowd[99]).sees(m.ID)
		s.as(crowd[100]).notSees(m.ID)
		_, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", Restricted: crowd}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
	})
	eachDriverWith(t, &chat.Options{MaxRestricted: 2}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann", "bob")
		s.send(room, "jane", chat.Draft{Text: "hi", Restricted: []chat.UserID{"john", "ann"}}, nil)
		_, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi", Restricted: []chat.UserID{"john", "ann", "bob"}}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "restricted_visibility")
	})
}

func TestLimitOfPendingMetadata(t *testing.T) {
	const limit = 5 << 10
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		give := func(bytes int) error {
			return errOf(s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{
				Pending: chat.PendingOn, PendingMetadata: map[string]string{"a": strings.Repeat("x", bytes-len(`{"a":""}`))},
			}))
		}
		s.check(give(limit))
		wantFieldErr(t, give(limit+1), chat.ErrInvalid, "pending_message_metadata")
		_, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{PendingMetadata: map[string]string{"a": "b"}})
		wantFieldErr(t, err, chat.ErrInvalid, "pending_message_metadata")
	})
}

func TestLimitOfNames(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		name := strings.Repeat("é", 255)
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "ann", Name: name}))
		_, err := s.PatchChannel(s.ctx, room, set("name", name))
		s.check(err)
		wantFieldErr(t, s.UpsertUsers(s.ctx, chat.User{ID: "ann", Name: name + "x"}), chat.ErrInvalid, "users[0].name")
		_, err = s.UpdateChannel(s.ctx, room, chat.ChannelUpdate{Name: name + "x"}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "name")
		_, err = s.PatchChannel(s.ctx, room, set("name", name+"x"))
		wantFieldErr(t, err, chat.ErrInvalid, "name")
		_, err = s.EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{CreatedBy: "jane", Name: name + "x"})
		wantFieldErr(t, err, chat.ErrInvalid, "name")
	})
}

func TestLimitOfPagesOfEachList(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for field, list := range map[string]struct {
			most int
			read func(n int) error
		}{
			"limit of messages": {300, func(n int) error { return errOf(s.as("jane").Messages(s.ctx, room, chat.MessageQuery{Limit: n})) }},
			"limit of members":  {300, func(n int) error { return errOf(s.as("jane").Members(s.ctx, room, chat.MemberQuery{Limit: n})) }},
			"limit of users":    {300, func(n int) error { return errOf(s.Users(s.ctx, chat.UserQuery{Limit: n})) }},
			"limit of pending":  {300, func(n int) error { return errOf(s.PendingMessages(s.ctx, chat.PendingQuery{Limit: n})) }},
			"limit of channels": {30, func(n int) error { return errOf(s.as("jane").Channels(s.ctx, chat.ChannelQuery{Limit: n})) }},
			"messages of each":  {300, func(n int) error { return errOf(s.as("jane").Channels(s.ctx, chat.ChannelQuery{Messages: n})) }},
			"members of each":   {100, func(n int) error { return errOf(s.as("jane").Channels(s.ctx, chat.ChannelQuery{Members: n})) }},
		} {
			name, _, _ := strings.Cut(field, " ")
			s.check(list.read(0))
			s.check(list.read(1))
			s.check(list.read(list.most))
			wantFieldErr(t, list.read(list.most+1), chat.ErrInvalid, name)
			wantFieldErr(t, list.read(-2), chat.ErrInvalid, name)
		}
	})
}

func TestLimitOfAListInOneCall(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		crowd := s.crowd(101)
		s.channel(room, "jane")
		users, members := make([]chat.User, 101), make([]chat.MemberDraft, 101)
		for i, id := range crowd {
			users[i], members[i] = chat.User{ID: id}, chat.MemberDraft{UserID: id}
		}
		s.check(s.UpsertUsers(s.ctx, users[:100]...))
		wantFieldErr(t, s.UpsertUsers(s.ctx, users...), chat.ErrInvalid, "users")
		s.check(s.AddMembers(s.ctx, room, members[:100], nil))
		wantFieldErr(t, s.AddMembers(s.ctx, room, members, nil), chat.ErrInvalid, "members")
		s.check(s.RemoveMembers(s.ctx, room, crowd[:100], nil))
		wantFieldErr(t, s.RemoveMembers(s.ctx, room, crowd, nil), chat.ErrInvalid, "members")
		_, err := s.EnsureChannel(s.ctx, "messaging:a", chat.ChannelDraft{CreatedBy: "jane", Members: crowd[:100]})
		s.check(err)
		_, err = s.EnsureChannel(s.ctx, "messaging:b", chat.ChannelDraft{CreatedBy: "jane", Members: crowd})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
		_, err = s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane", Members: crowd})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
		_, err = s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane", Members: crowd[:1]})
		wantFieldErr(t, err, chat.ErrInvalid, "members")
	})
}

func TestLimitOfHTMLOfTheApplication(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		html := strings.Repeat("x", 100_000)
		if m := s.send(room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{HTML: html}); m.HTML != html {
			t.Errorf("%d bytes of html become %d", len(html), len(m.HTML))
		}
		_, err := s.Send(s.ctx, room, "jane", chat.Draft{Text: "hi"}, &chat.SendOptions{HTML: html + "x"})
		wantFieldErr(t, err, chat.ErrInvalid, "html")
	})
}

func TestLimitsOfOptionsAndSettings(t *testing.T) {
	for _, o := range []chat.Options{
		{MaxRestricted: -1},
		{MaxRestricted: 1001},
		{MaxDeletedForMe: -1},
		{MaxDeletedForMe: 1001},
		{MaxMutes: -1},
		{MaxMutes: 10_001},
		{PendingGiveUp: -1},
	} {
		app, err := chat.New(nil, &o)
		if wantErr(t, err, chat.ErrInvalid).Field == "" || app != nil {
			t.Errorf("New with %+v answers %v, %v", o, app, err)
		}
	}
	_, err := chat.New(nil, nil)
	wantFieldErr(t, err, chat.ErrInvalid, "store")
	eachDriverWith(t, &chat.Options{MaxRestricted: 1000, MaxDeletedForMe: 1000, MaxMutes: 10_000}, func(t *testing.T, s *scenario) {
		timeout := func(d time.Duration) error {
			return s.UpdateSettings(s.ctx, func(set *chat.Settings) error { set.AsyncModeration.Timeout = d; return nil })
		}
		for _, d := range []time.Duration{time.Millisecond, 10 * 365 * 24 * time.Hour} {
			s.check(timeout(d))
		}
		for _, d := range []time.Duration{-1, -time.Hour, time.Microsecond, time.Millisecond + 1, 1<<63 - 1} {
			if e := wantErr(t, timeout(d), chat.ErrInvalid); !strings.HasSuffix(e.Field, "timeout_ms") {
				t.Errorf("the error for %v names the field %q", d, e.Field)
			}
		}
	})
}

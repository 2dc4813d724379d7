package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7: query channels.

// fleet makes channels a to e that Jane is a member of, a minute apart, and one
// that she is not:
//
//	a  messaging, "Airport", red, 2 members, message 1 (read)
//	b  messaging, "Bus stop", blue, 3 members, messages 2 and 5 (both unread)
//	c  team, "Central station", no color, 1 member, no message, frozen
//	d  messaging, no name, color null, 2 members, message 3 (unread), muted
//	e  messaging, "Airship", nested data, 2 members, message 4 (unread), hidden
//	x  messaging, without Jane
func fleet(s *scenario) {
	s.t.Helper()
	s.users("jane", "john", "mary")
	minute := func() { s.sleep(time.Minute) }
	create := func(cid chat.CID, by chat.UserID, name string, custom chat.Custom, members ...chat.UserID) {
		_, err := s.EnsureChannel(s.ctx, cid, chat.ChannelDraft{CreatedBy: by, Name: name, Custom: custom, Members: members})
		s.check(err)
		minute()
	}
	create("messaging:a", "jane", "Airport", chat.Custom{"color": "red", "size": 3, "tags": []string{"fast", "cheap"}, "due": "2000-06-01T00:00:00Z"}, "jane", "john")
	create("messaging:b", "john", "Bus stop", chat.Custom{"color": "blue", "size": 5.5}, "jane", "john", "mary")
	create("team:c", "jane", "Central station", nil, "jane")
	create("messaging:d", "mary", "", chat.Custom{"color": nil, "size": "3"}, "jane", "mary")
	create("messaging:e", "john", "Airship", chat.Custom{"ride": chat.Custom{"status": "done", "stops": []int{1, 2}}, "open": true}, "jane", "john")
	create("messaging:x", "john", "Xanadu", chat.Custom{"color": "red"}, "john", "mary")
	say := func(cid chat.CID, text string) {
		s.send(cid, "john", chat.Draft{Text: text}, nil)
		minute()
	}
	say("messaging:a", "1")
	s.check(s.As("jane").MarkRead(s.ctx, "messaging:a"))
	say("messaging:b", "2")
	say("messaging:d", "3")
	say("messaging:e", "4")
	say("messaging:b", "5")
	say("messaging:x", "6")
	_, err := s.SetFrozen(s.ctx, "team:c", true)
	s.check(err)
	s.check(s.As("jane").MuteChannel(s.ctx, "messaging:d", 0))
	s.check(s.As("jane").HideChannel(s.ctx, "messaging:e", false))
	minute()
}

// named are the channels of the fleet by their letters.
func named(states []chat.ChannelState) string {
	letters := ""
	for _, state := range states {
		letters += state.Channel.CID.ID()
	}
	return letters
}

func TestChannelsAreFilteredByEachField(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		fleet(s)
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		made := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
		both := chat.In("hidden", true, false) // the hidden one too
		for _, c := range []struct {
			name   string
			filter chat.Filter
			want   string
		}{
			{"none", chat.Filter{}, "abcd"},
			{"hidden or not", both, "abcde"},
			{"hidden", chat.Eq("hidden", true), "e"},
			{"not hidden", chat.Eq("hidden", false), "abcd"},
			{"hidden exists", chat.Exists("hidden", true), "abcde"},

			{"type =", chat.Eq("type", "team"), "c"},
			{"type in", chat.In("type", "team", "gaming"), "c"},
			{"type > ", chat.Gt("type", "messaging"), "c"},
			{"type autocomplete", chat.Autocomplete("type", "MESS"), "abd"},
			{"cid =", chat.Eq("cid", "messaging:b"), "b"},
			{"cid in", chat.In("cid", "messaging:b", "team:c", "messaging:x", "messaging:nowhere"), "bc"},
			{"cid <", chat.Lt("cid", "messaging:c"), "ab"},
			{"id =", chat.Eq("id", "d"), "d"},
			{"id >=", chat.Gte("id", "c"), "cd"},
			{"name =", chat.Eq("name", "Airport"), "a"},
			{"name autocomplete", chat.And(both, chat.Autocomplete("name", "air")), "ae"},
			{"name autocomplete, second word", chat.Autocomplete("name", "Stat"), "c"},
			{"name <=", chat.And(chat.Lte("name", "Bus stop"), chat.Gt("name", "")), "ab"},
			{"created_by =", chat.Eq("created_by", "john"), "b"},
			{"created_by in", chat.And(both, chat.In("created_by", []string{"john", "mary"})), "bde"},

			{"members =", chat.Eq("members", "mary"), "bd"},
			{"members in", chat.In("members", "mary", "ghost"), "bd"},
			{"members contains", chat.Contains("members", "mary"), "bd"},
			{"members are", chat.Eq("members", []string{"john", "jane"}), "a"},
			{"members exist", chat.Exists("members", true), "abcd"},
			{"members of one's own", chat.Eq("members", "jane"), "abcd"},
			{"member_count =", chat.Eq("member_count", 3), "b"},
			{"member_count >", chat.Gt("member_count", 1), "abd"},
			{"member_count <=", chat.Lte("member_count", 1), "c"},
			{"member_count in", chat.In("member_count", 1, 3), "bc"},

			{"created_at =", chat.Eq("created_at", made(1)), "b"},
			{"created_at >", chat.Gt("created_at", made(1)), "cd"},
			{"created_at >= text", chat.Gte("created_at", "2000-01-01T00:01:00Z"), "bcd"},
			{"created_at <", chat.Lt("created_at", made(1)), "a"},
			{"updated_at >", chat.Gt("updated_at", made(4)), "c"}, // when it was frozen
			{"last_message_at =", chat.Eq("last_message_at", made(6)), "a"},
			{"last_message_at >=", chat.Gte("last_message_at", made(8)), "bd"},
			{"last_message_at absent", chat.Exists("last_message_at", false), "c"},
			{"last_message_at nil", chat.Eq("last_message_at", nil), "c"},

			{"frozen", chat.Eq("frozen", true), "c"},
			{"not frozen", chat.Eq("frozen", false), "abd"},
			{"disabled", chat.Eq("disabled", true), ""},
			{"muted", chat.Eq("muted", true), "d"},
			{"not muted", chat.In("muted", false), "abc"},
			{"pinned", chat.Eq("pinned", true), ""},
			{"not pinned", chat.Eq("pinned", false), "abcd"},
			{"archived", chat.Eq("archived", true), ""},
			{"not archived", chat.Eq("archived", false), "abcd"},
			{"has unread", chat.Eq("has_unread", true), "b"},
			{"has no unread", chat.Eq("has_unread", false), "acd"},

			{"custom =", chat.Eq("color", "red"), "a"},
			{"custom in", chat.In("color", "red", "blue"), "ab"},
			{"custom exists", chat.Exists("color", true), "ab"},
			{"custom absent", chat.Exists("color", false), "cd"},
			{"custom nil", chat.Eq("color", nil), "cd"},
			{"custom number >", chat.Gt("size", 3), "b"},
			{"custom number >=", chat.Gte("size", 3), "ab"},
			{"custom text is no number", chat.Eq("size", "3"), "d"},
			{"custom contains", chat.Contains("tags", "cheap"), "a"},
			{"custom array", chat.Eq("tags", []string{"fast", "cheap"}), "a"},
			{"custom time", chat.Lt("due", made(0).AddDate(1, 0, 0)), "a"},
			{"custom autocomplete", chat.Autocomplete("color", "b"), "b"},
			{"custom path", chat.And(both, chat.Eq("ride.status", "done")), "e"},
			{"custom path contains", chat.And(both, chat.Contains("ride.stops", 2)), "e"},
			{"custom boolean", chat.And(both, chat.Eq("open", true)), "e"},

			{"and", chat.And(chat.Eq("type", "messaging"), chat.Gt("member_count", 2)), "b"},
			{"or", chat.Or(chat.Eq("color", "red"), chat.Eq("frozen", true)), "ac"},
			{"or of different fields with cid", chat.Or(chat.Eq("cid", "messaging:a"), chat.Eq("type", "team")), "ac"},
			{"and of or", chat.And(chat.Or(chat.Eq("id", "a"), chat.Eq("id", "b")), chat.Or(chat.Eq("id", "b"), chat.Eq("id", "c"))), "b"},
			{"and of nothing", chat.And(), "abcd"},
			{"or of nothing", chat.Or(), ""},
			{"in of nothing", chat.In("type"), ""},
		} {
			page, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Filter: c.filter, Sort: chat.ByCreated, Ascending: true, Limit: 30})
			s.check(err)
			if got := named(page.Items); got != c.want {
				t.Errorf("by %s Jane finds %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestAWrongFilterIsRefused(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel("messaging:a", "jane")
		deep := chat.Eq("type", "messaging")
		for range 9 {
			deep = chat.And(deep)
		}
		many := slices.Repeat([]chat.Filter{chat.Eq("type", "team")}, 101)
		for field, f := range map[string]chat.Filter{
			"filter.type":         chat.Eq("type", 1),
			"filter.frozen":       chat.Gt("frozen", true),
			"filter.member_count": chat.Eq("member_count", "3"),
			"filter.created_at":   chat.Gt("created_at", "yesterday"),
			"filter.members":      chat.Lt("members", "jane"),
			"filter.name":         chat.Contains("name", "x"),
			"filter.members.x":    chat.Eq("members.x", "jane"),
			"filter.color":        chat.In("color", slices.Repeat([]any{1}, 101)...),
			"filter":              chat.Or(many...),
		} {
			_, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Filter: f})
			wantFieldErr(t, err, chat.ErrInvalid, field)
			_, err = s.Channels(s.ctx, chat.ChannelQuery{Filter: chat.And(f)})
			wantFieldErr(t, err, chat.ErrInvalid, field)
		}
		// What is asked for is no longer than what there can be, and members are
		// asked for by ids that there can be.
		long := strings.Repeat("x", 1025)
		for _, test := range []struct {
			filter chat.Filter
			field  string
			kind   error
		}{
			{chat.Eq("cid", "messaging:"+long), "filter.cid", chat.ErrTooLong},
			{chat.Eq("type", long), "filter.type", chat.ErrTooLong},
			{chat.Eq("id", long), "filter.id", chat.ErrTooLong},
			{chat.In("cid", "messaging:a", long), "filter.cid", chat.ErrTooLong},
			{chat.Gt("cid", long), "filter.cid", chat.ErrTooLong},
			{chat.Eq("name", long), "filter.name", chat.ErrTooLong},
			{chat.Eq("created_by", long), "filter.created_by", chat.ErrTooLong},
			{chat.Eq("members", long), "filter.members", chat.ErrTooLong},
			{chat.Eq("members", ""), "filter.members", chat.ErrInvalid},
			{chat.Eq("members", "a b"), "filter.members", chat.ErrInvalid},
			{chat.Eq("members", []string{"jane", "a,b"}), "filter.members", chat.ErrInvalid},
			{chat.In("members", "jane", "a b"), "filter.members", chat.ErrInvalid},
			{chat.Contains("members", "a b"), "filter.members", chat.ErrInvalid},
			{chat.Eq("cid", "\xff"), "filter.cid", chat.ErrInvalid},
			{chat.Eq("members", "\xff"), "filter.members", chat.ErrInvalid},
			{chat.Eq("name", "a\x00"), "filter.name", chat.ErrInvalid},
			{chat.Eq("created_by", "\xff"), "filter.created_by", chat.ErrInvalid},
			{chat.Eq("cid", 1), "filter.cid", chat.ErrInvalid},
			{chat.Eq("members", 1), "filter.members", chat.ErrInvalid},
			{chat.Eq("created_by", []string{"jane"}), "filter.created_by", chat.ErrInvalid},
		} {
			for _, f := range []chat.Filter{test.filter, chat.Or(chat.Eq("type", "team"), test.filter)} {
				_, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Filter: f})
				wantFieldErr(t, err, test.kind, test.field)
				_, err = s.Channels(s.ctx, chat.ChannelQuery{Filter: f})
				wantFieldErr(t, err, test.kind, test.field)
			}
		}
		for _, f := range []chat.Filter{deep, chat.Eq("", 1), chat.Eq("a..b", 1), chat.Eq("\xff", 1)} {
			_, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Filter: f})
			wantFieldErr(t, err, chat.ErrInvalid, "filter")
		}
	})
}

func TestChannelsAreSortedBothWays(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		fleet(s)
		for _, c := range []struct {
			name string
			sort chat.ChannelSort
			want string
		}{
			{"last message", chat.ByLastMessage, "bedac"},
			{"last updated", chat.ByLastUpdated, "cbeda"},
			{"created", chat.ByCreated, "edcba"},
			{"member count", chat.ByMemberCount, "bedac"}, // equal counts by what was made last
			{"unread", chat.ByUnread, "bedca"},
		} {
			q := chat.ChannelQuery{Filter: chat.Exists("hidden", true), Sort: c.sort}
			for _, limit := range []int{0, 1, 2} {
				q.Limit = limit
				if got := walk(s, "jane", q); got != c.want {
					t.Errorf("by %s, %d a page: %q, want %q", c.name, limit, got, c.want)
				}
				q.Ascending = true
				backwards := []byte(c.want)
				slices.Reverse(backwards)
				if got := walk(s, "jane", q); got != string(backwards) {
					t.Errorf("by %s ascending, %d a page: %q, want %q", c.name, limit, got, backwards)
				}
				q.Ascending = false
			}
		}
		_, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Sort: 5})
		wantFieldErr(t, err, chat.ErrInvalid, "sort")
		_, err = s.As("jane").Channels(s.ctx, chat.ChannelQuery{Sort: -1})
		wantFieldErr(t, err, chat.ErrInvalid, "sort")
	})
}

// walk reads a list of channels page by page.
func walk(s *scenario, user chat.UserID, q chat.ChannelQuery) string {
	s.t.Helper()
	letters := ""
	for {
		page, err := s.As(user).Channels(s.ctx, q)
		s.check(err)
		letters += named(page.Items)
		if page.Prev != "" {
			s.t.Error("a list that is read forwards has a page before")
		}
		if q.Page = page.Next; q.Page == "" {
			return letters
		}
	}
}

// TestThePlaceOfAChannelIsTheViewers: by what each sees of it.
func TestThePlaceOfAChannelIsTheViewers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		a := s.channel("messaging:a", "jane", "john")
		s.sleep(time.Millisecond)
		b := s.channel("messaging:b", "jane", "john")
		s.as("jane").send(a, "Hello")
		s.sleep(time.Millisecond)
		s.as("jane").send(b, "Hello")
		s.sleep(time.Millisecond)
		secret := s.send(a, "jane", chat.Draft{Text: "For John", Restricted: []chat.UserID{"john"}}, nil)
		s.channel("messaging:c", "mary")
		s.check(s.AddMembers(s.ctx, a, []chat.MemberDraft{{UserID: "mary"}}, nil))
		s.check(s.AddMembers(s.ctx, b, []chat.MemberDraft{{UserID: "mary"}}, nil))
		s.as("john").wantLists(a, b)
		s.as("mary").wantLists(b, a, "messaging:c")
		page, err := s.As("john").Channels(s.ctx, chat.ChannelQuery{Limit: 1})
		s.check(err)
		if state := page.Items[0]; state.LastMessage == nil || state.LastMessage.ID != secret.ID || !state.LastMessageAt.Equal(secret.CreatedAt) {
			t.Errorf("John's newest message is %+v", state.LastMessage)
		}
		// What is deleted no longer counts.
		_, err = s.DeleteMessage(s.ctx, secret.ID, chat.DeleteSoft, "")
		s.check(err)
		s.as("john").wantLists(b, a)
	})
}

func TestListsOfChannelsHaveLimits(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane")
		for i := range 33 {
			s.channel(chat.CID(fmt.Sprintf("messaging:%02d", i)), "jane")
		}
		for limit, want := range map[int]int{0: 10, 1: 1, 30: 30} {
			page, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{Limit: limit})
			s.check(err)
			if len(page.Items) != want || page.Next == "" {
				t.Errorf("a limit of %d gives %d channels, want %d and more", limit, len(page.Items), want)
			}
		}
		for field, list := range map[string][]chat.ChannelQuery{
			"limit":    {{Limit: -1}, {Limit: 31}},
			"messages": {{Messages: -2}, {Messages: 301}},
			"members":  {{Members: -2}, {Members: 101}},
			"page":     {{Page: "nonsense"}},
		} {
			for _, q := range list {
				_, err := s.As("jane").Channels(s.ctx, q)
				wantFieldErr(t, err, chat.ErrInvalid, field)
			}
		}
		page, err := s.As("jane").Channels(s.ctx, chat.ChannelQuery{})
		s.check(err)
		_, err = s.As("jane").Channels(s.ctx, chat.ChannelQuery{Page: page.Next, Sort: chat.ByCreated})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		messages, err := s.As("jane").Messages(s.ctx, "messaging:00", chat.MessageQuery{Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		if len(messages.Items) != 0 {
			t.Error("a token of another list led somewhere")
		}
	})
}

// TestPagesOfChannelsAcrossChanges: in an order that does not change, new
// channels and deleted ones neither repeat nor skip any other.
func TestPagesOfChannelsAcrossChanges(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			s.channel(chat.CID("messaging:"+id), "jane")
			s.sleep(2 * time.Millisecond)
		}
		got := ""
		q := chat.ChannelQuery{Sort: chat.ByCreated, Limit: 2}
		for {
			page, err := s.As("jane").Channels(s.ctx, q)
			s.check(err)
			got += named(page.Items)
			if q.Page = page.Next; q.Page == "" {
				break
			}
			if got == "fe" {
				s.channel("messaging:g", "jane")                                // before the place
				s.check(s.DeleteChannel(s.ctx, "messaging:e", chat.DeleteHard)) // the last one read
				s.check(s.DeleteChannel(s.ctx, "messaging:c", chat.DeleteSoft)) // ahead
				s.as("jane").send("messaging:a", "Hello")
			}
		}
		if got != "fedba" {
			t.Errorf("the pages hold %q, want %q", got, "fedba")
		}
	})
}

func TestWhatAListShowsOfAChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		var members []chat.MemberDraft
		for i := range 99 {
			id := chat.UserID(fmt.Sprintf("user-%03d", i))
			s.users(id)
			members = append(members, chat.MemberDraft{UserID: id})
		}
		s.check(s.AddMembers(s.ctx, cid, members, nil))
		var sent []chat.MessageID
		for i := range 30 {
			sent = append(sent, s.send(cid, "john", chat.Draft{Text: fmt.Sprint(i)}, nil).ID)
		}
		var held []chat.MessageID
		for i := range 102 {
			s.sleep(time.Microsecond)
			held = append(held, s.send(cid, "jane", chat.Draft{Text: fmt.Sprint(i)}, &chat.SendOptions{Pending: chat.PendingOn}).ID)
		}
		read := func(q chat.ChannelQuery) chat.ChannelState {
			t.Helper()
			page, err := s.As("jane").Channels(s.ctx, q)
			s.check(err)
			if len(page.Items) != 1 {
				t.Fatalf("Jane lists %d channels", len(page.Items))
			}
			return page.Items[0]
		}
		state := read(chat.ChannelQuery{})
		if got := ids(state.Messages); !slices.Equal(got, sent[5:]) {
			t.Errorf("the latest messages are %v, want the last 25, oldest first", got)
		}
		if len(state.Members) != 100 || state.Members[0].User.ID != "jane" || state.Channel.MemberCount != 101 {
			t.Errorf("%d members are shown of %d", len(state.Members), state.Channel.MemberCount)
		}
		if got := ids(state.Pending); !slices.Equal(got, held[2:]) {
			t.Errorf("Jane's %d pending messages are not the newest 100, oldest first", len(got))
		}
		if state.Unread != 30 || state.LastMessage == nil || state.LastMessage.ID != sent[29] || state.LastRead.IsZero() || state.Membership == nil {
			t.Errorf("Jane's state is %d unread, last message %v, read until %v", state.Unread, state.LastMessage, state.LastRead)
		}
		for _, c := range []struct{ ask, messages, members int }{{chat.None, 0, 0}, {1, 1, 1}, {100, 30, 100}} {
			state := read(chat.ChannelQuery{Messages: c.ask, Members: c.ask})
			if len(state.Messages) != c.messages || len(state.Members) != c.members {
				t.Errorf("asked for %d there are %d messages and %d members", c.ask, len(state.Messages), len(state.Members))
			}
			if state.Unread != 30 || state.LastMessage == nil {
				t.Errorf("asked for %d messages, unread is %d and the last message %v", c.ask, state.Unread, state.LastMessage)
			}
		}
		if got := len(read(chat.ChannelQuery{Messages: 300}).Messages); got != 30 {
			t.Errorf("asked for 300 there are %d messages, want all 30", got)
		}
		wantSame(t, "the channel alone and in the list", s.as("jane").channel(cid), state)

		// Another's pending messages are not shown, nor to the application here.
		if got := s.as("john").channel(cid).Pending; len(got) != 0 {
			t.Errorf("John is shown %d pending messages of Jane", len(got))
		}
		s.sleep(time.Millisecond)
		s.check(s.As("jane").MarkRead(s.ctx, cid))
		after := read(chat.ChannelQuery{})
		if after.Unread != 0 || !after.LastRead.After(state.LastRead) {
			t.Errorf("after reading Jane has %d unread, read until %v", after.Unread, after.LastRead)
		}
		appState, err := s.Channel(s.ctx, cid)
		s.check(err)
		if appState.Membership != nil || appState.Unread != 0 || !appState.LastRead.IsZero() || len(appState.Messages) != 25 {
			t.Errorf("the application's state is %+v", appState)
		}
	})
}

func TestWhoListsWhichChannels(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel("messaging:ride", "jane", "john")
		s.sleep(time.Millisecond)
		s.channel("team:plan", "john")
		s.sleep(time.Millisecond)
		s.channel("livestream:show", "jane")
		s.sleep(time.Millisecond)
		s.channel("gaming:chess", "jane", "john")
		s.users("mary")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		s.user(chat.User{ID: "ada", Role: chat.RoleAdmin})
		for user, want := range map[chat.UserID][]chat.CID{
			"jane": {"gaming:chess", "livestream:show", "messaging:ride"},
			"john": {"gaming:chess", "livestream:show", "team:plan", "messaging:ride"},
			"mary": {"livestream:show"},
			"gus":  {"livestream:show"},
			"anon": {"livestream:show"},
			"mod":  {"gaming:chess", "livestream:show", "team:plan", "messaging:ride"},
			"ada":  {"gaming:chess", "livestream:show", "team:plan", "messaging:ride"},
		} {
			page, err := s.As(user).Channels(s.ctx, chat.ChannelQuery{Sort: chat.ByCreated})
			s.check(err)
			if got := cids(page.Items); !slices.Equal(got, want) {
				t.Errorf("%s lists %v, want %v", user, got, want)
			}
			// By name, too, one finds no others.
			page, err = s.As(user).Channels(s.ctx, chat.ChannelQuery{
				Sort:   chat.ByCreated,
				Filter: chat.In("cid", "gaming:chess", "livestream:show", "team:plan", "messaging:ride"),
			})
			s.check(err)
			if got := cids(page.Items); !slices.Equal(got, want) {
				t.Errorf("%s finds %v by cid, want %v", user, got, want)
			}
		}
		if got := s.as("ada").lists(chat.Eq("members", "ada")); len(got) != 0 {
			t.Errorf("of her own channels the admin has %v", got)
		}
		if got := s.as("mary").lists(chat.Eq("members", "jane")); !slices.Equal(got, []chat.CID{"livestream:show"}) {
			t.Errorf("of Jane's channels Mary finds %v", got)
		}
		page, err := s.Channels(s.ctx, chat.ChannelQuery{Sort: chat.ByCreated, Ascending: true})
		s.check(err)
		if got := cids(page.Items); !slices.Equal(got, []chat.CID{"messaging:ride", "team:plan", "livestream:show", "gaming:chess"}) {
			t.Errorf("the application lists %v", got)
		}
		if state := s.as("ada").channel("team:plan"); state.Membership != nil || state.Unread != 0 {
			t.Errorf("the admin, no member, has %+v", state)
		}
	})
}

// TestWhatIsGoneOrdersNothing: what a viewer cleared, and what was truncated, no
// longer places a channel.
func TestWhatIsGoneOrdersNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		a := s.channel("messaging:a", "jane", "john")
		s.sleep(time.Millisecond)
		b := s.channel("messaging:b", "jane", "john")
		s.as("jane").send(a, "One")
		s.sleep(time.Millisecond)
		s.as("jane").send(b, "Two")
		s.sleep(time.Millisecond)
		s.as("john").wantLists(b, a)
		s.check(s.As("john").HideChannel(s.ctx, b, true))
		s.check(s.As("john").ShowChannel(s.ctx, b))
		s.as("john").wantLists(a, b)
		s.as("jane").wantLists(b, a)
		if state := s.as("john").channel(b); state.LastMessage != nil || state.LastMessageAt != nil || len(state.Messages) != 0 || state.Unread != 0 {
			t.Errorf("of a cleared channel John sees %+v", state)
		}
		s.sleep(time.Millisecond)
		s.check(s.TruncateChannel(s.ctx, b, nil))
		s.as("jane").wantLists(a, b)
		if state := s.as("jane").channel(b); state.LastMessage != nil || state.Channel.TruncatedAt == nil {
			t.Errorf("of a truncated channel Jane sees %+v", state)
		}
		if got := s.as("jane").lists(chat.Exists("last_message_at", true)); !slices.Equal(got, []chat.CID{a}) {
			t.Errorf("the channels with a message are %v", got)
		}
	})
}

// TestAReaderWhoIsNoMemberSeesWhatIsForThem: in a type that is read without
// being a member one may be of a private audience.
func TestAReaderWhoIsNoMemberSeesWhatIsForThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("ned", "mary")
		one := s.channel("livestream:one", "jane")
		s.sleep(time.Millisecond)
		two := s.channel("livestream:two", "jane")
		s.as("jane").send(one, "Welcome")
		s.sleep(time.Millisecond)
		s.as("jane").send(two, "Welcome")
		s.sleep(time.Millisecond)
		m := s.send(one, "jane", chat.Draft{Text: "For Ned", Restricted: []chat.UserID{"ned"}}, nil)
		s.as("ned").wantTexts(one, "Welcome", "For Ned")
		s.as("ned").wantLists(one, two)
		s.as("mary").wantLists(two, one)
		s.as("ned").wantUnread(one, 0) // no member
		if last := s.as("ned").channel(one).LastMessage; last == nil || last.ID != m.ID {
			t.Errorf("the last message Ned sees is %+v", last)
		}
		s.as("mary").notSees(m.ID)
		// He joins and leaves: then it is lost to him.
		s.check(s.AddMembers(s.ctx, one, []chat.MemberDraft{{UserID: "ned"}}, nil))
		s.as("ned").wantTexts(one, "Welcome", "For Ned")
		s.sleep(time.Millisecond)
		s.check(s.As("ned").LeaveChannel(s.ctx, one))
		s.as("ned").wantTexts(one, "Welcome")
		s.as("ned").wantLists(two, one)
		s.as("ned").notSees(m.ID)
	})
}

// TestAnOverrideMayOpenAChannel: who reads a channel by its own grants finds it
// among the others.
func TestAnOverrideMayOpenAChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("mary")
		s.channel("messaging:closed", "jane")
		open := s.channel("messaging:open", "jane")
		shut := s.channel("livestream:shut", "jane")
		_, err := s.SetOverrides(s.ctx, open, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.RoleUser: {chat.ReadChannel}}})
		s.check(err)
		_, err = s.SetOverrides(s.ctx, shut, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.RoleUser: {}}})
		s.check(err)
		s.as("mary").wantTexts(open)
		_, err = s.As("mary").Channel(s.ctx, shut)
		wantErr(t, err, chat.ErrNotFound)
		s.as("mary").wantLists(open)
	})
}

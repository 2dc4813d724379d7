package chat_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// huge is refused wherever it is given, in an error of ordinary size.
var huge = strings.Repeat("x", 1<<20)

// What is bad of each thing that a caller can give.
var (
	badUserIDs = []chat.UserID{
		"", "a b", "a,b", "a/b", "a%", "é", "\x00", "a\n", "\xff", chat.UserID(strings.Repeat("x", 256)), chat.UserID(huge),
	}
	badMessageIDs = []chat.MessageID{
		"", "a,b", "a%", "a\n", "\u0085", "\x00", "\xff", "\xed\xa0\x80",
		chat.MessageID(strings.Repeat("x", 256)), chat.MessageID(huge),
	}
	badCIDs = []chat.CID{
		"", ":", "messaging", "messaging:", ":room", "messaging:a b", "messaging:a:b", "messaging:é", "messaging:\x00", "\xff:room",
		"messaging/room", chat.CID("messaging:" + strings.Repeat("x", 65)),
		chat.CID(strings.Repeat("x", 65) + ":room"), chat.CID(huge), chat.CID("messaging:" + huge), chat.CID(huge + ":room"),
	}
	badWords = []string{"", "a b", "a:b", "a.b", "é", "\x00", "\xff", strings.Repeat("x", 65), huge}
	badTexts = []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"}
	badNames = append([]string{strings.Repeat("x", 256), huge}, badTexts...)

	badCustoms = func() []chat.Custom {
		inside := chat.Custom{}
		inside["a"] = inside
		return []chat.Custom{
			{"a.b": 1},
			{"": 1},
			{"\xff": 1},
			{"a": "\xff"},
			{"a": "\x00"},
			{"a": []string{"\xff"}},
			{"a": math.NaN()},
			{"a": math.Inf(1)},
			{"a": int64(1)<<53 + 1},
			{"a": uint64(math.MaxUint64)},
			{"a": func() {}},
			{"a": make(chan int)},
			{"a": failing{}},
			{"a": panicking{}},
			{"a": strings.Repeat("x", 5<<10)},
			{"a": map[int]any{1: map[string]any{"b.c": 1}}},
			inside,
			{"custom": 1, "id": 1}, // the reserved one
		}
	}()
	badLimits = []int{-2, -25, 301, math.MaxInt, math.MinInt}
	badModes  = []chat.DeleteMode{0, -1, 3, math.MaxInt}
	badPages  = []chat.PageToken{"x", "\x00", "\xff", "AQ", "AW0", "AXUAAAAA", chat.PageToken(strings.Repeat("A", 1<<16))}
)

// failing and panicking are values that do not become JSON.
type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("no") }

// bad is a call with one thing wrong, and the field to be named: the whole of
// it, or an element or a part of it.
type bad struct {
	field string
	run   func(context.Context) error
}

// bads makes a bad call of each of a list of bad values.
func bads[T any](field string, values []T, run func(context.Context, T) error) []bad {
	var list []bad
	for _, v := range values {
		list = append(list, bad{field, func(ctx context.Context) error { return run(ctx, v) }})
	}
	return list
}

func join(lists ...[]bad) []bad {
	var all []bad
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// in puts bad calls under a field.
func in(field string, list []bad) []bad {
	for i := range list {
		list[i].field = field + list[i].field
	}
	return list
}

// badDrafts are drafts with one thing wrong. A user gives them, or the
// application.
func badDrafts(send func(context.Context, chat.Draft) error) []bad {
	with := func(d chat.Draft) func(context.Context) error {
		return func(ctx context.Context) error { return send(ctx, d) }
	}
	list := join(
		bads("id", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error { return send(ctx, chat.Draft{Text: "x", ID: id}) }),
		bads("parent_id", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return send(ctx, chat.Draft{Text: "x", ParentID: id})
		}),
		bads("quoted_message_id", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return send(ctx, chat.Draft{Text: "x", QuotedID: id})
		}),
		bads("text", append([]string{"", " \n", strings.Repeat("x", 20_001)}, badTexts...), func(ctx context.Context, text string) error {
			return send(ctx, chat.Draft{Text: text})
		}),
		bads("type", []chat.MessageType{"reply", "deleted", "ephemeral", "error", "x", "\xff", chat.MessageType(huge)}, func(ctx context.Context, kind chat.MessageType) error {
			return send(ctx, chat.Draft{Text: "x", Type: kind})
		}),
		bads("mentioned_users[0]", badUserIDs, func(ctx context.Context, id chat.UserID) error {
			return send(ctx, chat.Draft{Text: "x", Mentions: []chat.UserID{id}})
		}),
		bads("restricted_visibility[0]", badUserIDs, func(ctx context.Context, id chat.UserID) error {
			return send(ctx, chat.Draft{Text: "x", Restricted: []chat.UserID{id}})
		}),
		bads("custom", badCustoms, func(ctx context.Context, c chat.Custom) error { return send(ctx, chat.Draft{Text: "x", Custom: c}) }),
		badAttachments(func(ctx context.Context, list []chat.Attachment) error {
			return send(ctx, chat.Draft{Text: "x", Attachments: list})
		}),
		[]bad{
			{"show_in_channel", with(chat.Draft{Text: "x", ShowInChannel: true})},
			{"restricted_visibility", with(chat.Draft{Text: "x", Restricted: []chat.UserID{}})},
			{"restricted_visibility", with(chat.Draft{Text: "x", Restricted: many[chat.UserID](101, "u%d")})},
			{"mentioned_users", with(chat.Draft{Text: "x", Mentions: many[chat.UserID](26, "u%d")})},
		},
	)
	return list
}

func badAttachments(give func(context.Context, []chat.Attachment) error) []bad {
	list := []bad{{"attachments", func(ctx context.Context) error { return give(ctx, make([]chat.Attachment, 31)) }}}
	for name, set := range map[string]func(*chat.Attachment, string){
		"type":            func(a *chat.Attachment, s string) { a.Type = s },
		"author_name":     func(a *chat.Attachment, s string) { a.AuthorName = s },
		"author_link":     func(a *chat.Attachment, s string) { a.AuthorLink = s },
		"title":           func(a *chat.Attachment, s string) { a.Title = s },
		"title_link":      func(a *chat.Attachment, s string) { a.TitleLink = s },
		"text":            func(a *chat.Attachment, s string) { a.Text = s },
		"image_url":       func(a *chat.Attachment, s string) { a.ImageURL = s },
		"thumb_url":       func(a *chat.Attachment, s string) { a.ThumbURL = s },
		"asset_url":       func(a *chat.Attachment, s string) { a.AssetURL = s },
		"og_scrape_url":   func(a *chat.Attachment, s string) { a.OGScrapeURL = s },
		"actions[0].name": func(a *chat.Attachment, s string) { a.Actions = []chat.AttachmentAction{{Name: s}} },
		"actions[0].text": func(a *chat.Attachment, s string) { a.Actions = []chat.AttachmentAction{{Name: "x", Text: s}} },
		"actions[0].value": func(a *chat.Attachment, s string) {
			a.Actions = []chat.AttachmentAction{{Name: "x", Value: s}}
		},
		"actions[0].type": func(a *chat.Attachment, s string) { a.Actions = []chat.AttachmentAction{{Name: "x", Type: s}} },
		"actions[0].style": func(a *chat.Attachment, s string) {
			a.Actions = []chat.AttachmentAction{{Name: "x", Style: s}}
		},
	} {
		list = append(list, bads("attachments[0]."+name, badTexts, func(ctx context.Context, text string) error {
			var a chat.Attachment
			set(&a, text)
			return give(ctx, []chat.Attachment{a})
		})...)
	}
	return append(list, bads("attachments[0].custom", badCustoms[:len(badCustoms)-1], func(ctx context.Context, c chat.Custom) error {
		return give(ctx, []chat.Attachment{{Custom: c}})
	})...)
}

func badUpdates(update func(context.Context, chat.MessageUpdate) error) []bad {
	return join(
		bads("text", append([]string{"", " \n", strings.Repeat("x", 20_001)}, badTexts...), func(ctx context.Context, text string) error {
			return update(ctx, chat.MessageUpdate{Text: text})
		}),
		bads("mentioned_users[0]", badUserIDs, func(ctx context.Context, id chat.UserID) error {
			return update(ctx, chat.MessageUpdate{Text: "x", Mentions: []chat.UserID{id}})
		}),
		bads("quoted_message_id", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return update(ctx, chat.MessageUpdate{Text: "x", QuotedID: id})
		}),
		bads("custom", badCustoms, func(ctx context.Context, c chat.Custom) error {
			return update(ctx, chat.MessageUpdate{Text: "x", Custom: c})
		}),
		badAttachments(func(ctx context.Context, list []chat.Attachment) error {
			return update(ctx, chat.MessageUpdate{Text: "x", Attachments: list})
		}),
	)
}

// badPatches are patches that are wrong whatever they are for; the field is any.
func badPatches(patch func(context.Context, chat.Patch) error) []bad {
	list := []chat.Patch{
		set("", 1), set(".", 1), set("a.", 1), set("a..b", 1), set("\xff", 1), set("\x00", 1), unset(""), unset("a", "a"), unset("a", "a.b"),
		set("a", 1, "a.b", 1),
		{Set: map[string]any{"a": 1}, Unset: []string{"a"}},
		set("updated_at", "x"), set("created_at", 1), unset("created_at"),
		set(strings.Repeat("a.", 40)+"a", 1), unset(strings.Repeat("a.", 40) + "a"), set("a", strings.Repeat("x", 5<<10)),
	}
	for _, c := range badCustoms[3:14] {
		list = append(list, set("a", c["a"]), set("a.b.c", c["a"]))
	}
	return bads("", list, patch)
}

func badNotices(give func(context.Context, *chat.SystemMessage) error) []bad {
	return in("message.", join(
		bads("text", append([]string{"", strings.Repeat("x", 20_001)}, badTexts...), func(ctx context.Context, text string) error {
			return give(ctx, &chat.SystemMessage{Text: text})
		}),
		bads("user_id", append([]chat.UserID{"john2"}, badUserIDs[1:]...), func(ctx context.Context, id chat.UserID) error {
			return give(ctx, &chat.SystemMessage{Text: "x", UserID: id})
		}),
		bads("custom", badCustoms, func(ctx context.Context, c chat.Custom) error {
			return give(ctx, &chat.SystemMessage{Text: "x", Custom: c})
		}),
	))
}

func badMembers(add func(context.Context, []chat.MemberDraft) error) []bad {
	return in("members", join(
		bads("[1].user_id", badUserIDs, func(ctx context.Context, id chat.UserID) error {
			return add(ctx, []chat.MemberDraft{{UserID: "eve"}, {UserID: id}})
		}),
		bads("[0].role", append([]string{"admin", "channel_creator"}, badWords[1:]...), func(ctx context.Context, role string) error {
			return add(ctx, []chat.MemberDraft{{UserID: "eve", Role: chat.Role(role)}})
		}),
		bads("[0].custom", badCustoms[:len(badCustoms)-1], func(ctx context.Context, c chat.Custom) error {
			return add(ctx, []chat.MemberDraft{{UserID: "eve", Custom: c}})
		}),
		[]bad{
			{"", func(ctx context.Context) error { return add(ctx, make([]chat.MemberDraft, 101)) }},
			{"", func(ctx context.Context) error {
				return add(ctx, []chat.MemberDraft{{UserID: "eve"}, {UserID: "nobody"}})
			}},
		},
	))
}

func badChannels(ensure func(context.Context, chat.ChannelDraft) error) []bad {
	return join(
		bads("name", badNames, func(ctx context.Context, name string) error {
			return ensure(ctx, chat.ChannelDraft{Members: []chat.UserID{"jane", "john"}, Name: name})
		}),
		bads("custom", badCustoms, func(ctx context.Context, c chat.Custom) error {
			return ensure(ctx, chat.ChannelDraft{Members: []chat.UserID{"jane", "john"}, Custom: c})
		}),
		bads("members", append([]chat.UserID{"nobody"}, badUserIDs...), func(ctx context.Context, id chat.UserID) error {
			return ensure(ctx, chat.ChannelDraft{Members: []chat.UserID{"jane", id}})
		}),
		bads("created_by", append([]chat.UserID{"nobody"}, badUserIDs[1:]...), func(ctx context.Context, id chat.UserID) error {
			return ensure(ctx, chat.ChannelDraft{Members: []chat.UserID{"jane", "john"}, CreatedBy: id})
		}),
		bads("config_overrides", badOverrides(), func(ctx context.Context, o chat.ChannelOverrides) error {
			return ensure(ctx, chat.ChannelDraft{Members: []chat.UserID{"jane", "john"}, Overrides: o})
		}),
	)
}

func badOverrides() []chat.ChannelOverrides {
	var list []chat.ChannelOverrides
	for _, n := range []int{0, -1, 20_001, math.MaxInt, math.MinInt} {
		list = append(list, chat.ChannelOverrides{MaxMessageLength: &n})
	}
	for _, word := range badWords {
		list = append(list,
			chat.ChannelOverrides{Commands: &[]string{word}},
			chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.Role(word): {chat.ReadChannel}}},
			chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{chat.RoleUser: {chat.Action(word)}}})
	}
	commands := many[string](101, "c%d")
	return append(list, chat.ChannelOverrides{Commands: &commands})
}

func badFilters() []chat.Filter {
	deep := chat.Eq("a", 1)
	for range 9 {
		deep = chat.And(deep)
	}
	wide := make([]chat.Filter, 101)
	for i := range wide {
		wide[i] = chat.Eq("a", i)
	}
	return []chat.Filter{
		chat.Eq("", 1), chat.Eq("a..b", 1), chat.Eq("\xff", 1), chat.Eq("a", "\xff"), chat.Eq("a", func() {}), chat.Eq("a", math.NaN()),
		chat.Eq("frozen", "yes"), chat.Eq("member_count", "two"), chat.Eq("created_at", "yesterday"), chat.Eq("members", 5),
		chat.Gt("frozen", true), chat.Lt("members", "jane"), chat.Contains("name", "x"), chat.Autocomplete("created_at", "x"),
		chat.In("cid", make([]any, 101)...), deep, chat.Or(wide...),
	}
}

func badTruncates(give func(context.Context, chat.CID, *chat.TruncateOptions) error) []bad {
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return give(ctx, cid, nil) }),
		bads("before", []time.Time{time.Now().Add(time.Hour), time.Unix(1<<60, 0)}, func(ctx context.Context, at time.Time) error {
			return give(ctx, room, &chat.TruncateOptions{Before: at})
		}),
	)
}

func badQueries(read func(context.Context, chat.CID, chat.MessageQuery) error) []bad {
	with := func(q chat.MessageQuery) func(context.Context) error {
		return func(ctx context.Context) error { return read(ctx, room, q) }
	}
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return read(ctx, cid, chat.MessageQuery{}) }),
		bads("limit", append([]int{-1}, badLimits...), func(ctx context.Context, n int) error { return read(ctx, room, chat.MessageQuery{Limit: n}) }),
		bads("before", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return read(ctx, room, chat.MessageQuery{Before: id})
		}),
		bads("after", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return read(ctx, room, chat.MessageQuery{After: id})
		}),
		bads("around", badMessageIDs[1:], func(ctx context.Context, id chat.MessageID) error {
			return read(ctx, room, chat.MessageQuery{Around: id})
		}),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
			return read(ctx, room, chat.MessageQuery{Page: page})
		}),
		[]bad{
			{"page", with(chat.MessageQuery{Before: "m1", After: "m2"})},
			{"inclusive", with(chat.MessageQuery{Inclusive: true})},
		},
	)
}

func badChannelQueries(read func(context.Context, chat.ChannelQuery) error) []bad {
	return join(
		bads("limit", append([]int{-1, 31}, badLimits...), func(ctx context.Context, n int) error { return read(ctx, chat.ChannelQuery{Limit: n}) }),
		bads("messages", badLimits, func(ctx context.Context, n int) error { return read(ctx, chat.ChannelQuery{Messages: n}) }),
		bads("members", append([]int{101}, badLimits...), func(ctx context.Context, n int) error { return read(ctx, chat.ChannelQuery{Members: n}) }),
		bads("sort", []chat.ChannelSort{-1, 5, math.MaxInt}, func(ctx context.Context, by chat.ChannelSort) error {
			return read(ctx, chat.ChannelQuery{Sort: by})
		}),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error { return read(ctx, chat.ChannelQuery{Page: page}) }),
		bads("", badFilters(), func(ctx context.Context, f chat.Filter) error { return read(ctx, chat.ChannelQuery{Filter: f}) }),
	)
}

func badMemberQueries(read func(context.Context, chat.CID, chat.MemberQuery) error) []bad {
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return read(ctx, cid, chat.MemberQuery{}) }),
		bads("limit", append([]int{-1}, badLimits...), func(ctx context.Context, n int) error { return read(ctx, room, chat.MemberQuery{Limit: n}) }),
		bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
			return read(ctx, room, chat.MemberQuery{Page: page})
		}),
	)
}

func badMemberUpdates(update func(context.Context, chat.CID, chat.UserID, chat.MemberUpdate) error) []bad {
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return update(ctx, cid, "jane", chat.MemberUpdate{}) }),
		bads("user_id", badUserIDs, func(ctx context.Context, id chat.UserID) error { return update(ctx, room, id, chat.MemberUpdate{}) }),
		bads("role", append([]string{"admin"}, badWords[1:]...), func(ctx context.Context, role string) error {
			return update(ctx, room, "jane", chat.MemberUpdate{Role: chat.Role(role)})
		}),
		bads("custom", badCustoms[:len(badCustoms)-1], func(ctx context.Context, c chat.Custom) error {
			return update(ctx, room, "jane", chat.MemberUpdate{Custom: c})
		}),
	)
}

func badChannelUpdates(update func(context.Context, chat.CID, chat.ChannelUpdate, *chat.SystemMessage) error) []bad {
	return join(
		bads("cid", badCIDs, func(ctx context.Context, cid chat.CID) error { return update(ctx, cid, chat.ChannelUpdate{}, nil) }),
		bads("name", badNames, func(ctx context.Context, name string) error {
			return update(ctx, room, chat.ChannelUpdate{Name: name}, nil)
		}),
		bads("custom", badCustoms, func(ctx context.Context, c chat.Custom) error {
			return update(ctx, room, chat.ChannelUpdate{Custom: c}, nil)
		}),
		badNotices(func(ctx context.Context, m *chat.SystemMessage) error {
			return update(ctx, room, chat.ChannelUpdate{Name: "x"}, m)
		}),
	)
}

func badCIDsIn(run func(context.Context, chat.CID) error) []bad { return bads("cid", badCIDs, run) }

func badIDsIn(run func(context.Context, chat.MessageID) error) []bad {
	return bads("id", badMessageIDs, run)
}

func badUsersIn(field string, run func(context.Context, chat.UserID) error) []bad {
	return bads(field, badUserIDs, run)
}

func badIDLists(read func(context.Context, ...chat.MessageID) error) []bad {
	return append(bads("ids[1]", badMessageIDs, func(ctx context.Context, id chat.MessageID) error { return read(ctx, "m1", id) }),
		bad{"ids", func(ctx context.Context) error { return read(ctx, many[chat.MessageID](101, "m%d")...) }})
}

func badRemovals(remove func(context.Context, chat.CID, []chat.UserID) error) []bad {
	return append(join(badCIDsIn(func(ctx context.Context, cid chat.CID) error { return remove(ctx, cid, []chat.UserID{"john"}) }),
		badUsersIn("members[1]", func(ctx context.Context, id chat.UserID) error { return remove(ctx, room, []chat.UserID{"john", id}) })),
		bad{"members", func(ctx context.Context) error { return remove(ctx, room, many[chat.UserID](101, "u%d")) }})
}

func TestBadInputIsRefusedBeforeAnyWork(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		// Jane may do all, so that nothing but the input is wrong.
		s.user(chat.User{ID: "jane", Name: "jane", Role: chat.RoleAdmin})
		before := s.dump()
		refused := func(of, name string, calls []bad) {
			for i, c := range calls {
				func() {
					defer func() {
						if cause := recover(); cause != nil {
							t.Errorf("%s.%s, bad call %d (%s): panic: %v", of, name, i, c.field, cause)
						}
					}()
					err := c.run(s.ctx)
					var e *chat.Error
					switch {
					case err == nil:
						t.Errorf("%s.%s, bad call %d (%s) succeeds", of, name, i, c.field)
					case !errors.As(err, &e) || !errors.Is(err, chat.ErrInvalid):
						t.Errorf("%s.%s, bad call %d (%s): %.300v is not invalid", of, name, i, c.field, err)
					case e.Op != name || e.Reason == "" || e.Field == "" || !strings.HasPrefix(e.Field, c.field):
						t.Errorf("%s.%s, bad call %d: %.300q names the call %q and the field %.100q, want %q", of, name, i, err, e.Op, e.Field, c.field)
					case len(err.Error()) > 1000:
						t.Errorf("%s.%s, bad call %d (%s): an error of %d bytes", of, name, i, c.field, len(err.Error()))
					}
				}()
			}
			if after := s.dump(); !reflect.DeepEqual(after, before) {
				wantSame(t, "the store after bad calls of "+of+"."+name, after, before)
				before = after
			}
		}
		for _, of := range []struct {
			name  string
			calls map[string][]bad
			valid []goodCall
		}{{"App", badAppCalls(s.App), appCalls(s.App)}, {"Session", badSessionCalls(s.As("jane")), sessionCalls(s.As("jane"))}} {
			for _, c := range of.valid { // which cover every method
				calls, ok := of.calls[c.name]
				if !ok {
					t.Errorf("no bad call of %s.%s: write some", of.name, c.name)
				}
				refused(of.name, c.name, calls)
			}
		}
	})
}

func TestASessionOfABadUserIDIsRefused(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		for _, user := range badUserIDs {
			for _, c := range sessionCalls(s.As(user)) {
				err := c.run(s.ctx)
				var e *chat.Error
				if !errors.As(err, &e) || e.Op != c.name || !errors.Is(err, chat.ErrPermission) && !errors.Is(err, chat.ErrInvalid) {
					t.Errorf("%s as %.20q answers %.200v", c.name, user, err)
				}
				if err != nil && len(err.Error()) > 1000 {
					t.Errorf("%s as %.20q answers an error of %d bytes", c.name, user, len(err.Error()))
				}
			}
		}
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestAnEmptyListOrNoOptionsIsNoMistake(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		before := s.dump()
		jane := s.as("jane")
		s.check(s.UpsertUsers(s.ctx))
		s.check(s.AddMembers(s.ctx, room, nil, nil))
		s.check(s.RemoveMembers(s.ctx, room, nil, nil))
		s.check(errOf(s.MessagesByID(s.ctx)))
		s.check(errOf(jane.MessagesByID(s.ctx)))
		s.check(errOf(jane.Channels(s.ctx, chat.ChannelQuery{Filter: chat.Or()})))
		s.check(errOf(s.Verify(s.ctx, nil)))
		wantSame(t, "the store", s.dump(), before)
	})
}

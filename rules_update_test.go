package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// set and unset are patches of one step or more.
func set(pairs ...any) chat.Patch {
	p := chat.Patch{Set: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		p.Set[pairs[i].(string)] = pairs[i+1]
	}
	return p
}

func unset(paths ...string) chat.Patch { return chat.Patch{Unset: paths} }

// update and patch change a message as a user.
func (a *actor) update(id chat.MessageID, u chat.MessageUpdate) chat.Message {
	a.s.t.Helper()
	m, err := a.UpdateMessage(a.s.ctx, id, u)
	a.s.check(err)
	return m
}

func (a *actor) patch(id chat.MessageID, p chat.Patch) chat.Message {
	a.s.t.Helper()
	m, err := a.PatchMessage(a.s.ctx, id, p)
	a.s.check(err)
	return m
}

// full sends a message that has every part that an update reaches.
func (s *scenario) full() chat.Message {
	s.t.Helper()
	s.channel(room, "jane", "john", "ann")
	quoted := s.as("john").post(room, chat.Draft{ID: "quoted", Text: "quoted"})
	return s.as("jane").post(room, chat.Draft{
		ID: "m1", Text: "*text*", QuotedID: quoted.ID, Mentions: []chat.UserID{"john"},
		Attachments: []chat.Attachment{{Type: "image", Custom: chat.Custom{"width": 1}}},
		Custom:      chat.Custom{"color": "red", "ride": map[string]any{"status": "waiting", "seats": 2}, "list": []any{1, 2}},
	})
}

func TestAFullUpdateReplacesAndClearsWhatIsLeftOut(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		before := s.full()
		got := s.as("jane").update("m1", chat.MessageUpdate{Text: "new"})
		want := before
		want.Text, want.HTML = "new", "<p>new</p>\n"
		want.Attachments, want.MentionedUsers, want.QuotedMessage, want.QuotedMessageID, want.Custom = nil, nil, nil, "", nil
		want.UpdatedAt, want.MessageTextUpdatedAt = got.UpdatedAt, got.MessageTextUpdatedAt
		wantSame(t, "the message with a new text alone", got, want)

		got = s.as("jane").update("m1", chat.MessageUpdate{
			Attachments: before.Attachments, Mentions: []chat.UserID{"john"}, QuotedID: "quoted", Custom: before.Custom,
		})
		want = before
		want.Text, want.HTML = "", ""
		want.UpdatedAt, want.MessageTextUpdatedAt = got.UpdatedAt, got.MessageTextUpdatedAt
		wantSame(t, "the message with all but the text", got, want)
	})
}

func TestTypeParentAudienceSilentAndOrderAreNotPartOfAnUpdate(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		parent := s.send(room, "john", chat.Draft{Text: "parent", Restricted: []chat.UserID{"jane"}}, nil)
		before := s.as("jane").post(room, chat.Draft{
			Text: "hi", ParentID: parent.ID, ShowInChannel: true, Restricted: []chat.UserID{"john"}, Silent: true,
		})
		system := s.send(room, "jane", chat.Draft{Text: "system", Type: chat.TypeSystem}, nil)
		s.as("john").send(room, "last")
		for _, got := range []chat.Message{
			s.as("jane").update(before.ID, chat.MessageUpdate{Text: "new"}),
			s.as("jane").patch(before.ID, set("text", "newer")),
		} {
			want := before
			want.Text, want.HTML, want.UpdatedAt, want.MessageTextUpdatedAt = got.Text, got.HTML, got.UpdatedAt, got.MessageTextUpdatedAt
			wantSame(t, "the message updated", got, want)
		}
		if m := s.as("jane").update(system.ID, chat.MessageUpdate{Text: "new"}); m.Type != chat.TypeSystem {
			t.Errorf("an update made a system message %q", m.Type)
		}
		s.as("jane").wantTexts(room, "parent", "newer", "new", "last")
		s.as("ann").wantTexts(room, "new", "last")
	})
}

func TestAnUpdateThatLeavesNothingIsInvalid(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.full()
		before := s.message("m1")
		_, err := s.as("jane").UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: " \n", Custom: chat.Custom{"a": 1}})
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		_, err = s.as("jane").PatchMessage(s.ctx, "m1", unset("text", "attachments", "quoted_message_id"))
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		wantSame(t, "the message", s.message("m1"), before)
		s.as("jane").patch("m1", unset("text", "quoted_message_id")) // the attachment is left
	})
}

func TestAPartialUpdateSetsAndUnsetsTheFieldsItReaches(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		want := s.full()
		jane := s.as("jane")
		change := func(what string, p chat.Patch, edit func(m *chat.Message)) {
			t.Helper()
			got := jane.patch("m1", p)
			edit(&want)
			want.UpdatedAt, want.MessageTextUpdatedAt = got.UpdatedAt, got.MessageTextUpdatedAt
			wantSame(t, "after: "+what, got, want)
			wantSame(t, "read after: "+what, jane.message("m1"), got)
		}
		ann, err := s.User(s.ctx, "ann")
		s.check(err)
		change("a new text", set("text", "**new**"), func(m *chat.Message) {
			m.Text, m.HTML = "**new**", "<p><strong>new</strong></p>\n"
		})
		change("attachments", set("attachments", []chat.Attachment{{Type: "file"}, {Title: "x"}}), func(m *chat.Message) {
			m.Attachments = []chat.Attachment{{Type: "file"}, {Title: "x"}}
		})
		change("attachments as JSON", set("attachments", []any{map[string]any{"type": "image", "own": 1}}), func(m *chat.Message) {
			m.Attachments = []chat.Attachment{{Type: "image", Custom: chat.Custom{"own": 1.0}}}
		})
		change("mentions", set("mentioned_users", []chat.UserID{"ann"}), func(m *chat.Message) { m.MentionedUsers = []chat.User{ann} })
		change("mentions as JSON", set("mentioned_users", []any{"ann", "ann"}), func(*chat.Message) {})
		change("no mentions", unset("mentioned_users"), func(m *chat.Message) { m.MentionedUsers = nil })
		change("no quote", unset("quoted_message_id"), func(m *chat.Message) { m.QuotedMessageID, m.QuotedMessage = "", nil })
		change("a quote", set("quoted_message_id", "quoted"), func(m *chat.Message) {
			quoted := s.message("quoted")
			m.QuotedMessageID, m.QuotedMessage = "quoted", &quoted
		})
		change("no attachments", unset("attachments"), func(m *chat.Message) { m.Attachments = nil })
		change("no text", unset("text"), func(m *chat.Message) { m.Text, m.HTML = "", "" })
		change("nothing", chat.Patch{}, func(*chat.Message) {})
	})
}

func TestAPartialUpdateReachesAnyCustomPath(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.full()
		jane := s.as("jane")
		for _, step := range []struct {
			patch chat.Patch
			want  chat.Custom
		}{
			{set("ride.status", "done"), chat.Custom{"color": "red", "ride": map[string]any{"status": "done", "seats": 2.0}, "list": []any{1.0, 2.0}}},
			{unset("list", "ride.seats"), chat.Custom{"color": "red", "ride": map[string]any{"status": "done"}}},
			// Missing objects on the way are made.
			{set("a.b.c", 1, "a.d", []string{"x"}), chat.Custom{
				"color": "red", "ride": map[string]any{"status": "done"},
				"a": map[string]any{"b": map[string]any{"c": 1.0}, "d": []any{"x"}},
			}},
			// Unsetting what is absent is no error, and makes nothing.
			{unset("x", "y.z", "ride.x.y", "a.b.x"), chat.Custom{
				"color": "red", "ride": map[string]any{"status": "done"},
				"a": map[string]any{"b": map[string]any{"c": 1.0}, "d": []any{"x"}},
			}},
			{
				chat.Patch{Set: map[string]any{"ride": nil, "b": struct{ N int }{5}}, Unset: []string{"a", "color"}},
				chat.Custom{"ride": nil, "b": map[string]any{"N": 5.0}},
			},
			{unset("b.N"), chat.Custom{"ride": nil, "b": map[string]any{}}},
			{unset("b", "ride"), nil},
		} {
			got := jane.patch("m1", step.patch)
			wantSame(t, fmt.Sprintf("after %v", step.patch), got.Custom, step.want)
			wantSame(t, "read", jane.message("m1"), got)
		}
	})
}

func TestAPartialUpdateNamesWhatItCannotDo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.full()
		before := s.dump()
		type refusal struct {
			patch chat.Patch
			field string
		}
		var refusals []refusal
		// Any other field of section 11, as a whole and in part.
		for _, name := range strings.Fields(`
			id cid type user reaction_counts reaction_scores reaction_groups latest_reactions own_reactions
			reply_count deleted_reply_count thread_participants silent pinned created_at updated_at
			pinned_at pinned_by pin_expires deleted_at message_text_updated_at
			parent_id show_in_channel quoted_message restricted_visibility command args sent_at deleted_for_me
			pending pending_message_metadata user_id skip_push skip_enrich_url hard_delete`) {
			refusals = append(refusals, refusal{set(name, "x"), name}, refusal{unset(name), name}, refusal{set(name+".x", 1), name + ".x"})
		}
		for _, name := range []string{"text", "attachments", "mentioned_users", "quoted_message_id", "html"} {
			refusals = append(refusals, refusal{set(name+".x", 1), name + ".x"}, refusal{unset(name + ".0"), name + ".0"})
		}
		refusals = append(refusals,
			// A path through a scalar or an array.
			refusal{set("color.x", 1), "color.x"},
			refusal{unset("color.x"), "color.x"},
			refusal{set("list.0", 1), "list.0"},
			refusal{unset("list.0"), "list.0"},
			refusal{set("ride.status.x.y", 1), "ride.status.x.y"},
			// The same path twice, or one inside another.
			refusal{chat.Patch{Set: map[string]any{"color": 1}, Unset: []string{"color"}}, "color"},
			refusal{chat.Patch{Set: map[string]any{"text": "x"}, Unset: []string{"text"}}, "text"},
			refusal{unset("color", "color"), "color"},
			refusal{set("ride", 1, "ride.status", 2), "ride.status"},
			refusal{chat.Patch{Set: map[string]any{"ride.status": 1}, Unset: []string{"ride"}}, "ride.status"},
			refusal{unset("ride.status.x", "ride.status"), "ride.status.x"},
			// Paths that are none.
			refusal{set("", 1), "set"},
			refusal{unset(""), "unset"},
			refusal{set("a..b", 1), "a..b"},
			refusal{set(".a", 1), ".a"},
			refusal{unset("a."), "a."},
			refusal{set("a\x00", 1), "set"},
			refusal{unset("\xff"), "unset"},
			// Values that do not fit.
			refusal{set("text", 1), "text"},
			refusal{set("text", nil), "text"},
			refusal{set("text", "\xff"), "text"},
			refusal{set("attachments", "x"), "attachments"},
			refusal{set("attachments", []any{1}), "attachments[0]"},
			refusal{set("attachments", []any{map[string]any{"image_url": "javascript:x"}}), "attachments[0].image_url"},
			refusal{set("attachments", []any{map[string]any{"title": 1}}), "attachments[0].title"},
			refusal{set("mentioned_users", "john"), "mentioned_users"},
			refusal{set("mentioned_users", []any{1}), "mentioned_users[0]"},
			refusal{set("mentioned_users", []any{"no body"}), "mentioned_users[0]"},
			refusal{set("mentioned_users", []any{"nobody"}), "mentioned_users[0]"},
			refusal{set("quoted_message_id", 5), "quoted_message_id"},
			refusal{set("quoted_message_id", "a,b"), "quoted_message_id"},
			refusal{set("x", make(chan int)), "x"},
			refusal{set("x.y", func() {}), "x.y"},
			refusal{set("x", "\x00"), "x"},
			refusal{set("x", map[string]any{"a.b": 1}), "x"},
			refusal{set("big", strings.Repeat("x", 5<<10)), "custom"},
		)
		for _, r := range refusals {
			if _, err := s.PatchMessage(s.ctx, "m1", r.patch); err == nil {
				t.Errorf("the application's %+v is accepted", r.patch)
			} else {
				wantFieldErr(t, err, chat.ErrInvalid, r.field)
			}
			if _, err := s.as("jane").PatchMessage(s.ctx, "m1", r.patch); err == nil {
				t.Errorf("jane's %+v is accepted", r.patch)
			} else {
				wantFieldErr(t, err, chat.ErrInvalid, r.field)
			}
		}
		_, err := s.as("jane").PatchMessage(s.ctx, "m1", set("quoted_message_id", "never"))
		wantErr(t, err, chat.ErrNotFound)
		// html is the server's.
		_, err = s.as("jane").PatchMessage(s.ctx, "m1", set("html", "<p>x</p>"))
		wantFieldErr(t, err, chat.ErrInvalid, "html")
		_, err = s.as("jane").PatchMessage(s.ctx, "m1", unset("html"))
		wantFieldErr(t, err, chat.ErrInvalid, "html")
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestHTMLUnsetIsThatOfTheText(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const made = "<p><strong>hi</strong></p>\n"
		m := s.send(room, "jane", chat.Draft{Text: "**hi**"}, &chat.SendOptions{HTML: "<p>own</p>"})
		m, err := s.PatchMessage(s.ctx, m.ID, set("a", 1))
		s.check(err)
		if m.HTML != "<p>own</p>" {
			t.Errorf("a patch of custom data made the html %q", m.HTML)
		}
		m, err = s.PatchMessage(s.ctx, m.ID, unset("html"))
		s.check(err)
		if m.HTML != made {
			t.Errorf("unset, the html is %q, want %q", m.HTML, made)
		}
		m, err = s.PatchMessage(s.ctx, m.ID, set("html", "<i>own</i>", "text", "ho"))
		s.check(err)
		if m.HTML != "<i>own</i>" || m.Text != "ho" {
			t.Errorf("set with the text, the html is %q of %q", m.HTML, m.Text)
		}
		if m = s.as("jane").patch(m.ID, set("text", "**hi**")); m.HTML != made {
			t.Errorf("after a new text, the html is %q, want %q", m.HTML, made)
		}
	})
}

func TestAnUpdateOfTheTextSetsItsDateAndRendersTheHTMLAgain(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		sent := s.as("jane").send(room, "*first*")
		if sent.MessageTextUpdatedAt != nil || !sent.UpdatedAt.Equal(sent.CreatedAt) {
			t.Errorf("sent, it was updated at %v, its text at %v; want when it was sent, and nil", sent.UpdatedAt, sent.MessageTextUpdatedAt)
		}
		s.sleep(time.Hour)
		custom := s.as("jane").patch(sent.ID, set("a", 1))
		if custom.MessageTextUpdatedAt != nil {
			t.Error("a patch of custom data set message_text_updated_at")
		}
		if want := sent.CreatedAt.Add(time.Hour); custom.UpdatedAt.Before(want) || custom.UpdatedAt.After(want.Add(time.Minute)) {
			t.Errorf("updated_at is %v, want %v", custom.UpdatedAt, want)
		}
		same := s.as("jane").update(sent.ID, chat.MessageUpdate{Text: "*first*"})
		if same.MessageTextUpdatedAt != nil {
			t.Error("an update with the same text set message_text_updated_at")
		}
		s.sleep(time.Hour)
		text := s.as("jane").update(sent.ID, chat.MessageUpdate{Text: "*second*"})
		if text.MessageTextUpdatedAt == nil || !text.MessageTextUpdatedAt.Equal(text.UpdatedAt) || !text.UpdatedAt.After(custom.UpdatedAt) {
			t.Errorf("message_text_updated_at is %v, updated_at %v", text.MessageTextUpdatedAt, text.UpdatedAt)
		}
		if text.HTML != "<p><em>second</em></p>\n" {
			t.Errorf("the html is %q", text.HTML)
		}
		if !text.CreatedAt.Equal(sent.CreatedAt) {
			t.Error("an update moved created_at")
		}
		s.sleep(time.Hour)
		again := s.as("jane").patch(sent.ID, set("a", 2))
		if !again.MessageTextUpdatedAt.Equal(*text.MessageTextUpdatedAt) || !again.UpdatedAt.After(text.UpdatedAt) {
			t.Errorf("a later patch made it %v, %v", again.MessageTextUpdatedAt, again.UpdatedAt)
		}
	})
}

func TestUpdatedAtMovesWithEditsOnly(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		sent := s.as("jane").send(room, "hi")
		unchanged := func(what string) {
			t.Helper()
			if got := s.message(sent.ID); !got.UpdatedAt.Equal(sent.UpdatedAt) || got.MessageTextUpdatedAt != nil {
				t.Errorf("%s moved updated_at from %v to %v", what, sent.UpdatedAt, got.UpdatedAt)
			}
		}
		s.sleep(time.Hour)
		s.as("john").post(room, chat.Draft{Text: "reply", ParentID: sent.ID})
		unchanged("a reply")
		s.as("john").post(room, chat.Draft{Text: "quote", QuotedID: sent.ID})
		unchanged("a quote")
		s.check(s.as("john").DeleteMessageForMe(s.ctx, sent.ID))
		unchanged("a delete for me")
		s.check(s.as("john").MarkRead(s.ctx, room))
		unchanged("a read")
		_, err := s.as("jane").DeleteMessage(s.ctx, sent.ID, chat.DeleteSoft)
		s.check(err)
		unchanged("a soft delete")
		_, err = s.UndeleteMessage(s.ctx, sent.ID, "jane")
		s.check(err)
		unchanged("an undelete")
		_, err = s.as("jane").PatchMessage(s.ctx, sent.ID, set("text", 1))
		wantErr(t, err, chat.ErrInvalid)
		unchanged("a refused update")
		wantSame(t, "the message", s.message(sent.ID).Text, "hi")
	})
}

func TestAUserUpdatesTheirOwnMessagesAndUpdateMessageLetsThemUpdateOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		s.channel(room, "jane", "john", "ann")
		s.users("stranger")
		_, err := s.UpdateMember(s.ctx, room, "ann", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		s.check(err)
		m := s.as("jane").send(room, "hi")

		for _, user := range []chat.UserID{"jane", "ann", "boss", "mod"} {
			if got := s.as(user).update(m.ID, chat.MessageUpdate{Text: "by " + string(user)}); got.User.ID != "jane" {
				t.Errorf("the update by %s made the author %s", user, got.User.ID)
			}
			s.as(user).patch(m.ID, set("by", user))
		}
		before := s.message(m.ID)
		_, err = s.as("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "by john"})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.as("john").PatchMessage(s.ctx, m.ID, set("text", "by john"))
		wantErr(t, err, chat.ErrPermission)
		for _, id := range []chat.MessageID{m.ID, "never"} {
			_, err = s.as("stranger").UpdateMessage(s.ctx, id, chat.MessageUpdate{Text: "by a stranger"})
			wantErr(t, err, chat.ErrNotFound)
			_, err = s.as("stranger").PatchMessage(s.ctx, id, set("text", "by a stranger"))
			wantErr(t, err, chat.ErrNotFound)
		}
		_, err = s.as("nobody").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "by nobody"})
		wantErr(t, err, chat.ErrPermission)

		// A channel may take even that of one's own away.
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error {
			kind.Grants[chat.RoleUser] = slices.DeleteFunc(kind.Grants[chat.RoleUser], func(a chat.Action) bool { return a == chat.UpdateMessageOwn })
			return nil
		}))
		_, err = s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "by jane"})
		wantErr(t, err, chat.ErrPermission)
		wantSame(t, "the message", s.message(m.ID), before)
	})
}

func TestAnUpdateNeedsTheGrantsForWhatItHolds(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").send(room, "hi")
		refused := func(action chat.Action, u chat.MessageUpdate, p chat.Patch, d chat.Draft) {
			t.Helper()
			kind, err := s.ChannelType(s.ctx, "messaging")
			s.check(err)
			without := func(list []chat.Action) []chat.Action {
				return slices.DeleteFunc(slices.Clone(list), func(a chat.Action) bool { return a == action })
			}
			_, err = s.SetOverrides(s.ctx, room, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{
				chat.RoleChannelMember: without(kind.Grants[chat.RoleChannelMember]), chat.RoleChannelCreator: {},
			}})
			s.check(err)
			_, err = s.as("jane").UpdateMessage(s.ctx, m.ID, u)
			wantErr(t, err, chat.ErrPermission)
			_, err = s.as("jane").PatchMessage(s.ctx, m.ID, p)
			wantErr(t, err, chat.ErrPermission)
			_, err = s.as("jane").Send(s.ctx, room, d)
			wantErr(t, err, chat.ErrPermission)
			s.send(room, "jane", d, nil) // the application needs none
		}
		link, files, john := "see https://example.org", []chat.Attachment{{Type: "image"}}, []chat.UserID{"john"}
		refused(chat.AddLinks, chat.MessageUpdate{Text: link}, set("text", link), chat.Draft{Text: link})
		refused(chat.CreateAttachment, chat.MessageUpdate{Text: "x", Attachments: files}, set("attachments", files), chat.Draft{Attachments: files})
		refused(chat.CreateMention, chat.MessageUpdate{Text: "x", Mentions: john}, set("mentioned_users", john), chat.Draft{Text: "x", Mentions: john})
		if got := s.message(m.ID); got.Text != "hi" {
			t.Errorf("a refused update made the text %q", got.Text)
		}
	})
}

func TestDeletedAndPendingMessagesCannotBeUpdated(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		deleted := s.as("jane").send(room, "hi")
		_, err := s.as("jane").DeleteMessage(s.ctx, deleted.ID, chat.DeleteSoft)
		s.check(err)
		held := s.send(room, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		mine := s.as("jane").send(room, "for me")
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, mine.ID))
		gone := s.as("jane").send(room, "gone")
		_, err = s.as("jane").DeleteMessage(s.ctx, gone.ID, chat.DeleteHard)
		s.check(err)

		for _, c := range []struct {
			id        chat.MessageID
			user, app error
		}{
			{deleted.ID, chat.ErrDeleted, chat.ErrDeleted},
			{held.ID, chat.ErrPending, chat.ErrPending},
			{mine.ID, chat.ErrDeleted, nil}, // deleted for jane alone
			{gone.ID, chat.ErrNotFound, chat.ErrNotFound},
			{"never", chat.ErrNotFound, chat.ErrNotFound},
		} {
			_, err := s.as("jane").UpdateMessage(s.ctx, c.id, chat.MessageUpdate{Text: "new"})
			wantErr(t, err, c.user)
			_, err = s.as("jane").PatchMessage(s.ctx, c.id, set("a", 1))
			wantErr(t, err, c.user)
			_, err = s.UpdateMessage(s.ctx, c.id, chat.MessageUpdate{Text: "new"}, nil)
			if c.app == nil {
				s.check(err)
				continue
			}
			wantErr(t, err, c.app)
			_, err = s.PatchMessage(s.ctx, c.id, set("a", 1))
			wantErr(t, err, c.app)
		}
		_, err = s.as("john").UpdateMessage(s.ctx, held.ID, chat.MessageUpdate{Text: "new"})
		wantErr(t, err, chat.ErrNotFound)
	})
}

func TestAnUpdateIsSeenByEveryoneWhoSeesTheMessage(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		private := s.send(room, "jane", chat.Draft{Text: "private", Restricted: []chat.UserID{"john"}}, nil)
		public := s.as("jane").post(room, chat.Draft{Text: "public", QuotedID: private.ID})
		s.as("jane").update(private.ID, chat.MessageUpdate{Text: "changed"})
		s.as("jane").patch(public.ID, set("text", "changed too"))
		s.as("john").wantTexts(room, "changed", "changed too")
		s.as("ann").wantTexts(room, "changed too")
		s.as("ann").notSees(private.ID)
		if got := s.as("john").message(public.ID).QuotedMessage; got == nil || got.Text != "changed" {
			t.Errorf("the quote reads %v, want the text as it is now", got)
		}
		s.as("john").wantUnread(room, 2) // an edit is nothing new
		s.as("ann").wantUnread(room, 1)
	})
}

func TestAnUpdateQuotesWhatASendMayQuote(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		s.channel("messaging:other", "jane", "john")
		jane := s.as("jane")
		deleted, m := jane.send(room, "deleted"), jane.send(room, "hi")
		_, err := jane.DeleteMessage(s.ctx, deleted.ID, chat.DeleteSoft)
		s.check(err)
		held := s.send(room, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		johns := s.send(room, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		private := s.send(room, "john", chat.Draft{Text: "private", Restricted: []chat.UserID{"ann"}}, nil)
		elsewhere := jane.send("messaging:other", "elsewhere")
		for id, want := range map[chat.MessageID]error{
			deleted.ID: chat.ErrDeleted, held.ID: chat.ErrPending, johns.ID: chat.ErrNotFound, private.ID: chat.ErrNotFound,
			elsewhere.ID: chat.ErrNotFound, "never": chat.ErrNotFound, m.ID: chat.ErrInvalid,
		} {
			_, err := jane.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "hi", QuotedID: id})
			wantErr(t, err, want)
			_, err = jane.PatchMessage(s.ctx, m.ID, set("quoted_message_id", id))
			wantErr(t, err, want)
		}
		wantSame(t, "the message", jane.message(m.ID), m)
	})
}

func TestAQuoteThatWasThereOutlivesItsDelete(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		jane := s.as("jane")
		quoted := jane.send(room, "quoted")
		m := jane.post(room, chat.Draft{Text: "hi", QuotedID: quoted.ID})
		_, err := jane.DeleteMessage(s.ctx, quoted.ID, chat.DeleteSoft)
		s.check(err)
		// An edit of the rest need not drop the quote.
		m = jane.update(m.ID, chat.MessageUpdate{Text: "ho", QuotedID: quoted.ID})
		if m.QuotedMessage == nil || m.QuotedMessage.Type != chat.TypeDeleted || m.QuotedMessage.Text != "" {
			t.Errorf("the quote reads %+v, want a placeholder", m.QuotedMessage)
		}
		_, err = jane.DeleteMessage(s.ctx, quoted.ID, chat.DeleteHard)
		s.check(err)
		if m = jane.message(m.ID); m.QuotedMessage != nil || m.QuotedMessageID != "" {
			t.Errorf("after the hard delete it quotes %q", m.QuotedMessageID)
		}
	})
}

func TestAnEditLeavesAQuoteThatTheEditorCannotSee(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		cid := s.channel("messaging:ride", "jane", "john", "mod")
		secret := s.send(cid, "john", chat.Draft{Text: "secret", Restricted: []chat.UserID{"jane"}}, nil)
		m := s.as("jane").post(cid, chat.Draft{Text: "I see", QuotedID: secret.ID})
		wantQuote := func(want chat.MessageID) {
			t.Helper()
			if got := s.as("jane").message(m.ID).QuotedMessageID; got != want {
				t.Errorf("it quotes %q, want %q", got, want)
			}
		}
		s.check(errOf(s.as("mod").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Edited"})))
		wantQuote(secret.ID)
		s.check(errOf(s.as("mod").PatchMessage(s.ctx, m.ID, unset("quoted_message_id"))))
		wantQuote(secret.ID)
		open := s.as("john").send(cid, "to all")
		s.check(errOf(s.as("mod").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Edited", QuotedID: open.ID})))
		wantQuote(open.ID)
		s.check(errOf(s.as("mod").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Edited"})))
		wantQuote("")
		s.check(errOf(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Again", QuotedID: secret.ID})))
		s.check(errOf(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Again"})))
		wantQuote("")
	})
}

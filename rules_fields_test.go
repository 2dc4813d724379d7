package chat_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/chat"
)

func TestAttachmentURLsAreHTTPOrRelative(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		fields := map[string]func(*chat.Attachment) *string{
			"image_url":   func(a *chat.Attachment) *string { return &a.ImageURL },
			"thumb_url":   func(a *chat.Attachment) *string { return &a.ThumbURL },
			"asset_url":   func(a *chat.Attachment) *string { return &a.AssetURL },
			"title_link":  func(a *chat.Attachment) *string { return &a.TitleLink },
			"author_link": func(a *chat.Attachment) *string { return &a.AuthorLink },
		}
		for name, field := range fields {
			for _, url := range []string{"https://example.org/a", "http://example.org", "/files/a.png", "a.png", "?a=1"} {
				var a chat.Attachment
				*field(&a) = url
				m := s.as("jane").post(room, chat.Draft{Attachments: []chat.Attachment{a}})
				wantSame(t, "the attachment", m.Attachments, []chat.Attachment{a})
			}
			for _, url := range []string{
				"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "ftp://example.org", "//example.org/a",
				"https://", "file:///etc/passwd", "\x00", "\xff", " https://example.org", "ht\ntp://x",
			} {
				a := chat.Attachment{Type: "image"}
				*field(&a) = url
				_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Attachments: []chat.Attachment{{}, a}})
				wantFieldErr(t, err, chat.ErrInvalid, "attachments[1]."+name)
			}
		}
		_, err := s.Send(s.ctx, room, "jane", chat.Draft{Attachments: []chat.Attachment{{OGScrapeURL: "https://example.org"}}}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "attachments[0].og_scrape_url")
	})
}

// everyField is a draft with every field that a caller can give; the message
// and the users it names exist.
func everyField(parent, quoted chat.MessageID) chat.Draft {
	type ride struct {
		Status string `json:"status"`
		Seats  int    `json:"seats"`
	}
	return chat.Draft{
		ID:   "every-field",
		Text: "**all** of it",
		Attachments: []chat.Attachment{
			{
				Type: "image", AuthorName: "Ann", AuthorLink: "https://example.org/ann", Title: "A picture", TitleLink: "/pictures/1",
				Text: "<a> & b", ImageURL: "https://example.org/1.png", ThumbURL: "https://example.org/1s.png",
				AssetURL: "https://example.org/1.mp4",
				Actions:  []chat.AttachmentAction{{Name: "ok", Text: "OK", Style: "primary", Type: "button", Value: "1"}, {Name: "no"}},
				Custom:   chat.Custom{"width": 640, "tags": []string{"a", "b"}},
			},
			{},
			{Type: "file", Actions: []chat.AttachmentAction{}, Custom: chat.Custom{}},
		},
		Mentions: []chat.UserID{"ann", "john"},
		ParentID: parent, ShowInChannel: true, QuotedID: quoted,
		Restricted: []chat.UserID{"john"},
		Silent:     true, SkipPush: true, SkipEnrichURL: true,
		Custom: chat.Custom{
			"ride": ride{"waiting", 3}, "ratio": 1.5, "count": int64(7), "none": nil, "ok": true, "list": []int{1, 2},
			"deep": map[string]any{"a": map[string]any{"b": []any{"c", nil, 1}}},
		},
	}
}

func TestWhatSendReturnsEqualsWhatAReadReturns(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "ann", Name: "Ann", Custom: chat.Custom{"color": "red"}})
		s.channel(room, "jane", "john", "ann")
		quoted := s.as("ann").post(room, chat.Draft{Text: "quoted", Custom: chat.Custom{"q": 1}})
		parent := s.send(room, "john", chat.Draft{Text: "parent", Restricted: []chat.UserID{"jane", "ann"}}, nil)
		draft := everyField(parent.ID, quoted.ID)
		sent := s.as("jane").post(room, draft)
		want := chat.Custom{
			"ride": map[string]any{"status": "waiting", "seats": 3.0}, "ratio": 1.5, "count": 7.0, "none": nil, "ok": true,
			"list": []any{1.0, 2.0}, "deep": map[string]any{"a": map[string]any{"b": []any{"c", nil, 1.0}}},
		}
		wantSame(t, "the custom data", sent.Custom, want)
		s.wantReads("jane", sent)
		s.wantReads("john", sent)

		edited, err := s.as("jane").UpdateMessage(s.ctx, sent.ID, chat.MessageUpdate{
			Text: "*new*", Attachments: draft.Attachments[:1], Mentions: []chat.UserID{"jane"}, Custom: chat.Custom{"list": []uint8{1}},
		})
		s.check(err)
		s.wantReads("jane", edited)
		patched, err := s.as("jane").PatchMessage(s.ctx, sent.ID, chat.Patch{Set: map[string]any{
			"attachments": draft.Attachments, "quoted_message_id": quoted.ID, "new.path": []string{"x"},
		}})
		s.check(err)
		s.wantReads("jane", patched)
		s.reopen()
		s.wantReads("jane", patched)
	})
}

// wantReads checks that every way to read a message gives the same, and that
// its JSON reads back the same.
func (s *scenario) wantReads(user chat.UserID, want chat.Message) {
	s.t.Helper()
	a := s.as(user)
	wantSame(s.t, "read by id", a.message(want.ID), want)
	list, err := a.MessagesByID(s.ctx, want.ID)
	s.check(err)
	wantSame(s.t, "read among many", list, []chat.Message{want})
	inPage := func(m chat.Message) bool { return m.ID == want.ID }
	page := a.page(want.CID, chat.MessageQuery{})
	if i := slices.IndexFunc(page.Items, inPage); i < 0 {
		s.t.Errorf("%s is not in the page", want.ID)
	} else {
		wantSame(s.t, "read in a page", page.Items[i], want)
	}
	wantSame(s.t, "read with its channel", a.channel(want.CID).Messages, page.Items)
	wantSame(s.t, "read by the application", s.message(want.ID), want)
	encoded, err := json.Marshal(want)
	s.check(err)
	var decoded chat.Message
	s.check(json.Unmarshal(encoded, &decoded))
	// JSON does not tell an empty list from none.
	if diff := cmp.Diff(want, decoded, cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("read from its JSON (-want +got):\n%s", diff)
	}
}

func TestWhatTheApplicationSendsEqualsWhatAReadReturns(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		m := s.send(room, "jane", chat.Draft{
			Type: chat.TypeSystem, Text: "text", Restricted: []chat.UserID{"john", "ann", "john"}, Custom: chat.Custom{"a": []any{}},
		}, &chat.SendOptions{HTML: "<b>html</b>"})
		wantSame(t, "the audience", m.Restricted, []chat.UserID{"john", "ann"})
		s.wantReads("john", m)
		s.wantReads("jane", m)

		held := s.send(room, "jane", chat.Draft{Text: "held", Custom: chat.Custom{"a": 1}},
			&chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new", "": "empty"}})
		wantSame(t, "the metadata", held.Pending, &chat.Pending{Metadata: map[string]string{"why": "new", "": "empty"}})
		wantSame(t, "the pending message", s.as("jane").message(held.ID), held)
		wantSame(t, "the pending message of the channel", s.as("jane").channel(room).Pending, []chat.Message{held})
	})
}

func TestCustomFieldsLieFlatInJSON(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").post(room, chat.Draft{
			Text: "hi", Custom: chat.Custom{"color": "red", "Text": "mine"},
			Attachments: []chat.Attachment{{Type: "image", Custom: chat.Custom{"width": 640}}},
		})
		encoded, err := json.Marshal(m)
		s.check(err)
		var object map[string]any
		s.check(json.Unmarshal(encoded, &object))
		if object["color"] != "red" || object["Text"] != "mine" || object["text"] != "hi" {
			t.Errorf("the message is %s, want its custom fields beside its own", encoded)
		}
		attachment := object["attachments"].([]any)[0]
		wantSame(t, "the attachment", attachment, any(map[string]any{"type": "image", "width": 640.0}))
	})
}

func TestNoCustomFieldHasAReservedNameOrADot(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		reserved := strings.Fields(`
			id cid type text html user attachments mentioned_users reaction_counts reaction_scores reaction_groups
			latest_reactions own_reactions reply_count deleted_reply_count thread_participants silent pinned created_at updated_at
			pinned_at pinned_by pin_expires deleted_at message_text_updated_at
			parent_id show_in_channel quoted_message_id quoted_message restricted_visibility command args sent_at deleted_for_me
			pending pending_message_metadata user_id skip_push skip_enrich_url hard_delete`)
		for _, name := range reserved {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Custom: chat.Custom{name: 1}})
			wantFieldErr(t, err, chat.ErrInvalid, "custom."+name)
			// One level down it is an ordinary name.
			s.as("jane").post(room, chat.Draft{Text: "hi", Custom: chat.Custom{"own": map[string]any{name: 1}}})
		}
		for _, key := range []string{"a.b", ".", "", "a\x00", "\xff"} {
			for _, custom := range []chat.Custom{{key: 1}, {"a": chat.Custom{key: 1}}, {"a": []any{map[string]any{key: 1}}}} {
				_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hi", Custom: custom})
				wantErr(t, err, chat.ErrInvalid)
			}
		}
		for _, name := range strings.Fields(`type author_name author_link title title_link text image_url thumb_url asset_url
			og_scrape_url actions`) {
			_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Attachments: []chat.Attachment{{Custom: chat.Custom{name: "x"}}}})
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[0].custom."+name)
		}
	})
}

package chat

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// TestPageOfMessagesIsSmall keeps a page of 25 messages in a piece of memory of
// 14,336 bytes. The next larger one, of 16,384, is a span of memory for itself and
// costs half a microsecond more, a twentieth of the page.
func TestPageOfMessagesIsSmall(t *testing.T) {
	if size := 25 * unsafe.Sizeof(Message{}); size > 14336 {
		t.Errorf("25 messages have %d bytes", size)
	}
}

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// fullMessage has every field set, those of the values inside too.
func fullMessage() Message {
	at := func(second int) time.Time { return time.Date(2026, 11, 21, 10, 0, second, 123450000, time.UTC) }
	pointer := func(t time.Time) *time.Time { return &t }
	jane := User{
		ID: "jane", Name: "Jane <J>", Role: RoleUser, Custom: Custom{"color": "red", "age": 30.0},
		CreatedAt: at(1), UpdatedAt: at(2), DeactivatedAt: pointer(at(3)), ErasedAt: pointer(at(4)),
	}
	john := User{ID: "john", CreatedAt: at(1), UpdatedAt: at(1)}
	reaction := Reaction{
		MessageID: "m2", User: john, Type: "like", Score: 2, CreatedAt: at(4), UpdatedAt: at(5), Custom: Custom{"emoji": "👍"},
	}
	return Message{
		ID: "m2", CID: "messaging:ride", Type: TypeReply, Text: "a < b", HTML: "<p>a &lt; b</p>\n", User: jane,
		Attachments: []Attachment{{
			Type: "image", AuthorName: "Example", AuthorLink: "https://example.org", Title: "Map", TitleLink: "https://example.org/map",
			Text: "A map", ImageURL: "/map.png", ThumbURL: "/small.png", AssetURL: "/map.mp4", OGScrapeURL: "example.org/map",
			Actions: []AttachmentAction{{Name: "go", Text: "Go", Style: "primary", Type: "button", Value: "1"}},
			Custom:  Custom{"width": 640.0},
		}},
		MentionedUsers:     []User{john},
		ReactionGroups:     map[string]ReactionGroup{"like": {Count: 1, SumScores: 2, FirstReactionAt: at(4), LastReactionAt: at(5)}},
		LatestReactions:    []Reaction{reaction},
		OwnReactions:       []Reaction{reaction},
		ReplyCount:         3,
		DeletedReplyCount:  1,
		ThreadParticipants: []User{john},
		Silent:             true,
		Pinned:             true,
		CreatedAt:          at(6), UpdatedAt: at(7), PinnedAt: pointer(at(8)), PinnedBy: &john, PinExpires: pointer(at(9)),
		DeletedAt: pointer(at(10)), MessageTextUpdatedAt: pointer(at(11)),
		ParentID: "m1", ShowInChannel: true, QuotedMessageID: "m0",
		QuotedMessage: &Message{ID: "m0", CID: "messaging:ride", QuotedMessageID: "m"},
		Restricted:    []UserID{"jane", "john"}, Command: "giphy", Args: "cat", MentionsAll: true, MentionsOnline: true,
		SentAt: pointer(at(12)), DeletedForMe: true, Shadowed: true, Pending: &Pending{Metadata: map[string]string{"why": "new account"}},
		Custom: Custom{"details": map[string]any{"status": "complete"}, "Text": "its own", "answer": 42.0, "nothing": nil},
	}
}

func fullChannel() Channel {
	message := fullMessage()
	limit, yes, commands := 100, true, []string{"giphy"}
	return Channel{
		CID: "messaging:ride", Name: "Ride", CreatedBy: message.User, Custom: Custom{"color": "red"},
		Overrides: ChannelOverrides{
			Typing: &yes, ReadEvents: &yes, Reactions: &yes, Replies: &yes, Quotes: &yes, Mutes: &yes, Search: &yes, URLEnrichment: &yes,
			MarkMessagesPending: &yes, MaxMessageLength: &limit, Commands: &commands, Grants: map[Role][]Action{RoleUser: {"read-channel"}},
		},
		MemberCount: 2, Frozen: true, Disabled: true, Cooldown: 30 * time.Second,
		CreatedAt: message.CreatedAt, UpdatedAt: message.UpdatedAt, TruncatedAt: message.PinnedAt, DeletedAt: message.DeletedAt,
	}
}

func fullMember() Member {
	message := fullMessage()
	return Member{
		User: message.User, Role: RoleChannelMember, Custom: Custom{"seat": 3.0}, CreatedAt: message.CreatedAt, UpdatedAt: message.UpdatedAt,
		InvitedAt: &message.CreatedAt, InviteAcceptedAt: &message.UpdatedAt,
	}
}

func fullChannelState() ChannelState {
	message, member := fullMessage(), fullMember()
	return ChannelState{
		Channel: fullChannel(), Messages: []Message{{ID: "m3"}}, Members: []Member{member}, Membership: &member,
		Unread: 5, UnreadMentions: 2, LastRead: message.CreatedAt, LastMessage: &Message{ID: "m3"}, LastMessageAt: &message.CreatedAt,
		Pending: []Message{{ID: "m4", Pending: &Pending{}}}, Capabilities: []Action{"create-message", "read-channel"}, Hidden: true, Muted: true, Blocked: true,
		MuteExpires: message.PinExpires, PinnedAt: message.PinnedAt, ArchivedAt: message.DeletedAt,
		CooldownUntil: message.SentAt,
	}
}

func fullBan() Ban {
	m := fullMessage()
	return Ban{
		User: m.User, CID: m.CID, By: m.PinnedBy, Reason: "rude", Shadow: true, CreatedAt: m.CreatedAt, Expires: m.PinExpires,
	}
}

func fullErasure() Erasure {
	m := fullMessage()
	return Erasure{
		User: "jane", Mode: EraseHard, StartedAt: m.CreatedAt, FinishedAt: m.DeletedAt, Channels: 1, TotalChannels: 2, Messages: 3,
	}
}

func fullEvent() Event {
	m, channel, member, yes, n := fullMessage(), fullChannel(), fullMember(), true, 2
	return Event{
		Type: MessageNew, Cursor: "cursor", CreatedAt: m.CreatedAt, CID: m.CID,
		Message: &Message{ID: "m3"}, Channel: &channel, Member: &member, Reaction: &m.OwnReactions[0], User: &m.User, By: m.PinnedBy,
		HardDelete: true, ClearHistory: true, Shadow: true, Muted: &yes, Pinned: &yes, Archived: &yes, Blocked: &yes,
		ReadAt: m.SentAt, Unread: &n, UnreadReplies: &n, Data: Custom{"a": "<b>"},
	}
}

func fullFlag() Flag {
	m := fullMessage()
	return Flag{
		Message: &Message{ID: "m3"}, User: m.User, By: m.PinnedBy, Reason: "rude", CreatedAt: m.CreatedAt,
		Review: &FlagReview{By: m.PinnedBy, Outcome: "removed", At: m.UpdatedAt},
	}
}

func fullThread() Thread {
	m := fullMessage()
	return Thread{
		Parent: Message{ID: "m1"}, Replies: []Message{{ID: "m3"}}, Unread: 2, UnreadMentions: 1, LastReplyAt: m.SentAt, LastRead: m.PinnedAt,
	}
}

// TestJSON compares the JSON of every type, with every field set and with none,
// to what is kept in testdata, and reads it back.
func TestJSON(t *testing.T) {
	type cases = []struct {
		name        string
		full, empty any
	}
	message := fullMessage()
	for _, test := range (cases{
		{"message", message, Message{}},
		{"user", message.User, User{}},
		{"reaction", message.OwnReactions[0], Reaction{}},
		{"reaction_group", message.ReactionGroups["like"], ReactionGroup{}},
		{"attachment", message.Attachments[0], Attachment{}},
		{"channel", fullChannel(), Channel{}},
		{"member", fullMember(), Member{}},
		{"channel_state", fullChannelState(), ChannelState{}},
		{"ban", fullBan(), Ban{}},
		{"block", Block{User: message.User, BlockedAt: message.CreatedAt}, Block{}},
		{"block_list", BlockList{Name: "rude", Words: []string{"a <b>"}, CreatedAt: message.CreatedAt, UpdatedAt: message.UpdatedAt}, BlockList{}},
		{"erasure", fullErasure(), Erasure{}},
		{"event", fullEvent(), Event{}},
		{"flag", fullFlag(), Flag{}},
		{"flag_review", *fullFlag().Review, FlagReview{}},
		{"mute", Mute{User: message.User, MutedAt: message.CreatedAt, Expires: message.PinExpires}, Mute{}},
		{"thread", fullThread(), Thread{}},
	}) {
		requireEveryField(t, test.name, test.full)
		compareGolden(t, test.name+"_full", test.full)
		compareGolden(t, test.name+"_empty", test.empty)
	}
}

// requireEveryField fails when a field was added to a type and not to the test.
func requireEveryField(t *testing.T, name string, value any) {
	t.Helper()
	fields := reflect.ValueOf(value)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("%s: %s is not set in the test", name, fields.Type().Field(i).Name)
		}
	}
}

func compareGolden(t *testing.T, name string, value any) {
	t.Helper()
	compact, err := marshalPlain(value)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, compact, "", "\t"); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	file := filepath.Join("testdata", name+".golden.json")
	if *updateGolden {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("%s: %s", file, diff)
	}
	read := reflect.New(reflect.TypeOf(value))
	if err := json.Unmarshal(want, read.Interface()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if diff := cmp.Diff(value, read.Elem().Interface()); diff != "" {
		t.Errorf("%s read back: %s", file, diff)
	}
}

func TestCustomNeverShadowsAField(t *testing.T) {
	// Every reserved name as a custom key, which no call lets in.
	shadows := func(reserved nameSet) Custom {
		custom := Custom{"own": 1.0}
		for name := range reserved {
			custom[name] = "shadow"
		}
		return custom
	}
	for _, test := range []struct {
		name          string
		plain, shadow any
	}{
		{"message", Message{Custom: Custom{"own": 1}}, Message{Custom: shadows(messageFields)}},
		{"attachment", Attachment{Custom: Custom{"own": 1}}, Attachment{Custom: shadows(attachmentFields)}},
		{"reaction", Reaction{Custom: Custom{"own": 1}}, Reaction{Custom: shadows(reactionFields)}},
		{"user", User{Custom: Custom{"own": 1}}, User{Custom: shadows(userFields)}},
		{"member", Member{Custom: Custom{"own": 1}}, Member{Custom: shadows(memberFields)}},
		{"channel", Channel{Custom: Custom{"own": 1}}, Channel{Custom: shadows(channelFields)}},
	} {
		want, err := json.Marshal(test.plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(test.shadow)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}

	var message Message
	if err := json.Unmarshal([]byte(`{"id":"m","ID":"n","Text":"x","skip_push":true}`), &message); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Message{ID: "m", Custom: Custom{"ID": "n", "Text": "x"}}, message); diff != "" {
		t.Error(diff)
	}
}

func TestMarshalLeavesCustomAlone(t *testing.T) {
	message := Message{Custom: Custom{"id": "shadow", "own": 1}}
	if _, err := json.Marshal(message); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Custom{"id": "shadow", "own": 1}, message.Custom); diff != "" {
		t.Error(diff)
	}
}

func TestQuotesAreOneLevelDeep(t *testing.T) {
	message := Message{ID: "m"}
	message.QuotedMessage = &message // must not be written forever
	encoded, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if count := bytes.Count(encoded, []byte(`"quoted_message":`)); count != 1 {
		t.Errorf("got %d levels, want 1", count)
	}
	var read Message
	deep := []byte(`{"quoted_message":{"id":"a","quoted_message_id":"b","quoted_message":{"id":"b"}}}`)
	if err := json.Unmarshal(deep, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Message{QuotedMessage: &Message{ID: "a", QuotedMessageID: "b"}}, read); diff != "" {
		t.Error(diff)
	}
}

func TestTimesInJSON(t *testing.T) {
	for in, want := range map[string]string{
		`"2026-01-02T03:04:05Z"`:           `"2026-01-02T03:04:05.000000Z"`,
		`"2026-01-02T03:04:05.1234567Z"`:   `"2026-01-02T03:04:05.123456Z"`,
		`"2026-01-02T03:04:05.1+02:00"`:    `"2026-01-02T01:04:05.100000Z"`,
		`"0001-01-01T00:00:00Z"`:           `"0001-01-01T00:00:00.000000Z"`,
		`"0000-01-01T00:00:00.0000009Z"`:   `"0000-01-01T00:00:00.000000Z"`,
		`"9999-12-31T23:59:59.999999999Z"`: `"9999-12-31T23:59:59.999999Z"`,
	} {
		var read timestamp
		if err := json.Unmarshal([]byte(in), &read); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(read); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`"9999-12-31T23:59:59-01:00"`, `"0000-01-01T00:00:00+01:00"`, `"2026-01-02"`, `1`, `""`} {
		var read timestamp
		if err := json.Unmarshal([]byte(in), &read); err == nil {
			t.Errorf("%s was read as %v", in, time.Time(read))
		}
	}
	if _, err := json.Marshal(User{CreatedAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("the year 10000 was written")
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for document, want := range map[string]string{
		`[]`:                                 "a JSON array does not fit here",
		`{"text":1}`:                         "text: a JSON number does not fit here",
		`{"user":{"id":[]}}`:                 "user: id: a JSON array does not fit here",
		`{"quoted_message":{"user":"jane"}}`: "quoted_message: user: a JSON string does not fit here",
		`{"own":1e400}`:                      "own: a JSON number 1e400 does not fit here",
	} {
		var message Message
		if err := json.Unmarshal([]byte(document), &message); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", document, err, want)
		}
	}
}

func FuzzMessageJSON(f *testing.F) {
	// Small seeds, for large ones are slow to minimize.
	for _, seed := range []string{
		`{"id":"m","user":{"id":"jane","created_at":"2026-01-02T03:04:05.1+02:00","deactivated_at":null},"details":{"a":[1e21]}}`,
		`{"":1,"a.b":{},"user":{"name":null},"attachments":[null,{"x":[]}],"pending":false,"pending_message_metadata":{}}`,
		`{"quoted_message":{"id":"a","quoted_message":{"id":"b"}},"pending":true,"pending_message_metadata":{"a":"b"}}`,
		`{"reaction_groups":{"like":{"count":1,"last_reaction_at":"2026-01-02T03:04:05Z"},"x":null},"own_reactions":[{"emoji":1}]}`,
		`{"channel":{"config_overrides":{"grants":{},"commands":null},"type":"x"},"last_read":"0001-01-01T00:00:00Z"}`,
		`{"messages":[{"text":"\ud800"}],"membership":{"user":{"ID":"x"}},"capabilities":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		roundTrip[Message](t, document)
		roundTrip[ChannelState](t, document)
		roundTrip[Member](t, document)
	})
}

// roundTrip reads a document, writes what was read, and reads that again.
func roundTrip[T any](t *testing.T, document []byte) {
	t.Helper()
	var first, second T
	if json.Unmarshal(document, &first) != nil {
		return
	}
	written, err := json.Marshal(first)
	if err != nil {
		t.Fatalf("%s was read but not written: %v", document, err)
	}
	if err := json.Unmarshal(written, &second); err != nil {
		t.Fatalf("%s was written but not read: %v", written, err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Fatalf("%s became %s: %s", document, written, diff)
	}
}

func BenchmarkMessageJSON(b *testing.B) {
	message := Message{
		ID: "0198f0b2-7c3e-7d51-a4c5-0f4f1a2b3c4d", CID: "messaging:ride", Type: TypeRegular, Text: "On my way", HTML: "<p>On my way</p>\n",
		User: fullMessage().User, CreatedAt: fullMessage().CreatedAt, UpdatedAt: fullMessage().UpdatedAt, Custom: Custom{"color": "red"},
	}
	encoded, err := json.Marshal(message)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(message); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var message Message
			if err := json.Unmarshal(encoded, &message); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wantInvalid checks that an error is ErrInvalid about a field, with a part of
// its reason.
func wantInvalid(t *testing.T, err error, field, reason string) {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || !errors.Is(err, ErrInvalid) {
		t.Fatalf("got error %v, want ErrInvalid about %q", err, field)
	}
	if failure.Field != field {
		t.Errorf("got field %q, want %q (%v)", failure.Field, field, err)
	}
	if !strings.Contains(failure.Reason, reason) {
		t.Errorf("got reason %q, want it to say %q", failure.Reason, reason)
	}
}

type (
	panickyJSON struct{}
	failingJSON struct{}
	namedText   string
	namedObject map[string]any
)

func (panickyJSON) MarshalJSON() ([]byte, error) { panic("no form") }
func (failingJSON) MarshalJSON() ([]byte, error) { return nil, errors.New("out of paper") }

func TestEncodeCustom(t *testing.T) {
	tests := map[string]struct {
		in   Custom
		want string
	}{
		"nil":                 {nil, ""},
		"empty":               {Custom{}, ""},
		"sorted":              {Custom{"b": 1, "a": 2}, `{"a":2,"b":1}`},
		"no escaping of html": {Custom{"a": "<b>&"}, `{"a":"<b>&"}`},
		"nested":              {Custom{"a": Custom{"b": []any{1, "x", nil, true}}}, `{"a":{"b":[1,"x",null,true]}}`},
		"nil object":          {Custom{"a": map[string]any(nil), "b": []any(nil)}, `{"a":null,"b":null}`},
		"named types":         {Custom{"a": namedText("x"), "b": namedObject{"c": UserID("jane")}}, `{"a":"x","b":{"c":"jane"}}`},
		"typed lists":         {Custom{"a": []string{"x"}, "b": map[string]int{"c": 1}}, `{"a":["x"],"b":{"c":1}}`},
		"struct": {
			Custom{"a": struct {
				B int    `json:"b"`
				C string `json:"c,omitempty"`
			}{B: 7}}, `{"a":{"b":7}}`,
		},
		"time":                   {Custom{"a": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, `{"a":"2026-01-02T03:04:05Z"}`},
		"raw json":               {Custom{"a": json.RawMessage(` { "b" : 1.50 } `)}, `{"a":{"b":1.5}}`},
		"number":                 {Custom{"a": json.Number("12"), "b": json.Number("")}, `{"a":12,"b":0}`},
		"largest exact":          {Custom{"a": int64(1 << 53), "b": -(1 << 53), "c": uint64(1 << 63)}, `{"a":9007199254740992,"b":-9007199254740992,"c":9223372036854776000}`},
		"smallest int64":         {Custom{"a": int64(math.MinInt64)}, `{"a":-9223372036854776000}`},
		"fractions":              {Custom{"a": 0.1, "b": float32(0.1), "c": json.RawMessage("1e2")}, `{"a":0.1,"b":0.1,"c":100}`},
		"large float64":          {Custom{"a": []float64{1 << 63}}, `{"a":[9223372036854776000]}`},
		"exact but long":         {Custom{"a": json.RawMessage("1000000000000000000000")}, `{"a":1e+21}`},
		"replacement character":  {Custom{"a": "\uFFFD", "b": []string{"\uFFFD"}}, "{\"a\":\"\uFFFD\",\"b\":[\"\uFFFD\"]}"},
		"backslash before ufffd": {Custom{"a": []string{`\ufffd`, `\\ud800`}}, `{"a":["\\ufffd","\\\\ud800"]}`},
		"surrogate pair":         {Custom{"a": json.RawMessage(`"\ud83d\ude00"`)}, `{"a":"😀"}`},
		"other case of a name":   {Custom{"Text": 1}, `{"Text":1}`},
		"reserved further in":    {Custom{"a": Custom{"text": 1}}, `{"a":{"text":1}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := encodeCustom("custom", test.in, maxCustom, messageFields)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Fatalf("got  %s\nwant %s", got, test.want)
			}
			again, err := encodeCustom("custom", decodeCustom(got), maxCustom, messageFields)
			if err != nil || string(again) != test.want {
				t.Fatalf("encoded again: %s, %v", again, err)
			}
		})
	}
}

func TestEncodeCustomRefuses(t *testing.T) {
	cycle := Custom{}
	cycle["a"] = cycle
	tests := map[string]struct {
		in            Custom
		field, reason string
	}{
		"reserved":             {Custom{"text": 1}, "custom.text", "reserved"},
		"reserved input":       {Custom{"skip_push": 1}, "custom.skip_push", "reserved"},
		"dot":                  {Custom{"a.b": 1}, "custom", `"a.b" has a dot`},
		"dot further in":       {Custom{"a": []any{Custom{"b.c": 1}}}, "custom.a[0]", "dot"},
		"dot in a typed map":   {Custom{"a": map[string]int{"b.c": 1}}, "custom.a", "dot"},
		"empty key":            {Custom{"a": Custom{"": 1}}, "custom.a", "empty key"},
		"key not UTF-8":        {Custom{"\xff": 1}, "custom", "UTF-8"},
		"key with NUL":         {Custom{"a\x00": 1}, "custom", "NUL"},
		"text not UTF-8":       {Custom{"a": []any{"\xff"}}, "custom.a[0]", "UTF-8"},
		"text with NUL":        {Custom{"a": "\x00"}, "custom.a", "NUL"},
		"typed not UTF-8":      {Custom{"a": namedText("\xff")}, "custom.a", "UTF-8"},
		"typed list not UTF-8": {Custom{"a": []string{"\xff"}}, "custom.a", "UTF-8"},
		"typed key not UTF-8":  {Custom{"a": map[string]int{"\xff": 1}}, "custom.a", "UTF-8"},
		"typed with NUL":       {Custom{"a": []string{"x", "\x00"}}, "custom.a[1]", "NUL"},
		"raw not UTF-8":        {Custom{"a": json.RawMessage("\"\xff\"")}, "custom.a", "UTF-8"},
		"raw half a pair":      {Custom{"a": json.RawMessage(`"\ud83dx"`)}, "custom.a", "UTF-8"},
		"raw other half":       {Custom{"a": json.RawMessage(`"\ude00"`)}, "custom.a", "UTF-8"},
		"raw at the end":       {Custom{"a": json.RawMessage(`"\ud83d"`)}, "custom.a", "UTF-8"},
		"channel":              {Custom{"details": Custom{"status": make(chan int)}}, "custom.details.status", "unsupported type"},
		"failing marshaler":    {Custom{"a": failingJSON{}}, "custom.a", "out of paper"},
		"panicking marshaler":  {Custom{"a": []any{panickyJSON{}}}, "custom.a[0]", "panicked: no form"},
		"raw nonsense":         {Custom{"a": json.RawMessage(`{`)}, "custom.a", "cannot be written"},
		"cycle":                {cycle, "custom" + strings.Repeat(".a", maxCustomDepth), "contains itself"},
		"NaN":                  {Custom{"a": math.NaN()}, "custom.a", "no number"},
		"infinity":             {Custom{"a": math.Inf(-1)}, "custom.a", "no number"},
		"int too exact":        {Custom{"a": 1<<53 + 1}, "custom.a", "9007199254740993 exactly: send it as a string"},
		"negative too exact":   {Custom{"a": int64(-(1<<53 + 1))}, "custom.a", "send it as a string"},
		"largest int64":        {Custom{"a": int64(math.MaxInt64)}, "custom.a", "send it as a string"},
		"largest uint64":       {Custom{"a": uint64(math.MaxUint64)}, "custom.a", "send it as a string"},
		"raw too exact":        {Custom{"a": json.RawMessage(`[9007199254740993]`)}, "custom.a[0]", "send it as a string"},
		"huge exponent":        {Custom{"a": json.RawMessage(`1e400`)}, "custom.a", "too large"},
		"huge integer":         {Custom{"a": json.Number(strings.Repeat("9", 400))}, "custom.a", "too large"},
		"number in hex":        {Custom{"a": json.Number("0x10")}, "custom.a", "no number"},
		"number that is none":  {Custom{"a": json.Number("1-e")}, "custom.a", "no number"},
		"too much":             {Custom{"a": strings.Repeat("x", 5992)}, "custom", "6,000 bytes of JSON; at most 5,120"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := encodeCustom("custom", test.in, maxCustom, messageFields)
			wantInvalid(t, err, test.field, test.reason)
		})
	}
}

func TestCustomLimitsAreExact(t *testing.T) {
	frame := len(`{"a":""}`)
	for size, fits := range map[int]bool{maxCustom: true, maxCustom + 1: false} {
		encoded, err := encodeCustom("custom", Custom{"a": strings.Repeat("x", size-frame)}, maxCustom, nil)
		if (err == nil) != fits {
			t.Errorf("%d bytes: got error %v", size, err)
		}
		if fits && len(encoded) != size {
			t.Errorf("got %d bytes, want %d", len(encoded), size)
		}
	}
	nested := func(depth int) Custom {
		custom := Custom{}
		for range depth - 1 {
			custom = Custom{"a": custom}
		}
		return custom
	}
	if _, err := encodeCustom("custom", nested(maxCustomDepth), maxCustom, nil); err != nil {
		t.Error(err)
	}
	if _, err := encodeCustom("custom", nested(maxCustomDepth+1), maxCustom, nil); err == nil {
		t.Error("one level too many was accepted")
	}
}

func TestDecodeCustom(t *testing.T) {
	want := Custom{"a": map[string]any{"b": 1.0, "c": []any{nil}}}
	if diff := cmp.Diff(want, decodeCustom(`{"a":{"b":1,"c":[null]}}`)); diff != "" {
		t.Error(diff)
	}
	for _, encoded := range []string{"", "null", "{}", "[]", "{", `{"a":1e400}`} {
		if got := decodeCustom([]byte(encoded)); got != nil {
			t.Errorf("%q: got %v, want nil", encoded, got)
		}
	}
}

func TestReservedNames(t *testing.T) {
	tests := map[string]struct {
		reserved nameSet
		names    string
	}{
		"message": {messageFields, `id cid type text html user attachments mentioned_users reaction_counts
			reaction_scores reaction_groups latest_reactions own_reactions reply_count deleted_reply_count
			thread_participants silent pinned created_at updated_at pinned_at pinned_by pin_expires deleted_at
			message_text_updated_at parent_id show_in_channel quoted_message_id quoted_message
			restricted_visibility mentioned_channel mentioned_here command args shadowed sent_at deleted_for_me pending pending_message_metadata
			user_id skip_push skip_enrich_url hard_delete`},
		"attachment": {attachmentFields, `type author_name author_link title title_link text image_url thumb_url
			asset_url og_scrape_url actions`},
		"user":     {userFields, `id name role created_at updated_at deactivated_at erased_at user_id`},
		"member":   {memberFields, `user user_id role created_at updated_at invited_at invite_accepted_at`},
		"reaction": {reactionFields, `message_id user user_id type score created_at updated_at`},
		"channel": {channelFields, `cid id type name created_by config_overrides member_count frozen disabled cooldown
			created_at updated_at truncated_at deleted_at last_message_at members hidden muted pinned archived has_unread invited`},
	}
	for name, test := range tests {
		want := nameSet{}
		for _, name := range strings.Fields(test.names) {
			want[name] = true
		}
		if diff := cmp.Diff(want, test.reserved); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestGrouped(t *testing.T) {
	for count, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 5120: "5,120", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(count); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzCustom(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}`, `{"a":{"b":[1,"x",null,true,0.1]}}`, `{"a":9007199254740993}`, `{"a":1e400}`, `{"a":-0}`,
		`{"a":"\ud800"}`, `{"a":"\ufffd"}`, `{"a.b":1}`, `{"":1}`, `{"a":1e21,"b":1E-7}`, `{"a":"` + "\xff" + `"}`,
	} {
		f.Add(seed, "text")
	}
	f.Fuzz(func(t *testing.T, document, text string) {
		var custom Custom
		read := json.Unmarshal([]byte(document), &custom)
		for name, custom := range map[string]Custom{
			"decoded": custom,
			"raw":     {"raw": json.RawMessage(document)},
			"text":    {"text_": text, "list": []string{text}, text: text},
			"number":  {"number": json.Number(text)},
		} {
			encoded, err := encodeCustom("custom", custom, maxCustom, messageFields)
			if err != nil {
				if !errors.Is(err, ErrInvalid) {
					t.Fatalf("%s: %v is not ErrInvalid", name, err)
				}
				continue
			}
			decoded := decodeCustom(encoded)
			again, err := encodeCustom("custom", decoded, maxCustom, messageFields)
			if err != nil || string(again) != string(encoded) {
				t.Fatalf("%s: %s became %s, %v", name, encoded, again, err)
			}
			if len(encoded) > maxCustom {
				t.Fatalf("%s: %d bytes are taken, at most %d", name, len(encoded), maxCustom)
			}
			for key := range decoded {
				if messageFields[key] || strings.Contains(key, ".") {
					t.Fatalf("%s: the name %q is taken", name, key)
				}
			}
			if name == "decoded" && read == nil {
				sameJSON(t, document, string(encoded))
			}
			if name == "text" && (decoded["text_"] != text || fmt.Sprint(decoded["list"]) != fmt.Sprint([]any{text})) {
				t.Fatalf("the text %q became %q", text, decoded)
			}
		}
	})
}

// sameJSON checks that two documents say the same to encoding/json.
func sameJSON(t *testing.T, before, after string) {
	t.Helper()
	var b, a map[string]any
	if err := json.Unmarshal([]byte(before), &b); err != nil {
		t.Fatal(err)
	}
	if after != "" {
		if err := json.Unmarshal([]byte(after), &a); err != nil {
			t.Fatalf("%s: %v", after, err)
		}
	}
	if len(b)+len(a) > 0 && !cmp.Equal(b, a) {
		t.Fatalf("%s became %s", before, after)
	}
}

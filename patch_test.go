package chat

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reachOfMessage is what a patch of a message may reach.
var reachOfMessage = nameSet{"text": true, "attachments": true, "mentioned_users": true, "quoted_message_id": true}

func TestPatchCustom(t *testing.T) {
	before := Custom{"color": "red", "details": map[string]any{"status": "new", "driver": map[string]any{"name": "John"}}, "list": []any{1.0}, "nothing": nil}
	tests := map[string]struct {
		patch Patch
		want  Custom
	}{
		"nothing":              {Patch{}, before},
		"set":                  {Patch{Set: map[string]any{"color": "blue"}}, Custom{"color": "blue", "details": before["details"], "list": before["list"], "nothing": nil}},
		"set null":             {Patch{Set: map[string]any{"color": nil}}, Custom{"color": nil, "details": before["details"], "list": before["list"], "nothing": nil}},
		"set to an object":     {Patch{Set: map[string]any{"color": map[string]int{"red": 1}}, Unset: []string{"details", "list", "nothing"}}, Custom{"color": map[string]any{"red": 1.0}}},
		"set inside":           {Patch{Set: map[string]any{"details.status": "complete"}, Unset: []string{"color", "list", "nothing", "details.driver"}}, Custom{"details": map[string]any{"status": "complete"}}},
		"make objects":         {Patch{Set: map[string]any{"a.b.c": 1, "a.b.d": 2}, Unset: []string{"color", "details", "list", "nothing"}}, Custom{"a": map[string]any{"b": map[string]any{"c": 1.0, "d": 2.0}}}},
		"unset leaves objects": {Patch{Unset: []string{"details.status", "details.driver.name", "color", "list", "nothing"}}, Custom{"details": map[string]any{"driver": map[string]any{}}}},
		"unset what is absent": {Patch{Unset: []string{"a", "b.c.d", "details.x.y"}}, before},
		"unset all":            {Patch{Unset: []string{"color", "details", "list", "nothing"}}, nil},
		"names like a field's": {Patch{Set: map[string]any{"Text": 1, "details.text": 2}, Unset: []string{"color", "details.status", "details.driver", "list", "nothing"}}, Custom{"Text": 1.0, "details": map[string]any{"text": 2.0}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan, err := compilePatch(test.patch, messageFields, reachOfMessage)
			if err != nil {
				t.Fatal(err)
			}
			given := deepCopy(map[string]any(before)).(map[string]any)
			for range 2 { // a transaction may run again
				got, err := applyCustom(plan, given)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Fatal(diff)
				}
				scramble(map[string]any(got))
			}
			if diff := cmp.Diff(map[string]any(before), given); diff != "" {
				t.Errorf("what was given changed: %s", diff)
			}
		})
	}
}

// scramble changes every object in a value, to show what it shares.
func scramble(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, part := range value {
			scramble(part)
		}
		if value != nil {
			value["scrambled"] = true
		}
	case []any:
		for i, part := range value {
			scramble(part)
			value[i] = "scrambled"
		}
	}
}

func TestPatchThroughWhatIsNoObject(t *testing.T) {
	custom := Custom{"a": "x", "b": map[string]any{"c": []any{map[string]any{}}}, "n": nil}
	for path, reason := range map[string]string{
		"a.b":     "a is a string",
		"b.c.0":   "b.c is an array",
		"b.c.0.d": "b.c is an array",
		"n.a":     "n is null",
	} {
		for _, patch := range []Patch{{Set: map[string]any{path: 1}}, {Unset: []string{path}}} {
			plan, err := compilePatch(patch, messageFields, reachOfMessage)
			if err != nil {
				t.Fatal(err)
			}
			_, err = applyCustom(plan, custom)
			wantInvalid(t, err, path, reason)
		}
	}
}

func TestCompilePatchRefuses(t *testing.T) {
	set := func(path string, value any) Patch { return Patch{Set: map[string]any{path: value}} }
	unset := func(paths ...string) Patch { return Patch{Unset: paths} }
	tests := map[string]struct {
		patch         Patch
		field, reason string
	}{
		"empty path":              {set("", 1), "set", "empty path"},
		"empty path to unset":     {unset(""), "unset", "empty path"},
		"empty part":              {set("a..b", 1), "a..b", "empty part"},
		"empty first part":        {unset(".a"), ".a", "empty part"},
		"empty last part":         {unset("a."), "a.", "empty part"},
		"not UTF-8":               {set("\xff", 1), "set", "UTF-8"},
		"NUL":                     {unset("a\x00"), "unset", "NUL"},
		"too deep":                {unset("a" + strings.Repeat(".a", maxCustomDepth)), "a" + strings.Repeat(".a", maxCustomDepth), "more than 32 deep"},
		"value too deep":          {set("a"+strings.Repeat(".a", maxCustomDepth-1), Custom{}), "a" + strings.Repeat(".a", maxCustomDepth-1), "nested more than 32"},
		"twice":                   {unset("a", "b", "a"), "a", "twice"},
		"set and unset":           {Patch{Set: map[string]any{"a.b": 1}, Unset: []string{"a.b"}}, "a.b", "twice"},
		"inside":                  {Patch{Set: map[string]any{"a": 1}, Unset: []string{"a.b.c"}}, "a.b.c", `inside "a"`},
		"inside among others":     {unset("a.b", "a!", "a-b.c", "b", "a.b.c"), "a.b.c", `inside "a.b"`},
		"field twice":             {Patch{Set: map[string]any{"text": "x"}, Unset: []string{"text"}}, "text", "twice"},
		"field out of reach":      {set("pinned", true), "pinned", "cannot be changed"},
		"input out of reach":      {unset("user_id"), "user_id", "cannot be changed"},
		"inside out of reach":     {set("user.name", "x"), "user.name", "user cannot be changed"},
		"into a field":            {set("text.x", 1), "text.x", `the path must be "text"`},
		"into attachments":        {unset("attachments.0"), "attachments.0", "as a whole"},
		"value without a form":    {set("a.b", make(chan int)), "a.b", "unsupported type"},
		"value inside with a dot": {set("a", Custom{"b.c": 1}), "a", "dot"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := compilePatch(test.patch, messageFields, reachOfMessage)
			wantInvalid(t, err, test.field, test.reason)
		})
	}
	if _, err := compilePatch(unset("html"), messageFields, nameSet{"html": true}); err != nil {
		t.Errorf("html within reach: %v", err)
	}
}

func TestPatchFields(t *testing.T) {
	compile := func(patch Patch) patchPlan {
		t.Helper()
		plan, err := compilePatch(patch, messageFields, reachOfMessage)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	plan := compile(Patch{})
	if !plan.isEmpty() {
		t.Error("an empty patch is not empty")
	}
	if text, changed, err := plan.text("text"); text != "" || changed || err != nil {
		t.Errorf("untouched: %q, %v, %v", text, changed, err)
	}
	plan = compile(Patch{Unset: slices.Collect(maps.Keys(reachOfMessage))})
	if text, changed, err := plan.text("text"); text != "" || !changed || err != nil {
		t.Errorf("unset: %q, %v, %v", text, changed, err)
	}
	if ids, changed, err := plan.userIDs("mentioned_users"); ids != nil || !changed || err != nil {
		t.Errorf("unset: %q, %v, %v", ids, changed, err)
	}
	if list, changed, err := plan.attachments("attachments"); list != nil || !changed || err != nil {
		t.Errorf("unset: %v, %v, %v", list, changed, err)
	}
	if _, set, unset := plan.field("quoted_message_id"); set || !unset {
		t.Error("not unset")
	}
	for _, value := range []any{"m1", MessageID("m1"), json.RawMessage(`"m1"`)} {
		id, changed, err := compile(Patch{Set: map[string]any{"quoted_message_id": value}}).messageID("quoted_message_id")
		if id != "m1" || !changed || err != nil {
			t.Errorf("%#v: %q, %v, %v", value, id, changed, err)
		}
	}
	for _, value := range []any{
		[]string{"jane", "john"}, []UserID{"jane", "john"}, []any{"jane", UserID("john")}, json.RawMessage(`["jane","john"]`), [2]string{"jane", "john"},
	} {
		ids, changed, err := compile(Patch{Set: map[string]any{"mentioned_users": value}}).userIDs("mentioned_users")
		if !slices.Equal(ids, []UserID{"jane", "john"}) || !changed || err != nil {
			t.Errorf("%#v: %q, %v, %v", value, ids, changed, err)
		}
	}
	attachment := Attachment{
		Type: "image", ImageURL: "/a.png", Actions: []AttachmentAction{{Name: "go", Text: "Go", Type: "button"}}, Custom: Custom{"width": 640.0},
	}
	object := map[string]any{
		"type": "image", "image_url": "/a.png", "width": 640, "title": nil,
		"actions": []any{map[string]any{"name": "go", "text": "Go", "type": "button"}},
	}
	for _, value := range []any{
		[]Attachment{attachment}, []*Attachment{&attachment}, []any{attachment}, []any{object}, []map[string]any{object}, []any{Custom(object)},
	} {
		list, changed, err := compile(Patch{Set: map[string]any{"attachments": value}}).attachments("attachments")
		if err != nil || !changed {
			t.Errorf("%#v: %v, %v", value, changed, err)
		}
		if diff := cmp.Diff([]Attachment{attachment}, list); diff != "" {
			t.Errorf("%#v: %s", value, diff)
		}
	}
}

func TestPatchFieldsRefuse(t *testing.T) {
	text := func(plan patchPlan) error { _, _, err := plan.text("text"); return err }
	users := func(plan patchPlan) error { _, _, err := plan.userIDs("mentioned_users"); return err }
	attachments := func(plan patchPlan) error { _, _, err := plan.attachments("attachments"); return err }
	tests := map[string]struct {
		field         string
		value         any
		read          func(patchPlan) error
		place, reason string
	}{
		"text number":         {"text", 1, text, "text", "is a number; it must be a string"},
		"text null":           {"text", nil, text, "text", "to clear it, unset it"},
		"text not UTF-8":      {"text", "\xff", text, "text", "UTF-8"},
		"users string":        {"mentioned_users", "jane", users, "mentioned_users", "a list of user ids"},
		"users number":        {"mentioned_users", []any{"jane", 1}, users, "mentioned_users[1]", "a number"},
		"users null":          {"mentioned_users", []any(nil), users, "mentioned_users", "unset it"},
		"attachments object":  {"attachments", Custom{}, attachments, "attachments", "an object; it must be a list of attachments"},
		"attachment string":   {"attachments", []any{"x"}, attachments, "attachments[0]", "a string; an attachment is an object"},
		"attachment nil":      {"attachments", []*Attachment{nil}, attachments, "attachments[0]", "null"},
		"attachment title":    {"attachments", []any{Custom{"title": 1}}, attachments, "attachments[0].title", "a number"},
		"attachment NUL":      {"attachments", []any{Custom{"a": "\x00"}}, attachments, "attachments[0].a", "NUL"},
		"actions object":      {"attachments", []any{Custom{"actions": Custom{}}}, attachments, "attachments[0].actions", "an object"},
		"action string":       {"attachments", []any{Custom{"actions": []string{"x"}}}, attachments, "attachments[0].actions[0]", "an action is an object"},
		"action name":         {"attachments", []any{Custom{"actions": []any{Custom{"name": 1}}}}, attachments, "attachments[0].actions[0].name", "a number"},
		"unknown action part": {"attachments", []any{Custom{"actions": []any{Custom{"size": 1}}}}, attachments, "attachments[0].actions[0]", `no field "size"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan, err := compilePatch(Patch{Set: map[string]any{test.field: test.value}}, messageFields, reachOfMessage)
			if err != nil {
				t.Fatal(err)
			}
			wantInvalid(t, test.read(plan), test.place, test.reason)
		})
	}
}

func FuzzPatch(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a.b":2,"text":"x"}`, "a.c\nd")
	f.Add(`{"a":[1]}`, `{"a.0":2}`, "a")
	f.Add(`{}`, `{"attachments":[{"title":1}],"mentioned_users":["x"]}`, "a..b\n")
	f.Add(`{"a":null}`, `{"a.b.c":{"d.e":1}}`, "user.name")
	f.Fuzz(func(t *testing.T, document, set, unset string) {
		var custom Custom
		patch := Patch{Unset: strings.Split(unset, "\n")}
		if json.Unmarshal([]byte(document), &custom) != nil || json.Unmarshal([]byte(set), &patch.Set) != nil {
			return
		}
		encoded, err := encodeCustom("custom", custom, maxCustom, messageFields)
		if err != nil {
			return
		}
		custom = decodeCustom(encoded)
		mustBeInvalid := func(err error) bool {
			if err != nil && !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v is not ErrInvalid", err)
			}
			return err != nil
		}
		plan, err := compilePatch(patch, messageFields, reachOfMessage)
		if mustBeInvalid(err) {
			return
		}
		_, _, err = plan.text("text")
		mustBeInvalid(err)
		_, _, err = plan.userIDs("mentioned_users")
		mustBeInvalid(err)
		_, _, err = plan.attachments("attachments")
		mustBeInvalid(err)

		patched, err := applyCustom(plan, custom)
		if mustBeInvalid(err) {
			return
		}
		if again, err := encodeCustom("custom", custom, maxCustom, messageFields); err != nil || string(again) != string(encoded) {
			t.Fatalf("what was given changed from %s to %s", encoded, again)
		}
		for _, step := range plan.custom {
			value := partOf(map[string]any(patched), step.name())
			if step.unset && value != nil {
				t.Fatalf("%s is still %v", step.name(), value)
			}
			if !step.unset && !cmp.Equal(value, step.value) {
				t.Fatalf("%s is %v, want %v", step.name(), value, step.value)
			}
		}
		for name := range patched {
			if messageFields[name] {
				t.Fatalf("%s became custom data", name)
			}
		}
		twice, err := applyCustom(plan, patched)
		if err != nil || !cmp.Equal(twice, patched) {
			t.Fatalf("applied twice: %v, %v; once: %v", twice, err, patched)
		}
		if _, err := encodeCustom("custom", patched, maxCustom, messageFields); err != nil {
			mustBeInvalid(err) // too large, or too deep
		}
	})
}

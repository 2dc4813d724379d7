package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelNotExported is what a line has that the model does not know: html, and
// times that depend on the moment of a call.
var modelNotExported = map[string][]string{
	"user":     {"created_at", "updated_at"},
	"mute":     {"muted_at"},
	"block":    {"blocked_at"},
	"ban":      {"created_at"},
	"flag":     {"created_at"},
	"member":   {"created_at", "updated_at", "last_read"},
	"message":  {"html"},
	"reaction": {"created_at", "updated_at"},
	"pin":      {"pinned_at"},
}

// modelSomeTimes are the times of which the model knows that there is one.
var modelSomeTimes = []string{"expires", "mute_expires", "deactivated_at", "invited_at", "invite_accepted_at", "pinned_at", "archived_at"}

// checkExports compares the exports of some users, one of whom never was, with
// what the model says.
func (r *modelRun) checkExports(random *rand.Rand, most int) string {
	ids := []string{"nobody"}
	for _, u := range r.world.Users {
		ids = append(ids, u.ID)
	}
	random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	for _, id := range ids[:min(most, len(ids))] {
		if failure := r.checkExport(id); failure != "" {
			return fmt.Sprintf("the export of %s: %s", id, failure)
		}
	}
	return ""
}

func (r *modelRun) checkExport(id string) string {
	var out bytes.Buffer
	err := r.app.ExportUser(context.Background(), chat.UserID(id), &out, nil)
	want, u := model.OK, r.world.User(id)
	switch {
	case u == nil:
		want = model.NotFound
	case u.Erased:
		want = model.IsDeleted
	}
	if kind, known := modelKind(err); kind != want || !known {
		return fmt.Sprintf("answers %v, want %q", err, want)
	}
	if err != nil {
		return ""
	}
	var lines []string
	for raw := range bytes.Lines(out.Bytes()) {
		line, err := r.exportLine(raw)
		if err != nil {
			return err.Error()
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	if wanted := r.world.Export(id); !slices.Equal(lines, wanted) {
		return "(-want +got)\n" + cmp.Diff(wanted, lines)
	}
	return ""
}

// exportLine is a line of an export in the model's words.
func (r *modelRun) exportLine(raw []byte) (string, error) {
	var line struct {
		Type string
		Data map[string]any
	}
	if err := json.Unmarshal(raw, &line); err != nil {
		return "", fmt.Errorf("the line %s: %w", raw, err)
	}
	for _, name := range modelNotExported[line.Type] {
		delete(line.Data, name)
	}
	for _, name := range modelSomeTimes {
		if line.Data[name] != nil {
			line.Data[name] = true
		}
	}
	if line.Type == "message" {
		if id, quotes := line.Data["quoted_message_id"].(string); quotes && r.world.Message(id).Gone {
			delete(line.Data, "quoted_message_id")
		}
		if err := modelExportMessage(raw, line.Data); err != nil {
			return "", err
		}
	}
	return model.ExportLine(line.Type, line.Data), nil
}

// modelExportMessage puts lists of a message, and what is pending, in one word.
func modelExportMessage(raw []byte, fields map[string]any) error {
	var line struct {
		Data struct {
			Attachments []chat.Attachment
			Mentioned   []string          `json:"mentioned_user_ids"`
			Restricted  []string          `json:"restricted_visibility"`
			Metadata    map[string]string `json:"pending_message_metadata"`
		}
	}
	if err := json.Unmarshal(raw, &line); err != nil {
		return fmt.Errorf("the line %s: %w", raw, err)
	}
	d := &line.Data
	delete(fields, "attachments")
	fields["titled"], fields["preview"] = modelAttachments(chat.Message{Attachments: d.Attachments})
	fields["mentioned_user_ids"], fields["restricted_visibility"] = model.List(d.Mentioned), model.Names(d.Restricted)
	fields["pending_message_metadata"] = modelMetadata(d.Metadata)
	return nil
}

// checkUser compares a user, and what a patch of them returned.
func (r *modelRun) checkUser(id string) string {
	u := r.world.User(id)
	got, err := r.app.User(context.Background(), chat.UserID(id))
	if err != nil {
		return fmt.Sprintf("reading %s answers %v", id, err)
	}
	for _, got := range append([]chat.User{got}, r.patched...) {
		is := []string{got.Name, string(got.Role), model.Custom(got.Custom).String(), fmt.Sprint(got.DeactivatedAt == nil, got.ErasedAt != nil)}
		want := []string{u.Name, u.Role, u.Custom.String(), fmt.Sprint(u.Active, u.Erased)}
		if !slices.Equal(is, want) {
			return fmt.Sprintf("%s is %s, want %s", id, strings.Join(is, ", "), strings.Join(want, ", "))
		}
	}
	return ""
}

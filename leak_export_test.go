package chat_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

var madeID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// export has the application export the viewer, as it would hand it to them. Ids
// that the engine makes are random. What one quoted oneself, when it was there,
// is no secret.
func (v *viewer) export() []seen {
	var out bytes.Buffer
	err := v.w.ExportUser(v.w.ctx, v.User(), &out, nil)
	text := strings.ReplaceAll(madeID.ReplaceAllString(out.String(), "made by the engine"), `"quoted_message_id":"secret 1",`, "")
	v.saw(strings.Split(text, "\n"), err, "ExportUser")
	return v.all
}

// exportsOf has users post and react, where they can, and then exports them.
func (w *leakWorld) exportsOf(users ...chat.UserID) (found []seen) {
	for _, user := range users {
		v := &viewer{Session: w.As(user), w: w}
		for _, cid := range []chat.CID{leakRoom, leakShow} {
			id := chat.MessageID(string(user) + " in " + cid.ID())
			if _, err := v.Send(w.ctx, cid, chat.Draft{ID: id, Text: "Hello"}); err == nil {
				w.check(errOf(v.React(w.ctx, id, chat.ReactionDraft{Type: "like"})))
			}
		}
		time.Sleep(time.Minute)
		found = append(found, v.export()...)
	}
	return found
}

// TestNothingLeaksFromAnExport: what is exported of someone does not tell the two
// stores apart either. Whose secrets they are is the control.
func TestNothingLeaksFromAnExport(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		t.Run(kind.name, func(t *testing.T) {
			with, without := leakPair(t, kind, false, func(w *leakWorld) []seen {
				w.play()
				return w.exportsOf(kind.viewers()...)
			})
			if diff := leakDiff(with, without); diff != "" {
				t.Errorf("it can be told that there are secrets (-without +with):\n%s", diff)
			}
			if kind.say == nil || kind.insider == "" || kind.name == "ephemeral" { // no message of Jane's is left, or exported
				return
			}
			with, without = leakPair(t, kind, false, func(w *leakWorld) []seen {
				w.play()
				return w.exportsOf("jane")
			})
			if leakDiff(with, without) == "" {
				t.Error("her export does not differ, although the secrets are hers")
			}
		})
	}
}

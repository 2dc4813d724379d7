package chat_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"example.com/chat"
)

var someTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// TestAnExportIsTheSameWithAndWithoutAShadowBan: its lines come in one order too.
// Who is blocked in a channel of two is as one who is banned in the shadow.
func TestAnExportIsTheSameWithAndWithoutAShadowBan(t *testing.T) {
	type told struct {
		Lines    string
		Progress []chat.ExportProgress
	}
	without := map[bool]told{} // in memory, and not
	for _, restraint := range []struct {
		name  string
		begin func(s *scenario)
	}{
		{"nothing", func(*scenario) {}},
		{"a ban from the channel", func(s *scenario) { s.ban(chat.BanDraft{User: "jane", CID: "messaging:ride", Shadow: true}) }},
		{"a ban", func(s *scenario) { s.ban(chat.BanDraft{User: "jane", Shadow: true}) }},
		{"a block", func(s *scenario) { s.check(s.as("john").BlockUser(s.ctx, "jane")) }},
	} {
		t.Run(restraint.name, func(t *testing.T) {
			eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
				exportedStory(s, func() { restraint.begin(s) })
				var out bytes.Buffer
				var got told
				s.check(s.ExportUser(s.ctx, "jane", &out, func(p chat.ExportProgress) { got.Progress = append(got.Progress, p) }))
				if got.Lines = out.String(); !s.bubble { // the clock is the machine's
					got.Lines = someTime.ReplaceAllString(got.Lines, "")
				}
				if _, ok := without[s.bubble]; !ok {
					without[s.bubble] = got
				}
				wantSame(t, "the export", got, without[s.bubble])
			})
		})
	}
}

// exportedStory has Jane post in many ways, react, pin and delete for herself,
// before something begins and after.
func exportedStory(s *scenario, begin func()) {
	s.t.Helper()
	ride := s.channel("messaging:ride", "jane", "john")
	jane, john := s.as("jane"), s.as("john")
	post := func(id chat.MessageID, d chat.Draft) {
		s.t.Helper()
		d.ID, d.Text = id, "her text"
		jane.post(ride, d)
	}
	john.post(ride, chat.Draft{ID: "johns", Text: "Hello"})
	post("old", chat.Draft{})
	post("old-reply", chat.Draft{ParentID: "johns"})
	post("old-shown", chat.Draft{ParentID: "old", ShowInChannel: true})
	begin()
	post("a", chat.Draft{Silent: true})
	post("r", chat.Draft{ParentID: "johns"})
	post("q", chat.Draft{QuotedID: "johns", Mentions: []chat.UserID{"john"}})
	post("shown", chat.Draft{ParentID: "johns", ShowInChannel: true})
	post("to-old", chat.Draft{ParentID: "old"})
	post("to-a", chat.Draft{ParentID: "a"})
	post("shown-to-a", chat.Draft{ParentID: "a", ShowInChannel: true})
	post("deleted", chat.Draft{})
	s.check(errOf(jane.DeleteMessage(s.ctx, "deleted", chat.DeleteSoft)))
	for _, id := range []chat.MessageID{"held", "committed"} {
		s.send(ride, "jane", chat.Draft{ID: id, Text: "her text"}, &chat.SendOptions{Pending: chat.PendingOn})
	}
	s.check(errOf(s.CommitMessage(s.ctx, "committed")))
	for i := range 600 { // more than are read at once
		post(chat.MessageID(fmt.Sprint("many", i)), chat.Draft{})
	}
	john.post(ride, chat.Draft{ID: "johns-last", Text: "It is quiet here", ParentID: "johns"})
	for _, id := range []chat.MessageID{"to-a", "a", "old", "johns", "shown", "r", "old-shown", "old-reply", "many1", "johns-last"} {
		s.check(errOf(jane.React(s.ctx, id, chat.ReactionDraft{Type: "like"})))
	}
	for _, id := range []chat.MessageID{"many2", "old", "johns"} {
		s.check(errOf(jane.PinMessage(s.ctx, id, time.Time{})))
	}
	for _, id := range []chat.MessageID{"q", "old-reply", "a", "r", "johns"} {
		s.check(jane.DeleteMessageForMe(s.ctx, id))
	}
}

// TestAnExportHasTheRepliesOfAllThreads: more than are passed in one slice, public
// and shadowed, each once.
func TestAnExportHasTheRepliesOfAllThreads(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		ride := s.channel("messaging:ride", "jane", "john")
		const threads = 900
		want, got := map[string]int{}, map[string]int{}
		reply := func(i, k int) {
			id := chat.MessageID(fmt.Sprint("reply ", i, " ", k))
			s.as("jane").post(ride, chat.Draft{ID: id, Text: "her text", ParentID: chat.MessageID(fmt.Sprint(i)), ShowInChannel: k == 1})
			want[string(id)]++
		}
		for i := range threads {
			s.as("john").post(ride, chat.Draft{ID: chat.MessageID(fmt.Sprint(i)), Text: "Hello"})
			reply(i, 0)
			reply(i, 1)
		}
		s.ban(chat.BanDraft{User: "jane", Shadow: true})
		for i := range threads {
			reply(i, 2)
		}
		lines, _ := s.export()
		for _, line := range lines {
			if line.Type == "message" {
				got[line.Data["id"].(string)]++
			}
		}
		wantSame(t, "how often each is there", got, want)
	})
}

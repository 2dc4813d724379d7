package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

var updateExport = flag.Bool("update-export", false, "write the golden file of an export anew")

// exported is one line of an export.
type exported struct {
	Type string
	Data map[string]any
}

// export exports Jane.
func (s *scenario) export() (lines []exported, raw []byte) {
	s.t.Helper()
	var out bytes.Buffer
	s.check(s.ExportUser(s.ctx, "jane", &out, nil))
	for line := range bytes.Lines(out.Bytes()) {
		var e exported
		s.check(json.Unmarshal(line, &e))
		lines = append(lines, e)
	}
	return lines, out.Bytes()
}

func TestAnExportHasAllOfOneUser(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		s.users("ann")
		s.channel("messaging:party", "john")
		s.check(s.AddMembers(s.ctx, "messaging:party", []chat.MemberDraft{{UserID: "jane", Invite: true, HideHistory: true}}, nil))
		s.check(s.as("jane").PinChannel(s.ctx, "messaging:party"))
		s.check(s.as("jane").BlockUser(s.ctx, "ann"))
		s.check(s.as("jane").MuteChannel(s.ctx, "messaging:hers", 0))
		s.check(s.as("jane").DeleteMessageForMe(s.ctx, "hers")) // sent before the one that she deleted first
		lines, raw := s.export()

		own := []string{"user", "mute", "block", "ban", "flag", "member"}
		inChannel := []string{"ban", "message", "reaction", "pin", "deleted_for_me"}
		var types, sent []string
		for i, line := range lines {
			if types = append(types, line.Type); line.Type == "message" {
				sent = append(sent, line.Data["id"].(string))
			}
			if i == 0 || slices.Contains(own, line.Type) && line.Data["cid"] == nil {
				continue
			}
			last := lines[i-1]
			if last.Data["cid"] == line.Data["cid"] && slices.Index(inChannel, last.Type) > slices.Index(inChannel, line.Type) {
				t.Errorf("in %s, %s comes after %s", line.Data["cid"], line.Type, last.Type)
			}
		}
		wantSame(t, "the order of types", slices.Compact(types)[:len(own)], own)
		for _, id := range []string{
			"hers", "her-reply", "her-shown-reply", "her-silent", "her-private", "her-private-reply", "her-deleted", "her-show", "her-pending",
			"her-pending-reply", "in-gone", "in-hidden",
		} {
			if !slices.Contains(sent, id) {
				t.Errorf("message %s is not in the export", id)
			}
		}
		if n := bytes.Count(raw, []byte(`{"type":"reaction"`)); n != 5 {
			t.Errorf("%d reactions are in the export, want 5", n)
		}
		if len(sent) != 13 {
			t.Errorf("%d messages are in the export: %q", len(sent), sent)
		}
		for _, line := range []string{
			`{"type":"block","data":{"user_id":"ann",`,
			`{"type":"deleted_for_me","data":{"message_id":"hers","cid":"messaging:ride"}}` + "\n" +
				`{"type":"deleted_for_me","data":{"message_id":"names-her","cid":"messaging:ride"}}`,
		} {
			if bytes.Count(raw, []byte(line)) != 1 {
				t.Errorf("the export does not have %s once", line)
			}
		}
		for _, text := range []string{"by John", "John replies", "John quotes", "for her"} {
			if bytes.Contains(raw, []byte(text)) {
				t.Errorf("words of another are in the export: %q", text)
			}
		}
		for _, text := range []string{"Jane Doe", "555-1234", "her-seat", "her-reason"} {
			if !bytes.Contains(raw, []byte(text)) {
				t.Errorf("%q is not in the export", text)
			}
		}
	})
}

// TestAnExportIsInItsForm compares an export to what is kept in testdata.
func TestAnExportIsInItsForm(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "jane", Name: "Jane", Custom: chat.Custom{"phone": "555-1234"}})
		cid, show := s.channel("messaging:ride", "jane", "john"), s.channel("livestream:show", "john")
		jane := s.as("jane")
		s.check(errOf(s.UpdateMember(s.ctx, cid, "jane", chat.MemberUpdate{Custom: chat.Custom{"seat": 1.0}})))
		first := s.as("john").post(cid, chat.Draft{ID: "johns", Text: "by John"})
		jane.post(cid, chat.Draft{
			ID: "m1", Text: "**Hello**", QuotedID: first.ID, Mentions: []chat.UserID{"john"}, Custom: chat.Custom{"id2": 1.0},
			Attachments: []chat.Attachment{{Type: "image", ImageURL: "https://a.example/1.png"}},
		})
		jane.post(cid, chat.Draft{ID: "m2", Text: "a reply", ParentID: first.ID})
		s.send(cid, "jane", chat.Draft{ID: "m3", Text: "for John", Restricted: []chat.UserID{"john"}}, nil)
		s.send(cid, "jane", chat.Draft{ID: "m4", Text: "held"}, &chat.SendOptions{
			Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"},
		})
		s.check(errOf(s.DeleteMessage(s.ctx, jane.post(cid, chat.Draft{ID: "m5", Text: "deleted", Silent: true}).ID, chat.DeleteSoft, "")))
		s.sleep(time.Second)
		s.check(errOf(jane.UpdateMessage(s.ctx, "m3", chat.MessageUpdate{Text: "for John alone"})))
		s.check(jane.MuteUser(s.ctx, "john", time.Hour))
		s.check(jane.FlagUser(s.ctx, "john", "rude"))
		s.check(jane.FlagMessage(s.ctx, first.ID, "rude"))
		s.check(errOf(jane.React(s.ctx, first.ID, chat.ReactionDraft{Type: "like", Score: 3, Custom: chat.Custom{"emoji": "+1"}})))
		s.check(errOf(s.as("john").React(s.ctx, "m2", chat.ReactionDraft{Type: "like"})))
		s.check(errOf(jane.React(s.ctx, "m2", chat.ReactionDraft{Type: "love"})))
		s.send(cid, "jane", chat.Draft{ID: "m6", Text: "for all", MentionAll: true, MentionOnline: true}, nil)
		s.check(errOf(jane.PinMessage(s.ctx, "m1", time.Time{})))
		s.check(errOf(jane.PinMessage(s.ctx, first.ID, time.Now().Add(time.Hour))))
		s.check(errOf(jane.PinMessage(s.ctx, "m6", time.Now().Add(time.Millisecond)))) // over, when it is exported
		s.check(errOf(s.as("john").PinMessage(s.ctx, "m2", time.Time{})))
		s.check(jane.DeleteMessageForMe(s.ctx, first.ID))
		s.check(jane.BlockUser(s.ctx, "john"))
		s.sleep(time.Second)
		s.check(jane.HideChannel(s.ctx, cid, false))
		s.check(jane.MuteChannel(s.ctx, cid, time.Hour))
		s.check(jane.PinChannel(s.ctx, cid))
		s.check(jane.ArchiveChannel(s.ctx, cid))
		s.check(s.AddMembers(s.ctx, show, []chat.MemberDraft{{UserID: "jane", Invite: true, HideHistory: true}}, nil))
		s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "jane", CID: show, Reason: "noise"}, "")))
		s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "jane", Lasting: time.Hour}, "")))

		_, got := s.export()
		file := filepath.Join("testdata", "export.golden.jsonl")
		if *updateExport {
			s.check(os.WriteFile(file, got, 0o644))
		}
		want, err := os.ReadFile(file)
		s.check(err)
		wantSame(t, file, string(got), string(want))
	})
}

func TestAnExportSaysNothingOfWhatTheUserIsNotToKnow(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		ride, other := s.channel("messaging:ride", "jane", "john"), s.channel("messaging:other", "jane", "john")
		m := s.as("jane").send(ride, "before")
		for _, ban := range []chat.BanDraft{{Shadow: true}, {CID: ride, Shadow: true}, {CID: other, Lasting: time.Minute}} {
			ban.User = "jane"
			s.check(errOf(s.Ban(s.ctx, ban, "")))
		}
		s.as("jane").send(ride, "seen by nobody")
		s.check(errOf(s.as("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "edited for herself alone"})))
		s.check(s.as("john").MuteUser(s.ctx, "jane", 0))
		s.check(s.as("john").BlockUser(s.ctx, "jane"))
		s.check(s.as("john").FlagUser(s.ctx, "jane", "rude"))
		bans := func() int { _, raw := s.export(); return bytes.Count(raw, []byte(`{"type":"ban"`)) }
		if n := bans(); n != 1 {
			t.Errorf("%d bans are in the export; she knows of one", n)
		}
		s.sleep(time.Minute) // that one is over, if its work is not done
		if n := bans(); n != 0 {
			t.Errorf("%d bans are in the export; that she knew of is over", n)
		}
		if _, raw := s.export(); !bytes.Contains(raw, []byte("edited for herself alone")) || bytes.Contains(raw, []byte("before")) {
			t.Errorf("her messages are not as she is shown them: %s", raw)
		}
		if _, raw := s.export(); bytes.Contains(raw, []byte("john")) || bytes.Contains(raw, []byte("shadow")) {
			t.Errorf("it tells what she is not to know: %s", raw)
		}
	})
}

// fullDisk is a writer that fails after some lines, or calls something at each.
type fullDisk struct {
	left int
	each func()
}

var errFull = errors.New("full")

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.each != nil {
		f.each()
	}
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestAnExportIsCutOffAndHoldsUpNobody(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		for range 700 {
			s.as("jane").send(cid, "Hello")
		}
		err := s.ExportUser(s.ctx, "jane", &fullDisk{left: 3}, nil)
		if !errors.Is(err, errFull) || err.Error() != "chat: ExportUser: w: the writer failed: full" {
			t.Errorf("the writer's error comes as %v", err)
		}
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		var told []chat.ExportProgress
		err = s.ExportUser(ctx, "jane", &fullDisk{left: 10000}, func(p chat.ExportProgress) {
			if told = append(told, p); len(told) == 2 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || len(told) != 2 || told[0].Messages != 300 || told[1].Messages != 600 {
			t.Errorf("cancelled after %+v: %v", told, err)
		}
		next := ""
		for range 2 { // reactions of more than one slice
			page := s.as("jane").page(cid, chat.MessageQuery{Limit: 300, Page: chat.PageToken(next)})
			for _, m := range page.Items {
				s.check(errOf(s.as("jane").React(s.ctx, m.ID, chat.ReactionDraft{Type: "like"})))
			}
			next = string(page.Prev)
		}
		told = nil
		// What it writes to may call back: no transaction is open then.
		calls := 0
		s.check(s.ExportUser(s.ctx, "jane", &fullDisk{left: 10000, each: func() {
			if calls++; calls%200 == 1 {
				s.as("john").send(cid, "Meanwhile")
			}
		}}, func(p chat.ExportProgress) { told = append(told, p) }))
		ofReactions := chat.ExportProgress{TotalChannels: 1, Messages: 700}
		if n := len(told); n < 2 || told[n-2] != ofReactions {
			t.Errorf("between two slices of reactions it told %+v", told)
		}
		if last := told[len(told)-1]; last != (chat.ExportProgress{Channels: 1, TotalChannels: 1, Messages: 700}) {
			t.Errorf("at last it told %+v", last)
		}
	})
}

func TestAPendingMessageThatWasTruncatedIsNotExported(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		s.as("jane").send(cid, "kept, and hidden")
		s.send(cid, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.check(s.TruncateChannel(s.ctx, cid, nil))
		for _, when := range []string{"before", "after"} {
			_, raw := s.export()
			if bytes.Contains(raw, []byte("held")) || !bytes.Contains(raw, []byte("kept, and hidden")) {
				t.Errorf("%s the work of the truncation is done, the export reads %s", when, raw)
			}
			s.check(errOf(s.RunDueWork(s.ctx)))
		}
	})
}

func TestAnExportLeavesOutWhatIsOver(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		s.check(s.UpdateSettings(s.ctx, func(o *chat.Settings) error { o.AsyncModeration.Timeout = time.Hour; return nil }))
		s.send(cid, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.check(s.as("jane").MuteUser(s.ctx, "mary", 0))
		s.check(s.as("jane").MuteUser(s.ctx, "john", time.Hour))
		s.check(s.as("jane").MuteChannel(s.ctx, cid, time.Hour))
		has := func(want bool) {
			t.Helper()
			_, raw := s.export()
			for _, text := range []string{`"held"`, `{"type":"mute","data":{"user_id":"john"`, `"muted":true`, `"mute_expires"`} {
				if bytes.Contains(raw, []byte(text)) != want {
					t.Errorf("whether %s is there must be %v: %s", text, want, raw)
				}
			}
			if !bytes.Contains(raw, []byte(`{"type":"mute","data":{"user_id":"mary"`)) {
				t.Errorf("whom she mutes for good is not there: %s", raw)
			}
		}
		has(true)
		s.sleep(time.Hour) // nothing is swept
		has(false)
	})
}

// TestAnExportIsTheSameBeforeTheWorkOfADeletion: what ended with a channel, or with
// messages that are gone for good, is over when the call returns.
func TestAnExportIsTheSameBeforeTheWorkOfADeletion(t *testing.T) {
	for name, delete := range map[string]func(*scenario, chat.CID) error{
		"softly":    func(s *scenario, cid chat.CID) error { return s.DeleteChannel(s.ctx, cid, chat.DeleteSoft) },
		"for good":  func(s *scenario, cid chat.CID) error { return s.DeleteChannel(s.ctx, cid, chat.DeleteHard) },
		"truncated": func(s *scenario, cid chat.CID) error { return s.TruncateChannel(s.ctx, cid, nil) },
		"purged": func(s *scenario, cid chat.CID) error {
			return s.TruncateChannel(s.ctx, cid, &chat.TruncateOptions{Hard: true})
		},
		"not at all": func(*scenario, chat.CID) error { return nil },
		"made anew":  func(s *scenario, cid chat.CID) error { return s.remade(cid) },
		"hard, later": func(s *scenario, cid chat.CID) error {
			return errors.Join(s.remade(cid), s.DeleteChannel(s.ctx, cid, chat.DeleteHard))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
				cid := s.channel("messaging:ride", "jane", "john")
				m := s.as("john").send(cid, "rude")
				s.check(s.as("jane").FlagMessage(s.ctx, m.ID, "rude"))
				s.as("jane").send(cid, "hers")
				s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "jane", CID: cid, Reason: "noise"}, "")))
				s.check(delete(s, cid))
				_, before := s.export()
				s.check(errOf(s.RunDueWork(s.ctx)))
				_, after := s.export()
				wantSame(t, "the export when all work is done", string(before), string(after))
				member := strings.HasPrefix(name, "trunc") || name == "purged" || name == "not at all"
				flag := name != "purged" && name != "for good" && name != "hard, later"
				for kind, want := range map[string]bool{"member": member, "flag": flag} {
					if got := bytes.Contains(before, []byte(`{"type":"`+kind+`"`)); got != want {
						t.Errorf("the export has a line of the type %s: %t, want %t: %s", kind, got, want, before)
					}
				}
			})
		})
	}
}

// remade deletes a channel softly, and makes it again without Jane.
func (s *scenario) remade(cid chat.CID) error {
	err := s.DeleteChannel(s.ctx, cid, chat.DeleteSoft)
	s.channel(cid, "john")
	return err
}

func TestWhoIsNotThereIsNotExported(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.users("jane")
		var out strings.Builder
		wantErr(t, s.ExportUser(s.ctx, "ghost", &out, nil), chat.ErrNotFound)
		wantFieldErr(t, s.ExportUser(s.ctx, "jane", nil, nil), chat.ErrInvalid, "w")
		s.check(s.DeactivateUser(s.ctx, "jane"))
		s.check(s.ExportUser(s.ctx, "jane", &out, nil))
		s.erase("jane", chat.EraseKeep)
		out.Reset()
		wantFieldErr(t, s.ExportUser(s.ctx, "jane", &out, nil), chat.ErrDeleted, "id")
		if out.Len() > 0 {
			t.Errorf("it wrote %q", out.String())
		}
	})
}

func TestAnExportEndsWhereItsUserIsErased(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		for i, user := range []chat.UserID{"jane", "mary", "lea"} {
			cid := s.channel(chat.CID("messaging:of-"+user), user, "john")
			for range 301 {
				s.as(user).send(cid, "her text")
			}
			var out bytes.Buffer
			calls := 0
			erase := func() {
				if calls++; calls == []int{1, 2, 303}[i] { // between two slices, and at the last line
					s.check(s.EraseUser(s.ctx, user, chat.EraseHard))
				}
			}
			if i < 2 {
				wantFieldErr(t, s.ExportUser(s.ctx, user, &out, func(chat.ExportProgress) { erase() }), chat.ErrDeleted, "id")
				if n := bytes.Count(out.Bytes(), []byte("her text")); n > 2*301 {
					t.Errorf("%d texts were written", n)
				}
				continue
			}
			wantFieldErr(t, s.ExportUser(s.ctx, user, &fullDisk{left: 303, each: erase}, nil), chat.ErrDeleted, "id")
		}
	})
}

func TestAnExportSaysWhichChannelsAreHiddenNow(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john", "mary")
		jane, john := s.as("jane"), s.as("john")
		john.send(cid, "Hello")
		want := func(when string, want bool) {
			t.Helper()
			_, raw := s.export()
			if got := bytes.Contains(raw, []byte(`"hidden":true`)); got != want || jane.channel(cid).Hidden != want {
				t.Errorf("%s it says %v, the channel %v; want %v", when, got, jane.channel(cid).Hidden, want)
			}
		}
		want("at first", false)
		s.check(jane.HideChannel(s.ctx, cid, false))
		want("hidden", true)
		s.send(cid, "john", chat.Draft{Text: "for Mary", Restricted: []chat.UserID{"mary"}}, nil)
		want("after what she does not see", true)
		m := john.send(cid, "Are you there?")
		want("after a message", false)
		s.check(errOf(john.DeleteMessage(s.ctx, m.ID, chat.DeleteSoft)))
		want("when that is deleted", true)
		s.send(cid, "john", chat.Draft{Text: "for her", Restricted: []chat.UserID{"jane"}}, nil)
		want("after one for her alone", false)
		grants := map[chat.Role][]chat.Action{chat.RoleChannelMember: {}, chat.RoleChannelCreator: {}, chat.RoleUser: {}}
		s.check(errOf(s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{Grants: grants})))
		if _, raw := s.export(); !bytes.Contains(raw, []byte(`"hidden":true`)) {
			t.Errorf("when she reads nothing of it, it says %s", raw)
		}
		s.check(errOf(s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{})))
		s.check(jane.HideChannel(s.ctx, cid, true))
		s.check(s.DeactivateUser(s.ctx, "jane"))
		if _, raw := s.export(); !bytes.Contains(raw, []byte(`"hidden":true,"history_cleared":true`)) {
			t.Errorf("deactivated, it says %s", raw)
		}
	})
}

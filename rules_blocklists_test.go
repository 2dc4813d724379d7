package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"example.com/chat"
)

// blockStory is commandStory with a list for each action in the channel's type.
func blockStory(s *scenario) {
	s.t.Helper()
	commandStory(s)
	var uses []chat.BlockListUse
	for _, list := range []struct {
		action chat.BlockAction
		words  []string
	}{{chat.BlockFlag, []string{"darn", "both"}}, {chat.BlockHold, []string{"hold me", "both"}}, {chat.BlockReject, []string{"Damn"}}} {
		name := string(list.action) + "s"
		s.check(second(s.CreateBlockList(s.ctx, chat.BlockList{Name: name, Words: list.words})))
		uses = append(uses, chat.BlockListUse{List: name, Action: list.action})
	}
	s.use(uses)
}

// use has the channel's type use block lists.
func (s *scenario) use(uses []chat.BlockListUse) {
	s.t.Helper()
	s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.BlockLists = uses; return nil }))
}

func TestBlockListFlagsHoldsOrRejects(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		john, jane := s.as("john"), s.as("jane")
		mods := s.watch("mod")
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{ID: "m", Text: "oh DAMN, hold me, darn"})
		wantFieldErr(t, err, chat.ErrRejected, "text")
		if strings.Contains(strings.ToLower(err.Error()), "damn") {
			t.Errorf("the error tells the word: %v", err)
		}
		_, err = s.Message(s.ctx, "m")
		wantErr(t, err, chat.ErrNotFound)
		held := john.post(commandRoom, chat.Draft{ID: "held", Text: "hold, me"})
		if held.Pending == nil {
			t.Fatalf("it is %+v", held)
		}
		wantSame(t, "what its author reads", held.Pending.Metadata, map[string]string{"block_list": "holds"})
		jane.notSees("held")
		flagged := john.post(commandRoom, chat.Draft{ID: "flagged", Text: "Darn!"})
		if flagged.Pending != nil {
			t.Errorf("it is %+v", flagged)
		}
		jane.sees("flagged")
		page, err := s.As("mod").Flags(s.ctx, chat.FlagQuery{CID: commandRoom})
		s.check(err)
		if len(page.Items) != 1 {
			t.Fatalf("the flags are %+v", page.Items)
		}
		if f := page.Items[0]; f.Message.ID != "flagged" || f.By != nil || f.Reason != "block list flags: darn" || f.User.ID != "john" {
			t.Errorf("the flag is %+v", f)
		}
		told := 0
		for _, e := range mods.read() {
			if e.Type == chat.MessageFlagged {
				if told++; e.User != nil || e.By != nil || e.Message.ID != "flagged" {
					t.Errorf("the event is %+v", e)
				}
			}
		}
		if told != 1 {
			t.Errorf("moderators are told of %d flags", told)
		}
		// The strictest of several is taken.
		if m := john.post(commandRoom, chat.Draft{Text: "both"}); m.Pending == nil {
			t.Errorf("it is %+v", m)
		}
		// The same send again is a retry.
		john.post(commandRoom, chat.Draft{ID: "flagged", Text: "Darn!"})
		john.post(commandRoom, chat.Draft{ID: "held", Text: "hold, me"})
		s.wantFlags("", commandRoom, "→flagged: block list flags: darn")
		s.check(second(s.CommitMessage(s.ctx, "held")))
		jane.sees("held")
		// What is pending anyway is not flagged, and says which list it was.
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil }))
		held = john.post(commandRoom, chat.Draft{ID: "darned", Text: "darn"})
		wantSame(t, "what its author reads", held.Pending.Metadata, map[string]string{"block_list": "flags"})
		s.check(second(s.CommitMessage(s.ctx, "darned")))
		s.wantFlags("", commandRoom, "→flagged: block list flags: darn")
	})
}

func TestWhatABlockListHoldsIsNotPinnedAsItIsSent(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		john := s.as("john")
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{ID: "m", Text: "hold me", Pinned: true})
		wantFieldErr(t, err, chat.ErrPending, "pinned")
		_, err = s.Message(s.ctx, "m")
		wantErr(t, err, chat.ErrNotFound)
		if m := john.post(commandRoom, chat.Draft{ID: "m", Text: "darn", Pinned: true}); !m.Pinned {
			t.Errorf("what is flagged is %+v", m)
		}
	})
}

func TestBlockListsSeeThroughMarkup(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		john := s.as("john")
		john.post(commandRoom, chat.Draft{ID: "m", Text: "fine"})
		for _, text := range []string{"d**am**n", "&#100;amn", "da[](https://example.org)mn", "d\u034famn", "*damn*", "`damn`", "[x](https://example.org/damn)"} {
			_, err := john.Send(s.ctx, commandRoom, chat.Draft{Text: text})
			wantFieldErr(t, err, chat.ErrRejected, "text")
			_, err = john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: text})
			wantFieldErr(t, err, chat.ErrRejected, "text")
			_, err = john.PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"text": text}})
			wantFieldErr(t, err, chat.ErrRejected, "text")
		}
		for _, text := range []string{"d*am*ned", "dam`n`ed", "dam\n\nn"} {
			john.send(commandRoom, text)
		}
		if m := john.send(commandRoom, "hold **me**"); m.Pending == nil {
			t.Errorf("it is %+v", m)
		}
	})
}

func TestBlockListsAreHeldAgainstEdits(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		john := s.as("john")
		john.post(commandRoom, chat.Draft{ID: "m", Text: "fine"})
		for _, text := range []string{"damn", "hold me"} {
			_, err := john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: text})
			wantFieldErr(t, err, chat.ErrRejected, "text")
			_, err = john.PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"text": text}})
			wantFieldErr(t, err, chat.ErrRejected, "text")
		}
		john.wantTexts(commandRoom, "fine")
		for range 2 {
			s.check(second(john.PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"text": "darn"}})))
		}
		s.wantFlags("", commandRoom, "→m: block list flags: darn")
		s.check(s.ReviewMessageFlags(s.ctx, "m", "fine", ""))
		s.check(second(john.PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"a": "damn"}})))
		s.wantReviewed("", chat.OpenFlags)
		s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "darn it"})))
		s.wantReviewed("", chat.OpenFlags, "→m: block list flags: darn")
	})
}

func TestBlockListsAreNotForTheApplicationNorForWhoSkipsModeration(t *testing.T) {
	answer := func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		to := chat.ToChannel
		if call.Name == "ask" {
			to = chat.ToAuthor
		}
		return chat.CommandAnswer{To: to, Text: call.Args}, nil
	}
	options := &chat.Options{Commands: []chat.Command{
		{Name: "echo", Handler: chat.CommandFunc(answer)}, {Name: "ask", Handler: chat.CommandFunc(answer)},
	}}
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		blockStory(s)
		for _, text := range []string{"damn", "hold me", "darn"} {
			if m := s.send(commandRoom, "john", chat.Draft{Text: text}, nil); m.Pending != nil {
				t.Errorf("the application's %q is %+v", text, m)
			}
			if m := s.as("mod").send(commandRoom, text); m.Pending != nil {
				t.Errorf("a moderator's %q is %+v", text, m)
			}
		}
		s.wantFlags("", commandRoom)
		john := s.as("john")
		// What a command posts is held against them, what it tells its author is not.
		john.wantError(john.send(commandRoom, "/echo damn"))
		john.wantError(john.send(commandRoom, "/echo hold me"))
		if m := john.send(commandRoom, "/ask damn"); m.Type != chat.TypeEphemeral || m.Text != "damn" {
			t.Errorf("the answer is %+v", m)
		}
		john.send(commandRoom, "/echo darn")
		page, err := s.Flags(s.ctx, chat.FlagQuery{})
		s.check(err)
		if len(page.Items) != 1 {
			t.Errorf("the flags are %+v", page.Items)
		}
	})
}

// TestBlockListsSeeWhatWasTypedAfterACommand: everyone reads that, in args, whatever
// the command answers.
func TestBlockListsSeeWhatWasTypedAfterACommand(t *testing.T) {
	answer := func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		if call.Name == "echo" || call.Action != nil {
			return chat.CommandAnswer{To: chat.ToChannel, Text: "shrugs"}, nil
		}
		return chat.CommandAnswer{Text: "Shrug?", Attachments: []chat.Attachment{{Title: "t", Actions: []chat.AttachmentAction{{Name: "send"}, {Name: "done"}}}}}, nil
	}
	options := &chat.Options{Commands: []chat.Command{
		{Name: "echo", Handler: chat.CommandFunc(answer)}, {Name: "ask", Handler: chat.CommandFunc(answer)},
	}}
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		blockStory(s)
		john := s.as("john")
		press := func(args, button string) (chat.Message, error) {
			return john.RunAction(s.ctx, john.send(commandRoom, "/ask "+args).ID, button)
		}
		for _, args := range []string{"damn", "hold **me**"} {
			john.wantError(john.send(commandRoom, "/echo "+args))
		}
		for _, button := range []string{"send", "done"} {
			_, err := press("damn", button)
			wantFieldErr(t, err, chat.ErrRejected, "text")
			m, err := press("hold me", button)
			s.check(err)
			if m.Pending == nil {
				t.Errorf("%q posts %+v, which is not held", button, m)
			}
		}
		s.as("jane").wantTexts(commandRoom)
		john.post(commandRoom, chat.Draft{ID: "m", Text: "/echo darn"})
		s.wantFlags("", commandRoom, "→m: block list flags: darn")
		john.send(commandRoom, "/echo fine")
		s.wantFlags("", commandRoom, "→m: block list flags: darn")
	})
}

func TestBlockListsAreThoseOfTheChannel(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		none := []chat.BlockListUse{}
		_, err := s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{BlockLists: &none})
		s.check(err)
		john := s.as("john")
		john.send(commandRoom, "damn")
		s.channel("messaging:other", "john", "jane")
		_, err = john.Send(s.ctx, "messaging:other", chat.Draft{Text: "damn"})
		wantErr(t, err, chat.ErrRejected)
		// A change counts at once, after a restart too.
		s.check(second(s.UpdateBlockList(s.ctx, "rejects", []string{"heck"})))
		john.send("messaging:other", "damn")
		_, err = john.Send(s.ctx, "messaging:other", chat.Draft{Text: "heck"})
		wantErr(t, err, chat.ErrRejected)
		s.reopen()
		_, err = s.As("john").Send(s.ctx, "messaging:other", chat.Draft{Text: "what the heck"})
		wantErr(t, err, chat.ErrRejected)
	})
}

func TestBlockListsAreMadeListedAndDeleted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		lists, err := s.BlockLists(s.ctx)
		s.check(err)
		var got []string
		for _, l := range lists {
			if l.CreatedAt.IsZero() || l.UpdatedAt.IsZero() {
				t.Errorf("%s has no dates", l.Name)
			}
			got = append(got, fmt.Sprint(l.Name, l.Words))
		}
		wantSame(t, "the lists", got, []string{"flags[darn both]", "holds[hold me both]", "rejects[Damn]"})
		_, err = s.CreateBlockList(s.ctx, chat.BlockList{Name: "flags", Words: []string{"x"}})
		wantFieldErr(t, err, chat.ErrConflict, "name")
		_, err = s.UpdateBlockList(s.ctx, "nothing", []string{"x"})
		wantErr(t, err, chat.ErrNotFound)
		wantErr(t, s.DeleteBlockList(s.ctx, "nothing"), chat.ErrNotFound)
		wantFieldErr(t, s.DeleteBlockList(s.ctx, "flags"), chat.ErrState, "name")
		s.use(nil)
		uses := []chat.BlockListUse{{List: "flags", Action: chat.BlockReject}}
		s.check(second(s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{BlockLists: &uses})))
		s.check(s.DeleteBlockList(s.ctx, "flags"))
		s.as("john").send(commandRoom, "darn")
		// What does not exist cannot be used.
		_, err = s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{BlockLists: &uses})
		wantFieldErr(t, err, chat.ErrInvalid, "config_overrides.block_lists[0]")
		_, err = s.EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{CreatedBy: "jane", Overrides: chat.ChannelOverrides{BlockLists: &uses}})
		wantFieldErr(t, err, chat.ErrInvalid, "config_overrides.block_lists[0]")
		err = s.UpdateChannelType(s.ctx, "messaging", func(t *chat.ChannelType) error { t.BlockLists = uses; return nil })
		wantFieldErr(t, err, chat.ErrInvalid, "block_lists[0]")
		_, err = s.CreateChannelType(s.ctx, chat.ChannelType{Name: "quiet", BlockLists: uses})
		wantFieldErr(t, err, chat.ErrInvalid, "block_lists[0]")
		for i := range 98 {
			s.check(second(s.CreateBlockList(s.ctx, chat.BlockList{Name: fmt.Sprint("list", i), Words: []string{"x"}})))
		}
		_, err = s.CreateBlockList(s.ctx, chat.BlockList{Name: "more", Words: []string{"x"}})
		wantErr(t, err, chat.ErrLimit)
	})
}

func TestBlockListsLookAtWhatTheModeratorLeaves(t *testing.T) {
	var asked, fetched []string
	moderator := func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
		asked = append(asked, p.Message.Text)
		content := p.Content()
		content.Text = strings.ReplaceAll(content.Text, "heck", "damn")
		return chat.Verdict{Change: &content}, nil
	}
	enricher := func(_ context.Context, link string) (chat.Attachment, error) {
		fetched = append(fetched, link)
		return chat.Attachment{}, nil
	}
	options := &chat.Options{Moderator: chat.ModeratorFunc(moderator), Previews: chat.PreviewOptions{Enricher: chat.EnricherFunc(enricher)}}
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		asked, fetched = nil, nil
		blockStory(s)
		john := s.as("john")
		_, err := john.Send(s.ctx, commandRoom, chat.Draft{Text: "damn"})
		wantErr(t, err, chat.ErrRejected)
		_, err = john.Send(s.ctx, commandRoom, chat.Draft{Text: "heck"})
		wantErr(t, err, chat.ErrRejected)
		john.post(commandRoom, chat.Draft{ID: "m", Text: "fine"})
		_, err = john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "heck"})
		wantErr(t, err, chat.ErrRejected)
		// What they refuse asks nobody, and has nothing looked up.
		_, err = john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "damn https://example.org/a"})
		wantErr(t, err, chat.ErrRejected)
		_, err = s.as("mod").UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "damn https://example.org/b"})
		s.check(err)
		wantSame(t, "what it was asked about", asked, []string{"heck", "fine", "heck"})
		wantSame(t, "what was looked up", fetched, []string{"https://example.org/b"})
	})
}

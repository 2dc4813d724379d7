package chat_test

import (
	"testing"
	"time"

	"example.com/chat/internal/model"
)

// TestModelScripts plays scripts on which engine and model once differed, or that
// random steps hardly ever come to.
func TestModelScripts(t *testing.T) {
	user := func(id, role string) model.Step { return model.Step{Op: model.PutUser, User: id, Role: role} }
	channel := model.Step{Op: model.EnsureChannel, CID: "messaging:one", User: "ann", Users: []string{"ann", "ben"}}
	send := func(by, id string) model.Step {
		return model.Step{Op: model.Send, By: by, CID: "messaging:one", ID: id, Text: id}
	}
	for name, steps := range map[string][]model.Step{
		"a newcomer after the clock was set back": {
			user("ann", "user"), user("ben", "user"), user("cat", "user"), channel,
			{Op: model.Sleep, For: time.Hour},
			send("ann", "m1"),
			{Op: model.AddMembers, CID: "messaging:one", Users: []string{"cat"}},
			{Op: model.ReopenInThePast},
			send("ann", "m2"),
		},
		"a channel that was hidden, written in and closed": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Hide, By: "ann", CID: "messaging:one"},
			send("ben", "m1"),
			{Op: model.Disable, CID: "messaging:one", On: true},
		},
		"a patch that changes nothing of a message of which only a quote is left, and that is truncated": {
			user("ann", "user"), user("ben", "user"), channel, send("ben", "m1"),
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Parent: "m1", Quoted: "m1"},
			{Op: model.Truncate, CID: "messaging:one", ID: "m1"},
			{Op: model.PatchMessage, By: "ann", ID: "m2"},
			{Op: model.PatchMessage, By: "ann", ID: "m2", Set: []string{"mood=red"}},
		},
		"a list by the last message after one cleared a channel": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.EnsureChannel, CID: "messaging:two", User: "ann", Users: []string{"ann", "ben"}},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, CID: "messaging:two", ID: "m1", User: "ann", Text: "m1"},
			{Op: model.Sleep, For: time.Hour},
			send("ann", "m2"),
			{Op: model.Hide, By: "ben", CID: "messaging:one", Hard: true},
			{Op: model.Show, By: "ben", CID: "messaging:one"},
		},
		"a list by the last message where the channel alone lets members see all that is private": {
			user("ann", "user"), user("ben", "user"), user("gus", "admin"), channel,
			{Op: model.EnsureChannel, CID: "messaging:two", User: "ann", Users: []string{"ann", "ben"}},
			{Op: model.SetOverrides, CID: "messaging:one", Role: "channel_member", Actions: []string{"read-channel", "read-restricted-visibility-message"}},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, CID: "messaging:two", ID: "m1", User: "ann", Text: "m1"},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, CID: "messaging:one", ID: "m2", User: "ann", Text: "m2", Audience: []string{"ann"}},
			{Op: model.MarkRead, CID: "messaging:one", By: "ben"},
		},
		"a list by the last message where a role of one's own lets members see all that is private": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.EnsureChannel, CID: "messaging:two", User: "ann", Users: []string{"ann", "ben"}},
			{Op: model.ChangeType, Type: "messaging", Role: "reader", Actions: []string{"read-channel", "read-restricted-visibility-message"}},
			{Op: model.ChangeMember, CID: "messaging:one", User: "ben", Role: "reader"},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, CID: "messaging:two", ID: "m1", User: "ann", Text: "m1"},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, CID: "messaging:one", ID: "m2", User: "ann", Text: "m2", Audience: []string{"ann"}},
			{Op: model.MarkRead, CID: "messaging:one", By: "ben"},
		},
		"the answer to a command in a channel that is truncated in the same moment": {
			user("ann", "user"), user("ben", "user"), channel, send("ben", "m1"),
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "/ask why"},
			{Op: model.Truncate, CID: "messaging:one"},
		},
		"a late preview of a message that was edited to another link, which is to have none": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.ReopenStore}, // without background work
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: model.SiteLate + "1"},
			{Op: model.Update, By: "ann", ID: "m1", Text: model.SiteUp + "2", NoPreview: true},
			{Op: model.RunDueWork},
		},
		"a late preview where previews were turned off meanwhile": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.ReopenStore},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: model.SiteLate + "1"},
			{Op: model.SetOverrides, CID: "messaging:one", Settings: []string{model.Links + "=off"}},
			{Op: model.RunDueWork},
		},
		"a late preview of a message that was edited when the clock was set back": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.ReopenStore},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: model.SiteLate + "1"},
			{Op: model.ReopenInThePast},
			{Op: model.Update, By: "ann", ID: "m1", Text: model.SiteLate + "2"},
			{Op: model.RunDueWork},
		},
		"a private command whose answer is posted in a channel that holds messages by then": {
			user("ann", "user"), user("ben", "user"), user("gus", "admin"), channel,
			{Op: model.Send, By: "gus", CID: "messaging:one", ID: "m1", Text: "/ask why", Audience: []string{"ben"}},
			{Op: model.SetOverrides, CID: "messaging:one", Settings: []string{model.Pending + "=on"}},
			{Op: model.RunAction, By: "gus", ID: "m1", Action: "send"},
			{Op: model.Commit, ID: "m1"},
		},
		"the reason of a ban in the name of one who is erased": {
			user("ann", "guest"), user("ben", "user"),
			{Op: model.BanUser, User: "ann", Author: "ben", Text: "green", Shadow: true},
			{Op: model.EraseUser, User: "ben", Type: model.ErasedSoft},
		},
		"a button pressed by one who was banned meanwhile": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "/ask why"},
			{Op: model.BanUser, CID: "messaging:one", User: "ann"},
			{Op: model.RunAction, By: "ann", ID: "m1", Action: "again"},
			{Op: model.RunAction, By: "ann", ID: "m1", Action: "cancel"},
		},
		"a push of a reply to a parent that was truncated for good and not yet purged": {
			user("ann", "user"), user("ben", "user"), channel, send("ann", "m1"),
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "m2", Parent: "m1"},
			{Op: model.Sleep, For: time.Hour},
			{Op: model.ReopenStore}, // without background work
			{Op: model.Send, CID: "messaging:one", ID: "m3", User: "ben", Text: "m3", Parent: "m1"},
			{Op: model.Truncate, CID: "messaging:one", ID: "m2", Hard: true},
			{Op: model.RunDueWork},
		},
		"a private reply of one who becomes a member later": {
			user("ann", "user"), user("ben", "user"), user("cat", "user"), channel, send("ann", "m1"),
			{Op: model.Send, CID: "messaging:one", ID: "m2", User: "cat", Text: "m2", Parent: "m1", Audience: []string{"ben"}},
			{Op: model.AddMembers, CID: "messaging:one", Users: []string{"cat"}},
			{Op: model.MarkRead, By: "cat", CID: "messaging:one"},
		},
		"bans from a channel that is deleted": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.BanUser, CID: "messaging:one", User: "ann"},
			{Op: model.DeleteChannel, CID: "messaging:one"},
			{Op: model.UnbanUser, CID: "messaging:one", User: "ann"},
			{Op: model.UnbanUser, CID: "messaging:one", User: "ben"},
			{Op: model.BanUser, CID: "messaging:one", User: "ben"},
		},
		"a command that is sent again after what it did was undone": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "/mute @ben"},
			{Op: model.UnmuteUser, By: "ann", User: "ben"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "/mute @ben"},
			send("ben", "m2"),
		},
		"the answer to a command in a channel that is truncated when the clock was set back": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Sleep, For: time.Hour / 2},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "/ask why"},
			{Op: model.ReopenInThePast, On: true},
			{Op: model.Truncate, CID: "messaging:one"},
		},
		"the original of a pending message that was truncated and not yet purged": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Send, CID: "messaging:one", ID: "m1", User: "ann", Text: "m1", Hold: model.Held},
			{Op: model.ReopenStore}, // without background work
			{Op: model.Truncate, CID: "messaging:one"},
		},
		"a shadowed message of which only a quote of another is left": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.BanUser, CID: "messaging:one", User: "ann", Shadow: true},
			send("ann", "m1"),
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "m2", Quoted: "m1"},
			{Op: model.PatchMessage, By: "ann", ID: "m2", Unset: []string{"text"}},
		},
		"one who sees all that is private and does not know that they are shadow-banned answers one who is": {
			user("ann", "user"), user("ben", "user"), user("gus", "admin"), channel,
			{Op: model.BanUser, User: "ann", Shadow: true},
			send("ann", "m1"),
			{Op: model.Send, By: "gus", CID: "messaging:one", ID: "m2", Text: "m2", Parent: "m1"},
			{Op: model.BanUser, User: "gus", Shadow: true},
			{Op: model.Send, By: "gus", CID: "messaging:one", ID: "m3", Text: "m3", Parent: "m1"},
			{Op: model.Send, By: "gus", CID: "messaging:one", ID: "m4", Quoted: "m1"},
		},
		"what hangs on a shadowed message when the ban is over": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.BanUser, User: "ann", Shadow: true},
			send("ann", "m1"),
			{Op: model.Send, CID: "messaging:one", ID: "m2", User: "ben", Text: "m2", Parent: "m1"},
			{Op: model.UnbanUser, User: "ann"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m3", Text: "m3", Parent: "m1", Show: true},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m4", Quoted: "m1"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m5", Text: "m5", Quoted: "m1"},
		},
		"a message that is committed when the shadow ban is over": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.SetOverrides, CID: "messaging:one", Settings: []string{model.Pending + "=on"}},
			{Op: model.BanUser, User: "ann", Shadow: true},
			send("ann", "m1"),
			{Op: model.UnbanUser, User: "ann"},
			send("ann", "m2"),
			{Op: model.BanUser, User: "ann", Shadow: true},
			{Op: model.Commit, ID: "m1"},
			{Op: model.Commit, ID: "m2"},
		},
		"one who is blocked adds a third, with a word to the channel": {
			user("ann", "user"), user("ben", "user"), user("cat", "user"), channel,
			{Op: model.BlockUser, By: "ben", User: "ann"},
			send("ann", "m1"),
			{Op: model.AddMembers, By: "ann", CID: "messaging:one", Users: []string{"cat"}, Text: "note"},
			{Op: model.SetOverrides, CID: "messaging:one", Role: "channel_creator", Actions: []string{"create-system-message", "update-channel-members"}},
			{Op: model.AddMembers, By: "ann", CID: "messaging:one", Users: []string{"cat"}, Text: "note"},
			send("ann", "m2"),
			{Op: model.RemoveMembers, By: "ann", CID: "messaging:one", Users: []string{"cat"}, Text: "note 2"},
			send("ann", "m3"),
		},
		"edits that leave only a quote of what was shadowed": {
			user("ann", "user"), user("ben", "user"), channel, send("ann", "m1"),
			{Op: model.BanUser, User: "ann", Shadow: true},
			send("ann", "m2"),
			{Op: model.Update, By: "ann", ID: "m1", Text: "m1", Quoted: "m2"},
			{Op: model.PatchMessage, By: "ann", ID: "m1", Unset: []string{"text"}},
			{Op: model.UnbanUser, User: "ann"},
			{Op: model.PatchMessage, By: "ann", ID: "m1", Set: []string{"mood=red"}},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m3", Text: "m3", Quoted: "m2"},
			{Op: model.PatchMessage, ID: "m3", Unset: []string{"text"}},
			{Op: model.PatchMessage, By: "ann", ID: "m3", Unset: []string{"text"}},
			{Op: model.PatchMessage, By: "ann", ID: "m3", Set: []string{"text=m3"}},
		},
		"one who is blocked leaves the channel that they created": {
			user("ann", "user"), user("ben", "user"), user("cat", "moderator"), channel,
			{Op: model.BlockUser, By: "ben", User: "ann"},
			{Op: model.BlockUser, By: "ben", User: "cat"},
			{Op: model.Leave, By: "ann", CID: "messaging:one"},
			send("ann", "m1"),
			send("cat", "m2"),
			{Op: model.AddMembers, By: "ann", CID: "messaging:one", Users: []string{"ann"}},
			send("ann", "m3"),
			send("cat", "m4"),
			{Op: model.BlockUser, By: "ann", User: "ben"},
			{Op: model.Leave, By: "ann", CID: "messaging:one"},
			send("ben", "m5"),
			{Op: model.SetOverrides, CID: "messaging:one", Role: "channel_creator", Actions: []string{"create-message"}},
			send("ben", "m6"),
			send("ann", "m7"),
		},
		"one who is blocked by one of several whom they invited": {
			user("ann", "user"), user("ben", "user"), user("cat", "user"),
			{Op: model.EnsureChannel, CID: "messaging:one", User: "ann", Users: []string{"ann"}},
			{Op: model.AddMembers, CID: "messaging:one", Users: []string{"ben"}, Invite: true},
			{Op: model.BlockUser, By: "ben", User: "ann"},
			send("ann", "m1"),
			{Op: model.AddMembers, CID: "messaging:one", Users: []string{"cat"}, Invite: true},
			send("ann", "m2"),
			{Op: model.AcceptInvite, By: "cat", CID: "messaging:one"},
			send("ann", "m3"),
		},
		"one who is banned with their messages when the clock was set back": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Sleep, For: time.Hour},
			send("ann", "m1"),
			{Op: model.ReopenInThePast},
			{Op: model.BanUser, User: "ann", Purge: model.ErasedSoft},
			{Op: model.BanUser, CID: "messaging:one", User: "ann", Purge: model.ErasedWhole},
		},
		"slow mode when the clock was set back": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Sleep, For: time.Hour},
			{Op: model.SetCooldown, CID: "messaging:one", For: time.Minute},
			send("ann", "m1"), send("ann", "m2"),
			{Op: model.ReopenInThePast},
			send("ann", "m3"), send("ann", "m4"),
			{Op: model.Sleep, For: time.Minute},
			send("ann", "m5"),
		},
		"one who may ban ends their own shadow ban": {
			user("ann", "user"), user("ben", "user"), user("fay", "moderator"), channel,
			{Op: model.AddMembers, CID: "messaging:one", Users: []string{"fay"}},
			{Op: model.BanUser, CID: "messaging:one", User: "fay", Shadow: true},
			{Op: model.UnbanUser, By: "fay", CID: "messaging:one", User: "fay"},
			{Op: model.Send, By: "fay", CID: "messaging:one", ID: "m1", Text: "/unban @fay"},
			send("fay", "m2"),
		},
		"the strictest of some block lists, and what is pending anyway": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.CreateList, List: "slight", Words: []string{"gosh"}},
			{Op: model.CreateList, List: "grave", Words: []string{"damn", "gosh"}},
			{Op: model.ChangeType, Type: "messaging", Lists: []string{"slight=flag", "grave=hold"}},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "gosh"},
			{Op: model.SetOverrides, CID: "messaging:one", Lists: []string{"slight=flag"}, Settings: []string{model.Pending + "=on"}},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "gosh, damn"},
			{Op: model.Commit, ID: "m2"},
		},
		"commands and what they post where block lists hold and reject": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.CreateList, List: "slight", Words: []string{"gosh", "done"}},
			{Op: model.CreateList, List: "grave", Words: []string{"Hold me"}},
			{Op: model.SetOverrides, CID: "messaging:one", Lists: []string{"slight=hold", "grave=reject"}},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "/echo gosh"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "/ask gosh"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m3", Text: "/ask why"},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m4", Text: "/ask hold, me"},
			{Op: model.RunAction, By: "ann", ID: "m2", Action: "send"},
			{Op: model.RunAction, By: "ann", ID: "m3", Action: "done"},
			{Op: model.RunAction, By: "ann", ID: "m4", Action: "send"},
			{Op: model.Commit, ID: "m2"},
		},
		"an edit that a block list refuses, about which the moderator has nothing to say": {
			user("ann", "user"), user("ben", "user"), channel, send("ann", "m1"),
			{Op: model.CreateList, List: "slight", Words: []string{"gosh"}},
			{Op: model.ChangeType, Type: "messaging", Lists: []string{"slight=hold"}},
			{Op: model.Update, By: "ann", ID: "m1", Text: "Gosh!"},
			{Op: model.Update, By: "ann", ID: "m1", Text: "goshawk"},
		},
		"a message to be pinned that a block list or the moderator holds": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.CreateList, List: "slight", Words: []string{"gosh", "mild"}},
			{Op: model.ChangeType, Type: "messaging", Lists: []string{"slight=hold"}},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m1", Text: "Gosh!", Pinned: true},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m2", Text: "m2", Pinned: true, Verdict: model.Holds},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m3", Text: "m3", Pinned: true, Verdict: model.Softens},
			{Op: model.Send, By: "ann", CID: "messaging:one", ID: "m4", Text: "m4", Pinned: true},
		},
		"a review in the name of one who may not call, of a message that has no flags": {
			user("ann", "user"), user("ben", "user"), channel,
			{Op: model.Deactivate, User: "ben"},
			{Op: model.Send, CID: "messaging:one", ID: "m1", User: "ann", Text: "m1", Hold: model.Held},
			{Op: model.ReviewMessage, ID: "m1", Author: "ben", Text: "fine"},
		},
	} {
		for _, d := range []modelDriver{{name: "memstore", fakeClock: true}, {name: "boltstore", bolt: true, fakeClock: true}} {
			t.Run(name+" on "+d.name, func(t *testing.T) {
				if failure := d.replay(t, steps); failure != "" {
					t.Errorf("%s\n%s", failure, model.Script(steps))
				}
			})
		}
	}
}

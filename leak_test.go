package chat_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// That nothing leaks is shown by one script played into two stores at the same
// fake times: one gets the secret messages, in the other their steps only take
// their time. Whoever is outside their audience must not be able to tell in
// which store they are, by no call and no argument.

const (
	leakRoom = chat.CID("messaging:room")  // members only
	leakShow = chat.CID("livestream:show") // read without being a member
	leakPlay = chat.CID("messaging:play")  // without secrets, to be ordered against the others
)

// leakOutsiders are outside the audience of every secret.
var leakOutsiders = []chat.UserID{
	"mary",  // a member
	"max",   // a moderator of the channels
	"mod",   // a moderator of the application
	"ned",   // not a member
	"gus",   // a guest, not a member
	"anon",  // anonymous, not a member
	"lea",   // was a member before the secrets
	"heidi", // a member who hid the channels
	"mute",  // a member who muted the author
	"leo",   // was of the audience, and left
	"ivy",   // invited, and has not answered
	"owner", // made the channels
}

// leakSecrets are the ids of secret messages, and of one that never was.
var leakSecrets = []chat.MessageID{"secret 1", "secret 2", "secret 3", "secret 4", "secret show 1", "secret show 2", "never"}

// leakPublics are the ids of messages that everyone sees.
var leakPublics = []chat.MessageID{"public 1", "public 3", "mary 1", "show 2"}

// leakOptions have a command whose answer is its author's alone, for longer than
// the story lasts. Links lead to previews, and no send waits for one: it would
// be later in the store with secrets.
func leakOptions() *chat.Options {
	whisper := func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		return chat.CommandAnswer{Text: call.Args, Attachments: []chat.Attachment{{
			Title: "A secret", Actions: []chat.AttachmentAction{{Name: "send"}, {Name: "cancel"}, {Name: "again"}},
		}}}, nil
	}
	_, options := previews()
	options.Previews.Wait = chat.None
	options.EphemeralLife, options.Pusher, options.Presence = 24*time.Hour, &phone{}, leakOnline()
	options.Commands = []chat.Command{{Name: "whisper", Handler: chat.CommandFunc(whisper)}}
	return options
}

// leakWorld is one of the two stores.
type leakWorld struct {
	*scenario
	kind    *leakKind
	secrets bool
	stopped bool              // before the secrets end: what the insider of a control is shown
	tokens  []chat.PageToken  // of the pages of an insider in the store with secrets
	onStep  func(step string) // called after each step
	begin   chat.Cursor       // before the script
}

// step plays a part of the script a minute after the one before.
func (w *leakWorld) step(name string, play func()) {
	w.t.Helper()
	time.Sleep(time.Minute)
	play()
	synctest.Wait()
	if w.onStep != nil {
		w.onStep(name)
	}
}

// secret is a step that only the store with secrets has.
func (w *leakWorld) secret(name string, play func()) {
	w.t.Helper()
	w.step(name, func() {
		if w.secrets {
			play()
		}
	})
}

// play is the script up to where the outsiders begin to act.
func (w *leakWorld) play() {
	w.t.Helper()
	w.begin = w.watch("").cursor
	w.users("owner", "jane", "john", "mary", "max", "ned", "lea", "heidi", "mute", "leo", "ivy", "newcomer")
	w.user(chat.User{ID: "gus", Role: chat.RoleGuest})
	w.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
	w.user(chat.User{ID: "mod", Role: chat.RoleModerator})
	w.user(chat.User{ID: "ada", Role: chat.RoleAdmin})
	for _, cid := range []chat.CID{leakRoom, leakShow, leakPlay} {
		w.step("make "+string(cid), func() {
			if w.kind.pair && cid == leakPlay {
				w.channel(cid, "john", "jane")
				return
			}
			w.channel(cid, "owner", "jane", "john", "mary", "lea", "heidi", "mute", "leo")
			w.check(w.AddMembers(w.ctx, cid, []chat.MemberDraft{
				{UserID: "max", Role: chat.RoleChannelModerator}, {UserID: "ivy", Invite: true},
			}, nil))
		})
	}
	for _, name := range []string{"messaging", "livestream"} {
		w.step("enable a command", func() {
			w.check(w.UpdateChannelType(w.ctx, name, func(t *chat.ChannelType) error {
				t.Commands = append(t.Commands, "whisper")
				t.Grants[chat.RoleChannelMember] = append(t.Grants[chat.RoleChannelMember], chat.CreateMentionOnline)
				return nil
			}))
		})
	}
	w.step("first messages", func() {
		for i, cid := range []chat.CID{leakRoom, leakPlay} {
			w.as("jane").post(cid, chat.Draft{ID: chat.MessageID(fmt.Sprint("public ", 1+i)), Text: "Hello"})
		}
		w.as("jane").post(leakShow, chat.Draft{ID: "show 1", Text: "Welcome"})
		w.as("mary").post(leakRoom, chat.Draft{ID: "mary 1", Text: "Hello, Jane"})
	})
	w.step("lea leaves, heidi hides, mute mutes", func() {
		for _, cid := range []chat.CID{leakRoom, leakShow} {
			w.check(w.As("lea").LeaveChannel(w.ctx, cid))
			w.check(w.As("heidi").HideChannel(w.ctx, cid, cid == leakShow))
			w.check(w.As("max").MarkRead(w.ctx, cid))
		}
		w.check(w.As("mute").MuteUser(w.ctx, "jane", 0))
	})
	w.step("the beginning of the secrets", func() { w.kind.begins(w) })
	w.secret("a secret", func() {
		w.kind.says(w, leakRoom, chat.Draft{ID: "secret 1", Text: "a secret https://a.example/secret", Mentions: []chat.UserID{"mary"}, Custom: chat.Custom{"key": 1}})
	})
	w.secret("a reply to it", func() {
		w.kind.says(w, leakRoom, chat.Draft{ID: "secret 2", Text: "a secret reply", ParentID: "secret 1", ShowInChannel: true})
	})
	w.step("a message in the play channel", func() {
		w.as("john").post(leakPlay, chat.Draft{ID: "public 4", Text: "Meanwhile"})
	})
	w.secret("a secret in the show", func() {
		w.kind.says(w, leakShow, here(chat.Draft{ID: "secret show 1", Text: "a late secret https://3s.example/secret"}))
	})
	w.step("a message that quotes the secret", func() {
		d := chat.Draft{ID: "public 3", Text: "As was said"}
		if w.secrets && w.kind.others {
			d.QuotedID = "secret 1"
		}
		w.as("john").post(leakRoom, d)
		w.as("john").post(leakRoom, chat.Draft{ID: "reply 1", Text: "Hi", ParentID: "mary 1"})
		w.as("john").post(leakShow, chat.Draft{ID: "show 2", Text: "On we go"})
	})
	w.step("everyone reads", func() {
		for _, user := range []chat.UserID{"mary", "max", "leo", "john"} {
			w.check(w.As(user).MarkRead(w.ctx, leakRoom))
		}
	})
	w.step("leo leaves", func() {
		for _, cid := range []chat.CID{leakRoom, leakShow} {
			w.check(w.As("leo").LeaveChannel(w.ctx, cid))
		}
	})
	w.secret("a reply to a public message, silently", func() {
		d := chat.Draft{ID: "secret 3", Text: "a secret aside", ParentID: "mary 1", Silent: true}
		if w.kind.name == "private" {
			d.Restricted = []chat.UserID{"john"}
		}
		if w.kind.name == "private" {
			w.send(leakRoom, "jane", d, nil)
		} else {
			w.kind.says(w, leakRoom, d)
		}
	})
	// The newest of both channels are secrets.
	w.secret("the newest of the room", func() {
		d := here(chat.Draft{ID: "secret 4", Type: chat.TypeSystem, Text: "the last secret"})
		if w.kind.name == "private" {
			d.Restricted = []chat.UserID{"john"}
			w.send(leakRoom, "jane", d, nil)
		} else {
			w.kind.says(w, leakRoom, d)
		}
	})
	w.secret("the newest of the show", func() {
		d := chat.Draft{ID: "secret show 2", Text: "the last secret of the show"}
		if w.kind.name == "private" {
			d.Restricted, d.MentionAll = []chat.UserID{"john"}, true
			w.send(leakShow, "jane", d, nil)
		} else {
			w.kind.says(w, leakShow, d)
		}
	})
	w.secret("one is flagged", func() {
		if !w.kind.stays() {
			return
		}
		w.check(w.As("jane").FlagMessage(w.ctx, "secret 1", "a secret reason"))
		w.check(w.ReviewMessageFlags(w.ctx, "secret 1", "a secret outcome", ""))
		w.check(w.As("jane").FlagMessage(w.ctx, "secret 2", "another secret reason"))
		w.flagAndUnflag("secret 4")
	})
	w.secret("one is reacted to", func() {
		if !w.kind.stays() {
			return
		}
		w.check(errOf(w.As("jane").React(w.ctx, "secret 1", chat.ReactionDraft{Type: "secret", Score: 7})))
		if w.kind.others {
			w.check(errOf(w.As("john").React(w.ctx, "secret 1", chat.ReactionDraft{Type: "secret", Score: 7})))
			w.check(errOf(w.As("john").DeleteReaction(w.ctx, "secret 1", "john", "secret")))
		}
		if w.kind.others && w.kind.name != "private" {
			w.check(errOf(w.PinMessage(w.ctx, "secret 1", "john", time.Time{})))
		}
	})
	w.step("what all see is reacted to and pinned", func() {
		_, err := w.As("john").React(w.ctx, "public 1", chat.ReactionDraft{Type: "like"})
		w.check(err)
		_, err = w.As("john").PinMessage(w.ctx, "public 3", time.Time{})
		w.check(err)
	})
	w.step("what all see is flagged", func() {
		w.check(w.As("john").FlagMessage(w.ctx, "public 1", "rude"))
		w.check(w.As("john").FlagUser(w.ctx, "mary", "rude"))
	})
	w.secret("one is edited, one deleted softly", func() {
		if !w.kind.stays() {
			return // neither is possible
		}
		_, err := w.UpdateMessage(w.ctx, "secret 1", chat.MessageUpdate{Text: "an edited secret https://3s.example/edited"}, nil)
		w.check(err)
		_, err = w.DeleteMessage(w.ctx, "secret 3", chat.DeleteSoft, "jane")
		w.check(err)
	})
	if w.secrets {
		page := w.as("john").page(leakRoom, chat.MessageQuery{Limit: 1})
		w.tokens = append(w.tokens, page.Prev)
	}
	if !w.stopped {
		w.secret("the end of the secrets", func() { w.kind.ends(w) })
		w.step("what comes after", func() { w.kind.goesOn(w) })
	}
	time.Sleep(time.Minute)
}

// seen is what one call answered.
type seen struct {
	Call   string
	Result any
	Error  string
}

// viewer is someone who tries to tell the two stores apart.
type viewer struct {
	*chat.Session
	w   *leakWorld
	all []seen
}

func (v *viewer) saw(result any, err error, format string, args ...any) {
	s := seen{Call: fmt.Sprintf("%s: ", v.User()) + fmt.Sprintf(format, args...), Result: result}
	if err != nil {
		s.Error = err.Error()
		var e *chat.Error
		if errors.As(err, &e) && e.Kind != nil {
			s.Error += " (" + e.Kind.Error() + ")"
		}
	}
	v.all = append(v.all, s)
}

// eachMessage has a call made for each secret and each public message.
func (v *viewer) eachMessage(call string, do func(chat.MessageID) (any, error)) {
	for _, id := range slices.Concat(leakSecrets, leakPublics) {
		result, err := do(id)
		v.saw(result, err, "%s(%s)", call, id)
	}
}

func (v *viewer) eachChannel(call string, do func(chat.CID) (any, error)) {
	for _, cid := range []chat.CID{leakRoom, leakShow, leakPlay} {
		result, err := do(cid)
		v.saw(result, err, "%s(%s)", call, cid)
	}
}

func only(err error) (any, error) { return nil, err }

// lookAround makes the calls that show most, after one that may have changed
// something.
func (v *viewer) lookAround() []seen {
	v.look("Channel", "MessagesByID", "TotalUnread", "Threads", "Thread")
	page, err := v.Channels(v.w.ctx, chat.ChannelQuery{})
	v.saw(page, err, "Channels")
	v.eachChannel("Messages", func(cid chat.CID) (any, error) { return v.Messages(v.w.ctx, cid, chat.MessageQuery{}) })
	return v.all
}

// look makes some of the calls.
func (v *viewer) look(calls ...string) []seen {
	v.all = nil
	for _, name := range calls {
		leakCalls[name](v)
	}
	return v.all
}

// TestEveryCallIsTriedForLeaks: a new call of a Session has to be added to
// leakCalls.
func TestEveryCallIsTriedForLeaks(t *testing.T) {
	session := reflect.TypeFor[*chat.Session]()
	for m := range session.Methods() {
		if leakCalls[m.Name] == nil {
			t.Errorf("Session.%s is not in leakCalls: nobody knows whether it tells of what one may not see", m.Name)
		}
	}
	for name := range leakCalls {
		if _, ok := session.MethodByName(name); !ok {
			t.Errorf("leakCalls has %s, which is no method of a Session", name)
		}
	}
}

// leakPair plays the script into both stores and returns what look found in
// the one with secrets and in the one without.
func leakPair(t *testing.T, kind *leakKind, stopped bool, look func(w *leakWorld) []seen) (with, without []seen) {
	t.Helper()
	var tokens []chat.PageToken
	for _, secrets := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := &leakWorld{scenario: newScenario(t, memstore.New(), leakOptions(), true), kind: kind, secrets: secrets, stopped: stopped, tokens: tokens}
			if found := look(w); secrets {
				with, tokens = found, w.tokens
			} else {
				without = found
			}
		})
	}
	return with, without
}

// leakDiff is how two stores differ: the first calls that tell them apart.
func leakDiff(with, without []seen) string {
	if len(with) != len(without) {
		return diffSeen(with, without)
	}
	diff, calls := "", 0
	for i := range with {
		if reflect.DeepEqual(with[i], without[i]) {
			continue
		}
		if more := diffSeen(with[i:i+1], without[i:i+1]); more != "" {
			diff += more
			if calls++; calls == 3 {
				break
			}
		}
	}
	return diff
}

// diffSeen compares in full. Ids that the engine makes are random.
func diffSeen(with, without []seen) string {
	return cmp.Diff(without, with, cmp.Transformer("id", func(id chat.MessageID) string {
		if len(id) == 36 {
			return "made by the engine"
		}
		return string(id)
	}), cmp.Transformer("cursor", func(chat.Cursor) string { return "" })) // they are encrypted: see TestACursorTellsNothing
}

// TestNothingLeaksFromAnyCall has each outsider make each call, with everything
// they may guess as its arguments, and then look around.
func TestNothingLeaksFromAnyCall(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		t.Run(kind.name, func(t *testing.T) {
			for name := range leakCalls {
				t.Run(name, func(t *testing.T) {
					with, without := leakPair(t, kind, false, func(w *leakWorld) (found []seen) {
						w.play()
						for _, user := range kind.viewers() {
							v := &viewer{Session: w.As(user), w: w}
							found = append(found, v.look(name)...)
							time.Sleep(time.Minute)
							found = append(found, v.lookAround()...)
						}
						return found
					})
					if len(with) == 0 {
						t.Fatal("nothing was tried")
					}
					if diff := leakDiff(with, without); diff != "" {
						t.Errorf("it can be told that there are secrets (-without +with):\n%s", diff)
					}
				})
			}
		})
	}
}

// TestNothingLeaksAtAnyTime has the outsiders look around after each step of
// the script, and when what is pending has expired.
func TestNothingLeaksAtAnyTime(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		if !kind.always {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			with, without := leakPair(t, kind, false, func(w *leakWorld) (found []seen) {
				hasLeft := false
				w.onStep = func(step string) {
					hasLeft = hasLeft || step == "leo leaves"
					for _, user := range kind.viewers() {
						if user != "leo" || hasLeft {
							v := &viewer{Session: w.As(user), w: w}
							v.saw(nil, nil, "after the step %q", step)
							found = append(found, v.all...)
							found = append(found, v.lookAround()...)
						}
					}
				}
				w.play()
				w.step("days later", func() { w.sleep(4 * 24 * time.Hour) })
				w.step("a restart", func() { w.reopen() })
				return found
			})
			if diff := leakDiff(with, without); diff != "" {
				t.Errorf("it can be told that there are secrets (-without +with):\n%s", diff)
			}
		})
	}
}

// TestLeaksAreNoticed is the control of the tests above: who is of the audience
// does see a difference, in each call that tells of a message.
func TestLeaksAreNoticed(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		insider, differs, stopped := kind.insider, kind.differs, false
		if insider == "" {
			// What will be deleted is seen by all until it is.
			insider, stopped = "mary", true
			if len(differs) == 0 {
				differs = []string{"AllMessages", "Channel", "Channels", "Message", "Messages", "MessagesByID", "Unread", "TotalUnread", "MarkUnread"}
			}
		}
		for _, name := range differs {
			t.Run(kind.name+"/"+name, func(t *testing.T) {
				with, without := leakPair(t, kind, stopped, func(w *leakWorld) []seen {
					w.play()
					v := &viewer{Session: w.As(insider), w: w}
					return v.look(name)
				})
				if leakDiff(with, without) == "" {
					t.Errorf("%s sees no difference in %s, although the secrets are theirs", insider, name)
				}
			})
		}
	}
}

// TestATakenIDIsAllThatShows: to send with the id of a secret is the one way to
// learn that there is something.
func TestATakenIDIsAllThatShows(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		if kind.say == nil {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &leakWorld{scenario: newScenario(t, memstore.New(), leakOptions(), true), kind: kind, secrets: true}
				w.play()
				for _, user := range []chat.UserID{"mary", "max", "mod"} {
					_, err := w.As(user).Send(w.ctx, leakRoom, chat.Draft{ID: "secret 1", Text: "Is it you?"})
					wantErr(t, err, chat.ErrConflict)
					_, err = w.As(user).Send(w.ctx, leakPlay, chat.Draft{ID: "secret 1", Text: "Is it you?"})
					if user == "mary" || user == "max" {
						wantErr(t, err, chat.ErrConflict)
					}
				}
			})
		})
	}
}

package chat_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// leakLooks are calls that show what lookAround does not, and by their errors what
// is there. Those that say more take too long for each kind, viewer and change.
var leakLooks = []string{
	"Bans", "Events", "Flags", "Members", "Message", "MarkUnread", "PinnedMessages", "React", "Reactions", "Replies",
}

func (w *leakWorld) deactivate(users ...chat.UserID) {
	w.t.Helper()
	for _, user := range users {
		w.check(w.DeactivateUser(w.ctx, user))
	}
}

func (w *leakWorld) reactivate(users ...chat.UserID) {
	w.t.Helper()
	for _, user := range users {
		w.check(w.ReactivateUser(w.ctx, user))
	}
}

// TestNothingLeaksOfADeactivatedUser: what was hidden of who is deactivated stays
// so, while they are and when they are back. Who may see it sees it all the same.
func TestNothingLeaksOfADeactivatedUser(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		t.Run(kind.name, func(t *testing.T) {
			look := func(w *leakWorld, users []chat.UserID, changes ...func(...chat.UserID)) (found []seen) {
				w.play()
				for _, change := range changes {
					w.step("Jane is deactivated, or reactivated", func() { change("jane") })
					for _, user := range users {
						v := &viewer{Session: w.As(user), w: w}
						found = append(found, v.look(leakLooks...)...)
						time.Sleep(time.Minute)
						found = append(found, v.lookAround()...)
					}
				}
				return found
			}
			with, without := leakPair(t, kind, false, func(w *leakWorld) []seen {
				return look(w, kind.viewers(), w.deactivate, w.reactivate)
			})
			if diff := leakDiff(with, without); diff != "" {
				t.Errorf("it can be told that there are secrets (-without +with):\n%s", diff)
			}
			if kind.insider == "" || kind.insider == "jane" {
				return
			}
			with, without = leakPair(t, kind, false, func(w *leakWorld) []seen {
				return look(w, []chat.UserID{kind.insider}, w.deactivate)
			})
			if leakDiff(with, without) == "" {
				t.Errorf("%s sees no difference while Jane is deactivated, although the secrets are theirs", kind.insider)
			}
		})
	}
}

// TestNothingLeaksToADeactivatedUser: who is deactivated is answered by each call
// that they are, whatever it is about, and told of nothing. Reactivated, they are
// answered again.
func TestNothingLeaksToADeactivatedUser(t *testing.T) {
	users := []chat.UserID{"jane", "john", "mary", "max", "owner", "ada"}
	for i := range leakKinds {
		kind := &leakKinds[i]
		t.Run(kind.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &leakWorld{scenario: newScenario(t, memstore.New(), leakOptions(), true), kind: kind, secrets: true}
				w.play()
				for _, user := range users {
					v := w.waitsForEvents(user)
					w.step("who waits for events is deactivated", func() { w.deactivate(user) })
					v.wantNothing()
				}
				w.step("others go on", func() {
					w.send(leakRoom, "leo", chat.Draft{ID: "afterwards 1", Text: "Is everybody gone?", MentionAll: true}, nil)
					w.send(leakShow, "leo", chat.Draft{ID: "afterwards 2", Text: "A word", Restricted: []chat.UserID{"ned"}}, nil)
				})
				for _, user := range users {
					v := &viewer{Session: w.As(user), w: w}
					for name, try := range leakCalls {
						if name == "User" { // which is no call
							continue
						}
						v.all = nil
						try(v)
						v.wantNothing()
					}
				}
				for _, push := range w.pushed(users...) {
					if strings.Contains(push.Call, "Is everybody gone?") {
						t.Errorf("who is deactivated gets a %s", push.Call)
					}
				}
				w.step("all are reactivated", func() { w.reactivate(users...) })
				for _, user := range users {
					v := &viewer{Session: w.As(user), w: w}
					for _, s := range v.look("Channels", "Mutes", "Poll", "TotalUnread") {
						if s.Error != "" && !strings.Contains(s.Error, context.DeadlineExceeded.Error()) {
							t.Errorf("reactivated, %s is answered %s", s.Call, s.Error)
						}
					}
				}
			})
		})
	}
}

// waitsForEvents has a user wait for events, and sees what they are told.
func (w *leakWorld) waitsForEvents(user chat.UserID) *viewer {
	w.t.Helper()
	v := &viewer{Session: w.As(user), w: w}
	cursor := w.watch(user).cursor
	go func() {
		ctx, cancel := context.WithTimeout(w.ctx, time.Hour)
		defer cancel()
		list, _, err := v.Poll(ctx, cursor, chat.EventQuery{})
		v.saw(list, err, "waiting for events")
	}()
	synctest.Wait()
	return v
}

// wantNothing checks that all that the viewer saw is that they are deactivated. By
// its arguments alone a call may be refused before.
func (v *viewer) wantNothing() {
	v.w.t.Helper()
	if len(v.all) == 0 {
		v.w.t.Errorf("%s is not answered", v.User())
	}
	for _, s := range v.all {
		deactivated := fmt.Sprintf("user %q is deactivated (%v)", v.User(), chat.ErrPermission)
		if !strings.HasSuffix(s.Error, deactivated) && !strings.HasSuffix(s.Error, fmt.Sprintf("is oneself (%v)", chat.ErrInvalid)) {
			v.w.t.Errorf("%s is answered %q", s.Call, s.Error)
		}
		if s.Result != nil && !tellsNothing(reflect.ValueOf(s.Result)) {
			v.w.t.Errorf("%s shows %+v", s.Call, s.Result)
		}
	}
}

// tellsNothing says whether a result is empty, or a list of what is.
func tellsNothing(v reflect.Value) bool {
	if v.Kind() != reflect.Slice {
		return v.IsZero()
	}
	for i := range v.Len() {
		if !tellsNothing(v.Index(i)) {
			return false
		}
	}
	return true
}

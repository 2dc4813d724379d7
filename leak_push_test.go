package chat_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

// pushed are the pushes to some users so far, in the order of the messages.
func (w *leakWorld) pushed(users ...chat.UserID) (found []seen) {
	time.Sleep(time.Minute)
	list := w.options.Pusher.(*phone).all()
	slices.SortFunc(list, func(a, b chat.Push) int {
		return cmp.Or(a.Message.CreatedAt.Compare(b.Message.CreatedAt), cmp.Compare(a.Message.ID, b.Message.ID))
	})
	for _, push := range list {
		for _, user := range push.Recipients {
			if slices.Contains(users, user) {
				found = append(found, seen{Call: fmt.Sprintf("push to %s: %s", user, push.Text), Result: []any{push.Message, push.Channel, push.Attempt, slices.Contains(push.Mentioned, user)}})
			}
		}
	}
	return found
}

// TestNothingLeaksByPush: who is outside the audience of a secret is pushed the
// same in both stores, and who is of it is not.
func TestNothingLeaksByPush(t *testing.T) {
	for i := range leakKinds {
		kind := &leakKinds[i]
		if !kind.always || kind.say == nil {
			continue // they were to all when they were sent, or are none
		}
		t.Run(kind.name, func(t *testing.T) {
			outsiders := slices.DeleteFunc(kind.viewers(), func(user chat.UserID) bool {
				return user == "leo" // who was of the audience
			})
			with, without := leakPair(t, kind, false, func(w *leakWorld) []seen {
				w.play()
				return w.pushed(outsiders...)
			})
			if len(without) == 0 {
				t.Error("nothing was pushed")
			}
			if diff := leakDiff(with, without); diff != "" {
				t.Errorf("it can be told that there are secrets (-without +with):\n%s", diff)
			}
			with, without = leakPair(t, kind, false, func(w *leakWorld) []seen {
				w.play()
				return w.pushed("john", "leo")
			})
			if told := leakDiff(with, without) != ""; told != (kind.name == "private") {
				t.Errorf("that the audience is told of secrets of the kind %s is %v", kind.name, told)
			}
		})
	}
}

package chat_test

import (
	"context"
	"testing"
	"time"

	"example.com/chat"
)

// leakUnflagged is that the application took the flags of a public message away:
// only moderators, who list flags, may learn of it. Who flagged it finds in their
// export that the flag is gone, and has a test of their own.
var leakUnflagged = leakKind{
	name: "flags taken away",
	after: func(w *leakWorld) {
		if w.secrets {
			w.check(w.UnflagMessage(w.ctx, "public 1"))
		}
	},
	only:    []chat.UserID{"jane", "mary", "ned", "owner", "lea", "leo", "newcomer"},
	always:  true,
	insider: "max",
	differs: []string{"Flags"},
}

// flagAndUnflag has a secret flagged, and the flags taken away.
func (w *leakWorld) flagAndUnflag(id chat.MessageID) {
	w.t.Helper()
	w.check(w.As("jane").FlagMessage(w.ctx, id, "a passing reason"))
	w.check(w.UnflagMessage(w.ctx, id))
}

// TestNothingLeaksOfAFlagThatIsGone: John, who flagged the message, makes calls that
// show most and looks around. If he flagged it again he would know: he is told of
// a flag of his that is new, and not of one that is there.
func TestNothingLeaksOfAFlagThatIsGone(t *testing.T) {
	with, without := leakPair(t, &leakUnflagged, false, func(w *leakWorld) (found []seen) {
		w.play()
		v := &viewer{Session: w.As("john"), w: w}
		found = append(found, v.look("Flags", "Poll", "Events", "Messages", "Message", "Reactions")...)
		time.Sleep(time.Minute)
		return append(found, v.lookAround()...)
	})
	if diff := leakDiff(with, without); diff != "" {
		t.Errorf("it can be told that the flag is gone (-without +with):\n%s", diff)
	}
}

// leakOnline has everyone online: so a secret that mentions who is mentions all who
// may see it.
func leakOnline() chat.Presence {
	return chat.PresenceFunc(func(_ context.Context, users []chat.UserID) ([]chat.UserID, error) { return users, nil })
}

// here is a draft that mentions everyone online.
func here(d chat.Draft) chat.Draft {
	d.MentionOnline = true
	return d
}

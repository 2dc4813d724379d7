package chat

import (
	"testing"

	"example.com/chat/internal/record"
	"example.com/chat/storage/memstore"
)

// TestUnreadIsCountedAnewWhenAMuteHasEndedOrHasNot: the clock may be set back to
// where a mute had not ended yet.
func TestUnreadIsCountedAnewWhenAMuteHasEndedOrHasNot(t *testing.T) {
	a, err := New(memstore.New(), &Options{NoBackground: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = a.view(t.Context(), "Unread", func(r *record.Reader) error {
		for at, want := range map[int64]bool{9: false, 10: true, 19: true, 20: false} {
			room := &room{opened: &opened{}, now: at}
			room.unread.Store(&knownUnread{version: r.Version(), from: 10, until: 20, n: 3})
			if got := room.knownUnread(r) != nil; got != want {
				t.Errorf("what was counted from 10 to 20 counts at %d: %t; want %t", at, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

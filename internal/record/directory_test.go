package record

import (
	"fmt"
	"testing"

	"example.com/chat/internal/codec"
)

// TestTheDirectoryTellsOfWhoIsAskedFor fills the directory with more users than
// it has room for, in several versions: it tells of a user as they were in the
// version asked for, or of nobody, and mostly of the former where there is room.
func TestTheDirectoryTellsOfWhoIsAskedFor(t *testing.T) {
	for _, users := range []int{directorySize / 4, 3 * directorySize} {
		d, known := newDirectory(), 0
		for version := range int64(4) {
			for i := range users {
				id := fmt.Sprint("user", i)
				d.add(version, &codec.User{ID: id, Name: fmt.Sprint(id, " ", version)})
			}
			for asked := range int64(4) {
				for i := range users {
					id := fmt.Sprint("user", i)
					u := d.get(asked, id)
					if u == nil {
						continue
					}
					if u.ID != id || u.Name != fmt.Sprint(id, " ", asked) || asked != version || asked == 0 {
						t.Fatalf("version %d of %s, of %d, is %+v", asked, id, version, u)
					}
					known++
				}
			}
		}
		if known < 3*min(users, directorySize)/2 {
			t.Errorf("of %d users in 3 versions %d were known", users, known)
		}
	}
}

// Package workload is what is sent, by whom and where to: the same for every
// contender.
package workload

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"example.com/chat"
)

// Layout is a chat of channels and their members.
type Layout struct {
	Name     string
	Channels int
	Users    int
	Members  int // of each channel
}

// Hot is one channel that everybody writes in.
func Hot() Layout { return Layout{Name: "hot channel", Channels: 1, Users: 256, Members: 256} }

// Many is 500 channels, written in at random.
func Many() Layout { return Layout{Name: "500 channels", Channels: 500, Users: 256, Members: 8} }

// Member is the number of the user who is the i-th member of a channel.
func (l Layout) Member(channel, i int) int { return (channel*7 + i) % l.Users }

// Next is who writes next, and where. In a hot channel each caller is a user of
// their own.
func (l Layout) Next(caller int) (channel, user int) {
	if l.Channels == 1 {
		return 0, l.Member(0, caller%l.Members)
	}
	channel = rand.IntN(l.Channels)
	return channel, l.Member(channel, rand.IntN(l.Members))
}

// User is the id of a user by number.
func User(i int) chat.UserID { return chat.UserID(fmt.Sprintf("user-%06d", i)) }

// Users are the ids of the users from a number up to another.
func Users(from, to int) []chat.UserID {
	list := make([]chat.UserID, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, User(i))
	}
	return list
}

// CID is the cid of a channel by number.
func CID(i int) chat.CID { return chat.CID(fmt.Sprintf("messaging:channel-%06d", i)) }

// TextLen is how many bytes a text has.
const TextLen = 100

var words = [...]string{
	"see", "you", "at", "the", "station", "in", "ten", "minutes", "please", "bring", "keys", "and", "coffee",
	"driver", "is", "waiting", "outside", "thanks", "perfect", "tomorrow", "morning", "maybe", "later", "home",
}

// Texts are some messages; one in eight has a word in bold.
type Texts []string

// MakeTexts makes texts, the same each time.
func MakeTexts() Texts {
	source := rand.New(rand.NewPCG(1, 2))
	texts := make(Texts, 1024)
	for i := range texts {
		var b strings.Builder
		if i%8 == 0 {
			b.WriteString("**hello** ")
		}
		for b.Len() < TextLen {
			b.WriteString(words[source.IntN(len(words))])
			b.WriteByte(' ')
		}
		texts[i] = b.String()[:TextLen-1] + "."
	}
	return texts
}

// Any is one of the texts.
func (t Texts) Any() string { return t[rand.IntN(len(t))] }

package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/chat"
)

// crashEvents is what everybody was told, and what happened.
type crashEvents struct {
	origin  chat.Cursor
	cursors map[string]chat.Cursor
	told    map[string]*crashEars
	marks   int // made
	changes map[crashChange]int
}

// crashEars is what one of them was told.
type crashEars struct {
	list  []crashEvent // once each
	place map[crashEvent]int
	count map[crashChange]int
	marks map[int]bool
	sent  map[chat.CID]int64 // the last new message of a channel
	life  int
	last  int // of list, in that life
	again int // how many were told again
}

// crashChange is one kind of change of one thing.
type crashChange struct {
	What string
	CID  chat.CID
	ID   chat.MessageID
	User chat.UserID
}

func (e *crashEvents) of(who string) *crashEars {
	if e.told == nil {
		e.told = map[string]*crashEars{}
	}
	if e.told[who] == nil {
		e.told[who] = &crashEars{
			place: map[crashEvent]int{}, count: map[crashChange]int{}, marks: map[int]bool{}, sent: map[chat.CID]int64{},
		}
	}
	return e.told[who]
}

// change counts a change that was made, before the model makes it.
func (e *crashEvents) change(user chat.UserID, call *crashCall, m *crashMessage) {
	if e.changes == nil {
		e.changes = map[crashChange]int{}
	}
	c := crashChange{What: call.Op, CID: call.CID}
	switch call.Op {
	case "hard":
		if c.ID = m.ID; m.state == crashPending {
			c.What = "hard, pending"
		}
	case "soft", "undelete", "edit":
		c.ID = call.ID
	case "leave", "join":
		c.User = user
	case "deactivate", "reactivate":
		c.What, c.User = "user", call.User
	case "reject":
		c.What, c.User = "leave", user
	case "ban", "/ban":
		c.What, c.User = "ban", call.User
	}
	e.changes[c]++
}

// settled says that an event is told, or not, whenever it is read: what others
// are depends on whether a message is deleted then, or a user a member.
func (e crashEvent) settled() bool {
	switch e.Type {
	case chat.MessageDeleted:
		return e.Hard
	case chat.ChannelDeleted: // from the channel's log, or later from one's own
		return false
	case chat.ReactionNew, chat.ReactionUpdated:
		return false
	case chat.ThreadMessageNew: // also to one who takes part only by then
		return false
	case chat.MessageUndeleted, chat.MessageFlagged, chat.MessagePending, chat.MemberAdded, chat.MemberUpdated, chat.AddedToChannel,
		chat.Invited, chat.InviteAccepted:
		return false
	}
	return true
}

// hear takes what somebody was told. A follower is told each event once. A
// receiver is told in order, and only a process that died, or an answer that was
// none, has it told again: then there may be events among those it knows that were
// not told before, or otherwise, as what they tell of has changed since.
func (w *crashModel) hear(heard crashHeard, life int) {
	ears := w.events.of(heard.Who)
	follower := heard.Cursor != ""
	if follower {
		w.events.cursors[heard.Who] = heard.Cursor
	}
	if ears.life != life {
		ears.life, ears.last = life, -1
	}
	for _, e := range heard.Events {
		at, again := ears.place[e]
		switch {
		case again && follower:
			w.problem("%s is told twice of %s", heard.Who, e)
		case again && at <= ears.last:
			w.problem("%s is told again of %s, after %s, though no process died with it", heard.Who, e, ears.list[ears.last])
		case again:
			ears.again++
			ears.last = at
		default:
			if e.settled() {
				ears.last = len(ears.list)
			}
			w.hearNew(heard.Who, ears, e)
		}
	}
}

// hearNew takes what somebody was told for the first time.
func (w *crashModel) hearNew(who string, ears *crashEars, e crashEvent) {
	ears.place[e] = len(ears.list)
	ears.list = append(ears.list, e)
	c := crashChange{What: string(e.Type), CID: e.CID, ID: e.ID}
	switch e.Type {
	case chat.MessageNew:
		if e.Sent <= ears.sent[e.CID] {
			w.problem("%s is told late of %s", who, e)
		}
		ears.sent[e.CID] = e.Sent
	case chat.MessageDeleted:
		if e.Hard {
			c.What = "hard"
		}
	case chat.MemberAdded, chat.MemberRemoved, chat.UserBanned, chat.UserUpdated:
		c.User = e.User
	case "mark":
		ears.marks[e.Mark] = true
	}
	ears.count[c]++
}

// checkEvents compares what somebody was told, who has read everything, with
// what happened.
func (l *crashLife) checkEvents(who string) {
	l.t.Helper()
	ears := l.model.events.of(who)
	for n := 1; n <= l.model.events.marks; n++ {
		if !ears.marks[n] {
			l.t.Errorf("%s was not told of mark %d", who, n)
		}
	}
	for _, m := range l.model.order {
		l.checkEventsOf(who, ears, m)
	}
	if who == string(crashUser(3)) || who == string(crashPeer(14)) { // they were not always a member, or never
		return
	}
	want := map[crashChange]int{}
	for c, n := range l.model.events.changes {
		shared := slices.Contains(crashShared, c.CID)
		switch {
		case c.What == "truncate":
			want[crashChange{What: string(chat.ChannelTruncated), CID: c.CID}] = n
		case c.What == "leave" && shared:
			want[crashChange{What: string(chat.MemberRemoved), CID: c.CID, User: c.User}] = n
		case c.What == "user":
			want[crashChange{What: string(chat.UserUpdated), User: c.User}] = n
		case c.What == "close":
			want[crashChange{What: string(chat.ChannelDeleted), CID: c.CID}] = n
		}
	}
	for c, n := range want {
		if got := ears.count[c]; got != n {
			l.t.Errorf("%s was told %d times of %+v, which was done %d times", who, got, c, n)
		}
	}
	for c, n := range ears.count {
		told := c.What == string(chat.ChannelTruncated) || c.What == string(chat.MemberRemoved) && slices.Contains(crashShared, c.CID) ||
			c.What == string(chat.UserUpdated) && slices.Contains(crashAbsentees(), c.User)
		if told && want[c] == 0 {
			l.t.Errorf("%s was told %d times of %+v, which was not done", who, n, c)
		}
	}
}

// checkEventsOf compares what somebody was told of a message. Of one that is
// gone it depends on when they read how much that is.
func (l *crashLife) checkEventsOf(who string, ears *crashEars, m *crashMessage) {
	l.t.Helper()
	changes := l.model.events.changes
	told := func(what string) int { return ears.count[crashChange{What: what, CID: m.CID, ID: m.ID}] }
	done := func(what string) int { return changes[crashChange{What: what, CID: m.CID, ID: m.ID}] }
	fresh, edited, pending := told(string(chat.MessageNew)), told(string(chat.MessageUpdated)), told(string(chat.MessagePending))
	softly, back, hard := told(string(chat.MessageDeleted)), told(string(chat.MessageUndeleted)), told("hard")
	fail := func(format string, args ...any) {
		l.t.Helper()
		l.t.Errorf("%s: "+format+": %+v", append(append([]any{who}, args...), *m)...)
	}
	user := slices.Contains(crashFollowers()[1:], who)
	always := who != string(crashUser(3))
	sees := !user || m.visibleTo(chat.UserID(who)) && slices.Contains(crashMembers(m.CID), chat.UserID(who))
	made := m.at != 0 || m.unclear || m.held
	if (!sees || !made) && fresh+edited+pending+softly+back+hard > 0 {
		fail("is told of a message that is not there for them")
		return
	}
	if l.model.passing[m.author] != nil { // their messages go in the background
		return
	}
	forMe := 0
	if user && m.forMe[chat.UserID(who)] {
		forMe = 1
	}
	if fresh > 1 || pending > 1 || hard > 1 || softly > done("soft")+forMe || back > done("undelete") {
		fail("is told too often: new %d, pending %d, deleted %d and %d, undeleted %d", fresh, pending, softly, hard, back)
	}
	if !sees || !always || user && !slices.Contains(crashShared, m.CID) && !crashIsPair(m.CID) {
		return
	}
	n := done("hard")
	if !user {
		n += done("hard, pending")
	}
	// With its channel a message goes without a word, and of one that was
	// truncated users are told no more.
	hidden := user && m.at <= l.model.channels[m.CID].truncated
	if slices.Contains(crashShared, m.CID) && !hidden && hard < n {
		fail("is told %d times that it is gone for good, which was done %d times", hard, n)
	}
	switch fate := l.model.fate(m, time.Now()); {
	case fate == crashPending && (fresh > 0 || !user && pending != 1):
		fail("is told of a pending message %d times that it is, %d that it was sent", pending, fresh)
	case fate != crashLive && fate != crashDeleted:
	case fresh != 1:
		fail("is told %d times that it was sent", fresh)
	case edited < done("edit"):
		fail("is told %d times that it was changed, which was done %d times", edited, done("edit"))
	case fate == crashDeleted && softly == 0:
		fail("is not told that it is deleted")
	case fate == crashLive && done("undelete") > 0 && back == 0:
		fail("is not told that it is undeleted")
	}
}

// checkAgain has a follower read everything once more: what it is told now it was
// told before, in the same order. And so were the receivers.
func (l *crashLife) checkAgain(who string) {
	l.t.Helper()
	events := &l.model.events
	var again []crashEvent
	l.readTo(who, events.origin, events.marks, func(list []crashEvent, _ chat.Cursor) { again = append(again, list...) })
	others := []string{who}
	if who == crashApp {
		others = []string{who, crashHandler, crashWebhook}
	}
	for _, other := range others {
		last := -1
		for _, e := range again {
			at, heard := events.of(other).place[e]
			switch {
			case !heard && e.settled():
				l.t.Errorf("%s was never told of %s", other, e)
			case heard && at <= last:
				l.t.Errorf("%s was told too early of %s", other, e)
			case heard && e.settled(): // others may have been told once more, otherwise, after what follows them
				last = at
			}
		}
	}
}

// summary is how many events everybody was told.
func (e *crashEvents) summary() string {
	var list []string
	for _, who := range append(crashFollowers(), crashHandler, crashWebhook) {
		ears := e.of(who)
		list = append(list, fmt.Sprintf("%s %d, %d of them again", who, len(ears.list), ears.again))
	}
	return strings.Join(list, ", ")
}

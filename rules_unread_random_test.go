package chat_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

var unreadSeed = flag.Uint64("unread-seed", 0, "seed of the random unread test; 0: a new one")

// TestUnreadAfterAnything has users do random things and counts what each has
// unread after each of them from the list of all messages.
func TestUnreadAfterAnything(t *testing.T) {
	seed := *unreadSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("run again with -unread-seed=%d", seed)
	eachDriver(t, func(t *testing.T, s *scenario) {
		steps := 2500
		if !s.bubble {
			steps = 800
		}
		l := newLedger(s, seed)
		for step := range steps {
			did := l.act()
			l.compareUnread()
			if step%25 == 0 {
				l.compareRest()
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d: %s", seed, step, did)
			}
		}
		s.settle()
		l.compareUnread()
		l.compareRest()
		report, err := s.Verify(s.ctx, nil)
		s.check(err)
		if len(report.Problems) > 0 {
			t.Errorf("seed %d: Verify finds %+v", seed, report.Problems)
		}
		s.reopen()
		l.compareUnread()
		l.compareRest()
	})
}

// ledger is the list of all messages, and what the users did, kept beside a
// chat.
type ledger struct {
	s        *scenario
	rng      *rand.Rand
	users    []chat.UserID
	cids     []chat.CID
	messages []*entry
	last     map[chat.CID]int // how many messages appeared in a channel
	cut      map[chat.CID]int // truncated up to there
	own      map[seat]*place
	mutes    map[chat.UserID]map[chat.UserID]bool
	admins   map[chat.UserID]bool
}

// entry is a message. Its number is its place in the channel, from 1.
type entry struct {
	id      chat.MessageID
	cid     chat.CID
	number  int
	author  chat.UserID
	to      []chat.UserID // nil: all
	at      time.Time     // created; of a pending one, sent
	parent  chat.MessageID
	shown   bool
	silent  bool
	pending bool
	deleted bool
	gone    bool
	forMe   map[chat.UserID]bool
}

type seat struct {
	user chat.UserID
	cid  chat.CID
}

// place is what a user has with a channel; numbers are those of messages.
type place struct {
	member                bool
	mark, cleared, leftAt int
	muted                 bool
}

func newLedger(s *scenario, seed uint64) *ledger {
	s.t.Helper()
	l := &ledger{
		s: s, rng: rand.New(rand.NewPCG(seed, 2)),
		users: []chat.UserID{"john", "jane", "june", "jack", "anna"},
		cids:  []chat.CID{lounge, "livestream:show"},
		last:  map[chat.CID]int{}, cut: map[chat.CID]int{}, own: map[seat]*place{},
		mutes: map[chat.UserID]map[chat.UserID]bool{}, admins: map[chat.UserID]bool{"anna": true},
	}
	s.user(chat.User{ID: "anna", Role: chat.RoleAdmin})
	for _, cid := range l.cids {
		s.channel(cid, l.users...)
	}
	for _, user := range l.users {
		l.mutes[user] = map[chat.UserID]bool{}
		for _, cid := range l.cids {
			l.own[seat{user, cid}] = &place{member: true}
		}
	}
	return l
}

func (l *ledger) place(user chat.UserID, cid chat.CID) *place { return l.own[seat{user, cid}] }

// reads says whether a user can read a channel at all.
func (l *ledger) reads(user chat.UserID, cid chat.CID) bool {
	return l.place(user, cid).member || cid.Type() == "livestream" || l.admins[user] ||
		user == "john" // who made it
}

// sees says whether a message is there for a user, if as a placeholder.
func (l *ledger) sees(user chat.UserID, m *entry) bool {
	p := l.place(user, m.cid)
	if m.gone || m.pending || m.number <= l.cut[m.cid] || m.number <= p.cleared {
		return false
	}
	if m.to == nil || l.admins[user] {
		return true
	}
	return (m.author == user || slices.Contains(m.to, user)) && (p.member || m.number > p.leftAt)
}

// unread counts, by the definition alone.
func (l *ledger) unread(user chat.UserID, cid chat.CID) (n int) {
	p := l.place(user, cid)
	if !p.member || p.muted {
		return 0
	}
	for _, m := range l.messages {
		if m.cid == cid && m.number > p.mark && l.sees(user, m) && m.author != user && !m.silent && !m.deleted &&
			!m.forMe[user] && (m.parent == "" || m.shown) && !l.mutes[user][m.author] {
			n++
		}
	}
	return n
}

func (l *ledger) compareUnread() {
	l.s.t.Helper()
	for _, user := range l.users {
		for _, cid := range l.cids {
			if !l.reads(user, cid) {
				continue
			}
			if got, want := l.s.as(user).unread(cid), l.unread(user, cid); got != want {
				l.s.t.Errorf("%s has %d unread in %s, want %d", user, got, cid, want)
			}
		}
	}
}

// compareRest compares what is read in the channels, and the totals.
func (l *ledger) compareRest() {
	l.s.t.Helper()
	for _, user := range l.users {
		var want chat.UnreadTotals
		for _, cid := range l.cids {
			if n := l.unread(user, cid); n > 0 {
				want.Messages += n
				want.Channels++
			}
			if l.reads(user, cid) {
				l.compareChannel(user, cid)
			}
		}
		got := l.s.totals(user)
		got.Mentions, got.Replies, got.Threads = 0, 0, 0 // the model counts these
		if got != want {
			l.s.t.Errorf("%s has unread %+v in all, want %+v", user, got, want)
		}
	}
}

func (l *ledger) compareChannel(user chat.UserID, cid chat.CID) {
	l.s.t.Helper()
	describe := func(id chat.MessageID, deleted, forMe bool) string {
		return fmt.Sprintf("%s %v %v", id, deleted, forMe)
	}
	var seen []*entry
	for _, m := range l.messages {
		if m.cid == cid && l.sees(user, m) && (m.parent == "" || m.shown) {
			seen = append(seen, m)
		}
	}
	slices.SortFunc(seen, func(a, b *entry) int { return a.number - b.number })
	var want, got []string
	last := chat.MessageID("")
	for _, m := range seen {
		want = append(want, describe(m.id, m.deleted, m.forMe[user]))
		if !m.deleted {
			last = m.id
		}
	}
	for m, err := range l.s.as(user).AllMessages(l.s.ctx, cid) {
		l.s.check(err)
		got = append(got, describe(m.ID, m.DeletedAt != nil, m.DeletedForMe))
	}
	if !slices.Equal(got, want) {
		l.s.t.Errorf("%s reads in %s\n%q, want\n%q", user, cid, got, want)
	}
	state := l.s.as(user).channel(cid)
	if n := l.unread(user, cid); state.Unread != n {
		l.s.t.Errorf("%s's channel shows %d unread in %s, want %d", user, state.Unread, cid, n)
	}
	newest := chat.MessageID("")
	if state.LastMessage != nil {
		newest = state.LastMessage.ID
	}
	if newest != last {
		l.s.t.Errorf("%s's last message in %s is %q, want %q", user, cid, newest, last)
	}
}

// act does one random thing and says what.
func (l *ledger) act() string {
	l.s.t.Helper()
	if l.s.bubble && l.rng.IntN(4) > 0 { // now and then nothing passes
		time.Sleep(time.Duration(l.rng.IntN(2000)) * time.Microsecond)
	}
	user, cid := pick(l, l.users), pick(l, l.cids)
	switch n := l.rng.IntN(100); {
	case n < 40:
		return l.send(user, cid)
	case n < 45:
		return l.commit()
	case n < 60:
		return l.remove(user)
	case n < 65:
		return l.restore()
	case n < 80:
		return l.mark(user, cid)
	case n < 88:
		return l.mute(user, cid)
	case n < 97:
		return l.membership(user, cid)
	default:
		return l.truncate(user, cid)
	}
}

func pick[T any](l *ledger, list []T) T { return list[l.rng.IntN(len(list))] }

// any picks a message that a test holds of; nil if there is none, or bad luck.
func (l *ledger) any(holds func(*entry) bool) *entry {
	for range 20 {
		if len(l.messages) == 0 {
			return nil
		}
		// The newer ones are the more interesting.
		back := min(len(l.messages), 60)
		if l.rng.IntN(4) == 0 {
			back = len(l.messages)
		}
		if m := l.messages[len(l.messages)-1-l.rng.IntN(back)]; holds(m) {
			return m
		}
	}
	return nil
}

func (l *ledger) send(user chat.UserID, cid chat.CID) string {
	l.s.t.Helper()
	d := chat.Draft{Text: "x", Silent: l.rng.IntN(5) == 0}
	if parent := l.any(func(m *entry) bool { return l.sees(user, m) && m.cid == cid && m.parent == "" && m.to == nil }); parent != nil && l.rng.IntN(3) == 0 {
		d.ParentID, d.ShowInChannel = parent.id, l.rng.IntN(2) == 0
	}
	if l.rng.IntN(3) == 0 {
		for _, other := range l.users {
			if other != user && l.reads(other, cid) && l.rng.IntN(3) == 0 {
				d.Restricted = append(d.Restricted, other)
			}
		}
	}
	e := &entry{
		cid: cid, author: user, to: d.Restricted, parent: d.ParentID, shown: d.ShowInChannel, silent: d.Silent,
		pending: l.rng.IntN(6) == 0, forMe: map[chat.UserID]bool{},
	}
	p := l.place(user, cid)
	own := p.member && !e.pending && l.rng.IntN(2) == 0 && (e.to == nil || l.admins[user])
	var m chat.Message
	if own {
		m = l.s.as(user).post(cid, d)
	} else {
		o := &chat.SendOptions{}
		if e.pending {
			o.Pending = chat.PendingOn
		}
		m = l.s.send(cid, user, d, o)
	}
	e.id, e.at = m.ID, m.CreatedAt
	if !e.pending {
		l.appear(e)
	}
	if own && e.parent == "" {
		p.mark = e.number
	}
	l.messages = append(l.messages, e)
	return fmt.Sprintf("%s sent %+v to %s, own %v, pending %v", user, d, cid, own, e.pending)
}

func (l *ledger) appear(e *entry) {
	l.last[e.cid]++
	e.number = l.last[e.cid]
}

func (l *ledger) commit() string {
	l.s.t.Helper()
	e := l.any(func(m *entry) bool { return m.pending && !m.gone })
	if e == nil {
		return "nothing to commit"
	}
	m := l.s.commit(e.id)
	e.pending, e.at = false, m.CreatedAt
	l.appear(e)
	return "committed " + string(e.id)
}

// remove deletes a message in one of the three ways.
func (l *ledger) remove(user chat.UserID) string {
	l.s.t.Helper()
	switch l.rng.IntN(3) {
	case 0:
		e := l.any(func(m *entry) bool { return l.reads(user, m.cid) && l.sees(user, m) })
		if e == nil {
			return "nothing to delete for oneself"
		}
		if len(e.forMe) > 2 {
			return "enough deleted for themselves"
		}
		if l.forMeCount(user, e.cid) < 100 {
			l.s.check(l.s.as(user).DeleteMessageForMe(l.s.ctx, e.id))
			e.forMe[user] = true
		}
		return fmt.Sprintf("%s deleted %s for themselves", user, e.id)
	case 1:
		e := l.any(func(m *entry) bool { return l.there(m) && !m.pending })
		if e == nil {
			return "nothing to soft-delete"
		}
		_, err := l.s.DeleteMessage(l.s.ctx, e.id, chat.DeleteSoft, user)
		l.s.check(err)
		e.deleted = true
		return "soft-deleted " + string(e.id)
	}
	e := l.any(l.there)
	if e == nil {
		return "nothing to hard-delete"
	}
	_, err := l.s.DeleteMessage(l.s.ctx, e.id, chat.DeleteHard, user)
	l.s.check(err)
	for _, m := range l.messages {
		m.gone = m.gone || m == e || m.parent == e.id
	}
	return "hard-deleted " + string(e.id)
}

// forMeCount is at least how many messages of a channel a user has deleted for
// themselves.
func (l *ledger) forMeCount(user chat.UserID, cid chat.CID) (n int) {
	for _, m := range l.messages {
		if m.cid == cid && m.forMe[user] && !m.gone {
			n++
		}
	}
	return n
}

// there says whether a message is there for the application.
func (l *ledger) there(m *entry) bool {
	return !m.gone && (m.pending || m.number > l.cut[m.cid])
}

func (l *ledger) restore() string {
	l.s.t.Helper()
	e := l.any(func(m *entry) bool { return l.there(m) && m.deleted })
	if e == nil {
		return "nothing to undelete"
	}
	for _, m := range l.messages {
		if m.id == e.parent && (m.deleted || !l.there(m)) {
			_, err := l.s.UndeleteMessage(l.s.ctx, e.id, "john")
			wantErr(l.s.t, err, chat.ErrParentDeleted)
			return "could not undelete " + string(e.id)
		}
	}
	l.s.undelete(e.id)
	e.deleted = false
	return "undeleted " + string(e.id)
}

func (l *ledger) mark(user chat.UserID, cid chat.CID) string {
	l.s.t.Helper()
	p := l.place(user, cid)
	if !p.member {
		return "no member marks anything"
	}
	if l.rng.IntN(3) == 0 {
		l.s.check(l.s.as(user).MarkRead(l.s.ctx, cid))
		p.mark = l.last[cid]
		return fmt.Sprintf("%s read %s", user, cid)
	}
	e := l.any(func(m *entry) bool { return m.cid == cid && l.sees(user, m) })
	if e == nil {
		return "nothing to mark"
	}
	if l.rng.IntN(2) == 0 {
		l.s.check(l.s.as(user).MarkReadTo(l.s.ctx, e.id))
		p.mark = max(p.mark, e.number)
		return fmt.Sprintf("%s read up to %s", user, e.id)
	}
	l.s.check(l.s.as(user).MarkUnread(l.s.ctx, e.id))
	p.mark = e.number - 1
	return fmt.Sprintf("%s marked unread from %s", user, e.id)
}

func (l *ledger) mute(user chat.UserID, cid chat.CID) string {
	l.s.t.Helper()
	who := l.s.as(user)
	switch p, other := l.place(user, cid), pick(l, l.users); {
	case l.rng.IntN(3) == 0 && p.member:
		if p.muted {
			l.s.check(who.UnmuteChannel(l.s.ctx, cid))
		} else {
			l.s.check(who.MuteChannel(l.s.ctx, cid, 0))
		}
		p.muted = !p.muted
		return fmt.Sprintf("%s muted %s: %v", user, cid, p.muted)
	case other == user:
		return "nobody mutes themselves"
	case l.mutes[user][other]:
		l.s.check(who.UnmuteUser(l.s.ctx, other))
		l.mutes[user][other] = false
		return fmt.Sprintf("%s unmuted %s", user, other)
	default:
		l.s.check(who.MuteUser(l.s.ctx, other, 0))
		l.mutes[user][other] = true
		return fmt.Sprintf("%s muted %s", user, other)
	}
}

func (l *ledger) membership(user chat.UserID, cid chat.CID) string {
	l.s.t.Helper()
	p := l.place(user, cid)
	if l.rng.IntN(6) == 0 {
		l.admins[user] = !l.admins[user]
		role := chat.RoleUser
		if l.admins[user] {
			role = chat.RoleAdmin
		}
		l.s.user(chat.User{ID: user, Role: role})
		return fmt.Sprintf("%s is %s", user, role)
	}
	if !p.member {
		l.s.check(l.s.AddMembers(l.s.ctx, cid, []chat.MemberDraft{{UserID: user}}, nil))
		p.member, p.mark = true, l.last[cid]
		return fmt.Sprintf("%s joined %s", user, cid)
	}
	if l.rng.IntN(4) == 0 {
		l.s.check(l.s.as(user).HideChannel(l.s.ctx, cid, true))
		p.cleared = l.last[cid]
		return fmt.Sprintf("%s cleared %s", user, cid)
	}
	if l.rng.IntN(2) == 0 {
		return "stayed"
	}
	l.s.check(l.s.RemoveMembers(l.s.ctx, cid, []chat.UserID{user}, nil))
	p.member, p.muted, p.leftAt = false, false, l.last[cid]
	return fmt.Sprintf("%s left %s", user, cid)
}

func (l *ledger) truncate(user chat.UserID, cid chat.CID) string {
	l.s.t.Helper()
	o := &chat.TruncateOptions{Hard: l.rng.IntN(2) == 0}
	until := l.last[cid]
	if e := l.any(func(m *entry) bool { return m.cid == cid && !m.pending }); e != nil && l.rng.IntN(4) > 0 {
		o.Before, until = e.at, e.number
	}
	if l.rng.IntN(3) == 0 {
		o.Message = &chat.SystemMessage{UserID: user, Text: "cleared"}
	}
	l.s.truncate(cid, o)
	l.cut[cid] = max(l.cut[cid], until)
	for _, m := range l.messages {
		if m.cid == cid && m.pending && (o.Before.IsZero() || !m.at.After(o.Before)) {
			m.gone = true
		}
	}
	if o.Message != nil {
		page := l.s.page(cid, chat.MessageQuery{Limit: 1})
		e := &entry{id: page.Items[0].ID, cid: cid, author: user, at: page.Items[0].CreatedAt, forMe: map[chat.UserID]bool{}}
		l.appear(e)
		l.messages = append(l.messages, e)
	}
	return fmt.Sprintf("truncated %s: %+v", cid, *o)
}

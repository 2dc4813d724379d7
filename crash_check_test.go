package chat_test

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// check compares everything that can be read with what must be there.
func (l *crashLife) check() {
	l.t.Helper()
	l.observePassing()
	l.countReplies()
	for _, m := range l.model.order {
		l.checkMessage(m)
	}
	l.checkPendingList()
	unread := map[chat.UserID]int{}
	for _, cid := range crashChannels() {
		l.checkChannel(l.model.channels[cid], unread)
	}
	for _, user := range slices.Concat(crashUsers(), crashGuests(), crashNewcomers(), crashPeers()) {
		total, err := l.app.As(user).TotalUnread(l.ctx)
		l.must(err)
		if total.Messages != unread[user] {
			l.t.Errorf("%s has %d unread in all; counted are %d", user, total.Messages, unread[user])
		}
	}
	for user, want := range l.model.mutes {
		if got := l.mutes(user); !slices.Equal(got, crashMuted(want)) {
			l.t.Errorf("%s mutes %v, want %v", user, got, crashMuted(want))
		}
	}
	l.checkModeration()
	l.checkTalk()
	l.checkAbsentees()
	l.checkChanges()
	report, err := l.app.Verify(l.ctx, nil)
	l.must(err)
	for _, p := range report.Problems {
		l.t.Errorf("Verify: %s: %s", p.CID, p.Problem)
	}
}

func crashMuted(set map[chat.UserID]bool) []chat.UserID {
	var list []chat.UserID
	for user, muted := range set {
		if muted {
			list = append(list, user)
		}
	}
	slices.Sort(list)
	return list
}

func (l *crashLife) mutes(user chat.UserID) []chat.UserID {
	l.t.Helper()
	mutes, err := l.app.As(user).Mutes(l.ctx)
	l.must(err)
	var list []chat.UserID
	for _, m := range mutes {
		list = append(list, m.User.ID)
	}
	slices.Sort(list)
	return list
}

// look is the state in which a message is found, and all of it that is kept.
func (l *crashLife) look(known *crashMessage) (string, chat.Message) {
	l.t.Helper()
	id := known.ID
	m, err := l.app.Message(l.ctx, id)
	state := crashLive
	switch {
	case errors.Is(err, chat.ErrNotFound):
		state = crashHidden
	case err != nil:
		l.t.Fatal(err)
	case m.Pending != nil:
		return crashPending, m
	case m.Type == chat.TypeDeleted:
		if state = crashDeleted; m.Text != "" || m.HTML != "" {
			l.t.Errorf("%s is deleted and reads %q", id, m.Text)
		}
	default:
		return crashLive, m
	}
	original, err := l.app.OriginalMessage(l.ctx, id)
	if errors.Is(err, chat.ErrNotFound) && state == crashHidden {
		if known.Op == "ask" {
			return l.lookWaiting(known)
		}
		return crashGone, original
	}
	l.must(err)
	return state, original
}

// checkMessage compares one message. A pending one may become overdue just when
// it is read. What one has outside of a channel that they left is not looked at.
func (l *crashLife) checkMessage(m *crashMessage) {
	l.t.Helper()
	if m.state == crashWaiting && l.model.channels[m.CID].members[m.author] == nil {
		return
	}
	since := time.Now()
	before := l.model.fate(m, since)
	state, got := l.look(m)
	after := l.fateOfAnswer(m)
	if state != before && state != after {
		l.t.Errorf("%s is %s, want %s: %+v", m.ID, state, before, *m)
		return
	}
	if m.lost && state != crashGone && state != crashHidden {
		l.t.Errorf("%s is %s, and a call was told that it is not there", m.ID, state)
	}
	if state == crashGone {
		return
	}
	if diff := cmp.Diff(l.want(m), crashViewOf(got)); diff != "" {
		l.t.Errorf("%s, which is %s (-want +got):\n%s", m.ID, state, diff)
	}
	l.checkTalkOf(m, state, got, since)
	for user, want := range m.forMe {
		seen, err := l.app.As(user).Message(l.ctx, m.ID)
		if state == crashLive && err == nil && seen.DeletedForMe != want {
			l.t.Errorf("%s is deleted for %s: %t, want %t", m.ID, user, seen.DeletedForMe, want)
		}
	}
}

// crashView is what is compared of a message.
type crashView struct {
	CID            chat.CID
	User           chat.UserID
	Text, HTML     string
	Parent, Quoted chat.MessageID
	Audience       []chat.UserID
	Silent, Show   bool
	Created, Sent  int64
	Metadata       string
	Mentions       []chat.UserID
	All, Online    bool // mentions everyone
	Shadowed       bool
}

func crashViewOf(m chat.Message) crashView {
	v := crashView{
		CID: m.CID, User: m.User.ID, Text: m.Text, HTML: m.HTML, Parent: m.ParentID, Quoted: m.QuotedMessageID, Audience: m.Restricted,
		Silent: m.Silent, Show: m.ShowInChannel, Created: crashMicro(m.CreatedAt), Shadowed: m.Shadowed, All: m.MentionsAll,
		Online: m.MentionsOnline,
	}
	for _, user := range m.MentionedUsers {
		v.Mentions = append(v.Mentions, user.ID)
	}
	if model.LinkOf(m.Text) != "" {
		v.HTML = ""
	}
	if m.SentAt != nil {
		v.Sent = crashMicro(*m.SentAt)
	}
	if m.Pending != nil {
		v.Metadata = crashMetadata(m.Pending.Metadata)
	}
	return v
}

func (l *crashLife) want(m *crashMessage) crashView {
	v := crashView{
		CID: m.CID, User: m.author, Text: m.Text, HTML: "<p>" + m.Text + "</p>\n", Parent: m.Parent, Audience: m.Audience,
		Silent: m.Silent, Show: m.Show, Created: m.at, Sent: m.sent, Mentions: m.Mentions, Shadowed: m.shadowed, All: m.mentionsAll(),
		Online: m.mentionsOnline(),
	}
	if model.LinkOf(m.Text) != "" {
		v.HTML = ""
	}
	if quoted := l.model.messages[m.Quoted]; quoted != nil {
		if fate := l.model.fate(quoted, time.Now()); fate == crashLive || fate == crashDeleted {
			v.Quoted = m.Quoted
		}
	}
	if m.state == crashPending {
		v.Metadata = m.metadata()
	}
	return v
}

// checkPreviews checks, when all work is done, that each message has the preview
// of its link, and no other. One that was deleted for a time, or lies in a
// channel that is, may have none.
func (l *crashLife) checkPreviews() {
	l.t.Helper()
	for _, m := range l.model.order {
		state, got := l.look(m)
		if state != crashLive && state != crashPending {
			continue
		}
		_, err := l.app.As(m.author).Message(l.ctx, m.ID)
		link, excused := model.LinkOf(got.Text), m.softened || err != nil
		switch _, preview := modelAttachments(got); {
		case link == "" && preview != "", preview != "" && preview != link, preview == "" && link != "" && !excused:
			l.t.Errorf("%s, which is %s, says %q and has the preview %q", m.ID, state, got.Text, preview)
		case preview != "":
			l.model.previews++
		}
	}
}

// checkPendingList compares the list of what is pending.
func (l *crashLife) checkPendingList() {
	l.t.Helper()
	started := time.Now()
	got := map[chat.MessageID]bool{}
	for q := (chat.PendingQuery{Limit: 300}); ; {
		page, err := l.app.PendingMessages(l.ctx, q)
		l.must(err)
		for _, m := range page.Items {
			got[m.ID] = true
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	for _, m := range l.model.order {
		before, after := l.model.fate(m, started), l.model.fate(m, time.Now())
		if listed := got[m.ID]; listed != (before == crashPending) && listed != (after == crashPending) {
			l.t.Errorf("%s is %s; listed as pending: %t", m.ID, before, listed)
		}
	}
}

// checkChannel compares the pages of a channel, and for each of its members how
// far they have read and what is unread, which it adds up.
func (l *crashLife) checkChannel(ch *crashChannel, unread map[chat.UserID]int) {
	l.t.Helper()
	state, err := l.app.Channel(l.ctx, ch.cid)
	if errors.Is(err, chat.ErrNotFound) != !ch.there || err != nil && ch.there {
		l.t.Errorf("%s: %v, want it to be there: %t", ch.cid, err, ch.there)
	}
	if err != nil || !ch.there {
		return
	}
	if open := state.Channel.DeletedAt == nil; open != ch.open {
		l.t.Errorf("%s is open: %t, want %t", ch.cid, open, ch.open)
	}
	if state.Channel.TruncatedAt != nil && crashMicro(*state.Channel.TruncatedAt) != ch.truncated || state.Channel.TruncatedAt == nil && ch.truncated != 0 {
		l.t.Errorf("%s is truncated up to %v, want %d", ch.cid, state.Channel.TruncatedAt, ch.truncated)
	}
	if ch.open && state.Channel.MemberCount != len(ch.members) {
		l.t.Errorf("%s has %d members, want %d", ch.cid, state.Channel.MemberCount, len(ch.members))
	}
	pages := l.checkPages(ch)
	if !ch.open {
		return
	}
	for _, user := range crashMembers(ch.cid) {
		unread[user] += l.checkMember(ch, user, pages)
	}
	for _, guest := range crashVisitors(ch.cid) {
		unread[guest] += l.checkMember(ch, guest, l.guestPages(ch, guest, pages))
	}
}

// checkPages compares the pages of a channel as the application reads them, one
// who sees every private message, and one who sees none.
func (l *crashLife) checkPages(ch *crashChannel) []chat.Message {
	l.t.Helper()
	var pages []chat.Message
	var got, want, all, public []chat.MessageID
	notes := map[string]int64{}
	for m, err := range l.app.AllMessages(l.ctx, ch.cid) {
		l.must(err)
		if len(pages) > 0 && !m.CreatedAt.After(pages[len(pages)-1].CreatedAt) {
			l.t.Errorf("%s is of %v, no later than the one before it", m.ID, m.CreatedAt)
		}
		pages = append(pages, m)
		if !m.Shadowed {
			all = append(all, m.ID)
		}
		if m.Restricted == nil && !m.Shadowed {
			public = append(public, m.ID)
		}
		if m.Type == chat.TypeSystem && l.model.messages[m.ID] == nil {
			if notes[m.Text] != 0 {
				l.t.Errorf("%s has the message %q twice", ch.cid, m.Text)
			}
			notes[m.Text] = m.CreatedAt.UnixMicro()
		} else {
			got = append(got, m.ID)
		}
	}
	l.checkNotes(ch, notes)
	for _, m := range l.model.pages(ch, time.Now()) {
		want = append(want, m.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("the pages of %s (-want +got):\n%s", ch.cid, diff)
	}
	switch {
	case !ch.open:
	case crashIsPair(ch.cid):
		l.checkPair(ch, pages)
	default:
		l.checkPagesOf("reader", ch.cid, all)
		l.checkPagesOf("stranger", ch.cid, public)
	}
	return pages
}

func (l *crashLife) checkPagesOf(user chat.UserID, cid chat.CID, want []chat.MessageID) {
	l.t.Helper()
	var got []chat.MessageID
	for m, err := range l.app.As(user).AllMessages(l.ctx, cid) {
		l.must(err)
		got = append(got, m.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("the pages of %s as the %s reads them (-want +got):\n%s", cid, user, diff)
	}
}

// checkNotes compares what truncations posted, by text, with what was seen. What
// later truncations removed before it was ever seen never shows again.
func (l *crashLife) checkNotes(ch *crashChannel, seen map[string]int64) {
	l.t.Helper()
	for text, note := range ch.notes {
		at, there := seen[text]
		delete(seen, text)
		switch {
		case there && (note.at != 0 && note.at != at || at <= ch.truncated) || !there && note.there(ch):
			l.t.Errorf("%s: %q is there: %t, of %d; want %+v; truncated up to %d", ch.cid, text, there, at, *note, ch.truncated)
		case there:
			note.at = at
		case note.at == 0:
			note.at = crashUnknown
		}
	}
	for text := range seen {
		l.t.Errorf("%s has the message %q, which no truncation posted", ch.cid, text)
	}
}

// checkMember compares a membership, and the unread count with a naive one.
func (l *crashLife) checkMember(ch *crashChannel, user chat.UserID, pages []chat.Message) int {
	l.t.Helper()
	state, err := l.app.As(user).Channel(l.ctx, ch.cid)
	member := ch.members[user]
	if member == nil {
		if err == nil && (state.Membership != nil || state.Unread != 0) || err != nil && !errors.Is(err, chat.ErrNotFound) {
			l.t.Errorf("%s left %s and is a member: %v, %v", user, ch.cid, state.Membership, err)
		}
		return 0
	}
	l.must(err)
	read := crashMicro(state.LastRead)
	if state.Membership == nil || state.Muted != member.muted || member.read != crashUnknown && read != member.read {
		l.t.Errorf("%s in %s: membership %v, muted %t, read up to %d; want muted %t, %d",
			user, ch.cid, state.Membership, state.Muted, read, member.muted, member.read)
	}
	l.checkOwn(ch, user, member, &state, pages)
	want, mentions := 0, 0
	for _, m := range pages {
		counts := m.CreatedAt.UnixMicro() > read && m.User.ID != user && !m.Silent && m.Type != chat.TypeDeleted
		mentioned := false
		if known := l.model.messages[m.ID]; known != nil {
			counts = counts && !known.forMe[user] && known.visibleTo(user)
			mentioned = known.mentionsAll() || slices.Contains(known.Mentions, user)
		}
		if counts && !member.muted && !member.invited && !l.model.mutes[user][m.User.ID] {
			want++
			if mentioned {
				mentions++
			}
		}
	}
	unread, err := l.app.As(user).Unread(l.ctx, ch.cid)
	l.must(err)
	if unread != want || state.Unread != want || state.UnreadMentions != mentions {
		l.t.Errorf("%s has %d unread in %s, %d in its state, with %d mentions; counted are %d, with %d",
			user, unread, ch.cid, state.Unread, state.UnreadMentions, want, mentions)
	}
	return want
}

// checkTold checks that nothing is owed to the application any more, and that it
// was told nothing that did not come to be.
func (l *crashLife) checkTold() {
	l.t.Helper()
	for _, m := range l.model.order {
		if !m.holds() {
			continue
		}
		if m.unclear && !m.committed && m.state == crashGone {
			l.clear(m)
		}
		sent, deleted := m.told[0].times, m.told[1].times
		switch {
		case !m.held && sent+deleted > 0:
			l.t.Errorf("%s never was pending, and the application was told %d times that it was sent, %d that it was deleted", m.ID, sent, deleted)
		case m.held && sent == 0:
			l.t.Errorf("%s was pending, and the application was never told", m.ID)
		case m.unclear || !m.held:
		case !m.committed && m.state == crashGone && deleted == 0:
			l.t.Errorf("%s was pending and is gone, and the application was never told", m.ID)
		case (m.committed || m.state == crashPending) && deleted > 0:
			l.t.Errorf("%s is %s, committed %t, and the application was told that it was deleted", m.ID, m.state, m.committed)
		}
	}
	failed, err := l.app.FailedCallbacks(l.ctx, chat.FailedCallbackQuery{})
	l.must(err)
	for _, f := range failed.Items {
		l.t.Errorf("telling of %s was given up: %s", f.MessageID, f.Problem)
	}
}

// clear finds out whether a message that is gone was ever pending: its id knows.
// If its send alone was cut off, it was deleted since.
func (l *crashLife) clear(m *crashMessage) {
	l.t.Helper()
	_, err := l.app.CommitMessage(l.ctx, m.ID)
	switch {
	case errors.Is(err, chat.ErrNotPending) && !m.held:
		m.held, m.unclear = true, false
	case errors.Is(err, chat.ErrNotPending):
	case !errors.Is(err, chat.ErrNotFound) || m.held:
		l.t.Errorf("%s, which is gone and was pending: %t, is committed: %v", m.ID, m.held, err)
	}
}

// checkGone checks that what is gone is gone for good: nothing of it is stored
// any more, it cannot come back, and nothing else can take its id.
func (l *crashLife) checkGone() {
	l.t.Helper()
	l.checkStored()
	for _, m := range l.model.order {
		if m.state != crashGone || m.probed || m.at == 0 {
			continue
		}
		m.probed = true
		kind := chat.ErrNotFound
		if m.held {
			kind = chat.ErrNotPending
		}
		if _, err := l.app.CommitMessage(l.ctx, m.ID); !errors.Is(err, kind) {
			l.t.Errorf("committing %s, which is gone, answers %v, want %v", m.ID, err, kind)
		}
		if _, err := l.app.UndeleteMessage(l.ctx, m.ID, "owner"); !errors.Is(err, chat.ErrNotFound) {
			l.t.Errorf("undeleting %s, which is gone, answers %v", m.ID, err)
		}
		_, err := l.app.Send(l.ctx, crashShared[0], "owner", chat.Draft{ID: m.ID, Text: "another"}, nil)
		if !errors.Is(err, chat.ErrConflict) {
			l.t.Errorf("another message with the id of %s, which is gone, answers %v", m.ID, err)
		}
	}
}

// checkStored compares how many messages are stored with how many there must
// be. Of a truncation's message that was truncated before it was ever seen it is
// not known whether it was softly.
func (l *crashLife) checkStored() {
	l.t.Helper()
	pending, least := 0, 0
	for _, m := range l.model.order {
		if m.state == crashPending {
			pending++
		}
		if m.state != crashGone && m.state != crashWaiting {
			least++
		}
	}
	most := least
	for _, ch := range l.model.channels {
		for _, note := range ch.notes {
			if note.at > ch.purged {
				least++
				most++
			} else if note.at == crashUnknown {
				most++
			}
		}
	}
	report, err := l.app.Verify(l.ctx, nil)
	l.must(err)
	if report.Pending != pending || report.Messages < least || report.Messages > most {
		l.t.Errorf("%d messages are stored, %d of them pending; want %d to %d, and %d", report.Messages, report.Pending, least, most, pending)
	}
}

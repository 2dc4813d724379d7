package chat_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
)

// crashMoment is a time that is known to lie between two. Low is less than 0
// where it is not known whether it ever was.
type crashMoment struct{ low, high int64 }

// talk is what a call that went well makes of the conversation: false if it is
// no such call.
func (w *crashModel) talk(user chat.UserID, call *crashCall, at int64) bool {
	m, ch := w.messages[call.ID], w.channels[call.CID]
	switch call.Op {
	case "react":
		if call.On || m.reactions[user] == nil {
			m.reactions[user] = map[string]int64{}
		}
		m.reactions[user][call.Text] = call.Score
	case "unreact":
		if delete(m.reactions[user], call.Text); len(m.reactions[user]) == 0 {
			delete(m.reactions, user)
		}
	case "pin":
		m.pinned, m.pinEnd = true, call.Before
	case "unpin":
		m.pinned = false
	case "read thread":
		m.threadRead[user] = at
	case "block":
		w.blocks[user][call.User] = call.On
	case "invite":
		ch.members[user] = &crashMember{invited: true}
	case "accept":
		ch.members[user].invited, ch.members[user].read = false, at
	case "reject":
		delete(ch.members, user)
	case "pin channel":
		ch.members[user].pinned = call.On
	case "archive":
		ch.members[user].archived = call.On
	case "hide":
		ch.members[user].hidden = crashMoment{}
		if call.On {
			ch.members[user].hidden = crashMoment{call.Started, at}
		}
		if call.Hard {
			ch.cleared[user] = crashMoment{call.Started, at}
		}
	case "slow":
		ch.cooldown = call.Lasting
	case "list":
		w.words[chat.BlockAction(call.Action)] = call.Text
	case "come", "erase":
		w.pass(call)
	default:
		return false
	}
	return true
}

// sent is what a new message makes beside itself.
func (w *crashModel) sent(user chat.UserID, m *crashMessage) {
	ch, parent := w.channels[m.CID], w.messages[m.Parent]
	if m.Op != "send" {
		return
	}
	if parent != nil {
		parent.threadRead[user] = m.at
	} else {
		ch.members[user].read = m.at
	}
	if wait := ch.cooldown.Microseconds(); wait > 0 {
		if m.at < ch.lastSend.low+wait {
			w.problem("%s was sent %d µs after another in slow mode", m.ID, m.at-ch.lastSend.low)
		}
		ch.lastSend = crashMoment{m.Started, m.at}
	}
	if m.Word != "" {
		w.flags[crashFlagOf{ID: m.ID}] = crashFlag{Reason: "block list " + string(chat.BlockFlag) + ": " + m.Word}
	}
}

// isShadowed says whether a message that is sent now is for its author alone.
func (w *crashModel) isShadowed(m *crashMessage) bool {
	banned := w.bans[crashBanOf{m.CID, m.author}].Shadow || w.bans[crashBanOf{"", m.author}].Shadow
	return m.Op == "send" && (banned || w.blocks[crashOther(m.CID, m.author)][m.author])
}

// cools says whether a send is rightly refused for slow mode.
func (w *crashModel) cools(call *crashCall, kind string) bool {
	ch := w.channels[call.CID]
	return kind == chat.ErrCooldown.Error() && ch.cooldown > 0 && ch.lastSend.high+ch.cooldown.Microseconds() > call.Started
}

// keepsOff says whether a message is rightly not reacted to, or pinned.
func (m *crashMessage) keepsOff(call *crashCall, kind string) bool {
	switch call.Op {
	case "react":
		return kind == chat.ErrDeleted.Error()
	case "pin", "unpin":
		return kind == chat.ErrDeleted.Error() || m.Audience != nil && kind == chat.ErrState.Error()
	}
	return false
}

// forgetThreads has it that it is not known what a user read of threads.
func (w *crashModel) forgetThreads(user chat.UserID, ch *crashChannel) {
	for _, m := range w.order {
		if m.CID == ch.cid {
			delete(m.threadRead, user)
		}
	}
}

// pinnedAt says whether a message is pinned at a time.
func (m *crashMessage) pinnedAt(at time.Time) bool {
	return m.pinned && (m.pinEnd == 0 || m.pinEnd > at.UnixMicro())
}

// prepareLists makes the block lists.
func (l *crashLife) prepareLists() {
	l.t.Helper()
	l.model.words = map[chat.BlockAction]string{}
	var uses []chat.BlockListUse
	for _, action := range crashActions {
		l.model.words[action] = string(action) + "it"
		_, err := l.app.CreateBlockList(l.ctx, chat.BlockList{Name: string(action), Words: []string{l.model.words[action]}})
		l.must(err)
		uses = append(uses, chat.BlockListUse{List: string(action), Action: action})
	}
	_, err := l.app.SetOverrides(l.ctx, crashListed, chat.ChannelOverrides{BlockLists: &uses})
	l.must(err)
}

// reactions is what is listed of the reactions to a message.
func (l *crashLife) reactions(id chat.MessageID) map[chat.UserID]map[string]int64 {
	l.t.Helper()
	list := map[chat.UserID]map[string]int64{}
	page, err := l.app.Reactions(l.ctx, id, chat.ReactionQuery{Limit: 300})
	l.must(err)
	for _, r := range page.Items {
		if list[r.User.ID] == nil {
			list[r.User.ID] = map[string]int64{}
		}
		list[r.User.ID][r.Type] = int64(r.Score)
	}
	return list
}

// checkTalkOf compares what hangs on a message, which was read since.
func (l *crashLife) checkTalkOf(m *crashMessage, state string, got chat.Message, since time.Time) {
	l.t.Helper()
	if state != crashLive {
		return
	}
	if got.Pinned != m.pinnedAt(since) && got.Pinned != m.pinnedAt(time.Now()) {
		l.t.Errorf("%s is pinned: %t, want %t until %d", m.ID, got.Pinned, m.pinned, m.pinEnd)
	}
	if len(m.reactions) > 0 || len(got.ReactionGroups) > 0 {
		counts, list, want := map[string]int{}, l.reactions(m.ID), map[chat.UserID]map[string]int64{}
		for user, types := range list {
			for kind := range types {
				counts[kind]++
			}
			if l.model.isErasing(user) {
				delete(list, user)
			}
		}
		for user, types := range m.reactions {
			if !l.model.isErasing(user) {
				want[user] = types
			}
		}
		if diff := cmp.Diff(want, list); diff != "" {
			l.t.Errorf("the reactions to %s (-want +got):\n%s", m.ID, diff)
		}
		if !maps.EqualFunc(counts, got.ReactionGroups, func(n int, g chat.ReactionGroup) bool { return n == g.Count }) {
			l.t.Errorf("%s does not count its reactions: it lists %v and counts %v", m.ID, counts, got.ReactionGroups)
		}
	}
	ch := l.model.channels[m.CID]
	if m.life != ch.life || !ch.open {
		return
	}
	if n := l.replies[m.ID]; got.ReplyCount != n.all || got.DeletedReplyCount != n.deleted {
		l.t.Errorf("%s has %d replies, %d of them deleted; want %+v", m.ID, got.ReplyCount, got.DeletedReplyCount, n)
	}
	for user, want := range m.threadRead {
		if m.forMe[user] || ch.members[user] == nil {
			continue
		}
		thread, err := l.app.As(user).Thread(l.ctx, m.ID)
		l.must(err)
		if thread.LastRead == nil || crashMicro(*thread.LastRead) != want {
			l.t.Errorf("%s has read the thread of %s up to %v, want %d", user, m.ID, thread.LastRead, want)
		}
	}
}

// crashReplies is how many replies a message has.
type crashReplies struct{ all, deleted int }

// countReplies counts the replies to each message.
func (l *crashLife) countReplies() {
	l.replies = map[chat.MessageID]crashReplies{}
	for _, m := range l.model.order {
		if m.Parent == "" {
			continue
		}
		n := l.replies[m.Parent]
		switch l.model.fate(m, time.Now()) {
		case crashDeleted:
			n.deleted++
			n.all++
		case crashLive:
			n.all++
		}
		l.replies[m.Parent] = n
	}
}

// checkTalk compares what is listed of the conversation.
func (l *crashLife) checkTalk() {
	l.t.Helper()
	for _, cid := range crashShared {
		l.checkPins(cid)
	}
	l.checkThreads()
	slow := l.model.channels[crashSlow]
	state, err := l.app.As(crashUser(8)).Channel(l.ctx, crashSlow)
	l.must(err)
	waits := crashMoment{slow.lastSend.low + slow.cooldown.Microseconds(), slow.lastSend.high + slow.cooldown.Microseconds()}
	got := int64(0)
	if state.CooldownUntil != nil {
		got = state.CooldownUntil.UnixMicro()
	}
	if state.Channel.Cooldown != slow.cooldown || got != 0 && (got < waits.low || got > waits.high || slow.cooldown == 0) ||
		got == 0 && slow.cooldown > 0 && waits.low > time.Now().UnixMicro() {
		l.t.Errorf("in slow mode of %v %s waits until %d, want %v and %+v", state.Channel.Cooldown, crashUser(8), got, slow.cooldown, waits)
	}
	words := l.blockedWords()
	for _, action := range crashActions {
		if words[action] != l.model.words[action] {
			l.t.Errorf("the block list of what to %s holds %q, want %q", action, words[action], l.model.words[action])
		}
	}
	for user, want := range l.model.blocks {
		if got := l.blocks(user); !slices.Equal(got, crashMuted(want)) {
			l.t.Errorf("%s blocks %v, want %v", user, got, crashMuted(want))
		}
	}
	l.checkExport(crashUser(l.random.IntN(crashCallers)))
}

func (l *crashLife) blockedWords() map[chat.BlockAction]string {
	l.t.Helper()
	words, err := crashWords(l.ctx, l.app)
	l.must(err)
	return words
}

func (l *crashLife) blocks(user chat.UserID) (list []chat.UserID) {
	l.t.Helper()
	blocks, err := l.app.As(user).BlockedUsers(l.ctx)
	l.must(err)
	for _, b := range blocks {
		list = append(list, b.User.ID)
	}
	slices.Sort(list)
	return list
}

// checkPins compares the pinned messages of a channel.
func (l *crashLife) checkPins(cid chat.CID) {
	l.t.Helper()
	since := time.Now()
	listed := map[chat.MessageID]bool{}
	for q := (chat.PinQuery{Limit: 300}); ; {
		page, err := l.app.PinnedMessages(l.ctx, cid, q)
		l.must(err)
		for _, m := range page.Items {
			listed[m.ID] = true
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	for _, m := range l.model.order {
		if m.CID != cid || l.model.fate(m, time.Now()) != crashLive {
			continue
		}
		if got := listed[m.ID]; got != m.pinnedAt(since) && got != m.pinnedAt(time.Now()) {
			l.t.Errorf("%s is listed as pinned: %t, want %t until %d", m.ID, got, m.pinned, m.pinEnd)
		}
		delete(listed, m.ID)
	}
	for id := range listed {
		l.t.Errorf("%s is listed as pinned, and is not there", id)
	}
}

// checkOwn compares what a member has for themselves alone. Pages is what they
// see of the channel.
func (l *crashLife) checkOwn(ch *crashChannel, user chat.UserID, member *crashMember, state *chat.ChannelState, pages []chat.Message) {
	l.t.Helper()
	if state.Membership == nil {
		return
	}
	invited := state.Membership.InvitedAt != nil && state.Membership.InviteAcceptedAt == nil
	if invited != member.invited || (state.PinnedAt != nil) != member.pinned || (state.ArchivedAt != nil) != member.archived {
		l.t.Errorf("%s in %s: invited %t, pinned %v, archived %v; want %+v", user, ch.cid, invited, state.PinnedAt, state.ArchivedAt, *member)
	}
	newest := int64(0)
	for _, m := range pages {
		if m.Type != chat.TypeDeleted {
			newest = m.CreatedAt.UnixMicro()
		}
	}
	hidden := member.hidden != crashMoment{}
	if state.Hidden && (!hidden || newest > member.hidden.high) || !state.Hidden && hidden && newest <= member.hidden.low {
		l.t.Errorf("%s is hidden from %s: %t; hidden at %+v, the newest is of %d", ch.cid, user, state.Hidden, member.hidden, newest)
	}
}

// guestPages is what a guest or a newcomer sees of a channel: all that is for
// everybody, but for what they cleared, or what was there before them.
func (l *crashLife) guestPages(ch *crashChannel, guest chat.UserID, pages []chat.Message) (list []chat.Message) {
	l.t.Helper()
	if ch.members[guest] == nil {
		return nil
	}
	seen := map[chat.MessageID]bool{}
	for m, err := range l.app.As(guest).AllMessages(l.ctx, ch.cid) {
		l.must(err)
		seen[m.ID] = true
		list = append(list, m)
	}
	cleared, n := ch.cleared[guest], 0
	for _, m := range pages {
		at, public := m.CreatedAt.UnixMicro(), m.Restricted == nil && !m.Shadowed
		if seen[m.ID] {
			n++
		}
		if seen[m.ID] && (!public || at <= cleared.low || n == 0) || !seen[m.ID] && public && (at > cleared.high || n > 0) {
			l.t.Errorf("%s, who cleared %s at %+v, sees %s of %d: %t", guest, ch.cid, cleared, m.ID, at, seen[m.ID])
		}
	}
	if n != len(list) {
		l.t.Errorf("%s sees %d messages in %s that are not there", guest, len(list)-n, ch.cid)
	}
	return list
}

// checkExport compares the export of a user with what they sent and reacted.
func (l *crashLife) checkExport(user chat.UserID) {
	l.t.Helper()
	var out bytes.Buffer
	began := time.Now()
	l.must(l.app.ExportUser(l.ctx, user, &out, nil))
	messages, reactions := map[chat.MessageID]bool{}, map[chat.MessageID]map[string]int64{}
	for lines := json.NewDecoder(&out); lines.More(); {
		var line struct {
			Type string
			Data struct {
				ID        chat.MessageID
				MessageID chat.MessageID `json:"message_id"`
				Type      string
				Score     int64
			}
		}
		l.must(lines.Decode(&line))
		switch line.Type {
		case "message":
			messages[line.Data.ID] = true
		case "reaction":
			if reactions[line.Data.MessageID] == nil {
				reactions[line.Data.MessageID] = map[string]int64{}
			}
			reactions[line.Data.MessageID][line.Data.Type] = line.Data.Score
		}
	}
	for _, m := range l.model.order {
		fate := l.model.fate(m, time.Now())
		there := fate == crashLive || fate == crashDeleted || fate == crashHidden
		// What was pending may have been exported before it expired.
		if l.model.fate(m, began) != crashPending && messages[m.ID] != (m.author == user && there) {
			l.t.Errorf("%s of %s, which is %s, is in the export of %s: %t", m.ID, m.author, fate, user, messages[m.ID])
		}
		if fate == crashLive && !cmp.Equal(reactions[m.ID], m.reactions[user]) {
			l.t.Errorf("the export of %s has the reactions %v to %s, want %v", user, reactions[m.ID], m.ID, m.reactions[user])
		}
	}
}

// resolveTalk is about calls of the conversation that were under way.
func (l *crashLife) resolveTalk(user chat.UserID, call *crashCall) {
	l.t.Helper()
	m := l.model.messages[call.ID]
	switch call.Op {
	case "react", "unreact", "pin", "unpin", "read thread":
		state, got := l.look(m)
		reaction := call.Op == "react" || call.Op == "unreact"
		if state == crashLive || state == crashDeleted && reaction { // it may be undeleted, and has them again
			l.resolveTalkOf(user, call, m, got)
		} else if call.Op == "read thread" {
			delete(m.threadRead, user)
		}
	case "block":
		l.model.blocks[user][call.User] = slices.Contains(l.blocks(user), call.User)
	case "slow":
		state, err := l.app.Channel(l.ctx, call.CID)
		l.must(err)
		if state.Channel.Cooldown == call.Lasting {
			l.model.do(user, call, 0)
		}
	case "list":
		if l.blockedWords()[chat.BlockAction(call.Action)] == call.Text {
			l.model.do(user, call, 0)
		}
	}
}

// resolveTalkOf is about what hangs on a message that is there.
func (l *crashLife) resolveTalkOf(user chat.UserID, call *crashCall, m *crashMessage, got chat.Message) {
	l.t.Helper()
	expires := int64(0)
	if got.PinExpires != nil {
		expires = crashMicro(*got.PinExpires)
	}
	now := l.reactions(m.ID)[user]
	switch call.Op {
	case "react":
		if now[call.Text] == call.Score && (!call.On || len(now) == 1) {
			l.model.do(user, call, 0)
		}
	case "unreact":
		if _, there := now[call.Text]; !there {
			l.model.do(user, call, 0)
		}
	case "pin":
		switch {
		case got.Pinned && expires == call.Before:
			l.model.do(user, call, 0)
		case !got.Pinned && call.Before != 0: // it is over, or there was none before
			m.pinned = false
		}
	case "unpin":
		if !got.Pinned {
			l.model.do(user, call, 0)
		}
	case "read thread":
		delete(m.threadRead, user)
	}
}

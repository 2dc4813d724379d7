package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/chat"
)

// The states in which a message is found.
const (
	crashLive    = "live"
	crashPending = "pending"
	crashWaiting = "waiting" // the answer to a command, for its author alone
	crashDeleted = "deleted" // softly
	crashHidden  = "hidden"  // truncated softly: the application reads the original
	crashGone    = "gone"
)

// crashUnknown is a read mark of which nothing was reported.
const crashUnknown = -1

// crashAtOnce is how many calls of the application are under way at once, at
// most: those that a process had made when it was killed are made again.
const crashAtOnce = 4

// crashModel is what must be in the file, by what was reported.
type crashModel struct {
	channels map[chat.CID]*crashChannel
	messages map[chat.MessageID]*crashMessage
	order    []*crashMessage
	mutes    map[chat.UserID]map[chat.UserID]bool
	blocks   map[chat.UserID]map[chat.UserID]bool
	bans     map[crashBanOf]crashBan
	flags    map[crashFlagOf]crashFlag
	passing  map[chat.UserID]*crashPassing
	patched  map[chat.UserID]crashPatched
	away     map[chat.UserID]int64       // since when absentees are deactivated
	words    map[chat.BlockAction]string // of the block list with that action; empty: there is none
	events   crashEvents
	open     [crashCallers]*crashCall // begun and not acknowledged
	timeout  time.Duration
	calls    int            // acknowledged
	refused  int            // of them
	done     map[string]int // those that were done, by what they do
	cutOff   int            // begun and not acknowledged
	found    int            // of them those found to be done
	repeated map[int]int    // how many things were told again that a process told that was killed
	problems []string       // what is wrong with the report itself
	previews int            // seen, when all work was done
}

// crashChannel is a channel. Each time it is made again is another life.
type crashChannel struct {
	cid               chat.CID
	life, purgedLife  int
	there, open       bool
	truncated, purged int64 // up to when nothing is seen, nothing is left
	members           map[chat.UserID]*crashMember
	cleared           map[chat.UserID]crashMoment // up to when their history is cleared
	cooldown          time.Duration
	lastSend          crashMoment // in slow mode
	notes             map[string]*crashNote
}

// crashNote is the system message that a truncation posted.
type crashNote struct {
	until int64 // up to when was truncated
	at    int64 // its own time, once it was seen; crashUnknown if it is gone before
}

// there says that the note must be in the channel's pages.
func (n *crashNote) there(ch *crashChannel) bool {
	return n.at > ch.truncated || n.at == 0 && n.until == ch.truncated
}

type crashMember struct {
	read                      int64
	muted                     bool
	invited, pinned, archived bool
	hidden                    crashMoment
	note                      string
	resident                  bool
}

// crashMessage is a message. State is what its author made of it; what others
// did to it, with many at once, is found by fate.
type crashMessage struct {
	crashCall
	author    chat.UserID
	life      int
	at, sent  int64
	state     string
	held      bool // it was pending once
	committed bool
	lost      bool // a call was told that it is not there
	erased    bool // hard-deleted, and its replies with it
	unclear   bool // a call about it was cut off, and it is gone either way
	softened  bool // it was deleted softly once
	forMe     map[chat.UserID]bool
	claimed   bool // an action of it was cut off
	probed    bool // it was made sure that its id is taken for good
	shadowed  bool // seen by its author alone

	reactions  map[chat.UserID]map[string]int64 // their scores
	pinned     bool
	pinEnd     int64                 // 0: none
	threadRead map[chat.UserID]int64 // up to when its replies are read

	told [2]crashTelling // that it was sent, deleted
}

// crashTelling is what the application was told.
type crashTelling struct {
	times int
	life  int  // of the process that told last
	final bool // that process ended in good order
}

func newCrashModel() *crashModel {
	m := &crashModel{
		channels: map[chat.CID]*crashChannel{}, messages: map[chat.MessageID]*crashMessage{},
		mutes: map[chat.UserID]map[chat.UserID]bool{}, repeated: map[int]int{},
		done: map[string]int{}, bans: map[crashBanOf]crashBan{}, flags: map[crashFlagOf]crashFlag{},
		blocks: map[chat.UserID]map[chat.UserID]bool{}, passing: map[chat.UserID]*crashPassing{},
		away: map[chat.UserID]int64{}, patched: map[chat.UserID]crashPatched{},
	}
	for _, cid := range crashChannels() {
		m.channels[cid] = &crashChannel{cid: cid, purgedLife: -1, notes: map[string]*crashNote{}}
		m.channels[cid].make()
	}
	for i := range crashCallers {
		m.mutes[crashUser(i)], m.blocks[crashUser(i)] = map[chat.UserID]bool{}, map[chat.UserID]bool{}
		if peer := crashPeer(i); peer != "" {
			m.blocks[peer] = map[chat.UserID]bool{}
		}
	}
	return m
}

// make begins a life of a channel.
func (ch *crashChannel) make() {
	ch.there, ch.open = true, true
	ch.members, ch.cleared = map[chat.UserID]*crashMember{}, map[chat.UserID]crashMoment{}
	for _, user := range crashMembers(ch.cid) {
		ch.members[user] = &crashMember{read: crashUnknown}
	}
}

// apply takes what a process has reported, in the order of the report.
func (w *crashModel) apply(lines []crashLine, life int) {
	for _, line := range lines {
		switch {
		case line.Told != nil:
			w.tell(*line.Told, life, false)
		case line.Heard != nil:
			w.hear(*line.Heard, life)
		case line.Begun != nil:
			w.begin(line.Caller, line.Begun)
		default:
			call := w.open[line.Caller]
			w.open[line.Caller] = nil
			w.calls++
			if line.Done.Refused != "" {
				w.refused++
				w.refuse(call, line.Done.Refused)
			} else {
				w.do(call.by(line.Caller), call, line.Done.At)
			}
		}
	}
}

func (w *crashModel) begin(caller int, call *crashCall) {
	w.open[caller] = call
	switch call.Op {
	case "send", "whisper", "post", "hold", "held", "rejected", "turned away", "ask", "/ban", "/unban":
		m := &crashMessage{
			crashCall: *call, author: call.by(caller), life: w.channels[call.CID].life, state: crashGone,
			forMe: map[chat.UserID]bool{}, reactions: map[chat.UserID]map[string]int64{}, threadRead: map[chat.UserID]int64{},
		}
		m.shadowed = w.isShadowed(m)
		m.Text = call.said()
		w.messages[m.ID] = m
		w.order = append(w.order, m)
	}
}

// do is what a call makes that went well.
func (w *crashModel) do(user chat.UserID, call *crashCall, at int64) {
	m, ch := w.messages[call.ID], w.channels[call.CID]
	w.done[call.Op]++
	w.events.change(user, call, m)
	switch call.Op {
	case "send", "whisper", "post":
		m.state, m.at = crashLive, at
		w.sent(user, m)
	case "hold", "held":
		m.state, m.at, m.held = crashPending, at, true
	case "ask":
		m.state, m.at = crashWaiting, at
	case "press":
		w.press(user, m, call.Action, at)
	case "commit":
		m.state, m.at, m.sent, m.committed = crashLive, at, m.at, true
	case "edit":
		m.Text = call.Text
	case "soft":
		m.state, m.softened, m.pinned = crashDeleted, true, false
	case "undelete":
		m.state = crashLive
	case "hard":
		m.state, m.erased = crashGone, true
	case "for me":
		m.forMe[user] = true
	case "read":
		ch.members[user].read = at
	case "mute":
		ch.members[user].muted = call.On
	case "mute user":
		w.mutes[user][call.User] = call.On
	case "leave":
		delete(ch.members, user)
		w.forgetThreads(user, ch)
	case "join":
		ch.members[user] = &crashMember{read: at}
	case "truncate":
		w.truncate(ch, call, at)
	case "rejected", "turned away":
		w.problem("%+v is not refused", *call)
	case "close":
		ch.open, ch.members = false, map[chat.UserID]*crashMember{}
		if call.Hard {
			ch.there, ch.purgedLife = false, ch.life
		}
	case "make":
		ch.life++
		ch.make()
		ch.members[user].read = at
	case "/ban", "/unban":
		m.state, m.at = crashLive, at
		w.moderate(user, call, at)
	default:
		if !w.talk(user, call, at) && !w.attend(user, call, at) && !w.change(user, call, at) {
			w.moderate(user, call, at)
		}
	}
}

func (w *crashModel) problem(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func (w *crashModel) truncate(ch *crashChannel, call *crashCall, at int64) {
	if call.Before != 0 && at != call.Before || at <= ch.truncated {
		w.problem("%+v truncated up to %d, after %d", *call, at, ch.truncated)
	}
	ch.truncated = at
	if call.Hard {
		ch.purged = at
	}
	if call.Text != "" {
		ch.notes[call.Text] = &crashNote{until: at}
	}
}

// refuse takes an error for what it says: that a message is not there.
func (w *crashModel) refuse(call *crashCall, kind string) {
	m := w.messages[call.ID]
	switch call.Op {
	case "rejected":
		if w.done[call.Op]++; kind != chat.ErrRejected.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "turned away":
		if w.done[call.Op]++; kind != chat.ErrPermission.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "send", "whisper", "post", "hold", "held":
		if call.Parent == "" && call.Quoted == "" && !w.cools(call, kind) {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "react", "unreact", "pin", "unpin", "review":
		if m.lost = kind == chat.ErrNotFound.Error(); !m.lost && !m.keepsOff(call, kind) {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "read", "read thread", "unread thread": // what it was about is not recorded
	case "undelete":
		if kind == chat.ErrNotFound.Error() {
			m.lost = true
		} else if kind != chat.ErrParentDeleted.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "commit":
		if ch := w.channels[call.CID]; kind == chat.ErrChannelDeleted.Error() && m.life < ch.life {
			return // it stays pending in the former life of the channel
		}
		if m.lost = true; kind != chat.ErrNotFound.Error() && kind != chat.ErrNotPending.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "press":
		m.lost = kind == chat.ErrNotFound.Error()
		if !m.lost && (kind != chat.ErrState.Error() || !m.claimed) {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "flag":
		if kind == chat.ErrDeleted.Error() && m.forMe[m.author] {
			return
		}
		if m.lost = true; kind != chat.ErrNotFound.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	case "edit", "soft", "hard", "for me", "unflag":
		if m.lost = true; kind != chat.ErrNotFound.Error() {
			w.problem("%+v is refused: %s", *call, kind)
		}
	default:
		w.problem("%+v is refused: %s", *call, kind)
	}
}

// tell takes that the application was told something.
func (w *crashModel) tell(told crashTold, life int, final bool) {
	what, kind := "sent", 0
	if told.Deleted {
		what, kind = "deleted", 1
	}
	m := w.messages[told.ID]
	if m == nil || !m.holds() {
		w.problem("the application is told that %s was %s, which never was pending", told.ID, what)
		return
	}
	t := &m.told[kind]
	if t.times > 0 && t.life != life {
		w.repeated[t.life]++
	}
	switch {
	case !m.says(told.Text) || told.Metadata != m.metadata():
		w.problem("the application is told that %s was %s, with %q and %q", m.ID, what, told.Text, told.Metadata)
	case told.Deleted && m.told[0].times == 0:
		w.problem("the application is told that %s was deleted, and not yet that it was sent", m.ID)
	case !told.Deleted && m.told[1].times > 0:
		w.problem("the application is told that %s was sent, after it was deleted", m.ID)
	case t.times > 0 && (t.final || t.life == life):
		w.problem("the application is told twice that %s was %s, though no process died with it", m.ID, what)
	case w.repeated[t.life] > crashAtOnce:
		w.problem("the application is told %d things again that it was told before one kill", w.repeated[t.life])
	}
	*t = crashTelling{t.times + 1, life, final}
}

// says tells whether a text is the one that the message was sent with, with a
// link or without.
func (m *crashMessage) says(text string) bool {
	link, ok := strings.CutPrefix(strings.TrimSuffix(text, " "+m.Word), "text of "+string(m.ID))
	return ok && (link == "" || strings.HasSuffix(link, ".example/"+string(m.ID)))
}

// fate is the state that a message must be in at a time.
func (w *crashModel) fate(m *crashMessage, now time.Time) string {
	ch, parent := w.channels[m.CID], w.messages[m.Parent]
	truncated, purged := ch.truncated, ch.purged
	switch {
	case m.state == crashGone, m.life <= ch.purgedLife, m.at <= purged, parent != nil && parent.erased:
		return crashGone
	case m.state == crashPending && (m.at <= truncated || m.at <= now.UnixMicro()-w.timeout.Microseconds()):
		return crashGone
	case m.state == crashWaiting && (m.at <= truncated || m.at <= now.Add(-crashEphemeralLife).UnixMicro()):
		return crashGone
	case m.at <= truncated:
		return crashHidden
	}
	return m.state
}

// settle makes final what is gone or over now: the work that was due is done. The
// next process may live before that time.
func (w *crashModel) settle(now time.Time) {
	for _, m := range w.order {
		if w.fate(m, now) == crashGone {
			m.state = crashGone
		}
		m.pinned = m.pinnedAt(now)
	}
	for place, ban := range w.bans {
		if ban.Until != 0 && ban.Until <= now.UnixMicro() {
			delete(w.bans, place)
		}
	}
}

// pages is what is in the pages of a channel but for the notes of truncations,
// oldest first.
func (w *crashModel) pages(ch *crashChannel, now time.Time) []*crashMessage {
	var list []*crashMessage
	for _, m := range w.order {
		if m.CID != ch.cid || m.life != ch.life || m.Parent != "" && !m.Show {
			continue
		}
		if fate := w.fate(m, now); fate == crashLive || fate == crashDeleted {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *crashMessage) int { return int(a.at - b.at) })
	return list
}

func (m *crashMessage) visibleTo(user chat.UserID) bool {
	if m.shadowed {
		return m.author == user
	}
	return m.Audience == nil || m.author == user || slices.Contains(m.Audience, user)
}

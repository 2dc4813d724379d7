package chat_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
)

// crashBanOf is from where a user is banned; no cid: from everywhere.
type crashBanOf struct {
	CID  chat.CID
	User chat.UserID
}

// crashBan is a ban. Its reason is another one each time.
type crashBan struct {
	By     chat.UserID
	Reason string
	Until  int64 // 0: for good
	Shadow bool
}

// crashFlag is a flag: why it was put, and what came of it.
type crashFlag struct {
	Reason, Outcome string
}

// crashFlagOf is what is flagged, a message or a user, and by whom.
type crashFlagOf struct {
	By   chat.UserID
	ID   chat.MessageID
	User chat.UserID
}

func crashBannedFrom() []chat.CID { return append([]chat.CID{""}, crashShared...) }

// moderate is what a call that went well makes of bans and flags.
func (w *crashModel) moderate(user chat.UserID, call *crashCall, at int64) {
	place, flagged := crashBanOf{call.CID, call.User}, crashFlagOf{user, call.ID, call.User}
	switch call.Op {
	case "ban":
		w.bans[place] = crashBan{user, call.Text, at, call.Shadow}
		w.pass(call)
	case "/ban":
		w.bans[place] = crashBan{By: user, Reason: call.reason()}
	case "unban", "/unban":
		delete(w.bans, place)
	case "flag", "flag user":
		w.flags[flagged] = crashFlag{Reason: call.Text}
	case "unflag", "unflag user": // the flags of all, also that of a block list
		delete(w.flags, flagged)
		delete(w.flags, crashFlagOf{ID: call.ID, User: call.User})
	case "review", "review user":
		for flagged, flag := range w.flags {
			if flagged.ID == call.ID && flagged.User == call.User {
				w.flags[flagged] = crashFlag{flag.Reason, call.Text}
			}
		}
	default:
		w.problem("no call %q", call.Op)
	}
}

// bansNow is the bans as they are listed.
func (l *crashLife) bansNow() map[crashBanOf]crashBan {
	l.t.Helper()
	list := map[crashBanOf]crashBan{}
	for _, cid := range crashBannedFrom() {
		page, err := l.app.Bans(l.ctx, chat.BanQuery{CID: cid, Limit: 300})
		l.must(err)
		for _, b := range page.Items {
			ban := crashBan{Reason: b.Reason, Shadow: b.Shadow}
			if b.By != nil {
				ban.By = b.By.ID
			}
			if b.Expires != nil {
				ban.Until = crashMicro(*b.Expires)
			}
			list[crashBanOf{cid, b.User.ID}] = ban
		}
	}
	return list
}

// flagsNow is all flags, as they are listed.
func (l *crashLife) flagsNow() map[crashFlagOf]crashFlag {
	l.t.Helper()
	list := map[crashFlagOf]crashFlag{}
	last := time.Time{}
	for q := (chat.FlagQuery{Limit: 300}); ; {
		page, err := l.app.Flags(l.ctx, q)
		l.must(err)
		for _, f := range page.Items {
			flagged := crashFlagOf{User: f.User.ID}
			if f.By != nil {
				flagged.By = f.By.ID
			}
			if f.Message != nil {
				flagged.ID, flagged.User = f.Message.ID, ""
			}
			if _, twice := list[flagged]; twice || f.CreatedAt.Before(last) {
				l.t.Errorf("the flag %+v of %v is listed twice or too late", flagged, f.CreatedAt)
			}
			flag := crashFlag{Reason: f.Reason}
			if f.Review != nil {
				flag.Outcome = f.Review.Outcome
			}
			list[flagged], last = flag, f.CreatedAt
		}
		if q.Page = page.Next; q.Page == "" {
			return list
		}
	}
}

// checkModeration compares bans and flags. A ban may end just when it is read.
func (l *crashLife) checkModeration() {
	l.t.Helper()
	before := time.Now().UnixMicro()
	bans := l.bansNow()
	after := time.Now().UnixMicro()
	for place, want := range l.model.bans {
		got, there := bans[place]
		delete(bans, place)
		lasts := func(at int64) bool { return want.Until == 0 || want.Until > at }
		if there && got != want || there != lasts(before) && there != lasts(after) {
			l.t.Errorf("the ban of %s from %q is %+v, there: %t; want %+v", place.User, place.CID, got, there, want)
		}
	}
	for place, got := range bans {
		l.t.Errorf("%s is banned from %q: %+v", place.User, place.CID, got)
	}
	want := map[crashFlagOf]crashFlag{}
	for flagged, flag := range l.model.flags {
		if m := l.model.messages[flagged.ID]; m != nil {
			if fate := l.model.fate(m, time.Now()); fate != crashLive && fate != crashDeleted {
				continue
			}
		}
		want[flagged] = flag
	}
	if diff := cmp.Diff(want, l.flagsNow()); diff != "" {
		l.t.Errorf("the flags (-want +got):\n%s", diff)
	}
}

// resolveModeration is about bans and flags that were being set or removed.
func (l *crashLife) resolveModeration(user chat.UserID, call *crashCall) {
	l.t.Helper()
	place, flagged := crashBanOf{call.CID, call.User}, crashFlagOf{user, call.ID, call.User}
	switch call.Op {
	case "ban":
		ban, there := l.bansNow()[place]
		switch {
		case there && ban.Reason == call.Text:
			l.model.do(user, call, ban.Until)
		case !there && call.Lasting > 0: // it has ended, or there was none before
			delete(l.model.bans, place)
		}
	case "unban":
		if _, there := l.bansNow()[place]; !there {
			l.model.do(user, call, 0)
		}
	case "flag", "flag user":
		if l.flagsNow()[flagged] == (crashFlag{Reason: call.Text}) {
			l.model.do(user, call, 0)
		}
	case "review", "review user":
		for of, flag := range l.flagsNow() {
			if of.ID == call.ID && of.User == call.User && flag.Outcome == call.Text {
				l.model.do(user, call, 0)
				break
			}
		}
	case "unflag", "unflag user":
		if _, there := l.flagsNow()[flagged]; !there {
			l.model.do(user, call, 0)
		}
	}
}

// resolveTold is about a command that bans or ends that, of whose message
// nothing is left: it was not done, or its message was truncated since.
func (l *crashLife) resolveTold(user chat.UserID, call *crashCall, m *crashMessage) {
	l.t.Helper()
	ban, there := l.bansNow()[crashBanOf{call.CID, call.User}]
	done := there && ban.Reason == call.reason()
	if call.Op == "/unban" {
		done = !there
	}
	if !done {
		return
	}
	l.model.moderate(user, call, 0)
	if m.unclear = true; l.model.channels[call.CID].truncated < call.Started {
		l.t.Errorf("%+v is done, and its message is not there", *call)
	}
}

// moderation is how many bans and flags there are.
func (w *crashModel) moderation() string {
	from := map[chat.CID]int{}
	for place := range w.bans {
		from[place.CID]++
	}
	var list []string
	for cid, n := range from {
		list = append(list, fmt.Sprintf("%q:%d", cid, n))
	}
	slices.Sort(list)
	return fmt.Sprintf("bans %v, %d flags", list, len(w.flags))
}

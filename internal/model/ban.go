package model

import (
	"slices"
	"strings"
	"time"
)

// Ban is a user who is banned from a channel, or from the whole application.
type Ban struct {
	User    string
	Channel *Channel // nil: the whole application
	By      string   // empty: the application itself
	Reason  string
	At      time.Time
	Until   time.Time // zero: for good
	Shadow  bool
}

// Bans are those from a channel, or from the whole application, that last, by
// user.
func (w *World) Bans(ch *Channel) []Ban {
	var list []Ban
	for _, b := range w.bans {
		if b.Channel == ch && w.lasts(b.Until) {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b Ban) int { return strings.Compare(a.User, b.User) })
	return list
}

// Banned says whether a ban keeps a user from doing something in a channel, or
// from what belongs to none.
func (w *World) Banned(id string, ch *Channel, action string) bool {
	left := []string{
		"read-channel", "leave-channel", "mute-channel", "mute-user", "flag-message", "flag-user", "delete-message-own",
		"read-restricted-visibility-message", "delete-reaction-own",
	}
	return id != "" && !slices.Contains(left, action) && slices.ContainsFunc(w.bans, func(b Ban) bool {
		return !b.Shadow && b.User == id && (b.Channel == nil || b.Channel == ch) && w.lasts(b.Until)
	})
}

// need adds what keeps a caller from doing something in a channel.
func (w *World) need(v *verdict, by string, ch *Channel, action string) {
	v.add(!w.can(by, ch, action), Permission)
	v.add(w.Banned(by, ch, action), Banned)
}

// place is where a step bans: nil is the whole application.
func (w *World) place(s Step) *Channel {
	if s.CID == "" {
		return nil
	}
	return w.Channel(s.CID)
}

// Judges says what is answered to one who wants to ban somewhere, or to list
// bans and flags; an empty cid is the whole application.
func (w *World) Judges(by, cid string) []Kind {
	if by != "" && !w.active(by) {
		return []Kind{Permission}
	}
	if by == "" && cid == "" {
		return []Kind{OK}
	}
	var v verdict
	if cid == "" {
		v.add(!w.anywhere(by, "ban-user"), Permission)
		v.add(w.Banned(by, nil, "ban-user"), Banned)
		return v.or()
	}
	if kind := w.enter(by, w.Channel(cid)); kind != OK {
		return []Kind{kind}
	}
	w.need(&v, by, w.Channel(cid), "ban-channel-member")
	return v.or()
}

// anywhere says whether a user's role allows something in any channel type.
func (w *World) anywhere(id, action string) bool {
	for name := range w.Types {
		if w.canAnywhere(id, name, action) {
			return true
		}
	}
	return false
}

func (w *World) expectBan(s Step) []Kind {
	by := s.By
	if by == "" {
		by = s.Author
	}
	oneself := s.Op == BanUser && s.User == by
	kinds := w.Judges(s.By, s.CID)
	if kinds[0] == OK && s.Op == BanUser {
		var v verdict
		w.banFaults(s.By, by, s.User, w.place(s), &v)
		v.add(s.Purge != "" && !w.mayPurge(s.By, w.place(s)), Permission)
		kinds = v.or()
	}
	if kinds[0] == OK && s.Op == UnbanUser && s.User != s.By { // of one's own shadow ban one does not learn
		var v verdict
		v.add(w.stays(s.By, s.User, w.place(s)), Permission)
		kinds = v.or()
	}
	switch {
	case oneself && kinds[0] == OK:
		return []Kind{Invalid}
	case oneself:
		return append(kinds, Invalid)
	}
	return kinds
}

// banFaults are what keeps one who may ban from banning a user.
func (w *World) banFaults(caller, by, user string, ch *Channel, v *verdict) {
	v.add(!w.exists(user), Invalid)
	v.add(caller == "" && by != "" && !w.active(by), Invalid)
	v.add(caller != "" && w.outranks(user, caller, ch), Permission)
	v.add(w.stays(caller, user, ch), Permission)
}

// stays says whether a user has a ban that is not for the caller to end or to
// replace: the application's, or of one who outranks them.
func (w *World) stays(caller, user string, ch *Channel) bool {
	return caller != "" && slices.ContainsFunc(w.Bans(ch), func(b Ban) bool {
		return b.User == user && b.By != caller && (b.By == "" || w.outranks(b.By, caller, ch))
	})
}

// outranks says whether a user may ban too or created the channel, and may do
// something that another may not.
func (w *World) outranks(user, other string, ch *Channel) bool {
	may, power := func(id, action string) bool { return w.Can(id, ch, action) }, "ban-channel-member"
	if ch == nil {
		may, power = w.anywhere, "ban-user"
	}
	if !may(user, power) && (ch == nil || ch.Creator != user) {
		return false
	}
	for _, action := range actions() {
		if may(user, action) && !may(other, action) {
			return true
		}
	}
	return false
}

// ban bans a user in place of any ban there is.
func (w *World) ban(b Ban, lasting time.Duration) {
	w.unban(b.User, b.Channel)
	b.At = w.Now.Truncate(time.Microsecond)
	if lasting > 0 {
		b.Until = b.At.Add(lasting)
	}
	w.bans = append(w.bans, b)
}

func (w *World) unban(user string, ch *Channel) {
	w.bans = slices.DeleteFunc(w.bans, func(b Ban) bool { return b.User == user && b.Channel == ch })
}

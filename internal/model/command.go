package model

import (
	"slices"
	"strings"
	"time"
)

// The commands of the application, beside those that the engine has.
const (
	Echo = "echo" // says it again, to the channel
	Ask  = "ask"  // answers its author, with the buttons of Buttons
	Oops = "oops" // fails
)

// Buttons are the actions of what Ask answers.
var Buttons = []string{"send", "cancel", "again", "done", "fail"}

// ephemeralLife is how long the answer to a command waits for an action.
const ephemeralLife = time.Hour

// outcome is what becomes of a command.
type outcome struct {
	command, args string
	user          string // whom it is about

	fails  bool   // an error message
	author bool   // answers its author alone
	system bool   // a system message
	text   string // of the answer
	titled bool   // it has an attachment
}

// commandOf is the command of a send, and what follows it; empty if it is plain
// text.
func (w *World) commandOf(s Step) (name, args string) {
	ch := w.Channel(s.CID)
	rest, is := strings.CutPrefix(s.Text, "/")
	if !is || s.Op != Send || s.Type == "system" || ch == nil || !w.On(ch, Commands) {
		return "", ""
	}
	name, args, _ = strings.Cut(rest, " ")
	if !slices.Contains([]string{"ban", "unban", "mute", "unmute", "flag", Echo, Ask, Oops}, name) {
		return "", ""
	}
	return name, strings.TrimSpace(args)
}

// outcome is what becomes of the command of a send that may be sent; nil if it
// is none.
func (w *World) outcome(s Step) *outcome {
	name, args := w.commandOf(s)
	if name == "" {
		return nil
	}
	o := &outcome{command: name, args: args}
	switch name {
	case Echo:
		o.text = strings.TrimSpace("echo " + args)
		return o
	case Ask:
		o.text, o.author, o.titled = strings.TrimSpace("ask "+args), true, true
		return o
	case Oops:
		o.fails = true
		return o
	}
	target, reason, _ := strings.Cut(args, " ")
	user, named := strings.CutPrefix(target, "@")
	if !named || user == "" {
		o.fails = true
		return o
	}
	author, ch := authorOf(s), w.Channel(s.CID)
	o.user = user
	var wrong verdict
	switch name {
	case "ban":
		o.system, o.text = true, "@"+user+" was banned."
		if reason != "" {
			o.text = "@" + user + " was banned: " + reason
		}
		wrong.add(w.Judges(s.By, s.CID)[0] != OK, Permission)
		wrong.add(user == author, Invalid)
		w.banFaults(s.By, author, user, ch, &wrong)
	case "unban":
		o.system, o.text = true, "@"+user+" is no longer banned."
		wrong.add(w.Judges(s.By, s.CID)[0] != OK, Permission)
		wrong.add(!slices.ContainsFunc(w.Bans(ch), func(b Ban) bool { return b.User == user }) || w.ownShadow(s.By, user, ch), NotFound)
		wrong.add(w.stays(s.By, user, ch), Permission)
	case "mute":
		o.author, o.text = true, "@"+user+" is muted."
		w.expectMute(Step{Op: MuteUser, By: author, User: user}, &wrong)
	case "unmute":
		o.author, o.text = true, "@"+user+" is no longer muted."
		wrong.add(w.User(user) == nil, NotFound) // one who was erased may still be in the list
	case "flag":
		o.author, o.text = true, "@"+user+" was reported to the moderators."
		wrong.add(w.expectFlag(Step{Op: FlagUser, By: author, User: user})[0] != OK, Permission)
	}
	o.fails = len(wrong) > 0
	return o
}

func authorOf(s Step) string {
	if s.By != "" {
		return s.By
	}
	return s.User
}

// command does a command that was sent.
func (w *World) command(s Step, o *outcome, ch *Channel, made Made) {
	author := authorOf(s)
	judged := o.command == Echo && w.judges(s.By, ch)
	w.Told = o.fails || judged && (s.Verdict == Rejects || s.Verdict == Holds || w.refuses(s, o.text))
	if judged && s.Verdict == Softens {
		o.text = Softened(o.text)
	}
	if w.Told = w.Told || judged && w.refuses(s, o.text); w.Told {
		return
	}
	_, reason, _ := strings.Cut(o.args, " ")
	switch o.command {
	case "ban":
		w.ban(Ban{User: o.user, Channel: ch, By: author, Reason: strings.TrimSpace(reason)}, 0)
	case "unban":
		w.unban(o.user, ch)
	case "mute":
		w.mute(w.User(author), o.user, 0)
	case "unmute":
		w.unmute(w.User(author), o.user)
	case "flag":
		w.flag(Flag{User: o.user, By: author, Reason: strings.TrimSpace(reason)})
	}
	answer := s
	answer.Text, answer.Titled, answer.Hold, answer.NoPreview = o.text, o.titled, NotHeld, true
	if o.system {
		answer.Type = "system"
	}
	m := w.newMessage(answer, ch, made)
	m.Input, m.Command, m.Args = s, o.command, o.args
	if !o.author {
		if o.command == Echo {
			w.screenNew(m, s.By)
		}
		w.sentNow(s.By, ch)
		w.post(m, s.By, made)
		return
	}
	m.Type, m.Ephemeral, m.Until = "ephemeral", true, w.Now.Truncate(time.Microsecond).Add(ephemeralLife)
	w.Messages, w.answers = append(w.Messages, m), append(w.answers, m)
	w.names[m.ID], w.names[s.ID] = m, m
}

// keeps says whether the answer to a command is still there.
func (w *World) keeps(m *Message) bool {
	return !m.Gone && !m.Truncated && w.Now.Before(m.Until)
}

// readAnswer says what reading the answer to a command by its id answers: its
// author reads it, whatever of the channel they hid or cleared.
func (w *World) readAnswer(viewer string, m *Message) Kind {
	switch {
	case !w.keeps(m) || m.Author != viewer || !w.Reads(viewer, m.Channel):
		return NotFound
	case m.Channel.Disabled:
		return Disabled
	}
	return OK
}

func (w *World) expectAction(s Step) []Kind {
	m := w.Message(s.ID)
	if m == nil || !m.Ephemeral {
		if kind := w.reach(s.By, m); kind != OK {
			return []Kind{kind}
		}
		return []Kind{State}
	}
	if kind := w.readAnswer(s.By, m); kind != OK {
		return []Kind{kind}
	}
	var v verdict
	v.add(!w.Can(s.By, m.Channel, "run-message-action"), Permission)
	v.add(s.Action != "cancel" && w.Banned(s.By, m.Channel, "run-message-action"), Banned)
	v.add(m.Command != Ask || !slices.Contains(Buttons, s.Action), Invalid)
	if len(v) == 0 && (s.Action == "send" || s.Action == "done") {
		v = w.sendFaults(w.posting(m), m.Channel)
	}
	return v.or()
}

// posting is the send of what an action posts.
func (w *World) posting(m *Message) Step {
	s := m.Input
	s.By, s.User, s.Type, s.Text, s.Titled, s.Meta, s.Hold = m.Author, "", "", m.Text, false, "", AsTheChannelSays
	return s
}

// action does an action of what a command answered.
func (w *World) action(s Step, m *Message, made Made) {
	switch s.Action {
	case "cancel":
		m.Gone = true
	case "fail":
		w.Told = true
	case "again":
		m.Text, m.Updated = m.Text+" again", made.Updated
	case "send", "done":
		answer := w.posting(m)
		answer.Titled, answer.NoPreview = s.Action == "send", true
		if s.Action == "done" {
			answer.Text += " done"
		}
		m.Gone = true
		w.Messages = slices.DeleteFunc(w.Messages, func(other *Message) bool { return other == m })
		answer.Verdict = s.Verdict
		posted := w.newMessage(w.judged(answer, s.By, m.Channel), m.Channel, made)
		posted.Input, posted.Command, posted.Args = m.Input, m.Command, m.Args
		w.screenNew(posted, s.By)
		w.sentNow(s.By, m.Channel)
		w.post(posted, s.By, made)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/chat"
)

// operator is the user who makes the channels. No nick becomes this id: userOf
// escapes a colon.
const operator chat.UserID = "replay:operator"

// maxText is what the channel type messaging takes.
const maxText = 5000

// rhythm says how often something special happens: every so many messages of a
// channel.
type rhythm struct {
	private, pending, delete int

	decide int // messages until a pending one is committed or deleted
	regret int // messages until one is deleted
}

// tally counts what was done.
type tally struct {
	messages, system                int
	private, committed, dropped     int
	soft, hard, forMe               int
	quotes, unquotable              int
	cleaned, split, empty, unplayed int
}

func (t *tally) add(o tally) {
	for _, n := range []struct {
		to *int
		n  int
	}{
		{&t.messages, o.messages},
		{&t.system, o.system},
		{&t.private, o.private},
		{&t.committed, o.committed},
		{&t.dropped, o.dropped},
		{&t.soft, o.soft},
		{&t.hard, o.hard},
		{&t.forMe, o.forMe},
		{&t.quotes, o.quotes},
		{&t.unquotable, o.unquotable},
		{&t.cleaned, o.cleaned},
		{&t.split, o.split},
		{&t.empty, o.empty},
		{&t.unplayed, o.unplayed},
	} {
		*n.to += n.n
	}
}

// player plays logs through the public API, as an application would.
type player struct {
	app    *chat.App
	rhythm rhythm
	played atomic.Int64 // lines
}

// users makes a user of each nick in the logs, and the operator.
func (p *player) users(ctx context.Context, logs []*ircLog) (map[chat.UserID]string, error) {
	nicks := map[chat.UserID]string{operator: "replay"}
	for _, l := range logs {
		for _, line := range l.lines {
			for _, nick := range []string{line.nick, line.target} {
				if nick != "" {
					nicks[userOf(nick)] = nick
				}
			}
		}
	}
	var list []chat.User
	for id, nick := range nicks {
		list = append(list, chat.User{ID: id, Name: nick})
	}
	for some := range slices.Chunk(list, 100) {
		if err := p.app.UpsertUsers(ctx, some...); err != nil {
			return nil, err
		}
	}
	return nicks, nil
}

// play plays the logs with so many senders. A log has one sender at a time, so
// that the order in a channel is that of its log; sends to different channels
// are concurrent, and the store commits those that wait together.
func (p *player) play(ctx context.Context, logs []*ircLog, senders int) ([]*room, tally, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rooms := make([]*room, len(logs))
	var total tally
	var mu sync.Mutex
	var next atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(logs) {
					return
				}
				c := newPlaying(p, logs[i])
				rooms[i] = c.room
				if err := c.run(ctx); err != nil {
					cancel(fmt.Errorf("%s: %w", logs[i].name, err))
					return
				}
				mu.Lock()
				total.add(c.tally)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return rooms, total, context.Cause(ctx)
}

// later is something to do once more messages have been sent.
type later struct {
	at int
	do func(context.Context) error
}

// playing is one log being played into its channel.
type playing struct {
	*player
	log  *ircLog
	room *room
	tally

	count       int // messages so far
	owesPrivate int
	owesDelete  int
	pendings    int
	deletes     int
	later       []later
	byLine      map[int]*entry
	speakers    []chat.UserID // the latest last
}

func newPlaying(p *player, l *ircLog) *playing {
	r := &room{cid: cidOf(l.name), members: map[chat.UserID]int{}, former: map[chat.UserID]bool{}}
	return &playing{player: p, log: l, room: r, byLine: map[int]*entry{}}
}

// cidOf is the channel of a log.
func cidOf(name string) chat.CID {
	id := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	return chat.CID("messaging:" + id[:min(len(id), 64)])
}

func (c *playing) run(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	for _, l := range c.log.lines {
		if err := c.line(ctx, l); err != nil {
			return fmt.Errorf("line %d: %w", l.number, err)
		}
		c.played.Add(1)
		if err := c.doLater(ctx, c.count); err != nil {
			return fmt.Errorf("after line %d: %w", l.number, err)
		}
	}
	return c.doLater(ctx, c.count+c.rhythm.decide+c.rhythm.regret)
}

// open makes the channel, with those as members who were there before the log
// began: the first one hears of them is not that they join.
func (c *playing) open(ctx context.Context) error {
	_, err := c.app.EnsureChannel(ctx, c.room.cid, chat.ChannelDraft{CreatedBy: operator, Name: "#" + c.log.name})
	if err != nil {
		return err
	}
	met := map[string]bool{}
	var present []chat.UserID
	meet := func(nick string, isThere bool) {
		if nick != "" && !met[nick] {
			met[nick] = true
			if isThere {
				present = append(present, userOf(nick))
			}
		}
	}
	for _, l := range c.log.lines {
		meet(l.nick, l.kind == say || l.kind == action || l.kind == part || l.kind == rename)
		meet(l.target, l.kind == kick)
	}
	for some := range slices.Chunk(present, 100) {
		if err := c.addMembers(ctx, some, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *playing) addMembers(ctx context.Context, users []chat.UserID, message *chat.SystemMessage) error {
	drafts := make([]chat.MemberDraft, len(users))
	for i, user := range users {
		drafts[i] = chat.MemberDraft{UserID: user}
	}
	if err := c.app.AddMembers(ctx, c.room.cid, drafts, message); err != nil {
		return err
	}
	for _, user := range users {
		c.room.join(user)
	}
	c.noted(message)
	return nil
}

func (c *playing) removeMember(ctx context.Context, user chat.UserID, message *chat.SystemMessage) error {
	if err := c.app.RemoveMembers(ctx, c.room.cid, []chat.UserID{user}, message); err != nil {
		return err
	}
	c.room.leave(user)
	c.noted(message)
	return nil
}

// noted lists the system message that came with a change of the channel.
func (c *playing) noted(message *chat.SystemMessage) {
	if message == nil {
		return
	}
	c.system++
	c.room.entries = append(c.room.entries, &entry{
		kind: chat.TypeSystem, author: message.UserID, text: message.Text, silent: message.Silent,
	})
}

func (c *playing) line(ctx context.Context, l line) error {
	user := userOf(l.nick)
	switch l.kind {
	case say, action, notice:
		return c.speak(ctx, l, user)
	case join:
		// Who comes and goes is shown, and is nothing to read.
		return c.addMembers(ctx, []chat.UserID{user}, c.note(user, true, "joined", ""))
	case part:
		return c.removeMember(ctx, user, c.note(user, true, "left", l.text))
	case kick:
		return c.removeMember(ctx, userOf(l.target), c.note(user, false, "removed "+l.target, l.text))
	case rename:
		if err := c.removeMember(ctx, user, nil); err != nil {
			return err
		}
		now := userOf(l.target)
		return c.addMembers(ctx, []chat.UserID{now}, c.note(now, true, "was "+l.nick, ""))
	case topic:
		note := c.note(user, false, "set the topic", l.text)
		text, _ := cleanText(l.text)
		_, err := c.app.UpdateChannel(ctx, c.room.cid, chat.ChannelUpdate{Name: "#" + c.log.name, Custom: chat.Custom{"topic": text}}, note)
		if err == nil {
			c.noted(note)
		}
		return err
	case mode:
		note := c.note(user, false, "set mode", l.text)
		m, err := c.app.Send(ctx, c.room.cid, user, chat.Draft{Type: chat.TypeSystem, Text: note.Text}, nil)
		if err == nil {
			c.noted(note)
			c.room.entries[len(c.room.entries)-1].id = m.ID
		}
		return err
	}
	c.unplayed++
	return nil
}

// note is a system message: "jane left: bye".
func (c *playing) note(user chat.UserID, silent bool, what, why string) *chat.SystemMessage {
	text := nickOf(user) + " " + what
	if why, _ = cleanText(why); strings.TrimSpace(why) != "" {
		text += ": " + why
	}
	return &chat.SystemMessage{UserID: user, Text: text, Silent: silent}
}

// speak sends what somebody said, in parts if it is too long.
func (c *playing) speak(ctx context.Context, l line, user chat.UserID) error {
	text, changed := cleanText(l.text)
	if changed {
		c.cleaned++
	}
	parts := splitText(text, maxText)
	switch {
	case len(parts) == 0:
		c.empty++
		return nil
	case len(parts) > 1:
		c.split++
	}
	if !c.room.isMember(user) {
		if err := c.addMembers(ctx, []chat.UserID{user}, nil); err != nil {
			return err
		}
	}
	for i, part := range parts {
		e := &entry{
			id:   chat.MessageID(fmt.Sprintf("%s:%d", c.log.name, l.number)),
			kind: chat.TypeRegular, author: user, text: part,
		}
		if i > 0 {
			e.id += chat.MessageID(fmt.Sprintf(".%d", i))
		}
		if l.kind != say {
			e.custom = chat.Custom{"irc": map[kind]string{action: "action", notice: "notice"}[l.kind]}
		}
		if i == 0 {
			c.quote(e, l)
			c.byLine[l.number] = e
		}
		if err := c.send(ctx, e); err != nil {
			return err
		}
	}
	c.speakers = append(c.speakers, user)
	return nil
}

// quote has a message quote the one that it answers, if its author can.
func (c *playing) quote(e *entry, l line) {
	answered, ok := c.log.links[l.number]
	if !ok {
		return
	}
	q := c.byLine[answered]
	if q == nil || !q.seenBy(e.author) || q.blankTo(e.author) || !slices.Contains(c.room.entries, q) {
		c.unquotable++
		return
	}
	e.quoted = q
	c.quotes++
}

// send sends one message in the way that is its turn.
func (c *playing) send(ctx context.Context, e *entry) error {
	c.count++
	c.messages++
	if c.count%c.rhythm.private == 0 {
		c.owesPrivate++
	}
	if c.count%c.rhythm.delete == 0 {
		c.owesDelete++
	}
	d := chat.Draft{ID: e.id, Text: e.text, Custom: e.custom}
	if e.quoted != nil {
		d.QuotedID = e.quoted.id
	}
	if to := userOf(addressee(e.text)); c.owesPrivate > 0 && to != e.author && c.room.isMember(to) {
		c.owesPrivate--
		c.private++
		e.forTwo = []chat.UserID{to}
		d.Restricted = e.forTwo
	}
	if c.count%c.rhythm.pending == 0 {
		return c.sendPending(ctx, e, d)
	}
	if c.owesDelete > 0 {
		c.owesDelete--
		c.after(c.rhythm.regret, func(ctx context.Context) error { return c.delete(ctx, e) })
	}
	if e.forTwo != nil {
		// Users of this channel type send no private messages: the application
		// sends it in their name, which leaves their read mark where it is.
		if _, err := c.app.Send(ctx, c.room.cid, e.author, d, nil); err != nil {
			return err
		}
		c.room.entries = append(c.room.entries, e)
		return nil
	}
	if _, err := c.app.As(e.author).Send(ctx, c.room.cid, d); err != nil {
		return err
	}
	c.room.entries = append(c.room.entries, e)
	c.room.members[e.author] = len(c.room.entries)
	return nil
}

// sendPending sends a message that awaits a decision.
func (c *playing) sendPending(ctx context.Context, e *entry, d chat.Draft) error {
	e.wasPending = true
	_, err := c.app.Send(ctx, c.room.cid, e.author, d,
		&chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "replay"}})
	if err != nil {
		return err
	}
	c.pendings++
	commit := c.pendings%2 == 1
	c.after(c.rhythm.decide, func(ctx context.Context) error {
		if !commit {
			c.dropped++
			c.room.erased = append(c.room.erased, e)
			return c.deleteForAll(ctx, e, chat.DeleteHard)
		}
		// Only now it takes its place in the channel.
		c.committed++
		c.room.entries = append(c.room.entries, e)
		_, err := c.app.CommitMessage(ctx, e.id)
		return err
	})
	return nil
}

// delete deletes a message in the way that is its turn.
func (c *playing) delete(ctx context.Context, e *entry) error {
	c.deletes++
	switch c.deletes % 3 {
	case 1:
		c.soft++
		e.soft = true
		return c.deleteForAll(ctx, e, chat.DeleteSoft)
	case 2:
		c.hard++
		e.hard = true
		return c.deleteForAll(ctx, e, chat.DeleteHard)
	}
	c.forMe++
	e.forMe = c.someoneWhoSees(e)
	return c.app.As(e.forMe).DeleteMessageForMe(ctx, e.id)
}

// someoneWhoSees is the member who spoke last of those who see a message; its
// author only if there is nobody else.
func (c *playing) someoneWhoSees(e *entry) chat.UserID {
	for _, user := range slices.Backward(c.speakers) {
		if c.room.isMember(user) && e.seenBy(user) && user != e.author {
			return user
		}
	}
	return e.author
}

// deleteForAll deletes a message as its author, or in the author's name if they
// have left the channel.
func (c *playing) deleteForAll(ctx context.Context, e *entry, mode chat.DeleteMode) error {
	if c.room.isMember(e.author) {
		_, err := c.app.As(e.author).DeleteMessage(ctx, e.id, mode)
		return err
	}
	_, err := c.app.As(e.author).DeleteMessage(ctx, e.id, mode)
	if !errors.Is(err, chat.ErrNotFound) {
		return fmt.Errorf("user %s left and deletes %s: got %v, want ErrNotFound", e.author, e.id, err)
	}
	_, err = c.app.DeleteMessage(ctx, e.id, mode, e.author)
	return err
}

func (c *playing) after(messages int, do func(context.Context) error) {
	c.later = append(c.later, later{c.count + messages, do})
}

// doLater does what is due when so many messages have been sent.
func (c *playing) doLater(ctx context.Context, count int) error {
	var waiting []later
	for _, l := range c.later {
		if l.at > count {
			waiting = append(waiting, l)
			continue
		}
		if err := l.do(ctx); err != nil {
			return err
		}
	}
	c.later = waiting
	return nil
}

package chat_test

import (
	"context"
	"fmt"
	"time"

	"example.com/chat"
)

// Channels of one caller each: one in slow mode now and then, one with block
// lists. All are members.
const (
	crashSlow   chat.CID = "messaging:slow"
	crashListed chat.CID = "messaging:listed"
)

// crashActions are what becomes of what is on a block list. The list of each has
// its name.
var crashActions = []chat.BlockAction{chat.BlockFlag, chat.BlockHold, chat.BlockReject}

// crashWords is the word of each block list that there is.
func crashWords(ctx context.Context, app *chat.App) (map[chat.BlockAction]string, error) {
	lists, err := app.BlockLists(ctx)
	words := map[chat.BlockAction]string{}
	for _, list := range lists {
		words[chat.BlockAction(list.Name)] = list.Words[0]
	}
	return words, err
}

// crashGuestRooms are where guests are invited.
var crashGuestRooms = crashShared[:2]

// crashGuest is whom a caller invites, and who is a member only sometimes.
func crashGuest(caller int) chat.UserID {
	if caller < 6 {
		return chat.UserID(fmt.Sprintf("guest-%d", caller))
	}
	return ""
}

func crashGuests() []chat.UserID { return crashEach(crashGuest) }

// crashShade is a member whom a caller bans in the shadow now and then.
func crashShade(caller int) chat.UserID {
	if caller == 6 || caller == 7 {
		return chat.UserID(fmt.Sprintf("shade-%d", caller))
	}
	return ""
}

// ownActs is what not all callers do.
func (c *crashCaller) ownActs() []crashAct {
	switch {
	case crashGuest(c.index) != "":
		return []crashAct{{16, c.host}}
	case crashShade(c.index) != "":
		return []crashAct{{12, c.shade}}
	case c.index == 8:
		return []crashAct{{12, c.slowly}}
	case c.index == 9:
		return []crashAct{{60, c.listed}}
	case crashNewcomer(c.index) != "":
		return []crashAct{{16, c.pass}, {12, c.comeLate}}
	case crashAbsentee(c.index) != "":
		return []crashAct{{16, c.pass}, {16, c.absent}}
	}
	return []crashAct{{12, c.pair}}
}

// loadTalk finds where the caller's guest is, what their block lists hold, who was
// passing, and what became of the caller's other users.
func (c *crashCaller) loadTalk() {
	ctx := context.Background()
	c.invited = map[chat.CID]bool{}
	if guest := crashGuest(c.index); guest != "" {
		for _, cid := range crashGuestRooms {
			page, err := c.app.Members(ctx, cid, chat.MemberQuery{Limit: 300})
			crashFatal(err)
			for _, m := range page.Items {
				if m.User.ID == guest {
					c.invited[cid] = m.InviteAcceptedAt == nil
				}
			}
		}
	}
	if c.index == 9 {
		words, err := crashWords(ctx, c.app)
		crashFatal(err)
		c.words = words
	}
	if 10 <= c.index && c.index < 14 {
		c.loadPassing()
		c.loadUsers()
	}
}

// do makes a call that answers nothing.
func (c *crashCaller) do(call crashCall, do func(context.Context) error) bool {
	return c.call(call, func(ctx context.Context) (int64, error) { return 0, do(ctx) })
}

// react puts a reaction on anybody's message, or takes one back.
func (c *crashCaller) react() bool {
	return c.reactAs("")
}

func (c *crashCaller) reactAs(as chat.UserID) bool {
	cid := c.shared()
	call := crashCall{Op: "react", CID: cid, ID: c.known.pick(c.random, cid), As: as, Text: []string{"like", "love", "sad"}[c.random.IntN(3)]}
	if call.ID == "" {
		return false
	}
	user := call.by(c.index)
	if as == "" && c.oneIn(4) {
		call.Op = "unreact"
		return c.do(call, func(ctx context.Context) error {
			return errOf(c.app.As(user).DeleteReaction(ctx, call.ID, user, call.Text))
		}) || true
	}
	call.Score, call.On = int64(1+c.random.IntN(5)), c.oneIn(3)
	d := chat.ReactionDraft{Type: call.Text, Score: int(call.Score), EnforceUnique: call.On}
	c.do(call, func(ctx context.Context) error {
		if as != "" { // who is no member
			return errOf(c.app.React(ctx, call.ID, user, d))
		}
		return errOf(c.app.As(user).React(ctx, call.ID, d))
	})
	return true
}

// pin pins one of the caller's messages, for a while or for good, or unpins it.
func (c *crashCaller) pin() bool {
	m := c.pick(func(m *crashMine) bool { return !m.pending && !m.deleted })
	if m == nil {
		return false
	}
	call := crashCall{Op: "pin", CID: m.cid, ID: m.id}
	if c.oneIn(3) {
		call.Op = "unpin"
		c.do(call, func(ctx context.Context) error { return errOf(c.app.UnpinMessage(ctx, m.id)) })
		return true
	}
	expires := time.Time{}
	if lasting := []time.Duration{0, 200 * time.Millisecond, time.Hour}[c.random.IntN(3)]; lasting > 0 {
		expires = time.Now().Add(lasting)
	}
	call.Before = crashMicro(expires)
	c.do(call, func(ctx context.Context) error { return errOf(c.app.PinMessage(ctx, m.id, c.user, expires)) })
	return true
}

// readThread marks the thread of anybody's message read.
func (c *crashCaller) readThread() bool {
	cid := c.shared()
	call := crashCall{Op: "read thread", CID: cid, ID: c.known.pick(c.random, cid)}
	if call.ID == "" {
		return false
	}
	s := c.app.As(c.user)
	c.call(call, func(ctx context.Context) (int64, error) {
		if err := s.MarkThreadRead(ctx, call.ID); err != nil {
			return 0, err
		}
		thread, err := s.Thread(ctx, call.ID)
		if err != nil || thread.LastRead == nil {
			return 0, err
		}
		return crashMicro(*thread.LastRead), nil
	})
	return true
}

// block blocks another caller, or ends that.
func (c *crashCaller) block() bool {
	s := c.app.As(c.user)
	call := crashCall{Op: "block", User: crashUser((c.index + 1 + c.random.IntN(crashCallers-1)) % crashCallers)}
	do := s.UnblockUser
	if call.On = c.oneIn(2); call.On {
		do = s.BlockUser
	}
	return c.do(call, func(ctx context.Context) error { return do(ctx, call.User) })
}

// review has the flags of one of the caller's messages, or of their target,
// reviewed.
func (c *crashCaller) review() bool {
	c.calls++
	outcome := "outcome " + string(c.newID())
	if c.oneIn(3) {
		call := crashCall{Op: "review user", User: crashTarget(c.index), Text: outcome}
		return c.do(call, func(ctx context.Context) error { return c.app.ReviewUserFlags(ctx, call.User, outcome, c.user) })
	}
	m := c.pick(func(m *crashMine) bool { return !m.pending })
	if m == nil {
		return false
	}
	call := crashCall{Op: "review", CID: m.cid, ID: m.id, Text: outcome}
	c.do(call, func(ctx context.Context) error { return c.app.ReviewMessageFlags(ctx, m.id, outcome, c.user) })
	return true
}

// host invites the caller's guest, who accepts or rejects that, has the channel
// as their own, and leaves.
func (c *crashCaller) host() bool {
	cid := crashGuestRooms[c.random.IntN(len(crashGuestRooms))]
	guest := crashGuest(c.index)
	s := c.app.As(guest)
	call := crashCall{CID: cid, As: guest, On: c.oneIn(2), Started: time.Now().UnixMicro()}
	open, member := c.invited[cid]
	switch n := c.random.IntN(8); {
	case !member:
		call.Op, c.invited[cid] = "invite", true
		return c.do(call, func(ctx context.Context) error {
			return c.app.AddMembers(ctx, cid, []chat.MemberDraft{{UserID: guest, Invite: true}}, nil)
		})
	case open && n < 2:
		call.Op = "reject"
		delete(c.invited, cid)
		return c.do(call, func(ctx context.Context) error { return s.RejectInvite(ctx, cid) })
	case open:
		call.Op, c.invited[cid] = "accept", false
		return c.call(call, func(ctx context.Context) (int64, error) {
			if err := s.AcceptInvite(ctx, cid); err != nil {
				return 0, err
			}
			state, err := s.Channel(ctx, cid)
			return crashMicro(state.LastRead), err
		})
	case n < 1:
		call.Op = "leave"
		delete(c.invited, cid)
		return c.do(call, func(ctx context.Context) error { return s.LeaveChannel(ctx, cid) })
	case n < 3:
		do := s.UnpinChannel
		if call.Op = "pin channel"; call.On {
			do = s.PinChannel
		}
		return c.do(call, func(ctx context.Context) error { return do(ctx, cid) })
	case n < 5:
		do := s.UnarchiveChannel
		if call.Op = "archive"; call.On {
			do = s.ArchiveChannel
		}
		return c.do(call, func(ctx context.Context) error { return do(ctx, cid) })
	}
	call.Op = "hide"
	call.Hard = call.On && c.oneIn(3)
	return c.call(call, func(ctx context.Context) (int64, error) {
		err := s.ShowChannel(ctx, cid)
		if call.On {
			err = s.HideChannel(ctx, cid, call.Hard)
		}
		return time.Now().UnixMicro(), err
	})
}

// sendAs sends in the name of one of the caller's users.
func (c *crashCaller) sendAs(op string, cid chat.CID, as chat.UserID, word string) bool {
	call := c.draft(op)
	call.CID, call.As, call.Quoted, call.Started = cid, as, "", time.Now().UnixMicro()
	if call.Word = word; word != "" {
		call.Text += " " + word
	}
	user := call.by(c.index)
	return c.call(call, func(ctx context.Context) (int64, error) {
		var m chat.Message
		var err error
		if op == "post" {
			m, err = c.app.Send(ctx, cid, user, call.draft(), nil)
		} else {
			m, err = c.app.As(user).Send(ctx, cid, call.draft())
		}
		if err == nil && op == "post" {
			c.known.add(cid, m.ID)
		}
		if err == nil && op == "held" {
			c.mine = append(c.mine, &crashMine{id: m.ID, cid: cid, pending: true, at: m.CreatedAt.UnixMicro()})
		}
		return m.CreatedAt.UnixMicro(), err
	}) || true
}

// shade bans the caller's shade in the shadow, ends that, or has them send.
func (c *crashCaller) shade() bool {
	shade := crashShade(c.index)
	if !c.oneIn(4) {
		return c.sendAs("send", c.shared(), shade, "")
	}
	c.calls++
	places := crashBannedFrom()
	call := crashCall{Op: "ban", CID: places[c.random.IntN(len(places))], User: shade, Text: "because of " + string(c.newID()), Shadow: true}
	if c.oneIn(2) {
		call.Op, call.Shadow = "unban", false
		return c.do(call, func(ctx context.Context) error { return c.app.Unban(ctx, shade, call.CID) })
	}
	return c.do(call, func(ctx context.Context) error {
		d := chat.BanDraft{User: shade, CID: call.CID, Reason: call.Text, Shadow: true}
		return errOf(c.app.Ban(ctx, d, c.user))
	})
}

// slowly changes how slow a channel is, or sends there, perhaps too soon.
func (c *crashCaller) slowly() bool {
	if !c.oneIn(3) {
		return c.sendAs("send", crashSlow, "", "")
	}
	call := crashCall{Op: "slow", CID: crashSlow, Lasting: []time.Duration{0, time.Second, 100 * time.Second}[c.random.IntN(3)]}
	return c.do(call, func(ctx context.Context) error { return errOf(c.app.SetCooldown(ctx, crashSlow, call.Lasting)) })
}

// listed changes a block list, or sends where they are used: what is flagged, held
// or rejected for a word of theirs, or is not.
func (c *crashCaller) listed() bool {
	action := crashActions[c.random.IntN(len(crashActions))]
	was := c.words[action]
	if !c.oneIn(6) {
		op := map[chat.BlockAction]string{chat.BlockFlag: "send", chat.BlockHold: "held", chat.BlockReject: "rejected"}[action]
		if was == "" || c.oneIn(8) {
			return c.sendAs("send", crashListed, "", "")
		}
		return c.sendAs(op, crashListed, "", was)
	}
	c.calls++
	call := crashCall{Op: "list", Action: string(action), Text: fmt.Sprintf("%s%dx%d", action, c.round, c.calls)}
	if was != "" && c.oneIn(3) {
		call.Text = ""
	}
	c.words[action] = call.Text
	return c.do(call, func(ctx context.Context) error {
		switch {
		case call.Text == "":
			return c.app.DeleteBlockList(ctx, string(action))
		case was == "":
			return errOf(c.app.CreateBlockList(ctx, chat.BlockList{Name: string(action), Words: []string{call.Text}}))
		}
		return errOf(c.app.UpdateBlockList(ctx, string(action), []string{call.Text}))
	})
}

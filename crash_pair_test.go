package chat_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/chat"
)

// crashPeer is whom a caller has a channel of two with, where each blocks the
// other now and then.
func crashPeer(caller int) chat.UserID {
	if caller >= 14 {
		return chat.UserID(fmt.Sprintf("peer-%d", caller))
	}
	return ""
}

func crashPeers() []chat.UserID { return crashEach(crashPeer) }

// crashPair is the channel of a caller and their peer.
func crashPair(caller int) chat.CID { return chat.CID(fmt.Sprintf("messaging:pair-%d", caller)) }

func crashIsPair(cid chat.CID) bool { return len(crashMembers(cid)) == 2 }

// crashMembers is who a channel is made with.
func crashMembers(cid chat.CID) []chat.UserID {
	for caller := range crashCallers {
		if peer := crashPeer(caller); peer != "" && cid == crashPair(caller) {
			return []chat.UserID{crashUser(caller), peer}
		}
	}
	return crashUsers()
}

// crashOther is the other of a channel of two.
func crashOther(cid chat.CID, user chat.UserID) chat.UserID {
	if !crashIsPair(cid) {
		return ""
	}
	return crashMembers(cid)[1-slices.Index(crashMembers(cid), user)]
}

// pair has the caller or their peer send to the other, themselves or by the
// application; block the other, or end that.
func (c *crashCaller) pair() bool {
	cid := crashPair(c.index)
	user := crashMembers(cid)[c.random.IntN(2)]
	switch n := c.random.IntN(8); {
	case n < 4:
		return c.sendAs("send", cid, user, "")
	case n < 5: // which no block holds back
		return c.sendAs("post", cid, user, "")
	}
	call := crashCall{Op: "block", As: user, User: crashOther(cid, user), On: c.oneIn(2)}
	do := c.app.As(user).UnblockUser
	if call.On {
		do = c.app.As(user).BlockUser
	}
	return c.do(call, func(ctx context.Context) error { return do(ctx, call.User) })
}

// checkPair compares a channel of two as each of them sees it. Pages is all of it.
func (l *crashLife) checkPair(ch *crashChannel, pages []chat.Message) {
	l.t.Helper()
	for _, user := range crashMembers(ch.cid) {
		var want []chat.MessageID
		for _, m := range pages {
			if known := l.model.messages[m.ID]; known != nil && known.visibleTo(user) {
				want = append(want, m.ID)
			}
		}
		l.checkPagesOf(user, ch.cid, want)
		state, err := l.app.As(user).Channel(l.ctx, ch.cid)
		l.must(err)
		if blocks := l.model.blocks[user][crashOther(ch.cid, user)]; state.Blocked != blocks {
			l.t.Errorf("%s sees in %s that they block the other: %t, want %t", user, ch.cid, state.Blocked, blocks)
		}
	}
}

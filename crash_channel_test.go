package chat_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
)

// truncate is done by one caller in each channel: all of it, or up to one of the
// caller's messages; soft or hard; with a message or without.
func (c *crashCaller) truncate() bool {
	cid := crashShared[c.index]
	call := crashCall{Op: "truncate", CID: cid, Hard: c.oneIn(2)}
	o := &chat.TruncateOptions{Hard: call.Hard}
	if m := c.pick(func(m *crashMine) bool { return m.cid == cid && !m.pending }); m != nil && c.oneIn(2) {
		call.Before = m.at
		o.Before = time.UnixMicro(m.at)
	}
	if c.oneIn(2) {
		c.calls++
		call.Text = fmt.Sprintf("truncated in %d-%d-%d", c.round, c.index, c.calls)
		o.Message = &chat.SystemMessage{Text: call.Text}
	}
	c.call(call, func(ctx context.Context) (int64, error) {
		if err := c.app.TruncateChannel(ctx, cid, o); err != nil {
			return 0, err
		}
		state, err := c.app.Channel(ctx, cid)
		if err != nil {
			return 0, err
		}
		at := state.Channel.TruncatedAt.UnixMicro()
		c.mine = slices.DeleteFunc(c.mine, func(m *crashMine) bool { return m.cid == cid && m.at <= at })
		return at, nil
	})
	return true
}

// recycle deletes a channel, softly or for good, and makes it again.
func (c *crashCaller) recycle() bool {
	cid, _ := crashRecycled(c.index)
	mode := chat.DeleteSoft
	call := crashCall{Op: "close", CID: cid, Hard: c.oneIn(2)}
	if call.Hard {
		mode = chat.DeleteHard
	}
	c.call(call, func(ctx context.Context) (int64, error) { return 0, c.app.DeleteChannel(ctx, cid, mode) })
	c.makeAgain(cid)
	return true
}

// makeAgain begins another life of a channel. What was said in the former ones
// is left alone.
func (c *crashCaller) makeAgain(cid chat.CID) {
	c.mine = slices.DeleteFunc(c.mine, func(m *crashMine) bool { return m.cid == cid })
	c.known.mu.Lock()
	delete(c.known.public, cid)
	c.known.mu.Unlock()
	c.call(crashCall{Op: "make", CID: cid}, func(ctx context.Context) (int64, error) {
		if _, err := c.app.EnsureChannel(ctx, cid, crashChannelDraft(cid)); err != nil {
			return 0, err
		}
		return c.lastRead(ctx, cid)
	})
}

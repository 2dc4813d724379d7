package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

const (
	few     = 10
	members = 64 // users 0 to 63
	callers = 16
	bound   = 1.5
)

// The messages that all is done to.
const (
	liked  chat.MessageID = "liked"
	parent chat.MessageID = "parent"
)

// kind is something that a channel can have many of.
type kind struct {
	name  string
	fill  func(*channel, int) error // with that many
	calls []call
}

// call is something to be measured in a channel. One that writes waits for the
// disk.
type call struct {
	name   string
	writes bool
	do     func(c *channel, ctx context.Context, caller int) error
}

// channel is a chat with one channel.
type channel struct {
	app   *chat.App
	cid   chat.CID
	texts workload.Texts
	ids   []chat.MessageID // messages to be pinned
	next  atomic.Int64
}

func kinds() []kind {
	return []kind{
		{"reactions to a message", (*channel).react, []call{
			{"reaction put and removed", true, (*channel).putAndRemove},
			{"reaction replaced", true, (*channel).replace},
			{"page of reactions", false, (*channel).listReactions},
			{"message with its reactions", false, (*channel).readLiked},
		}},
		{"replies of a thread", (*channel).reply, []call{
			{"reply", true, (*channel).sendReply},
			{"page of a thread", false, (*channel).readThread},
			{"message with its thread", false, (*channel).readParent},
		}},
		{"pins of a channel", (*channel).pinAll, []call{
			{"pin and unpin", true, (*channel).pinAndUnpin},
			{"page of pins", false, (*channel).listPins},
		}},
	}
}

func run(r *program.Run) error {
	for _, k := range kinds() {
		if !r.Wanted(k.name) {
			continue
		}
		if err := k.measure(r); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// measure compares each call in a channel with few and in one with many.
func (k kind) measure(r *program.Run) error {
	small, err := k.channel(r, "small", few)
	if err != nil {
		return err
	}
	defer func() { _ = small.app.Close() }()
	large, err := k.channel(r, "large", r.N)
	if err != nil {
		return err
	}
	defer func() { _ = large.app.Close() }()
	for _, c := range k.calls {
		if err := c.compare(r, fmt.Sprintf("%s %d → %d: %s", k.name, few, r.N, c.name), small, large); err != nil {
			return err
		}
	}
	return nil
}

func (c call) compare(r *program.Run, name string, small, large *channel) error {
	cell := func(label string, in *channel) func() (measure.Cell, error) {
		return func() (measure.Cell, error) {
			ctx := context.Background()
			if !c.writes {
				return measure.Loop(label, r.Cell, func() error { return c.do(in, ctx, 0) })
			}
			return measure.Callers(label, callers, 2*r.Cell, func(caller int) error { return c.do(in, ctx, caller) })
		}
	}
	return r.Grows(program.Growth{Name: name, Bound: bound, Waits: c.writes, Small: cell("small", small), Large: cell("large", large)})
}

// channel makes a channel with a number of a kind.
func (k kind) channel(r *program.Run, name string, n int) (*channel, error) {
	path := filepath.Join(r.Dir, fmt.Sprintf("%s %s", k.name, name))
	filling, err := workload.Fill(path)
	if err != nil {
		return nil, err
	}
	c := &channel{app: filling.App, cid: workload.CID(0), texts: workload.MakeTexts()}
	err = c.begin()
	if err == nil {
		err = k.fill(c, n)
	}
	if err := errors.Join(err, filling.Close()); err != nil {
		return nil, err
	}
	c.app, err = chat.Open(path, &chat.Options{NoBackground: true, Previews: chat.PreviewOptions{Off: true}})
	return c, err
}

// begin makes members, the messages that all is done to, and some to be pinned.
func (c *channel) begin() error {
	if err := workload.AddUsers(c.app, 0, members); err != nil {
		return err
	}
	if err := workload.AddChannel(c.app, c.cid, workload.Users(0, members)); err != nil {
		return err
	}
	for _, id := range []chat.MessageID{liked, parent} {
		if err := c.send(0, chat.Draft{ID: id, Text: c.texts.Any()}); err != nil {
			return err
		}
	}
	for i := range 2 * callers {
		id := chat.MessageID(fmt.Sprint("pinned ", i))
		c.ids = append(c.ids, id)
		if err := c.send(i, chat.Draft{ID: id, Text: c.texts.Any()}); err != nil {
			return err
		}
	}
	return nil
}

func (c *channel) as(user int) *chat.Session { return c.app.As(workload.User(user % members)) }

func (c *channel) send(user int, d chat.Draft) error {
	_, err := c.as(user).Send(context.Background(), c.cid, d)
	return err
}

// react puts n reactions on one message, each another user's.
func (c *channel) react(n int) error {
	if err := workload.AddUsers(c.app, members, members+n); err != nil {
		return err
	}
	return workload.Each(n, func(i int) error {
		_, err := c.app.React(context.Background(), liked, workload.User(members+i), chat.ReactionDraft{Type: []string{"like", "love", "sad"}[i%3]})
		return err
	})
}

// putAndRemove puts a reaction and removes the newest: that is the worst case, as
// the ten newest are read again.
func (c *channel) putAndRemove(ctx context.Context, caller int) error {
	user := c.as(caller)
	if _, err := user.React(ctx, liked, chat.ReactionDraft{Type: "like"}); err != nil {
		return err
	}
	_, err := user.DeleteReaction(ctx, liked, user.User(), "like")
	return err
}

func (c *channel) replace(ctx context.Context, caller int) error {
	_, err := c.as(caller).React(ctx, liked, chat.ReactionDraft{Type: "wow", Score: 1 + int(c.next.Add(1)%1_000_000)})
	return err
}

func (c *channel) listReactions(ctx context.Context, _ int) error {
	_, err := c.as(0).Reactions(ctx, liked, chat.ReactionQuery{Limit: few})
	return err
}

func (c *channel) readLiked(ctx context.Context, _ int) error {
	_, err := c.as(0).Message(ctx, liked)
	return err
}

// reply sends n replies to one message, by as many authors as few replies have.
func (c *channel) reply(n int) error {
	return workload.Each(n, func(i int) error { return c.sendReply(context.Background(), i) })
}

func (c *channel) sendReply(_ context.Context, caller int) error {
	return c.send(caller%few, chat.Draft{ParentID: parent, Text: c.texts.Any()})
}

func (c *channel) readThread(ctx context.Context, _ int) error {
	_, err := c.as(0).Replies(ctx, parent, chat.MessageQuery{Limit: few})
	return err
}

func (c *channel) readParent(ctx context.Context, _ int) error {
	_, err := c.as(0).Message(ctx, parent)
	return err
}

// pinAll sends n messages that are pinned.
func (c *channel) pinAll(n int) error {
	return workload.Each(n, func(i int) error {
		return c.send(i, chat.Draft{Text: c.texts.Any(), Pinned: true})
	})
}

func (c *channel) pinAndUnpin(ctx context.Context, caller int) error {
	user, id := c.as(caller), c.ids[caller]
	if _, err := user.PinMessage(ctx, id, time.Time{}); err != nil {
		return err
	}
	_, err := user.UnpinMessage(ctx, id)
	return err
}

func (c *channel) listPins(ctx context.Context, _ int) error {
	_, err := c.as(0).PinnedMessages(ctx, c.cid, chat.PinQuery{Limit: few})
	return err
}

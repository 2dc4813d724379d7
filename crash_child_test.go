package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.com/chat"
)

// crashChild has 16 callers use the chat in a file until the process is killed.
func crashChild(path string) {
	round, err := strconv.Atoi(os.Getenv("CHAT_CRASH_ROUND"))
	crashFatal(err)
	seed, err := strconv.ParseUint(os.Getenv("CHAT_CRASH_SEED"), 10, 64)
	crashFatal(err)
	report, err := openCrashReport(os.Getenv("CHAT_CRASH_REPORT"))
	crashFatal(err)
	tell := func(deleted bool) func(context.Context, chat.PendingMessage) error {
		return func(_ context.Context, m chat.PendingMessage) error {
			if rand.IntN(8) == 0 {
				return errors.New("the receiver is not there")
			}
			told := crashToldOf(deleted, m)
			return report.write(crashLine{Told: &told})
		}
	}
	app, err := chat.Open(path, crashReceivers(crashOptions(tell, true), crashHear(report)))
	crashFatal(err)
	known := &crashKnown{public: map[chat.CID][]chat.MessageID{}}
	callers := make([]*crashCaller, crashCallers)
	for i := range callers {
		callers[i] = &crashCaller{
			app: app, report: report, known: known, round: round, index: i, user: crashUser(i),
			random: rand.New(rand.NewPCG(seed, uint64(i))),
		}
	}
	crashFatal(crashLoad(app, callers))
	crashFatal(crashLoadWaiting(os.Getenv("CHAT_CRASH_WAITING"), callers))
	var running sync.WaitGroup
	crashFatal(crashFollow(app, report, os.Getenv("CHAT_CRASH_CURSORS"), &running))
	fmt.Println("ready")
	for _, c := range callers {
		running.Go(func() {
			c.enter()
			for {
				c.step()
			}
		})
	}
	running.Wait()
}

// crashFatal ends the child: the parent sees that it was not the one to kill it.
func crashFatal(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// crashKnown is the newest messages that everybody can see, for all callers to
// reply to, to quote and to read up to.
type crashKnown struct {
	mu     sync.Mutex
	public map[chat.CID][]chat.MessageID
}

func (k *crashKnown) add(cid chat.CID, id chat.MessageID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := append(k.public[cid], id)
	k.public[cid] = list[max(0, len(list)-20):]
}

func (k *crashKnown) pick(random *rand.Rand, cid chat.CID) chat.MessageID {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.public[cid]) == 0 {
		return ""
	}
	return k.public[cid][random.IntN(len(k.public[cid]))]
}

// crashMine is a message of a caller's own.
type crashMine struct {
	id      chat.MessageID
	cid     chat.CID
	pending bool
	deleted bool
	at      int64
}

// crashCaller makes one call after the other. Of its messages, its marks, mutes
// and memberships it alone makes anything; so that what must come of them does
// not depend on the order in which the calls of several callers went.
type crashCaller struct {
	app    *chat.App
	report *crashReport
	known  *crashKnown
	random *rand.Rand
	round  int
	index  int
	user   chat.UserID
	calls  int
	mine   []*crashMine

	waiting []*crashMine      // the answers to commands
	banned  map[chat.CID]bool // where the caller's target is banned for good

	invited map[chat.CID]bool           // where the caller's guest is a member; true: the invite is open
	passing chat.UserID                 // who is made, sends and is erased
	words   map[chat.BlockAction]string // of the caller's block lists
	inside  bool                        // the caller's newcomer is a member
	away    bool                        // the caller's absentee is deactivated
}

// crashLoad finds what former processes left, so that it goes on.
func crashLoad(app *chat.App, callers []*crashCaller) error {
	ctx := context.Background()
	byUser := map[chat.UserID]*crashCaller{}
	for _, c := range callers {
		byUser[c.user] = c
	}
	add := func(list []chat.Message) {
		for _, m := range list {
			c := byUser[m.User.ID]
			if c == nil || m.Type == chat.TypeSystem {
				continue
			}
			c.mine = append(c.mine, &crashMine{m.ID, m.CID, m.Pending != nil, m.Type == chat.TypeDeleted, m.CreatedAt.UnixMicro()})
			if m.Type == chat.TypeRegular && m.Restricted == nil && m.Pending == nil {
				c.known.add(m.CID, m.ID)
			}
		}
	}
	for _, cid := range crashChannels() {
		page, err := app.Messages(ctx, cid, chat.MessageQuery{Limit: 300})
		if errors.Is(err, chat.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		add(page.Items)
	}
	pending, err := app.PendingMessages(ctx, chat.PendingQuery{Limit: 300})
	add(pending.Items)
	return err
}

// call makes a call and reports it. A refusal that may be right, since others
// delete and truncate meanwhile, is an answer; any other error ends the child.
func (c *crashCaller) call(call crashCall, do func(context.Context) (int64, error)) bool {
	crashFatal(c.report.write(crashLine{Caller: c.index, Begun: &call}))
	at, err := do(context.Background())
	answer := crashAnswer{At: at}
	if err != nil {
		answer = crashAnswer{Refused: crashRefusal(err)}
		if answer.Refused == "" {
			crashFatal(fmt.Errorf("%+v: %w", call, err))
		}
	}
	crashFatal(c.report.write(crashLine{Caller: c.index, Done: &answer}))
	return err == nil
}

func crashRefusal(err error) string {
	for _, kind := range []error{chat.ErrNotFound, chat.ErrNotPending, chat.ErrDeleted, chat.ErrParentDeleted, chat.ErrChannelDeleted, chat.ErrCooldown, chat.ErrState, chat.ErrRejected, chat.ErrPermission} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return ""
}

// enter ends what a former process left half done: a caller has left and not
// come back, a channel is deleted and not made again.
func (c *crashCaller) enter() {
	ctx := context.Background()
	c.loadBans()
	c.loadTalk()
	for _, cid := range crashShared {
		members, err := c.app.Members(ctx, cid, chat.MemberQuery{Limit: 300})
		crashFatal(err)
		if !slices.ContainsFunc(members.Items, func(m chat.Member) bool { return m.User.ID == c.user }) {
			c.join(cid)
		}
	}
	if cid, owns := crashRecycled(c.index); owns {
		state, err := c.app.Channel(ctx, cid)
		if errors.Is(err, chat.ErrNotFound) || err == nil && state.Channel.DeletedAt != nil {
			c.makeAgain(cid)
			return
		}
		crashFatal(err)
	}
}

// crashAct is something that a caller does, more or less often. It says whether
// there was something to do it with.
type crashAct struct {
	weight int
	do     func() bool
}

// step is one of the things a caller does.
func (c *crashCaller) step() {
	acts := []crashAct{
		{24, c.send},
		{8, c.whisper},
		{14, c.hold},
		{12, c.commit},
		{5, c.edit},
		{7, c.deleteSoft},
		{5, c.undelete},
		{6, c.deleteHard},
		{4, c.deleteForMe},
		{7, c.read},
		{4, c.mute},
		{2, c.leaveAndJoin},
		{8, c.ask},
		{10, c.press},
		{8, c.ban},
		{8, c.flag},
		{4, c.review},
		{12, c.react},
		{5, c.pin},
		{3, c.readThread},
		{3, c.unreadThread},
		{3, c.changeMember},
		{3, c.patchUser},
		{2, c.block},
	}
	acts = append(acts, c.ownActs()...)
	if c.index < len(crashShared) {
		acts = append(acts, crashAct{4, c.truncate})
	}
	if _, owns := crashRecycled(c.index); owns {
		acts = append(acts, crashAct{4, c.recycle})
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	n := c.random.IntN(total)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			if !a.do() { // there is nothing to do it with
				c.send()
			}
			return
		}
	}
}

func (c *crashCaller) oneIn(n int) bool { return c.random.IntN(n) == 0 }

// room is a channel for something new.
func (c *crashCaller) room() chat.CID {
	if cid, owns := crashRecycled(c.index); owns && c.oneIn(2) {
		return cid
	}
	return c.shared()
}

// shared is a channel that stays.
func (c *crashCaller) shared() chat.CID { return crashShared[c.random.IntN(len(crashShared))] }

// pick is one of the caller's messages, or nil.
func (c *crashCaller) pick(fits func(*crashMine) bool) *crashMine {
	var list []*crashMine
	for _, m := range c.mine {
		if fits(m) {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[c.random.IntN(len(list))]
}

func (c *crashCaller) drop(gone *crashMine) {
	c.mine = slices.DeleteFunc(c.mine, func(m *crashMine) bool { return m == gone })
}

// draft is a new message.
func (c *crashCaller) draft(op string) crashCall {
	c.calls++
	call := crashCall{Op: op, CID: c.room(), ID: c.newID()}
	call.Text = c.text("text of " + string(call.ID))
	if call.Silent = c.oneIn(10); c.oneIn(6) {
		call.Quoted = c.known.pick(c.random, call.CID)
	}
	if c.oneIn(6) {
		call.Mentions = []chat.UserID{crashUser(c.random.IntN(crashCallers))}
	}
	call.All, call.Online = c.oneIn(8), c.oneIn(8)
	return call
}

func (c *crashCaller) newID() chat.MessageID {
	return chat.MessageID(fmt.Sprintf("%d-%d-%d", c.round, c.index, c.calls))
}

// text is a text, now and then with a link, whose preview is mostly too late
// for the send.
func (c *crashCaller) text(words string) string {
	if !c.oneIn(4) {
		return words
	}
	site := "5ms"
	if c.oneIn(4) {
		site = "up"
	}
	return fmt.Sprintf("%s https://%s.example/%d-%d-%d", words, site, c.round, c.index, c.calls)
}

func (c *crashCaller) reply(call *crashCall) {
	call.Parent = c.known.pick(c.random, call.CID)
	call.Show = call.Parent != "" && c.oneIn(3)
}

func (call *crashCall) draft() chat.Draft {
	return chat.Draft{
		ID: call.ID, Text: call.Text, ParentID: call.Parent, QuotedID: call.Quoted, Restricted: call.Audience,
		Silent: call.Silent, ShowInChannel: call.Show, Mentions: call.Mentions, MentionAll: call.mentionsAll(), MentionOnline: call.mentionsOnline(),
	}
}

func (c *crashCaller) send() bool {
	call := c.draft("send")
	if c.oneIn(4) {
		c.reply(&call)
	}
	mine := &crashMine{id: call.ID, cid: call.CID}
	if c.call(call, func(ctx context.Context) (int64, error) {
		m, err := c.app.As(c.user).Send(ctx, call.CID, call.draft())
		mine.at = m.CreatedAt.UnixMicro()
		return mine.at, err
	}) {
		c.mine = append(c.mine, mine)
		if call.Parent == "" {
			c.known.add(call.CID, call.ID)
		}
	}
	return true
}

// whisper sends a private message.
func (c *crashCaller) whisper() bool {
	call := c.draft("whisper")
	call.Audience = []chat.UserID{"reader", "friend"}
	c.post(call, nil)
	return true
}

func (c *crashCaller) hold() bool {
	call := c.draft("hold")
	switch c.random.IntN(4) {
	case 0:
		call.Audience = []chat.UserID{"reader", "friend"}
	case 1:
		c.reply(&call)
	}
	c.post(call, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"call": string(call.ID)}})
	return true
}

// post sends as the application does.
func (c *crashCaller) post(call crashCall, o *chat.SendOptions) {
	mine := &crashMine{id: call.ID, cid: call.CID, pending: o != nil}
	if c.call(call, func(ctx context.Context) (int64, error) {
		m, err := c.app.Send(ctx, call.CID, c.user, call.draft(), o)
		mine.at = m.CreatedAt.UnixMicro()
		return mine.at, err
	}) {
		c.mine = append(c.mine, mine)
	}
}

// change makes a call about one of the caller's messages, which is gone if the
// call is refused.
func (c *crashCaller) change(op string, fits func(*crashMine) bool, do func(context.Context, *crashMine) (chat.Message, error)) *crashMine {
	m := c.pick(fits)
	if m == nil {
		return nil
	}
	if !c.call(crashCall{Op: op, CID: m.cid, ID: m.id}, func(ctx context.Context) (int64, error) {
		changed, err := do(ctx, m)
		m.at = changed.CreatedAt.UnixMicro()
		return m.at, err
	}) {
		c.drop(m)
	}
	return m
}

func (c *crashCaller) commit() bool {
	m := c.change("commit", func(m *crashMine) bool { return m.pending }, func(ctx context.Context, m *crashMine) (chat.Message, error) {
		return c.app.CommitMessage(ctx, m.id)
	})
	if m != nil {
		m.pending = false
	}
	return m != nil
}

func (c *crashCaller) edit() bool {
	m := c.pick(func(m *crashMine) bool { return !m.pending && !m.deleted })
	if m == nil {
		return false
	}
	c.calls++
	call := crashCall{Op: "edit", CID: m.cid, ID: m.id, Text: c.text(fmt.Sprintf("text %d-%d of %s", c.round, c.calls, m.id))}
	if !c.call(call, func(ctx context.Context) (int64, error) {
		_, err := c.app.PatchMessage(ctx, m.id, chat.Patch{Set: map[string]any{"text": call.Text}})
		return 0, err
	}) {
		c.drop(m)
	}
	return true
}

func (c *crashCaller) deleteSoft() bool {
	m := c.change("soft", func(m *crashMine) bool { return !m.pending && !m.deleted }, func(ctx context.Context, m *crashMine) (chat.Message, error) {
		return c.app.As(c.user).DeleteMessage(ctx, m.id, chat.DeleteSoft)
	})
	if m != nil {
		m.deleted = true
	}
	return m != nil
}

func (c *crashCaller) undelete() bool {
	m := c.change("undelete", func(m *crashMine) bool { return m.deleted }, func(ctx context.Context, m *crashMine) (chat.Message, error) {
		return c.app.UndeleteMessage(ctx, m.id, c.user)
	})
	if m != nil {
		m.deleted = false
	}
	return m != nil
}

func (c *crashCaller) deleteHard() bool {
	m := c.change("hard", func(*crashMine) bool { return true }, func(ctx context.Context, m *crashMine) (chat.Message, error) {
		return c.app.DeleteMessage(ctx, m.id, chat.DeleteHard, c.user)
	})
	if m != nil {
		c.drop(m)
	}
	return m != nil
}

// deleteForMe is about anybody's message.
func (c *crashCaller) deleteForMe() bool {
	cid := c.room()
	id := c.known.pick(c.random, cid)
	if id == "" {
		return false
	}
	c.call(crashCall{Op: "for me", CID: cid, ID: id}, func(ctx context.Context) (int64, error) {
		return 0, c.app.As(c.user).DeleteMessageForMe(ctx, id)
	})
	return true
}

// lastRead is the caller's read mark. Nobody else moves it.
func (c *crashCaller) lastRead(ctx context.Context, cid chat.CID) (int64, error) {
	state, err := c.app.As(c.user).Channel(ctx, cid)
	return crashMicro(state.LastRead), err
}

func crashMicro(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

func (c *crashCaller) read() bool {
	s := c.app.As(c.user)
	cid := c.room()
	id := c.known.pick(c.random, cid)
	call := crashCall{Op: "read", CID: cid}
	do := func(ctx context.Context) error { return s.MarkRead(ctx, cid) }
	switch {
	case id != "" && c.oneIn(2):
		do = func(ctx context.Context) error { return s.MarkReadTo(ctx, id) }
	case id != "":
		do = func(ctx context.Context) error { return s.MarkUnread(ctx, id) }
	}
	c.call(call, func(ctx context.Context) (int64, error) {
		if err := do(ctx); err != nil {
			return 0, err
		}
		return c.lastRead(ctx, cid)
	})
	return true
}

func (c *crashCaller) mute() bool {
	s := c.app.As(c.user)
	call := crashCall{Op: "mute", CID: c.shared()}
	do := s.UnmuteChannel
	if call.On = c.oneIn(2); call.On {
		do = func(ctx context.Context, cid chat.CID) error { return s.MuteChannel(ctx, cid, 0) }
	}
	if c.oneIn(2) {
		c.muteUser()
		return true
	}
	c.call(call, func(ctx context.Context) (int64, error) { return 0, do(ctx, call.CID) })
	return true
}

func (c *crashCaller) muteUser() {
	s := c.app.As(c.user)
	call := crashCall{Op: "mute user", User: crashUser((c.index + 1 + c.random.IntN(crashCallers-1)) % crashCallers)}
	do := s.UnmuteUser
	if call.On = c.oneIn(2); call.On {
		do = func(ctx context.Context, user chat.UserID) error { return s.MuteUser(ctx, user, 0) }
	}
	c.call(call, func(ctx context.Context) (int64, error) { return 0, do(ctx, call.User) })
}

func (c *crashCaller) leaveAndJoin() bool {
	cid := c.shared()
	c.call(crashCall{Op: "leave", CID: cid}, func(ctx context.Context) (int64, error) {
		return 0, c.app.RemoveMembers(ctx, cid, []chat.UserID{c.user}, nil)
	})
	c.join(cid)
	return true
}

func (c *crashCaller) join(cid chat.CID) {
	c.call(crashCall{Op: "join", CID: cid, Started: time.Now().UnixMicro()}, func(ctx context.Context) (int64, error) {
		if err := c.app.AddMembers(ctx, cid, []chat.MemberDraft{{UserID: c.user}}, nil); err != nil {
			return 0, err
		}
		return c.lastRead(ctx, cid)
	})
}

package chat_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/chat"
)

// day is a scripted day of a chat, for tests of what happens when the store
// below does not do its part. Its users, channels, messages and its channel type
// carry a prefix, so that several days fit into one chat.
//
// What comes of it is a record of what each step answered and what everybody
// reads at the end, in which ids that were not chosen are numbered and times are
// the step they fall into: two days that went the same way have equal records.
type day struct {
	app    *chat.App
	ctx    context.Context
	prefix string
	told   *dayReceiver
	sleep  func(time.Duration) // between steps; nil: not at all

	starts  []time.Time
	answers []string
	noon    time.Time // a time to truncate up to

	followers []*dayFollower
	marks     int // among the events
}

// dayStep is one call of the day, in most cases.
type dayStep struct {
	name string
	do   func(*day) error

	// again is what the call answers that is made again although the first was
	// stored; nil if it answers as the first does.
	again error

	// done tells, for a call that does more when it is made again, whether the
	// first was stored: so a careful caller finds out.
	done func(*day) (bool, error)
}

// dayReceiver collects what the application is told of pending messages.
type dayReceiver struct {
	mu   sync.Mutex
	told []string
}

func (r *dayReceiver) options() *chat.Options {
	tell := func(what string) func(context.Context, chat.PendingMessage) error {
		return func(_ context.Context, p chat.PendingMessage) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, fmt.Sprintf("%s %s %q %v", p.Message.ID, what, p.Message.Text, p.Metadata))
			return nil
		}
	}
	posted := &hook{answer: func(a hookAttempt) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told = append(r.told, fmt.Sprintf("%s posted to %s %q %v", a.Message.ID, a.Kind, a.Message.Text, a.Metadata))
		return nil
	}}
	return &chat.Options{
		NoBackground: true, CallbackTransport: posted, Commands: commandOptions().Commands,
		Pending:  chat.PendingFuncs{Sent: tell("sent"), Deleted: tell("deleted")},
		Previews: chat.PreviewOptions{Enricher: new(web)},
	}
}

// of is what was told of the messages of one day: sorted, as the order is one
// message's own, and each once, as it may be told again.
func (r *dayReceiver) of(prefix string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, line := range r.told {
		if strings.HasPrefix(line, prefix) {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// begin begins the next step.
func (d *day) begin() {
	if d.sleep != nil {
		d.sleep(time.Minute)
	}
	d.starts = append(d.starts, time.Now().Truncate(time.Microsecond)) // as the engine does
	if d.sleep != nil {
		d.sleep(time.Millisecond) // so that the moment before a message is no other step's
	}
	d.answers = append(d.answers, "")
}

// answer keeps what the step answered.
func (d *day) answer(v any, err error) error {
	if err != nil {
		return err
	}
	b, err := json.Marshal(v)
	d.answers[len(d.answers)-1] = fmt.Sprintf("%T %s", v, b)
	return err
}

// refused is nil for an error of the kind.
func refused(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return cmp.Or(err, fmt.Errorf("it succeeds, want %w", kind))
}

func (d *day) user(name chat.UserID) chat.UserID {
	return chat.UserID(d.prefix) + name
}

func (d *day) users(names []chat.UserID) []chat.UserID {
	var list []chat.UserID
	for _, name := range names {
		list = append(list, d.user(name))
	}
	return list
}

func (d *day) as(name chat.UserID) *chat.Session { return d.app.As(d.user(name)) }

func (d *day) id(name chat.MessageID) chat.MessageID {
	if name == "" {
		return ""
	}
	return chat.MessageID(d.prefix) + name
}

// cid is that of a channel of the day, whose own type has the prefix too.
func (d *day) cid(name chat.CID) chat.CID {
	kind, id, _ := strings.Cut(string(name), ":")
	if kind == "ride" {
		kind = d.prefix + kind
	}
	return chat.CID(kind + ":" + d.prefix + id)
}

func (d *day) draft(draft chat.Draft) chat.Draft {
	draft.Text = strings.ReplaceAll(draft.Text, "DAY", d.prefix) // pages are not shared by days
	draft.ID, draft.ParentID, draft.QuotedID = d.id(draft.ID), d.id(draft.ParentID), d.id(draft.QuotedID)
	draft.Restricted, draft.Mentions = d.users(draft.Restricted), d.users(draft.Mentions)
	return draft
}

// send has a user send, or the application in the user's name if there are
// options.
func send(cid chat.CID, user chat.UserID, draft chat.Draft, o *chat.SendOptions) func(*day) error {
	return func(d *day) error {
		if o != nil {
			return d.answer(d.app.Send(d.ctx, d.cid(cid), d.user(user), d.draft(draft), o))
		}
		return d.answer(d.as(user).Send(d.ctx, d.cid(cid), d.draft(draft)))
	}
}

func remove(id chat.MessageID, mode chat.DeleteMode, user chat.UserID) func(*day) error {
	return func(d *day) error { return d.answer(d.as(user).DeleteMessage(d.ctx, d.id(id), mode)) }
}

func commit(id chat.MessageID) func(*day) error {
	return func(d *day) error { return d.answer(d.app.CommitMessage(d.ctx, d.id(id))) }
}

func ensure(cid chat.CID, creator chat.UserID, members ...chat.UserID) func(*day) error {
	return func(d *day) error {
		return d.answer(d.app.EnsureChannel(d.ctx, d.cid(cid), chat.ChannelDraft{CreatedBy: d.user(creator), Members: d.users(members)}))
	}
}

// posted tells whether a system message is the newest of a channel.
func posted(cid chat.CID, text string) func(*day) (bool, error) {
	return func(d *day) (bool, error) {
		page, err := d.app.Messages(d.ctx, d.cid(cid), chat.MessageQuery{Limit: 1})
		return err == nil && len(page.Items) == 1 && page.Items[0].Text == text, err
	}
}

// runDueWork does what is due, what was left over by a failure too.
func runDueWork(d *day) error {
	_, err := d.app.RunDueWork(d.ctx)
	return err
}

var (
	timePattern     = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	distinctPattern = regexp.MustCompile(`!members-[0-9A-Za-z_-]+`)
)

// record is what came of the day, a line for each step and each read.
func (d *day) record() dayRecord {
	lines := append(slices.Clone(d.answers), d.reads()...)
	lines = append(lines, fmt.Sprint("reads events: ", dayEvents(d)))
	return dayRecord{lines: lines, prefix: d.prefix, starts: d.starts, events: d.toldAll()}
}

// dayRecord is what came of a day.
type dayRecord struct {
	lines  []string
	prefix string
	starts []time.Time

	events   map[chat.UserID][]string // what was told
	repeated bool                     // a step was made again that was stored, or a part of it
}

// differs says where another day first went another way; empty if nowhere.
func (r dayRecord) differs(other dayRecord) string {
	if len(r.lines) != len(other.lines) {
		return fmt.Sprintf("it has %d lines, want %d", len(other.lines), len(r.lines))
	}
	for i, line := range r.lines {
		// What is compared soonest comes first: most lines end there.
		if line == other.lines[i] || numberIDs(line) == numberIDs(other.lines[i]) {
			continue
		}
		if want, got := r.comparable(line), other.comparable(other.lines[i]); want != got {
			at := 0
			for at < min(len(want), len(got)) && want[at] == got[at] {
				at++
			}
			part := func(s string) string { return s[max(at-300, 0):min(at+300, len(s))] }
			return fmt.Sprintf("line %d, %.60s…, at %d:\n- …%s\n+ …%s", i+1, want, at, part(want), part(got))
		}
	}
	return r.differsInEvents(other)
}

// comparable is a line without what differs from day to day.
func (r dayRecord) comparable(line string) string {
	line = strings.ReplaceAll(line, r.prefix, "")
	line = numberIDs(distinctPattern.ReplaceAllString(line, "!members"))
	return timePattern.ReplaceAllStringFunc(line, func(s string) string {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return err.Error()
		}
		return r.stepAt(at)
	})
}

// numberIDs replaces the ids that the engine gave by numbers in the order of
// their appearance.
func numberIDs(line string) string {
	var b strings.Builder
	numbers := map[string]int{}
	done := 0
	for i := 0; i+36 <= len(line); i++ {
		if line[i+8] != '-' || line[i+13] != '-' || line[i+18] != '-' || line[i+23] != '-' {
			continue
		}
		id := line[i : i+36]
		if strings.Trim(id, "-0123456789abcdef") != "" {
			continue
		}
		if numbers[id] == 0 {
			numbers[id] = len(numbers) + 1
		}
		fmt.Fprintf(&b, "%sid %d", line[done:i], numbers[id])
		done = i + 36
		i = done - 1
	}
	return b.String() + line[done:]
}

// stepAt is the step that a time falls into.
func (r dayRecord) stepAt(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	n, _ := slices.BinarySearchFunc(r.starts, at, func(start, at time.Time) int {
		if start.After(at) {
			return 1
		}
		return -1
	})
	return fmt.Sprintf("step %d", n)
}

// reads is what the application and each user read at the end of the day.
func (d *day) reads() []string {
	var list []string
	read := func(who chat.UserID, what string, v any, err error) {
		b, errJSON := json.Marshal(v)
		list = append(list, fmt.Sprintf("%s reads %s: %s %v", who, what, b, errors.Join(err, errJSON)))
	}
	d.readAll("application", d.app, read)
	for _, id := range dayMessages() {
		m, err := d.app.OriginalMessage(d.ctx, d.id(id))
		read("application", "original "+string(id), m, err)
	}
	for _, cid := range dayChannels() {
		pending, err := d.app.PendingMessages(d.ctx, chat.PendingQuery{CID: d.cid(cid)})
		read("application", "pending messages of "+string(cid), pending.Items, err)
	}
	kind, err := d.app.ChannelType(d.ctx, d.prefix+"ride")
	read("application", "type", kind, err)
	for _, user := range dayUsers() {
		u, err := d.app.User(d.ctx, d.user(user))
		read("application", "user "+string(user), u, err)
		s := d.as(user)
		d.readAll(user, s, read)
		unread, err := s.TotalUnread(d.ctx)
		read(user, "total unread", unread, err)
		mutes, err := s.Mutes(d.ctx)
		read(user, "mutes", mutes, err)
		for _, cid := range dayChannels() {
			n, err := s.Unread(d.ctx, d.cid(cid))
			read(user, "unread of "+string(cid), n, err)
		}
	}
	return append(list, d.told.of(d.prefix)...)
}

// dayReader is what the application and a user have in common.
type dayReader interface {
	Channel(context.Context, chat.CID) (chat.ChannelState, error)
	Channels(context.Context, chat.ChannelQuery) (chat.Page[chat.ChannelState], error)
	Members(context.Context, chat.CID, chat.MemberQuery) (chat.Page[chat.Member], error)
	Message(context.Context, chat.MessageID) (chat.Message, error)
	Messages(context.Context, chat.CID, chat.MessageQuery) (chat.Page[chat.Message], error)
	MessagesByID(context.Context, ...chat.MessageID) ([]chat.Message, error)
}

func (d *day) readAll(who chat.UserID, r dayReader, read func(who chat.UserID, what string, v any, err error)) {
	for _, sort := range []chat.ChannelSort{chat.ByLastMessage, chat.ByCreated} {
		filter := chat.In("cid", d.anyChannels()...)
		list, err := r.Channels(d.ctx, chat.ChannelQuery{Filter: filter, Sort: sort, Messages: 3})
		read(who, fmt.Sprint("channels by ", sort), list.Items, err)
	}
	for _, cid := range dayChannels() {
		state, err := r.Channel(d.ctx, d.cid(cid))
		read(who, string(cid), state, err)
		members, err := r.Members(d.ctx, d.cid(cid), chat.MemberQuery{})
		read(who, "members of "+string(cid), members.Items, err)
		var all []chat.Message
		for q := (chat.MessageQuery{Limit: 5}); ; {
			page, err := r.Messages(d.ctx, d.cid(cid), q)
			all = append(page.Items, all...)
			if q.Page = page.Prev; err != nil || q.Page == "" {
				read(who, "messages of "+string(cid), all, err)
				break
			}
		}
	}
	var ids []chat.MessageID
	for _, id := range dayMessages() {
		ids = append(ids, d.id(id))
		m, err := r.Message(d.ctx, d.id(id))
		read(who, string(id), m, err)
	}
	found, err := r.MessagesByID(d.ctx, ids...)
	read(who, "messages by id", found, err)
}

func (d *day) anyChannels() []any {
	var list []any
	for _, cid := range dayChannels() {
		list = append(list, string(d.cid(cid)))
	}
	return list
}

func dayUsers() []chat.UserID { return []chat.UserID{"jane", "john", "ann", "boss", "guest"} }

func dayChannels() []chat.CID {
	return []chat.CID{"messaging:lounge", "team:office", "livestream:show", "commerce:shop", "gaming:arena", "ride:one", "messaging:old", "messaging:gone"}
}

// dayMessages are the ids of all messages that a step sends.
func dayMessages() []chat.MessageID {
	return []chat.MessageID{
		"hello", "mention", "files", "silent", "private", "private-2", "reply", "reply-shown", "private-reply", "quote",
		"quote-private", "held", "held-reply", "held-deleted", "held-late", "ride-1", "ride-2", "show-1", "shop-1", "arena-1",
		"ask-1", "ask-2", "soft", "soft-back", "hard", "hard-reply", "for-me", "office-1", "office-2", "office-3", "office-held", "old-1",
		"old-2", "old-held", "gone-1", "gone-2", "system", "last",
	}
}

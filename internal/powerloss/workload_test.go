package powerloss

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
)

const (
	lives   = 3 // of the chat: all but the last are killed
	callers = 6
	laps    = 1 // of the plan, for each caller in each life
	room    = chat.CID("messaging:room")
)

// The callers' own users and channels; each caller alone works on its channel.
func caller(c int) chat.UserID { return chat.UserID(fmt.Sprintf("caller-%d", c)) }
func own(c int) chat.CID       { return chat.CID(fmt.Sprintf("messaging:own-%d", c)) }
func messageID(c, lap int, name string) chat.MessageID {
	return chat.MessageID(fmt.Sprintf("%d-%d-%s", c, lap, name))
}

// call is one call of a plan, and the message it is about.
type call struct{ do, name string }

// plan is what each caller does, lap after lap. Each call changes what is to be
// seen, so that a state tells after which call it is.
var plan = []call{
	{"send", "a"},
	{"private", "b"},
	{"say", "c"},
	{"soft", "a"},
	{"hold", "d"},
	{"say", "e"},
	{"commit", "d"},
	{"send", "f"},
	{"read", ""},
	{"edit", "f"},
	{"join", ""},
	{"large", "g"},
	{"for me", "d"},
	{"hold", "h"},
	{"hard", "b"},
	{"unread", "e"},
	{"truncate", ""},
	{"hard", "h"},
	{"say", "i"},
	{"leave", ""},
	{"hold", "j"},
	{"purge", ""},
	{"say", "k"},
	{"undelete", "a"},
}

// callAt is the n-th call of a caller.
func callAt(n int) (c call, lap int) { return plan[n%len(plan)], n / len(plan) }

// text is what a message says; that of a large one takes several pages.
func text(id chat.MessageID, do string) string {
	switch do {
	case "large":
		return strings.Repeat("large text of "+string(id)+". ", 200)
	case "edit":
		return "changed text of " + string(id)
	}
	return "text of " + string(id)
}

// perform does the n-th call of a caller.
func perform(ctx context.Context, app *chat.App, c, n int) error {
	now, lap := callAt(n)
	id := messageID(c, lap, now.name)
	draft := chat.Draft{ID: id, Text: text(id, now.do)}
	user := app.As(caller(c))
	var err error
	switch now.do {
	case "send":
		_, err = user.Send(ctx, room, draft)
	case "private":
		draft.Restricted = []chat.UserID{"reader"}
		_, err = app.Send(ctx, room, caller(c), draft, nil)
	case "hold":
		_, err = app.Send(ctx, room, caller(c), draft, &chat.SendOptions{Pending: chat.PendingOn})
	case "commit":
		_, err = app.CommitMessage(ctx, id)
	case "edit":
		_, err = user.UpdateMessage(ctx, id, chat.MessageUpdate{Text: draft.Text})
	case "soft":
		_, err = app.DeleteMessage(ctx, id, chat.DeleteSoft, caller(c))
	case "undelete":
		_, err = app.UndeleteMessage(ctx, id, caller(c))
	case "hard":
		_, err = app.DeleteMessage(ctx, id, chat.DeleteHard, caller(c))
	case "for me":
		err = user.DeleteMessageForMe(ctx, id)
	case "say", "large":
		_, err = app.As("friend").Send(ctx, own(c), draft)
	case "read":
		err = user.MarkRead(ctx, own(c))
	case "unread":
		err = user.MarkUnread(ctx, id)
	case "join":
		err = app.AddMembers(ctx, own(c), []chat.MemberDraft{{UserID: "visitor"}}, nil)
	case "leave":
		err = app.RemoveMembers(ctx, own(c), []chat.UserID{"visitor"}, nil)
	case "truncate", "purge":
		err = app.TruncateChannel(ctx, own(c), &chat.TruncateOptions{Hard: now.do == "purge"})
	default:
		err = errors.New("no such call")
	}
	if err != nil {
		return fmt.Errorf("caller %d, call %d (%s): %w", c, n, now.do, err)
	}
	return nil
}

// setUp makes the users and channels.
func setUp(ctx context.Context, app *chat.App) error {
	users := []chat.User{{ID: "reader"}, {ID: "friend"}, {ID: "visitor"}}
	members := []chat.UserID{"reader"}
	for c := range callers {
		users = append(users, chat.User{ID: caller(c)})
		members = append(members, caller(c))
	}
	if err := app.UpsertUsers(ctx, users...); err != nil {
		return err
	}
	if _, err := app.EnsureChannel(ctx, room, chat.ChannelDraft{CreatedBy: "reader", Members: members}); err != nil {
		return err
	}
	for c := range callers {
		draft := chat.ChannelDraft{CreatedBy: caller(c), Members: []chat.UserID{caller(c), "friend"}}
		if _, err := app.EnsureChannel(ctx, own(c), draft); err != nil {
			return err
		}
	}
	return nil
}

// readyMark is the mark of the set up; that of a call is its caller and number.
const readyMark = "ready"

func callMark(c, n int) string { return fmt.Sprintf("%d %d", c, n) }

// live is a child's part: one life of the chat, with its background work.
func live() error {
	ctx := context.Background()
	recording := os.Getenv(recordingVariable)
	life, err := strconv.Atoi(os.Getenv(lifeVariable))
	if err != nil {
		return err
	}
	store, err := boltstore.Open(os.Getenv(fileVariable), &boltstore.Options{NoSync: os.Getenv(noSyncVariable) != ""})
	if err != nil {
		return err
	}
	app, err := chat.New(store, &chat.Options{Pending: chat.PendingFuncs{}})
	if err != nil {
		return err
	}
	if life == 0 {
		if err := errors.Join(setUp(ctx, app), mark(recording, readyMark)); err != nil {
			return err
		}
	}
	failed := make([]error, callers)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			each := laps * len(plan)
			for n := life * each; n < (life+1)*each && failed[c] == nil; n++ {
				if failed[c] = perform(ctx, app, c, n); failed[c] == nil {
					failed[c] = mark(recording, callMark(c, n))
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if life < lives-1 {
		return dieIn(ctx, app, store, life, (life+1)*laps*len(plan))
	}
	return errors.Join(app.Close(), store.Close())
}

// dieIn has the process killed in the first caller's n-th call, when its frame is
// written and not synced, or after it, when bbolt has taken it in and written its
// header, not synced: the worst moments if the power goes soon after. The next
// life begins with the same call.
func dieIn(ctx context.Context, app *chat.App, store *boltstore.Store, life, n int) error {
	if life == 0 {
		if err := os.Setenv(killVariable, "frame"); err != nil {
			return err
		}
	}
	if err := perform(ctx, app, 0, n); err != nil {
		return err
	}
	if err := os.Setenv(killVariable, "header"); err != nil {
		return err
	}
	return errors.Join(app.Close(), store.Close(), errors.New("the process was not killed"))
}

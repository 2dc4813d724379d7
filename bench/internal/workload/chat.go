package workload

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
)

// Chat is a chat in a file, filled fast: what is in it is on the disk only once
// it was closed.
type Chat struct {
	*chat.App
	store *boltstore.Store
}

// Fill opens a file to be filled.
func Fill(path string) (*Chat, error) {
	store, err := boltstore.Open(path, &boltstore.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	app, err := chat.New(store, &chat.Options{NoBackground: true})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Chat{app, store}, nil
}

// Close closes the file.
func (c *Chat) Close() error { return errors.Join(c.App.Close(), c.store.Close()) }

// callers is how many calls are made at once to fill a chat.
const callers = 256

// Each calls n times, many at once, and returns the first error.
func Each(n int, call func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, callers)
	var all sync.WaitGroup
	for worker := range min(callers, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				if errs[worker] = call(i); errs[worker] != nil {
					failed.Store(true)
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// AddUsers makes users from a number up to another.
func AddUsers(app *chat.App, from, to int) error {
	const most = 100
	return Each((to-from+most-1)/most, func(i int) error {
		first := from + i*most
		users := make([]chat.User, 0, most)
		for _, id := range Users(first, min(first+most, to)) {
			users = append(users, chat.User{ID: id, Name: "Somebody"})
		}
		return app.UpsertUsers(context.Background(), users...)
	})
}

// AddChannel makes a channel with members.
func AddChannel(app *chat.App, cid chat.CID, members []chat.UserID) error {
	const most = 100
	_, err := app.EnsureChannel(context.Background(), cid, chat.ChannelDraft{
		CreatedBy: members[0], Members: members[:min(most, len(members))],
	})
	if err != nil || len(members) <= most {
		return err
	}
	rest := members[most:]
	return Each((len(rest)+most-1)/most, func(i int) error {
		var drafts []chat.MemberDraft
		for _, id := range rest[i*most : min((i+1)*most, len(rest))] {
			drafts = append(drafts, chat.MemberDraft{UserID: id})
		}
		return app.AddMembers(context.Background(), cid, drafts, nil)
	})
}

// Add makes the users, channels and members of a layout.
func (l Layout) Add(app *chat.App) error {
	if err := AddUsers(app, 0, l.Users); err != nil {
		return err
	}
	return Each(l.Channels, func(channel int) error {
		members := make([]chat.UserID, l.Members)
		for i := range members {
			members[i] = User(l.Member(channel, i))
		}
		return AddChannel(app, CID(channel), members)
	})
}

// Send sends one message as a user of the layout.
func (l Layout) Send(app *chat.App, texts Texts, caller int) error {
	channel, user := l.Next(caller)
	_, err := app.As(User(user)).Send(context.Background(), CID(channel), chat.Draft{Text: texts.Any()})
	return err
}

// Post sends n messages to a channel, each by one of the first 64 users.
func Post(app *chat.App, texts Texts, cid chat.CID, n int) error {
	return Each(n, func(i int) error {
		_, err := app.As(User(i%64)).Send(context.Background(), cid, chat.Draft{Text: texts.Any()})
		return err
	})
}

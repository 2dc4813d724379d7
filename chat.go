package chat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/internal/markup"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
)

// App is the application itself: it may do everything. [App.As] gives what one
// user may do. An App is safe for concurrent use.
type App struct {
	db       *record.DB
	options  Options
	outbox   *outbox.Outbox
	markup   *markup.Renderer
	previews *previewer // nil: off
	poster   poster
	typing   *typing
	polling  *polling
	presence Presence
	cursors  cursors
	readers  readers

	commands map[string]*command
	closers  []func() // of what commands hold
	owned    bool     // the store was opened by Open, and is closed by Close

	stopFeed     func()
	feeding      sync.WaitGroup
	settingsNews chan struct{} // there may be a receiver of events now

	closing sync.Once
	closed  chan struct{}
	err     error // of closing the store
}

// Open opens the chat that lies in one file, and makes it if it is not there.
// A second process that opens the file gets an error at once. Nil options are
// the documented defaults. Close the App when done.
func Open(path string, options *Options) (*App, error) {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		return nil, &Error{Op: "Open", Reason: err.Error(), Err: err}
	}
	app, err := New(store, options)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	app.owned = true
	return app, nil
}

// New makes an App on any store. Close of the App leaves the store open. Several
// Apps may share one store, if its driver lets them.
func New(store storage.Store, options *Options) (*App, error) {
	const op = "New"
	o, err := options.withDefaults()
	if err != nil {
		return nil, in(op, err)
	}
	if store == nil {
		return nil, in(op, invalid("store", "is nil"))
	}
	previews, err := o.Previews.previewer()
	if err != nil {
		return nil, in(op, err)
	}
	a := &App{
		db: record.New(store), options: o, markup: newMarkup(o.Markdown), previews: previews,
		poster: newPoster(o.CallbackTransport), typing: newTyping(), polling: newPolling(),
		stopFeed: func() {}, settingsNews: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	if a.presence = o.Presence; a.presence == nil {
		a.presence = a.polling
	}
	a.observeCommits()
	if a.previews != nil {
		a.previews.told = o.Trace.Fetch
	}
	a.commands = a.knownCommands()
	identity, err := a.prepare()
	if err != nil {
		return nil, in(op, err)
	}
	if a.cursors, err = newCursors(identity); err != nil {
		return nil, in(op, err)
	}
	if err := errors.Join(a.ensureTrim(), a.beginEvents()); err != nil {
		return nil, in(op, err)
	}
	a.outbox = outbox.New(a.db, o.Logger, a.queues()...)
	if !o.NoBackground {
		a.outbox.Start()
		ctx, stop := context.WithCancel(context.Background())
		a.stopFeed = stop
		a.feeding.Go(func() { a.feed(ctx) })
	}
	return a, nil
}

// prepare checks the layout of the store, fills a new one, and returns its
// identity.
func (a *App) prepare() (identity string, err error) {
	ctx := context.Background()
	err = a.db.View(ctx, func(r *record.Reader) (err error) {
		identity, err = checkLayout(r)
		return err
	})
	if err != nil || identity != "" {
		return identity, err
	}
	err = a.db.Update(ctx, record.AppScope, func(tx *record.Txn) error {
		if identity, err = checkLayout(&tx.Reader); err != nil || identity != "" {
			return err
		}
		for _, t := range builtinTypes(now()) {
			if err := tx.PutType(t.Name, t); err != nil {
				return err
			}
		}
		if err := tx.PutSettings(standardSettings()); err != nil {
			return err
		}
		identity = uuid.NewString()
		return tx.PutMeta(codec.Meta{Layout: keys.Version, Store: identity})
	})
	return identity, err
}

// checkLayout returns the identity of a store that this program can read; a new
// one has none.
func checkLayout(r *record.Reader) (identity string, err error) {
	b := r.Batch()
	meta := b.Meta()
	if err := b.Run(); err != nil {
		return "", err
	}
	if meta.Found && meta.V.Layout > keys.Version {
		return "", fmt.Errorf("%w: the store has layout %d, this program knows up to %d; use a newer version of the library",
			storage.ErrVersion, meta.V.Layout, keys.Version)
	}
	if meta.Found && meta.V.Layout < keys.Version {
		return "", fmt.Errorf("the store has layout %d, which this program no longer reads; it knows %d", meta.V.Layout, keys.Version)
	}
	return meta.V.Store, nil
}

// Close ends the background work, waits for what runs of it, the application's
// PendingHandler and Enricher too, and closes the store if Open opened it.
// Commands that run are told by their contexts, and not waited for. Calls
// afterwards answer ErrClosed. A second Close does nothing.
func (a *App) Close() error {
	a.closing.Do(func() {
		close(a.closed)
		a.typing.wakeAll()
		a.stopFeed()
		a.feeding.Wait()
		a.outbox.Stop()
		a.poster.close()
		for _, end := range a.closers {
			end()
		}
		if a.previews != nil {
			a.previews.close()
		}
		if a.owned {
			if err := a.db.Store().Close(); err != nil {
				a.err = in("Close", err)
			}
		}
	})
	return a.err
}

// As is what the user may do. It costs nothing, and the user need not exist
// yet; each call looks them up, so that calls of an unknown or deactivated user
// answer ErrPermission.
func (a *App) As(user UserID) *Session {
	if len(user) > maxUserID {
		user = user[:maxUserID+1] // nobody's either, but short enough to look up
	}
	return &Session{app: a, user: user}
}

// RunDueWork does the background work that is due now, and returns how many
// pieces it ran. It is for applications that set Options.NoBackground, and for
// tests. A piece that another App, or the background of this one, is about is
// left to it and not waited for.
func (a *App) RunDueWork(ctx context.Context) (_ int, err error) {
	const op = "RunDueWork"
	defer a.operation(&ctx, op).ended(&err)
	if err := a.usable(ctx); err != nil {
		return 0, in(op, err)
	}
	if _, err := a.recordOwed(ctx); err != nil {
		return 0, in(op, err)
	}
	n, err := a.outbox.RunDue(ctx)
	if errors.Is(err, outbox.ErrExited) {
		err = hookFailed("a function of the application did not return", err)
	}
	return n, in(op, err)
}

// usable is an error if a call cannot be made at all.
func (a *App) usable(ctx context.Context) error {
	if ctx == nil {
		return invalid("ctx", "is nil; pass context.Background() if there is no other")
	}
	select {
	case <-a.closed:
		return fail(ErrClosed, "", "the App is closed")
	default:
		return nil
	}
}

// view reads one snapshot.
func (a *App) view(ctx context.Context, op string, fn func(*record.Reader) error) error {
	if err := a.usable(ctx); err != nil {
		return in(op, err)
	}
	return in(op, a.db.View(ctx, fn))
}

// update changes what the scope owns. fn may run more than once.
func (a *App) update(ctx context.Context, op, scope string, fn func(*record.Txn) error) error {
	if err := a.usable(ctx); err != nil {
		return in(op, err)
	}
	return in(op, a.db.Update(ctx, scope, fn))
}

// now is the time as it is stored.
func now() time.Time { return time.UnixMicro(time.Now().UnixMicro()).UTC() }

// element names an element of a list in an error.
func element(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

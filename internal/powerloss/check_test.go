package powerloss

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
)

// checker opens images and compares what is in them with what was acknowledged.
// It is for one goroutine.
type checker struct {
	path   string // what the names of its files begin with
	opened int
	states [][]*state // of each caller after each call
}

func newChecker(path string) *checker {
	k := &checker{path: path}
	for c := range callers {
		k.states = append(k.states, statesOf(c))
	}
	return k
}

// goOnEvery is how many images there are to one in which the chat goes on.
const goOnEvery = 8

// check answers an error if the image cannot be opened or does not hold what it
// has to.
func (k *checker) check(i image) (err error) {
	// A damaged file may lead bbolt anywhere, and behind the end of its map.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v: panic: %v", i, r) // what it has locked stays so: no Close
		}
	}()
	k.opened++
	path := k.path + i.String()
	for n, name := range namesOf(path) {
		if i.files[n] == nil {
			continue
		}
		if err := os.WriteFile(name, i.files[n], 0o600); err != nil {
			return err
		}
	}
	err = use(path, func(ctx context.Context, app *chat.App) error {
		return errors.Join(k.compare(ctx, app, i), verify(ctx, app))
	})
	if err == nil && k.opened%goOnEvery == 0 && i.acknowledged.ready {
		err = goOn(path)
	}
	if err != nil {
		return fmt.Errorf("%v: %w", i, err)
	}
	return os.Remove(path) // the journals went when it was closed
}

// namesOf are the names of the files of a chat.
func namesOf(path string) [files]string {
	return [files]string{path, path + "-journal0", path + "-journal1"}
}

// use opens a chat for so long. No image is to outlive the loss of power itself.
func use(path string, do func(context.Context, *chat.App) error) error {
	store, err := boltstore.Open(path, &boltstore.Options{NoSync: true, MapSize: -1})
	if err != nil {
		return err
	}
	app, err := chat.New(store, &chat.Options{NoBackground: true, Pending: chat.PendingFuncs{}})
	if err == nil {
		err = do(context.Background(), app)
		err = errors.Join(err, app.Close())
	}
	return errors.Join(err, store.Close())
}

// compare looks for every call that was acknowledged; the next call of each
// caller is there as a whole or not at all.
func (k *checker) compare(ctx context.Context, app *chat.App, i image) error {
	if !i.acknowledged.ready {
		return nil
	}
	observed, err := observe(ctx, app)
	if err != nil {
		return err
	}
	for c, got := range observed {
		least := i.acknowledged.calls[c]
		most := min(i.before.calls[c]+1, len(k.states[c])-1)
		found := false
		for n := least; n <= most; n++ {
			found = found || got.equal(k.states[c][n])
		}
		if !found {
			return fmt.Errorf("caller %d: %d calls were acknowledged, which make\n%v\nand there is\n%v", c, least, k.states[c][least], got)
		}
	}
	return nil
}

func verify(ctx context.Context, app *chat.App) error {
	report, err := app.Verify(ctx, nil)
	for _, p := range report.Problems {
		err = errors.Join(err, fmt.Errorf("%s: %s", p.CID, p.Problem))
	}
	return err
}

// goOn has the chat do what was left to do, and one thing more, and looks for it.
func goOn(path string) error {
	err := use(path, func(ctx context.Context, app *chat.App) error {
		_, err := app.RunDueWork(ctx)
		_, sendErr := app.As("reader").Send(ctx, room, chat.Draft{ID: "after", Text: "after the loss of power"})
		return errors.Join(err, sendErr)
	})
	if err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	return use(path, func(ctx context.Context, app *chat.App) error {
		m, err := app.Message(ctx, "after")
		if err == nil && m.Text != "after the loss of power" {
			err = fmt.Errorf("the message sent after the loss says %q", m.Text)
		}
		return errors.Join(err, verify(ctx, app))
	})
}

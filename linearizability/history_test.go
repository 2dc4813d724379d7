package linearizability

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"example.com/chat"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

const (
	callers = 32
	each    = 10 // operations of each
)

// driver opens a store that a test's end closes.
type driver struct {
	name string
	open func(t *testing.T) storage.Store
}

var drivers = []driver{
	{"memory", func(*testing.T) storage.Store { return memstore.New() }},
	{"bolt", func(t *testing.T) storage.Store {
		store, err := boltstore.Open(filepath.Join(t.TempDir(), "chat.db"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}},
}

// record has all callers do random operations at once, and returns what was
// called and answered when. Each caller keeps to one channel: how long it takes
// to judge a history grows steeply with how many operations overlap. Fault, if not nil, breaks the store once the
// channels are there.
func record(t *testing.T, seed uint64, store storage.Store, fault func(storage.Store) storage.Store) []porcupine.Operation {
	t.Helper()
	defer closed(t, store)
	prepare(t, store)
	if fault != nil {
		store = fault(store)
	}
	app, err := chat.New(yieldingStore{store}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, app)
	var clock atomic.Int64 // what it shows rises with real time, without ties
	begin := make(chan struct{})
	histories := make([][]porcupine.Operation, callers)
	var wait sync.WaitGroup
	for c := range callers {
		r := rand.New(rand.NewPCG(seed, uint64(c)))
		wait.Go(func() {
			<-begin
			for range each {
				op := porcupine.Operation{ClientId: c, Input: randomOperation(r, c%rooms), Call: clock.Add(1)}
				op.Output = op.Input.(operation).do(app)
				op.Return = clock.Add(1)
				histories[c] = append(histories[c], op)
			}
		})
	}
	close(begin)
	wait.Wait()
	if fault == nil {
		verify(t, app)
	}
	return slices.Concat(histories...)
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// verify checks that every counter and index follows from the messages.
func verify(t *testing.T, app *chat.App) {
	t.Helper()
	report, err := app.Verify(context.Background(), nil)
	if err != nil {
		t.Error(err)
	}
	for _, p := range report.Problems {
		t.Errorf("the store differs from what is in it: %+v", p)
	}
}

// prepare makes the users and the channels.
func prepare(t *testing.T, store storage.Store) {
	t.Helper()
	ctx := context.Background()
	app, err := chat.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, app)
	for _, id := range users {
		if err := app.UpsertUsers(ctx, chat.User{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for room := range rooms {
		draft := chat.ChannelDraft{CreatedBy: users[2], Members: users[:]}
		if _, err := app.EnsureChannel(ctx, operation{room: room}.cid(), draft); err != nil {
			t.Fatal(err)
		}
	}
}

// overlapping is how many operations of a history overlapped another one of
// their channel.
func overlapping(history []porcupine.Operation) int {
	n := 0
	for _, a := range history {
		if slices.ContainsFunc(history, func(b porcupine.Operation) bool {
			return a.ClientId != b.ClientId && a.Input.(operation).room == b.Input.(operation).room && a.Call < b.Return && b.Call < a.Return
		}) {
			n++
		}
	}
	return n
}

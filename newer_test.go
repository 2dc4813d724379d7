package chat_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

// rewrite changes the bytes of one record behind the back of the engine.
func rewrite(t *testing.T, store storage.Store, key []byte, change func([]byte) []byte) {
	t.Helper()
	err := store.Update(t.Context(), "test", func(tx storage.Txn) error {
		value, err := storage.Get(tx, key)
		if err != nil {
			return err
		}
		return tx.Put(key, change(bytes.Clone(value)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newerVersion(b []byte) []byte { b[0]++; return b }

func TestStoreWithNewerLayoutIsRefused(t *testing.T) {
	store := memstore.New()
	app, err := chat.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	meta := codec.Meta{Layout: keys.Version + 1, Store: "newer"}
	rewrite(t, store, keys.Meta(), func([]byte) []byte { return meta.Encode(nil) })
	_, err = chat.New(store, nil)
	if !errors.Is(err, storage.ErrVersion) {
		t.Errorf("a store with a newer layout: %v, want %v", err, storage.ErrVersion)
	}
	wantWords(t, err, fmt.Sprintf("layout %d", keys.Version+1), fmt.Sprintf("up to %d", keys.Version), "newer version of the library")

	rewrite(t, store, keys.Meta(), newerVersion)
	_, err = chat.New(store, nil)
	if err == nil {
		t.Fatal("a store whose own record is newer is opened")
	}
	wantWords(t, err, "newer version", "version 2", "up to 1")
}

func TestFileWithNewerLayoutIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	store, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	meta := codec.Meta{Layout: keys.Version + 1, Store: "newer"}
	rewrite(t, store, keys.Meta(), func([]byte) []byte { return meta.Encode(nil) })
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	// Refusing it must neither change the file nor keep it open.
	for range 2 {
		_, err = chat.Open(path, nil)
		if !errors.Is(err, storage.ErrVersion) {
			t.Errorf("a file with a newer layout: %v, want %v", err, storage.ErrVersion)
		}
		wantWords(t, err, fmt.Sprintf("layout %d", keys.Version+1), fmt.Sprintf("up to %d", keys.Version))
	}
}

func TestNewerRecordIsRefusedNotMisread(t *testing.T) {
	store := memstore.New()
	app, err := chat.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := app.UpsertUsers(t.Context(), chat.User{ID: "jane"}, chat.User{ID: "john"}); err != nil {
		t.Fatal(err)
	}
	var version byte
	rewrite(t, store, keys.User("jane"), func(b []byte) []byte {
		version = b[0]
		return newerVersion(b)
	})
	_, err = app.User(t.Context(), "jane")
	wantWords(t, err, fmt.Sprintf("user has version %d, this program reads up to %d", version+1, version))
	if errors.Is(err, chat.ErrNotFound) {
		t.Errorf("a newer record reads as none: %v", err)
	}
	if _, err := app.User(t.Context(), "john"); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
	rewrite(t, store, keys.User("jane"), func(b []byte) []byte { return append([]byte{version}, b[1:len(b)-1]...) })
	_, err = app.User(t.Context(), "jane")
	wantWords(t, err, "damaged")
}

func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("the error is %q, want one with %q", err, w)
		}
	}
}

func TestSecondOpenOfAFileFailsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	app, err := chat.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = chat.Open(path, nil)
	if !errors.Is(err, storage.ErrInUse) {
		t.Errorf("a second open: %v, want %v", err, storage.ErrInUse)
	}
	wantWords(t, err, path)
	if waited := time.Since(start); waited > 2*time.Second {
		t.Errorf("it took %v to say so", waited)
	}
	if err := app.UpsertUsers(t.Context(), chat.User{ID: "jane"}); err != nil {
		t.Errorf("the first one is disturbed: %v", err)
	}
	for range 2 {
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	app, err = chat.Open(path, nil)
	if err != nil {
		t.Fatalf("once the first is closed: %v", err)
	}
	if _, err := app.User(t.Context(), "jane"); err != nil {
		t.Error(err)
	}
	if err := app.Close(); err != nil {
		t.Error(err)
	}
}

func TestTwoAppsShareAStore(t *testing.T) {
	store := memstore.New()
	var apps [2]*chat.App
	for i := range apps {
		app, err := chat.New(store, nil)
		if err != nil {
			t.Fatal(err)
		}
		apps[i] = app
	}
	if err := apps[0].UpsertUsers(t.Context(), chat.User{ID: "jane"}); err != nil {
		t.Fatal(err)
	}
	if err := apps[0].Close(); err != nil {
		t.Error(err)
	}
	if _, err := apps[1].User(t.Context(), "jane"); err != nil {
		t.Errorf("the second, once the first is closed: %v", err)
	}
	if err := apps[1].Close(); err != nil {
		t.Error(err)
	}
	if err := store.View(t.Context(), func(storage.Reader) error { return nil }); err != nil {
		t.Errorf("the store of New is closed with the App: %v", err)
	}
}

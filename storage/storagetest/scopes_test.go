package storagetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

func TestCheckScopes(t *testing.T) {
	put := func(key string) func(storage.Txn) error {
		return func(tx storage.Txn) error { return tx.Put([]byte(key), nil) }
	}
	for _, test := range []struct {
		name   string
		second func(storage.Txn) error
		bad    bool
	}{
		{"another key", put("b"), false},
		{"put", put("a"), true},
		{"delete", func(tx storage.Txn) error { return tx.Delete([]byte("a")) }, true},
		{"delete range", func(tx storage.Txn) error { return tx.DeleteRange(storage.Range{Limit: -1}) }, true},
		{"insert after delete", func(tx storage.Txn) error {
			return errors.Join(tx.Delete([]byte("a")), tx.Insert([]byte("a"), nil))
		}, true},
		{"range without keys", func(tx storage.Txn) error { return tx.DeleteRange(storage.Prefix([]byte("x"))) }, false},
		{"given up", func(tx storage.Txn) error { return errors.Join(put("a")(tx), errors.New("no")) }, false},
		{"allowed", put("free"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			s := CheckScopes(r, memstore.New(), func(key []byte) bool { return bytes.Equal(key, []byte("free")) })
			if _, ok := s.(storage.Waiter); !ok {
				t.Error("the Waiter is lost")
			}
			for scope, fn := range map[string]func(storage.Txn) error{"own": put("a"), "own too": put("free")} {
				if err := s.Update(context.Background(), scope, fn); err != nil {
					t.Fatal(err)
				}
			}
			_ = s.Update(context.Background(), "own", put("a"))
			if r.failed() {
				t.Fatalf("an owner's write is reported: %s", r.text())
			}
			_ = s.Update(context.Background(), "other", test.second)
			if r.failed() != test.bad {
				t.Errorf("reported: %v (%s), want %v", r.failed(), r.text(), test.bad)
			}
		})
	}
}

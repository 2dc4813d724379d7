package driver

import (
	"errors"
	"fmt"

	"example.com/chat/storage"
)

var (
	// ErrExists is answered by an Insert of a key that the transaction can see.
	ErrExists = errors.New("storage: insert of a key that exists")
	// ErrDone is answered by a Reader or Txn whose function has returned.
	ErrDone = errors.New("storage: transaction used after its end")
)

// CheckKey answers [storage.ErrKey] for a key or log name outside the limits.
func CheckKey(key []byte) error {
	if len(key) == 0 || len(key) > storage.MaxKeyLen {
		return fmt.Errorf("%w: key of %d bytes", storage.ErrKey, len(key))
	}
	return nil
}

// CheckEntry answers [storage.ErrKey] for a key, log name or value outside the
// limits.
func CheckEntry(key, value []byte) error {
	if len(value) > storage.MaxValueLen {
		return fmt.Errorf("%w: value of %d bytes", storage.ErrKey, len(value))
	}
	return CheckKey(key)
}

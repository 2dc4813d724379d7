package byhand

import (
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
)

// Scan reads a chat's file without the engine: it knows where the messages of
// a channel lie and decodes them, and does nothing else.
type Scan struct{ db *bbolt.DB }

// OpenScan opens a copy of a chat's file.
func OpenScan(path string) (*Scan, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, NoStatistics: true})
	if err != nil {
		return nil, err
	}
	return &Scan{db}, nil
}

// Close closes the file.
func (s *Scan) Close() error { return s.db.Close() }

// Channel finds a channel.
func (s *Scan) Channel(cid string) (number keys.Channel, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		value := tx.Bucket(bucket).Get(keys.CID(cid))
		if value == nil {
			return errors.New("no such channel")
		}
		at, err := codec.DecodeTime(unsealed(value))
		number = keys.Channel(at)
		return err
	})
	return number, err
}

// Latest reads the newest messages for all, oldest first.
func (s *Scan) Latest(c keys.Channel, limit int) (list []codec.Message, err error) {
	end := keys.Head(c) // lies behind the timeline
	err = s.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucket).Cursor()
		cursor.Seek(end)
		list, err = older(make([]codec.Message, 0, limit), cursor, limit)
		return err
	})
	return list, err
}

// Around reads messages for all before and from a time on, oldest first.
func (s *Scan) Around(c keys.Channel, at int64, limit int) (list []codec.Message, err error) {
	start := keys.Timeline(c, at)
	err = s.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucket).Cursor()
		cursor.Seek(start)
		list, err = older(make([]codec.Message, 0, limit), cursor, limit/2)
		if err != nil {
			return err
		}
		for key, value := cursor.Seek(start); key != nil && len(list) < limit; key, value = cursor.Next() {
			m, err := codec.DecodeMessage(unsealed(value))
			if err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	return list, err
}

// older appends what lies before the cursor, oldest first.
func older(list []codec.Message, cursor *bbolt.Cursor, limit int) ([]codec.Message, error) {
	for key, value := cursor.Prev(); key != nil && len(list) < limit; key, value = cursor.Prev() {
		m, err := codec.DecodeMessage(unsealed(value))
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	slices.Reverse(list)
	return list, nil
}

// unsealed is a value without the checksum that it ends in.
func unsealed(value []byte) []byte { return value[:len(value)-4] }

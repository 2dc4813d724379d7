package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/chat/bench/internal/workload"
)

// Draft is a message to be sent. Channels and users go by number.
type Draft struct {
	Channel, User int
	Text          string
	For           []int // who may see it, beside its author; none: all
}

// request is a draft that waits for a group commit.
type request struct {
	draft Draft
	done  chan error
}

// Add makes the users, channels and members of a layout.
func (db *DB) Add(l workload.Layout) error {
	return db.transaction(func(c *connection) error {
		for i := range l.Users {
			if _, err := c.exec("INSERT OR IGNORE INTO users (id, name) VALUES (?, 'Somebody')", string(workload.User(i))); err != nil {
				return err
			}
		}
		for channel := range l.Channels {
			if _, err := c.exec("INSERT INTO channels (id, cid) VALUES (?, ?)", channel, string(workload.CID(channel))); err != nil {
				return err
			}
			for i := range l.Members {
				if err := db.addMember(c, channel, l.Member(channel, i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// AddMember makes a user a member of a channel.
func (db *DB) AddMember(channel, user int) error {
	return db.transaction(func(c *connection) error {
		if _, err := c.exec("INSERT OR IGNORE INTO users (id, name) VALUES (?, 'Somebody')", string(workload.User(user))); err != nil {
			return err
		}
		return db.addMember(c, channel, user)
	})
}

func (db *DB) addMember(c *connection, channel, user int) error {
	_, err := c.exec("INSERT INTO members (channel, user) VALUES (?, ?)", channel, string(workload.User(user)))
	return err
}

// Load sends many messages in one transaction, each of which the function
// makes, and returns the ids.
func (db *DB) Load(n int, draft func(i int) Draft) ([]string, error) {
	ids := make([]string, 0, n)
	err := db.transaction(func(c *connection) error {
		for i := range n {
			id, err := send(c, draft(i))
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// Send sends a message in a transaction of its own.
func (db *DB) Send(d Draft) error {
	return db.transaction(func(c *connection) error {
		_, err := send(c, d)
		return err
	})
}

// SendInGroup sends a message together with all that wait at the time.
func (db *DB) SendInGroup(d Draft) error {
	r := request{d, make(chan error, 1)}
	db.queue <- r
	return <-r.done
}

func (db *DB) commitGroups() {
	var group []request
	for first := range db.queue {
		group = append(group[:0], first)
		err := db.transaction(func(c *connection) error {
			for i := 0; i < len(group); i++ {
				if _, err := send(c, group[i].draft); err != nil {
					return err
				}
				if i == len(group)-1 {
					group = db.waiting(group)
				}
			}
			return nil
		})
		for _, r := range group {
			r.done <- err
		}
	}
}

// waiting appends to the group what waits.
func (db *DB) waiting(group []request) []request {
	for {
		select {
		case r, open := <-db.queue:
			if !open {
				return group
			}
			group = append(group, r)
		default:
			return group
		}
	}
}

func (db *DB) transaction(fn func(*connection) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if _, err := db.writer.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := fn(db.writer); err != nil {
		_, rollback := db.writer.exec("ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, err := db.writer.exec("COMMIT")
	return err
}

// send gives a message its time and ordinal, stores it and marks the channel
// read for its author, who has to be a member.
func send(c *connection, d Draft) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	counts := 1
	if d.For != nil {
		counts = 0
	}
	var channel, at, ordinal int64
	err = c.row("UPDATE channels SET last_at = max(last_at + 1, ?), counted = counted + ? WHERE cid = ? RETURNING id, last_at, counted",
		[]any{time.Now().UnixMicro(), counts, string(workload.CID(d.Channel))}, &channel, &at, &ordinal)
	if err != nil {
		return "", err
	}
	user := string(workload.User(d.User))
	_, err = c.exec("INSERT INTO messages (channel, at, id, author, text, private, ordinal) VALUES (?, ?, ?, ?, ?, ?, ?)",
		channel, at, id.String(), user, d.Text, d.For != nil, ordinal)
	if err != nil {
		return "", err
	}
	for _, reader := range d.For {
		if err := sendTo(c, channel, string(workload.User(reader)), at); err != nil {
			return "", err
		}
	}
	if d.For != nil {
		if err := sendTo(c, channel, user, at); err != nil {
			return "", err
		}
	}
	changed, err := c.exec("UPDATE members SET read_at = ?, read_counted = ?, private_read = private_counted WHERE channel = ? AND user = ?",
		at, ordinal, channel, user)
	if err != nil {
		return "", err
	}
	if n, err := changed.RowsAffected(); err != nil || n != 1 {
		return "", errors.Join(fmt.Errorf("%s is not a member of channel %d", user, d.Channel), err)
	}
	return id.String(), nil
}

// sendTo shows a private message to one reader.
func sendTo(c *connection, channel int64, user string, at int64) error {
	if _, err := c.exec("INSERT INTO audience (channel, user, at) VALUES (?, ?, ?)", channel, user, at); err != nil {
		return err
	}
	_, err := c.exec("UPDATE members SET private_counted = private_counted + 1 WHERE channel = ? AND user = ?", channel, user)
	return err
}

// DeleteForMe hides a message from a user alone.
func (db *DB) DeleteForMe(user int, id string) error {
	return db.transaction(func(c *connection) error {
		_, err := c.exec("INSERT INTO for_me (channel, user, at) SELECT channel, ?, at FROM messages WHERE id = ?", string(workload.User(user)), id)
		return err
	})
}

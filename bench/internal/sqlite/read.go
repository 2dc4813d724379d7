package sqlite

import (
	"database/sql"
	"slices"

	"example.com/chat/bench/internal/workload"
)

// Message is a message as it is read.
type Message struct {
	ID, Author, Name, Text string
	HTML, Custom           sql.NullString
	At                     int64
	DeletedAt              sql.NullInt64
	ForMe                  bool
}

// Entry is a channel in a list.
type Entry struct {
	CID    string
	Unread int
	Last   Message
}

// columns are what is read of a message m, by a user ?1 who must be a member.
const columns = `SELECT m.id, m.author, u.name, m.text, m.html, m.custom, m.at, m.deleted_at,
	EXISTS (SELECT 1 FROM for_me f WHERE f.channel = m.channel AND f.user = ?1 AND f.at = m.at)
FROM messages m JOIN users u ON u.id = m.author `

// visible is the condition that the user ?1 sees a message m.
const visible = ` (m.private = 0 OR EXISTS (SELECT 1 FROM audience a WHERE a.channel = m.channel AND a.user = ?1 AND a.at = m.at))
	AND EXISTS (SELECT 1 FROM members r WHERE r.channel = m.channel AND r.user = ?1) `

const (
	latestQuery = columns + `WHERE m.channel = (SELECT id FROM channels WHERE cid = ?2) AND` + visible + `ORDER BY m.at DESC LIMIT ?3`
	olderQuery  = columns + `WHERE m.channel = ?2 AND m.at < ?4 AND` + visible + `ORDER BY m.at DESC LIMIT ?3`
	newerQuery  = columns + `WHERE m.channel = ?2 AND m.at >= ?4 AND` + visible + `ORDER BY m.at LIMIT ?3`
	byIDQuery   = columns + `WHERE m.id = ?2 AND` + visible
	placeQuery  = `SELECT channel, at FROM messages WHERE id = ?`

	// Of a channel c and a membership of the user ?1. What is deleted for all is
	// in removed, what they deleted for themselves in for_me.
	unreadOf = ` counted - read_counted + private_counted - private_read
		- (SELECT count(*) FROM removed d WHERE d.channel = c.id AND d.ordinal > read_counted)
		- (SELECT count(*) FROM for_me f WHERE f.channel = c.id AND f.user = ?1 AND f.at > read_at) `
	unreadQuery = `SELECT` + unreadOf + `FROM channels c JOIN members r ON r.channel = c.id AND r.user = ?1 WHERE c.cid = ?2`

	// The newest 30 are found first; only of those is anything else read. A
	// CROSS JOIN keeps SQLite from taking the tables in another order.
	listQuery = `SELECT c.cid,` + unreadOf + `, m.id, m.author, u.name, m.text, m.html, m.custom, m.at, m.deleted_at
FROM (
	SELECT n.id, n.cid, n.counted, n.last_at, s.read_at, s.read_counted, s.private_counted, s.private_read
	FROM members s CROSS JOIN channels n ON n.id = s.channel WHERE s.user = ?1 ORDER BY n.last_at DESC LIMIT ?2) c
CROSS JOIN messages m ON m.channel = c.id AND m.at = (
	SELECT v.at FROM messages v WHERE v.channel = c.id AND v.deleted_at IS NULL
	AND (v.private = 0 OR EXISTS (SELECT 1 FROM audience a WHERE a.channel = v.channel AND a.user = ?1 AND a.at = v.at))
	ORDER BY v.at DESC LIMIT 1)
CROSS JOIN users u ON u.id = m.author
ORDER BY c.last_at DESC`
)

// Latest reads the newest messages of a channel, oldest first.
func (db *DB) Latest(user, channel, limit int) ([]Message, error) {
	list, err := db.messages(latestQuery, limit, string(workload.User(user)), string(workload.CID(channel)), limit)
	slices.Reverse(list)
	return list, err
}

// Around reads a page around a message, oldest first.
func (db *DB) Around(user int, id string, limit int) ([]Message, error) {
	var channel, at int64
	if err := db.reader.row(placeQuery, []any{id}, &channel, &at); err != nil {
		return nil, err
	}
	name := string(workload.User(user))
	older, err := db.messages(olderQuery, limit, name, channel, limit/2, at)
	if err != nil {
		return nil, err
	}
	slices.Reverse(older)
	newer, err := db.messages(newerQuery, limit, name, channel, limit-limit/2, at)
	return append(older, newer...), err
}

// Message reads one message.
func (db *DB) Message(user int, id string) (Message, error) {
	list, err := db.messages(byIDQuery, 1, string(workload.User(user)), id)
	if err != nil {
		return Message{}, err
	}
	if len(list) == 0 {
		return Message{}, sql.ErrNoRows
	}
	return list[0], nil
}

// Unread counts what a user has unread in a channel.
func (db *DB) Unread(user, channel int) (n int, err error) {
	err = db.reader.row(unreadQuery, []any{string(workload.User(user)), string(workload.CID(channel))}, &n)
	return n, err
}

// Channels lists a user's channels with the newest messages.
func (db *DB) Channels(user, limit int) ([]Entry, error) {
	rows, err := db.reader.query(listQuery, string(workload.User(user)), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]Entry, 0, limit)
	for rows.Next() {
		var e Entry
		m := &e.Last
		if err := rows.Scan(&e.CID, &e.Unread, &m.ID, &m.Author, &m.Name, &m.Text, &m.HTML, &m.Custom, &m.At, &m.DeletedAt); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

func (db *DB) messages(query string, size int, args ...any) ([]Message, error) {
	rows, err := db.reader.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]Message, 0, size)
	for rows.Next() {
		var m Message
		if err := rows.Scan(&m.ID, &m.Author, &m.Name, &m.Text, &m.HTML, &m.Custom, &m.At, &m.DeletedAt, &m.ForMe); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

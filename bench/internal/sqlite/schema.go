// Package sqlite is a chat on SQLite as an expert would lay it out: everything
// a page needs in the order of the page, counts that are kept and not counted,
// and prepared statements. It keeps unread counts exact by giving each counted
// message its ordinal: what is unread is a subtraction, corrected by what was
// deleted since. It has none of the engine's other rules.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// schema: the primary keys are the order on disk (WITHOUT ROWID), so that a
// page of a channel lies together. Private messages are counted per user, apart
// from the public ones.
const schema = `
CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE channels (
	id INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE,
	last_at INTEGER NOT NULL DEFAULT 0, counted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE members (
	user TEXT NOT NULL, channel INTEGER NOT NULL, read_at INTEGER NOT NULL DEFAULT 0,
	read_counted INTEGER NOT NULL DEFAULT 0,
	private_counted INTEGER NOT NULL DEFAULT 0, private_read INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (channel, user)) WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user, channel);
CREATE TABLE messages (
	channel INTEGER NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, author TEXT NOT NULL,
	text TEXT NOT NULL, html TEXT, custom TEXT, private INTEGER NOT NULL DEFAULT 0,
	ordinal INTEGER NOT NULL, deleted_at INTEGER,
	PRIMARY KEY (channel, at)) WITHOUT ROWID;
CREATE UNIQUE INDEX messages_by_id ON messages (id);
CREATE TABLE audience (
	channel INTEGER NOT NULL, user TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (channel, user, at)) WITHOUT ROWID;
CREATE TABLE removed (
	channel INTEGER NOT NULL, ordinal INTEGER NOT NULL,
	PRIMARY KEY (channel, ordinal)) WITHOUT ROWID;
CREATE TABLE for_me (
	channel INTEGER NOT NULL, user TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (channel, user, at)) WITHOUT ROWID;
`

// settings: durable like the others, with room to cache.
var settings = [...]string{
	"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536",
	"PRAGMA mmap_size=1073741824", "PRAGMA temp_store=MEMORY", "PRAGMA wal_autocheckpoint=4000",
}

// DB is a chat in a file, with one connection to write and one to read.
type DB struct {
	Name string // of the driver

	writer, reader *connection
	mu             sync.Mutex // held to write
	queue          chan request
}

// connection is one connection with its prepared statements.
type connection struct {
	db         *sql.DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// Open makes a file with a driver of Drivers.
func Open(d Driver, path string) (*DB, error) {
	writer, err := connect(d, path)
	if err != nil {
		return nil, err
	}
	db := &DB{Name: d.Name, writer: writer, queue: make(chan request, 1024)}
	if _, err := writer.conn.ExecContext(context.Background(), schema); err != nil {
		return nil, errors.Join(err, writer.close())
	}
	if db.reader, err = connect(d, path); err != nil {
		return nil, errors.Join(err, writer.close())
	}
	go db.commitGroups()
	return db, nil
}

// Close closes the file. Nothing may be waiting.
func (db *DB) Close() error {
	close(db.queue)
	return errors.Join(db.reader.close(), db.writer.close())
}

func connect(d Driver, path string) (*connection, error) {
	ctx := context.Background()
	pool, err := sql.Open(d.registered, "file:"+path)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	c := &connection{db: pool, conn: conn, statements: map[string]*sql.Stmt{}}
	for _, pragma := range settings {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", pragma, err), c.close())
		}
	}
	return c, nil
}

func (c *connection) close() error {
	for _, s := range c.statements {
		_ = s.Close()
	}
	return errors.Join(c.conn.Close(), c.db.Close())
}

// prepared is the prepared statement of a query.
func (c *connection) prepared(query string) (*sql.Stmt, error) {
	if s := c.statements[query]; s != nil {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err == nil {
		c.statements[query] = s
	}
	return s, err
}

func (c *connection) exec(query string, args ...any) (sql.Result, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.Exec(args...)
}

func (c *connection) query(query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.Query(args...)
}

func (c *connection) row(query string, args []any, into ...any) error {
	s, err := c.prepared(query)
	if err != nil {
		return err
	}
	return s.QueryRow(args...).Scan(into...)
}

//go:build cgo

package sqlite

import (
	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

func mattn() []Driver { return []Driver{{"SQLite (mattn)", "sqlite3"}} }

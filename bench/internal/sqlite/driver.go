package sqlite

import (
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Driver is one of the SQLite drivers that are compiled in.
type Driver struct {
	Name       string
	registered string
}

// Modernc is SQLite translated to Go.
func Modernc() Driver { return Driver{"SQLite (modernc)", "sqlite"} }

// Drivers are all drivers that are compiled in: modernc first, and mattn where
// there is a C compiler.
func Drivers() []Driver { return append([]Driver{Modernc()}, mattn()...) }

//go:build !cgo

package sqlite

func mattn() []Driver { return nil }

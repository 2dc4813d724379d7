//go:build !linux

package boltstore

import "os"

// syncData has on the disk what was written to a file.
func syncData(f *os.File) error { return f.Sync() }

package boltstore

import (
	"os"
	"syscall"
)

// syncData has on the disk what was written to a file, and as much of what is
// known about the file as it takes to read that.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		switch err {
		case nil:
			return nil
		case syscall.EINTR:
		default:
			return &os.PathError{Op: "sync", Path: f.Name(), Err: err}
		}
	}
}

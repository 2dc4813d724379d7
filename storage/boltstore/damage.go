package boltstore

import "fmt"

// bbolt takes what a page says for granted: on a damaged one it panics, or hands
// out slices that end behind the file, where reading faults. Both become errors
// here, so that a damaged file does not end the program.

// catchPanic makes an error of a panic. It is deferred around calls of bbolt
// alone.
func catchPanic(err *error) {
	if r := recover(); r != nil {
		*err = damaged(r)
	}
}

// catchFaults makes an error of a memory fault, also of one in the function of
// a transaction, which reads what bbolt has handed out. Other panics go on. It
// is deferred where [debug.SetPanicOnFault] is on.
func catchFaults(err *error) {
	switch r := recover().(type) {
	case nil:
	case interface{ Addr() uintptr }: // a runtime.Error of a fault at an address
		*err = damaged(r)
	default:
		panic(r)
	}
}

func damaged(reason any) error {
	return fmt.Errorf("boltstore: the file is damaged: %v", reason)
}

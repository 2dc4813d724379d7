package workload

import (
	"errors"
	"io"
	"os"
)

// CopyFile copies a file, in place of another if there is one. The copy is on the
// disk, as what was copied is: nobody else has to wait for that.
func CopyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err = io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

package driver

import (
	"bytes"
	"slices"
)

// Distinct is the names without repetitions, in no particular order. It does
// not change its argument, and copies it only where there is more than one.
func Distinct(names [][]byte) [][]byte {
	if len(names) < 2 {
		return names
	}
	names = slices.Clone(names)
	slices.SortFunc(names, bytes.Compare)
	return slices.CompactFunc(names, bytes.Equal)
}

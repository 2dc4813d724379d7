package record

import "strings"

// texts copies what a call reads into strings that share memory, many a piece.
// Who keeps one string keeps its piece, so these are short.
type texts struct {
	piece strings.Builder
}

const (
	shortPiece = 1 << 10
	longPiece  = 8 << 10
)

// copy makes a string. It is told how many bytes there may be in all, with
// those to come.
func (t *texts) copy(raw []byte, all int) string {
	if t.piece.Cap()-t.piece.Len() < len(raw) {
		t.piece.Reset()
		t.piece.Grow(max(len(raw), min(all, longPiece)))
	}
	start := t.piece.Len()
	t.piece.Write(raw)
	return t.piece.String()[start:]
}

func (t *texts) reset() { *t = texts{} }

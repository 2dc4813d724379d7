package boltstore
import ("testing";"time";"fmt";"os";"path/filepath";"math/rand/v2"
"example.com/chat/storage")
func TestZZ(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s, _ := Open(path, &Options{NoSync:true})
	for i := range 600 { s.Update(t.Context(), "s", func(tx storage.Txn) error {
		for range 1000 { tx.Put(fmt.Appendf(nil, "%012d", rand.IntN(1e9)), make([]byte, 250)) }
		_ = i; return nil }) }
	t0 := time.Now(); s.Close(); fmt.Println("close", time.Since(t0))
	st, _ := os.Stat(path); fmt.Println("size MB", st.Size()>>20)
	t0 = time.Now(); s, _ = Open(path, nil); fmt.Println("open clean", time.Since(t0))
	s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("x"), nil) })
	s.db.Close()
	t0 = time.Now(); s, _ = Open(path, nil); fmt.Println("open after kill", time.Since(t0)); s.Close()
}

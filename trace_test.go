package chat

import (
	"context"
	"testing"
)

func TestNoTraceCostsNothing(t *testing.T) {
	a := &App{options: Options{Trace: &Trace{}}}
	call := func(ctx context.Context) (err error) {
		defer a.operation(&ctx, "Send").ended(&err)
		return nil
	}
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() { _ = call(ctx) }); n != 0 {
		t.Errorf("a call without a trace allocates %v times for it", n)
	}
}

package chat_test

import (
	"context"
	"fmt"

	"example.com/chat"
)

// A Trace counts and times what the engine does. How to connect one with
// OpenTelemetry is in examples/opentelemetry.
func ExampleTrace() {
	calls := map[string]int{}
	commits := 0
	app, ctx := exampleRoom(&chat.Options{NoBackground: true, Trace: &chat.Trace{
		Operation: func(ctx context.Context, name string) (context.Context, func(error)) {
			return ctx, func(err error) { calls[fmt.Sprint(name, " ", err == nil)]++ }
		},
		Commit: func(context.Context, chat.CommitTrace) { commits++ },
	}})
	defer app.Close()
	commits = 0
	jane := app.As("jane")
	for _, text := range []string{"hello", "", "bye"} {
		_, _ = jane.Send(ctx, "messaging:room", chat.Draft{Text: text})
	}
	fmt.Println(calls["Send true"], calls["Send false"], commits)
	// Output:
	// 2 1 2
}

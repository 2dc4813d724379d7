package main

import (
	"strings"
	"testing"
)

// TestClient runs the whole program: nothing is missed and nothing comes twice.
func TestClient(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, ""); err != nil {
		t.Fatal(err)
	}
	want := `Jane reads the room and connects. John writes to her.
   message.new: Hello, Jane, 2 unread
   message.new: Are you there?, 2 unread
Her connection breaks. John goes on.
She comes back.
   message.new: You are away, 4 unread
   message.new: but will miss nothing, 4 unread
`
	if out.String() != want {
		t.Errorf("the program says\n%s", &out)
	}
}

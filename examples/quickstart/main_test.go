package main

import (
	"strings"
	"testing"
)

// TestTour runs the whole program and looks for the lines that its story turns
// on.
func TestTour(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	next := 0
	for _, want := range []string{
		"1. Jane and John",
		"   Jane, 1 unread:  John: Hello Jane, I am on my way",
		"   John, 0 unread:  John: Hello Jane, I am on my way",
		"2. The application has",
		"   Jane, 2 unread:  John: Hello Jane, I am on my way | Taxi: Your code for the door is 4711",
		"   John, 0 unread:  John: Hello Jane, I am on my way",
		"3. Jane sends",
		"   Jane, 2 unread:  John: Hello Jane, I am on my way | Taxi: Your code for the door is 4711 | Jane, not yet shown to others: Call me at 555 0100",
		"   John, 0 unread:  John: Hello Jane, I am on my way",
		"   The moderator commits it",
		"   John, 1 unread:  John: Hello Jane, I am on my way | Jane: Call me at 555 0100",
		"4. John answers",
		"   John, 0 unread:  John: Hello Jane, I am on my way | Jane: Call me at 555 0100 | John: (deleted)",
		"5. The application undeletes",
		"   Jane, 3 unread:",
		"6. Jane reads",
		"   Jane, 0 unread:",
	} {
		for next < len(lines) && !strings.HasPrefix(lines[next], want) {
			next++
		}
		if next == len(lines) {
			t.Fatalf("no line begins %q after the ones before it:\n%s", want, out.String())
		}
		// A line that ends where it should not would show a leak.
		if strings.Contains(want, "unread:  ") && lines[next] != want {
			t.Errorf("got %q, want %q", lines[next], want)
		}
	}
}

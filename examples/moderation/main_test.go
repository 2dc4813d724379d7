package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain lets the test's own binary be the moderator.
func TestMain(m *testing.M) {
	if os.Getenv(envDecisions) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestConversation runs both processes and looks for each line that their story
// turns on, in order.
func TestConversation(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v, after:\n%s", err, out.String())
	}
	lines := strings.Split(out.String(), "\n")
	next := 0
	for _, want := range []string{
		"1. The application is process",
		"2. John says hello.",
		`   moderator: "Hello Jane, I am on my way" is fine: commit`,
		"   Jane sees:  John: Hello Jane, I am on my way",
		"3. John gives",
		`   moderator: "Call me at 555 0100" has a phone number: delete`,
		`   moderator: "Call me at 555 0100" is gone`,
		"   Jane sees:  John: Hello Jane, I am on my way",
		"   John sees:  John: Hello Jane, I am on my way",
		"4. John sends a link.",
		`   moderator: "Look at https://example.org" has a link: a person is to look at it`,
		"   Jane sees:  John: Hello Jane, I am on my way",
		"   John sees:  John: Hello Jane, I am on my way | John, waiting: Look at https://example.org",
		"   Nobody has looked yet",
		`   moderator: "Look at https://example.org" is gone; nobody need look at it`,
		"   John sees:  John: Hello Jane, I am on my way",
		"5. Somebody without the secret decides something. The application answers 401 Unauthorized.",
	} {
		for next < len(lines) && lines[next] != want && (strings.HasPrefix(want, "   J") || !strings.HasPrefix(lines[next], want)) {
			next++
		}
		if next == len(lines) {
			t.Fatalf("no line %q after the ones before it:\n%s", want, out.String())
		}
		next++
	}
}

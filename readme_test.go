package chat_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeShowsTheTestedExample compares the first block of Go in the README
// with the body of Example, all but its first line, which leads into a
// temporary folder.
func TestReadmeShowsTheTestedExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```go\n")
	shown, _, found := strings.Cut(shown, "```\n")
	if !found {
		t.Fatal("no block of Go in the README")
	}
	_, tested, _ := strings.Cut(string(source), "\tdefer exampleFolder()()\n")
	tested, _, found = strings.Cut(tested, "\t// Output:\n")
	if !found {
		t.Fatal("no example in example_test.go")
	}
	tested = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(tested, "")
	if shown != tested {
		t.Errorf("the README shows\n%s\nand what is tested is\n%s", shown, tested)
	}
	if n := strings.Count(string(readme), "\n"); n > 300 {
		t.Errorf("the README has %d lines; at most 300", n)
	}
}

// TestReadmeLinksLeadSomewhere checks the links in the documents at the root
// that lead to files of the repository.
func TestReadmeLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, name := range []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}

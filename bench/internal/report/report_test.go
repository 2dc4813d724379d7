package report

import (
	"strings"
	"testing"
	"time"
)

func TestTheVerdictNamesWhatIsShort(t *testing.T) {
	var out strings.Builder
	r := New(&out, "a machine", false)
	r.Note("noted", "7/s")
	r.AtLeast("enough", 2, 1.5, "")
	r.AtMost("too much", 2.25, 2, "9 → 20")
	if got, want := r.End(), 1; got != want {
		t.Errorf("the status is %d; want %d", got, want)
	}
	want := "measurement\tmeasured\trequired\t\nmachine\ta machine\t\t\nnoted\t7/s\t\t\nenough\t2\tat least 1.50\tok\n" +
		"too much\t2.25 (9 → 20)\tat most 2\tshort\nshort: too much: 2.25, at most 2\n"
	if got := out.String(); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

func TestMarkdownIsATable(t *testing.T) {
	var out strings.Builder
	r := New(&out, "a machine", true)
	r.AtMost("little", 1, 2, "")
	if got := r.End(); got != 0 {
		t.Errorf("the status is %d; want 0", got)
	}
	want := "a machine\n\n| measurement | measured | required |  |\n| --- | --- | --- | --- |\n| little | 1 | at most 2 | ok |\n\nok\n"
	if got := out.String(); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

func TestFiguresAreShort(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1_000: "1,000", 1_020_003: "1,020,003"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is %s; want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		2_340: "2.3 µs", 123_400: "123 µs", 25 * time.Millisecond: "25 ms",
	} {
		if got := Short(d); got != want {
			t.Errorf("%d ns is %s; want %s", d, got, want)
		}
	}
}

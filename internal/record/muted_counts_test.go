package record

import "testing"

// TestMutedCountHoldsWhileNothingElseChanged: new messages are counted on, anything
// else is counted anew, also where the clock was set back.
func TestMutedCountHoldsWhileNothingElseChanged(t *testing.T) {
	counted := func() *mutedCount {
		return &mutedCount{
			stamp: 1, from: 10, until: 20, after: 5, private: true, privateReader: "jane",
			total: [2]uint64{7, 7}, changes: [2]uint64{3, 3},
		}
	}
	for name, c := range map[string]struct {
		at     int64
		change func(*mutedCount)
		want   bool
	}{
		"at once":                  {at: 10, want: true},
		"before the first ends":    {at: 19, want: true},
		"as the first ends":        {at: 20},
		"with the clock set back":  {at: 9},
		"more messages":            {at: 15, change: func(c *mutedCount) { c.total = [2]uint64{8, 9} }, want: true},
		"fewer messages":           {at: 15, change: func(c *mutedCount) { c.total[0]-- }},
		"fewer private messages":   {at: 15, change: func(c *mutedCount) { c.total[1]-- }},
		"other mutes":              {at: 15, change: func(c *mutedCount) { c.stamp++ }},
		"read further":             {at: 15, change: func(c *mutedCount) { c.after++ }},
		"a deletion":               {at: 15, change: func(c *mutedCount) { c.changes[0]++ }},
		"a private deletion":       {at: 15, change: func(c *mutedCount) { c.changes[1]++ }},
		"without private messages": {at: 15, change: func(c *mutedCount) { c.private = false }},
		"all private messages":     {at: 15, change: func(c *mutedCount) { c.privateReader = "" }},
	} {
		now := counted()
		if c.change != nil {
			c.change(now)
		}
		if got := counted().same(now, c.at); got != c.want {
			t.Errorf("%s: it holds: %t; want %t", name, got, c.want)
		}
	}
}

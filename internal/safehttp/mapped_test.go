package safehttp

import (
	"errors"
	"testing"
)

// TestAMappedAddressIsTheHostThatItHolds: an address of IPv4 written as one of
// IPv6 is no other host, for the lists of hosts and for who counts them.
func TestAMappedAddressIsTheHostThatItHolds(t *testing.T) {
	const mapped = "http://[::ffff:8.8.8.8]/a"
	open, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if u, err := open.CheckURL(mapped); err != nil || u.String() != "http://8.8.8.8/a" {
		t.Errorf("CheckURL(%s) = %v, %v; want http://8.8.8.8/a", mapped, u, err)
	}
	for _, host := range []string{"8.8.8.8", "::ffff:8.8.8.8", "[::ffff:808:808]"} {
		c, err := New(Options{DeniedHosts: []string{host}})
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{mapped, "http://[::ffff:808:808]/", "http://8.8.8.8/"} {
			if u, err := c.CheckURL(link); !errors.Is(err, ErrRefused) {
				t.Errorf("with %s denied, CheckURL(%s) = %v, %v; want ErrRefused", host, link, u, err)
			}
		}
	}
}

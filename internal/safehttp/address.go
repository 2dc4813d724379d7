package safehttp

import (
	"net/netip"
	"slices"
)

// IsPublic says whether an address is one of the public internet: not of this
// machine or its networks, not reserved, not multicast, and not one that holds
// another address, which some gateway may take out and go to.
func IsPublic(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	switch {
	case a.Is4():
		return !slices.ContainsFunc(special4, in)
	case a.Is6():
		return global6.Contains(a) && !slices.ContainsFunc(special6, in)
	}
	return false
}

// special4 is all of IPv4 that is not public, by IANA's registry of special
// addresses and that of multicast.
var special4 = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network; 0.0.0.0 is this machine on Linux
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT, metadata of a cloud
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local, metadata of clouds
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments, metadata of a cloud
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.31.196.0/24"), // AS112
	netip.MustParsePrefix("192.52.193.0/24"), // AMT
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("192.175.48.0/24"), // AS112
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
}

// global6 is all of IPv6 that is routed. Outside are loopback, local and mapped
// addresses, NAT64 and multicast.
var global6 = netip.MustParsePrefix("2000::/3")

// special6 is what is not public within global6.
var special6 = []netip.Prefix{
	netip.MustParsePrefix("2001::/23"),     // protocol assignments: Teredo, ORCHID, benchmarks
	netip.MustParsePrefix("2001:db8::/32"), // documentation
	netip.MustParsePrefix("2002::/16"),     // 6to4, which holds an IPv4 address
	netip.MustParsePrefix("3fff::/20"),     // documentation
}

package markup

import (
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// rel has search engines give no credit for a link, and the page behind it no
// hold on this one.
const rel = ` rel="nofollow noopener noreferrer ugc"`

// policy says where a link may lead and whether images are shown.
type policy struct {
	schemes []string // in lower case; http and https are always among them
	images  bool
	any     bool // tests of conformance alone: every address is one
}

// address is an address as an attribute may hold it, percent-encoded. It is not
// ok unless it is absolute and of a scheme on the list; what stays is text.
func (p policy) address(s string) (address string, ok bool) {
	address = s
	if !isOf(s, "/:.?=&-_#+") {
		address = string(util.URLEscape([]byte(s), false))
	}
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' {
			return "", false
		}
	}
	if p.any {
		return address, true
	}
	scheme, rest, found := strings.Cut(address, ":")
	if !found || !slices.Contains(p.schemes, strings.ToLower(scheme)) {
		return "", false
	}
	if isWeb(scheme) && !hasHost(rest) {
		return "", false
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
	if isWeb(scheme) && isOf(host, ".-") {
		return address, true // as nearly all are, and quicker told
	}
	_, err := url.Parse(address) // a host with a quote in it, for one
	return address, err == nil
}

// isOf says that a text has letters, digits and these characters alone.
func isOf(s, others string) bool {
	for i := range len(s) {
		if !isAlphaNumeric(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

// imageAddress is an address that an image may come from.
func (p policy) imageAddress(s string) (address string, ok bool) {
	address, ok = p.address(s)
	return address, ok && (p.any || isWebAddress(address))
}

func isWebAddress(address string) bool {
	scheme, rest, _ := strings.Cut(address, ":")
	return isWeb(scheme) && hasHost(rest)
}

func isWeb(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// hasHost says that after the colon there is a host, so that no browser takes
// the address for a path of the page it stands in.
func hasHost(rest string) bool {
	host, ok := strings.CutPrefix(rest, "//")
	return ok && host != "" && !strings.ContainsRune(`/?#:@`, rune(host[0]))
}

// linkStart is the start of a link to an address. The title is that of an
// attribute.
func linkStart(address, title string) string {
	return `<a href="` + escape(address) + `"` + titleAttribute(title) + rel + `>`
}

func imageElement(address, alt, title string) string {
	return `<img src="` + escape(address) + `" alt="` + attribute(alt) + `"` + titleAttribute(title) + `>`
}

func titleAttribute(title string) string {
	if title == "" {
		return ""
	}
	return ` title="` + attribute(title) + `"`
}

// attribute is text as the value of an attribute.
func attribute(s string) string {
	return escape(withoutBidi(strings.ReplaceAll(s, "\r", "\n")))
}

// startLink begins a link, unless it leads nowhere or lies in another.
func (o *output) startLink(address, title string, ok bool) {
	o.leads = append(o.leads, ok)
	if o.links == 0 && ok {
		o.open(linkStart(address, title))
	}
	if ok {
		o.links++
	}
}

func (o *output) endLink() {
	ok := o.leads[len(o.leads)-1]
	o.leads = o.leads[:len(o.leads)-1]
	if ok {
		o.links--
	}
	if o.links == 0 && ok {
		o.close("</a>")
	}
}

// found remembers the first address that a preview can be made of, as it was
// typed.
func (o *output) found(address string, ok bool) {
	if o.firstURL == "" && ok && isWebAddress(address) {
		o.firstURL = address
	}
}

func (r *nodes) link(o *output, _ []byte, node ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		o.endLink()
		return ast.WalkContinue
	}
	n := node.(*ast.Link)
	destination := resolved(n.Destination)
	address, ok := r.policy.address(destination)
	o.found(destination, ok)
	o.startLink(address, resolved(n.Title), ok)
	return ast.WalkContinue
}

// image shows an image where that is allowed; elsewhere it is a link, so that
// opening a chat loads nothing from a server that a stranger named.
func (r *nodes) image(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		o.endLink()
		return ast.WalkContinue
	}
	n := node.(*ast.Image)
	destination := resolved(n.Destination)
	address, ok := r.policy.imageAddress(destination)
	if ok && r.policy.images {
		o.found(destination, ok)
		o.put(imageElement(address, plainText(source, n), resolved(n.Title)))
		o.startLink("", "", false) // its end is told, too
		return ast.WalkSkipChildren
	}
	o.found(destination, ok)
	o.startLink(address, resolved(n.Title), ok)
	if ok && plainText(source, n) == "" {
		o.put(escape(address))
	}
	return ast.WalkContinue
}

// autoLink is a link that shows where it leads. One that leads nowhere is as it
// was typed.
func (r *nodes) autoLink(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	n := node.(*ast.AutoLink)
	destination := string(n.URL(source))
	if n.AutoLinkType == ast.AutoLinkEmail {
		destination = "mailto:" + destination
	}
	label := string(n.Label(source))
	address, ok := r.policy.address(destination)
	if !ok {
		if at := n.Pos(); 0 <= at && at < len(source) && source[at] == '<' {
			label = "<" + label + ">"
		}
		o.putText([]byte(label), true)
		return ast.WalkContinue
	}
	o.found(destination, ok)
	if holdsBidi(label) {
		label = address // which cannot be read as another
	}
	o.startLink(address, "", ok)
	o.put(escape(label))
	o.endLink()
	return ast.WalkContinue
}

package unfurl

import "strings"

// field is a value of which a page has one.
type field int

const (
	ogTitle field = iota
	ogDescription
	ogSite
	ogType
	ogURL
	twitterTitle
	twitterDescription
	twitterImage
	twitterImageSrc
	title
	description
	applicationName
	appName
	publisher
	dcTitle
	dcDescription
	fields // how many there are
)

// fieldOf is the field that a name of a meta tag means.
func fieldOf(name string) (field, bool) {
	switch name {
	case "og:title":
		return ogTitle, true
	case "og:description":
		return ogDescription, true
	case "og:site_name":
		return ogSite, true
	case "og:type":
		return ogType, true
	case "og:url":
		return ogURL, true
	case "twitter:title":
		return twitterTitle, true
	case "twitter:description":
		return twitterDescription, true
	case "twitter:image":
		return twitterImage, true
	case "twitter:image:src":
		return twitterImageSrc, true
	case "title":
		return title, true
	case "description":
		return description, true
	case "application-name":
		return applicationName, true
	case "al:ios:app_name":
		return appName, true
	case "publisher":
		return publisher, true
	case "dc.title", "dcterms.title":
		return dcTitle, true
	case "dc.description", "dcterms.description":
		return dcDescription, true
	}
	return 0, false
}

// media is images, videos or audios of a page, in its order.
type media struct{ list []medium }

// medium is one of them: tags of one name, and of names below it, that follow
// each other.
type medium struct{ url, secure, kind string }

// add adds the value of a tag if its name is the one given or below it.
func (m *media) add(root, name, value string) bool {
	part, ok := strings.CutPrefix(name, root)
	if !ok || part != "" && part[0] != ':' {
		return false
	}
	var last medium
	if len(m.list) > 0 {
		last = m.list[len(m.list)-1]
	}
	switch {
	case part == "" && last.url == "", part == ":url" && (last.url == "" || last.url == value):
		last.url = value
	case part == "":
		m.begin(medium{url: value})
		return true
	case part == ":secure_url" && last.secure == "":
		last.secure = value
	case part == ":type" && last.kind == "":
		last.kind = strings.ToLower(value)
	default:
		return true // a width, say
	}
	if len(m.list) == 0 {
		m.begin(last)
	} else {
		m.list[len(m.list)-1] = last
	}
	return true
}

func (m *media) begin(one medium) {
	if len(m.list) < maxMedia {
		m.list = append(m.list, one)
	}
}

// link is the first of them that can be linked to.
func (m *media) link(base *base) string {
	for _, one := range m.list {
		if strings.HasPrefix(one.kind, "image/svg") {
			continue
		}
		if link := base.media(one.secure, one.url); link != "" {
			return link
		}
	}
	return ""
}

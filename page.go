package chat

// PageToken leads to another page of the same list: of the same call, for the
// same channel, filter and order. Treat it as opaque; one that was not made by
// the engine, or for another call, channel or order, is ErrInvalid.
type PageToken string

// Page is a part of a list. Prev and Next are empty where the list ends: Prev
// leads to what lies before Items, Next to what lies after them.
type Page[T any] struct {
	Items      []T
	Prev, Next PageToken

	// Cursor reads the events on from exactly this moment: what the page shows
	// has no event after it, what happens later has one. Of
	// Channels, Messages, Replies and Threads alone.
	Cursor Cursor
}

// None, as a count in a query, asks for no items where 0 asks for the default.
const None = -1

package chat

// Session is what one user may do: their permissions and what they may see
// apply to every call. What only the application may do is not there to be
// called. A Session holds nothing but the user's id; make one a request, or
// keep it. It is safe for concurrent use.
//
// Calls of a user who does not exist or is deactivated answer ErrPermission. A
// channel the user may not read answers ErrNotFound, as one that does not
// exist; an act they may not do in a channel they can read, ErrPermission.
type Session struct {
	app  *App
	user UserID
}

// User is the id of the user the session acts as.
func (s *Session) User() UserID { return s.user }

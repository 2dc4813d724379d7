// Package chat is a chat engine that lives inside a Go program: channels,
// messages, private messages, pending moderation, three kinds of delete and
// exact unread counts, as in-process calls. There is no server to run.
//
//	app, err := chat.Open("chat.db", nil)
//
// opens the chat in one file; [New] takes any storage driver, such as
// storage/memstore for tests.
//
// # Who asks
//
// [App] is the application itself and may do everything. [App.As] gives a
// [Session], which acts as one user: permissions and visibility apply to each
// of its calls, and what only the application may do, such as committing a
// pending message or reading a deleted original, is not there to be called.
//
// # What one sees
//
// What a user may not see answers exactly like what does not exist. Private
// messages, those that await commit and those deleted leave no trace in pages,
// counts, orders or errors of anyone else.
//
// # What happened
//
// Every change leaves events with it: [Session.Poll] and [Session.Events] read
// on from a cursor and miss nothing, over restarts too. The application is told
// of everything by an [EventHandler] or a webhook, of pending messages by a
// [PendingHandler] or callbacks, of whom to push to by a [Pusher], and is asked
// before a message is stored by a [Moderator]. Such work is recorded with the
// change and done in the background, at least once, until the App is closed.
//
// # Errors
//
// Every error is an [*Error] that names the call, the field and the reason, and
// is of one of six kinds for [errors.Is]. A call that fails changed nothing.
package chat

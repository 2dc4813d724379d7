package keys

// The logs of events. A change that some are told of goes to the log of each
// audience; who may read a log is decided when it is read.

// ChannelLog is what all who read a channel are told.
func ChannelLog(c Channel) []byte { return number([]byte{'c'}, c) }

// PrivateLog is what those are told who may see all private messages of a
// channel.
func PrivateLog(c Channel) []byte { return number([]byte{'p'}, c) }

// UserLog is what one user alone is told.
func UserLog(user string) []byte { return append([]byte{'u'}, user...) }

// GoneLog is which of a user's channels were deleted and are no longer listed as
// theirs. Nobody is told of what lies in it: it leads to the logs of the channels.
func GoneLog(user string) []byte { return append([]byte{'g'}, user...) }

// LogKind says whose log a name is: one user's own, or that of those who may see
// all private messages of a channel; else all readers' of a channel, or no log's.
func LogKind(log []byte) (user, private bool) {
	return len(log) > 0 && log[0] == 'u', len(log) > 0 && log[0] == 'p'
}

package keys

const familyErasure = 'x'

// Erasure is how far the erasure of a user has come. Scope: users.
func Erasure(user string) []byte { return append(global(familyErasure, len(user)), user...) }

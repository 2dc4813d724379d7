package chat

import (
	"cmp"
	"context"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// UserID names a user: 1 to 255 bytes of letters, digits and @ . _ - | : +
type UserID string

// Role is a user's role in the whole application or a member's in a channel.
// An application may use roles of its own: they have the grants its channel
// types give them.
type Role string

// The built-in roles.
const (
	RoleUser      Role = "user" // the default
	RoleGuest     Role = "guest"
	RoleAnonymous Role = "anonymous"
	RoleModerator Role = "moderator"
	RoleAdmin     Role = "admin"

	RoleChannelMember    Role = "channel_member" // the default of a member
	RoleChannelModerator Role = "channel_moderator"

	// RoleChannelCreator is nobody's role: it names the grants that a user of
	// any role has in a channel they created.
	RoleChannelCreator Role = "channel_creator"
)

// User is a user of the application.
type User struct {
	ID     UserID
	Name   string // at most 255 runes
	Role   Role   // empty in UpsertUsers: RoleUser, or what it was
	Custom Custom

	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeactivatedAt *time.Time
	ErasedAt      *time.Time // by EraseUser: nothing is left of them but the id
}

// UpsertUsers makes users, or replaces name, role and custom data of those who
// exist, at most 100, all or none. Dates and deactivation are the engine's and
// ignored. A user who is the same already stays as they are, UpdatedAt too.
// ErrDeleted for one who is erased.
func (a *App) UpsertUsers(ctx context.Context, users ...User) (err error) {
	const op = "UpsertUsers"
	defer a.operation(&ctx, op).ended(&err)
	if len(users) > maxUsersAtOnce {
		return in(op, invalid("users", "has %d; at most %d", len(users), maxUsersAtOnce))
	}
	prepared := make([]codec.User, len(users))
	for i, u := range users {
		var err error
		if prepared[i], err = prepareUser(u); err != nil {
			return in(op, within(element("users", i), err))
		}
	}
	return a.update(ctx, op, record.UsersScope, func(tx *record.Txn) error {
		for i, u := range prepared {
			if err := upsertUser(tx, u); err != nil {
				return within(element("users", i), err)
			}
		}
		return nil
	})
}

func prepareUser(u User) (codec.User, error) {
	if err := checkUserID("id", u.ID); err != nil {
		return codec.User{}, err
	}
	if err := checkName("name", u.Name); err != nil {
		return codec.User{}, err
	}
	switch u.Role {
	case "":
	case RoleChannelMember, RoleChannelModerator, RoleChannelCreator:
		return codec.User{}, invalid("role", "%q is a role in a channel, not of a user", u.Role)
	default:
		if err := checkRole("role", u.Role); err != nil {
			return codec.User{}, err
		}
	}
	custom, err := encodeCustom("custom", u.Custom, maxCustom, userFields)
	if err != nil {
		return codec.User{}, err
	}
	return codec.User{ID: string(u.ID), Name: u.Name, Role: string(u.Role), Custom: string(custom)}, nil
}

func upsertUser(tx *record.Txn, u codec.User) error {
	b := tx.Batch()
	known := b.User(u.ID)
	if err := b.Run(); err != nil {
		return err
	}
	if !known.Found {
		u.CreatedAt = now().UnixMicro()
		u.UpdatedAt = u.CreatedAt
		u.Role = cmp.Or(u.Role, string(RoleUser))
		return tx.PutUser(u)
	}
	if err := unerased("id", &known.V); err != nil {
		return err
	}
	u.Blocks, u.BlockedBy = known.V.Blocks, known.V.BlockedBy
	u.CreatedAt, u.UpdatedAt, u.Deactivated = known.V.CreatedAt, known.V.UpdatedAt, known.V.Deactivated
	u.Role = cmp.Or(u.Role, known.V.Role)
	if u == known.V {
		return nil
	}
	u.UpdatedAt = now().UnixMicro()
	if err := tx.PutUser(u); err != nil {
		return err
	}
	return tellUserUpdated(tx, u.ID)
}

// User returns a user. ErrNotFound if there is none of the id.
func (a *App) User(ctx context.Context, id UserID) (_ User, err error) {
	const op = "User"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("id", id); err != nil {
		return User{}, in(op, err)
	}
	var u User
	err = a.view(ctx, op, func(r *record.Reader) error {
		b := r.Batch()
		stored := b.User(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !stored.Found {
			return notFound("user", id)
		}
		u = userFrom(&stored.V)
		return nil
	})
	return u, err
}

// UserQuery asks for users.
type UserQuery struct {
	Limit int // default 25, at most 300
	Page  PageToken
}

// Users returns a page of all users, by id. The list is read forwards: Prev is
// always empty.
func (a *App) Users(ctx context.Context, q UserQuery) (_ Page[User], err error) {
	const op = "Users"
	defer a.operation(&ctx, op).ended(&err)
	var result Page[User]
	var after string
	err = checkLimit("limit", &q.Limit, standardPage, maxPage)
	if err == nil && q.Page != "" {
		err = q.Page.decodeText(tokenUsers, &after)
	}
	if err != nil {
		return result, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		result = Page[User]{}
		list, err := r.Users(after, q.Limit+1)
		if err != nil {
			return err
		}
		if len(list) > q.Limit {
			list = list[:q.Limit]
			result.Next = encodeTextToken(tokenUsers, list[q.Limit-1].ID)
		}
		for _, u := range list {
			result.Items = append(result.Items, userFrom(&u))
		}
		return nil
	})
	return result, err
}

// PatchUser changes parts of a user. Paths reach name, role and any custom
// data. ErrNotFound if there is none of the id, ErrDeleted if they are erased.
func (a *App) PatchUser(ctx context.Context, id UserID, p Patch) (_ User, err error) {
	const op = "PatchUser"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("id", id); err != nil {
		return User{}, in(op, err)
	}
	plan, err := compilePatch(p, userFields, nameSet{"name": true, "role": true})
	if err != nil {
		return User{}, in(op, err)
	}
	name, renamed, err := plan.text("name")
	if err != nil {
		return User{}, in(op, err)
	}
	role, moved, err := plan.text("role")
	if err != nil {
		return User{}, in(op, err)
	}
	var patched User
	err = a.update(ctx, op, record.UsersScope, func(tx *record.Txn) error {
		b := tx.Batch()
		stored := b.User(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !stored.Found {
			return notFound("user", id)
		}
		if err := unerased("id", &stored.V); err != nil {
			return err
		}
		user := userFrom(&stored.V)
		if renamed {
			user.Name = name
		}
		if moved {
			user.Role = cmp.Or(Role(role), RoleUser)
		}
		custom, err := applyCustom(plan, user.Custom)
		if err != nil {
			return err
		}
		user.Custom = custom
		prepared, err := prepareUser(user)
		if err != nil {
			return err
		}
		if err := upsertUser(tx, prepared); err != nil {
			return err
		}
		b = tx.Batch()
		stored = b.User(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		patched = userFrom(&stored.V)
		return nil
	})
	return patched, err
}

// DeactivateUser takes from a user the right to call anything. What they sent
// stays. Doing it again changes nothing. ErrDeleted for one who is erased.
func (a *App) DeactivateUser(ctx context.Context, id UserID) (err error) {
	defer a.operation(&ctx, "DeactivateUser").ended(&err)
	return a.setDeactivated(ctx, "DeactivateUser", id, true)
}

// ReactivateUser gives a deactivated user their rights again. ErrDeleted for one
// who is erased.
func (a *App) ReactivateUser(ctx context.Context, id UserID) (err error) {
	defer a.operation(&ctx, "ReactivateUser").ended(&err)
	return a.setDeactivated(ctx, "ReactivateUser", id, false)
}

func (a *App) setDeactivated(ctx context.Context, op string, id UserID, deactivated bool) error {
	if err := checkUserID("id", id); err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.UsersScope, func(tx *record.Txn) error {
		b := tx.Batch()
		user := b.User(string(id))
		if err := b.Run(); err != nil {
			return err
		}
		if !user.Found {
			return notFound("user", id)
		}
		if err := unerased("id", &user.V); err != nil {
			return err
		}
		if (user.V.Deactivated != 0) == deactivated {
			return nil
		}
		user.V.UpdatedAt = now().UnixMicro()
		user.V.Deactivated = 0
		if deactivated {
			user.V.Deactivated = user.V.UpdatedAt
		}
		if err := tx.PutUser(user.V); err != nil {
			return err
		}
		return tellUserUpdated(tx, user.V.ID)
	})
}

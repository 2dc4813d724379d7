package chat_test

import (
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7: users.

func TestUpsertAndPatchDoNotReactivateAUser(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.check(s.DeactivateUser(s.ctx, "john"))
		was, err := s.User(s.ctx, "john")
		s.check(err)
		if was.DeactivatedAt == nil {
			t.Fatal("a deactivated user does not say so")
		}
		s.check(s.UpsertUsers(s.ctx, chat.User{ID: "john", Name: "Johnny"}))
		patched, err := s.PatchUser(s.ctx, "john", set("color", "red"))
		s.check(err)
		now, err := s.User(s.ctx, "john")
		s.check(err)
		wantSame(t, "what PatchUser returns", patched, now)
		if now.Name != "Johnny" || now.Custom["color"] != "red" || now.DeactivatedAt == nil || !now.DeactivatedAt.Equal(*was.DeactivatedAt) {
			t.Errorf("after both John is %+v, deactivated at %v", now, now.DeactivatedAt)
		}
		_, err = s.As("john").Send(s.ctx, cid, chat.Draft{Text: "Hello"})
		wantErr(t, err, chat.ErrPermission)
		s.check(s.ReactivateUser(s.ctx, "john"))
		s.as("john").send(cid, "Hello")
		if now, err := s.User(s.ctx, "john"); err != nil || now.DeactivatedAt != nil || now.Name != "Johnny" {
			t.Errorf("reactivated, John is %+v, %v", now, err)
		}
	})
}

func TestADeactivatedUserComesBackAsTheyWere(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "jane", Name: "Jane", Role: "support", Custom: chat.Custom{"color": "red"}})
		s.channel("messaging:ride", "john", "jane")
		read := func() chat.User {
			u, err := s.User(s.ctx, "jane")
			s.check(err)
			return u
		}
		was, john := read(), s.watch("john")
		s.sleep(time.Millisecond)
		s.check(s.DeactivateUser(s.ctx, "jane"))
		gone := read()
		s.sleep(time.Millisecond)
		s.check(s.DeactivateUser(s.ctx, "jane"))
		wantSame(t, "deactivated again", read(), gone)
		if e := john.wants("user.updated jane"); len(e) == 1 && e[0].User.DeactivatedAt == nil {
			t.Errorf("John is told of %+v", e[0].User)
		}
		s.check(s.ReactivateUser(s.ctx, "jane"))
		back := read()
		s.check(s.ReactivateUser(s.ctx, "jane"))
		wantSame(t, "reactivated again", read(), back)
		john.wants("user.updated jane")
		if !back.UpdatedAt.After(gone.UpdatedAt) {
			t.Errorf("she was updated at %v, before that at %v", back.UpdatedAt, gone.UpdatedAt)
		}
		back.UpdatedAt = was.UpdatedAt
		wantSame(t, "who is back", back, was)
		s.user(chat.User{ID: "jane", Name: "Janet"})
		if u := read(); u.Role != "support" || u.Name != "Janet" || len(u.Custom) != 0 {
			t.Errorf("without a role she becomes %+v", u)
		}
	})
}

func TestAUserIsPatched(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "jane", Name: "Jane", Role: chat.RoleGuest, Custom: chat.Custom{
			"color": "red", "pet": map[string]any{"name": "Rex", "kind": "dog"},
		}})
		was, err := s.User(s.ctx, "jane")
		s.check(err)
		s.sleep(time.Millisecond)
		for _, step := range []struct {
			what   string
			patch  chat.Patch
			name   string
			role   chat.Role
			custom chat.Custom
		}{
			{
				"one path", set("pet.name", "Max"), "Jane", chat.RoleGuest,
				chat.Custom{"color": "red", "pet": map[string]any{"name": "Max", "kind": "dog"}},
			},
			{
				"the name", set("name", "Janet"), "Janet", chat.RoleGuest,
				chat.Custom{"color": "red", "pet": map[string]any{"name": "Max", "kind": "dog"}},
			},
			{
				"the role, and paths that are not there yet",
				chat.Patch{Set: map[string]any{"role": "support", "home.city": "Ghent"}, Unset: []string{"color", "pet.kind", "nothing.here"}},
				"Janet", "support",
				chat.Custom{"pet": map[string]any{"name": "Max"}, "home": map[string]any{"city": "Ghent"}},
			},
			{"all unset", unset("name", "role", "pet", "home"), "", chat.RoleUser, chat.Custom{}},
			{"nothing", chat.Patch{}, "", chat.RoleUser, chat.Custom{}},
		} {
			got, err := s.PatchUser(s.ctx, "jane", step.patch)
			s.check(err)
			if got.ID != "jane" || got.Name != step.name || got.Role != step.role || !got.CreatedAt.Equal(was.CreatedAt) || !got.UpdatedAt.After(was.UpdatedAt) {
				t.Errorf("after a patch of %s Jane is %+v", step.what, got)
			}
			if len(got.Custom) != 0 || len(step.custom) != 0 {
				wantSame(t, "custom data after a patch of "+step.what, got.Custom, step.custom)
			}
			read, err := s.User(s.ctx, "jane")
			s.check(err)
			wantSame(t, "what is read after a patch of "+step.what, read, got)
		}
	})
}

// TestTheRoleThatAPatchGivesCounts: at once, as does the one it takes.
func TestTheRoleThatAPatchGivesCounts(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		s.users("john")
		wantErr(t, second(s.As("john").Channel(s.ctx, cid)), chat.ErrNotFound)
		_, err := s.PatchUser(s.ctx, "john", set("role", "admin"))
		s.check(err)
		s.as("john").wantTexts(cid)
		_, err = s.PatchUser(s.ctx, "john", unset("role"))
		s.check(err)
		wantErr(t, second(s.As("john").Channel(s.ctx, cid)), chat.ErrNotFound)
	})
}

func TestAPatchOfAUserThatIsRefusedChangesNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "jane", Name: "Jane", Custom: chat.Custom{"color": "red", "big": strings.Repeat("x", 4<<10)}})
		before := s.dump()
		for field, p := range map[string]chat.Patch{
			"id":             set("id", "john", "color", "blue"),
			"created_at":     set("created_at", "x"),
			"updated_at":     unset("updated_at"),
			"deactivated_at": unset("deactivated_at"),
			"name.first":     set("name.first", "Jane"),
			"name":           set("name", strings.Repeat("x", 256)),
			"role":           set("role", "channel_moderator"),
			"color.shade":    set("color.shade", "dark"),
			"a.b":            {Set: map[string]any{"a": 1}, Unset: []string{"a.b"}},
			"custom":         set("more", strings.Repeat("x", 2<<10)), // with what there is too much
		} {
			_, err := s.PatchUser(s.ctx, "jane", p)
			wantFieldErr(t, err, chat.ErrInvalid, field)
		}
		for _, p := range []chat.Patch{set("name", 1), set("name", nil), set("role", 1), set("role", "a b")} {
			_, err := s.PatchUser(s.ctx, "jane", p)
			wantErr(t, err, chat.ErrInvalid)
		}
		_, err := s.PatchUser(s.ctx, "nobody", set("name", "x"))
		if e := wantErr(t, err, chat.ErrNotFound); e.Op != "PatchUser" {
			t.Errorf("the error is %v", err)
		}
		_, err = s.PatchUser(s.ctx, "a b", set("name", "x"))
		wantFieldErr(t, err, chat.ErrInvalid, "id")
		wantSame(t, "the store", s.dump(), before)
	})
}

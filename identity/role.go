package identity

import "regexp"

// rolePattern is what PostgreSQL takes as a role's name without quotes, for
// that is what Supabase's clients make of the role claim. Its length also
// keeps it from making every access token long.
var rolePattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,62}$`)

// CheckRole refuses what could not be a role. Faults: ErrRoleInvalid.
func CheckRole(role string) error {
	if !rolePattern.MatchString(role) {
		return ErrRoleInvalid.On("role", "must be a letter or underscore, then at most 62 letters, digits and underscores")
	}
	return nil
}

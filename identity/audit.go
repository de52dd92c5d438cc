package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Action names one kind of audited event.
type Action string

// Audited actions. The names that GoTrue has are GoTrue's.
const (
	ActionSignup           Action = "user_signedup"
	ActionSignupRepeated   Action = "user_repeated_signup"
	ActionInvited          Action = "user_invited"
	ActionConfirmRequested Action = "user_confirmation_requested"
	ActionConfirmed        Action = "user_confirmed"
	ActionLogin            Action = "login"
	ActionLoginFailed      Action = "login_failed"
	ActionLogout           Action = "logout"
	ActionTokenRefreshed   Action = "token_refreshed"
	ActionTokenReused      Action = "token_reused"
	ActionRecovery         Action = "user_recovery_requested"
	ActionReauthenticate   Action = "user_reauthenticate_requested"
	ActionModified         Action = "user_modified"
	ActionPasswordChanged  Action = "user_updated_password"
	ActionEmailChange      Action = "user_email_change_requested"
	ActionEmailChanged     Action = "user_email_changed"
	ActionDeleted          Action = "user_deleted"
	ActionSynced           Action = "user_synced"
	ActionAdminGranted     Action = "admin_granted"
	ActionAdminRevoked     Action = "admin_revoked"
	ActionDisabled         Action = "user_disabled"
	ActionEnabled          Action = "user_enabled"
	ActionSessionsEnded    Action = "sessions_ended" // all of a user's, by an administrator
	ActionPolicyChanged    Action = "policy_changed"
	ActionProviderCreated  Action = "provider_created"
	ActionProviderChanged  Action = "provider_changed"
	ActionProviderRemoved  Action = "provider_removed"
	ActionTestUser         Action = "test_user"
	ActionIdentityBound    Action = "identity_linked"
	ActionIdentityUnbound  Action = "identity_unlinked"
	ActionFactorEnrolled   Action = "factor_in_progress"
	ActionFactorVerified   Action = "verification_attempted"
	ActionFactorRemoved    Action = "factor_deleted"
	ActionRecoveryCodes    Action = "generate_recovery_codes"
	ActionRecoveryCodeUsed Action = "recovery_code_used"
	ActionPasskeyCreated   Action = "passkey_created"
	ActionPasskeyUpdated   Action = "passkey_updated"
	ActionPasskeyRemoved   Action = "passkey_deleted"
	ActionPasskeyRefused   Action = "passkey_refused"
	ActionAccessConfirmed  Action = "access_confirmed"
	ActionAccessRefused    Action = "access_confirmation_failed"
)

// Group is the log that an action belongs to, in GoTrue's words.
func (a Action) Group() string {
	switch a {
	case ActionSignup, ActionSignupRepeated, ActionInvited, ActionDeleted, ActionSynced:
		return "team"
	case ActionTokenRefreshed, ActionTokenReused:
		return "token"
	case ActionModified, ActionPasswordChanged, ActionEmailChange, ActionEmailChanged, ActionConfirmRequested,
		ActionRecovery, ActionReauthenticate, ActionAdminGranted, ActionAdminRevoked, ActionDisabled, ActionEnabled, ActionTestUser:
		return "user"
	default:
		return "account"
	}
}

// Entry is one line of the audit log. Secrets and addresses of mail links
// never stand in it.
type Entry struct {
	ID        uuid.UUID
	At        time.Time
	Action    Action
	ActorID   uuid.UUID // zero = nobody, or an API key
	ActorName string    // e-mail address or role at that time
	UserID    uuid.UUID // whom it happened to; zero = nobody known
	Origin    Request
	Detail    map[string]any
}

// Request says where a call came from. It travels in the context, so that
// whatever is audited below knows it.
type Request struct {
	IP        string
	UserAgent string
	ID        string // the request id
	Locale    string // "zh-CN" or "en": the language of what is sent to the person
}

type requestKey struct{}

// WithRequest returns a context that knows where the call came from.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom returns where the call came from; zero outside a request.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// AuditLog takes entries. An entry written in a transaction stands or falls
// with it.
type AuditLog interface {
	WriteAudit(ctx context.Context, entry Entry) error
	// AuditEntries returns entries older than before, newest first; a zero
	// before begins at the newest.
	AuditEntries(ctx context.Context, before uuid.UUID, limit int) ([]Entry, error)
	// AuditEntriesOf is AuditEntries of what happened to one user.
	AuditEntriesOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]Entry, error)
	// AuditPage returns a page, newest first, and the number of all entries.
	AuditPage(ctx context.Context, offset, limit int) ([]Entry, int, error)
}

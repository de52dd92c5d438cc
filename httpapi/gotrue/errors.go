package gotrue

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/identity"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/session"
	"tessera/session/token"
)

// Faults that only this surface has.
var (
	errNoBearer = fault.Declare(fault.Unauthenticated, "gotrue.no_authorization",
		"This endpoint requires a valid Bearer token", "Send Authorization: Bearer and an access token.")
	errNotAdmin = fault.Declare(fault.Forbidden, "gotrue.not_admin",
		"User not allowed", "Use the service_role key.")
	errAppMetadata = fault.Declare(fault.Forbidden, "gotrue.app_metadata_forbidden",
		"Updating app_metadata requires admin privileges", "Use the admin API with the service_role key.")
	errGrantType = fault.Declare(fault.Invalid, "gotrue.grant_type_unsupported",
		"unsupported_grant_type", "Use grant_type password, refresh_token or pkce.")
	errFeatureDisabled = fault.Declare(fault.NotFound, "gotrue.feature_disabled",
		"OAuth server is disabled", "")
	errAnonymousCaller = fault.Declare(fault.Forbidden, "gotrue.anonymous_caller",
		"Anonymous user not allowed to perform these actions", "Add an e-mail address first.")
	errUserID = fault.Declare(fault.NotFound, "gotrue.user_id_invalid",
		"user_id must be an UUID", "Send the user's id in the path.")
	errPhoneDisabled = fault.Declare(fault.Invalid, "gotrue.phone_disabled",
		"Unsupported phone provider", "Use an e-mail address.")
	errWeb3Disabled = fault.Declare(fault.Unprocessable, "gotrue.web3_disabled",
		"Web3 provider is disabled", "")
)

// errorVersionHeader chooses the form of error bodies, by date.
const (
	errorVersionHeader = "X-Supabase-Api-Version"
	errorVersion       = "2024-01-01"
)

// wire is a fault in GoTrue's words.
type wire struct {
	status int
	code   string
}

// kinds is what a fault becomes when codes does not name it.
var kinds = map[fault.Kind]wire{
	fault.Internal:         {http.StatusInternalServerError, "unexpected_failure"},
	fault.Invalid:          {http.StatusBadRequest, "validation_failed"},
	fault.Unprocessable:    {http.StatusUnprocessableEntity, "validation_failed"},
	fault.Unauthenticated:  {http.StatusUnauthorized, "no_authorization"},
	fault.Forbidden:        {http.StatusForbidden, "not_admin"},
	fault.NotFound:         {http.StatusNotFound, "validation_failed"},
	fault.Conflict:         {http.StatusConflict, "conflict"},
	fault.TooLarge:         {http.StatusRequestEntityTooLarge, "request_entity_too_large"},
	fault.RateLimited:      {http.StatusTooManyRequests, "over_request_rate_limit"},
	fault.FailedDependency: {http.StatusFailedDependency, "unexpected_failure"},
	fault.Unavailable:      {http.StatusServiceUnavailable, "unexpected_failure"},
	fault.Timeout:          {http.StatusGatewayTimeout, "request_timeout"},
}

// codes is what a declared fault becomes.
var codes = map[string]wire{
	identity.ErrBadCredentials.Code:      {400, "invalid_credentials"},
	identity.ErrEmailTaken.Code:          {422, "email_exists"},
	identity.ErrEmailNotConfirmed.Code:   {400, "email_not_confirmed"},
	identity.ErrPasswordWeak.Code:        {422, "weak_password"},
	identity.ErrPasswordSame.Code:        {422, "same_password"},
	identity.ErrUserNotFound.Code:        {404, "user_not_found"},
	identity.ErrUserBanned.Code:          {403, "user_banned"},
	identity.ErrUserExists.Code:          {422, "user_already_exists"},
	identity.ErrIdentityTaken.Code:       {422, "identity_already_exists"},
	identity.ErrIdentityNotFound.Code:    {404, "identity_not_found"},
	identity.ErrLastWayIn.Code:           {422, "single_identity_not_deletable"},
	identity.ErrFactorNotFound.Code:      {404, "mfa_factor_not_found"},
	identity.ErrFactorNameTaken.Code:     {422, "mfa_factor_name_conflict"},
	identity.ErrTooManyFactors.Code:      {422, "too_many_enrolled_mfa_factors"},
	identity.ErrFactorCodeWrong.Code:     {422, "mfa_verification_failed"},
	identity.ErrFactorLocked.Code:        {429, "over_request_rate_limit"},
	identity.ErrPasskeysOff.Code:         {404, "passkey_disabled"},
	identity.ErrPasskeyNotFound.Code:     {404, "passkey_not_found"},
	identity.ErrPasskeyTaken.Code:        {422, "webauthn_credential_exists"},
	identity.ErrTooManyPasskeys.Code:     {422, "too_many_passkeys"},
	identity.ErrCeremonyGone.Code:        {400, "webauthn_challenge_not_found"},
	identity.ErrCeremonyExpired.Code:     {400, "webauthn_challenge_expired"},
	identity.ErrPasskeyRefused.Code:      {400, "webauthn_verification_failed"},
	identity.ErrPasskeyCloned.Code:       {400, "webauthn_verification_failed"},
	identity.ErrChallengeGone.Code:       {422, "mfa_challenge_expired"},
	errAALToEnroll.Code:                  {403, "insufficient_aal"},
	errAALToUnenroll.Code:                {422, "insufficient_aal"},
	provider.ErrUnknown.Code:             {400, "validation_failed"},
	pendingauth.ErrFlowUnknown.Code:      {400, "bad_oauth_state"},
	errStateMissing.Code:                 {400, "bad_oauth_callback"},
	pendingauth.ErrProofMissing.Code:     {403, "session_not_found"},
	errManualLinkingDisabled.Code:        {404, "manual_linking_disabled"},
	provider.ErrDenied.Code:              {400, "access_denied"},
	identity.ErrSignupDisabled.Code:      {422, "signup_disabled"},
	identity.ErrAnonymousDisabled.Code:   {422, "anonymous_provider_disabled"},
	session.ErrSessionNotFound.Code:      {403, "session_not_found"},
	session.ErrSessionExpired.Code:       {400, "session_expired"},
	session.ErrRefreshNotFound.Code:      {400, "refresh_token_not_found"},
	session.ErrRefreshReused.Code:        {400, "refresh_token_already_used"},
	session.ErrLinkInvalid.Code:          {403, "otp_expired"},
	session.ErrMailTooSoon.Code:          {429, "over_email_send_rate_limit"},
	session.ErrCodeNotFound.Code:         {404, "flow_state_not_found"},
	session.ErrCodeExpired.Code:          {422, "flow_state_expired"},
	session.ErrVerifierWrong.Code:        {400, "bad_code_verifier"},
	session.ErrConfirmationNeeded.Code:   {400, "reauthentication_needed"},
	session.ErrSecondFactorNeeded.Code:   {403, "insufficient_aal"},
	session.ErrNonceWrong.Code:           {422, "reauthentication_not_valid"},
	errAALToUpdate.Code:                  {401, "insufficient_aal"},
	session.ErrCurrentPasswordWrong.Code: {400, "invalid_credentials"},
	session.ErrOTPSignupDisabled.Code:    {422, "otp_disabled"},
	errNoBearer.Code:                     {401, "no_authorization"},
	errNotAdmin.Code:                     {403, "not_admin"},
	errAppMetadata.Code:                  {403, "not_admin"},
	errGrantType.Code:                    {400, "invalid_credentials"},
	errFeatureDisabled.Code:              {404, "feature_disabled"},
	errAnonymousCaller.Code:              {403, "no_authorization"},
	errUserID.Code:                       {404, "validation_failed"},
	errPhoneDisabled.Code:                {400, "phone_provider_disabled"},
	errWeb3Disabled.Code:                 {422, "web3_provider_disabled"},
	httpapi.ErrBodyInvalid.Code:          {400, "bad_json"},
	httpapi.ErrBodyEmpty.Code:            {400, "bad_json"},
	httpapi.ErrBodyUnreadable.Code:       {400, "bad_json"},
	httpapi.ErrFieldType.Code:            {400, "bad_json"},
	httpapi.ErrText.Code:                 {400, "bad_json"},
	httpapi.ErrNameTwice.Code:            {400, "bad_json"},
	httpapi.ErrTooDeep.Code:              {400, "bad_json"},
	token.ErrKeysUnavailable.Code:        {503, "unexpected_failure"},
	token.ErrNotReady.Code:               {503, "unexpected_failure"},
	"gotrue.bearer_user_not_found":       {403, "user_not_found"},
	"gotrue.signup_email_taken":          {422, "user_already_exists"},
	"gotrue.login_banned":                {400, "user_banned"},
}

// Some faults have another status, or other words, on one route than on the
// rest: the handler there says which.
var (
	errBearerUserNotFound = fault.Declare(fault.Forbidden, "gotrue.bearer_user_not_found",
		"User from sub claim in JWT does not exist", "Sign in again.")
	errSignupEmailTaken = fault.Declare(fault.Conflict, "gotrue.signup_email_taken",
		"User already registered", "Sign in, or reset the password.")
	errLoginBanned = fault.Declare(fault.Forbidden, "gotrue.login_banned",
		"User is banned", "Ask the operator.")
)

// WireOf returns the status and code of a fault on this surface.
func WireOf(f *fault.Fault) (status int, code string) {
	if isTokenFault(f) {
		return http.StatusForbidden, "bad_jwt"
	}
	w, ok := codes[f.Code]
	if !ok {
		w = kinds[f.Kind]
	}
	return w.status, w.code
}

// isTokenFault finds the faults of an unacceptable token: whatever is wrong
// with it is one code here.
func isTokenFault(f *fault.Fault) bool {
	return f.Kind == fault.Unauthenticated && strings.HasPrefix(f.Code, "token.")
}

// writeError writes a fault in the version of the body that the client asked
// for.
func writeError(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	status, code := WireOf(f)
	header := w.Header()
	header.Set("X-Sb-Error-Code", code)
	body := map[string]any{}
	if reasons, ok := f.Detail["reasons"]; ok && code == "weak_password" {
		body["weak_password"] = map[string]any{"reasons": reasons}
	}
	if asksForErrorVersion(r) {
		header.Set(errorVersionHeader, errorVersion)
		body["code"], body["message"] = code, messageOf(f)
	} else {
		body["code"], body["error_code"], body["msg"] = status, code, messageOf(f)
	}
	if status >= http.StatusInternalServerError {
		body["error_id"] = httpapi.RequestID(r.Context())
	}
	_ = httpapi.WriteJSON(w, status, body) // a map of strings always encodes
}

// asksForErrorVersion reports whether the header names a date from 2024 on.
func asksForErrorVersion(r *http.Request) bool {
	date := r.Header.Get(errorVersionHeader)
	return len(date) == len(errorVersion) && date >= errorVersion
}

// messageOf is what the client reads. Faults that a client knows by heart keep
// GoTrue's words; those of a malformed body say which field, and why.
func messageOf(f *fault.Fault) string {
	if isTokenFault(f) {
		return tokenMessage(f)
	}
	if errors.Is(f, httpapi.ErrBodyTooLarge) {
		return fmt.Sprintf("Request body too large (max %d bytes)", maxBody)
	}
	message := f.Message
	if strings.HasPrefix(f.Code, "request.") {
		if w := codes[f.Code]; w.code == "bad_json" {
			message = "Could not parse request body as JSON: " + lowerFirst(message)
		}
		for _, field := range f.Fields {
			if field.Message == f.Message {
				continue // the fault is about this field alone, and has said so
			}
			message += fmt.Sprintf(" %s %s.", field.Name, field.Message)
		}
	}
	return message
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func tokenMessage(f *fault.Fault) string {
	if errors.Is(f, token.ErrNoSubject) {
		return "invalid claim: missing sub claim"
	}
	why := token.Explain(f)
	if why == "" {
		why = lowerFirst(f.Message)
	}
	return "invalid JWT: unable to parse or verify signature, " + why
}

// invalid is a validation fault in GoTrue's words about one field.
func invalid(field, message string) error {
	return fault.ErrValidation.Saying("%s", message).On(field, message)
}

package session

import "time"

// Config is what an operator decides about sessions.
type Config struct {
	AccessTTL         time.Duration `name:"access_token_ttl" doc:"Life of an access token." default:"1h"`
	ReuseWindow       time.Duration `name:"refresh_reuse_window" doc:"How long a refresh token that was replaced is still answered, with the same successor." default:"10s"`
	Timebox           time.Duration `name:"session_timebox" doc:"Longest life of a session, however often it is refreshed; 0 = no limit." default:"0s"`
	InactivityTimeout time.Duration `name:"session_inactivity_timeout" doc:"A session that was not refreshed for this long is over; 0 = no limit." default:"0s"`
	MailTTL           time.Duration `name:"mail_link_ttl" doc:"Life of links and codes sent by mail." default:"1h"`
	MailInterval      time.Duration `name:"mail_interval" doc:"Shortest time between two mails of one kind to one address." default:"60s"`
	// SecureEmailChange asks the present address too.
	SecureEmailChange bool `name:"secure_email_change" doc:"A change of address is confirmed by mails to both addresses." default:"true"`
	// ReauthenticateAfter is the one grace of every sensitive change, on every
	// surface; see Service.RequireConfirmed.
	ReauthenticateAfter time.Duration `name:"reauthenticate_after" doc:"How long a sign-in, or confirming access, allows sensitive changes: of the password, the address, bound identities, second factors, passkeys and recovery codes. Afterwards the person confirms again; SDK clients by a mailed code (nonce), by a factor, or by signing in. 0 = never asked." default:"15m"`
}

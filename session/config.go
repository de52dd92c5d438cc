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
	// ReauthenticateAfter asks for a mailed code before a password change.
	ReauthenticateAfter time.Duration `name:"reauthenticate_after" doc:"A password change by a session older than this needs a mailed code (nonce); 0 = never." default:"0s"`
}

package identity

import "time"

// Config is what an operator decides about accounts.
type Config struct {
	// DisableSignup refuses new accounts except an administrator's own making.
	DisableSignup bool `name:"disable_signup" doc:"Refuse sign-ups; administrators can still create users." default:"false"`
	// Anonymous allows accounts without any identity.
	Anonymous bool `name:"anonymous" doc:"Allow anonymous sign-in." default:"true"`
	// Autoconfirm takes an address as proven without a mail.
	Autoconfirm bool `name:"autoconfirm" doc:"Take e-mail addresses as confirmed without sending a mail." default:"false"`
	// PasswordMinLength counts characters; never lower than 6.
	PasswordMinLength int `name:"password_min_length" doc:"Shortest password, in characters (at least 6)." default:"6"`
	// PasswordHashWait bounds the queue: as many hashes are computed at once as
	// there are processors.
	PasswordHashWait time.Duration `name:"password_hash_wait" doc:"Longest time that a sign-in waits for a processor to hash its password on, before it is told to come again." default:"5s"`
}

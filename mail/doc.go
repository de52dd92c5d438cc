// Package mail writes and sends the e-mails that people get from Tessera: the
// link and the code that confirm an address, reset a password, sign someone in.
//
// It owns the wording (Chinese and English, HTML and plain text), the limits of
// what may enter a header, and the conversation with the SMTP server.
//
// It refuses: unknown kinds, recipients that are more than one bare address,
// control characters anywhere near a header, links that are not absolute http
// or https URLs, and a password sent to a server in clear text. No mail holds
// an image, a style sheet or a script from elsewhere.
//
// # Delivery
//
//	Message --Encode--> payload (sealed by the caller, kept in a job)
//	                       |
//	                 Sender.Deliver
//	                       |
//	   accepted ---- expired ---- refused for good ---- not now
//	      nil        ErrExpired      ErrRefused       ErrUnreachable
//	                     '---- Permanent ----'          try again
//
// The sender keeps no state: whether and when to try again is the job's rule.
package mail

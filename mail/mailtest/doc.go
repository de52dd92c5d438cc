// Package mailtest is a simulated mailbox: an SMTP server that takes mail for
// every address and delivers it to nobody, and an inbox to read it in.
//
// It is a simulator and says so on its page. It exists for `tessera demo`,
// `tessera sim` and tests, where it stands in for the operator's mail server.
//
//	GET /?to=ADDRESS        the inbox; [{to, raw}] newest first for any client
//	                        that does not ask for text/html
//	GET /messages/{id}      one mail; /html, /text and /raw below it
//	DELETE /messages        empty the inbox (the page's button: POST /clear)
//	GET, PUT /faults        misbehave on demand: {smtp_status, count, delay_ms}
//
// Both servers listen on loopback addresses only, and the inbox answers no
// request made for another host name, so that a web page elsewhere cannot read
// the codes in it by pointing its own name here.
//
// The box is bounded: the oldest mail leaves when there are more than 200, or
// more than 16 MiB of them.
package mailtest

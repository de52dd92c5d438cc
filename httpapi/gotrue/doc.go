// Package gotrue serves /auth/v1: what the published Supabase Auth clients
// call, in their words. The rules stand in identity and session; here is only
// the wire: paths, bodies, codes.
//
// One file holds one resource. errors.go is the only place where a fault
// becomes a status and a code, in both versions of the error body. cookie.go
// keeps the refresh token of our own pages away from scripts.
//
// Where this server answers differently from GoTrue on purpose, it is written
// down in docs/compatibility.md.
package gotrue

// Package console is the surface of our own API, /api/v1: the web app, scripts
// and the clients of the message stream.
//
// Routes are registered with the access that they demand; nothing is public by
// omission, for there is no way to register a route without saying who may
// call it. Errors are RFC 9457 problem documents with code, hint, request_id
// and the refused fields. OpenAPI 3.1 is at /api/v1/openapi.json. A path with
// and without a slash at its end is the same path, and nothing redirects.
package console

// Package upstream talks to OpenAI-compatible servers for package gateway:
// chat completions and responses, always streamed, and the list of models.
//
// Every byte from there is foreign. Bodies and events are bounded, silence is
// timed, redirects are not followed (they would carry the key elsewhere), and
// whatever goes wrong becomes one of the gateway.upstream_... faults, none of
// which repeats our key, even where the server does.
package upstream

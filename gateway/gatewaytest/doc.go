// Package gatewaytest simulates an OpenAI-compatible server: a real HTTP server
// that checks its key, lists models and answers chat completions and responses,
// streamed and not. It is not a model: its replies are written here, say that
// they are simulated, and are in the language of the prompt.
//
// # Faults on demand
//
// A fault is chosen by the request header X-Simulator-Fault, by words in the
// prompt like [[fault:cut]], or for the next requests by
//
//	POST /simulator/fault {"fault": "429", "times": 2}
//
// See [Fault] for their names. [[delay:2s]] in a prompt holds the answer back,
// and [[xml]] asks for a reply in XML with a thinking part.
package gatewaytest

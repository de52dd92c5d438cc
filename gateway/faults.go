package gateway

import (
	"strings"

	"tessera/fault"
)

// Faults of a request.
var (
	ErrModelNotAllowed = fault.Declare(fault.Unprocessable, "gateway.model_not_allowed",
		"This model is not available.", "Pick one from the list of models.")
	ErrStreamLimit = fault.Declare(fault.RateLimited, "gateway.stream_limit",
		"This conversation has a live stream already.", "Close the other stream, or wait until it ends.")
	ErrRequestRefused = fault.Declare(fault.Unprocessable, "gateway.request_refused",
		"The message cannot be accepted as it is.", "Correct the named fields and send it again.")
	ErrDialectNotSupported = fault.Declare(fault.Unprocessable, "gateway.dialect_not_supported_yet",
		"This dialect is not supported yet.", "Use openai.chat_completions or openai.responses.")
	ErrMessageNotFound = fault.Declare(fault.NotFound, "gateway.message_not_found",
		"There is no such message.", "Check the message id and the conversation id; logs are deleted after a while.")
	ErrConversationNotFound = fault.Declare(fault.NotFound, "gateway.conversation_not_found",
		"There is no such conversation.", "Leave conversation_id out to begin a new one.")
	ErrTooManyActive = fault.Declare(fault.RateLimited, "gateway.too_many_active_messages",
		"Too many messages are being answered at this moment.", "Wait for one to finish.")
	ErrShuttingDown = fault.Declare(fault.Unavailable, "gateway.shutting_down",
		"The server is about to restart.", "Send it again in a few seconds.")
)

// Faults of the work. They end a message's log as its error event.
var (
	ErrUpstreamNotConfigured = fault.Declare(fault.FailedDependency, "gateway.upstream_not_configured",
		"This server has no upstream for models.", "The operator must set the upstream's address (TESSERA_GATEWAY_UPSTREAM_BASE_URL).")
	ErrUpstreamUnreachable = fault.Declare(fault.FailedDependency, "gateway.upstream_unreachable",
		"The model's server cannot be reached.", "Try again later; the operator should check the upstream's address and network.")
	ErrUpstreamTimeout = fault.Declare(fault.FailedDependency, "gateway.upstream_timeout",
		"The model's server took too long.", "Try again, or ask for less.")
	ErrUpstreamRejectedKey = fault.Declare(fault.FailedDependency, "gateway.upstream_rejected_key",
		"The model's server refused our key.", "The operator should check the upstream's API key.")
	ErrUpstreamRejectedRequest = fault.Declare(fault.FailedDependency, "gateway.upstream_rejected_request",
		"The model's server refused the request.", "Change the request as the message says.")
	ErrUpstreamModelUnknown = fault.Declare(fault.FailedDependency, "gateway.upstream_model_unknown",
		"The model's server does not know this model.", "Pick another model; the operator should check the list of models.")
	ErrUpstreamRateLimited = fault.Declare(fault.FailedDependency, "gateway.upstream_rate_limited",
		"The model's server has too much to do for us at this moment.", "Wait a little and send it again.")
	ErrUpstreamFailed = fault.Declare(fault.FailedDependency, "gateway.upstream_failed",
		"The model's server had an error.", "Try again later.")
	ErrUpstreamUnreadable = fault.Declare(fault.FailedDependency, "gateway.upstream_unreadable",
		"The model's server answered something that is not a reply.", "The operator should check the upstream's address and dialect.")
	ErrUpstreamBrokeOff = fault.Declare(fault.FailedDependency, "gateway.upstream_broke_off",
		"The model's server broke off in the middle of the reply.", "Send it again.")
	ErrReplyTooLarge = fault.Declare(fault.FailedDependency, "gateway.reply_too_large",
		"The reply is longer than this server keeps.", "Ask for a shorter one.")
	ErrWorkInterrupted = fault.Declare(fault.Unavailable, "gateway.work_interrupted",
		"The server stopped while it worked on this message.", "Send it again.")
	ErrWorkFailed = fault.Declare(fault.Internal, "gateway.work_failed",
		"Something went wrong on our side while the reply was made.", "Send it again; if it stays, report the request id.")
)

// eventCode is a fault's code on the event stream, where the room is plain and
// clients know the codes without it: "upstream_timeout".
func eventCode(f *fault.Fault) string { return strings.TrimPrefix(f.Code, "gateway.") }

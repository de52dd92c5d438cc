package httpapi

import "tessera/fault"

// Faults of a request as such, before any rule of a room is asked.
var (
	ErrBodyInvalid = fault.Declare(fault.Invalid, "request.body_invalid",
		"The request body is not valid JSON.", "Send one JSON object, encoded in UTF-8.")
	ErrBodyEmpty = fault.Declare(fault.Invalid, "request.body_empty",
		"The request body is empty.", "Send one JSON object.")
	ErrBodyUnreadable = fault.Declare(fault.Invalid, "request.body_unreadable",
		"The request body ended before it was complete.", "Check Content-Length and send it again.")
	ErrBodyTooLarge = fault.Declare(fault.TooLarge, "request.body_too_large",
		"The request body is too large.", "Send less at once.")
	ErrUnknownField = fault.Declare(fault.Unprocessable, "request.unknown_field",
		"The request body has a field that is not known here.", "Remove the named field, or correct its spelling.")
	ErrFieldType = fault.Declare(fault.Unprocessable, "request.field_type",
		"A field of the request body has the wrong type.", "Send the named field in the stated type.")
	ErrText = fault.Declare(fault.Invalid, "request.text_invalid",
		"The request holds text that cannot be stored: a NUL character, or bytes that are not UTF-8.",
		"Remove the character from the named field.")
	ErrNameTwice = fault.Declare(fault.Invalid, "request.name_twice",
		"An object in the request body has one name twice.", "Send the named field once.")
	ErrTooDeep = fault.Declare(fault.Invalid, "request.too_deep",
		"The request body is nested more than 128 levels deep.", "Send a flatter body.")
	ErrRouteUnknown = fault.Declare(fault.NotFound, "request.route_not_found",
		"There is nothing at this path.", "Check the path; /api/v1/openapi.json lists those of the API.")
	ErrMethod = fault.Declare(fault.Invalid, "request.method_not_allowed",
		"This path does not answer to this method.", "Use one of the methods in the Allow header.")
	ErrRateLimited = fault.Declare(fault.RateLimited, "request.rate_limited",
		"Too many requests.", "Wait as long as the Retry-After header says, then try again.")
	ErrTimeout = fault.Declare(fault.Timeout, "request.timeout",
		"The request took too long.", "Try again; if it stays, report the request id.")
	ErrPanic = fault.Declare(fault.Internal, "internal.panic",
		"Something went wrong on our side.", "Try again; if it stays, report the request id.")
)

package picture

import "tessera/fault"

// Faults of this room.
var (
	ErrFormat = fault.Declare(fault.Unprocessable, "picture.format_unsupported",
		"This is not a JPEG, PNG, GIF or WebP picture.", "Save the picture in one of these formats.")
	ErrBroken = fault.Declare(fault.Unprocessable, "picture.broken",
		"The picture is damaged or not complete.", "Open it, save it anew, and send that.")
	ErrTooLarge = fault.Declare(fault.TooLarge, "picture.too_large",
		"The picture is larger than 3 MiB.", "Send a smaller one; 512 by 512 pixels are kept.")
	ErrTooManyPixels = fault.Declare(fault.Unprocessable, "picture.too_many_pixels",
		"The picture has too many pixels.", "Send one with at most 12.5 million pixels, and 10,000 on a side.")
	ErrDataURL = fault.Declare(fault.Invalid, "picture.data_url_invalid",
		"This is not the data URL of a picture.", "Send data:image/png;base64, and the picture in base64.")
	ErrAddress = fault.Declare(fault.Unprocessable, "picture.address_refused",
		"Pictures are not fetched from this address.", "Give the https address of a picture that everybody can open.")
	ErrUnreachable = fault.Declare(fault.FailedDependency, "picture.unreachable",
		"The picture could not be fetched.", "Open the address in a browser to see whether it is there, or upload the picture.")
	ErrBusy = fault.Declare(fault.RateLimited, "picture.busy",
		"Too many pictures at once.", "Try again in a few seconds.")
)

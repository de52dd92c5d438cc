package console

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tessera/fault"
	"tessera/httpapi"
)

// ErrOwnPagesOnly is of a request that would use a cookie without showing that
// it comes from one of our own pages.
var ErrOwnPagesOnly = fault.Declare(fault.Forbidden, "access.own_pages_only",
	"This is for the pages of this server.", "Send the header X-Tessera-Session: cookie, from the same origin.")

// ownPagesOnly turns away whatever might be another site's doing.
func ownPagesOnly(a *API, cookies httpapi.Cookies) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r := &http.Request{Header: http.Header{}, Host: ctx.Host()}
		for _, name := range []string{httpapi.SessionHeader, "Sec-Fetch-Site", "Origin"} {
			r.Header.Set(name, ctx.Header(name))
		}
		if !cookies.FromOwnPage(r) {
			_ = huma.WriteErr(a.huma, ctx, http.StatusInternalServerError, "", ErrOwnPagesOnly)
			return
		}
		next(ctx)
	}
}

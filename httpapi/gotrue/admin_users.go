package gotrue

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tessera/httpapi"
	"tessera/identity"
)

// maxPerPage bounds a page of users.
const maxPerPage = 1000

// listUsers answers GET /admin/users?page=&per_page=, newest first.
func (s *Surface) listUsers(w http.ResponseWriter, r *http.Request) error {
	page, perPage, err := pageOf(r)
	if err != nil {
		return err
	}
	users, total, err := s.Accounts.Store.ListUsers(r.Context(), (page-1)*perPage, perPage)
	if err != nil {
		return err
	}
	views := make([]userView, len(users))
	for i, u := range users {
		views[i] = viewListedUser(u)
	}
	paging(w, r, page, perPage, total)
	return httpapi.WriteJSON(w, http.StatusOK, map[string]any{"users": views, "aud": identity.RoleAuthenticated})
}

// pageOf reads page and per_page; 1 and 50 unless stated.
func pageOf(r *http.Request) (page, perPage int, err error) {
	if page, err = number(r, "page", 1, 1_000_000); err != nil {
		return 0, 0, err
	}
	perPage, err = number(r, "per_page", 50, maxPerPage)
	return page, perPage, err
}

func number(r *http.Request, name string, fallback, limit int) (int, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > limit {
		return 0, invalid(name, fmt.Sprintf("Bad Pagination Parameters: %s must be a whole number from 1 to %d", name, limit))
	}
	return n, nil
}

// paging sets the headers that clients page by. They read page as the first
// parameter of a link.
func paging(w http.ResponseWriter, r *http.Request, page, perPage, total int) {
	header := w.Header()
	header.Set("X-Total-Count", strconv.Itoa(total))
	last := max((total+perPage-1)/perPage, 1)
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	link := func(to int, rel string) string {
		return fmt.Sprintf("<%s?page=%d&per_page=%d>; rel=%q", path, to, perPage, rel)
	}
	var links []string
	if page < last {
		links = append(links, link(page+1, "next"))
	}
	header.Set("Link", strings.Join(append(links, link(last, "last")), ", "))
}

type adminUserBody struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Phone        string         `json:"phone"`
	Password     *string        `json:"password"`
	PasswordHash string         `json:"password_hash"`
	EmailConfirm bool           `json:"email_confirm"`
	Role         string         `json:"role"`
	UserMetadata map[string]any `json:"user_metadata"`
	AppMetadata  map[string]any `json:"app_metadata"`
	BanDuration  string         `json:"ban_duration"`
}

// createUser answers POST /admin/users.
func (s *Surface) createUser(w http.ResponseWriter, r *http.Request) error {
	var body adminUserBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.Email == "" {
		if body.Phone != "" {
			return errPhoneDisabled.On("phone", "is not supported")
		}
		return invalid("email", "Cannot create a user without either an email or phone")
	}
	n := identity.New{
		Email: body.Email, PasswordHash: body.PasswordHash, IsConfirmed: body.EmailConfirm, Role: body.Role,
		UserMetadata: body.UserMetadata, AppMetadata: body.AppMetadata, Origin: identity.OriginAdmin,
	}
	if body.Password != nil {
		n.Password = *body.Password
		if body.PasswordHash != "" {
			return invalid("password_hash", "Only a password or a password hash should be provided")
		}
	}
	if body.ID != "" {
		id, err := uuid.Parse(body.ID)
		if err != nil || id == uuid.Nil {
			return invalid("id", "ID must be an UUID")
		}
		n.ID = id
	}
	until, err := s.banUntil(body.BanDuration)
	if err != nil {
		return err
	}
	user, err := s.Accounts.Create(r.Context(), n)
	if err != nil {
		return err
	}
	if until != nil {
		user, err = s.Accounts.Modify(r.Context(), user.ID, identity.ActionModified, func(u *identity.User) error {
			u.BannedUntil = until
			return nil
		})
		if err != nil {
			return err
		}
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(user))
}

// banUntil reads a ban: a Go duration, or "none" and "" for no ban.
func (s *Surface) banUntil(duration string) (*time.Time, error) {
	if duration == "" || duration == "none" {
		return nil, nil
	}
	d, err := time.ParseDuration(duration)
	if err != nil || d < 0 {
		return nil, invalid("ban_duration", `invalid format for ban duration: use a duration like "24h", or "none"`)
	}
	until := s.Sessions.Now().Add(d)
	return &until, nil
}

// adminGetUser answers GET /admin/users/{user_id}.
func (s *Surface) adminGetUser(w http.ResponseWriter, _ *http.Request, user identity.User) error {
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(user))
}

// adminPutUser answers PUT /admin/users/{user_id}. Everything is checked, and
// the password hashed, before anything is written; then it is written at once.
func (s *Surface) adminPutUser(w http.ResponseWriter, r *http.Request, user identity.User) error {
	var body adminUserBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.Phone != "" {
		return errPhoneDisabled.On("phone", "is not supported")
	}
	until, err := s.banUntil(body.BanDuration)
	if err != nil {
		return err
	}
	change := identity.AdminChange{
		Email: body.Email, IsConfirmed: body.EmailConfirm, Password: body.Password, PasswordHash: body.PasswordHash,
		Role: body.Role, UserMetadata: body.UserMetadata, AppMetadata: body.AppMetadata,
		SetsBan: body.BanDuration != "", BannedUntil: until,
	}
	user, err = s.Accounts.AdminChange(r.Context(), user.ID, change)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(user))
}

// adminDeleteUser answers DELETE /admin/users/{user_id}.
func (s *Surface) adminDeleteUser(w http.ResponseWriter, r *http.Request, user identity.User) error {
	var body struct {
		ShouldSoftDelete bool `json:"should_soft_delete"`
	}
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil && !errors.Is(err, httpapi.ErrBodyEmpty) {
		return err
	}
	if body.ShouldSoftDelete {
		if err := s.Sessions.SoftDelete(r.Context(), user.ID); err != nil {
			return err
		}
		return empty(w)
	}
	if err := s.Accounts.Delete(r.Context(), user.ID); err != nil {
		return err
	}
	return empty(w)
}

package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Sort is what a list of users is ordered by.
type Sort string

// Orders of a list. Users without the value (never signed in, never seen, no
// address) come last in either direction.
const (
	SortCreated    Sort = "created_at"
	SortLastLogin  Sort = "last_login_at"
	SortLastActive Sort = "last_active_at"
	SortEmail      Sort = "email"
)

// Status narrows a list of users to one kind.
type Status string

// Kinds of users. Without one, all are listed but those who were deleted.
// Anonymous users are found by their source: they may be most of all users or
// none, and no index serves both.
const (
	StatusActive        Status = "active"
	StatusDisabled      Status = "disabled"
	StatusAdministrator Status = "administrator"
	StatusDeleted       Status = "deleted"
)

// UserQuery asks for one page of users.
type UserQuery struct {
	// Search finds by the beginning of the address or of the nickname, whatever
	// its case, and by the exact id or subject of an identity. "" = all.
	Search      string
	Sort        Sort // "" = SortCreated
	IsAscending bool
	Source      string // signup source; "" = any
	Status      Status
	Cursor      string // Next of the page before; "" = the first page
	Limit       int    // 1 to 200
}

// UserPage is one page of users, each with its identities.
type UserPage struct {
	Users []User
	Next  string // "" at the end
	// IsCut says that a search had more than MaxMatches matches of one kind, and
	// that only the first of them, in alphabetical order, were looked at.
	IsCut bool
}

// MaxMatches bounds what a search looks at, so that it costs the same whether
// ten users match or a million.
const MaxMatches = 500

// Listing is a UserQuery in the words of the store.
type Listing struct {
	Search      SearchTerm
	Sort        Sort
	IsAscending bool
	Source      string
	Status      Status
	After       *Position
	Limit       int
	Now         time.Time // decides who is disabled
}

// SearchTerm is what was typed, in the form in which each column keeps it.
type SearchTerm struct {
	EmailPrefix    string // "" = there is no search
	NicknamePrefix string
	ID             uuid.UUID // zero = the term is none
	Subject        string
}

// IsZero reports whether there is no search.
func (t SearchTerm) IsZero() bool { return t == SearchTerm{} }

// Position is the place in a list after one user: its value in the order's
// column, both nil where it has none, and its id.
type Position struct {
	Time *time.Time
	Text *string
	ID   uuid.UUID
}

// IsValueless reports whether the position is among the users without a value.
func (p Position) IsValueless() bool { return p.Time == nil && p.Text == nil }

// Directory finds users for administrators.
type Directory interface {
	// PageOfUsers returns at most Limit users with their identities, in order,
	// and whether a search was cut at MaxMatches.
	PageOfUsers(ctx context.Context, l Listing) (users []User, isCut bool, err error)
	// FileOf returns what hangs on a user.
	FileOf(ctx context.Context, id uuid.UUID) (File, error)
}

// File is what an administrator sees of a user besides the user.
type File struct {
	Channels          map[uuid.UUID][]Channel // by identity
	Passkeys          int
	RecoveryCodesLeft int
}

// SearchKey is the form in which a nickname is found: compatible forms and
// cases of a letter are one.
func SearchKey(nickname string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(nickname)))
}

// PageOfUsers returns a page of users. Faults: ErrCursorInvalid, ErrSortUnknown.
func (s *Service) PageOfUsers(ctx context.Context, q UserQuery) (UserPage, error) {
	if q.Sort == "" {
		q.Sort = SortCreated
	}
	if !slices.Contains([]Sort{SortCreated, SortLastLogin, SortLastActive, SortEmail}, q.Sort) {
		return UserPage{}, ErrSortUnknown.On("sort", "is not an order of users")
	}
	after, err := q.position()
	if err != nil {
		return UserPage{}, err
	}
	limit := min(max(q.Limit, 1), 200)
	users, isCut, err := s.Directory.PageOfUsers(ctx, Listing{
		Search: searchTerm(q.Search), Sort: q.Sort, IsAscending: q.IsAscending, Source: q.Source, Status: q.Status,
		After: after, Limit: limit + 1, Now: s.Now(),
	})
	if err != nil {
		return UserPage{}, err
	}
	page := UserPage{Users: users, IsCut: isCut}
	if len(users) > limit { // one more was asked for, to know whether there is a next page
		page.Users = users[:limit]
		page.Next = q.cursorAfter(users[limit-1])
	}
	return page, nil
}

func searchTerm(typed string) SearchTerm {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return SearchTerm{}
	}
	t := SearchTerm{
		EmailPrefix: strings.ToLower(norm.NFC.String(typed)), NicknamePrefix: SearchKey(typed), Subject: typed,
	}
	if id, err := uuid.Parse(typed); err == nil {
		t.ID = id
	}
	return t
}

// FileOf returns what hangs on a user.
func (s *Service) FileOf(ctx context.Context, id uuid.UUID) (File, error) {
	return s.Directory.FileOf(ctx, id)
}

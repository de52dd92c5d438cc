package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// cursor is a Position on its way through a client. It is no secret and needs
// no signature: it chooses where to go on in a list that its holder may read
// anyway. It is of one list, so that it cannot be taken into another by mistake.
type cursor struct {
	List string     `json:"l"`
	Time *time.Time `json:"t,omitempty"`
	Text *string    `json:"s,omitempty"`
	ID   uuid.UUID  `json:"i"`
}

const maxCursor = 1024

// list names what a query lists, without its place in it.
func (q UserQuery) list() string {
	direction := "desc"
	if q.IsAscending {
		direction = "asc"
	}
	text := strings.Join([]string{string(q.Sort), direction, q.Search, q.Source, string(q.Status)}, "\x00")
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (q UserQuery) cursorAfter(last User) string {
	c := cursor{List: q.list(), ID: last.ID}
	switch q.Sort {
	case SortLastLogin:
		c.Time = last.LastSignInAt
	case SortLastActive:
		c.Time = last.LastActiveAt
	case SortEmail:
		if last.Email != "" {
			c.Text = &last.Email
		}
	default:
		c.Time = &last.CreatedAt
	}
	encoded, _ := json.Marshal(c) // strings and times of a database always encode
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// position reads the query's cursor; nil without one. Fault: ErrCursorInvalid.
func (q UserQuery) position() (*Position, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	c, err := readCursor(q.Cursor)
	if err != nil {
		return nil, ErrCursorInvalid.On("cursor", "is not one that this server gave").Because(err)
	}
	if c.List != q.list() {
		return nil, ErrCursorInvalid.On("cursor", "belongs to a list with another search, filter or order")
	}
	isText := q.Sort == SortEmail
	if c.Text != nil && !isText || c.Time != nil && isText || c.Time == nil && q.Sort == SortCreated {
		return nil, ErrCursorInvalid.On("cursor", "does not fit the order")
	}
	return &Position{Time: c.Time, Text: c.Text, ID: c.ID}, nil
}

func readCursor(text string) (cursor, error) {
	if len(text) > maxCursor {
		return cursor{}, errors.New("too long")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return cursor{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var c cursor
	if err := decoder.Decode(&c); err != nil {
		return cursor{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return cursor{}, errors.New("something follows")
	}
	if c.ID == uuid.Nil || c.Time != nil && (c.Time.Year() < 1 || c.Time.Year() > 9999) {
		return cursor{}, errors.New("no id, or a time that no database holds")
	}
	return c, nil
}

package picture

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

// How long answers are kept: a picture from being shown to being taken, a
// failure for as long as it would be tried again at once.
const (
	recentFor = 2 * time.Minute
	failedFor = 15 * time.Second
)

// maxRecent bounds what is kept, 6.4 MB at most.
const maxRecent = 64

// Recent is a Fetcher that remembers its latest answers, failures too, and that
// asks once for what many want at a time. It is for the pictures that login
// providers state: they are shown and then taken. Safe for concurrent use.
type Recent struct {
	fetcher *Fetcher
	answers *otter.Cache[string, answer]
}

type answer struct {
	picture Picture
	err     error
}

// NewRecent returns an empty memory of fetcher's answers.
func NewRecent(fetcher *Fetcher) *Recent {
	return &Recent{fetcher: fetcher, answers: otter.Must(&otter.Options[string, answer]{
		MaximumSize: maxRecent,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(kept otter.Entry[string, answer]) time.Duration {
			if kept.Value.err != nil {
				return failedFor
			}
			return recentFor
		}),
	})}
}

// Fetch is Fetcher.Fetch, or its answer of the last two minutes.
func (r *Recent) Fetch(ctx context.Context, address string) (Picture, error) {
	kept, err := r.answers.Get(ctx, address, otter.LoaderFunc[string, answer](func(ctx context.Context, address string) (answer, error) {
		// Whoever asked first may leave while others wait.
		picture, err := r.fetcher.Fetch(context.WithoutCancel(ctx), address)
		return answer{picture, err}, nil
	}))
	if err != nil {
		return Picture{}, ErrUnreachable.Because(err)
	}
	return kept.picture, kept.err
}

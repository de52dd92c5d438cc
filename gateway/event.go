package gateway

import (
	"bytes"
	"encoding/json"
	"time"

	"tessera/fault"
)

// EventName is the "event:" of a frame.
type EventName string

// Events of a stream. Completed and error end it; a heartbeat is never logged.
const (
	StatusEvent    EventName = "status"
	DeltaEvent     EventName = "content_delta"
	RawEvent       EventName = "upstream_raw"
	CompletedEvent EventName = "completed"
	ErrorEvent     EventName = "error"
	HeartbeatEvent EventName = "heartbeat"
)

// Event is one frame of a message's stream.
type Event struct {
	// Position is the frame's place in the log, from 1; 0 for a heartbeat.
	Position int64
	Name     EventName
	// Data is a JSON object on one line, without the message and request id
	// that the surface puts into every frame.
	Data     []byte
	Terminal bool
	At       time.Time
}

// Route says who answers.
type Route struct {
	Provider          string
	ResolvedModel     string
	EndpointID        string
	UpstreamRequestID string // "" when the upstream gave none
}

// The field names below are those of the contract: what is logged is what is
// sent, so that a replay is the stream again.
type (
	statusData struct {
		State string `json:"state"`
	}
	routedData struct {
		State             string `json:"state"`
		Provider          string `json:"provider"`
		ResolvedModel     string `json:"resolved_model"`
		EndpointID        string `json:"endpoint_id"`
		UpstreamRequestID string `json:"upstream_request_id"`
	}
	deltaData struct {
		Seq   int64  `json:"seq"`
		Delta string `json:"delta"`
	}
	rawData struct {
		Seq           int64   `json:"seq"`
		Dialect       Dialect `json:"dialect"`
		UpstreamEvent string  `json:"upstream_event"`
		Raw           string  `json:"raw"`
	}
	completedData struct {
		Provider              string          `json:"provider"`
		ResolvedModel         string          `json:"resolved_model"`
		EndpointID            string          `json:"endpoint_id"`
		UpstreamRequestID     string          `json:"upstream_request_id"`
		ResultMode            ResultMode      `json:"result_mode"`
		ResultModeEffective   ResultMode      `json:"result_mode_effective"`
		ReplyLen              int             `json:"reply_len"` // characters (code points)
		ReplySnapshotIncluded bool            `json:"reply_snapshot_included"`
		Metadata              json.RawMessage `json:"metadata"`
	}
	errorData struct {
		Code          string `json:"code"`
		Message       string `json:"message"`
		Error         string `json:"error"` // the message again, for old clients
		Provider      string `json:"provider"`
		ResolvedModel string `json:"resolved_model"`
		EndpointID    string `json:"endpoint_id"`
	}
	heartbeatData struct {
		TS int64 `json:"ts"`
	}
)

// encode is json.Marshal on one line without escaping <, > and &, which a
// person reads in the raw frames.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("gateway: event data: " + err.Error()) // our own structs always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func statusEvent(state State) Event {
	return Event{Name: StatusEvent, Data: encode(statusData{State: string(state)})}
}

const routedState = "routed"

func routedEvent(r Route) Event {
	return Event{Name: StatusEvent, Data: encode(routedData{
		State: routedState, Provider: r.Provider, ResolvedModel: r.ResolvedModel,
		EndpointID: r.EndpointID, UpstreamRequestID: r.UpstreamRequestID,
	})}
}

func errorEvent(f *fault.Fault, r Route) Event {
	text := f.Message
	if f.Hint != "" {
		text += " " + f.Hint
	}
	return Event{Name: ErrorEvent, Terminal: true, Data: encode(errorData{
		Code: eventCode(f), Message: text, Error: text,
		Provider: r.Provider, ResolvedModel: r.ResolvedModel, EndpointID: r.EndpointID,
	})}
}

func heartbeatEvent(now time.Time) Event {
	return Event{Name: HeartbeatEvent, Data: encode(heartbeatData{TS: now.UnixMilli()}), At: now}
}

// routeOf finds the route in the first events of a log, where there is one.
func routeOf(events []Event) Route {
	for _, e := range events {
		var d routedData
		if e.Name == StatusEvent && json.Unmarshal(e.Data, &d) == nil && d.State == routedState {
			return Route{
				Provider: d.Provider, ResolvedModel: d.ResolvedModel,
				EndpointID: d.EndpointID, UpstreamRequestID: d.UpstreamRequestID,
			}
		}
	}
	return Route{}
}

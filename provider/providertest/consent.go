package providertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ask remembers an authorization request and shows its page.
func (s *Simulator) ask(w http.ResponseWriter, r *http.Request, req request) {
	http.Redirect(w, r, "/consent/"+s.desk.ask(req), http.StatusSeeOther)
}

// somebodyElse is the choice of the free fields.
const somebodyElse = "else"

// decide is the answer of the consent page.
func (s *Simulator) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	id := r.PathValue("id")
	req, found := s.desk.asked(id)
	if !found {
		s.refusePage(w, r, "this request has been answered or has expired")
		return
	}
	allowed := r.PostFormValue("decision") == "allow"
	var person Person
	if allowed {
		var problem string
		if person, problem = s.chosen(r.PostForm); problem != "" {
			s.showConsent(w, r, req, problem)
			return
		}
	}
	chosenFault := r.PostFormValue("fault")
	if !slices.ContainsFunc(s.byHand(), func(i Ill) bool { return i.Name == chosenFault }) {
		chosenFault = ""
	}
	code := s.desk.decide(id, &grant{request: req, person: person, fault: chosenFault}, allowed)
	answer := s.protocol.answer(req, code, allowed)
	spoilAnswer(answer, s.faults.with(chosenFault))
	target, err := url.Parse(req.RedirectURI)
	if err != nil {
		s.refusePage(w, r, "redirect_uri is not a URL")
		return
	}
	query := target.Query()
	for name, values := range answer {
		query[name] = values
	}
	target.RawQuery = query.Encode()
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusSeeOther)
}

// spoilAnswer applies the faults of the callback.
func spoilAnswer(answer url.Values, in ills) {
	if in.has("callback_error") {
		answer.Del("code")
		answer.Set("error", "server_error")
	}
	if in.has("callback_state_changed") {
		answer.Set("state", "0000000000000000000000")
	}
	if in.has("callback_code_twice") {
		answer.Add("code", "a-second-code")
	}
}

// byHand are the faults that the page offers.
func (s *Simulator) byHand() []Ill {
	return slices.DeleteFunc(slices.Clone(Catalogue), func(i Ill) bool { return !i.ByHand || !i.concerns(s.kind) })
}

// chosen reads who the form says came, or what is wrong with it.
func (s *Simulator) chosen(form url.Values) (Person, string) {
	choice := form.Get("person")
	if choice != somebodyElse {
		people := People()
		i := slices.IndexFunc(people, func(p Person) bool { return p.ID == choice })
		if i < 0 {
			return Person{}, "person"
		}
		return people[i], ""
	}
	p := Person{
		ID: strings.TrimSpace(form.Get("id")), Username: form.Get("username"), Nickname: form.Get("nickname"), Email: form.Get("email"),
		EmailVerified: form.Get("email_verified") != "", NoAvatar: form.Get("avatar") == "",
	}
	digits := strings.Trim(p.ID, "0123456789") == "" && !strings.HasPrefix(p.ID, "0") && len(p.ID) <= 18
	if p.ID == "" || len(p.ID) > 64 || s.protocol.numericIDs() && !digits {
		return Person{}, "id"
	}
	if p.Username == "" {
		p.Username = "user" + p.ID
	}
	return p, ""
}

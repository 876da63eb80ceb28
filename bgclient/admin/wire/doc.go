// Package wire is what the admin API says over HTTP: the JSON of its bodies, and the
// problems that it answers with. The server (package admin) and the client (package
// client) are both written against it, and openapi.yaml describes it.
//
// Names are snake_case. Times are RFC 3339 in UTC; what does not exist is null. Durations are
// numbers with the unit in the name. Ids are texts. A field may be added at any time, none
// is ever renamed or given another meaning within /v1.
package wire

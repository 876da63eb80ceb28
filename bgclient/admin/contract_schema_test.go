package admin

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// spoken are the types of which bodies are made; each has a schema of the same name.
var spoken = []any{
	wire.Act{}, wire.Acted{}, wire.Audit{}, wire.AuditEntry{}, wire.Batch{}, wire.Batches{}, wire.Compacted{}, wire.Count{}, wire.CountGroup{},
	wire.Enqueue{}, wire.Enqueued{}, wire.EnqueuedJob{}, wire.ErrorGroup{}, wire.ErrorGroups{}, wire.Event{}, wire.Failures{}, wire.FileInfo{}, wire.Flow{},
	wire.History{}, wire.HistoryEvent{}, wire.Info{}, wire.Job{}, wire.JobPage{}, wire.Logs{}, wire.NewJob{}, wire.NewOperation{}, wire.Operation{},
	wire.Operations{}, wire.Problem{}, wire.Progress{}, wire.Queue{}, wire.QueueChange{}, wire.Queues{}, wire.Refusal{}, wire.Remedy{}, wire.Result{},
	wire.Selection{}, wire.Stack{}, wire.Stats{}, wire.StatsBucket{}, wire.StatsGroup{}, wire.Status{}, wire.Verified{}, wire.Why{},
	store.Actor{}, store.Cause{}, store.Failure{}, store.LogLine{},
	struct {
		Reason string `json:"reason,omitempty"`
	}{}, // Because
}

// TestSchemasAreTheTypes: the fields of each type are the properties of its schema, and of the same sort.
func TestSchemasAreTheTypes(t *testing.T) {
	schemas := spec(t).Components.Schemas
	seen := map[string]bool{"ID": true, "State": true, "Action": true, "Value": true, "Duration": true, "Counts": true, "Code": true}
	for _, v := range spoken {
		typ := reflect.TypeOf(v)
		name := typ.Name()
		if name == "" {
			name = "Because"
		}
		seen[name] = true
		schema := schemas[name]
		if schema == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		properties, required := map[string]*openapi3.SchemaRef{}, []string{}
		flatten(schema.Value, properties, &required)
		for _, field := range reflect.VisibleFields(typ) {
			tag := field.Tag.Get("json")
			if field.Anonymous || tag == "-" {
				continue
			}
			key, option, _ := strings.Cut(tag, ",")
			property := properties[key]
			if property == nil {
				t.Errorf("%s.%s is not specified", name, key)
				continue
			}
			delete(properties, key)
			if slices.Contains(required, key) != (option == "") {
				t.Errorf("%s.%s: it is not so that the field is required (%v) if it is always there (%v)", name, key, option != "", option == "")
			}
			if why := differs(field.Type, property, option == ""); why != "" {
				t.Errorf("%s.%s: %s", name, key, why)
			}
		}
		for key := range properties {
			t.Errorf("%s has no field %s", name, key)
		}
	}
	for name := range schemas {
		if !seen[name] {
			t.Errorf("the schema %s stands for no type", name)
		}
	}
	for _, name := range typesOfWire(t) {
		if !seen[name] {
			t.Errorf("wire.%s is not looked at", name)
		}
	}
}

// flatten gathers what a schema has, also by allOf.
func flatten(s *openapi3.Schema, properties map[string]*openapi3.SchemaRef, required *[]string) {
	for name, p := range s.Properties {
		properties[name] = p
	}
	*required = append(*required, s.Required...)
	for _, part := range s.AllOf {
		flatten(part.Value, properties, required)
	}
}

// typesOfWire reads the names of the structs out of the source.
func typesOfWire(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("wire/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				if _, ok := spec.Type.(*ast.StructType); ok {
					names = append(names, spec.Name.Name)
				}
			}
			return true
		})
	}
	return names
}

const refs = "#/components/schemas/"

// differs says how a field is not what its schema says, or "".
func differs(typ reflect.Type, s *openapi3.SchemaRef, always bool) string {
	nullable := s.Value.Type.Includes("null") || slices.ContainsFunc(s.Value.OneOf, func(o *openapi3.SchemaRef) bool { return o.Value.Type.Is("null") })
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
		if always && !nullable && typ.Kind() != reflect.Struct || always && !nullable && typ == reflect.TypeFor[time.Time]() {
			return "it can be null"
		}
	} else if nullable && typ.Kind() != reflect.Slice && s.Ref != refs+"Value" {
		return "it cannot be null"
	}
	is := func(want string) string {
		if !s.Value.Type.Includes(want) {
			return fmt.Sprintf("it is of type %s, not %v", want, s.Value.Type)
		}
		return ""
	}
	refers := func(name string) string {
		if s.Ref == refs+name || slices.ContainsFunc(s.Value.OneOf, func(o *openapi3.SchemaRef) bool { return o.Ref == refs+name }) {
			return ""
		}
		return "it is a " + name
	}
	switch typ {
	case reflect.TypeFor[store.ID]():
		return refers("ID")
	case reflect.TypeFor[store.State]():
		return refers("State")
	case reflect.TypeFor[wire.Code]():
		return refers("Code")
	case reflect.TypeFor[time.Time]():
		if s.Value.Format != "date-time" {
			return "it is a time"
		}
		return is("string")
	case reflect.TypeFor[json.RawMessage]():
		if s.Value.AnyOf != nil { // one of some reports
			return ""
		}
		return refers("Value")
	case reflect.TypeFor[[]byte]():
		if s.Value.ContentEncoding != "base64" {
			return "it is in base64"
		}
		return is("string")
	case reflect.TypeFor[map[string]int64]():
		return refers("Counts")
	}
	switch typ.Kind() {
	case reflect.Bool:
		return is("boolean")
	case reflect.String:
		return is("string")
	case reflect.Int, reflect.Int16, reflect.Int64, reflect.Uint64:
		return is("integer")
	case reflect.Float64:
		return is("number")
	case reflect.Struct:
		return refers(typ.Name())
	case reflect.Slice:
		if why := is("array"); why != "" {
			return why
		}
		return differs(typ.Elem(), s.Value.Items, false)
	}
	return "nobody knows what " + typ.String() + " is"
}

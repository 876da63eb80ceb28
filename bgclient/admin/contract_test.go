package admin

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
)

// specification is openapi.yaml.
var specification = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	return doc, err
})

func spec(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestRoutesAreSpecified: each route is in openapi.yaml, and nothing else is.
func TestRoutesAreSpecified(t *testing.T) {
	var served, specified []string
	for _, table := range routeTables {
		for _, rt := range table {
			served = append(served, rt.pattern)
			if method, _, _ := strings.Cut(rt.pattern, " "); rt.change == (method == http.MethodGet) {
				t.Errorf("%s: change is %v", rt.pattern, rt.change)
			}
		}
	}
	names := map[string]bool{}
	for path, item := range spec(t).Paths.Map() {
		for method, operation := range item.Operations() {
			specified = append(specified, method+" "+path)
			if id := operation.OperationID; id == "" || names[id] || operation.Summary == "" || len(operation.Tags) != 1 {
				t.Errorf("%s %s is not described well: %q, %q", method, path, id, operation.Summary)
			}
			names[operation.OperationID] = true
			if r := operation.Responses.Default(); r == nil || r.Ref != "#/components/responses/Problem" {
				t.Errorf("%s %s does not say that there may be problems", method, path)
			}
		}
	}
	slices.Sort(served)
	slices.Sort(specified)
	if !slices.Equal(served, specified) {
		t.Errorf("served:\n%s\n\nspecified:\n%s", strings.Join(served, "\n"), strings.Join(specified, "\n"))
	}
}

// TestParametersAreSpecified: a route says what parameters it has, if it is asked for another one.
func TestParametersAreSpecified(t *testing.T) {
	f := serve(t, true)
	id := f.enqueue(1, queue.NewJob{Kind: "k"})[0].String()
	for path, item := range spec(t).Paths.Map() {
		for method, operation := range item.Operations() {
			var want []string
			for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
				if p.Value.In == openapi3.ParameterInQuery {
					want = append(want, p.Value.Name)
				}
			}
			target := strings.NewReplacer("{id}", id, "{name}", "default", "{action}", "retry").Replace(path)
			p := refusedWith(t, call(f.s, method, target+"?zzz=1", ""), wire.CodeBadRequest)
			var got []string
			if names, ok := strings.CutPrefix(p.Hint, "there are "); ok {
				got = strings.Split(names, ", ")
			}
			slices.Sort(got)
			slices.Sort(want)
			if !strings.Contains(p.Detail, "zzz") || !slices.Equal(got, want) {
				t.Errorf("%s %s has the parameters %q, and %q are specified: %s", method, path, got, want, p.Detail)
			}
		}
	}
}

// TestCodesAreSpecified: each code of a problem is in openapi.yaml, with its status.
func TestCodesAreSpecified(t *testing.T) {
	schema := spec(t).Components.Schemas["Code"].Value
	var specified []string
	for _, v := range schema.Enum {
		specified = append(specified, v.(string))
	}
	codes := codesOfWire(t)
	if !slices.Equal(codes, specified) {
		t.Errorf("there are:\n%s\n\nspecified are:\n%s", strings.Join(codes, "\n"), strings.Join(specified, "\n"))
	}
	described := ""
	for _, name := range []string{"Problem", "NotFound", "Conflict", "TooMany", "Impossible"} {
		described += *spec(t).Components.Responses[name].Value.Description
	}
	for _, code := range codes {
		p := wire.NewProblem(wire.Code(code), "hint", "detail")
		valid(t, "Problem", p)
		if !strings.Contains(described, "`"+code+"`") {
			t.Errorf("no answer is said to have the code %s", code)
		}
		if !strings.Contains(string(openAPI), "- "+code+" # "+strconv.Itoa(p.Status)) {
			t.Errorf("the status of %s is %d, which is not what is specified", code, p.Status)
		}
	}
}

// codesOfWire reads the constants out of the source.
func codesOfWire(t *testing.T) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "wire/problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, text)
			}
		}
		return true
	})
	if len(codes) == 0 {
		t.Fatal("no codes were found")
	}
	return codes
}

// valid checks a value against a schema.
func valid(t testing.TB, name string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		t.Fatal(err)
	}
	if err := spec(t).Components.Schemas[name].Value.VisitJSON(plain, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s is no %s: %v", b, name, err)
	}
}

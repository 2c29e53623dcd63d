// What the runtime does on a network that behaves badly, and with JSON that is merely alike. The test in Rust beside this
// folder puts the file into the package that is generated from echo.proto.
package echo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a server that counts its requests, and returns a client of it.
func serve(t *testing.T, handle func(int64, http.ResponseWriter, *http.Request)) (*EchoClient, *atomic.Int64) {
	t.Helper()
	requests := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle(requests.Add(1), w, r)
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	return NewEcho(WithAddress(server.URL+"/"), WithToken("secret"), WithHTTPClient(client)), requests
}

func answers(text string) func(int64, http.ResponseWriter, *http.Request) {
	return func(_ int64, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

// code is that of the error, and 0 without one.
func code(t *testing.T, err error) int {
	t.Helper()
	var failed *Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("%v is no error of the platform", err)
	}
	if failed == nil {
		return 0
	}
	return failed.Code
}

func TestRequestsSayWhatOptionsSay(t *testing.T) {
	var got *http.Request
	client, _ := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) { got = r })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := client.Whoami(ctx, WithNamespace("shop"), WithHeader("X-Trace", "7")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer secret", "Micro-Namespace": "shop", "X-Trace": "7",
		"Content-Type": "application/json", "Accept": "application/json",
	} {
		if found := got.Header.Get(name); found != want {
			t.Errorf("%s is %q", name, found)
		}
	}
	var nanoseconds int64
	fmt.Sscan(got.Header.Get("Timeout"), &nanoseconds)
	if left := time.Duration(nanoseconds); left <= 50*time.Second || left > time.Minute {
		t.Errorf("the timeout is %v", left)
	}
	if got.Method != "POST" || got.URL.Path != "/echo/Echo/Whoami" {
		t.Errorf("%s %s", got.Method, got.URL.Path)
	}
	if _, err := client.Whoami(ctx, WithToken("")); err != nil || got.Header.Get("Authorization") != "" {
		t.Errorf("%v, %v", err, got.Header)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	status := func(code int) func(int64, http.ResponseWriter, *http.Request) {
		return func(request int64, w http.ResponseWriter, _ *http.Request) {
			if request < 3 {
				w.WriteHeader(code)
			}
		}
	}
	hangUp := func(request int64, w http.ResponseWriter, _ *http.Request) {
		if request < 3 {
			panic(http.ErrAbortHandler)
		}
	}
	cut := func(request int64, w http.ResponseWriter, _ *http.Request) {
		if request < 3 {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"calls":`)
		}
	}
	flaky := func(c *EchoClient, options ...CallOption) error {
		_, err := c.Flaky(context.Background(), &Attempts{}, options...)
		return err
	}
	once := func(c *EchoClient, options ...CallOption) error {
		_, err := c.Once(context.Background(), &Attempts{}, options...)
		return err
	}
	for _, each := range []struct {
		name     string
		handle   func(int64, http.ResponseWriter, *http.Request)
		call     func(*EchoClient, ...CallOption) error
		options  []CallOption
		code     int
		requests int64
	}{
		{"bad gateway", status(502), flaky, nil, 0, 3},
		{"unavailable", status(503), flaky, nil, 0, 3},
		{"gateway timeout", status(504), flaky, nil, 0, 3},
		{"too few attempts", status(503), flaky, []CallOption{WithAttempts(2)}, 503, 2},
		{"switched off", status(503), flaky, []CallOption{WithAttempts(1)}, 503, 1},
		{"no time left", status(503), flaky, []CallOption{WithTimeout(20 * time.Millisecond)}, 503, 1},
		{"internal", status(500), flaky, nil, 500, 1},
		{"hung up", hangUp, flaky, nil, 0, 3},
		{"cut off", cut, flaky, nil, 0, 3},
		{"not idempotent, unavailable", status(503), once, nil, 503, 1},
		{"not idempotent, hung up", hangUp, once, nil, 503, 1},
		{"not idempotent, cut off", cut, once, nil, 503, 1},
	} {
		client, requests := serve(t, each.handle)
		if found := code(t, each.call(client, each.options...)); found != each.code || requests.Load() != each.requests {
			t.Errorf("%s: code %d after %d requests", each.name, found, requests.Load())
		}
	}
}

// late is a dialer that fails at first.
type late struct {
	failures int64
	dials    atomic.Int64
}

func (l *late) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if l.dials.Add(1) <= l.failures {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func TestWhatWasNotSentIsTriedAgain(t *testing.T) {
	for failures, want := range map[int64]int{0: 0, 1: 0, 2: 0, 3: 503} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		}))
		client := func() *EchoClient {
			dialer := &late{failures: failures}
			transport := &http.Transport{DialContext: dialer.DialContext}
			return NewEcho(WithAddress(server.URL), WithHTTPClient(&http.Client{Transport: transport}))
		}
		_, err := client().Once(context.Background(), &Attempts{})
		if found := code(t, err); found != want {
			t.Errorf("%d failures: %v", failures, err)
		}
		sum := client().Sum(context.Background())
		if err := sum.Send(&Number{Value: 7}); code(t, err) != want {
			t.Errorf("%d failures: sent with %v", failures, err)
		}
		if number, err := sum.CloseAndRecv(); code(t, err) != want || err == nil && number.Value != 7 {
			t.Errorf("%d failures: %v, %v", failures, number, err)
		}
		server.Close()
	}
}

func TestErrors(t *testing.T) {
	for _, each := range []struct {
		status int
		body   string
		want   Error
	}{
		{404, `{"id":"a.B","code":404,"detail":"no","status":"Gone"}`, Error{ID: "a.B", Code: 404, Detail: "no", Status: "Gone"}},
		{404, `{"error":"no"}`, Error{ID: ownID, Code: 404, Detail: `{"error":"no"}`, Status: "Not Found"}},
		{502, "<html>", Error{ID: ownID, Code: 502, Detail: "<html>", Status: "Bad Gateway"}},
		{302, "", Error{ID: ownID, Code: 302, Status: "Found"}},
		{500, strings.Repeat("ü", 500), Error{ID: ownID, Code: 500, Detail: strings.Repeat("ü", 250) + "...", Status: "Internal Server Error"}},
	} {
		client, _ := serve(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(each.status)
			io.WriteString(w, each.body)
		})
		err := client.Fail(context.Background(), nil)
		var found *Error
		if !errors.As(err, &found) {
			t.Fatalf("%v", err)
		}
		found.retry, found.cause = never, nil
		if *found != each.want {
			t.Errorf("got %+v, want %+v", *found, each.want)
		}
	}
	client, _ := serve(t, answers("<html>"))
	if _, err := client.Whoami(context.Background()); code(t, err) != 500 {
		t.Errorf("what is no JSON: %v", err)
	}
}

func TestStreams(t *testing.T) {
	failed := `{"id":"a","code":418,"detail":"d","status":"s"}`
	for _, each := range []struct {
		name, body string
		values     int
		code       int
	}{
		{"lines", "{\"value\":\"1\"}\n\n{\"value\":2}\r\n{}", 3, 0},
		{"an error at the end", "{}\n" + failed + "\n", 1, 418},
		{"a message that resembles one", failed + "\n{}\n", 2, 0},
		{"more keys than an error has", `{"id":"a","code":418,"detail":"d","status":"s","value":1}`, 1, 0},
		{"a code that is no number", `{"id":"a","code":"418","detail":"d","status":"s"}`, 1, 0},
		{"nothing", "", 0, 0},
		{"no JSON", "{}\n<html>\n{}\n", 1, 500},
	} {
		client, _ := serve(t, answers(each.body))
		stream, err := client.Count(context.Background(), &Range{})
		if err != nil {
			t.Fatal(err)
		}
		values := 0
		for _, err = stream.Recv(); err == nil; _, err = stream.Recv() {
			values++
		}
		if err == io.EOF {
			err = nil
		}
		if found := code(t, err); values != each.values || found != each.code {
			t.Errorf("%s: %d values, then %v", each.name, values, err)
		}
		stream.Close()
	}
}

func TestAStreamThatIsCutOffFails(t *testing.T) {
	client, _ := serve(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "{}\n")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	stream, _ := client.Count(context.Background(), &Range{})
	defer stream.Close()
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); code(t, err) != 503 {
		t.Errorf("%v", err)
	}
}

func TestAStreamHasTheDeadlineThatItWasGiven(t *testing.T) {
	client, _ := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{}\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	stream, _ := client.Count(context.Background(), &Range{}, WithTimeout(50*time.Millisecond))
	defer stream.Close()
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); code(t, err) != 408 {
		t.Errorf("%v", err)
	}
	left, _ := client.Count(context.Background(), &Range{})
	left.Close()
	if _, err := left.Recv(); code(t, err) != 499 {
		t.Errorf("%v", err)
	}
}

func TestASenderLearnsThatTheServiceHasEnded(t *testing.T) {
	refuse := func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(403)
	}
	client, _ := serve(t, refuse)
	chat := client.Chat(context.Background())
	defer chat.Close()
	if err := sendAll(chat.Send); code(t, err) != 403 {
		t.Errorf("refused: %v", err)
	}
	client, _ = serve(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, `{"value":"1"}`)
	})
	sum := client.Sum(context.Background())
	if err := sendAll(sum.Send); err != io.EOF {
		t.Errorf("answered early: %v", err)
	}
	if number, err := sum.CloseAndRecv(); err != nil || number.Value != 1 {
		t.Errorf("%v, %v", number, err)
	}
	if err := sum.Send(&Number{}); code(t, err) != 400 {
		t.Errorf("after the end: %v", err)
	}
}

// sendAll sends until that fails.
func sendAll(send func(*Number) error) error {
	for {
		if err := send(&Number{Value: 1}); err != nil {
			return err
		}
	}
}

func TestAServiceMaySpeakFirst(t *testing.T) {
	client, _ := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.WriteString(w, "{\"value\":1}\n")
		w.(http.Flusher).Flush()
		scanner := bufio.NewScanner(r.Body)
		for scanner.Scan() {
			fmt.Fprintln(w, scanner.Text())
			w.(http.Flusher).Flush()
		}
	})
	chat := client.Chat(context.Background(), WithTimeout(10*time.Second))
	defer chat.Close()
	for value := int64(1); value <= 3; value++ {
		number, err := chat.Recv()
		if err != nil || number.Value != value {
			t.Fatalf("%v, %v", number, err)
		}
		if err := chat.Send(&Number{Value: value + 1}); err != nil {
			t.Fatal(err)
		}
	}
	chat.CloseSend()
	if number, err := chat.Recv(); err != nil || number.Value != 4 {
		t.Errorf("%v, %v", number, err)
	}
	if _, err := chat.Recv(); err != io.EOF {
		t.Errorf("%v", err)
	}
}

func TestWhatCanBeUnderstoodIsTaken(t *testing.T) {
	text := Pointer("")
	at := time.Date(2026, 1, 2, 1, 4, 5, 600, time.UTC)
	for given, want := range map[string]Everything{
		`{}`:   {},
		`null`: {},
		`{"an_int64":5,"a_uint64":"6","an_int32":"7","a_double":"1.5","a_bool":"true","a_string":8}`: {
			AnInt64: 5, AUint64: 6, AnInt32: 7, ADouble: 1.5, ABool: true, AString: "8"},
		`{"an_int64":1e3,"a_uint32":2.0,"new":{"a":[1,{"b":null}]},"class":"c"}`:                            {AnInt64: 1000, AUint32: 2, Class: "c"},
		`{"an_int64":null,"a_string":null,"numbers":null,"labels":null,"inner":null,"at":null,"mask":null}`: {},
		`{"numbers":[],"labels":{},"some_bytes":null,"maybe_text":null}`:                                    {},
		`{"some_bytes":"-_8","blobs":["",null,"YQ"]}`:                                                       {SomeBytes: []byte{251, 255}, Blobs: [][]byte{{}, {}, {'a'}}},
		`{"raw":null}`:                               {Raw: []byte{}},
		`{"text":""}`:                                {Text: text},
		`{"colour":2,"colours":["2","NEW"]}`:         {Colour: ColourBlue, Colours: []Colour{ColourBlue, 0}},
		`{"inners":[null]}`:                          {Inners: []*EverythingInner{{}}},
		`{"at":"2026-01-02T03:04:05.0000006+02:00"}`: {At: &at},
		`{"mask":""}`:                                {Mask: FieldMask{}},
	} {
		var got Everything
		if err := json.Unmarshal([]byte(given), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v", given, got, err)
		}
	}
	for _, given := range []string{
		`{"an_int64":"9223372036854775808"}`, `{"an_int64":1.5}`, `{"an_int32":2147483648}`, `{"a_uint32":-1}`,
		`{"a_double":"x"}`, `{"inner":[]}`, `{"numbers":{}}`, `{"some_bytes":"*"}`, `{"at":"yesterday"}`,
		`{"after":"soon"}`, `{"a_bool":1}`, `[]`, `{"blobs_by_id":{"x":""}}`, `{"nothing":7}`, `{"numbers":[1`,
	} {
		if err := decode([]byte(given), new(Everything)); err == nil {
			t.Errorf("%s was taken", given)
		}
	}
}

func TestJSONIsWrittenAsThePlatformDoes(t *testing.T) {
	message := Everything{
		ADouble: math.Copysign(0, -1), AnInt64: -5, AString: "<", Colour: ColourRed, Colours: []Colour{77},
		Numbers: []int64{1}, ColoursByFlag: map[bool]Colour{true: 2, false: 0}, MaybeText: Pointer(""), Raw: []byte{},
		After: Pointer(time.Duration(math.MinInt64)), Mask: FieldMask{}, Inners: []*EverythingInner{nil},
	}
	got, err := json.Marshal(message)
	want := `{"a_double":-0.0,"an_int64":"-5","a_string":"\u003c","colour":"COLOUR_RED","numbers":["1"],"colours":[77],` +
		`"inners":[{}],"colours_by_flag":{"false":"COLOUR_UNSPECIFIED","true":"COLOUR_BLUE"},"maybe_text":"","raw":"",` +
		`"after":"-9223372036.854775808s","mask":""}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	var read Everything
	if err := json.Unmarshal(got, &read); err != nil || *read.After != *message.After {
		t.Errorf("%v, %v", read.After, err)
	}
	if Colour(77).String() != "77" || ColourBlue.String() != "COLOUR_BLUE" {
		t.Errorf("%v, %v", Colour(77), ColourBlue)
	}
}

func TestWhatHasNoJSONIsRefused(t *testing.T) {
	early := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	deep := new(EverythingInner)
	for depth := 0; depth <= maxDepth; depth++ {
		deep = &EverythingInner{Deeper: deep}
	}
	for _, message := range []*Everything{
		{AString: "\xff"}, {Labels: map[string]string{"\xff": ""}}, {At: &early}, {Inner: deep},
		{Text: Pointer(""), Raw: []byte{}},
	} {
		client, requests := serve(t, answers("{}"))
		if _, err := client.Call(context.Background(), message); code(t, err) != 400 || requests.Load() != 0 {
			t.Errorf("%v", err)
		}
	}
}

// The behaviour suite of the client in Go: `suite CASE ADDRESS`, or `suite ADDRESS` for all cases.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	echo "go.micro.service.echo"
)

// suite is what the cases call.
type suite struct {
	address string
	echo    *echo.EchoClient
	mirror  *echo.MirrorClient
}

var cases = []struct {
	name string
	run  func(suite) error
}{
	{"unary", unary},
	{"defaults", defaults},
	{"bigNumbers", bigNumbers},
	{"bytes", allBytes},
	{"floats", floats},
	{"enums", enums},
	{"oneof", oneof},
	{"optional", optional},
	{"wellKnown", wellKnown},
	{"secondService", secondService},
	{"token", token},
	{"namespace", namespace},
	{"error", answeredError},
	{"notFound", notFound},
	{"deadline", deadline},
	{"cancel", cancel},
	{"retry", retry},
	{"noRetry", noRetry},
	{"unreachable", unreachable},
	{"serverStream", serverStream},
	{"streamError", streamError},
	{"streamLeft", streamLeft},
	{"clientStream", clientStream},
	{"bidi", bidi},
	{"concurrent", concurrent},
}

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: suite [CASE] ADDRESS")
		os.Exit(2)
	}
	address := os.Args[len(os.Args)-1]
	wanted := ""
	if len(os.Args) == 3 {
		wanted = os.Args[1]
	}
	if !run(wanted, address) {
		os.Exit(1)
	}
}

// run tells whether there was a case to run, and whether all that were run hold.
func run(wanted, address string) bool {
	subject := suite{
		address: address,
		echo:    echo.NewEcho(echo.WithAddress(address)),
		mirror:  echo.NewMirror(echo.WithAddress(address)),
	}
	found, hold := false, true
	for _, each := range cases {
		if wanted != "" && wanted != each.name {
			continue
		}
		found = true
		if err := each.run(subject); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", each.name, err)
			hold = false
			continue
		}
		fmt.Println("ok", each.name)
	}
	if !found {
		fmt.Fprintf(os.Stderr, "there is no case %q\n", wanted)
	}
	return found && hold
}

// same compares, and shows both as JSON.
func same(got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("got %s, want %s", show(got), show(want))
}

func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return string(text)
}

// failed checks an error's code, and returns it.
func failed(err error, codes ...int) (*echo.Error, error) {
	var found *echo.Error
	if !errors.As(err, &found) {
		return nil, fmt.Errorf("got %v, want an error of the platform", err)
	}
	for _, code := range codes {
		if found.Code == code {
			return found, nil
		}
	}
	return nil, fmt.Errorf("got %v, want the code %v", found, codes)
}

// returns checks that a message comes back as it was sent.
func (s suite) returns(sent *echo.Everything) error {
	got, err := s.echo.Call(context.Background(), sent)
	if err != nil {
		return err
	}
	return same(got, sent)
}

func (s suite) returnsAll(messages ...*echo.Everything) error {
	for _, message := range messages {
		if err := s.returns(message); err != nil {
			return err
		}
	}
	return nil
}

func everything() *echo.Everything {
	at := time.Date(2026, time.November, 26, 12, 34, 56, 123456789, time.UTC)
	return &echo.Everything{
		ADouble:       1.5,
		AFloat:        0.25,
		AnInt32:       -7,
		AnInt64:       9007199254740993,
		AUint32:       4000000000,
		AUint64:       9007199254740993,
		ABool:         true,
		AString:       "Grüße \"quoted\" \n 世界",
		SomeBytes:     []byte{0, 1, 255},
		Colour:        echo.ColourBlue,
		Inner:         &echo.EverythingInner{Name: "in", ID: 1, Deeper: &echo.EverythingInner{Name: "deep"}},
		Numbers:       []int64{1, -1},
		Blobs:         [][]byte{[]byte("a"), {}},
		Colours:       []echo.Colour{echo.ColourRed, echo.ColourBlue},
		Inners:        []*echo.EverythingInner{{Name: "first"}, {Name: "second", ID: 2}},
		Labels:        map[string]string{"a": "b", "": "empty", "ü": "x"},
		BlobsByID:     map[int64][]byte{-1: []byte("x")},
		ColoursByFlag: map[bool]echo.Colour{true: echo.ColourRed, false: echo.ColourBlue},
		InnersByName:  map[string]*echo.EverythingInner{"one": {Name: "one"}},
		MaybeNumber:   echo.Pointer[int64](0),
		MaybeText:     echo.Pointer(""),
		Message:       &echo.EverythingInner{Name: "chosen"},
		At:            &at,
		After:         echo.Pointer(1500 * time.Millisecond),
		Mask:          echo.FieldMask{"a", "b.c"},
		Nothing:       &struct{}{},
		Class:         "c",
		Type:          "t",
		UserID:        "u",
	}
}

func unary(s suite) error {
	return s.returns(everything())
}

func defaults(s suite) error {
	return s.returnsAll(&echo.Everything{}, &echo.Everything{Inner: &echo.EverythingInner{}})
}

func bigNumbers(s suite) error {
	return s.returnsAll(
		&echo.Everything{
			AnInt64:     math.MaxInt64,
			AUint64:     math.MaxUint64,
			Numbers:     []int64{math.MaxInt64, math.MinInt64},
			BlobsByID:   map[int64][]byte{math.MaxInt64: {1}, math.MinInt64: {2}},
			MaybeNumber: echo.Pointer[int64](math.MaxInt64),
		},
		&echo.Everything{AnInt64: math.MinInt64, MaybeNumber: echo.Pointer[int64](math.MinInt64)},
	)
}

func allBytes(s suite) error {
	every := make([]byte, 256)
	for index := range every {
		every[index] = byte(index)
	}
	return s.returnsAll(
		&echo.Everything{
			SomeBytes: every,
			Blobs:     [][]byte{every, {}, {0}},
			BlobsByID: map[int64][]byte{1: every, 2: {}},
		},
		&echo.Everything{Raw: every},
	)
}

func floats(s suite) error {
	for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)} {
		got, err := s.echo.Call(context.Background(), &echo.Everything{ADouble: number})
		if err != nil {
			return err
		}
		isSame := math.Float64bits(got.ADouble) == math.Float64bits(number)
		if !isSame && !(math.IsNaN(got.ADouble) && math.IsNaN(number)) {
			return fmt.Errorf("got %v, want %v", got.ADouble, number)
		}
	}
	return nil
}

func enums(s suite) error {
	const unnamed = echo.Colour(77)
	if text := echo.ColourRed.String(); text != "COLOUR_RED" {
		return fmt.Errorf("red is %q", text)
	}
	return s.returns(&echo.Everything{
		Colour:        unnamed,
		Colours:       []echo.Colour{echo.ColourBlue, unnamed, echo.ColourUnspecified},
		ColoursByFlag: map[bool]echo.Colour{true: echo.ColourRed, false: unnamed},
	})
}

func oneof(s suite) error {
	both := &echo.Everything{Text: echo.Pointer(""), Number: echo.Pointer[int64](0)}
	if _, err := s.echo.Call(context.Background(), both); err == nil {
		return errors.New("two members of a oneof were sent")
	}
	return s.returnsAll(
		&echo.Everything{Text: echo.Pointer("said")},
		&echo.Everything{Text: echo.Pointer("")},
		&echo.Everything{Number: echo.Pointer[int64](math.MaxInt64)},
		&echo.Everything{Number: echo.Pointer[int64](0)},
		&echo.Everything{Message: &echo.EverythingInner{Name: "chosen"}},
		&echo.Everything{Message: &echo.EverythingInner{}},
		&echo.Everything{Raw: []byte{1, 2}},
		&echo.Everything{Raw: []byte{}},
	)
}

func optional(s suite) error {
	return s.returnsAll(
		&echo.Everything{MaybeNumber: echo.Pointer[int64](0)},
		&echo.Everything{MaybeText: echo.Pointer("")},
		&echo.Everything{},
	)
}

func wellKnown(s suite) error {
	at := time.Date(1969, time.December, 31, 23, 59, 59, 1, time.UTC)
	later := time.Date(2026, time.November, 26, 12, 34, 56, 123456789, time.UTC)
	return s.returnsAll(
		&echo.Everything{At: &at, After: echo.Pointer(time.Duration(-1)), Nothing: &struct{}{}},
		&echo.Everything{At: &later, After: echo.Pointer(1*time.Second + 123456789)},
		&echo.Everything{After: echo.Pointer(-90 * time.Second), Mask: echo.FieldMask{"a", "b.c"}},
		&echo.Everything{After: echo.Pointer(time.Duration(0))},
	)
}

func secondService(s suite) error {
	got, err := s.mirror.Turn(context.Background(), &echo.Text{Text: "Grüße"})
	if err != nil {
		return err
	}
	return same(got, &echo.Text{Text: "eßürG"})
}

func token(s suite) error {
	known, err := s.echo.Whoami(context.Background())
	if err != nil {
		return err
	}
	if known.Account == "" {
		return errors.New("the token of the environment was not sent")
	}
	nobody := echo.NewEcho(echo.WithAddress(s.address), echo.WithToken(""))
	unknown, err := nobody.Whoami(context.Background())
	if err != nil {
		return err
	}
	if unknown.Account != "" {
		return fmt.Errorf("without a token the account is %q", unknown.Account)
	}
	again, err := nobody.Whoami(context.Background(), echo.WithToken(os.Getenv("MICRO_API_TOKEN")))
	if err != nil {
		return err
	}
	return same(again, known)
}

func namespace(s suite) error {
	got, err := s.echo.Whoami(context.Background(), echo.WithNamespace("micro"))
	if err != nil {
		return err
	}
	if got.Namespace != "micro" {
		return fmt.Errorf("the namespace is %q", got.Namespace)
	}
	elsewhere := echo.NewEcho(echo.WithAddress(s.address), echo.WithNamespace("elsewhere"))
	other, err := elsewhere.Whoami(context.Background())
	if err != nil {
		return err
	}
	if other.Namespace != "elsewhere" {
		return fmt.Errorf("the namespace is %q", other.Namespace)
	}
	return nil
}

func answeredError(s suite) error {
	err := s.echo.Fail(context.Background(), &echo.Failure{
		ID:     "echo.Echo.Fail.teapot",
		Code:   418,
		Detail: "short and stout",
	})
	found, err := failed(err, 418)
	if err != nil {
		return err
	}
	if found.ID != "echo.Echo.Fail.teapot" || found.Detail != "short and stout" || found.Status == "" {
		return fmt.Errorf("got %+v", *found)
	}
	return nil
}

func notFound(s suite) error {
	lost := echo.NewEcho(echo.WithAddress(s.address), echo.WithService("nowhere"))
	_, err := lost.Whoami(context.Background())
	found, err := failed(err, 404, 500)
	if err != nil {
		return err
	}
	if !strings.Contains(found.Detail, "not found") {
		return fmt.Errorf("%q does not say that it is missing", found.Detail)
	}
	return nil
}

func deadline(s suite) error {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := s.waits(ctx, 408, context.DeadlineExceeded); err != nil {
		return err
	}
	return s.waits(context.Background(), 408, context.DeadlineExceeded, echo.WithTimeout(200*time.Millisecond))
}

func cancel(s suite) error {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	return s.waits(ctx, 499, context.Canceled)
}

// waits calls what takes ten seconds, and checks that it is given up.
func (s suite) waits(ctx context.Context, code int, cause error, options ...echo.CallOption) error {
	begun := time.Now()
	err := s.echo.Wait(ctx, &echo.Pause{Milliseconds: 10_000}, options...)
	if took := time.Since(begun); took > 2*time.Second {
		return fmt.Errorf("it took %v", took)
	}
	if _, differs := failed(err, code); differs != nil {
		return differs
	}
	if !errors.Is(err, cause) {
		return fmt.Errorf("%v does not say that it is %v", err, cause)
	}
	return nil
}

// key differs from run to run, for the service counts for as long as it lives.
func key(name string) string {
	return fmt.Sprintf("go-%s-%d", name, time.Now().UnixNano())
}

func retry(s suite) error {
	got, err := s.echo.Flaky(context.Background(), &echo.Attempts{Key: key("flaky"), Failures: 2})
	if err != nil {
		return err
	}
	if got.Calls != 3 {
		return fmt.Errorf("it took %d calls", got.Calls)
	}
	once := &echo.Attempts{Key: key("switched-off"), Failures: 1}
	_, err = s.echo.Flaky(context.Background(), once, echo.WithAttempts(1))
	_, err = failed(err, 503)
	return err
}

func noRetry(s suite) error {
	_, err := s.echo.Once(context.Background(), &echo.Attempts{Key: key("once"), Failures: 1})
	_, err = failed(err, 503)
	return err
}

func unreachable(suite) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	listener.Close()
	begun := time.Now()
	nobody := echo.NewEcho(echo.WithAddress("http://" + address))
	_, err = nobody.Whoami(context.Background())
	if err := isUnreachable(err); err != nil {
		return err
	}
	sum := nobody.Sum(context.Background())
	if err := isUnreachable(sum.Send(&echo.Number{Value: 1})); err != nil {
		return err
	}
	if took := time.Since(begun); took > 5*time.Second {
		return fmt.Errorf("it took %v", took)
	}
	return nil
}

func isUnreachable(err error) error {
	found, err := failed(err, 503)
	if err != nil {
		return err
	}
	if found.ID != "go.micro.client" {
		return fmt.Errorf("the id is %q", found.ID)
	}
	return nil
}

// receiver is a stream that can be read.
type receiver interface {
	Recv() (*echo.Number, error)
}

// numbers reads a stream to its end, and returns what ended it unless that is io.EOF.
func numbers(stream receiver) ([]int64, error) {
	var all []int64
	for {
		number, err := stream.Recv()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, number.Value)
	}
}

func serverStream(s suite) error {
	stream, err := s.echo.Count(context.Background(), &echo.Range{From: 1, To: 5})
	if err != nil {
		return err
	}
	defer stream.Close()
	all, err := numbers(stream)
	if err != nil {
		return err
	}
	if _, err := stream.Recv(); err != io.EOF {
		return fmt.Errorf("after the end comes %v", err)
	}
	return same(all, []int64{1, 2, 3, 4, 5})
}

func streamError(s suite) error {
	stream, err := s.echo.Count(context.Background(), &echo.Range{From: 1, To: 5, FailAfter: 2})
	if err != nil {
		return err
	}
	defer stream.Close()
	all, err := numbers(stream)
	if _, err := failed(err, 418); err != nil {
		return err
	}
	return same(all, []int64{1, 2})
}

func streamLeft(s suite) error {
	// A second call needs the one connection that there may be.
	transport := &http.Transport{MaxConnsPerHost: 1}
	one := echo.NewEcho(echo.WithAddress(s.address), echo.WithHTTPClient(&http.Client{Transport: transport}))
	stream, err := one.Count(context.Background(), &echo.Range{From: 1, To: math.MaxInt64})
	if err != nil {
		return err
	}
	for want := int64(1); want <= 3; want++ {
		number, err := stream.Recv()
		if err != nil {
			return err
		}
		if number.Value != want {
			return fmt.Errorf("got %d, want %d", number.Value, want)
		}
	}
	if err := stream.Close(); err != nil {
		return err
	}
	_, err = one.Whoami(context.Background(), echo.WithTimeout(5*time.Second))
	return err
}

func clientStream(s suite) error {
	stream := s.echo.Sum(context.Background())
	defer stream.Close()
	for value := int64(1); value <= 3; value++ {
		if err := stream.Send(&echo.Number{Value: value}); err != nil {
			return err
		}
	}
	got, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return same(got, &echo.Number{Value: 6})
}

// bidi reads each answer before it sends on: it holds only if both directions are open at once.
func bidi(s suite) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream := s.echo.Chat(ctx)
	defer stream.Close()
	for value := int64(1); value <= 3; value++ {
		if err := stream.Send(&echo.Number{Value: value}); err != nil {
			return err
		}
		number, err := stream.Recv()
		if err != nil {
			return err
		}
		if number.Value != 2*value {
			return fmt.Errorf("got %d, want %d", number.Value, 2*value)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	rest, err := numbers(stream)
	if err != nil {
		return err
	}
	return same(len(rest), 0)
}

func concurrent(s suite) error {
	const calls = 50
	results := make(chan error, calls)
	for index := 0; index < calls; index++ {
		go func(number int64) {
			results <- s.returns(&echo.Everything{AnInt64: number})
		}(int64(index))
	}
	for index := 0; index < calls; index++ {
		if err := <-results; err != nil {
			return err
		}
	}
	return nil
}

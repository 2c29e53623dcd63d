package micro

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	defaultAddress  = "http://127.0.0.1:8080"
	defaultTimeout  = 30 * time.Second
	defaultAttempts = 3
	firstBackOff    = 50 * time.Millisecond

	oneValue = "application/json"
	lines    = "application/x-ndjson"

	ownID           = "go.micro.client"
	statusCancelled = 499

	maxErrorBody   = 1 << 20
	maxErrorDetail = 500
	maxDepth       = 1000
)

// Pointer returns a pointer to the value, for fields that may be absent.
func Pointer[Value any](value Value) *Value {
	return &value
}

// FieldMask names fields, as in "name" or "address.city". A mask that is nil is absent; one that is merely empty is not.
type FieldMask []string

// Error is what a call fails with; find it with errors.As. Where the client itself gave up, its ID is "go.micro.client",
// and errors.Is finds what was behind it, as context.Canceled.
type Error struct {
	// ID names what failed, as in "user.User.Read.missing".
	ID string `json:"id"`
	// Code is an HTTP status code: 404 if there is no such thing, 408 after the deadline, 499 when the call was
	// cancelled, 503 if nobody could be reached.
	Code int `json:"code"`
	// Detail says what was wrong.
	Detail string `json:"detail"`
	// Status is the code in words.
	Status string `json:"status"`

	retry retry
	cause error
}

// Error says where it happened, what was wrong, and the code.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (%d)", e.ID, e.Detail, e.Code)
}

// Unwrap returns what made the client give up, if it is the client's own error, and context.DeadlineExceeded wherever it was noticed that
// the time of the call was over.
func (e *Error) Unwrap() error {
	return e.cause
}

// An Option says how a client is to work.
type Option interface {
	apply(*settings)
}

// A CallOption is an Option that may be given to a single call as well, where it goes before the client's.
type CallOption interface {
	Option
	ofCall()
}

// WithAddress says where the gateway is. Without it that is MICRO_GATEWAY of the environment, or else
// http://127.0.0.1:8080.
func WithAddress(address string) Option {
	return option(func(s *settings) { s.address = address })
}

// WithService calls the service under another name than that of its contract.
func WithService(name string) Option {
	return option(func(s *settings) { s.service = name })
}

// WithHTTPClient has the requests sent by a client of your own.
func WithHTTPClient(client *http.Client) Option {
	return option(func(s *settings) { s.client = client })
}

// WithToken calls on behalf of the token's account, and of none if it is empty. Without it the token is
// MICRO_API_TOKEN of the environment.
func WithToken(token string) CallOption {
	return callOption(func(s *settings) { s.token = token })
}

// WithNamespace calls the services of a namespace.
func WithNamespace(namespace string) CallOption {
	return callOption(func(s *settings) { s.namespace = namespace })
}

// WithHeader sends a header along.
func WithHeader(name, value string) CallOption {
	return callOption(func(s *settings) { s.headers.Set(name, value) })
}

// WithTimeout says how long a call may take; 0 is without limit. Given to a client it holds for the calls whose context
// has no deadline, instead of 30 seconds; streams take as long as they take, unless they are given a timeout of their
// own.
func WithTimeout(timeout time.Duration) CallOption {
	return callOption(func(s *settings) { s.timeout = timeout })
}

// WithAttempts says how often a call may be tried in all, instead of 3 times; 1 is without retries.
func WithAttempts(attempts int) CallOption {
	return callOption(func(s *settings) { s.attempts = attempts })
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

type callOption func(*settings)

func (o callOption) apply(s *settings) { o(s) }

func (callOption) ofCall() {}

// A ServerStream is read until Recv returns io.EOF, or left early with Close.
type ServerStream[Response any] struct {
	exchange *exchange
}

// Recv waits for the next message. It returns io.EOF when there are no more.
func (s *ServerStream[Response]) Recv() (*Response, error) {
	return receive[Response](s.exchange)
}

// Close leaves the stream. It may be called at any time, and more than once.
func (s *ServerStream[Response]) Close() error {
	return s.exchange.close()
}

// A ClientStream is written with Send, then CloseAndRecv returns the answer; Close gives it up.
type ClientStream[Request, Response any] struct {
	exchange *exchange
}

// Send sends a message. It returns io.EOF if the service has answered before the end; CloseAndRecv has the answer.
func (s *ClientStream[Request, Response]) Send(request *Request) error {
	return s.exchange.send(request)
}

// CloseAndRecv says that there are no more messages, and waits for the answer.
func (s *ClientStream[Request, Response]) CloseAndRecv() (*Response, error) {
	defer s.exchange.close()
	s.exchange.closeSend()
	answer, err := s.exchange.await()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, lost(s.exchange.ctx, err)
	}
	return read[Response](data)
}

// Close gives the stream up. It may be called at any time, and more than once.
func (s *ClientStream[Request, Response]) Close() error {
	return s.exchange.close()
}

// A BidiStream is read and written at the same time: one goroutine may send while another one receives. It ends when
// Recv returns io.EOF, or with Close.
type BidiStream[Request, Response any] struct {
	exchange *exchange
}

// Send sends a message. It returns io.EOF if the service has ended the stream; Recv tells why.
func (s *BidiStream[Request, Response]) Send(request *Request) error {
	return s.exchange.send(request)
}

// CloseSend says that there are no more messages to be sent.
func (s *BidiStream[Request, Response]) CloseSend() error {
	s.exchange.closeSend()
	return nil
}

// Recv waits for the next message. It returns io.EOF when there are no more.
func (s *BidiStream[Request, Response]) Recv() (*Response, error) {
	return receive[Response](s.exchange)
}

// Close leaves the stream. It may be called at any time, and more than once.
func (s *BidiStream[Request, Response]) Close() error {
	return s.exchange.close()
}

// settings are what options say.
type settings struct {
	address   string
	service   string
	token     string
	namespace string
	headers   http.Header
	timeout   time.Duration
	attempts  int
	client    *http.Client
}

// method is what the contract says of a method.
type method struct {
	path         string
	isIdempotent bool
}

// caller makes the calls of a client.
type caller struct {
	settings settings
}

// defaultClient is shared, so that clients share connections. A redirect is an error: following it would turn a POST
// into a GET.
var defaultClient = &http.Client{
	Transport: newTransport(),
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

func newTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport := standard.Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 128
	return transport
}

func newCaller(service string, options []Option) *caller {
	s := settings{
		address:  os.Getenv("MICRO_GATEWAY"),
		service:  service,
		token:    os.Getenv("MICRO_API_TOKEN"),
		headers:  http.Header{},
		timeout:  defaultTimeout,
		attempts: defaultAttempts,
		client:   defaultClient,
	}
	if s.address == "" {
		s.address = defaultAddress
	}
	for _, option := range options {
		option.apply(&s)
	}
	if !strings.Contains(s.address, "://") {
		s.address = "http://" + s.address
	}
	s.address = strings.TrimRight(s.address, "/")
	return &caller{s}
}

// begin returns the settings of one call, and its context, which has to be cancelled in the end.
func (c *caller) begin(
	ctx context.Context, isStream bool, options []CallOption,
) (*settings, context.Context, context.CancelFunc) {
	s := c.settings
	s.headers = s.headers.Clone()
	if _, hasDeadline := ctx.Deadline(); hasDeadline || isStream {
		s.timeout = 0
	}
	for _, option := range options {
		option.apply(&s)
	}
	if s.timeout > 0 {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		return &s, ctx, cancel
	}
	ctx, cancel := context.WithCancel(ctx)
	return &s, ctx, cancel
}

// call sends one message and waits for one.
func call[Response any](
	ctx context.Context, c *caller, m method, request any, options []CallOption,
) (*Response, error) {
	body, err := encode(request)
	if err != nil {
		return nil, unwritable(err)
	}
	s, ctx, cancel := c.begin(ctx, false, options)
	defer cancel()
	var data []byte
	err = s.try(ctx, m, func() error {
		answer, err := s.post(ctx, m, content{body: bytes.NewReader(body), sends: oneValue, accepts: oneValue})
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if data, err = io.ReadAll(answer.Body); err != nil {
			return lost(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return read[Response](data)
}

// read decodes an answer; one that is empty is a message that is.
func read[Response any](data []byte) (*Response, error) {
	response := new(Response)
	if len(bytes.TrimSpace(data)) == 0 {
		return response, nil
	}
	if err := decode(data, response); err != nil {
		return nil, failure(http.StatusInternalServerError, fmt.Sprintf("cannot read the answer: %v", err), err)
	}
	return response, nil
}

// content is what a request is made of, and what its answer is to be.
type content struct {
	body    io.Reader
	sends   string
	accepts string
}

// post makes one attempt. The answer is a good one, and its body is to be closed.
func (s *settings) post(ctx context.Context, m method, c content) (*http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, givenUp(err)
	}
	var asked, connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := s.request(traced, m, c)
	if err != nil {
		return nil, failure(http.StatusBadRequest, err.Error(), err)
	}
	answer, err := s.client.Do(request)
	if err != nil && asked.Load() && !connected.Load() {
		return nil, unreached(ctx, err)
	}
	if err != nil {
		return nil, lost(ctx, err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		defer answer.Body.Close()
		return nil, refused(answer)
	}
	return answer, nil
}

func (s *settings) request(ctx context.Context, m method, c content) (*http.Request, error) {
	address := s.address + "/" + url.PathEscape(s.service) + "/" + m.path
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, c.body)
	if err != nil {
		return nil, err
	}
	if body, ok := c.body.(*untouched); ok {
		request.GetBody = body.again
	}
	request.Header = s.headers.Clone()
	request.Header.Set("Content-Type", c.sends)
	request.Header.Set("Accept", c.accepts)
	if c.sends == lines || c.accepts == lines {
		request.Header.Set("Accept-Encoding", "identity") // compressed, messages would wait for each other
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	if s.namespace != "" {
		request.Header.Set("Micro-Namespace", s.namespace)
	}
	if deadline, ok := ctx.Deadline(); ok {
		request.Header.Set("Timeout", strconv.FormatInt(int64(time.Until(deadline)), 10))
	}
	return request, nil
}

// retry says which calls may be tried again after an error.
type retry int

const (
	never retry = iota
	ifIdempotent
	always // nothing was sent
)

func (r retry) allows(m method) bool {
	return r == always || r == ifIdempotent && m.isIdempotent
}

// try makes as many attempts as may be made and are needed.
func (s *settings) try(ctx context.Context, m method, attempt func() error) error {
	for made := 1; ; made++ {
		err := attempt()
		var failed *Error
		if !errors.As(err, &failed) || !failed.retry.allows(m) || made >= s.attempts {
			return err
		}
		if !pause(ctx, made) {
			return err
		}
	}
}

// pause waits before the next attempt, unless the call would be over by then.
func pause(ctx context.Context, made int) bool {
	longest := firstBackOff << (made - 1)
	// The clock is random enough to keep clients apart that failed together.
	wait := longest/2 + time.Duration(time.Now().UnixNano())%(longest/2)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func failure(code int, detail string, cause error) *Error {
	status := http.StatusText(code)
	if code == statusCancelled {
		status = "Client Closed Request"
	}
	return &Error{ID: ownID, Code: code, Detail: detail, Status: status, cause: cause}
}

func unwritable(err error) *Error {
	return failure(http.StatusBadRequest, fmt.Sprintf("cannot write the request: %v", err), err)
}

// givenUp is the error of a context that is done.
func givenUp(err error) *Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return failure(http.StatusRequestTimeout, "deadline exceeded", context.DeadlineExceeded)
	}
	return failure(statusCancelled, "cancelled", context.Canceled)
}

func unreached(ctx context.Context, err error) *Error {
	failed := interrupted(ctx, err, "unreachable")
	if failed.Code == http.StatusServiceUnavailable {
		failed.retry = always
	}
	return failed
}

func lost(ctx context.Context, err error) *Error {
	failed := interrupted(ctx, err, "connection lost")
	if failed.Code == http.StatusServiceUnavailable {
		failed.retry = ifIdempotent
	}
	return failed
}

// interrupted tells the end of the call from that of its connection.
func interrupted(ctx context.Context, err error, what string) *Error {
	if ctx.Err() != nil {
		return givenUp(ctx.Err())
	}
	// The dialer keeps the deadline by a clock of its own, which may be a moment ahead.
	deadline, ok := ctx.Deadline()
	if ok && !time.Now().Before(deadline) || errors.Is(err, context.DeadlineExceeded) && !isDial(err) {
		return givenUp(context.DeadlineExceeded)
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return failure(http.StatusServiceUnavailable, fmt.Sprintf("%s: %v", what, err), err)
}

func isDial(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

// refused reads the error that was answered.
func refused(answer *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody)) // what could be read says enough
	failed := parseError(body)
	if failed == nil {
		failed = failure(answer.StatusCode, beginning(body), nil)
	}
	if failed.Status == "" {
		failed.Status = http.StatusText(failed.Code)
	}
	if failed.Code == http.StatusRequestTimeout {
		// The other side keeps the deadline by a clock of its own, which may be a moment ahead.
		failed.cause = context.DeadlineExceeded
	}
	switch answer.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failed.retry = ifIdempotent
	}
	return failed
}

// parseError returns nil if the JSON is no error of the platform.
func parseError(body []byte) *Error {
	var keys struct {
		ID     *string `json:"id"`
		Code   *int    `json:"code"`
		Detail *string `json:"detail"`
		Status string  `json:"status"`
	}
	if json.Unmarshal(body, &keys) != nil || keys.ID == nil || keys.Code == nil || keys.Detail == nil || *keys.Code <= 0 {
		return nil
	}
	return &Error{ID: *keys.ID, Code: *keys.Code, Detail: *keys.Detail, Status: keys.Status}
}

// endingError returns the error that a line of a stream is: it has these keys and no others.
func endingError(line []byte) *Error {
	var keys map[string]json.RawMessage
	if !bytes.Contains(line, []byte(`"detail"`)) || json.Unmarshal(line, &keys) != nil || len(keys) != 4 {
		return nil
	}
	if _, ok := keys["status"]; !ok {
		return nil
	}
	return parseError(line)
}

func beginning(body []byte) string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(body), "\uFFFD"))
	if len(text) <= maxErrorDetail {
		return text
	}
	end := maxErrorDetail
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// exchange is a call of which one side is a stream at least.
type exchange struct {
	ctx    context.Context
	cancel context.CancelFunc

	sending *io.PipeWriter // nil if one message was all
	allSent atomic.Bool

	answered chan struct{} // closed once there is an answer or a failure
	answer   *http.Response
	failure  error

	lines *bufio.Reader
	end   error       // what Recv returns from now on
	ended atomic.Bool // the answer was read to its end
}

// openServerStream sends one message, and many are read.
func openServerStream[Response any](
	ctx context.Context, c *caller, m method, request any, options []CallOption,
) (*ServerStream[Response], error) {
	body, err := encode(request)
	if err != nil {
		return nil, unwritable(err)
	}
	x := c.open(ctx, m, options, nil, func() content {
		return content{body: bytes.NewReader(body), sends: oneValue, accepts: lines}
	})
	return &ServerStream[Response]{x}, nil
}

// openClientStream sends many messages, and one is read.
func openClientStream[Request, Response any](
	ctx context.Context, c *caller, m method, options []CallOption,
) *ClientStream[Request, Response] {
	return &ClientStream[Request, Response]{c.openPipe(ctx, m, oneValue, options)}
}

// openBidiStream sends and reads many messages.
func openBidiStream[Request, Response any](
	ctx context.Context, c *caller, m method, options []CallOption,
) *BidiStream[Request, Response] {
	return &BidiStream[Request, Response]{c.openPipe(ctx, m, lines, options)}
}

func (c *caller) openPipe(ctx context.Context, m method, accepts string, options []CallOption) *exchange {
	reader, writer := io.Pipe()
	x := c.open(ctx, method{path: m.path}, options, writer, func() content {
		return content{body: &untouched{pipe: reader}, sends: lines, accepts: accepts}
	})
	go func() {
		if <-x.answered; x.failure != nil {
			reader.CloseWithError(x.failure)
		}
	}()
	return x
}

// open sends the request aside: the answer may begin before its end, or wait for the first message.
func (c *caller) open(
	ctx context.Context, m method, options []CallOption, sending *io.PipeWriter, content func() content,
) *exchange {
	s, ctx, cancel := c.begin(ctx, true, options)
	x := &exchange{ctx: ctx, cancel: cancel, sending: sending, answered: make(chan struct{})}
	go func() {
		defer close(x.answered)
		x.failure = s.try(ctx, m, func() (err error) {
			x.answer, err = s.post(ctx, m, content())
			return err
		})
		if x.failure != nil {
			cancel()
		}
	}()
	return x
}

func (x *exchange) await() (*http.Response, error) {
	<-x.answered
	return x.answer, x.failure
}

func (x *exchange) send(message any) error {
	line, err := encode(message)
	if err != nil {
		return unwritable(err)
	}
	if x.allSent.Load() {
		return failure(http.StatusBadRequest, "sent after the end of the stream", io.ErrClosedPipe)
	}
	if _, err = x.sending.Write(append(line, '\n')); err == nil {
		return nil
	}
	if _, err = x.await(); err != nil {
		return err
	}
	if err = x.ctx.Err(); err != nil && !x.ended.Load() {
		return givenUp(err)
	}
	return io.EOF
}

func (x *exchange) closeSend() {
	x.allSent.Store(true)
	x.sending.Close()
}

func (x *exchange) close() error {
	x.cancel()
	if x.sending != nil {
		x.closeSend()
	}
	return nil
}

// receive decodes the next line.
func receive[Response any](x *exchange) (*Response, error) {
	line, err := x.next()
	if err != nil {
		return nil, err
	}
	response, err := read[Response](line)
	if err != nil {
		x.finish(err)
	}
	return response, err
}

func (x *exchange) next() ([]byte, error) {
	if x.end != nil {
		return nil, x.end
	}
	answer, err := x.await()
	if err != nil {
		return nil, x.finish(err)
	}
	if x.lines == nil {
		x.lines = bufio.NewReader(answer.Body)
	}
	line, err := x.line()
	if err != nil {
		return nil, x.finish(err)
	}
	if failed := endingError(line); failed != nil {
		// A message may look like an error, but what ends a stream is its last line.
		if _, err := x.lines.Peek(1); err != nil {
			return nil, x.finish(failed)
		}
	}
	return line, nil
}

// line returns the next one that is not blank.
func (x *exchange) line() ([]byte, error) {
	for {
		line, err := x.lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, lost(x.ctx, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
		if err == io.EOF {
			return nil, err
		}
	}
}

// finish keeps why the stream is over, and lets the connection go.
func (x *exchange) finish(end error) error {
	x.end = end
	x.ended.Store(end == io.EOF)
	if x.answer != nil {
		x.answer.Body.Close()
	}
	x.cancel()
	return end
}

// untouched is the body of one attempt to open a stream. As long as nothing was read from it, closing it leaves the pipe
// open, so that another attempt can be made.
type untouched struct {
	pipe    *io.PipeReader
	touched atomic.Bool
}

func (b *untouched) Read(into []byte) (int, error) {
	b.touched.Store(true)
	return b.pipe.Read(into)
}

func (b *untouched) Close() error {
	if b.touched.Load() {
		return b.pipe.Close()
	}
	return nil
}

func (b *untouched) again() (io.ReadCloser, error) {
	if b.touched.Load() {
		return nil, errors.New("a part of the stream is sent already")
	}
	return b, nil
}

// enumeration is an enum of a contract.
type enumeration interface {
	names() *enumNames
}

// enumNames are the names that an enum's numbers have in JSON.
type enumNames struct {
	byNumber map[int32]string
	byName   map[string]int32
}

// enumName is one of them.
type enumName struct {
	number int32
	name   string
}

// newEnumNames takes the first of several names for a number to write it, and all to read it.
func newEnumNames(all ...enumName) *enumNames {
	names := &enumNames{byNumber: map[int32]string{}, byName: map[string]int32{}}
	for _, each := range all {
		if _, ok := names.byNumber[each.number]; !ok {
			names.byNumber[each.number] = each.name
		}
		names.byName[each.name] = each.number
	}
	return names
}

func (n *enumNames) text(number int32) string {
	if name, ok := n.byNumber[number]; ok {
		return name
	}
	return strconv.Itoa(int(number))
}

var (
	timeType     = reflect.TypeOf(time.Time{})
	durationType = reflect.TypeOf(time.Duration(0))
	maskType     = reflect.TypeOf(FieldMask{})
	bytesType    = reflect.TypeOf([]byte{})
)

// field is one of a message.
type field struct {
	index int
	name  string
	// The oneof that it is a member of.
	oneof string
	// Whether bytes that are empty differ from bytes that are absent.
	keepsEmpty bool
}

// layout is what the tags of a message's type say.
type layout struct {
	fields []field
	byName map[string]field
}

var layouts sync.Map // of reflect.Type to *layout

func layoutOf(message reflect.Type) *layout {
	if known, ok := layouts.Load(message); ok {
		return known.(*layout)
	}
	found := &layout{byName: map[string]field{}}
	for index := 0; index < message.NumField(); index++ {
		tag := message.Field(index).Tag
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		presence := tag.Get("micro")
		each := field{index: index, name: name, keepsEmpty: presence != ""}
		if oneof := strings.TrimPrefix(presence, "oneof="); oneof != presence {
			each.oneof = oneof
		}
		found.fields = append(found.fields, each)
		found.byName[name] = each
	}
	layouts.Store(message, found)
	return found
}

// encode writes the JSON of the platform: numbers of 64 bits are strings, enums are names, bytes are base64.
func encode(value any) ([]byte, error) {
	return appendValue(nil, reflect.ValueOf(value), 0)
}

func appendValue(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	switch v.Type() {
	case timeType:
		return appendTime(b, v.Interface().(time.Time))
	case durationType:
		return appendDuration(b, time.Duration(v.Int())), nil
	case maskType:
		return appendText(b, strings.Join(v.Interface().(FieldMask), ","))
	case bytesType:
		return append(append(append(b, '"'), base64.StdEncoding.EncodeToString(v.Bytes())...), '"'), nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(v.Type().Elem())
		}
		return appendValue(b, v.Elem(), depth)
	case reflect.Struct:
		return appendMessage(b, v, depth)
	case reflect.Slice:
		return appendList(b, v, depth)
	case reflect.Map:
		return appendMap(b, v, depth)
	}
	return appendScalar(b, v)
}

func appendScalar(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int32:
		return appendInt32(b, v)
	case reflect.Uint32:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Int64:
		return append(strconv.AppendInt(append(b, '"'), v.Int(), 10), '"'), nil
	case reflect.Uint64:
		return append(strconv.AppendUint(append(b, '"'), v.Uint(), 10), '"'), nil
	case reflect.Float32:
		return appendFloat(b, v.Float(), 32), nil
	case reflect.Float64:
		return appendFloat(b, v.Float(), 64), nil
	case reflect.String:
		return appendText(b, v.String())
	}
	return nil, fmt.Errorf("no JSON for %s", v.Type())
}

func appendInt32(b []byte, v reflect.Value) ([]byte, error) {
	if enum, ok := v.Interface().(enumeration); ok {
		if name, ok := enum.names().byNumber[int32(v.Int())]; ok {
			return append(append(append(b, '"'), name...), '"'), nil
		}
	}
	return strconv.AppendInt(b, v.Int(), 10), nil
}

func appendFloat(b []byte, number float64, bits int) []byte {
	switch {
	case math.IsNaN(number):
		return append(b, `"NaN"`...)
	case math.IsInf(number, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(number, -1):
		return append(b, `"-Infinity"`...)
	case number == 0 && math.Signbit(number):
		return append(b, "-0.0"...) // without the decimal some would read an integer, which has no -0
	}
	return strconv.AppendFloat(b, number, 'g', -1, bits)
}

func appendText(b []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%.40q is not UTF-8", text)
	}
	quoted, err := json.Marshal(text)
	return append(b, quoted...), err
}

func appendTime(b []byte, at time.Time) ([]byte, error) {
	at = at.UTC()
	if year := at.Year(); year < 1 || year > 9999 {
		return nil, fmt.Errorf("the year %d is not between 1 and 9999", year)
	}
	return append(at.AppendFormat(append(b, '"'), time.RFC3339Nano), '"'), nil
}

func appendDuration(b []byte, duration time.Duration) []byte {
	nanoseconds := uint64(duration)
	b = append(b, '"')
	if duration < 0 {
		nanoseconds = -nanoseconds
		b = append(b, '-')
	}
	b = strconv.AppendUint(b, nanoseconds/1e9, 10)
	if rest := nanoseconds % 1e9; rest > 0 {
		b = append(b, strings.TrimRight(fmt.Sprintf(".%09d", rest), "0")...)
	}
	return append(b, `s"`...)
}

func appendMessage(b []byte, v reflect.Value, depth int) ([]byte, error) {
	var err error
	chosen := map[string]string{}
	b = append(b, '{')
	start := len(b)
	for _, field := range layoutOf(v.Type()).fields {
		value := v.Field(field.index)
		if isAbsent(value, field) {
			continue
		}
		if field.oneof != "" {
			if other, ok := chosen[field.oneof]; ok {
				return nil, fmt.Errorf("%s and %s are both set: choose one for %s", other, field.name, field.oneof)
			}
			chosen[field.oneof] = field.name
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), field.name...), `":`...)
		if b, err = appendValue(b, value, depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return append(b, '}'), nil
}

// isAbsent tells whether a field is left out, for it has its default or is not there.
func isAbsent(v reflect.Value, f field) bool {
	switch v.Kind() {
	case reflect.Slice:
		if f.keepsEmpty || v.Type() == maskType {
			return v.IsNil()
		}
		return v.Len() == 0
	case reflect.Map:
		return v.Len() == 0
	case reflect.Float32, reflect.Float64:
		return math.Float64bits(v.Float()) == 0 // -0 is no default
	}
	return v.IsZero()
}

func appendList(b []byte, v reflect.Value, depth int) ([]byte, error) {
	var err error
	b = append(b, '[')
	for index := 0; index < v.Len(); index++ {
		if index > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, v.Index(index), depth+1); err != nil {
			return nil, fmt.Errorf("[%d]: %w", index, err)
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value, depth int) ([]byte, error) {
	var err error
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return fmt.Sprint(keys[i]) < fmt.Sprint(keys[j]) })
	b = append(b, '{')
	for index, key := range keys {
		if index > 0 {
			b = append(b, ',')
		}
		if b, err = appendText(b, fmt.Sprint(key)); err != nil {
			return nil, err
		}
		if b, err = appendValue(append(b, ':'), v.MapIndex(key), depth+1); err != nil {
			return nil, fmt.Errorf("[%v]: %w", key, err)
		}
	}
	return append(b, '}'), nil
}

// decode reads the JSON of the platform, and takes what can be understood: null is the default, numbers may be strings,
// and what is unknown is left out.
func decode(data []byte, into any) error {
	d := decoder{tokens: json.NewDecoder(bytes.NewReader(data))}
	d.tokens.UseNumber()
	if err := d.value(reflect.ValueOf(into).Elem()); err != nil {
		return err
	}
	if _, err := d.tokens.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

// decoder reads token by token, so that nothing is read twice however deep it lies.
type decoder struct {
	tokens *json.Decoder
	depth  int
}

func (d *decoder) token() (json.Token, error) {
	token, err := d.tokens.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return token, err
}

func (d *decoder) value(v reflect.Value) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	return d.take(token, v)
}

// take reads the value that begins with the token.
func (d *decoder) take(token json.Token, v reflect.Value) error {
	if token == nil {
		v.Set(reflect.Zero(v.Type()))
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		return d.take(token, v.Elem())
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return takeScalar(fmt.Sprint(token), v)
	}
	if d.depth++; d.depth > maxDepth {
		return errors.New("nested too deeply")
	}
	defer func() { d.depth-- }()
	return d.nested(delim, v)
}

func (d *decoder) nested(delim json.Delim, v reflect.Value) error {
	switch kind := v.Kind(); {
	case v.Type() == timeType || v.Type() == maskType || v.Type() == bytesType:
		return mismatch(delim.String(), v)
	case delim == '{' && kind == reflect.Struct:
		return d.message(v)
	case delim == '{' && kind == reflect.Map:
		return d.entries(v)
	case delim == '[' && kind == reflect.Slice:
		return d.list(v)
	}
	return mismatch(delim.String(), v)
}

func (d *decoder) message(v reflect.Value) error {
	known := layoutOf(v.Type()).byName
	for d.tokens.More() {
		key, err := d.token()
		if err != nil {
			return err
		}
		name := fmt.Sprint(key)
		if field, ok := known[name]; ok {
			err = d.field(v.Field(field.index), field)
		} else {
			err = d.tokens.Decode(new(json.RawMessage))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err := d.token()
	return err
}

func (d *decoder) field(v reflect.Value, f field) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	if token == nil && f.keepsEmpty && v.Type() == bytesType {
		v.SetBytes([]byte{}) // the platform writes null for bytes that are empty, and nothing if they are absent
		return nil
	}
	return d.take(token, v)
}

func (d *decoder) list(v reflect.Value) error {
	v.Set(reflect.Zero(v.Type())) // an empty list is nil, as one that is not there
	for d.tokens.More() {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.element(element); err != nil {
			return fmt.Errorf("[%d]: %w", v.Len(), err)
		}
		v.Set(reflect.Append(v, element))
	}
	_, err := d.token()
	return err
}

func (d *decoder) entries(v reflect.Value) error {
	v.Set(reflect.Zero(v.Type()))
	for d.tokens.More() {
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		name, err := d.token()
		if err != nil {
			return err
		}
		key := reflect.New(v.Type().Key()).Elem()
		if err := takeScalar(fmt.Sprint(name), key); err != nil {
			return err
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.element(element); err != nil {
			return fmt.Errorf("[%v]: %w", name, err)
		}
		v.SetMapIndex(key, element)
	}
	_, err := d.token()
	return err
}

// element reads a value of a list or a map, in which nothing is absent: null is a message or bytes that are empty.
func (d *decoder) element(v reflect.Value) error {
	err := d.value(v)
	switch {
	case err != nil:
	case v.Type() == bytesType && v.IsNil():
		v.SetBytes([]byte{})
	case v.Kind() == reflect.Pointer && v.IsNil():
		v.Set(reflect.New(v.Type().Elem()))
	}
	return err
}

// takeScalar reads what is neither an object nor a list, from its text.
func takeScalar(text string, v reflect.Value) error {
	switch v.Type() {
	case timeType:
		return takeTime(text, v)
	case durationType:
		return takeDuration(text, v)
	case maskType:
		mask := FieldMask(strings.FieldsFunc(text, func(r rune) bool { return r == ',' }))
		v.Set(reflect.ValueOf(mask))
		return nil
	case bytesType:
		return takeBytes(text, v)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return mismatch(text, v)
		}
		v.SetBool(text == "true")
	case reflect.Int32, reflect.Int64:
		return takeInt(text, v)
	case reflect.Uint32, reflect.Uint64:
		return takeUint(text, v)
	case reflect.Float32, reflect.Float64:
		number, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return mismatch(text, v)
		}
		v.SetFloat(number)
	default:
		return mismatch(text, v)
	}
	return nil
}

func takeInt(text string, v reflect.Value) error {
	if enum, ok := v.Interface().(enumeration); ok {
		if number, ok := enum.names().byName[text]; ok {
			v.SetInt(int64(number))
			return nil
		}
	}
	number, err := strconv.ParseInt(plain(text), 10, v.Type().Bits())
	if _, ok := v.Interface().(enumeration); ok && errors.Is(err, strconv.ErrSyntax) {
		v.SetInt(0) // a name that a later version of the contract has given
		return nil
	}
	if err != nil {
		return mismatch(text, v)
	}
	v.SetInt(number)
	return nil
}

func takeUint(text string, v reflect.Value) error {
	number, err := strconv.ParseUint(plain(text), 10, v.Type().Bits())
	if err != nil {
		return mismatch(text, v)
	}
	v.SetUint(number)
	return nil
}

// plain writes 1.0 and 1e3 without point and exponent, as far as that is exact; other text is left as it is.
func plain(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number != math.Trunc(number) || math.Abs(number) >= 1<<53 {
		return text
	}
	return strconv.FormatInt(int64(number), 10)
}

func takeTime(text string, v reflect.Value) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return mismatch(text, v)
	}
	v.Set(reflect.ValueOf(at.UTC()))
	return nil
}

func takeDuration(text string, v reflect.Value) error {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return mismatch(text, v)
	}
	v.SetInt(int64(duration))
	return nil
}

func takeBytes(text string, v reflect.Value) error {
	standard := strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(text)
	data, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil {
		return mismatch(text, v)
	}
	v.SetBytes(data)
	return nil
}

func mismatch(text string, v reflect.Value) error {
	return fmt.Errorf("%.40q is no %s", text, v.Type())
}

"""What a generated client stands on; this file is the same for every contract.

From top to bottom: errors, messages and their JSON, times, the client, streams, and
the way to the gateway.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import http
import http.client
import io
import json
import math
import os
import random
import re
import selectors
import socket
import ssl
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import (
    Any,
    Callable,
    ClassVar,
    Generic,
    Iterable,
    Iterator,
    Mapping,
    Optional,
    Type,
    TypeVar,
    Union,
    cast,
)

T = TypeVar("T")
M = TypeVar("M", bound="Message")
E = TypeVar("E", bound=enum.IntEnum)
C = TypeVar("C", bound="Client")
# What a call takes and gives: times and field masks are texts.
A = TypeVar("A", bound=Union["Message", str])

# === Errors ===

_CLIENT = "go.micro.client"
_ERROR_KEYS = {"id", "code", "detail", "status"}


class MicroError(Exception):
    """A call that failed.

    `id` says where: a service's own, or `go.micro.client` for what went wrong on this
    side (408 deadline exceeded, 499 cancelled, 503 unreachable or connection lost).
    `code` is a status code of HTTP, `status` its text, and `detail` tells the rest.
    """

    def __init__(self, id: str, code: int, detail: str, status: str = "") -> None:
        status = status or _phrase(code)
        super().__init__(id, code, detail, status)
        self.id = id
        self.code = code
        self.detail = detail
        self.status = status

    def __str__(self) -> str:
        where = f"{self.id}: " if self.id else ""
        return f"{where}{self.detail} ({self.code} {self.status})"


def _phrase(code: int) -> str:
    if code == 499:  # not of HTTP itself
        return "Client Closed Request"
    try:
        return http.HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"


def _cancelled() -> MicroError:
    return MicroError(_CLIENT, 499, "cancelled")


def _is_error(value: Any) -> bool:
    """Whether a line of a stream has the form of an error."""
    if not isinstance(value, dict) or value.keys() != _ERROR_KEYS:
        return False
    return type(value["code"]) in (int, float)


def _error(value: Mapping[str, Any], code: int) -> MicroError:
    """An error as the gateway writes it; `code` is for one that names none."""
    found = value.get("code")
    return MicroError(
        str(value.get("id") or ""),
        int(found) if found and type(found) in (int, float) else code,
        str(value.get("detail") or ""),
        str(value.get("status") or ""),
    )


def _error_of_answer(code: int, reason: str, body: bytes) -> MicroError:
    try:
        value = json.loads(body)
    except ValueError:
        value = None  # written by something in between
    if isinstance(value, dict) and isinstance(value.get("detail"), str):
        return _error(value, code)
    beginning = body[:500].decode("utf-8", "replace").strip()
    return MicroError("", code, beginning or reason or _phrase(code))


# === Messages ===


class Message:
    """A message of a contract. Its fields are given by name."""

    def __new__(cls: Type[M], /, *values: object, **fields: object) -> M:
        if values:
            raise TypeError(f"{cls.__name__} takes its fields by name")
        return super().__new__(cls)


@dataclasses.dataclass
class Empty(Message):
    """A message that says nothing but that it is there."""


def to_json(message: Message) -> dict[str, Any]:
    """The message as `json.dumps` takes it; fields with their default are left out.

    Raises `ValueError` for a value that its field cannot hold.
    """
    values: dict[str, Any] = {}
    chosen: dict[str, str] = {}
    for field in _fields(type(message)):
        value = getattr(message, field.attribute)
        if field.codec.is_empty(value):
            continue
        where = f"{type(message).__name__}.{field.attribute}"
        if field.oneof:
            other = chosen.setdefault(field.oneof, field.attribute)
            if other != field.attribute:
                raise ValueError(f"{where} excludes {other}: at most one may be set")
        values[field.name] = _named(where, field.codec.encode, value)
    return values


def from_json(kind: Type[M], value: Any) -> M:
    """Reads a message from what `json.loads` gave; unknown fields are ignored.

    Raises `ValueError` for what is no such message.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no {kind.__name__}")
    fields = [field for field in _fields(kind) if field.name in value]
    # `null` may be the empty bytes of a oneof, unless another member is there.
    chosen = {field.oneof for field in fields if value[field.name] is not None}
    given = {}
    for field in fields:
        found = value[field.name]
        if found is None and field.oneof and field.oneof in chosen:
            continue
        where = f"{kind.__name__}.{field.attribute}"
        given[field.attribute] = _named(where, field.codec.decode, found)
    return kind(**given)


def _named(where: str, convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as problem:
        raise ValueError(f"{where}: {problem}") from problem


def which(message: Message, *fields: str) -> Optional[str]:
    """The one of the fields that is set."""
    for field in fields:
        if getattr(message, field) is not None:
            return field
    return None


@dataclasses.dataclass(frozen=True)
class _Field:
    attribute: str
    name: str
    codec: Codec
    oneof: str


def field(codec: Codec, name: str = "", *, oneof: str = "") -> Any:
    """Declares a field; `name` is what JSON calls it, where Python cannot."""
    metadata = {"micro": (codec, name, oneof)}
    empty = codec.empty()
    if isinstance(empty, (list, dict)):
        return dataclasses.field(default_factory=codec.empty, metadata=metadata)
    return dataclasses.field(default=empty, metadata=metadata)


_FIELDS: dict[Type[Message], list[_Field]] = {}


def _fields(kind: Type[Message]) -> list[_Field]:
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = [_declared(each) for each in _dataclass_fields(kind)]
    return found


def _dataclass_fields(kind: Any) -> Iterable[dataclasses.Field[Any]]:
    return dataclasses.fields(kind)


def _declared(field: dataclasses.Field[Any]) -> _Field:
    codec, name, oneof = field.metadata["micro"]
    return _Field(field.name, name or field.name, codec, oneof)


# === How values are written in JSON ===


class Codec:
    """How one kind of value is written in JSON; this one leaves it as it is."""

    def empty(self) -> Any:
        """What a field has that was never set."""
        return None

    def is_empty(self, value: Any) -> bool:
        """Whether a field may be left out."""
        return value is None

    def of_null(self) -> Any:
        """What `null` stands for in a list or in a map."""
        return self.empty()

    def encode(self, value: Any) -> Any:
        """The value for `json.dumps`."""
        return value

    def decode(self, value: Any) -> Any:
        """The value from `json.loads`."""
        return value

    def decode_item(self, value: Any) -> Any:
        """The same in a list or in a map."""
        return self.of_null() if value is None else self.decode(value)


class _Scalar(Codec):
    def __init__(
        self, default: Any, write: Callable[[Any], Any], read: Callable[[Any], Any]
    ) -> None:
        self._default = default
        self._write = write
        self._read = read

    def empty(self) -> Any:
        return self._default

    def is_empty(self, value: Any) -> bool:
        if value is None:
            return True
        # -0.0 equals 0.0 and is another value.
        return bool(value == self._default) and repr(value) == repr(self._default)

    def encode(self, value: Any) -> Any:
        return self._write(value)

    def decode(self, value: Any) -> Any:
        return self._default if value is None else self._read(value)


class _Enumeration(Codec):
    def __init__(self, kind: Type[enum.IntEnum]) -> None:
        self._values = dict(_ENUM_NAMES.get(kind) or kind.__members__)
        self._members = {int(member): member for member in kind}
        self._names: dict[int, str] = {}
        for name, member in self._values.items():
            self._names.setdefault(int(member), name)

    def empty(self) -> Any:
        return self._member(0)

    def is_empty(self, value: Any) -> bool:
        return value is None or value == 0

    def encode(self, value: Any) -> Any:
        return self._names.get(int(value), int(value))

    def decode(self, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
            # A name from a later contract is as an unknown field.
            return self._values.get(value, self.empty())
        return self.empty() if value is None else self._member(_read_int(value))

    def _member(self, number: int) -> int:
        return self._members.get(number, number)


_ENUM_NAMES: dict[Type[enum.IntEnum], dict[str, enum.IntEnum]] = {}


def json_names(prefix: str = "", /, **others: str) -> Callable[[Type[E]], Type[E]]:
    """Says what JSON calls an enum's values: `prefix` and the name, save the others."""

    def remember(kind: Type[E]) -> Type[E]:
        members = kind.__members__.items()
        _ENUM_NAMES[kind] = {
            others.get(name, prefix + name): member for name, member in members
        }
        return kind

    return remember


class _Message(Codec):
    def __init__(self, kind: Callable[[], Type[Message]]) -> None:
        self._kind = kind  # a function, since messages may hold each other

    def of_null(self) -> Any:
        return self._kind()()

    def encode(self, value: Any) -> Any:
        if not isinstance(value, self._kind()):
            raise TypeError(f"{value!r} is no {self._kind().__name__}")
        return to_json(value)

    def decode(self, value: Any) -> Any:
        return None if value is None else from_json(self._kind(), value)


class _Optional(Codec):
    def __init__(self, inner: Codec) -> None:
        self._inner = inner

    def encode(self, value: Any) -> Any:
        return self._inner.encode(value)

    def decode(self, value: Any) -> Any:
        # Empty bytes that are there are written as `null`, absent ones not at all.
        if value is None and self._inner is not BYTES:
            return None
        return self._inner.decode(value)


class _Repeated(Codec):
    def __init__(self, item: Codec) -> None:
        self._item = item

    def empty(self) -> Any:
        return []

    def is_empty(self, value: Any) -> bool:
        return not value

    def encode(self, value: Any) -> Any:
        return [self._item.encode(item) for item in value]

    def decode(self, value: Any) -> Any:
        if not isinstance(value, (list, type(None))):
            raise TypeError(f"{value!r} is no list")
        return [self._item.decode_item(item) for item in value or []]


class _Mapping(Codec):
    def __init__(self, key: Codec, value: Codec) -> None:
        self._key = key
        self._value = value

    def empty(self) -> Any:
        return {}

    def is_empty(self, value: Any) -> bool:
        return not value

    def encode(self, value: Any) -> Any:
        items = value.items()
        return {_write_key(key): self._value.encode(item) for key, item in items}

    def decode(self, value: Any) -> Any:
        if not isinstance(value, (dict, type(None))):
            raise TypeError(f"{value!r} is no map")
        items = (value or {}).items()
        return {
            self._key.decode(key): self._value.decode_item(item) for key, item in items
        }


def _write_key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _write_float(value: float) -> Union[float, str]:
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _write_text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no str")
    return value


def _read_float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(f"{value} is no number")
    return float(value)


def _read_int(value: Any) -> int:
    if isinstance(value, bool) or isinstance(value, float) and not value.is_integer():
        raise TypeError(f"{value} is no integer")
    return int(value)


def _read_bool(value: Any) -> bool:
    if value not in (True, False, "true", "false"):
        raise TypeError(f"{value!r} is neither true nor false")
    return value in (True, "true")


def _read_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError(f"{value!r} is no text")
    return value if isinstance(value, str) else json.dumps(value)


def _read_bytes(value: Any) -> bytes:
    text = value.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _write_long(value: int) -> str:
    return str(_read_int(value))


DOUBLE = _Scalar(0.0, _write_float, _read_float)
FLOAT = DOUBLE
INT32 = _Scalar(0, _read_int, _read_int)
UINT32 = INT32
INT64 = _Scalar(0, _write_long, _read_int)  # JSON keeps only 53 bits of a number
UINT64 = INT64
BOOL = _Scalar(False, bool, _read_bool)
STRING = _Scalar("", _write_text, _read_text)
BYTES = _Scalar(b"", _write_bytes, _read_bytes)
TIMESTAMP = _Scalar("1970-01-01T00:00:00Z", _write_text, _read_text)
DURATION = _Scalar("0s", _write_text, _read_text)
FIELD_MASK = STRING


def enumeration(kind: Type[enum.IntEnum]) -> Codec:
    """Values of an enum; a number that it does not name stays a number."""
    return _Enumeration(kind)


def message(kind: Callable[[], Type[Message]]) -> Codec:
    """A message, which may be absent."""
    return _Message(kind)


def optional(inner: Codec) -> Codec:
    """A value whose absence is told apart from its default."""
    return _Optional(inner)


def repeated(item: Codec) -> Codec:
    """A list."""
    return _Repeated(item)


def mapping(key: Codec, value: Codec) -> Codec:
    """A dictionary."""
    return _Mapping(key, value)


EMPTY = message(lambda: Empty)

# === Times ===

_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)"
)
_DURATION = re.compile(r"(-?)(\d+)(?:\.(\d{1,9}))?s")


def timestamp_to_datetime(text: str) -> datetime:
    """The moment that a timestamp names, in UTC; what is below a microsecond is lost."""
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no timestamp")
    date, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{date}T{clock}{zone}").astimezone(timezone.utc)
    return moment.replace(microsecond=_microseconds(fraction))


def datetime_to_timestamp(moment: datetime) -> str:
    """The timestamp of a moment, which has to have a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    text = moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
    return text + "Z"


def duration_to_timedelta(text: str) -> timedelta:
    """The length of a duration; what is below a microsecond is lost."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no duration")
    sign, seconds, fraction = found.groups()
    length = timedelta(seconds=int(seconds), microseconds=_microseconds(fraction))
    return -length if sign else length


def timedelta_to_duration(length: timedelta) -> str:
    """The duration of that length."""
    total = length // timedelta(microseconds=1)
    seconds, microseconds = divmod(abs(total), 1_000_000)
    sign = "-" if total < 0 else ""
    fraction = f".{microseconds:06}" if microseconds else ""
    return f"{sign}{seconds}{fraction}s"


def _microseconds(fraction: Optional[str]) -> int:
    return int((fraction or "")[:6].ljust(6, "0"))


# === The client ===

_LINES = "application/x-ndjson"
_JSON = "application/json"


class Client:
    """What the clients of all services have in common.

    `address`    the gateway's, else `MICRO_GATEWAY`, else `http://127.0.0.1:8080`
    `token`      who calls, else `MICRO_API_TOKEN`; an empty one for nobody
    `namespace`  where the service runs, if not in the default one
    `headers`    more headers, sent with every call
    `service`    the name that the service runs under, if it is not the contract's
    `timeout`    seconds for a call that sets none itself, or None for no limit;
                 calls with a stream have no limit unless they set one
    `attempts`   how often a call is tried at most: again if no connection could be
                 made, and if the contract calls the method idempotent also if the
                 connection was lost or the answer was 502, 503 or 504

    A method with a stream of requests takes any iterable, and sends what it gives as
    soon as it gives it. If the answer is a stream too, a thread of its own does that,
    so that answers can be read before all requests are there.

    A client may be used by many threads at once. It keeps connections open, until
    `close` or the end of its `with` block.
    """

    _service: ClassVar[str]
    _name: ClassVar[str]

    def __init__(
        self,
        address: Optional[str] = None,
        *,
        token: Optional[str] = None,
        namespace: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
        service: Optional[str] = None,
        timeout: Optional[float] = 30.0,
        attempts: int = 3,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts is {attempts}; 1 is the least")
        if address is None:
            address = os.environ.get("MICRO_GATEWAY") or "http://127.0.0.1:8080"
        if token is None:
            token = os.environ.get("MICRO_API_TOKEN", "")
        self._pool = _Pool(_Address(address))
        segment = urllib.parse.quote(service or self._service, safe="")
        self._path = f"{self._pool.address.path}/{segment}/{self._name}/"
        self._timeout = timeout
        self._attempts = attempts
        self._headers = dict(headers or {})
        given = {name.lower() for name in self._headers}
        if token and "authorization" not in given:
            self._headers["Authorization"] = f"Bearer {token}"
        if namespace and "micro-namespace" not in given:
            self._headers["Micro-Namespace"] = namespace

    def close(self) -> None:
        """Closes all connections; calls that are under way fail with code 499."""
        self._pool.close()

    def __enter__(self: C) -> C:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        problem: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _unary(
        self,
        method: str,
        request: Union[Message, str],
        answer: Type[A],
        *,
        timeout: Optional[float],
        idempotent: bool = False,
    ) -> A:
        timeout = self._timeout if timeout is None else timeout
        call = self._call(method, request, _JSON, timeout, idempotent)
        return _read(answer, call.whole())

    def _server_stream(
        self,
        method: str,
        request: Union[Message, str],
        answer: Type[A],
        *,
        timeout: Optional[float],
        idempotent: bool = False,
    ) -> MessageStream[A]:
        call = self._call(method, request, _LINES, timeout, idempotent)
        call.send()
        return MessageStream(call, answer)

    def _client_stream(
        self,
        method: str,
        requests: Iterable[Union[Message, str]],
        answer: Type[A],
        *,
        timeout: Optional[float],
    ) -> A:
        call = self._call(method, None, _JSON, timeout)
        call.send()
        try:
            call.write(requests)
        except BaseException:
            call.drop()  # the gateway must not take what it has got for all
            raise
        return _read(answer, call.whole())

    def _bidi_stream(
        self,
        method: str,
        requests: Iterable[Union[Message, str]],
        answer: Type[A],
        *,
        timeout: Optional[float],
    ) -> MessageStream[A]:
        call = self._call(method, None, _LINES, timeout)
        call.send()
        sender = threading.Thread(
            target=_write_aside, args=(call, requests), name=method, daemon=True
        )
        sender.start()
        return MessageStream(call, answer)

    def _call(
        self,
        method: str,
        request: Union[Message, str, None],
        accept: str,
        timeout: Optional[float],
        idempotent: bool = False,
    ) -> _Call:
        """`request` is None if a stream of them follows."""
        content = _LINES if request is None else _JSON
        headers = {"Content-Type": content, "Accept": accept, **self._headers}
        body = None if request is None else _write(request)
        target = _Target(self._path + method, headers, body)
        attempts = _Attempts(self._attempts, _Deadline(timeout), idempotent)
        return _Call(self._pool, target, attempts)


def _write(message: Union[Message, str]) -> bytes:
    value = message if isinstance(message, str) else to_json(message)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def _read(kind: Type[A], body: bytes) -> A:
    return _understand(kind, _parse(body.strip() or b"{}"))


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise MicroError(_CLIENT, 500, f"answer is no JSON: {problem}") from problem


def _understand(kind: Type[A], value: Any) -> A:
    try:
        read: Any = (
            from_json(kind, value) if issubclass(kind, Message) else _read_text(value)
        )
        return cast(A, read)
    except (TypeError, ValueError) as problem:
        detail = f"answer is not as in the contract: {problem}"
        raise MicroError(_CLIENT, 500, detail) from problem


# === Streams ===


class MessageStream(Generic[A]):
    """The messages of a stream, each as soon as it comes.

    Iterate over it, and leave it early with `close` or by the end of a `with` block;
    that ends the call. `close` may be called by another thread than the one that
    waits for a message, which then gets an error with code 499.
    """

    def __init__(self, call: _Call, kind: Type[A]) -> None:
        self._call = call
        self._messages = _messages(call, kind)
        self._turn = threading.RLock()

    def __iter__(self) -> Iterator[A]:
        return self

    def __next__(self) -> A:
        with self._turn:
            return next(self._messages)

    def close(self) -> None:
        """Ends the call, if it has not ended by itself."""
        self._call.cancel()
        with self._turn:  # whoever waited has been woken up
            self._call.drop()

    def __enter__(self) -> MessageStream[A]:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        problem: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_turn"):
            self.close()


def _messages(call: _Call, kind: Type[A]) -> Iterator[A]:
    # Refers to the call alone, so that a stream that nobody holds is closed at once.
    suspect: Optional[dict[str, Any]] = None
    try:
        for line in call.lines():
            if suspect is not None:
                # An error is the last line: this was a message that looks like one.
                yield _understand(kind, suspect)
                suspect = None
            value = _parse(line)
            if _is_error(value):
                suspect = value
            else:
                yield _understand(kind, value)
    except MicroError:
        if suspect is None:
            raise
    finally:
        call.drop()
    if suspect is not None:
        raise _error(suspect, 500)


def _write_aside(call: _Call, requests: Iterable[Union[Message, str]]) -> None:
    try:
        call.write(requests)
    except BaseException as problem:  # told by the stream to who reads it
        call.fail(problem)


# === A call on its way ===


class _Failure(Exception):
    """An attempt that failed in a way that another one may not."""

    def __init__(self, error: MicroError, *, was_sent: bool = True) -> None:
        super().__init__(error)
        self.error = error
        self.was_sent = was_sent


def _lost(problem: Exception) -> _Failure:
    detail = f"connection lost: {problem or type(problem).__name__}"
    return _Failure(MicroError(_CLIENT, 503, detail))


@dataclasses.dataclass(frozen=True)
class _Target:
    path: str
    headers: Mapping[str, str]
    body: Optional[bytes]


class _Deadline:
    """When a call has to be over."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._end = math.inf if timeout is None else time.monotonic() + timeout

    def remaining(self) -> Optional[float]:
        """Seconds from now on, or None without end; it raises when none are left."""
        if self._end == math.inf:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise MicroError(_CLIENT, 408, "deadline exceeded")
        return left

    def header(self) -> dict[str, str]:
        """What tells the gateway, in nanoseconds."""
        left = self.remaining()
        return {} if left is None else {"Timeout": str(int(left * 1e9))}

    def is_before(self, seconds: float) -> bool:
        """Whether it comes before so many seconds have passed."""
        return self._end <= time.monotonic() + seconds


class _Attempts:
    """How often a call may be tried, and until when."""

    def __init__(self, most: int, deadline: _Deadline, idempotent: bool) -> None:
        self.deadline = deadline
        self._most = most
        self._idempotent = idempotent
        self._failed = 0

    def wait_after(self, failure: _Failure) -> bool:
        """Waits for the next attempt, or tells that there is none."""
        self._failed += 1
        if failure.was_sent and not self._idempotent or self._failed >= self._most:
            return False
        # Jitter, so that those who failed together do not come again together.
        pause = 0.05 * 2 ** (self._failed - 1) * random.uniform(0.5, 1.5)
        if self.deadline.is_before(pause):
            return False
        time.sleep(pause)
        return True


class _Call:
    """One call, in as many attempts as it may have."""

    def __init__(self, pool: _Pool, target: _Target, attempts: _Attempts) -> None:
        self._pool = pool
        self._target = target
        self._attempts = attempts
        self._connection: Optional[_Connection] = None
        self._lock = threading.RLock()  # none is aborted after it was given back
        self._is_writing = target.body is None
        self._is_cancelled = False
        self._problem: Optional[BaseException] = None

    def send(self) -> None:
        """Sends the request, or what comes before a stream of them."""
        self._try(self._send)

    def whole(self) -> bytes:
        """The answer, all of it."""
        return self._try(self._whole)

    def lines(self) -> Iterator[bytes]:
        """The answer line by line."""
        response = self._try(self._answer)
        rest = b""
        for piece in self._pieces(response):
            *lines, rest = (rest + piece).split(b"\n")
            yield from filter(bytes.strip, lines)
        self._finish()
        if rest.strip():
            yield rest

    def write(self, messages: Iterable[Union[Message, str]]) -> None:
        """Sends a stream, each message as soon as there is one."""
        for message in messages:
            line = _write(message) + b"\n"
            if not self._write(b"%x\r\n%b\r\n" % (len(line), line)):
                return
        self._is_writing = not self._write(b"0\r\n\r\n")

    def cancel(self) -> None:
        """Ends the call, which whoever waits for it is told."""
        self._is_cancelled = True
        self._abort()

    def fail(self, problem: BaseException) -> None:
        """Ends the call because its requests cannot be had."""
        self._problem = problem
        self._abort()

    def drop(self) -> None:
        """Closes the connection, unless it has been given back."""
        connection = self._part()
        if connection is not None:
            self._pool.drop(connection)

    def _part(self) -> Optional[_Connection]:
        with self._lock:
            connection, self._connection = self._connection, None
            return connection

    def _abort(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.wire.abort()

    def _try(self, step: Callable[[], T]) -> T:
        while True:
            try:
                self._check()
                return step()
            except _Failure as failure:
                self.drop()
                self._check()
                if not self._attempts.wait_after(failure):
                    raise failure.error from failure.__cause__
            except BaseException:
                self.drop()
                raise

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
        if self._is_cancelled or self._pool.is_closed:
            raise _cancelled()

    def _send(self) -> _Connection:
        target, deadline = self._target, self._attempts.deadline
        headers = {**target.headers, **deadline.header()}
        if target.body is None:
            headers["Transfer-Encoding"] = "chunked"
        connection = self._connection = self._pool.take(deadline)
        self._check()  # who gave the call up before this line could abort nothing
        try:
            connection.request(
                "POST", target.path, target.body, headers, encode_chunked=True
            )
        except OSError:
            pass  # there may be an answer already, and if there is none, reading tells
        return connection

    def _write(self, data: bytes) -> bool:
        """Whether there is somebody left to write to."""
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.wire.sendall(data)
        except (OSError, ValueError):
            return False  # as above
        return True

    def _whole(self) -> bytes:
        return self._body(self._answer())

    def _answer(self) -> http.client.HTTPResponse:
        connection = self._connection or self._send()
        try:
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as problem:
            raise _lost(problem) from problem
        if response.status < 300:
            return response
        body = self._body(response)
        error = _error_of_answer(response.status, response.reason, body)
        if response.status in (502, 503, 504):
            raise _Failure(error)
        raise error

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        try:
            body = response.read()
        except (OSError, http.client.HTTPException) as problem:
            raise _lost(problem) from problem
        self._finish()
        return body

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            if response.length is not None:  # read1 does not count it down everywhere
                yield response.read()
                return
            while True:
                piece = response.read1(65536)
                if not piece:
                    self._check()  # an aborted connection may look like the end
                    return
                yield piece
        except (OSError, ValueError, http.client.HTTPException) as problem:
            self._check()
            raise _lost(problem).error from problem

    def _finish(self) -> None:
        connection = self._part()
        if connection is None:
            return
        if self._is_writing:
            self._pool.drop(connection)
        else:
            self._pool.give(connection)


# === Connections ===


class _Address:
    def __init__(self, text: str) -> None:
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"address {text!r} does not begin with http:// or https://"
            )
        self.host = parts.hostname
        self.tls: Optional[ssl.SSLContext] = None
        self.default_port = 80
        if parts.scheme == "https":
            self.tls = ssl.create_default_context()
            self.default_port = 443
        self.port = parts.port or self.default_port
        self.path = parts.path.rstrip("/")


class _Pool:
    """Connections that wait for the next call, and those that are in use."""

    _MOST_IDLE = 16

    def __init__(self, address: _Address) -> None:
        self.address = address
        self.is_closed = False
        # The collector may close a stream while this very thread holds the lock.
        self._lock = threading.RLock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()

    def take(self, deadline: _Deadline) -> _Connection:
        """A connection that the other side has not closed, else a new one."""
        connection = self._take_idle(deadline) or self._connect(deadline)
        with self._lock:
            self._busy.add(connection)
            is_closed = self.is_closed
        if is_closed:
            self.drop(connection)
            raise _cancelled()
        return connection

    def give(self, connection: _Connection) -> None:
        """Takes back a connection whose answer has been read to its end."""
        with self._lock:
            has_room = len(self._idle) < self._MOST_IDLE and not self.is_closed
            if connection.sock is not None and has_room:
                self._busy.discard(connection)
                self._idle.append(connection)
                return
        self.drop(connection)

    def drop(self, connection: _Connection) -> None:
        """Closes a connection that is of no more use."""
        with self._lock:
            self._busy.discard(connection)
        connection.wire.abort()
        connection.close()
        connection.wire.close(at_once=True)

    def close(self) -> None:
        with self._lock:
            self.is_closed = True
            idle, self._idle = self._idle, []
            for connection in self._busy:
                connection.wire.abort()
        for connection in idle:
            self.drop(connection)

    def _take_idle(self, deadline: _Deadline) -> Optional[_Connection]:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.wire.is_quiet():
                connection.wire.deadline = deadline
                return connection
            self.drop(connection)

    def _connect(self, deadline: _Deadline) -> _Connection:
        address = self.address
        try:
            return _Connection(address, deadline)
        except OSError as problem:
            deadline.remaining()  # late rather than unreachable
            detail = f"{address.host}:{address.port} is unreachable: {problem}"
            error = MicroError(_CLIENT, 503, detail)
            raise _Failure(error, was_sent=False) from problem


class _Connection(http.client.HTTPConnection):
    """A connection that is open from the beginning and never opens itself again."""

    auto_open = 0

    def __init__(self, address: _Address, deadline: _Deadline) -> None:
        super().__init__(address.host, address.port)
        self.default_port = address.default_port
        target = (address.host, address.port)
        plain = socket.create_connection(target, deadline.remaining())
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.tls is not None:
                plain = address.tls.wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise
        self.wire = _Wire(plain, deadline)
        self.sock = self.wire


class _Wire:
    """A socket whose every wait ends with the deadline of the call that uses it.

    One thread may read while another writes: TLS bears only one of them at a time, so
    each takes the lock for a moment and waits without it.
    """

    _Selector: Any = getattr(selectors, "PollSelector", selectors.SelectSelector)

    def __init__(self, plain: socket.socket, deadline: _Deadline) -> None:
        plain.setblocking(False)
        self.deadline = deadline
        self._socket = plain
        self._lock = threading.Lock()
        self._readers = 0
        self._is_closed = False

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed the connection nor said more."""
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            sent = self._attempt(self._socket.send, rest, selectors.EVENT_WRITE)
            rest = rest[sent:]

    def recv_into(self, buffer: Any) -> int:
        return self._attempt(self._socket.recv_into, buffer, selectors.EVENT_READ)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What `http.client` reads an answer from."""
        self._readers += 1
        return io.BufferedReader(_WireReader(self))

    def abort(self) -> None:
        """Wakes up whoever waits for the other side, which is told that this is all."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster

    def close(self, at_once: bool = False) -> None:
        """Closes the socket as soon as no answer is read from it any more."""
        self._is_closed = True
        if self._readers == 0 or at_once:
            self._socket.close()

    def reader_closed(self) -> None:
        self._readers -= 1
        if self._is_closed:
            self.close()

    def _attempt(self, operation: Callable[[Any], int], data: Any, event: int) -> int:
        while True:
            try:
                with self._lock:
                    return operation(data)
            except BlockingIOError:
                self._wait(event)
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    def _wait(self, event: int) -> None:
        with self._Selector() as selector:
            selector.register(self._socket, event)
            selector.select(self.deadline.remaining())


class _WireReader(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._wire.reader_closed()

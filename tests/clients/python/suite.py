"""The behaviour suite of the clients, in Python; `../README.md` says what holds."""

from __future__ import annotations

import math
import socket
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Callable, Iterator

from echo_client import (
    Attempts,
    Colour,
    EchoClient,
    Empty,
    Everything,
    EverythingInner,
    Failure,
    MicroError,
    MirrorClient,
    Number,
    Pause,
    Range,
    Text,
)

Case = Callable[[str], None]


def same(actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def failure(call: Callable[[], object]) -> MicroError:
    try:
        value = call()
    except MicroError as error:
        return error
    raise AssertionError(f"expected an error, got {value!r}")


def everything() -> Everything:
    return Everything(
        a_double=1.5,
        a_float=0.25,
        an_int32=-7,
        an_int64=9007199254740993,
        a_uint32=4000000000,
        a_uint64=9007199254740993,
        a_bool=True,
        a_string='Grüße "quoted" \n 世界',
        some_bytes=bytes([0, 1, 255]),
        colour=Colour.BLUE,
        inner=EverythingInner(name="in", id=1, deeper=EverythingInner(name="deep")),
        numbers=[1, -1],
        blobs=[b"a", b""],
        colours=[Colour.RED, Colour.BLUE],
        inners=[EverythingInner(name="one"), EverythingInner(name="two")],
        labels={"a": "b", "": "empty", "ü": "x"},
        blobs_by_id={-1: b"x"},
        colours_by_flag={True: Colour.RED, False: Colour.BLUE},
        inners_by_name={"one": EverythingInner(name="one")},
        maybe_number=0,
        maybe_text="",
        message=EverythingInner(name="chosen"),
        at="2026-11-26T12:34:56.123456789Z",
        after="1.500s",
        mask="a,b.c",
        nothing=Empty(),
        class_="c",
        type="t",
        user_id="u",
    )


def nanoseconds(duration: str) -> int:
    """A duration has several spellings: `1.5s` is `1.500s`."""
    whole, _, fraction = duration.rstrip("s").lstrip("-").partition(".")
    length = int(whole) * 10**9 + int(fraction.ljust(9, "0"))
    return -length if duration.startswith("-") else length


def comes_back(address: str, message: Everything) -> Everything:
    with EchoClient(address) as client:
        answer = client.call(message)
    if message.after is not None and answer.after is not None:
        same(nanoseconds(answer.after), nanoseconds(message.after))
        answer = replace(answer, after=message.after)
    same(answer, message)
    return answer


def unary(address: str) -> None:
    comes_back(address, everything())


def defaults(address: str) -> None:
    answer = comes_back(address, Everything())
    same((answer.a_double, answer.an_int64, answer.a_bool), (0.0, 0, False))
    same((answer.a_string, answer.some_bytes), ("", b""))
    same(answer.colour, Colour.UNSPECIFIED)
    same((answer.numbers, answer.labels, answer.blobs_by_id), ([], {}, {}))
    same((answer.inner, answer.at, answer.nothing), (None, None, None))
    same((answer.maybe_number, answer.maybe_text), (None, None))
    same(answer.which_choice(), None)


def big_numbers(address: str) -> None:
    least, most, above = -(2**63), 2**63 - 1, 2**64 - 1
    for number in (least, most):
        comes_back(
            address,
            Everything(
                an_int64=number,
                a_uint64=above,
                numbers=[least, most],
                blobs_by_id={least: b"least", most: b"most"},
                maybe_number=number,
            ),
        )


def all_bytes(address: str) -> None:
    whole = bytes(range(256))
    comes_back(
        address,
        Everything(
            some_bytes=whole, blobs=[whole, b""], blobs_by_id={1: whole, 2: b""}
        ),
    )
    same(comes_back(address, Everything(some_bytes=b"")).some_bytes, b"")


def floats(address: str) -> None:
    for number in (math.inf, -math.inf):
        comes_back(address, Everything(a_double=number))
    with EchoClient(address) as client:
        same(math.isnan(client.call(Everything(a_double=math.nan)).a_double), True)
        zero = client.call(Everything(a_double=-0.0)).a_double
    same((zero, math.copysign(1, zero)), (0.0, -1.0))


def enums(address: str) -> None:
    answer = comes_back(
        address,
        Everything(
            colour=Colour.RED,
            colours=[Colour.BLUE, Colour.UNSPECIFIED, 77],
            colours_by_flag={True: Colour.BLUE, False: 77},
        ),
    )
    same(answer.colour is Colour.RED, True)
    same(answer.colours[0] is Colour.BLUE, True)
    same(comes_back(address, Everything(colour=77)).colour, 77)


def oneof(address: str) -> None:
    for message in (
        Everything(text="chosen"),
        Everything(text=""),
        Everything(number=5),
        Everything(number=0),
        Everything(message=EverythingInner(name="chosen")),
        Everything(message=EverythingInner()),
        Everything(raw=b"raw"),
        Everything(raw=b""),
    ):
        same(comes_back(address, message).which_choice(), message.which_choice())


def optional(address: str) -> None:
    comes_back(address, Everything(maybe_number=0, maybe_text=""))
    comes_back(address, Everything(maybe_number=0))
    comes_back(address, Everything(maybe_text=""))
    comes_back(address, Everything())


def well_known(address: str) -> None:
    for after in ("1.000000001s", "-1.123456789s"):
        comes_back(
            address,
            Everything(
                at="2026-11-26T12:34:56.123456789Z",
                after=after,
                mask="a,b.c",
                nothing=Empty(),
            ),
        )


def second_service(address: str) -> None:
    with MirrorClient(address) as client:
        same(client.turn(Text(text="Grüße")), Text(text="eßürG"))


def token(address: str) -> None:
    with EchoClient(address) as client:
        if not client.whoami().account:
            raise AssertionError("no account with the token of the environment")
    with EchoClient(address, token="") as client:
        same(client.whoami().account, "")


def namespace(address: str) -> None:
    with EchoClient(address, namespace="elsewhere") as client:
        same(client.whoami().namespace, "elsewhere")


def error(address: str) -> None:
    asked = Failure(id="echo.Echo.Fail.teapot", code=418, detail="short and stout")
    with EchoClient(address) as client:
        found = failure(lambda: client.fail(asked))
    same((found.id, found.code, found.detail), (asked.id, asked.code, asked.detail))
    same(bool(found.status), True)


def not_found(address: str) -> None:
    with EchoClient(address, service="nowhere") as client:
        found = failure(lambda: client.call(Everything()))
    same(found.code in (404, 500), True)
    if "not found" not in found.detail:
        raise AssertionError(f"{found} does not say that it is missing")


def deadline(address: str) -> None:
    begun = time.monotonic()
    with EchoClient(address) as client:
        found = failure(lambda: client.wait(Pause(milliseconds=10_000), timeout=0.2))
    same(found.code, 408)
    same(time.monotonic() - begun < 2, True)


def cancel(address: str) -> None:
    with EchoClient(address) as client:
        numbers = client.chat(one_and_then_none())
        same(next(numbers), Number(value=2))
        threading.Timer(0.1, numbers.close).start()
        begun = time.monotonic()
        found = failure(lambda: next(numbers))
    same((found.id, found.code), ("go.micro.client", 499))
    same(time.monotonic() - begun < 2, True)

    client = EchoClient(address)
    threading.Timer(0.1, client.close).start()
    begun = time.monotonic()
    same(failure(lambda: client.wait(Pause(milliseconds=10_000))).code, 499)
    same(time.monotonic() - begun < 2, True)


def one_and_then_none() -> Iterator[Number]:
    yield Number(value=1)
    threading.Event().wait(30)


def retry(address: str) -> None:
    with EchoClient(address) as client:
        answer = client.flaky(Attempts(key=str(uuid.uuid4()), failures=2))
    same(answer.calls, 3)


def no_retry(address: str) -> None:
    asked = Attempts(key=str(uuid.uuid4()), failures=1)
    with EchoClient(address) as client:
        same(failure(lambda: client.once(asked)).code, 503)


def unreachable(address: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with EchoClient(f"http://127.0.0.1:{port}") as client:
        found = failure(lambda: client.call(Everything()))
    same((found.id, found.code), ("go.micro.client", 503))
    same(time.monotonic() - begun < 5, True)


def server_stream(address: str) -> None:
    with EchoClient(address) as client:
        with client.count(Range(from_=1, to=5)) as numbers:
            same([number.value for number in numbers], [1, 2, 3, 4, 5])
        same(list(client.count(Range(from_=2, to=1))), [])


def stream_error(address: str) -> None:
    found: list[int] = []

    def read() -> None:
        for number in client.count(Range(from_=1, to=5, fail_after=2)):
            found.append(number.value)

    with EchoClient(address) as client:
        same(failure(read).code, 418)
    same(found, [1, 2])


def stream_left(address: str) -> None:
    with EchoClient(address) as client:
        for _ in range(20):
            with client.count(Range(from_=1, to=2**63 - 1)) as numbers:
                same([next(numbers).value for _ in range(3)], [1, 2, 3])
        # The client and the gateway are as they were.
        same(client.call(Everything(an_int32=1)).an_int32, 1)


def client_stream(address: str) -> None:
    with EchoClient(address) as client:
        same(client.sum(Number(value=value) for value in (1, 2, 3)), Number(value=6))
        same(client.sum([]), Number())


def bidi(address: str) -> None:
    with EchoClient(address) as client:
        answers = client.chat(Number(value=value) for value in (1, 2, 3))
        same([answer.value for answer in answers], [2, 4, 6])


def concurrent(address: str) -> None:
    with EchoClient(address) as client, ThreadPoolExecutor(50) as threads:
        asked = [Everything(an_int32=number) for number in range(50)]
        same(list(threads.map(client.call, asked)), asked)


CASES: dict[str, Case] = {
    "unary": unary,
    "defaults": defaults,
    "bigNumbers": big_numbers,
    "bytes": all_bytes,
    "floats": floats,
    "enums": enums,
    "oneof": oneof,
    "optional": optional,
    "wellKnown": well_known,
    "secondService": second_service,
    "token": token,
    "namespace": namespace,
    "error": error,
    "notFound": not_found,
    "deadline": deadline,
    "cancel": cancel,
    "retry": retry,
    "noRetry": no_retry,
    "unreachable": unreachable,
    "serverStream": server_stream,
    "streamError": stream_error,
    "streamLeft": stream_left,
    "clientStream": client_stream,
    "bidi": bidi,
    "concurrent": concurrent,
}


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print("usage: suite.py [CASE] ADDRESS", file=sys.stderr)
        return 2
    *names, address = arguments
    status = 0
    for name in names or CASES:
        if name not in CASES:
            print(f"no case {name}; there are {', '.join(CASES)}", file=sys.stderr)
            return 2
        try:
            CASES[name](address)
            print(f"ok {name}", flush=True)
        except Exception as problem:
            print(f"{name}: {type(problem).__name__}: {problem}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What the client does when the other side does not do as it should, each time told by a server that follows a script."""

import json
import queue
import socket
import threading
import time
from contextlib import contextmanager

from echo_client import (
    Attempted,
    Attempts,
    EchoClient,
    Failure,
    MicroError,
    Number,
    Pause,
    Range,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ok(value):
    body = json.dumps(value).encode()
    return OK % (len(body), body)


def chunk(line):
    return b"%x\r\n%b\r\n" % (len(line), line)


class Request:
    def __init__(self, file):
        first = file.readline().decode()
        self.path = first.split(" ")[1] if first else None
        lines = iter(lambda: file.readline().strip().decode(), "")
        self.headers = dict(line.split(": ", 1) for line in lines)
        self.body = file.read(int(self.headers.get("Content-Length", 0)))


@contextmanager
def serving(*scripts, **options):
    """A client of a server that treats each connection as its script says."""
    left = queue.SimpleQueue()
    problems = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for script in scripts:
                connection, _ = listener.accept()
                left.put(script)
                threads.append(threading.Thread(target=run, args=(script, connection)))
                threads[-1].start()

        def run(script, connection):
            with connection, connection.makefile("rb") as file:
                try:
                    script(connection, file)
                except BaseException as problem:
                    problems.append(problem)

        threads = [threading.Thread(target=serve, daemon=True)]
        threads[0].start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        options.setdefault("token", "")
        with EchoClient(address, **options) as client:
            yield client
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive(), "the client never came, or never left"
    assert not problems, problems
    assert left.qsize() == len(scripts)


def answers(*values):
    """One connection for so many calls."""

    def script(connection, file):
        for value in values:
            assert Request(file).path
            connection.sendall(value)

    return script


def hangs_up(connection, file):
    assert Request(file).path


def fails(code, call):
    try:
        value = call()
    except MicroError as error:
        assert error.code == code, error
        return error
    raise AssertionError(f"{code} was expected, not {value}")


def connections_are_used_again():
    with serving(
        answers(
            ok({"calls": 1}), ok({"calls": 2}), CHUNKED + b"0\r\n\r\n", ok({"calls": 3})
        )
    ) as client:
        assert client.once(Attempts()).calls == 1
        assert client.once(Attempts()).calls == 2
        assert list(client.count(Range())) == []
        assert client.once(Attempts()) == Attempted(calls=3)


def a_stale_connection_is_replaced():
    closed = threading.Event()

    def once(connection, file):
        answers(ok({"calls": 1}))(connection, file)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with serving(once, answers(ok({"calls": 2})), attempts=1) as client:
        assert client.once(Attempts()).calls == 1
        assert closed.wait(5)
        assert client.once(Attempts()).calls == 2


def what_is_lost_is_repeated_only_if_that_is_harmless():
    with serving(hangs_up) as client:
        error = fails(503, lambda: client.once(Attempts()))
        assert error.id == "go.micro.client" and "connection lost" in error.detail
    with serving(hangs_up, hangs_up, answers(ok({"calls": 3}))) as client:
        assert client.flaky(Attempts()).calls == 3
    with serving(hangs_up, hangs_up, hangs_up) as client:
        fails(503, lambda: client.flaky(Attempts()))
    with serving(hangs_up, attempts=1) as client:
        fails(503, lambda: client.flaky(Attempts()))
    cut = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    with serving(cut, answers(ok({"calls": 2}))) as client:
        assert client.flaky(Attempts()).calls == 2


def gateways_that_fail_are_asked_again():
    def failing(code):
        return b"HTTP/1.1 %d Oops\r\nContent-Length: 4\r\n\r\noops" % code

    with serving(answers(failing(502), failing(504), ok({"calls": 3}))) as client:
        assert client.flaky(Attempts()).calls == 3
    with serving(answers(failing(500))) as client:
        error = fails(500, lambda: client.flaky(Attempts()))
        assert (error.detail, error.status) == ("oops", "Internal Server Error")
    with serving(answers(failing(503))) as client:
        fails(503, lambda: client.once(Attempts()))


def the_request_says_all():
    def script(connection, file):
        request = Request(file)
        assert request.path == "/other%2Fecho/Echo/Fail", request.path
        assert json.loads(request.body) == {"code": 1, "detail": "ü"}
        expected = {
            "Authorization": "Bearer secret",
            "Micro-Namespace": "space",
            "X-More": "yes",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        assert expected.items() <= request.headers.items(), request.headers
        assert 4 * 10**9 < int(request.headers["Timeout"]) <= 5 * 10**9
        connection.sendall(ok({}))

    options = {
        "service": "other/echo",
        "token": "secret",
        "namespace": "space",
        "headers": {"X-More": "yes"},
    }
    with serving(script, timeout=5, **options) as client:
        assert client.fail(Failure(code=1, detail="ü")) is None


def the_deadline_ends_an_answer_that_trickles():
    def script(connection, file):
        Request(file)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.01)
        except OSError:
            pass  # it left

    with serving(script) as client:
        error = fails(408, lambda: client.wait(Pause(), timeout=0.2))
        assert (error.id, error.detail) == ("go.micro.client", "deadline exceeded")
        fails(408, lambda: client.wait(Pause(), timeout=0))


def answers_that_are_none_are_told():
    with serving(answers(ok([]), OK % (4, b"what"), ok({"calls": "x"}))) as client:
        assert "contract" in fails(500, lambda: client.once(Attempts())).detail
        assert "no JSON" in fails(500, lambda: client.once(Attempts())).detail
        assert "Attempted.calls" in fails(500, lambda: client.once(Attempts())).detail


def only_the_last_line_is_an_error():
    error = b'{"id":"a","code":418,"detail":"d","status":"s"}\n'
    lines = chunk(b'{"value":"1"}\n{"val') + chunk(b'ue":"2"}\n\n') + chunk(error)
    with serving(
        answers(CHUNKED + lines + b"0\r\n\r\n", CHUNKED + lines + lines + b"0\r\n\r\n")
    ) as client:
        numbers = client.count(Range())
        assert [next(numbers).value, next(numbers).value] == [1, 2]
        assert fails(418, lambda: next(numbers)).id == "a"
        assert list(numbers) == []
        found = []

        def read():
            for number in client.count(Range()):
                found.append(number.value)

        fails(418, read)
        assert found == [1, 2, 0, 1, 2], found


def a_stream_that_breaks_off_does_not_just_end():
    with serving(answers(CHUNKED + chunk(b'{"value":"1"}\n'))) as client:
        numbers = client.count(Range())
        assert next(numbers).value == 1
        fails(503, lambda: next(numbers))


def a_stream_that_is_left_is_closed():
    def script(connection, file):
        Request(file)
        connection.sendall(CHUNKED + chunk(b'{"value":"1"}\n'))
        assert file.read() == b""  # until the other side closes

    with serving(script, script, script) as client:
        with client.count(Range()) as numbers:
            assert next(numbers).value == 1
        fails(499, lambda: next(numbers))
        for _ in client.count(Range()):
            break
        waiting = client.count(Range())
        next(waiting)
        threading.Timer(0.05, waiting.close).start()
        fails(499, lambda: next(waiting))


def reading_and_writing_go_on_together():
    def script(connection, file):
        request = Request(file)
        assert request.headers["Transfer-Encoding"] == "chunked", request.headers
        connection.sendall(CHUNKED)
        while int(file.readline(), 16):
            connection.sendall(chunk(file.readline()))
            file.readline()
        file.readline()
        connection.sendall(b"0\r\n\r\n")

    turns = queue.SimpleQueue()
    with serving(script) as client:
        numbers = client.chat(iter(turns.get, None))
        for value in range(1, 100):
            turns.put(Number(value=value))
            assert next(numbers).value == value
        turns.put(None)
        assert list(numbers) == []


def requests_that_cannot_be_had_end_the_call():
    def script(connection, file):
        Request(file)
        connection.sendall(CHUNKED)
        assert not file.read().endswith(b"0\r\n\r\n")

    def requests():
        yield Number(value=1)
        raise KeyError("lost")

    with serving(script, script) as client:
        for call in (
            lambda: client.sum(requests()),
            lambda: list(client.chat(requests())),
        ):
            try:
                call()
                raise AssertionError("no error")
            except KeyError:
                pass


def an_answer_may_come_before_all_is_asked():
    def script(connection, file):
        Request(file)
        head = b"HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 15\r\n\r\n"
        connection.sendall(head + b'{"detail":"no"}')
        connection.shutdown(socket.SHUT_WR)
        while file.read(65536):
            pass

    def requests():
        for value in range(1000):
            yield Number(value=value)

    with serving(script) as client:
        assert fails(401, lambda: client.sum(requests())).detail == "no"


def closing_the_client_ends_its_calls():
    reached = threading.Event()

    def script(connection, file):
        Request(file)
        reached.set()
        assert file.read() == b""

    with serving(script) as client:
        threading.Thread(target=lambda: (reached.wait(5), client.close())).start()
        fails(499, lambda: client.wait(Pause()))
        fails(499, lambda: client.wait(Pause()))


for test in (
    connections_are_used_again,
    a_stale_connection_is_replaced,
    what_is_lost_is_repeated_only_if_that_is_harmless,
    gateways_that_fail_are_asked_again,
    the_request_says_all,
    the_deadline_ends_an_answer_that_trickles,
    answers_that_are_none_are_told,
    only_the_last_line_is_an_error,
    a_stream_that_breaks_off_does_not_just_end,
    a_stream_that_is_left_is_closed,
    reading_and_writing_go_on_together,
    requests_that_cannot_be_had_end_the_call,
    an_answer_may_come_before_all_is_asked,
    closing_the_client_ends_its_calls,
):
    try:
        test()
    except BaseException as problem:
        raise AssertionError(test.__name__) from problem

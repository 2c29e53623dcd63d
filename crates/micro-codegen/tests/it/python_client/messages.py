"""Messages of the nasty contract, in JSON and back."""

import copy
import json
import math
import pickle
from datetime import datetime, timedelta, timezone

import everything_client as api
import lambda_client as words


def back(message):
    return api.from_json(type(message), json.loads(json.dumps(api.to_json(message))))


def same(message, expected):
    assert api.to_json(message) == expected, api.to_json(message)
    assert back(message) == message, back(message)


def refused(problem, call):
    try:
        call()
    except (TypeError, ValueError) as error:
        assert problem in str(error), error
    else:
        raise AssertionError(f"{problem} was not told")


same(api.Scalars(), {})
same(api.Scalars(an_int64=-(2**63)), {"an_int64": "-9223372036854775808"})
same(api.Scalars(a_fixed64=2**64 - 1), {"a_fixed64": "18446744073709551615"})
same(
    api.Scalars(a_double=math.inf, a_float=-math.inf),
    {"a_double": "Infinity", "a_float": "-Infinity"},
)
assert math.isnan(back(api.Scalars(a_double=math.nan)).a_double)
assert math.copysign(1, back(api.Scalars(a_double=-0.0)).a_double) == -1
same(api.Scalars(some_bytes=b"\xff\xfe"), {"some_bytes": "//4="})
same(api.Scalars(self_="me", user_id="u"), {"self": "me", "userId": "u"})
same(api.Scalars(colour=api.Colour.CRIMSON), {"colour": "COLOUR_RED"})
same(api.Scalars(colour=77), {"colour": 77})
same(api.Scalars(kind=api.ScalarsInnerKind.KIND_404), {"kind": "KIND_404"})
assert api.Colour(0) is api.Scalars().colour
assert api.from_json(api.Scalars, {"colour": "COLOUR_CRIMSON"}).colour is api.Colour.RED

# Taken leniently: null for the default, numbers as strings, either alphabet, unknown fields.
lenient = {
    "a_double": "1.5",
    "an_int32": "7",
    "an_int64": 7,
    "a_bool": "true",
    "some_bytes": "__4",
    "later": 1,
    "colour": None,
}
assert api.from_json(api.Scalars, lenient) == api.Scalars(
    a_double=1.5, an_int32=7, an_int64=7, a_bool=True, some_bytes=b"\xff\xfe"
)
assert api.from_json(
    api.Lists, {"blobs": [None, "YQ=="], "inners": [None]}
) == api.Lists(blobs=[b"", b"a"], inners=[api.ScalarsInner()])

same(
    api.Lists(
        blobs=[b""],
        colours=[api.Colour.SELF, 9],
        blobs_by_id={-(2**63): b"x"},
        colours_by_flag={True: api.Colour.RED, False: 5},
        scalars_by_number={4: api.Scalars(a_bool=True)},
    ),
    {
        "blobs": [""],
        "colours": ["COLOUR_SELF", 9],
        "blobs_by_id": {"-9223372036854775808": "eA=="},
        "colours_by_flag": {"true": "COLOUR_RED", "false": 5},
        "scalars_by_number": {"4": {"a_bool": True}},
    },
)

same(api.Optionals(), {})
same(
    api.Optionals(text="", number=0, scalars=api.Scalars()),
    {"text": "", "number": "0", "scalars": {}},
)
assert api.from_json(api.Optionals, {"blob": None, "text": None}) == api.Optionals(
    blob=b""
)
same(
    api.Tree(left=api.Tree(), branch=api.Branch(tree=api.Tree())),
    {"left": {}, "branch": {"tree": {}}},
)

for given, expected in [
    (api.Oneofs(), None),
    (api.Oneofs(some_text=""), "some_text"),
    (api.Oneofs(raw_bytes=b""), "raw_bytes"),
    (api.Oneofs(colour=api.Colour.UNSPECIFIED), "colour"),
    (api.Oneofs(again=api.Oneofs()), "again"),
    (api.Oneofs(nothing=api.Empty()), "nothing"),
]:
    assert given.which_said() == back(given).which_said() == expected
    assert given.which_other() is None
assert api.from_json(api.Oneofs, {"raw_bytes": None}).which_said() == "raw_bytes"
assert api.from_json(api.Oneofs, {"raw_bytes": None, "type": "0"}) == api.Oneofs(type=0)

refused("at most one", lambda: api.to_json(api.Oneofs(some_text="", type=1)))
refused("Scalars.some_bytes", lambda: api.to_json(api.Scalars(some_bytes="text")))
refused("Scalars.an_int64", lambda: api.from_json(api.Scalars, {"an_int64": 1.5}))
refused("is no Scalars", lambda: api.from_json(api.Scalars, []))
refused("by name", lambda: api.Scalars(1.5))

same(
    words.None_(cls="c", class_="d", self_="s", int_=1, error=words.Error()),
    {"cls": "c", "class": "d", "self": "s", "int": 1, "Error": {}},
)
for name in ("None_", "True", "mro", "ENUM_mro", "_ignore_", "__private", "prefix"):
    read = words.from_json(words.Union_, {"enum": name})
    assert isinstance(read.enum, words.Enum), name
    expected = "ENUM_NONE" if name == "None_" else name  # two names for one number
    same(read, {"enum": expected})

tree = api.Tree(left=api.Tree())
assert copy.deepcopy(tree) == pickle.loads(pickle.dumps(tree)) == tree
error = pickle.loads(pickle.dumps(api.MicroError("a.b", 418, "short")))
assert (error.id, error.code, error.detail, error.status) == (
    "a.b",
    418,
    "short",
    "I'm a Teapot",
)

moment = datetime(2026, 11, 26, 12, 34, 56, 123456, timezone.utc)
assert api.timestamp_to_datetime("2026-11-26T13:34:56.123456789+01:00") == moment
assert api.datetime_to_timestamp(moment) == "2026-11-26T12:34:56.123456Z"
assert api.duration_to_timedelta("-1.5s") == timedelta(seconds=-1.5)
assert api.timedelta_to_duration(timedelta(seconds=-1.5)) == "-1.500000s"
refused("time zone", lambda: api.datetime_to_timestamp(datetime(2026, 1, 1)))

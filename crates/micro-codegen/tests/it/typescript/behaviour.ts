// What generated clients do with answers that a good gateway seldom gives, and what tsc keeps callers from.
// It lies beside the clients when it is compiled; `fetch` is made up here, so that no network is needed.

import { Colour, EchoClient, Everything, Failure } from "./echo.js";
import {
  EverythingClient,
  Lists,
  Oneofs,
  Optionals,
  Scalars,
  Tree,
} from "./everything.js";
import { type Input, MicroError } from "./micro.js";
import {
  Error_,
  Keys,
  Number_,
  SymbolClient,
  StringAny,
  StringNumber,
} from "./micro_.js";
import { Option } from "./names.js";

/** A request as `fetch` was given it. */
interface Sent {
  url: string;
  init: RequestInit;
  headers: Headers;
}

type Answer = (sent: Sent) => Response | Promise<Response>;

/** A `fetch` that gives these answers in turn, and what it was asked. */
function answering(...answers: Answer[]): {
  sent: Sent[];
  fetch: typeof fetch;
} {
  const sent: Sent[] = [];
  return {
    sent,
    fetch: async (input, init = {}) => {
      const request = {
        url: String(input),
        init,
        headers: new Headers(init.headers),
      };
      const answer = answers[Math.min(sent.length, answers.length - 1)];
      sent.push(request);
      return answer === undefined ? new Response("{}") : answer(request);
    },
  };
}

const text =
  (body: string | null, status = 200): Answer =>
  () =>
    new Response(body, { status });

const failing =
  (cause: unknown): Answer =>
  () =>
    Promise.reject(Object.assign(new TypeError("fetch failed"), { cause }));

const refused = failing({
  code: "ECONNREFUSED",
  message: "connect ECONNREFUSED",
});
const lost = failing({ code: "UND_ERR_SOCKET", message: "other side closed" });

function echo(...answers: Answer[]): { client: EchoClient; sent: Sent[] } {
  const { sent, fetch } = answering(...answers);
  return {
    client: new EchoClient({ fetch, token: "", address: "http://gateway:1//" }),
    sent,
  };
}

const TESTS: Array<() => Promise<void> | void> = [
  function jsonIsTakenLeniently() {
    const nulls = Object.fromEntries(
      Object.keys(PROTO_NAMES).map((name) => [name, null]),
    );
    const initial = Everything.create();
    // A `null` for bytes is not their absence but their emptiness.
    const raw = { case: "raw", value: new Uint8Array() };
    equal(Everything.fromJson(JSON.stringify(nulls)), {
      ...initial,
      choice: raw,
    });
    const read = Everything.fromJson(
      '{"an_int32":"5","a_double":"1.5","an_int64":7,"a_uint64":"18446744073709551615","a_bool":"true",' +
        '"a_string":5,"colour":1,"colours":["COLOUR_NEW",77,null],"some_bytes":"_-8","numbers":[null,"-1"],"later":{}}',
    );
    const expected: Input<Everything> = {
      anInt32: 5,
      aDouble: 1.5,
      anInt64: 7n,
      aUint64: 18446744073709551615n,
      aBool: true,
      aString: "5",
      colour: "COLOUR_RED",
      someBytes: Uint8Array.of(255, 239),
      numbers: [0n, -1n],
    };
    const { colours, ...others } = read;
    const { colours: _, ...expectedOthers } = Everything.create(expected);
    equal(others, expectedOthers);
    equal(colours, ["COLOUR_NEW", 77, "COLOUR_UNSPECIFIED"]);
  },

  function jsonIsExact() {
    equal(
      Scalars.toJson({ aDouble: -0, anInt64: -5n, aUint64: 5 }),
      '{"a_double":-0.0,"an_int64":"-5","a_uint64":"5"}',
    );
    equal(
      Scalars.toJson({ aDouble: NaN, aFloat: -Infinity }),
      '{"a_double":"NaN","a_float":"-Infinity"}',
    );
    const lists: Input<Lists> = {
      labels: Object.fromEntries([["__proto__", "x"]]),
      scalarsByNumber: new Map([[3, { aString: "three" }]]),
      coloursByFlag: new Map([[true, "COLOUR_CRIMSON"]]),
      blobsById: new Map([[-7n, Uint8Array.of(1)]]),
    };
    const json = Lists.toJson(lists);
    equal(
      json,
      '{"labels":{"__proto__":"x"},"blobs_by_id":{"-7":"AQ=="},"colours_by_flag":{"true":"COLOUR_CRIMSON"},' +
        '"scalars_by_number":{"3":{"a_string":"three"}}}',
    );
    const read = Lists.fromJson(json);
    equal(Object.keys(read.labels), ["__proto__"]);
    equal(read.scalarsByNumber.get(3)?.aString, "three");
    equal(Lists.toJson(read), Lists.toJson(Lists.create(lists)));
  },

  function absentAndDefaultDiffer() {
    equal(Optionals.toJson({}), "{}");
    equal(Optionals.fromJson("{}"), { side: "SIDE_UNSPECIFIED" });
    const set: Input<Optionals> = {
      text: "",
      number: 0n,
      colour: "COLOUR_UNSPECIFIED",
      blob: new Uint8Array(),
      scalars: {},
    };
    equal(
      Optionals.toJson(set),
      '{"text":"","number":"0","colour":"COLOUR_UNSPECIFIED","blob":"","scalars":{}}',
    );
    equal(Optionals.create(set).number, 0n);
    const tree = Tree.create({
      left: { others: [{ right: {} }] },
      branch: { tree: {} },
    });
    equal(tree.left?.others[0]?.right, { others: [] });
    const said = Oneofs.create({
      said: { case: "again", value: { said: { case: "nothing", value: {} } } },
    });
    equal(said.said?.case === "again" && said.said.value.said, {
      case: "nothing",
      value: {},
    });
  },

  async function namesOfTheLanguageAreWords() {
    const error: Input<Error_> = {
      proto: "1",
      constructor_: "2",
      then_: "3",
      toJson: "4",
      promise: {},
      hasOwnProperty_: { case: "number", value: { case: "5", value: 6 } },
      function: { case: "await", value: "7" },
    };
    const json =
      '{"__proto__":"1","constructor":"2","then":"3","to_json":"4","promise":{},"number":{"case":"5","value":"6"},"await":"7"}';
    equal(Error_.toJson(error), json);
    equal(Error_.toJson(Error_.fromJson(json)), json);
    equal(Error_.toJson({}), "{}");
    equal(Error_.fromJson("{}"), {
      proto: "",
      constructor_: "",
      then_: "",
      toJson: "",
    });
    for (const any of [
      "undefined",
      "null",
      "__proto__",
      "constructor",
      "NaN",
    ] as const) {
      equal(StringNumber.create({ any }), { any });
    }
    equal([0, 1, 2, 3, -1, 4].map(StringAny.read), [
      "undefined",
      "null",
      "__proto__",
      "constructor",
      "NaN",
      4,
    ]);

    const value = Number_.create({ case: "c", value: 5n });
    const keys: Input<Keys> = {
      strings: { "": value, "1": value },
      int32s: new Map([[-5, value]]),
      int64s: new Map([[-(2n ** 63n), value]]),
      uint64s: new Map([[2n ** 64n - 1n, value]]),
      bools: new Map([
        [true, value],
        [false, Number_.create()],
      ]),
      enums: new Map([[5, "null"]]),
    };
    const read = Keys.fromJson(Keys.toJson(keys));
    equal(
      [
        read.int32s.get(-5),
        read.uint64s.get(2n ** 64n - 1n),
        read.enums.get(5),
      ],
      [value, value, "null"],
    );
    equal(
      [read.int64s.get(-(2n ** 63n)), read.bools.get(true), read.strings["1"]],
      [value, value, value],
    );
    equal(read.bools.get(false), Number_.create());

    const { sent, fetch } = answering(text("{}"));
    const client = new SymbolClient({ fetch });
    check((await client) === client, "a client is taken for a promise");
    await client.toString_("2026-11-26T12:34:56Z");
    await client.toString__(keys);
    await client.then_([{ error }]);
    await client.delete({});
    await collect(client.constructor_(error));
    equal(
      sent.map(({ url }) => url.replace(/.*micro\//, "")),
      ["ToString", "to_string", "Then", "delete", "Constructor"].map(
        (name) => `Symbol/${name}`,
      ),
    );
    equal(sent[0]?.init.body, '"2026-11-26T12:34:56Z"');
  },

  function mistakesAreNamed() {
    const message = (action: () => unknown): string => {
      try {
        action();
      } catch (error) {
        return error instanceof TypeError
          ? error.message
          : `no TypeError but ${String(error)}`;
      }
      return "nothing thrown";
    };
    equal(
      message(() =>
        Tree.create({ others: [{}, { branch: { tree: 5 as never } }] }),
      ),
      "others.1.branch.tree: 5 is not a message",
    );
    equal(
      message(() => Scalars.create({ anInt32: 0.5 })),
      "anInt32: 0.5 is not a whole number",
    );
    equal(
      message(() => Scalars.create({ anInt64: 2 ** 53 })),
      "anInt64: 9007199254740992 is not a whole number",
    );
    equal(
      message(() => Scalars.fromJson('{"an_int64":""}')),
      'anInt64: "" is not a whole number',
    );
    equal(
      message(() => Scalars.fromJson('{"some_bytes":"!"}')),
      'someBytes: "!" is not base64',
    );
    equal(
      message(() => Option.fromJson('{"strings":{"a":{"values":{}}}}')),
      "strings.a.values: [object Object] is not a list",
    );
    equal(
      message(() =>
        Oneofs.create({ other: { case: "no" as "yes", value: true } }),
      ),
      'other: "no" is not one of yes',
    );
  },

  async function requestsCarryWhatWasSaid() {
    const { sent, fetch } = answering(text("{}"));
    const headers = { "X-One": "1", "X-Two": "2" };
    const client = new EchoClient({
      fetch,
      address: "http://a:1/",
      service: "other",
      token: "t",
      namespace: "n",
      headers,
    });
    await client.call(
      { aString: "ü" },
      { timeout: 5_000, headers: { "X-Two": "3" } },
    );
    const { url, init, headers: found } = sent[0]!;
    equal(
      [url, init.method, init.body],
      ["http://a:1/other/Echo/Call", "POST", '{"a_string":"ü"}'],
    );
    const names = [
      "Content-Type",
      "Accept",
      "Authorization",
      "Micro-Namespace",
      "X-One",
      "X-Two",
    ];
    equal(
      names.map((name) => found.get(name)),
      ["application/json", "application/json", "Bearer t", "n", "1", "3"],
    );
    const timeout = Number(found.get("Timeout"));
    check(timeout > 4e9 && timeout <= 5e9, `a timeout of ${timeout} ns`);

    await client.wait({});
    check(
      Number(sent[1]!.headers.get("Timeout")) > 29e9,
      "30 s if nothing is said",
    );
    await client.wait({}, { timeout: Infinity });
    equal(sent[2]!.headers.get("Timeout"), null);
    await collect(client.count({}));
    const { headers: counting } = sent[3]!;
    equal(
      [counting.get("Timeout"), counting.get("Accept")],
      [null, "application/x-ndjson"],
    );
  },

  function addressesAreChecked() {
    try {
      new EchoClient({ address: "gateway:8080" });
    } catch (error) {
      return equal(
        String(error),
        "TypeError: address gateway:8080 starts with neither http:// nor https://",
      );
    }
    throw new Error("any address does");
  },

  async function failuresAreTold() {
    const check = async (
      answer: Answer,
      expected: [string, number, string, string],
    ): Promise<void> => {
      const { id, code, detail, status } = await failed(
        echo(answer).client.fail({}),
      );
      equal([id, code, detail, status], expected);
    };
    await check(
      text('{"id":"a.b","code":409,"detail":"taken","status":"Conflict"}', 409),
      ["a.b", 409, "taken", "Conflict"],
    );
    await check(text('{"id":"a.b","code":409,"detail":"taken"}', 500), [
      "a.b",
      409,
      "taken",
      "Conflict",
    ]);
    const html = `<html>${"x".repeat(1000)}`;
    await check(text(html, 404), [
      "go.micro.client",
      404,
      html.slice(0, 500),
      "Not Found",
    ]);
    await check(text("[1]", 500), [
      "go.micro.client",
      500,
      "[1]",
      "Internal Server Error",
    ]);
    await check(text("", 500), [
      "go.micro.client",
      500,
      "the answer says nothing",
      "Internal Server Error",
    ]);
    await check(lost, [
      "go.micro.client",
      503,
      "http://gateway:1/echo: other side closed",
      "Service Unavailable",
    ]);
    const { code, detail } = await failed(echo(text("<html>")).client.call({}));
    equal(code, 500);
    equal(detail.startsWith("the answer is not understood: "), true);
    const wrong = await failed(
      echo(text('{"inner":{"id":"x"}}')).client.call({}),
    );
    equal(
      wrong.detail,
      'the answer is not understood: inner.id: "x" is not a whole number',
    );
    equal(await echo(text(null, 204)).client.fail({}), {});
  },

  async function onlyWhatIsSafeIsRepeated() {
    const unavailable = text("", 503);
    const attempts = async (
      answer: Answer,
      call: (client: EchoClient) => Promise<unknown>,
    ): Promise<number> => {
      const { client, sent } = echo(answer);
      await failed(call(client));
      return sent.length;
    };
    const may = (client: EchoClient): Promise<unknown> => client.flaky({});
    const mayNot = (client: EchoClient): Promise<unknown> => client.once({});
    for (const answer of [lost, unavailable, text("", 502), text("", 504)]) {
      equal(
        [await attempts(answer, may), await attempts(answer, mayNot)],
        [3, 1],
      );
    }
    for (const answer of [
      text("", 500),
      text("", 429),
      text("", 408),
      text("no JSON"),
    ]) {
      equal(await attempts(answer, may), 1);
    }
    equal(
      [await attempts(refused, may), await attempts(refused, mayNot)],
      [3, 3],
    );
    equal(await attempts(refused, (client) => collect(client.count({}))), 3);
    equal(await attempts(refused, (client) => client.sum([{ value: 1 }])), 3);
    // What was taken in vain is sent again, unless it is too much to be kept.
    const bodies: string[] = [];
    const takes: Answer = async ({ init }) => {
      bodies.push(await new Response(init.body as ReadableStream).text());
      return refused({} as Sent);
    };
    equal(
      await attempts(takes, (client) =>
        client.sum([{ value: 1 }, { value: 2 }]),
      ),
      3,
    );
    equal(bodies, Array(3).fill('{"value":"1"}\n{"value":"2"}\n'));
    equal(
      await attempts(takes, (client) =>
        client.sum(Array(100).fill({ value: 1 })),
      ),
      1,
    );
    equal(
      await attempts(unavailable, (client) =>
        client.flaky({}, { timeout: 20 }),
      ),
      1,
    );

    const { client, sent } = echo(refused, unavailable, text('{"calls":3}'));
    equal([await client.flaky({}), sent.length], [{ calls: 3 }, 3]);
    const { sent: once, fetch } = answering(refused);
    await failed(new EchoClient({ fetch, attempts: 1 }).flaky({}));
    equal(once.length, 1);
  },

  async function streamsAreReadLineByLine() {
    const chunks = (...parts: Array<string | Error>): Answer => {
      const encoder = new TextEncoder();
      const bytes = parts.map((part) =>
        typeof part === "string" ? encoder.encode(part) : part,
      );
      return () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              const next = bytes.shift();
              if (next instanceof Error) {
                controller.error(next);
              } else if (next) {
                controller.enqueue(next);
              } else {
                controller.close();
              }
            },
          }),
        );
    };
    const read = async (answer: Answer): Promise<Array<bigint | number>> => {
      const { client } = echo(answer);
      const found: Array<bigint | number> = [];
      try {
        for await (const { value } of client.count({})) {
          found.push(value);
        }
      } catch (error) {
        found.push(error instanceof MicroError ? error.code : NaN);
      }
      return found;
    };
    equal(await read(text(null, 204)), []);
    equal(await read(text("")), []);
    equal(
      await read(
        chunks('{"val', 'ue":"1"}\n{"value":"2"}', "\n\r\n", '{"value":"3"}'),
      ),
      [1n, 2n, 3n],
    );
    const failure = '{"id":"a","code":418,"detail":"d","status":"s"}';
    equal(await read(chunks('{"value":"1"}\n', `${failure}\n`)), [1n, 418]);
    equal(await read(chunks('{"value":"1"}\n', failure)), [1n, 418]);
    equal(await read(chunks(`${failure}\n{"value":"1"}\n`)), [0n, 1n]);
    equal(await read(chunks('{"value":"1"}\n', new Error("reset"))), [1n, 503]);
    equal(await read(chunks(`${failure}\n`, new Error("reset"))), [418]);
    equal(await read(chunks('{"value":"1"}\n{"va')), [1n, 500]);
    const umlaut = new TextEncoder().encode('{"a_string":"ü"}\n');
    const split: Answer = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            umlaut.forEach((byte) => controller.enqueue(Uint8Array.of(byte)));
            controller.close();
          },
        }),
      );
    const { fetch } = answering(split);
    const scalars = await collect(new EverythingClient({ fetch }).list({}));
    equal(scalars, [Scalars.create({ aString: "ü" })]);
  },

  async function callersAreToldToStop() {
    let isClosed = false;
    const requests = async function* (): AsyncGenerator<{ value: number }> {
      try {
        for (let value = 0; ; value++) {
          yield { value };
        }
      } finally {
        isClosed = true;
      }
    };
    const { client } = echo(({ init }) => {
      const body = init.body as ReadableStream<Uint8Array>;
      return new Response(body);
    });
    for await (const { value } of client.chat(requests())) {
      if (value === 3n) {
        break;
      }
    }
    await Promise.resolve();
    check(isClosed, "the requests are not closed");

    const { client: other, sent } = echo(text('{"value":"1"}'));
    const own = new RangeError("mine");
    const broken = {
      [Symbol.iterator]: () => ({
        next: (): never => {
          throw own;
        },
      }),
    };
    const { client: reading } = echo(
      async ({ init }) =>
        new Response(await new Response(init.body as ReadableStream).text()),
    );
    check(
      (await thrown(reading.sum(broken))) === own,
      "the caller's own failure is hidden",
    );
    const controller = new AbortController();
    controller.abort();
    const { signal } = controller;
    equal((await failed(other.call({}, { signal }))).code, 499);
    equal(sent.length, 0);
  },

  async function browsersSendAllRequestsAtOnce() {
    const everywhere = globalThis as { process?: unknown };
    const { process } = everywhere;
    everywhere.process = undefined;
    try {
      const { client, sent } = echo(refused, text('{"value":"3"}'));
      equal(await client.sum([{ value: 1 }, { value: 2 }]), { value: 3n });
      const lines = '{"value":"1"}\n{"value":"2"}\n';
      equal(
        sent.map(({ init }) => init.body),
        [lines, lines],
      );
      const stuck = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => undefined),
        }),
      };
      equal((await failed(client.sum(stuck, { timeout: 20 }))).code, 408);
      equal(
        (await failed(collect(client.chat(stuck, { timeout: 20 })))).code,
        408,
      );
    } finally {
      everywhere.process = process;
    }
  },

  function typesKeepCallersFromMistakes() {
    const { client } = echo(text("{}"));
    const everything: Everything = Everything.create();
    // @ts-expect-error: no such field
    const field: Input<Everything> = { aStrin: "" };
    // @ts-expect-error: no such value
    const value: Colour = "COLOUR_GREEN";
    // @ts-expect-error: the value is not of the case
    const choice: Everything["choice"] = { case: "text", value: 5n };
    // @ts-expect-error: answers are complete
    const incomplete: Failure = { id: "" };
    // @ts-expect-error: 64 bits do not fit
    const small: number = everything.anInt64;
    // @ts-expect-error: messages may be absent
    const id = (): bigint => everything.inner.id;
    const byText = new Map([["1", new Uint8Array()]]);
    // @ts-expect-error: keys have their type
    const key: Input<Everything> = { blobsById: byText };
    // @ts-expect-error: one message is no stream
    const stream = (): unknown => client.sum({ value: 1 });
    void [field, value, choice, incomplete, small, id, key, stream];
    const list = new EverythingClient({ token: "" }).list({});
    const items: AsyncIterable<Scalars> = list;
    void items;
  },
];

/** The fields of `Everything` in JSON. */
const PROTO_NAMES = JSON.parse(
  Everything.toJson({
    ...Everything.create(),
    inner: {},
    maybeNumber: 0,
    maybeText: "",
    choice: { case: "raw", value: new Uint8Array() },
    at: "",
    after: "",
    mask: "",
    nothing: {},
  }),
) as Record<string, unknown>;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

async function thrown(call: Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return error;
  }
  throw new Error(`it answers ${show(answer)}`);
}

async function failed(call: Promise<unknown>): Promise<MicroError> {
  const error = await thrown(call);
  if (error instanceof MicroError) {
    return error;
  }
  throw error;
}

function check(holds: boolean, problem: string): void {
  if (!holds) {
    throw new Error(problem);
  }
}

function equal(found: unknown, expected: unknown): void {
  check(
    show(found) === show(expected),
    `found ${show(found)}\nexpected ${show(expected)}`,
  );
}

/** A value as a text; members of objects in the order of their names. */
function show(value: unknown): string {
  if (value instanceof Map) {
    return `Map${show([...value])}`;
  }
  if (value instanceof Uint8Array || Array.isArray(value)) {
    return `${value.constructor.name}[${Array.from(value, show).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([name, each]) => `${name}: ${show(each)}`,
    );
    return `{${members.sort().join(", ")}}`;
  }
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "bigint"
      ? `${value}n`
      : String(value);
}

async function main(): Promise<void> {
  for (const test of TESTS) {
    await test();
    console.log(`ok ${test.name}`);
  }
}

// A failure is an unhandled rejection, which ends node with a status other than 0.
void main();

/**
 * The behaviour suite in TypeScript. It lies beside the client of `tests/src/proto/echo.proto` when it is compiled:
 *
 *     tsc --strict --target es2020 --lib es2020,dom --module commonjs --outDir out suite.ts echo.ts micro.ts
 *     node out/suite.js [CASE] ADDRESS
 */

import {
  EchoClient,
  Everything,
  EverythingInner,
  MirrorClient,
} from "./echo.js";
import { type ClientOptions, type Input, MicroError } from "./micro.js";

declare const process: {
  argv: string[];
  exitCode: number;
  stdout: { write(text: string): void };
  stderr: { write(text: string): void };
};

/** What a case works with. */
interface Setting {
  echo: EchoClient;
  address: string;
  /** The client of the service with other options. */
  client(options: ClientOptions): EchoClient;
}

const BIGGEST = 9223372036854775807n;
const SMALLEST = -9223372036854775808n;

const CASES: Record<string, (setting: Setting) => Promise<void>> = {
  async unary({ echo }) {
    const everything = full();
    equal(await echo.call(everything), everything);
  },

  async defaults({ echo }) {
    const answer = await echo.call({});
    equal(answer, {
      aDouble: 0,
      aFloat: 0,
      anInt32: 0,
      anInt64: 0n,
      aUint32: 0,
      aUint64: 0n,
      aBool: false,
      aString: "",
      someBytes: new Uint8Array(),
      colour: "COLOUR_UNSPECIFIED",
      numbers: [],
      blobs: [],
      colours: [],
      inners: [],
      labels: {},
      blobsById: new Map(),
      coloursByFlag: new Map(),
      innersByName: {},
      class: "",
      type: "",
      userId: "",
    });
  },

  async bigNumbers({ echo }) {
    for (const anInt64 of [BIGGEST, SMALLEST]) {
      await comesBack(echo, {
        anInt64,
        aUint64: 18446744073709551615n,
        numbers: [BIGGEST, SMALLEST, 9007199254740993n],
        blobsById: new Map([
          [BIGGEST, bytes(1)],
          [SMALLEST, bytes(2)],
        ]),
        maybeNumber: anInt64,
        inner: EverythingInner.create({ id: anInt64 }),
      });
    }
    // Small ones need no `n`, and large ones are refused before they lose their last digits.
    equal((await echo.call({ numbers: [1, -1] })).numbers, [1n, -1n]);
    const refused = await thrown(echo.call({ anInt64: 2 ** 60 }));
    check(refused instanceof TypeError, `${String(refused)} is no TypeError`);
  },

  async bytes({ echo }) {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    await comesBack(echo, {
      someBytes: all,
      blobs: [all, bytes(), bytes(0)],
      blobsById: new Map([
        [0n, all],
        [1n, bytes()],
      ]),
    });
    await comesBack(echo, { someBytes: bytes() });
    const large = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
    await comesBack(echo, { someBytes: large });
  },

  async floats({ echo }) {
    for (const aDouble of [NaN, Infinity, -Infinity, -0]) {
      await comesBack(echo, { aDouble });
    }
  },

  async enums({ echo }) {
    await comesBack(echo, {
      colour: "COLOUR_RED",
      colours: ["COLOUR_BLUE", "COLOUR_UNSPECIFIED", 77],
      coloursByFlag: new Map([[true, "COLOUR_BLUE"]]),
    });
    await comesBack(echo, {
      colour: 77,
      coloursByFlag: new Map([[false, 77]]),
    });
    equal((await echo.call({ colour: 1 })).colour, "COLOUR_RED");
  },

  async oneof({ echo }) {
    const inner = EverythingInner.create({ name: "in" });
    const choices: Array<Required<Everything>["choice"]> = [
      { case: "text", value: "some" },
      { case: "text", value: "" },
      { case: "number", value: BIGGEST },
      { case: "number", value: 0n },
      { case: "message", value: inner },
      { case: "message", value: EverythingInner.create() },
      { case: "raw", value: bytes(0, 255) },
      { case: "raw", value: bytes() },
    ];
    for (const choice of choices) {
      equal((await echo.call({ choice })).choice, choice);
    }
    equal((await echo.call({})).choice, undefined);
  },

  async optional({ echo }) {
    await comesBack(echo, { maybeNumber: 0n, maybeText: "" });
    await comesBack(echo, { maybeNumber: 5n, maybeText: "five" });
    const { maybeNumber, maybeText } = await echo.call({});
    equal([maybeNumber, maybeText], [undefined, undefined]);
  },

  async wellKnown({ echo }) {
    await comesBack(echo, {
      at: "2026-11-26T12:34:56.123456789Z",
      after: "1.123456789s",
      mask: "a,b.c",
      nothing: {},
    });
    await comesBack(echo, { after: "-1.500000001s" });
  },

  async secondService({ address }) {
    const { text } = await new MirrorClient({ address }).turn({
      text: "Grüße",
    });
    equal(text, "eßürG");
  },

  async token({ echo, client }) {
    const { account } = await echo.whoami();
    check(account !== "", "the token of the environment names no account");
    const nobody = await client({ token: "" }).whoami();
    equal(nobody.account, "");
  },

  async namespace({ client }) {
    const { namespace } = await client({ namespace: "elsewhere" }).whoami();
    equal(namespace, "elsewhere");
  },

  async error({ echo }) {
    const failure = {
      id: "echo.Echo.Fail.teapot",
      code: 418,
      detail: "short and stout",
    };
    const error = await failed(echo.fail(failure));
    const { id, code, detail } = error;
    equal({ id, code, detail }, failure);
    check(error.status !== "", "no status text");
  },

  async notFound({ client }) {
    const error = await failed(client({ service: "nowhere" }).call({}));
    check([404, 500].includes(error.code), `code ${error.code}`);
    check(error.detail.includes("not found"), `detail ${error.detail}`);
  },

  async deadline({ echo, client }) {
    for (const wait of [
      () => echo.wait({ milliseconds: 10_000 }, { timeout: 200 }),
      () => client({ timeout: 200 }).wait({ milliseconds: 10_000 }),
    ]) {
      const { code } = await within(2_000, failed(wait()));
      equal(code, 408);
    }
  },

  async cancel({ echo }) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const { signal } = controller;
    const wait = echo.wait({ milliseconds: 10_000 }, { signal });
    const error = await within(2_000, failed(wait));
    equal([error.id, error.code], ["go.micro.client", 499]);
    const late = await within(500, failed(echo.call({}, { signal })));
    equal(late.code, 499);
  },

  async retry({ echo }) {
    const { calls } = await echo.flaky({ key: unique(), failures: 2 });
    equal(calls, 3);
  },

  async noRetry({ echo, client }) {
    const key = unique();
    equal((await failed(echo.once({ key, failures: 1 }))).code, 503);
    equal((await echo.once({ key, failures: 1 })).calls, 2);
    const single = client({ attempts: 1 }).flaky({
      key: unique(),
      failures: 1,
    });
    equal((await failed(single)).code, 503);
  },

  async unreachable({ client }) {
    // Port 1 would not do: `fetch` refuses to use it.
    const nobody = client({ address: "http://127.0.0.1:2" });
    for (const call of [
      () => nobody.call({}),
      () => nobody.sum([{ value: 1 }]),
      () => collect(nobody.count({ from: 1, to: 2 })),
    ]) {
      const { id, code } = await within(5_000, failed(call()));
      equal([id, code], ["go.micro.client", 503]);
    }
  },

  async serverStream({ echo }) {
    const numbers = await collect(echo.count({ from: 1, to: 5 }));
    equal(numbers, [1n, 2n, 3n, 4n, 5n]);
    equal(await collect(echo.count({ from: 1, to: 0 })), []);
  },

  async streamError({ echo }) {
    const numbers: bigint[] = [];
    const counting = async (): Promise<void> => {
      for await (const { value } of echo.count({
        from: 1,
        to: 5,
        failAfter: 2,
      })) {
        numbers.push(value);
      }
    };
    const { code } = await failed(counting());
    equal([numbers, code], [[1n, 2n], 418]);
  },

  async streamLeft({ echo }) {
    for (let round = 0; round < 20; round++) {
      const numbers: bigint[] = [];
      for await (const { value } of echo.count({ from: 1, to: BIGGEST })) {
        numbers.push(value);
        if (numbers.length === 3) {
          break;
        }
      }
      equal(numbers, [1n, 2n, 3n]);
    }
    await within(2_000, echo.call({}));
  },

  async clientStream({ echo }) {
    equal(
      (await echo.sum([{ value: 1 }, { value: 2 }, { value: 3 }])).value,
      6n,
    );
    equal((await echo.sum(upTo(3))).value, 6n);
    equal((await echo.sum([])).value, 0n);
    const broken = async function* (): AsyncGenerator<{ value: number }> {
      yield { value: 1 };
      throw new RangeError("no more");
    };
    const error = await thrown(echo.sum(broken()));
    check(
      error instanceof RangeError,
      `${String(error)} is not the caller's own`,
    );
  },

  async bidi({ echo }) {
    equal(await collect(echo.chat(upTo(3))), [2n, 4n, 6n]);
    // Each number is sent only when the answer to the one before has come.
    const answered: bigint[] = [];
    let next = (): void => undefined;
    const inTurn = async function* (): AsyncGenerator<{ value: number }> {
      for (let value = 1; value <= 3; value++) {
        const isAnswered = new Promise<void>((resolve) => (next = resolve));
        yield { value };
        await isAnswered;
      }
    };
    for await (const { value } of echo.chat(inTurn(), { timeout: 5_000 })) {
      answered.push(value);
      next();
    }
    equal(answered, [2n, 4n, 6n]);
  },

  async concurrent({ echo }) {
    const calls = Array.from({ length: 50 }, (_, anInt32) =>
      echo.call({ anInt32 }),
    );
    const answers = await Promise.all(calls);
    equal(
      answers.map(({ anInt32 }) => anInt32),
      answers.map((_, index) => index),
    );
  },
};

/** Everything set. */
function full(): Everything {
  return {
    aDouble: 1.5,
    aFloat: 0.25,
    anInt32: -7,
    anInt64: 9007199254740993n,
    aUint32: 4000000000,
    aUint64: 9007199254740993n,
    aBool: true,
    aString: 'Grüße "quoted" \n 世界',
    someBytes: bytes(0, 1, 255),
    colour: "COLOUR_BLUE",
    inner: { name: "in", id: 1n, deeper: { name: "deep", id: 0n } },
    numbers: [1n, -1n],
    blobs: [bytes(97), bytes()],
    colours: ["COLOUR_RED", "COLOUR_BLUE"],
    inners: [
      { name: "one", id: 1n },
      { name: "two", id: 2n },
    ],
    labels: { a: "b", "": "empty", ü: "x" },
    blobsById: new Map([[-1n, bytes(120)]]),
    coloursByFlag: new Map([
      [true, "COLOUR_RED"],
      [false, "COLOUR_BLUE"],
    ]),
    innersByName: { one: { name: "one", id: 1n } },
    maybeNumber: 0n,
    maybeText: "",
    choice: { case: "message", value: { name: "chosen", id: 0n } },
    at: "2026-11-26T12:34:56.123456789Z",
    after: "1.5s",
    mask: "a,b.c",
    nothing: {},
    class: "c",
    type: "t",
    userId: "u",
  };
}

/** Sends some fields, and finds them and all the others' defaults in the answer. */
async function comesBack(
  echo: EchoClient,
  fields: Input<Everything>,
): Promise<void> {
  equal(await echo.call(fields), Everything.create(fields));
}

async function* upTo(last: number): AsyncGenerator<{ value: number }> {
  for (let value = 1; value <= last; value++) {
    yield { value };
  }
}

async function collect(
  numbers: AsyncIterable<{ value: bigint }>,
): Promise<bigint[]> {
  const values: bigint[] = [];
  for await (const { value } of numbers) {
    values.push(value);
  }
  return values;
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function unique(): string {
  return `typescript-${Date.now()}-${Math.random()}`;
}

/** What a call that must not succeed throws. */
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

async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
): Promise<T> {
  const start = Date.now();
  const value = await promise;
  const took = Date.now() - start;
  check(took <= milliseconds, `it took ${took} ms`);
  return value;
}

function check(holds: boolean, problem: string): void {
  if (!holds) {
    throw new Error(problem);
  }
}

function equal(found: unknown, expected: unknown): void {
  const [left, right] = [show(found), show(expected)];
  check(left === right, `found ${left}\nexpected ${right}`);
}

/** A value as a text that tells apart what is different, and nothing else. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) {
    return `bytes(${value.join(" ")})`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(
      ([key, each]) => `${show(key)} => ${show(each)}`,
    );
    return `Map(${entries.sort().join(", ")})`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(show).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([key, each]) => `${key}: ${show(each)}`,
    );
    return `{${members.sort().join(", ")}}`;
  }
  if (typeof value === "string") {
    return JSON.stringify(value);
  }
  return typeof value === "bigint"
    ? `${value}n`
    : Object.is(value, -0)
      ? "-0"
      : String(value);
}

async function run(name: string, address: string): Promise<void> {
  const client = (options: ClientOptions): EchoClient =>
    new EchoClient({ address, ...options });
  try {
    const body = CASES[name];
    check(body !== undefined, "there is no such case");
    await body?.({ echo: client({}), address, client });
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    process.exitCode = 1;
    const problem = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${name}: ${problem}\n`);
  }
}

async function main(): Promise<void> {
  const [first = "", second] = process.argv.slice(2);
  const names = second === undefined ? Object.keys(CASES) : [first];
  for (const name of names) {
    await run(name, second ?? first);
  }
}

void main();

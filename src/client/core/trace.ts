// W3C trace context (https://www.w3.org/TR/trace-context/): the trace of the running code, from a request's
// `traceparent` or begun here. The platform keeps the ids while code runs: AsyncLocalStorage on servers.

/** 32 and 16 hexadecimal digits. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  /** Of the caller; absent where the trace begins here. */
  readonly parentSpanId?: string;
}

/** Keeps one value for as long as a function and whatever it waits for runs. */
export interface Scope<Value> {
  run<Result>(value: Value, work: () => Result): Result;
  get(): Value | undefined;
}

/** Header names to values: of Node, of Fetch, or a plain object. */
export type Carrier = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface TraceOptions {
  /** The request's headers. */
  readonly carrier?: Carrier | undefined;
}

/** A header of a carrier, whatever the case of its name; of several, the first. */
export function headerOf(carrier: Carrier, name: string): string | undefined {
  if (typeof (carrier as Headers).get === "function") return (carrier as Headers).get(name) ?? undefined;
  const headers = carrier as Readonly<Record<string, string | readonly string[] | undefined>>;
  const found = headers[name] ?? headers[Object.keys(headers).find((one) => one.toLowerCase() === name) ?? name];
  return typeof found === "object" ? found[0] : found;
}

/** The ids of a span of its own, in the trace that `carrier` names, else in a new one. */
export function traceIdsOf(carrier?: Carrier): TraceIds {
  const traceparent = carrier && headerOf(carrier, "traceparent");
  const parent = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}/.exec(traceparent ?? "");
  const spanId = hexDigits().slice(16);
  return parent ? { traceId: `${parent[1]}`, spanId, parentSpanId: `${parent[2]}` } : { traceId: hexDigits(), spanId };
}

/** The `traceparent` that passes these ids on. */
export function traceparentOf({ traceId, spanId }: TraceIds): string {
  return `00-${traceId}-${spanId}-01`;
}

/** A scope for platforms without one: it holds while `work` runs, not while it waits. */
export function synchronousScope<Value>(): Scope<Value> {
  let current: Value | undefined;
  return {
    get: () => current,
    run(value, work) {
      const outer = current;
      current = value;
      try {
        return work();
      } finally {
        current = outer;
      }
    },
  };
}

function hexDigits(): string {
  return "0".repeat(32).replace(/0/g, () => Math.floor(Math.random() * 16).toString(16));
}

// Turns any value into plain JSON values. What JSON cannot express is described, exceptions are named, and large values
// are cut. This code reads the application's own objects, so every access may throw.

/** As the server takes it: metadata that is deeper is dropped there. */
const DEPTH_MAX = 100;
/** A text of more than 8192 characters, of which those are kept. */
const TOO_LONG = /^(.{8192}).+/s;
/** Members and items of one value, all levels together. */
const VALUES_MAX = 5000;

/** What JSON.parse could have returned; undefined members are left out when it is written. */
// oxlint-disable-next-line typescript/no-explicit-any -- it is looked at by name, and every name may be anything.
export type Plain = any;

/**
 * A plain copy of any value. Never throws. `redact`: names of members below the first level whose values become
 * "[redacted]", equal ignoring case or matching.
 */
export function plainCopy(value: unknown, redact: readonly (string | RegExp)[] = []): Plain {
  const parents: unknown[] = [];
  let valuesLeft = VALUES_MAX;

  const isRedacted = (name: string) =>
    parents.length > 1 &&
    // `search` does not remember where it was, whatever the flags.
    redact.some((one) => (typeof one === "string" ? one.toLowerCase() === name.toLowerCase() : name.search(one) >= 0));

  const copyMembers = (holder: Plain): Plain => {
    if (holder.nodeType > 0) return `<${holder.nodeName}>`;
    if (ArrayBuffer.isView(holder)) return `[${holder.constructor.name}]`;
    const source = holder instanceof Map ? Object.fromEntries(holder) : holder instanceof Set ? [...holder] : holder;
    // Without a prototype, "__proto__" is a name like any other.
    const copies: Plain = Array.isArray(source) ? [] : { __proto__: null };
    // Of another realm too: a frame's, a test runner's.
    const hidden = source instanceof Error || source.stack ? ["name", "message", "stack", "cause", "errors"] : [];
    for (const name of [...hidden, ...Object.keys(source)]) {
      if (valuesLeft-- < 0) break;
      copies[name] = copy(source, name);
    }
    return copies;
  };

  const copy = (holder: Plain, name: string): Plain => {
    try {
      if (isRedacted(name)) return "[redacted]";
      const given = holder[name];
      const one = typeof given?.toJSON === "function" ? given.toJSON() : given;
      if ((!one && one !== 0n) || one === true || Number.isFinite(one)) return one;
      if (typeof one === "function") return "[function]";
      if (typeof one !== "object" || one instanceof RegExp) return cutText(String(one));
      if (parents.includes(one)) return "[circular]";
      if (parents.length >= DEPTH_MAX) return "…";
      parents.push(one);
      try {
        return copyMembers(one);
      } finally {
        parents.pop();
      }
    } catch {
      return "[error]";
    }
  };

  return copy({ value }, "value");
}

/** A text, or its beginning. */
export function cutText(text: string): string {
  return text.replace(TOO_LONG, "$1…");
}

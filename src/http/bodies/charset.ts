// The charset of a Content-Type: its first parameter of that name, by the labels of the Encoding Standard, which
// TextDecoder knows. What names no known encoding is read as UTF-8, since most of those who send a wrong name send
// UTF-8.
// Sources: https://mimesniff.spec.whatwg.org/#parsing-a-mime-type, https://encoding.spec.whatwg.org/#names-and-labels

/** A parameter's name and its value, quoted or not. */
const PARAMETER = /;([^;=]*)(?:=\s*("(?:[^"\\]|\\.)*"?|[^;]*))?/g;
/** A longer header is no media type. */
const LENGTH_MAX = 1_000;
const CHARSET = /charset/i;
/** What nearly all who name a charset send. */
const UTF_8 = /^[^;"]*;\s*charset=utf-?8$/i;

/** What TextDecoder takes. */
export type Charset = ConstructorParameters<typeof TextDecoder>[0];

/** "utf-8", "utf-16" in either byte order, or another name that TextDecoder takes. */
export function charsetOf(contentType: string | null): Charset {
  if (contentType === null || contentType === "application/json" || contentType.length > LENGTH_MAX) return "utf-8";
  if (!CHARSET.test(contentType) || UTF_8.test(contentType)) return "utf-8";
  return encodingOf(labelOf(contentType));
}

function labelOf(contentType: string): string | undefined {
  for (const [, name = "", value = ""] of contentType.matchAll(PARAMETER)) {
    if (name.trim().toLowerCase() !== "charset") continue;
    return value.startsWith('"') ? value.slice(1).replace(/"$/, "").replaceAll(/\\(.)/g, "$1") : value;
  }
  return undefined;
}

function encodingOf(label: string | undefined): Charset {
  if (label === undefined) return "utf-8";
  try {
    const encoding = new TextDecoder(label as Charset).encoding as NonNullable<Charset>;
    return encoding.startsWith("utf-16") ? "utf-16" : encoding;
  } catch {
    return "utf-8";
  }
}

// The description of the API (OpenAPI 3.1), made from the routes that are served and the schemas that check. A schema with a
// title becomes a component; everything else stands where it is used. Source: https://spec.openapis.org/oas/v3.1.1.html

import { OptionalKind, type TObject, type TSchema } from "@sinclair/typebox";
import { SESSION_HEADER } from "../core/session.ts";
import type { AnswerDocument, OperationDocument, Route } from "./routes.ts";

type Json = Readonly<Record<string, unknown>>;

/** Members of our schemas that are not JSON Schema's: messages and checks use them. */
const OWN_KEYWORDS: ReadonlySet<string> = new Set(["expects", "trims"]);
const JSON_TYPE = "application/json";

/** Who may call what: one of these is enough. */
const SECURITY_SCHEMES = {
  adminToken: { type: "http", scheme: "bearer", description: "The admin token of the configuration" },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "simplelogs_session",
    description:
      "The app's session; believed only with the secret that signing in returned, and Sec-Fetch-Site: same-origin",
  },
  sessionSecret: {
    type: "apiKey",
    in: "header",
    name: SESSION_HEADER,
    description: "The other half of the app's session",
  },
} as const;

/** Describes the routes; `version` of the program. */
export function describeRoutes(routes: readonly Route[], version: string): Json {
  const components = new Components();
  const paths = routes.map(({ path, operations }) => {
    const methods = Object.entries(operations).map(
      ([method, { document }]) => [method.toLowerCase(), describeOperation(document, components)] as const,
    );
    return [path, Object.fromEntries(methods)] as const;
  });
  return {
    openapi: "3.1.1",
    info: {
      title: "SimpleLogs, self-hosted",
      description:
        "Logs and timings: sent through one POST, found again through the rest. A Host that is neither listened on nor listed in " +
        "the configuration's hosts is answered 421.",
      version,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths: Object.fromEntries(paths),
    components: { schemas: components.schemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function describeOperation(document: OperationDocument, components: Components): Json {
  const { id, summary, description, access, path, query, headers, body, answers } = document;
  const parameters = [
    ...describeParameters("path", path, components),
    ...describeParameters("query", query, components),
    ...describeParameters("header", headers, components),
  ];
  const responses = Object.entries(answers).map(
    ([status, answer]) => [status, describeAnswer(answer, components)] as const,
  );
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    security: access === "open" ? [] : [{ adminToken: [] }, { session: [], sessionSecret: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { [JSON_TYPE]: { schema: components.use(body) } } } }),
    responses: Object.fromEntries(responses),
  };
}

function describeParameters(where: "path" | "query" | "header", schema: TObject | undefined, components: Components) {
  return Object.entries<TSchema>(schema?.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property;
    const isRequired = property[OptionalKind] === undefined && property["default"] === undefined;
    return { name, in: where, required: isRequired, ...(description && { description }), schema: components.use(rest) };
  });
}

function describeAnswer(
  { description, schema, mediaType = JSON_TYPE, headers }: AnswerDocument,
  components: Components,
) {
  const content = schema === undefined ? undefined : { schema: components.use(schema) };
  const types = typeof mediaType === "string" ? [mediaType] : mediaType;
  const described = Object.entries(headers ?? {}).map(
    ([name, says]) => [name, { description: says, schema: { type: "string" } }] as const,
  );
  return {
    description,
    ...(headers === undefined ? {} : { headers: Object.fromEntries(described) }),
    ...(content === undefined ? {} : { content: Object.fromEntries(types.map((type) => [type, content])) }),
  };
}

/** Collects the schemas that have a title, once each. */
class Components {
  readonly #schemas = new Map<string, Json>();

  /** A schema as it stands in the document: plain JSON, a reference where it is a component. */
  use(schema: object): Json {
    const title = "title" in schema ? String(schema.title) : undefined;
    if (title === undefined) return this.#plain(schema);
    if (!this.#schemas.has(title)) this.#schemas.set(title, this.#plain(schema));
    return { $ref: `#/components/schemas/${title}` };
  }

  schemas(): Json {
    return Object.fromEntries([...this.#schemas].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #plain(schema: object): Json {
    const members = Object.entries(schema).filter(([name]) => !OWN_KEYWORDS.has(name));
    return Object.fromEntries(members.map(([name, value]) => [name, this.#member(name, value)]));
  }

  #member(name: string, value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (name === "anyOf" || name === "allOf") return (value as object[]).map((one) => this.use(one));
    if (name === "items" || name === "additionalProperties") return this.use(value);
    if (name !== "properties" && name !== "patternProperties") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.use(one as object)]));
  }
}

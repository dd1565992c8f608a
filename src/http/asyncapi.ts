/**
 * Describes the channels of a bus as an AsyncAPI document.
 *
 * @module nightbus/asyncapi
 */

import { type Bus, schemasOf } from "../bus.ts";
import { BusError, given } from "../errors.ts";
import type { Schema } from "../schema.ts";
import { checkNames } from "../util/validate.ts";

/** The part of a document that a schema cannot tell. */
export interface AsyncApiOptions {
  /** The name of the application. */
  readonly title: string;
  /** The version of the application, such as `1.0.0`. */
  readonly version: string;
  /** The purpose of the application, in a few sentences. */
  readonly description?: string;
  /** The servers, as AsyncAPI 3 has them: `{ production: { host: "example.com", protocol: "https" } }`. */
  readonly servers?: Readonly<Record<string, object>>;
  /** True if clients may send, which needs the mount's `send` hook. The document then has an operation for it. Default: false. */
  readonly send?: boolean;
}

/** A document of AsyncAPI 3.0.0, ready for `JSON.stringify`. */
export interface AsyncApiDocument extends Readonly<Record<string, unknown>> {
  /** The version of the specification. */
  readonly asyncapi: "3.0.0";
}

type Json = Readonly<Record<string, unknown>>;

/** The dialect that AsyncAPI's own schemas extend. */
const DRAFT = "draft-07";

/** The place of schemas in a document. */
const SCHEMAS = "#/components/schemas/";

/** The characters that a key of a document may not have. A first underscore is one, because parsers trip over `__proto__`. */
const OTHER = /[^\w.]|^_/g;

/**
 * Returns an AsyncAPI 3 document of a bus with a contract. Each name is a channel, with the JSON Schema of its messages if
 * the schema library gives one. Readers get a schema's output, and clients send its input. Serve the document by the mount's option
 * `asyncapi`. Throws `bad_option` if the bus has no contract.
 */
export function asyncapi<C extends object>(bus: Bus<C>, options: AsyncApiOptions): AsyncApiDocument {
  checkNames("asyncapi", options, ["title", "version", "description", "servers", "send"]);
  const { title, version, description, servers, send = false } = options;
  for (const [name, value] of Object.entries({ title, version })) {
    if (typeof value !== "string" || value === "")
      throw new BusError("bad_option", `${name} must be a text, got ${given(value)}`);
  }
  const schemas = schemasOf(bus);
  if (schemas === undefined) {
    throw new BusError("bad_option", "asyncapi describes a bus with a contract: give the bus the option channels");
  }
  const parts = [...schemas].map(([name, schema]) => partsOf(name, schema, send));
  const merged = (field: keyof Parts): Json => Object.fromEntries(parts.flatMap((part) => Object.entries(part[field])));
  return {
    asyncapi: "3.0.0",
    info: { title, version, ...(description !== undefined && { description }) },
    ...(servers !== undefined && { servers }),
    defaultContentType: "application/json",
    channels: merged("channels"),
    operations: merged("operations"),
    components: { messages: merged("messages"), schemas: merged("schemas") },
  };
}

interface Parts {
  readonly channels: Json;
  readonly operations: Json;
  readonly messages: Json;
  readonly schemas: Json;
}

function partsOf(name: string, schema: Schema, send: boolean): Parts {
  const id = name === "*" ? "-any-" : name.replace(OTHER, escaped);
  const schemas: Record<string, unknown> = { [`${id}.read`]: payloadOf(schema, "output", `${id}.read`) };
  if (send) schemas[`${id}.sent`] = payloadOf(schema, "input", `${id}.sent`);
  const keys = Object.keys(schemas);
  const refs = (room: string): Json => Object.fromEntries(keys.map((key) => [key, { $ref: `${room}${key}` }]));
  const operation = (action: "send" | "receive", key: string): Json => ({
    action,
    channel: { $ref: `#/channels/${id}` },
    messages: [{ $ref: `#/channels/${id}/messages/${key}` }],
  });
  return {
    schemas,
    messages: Object.fromEntries(keys.map((key) => [key, { name, payload: { $ref: `${SCHEMAS}${key}` } }])),
    channels: {
      [id]: {
        ...(name === "*" ? { address: "{name}", parameters: { name: {} } } : { address: name }),
        messages: refs("#/components/messages/"),
      },
    },
    // AsyncAPI tells of an action as the described application does it, which is the server.
    operations: {
      [`send.${id}`]: operation("send", `${id}.read`),
      ...(send && { [`receive.${id}`]: operation("receive", `${id}.sent`) }),
    },
  };
}

function escaped(unit: string): string {
  return unit === "-" ? "--" : `-${unit.charCodeAt(0).toString(16)}-`;
}

/** Returns the JSON Schema of what goes in or comes out. Libraries may have none, or none for a value that they transform. */
function payloadOf(schema: Schema, side: "input" | "output", key: string): unknown {
  const { jsonSchema } = schema["~standard"] as { readonly jsonSchema?: Readonly<Record<string, JsonSchemaOf>> };
  try {
    const { $schema: _dialect, ...payload } = jsonSchema?.[side]?.({ target: DRAFT }) ?? {};
    return moved(payload, key);
  } catch {
    return { description: `The schema's library cannot describe its ${side}.` };
  }
}

/** Returns a JSON Schema for its place in the document: its own references begin at the document's root. */
function moved(part: unknown, key: string): unknown {
  if (Array.isArray(part)) return part.map((one) => moved(one, key));
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(([name, value]) => {
    const isOwn = name === "$ref" && typeof value === "string" && value.startsWith("#");
    return [name, isOwn ? `${SCHEMAS}${key}${value.slice(1)}` : moved(value, key)];
  });
  return Object.fromEntries(entries);
}

type JsonSchemaOf = (options: { readonly target: string }) => Json;

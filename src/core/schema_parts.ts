// What response schemas are made of, and the types that come from them.

import { type SchemaOptions, type Static, type TProperties, type TSchema, Type } from "@sinclair/typebox";

type DeepReadonly<T> = T extends readonly (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** The values of a response schema, read-only at all depths. */
export type ValueOf<S extends TSchema> = DeepReadonly<Static<S>>;

/** An object with a name: it becomes one component of the API's description. */
export const object = <T extends TProperties>(title: string, properties: T, options: SchemaOptions = {}) =>
  Type.Object(properties, { title, ...options });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** Unix milliseconds. */
export const time = (description: string) => Type.Number({ description: `${description}, Unix ms` });
/** A whole number from 0. */
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const text = (description: string) => Type.String({ description });
export const source = (description?: string) =>
  Type.Union([Type.Literal("server"), Type.Literal("client")], description === undefined ? {} : { description });
export const metadata = () => Type.Record(Type.String(), Type.Unknown());

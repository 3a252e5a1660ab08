// What the schemas of answers are made of.

import { type SchemaOptions, type TProperties, type TSchema, Type } from "@sinclair/typebox";

export const object = <T extends TProperties>(title: string, properties: T, options: SchemaOptions = {}) =>
  Type.Object(properties, { title, ...options });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const time = (description: string) => Type.Number({ description: `${description}, Unix ms` });
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const text = (description: string) => Type.String({ description });
export const source = (description?: string) =>
  Type.Union([Type.Literal("server"), Type.Literal("client")], description === undefined ? {} : { description });
export const metadata = () => Type.Record(Type.String(), Type.Unknown());

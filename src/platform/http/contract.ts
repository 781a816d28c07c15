import { z } from '@hono/zod-openapi';
import { statusOf } from './app-error.ts';

/** Ids are UUIDs in lower case; any other text names nothing and answers like an absent id. */
export const id = z.uuid().lowercase().openapi({ example: '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e' });

export const dateTime = z.iso
  .datetime({ offset: true, error: 'This is not a date and time such as 2024-06-14T09:30:00+02:00.' })
  .openapi({ example: '2024-06-14T09:30:00+02:00' });

/** The list envelope of the whole API. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), total: z.int(), limit: z.int(), offset: z.int() });

const wholeNumber = (least: number, most: number, fallback: number) =>
  z.coerce
    .number('This must be a whole number.')
    .int('This must be a whole number.')
    .min(least)
    .max(most)
    .default(fallback);

/** `limit` and `offset` of a list; pages are capped at 100. */
export const page = { limit: wholeNumber(1, 100, 50), offset: wholeNumber(0, 10_000_000, 0) };

/**
 * Text of one line as it is kept: no controls, no marks of direction, single spaces, and nothing that is half a character.
 * Length is counted as people count it: an emoji is one.
 */
export const line = (most: number, tooLong: string) =>
  z
    .string()
    .transform((text) =>
      text
        .toWellFormed()
        .normalize('NFC')
        .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
        .replace(/[\p{Cc}\s]+/gu, ' ')
        .trim(),
    )
    .refine((text) => text.length <= most || [...text].length <= most, tooLong);

/** `?flag=true|false`, and nothing else. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const ErrorBody = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(Object.keys(statusOf) as [keyof typeof statusOf]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  })
  .openapi('Error');

/** The error answers that a route documents, by status. */
export const errors = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: 'Refused', content: { 'application/json': { schema: ErrorBody } } },
    ]),
  );

/** A JSON answer with its schema. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A JSON body with its schema; unknown fields are refused by strict schemas. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

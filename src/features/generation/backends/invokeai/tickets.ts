import { z } from 'zod';
import type { Ticket } from '../backend.ts';
import { imageName } from './answers.ts';
import type { Following } from './following.ts';

/** Which item is of which picture, and what was sent for the batch. What it lacks is asked for by the batch's id. */
export const ticketOf = ({ known, sources }: Pick<Following, 'known' | 'sources'>): Ticket => ({
  items: Object.fromEntries([...known].map(([n, itemId]) => [String(n), itemId])),
  sources: [...sources],
});

const ticketSchema = z.object({
  items: z.record(z.string().regex(/^\d+$/), z.number().int()),
  sources: z.array(imageName).optional(),
});

/** @returns the items of a ticket by picture; none of one that cannot be read */
export function itemsOf(ticket: Ticket | null): Map<number, number> {
  const { data } = ticketSchema.safeParse(ticket);
  return new Map(Object.entries(data?.items ?? {}).map(([n, itemId]) => [Number(n), itemId]));
}

/** Photos that were sent for a batch, which must not stay there. */
export const sourcesOf = (ticket: Ticket | null): Set<string> => new Set(ticketSchema.safeParse(ticket).data?.sources);

import type { Context } from 'hono';
import type { Health, LegacySystem } from './system.ts';

export const healthPaths = ['/health', '/api/health'] as const;

/**
 * What all systems that share an address answer there, together; where two say the same thing differently, the first does.
 * @returns null where none of them has anything there
 */
export function createHealth(
  systems: readonly LegacySystem[],
  path: (typeof healthPaths)[number],
  look: () => Promise<Health>,
): ((c: Context) => Promise<Response>) | null {
  const words = systems.flatMap(({ health }) => health?.[path] ?? []);
  if (words.length === 0) return null;
  return async (c) => {
    const health = await look();
    const body = Object.assign({}, ...words.toReversed().map((say) => say(health)));
    return c.json(body, health.ready ? 200 : 503);
  };
}

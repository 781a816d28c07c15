/**
 * On whose behalf a transaction runs. Row-level security policies test the kind and the id
 * (`app.principal`, set for each transaction); a transaction without one sees nothing.
 */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'link'; readonly id: string };

/** The principal of gc, verify, move and purge. No request can become it: see `as-system.ts`. */
export type SystemPrincipal = { readonly kind: 'system' };

/** The principal of the driver that keeps bytes in PostgreSQL: see `as-storage.ts`. */
export type StoragePrincipal = { readonly kind: 'storage' };

export const anonymous: Principal = Object.freeze({ kind: 'anonymous' });

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The setting's value, such as `user:0190…`. It is put into SQL text, so the id is held to the form of a UUID.
 * @throws TypeError when the id is not a lower-case UUID
 */
export function toSetting(principal: Principal | SystemPrincipal | StoragePrincipal): string {
  if (!('id' in principal)) return principal.kind;
  if (!uuid.test(principal.id)) throw new TypeError('A principal id must be a lower-case UUID.');
  return `${principal.kind}:${principal.id}`;
}

import { createHmac } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import { anonymous } from '#platform/database/principal.ts';
import { isEarlierForm } from './earlier-passwords.ts';
import { listPasswordForms } from './store.ts';
import type { AccountTables } from './tables.ts';

/** In which form an account of that name would keep its password, if there were one; '' where no account has one. */
export type FormOf = (login: string) => Promise<string>;

const mayRememberMs = 60_000;

/**
 * While accounts that came from elsewhere have not signed in, verifying theirs takes another time than verifying ours. A
 * name that no account has is verified like one or the other, in the proportion in which accounts are, and always like
 * the same: how long an answer takes then does not tell whether there is an account.
 * @param deps.key shared by all servers of a library, so that a name is alike on each
 */
export function createDecoyForms(deps: { database: Database; key: Buffer }): FormOf {
  let known: { readonly until: number; readonly forms: Promise<{ form: string; accounts: number }[]> } | null = null;
  const read = () => {
    if (known && known.until > Date.now()) return known.forms;
    const forms = deps.database.as(anonymous, (tx: Kysely<AccountTables>) => listPasswordForms(tx));
    known = { until: Date.now() + mayRememberMs, forms };
    forms.catch(() => {
      known = null;
    });
    return forms;
  };
  return async (login) => {
    const forms = (await read()).filter(({ form }) => isEarlierForm(form));
    const all = forms.reduce((sum, { accounts }) => sum + accounts, 0);
    const digest = createHmac('sha256', deps.key).update(login.toLowerCase()).digest();
    let place = (digest.readUInt32BE() / 2 ** 32) * all;
    for (const { form, accounts } of forms) {
      place -= accounts;
      if (place < 0) return form;
    }
    return '';
  };
}

import type { Scope } from '#lib/api-schema.ts';

/** What each scope means to somebody who hands a key to an app. */
export const scopeNames: Record<Scope, { label: string; short: string; hint: string }> = {
  'photos:read': {
    label: 'See photos',
    short: 'sees photos',
    hint: 'The timeline, the files and what they say about themselves.',
  },
  'photos:write': {
    label: 'Add and change photos',
    short: 'changes photos',
    hint: 'Upload, captions, dates, favourites, the trash.',
  },
  'account:read': {
    label: 'See the account',
    short: 'sees the account',
    hint: 'Your name, e-mail and how much is stored.',
  },
};

/** How long a key may work, in days. */
export const lifetimes = [
  { days: '30', label: '30 days' },
  { days: '90', label: '90 days' },
  { days: '365', label: 'A year' },
  { days: 'never', label: 'No end' },
];

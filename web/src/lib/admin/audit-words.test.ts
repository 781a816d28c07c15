import { expect, test } from 'vitest';
import { type AuditEntry, actionLabels, tell } from './audit-words.ts';

const ines = { id: '0190a000-0000-7000-8000-000000000001', username: 'ines' };
const tomas = { kind: 'user' as const, id: '0190a000-0000-7000-8000-000000000002', name: 'tomas' };

/** The whole sentence, as the list shows it. */
function sentence(action: AuditEntry['action'], more: Partial<AuditEntry> = {}): string {
  const entry = { action, actor: ines, actor_kind: 'user' as const, subject: null, details: {}, ...more };
  const { who, text } = tell(entry);
  return who ? `${who} ${text}` : text;
}
const anonymous = { actor: null, actor_kind: 'anonymous' as const };

test('every action is a sentence and a choice of the filter', () => {
  for (const { action, label } of actionLabels) {
    expect(sentence(action, { subject: tomas })).toMatch(/^ines \S+/);
    expect(sentence(action, anonymous)).toMatch(/^(Somebody|A) \S+/);
    expect(label).toMatch(/^[A-Z]/);
  }
});

test('people at the door are named by the account they came for', () => {
  expect(sentence('sign_in', { ...anonymous, subject: tomas, details: { kind: 'browser' } })).toBe('tomas signed in');
  expect(sentence('password_reset', { ...anonymous, subject: tomas })).toBe('tomas set a new password by a link');
  expect(sentence('account_created', { ...anonymous, subject: tomas, details: { role: 'admin' } })).toBe(
    'tomas made the first account',
  );
});

test('who failed to come in is not called by the name they tried', () => {
  expect(sentence('sign_in_failed', { ...anonymous, subject: tomas, details: { reason: 'password' } })).toBe(
    'Somebody failed to sign in as tomas',
  );
  expect(sentence('sign_in_failed', { ...anonymous, details: { reason: 'no_account' } })).toBe(
    'Somebody failed to sign in: there is no such account',
  );
});

test('guests have no name', () => {
  const guest = { actor: null, actor_kind: 'link' as const };
  expect(sentence('link_opened', guest)).toBe('A link was opened');
  expect(sentence('link_unlock_failed', anonymous)).toBe('A wrong password was given for a link');
  expect(sentence('link_opened')).toBe('ines opened a link');
});

test('details are told where there are any', () => {
  expect(sentence('user_changed', { subject: tomas, details: { role: 'admin', quota_bytes: 10e9 } })).toBe(
    'ines made tomas an administrator and gave tomas a quota of 10 GB',
  );
  expect(sentence('user_changed', { subject: tomas, details: { quota_bytes: null, quota_photos: 5 } })).toBe(
    'ines gave tomas a quota of 5 photos and space without a limit',
  );
  expect(
    sentence('user_created', { subject: tomas, details: { role: 'user', quota_bytes: null, quota_photos: 1 } }),
  ).toBe('ines made an account for tomas, with a quota of 1 photo');
  expect(sentence('account_changed', { details: { fields: ['username', 'email', 'current_password'] } })).toBe(
    'ines changed their username and e-mail',
  );
  expect(sentence('key_created', { details: { scopes: ['photos:read'] } })).toBe(
    'ines made an API key that sees photos',
  );
  expect(sentence('session_revoked', { details: { count: 3 } })).toBe('ines signed out 3 other browsers and apps');
  expect(sentence('job_retried', { details: { job: 'photos.sweep-blobs' } })).toBe(
    'ines had a job done again: photos.sweep-blobs',
  );
});

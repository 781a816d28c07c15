import type { readAccount } from '#features/accounts/index.ts';

type User = Awaited<ReturnType<typeof readAccount>>;

/** What the page kept in an account and this library does not have: as it was for everybody who changed nothing. */
const settings = {
  theme: 'light',
  responseType: 'balanced',
  notifications: true,
  soundEffects: true,
  language: 'en',
  autoSave: true,
};

/** Somebody as the page knows them. */
export function presentPerson(user: User) {
  const [firstName = '', ...others] = (user.display_name ?? '').split(/\s+/);
  return {
    id: user.id,
    username: user.username,
    email: user.email ?? '',
    profile: { firstName, lastName: others.join(' '), avatar: user.profile_picture_url, bio: '' },
    settings,
    subscription: { plan: 'free', status: 'active' },
    createdAt: user.created_at,
  };
}

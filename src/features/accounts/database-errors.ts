import { AppError } from '#platform/http/app-error.ts';

interface DatabaseError {
  code?: string;
  constraint?: string;
}

/** Turns what the account functions of the database raise into what a person can act on; anything else is thrown on. */
export function explainAccountError(error: unknown, details: { username?: string } = {}): never {
  const { code, constraint } = (error ?? {}) as DatabaseError;
  if (code === '23505' && constraint === 'users_username') {
    throw new AppError('conflict', `Someone here is already “${details.username}”. Try another name.`, {
      field: 'username',
    });
  }
  if (code === '23505' && constraint === 'users_email') {
    throw new AppError('conflict', 'That e-mail cannot be used here. Sign in, or take another.', { field: 'email' });
  }
  if (code === 'TT001') {
    throw new AppError(
      'forbidden',
      'The first account of this library needs the set-up token that the server printed when it started.',
      { field: 'setup_token' },
    );
  }
  if (code === 'TT002') {
    throw new AppError('forbidden', 'Sign-up here needs an invitation that is still good. Ask an administrator.', {
      field: 'invitation',
    });
  }
  if (code === 'TT003') {
    throw new AppError('conflict', 'The library would be left without an administrator. Make somebody else one first.');
  }
  throw error;
}

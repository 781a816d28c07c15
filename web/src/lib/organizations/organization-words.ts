import type { Organization, OrganizationRole } from '#lib/api-schema.ts';
import { formatCount } from '#lib/format.ts';
import { addressOf } from '#lib/pictures/picture-address.ts';

const ROLES = { admin: 'Administrator', member: 'Member' } as const;
export const roleWords = (role: OrganizationRole): string => ROLES[role];
/** As lists of choices have them, the lesser first. */
export const roles = (['member', 'admin'] as const).map((role) => [role, ROLES[role]] as const);

/** Who finds an organization: the choice, and what it means. */
export const visibilities = [
  [
    'members',
    'Members only',
    'Others see nothing of it, not even that it exists. You invite people by their username.',
  ],
  [
    'everyone',
    'Everyone here',
    'Everyone with an account sees its name, logo and description. Who belongs to it, only members see.',
  ],
] as const satisfies readonly (readonly [Organization['visibility'], string, string])[];

export const visibilityWords = (visibility: Organization['visibility']): string =>
  visibility === 'members' ? 'Members only' : 'Everyone here';

/** `12 members`. */
export const sizeWords = (count: number): string => formatCount(count, 'member');

/** Two letters or digits at the most, of the first word and the last: those the server draws where there is no logo. */
export function plateLetters(name: string): string {
  const words = name
    .normalize('NFC')
    .split(/\s+/)
    .flatMap((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? []);
  return [words[0], words.length > 1 ? words.at(-1) : ''].join('').toUpperCase();
}

/** The hue of an organization's plate, in degrees: always the same for one, so that it is known again. */
export function plateHue(id: string): number {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + sign.charCodeAt(0)) % 65_521;
  return (sum % 12) * 30;
}

/** The sizes of a logo that the server keeps, for `srcset`. */
export const logoSources = (url: string): string =>
  [64, 128, 256, 512].map((side) => `${addressOf(url, side)} ${side}w`).join(', ');

/** What goes with an organization, and what does not. */
export function deletionWords({ member_count }: Pick<Organization, 'member_count'>, invited = 0): string {
  const people =
    member_count === 1
      ? 'Its only member keeps what is theirs'
      : `Its ${sizeWords(member_count)} keep their photos and albums`;
  const open = invited > 0 ? ` ${formatCount(invited, 'open invitation')} ${invited === 1 ? 'ends' : 'end'}.` : '';
  return `Its name, logo and description go for good.${open} ${people}.`;
}

/** `2 invitations wait for your answer`. */
export const invitedWords = (count: number): string =>
  `${formatCount(count, 'invitation')} ${count === 1 ? 'waits' : 'wait'} for your answer`;

/** Which one the header shows: the one opened last, else the first of the list, which is by name. */
export const shownOf = <One extends { id: string }>(own: readonly One[], opened: string | null): One | undefined =>
  own.find(({ id }) => id === opened) ?? own[0];

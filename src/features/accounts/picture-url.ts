/**
 * Where a person's picture is shown to everybody.
 * @param version what the content hash begins with: another picture has another address
 * @returns null where there is none
 */
export const pictureUrl = (userId: string, kind: 'profile' | 'cover', version: string | null): string | null =>
  version && `/images/users/${userId}/${kind}?v=${version}`;

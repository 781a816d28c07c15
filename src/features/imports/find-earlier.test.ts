import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { createTestApp } from '../../../test/app.ts';
import { findEarlier, findNameNow, findOwnEarlier, listOwnNames } from './find-earlier.ts';
import { insertImported } from './store.ts';
import type { ImportTables } from './tables.ts';

const app = await createTestApp();
const { database } = app.database;
const admin = await app.signUp();
const ines = await app.signUp();
const namesake = await app.signUp();
const as = (id: string) => ({ userId: id, principal: { kind: 'user', id } as const });
const write = (as_: string, row: Parameters<typeof insertImported>[1]) =>
  database.as({ kind: 'user', id: as_ }, (tx: Kysely<ImportTables>) => insertImported(tx, row));

test('a photo of an earlier system is found by its owner alone', async () => {
  const id = uuidv7();
  const photo = { system: 'style-ai', kind: 'photo', earlierId: 'generated_1.png' } as const;
  const row = { system: 'style-ai', kind: 'photo', earlier_id: 'generated_1.png', owner_id: ines.id } as const;
  await write(ines.id, { ...row, id });
  await write(ines.id, { ...row, id: uuidv7() });
  expect(await findOwnEarlier({ database }, as(ines.id), photo)).toBe(id);
  expect(await findOwnEarlier({ database }, as(admin.id), photo)).toBeUndefined();
  expect(
    await findOwnEarlier({ database }, { ...as(ines.id), principal: as(admin.id).principal }, photo),
  ).toBeUndefined();
  expect(await findOwnEarlier({ database }, as(ines.id), { ...photo, earlierId: 'a\0b' })).toBeUndefined();
});

test('people and organizations of an earlier system are found by anybody, and written down by administrators', async () => {
  const [person, organization] = [uuidv7(), uuidv7()];
  const base = { system: 'org-images', earlier_id: '7' } as const;
  await write(admin.id, { ...base, kind: 'person', id: person, owner_id: ines.id });
  await write(admin.id, { ...base, kind: 'organization', id: organization, owner_id: null });
  const find = (kind: 'person' | 'organization', earlierId = '7') =>
    findEarlier({ database }, { system: 'org-images', kind, earlierId });
  expect([await find('person'), await find('organization')]).toEqual([person, organization]);
  expect([await find('person', '8'), await find('person', '')]).toEqual([undefined, undefined]);
  for (const kind of ['person', 'organization'] as const) {
    const row = { ...base, earlier_id: '9', kind, id: uuidv7(), owner_id: ines.id };
    await expect(write(ines.id, row), kind).rejects.toMatchObject({ code: '42501' });
  }
  const foreign = { ...base, kind: 'photo', id: uuidv7(), owner_id: ines.id } as const;
  await expect(write(admin.id, foreign)).rejects.toMatchObject({ code: '42501' });
});

test('somebody is found by the name they had, and told their names themselves alone', async () => {
  const row = { system: 'pinit', kind: 'person', id: ines.id, owner_id: ines.id } as const;
  for (const earlier_id of ['41', 'name:_ines']) await write(admin.id, { ...row, earlier_id });
  const find = (name: string, system = 'pinit') => findNameNow({ database }, { system, name });
  expect(await find('_ines')).toBe(ines.username);
  expect([await find('_Ines'), await find('41'), await find(''), await find('_ines', 'style-ai')]).toEqual(
    Array(4).fill(undefined),
  );
  const list = (who: ReturnType<typeof as>, system = 'pinit') => listOwnNames({ database }, who, system);
  expect(await list(as(ines.id))).toEqual(['_ines']);
  expect(await list(as(ines.id), 'style-ai')).toEqual([]);
  expect(await list(as(admin.id))).toEqual([]);
  expect(await list({ ...as(ines.id), principal: as(namesake.id).principal })).toEqual([]);
});

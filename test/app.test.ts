import { expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from './app.ts';

const app = await createTestApp();

test('the first person is the administrator, the second is not, and each sees what they uploaded', async () => {
  const [first, second] = [await app.signUp(), await app.signUp()];
  const role = async (person: typeof first) => (await app.request(person, 'GET', '/api/v1/me')).json().role;
  expect([await role(first), await role(second)]).toEqual(['admin', 'user']);

  const bytes = await tinyPhoto(1);
  const photo = await app.upload(first, bytes, 'one.jpg');
  expect((await app.request(first, 'GET', `/api/v1/photos/${photo.id}`)).body.equals(bytes)).toBe(true);
  expect((await app.request(second, 'GET', `/api/v1/photos/${photo.id}`)).status).toBe(404);
});

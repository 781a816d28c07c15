import { expect, test } from 'vitest';
import { isDenied, isFromGateway, isKept, isPage } from './kept-answers.ts';

const at = (pathname: string) => ({ pathname });

test.each([
  '/api/v1/me',
  '/api/v1/timeline',
  '/api/v1/timeline/2024-06',
  '/api/v1/photos/0190/metadata',
  '/api/v1/albums',
  '/api/v1/albums/0190/layout',
  '/api/v1/generation/sessions',
  '/api/v1/generation/sessions/0190/steps',
  '/api/v1/generation/steps/0190/alternatives',
])('what shows the gallery and the studio is kept: %s', (path) => {
  expect(isKept(at(path))).toBe(true);
});

test.each([
  '/api/v1/events',
  '/api/v1/share/key',
  '/api/v1/share-links',
  '/api/v1/sessions',
  '/api/v1/api-keys',
  '/api/v1/users',
  '/api/v1/admin/jobs',
  '/api/v1/albums/0190/members',
  '/api/v1/trash',
  '/api/v1/photos/0190/original',
  '/api/v1/me/invitations',
  '/s/key',
  '/s/key/timeline',
  '/timeline',
])('nothing of links, keys, people or the administration is, nor what is not the API’s: %s', (path) => {
  expect(isKept(at(path))).toBe(false);
});

test('the app’s own pages are shown without the server, a guest’s and those of the API are not', () => {
  for (const path of ['/', '/photos', '/photos/0190', '/studio/0190', '/albums/a/b'])
    expect(isPage(at(path))).toBe(true);
  for (const path of ['/s/key', '/api/v1/docs', '/login', '/images/x', '/photosx'])
    expect(isPage(at(path))).toBe(false);
});

test('a gateway that finds nobody is told from a server that refuses', () => {
  const answer = (status: number, type: string) => new Response('', { status, headers: { 'content-type': type } });
  expect(isFromGateway(answer(502, 'text/html'))).toBe(true);
  expect(isFromGateway(answer(504, 'text/plain'))).toBe(true);
  expect(isFromGateway(new Response(null, { status: 503 }))).toBe(true);
  expect(isFromGateway(answer(502, 'application/json; charset=utf-8'))).toBe(false);
  // Cloudflare's own, and Traefik's while a container is replaced.
  expect(isFromGateway(answer(530, 'text/html; charset=UTF-8'))).toBe(true);
  expect(isFromGateway(answer(404, 'text/plain; charset=utf-8'))).toBe(true);
  expect(isFromGateway(answer(404, 'application/json'))).toBe(false);
  expect(isFromGateway(answer(401, 'text/html'))).toBe(false);
  expect(isFromGateway(answer(200, 'text/html'))).toBe(false);
});

test('only the server itself says that somebody may see something no more', () => {
  const answer = (status: number, type: string) => new Response('', { status, headers: { 'content-type': type } });
  for (const status of [403, 404, 410]) {
    expect(isDenied(answer(status, 'application/json; charset=utf-8'))).toBe(true);
    expect(isDenied(answer(status, 'text/html'))).toBe(false);
  }
  for (const status of [200, 401, 409, 500]) expect(isDenied(answer(status, 'application/json'))).toBe(false);
});

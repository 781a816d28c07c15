import { describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';

const token = 'a-token-for-the-scraper';
const app = await createTestApp({ environment: { TINTYPE_METRICS_TOKEN: token } });
const [admin, person] = [await app.signUp(), await app.signUp()];
const get = (as: Parameters<typeof app.request>[0], path: string) => app.request(as, 'GET', path);

test('health and readiness answer anybody, and say nothing of anybody', async () => {
  for (const path of ['/api/v1/health', '/api/v1/ready']) {
    const answer = await get(null, path);
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', version: '0.0.0-test' }]);
  }
});

describe('metrics', () => {
  test('are for administrators and for whoever shows the token', async () => {
    expect((await get(null, '/api/v1/metrics')).status).toBe(401);
    expect((await get(person, '/api/v1/metrics')).status).toBe(403);
    expect((await get(await app.createApiKey(admin, ['account:read']), '/api/v1/metrics')).status).toBe(403);
    expect((await get({ bearer: 'a-token-for-somebody-else' }, '/api/v1/metrics')).status).toBe(401);
    expect((await get(admin, '/api/v1/metrics')).status).toBe(200);
    expect((await get({ bearer: token }, '/api/v1/metrics')).status).toBe(200);
  });

  test('count requests by pattern, never by address, and requests for bytes apart', async () => {
    const photo = await app.upload(person, await tinyPhoto(1));
    await get(person, `/api/v1/photos/${photo.id}/metadata`);
    await get(person, `/api/v1/photos/${photo.id}/medium`);
    await expect
      .poll(async () => (await get(admin, '/api/v1/metrics')).text)
      .toContain('tintype_image_requests_total{status="200"} 1');
    const { text, headers } = await get(admin, '/api/v1/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('route="/api/v1/photos/:id/metadata"');
    expect(text).not.toContain(photo.id);
    expect(text).toContain('tintype_revocations_heard 1');
    expect(text).toMatch(/tintype_database_queries_total [1-9]/);
  });
});

describe('the documentation', () => {
  test('is an OpenAPI 3.1 document that names every error in the one envelope', async () => {
    const document = (await get(null, '/api/v1/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.components.schemas.Error.properties.error.required).toEqual(['code', 'message', 'details']);
    expect(Object.keys(document.paths)).toContain('/photos/{id}/{variant}');
  });

  test('is a page without scripts, and nothing on it comes from elsewhere', async () => {
    const page = await get(null, '/api/v1/docs');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/<script|https?:\/\//);
    expect(page.text).toContain('/photos/batch/trash');
  });
});

test('an address that is none answers in the envelope', async () => {
  for (const path of ['/api/v1/nothing', '/api/v2/photos', '/api', '/nothing.js']) {
    const answer = await get(null, path);
    expect([path, answer.status, answer.json().error?.code]).toEqual([path, 404, 'not_found']);
  }
});

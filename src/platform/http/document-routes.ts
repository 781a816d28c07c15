import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from './api.ts';

/** The OpenAPI document of a router, and a page that shows it without loading anything from elsewhere. */
export function documentRoutes(router: OpenAPIHono<ApiEnv>, { version }: { version: string }): void {
  router.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'The access_token of a sign-in, or an API key',
  });
  router.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'tintype_session',
  });
  let document: object | undefined;
  const read = () => {
    document ??= router.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Tintype',
        version,
        license: { name: 'AGPL-3.0-only' },
        description: 'A self-hosted image library. Errors are always `{error:{code,message,details}}`.',
      },
      servers: [{ url: '/api/v1' }],
      security: [{ bearer: [] }, { session: [] }],
    });
    return document;
  };
  router.get('/openapi.json', (c) => {
    c.header('cache-control', 'no-cache');
    return c.json(read());
  });
  router.get('/docs', async (c) => {
    const { renderDocs } = await import('./docs-page.ts');
    const { html, policy } = renderDocs(read());
    c.header('content-security-policy', policy);
    c.header('cache-control', 'no-cache');
    return c.html(html);
  });
}

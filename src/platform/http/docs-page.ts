import { createHash } from 'node:crypto';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: unknown }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

interface Document {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> };
}

const escapeHtml = (text: unknown): string =>
  String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
const schema = (value: unknown): string => `<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
const anchor = (method: string, path: string): string => `${method}${path}`.replace(/[^a-z0-9]+/gi, '-');

const style = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:0 auto;max-width:860px;padding:24px 16px 80px}
h1{font-size:32px;letter-spacing:-.02em}h2{margin-top:48px;font-size:24px}
details{border-top:1px solid color-mix(in srgb,currentColor 16%,transparent);padding:10px 0}
summary{cursor:pointer;display:flex;gap:12px;align-items:baseline;flex-wrap:wrap}
summary code{font-weight:600}.m{display:inline-block;min-width:56px;font:600 13px/1.4 ui-monospace,monospace}
.s{opacity:.75}pre{overflow:auto;font-size:13px;padding:12px;border-radius:8px;background:color-mix(in srgb,currentColor 7%,transparent)}
table{border-collapse:collapse}td{padding:4px 16px 4px 0;vertical-align:top}
:focus-visible{outline:2px solid #4a67d6;outline-offset:2px}`;

/** The OpenAPI document as one page: no script, nothing from elsewhere. */
export function renderDocs(document: object): { html: string; policy: string } {
  const { info, paths, components } = document as Document;
  const byTag = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'Other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), renderOperation(method, path, operation)]);
    }
  }
  const schemas = Object.entries(components?.schemas ?? {})
    .map(
      ([name, value]) =>
        `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary>${schema(value)}</details>`,
    )
    .join('');
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(info.title)} API ${escapeHtml(info.version)}</title><style>${style}</style></head><body><main>
<h1>${escapeHtml(info.title)} API</h1><p>${escapeHtml(info.description ?? '')} The document itself: <a href="openapi.json">openapi.json</a>.</p>
${[...byTag].map(([tag, operations]) => `<section><h2>${escapeHtml(tag)}</h2>${operations.join('')}</section>`).join('')}
<section><h2>Schemas</h2>${schemas}</section></main></body></html>`;
  const hash = createHash('sha256').update(style).digest('base64');
  return {
    html,
    policy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}

function renderOperation(method: string, path: string, operation: Operation): string {
  const parameters = (operation.parameters ?? [])
    .map(
      (parameter) =>
        `<tr><td><code>${escapeHtml(parameter.name)}</code></td><td>${escapeHtml(parameter.in)}${parameter.required ? ', needed' : ''}</td><td>${escapeHtml(parameter.description ?? '')}</td></tr>`,
    )
    .join('');
  const bodies = Object.entries(operation.requestBody?.content ?? {})
    .map(([type, body]) => `<p>Body, <code>${escapeHtml(type)}</code></p>${schema(body.schema)}`)
    .join('');
  const responses = Object.entries(operation.responses)
    .map(([status, response]) => {
      const [body] = Object.values(response.content ?? {});
      return `<tr><td><b>${escapeHtml(status)}</b></td><td>${escapeHtml(response.description)}</td><td>${body ? `<code>${escapeHtml(JSON.stringify(body.schema))}</code>` : ''}</td></tr>`;
    })
    .join('');
  return `<details id="${anchor(method, path)}"><summary><span class="m">${method.toUpperCase()}</span><code>${escapeHtml(path)}</code><span class="s">${escapeHtml(operation.summary ?? '')}</span></summary>
${operation.description ? `<p>${escapeHtml(operation.description)}</p>` : ''}${parameters ? `<table>${parameters}</table>` : ''}${bodies}<table>${responses}</table></details>`;
}

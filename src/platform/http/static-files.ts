import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly immutable: boolean;
  readonly bytes: Buffer;
  readonly encoded: Partial<Record<'br' | 'gzip', Buffer>>;
}

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

export interface StaticFiles {
  /** The file at this path, else the page that starts the app; null when the app has not been built. */
  respond(path: string, request: Request): Promise<Response | null>;
  /**
   * A page made for one visitor: each `<!--name-->` of the file is replaced by the HTML given for that name, in which everything
   * people wrote must be escaped already. Never stored by anybody, never found by search engines, and it tells nobody its address.
   * Null when the app has not been built.
   */
  fill(path: string, html: Readonly<Record<string, string>>): Promise<Response | null>;
}

/**
 * The built web app, as it lies there at the start: a few hundred kilobytes, read whole, so that a build under a running
 * server mixes nothing, and no path can name anything else. Each file is compressed when it is first asked for.
 * @param imageOrigins where else the app's pages may load pictures from
 */
export async function createStaticFiles(root: string, imageOrigins: readonly string[] = []): Promise<StaticFiles> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const paths = new Map<string, Buffer>(
    await Promise.all(
      files.map(async (file) => [`/${relative(root, file).split(sep).join('/')}`, await readFile(file)] as const),
    ),
  );
  const assets = new Map<string, Promise<Asset>>();

  const load = async (path: string, bytes: Buffer): Promise<Asset> => {
    const extension = path.split('.').at(-1) ?? '';
    const type = types[extension] ?? 'application/octet-stream';
    const compressible = /^text|json|svg/.test(type) && bytes.length > 512;
    return {
      type,
      bytes,
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      immutable: path.includes('/immutable/'),
      encoded: compressible
        ? {
            br: await brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
            gzip: await deflate(bytes, { level: 9 }),
          }
        : {},
    };
  };

  const assetAt = (path: string): Promise<Asset> | null => {
    const bytes = paths.get(path);
    if (!bytes) return null;
    const known = assets.get(path) ?? load(path, bytes);
    assets.set(path, known);
    return known;
  };

  return {
    async respond(path, request) {
      const isPage = !paths.has(path) || path === '/index.html';
      // What looks like a file and is none is absent; a page that starts the app in its place would only confuse.
      if (isPage && /\.[a-z0-9]{2,5}$/i.test(path) && path !== '/index.html') return null;
      const asset = await assetAt(isPage ? '/index.html' : path);
      if (!asset) return null;
      const encoding = chooseEncoding(request.headers.get('accept-encoding') ?? '', asset);
      const headers: Record<string, string> = {
        'content-type': asset.type,
        etag: asset.etag,
        vary: 'Accept-Encoding',
        'cache-control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        'x-content-type-options': 'nosniff',
        ...(encoding ? { 'content-encoding': encoding } : {}),
        ...(asset.type === types.html
          ? {
              'content-security-policy': contentSecurityPolicy(asset.bytes.toString(), imageOrigins),
              'referrer-policy': 'same-origin',
            }
          : {}),
      };
      if (request.headers.get('if-none-match') === asset.etag) return new Response(null, { status: 304, headers });
      const body = encoding ? asset.encoded[encoding] : asset.bytes;
      return new Response(request.method === 'HEAD' ? null : new Uint8Array(body as Buffer), { headers });
    },
    async fill(path, html) {
      const page = paths.get(path)?.toString();
      if (page === undefined) return null;
      return new Response(
        page.replace(/<!--(\w+)-->/g, (_, name: string) => html[name] ?? ''),
        {
          headers: {
            'content-type': types.html as string,
            // Of the file as it was built: a script in what was filled in does not run.
            'content-security-policy': contentSecurityPolicy(page),
            'cache-control': 'no-store',
            'referrer-policy': 'no-referrer',
            'x-robots-tag': 'noindex, nofollow',
            'x-content-type-options': 'nosniff',
          },
        },
      );
    },
  };
}

/** Only our own scripts run: the inline ones of the page are named by their hashes. */
function contentSecurityPolicy(html: string, imageOrigins: readonly string[] = []): string {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script]) =>
      `'sha256-${createHash('sha256')
        .update(script ?? '')
        .digest('base64')}'`,
  );
  return [
    "default-src 'self'",
    `script-src 'self' ${inline.join(' ')}`.trim(),
    "style-src 'self'",
    ["img-src 'self' blob: data:", ...imageOrigins].join(' '),
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function chooseEncoding(accepted: string, asset: Asset): 'br' | 'gzip' | null {
  if (asset.encoded.br && /\bbr\b/.test(accepted)) return 'br';
  if (asset.encoded.gzip && /\bgzip\b/.test(accepted)) return 'gzip';
  return null;
}

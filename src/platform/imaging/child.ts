/** The process that decodes and paints: one request at a time comes over IPC, one answer goes back. See decoder.ts for the other end. */
import { setPriority } from 'node:os';
import sharp from 'sharp';
import { AppError } from '#platform/http/app-error.ts';
import type { Answer, Interim, Request } from './decoder.ts';
import { deriveImages } from './derive-images.ts';
import { derivePicture } from './derive-picture.ts';
import { inspectImage } from './inspect-image.ts';
import type { PaintRequest } from './paint/paint-request.ts';

// One thread a picture: more pictures at once come from more processes, and memory stays what the budget says.
sharp.concurrency(1);
sharp.cache(false);
// An allow-list of loaders: libvips also reads SVG, TIFF, PDF, CSV and its own formats, whatever a file is named.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((loader) => `VipsForeignLoad${loader}`),
});
// Decoding gives way to serving when both want the processor.
setPriority(5);

process.on('message', async (request: Request) => {
  send(await answer(request));
});
// A terminal and an init system signal the whole group, but a server that drains still needs its pictures: only it ends this.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// The server has gone, however it went.
process.on('disconnect', () => process.exit());
send({ ok: true, value: 'ready', rss: process.memoryUsage.rss() });

async function answer(request: Request): Promise<Answer> {
  try {
    return { ok: true, value: await work(request), rss: process.memoryUsage.rss() };
  } catch (error) {
    const { code, message, details } =
      error instanceof AppError ? error : new AppError('server_error', 'The picture could not be processed.');
    const reason = String(error instanceof AppError ? (error.cause ?? message) : error).slice(0, 500);
    return { ok: false, code, message, details, reason, rss: process.memoryUsage.rss() };
  }
}

function work(request: Request): Promise<unknown> {
  if (request.step === 'paint') return paint(request.request);
  const { path, maxPixels } = request;
  if (request.step === 'inspect') return inspectImage(path, maxPixels);
  if (request.step === 'style') return style(request);
  if (request.step === 'derive') return deriveImages(path, request.outDir, request.facts, maxPixels);
  return derivePicture(path, request.outDir, request.facts, request.shape, maxPixels);
}

/** The styles are loaded when the first is asked for: most of these processes never are. */
async function style({ path, facts, outDir, request, maxPixels }: Request & { step: 'style' }): Promise<unknown> {
  const { previewStyle, styleImage } = await import('./styles/style-image.ts');
  return outDir === null
    ? previewStyle(path, facts, request, maxPixels)
    : styleImage(path, outDir, facts, request, maxPixels);
}

async function paint(request: PaintRequest): Promise<unknown> {
  // Uploads wait for decoders; nobody waits for a painting in the same way. A process that painted once decodes no more.
  setPriority(15);
  // Loaded by those who paint alone: a decoder needs none of it.
  const { paintPicture } = await import('./paint/paint-picture.ts');
  return paintPicture(request, (progress) => send({ progress }));
}

function send(answer: Answer | Interim) {
  process.send?.(answer);
}

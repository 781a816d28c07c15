/**
 * The peer of the ingest rows: one decode to the preview's size, then every output from that buffer, structured as Immich's
 * thumbnail generation is (server/src/services/media.service.ts), with sharp's own handling of profiles. It runs as a child
 * process, as ours does, and takes one request at a time.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';

export interface PeerRequest {
  path: string;
  outDir: string;
  /** `default`: sharp's defaults at the same qualities. `ours`: the encoder settings of the product. */
  encoders: 'default' | 'ours';
}

sharp.concurrency(1);
sharp.cache(false);

process.on('message', async (request: PeerRequest) => {
  try {
    process.send?.({ error: null, ...(await ingest(request)) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function ingest({ path, outDir, encoders }: PeerRequest) {
  const { data, info } = await sharp(path, { failOn: 'error' })
    .autoOrient()
    .resize({ width: 2048, height: 2048, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const decoded = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  const within = (side: number) =>
    decoded().resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
  const jpeg = encoders === 'ours' ? { quality: 80, optimiseCoding: false } : { quality: 80 };
  const webp = encoders === 'ours' ? { effort: 2 } : {};

  const [preview, medium, small, tiny] = await Promise.all([
    decoded().jpeg(jpeg).toFile(join(outDir, 'preview.jpg')),
    within(512)
      .webp({ quality: 80, ...webp })
      .toFile(join(outDir, 'medium.webp')),
    within(300)
      .webp({ quality: 85, ...webp })
      .toFile(join(outDir, 'small.webp')),
    within(100).ensureAlpha().raw().toBuffer({ resolveWithObject: true }),
  ]);
  const placeholder = rgbaToThumbHash(tiny.info.width, tiny.info.height, tiny.data);
  return { bytes: [preview.size, medium.size, small.size], placeholder };
}

import decodeQR from 'qr/decode.js';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { drawQr, qrFile } from './qr.ts';

const address = 'https://pictures.example.org/s/Rk4vT9wq2Lm8Rk4vT9wq2Lm8Rk4vT9wq2Lm8Rk4vT9w';

test('the saved file, drawn and read by a camera, is the address', async () => {
  const { data, info } = await sharp(Buffer.from(qrFile(address)))
    .resize({ width: 500, kernel: 'nearest' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(decodeQR({ width: info.width, height: info.height, data })).toBe(address);
});

test('it keeps the quiet it was asked for', () => {
  expect(drawQr(address, 4).size - drawQr(address, 1).size).toBe(6);
  expect(drawQr(address, 4).path).toMatch(/^M4 4h7v1h-7z/);
});

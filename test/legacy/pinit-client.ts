import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { TestApp } from '../app.ts';
import { createSender } from './old-client.ts';

/** One part of a form: a text, or a file. */
export type Part = readonly [
  name: string,
  value: string | { readonly filename: string; readonly type: string; readonly bytes: Uint8Array },
];

/** A form as URLSession sends one that an app has put together by hand. */
export function form(parts: readonly Part[]): { headers: Record<string, string>; body: Buffer } {
  const boundary = `Boundary-${randomUUID().toUpperCase()}`;
  const chunks = parts.map(([name, value]) => {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
    if (typeof value === 'string') return Buffer.from(`${disposition}\r\n\r\n${value}\r\n`);
    const head = `${disposition}; filename="${value.filename}"\r\nContent-Type: ${value.type}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), value.bytes, Buffer.from('\r\n')]);
  });
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

export const jpeg = (bytes: Uint8Array, filename = `image_${Date.now() / 1000}.jpg`): Part => [
  'image',
  { filename, type: 'image/jpeg', bytes },
];

export interface UserImage {
  id: string;
  url: string;
  image_type: 'profile' | 'gallery' | 'cover';
  is_primary: boolean;
  caption: string;
  uploaded_at: string;
  width: number;
  height: number;
  size_bytes: number;
  mime_type: string;
}

/** Decodes one image as strictly as the app does, for which one that it cannot read makes the whole list unreadable. */
export function decodeImage(image: UserImage): UserImage {
  expect(image).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    url: expect.stringMatching(/^https?:\/\//),
    image_type: expect.stringMatching(/^(profile|gallery|cover)$/),
    is_primary: expect.any(Boolean),
    caption: expect.any(String),
    // Its formatter knows no fractions of a second.
    uploaded_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/),
    width: expect.any(Number),
    height: expect.any(Number),
    size_bytes: expect.any(Number),
    mime_type: expect.stringMatching(/^image\//),
  });
  return image;
}

/** The app on one telephone: what it sends, in its order, with its headers. */
export function createPhone(app: TestApp, ip: string) {
  const headers = {
    'user-agent': 'Fibbling/1 CFNetwork/1568.200.51 Darwin/24.1.0',
    accept: '*/*',
    'accept-language': 'en-GB,en;q=0.9',
    'x-forwarded-for': ip,
  };
  const send = createSender(app, headers);

  return {
    send,
    register: (username: string, password: string) =>
      send(null, 'POST', '/api/register/', { json: { username, password } }),
    login: (username: string, password: string) => send(null, 'POST', '/api/login/', { json: { username, password } }),
    upload(
      token: string | null,
      username: string,
      bytes: Uint8Array,
      { type = 'gallery', isPrimary = false, caption = '' } = {},
    ) {
      const parts: Part[] = [
        ['username', username],
        ['image_type', type],
        ['is_primary', isPrimary ? 'true' : 'false'],
        ['caption', caption],
        jpeg(bytes, `${type === 'profile' ? 'profile' : 'image'}_${Date.now() / 1000}.jpg`),
      ];
      return send(token, 'POST', '/api/upload_user_image/', form(parts));
    },
    async list(token: string | null, username: string): Promise<UserImage[]> {
      const answer = await send(token, 'GET', `/api/user_images/${username}/?t=${Date.now() / 1000}`);
      expect(answer.status, answer.text).toBe(200);
      const { success, images, count } = answer.json();
      expect([success, count]).toEqual([true, images.length]);
      return images.map(decodeImage);
    },
    /** As its image view asks: without a token, with the image's id appended whatever the address has already. */
    look: (image: Pick<UserImage, 'id' | 'url'>, method: 'GET' | 'HEAD' = 'GET') =>
      send(null, method, pathOf(`${image.url}?id=${image.id}`)),
  };
}

export const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/]+/, '');

import { expect } from 'vitest';
import type { TestApp } from '../app.ts';
import { createSender } from './old-client.ts';

export interface LibraryImage {
  filename: string;
  url: string;
  timestamp: string;
  size: number;
  prompt: string;
}

/** Small and quickly painted: what the page never asks for, and scripts may. */
export const small = { width: 256, height: 256, steps: 2 };

/** The page in one browser: what it sends, with its headers. It is served from elsewhere. */
export function createPage(app: TestApp, ip: string) {
  const headers = {
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36',
    accept: '*/*',
    origin: 'http://localhost:5500',
    referer: 'http://localhost:5500/',
    'sec-fetch-mode': 'cors',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-dest': 'empty',
    'x-forwarded-for': ip,
  };
  const send = createSender(app, headers);

  return {
    send,
    async register(username: string, password: string): Promise<{ token: string; id: string }> {
      const email = `${username}@people.example`;
      const answer = await send(null, 'POST', '/api/auth/register', { json: { username, email, password } });
      expect(answer.status, answer.text).toBe(200);
      return { token: answer.json().token, id: answer.json().user.id };
    },
    login: (email: string, password: string) => send(null, 'POST', '/api/auth/login', { json: { email, password } }),
    async generate(token: string, prompt: string) {
      const answer = await send(token, 'POST', '/api/ai/generate-image', { json: { prompt, ...small } });
      expect(answer.status, answer.text).toBe(200);
      return answer.json();
    },
    async library(token: string): Promise<LibraryImage[]> {
      const answer = await send(token, 'GET', '/api/ai/my-images', {
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status, answer.text).toBe(200);
      const { success, images } = answer.json();
      expect(success).toBe(true);
      for (const image of images) {
        expect(image).toEqual({
          filename: expect.any(String),
          url: expect.stringMatching(/^\/uploads\/images\/user-/),
          timestamp: new Date(image.timestamp).toISOString(),
          size: expect.any(Number),
          prompt: expect.any(String),
        });
      }
      return images;
    },
    /** As an `<img>` does it: no header that a script could have set. */
    look: (url: string, method: 'GET' | 'HEAD' = 'GET') =>
      app.request(null, method, url, {
        headers: { accept: 'image/avif,image/webp,*/*;q=0.8', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      }),
    remove: (token: string | null, filename: string) =>
      send(token, 'DELETE', `/api/ai/images/${encodeURIComponent(filename)}`),
  };
}

/** Models are asked for on a clock; a test does not wait for it. */
export async function findModels(app: TestApp, bearer: string): Promise<void> {
  const answer = await app.request({ bearer }, 'POST', '/api/v1/models/refresh');
  expect(answer.json().models_count).toBeGreaterThan(0);
}

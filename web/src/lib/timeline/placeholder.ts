import { thumbHashToAverageRGBA, thumbHashToDataURL } from 'thumbhash';

/** Decoding one takes about 0.2 ms and 4 KB; more than these are not on any screen. */
const MOST = 600;
const pictures = new Map<string, string>();

function bytesOf(hash: string): Uint8Array {
  return Uint8Array.from(atob(hash), (sign) => sign.charCodeAt(0));
}

/** A photo's blurred picture as a data URL. @param hash thumbhash in base64. */
export function placeholderUrl(hash: string): string {
  let url = pictures.get(hash);
  if (url === undefined) {
    url = thumbHashToDataURL(bytesOf(hash));
    if (pictures.size >= MOST) pictures.delete(pictures.keys().next().value as string);
    pictures.set(hash, url);
  }
  return url;
}

/** Its average colour, for a timeline that flies by too fast to decode pictures. */
export function placeholderColour(hash: string): string {
  const { r, g, b } = thumbHashToAverageRGBA(bytesOf(hash));
  return `rgb(${Math.round(r * 255)} ${Math.round(g * 255)} ${Math.round(b * 255)})`;
}

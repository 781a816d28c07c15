import { API_BASE } from '#lib/api.ts';
import type { Style } from '#lib/api-schema.ts';

/** A style, and how strong it is in whole per cent. */
export interface StyleChoice {
  readonly style: string;
  readonly percent: number;
}

/** Strength at which a style looks best, in per cent. */
export const usualPercent = (style: Style): number => Math.round(style.default_strength * 100);

/**
 * Address of a photo's preview. A style at its usual strength has one address, whoever asks: its look and the large picture are then
 * drawn and fetched once.
 */
export function previewAddress(photoId: string, style: Style, percent: number = usualPercent(style)): string {
  const path = `${API_BASE}/photos/${encodeURIComponent(photoId)}/styles/${style.id}/preview`;
  return percent === usualPercent(style) ? path : `${path}?strength=${percent / 100}`;
}

/** The choice an address holds; what is missing or makes no sense is as if it were not there. */
export function readChoice(query: Pick<URLSearchParams, 'get'>, styles: readonly Style[]): StyleChoice | undefined {
  const style = styles.find(({ id }) => id === query.get('style')) ?? styles[0];
  if (!style) return undefined;
  const text = query.get('strength') ?? '';
  const percent = /^\d{1,3}$/.test(text) ? Math.min(100, Number(text)) : usualPercent(style);
  return { style: style.id, percent };
}

/** The part of the address that brings a choice back after a reload. */
export const writeChoice = ({ style, percent }: StyleChoice): string =>
  `?${new URLSearchParams({ style, strength: String(percent) })}`;

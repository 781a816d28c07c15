import type { PhotoMetadata } from '#lib/api-schema.ts';
import { takenDay, wallClock } from '#lib/timeline/taken.ts';

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'UTC' });

type Exposure = NonNullable<PhotoMetadata['exposure']>;
type Location = NonNullable<PhotoMetadata['location']>;

/** Name and value of what is known of the exposure, as photographers write it: ƒ/4, 1/15 s, 400, 23 mm. */
export function formatExposure({ aperture, time, iso, focal_length }: Exposure): [string, string][] {
  const facts: [string, string][] = [];
  if (aperture) facts.push(['Aperture', `ƒ/${Number(aperture.toFixed(1))}`]);
  if (time) facts.push(['Shutter', time >= 0.3 ? `${Number(time.toFixed(1))} s` : `1/${Math.round(1 / time)} s`]);
  if (iso) facts.push(['ISO', String(iso)]);
  if (focal_length) facts.push(['Focal length', `${Number(focal_length.toFixed(1))} mm`]);
  return facts;
}

/** `54.5770° N, 3.1460° W`: four decimals are about ten metres. */
export function formatPlace({ latitude, longitude }: Location): string {
  const part = (value: number, signs: string) => `${Math.abs(value).toFixed(4)}° ${signs[value < 0 ? 1 : 0]}`;
  return `${part(latitude, 'NS')}, ${part(longitude, 'EW')}`;
}

/** The place on OpenStreetMap; opened only when somebody asks for it, so that nobody's map provider learns of the photo. */
export function mapAddress({ latitude, longitude }: Location): string {
  const at = `${latitude.toFixed(5)}/${longitude.toFixed(5)}`;
  return `https://www.openstreetmap.org/?mlat=${latitude.toFixed(5)}&mlon=${longitude.toFixed(5)}#map=15/${at}`;
}

/** `Friday 14 June 2024`, by the camera's clock. */
export function takenLongDay(takenAt: string): string {
  return `${weekday.format(wallClock(takenAt))} ${takenDay(takenAt)}`;
}

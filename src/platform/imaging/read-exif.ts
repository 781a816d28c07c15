import ExifReader, { type ExpandedTags } from 'exifreader';
import type { CameraMetadata } from './ingested-image.ts';

type ExifMetadata = Omit<CameraMetadata, 'place' | 'making'>;
type ExifTags = NonNullable<ExpandedTags['exif']>;

const MAX_TEXT = 200;
const NOTHING: ExifMetadata = { takenAt: null, camera: null, exposure: null, location: null };

/**
 * What is worth knowing of an EXIF block (the TIFF structure, with or without its `Exif\0\0` prefix).
 * Never throws: whatever is damaged, impossible or absent is null (CIPA DC-008, Exif 3.0).
 */
export function readExif(block: Buffer | undefined): ExifMetadata {
  if (!block) return NOTHING;
  const prefixed = block.toString('latin1', 0, 6) === 'Exif\0\0';
  try {
    // includeTags keeps maker notes, thumbnails and embedded packets from being parsed at all.
    const { exif = {}, gps } = ExifReader.load(prefixed ? block.subarray(6) : block, {
      expanded: true,
      includeTags: { exif: WANTED, gps: true },
    });
    return {
      takenAt: takenAtOf(exif),
      camera: someOf({ make: cameraOf(exif.Make), model: cameraOf(exif.Model), lens: textOf(exif.LensModel) }),
      exposure: someOf({
        time: positiveOf(exif.ExposureTime),
        aperture: positiveOf(exif.FNumber),
        iso: positiveOf(exif.ISOSpeedRatings),
        focalLength: positiveOf(exif.FocalLength),
      }),
      location: locationOf(gps),
    };
  } catch {
    return NOTHING;
  }
}

const WANTED = [
  'Make',
  'Model',
  'LensModel',
  'DateTimeOriginal',
  'DateTimeDigitized',
  'OffsetTime',
  'OffsetTimeOriginal',
  'OffsetTimeDigitized',
  'ExposureTime',
  'FNumber',
  'ISOSpeedRatings',
  'FocalLength',
  'GPSLatitude',
  'GPSLatitudeRef',
  'GPSLongitude',
  'GPSLongitudeRef',
  'GPSAltitude',
  'GPSAltitudeRef',
];

function someOf<T extends Record<string, unknown>>(fields: T): T | null {
  return Object.values(fields).some((value) => value !== null) ? fields : null;
}

/** Text of a tag: what a camera padded with NULs or blanks, or a stranger filled with control characters, made plain. */
function textOf(tag: { value?: unknown } | undefined): string | null {
  const value = Array.isArray(tag?.value) ? tag.value[0] : tag?.value;
  if (typeof value !== 'string') return null;
  const plain = value.replace(/\p{Cc}+/gu, ' ').trim();
  return [...plain].slice(0, MAX_TEXT).join('') || null;
}

/** ComfyUI has its graphs in the place of a camera's name. */
const cameraOf = (tag: { value?: unknown } | undefined): string | null => {
  const text = textOf(tag);
  return text && /^(prompt|workflow):\s*\{/.test(text) ? null : text;
};

/** A number or a ratio of two; null unless finite and above 0. */
function positiveOf(tag: { value?: unknown } | undefined): number | null {
  let value: unknown = tag?.value;
  if (Array.isArray(value)) {
    const [first, second] = value;
    value = typeof first === 'number' && typeof second === 'number' ? first / second : first;
  }
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function takenAtOf(exif: ExifTags): CameraMetadata['takenAt'] {
  const original = localTimeOf(textOf(exif.DateTimeOriginal));
  if (original) {
    return {
      local: original,
      offsetMinutes: offsetOf(textOf(exif.OffsetTimeOriginal)) ?? offsetOf(textOf(exif.OffsetTime)),
    };
  }
  // A scanned or converted picture often has only the time it was digitized.
  const digitized = localTimeOf(textOf(exif.DateTimeDigitized));
  return digitized ? { local: digitized, offsetMinutes: offsetOf(textOf(exif.OffsetTimeDigitized)) } : null;
}

/** `2024:06:14 09:30:00` as `2024-06-14T09:30:00`; null when no calendar or clock has it, or before there was photography. */
function localTimeOf(text: string | null): string | null {
  const parts = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(text ?? '');
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const local = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}`;
  const exists = date.toISOString().startsWith(local);
  return exists && year >= 1826 && year < 2200 ? local : null;
}

function offsetOf(text: string | null): number | null {
  if (text === 'Z') return 0;
  const parts = /^([+-])(\d\d):(\d\d)$/.exec(text ?? '');
  if (!parts) return null;
  const minutes = Number(parts[2]) * 60 + Number(parts[3]);
  if (minutes > 14 * 60 || Number(parts[3]) > 59) return null;
  return parts[1] === '-' && minutes > 0 ? -minutes : minutes;
}

function locationOf(gps: ExpandedTags['gps']): CameraMetadata['location'] {
  const { Latitude: latitude, Longitude: longitude, Altitude: altitude } = gps ?? {};
  if (!isWithin(latitude, 90) || !isWithin(longitude, 180)) return null;
  // Exactly 0, 0 is what cameras write that have no fix.
  if (latitude === 0 && longitude === 0) return null;
  return {
    latitude: rounded(latitude, 7),
    longitude: rounded(longitude, 7),
    altitude: isWithin(altitude, 100_000) ? rounded(altitude, 2) : null,
  };
}

/** Degrees come from three ratios: the seventh decimal is a centimetre, the rest is the arithmetic's. */
const rounded = (value: number, decimals: number) => Number(value.toFixed(decimals));

function isWithin(value: number | undefined, limit: number): value is number {
  return value !== undefined && Number.isFinite(value) && Math.abs(value) <= limit;
}

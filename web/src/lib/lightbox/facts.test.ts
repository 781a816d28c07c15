import { expect, test } from 'vitest';
import { formatExposure, formatPlace, mapAddress, takenLongDay } from './facts.ts';

test('exposure as photographers write it; what is unknown is left out', () => {
  expect(formatExposure({ aperture: 4, time: 1 / 15, iso: 400, focal_length: 23 })).toEqual([
    ['Aperture', 'ƒ/4'],
    ['Shutter', '1/15 s'],
    ['ISO', '400'],
    ['Focal length', '23 mm'],
  ]);
  expect(formatExposure({ aperture: 1.78, time: 2.5, iso: null, focal_length: null })).toEqual([
    ['Aperture', 'ƒ/1.8'],
    ['Shutter', '2.5 s'],
  ]);
});

test('a place is named by its hemispheres', () => {
  const place = { latitude: -33.8568, longitude: -3.14601, altitude: null };
  expect(formatPlace(place)).toBe('33.8568° S, 3.1460° W');
  expect(mapAddress(place)).toContain('mlat=-33.85680&mlon=-3.14601');
});

test('the day of the week is the camera’s', () => {
  expect(takenLongDay('2026-10-24T23:42:05-09:00')).toBe('Saturday 24 October 2026');
});

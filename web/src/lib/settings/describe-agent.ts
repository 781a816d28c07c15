export type Agent = { label: string; phone: boolean };

const browsers: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser/, 'Samsung Internet'],
  [/Firefox\/|FxiOS/, 'Firefox'],
  [/Chrome\/|CriOS|Chromium/, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/curl\//, 'curl'],
];
const systems: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** A browser's long name for itself in words that people use: `Firefox on Android`. The order matters: most claim to be others too. */
export function describeAgent(userAgent: string | null): Agent {
  const text = userAgent ?? '';
  const find = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(text))?.[1];
  const browser = find(browsers);
  const system = find(systems);
  const label = browser && system ? `${browser} on ${system}` : (browser ?? system ?? text.split(/[\s/]/)[0]);
  return { label: label || 'An unknown app', phone: /iPhone|Android.*Mobile/.test(text) };
}

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where Chromium usually is. TINTYPE_TEST_CHROMIUM names another place. */
const places = [
  process.env.TINTYPE_TEST_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The program, or undefined where there is none. */
export function findChromium(): string | undefined {
  return places.find((place) => place && existsSync(place));
}

/** Sees to it that the journeys find a Chromium: where we may, it is installed; where not, its absence is said. */
export async function requireChromium(): Promise<void> {
  if (findChromium()) return;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('Installing Chromium for the browser journeys (apt-get install chromium) …');
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env: environment });
    const arguments_ = ['install', '-y', '-q', '--no-install-recommends', 'chromium'];
    try {
      execFileSync('apt-get', arguments_, { stdio: 'pipe', env: environment });
    } catch (error) {
      console.log(`It could not be installed: ${String((error as { stderr?: Buffer }).stderr).trim()}`);
    }
  }
  if (!findChromium()) {
    console.log(
      'Chromium is missing, so the browser journeys are skipped: install it, or name it in TINTYPE_TEST_CHROMIUM.',
    );
  }
}

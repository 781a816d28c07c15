/** A public picture in one of the sizes that the server keeps; the whole of it without one. */
export function addressOf(url: string, size: number | null): string {
  return size ? `${url}&size=${size}` : url;
}

/** For how long something waits for a picture, in ms: what comes later still comes, but nobody is kept by it. */
const PATIENCE_MS = 3000;

/** Resolves once the browser has a picture, or knows that it will not have it soon. */
export async function arrivalOf(address: string): Promise<void> {
  const picture = new Image();
  picture.src = address;
  await Promise.race([
    picture.decode().catch(() => {}),
    new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS)),
  ]);
}

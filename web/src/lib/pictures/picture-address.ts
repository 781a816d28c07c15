/** A public picture in one of the sizes that the server keeps; the whole of it without one. */
export function addressOf(url: string, size: number | null): string {
  return size ? `${url}&size=${size}` : url;
}

/** Resolves once the browser has a picture, or knows that it will not have it. */
export async function arrivalOf(address: string): Promise<void> {
  const picture = new Image();
  picture.src = address;
  await picture.decode().catch(() => {});
}

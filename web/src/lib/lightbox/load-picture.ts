/**
 * Fetches and decodes a picture before it is put on the page, so that it takes over without a flash. Returns what gives it up.
 *
 * @param onready called when showing it costs no more waiting.
 * @param onerror called when it cannot be had; without it nothing changes on the page.
 */
export function loadPicture(url: string, onready: () => void, onerror?: () => void): () => void {
  let isWanted = true;
  const image = new Image();
  image.src = url;
  image.decode().then(
    () => isWanted && onready(),
    () => isWanted && onerror?.(),
  );
  return () => {
    isWanted = false;
    if (!image.complete) image.removeAttribute('src');
  };
}

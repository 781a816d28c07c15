import type { Crop } from './crop.ts';

/**
 * What will be shown, made here and now, for the moments until the server has it.
 * @param width in pixels
 * @returns an object URL, which whoever asked revokes; null where the browser cannot draw it
 */
export async function drawCrop(src: string, crop: Crop, width: number): Promise<string | null> {
  try {
    const image = new Image();
    image.src = src;
    await image.decode();
    const part = { width: crop.width * image.naturalWidth, height: crop.height * image.naturalHeight };
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = Math.round((width * part.height) / part.width);
    canvas
      .getContext('2d')
      ?.drawImage(
        image,
        crop.x * image.naturalWidth,
        crop.y * image.naturalHeight,
        part.width,
        part.height,
        0,
        0,
        canvas.width,
        canvas.height,
      );
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/webp', 0.9));
    return blob && URL.createObjectURL(blob);
  } catch {
    return null;
  }
}

import type { PhotoMetadata } from '#lib/api-schema.ts';

/** How a photo came to be, in words; `badge` where a trained model or rules had a part in it. */
export interface Origin {
  readonly isMade: boolean;
  readonly title: string;
  readonly text: string;
  readonly badge: 'AI' | 'Made by rules' | null;
}

type Told = Pick<PhotoMetadata, 'digital_source_type' | 'generation_prompt' | 'style' | 'generation_params'>;

/** @param kind what the library knows before the rest has come; `metadata` tells the digital source that the file names. */
export function originOf(kind: string, metadata: Told | null): Origin {
  const source = metadata?.digital_source_type?.split('/').at(-1) ?? '';
  const badge = /trainedAlgorithmicMedia$/i.test(source)
    ? 'AI'
    : source === 'algorithmicMedia'
      ? 'Made by rules'
      : null;
  if (kind !== 'uploaded') {
    const what =
      kind === 'styled'
        ? 'A photo in another look. The photo itself is as it was.'
        : 'What is made has a snipped corner.';
    return { isMade: true, title: 'Made in the studio', text: metadata?.generation_prompt ?? what, badge };
  }
  const tool = metadata?.generation_params.tool;
  const by = tool ? `Made elsewhere, with ${tool}` : 'Made elsewhere';
  if (source.startsWith('compositeWith') && badge) {
    return { isMade: false, title: 'Taken, and changed with AI', text: 'So its file says.', badge };
  }
  if (badge || metadata?.generation_prompt) {
    return { isMade: true, title: by, text: metadata?.generation_prompt ?? 'So its file says.', badge };
  }
  return {
    isMade: false,
    title: 'Taken, not made',
    text: 'Straight from the camera, every corner whole.',
    badge: null,
  };
}

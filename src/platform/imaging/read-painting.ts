import { PAINTER_KEY } from './paint/paint-request.ts';
import { unescaped } from './paint/xml-text.ts';

/**
 * What Tintype's painter has written into a file, as `paint/painting-xmp.ts` writes it: a picture that was painted here, or in another library, keeps its making
 * on its way back in. Values are as they stand there; whoever asks holds them against what is possible.
 * @returns null for files that it has not painted, or that no longer say so
 */
export function readPainting(xmp: Buffer) {
  const text = xmp.toString('utf8');
  if (!text.includes('xmlns:painter="urn:tintype:painter"')) return null;
  const said = (name: string): string | undefined => {
    const value = new RegExp(` painter:${name}="([^"]*)"`).exec(text)?.[1];
    return value === undefined ? undefined : unescaped(value);
  };
  const number = (name: string): number | undefined => {
    const value = said(name);
    return value ? Number(value) : undefined;
  };
  const prompt = /<dc:description><rdf:Alt><rdf:li xml:lang="x-default">([^<]*)</.exec(text)?.[1];
  return {
    tool: 'the painter',
    prompt: prompt && unescaped(prompt),
    negativePrompt: said('negativePrompt'),
    modelKey: PAINTER_KEY,
    modelName: 'The painter',
    seed: number('seed'),
    steps: number('steps'),
    cfgScale: number('cfgScale'),
    strength: number('strength'),
  };
}

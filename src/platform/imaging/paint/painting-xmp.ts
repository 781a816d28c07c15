import type { Lineage } from './lineage.ts';
import { PAINTER_VERSION, type PaintRequest } from './paint-request.ts';
import { escaped } from './xml-text.ts';

/**
 * What a painted file tells of itself: that an algorithm made it without having been trained on anybody's pictures
 * (https://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia), of what prompt, and by which numbers.
 */
export function paintingXmp(
  { prompt, negativePrompt, seed, steps, cfgScale, source }: PaintRequest,
  lineage: Lineage,
): string {
  const numbers: Record<string, string | number> = {
    seed,
    steps,
    cfgScale,
    negativePrompt,
    lineage: JSON.stringify(lineage),
    ...(source && { strength: source.strength }),
  };
  const attributes = Object.entries(numbers).map(([name, value]) => ` painter:${name}="${escaped(String(value))}"`);
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:painter="urn:tintype:painter"
    xmp:CreatorTool="Tintype's painter ${PAINTER_VERSION}"
    Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"${attributes.join('')}>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">${escaped(prompt)}</rdf:li></rdf:Alt></dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;
}

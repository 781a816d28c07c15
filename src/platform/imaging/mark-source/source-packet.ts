const address = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

const description = (term: string, rdf: string): string =>
  `<${rdf}:Description ${rdf}:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="${address}${term}"/>`;

/**
 * An XMP packet (ISO 16684-1) that says where a picture comes from: one of its own, or the one that was there with that said too.
 * @param known the packet that the file has; null where it has none
 * @returns null when it says something of it already, or has no place where it could be said: that stays as it is
 */
export function sourcePacket(known: string | null, term: string): string | null {
  if (known === null) {
    return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${description(term, 'rdf')}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
  }
  if (known.includes('DigitalSourceType')) return null;
  // The prefix is the writer's to choose.
  const end = known.lastIndexOf(':RDF>');
  const rdf = /<\/([A-Za-z_][\w.-]{0,30})$/.exec(known.slice(Math.max(0, end - 33), Math.max(0, end)))?.[1];
  if (!rdf) return null;
  const at = end - rdf.length - 2;
  return known.slice(0, at) + description(term, rdf) + known.slice(at);
}

const mostCharacters = 255;

/**
 * A file's name as it is kept and shown: its last path segment without control and direction characters.
 * It is only ever a label; nothing is stored under it.
 */
export function toFilename(given: string | undefined): string {
  const last = (given ?? '').toWellFormed().split(/[/\\]/).at(-1) ?? '';
  const clean = last
    // Controls end lines and strings; bidi marks make "gpj.exe" read as "exe.jpg".
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim();
  const name = /^\.*$/.test(clean) ? 'photo' : clean;
  if (name.length <= mostCharacters) return name;
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? '';
  return `${name
    .slice(0, mostCharacters - extension.length)
    .toWellFormed()
    .replace(/\ufffd$/, '')}${extension}`;
}

/**
 * A `Content-Disposition` that saves the file under its name: RFC 6266, with RFC 8187 for what ASCII cannot say.
 */
export function toContentDisposition(name: string): string {
  // An album may be called "spring/summer"; a file may not.
  const filename = name.replace(/[/\\]/g, '_');
  const plain = filename.replace(/[^\x20-\x7e]|["\\%:*?<>|]/g, '_').replace(/^\.+/, '_');
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

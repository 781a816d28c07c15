/** As RFC 9562 has them: others that look alike are addressed by nobody here, since the API takes them for no ids. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** An earlier id in the form in which it can be kept here; null where it cannot. */
export const toKeptId = (earlierId: string): string | null => {
  const lower = earlierId.toLowerCase();
  return uuid.test(lower) ? lower : null;
};

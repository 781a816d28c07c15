/** The database cannot be brought to where the server needs it; the message is a sentence for whoever starts it. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Every code an answer can carry, with the one HTTP status it maps to. */
export const statusOf = {
  validation_error: 400,
  unauthorized: 401,
  link_locked: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  too_large: 413,
  too_many_pixels: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  undecodable: 422,
  invokeai_model_error: 400,
  invokeai_graph_error: 400,
  invokeai_generation_error: 400,
  invokeai_connection_error: 502,
  invokeai_retrieval_error: 502,
  pod_error: 502,
  rate_limited: 429,
  server_error: 500,
  storage_error: 500,
  unavailable: 503,
  storage_full: 507,
  // RFC 4331 has a quota that is used up answer as a full disk does.
  quota_exceeded: 507,
} as const;

export type ErrorCode = keyof typeof statusOf;

/**
 * The one error that reaches a client: `{error:{code,message,details}}`.
 * `message` is a plain sentence that says what happened and what to do; it never holds a secret or another person's data.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get status(): (typeof statusOf)[ErrorCode] {
    return statusOf[this.code];
  }

  /** The envelope that every failed request answers with. */
  toBody(): { error: { code: ErrorCode; message: string; details: Record<string, unknown> } } {
    return { error: { code: this.code, message: this.message, details: this.details } };
  }
}

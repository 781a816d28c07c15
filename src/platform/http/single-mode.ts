import { AppError } from './app-error.ts';
import type { UserCaller } from './caller.ts';
import type { ClientAddress } from './client-address.ts';

interface Request {
  readonly req: { header(name: string): string | undefined };
  readonly var: { readonly address: ClientAddress };
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * In single mode there is no sign-in, so a request must plainly come from this machine: not through a proxy, and to a
 * host name that is this machine's, or a page of another site could reach it under a name of its own (DNS rebinding).
 * @param allowed further host names, without ports
 * @throws AppError `forbidden`
 */
export function requireSingleMode(owner: UserCaller, request: Request, allowed: readonly string[]): UserCaller {
  const { address } = request.var;
  if (address.forwarded) {
    throw new AppError(
      'forbidden',
      'In single mode Tintype cannot stand behind a proxy. Use TINTYPE_MODE=multi for that.',
    );
  }
  if (!/^(127\.|::1$)/.test(address.ip)) {
    throw new AppError('forbidden', 'In single mode only this machine itself may use Tintype.');
  }
  const host = request.req.header('host') ?? '';
  if (!loopbackHost.test(host) && !allowed.includes(host.replace(/:\d+$/, '').toLowerCase())) {
    throw new AppError(
      'forbidden',
      `This server does not answer to the name "${host}". TINTYPE_ALLOWED_HOSTS can add it.`,
    );
  }
  return owner;
}

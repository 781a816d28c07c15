import type { Logger } from 'pino';
import type { Config } from '#config.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Sends in the background; a failure is logged, and told to nobody who could learn from it which addresses exist. */
  send(mail: Mail): void;
  close(): Promise<void>;
}

/** Loads nodemailer only where a mail server is configured and a mail is due. */
export function createMailer(deps: { smtp: NonNullable<Config['smtp']>; logger: Logger }): Mailer {
  const { smtp } = deps;
  let transport: Promise<import('nodemailer').Transporter> | undefined;
  const pending = new Set<Promise<void>>();

  const connect = async () => {
    const { createTransport } = await import('nodemailer');
    return createTransport({
      host: smtp.host,
      port: smtp.port,
      secure: smtp.port === 465,
      requireTLS: smtp.user !== undefined && smtp.port !== 465,
      auth: smtp.user ? { user: smtp.user, pass: smtp.password ?? '' } : undefined,
      connectionTimeout: 10_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  };

  return {
    send(mail) {
      transport ??= connect();
      const sending = transport
        .then((mailer) => mailer.sendMail({ from: smtp.from, ...mail }))
        .then(
          () => {},
          (error: Error) => deps.logger.error({ reason: error.message }, 'a mail could not be sent'),
        )
        .finally(() => pending.delete(sending));
      pending.add(sending);
    },
    async close() {
      await Promise.allSettled(pending);
      (await transport)?.close();
    },
  };
}

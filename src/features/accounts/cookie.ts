/** The session's cookie: HttpOnly, SameSite=Lax, Secure on https. */
export const sessionCookie = 'tintype_session';

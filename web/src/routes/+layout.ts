// One static page for every address: the server knows nothing of a visitor until the app asks with the cookie.
export const ssr = false;

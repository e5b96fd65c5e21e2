/** Staging environments of CAs that take everybody there, by the directory of the real one. Those that want an account of their own are not here. */
export const KNOWN_STAGING: Readonly<Record<string, string>> = {
  'https://acme-v02.api.letsencrypt.org/directory': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

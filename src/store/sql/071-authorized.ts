/** Since when the CA may have issued the certificate of a renewal. */
export const authorized = `
ALTER TABLE renewal ADD COLUMN authorized_at INTEGER; -- ms since 1970; NULL: nothing was asked for yet, or it is not known
`;

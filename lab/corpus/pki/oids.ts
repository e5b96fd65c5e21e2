/** Extensions of certificates and CRLs (RFC 5280 sections 4.2 and 5, RFC 6962) that only the strict rules look at. */
export const STRICT_EXTENSION = {
  issuerAltName: '2.5.29.18',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  crlDistributionPoints: '2.5.29.31',
  freshestCrl: '2.5.29.46',
  authorityInformationAccess: '1.3.6.1.5.5.7.1.1',
  subjectInformationAccess: '1.3.6.1.5.5.7.1.11',
  signedCertificateTimestamps: '1.3.6.1.4.1.11129.2.4.2',
} as const;

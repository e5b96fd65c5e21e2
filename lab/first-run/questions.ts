/** One thing that only a real server can tell. */
export interface Question {
  /** 1 to 30; never reused. */
  readonly id: number;
  readonly question: string;
  /** Beliefs of docs/windows-beliefs.md that the answer confirms or contradicts. */
  readonly beliefs: readonly string[];
  /** What the code expects to see. The verdict `yes` means this. */
  readonly expected: string;
  /** The file that relies on it. */
  readonly file: string;
  /** Whether the program does wrong, and not only worse or less, where the answer is another one. */
  readonly relies: boolean;
}

/** The questions of a first run. They are asked in this order. */
export const questions: readonly Question[] = [
  {
    id: 1,
    question: 'Does koffi load and call, on the main thread and on another?',
    beliefs: ['A7', 'A8', 'A9', 'A11', 'A12', 'A145'],
    expected: 'it loads; GetTickCount64 returns a number on both threads',
    file: 'src/windows/ffi/load.ts',
    relies: true,
  },
  {
    id: 2,
    question: 'Does Windows accept each structure that we hand over?',
    beliefs: ['A1', 'A2', 'A3', 'A4', 'A5', 'A15', 'A16'],
    expected: 'a call with each structure succeeds, and what was written is read back',
    file: 'src/windows/ffi/layouts.ts',
    relies: true,
  },
  {
    id: 3,
    question:
      'Is a certificate in MY, WebHosting and CA for good without CertControlStore, and what does that call return?',
    beliefs: ['A94', 'A95', 'A96', 'A99', 'A100'],
    expected: 'a fresh handle sees what was added, whatever CertControlStore returns',
    file: 'src/windows/stores/certificate-store.ts',
    relies: true,
  },
  {
    id: 4,
    question: 'Does another process see a new entry of a store at once?',
    beliefs: ['A96', 'A99'],
    expected: 'certutil finds it right after it was added',
    file: 'src/windows/stores/certificates.ts',
    relies: true,
  },
  {
    id: 5,
    question:
      'What do Create, Length, Export Policy, Key Usage, Security Descr and Finalize return for each algorithm?',
    beliefs: ['A68', 'A70', 'A71', 'A72', 'A73', 'A74', 'A75', 'A79', 'A80', 'A82', 'A91', 'A92'],
    expected: 'the software provider makes all five kinds of key, and refuses a name that is taken with 0x8009000f',
    file: 'src/windows/keys/new-key.ts',
    relies: true,
  },
  {
    id: 6,
    question: 'How does the descriptor of a new key read back?',
    beliefs: ['A75', 'A76', 'A77', 'A90'],
    expected: 'a protected list with SYSTEM and Administrators, and nobody else',
    file: 'src/windows/keys/new-key.ts',
    relies: true,
  },
  {
    id: 7,
    question: 'Can SYSTEM use a key that we made, and can NETWORK SERVICE not?',
    beliefs: ['A76', 'A77', 'A78'],
    expected: 'SYSTEM signs with it; NETWORK SERVICE cannot open it',
    file: 'src/windows/keys/new-key.ts',
    relies: true,
  },
  {
    id: 8,
    question: 'In which form does the software provider take an RSA key: PKCS #8, PRIVATEBLOB, RSAFULLPRIVATEBLOB?',
    beliefs: ['A83', 'A84'],
    expected: 'NCryptImportKey takes PKCS #8 with a name; the key signs and cannot be exported',
    file: 'src/windows/keys/new-key.ts',
    relies: true,
  },
  {
    id: 9,
    question: 'What does an unknown provider return, one without its device, and a TPM that is asked for RSA 4096?',
    beliefs: ['A69', 'A85', 'A86', 'A87'],
    expected: '0x80090029 or 0x80090027 for RSA 4096 on a TPM; 0x80090030 or 0x80090016 without a device',
    file: 'src/custody/cng/cng-failure.ts',
    relies: false,
  },
  {
    id: 10,
    question: 'Which providers sign RSA-PSS with a salt of 32 octets, which TLS 1.3 needs?',
    beliefs: ['A81', 'A88'],
    expected: 'the software provider does; another provider may refuse',
    file: 'src/custody/cng/store.ts',
    relies: true,
  },
  {
    id: 11,
    question: 'What does HttpQueryServiceConfiguration return for the ids 0 to 12?',
    beliefs: ['A17', 'A18', 'A20', 'A21', 'A22', 'A47'],
    expected: '0, 2 or 259 for the ids 0, 1, 5 and 6; 0, 2, 259, 50 or 87 for the others',
    file: 'src/windows/http/ssl-records.ts',
    relies: true,
  },
  {
    id: 12,
    question: 'What do set, update, remove and query of each kind of record return, absent and present?',
    beliefs: ['A19', 'A20', 'A24', 'A25', 'A31', 'A32', 'A33'],
    expected: 'query null, update 2, remove 2 for absent ones; set 0, then 183; update 0; remove 0',
    file: 'src/windows/http/ssl-records.ts',
    relies: true,
  },
  {
    id: 13,
    question: 'Can update change store and options, and does it keep the …Ex parameters?',
    beliefs: ['A29', 'A30', 'A34', 'A35', 'A49'],
    expected: 'update takes another certificate, store and options; …Ex parameters stay',
    file: 'src/windows/http/ssl-records.ts',
    relies: true,
  },
  {
    id: 14,
    question: 'What does remove and set lose, and for how long do connections fail between them?',
    beliefs: ['A35'],
    expected: 'nothing but the …Ex parameters; less than a second',
    file: 'src/windows/http/ssl-records.ts',
    relies: false,
  },
  {
    id: 15,
    question: 'How does a record of the store MY read back?',
    beliefs: ['A27', 'A28'],
    expected: 'as MY or without a store',
    file: 'src/iis/records/ssl-record.ts',
    relies: true,
  },
  {
    id: 16,
    question: 'How does http.sys compare hosts: case, both forms of an IDN, labels under a wildcard?',
    beliefs: ['A40', 'A41', 'A42'],
    expected:
      'without case; a client that sends A-labels gets the record of one of the forms; a wildcard stands for one label',
    file: 'src/iis/records/ssl-record.ts',
    relies: true,
  },
  {
    id: 17,
    question: 'Which record decides where one of the host and one of the address exist, on IPv4 and IPv6?',
    beliefs: ['A38', 'A39', 'A43', 'A44', 'A116'],
    expected: 'with SNI the record of the host; without it that of the address, then that of the wildcard address',
    file: 'src/iis/plan/findings.ts',
    relies: false,
  },
  {
    id: 18,
    question: 'When is the new leaf served after an update, and what becomes of connections that are open?',
    beliefs: ['A36', 'A37', 'A107', 'A114'],
    expected: 'the first new handshake gets it; open connections go on',
    file: 'src/deploy/iis/handshakes.ts',
    relies: true,
  },
  {
    id: 19,
    question: 'Which chain is sent, with the intermediate in the store CA and without it, in TLS 1.2 and 1.3?',
    beliefs: ['A102', 'A105'],
    expected: 'leaf and intermediate where the store CA has it; the leaf alone where nothing has it',
    file: 'src/verify/judge-served.ts',
    relies: true,
  },
  {
    id: 20,
    question:
      'How long does the first handshake take when the address in the certificate for its issuer is out of reach?',
    beliefs: ['A107', 'A112'],
    expected: 'less than ten seconds',
    file: 'src/deploy/iis/handshakes.ts',
    relies: true,
  },
  {
    id: 21,
    question: 'Does an RSA key for signing alone serve TLS, and what does a client get that knows TLS_RSA suites only?',
    beliefs: ['A74'],
    expected: 'a client with ECDHE is served; what one with TLS_RSA alone gets is noted',
    file: 'src/windows/keys/new-key.ts',
    relies: true,
  },
  {
    id: 22,
    question:
      "Does Everbind's probe complete for each protocol setting of a record, and where a client certificate is asked for?",
    beliefs: ['A108', 'A109', 'A110', 'A113'],
    expected: 'it completes unless both TLS 1.2 and TLS 1.3 are off; what it meets then is noted, not judged',
    file: 'src/verify/tls-probe.ts',
    relies: true,
  },
  {
    id: 23,
    question: 'When exactly does setting a record return 1312?',
    beliefs: ['A26', 'A101'],
    expected: 'no certificate, no reference to a key, key gone, another store: 1312 each time',
    file: 'src/ports/windows-host.ts',
    relies: false,
  },
  {
    id: 24,
    question: 'With which codes does appcmd end, and in which code page does it write?',
    beliefs: ['A118', 'A119', 'A120', 'A121', 'A130', 'A131', 'A133'],
    expected: '0 for what was done, another code for what was refused; the octets are UTF-8 or of the ANSI code page',
    file: 'src/iis/config/appcmd-output.ts',
    relies: false,
  },
  {
    id: 25,
    question:
      'How long do add, set and start take to have an effect, and does a site without a root application start?',
    beliefs: ['A124', 'A125'],
    expected: 'a site with a root folder is Started within 15 seconds',
    file: 'src/iis/await-site.ts',
    relies: true,
  },
  {
    id: 26,
    question:
      'How does appcmd write sslFlags for http, https without and https with SNI, does +[…] take them, and does it take a site by its id alone?',
    beliefs: ['A122', 'A123', 'A126', 'A127'],
    expected: 'https with SNI has 1, https without has 0 or nothing; flags that are set afterwards take effect',
    file: 'src/iis/change-sites.ts',
    relies: true,
  },
  {
    id: 27,
    question: 'Can the FTP certificate of a site be set and emptied?',
    beliefs: ['A128', 'A129'],
    expected: 'it reads back as set, and as absent after it was emptied',
    file: 'src/iis/change-sites.ts',
    relies: true,
  },
  {
    id: 28,
    question: 'How does http.sys share port 80: with IIS, with another reservation, with another program; 404 or 400?',
    beliefs: ['A50', 'A51', 'A53', 'A54', 'A55', 'A56', 'A60', 'A61', 'A62', 'A63', 'A66'],
    expected:
      'our prefix gets the request; the same one again 183; 404 or 400 beside it; it can be registered again at once',
    file: 'src/windows/http/http-server.ts',
    relies: true,
  },
  {
    id: 29,
    question: 'Does an ASP.NET application restart when folders appear below its root, and when they go?',
    beliefs: ['A138', 'A139', 'A140', 'A141'],
    expected: 'not when they appear; a file without extension is served with our web.config',
    file: 'src/challenge/http-01/webroot-folder.ts',
    relies: true,
  },
  {
    id: 30,
    question: 'Who owns the state folder, who may enter it, can files in it be replaced, and do long paths work?',
    beliefs: ['A136', 'A137', 'A142', 'A143', 'A144'],
    expected: 'SYSTEM and Administrators alone; a second look finds it private; a file is replaced by renaming',
    file: 'src/windows/files/private-folder.ts',
    relies: true,
  },
];

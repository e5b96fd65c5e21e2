import { listOf, section, text } from './values.ts';

/** When a certificate is renewed. */
export const maintenance = section(
  {
    timeZone: text({ expected: 'the name of a time zone, such as Europe/Berlin', max: 64 }).meta({
      description: 'Time zone of the windows and days, by its IANA name.',
      examples: ['Europe/Berlin'],
    }),
    windows: listOf(text({ expected: 'a window, such as "Sat,Sun 02:00-05:00"', max: 100 }), 'windows', { max: 32 })
      .optional()
      .meta({
        description:
          'When renewals are welcome: days (`Mon-Fri`, `Sat,Sun`, `Sat#2` for the second of the month, `*`), a blank, and from when to when. Without it: at any time.',
        examples: [['Mon-Fri 22:00-04:00', 'Sat#2 01:00-05:00']],
      }),
    freezes: listOf(text({ expected: 'first and last day, such as 2026-12-18..2027-01-06', max: 40 }), 'freezes', {
      max: 64,
    })
      .optional()
      .meta({
        description: 'Days on which nothing is changed, both included.',
        examples: [['2026-12-18..2027-01-06']],
      }),
  },
  'a mapping with timeZone, windows and freezes',
);

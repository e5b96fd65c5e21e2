import { faultTests } from './wine-server/faults.ts';
import { killTests } from './wine-server/kill.ts';
import { renewTest } from './wine-server/renew.ts';
import { selfTestTests } from './wine-server/selftest.ts';

// What needs a whole server under Wine, one after another: it has the ports 80 and 443 of this machine.

renewTest();
selfTestTests();
faultTests(true);
faultTests(false);
killTests();

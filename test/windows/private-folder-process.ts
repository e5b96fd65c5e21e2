import { EverbindError } from '../../src/errors/error.ts';
import { ensurePrivateFolder } from '../../src/windows/files/private-folder.ts';

// Makes private or checks each folder of its arguments in turn; prints the codes, null for none.

const codes: (string | null)[] = [];
for (const path of process.argv.slice(2)) {
  try {
    await ensurePrivateFolder(path);
    codes.push(null);
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    codes.push(error.code);
  }
}
console.log(JSON.stringify(codes));

/**
 * Names that a 64-bit DLL exports, in the order of its table. Throws when the octets are no PE32+ image or have no
 * export table (Microsoft PE format, "The .edata section").
 */
export function exportedNames(image: Buffer): readonly string[] {
  const header = image.readUInt32LE(0x3c);
  if (image.readUInt32LE(header) !== 0x0000_4550 || image.readUInt16LE(header + 24) !== 0x20b) {
    throw new Error('not a 64-bit PE image');
  }
  const sections = header + 24 + image.readUInt16LE(header + 20);
  const offsetOf = (address: number): number => {
    for (let index = 0; index < image.readUInt16LE(header + 6); index += 1) {
      const section = sections + 40 * index;
      const start = image.readUInt32LE(section + 12);
      const size = Math.max(image.readUInt32LE(section + 8), image.readUInt32LE(section + 16));
      if (address >= start && address < start + size) return address - start + image.readUInt32LE(section + 20);
    }
    throw new Error(`no section holds address ${address}`);
  };
  const table = image.readUInt32LE(header + 24 + 112);
  if (table === 0) throw new Error('the image exports nothing');
  const directory = offsetOf(table);
  const names = offsetOf(image.readUInt32LE(directory + 32));
  return Array.from({ length: image.readUInt32LE(directory + 24) }, (_, index) => {
    const start = offsetOf(image.readUInt32LE(names + 4 * index));
    return image.toString('latin1', start, image.indexOf(0, start));
  });
}

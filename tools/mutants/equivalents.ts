/** Mutants that no test can tell from the program, by name, each with the reason. */
export const EQUIVALENTS: ReadonlyMap<string, string> = new Map<string, string>([]);

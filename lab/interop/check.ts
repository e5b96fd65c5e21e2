/** Runs one check and prints how it ended; a failure does not stop the others. */
export type Check = (what: string, work: () => void | Promise<void>) => Promise<void>;

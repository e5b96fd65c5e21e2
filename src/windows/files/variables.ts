/** Replaces `%NAME%` by the environment's value. Like Windows, it leaves the name of a variable that does not exist. */
export function expandVariables(path: string): string {
  return path.replace(/%([^%]+)%/g, (whole, name: string) => process.env[name] ?? whole);
}

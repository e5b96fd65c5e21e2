/**
 * A site of IIS in a command line that somebody may copy: its name, in quotes where it has spaces, or `id:N` (`SITE` when it has no number) where a
 * shell or our own parser could take the name for more than a name. Whoever names sites need not be whoever copies.
 */
export function siteArgument(id: number | null, name: string): string {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$/u.test(name)) return id === null ? 'SITE' : `id:${id}`;
  return name.includes(' ') ? `"${name}"` : name;
}

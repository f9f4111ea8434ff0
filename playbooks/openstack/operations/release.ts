import { quote } from 'osha';

/** A script that prints the version of an installed package, or nothing where it is not there. */
export function versionScript(name: string): string {
  return `dpkg-query --showformat '\${Version}' --show ${quote(name)} 2>/dev/null || :`;
}

/** The release in a package's version: without Debian's epoch and revision (Debian Policy, section 5.6.12). */
export function releaseOf(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

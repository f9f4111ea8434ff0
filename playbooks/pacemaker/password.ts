import { type Operation, ProbeError, quote, type Secret, text } from 'osha';

export type PasswordState = 'same' | 'other' | 'locked';

/**
 * Compares the password on stdin with the hash in `/etc/shadow`. Perl is always present on Debian (perl-base is essential)
 * and, unlike `openssl passwd`, supports all hashes of the system's crypt.
 */
const COMPARE = `chomp(my $given = <STDIN> // "");
my ($name, $hash) = getpwnam($ARGV[0]);
if (!defined $name) { print "absent\\n"; exit }
if (length $hash < 4 or $hash =~ /^[!*]/) { print "locked\\n"; exit }
my $hashed = crypt($given, $hash);
print defined $hashed && $hashed eq $hash ? "same\\n" : "other\\n";`;

/** The system user of pcs (`hacluster`) has this password. */
export function password(user: string, secret: Secret): Operation<PasswordState> {
  return {
    scope: 'host',
    title: `password of ${user}`,
    probe: {
      script: `perl -e ${quote(COMPARE)} ${quote(user)}`,
      input: text`${secret}\n`,
      reads: [`user:${user}`, 'package:pacemaker'],
      parse: ({ stdout, stderr }) => {
        const word = stdout.trim();
        if (word === 'same' || word === 'other' || word === 'locked') return word;
        if (word === 'absent') {
          throw new ProbeError(`there is no user ${user}, which the Pacemaker package creates`);
        }
        throw new ProbeError(`perl could not compare a password: ${stderr.trim() || 'no output'}`);
      },
    },
    decide: (state) =>
      state === 'same'
        ? []
        : [
            {
              summary: state === 'locked' ? `set a password for ${user}` : `change the password of ${user}`,
              // Authenticated hosts keep their tokens, so nothing needs a restart.
              effects: [],
              script: 'chpasswd',
              input: text`${user}:${secret}\n`,
              touches: [`user:${user}`],
            },
          ],
  };
}

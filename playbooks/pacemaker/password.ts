import { type Operation, ProbeError, quote, type Secret, text } from 'osha';

export type PasswordState = 'same' | 'other' | 'locked';

/**
 * Compares the password on stdin with the one in `/etc/shadow`, with the hash that stands there. Perl is on every
 * Debian (perl-base is essential) and, unlike `openssl passwd`, knows every hash that the system's own crypt does.
 */
const COMPARE = `chomp(my $given = <STDIN> // "");
my ($name, $hash) = getpwnam($ARGV[0]);
if (!defined $name) { print "absent\\n"; exit }
if (length $hash < 4 or $hash =~ /^[!*]/) { print "locked\\n"; exit }
my $hashed = crypt($given, $hash);
print defined $hashed && $hashed eq $hash ? "same\\n" : "other\\n";`;

/** The user of the operating system that pcs logs in as, `hacluster`, has this password. */
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
          throw new ProbeError(`there is no user ${user}, which installing Pacemaker makes`);
        }
        throw new ProbeError(`perl could not compare a password: ${stderr.trim() || 'it said nothing'}`);
      },
    },
    decide: (state) =>
      state === 'same'
        ? []
        : [
            {
              summary: state === 'locked' ? `give ${user} a password` : `change the password of ${user}`,
              // Hosts that have logged in to each other keep their tokens: nothing is started again for it.
              effects: [],
              script: 'chpasswd',
              input: text`${user}:${secret}\n`,
              touches: [`user:${user}`],
            },
          ],
  };
}

import { quote } from 'osha';

/**
 * Asks the networks of some interfaces who answers for addresses, and which peers take part in VRRP. Prints lines
 * `INDEX arp ADDRESS MAC`, `INDEX vrrp ADDRESS closed`, `INDEX vrrp ADDRESS speaks`, and `INDEX asked` or
 * `INDEX failed WHY`. Arguments, for each interface: its name, the addresses, and the peers among them.
 *
 * Several hosts that claim one address all answer an ARP request, and none learns of it, as the sender has no address
 * (RFC 5227, 2.1.1). A kernel answers a packet of IP protocol 112 that no process takes with "protocol unreachable"
 * (RFC 1122, 3.2.2.1), which proves that keepalived does not run there; the packet has router ID 0, which no
 * keepalived heeds. Written in Perl because perl-base is essential on Debian, so nothing has to be installed.
 */
const QUESTION = `use strict;
use Socket;
my (@asked, %said, $n);
sub about { open my $f, '<', "/sys/class/net/$_[0]/$_[1]" or die "there is no interface $_[0]\\n"; <$f> =~ /(\\S+)/; $1 }
while (my ($if, $addresses, $peers) = splice @ARGV, 0, 3) {
  my %one = (index => $n++, addresses => {map { $_ => 1 } split ' ', "$addresses $peers"}, vrrp => {});
  eval {
    ($one{mac} = about($if, 'address')) =~ tr/://d;
    socket $one{arp}, 17, SOCK_RAW, unpack('S', pack 'n', 0x0806) or die "no packet socket: $!\\n";
    bind $one{arp}, pack('S n l S C C a8', 17, 0x0806, about($if, 'ifindex'), 0, 0, 0, '') or die "no packet socket on $if: $!\\n";
    for my $peer (split ' ', $peers) {
      socket my $raw, AF_INET, SOCK_RAW, 112 or die "no raw socket: $!\\n";
      $one{vrrp}{$peer} = $raw if connect $raw, sockaddr_in(0, inet_aton $peer);
    }
    push @asked, \\%one;
  } or print "$one{index} failed $@";
}
for (1 .. 3) {
  for my $one (@asked) {
    my $mac = $one->{mac};
    send $one->{arp}, pack('H12 H12 n n n C C n H12 a4 H12 a4', 'f' x 12, $mac, 0x0806, 1, 0x0800, 6, 4, 1, $mac, '', '', inet_aton $_), 0 for keys %{$one->{addresses}};
    send $_, pack('C20', 0x21), 0 for values %{$one->{vrrp}};
  }
  my $left = 0.5;
  while (@asked && $left > 0) {
    my ($bits, $ready) = '';
    vec($bits, fileno $_, 1) = 1 for map { ($_->{arp}, values %{$_->{vrrp}}) } @asked;
    ($ready, $left) = select $bits, undef, undef, $left;
    last if $ready < 1;
    for my $one (@asked) {
      if (vec $bits, fileno $one->{arp}, 1) {
        recv $one->{arp}, my $frame, 64, 0;
        my ($op, $from, $address) = unpack 'x20 n H12 a4', $frame;
        $address = inet_ntoa $address;
        $said{"$one->{index} arp $address " . join ':', unpack '(A2)*', $from} = 1 if $op == 2 && $one->{addresses}{$address};
      }
      for my $peer (grep { vec $bits, fileno $one->{vrrp}{$_}, 1 } keys %{$one->{vrrp}}) {
        my $got = recv $one->{vrrp}{$peer}, my $packet, 256, 0;
        $said{"$one->{index} vrrp $peer speaks"} = 1 if defined $got;
        $said{"$one->{index} vrrp $peer closed"} = 1 if !defined $got && $!{ENOPROTOOPT};
      }
    }
  }
}
print "$_\\n" for sort keys %said;
print "$_->{index} asked\\n" for @asked;
`;

/** One interface that is asked about. */
export interface Asked {
  readonly interface: string;
  readonly addresses: readonly string[];
}

/**
 * A shell command that asks all of these, and takes a second and a half. `peers` is a shell word with the addresses,
 * separated by white space, of those that may run keepalived.
 */
export function questionScript(asked: readonly Asked[], peers: string): string {
  const each = asked.map((one) => `${quote(one.interface)} ${quote(one.addresses.join(' '))} ${peers}`);
  return `perl -e ${quote(QUESTION)} ${each.join(' ')}`;
}

/** What the network answered by one interface, as one host heard it. */
export interface NetworkAnswer {
  /** Why it could not be asked. */
  readonly failed?: string | undefined;
  /** Hardware addresses of all that answered for an address. */
  readonly macs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those on which no process takes VRRP. */
  readonly closed: ReadonlySet<string>;
  /** Those that advertised meanwhile, so they are masters. */
  readonly speaks: ReadonlySet<string>;
}

/** Understands what the command printed about the interface of that number. */
export function parseAnswer(index: number, lines: readonly string[]): NetworkAnswer {
  const own = lines.flatMap((line) =>
    line.startsWith(`${index} `) ? [line.slice(`${index} `.length).split(' ')] : [],
  );
  const macs = new Map<string, Set<string>>();
  for (const [kind, address = '', mac = ''] of own) {
    if (kind === 'arp') macs.set(address, (macs.get(address) ?? new Set()).add(mac));
  }
  const saying = (word: string): ReadonlySet<string> =>
    new Set(own.flatMap(([kind, address = '', said]) => (kind === 'vrrp' && said === word ? [address] : [])));
  const why = own.find(([kind]) => kind === 'failed');
  const asked = own.some(([kind]) => kind === 'asked');
  return {
    failed: why ? why.slice(1).join(' ') : asked ? undefined : 'perl gave no answer',
    macs,
    closed: saying('closed'),
    speaks: saying('speaks'),
  };
}

import { quote } from 'osha';

/**
 * Queries the networks of interfaces: which hosts answer ARP for addresses, and which peers take part in VRRP. Prints lines
 * `INDEX arp ADDRESS MAC`, `INDEX vrrp ADDRESS closed`, `INDEX vrrp ADDRESS speaks`, and `INDEX asked` or
 * `INDEX failed WHY`. Arguments, for each interface: its name, the addresses, and the peers among them.
 *
 * An ARP request without a sender address is answered by every host that claims the address and updates no ARP caches
 * (RFC 5227, 2.1.1). A kernel replies "protocol unreachable" to a packet of IP protocol 112 that no process receives
 * (RFC 1122, 3.2.2.1), which proves that keepalived is not running; the packet has router ID 0, which keepalived ignores.
 * In Perl, because perl-base is essential on Debian, so nothing must be installed.
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

/** An interface and the addresses to query on its network. */
export interface Asked {
  readonly interface: string;
  readonly addresses: readonly string[];
}

/**
 * The shell command of a query, which takes 1.5 s. `peers` is a shell word with the whitespace-separated addresses of hosts
 * that may run keepalived.
 */
export function questionScript(asked: readonly Asked[], peers: string): string {
  const each = asked.map((one) => `${quote(one.interface)} ${quote(one.addresses.join(' '))} ${peers}`);
  return `perl -e ${quote(QUESTION)} ${each.join(' ')}`;
}

/** The result of a query on one interface of one host. */
export interface NetworkAnswer {
  /** Why the query failed. */
  readonly failed?: string | undefined;
  /** MAC addresses that answered for each address. */
  readonly macs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Addresses on which no process receives VRRP. */
  readonly closed: ReadonlySet<string>;
  /** Addresses that sent advertisements during the query: VRRP masters. */
  readonly speaks: ReadonlySet<string>;
}

/** Parses the output of the command for the interface with this index. */
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
    failed: why ? why.slice(1).join(' ') : asked ? undefined : 'no output from perl',
    macs,
    closed: saying('closed'),
    speaks: saying('speaks'),
  };
}

# Prints each line that stands in the arguments or the environment of a process, once, until /run/lab-stop is there.
# A process is read when it is new and when its arguments change: reading all of them each time costs a small host a CPU.
use strict;
use warnings;

my ($most_seconds, $pause) = @ARGV;
my $end = time + $most_seconds;
my (%seen, %known);

sub contents {
  my ($path) = @_;
  local $/;
  open my $handle, '<', $path or return '';
  my $contents = <$handle>;
  return defined $contents ? $contents : '';
}

unlink '/run/lab-stop';
while (!-e '/run/lab-stop' && time < $end) {
  opendir my $proc, '/proc' or die "/proc: $!";
  my %here = map { $_ => 1 } grep { /^[0-9]+$/ } readdir $proc;
  closedir $proc;
  delete @known{grep { !$here{$_} } keys %known};
  for my $pid (keys %here) {
    my $arguments = contents("/proc/$pid/cmdline");
    # A process has the environment of the one that started it until it runs a program: read twice, it is its own.
    next if defined $known{$pid} && $known{$pid}{arguments} eq $arguments && $known{$pid}{times}++ > 1;
    $known{$pid} = { arguments => $arguments, times => 0 } if !defined $known{$pid} || $known{$pid}{arguments} ne $arguments;
    for (split /[\0\n]/, $arguments . "\0" . contents("/proc/$pid/environ")) {
      print "$_\n" if !$seen{$_}++;
    }
  }
  select undef, undef, undef, $pause;
}

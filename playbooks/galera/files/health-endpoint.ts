import type { Host } from 'osha';
import type { GaleraSettings } from '../settings.ts';

/** Port on which HAProxy checks whether a member may get connections. */
export const HEALTH_PORT = 9200;

/** Account of the endpoint, on the system and in the database. */
export const HEALTH_USER = 'osha-health';

export const HEALTH_PROGRAM = '/usr/local/libexec/osha/galera-health';
export const HEALTH_UNIT = 'osha-galera-health.service';

/**
 * A small HTTP server that answers 200 only while this member is Synced in a component with quorum and accepts queries.
 *
 * It keeps one database client open and queries it every second; requests are answered from the latest result, so that
 * their number does not matter. A result is valid for two seconds from its query: a server that is gone, hung or no
 * longer Synced yields 503 after that at the latest. The client is the `mariadb` program, which knows how to log in; it
 * is restarted when the server goes away or takes far too long to answer.
 */
export function healthProgram(settings: Pick<GaleraSettings, 'sst'>): string {
  // A donor keeps serving with mariabackup; with rsync it is blocked.
  const serving = [
    'Primary 4 Synced ON',
    ...(settings.sst === 'mariabackup' ? ['Primary 2 Donor/Desynced ON'] : []),
  ];
  return `#!/usr/bin/env python3
# Placed by osha.
"""Answers HAProxy over HTTP whether this Galera member may be given connections: galera-health ADDRESS PORT"""
import asyncio
import os
import socket
import stat
import sys

SERVING = ${JSON.stringify(serving)}
NAMES = ["wsrep_cluster_status", "wsrep_local_state", "wsrep_local_state_comment", "wsrep_ready"]
# A member that was desynced on purpose, as by a backup, is held still: also a donor would serve otherwise.
AWAY = "1"
QUESTION = "SHOW GLOBAL STATUS WHERE Variable_name IN (%s); SELECT 'away', @@wsrep_desync; SELECT 'asked', '';\\n" % ", ".join(
    "'%s'" % name for name in NAMES
)
INTERVAL = 1.0  # seconds between two questions
GOOD_FOR = 2.0  # seconds that an answer is good for
PATIENCE = 10.0  # seconds until a client that does not answer is started again
REQUEST = 5.0  # seconds that a client of HTTP may take


class Member:
    """What the server said last, and when it was asked that."""

    state = ""
    asked = float("-inf")

    def status(self, now):
        age = now - self.asked
        if not self.state or age > GOOD_FOR:
            return "503 Service Unavailable", "no answer from the server"
        return ("200 OK" if self.state in SERVING else "503 Service Unavailable"), self.state


async def socket_options():
    """Where the server's configuration says that its socket is: a member that serves is not taken out for that."""
    try:
        printer = await asyncio.create_subprocess_exec(
            "my_print_defaults", "--mysqld", "galera",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": "/nonexistent"},
        )
        lines = (await printer.communicate())[0].decode(errors="replace").splitlines()
        path = [line[len("--socket="):] for line in lines if line.startswith("--socket=")][-1]
        return ["--socket=" + path] if stat.S_ISSOCK(os.stat(path).st_mode) else []
    except (OSError, IndexError):
        return []


async def ask(client):
    client.stdin.write(QUESTION.encode())
    await client.stdin.drain()
    said = {}
    while True:
        line = await client.stdout.readline()
        if not line:
            raise EOFError
        name, _, value = line.decode(errors="replace").rstrip("\\n").partition("\\t")
        if name == "asked":
            if said.pop("away", "") == AWAY:
                return "taken out of rotation (wsrep_desync)"
            return " ".join(said.get(name, "?") for name in NAMES) if said else ""
        said[name] = value


async def follow(member):
    """Asks for ever. A server that is down is asked again, by a new client, every second."""
    loop = asyncio.get_running_loop()
    while True:
        client = None
        try:
            client = await asyncio.create_subprocess_exec(
                "mariadb", "--no-defaults", "--protocol=socket", *await socket_options(), "--user=${HEALTH_USER}",
                "--connect-timeout=5", "--batch", "--skip-column-names", "--unbuffered",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )
            while True:
                asked = loop.time()
                member.state = await asyncio.wait_for(ask(client), PATIENCE)
                member.asked = asked
                await asyncio.sleep(asked + INTERVAL - loop.time())
        except (OSError, EOFError, asyncio.TimeoutError):
            member.state = ""
        finally:
            if client is not None and client.returncode is None:
                client.kill()
        if client is not None:
            await client.wait()
        await asyncio.sleep(INTERVAL)


class Request(asyncio.Protocol):
    """One request, whatever it asks for. It is read to its end: a connection that is closed with something unread is reset."""

    def __init__(self, member):
        self.member = member
        self.head = b""

    def connection_made(self, transport):
        self.transport = transport
        self.limit = asyncio.get_running_loop().call_later(REQUEST, transport.abort)

    def data_received(self, data):
        self.head = (self.head + data).replace(b"\\r\\n", b"\\n")[-4096:]
        if self.head.endswith(b"\\n\\n"):
            self.answer()

    def eof_received(self):
        self.answer()

    def answer(self):
        status, state = self.member.status(asyncio.get_running_loop().time())
        body = "galera: %s\\n" % state
        self.transport.write(
            (
                "HTTP/1.1 %s\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s"
                % (status, len(body.encode()), body)
            ).encode()
        )
        self.transport.close()

    def connection_lost(self, error):
        self.limit.cancel()


async def main(address, port):
    member = Member()
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The address may come later than this program: IP_FREEBIND of Linux.
    listener.setsockopt(socket.SOL_IP, 15, 1)
    listener.bind((address, port))
    await asyncio.get_running_loop().create_server(lambda: Request(member), sock=listener, backlog=128)
    await follow(member)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
`;
}

/** Unit of the endpoint. It always restarts: without it, HAProxy takes the member out of rotation. */
export function healthUnit(host: Pick<Host, 'address'>): string {
  return `# Placed by osha.
[Unit]
Description=Whether this Galera member may be given connections
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=${HEALTH_PROGRAM} ${host.address} ${HEALTH_PORT}
User=${HEALTH_USER}
Restart=always
RestartSec=1
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes

[Install]
WantedBy=multi-user.target
`;
}

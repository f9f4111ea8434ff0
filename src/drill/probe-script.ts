import { quote } from '../operations/shell.ts';
import type { DrillService } from '../playbook/drill.ts';
import type { Sample } from './measure.ts';

/** Milliseconds after which an attempt has failed: clients of a cloud wait longer, its users do not. */
export const SAMPLE_LIMIT_MS = 2_000;

/** A script that runs until it is killed, and its stdin. */
export interface WatchScript {
  readonly script: string;
  readonly input: string;
}

/** A sample and the service that it is of, by its place in the list. */
export interface ServiceSample {
  readonly service: number;
  readonly sample: Sample;
}

/**
 * A script that tries each of `services` once in `everyMs` milliseconds, and prints a line when an attempt has ended: the
 * service's place, start, duration, and 1 or 0. Attempts do not wait for each other: one that hangs hides no other.
 */
export function probeScript(services: readonly DrillService[], everyMs: number): WatchScript {
  const job = { services, everyMs, limitMs: SAMPLE_LIMIT_MS };
  return { script: `exec python3 -c ${quote(PROGRAM)}`, input: JSON.stringify(job) };
}

/** A line of `probeScript`; `undefined` for anything else. */
export function serviceSampleOf(line: string): ServiceSample | undefined {
  const numbers = /^(\d+) (\d+) (\d+) ([01])$/.exec(line)?.slice(1).map(Number);
  if (!numbers) return undefined;
  const [service = 0, startMs = 0, tookMs = 0, answered] = numbers;
  return { service, sample: { startMs, tookMs, answered: answered === 1 } };
}

/** Python's standard library alone. Nobody reads what the services say, so their certificates are not checked. */
const PROGRAM = `
import asyncio, json, ssl, sys, time

job = json.load(sys.stdin)
every, limit = job['everyMs'] / 1000, job['limitMs'] / 1000
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE

async def answers(service, proof):
    writer = None
    try:
        reader, writer = await asyncio.open_connection(
            service['address'], service['port'], ssl=tls if proof.get('tls') else None)
        if proof['kind'] == 'page':
            writer.write(('GET %s HTTP/1.1\\r\\nHost: %s:%d\\r\\nUser-Agent: osha-drill\\r\\nConnection: close\\r\\n\\r\\n'
                % (proof['path'], service['address'], service['port'])).encode())
            words = (await reader.readline()).split()
            return len(words) > 1 and words[0].startswith(b'HTTP/') and int(words[1]) < 500
        if proof['kind'] == 'bytes':
            writer.write(proof.get('send', '').encode('latin-1'))
            return await reader.read(1) != b''
        return True
    except ConnectionRefusedError:
        return proof['kind'] == 'address'
    finally:
        if writer:
            writer.transport.abort()

async def attempt(number, service):
    began = time.monotonic()
    try:
        answered = await asyncio.wait_for(answers(service, service['proof']), limit)
    except Exception:
        answered = False
    took = time.monotonic() - began
    print(number, round(began * 1000), round(took * 1000), int(answered), flush=True)

async def watch(number, service, running):
    # Spread over the interval, so that the services are not all asked at the same moment.
    first = time.monotonic() + every * number / len(job['services'])
    tick = 0
    while True:
        await asyncio.sleep(max(0, first + tick * every - time.monotonic()))
        task = asyncio.create_task(attempt(number, service))
        running.add(task)
        task.add_done_callback(running.discard)
        tick = max(tick, int((time.monotonic() - first) / every)) + 1

async def main():
    running = set()
    await asyncio.gather(*(watch(number, service, running) for number, service in enumerate(job['services'])))

asyncio.run(main())
`;

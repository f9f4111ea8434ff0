import { quote, within } from 'osha';

/** What came of one question. */
export interface HttpStatus {
  /** 0 where nothing answered. */
  readonly status: number;
  readonly seconds: number;
}

/** Whether a service answers as it should. Keystone offers its versions with 300. */
export function isGood({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 400;
}

/** A script that asks a URL and prints what `readStatus` understands. `ca`: on the host, the certificate to trust. */
export function statusScript(url: string, { ca }: { readonly ca?: string } = {}): string {
  const trust = ca === undefined ? '' : ` --cacert ${quote(ca)}`;
  return `curl --silent --output /dev/null --noproxy '*' --max-time ${within('httpAnswer')}${trust} --write-out '%{http_code} %{time_total}' ${quote(url)} || :
printf '\\n'`;
}

/** Reads the line of such a script. */
export function readStatus(line: string): HttpStatus {
  const [status = '', seconds = ''] = line.split(' ');
  return { status: Number(status), seconds: Number(seconds) };
}

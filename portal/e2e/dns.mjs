// A real DNS server (dnsmasq) at the address where the tested server looks for records.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';

const LIMIT_MS = 10_000;

export class Dns {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;

  /** @param {string} address `127.0.0.1:5353` */
  constructor(address) {
    const [host = '', port = ''] = address.split(':');
    this.host = host;
    this.port = Number(port);
  }

  /**
   * Answers these records from now on, and that nothing else is there below `.test`.
   * @param {string[]} records options of dnsmasq: `--txt-record=contoso.test,text`
   */
  async publish(records) {
    await this.close();
    const args = ['-k', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--bind-interfaces', '--local=/test/', '--log-facility=-'];
    const child = spawn('dnsmasq', [...args, `--listen-address=${this.host}`, `--port=${this.port}`, ...(process.getuid?.() === 0 ? ['--user=root'] : []), ...records], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    });
    this.#child = child;
    /** @type {Error | undefined} */
    let failed;
    child.once('error', (error) => (failed = error));
    child.once('exit', (code) => (failed ??= new Error(`dnsmasq ended with ${code}`)));
    const limit = Date.now() + LIMIT_MS;
    while (!(await this.#answers())) {
      if (failed) throw failed;
      if (Date.now() > limit) throw new Error('dnsmasq does not answer');
    }
  }

  /** Whether a question gets any answer within a moment. */
  #answers() {
    return new Promise((resolve) => {
      const socket = createSocket('udp4');
      const end = (/** @type {boolean} */ answered) => {
        clearTimeout(timer);
        socket.close();
        resolve(answered);
      };
      const timer = setTimeout(() => end(false), 200);
      socket.once('message', () => end(true));
      socket.once('error', () => end(false));
      // One question: A of `test`, class IN.
      const question = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1]);
      socket.send(question, this.port, this.host);
    });
  }

  async close() {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill();
    });
  }
}

/**
 * The kinds of machines that packages and images are made for, and what each of our sources calls them.
 */
export interface Machine {
  /** Of Node.js and npm. */
  readonly npm: 'x64' | 'arm64';
  /** Of Debian and of OCI images. */
  readonly debian: 'amd64' | 'arm64';
  /** Of RPM. */
  readonly rpm: 'x86_64' | 'aarch64';
  /** Of folders of libraries and of the GNU tools. */
  readonly triplet: 'x86_64-linux-gnu' | 'aarch64-linux-gnu';
}

export const machines: readonly Machine[] = [
  { npm: 'x64', debian: 'amd64', rpm: 'x86_64', triplet: 'x86_64-linux-gnu' },
  { npm: 'arm64', debian: 'arm64', rpm: 'aarch64', triplet: 'aarch64-linux-gnu' },
];

export const thisMachine: Machine | undefined = machines.find(({ npm }) => npm === process.arch);

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the suites in the guest, on the real driver.

usage: suites.py [--debug [--no-kmemleak]] [--list] [--cpus N] [--without compat] --out DIR
                 [SUITE | NAME]...

SUITE is one of meson's (uapi kernel soft hostile proof examples cli) or compat, which is
uapi with pointers of 32 bits; default: all, on the debug kernel without compat and what
PLAIN_ONLY names. NAME is a test as --list prints it, or a pattern of such. With --cpus
only what runs on a machine of so many processors, and on the debug kernel with one what
LEAKS names. On the debug kernel, the KUnit tests of the driver run last, as guest:kunit,
and what was not freed fails guest:kmemleak; with --no-kmemleak nobody looks, which saves a
third of the time. DIR gets results.json in the form of meson's own log, for
tests/tally.py, and below tests/ what each test printed and what the kernel logged
meanwhile. A kernel report, a process left behind and a skip that skips.txt does not list
fail the test. Exit status: 0 when all passed.
"""
import argparse
import fnmatch
import glob
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tally  # noqa: E402

SUITES = ['uapi', 'compat', 'kernel', 'soft', 'hostile', 'proof', 'examples', 'cli']
# they run compilers, look at sources, need no device or only a soft one: the host's business
HOST_ONLY = ['uapi:header', 'uapi:mutate', 'cli:cli-usage', 'cli:cli-completion',
             'cli:cli-explain', 'cli:cli-search', 'cli:cli-firmware', 'examples:image-files']
# what they show is behind the call, where the caller's pointers are of 64 bits
NOT_COMPAT = ['uapi:reply', 'uapi:isolation', 'uapi:lifetime', 'uapi:thread',
              'uapi:signal', 'uapi:wait', 'uapi:limits', 'uapi:loss']
# too long for a kernel that checks everything, or a measurement of it
PLAIN_ONLY = ['proof:proof-soak', 'kernel:soak', 'cli:cli-bench']
# what it looks for, only a kernel that checks everything sees
DEBUG_MOSTLY = ['kernel:fuzz']
# a million calls, large images and hundreds of rounds take long on an emulated processor
SHORTER = ['proof:proof-hotpath', 'proof:proof-soak', 'examples:programs', 'cli:cli-bench',
           'soft:soft-call', 'soft:soft-reverse', 'uapi:lifetime', 'uapi:signal', 'uapi:thread']
ENVIRONMENT = {name: {'QDA_TEST_SLOW': '1'} for name in SHORTER}
ENVIRONMENT['proof:proof-soak']['QDA_SOAK_CALLS'] = '5000'
PASSED_ON = ['QDA_FUZZ_SEED', 'QDA_FUZZ_SECONDS', 'QDA_SOAK_CALLS', 'QDA_STORM_SECONDS',
             'QDA_UAPI_FILTER', 'QDA_HOSTILE_FILTER']
# what needs two processors, and has a boot of its own with them. All else is client and
# DSP in turns, and a machine of one processor is emulated with a quarter less work
RACES = ['kernel:faults', 'kernel:fuzz', 'kernel:sessions', 'kernel:simloss', 'kernel:unload',
         'uapi:isolation', 'uapi:lifetime', 'uapi:loss', 'uapi:memory', 'uapi:signal',
         'uapi:thread', 'soft:soft-call', 'proof:proof-storm', 'cli:cli-bench']
# of these, what the debug machine of one processor has as well: what is lost with a DSP or
# a module is for kmemleak, which the other one may do without
LEAKS = ['kernel:simloss', 'kernel:unload']
# what an emulated machine takes longer than meson's limits allow for
SLOWER = {'plain': 3, 'debug': 8}
KERNEL_SECONDS = 300
MAX_BOOTS = 12
MAX_LOG = 4 << 20


def out_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Test:
    def __init__(self, name, cmd, env, seconds):
        self.name, self.cmd, self.env, self.seconds = name, cmd, env, seconds
        self.id = re.sub(r'[^A-Za-z0-9.-]', '-', name)

    def script(self):
        lines = [f'export {key}={shlex.quote(value)}'
                 for key, value in self.env.items() if key != 'QDA_DEVICE']
        return '\n'.join(lines + ['exec ' + shlex.join(self.cmd)]) + '\n'


def environment(build):
    """As the test setup in tests/meson.build, but with no soft device to fall back on."""
    return {
        'DSP_LIBRARY_PATH': f'{build}/dsp',
        'QDA_SOFTDSP': f'{build}/dsp/qda-softdsp',
        'QDA_SOFT_LIBRARY': '/nonexistent/no-soft-device-in-the-guest.so',
    }


def wants_compat(words, without):
    if without == 'compat':
        return False
    return not words or any(w.startswith('compat') for w in words)


def find_compat_tests(build):
    """tests/uapi as processes of 32 bits, and the sweep of core calls, as cross.sh armhf
    has built them; their results are a second file to compare."""
    env = environment(build) | {'QDA_UAPI_RESULTS': '/share/compat'}
    tests = []
    for test in json.loads(out_of('meson', 'introspect', '--tests', f'{build}/armhf')):
        name = f'{test["suite"][0].split(":")[-1]}:{test["name"]}'
        if name.startswith('uapi:') and name not in HOST_ONLY + NOT_COMPAT:
            tests.append(Test('compat:' + test['name'], test['cmd'], test['env'] | env,
                              test['timeout']))
    sweep = [f'{build}/armhf/tests/kernel/core-sweep', '/run/dev-cdsp']
    return tests + [Test('compat:sweep', sweep, env, KERNEL_SECONDS)]


def find_tests(build, compat=False):
    """What meson calls a test, and the kernel-only programs, which it does not."""
    env = environment(build)
    # the command line's tests are for bash, Python and GNU's tools
    sysroot = out_of(f'{HERE}/sysroot.sh').strip()
    tools = {
        'PATH': ':'.join([f'{sysroot}/usr/bin', f'{sysroot}/bin', '/usr/bin', '/bin',
                          '/usr/sbin', '/sbin']),
        'LD_LIBRARY_PATH': ':'.join(f'{sysroot}{lib}/aarch64-linux-gnu'
                                    for lib in ('/usr/lib', '/lib')),
        'PYTHONHOME': f'{sysroot}/usr',
    }
    tests = []
    for test in json.loads(out_of('meson', 'introspect', '--tests', build)):
        suite = test['suite'][0].split(':')[-1]
        name = f'{suite}:{test["name"]}'
        if suite in SUITES and name not in HOST_ONLY:
            cmd = [os.path.normpath(w) if w.startswith('/') else w for w in test['cmd']]
            if os.path.basename(cmd[0]) == 'bash':
                cmd[0] = f'{sysroot}/bin/bash'
                test['env'] |= tools
            tests.append(Test(name, cmd, test['env'] | env, test['timeout']))
    for target in json.loads(out_of('meson', 'introspect', '--targets', build)):
        sources = [s for t in target['target_sources'] for s in t.get('sources', [])]
        if target['type'] == 'executable' and '/tests/kernel/' in target['defined_in'] \
                and any(os.path.basename(s).startswith('test-') for s in sources):
            name = 'kernel:' + target['name'].removeprefix('kernel-')
            tests.append(Test(name, target['filename'][:1], env, KERNEL_SECONDS))
    if compat:
        tests += find_compat_tests(build)
    passed_on = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    for test in tests:
        test.env |= ENVIRONMENT.get(test.name, {}) | passed_on
    return sorted(tests, key=lambda t: SUITES.index(t.name.split(':')[0]))


def cpus_of(test):
    return 2 if test.name in RACES else 1


def is_for(test, cpus, variant):
    if cpus == 1 and variant == 'debug' and test.name in LEAKS:
        return True
    return cpus in (None, cpus_of(test))


def choose(tests, words, variant):
    chosen = []
    for test in tests:
        suite = test.name.split(':')[0]
        if words and not any(w in (suite, test.name) or fnmatch.fnmatch(test.name, w)
                             for w in words):
            continue
        if variant == 'debug' and test.name in PLAIN_ONLY and test.name not in words:
            continue
        if variant == 'debug':
            test.env['QDA_TEST_SLOW'] = '1'
        elif test.name in DEBUG_MOSTLY:
            test.env = {'QDA_FUZZ_SECONDS': '2'} | test.env
        chosen.append(test)
    return chosen


# --- booting ---------------------------------------------------------------------

class Guest:
    """One boot after the other until every test of the plan has a status."""

    def __init__(self, out, variant, build, tests, options, only_cpus):
        self.out, self.variant, self.build, self.tests = out, variant, build, tests
        self.options, self.only_cpus = options, only_cpus
        self.dir = os.path.join(out, 'tests')
        self.start = Test('guest:start', [], {}, 120)
        self.end = Test('guest:end', [], {}, 120)
        self.leaks = []
        self.process = None
        os.makedirs(self.dir, exist_ok=True)
        for name in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, name))
        for test in tests:
            with open(f'{self.dir}/{test.id}.sh', 'w', encoding='utf-8') as file:
                file.write(test.script())
        with open(f'{self.dir}/environment', 'w', encoding='utf-8') as file:
            for key, value in environment(build).items():
                file.write(f'export {key}={shlex.quote(value)}\n')
        shutil.copy(f'{HERE}/guest.sh', out)
        for results in ('uapi', 'compat'):
            open(f'{out}/{results}', 'w', encoding='utf-8').close()
        if os.path.exists(f'{out}/results.json'):
            os.unlink(f'{out}/results.json')

    def path(self, test, end):
        return f'{self.dir}/{test.id}.{end}'

    def read(self, test, end):
        try:
            with open(self.path(test, end), encoding='utf-8', errors='replace') as file:
                text = file.read(MAX_LOG + 1)
        except FileNotFoundError:
            return ''
        return text if len(text) <= MAX_LOG else text[:MAX_LOG] + '\n(cut here)\n'

    def is_done(self, test):
        return os.path.exists(self.path(test, 'status'))

    def seconds(self, test):
        return test.seconds * SLOWER[self.variant]

    def run(self):
        boot, todo = 0, self.tests
        while todo and boot < MAX_BOOTS:
            cpus = self.cpus(todo[0])
            self.boot([t for t in todo if self.cpus(t) == cpus], boot, cpus)
            todo = [t for t in self.tests if not self.is_done(t)]
            boot += 1
        for test in todo:
            self.give_up(test, f'not run: the guest was booted {MAX_BOOTS} times')

    def cpus(self, test):
        return self.only_cpus or cpus_of(test)

    def give_up(self, test, why):
        with open(self.path(test, 'why'), 'a', encoding='utf-8') as file:
            file.write(why + '\n')
        with open(self.path(test, 'status'), 'w', encoding='utf-8') as file:
            file.write('125\n')

    def boot(self, todo, boot, cpus):
        plan = [self.start] + todo + [self.end]
        for test in (self.start, self.end):
            if self.is_done(test) and not self.read(test, 'why'):
                os.unlink(self.path(test, 'status'))
        with open(f'{self.dir}/plan', 'w', encoding='utf-8') as file:
            for test in plan:
                if not self.is_done(test):
                    file.write(f'{test.id} {self.seconds(test)} {test.name}\n')
        command = [f'{HERE}/run.sh', '--out', self.out, '--any-log', '--cpus', str(cpus),
                   '--show', TOP, '--show', self.build,
                   '--show', out_of(f'{HERE}/sysroot.sh').strip(), '--timeout', '36000']
        command += self.options
        if any(test.name.startswith('compat:') for test in todo):
            command += ['--show', out_of(f'{HERE}/sysroot.sh', 'armhf').strip()]
        status = self.attend(command + ['--', 'exec sh /share/guest.sh all'],
                             {test.id: test for test in plan})
        for log in ('kernel.log', 'kmemleak'):
            if os.path.exists(f'{self.out}/{log}'):
                os.replace(f'{self.out}/{log}', f'{self.out}/{log}.{boot}')
        self.leaks.append(self.read_leaks(boot))
        if status in (0, 75):
            return
        why = {124: 'the guest hangs'}.get(status, f'the guest ended here ({status})')
        current = next((t for t in plan if not self.is_done(t)), None)
        if current:
            log = f'{self.out}/kernel.log.{boot}'
            self.give_up(current, why + last_lines(log, 15))
        if current is self.start:
            for test in todo:
                self.give_up(test, 'the guest did not start')

    def read_leaks(self, boot):
        try:
            with open(f'{self.out}/kmemleak.{boot}', encoding='utf-8',
                      errors='replace') as file:
                return file.read(MAX_LOG)
        except FileNotFoundError:
            return ''

    def attend(self, command, plan):
        """Show how far it is; end a guest from which nothing comes any more."""
        # its own group, so that a terminal's Ctrl-C is handled here, once; not its own
        # session, as Linux shares processors between those (autogroups) before it looks
        # at the niceness of the guests that run at the same time
        with open(f'{self.out}/run.log', 'w', encoding='utf-8') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT,
                                            process_group=0)
        # building is not limited here
        seen, current, since = 0, None, time.monotonic()
        while True:
            try:
                self.process.wait(0.5)
                ended = True
            except subprocess.TimeoutExpired:
                ended = False
            with open(f'{self.out}/run.log', encoding='utf-8', errors='replace') as log:
                lines = log.read().split('\n')
            for line in lines[seen:-1]:
                match = re.match(r'@@ (\S+) ', line)
                if match and match.group(1) in plan:
                    self.told(current)
                    current, since = plan[match.group(1)], time.monotonic()
                elif not line.startswith('@@'):
                    print(f'  {line}', flush=True)
            seen = len(lines) - 1
            if ended:
                self.told(current)
                return self.process.returncode
            if current and time.monotonic() - since > self.seconds(current) + 120:
                self.stop()
                return 124

    def told(self, test):
        if test and self.is_done(test):
            good = not verdict(self, test)
            print(f'  {test.name}: {"passed" if good else "FAILED"}', flush=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def last_lines(path, count):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return '; '.join([''] + [line.strip() for line in file][-count:])
    except FileNotFoundError:
        return ''


# --- judging -----------------------------------------------------------------------

def verdict(guest, test):
    """Sentences that say why the test failed; none if it did not."""
    why = [line for line in guest.read(test, 'why').splitlines() if line.strip()]
    status = int(guest.read(test, 'status') or 125)
    if status == 124:
        why.insert(0, f'not finished after {guest.seconds(test)} s')
    elif status not in (0, 77):
        why.insert(0, f'exit status {status}')
    return why


def read_skips(path):
    """{(test, case): reason}; a line is "TEST CASE[ VARIANT]: REASON"."""
    skips = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                what, _, reason = line.strip().partition(': ')
                words = what.split()
                if len(words) < 2 or not reason:
                    sys.exit(f'{path}: "{line.strip()}": TEST CASE: REASON')
                skips[tuple(words)] = reason
    return skips


def judge(guest, tests, skips):
    """Results as meson's log has them, one dictionary per test."""
    results = []
    used = set()
    for test in tests:
        text = guest.read(test, 'out')
        why = verdict(guest, test)
        cases = tally.cases(text)
        # what is skipped there is skipped with pointers of 32 bits too
        name = test.name.replace('compat:', 'uapi:')
        if guest.read(test, 'status').strip() == '77':
            cases['(all)'] = 'skip'
        for case, what in cases.items():
            if what != 'skip':
                continue
            key = next((k for part in (case, '(all)') for k in
                        [(name, part), (name, part, guest.variant)]
                        if k in skips), None)
            if key:
                used.add(key)
            else:
                why.append(f'{case} was skipped, and tests/vm/skips.txt does not say so: '
                           + tally.skip_reason(text, case))
        for key in skips:
            if key[0] == name and key not in used and \
                    key[2:] in ((), (guest.variant,)) and not why:
                why.append(f'stale line in tests/vm/skips.txt: {" ".join(key)}')
        results.append({
            'name': test.name, 'result': 'FAIL' if why else 'OK', 'why': '; '.join(why),
            'stdout': text, 'stderr': '',
        })
    known = {test.name for test in find_tests(guest.build)}
    for key in skips:
        if key[0] not in known:
            results.append({'name': 'skips.txt', 'result': 'FAIL', 'stdout': '',
                            'why': f'tests/vm/skips.txt names no test: {key[0]}'})
    return results


def judge_kunit(guest):
    """The driver's own tests; none of its suites may be missing."""
    ktap = re.findall(r'(?m)^\[[^]]*\] *((?:not )?ok \d+ (qda_\w+).*)$',
                      guest.read(guest.end, 'kmsg'))
    passed = {name for line, name in ktap if line.startswith('ok') and 'SKIP' not in line}
    wanted = [name for _, name in ktap]
    for path in glob.glob(f'{TOP}/kernel/qda/qda_*_kunit.c'):
        with open(path, encoding='utf-8') as file:
            wanted += re.findall(r'(?m)^\s+\.name = "(qda_[a-z]+)",$', file.read())
    bad = [f'{name} did not pass' for name in wanted if name not in passed]
    return {'name': 'guest:kunit', 'result': 'OK' if wanted and not bad else 'FAIL',
            'why': ', '.join(bad) or 'the driver has no suite', 'stderr': '',
            'stdout': '\n'.join(line for line, name in ktap if name.startswith('qda_test_'))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--debug', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--out', default='')
    parser.add_argument('--without', choices=['compat'], help='leave this suite out')
    parser.add_argument('--cpus', type=int, choices=[1, 2])
    parser.add_argument('--no-kmemleak', action='store_true')
    parser.add_argument('what', nargs='*')
    args = parser.parse_args()
    variant = 'debug' if args.debug else 'plain'
    if args.no_kmemleak and not args.debug:
        parser.error('--no-kmemleak is about the debug kernel (--debug)')

    build = os.environ.get('QDA_VM_BUILD') or f'{TOP}/build-vm'
    subprocess.run([f'{HERE}/cross.sh', build], check=True, stdout=subprocess.DEVNULL)
    compat = wants_compat(args.what, args.without)
    if compat:
        subprocess.run([f'{HERE}/cross.sh', build, 'armhf'], check=True,
                       stdout=subprocess.DEVNULL)
    tests = [test for test in choose(find_tests(build, compat), args.what, variant)
             if is_for(test, args.cpus, variant)]
    if args.list:
        print('\n'.join(test.name for test in tests))
        return 0
    if not tests:
        sys.exit(f'suites.py: no test is called {" or ".join(args.what)}')
    if not args.out:
        parser.error('--out is missing')

    options = ['--debug'] * args.debug + ['--no-kmemleak'] * args.no_kmemleak
    guest = Guest(os.path.abspath(args.out), variant, build, tests, options, args.cpus)

    def interrupted(number, _frame):
        guest.stop()
        sys.exit(128 + number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    guest.run()

    results = judge(guest, [guest.start] + tests + [guest.end], read_skips(
        f'{HERE}/skips.txt'))
    if variant == 'debug':
        results.append(judge_kunit(guest))
    if variant == 'debug' and not args.no_kmemleak:
        leaks = '\n'.join(filter(None, guest.leaks))
        results.append({'name': 'guest:kmemleak', 'result': 'FAIL' if leaks else 'OK',
                        'why': 'unreferenced objects', 'stdout': leaks})
    with open(f'{args.out}/results.json', 'w', encoding='utf-8') as file:
        for result in results:
            file.write(json.dumps(result) + '\n')
    bad = [result for result in results if result['result'] != 'OK']
    for result in bad:
        print(f'{result["name"]}: {result["why"]}')
        for case, what in tally.cases(result['stdout']).items():
            if what == 'fail':
                print(f'  {case}')
    print(f'{len(results) - len(bad)} of {len(results)} programs passed in the {variant} guest')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

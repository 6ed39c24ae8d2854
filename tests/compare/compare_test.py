#!/usr/bin/env python3
"""usage: compare_test.py COMPARE

Compares programs that are scripts: each writes the next of its lists of records and notes that it ran.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

COMPARE = ''
FAKE = '''#!/usr/bin/env python3
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / 'order', 'a') as order:
    order.write({name!r} + ' ')
count = here / {name!r}'.count'
run = int(count.read_text()) if count.exists() else 0
count.write_text(str(run + 1))
runs = {runs!r}
if runs[run] is None:
    sys.exit('it broke')
assert sys.argv[1:3] == ['bench', 'conv'], sys.argv
pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text(json.dumps({{'records': runs[run]}}))
'''


def record(case, seconds, cpu_seconds=1.0, channels=16):
    return {'scene': 'plane', 'group': 'conv', 'case': case, 'in_channels': channels, 'out_channels': channels,
            'dtype': 'f32', 'threads': 1, 'seconds': {'median': seconds}, 'cpu_seconds': cpu_seconds}


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix='voxloom-compare-')
        self.addCleanup(self.folder.cleanup)

    def program(self, name, runs):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(FAKE.format(name=name, runs=runs))
        path.chmod(0o755)
        return str(path)

    def compare(self, old, new, *options):
        return subprocess.run([sys.executable, COMPARE, old, new, *options, '--', 'conv'], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def test_ratios_are_medians_over_the_rounds(self):
        # The machine slows down in the second round, for both: ratios do not see it.
        old = self.program('old', [[record('a', 1.0, 2.0)], [record('a', 4.0, 2.0)], [record('a', 2.0, 2.0)]])
        new = self.program('new', [[record('a', 0.5, 1.0)], [record('a', 1.0, 1.0)], [record('a', 1.8, 1.0)]])
        done = self.compare(old, new, '--rounds', '3')
        self.assertEqual(done.returncode, 0, done.stderr)
        header, row = done.stdout.splitlines()
        self.assertIn('ratio', header)
        self.assertEqual(row.split(), ['plane', 'a', '16->16', 'f32', '1', '2000.000', '1000.000', '0.500',
                                       '0.25', '..', '0.90', '0.500'])

    def test_the_order_changes_from_round_to_round(self):
        runs = [[record('a', 1.0)]] * 3
        self.compare(self.program('old', runs), self.program('new', runs), '--rounds', '3')
        order = (pathlib.Path(self.folder.name) / 'order').read_text().split()
        self.assertEqual(order, ['old', 'new', 'new', 'old', 'old', 'new'])

    def test_only_shared_cases(self):
        old = self.program('old', [[record('a', 1.0), record('b', 1.0)]])
        new = self.program('new', [[record('b', 1.0), record('b', 1.0, channels=32)]])
        done = self.compare(old, new, '--rounds', '1')
        self.assertEqual([line.split()[1] for line in done.stdout.splitlines()[1:]], ['b'])
        other = self.program('other', [[record('c', 1.0)]])
        done = self.compare(self.program('old2', [[record('a', 1.0)]]), other, '--rounds', '1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('no case in common', done.stderr)

    def test_failures(self):
        good, broken = self.program('good', [[record('a', 1.0)]]), self.program('broken', [None])
        done = self.compare(good, broken, '--rounds', '1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('it broke', done.stderr)
        self.assertEqual(self.compare(good, os.path.join(self.folder.name, 'missing')).returncode, 1)
        self.assertEqual(self.compare(good, good, '--rounds', '0').returncode, 2)


if __name__ == '__main__':
    COMPARE = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)

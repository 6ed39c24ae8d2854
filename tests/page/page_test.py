#!/usr/bin/env python3
"""usage: page_test.py VOXLOOM

Makes a page with `voxloom view` and uses it in headless Chromium as a reader would. Exit code 77: there
is no browser here.
"""
import os
import subprocess
import sys
import tempfile
import unittest

from browser import Browser, is_installed

VOXLOOM = ''
VIEW_WIDTH = 460  # what the panel leaves of the window
CLASSES = {'slab': (255, 0, 0), 'wall': (0, 255, 0), 'ball': (0, 0, 255)}
# Ends the script that it is written into, unless the writer sees to that.
TITLE = '</script><script>document.title="broken"</script> & <b>cloud</b>'


def cloud_lines():
    """Three shapes side by side, thick with points; one point more, of no class."""
    for i in range(80):
        for j in range(80):
            u, v = i / 40 - 1, j / 40 - 1
            yield f'{u:.3f},{v + 3:.3f},0,{i},0'
            yield f'{u:.3f},{v:.3f},{0.5 + 0.1 * u:.3f},{i},1'
            yield f'{u:.3f},{v - 3:.3f},1,{i},2'
    yield '0,0,2,0,9'


def write_inputs(folder):
    with open(f'{folder}/cloud.csv', 'w') as file:
        file.write('x,y,z,intensity,label\n' + '\n'.join(cloud_lines()) + '\n')
    rows = ','.join(f'{{"name": "{name}", "color": {list(color)}}}' for name, color in CLASSES.items())
    with open(f'{folder}/classes.json', 'w') as file:
        file.write(f'{{"classes": [{rows}], "ignored": [9]}}')


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='voxloom-page-')
        write_inputs(cls.folder.name)
        cls.path = f'{cls.folder.name}/page.html'
        subprocess.run([VOXLOOM, 'view', f'{cls.folder.name}/cloud.csv', '--out', cls.path, '--title', TITLE,
                        '--classes', f'{cls.folder.name}/classes.json'], check=True, stdout=subprocess.DEVNULL)
        cls.browser = Browser(f'{cls.folder.name}/profile')

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.open(self.path)
        self.browser.wait('return document.documentElement.dataset.state !== undefined')
        self.settle()
        self.browser.click('#lighting')  # colours as they are
        self.settle()

    def settle(self):
        """Until what was asked for is on the screen, with all points."""
        self.browser.run('window.frames_ = 0; const count = () => { ++window.frames_; requestAnimationFrame(count); };'
                         'setTimeout(count, 250);')
        self.browser.wait('return window.frames_ >= 3')

    def view(self):
        """The pixels left of the panel."""
        return [row[:VIEW_WIDTH] for row in self.browser.pixels()]

    def count(self, color):
        return sum(row.count(color) for row in self.view())

    def test_loads_without_errors_and_draws(self):
        self.assertEqual(self.browser.run('return document.documentElement.dataset.state'), 'drawn')
        self.assertEqual([entry for entry in self.browser.log() if entry['level'] == 'SEVERE'], [])
        for name, color in CLASSES.items():
            self.assertGreater(self.count(color), 500, name)
        self.assertEqual(self.browser.text('#title'), TITLE)
        self.assertEqual(self.browser.run('return document.title'), TITLE)
        self.assertEqual(self.browser.text('#summary'), '19,201 points')

    def test_a_class_is_hidden_and_comes_back(self):
        self.browser.click('input[data-name="wall"]')
        self.settle()
        self.assertEqual(self.count(CLASSES['wall']), 0)
        self.assertGreater(self.count(CLASSES['slab']), 500)
        self.assertEqual(self.browser.run('return document.documentElement.dataset.shown'), '12801')
        self.browser.click('#none')
        self.settle()
        for color in CLASSES.values():
            self.assertEqual(self.count(color), 0)
        self.browser.click('#all')
        self.settle()
        for color in CLASSES.values():
            self.assertGreater(self.count(color), 500)

    def test_counts_and_points_of_no_class(self):
        rows = self.browser.run(
            'return [...document.querySelectorAll("#class-list li label")].map((row) => row.innerText)')
        self.assertEqual(sorted(row.split('\n') for row in rows),
                         [['ball', '6,400'], ['no class', '1'], ['slab', '6,400'], ['wall', '6,400']])

    def test_colours_by_height_and_value(self):
        for name in ('height', 'intensity'):
            self.browser.type('#color-by', name)
            self.settle()
            for color in CLASSES.values():
                self.assertEqual(self.count(color), 0, name)
            self.assertGreater(float(self.browser.text('#scale-high').split()[0]),
                               float(self.browser.text('#scale-low').split()[0]))

    def test_turns_and_zooms(self):
        before = self.view()
        self.browser.drag((150, 120), (250, 160))
        self.settle()
        self.assertTrue(before != self.view(), 'the view has turned')
        red = self.count(CLASSES['slab'])
        self.browser.run('document.getElementById("view").dispatchEvent(new WheelEvent("wheel",'
                         '{deltaY: 500, bubbles: true, cancelable: true}))')
        self.settle()
        self.assertLess(self.count(CLASSES['slab']), red)
        self.browser.click('#reset')
        self.settle()
        self.assertTrue(before == self.view(), 'the view is as it was')

    def test_tells_of_a_point_under_the_mouse(self):
        pixels = self.view()
        place = next((x, y) for y, row in enumerate(pixels) for x in range(VIEW_WIDTH)
                     if row[x] == CLASSES['ball'] and pixels[y + 3][x] == CLASSES['ball'])
        self.browser.drag(place, place)
        self.browser.wait('return !document.getElementById("picked").hidden')
        picked = self.browser.text('#picked').split('\n')
        facts = dict(zip(picked[::2], picked[1::2]))
        self.assertEqual(facts['class'], 'ball')
        self.assertEqual(facts['x y z'].split()[2], '1.00')


if __name__ == '__main__':
    VOXLOOM = os.path.abspath(sys.argv.pop())
    if not is_installed():
        print('skipped: there is no chromium with its driver')
        sys.exit(77)
    unittest.main(verbosity=2)

#!/usr/bin/env python3
"""usage: page_test.py VOXLOOM

Makes pages with `voxloom view` and uses them in headless Chromium as a reader would. Exit code 77: there
is no browser here.
"""
import math
import os
import subprocess
import sys
import tempfile
import unittest

import clouds
from browser import Browser, decode_png, is_installed

VOXLOOM = ''
VIEW_WIDTH = 460  # what the panel leaves of the window
CLASSES = clouds.CLASSES
ESCAPE, ENTER, HOME = '\ue00c', '\ue007', '\ue011'
# Ends the script that it is written into, unless the writer sees to that.
TITLE = '</script><script>document.title="broken"</script> & <b>cloud</b>'


class PageTest(unittest.TestCase):
    """A cloud as `write` makes it, and its page."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='voxloom-page-')
        cls.path, cls.cloud = f'{cls.folder.name}/page.html', f'{cls.folder.name}/cloud.csv'
        cls.downloads = f'{cls.folder.name}/downloads'
        os.mkdir(cls.downloads)
        options = cls.write()
        subprocess.run([VOXLOOM, 'view', cls.cloud, '--out', cls.path, '--title', TITLE, '--classes',
                        f'{cls.folder.name}/classes.json', *options], check=True, stdout=subprocess.DEVNULL)
        cls.browser = Browser(f'{cls.folder.name}/profile', cls.downloads)

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
        self.pixels = None

    def press(self, keys):
        for key in keys:
            self.browser.press(key)
        self.settle()

    def click(self, selector):
        self.browser.click(selector)
        self.settle()

    def choose(self, selector, option):
        self.browser.run('const list = document.querySelector(arguments[0]); list.value = arguments[1];'
                         'list.dispatchEvent(new Event("change"))', selector, option)
        self.settle()

    def view(self, begin=0, end=VIEW_WIDTH):
        """The pixels left of the panel."""
        if self.pixels is None:
            self.pixels = self.browser.pixels()
        return [row[begin:end] for row in self.pixels]

    def places_of(self, color, pixels=None):
        return [(x, y) for y, row in enumerate(pixels or self.view()) for x, pixel in enumerate(row) if pixel == color]

    def count(self, color, pixels=None):
        return sum(row.count(color) for row in pixels or self.view())

    def facts(self, selector):
        """A list of names and values."""
        lines = self.browser.text(selector).split('\n')
        return dict(zip(lines[::2], lines[1::2]))

    def half(self):
        """How wide each of two views is."""
        return self.browser.run('return document.getElementById("panel").getBoundingClientRect().left') // 2

    def shown(self):
        return int(self.browser.run('return document.documentElement.dataset.shown'))

    def is_visible(self, selector):
        return self.browser.run('return document.querySelector(arguments[0]).checkVisibility()', selector)


class Shapes(PageTest):
    @classmethod
    def write(cls):
        clouds.write_shapes(cls.cloud)
        clouds.write_classes(f'{cls.folder.name}/classes.json', CLASSES, [clouds.NO_CLASS])
        # Another column of labels would be compared.
        with open(cls.cloud) as file:
            lines = [line.rsplit(',', 1)[0] for line in file]
        with open(cls.cloud, 'w') as file:
            file.write('\n'.join(lines) + '\n')
        return []

    def test_loads_without_errors_and_draws(self):
        self.assertEqual(self.browser.run('return document.documentElement.dataset.state'), 'drawn')
        self.assertEqual([entry for entry in self.browser.log() if entry['level'] == 'SEVERE'], [])
        for name, color in CLASSES.items():
            self.assertGreater(self.count(color), 500, name)
        self.assertEqual(self.browser.text('#title'), TITLE)
        self.assertEqual(self.browser.run('return document.title'), TITLE)
        self.assertEqual(self.browser.text('#summary'), '19,201 points')
        self.assertFalse(self.is_visible('#differing'), 'there is nothing to differ from')

    def test_a_class_is_hidden_and_comes_back(self):
        self.click('input[data-name="wall"]')
        self.assertEqual(self.count(CLASSES['wall']), 0)
        self.assertGreater(self.count(CLASSES['slab']), 500)
        self.assertEqual(self.shown(), 12801)
        self.click('#none')
        for color in CLASSES.values():
            self.assertEqual(self.count(color), 0)
        self.click('#all')
        for color in CLASSES.values():
            self.assertGreater(self.count(color), 500)

    def test_counts_and_points_of_no_class(self):
        rows = self.browser.run(
            'return [...document.querySelectorAll("#class-list li label")].map((row) => row.innerText)')
        self.assertEqual(sorted(row.split('\n') for row in rows),
                         [['ball', '6,400'], ['no class', '1'], ['slab', '6,400'], ['wall', '6,400']])

    def test_colours_by_height_and_value(self):
        for name in ('height', 'intensity'):
            self.choose('#color-by', name)
            for color in CLASSES.values():
                self.assertEqual(self.count(color), 0, name)
            self.assertGreater(float(self.browser.text('#scale-high')), float(self.browser.text('#scale-low')))

    def test_says_no_unit_that_nobody_told(self):
        self.assertEqual(self.browser.text('#grid-label'), 'Grid of 0.5')
        self.choose('#color-by', 'height')
        self.assertEqual(self.browser.text('#scale-high'), '1')

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
        self.click('#whole')
        self.assertTrue(before == self.view(), 'the view is as it was')

    def test_fingers_turn_and_zoom(self):
        before, wall = self.view(), self.places_of(CLASSES['wall'])
        x, y = (sum(place) // len(wall) for place in zip(*wall))
        self.browser.drag((150, 120), (250, 160), 'touch')
        self.settle()
        self.assertTrue(before != self.view(), 'one finger has turned the view')
        self.press([HOME])
        self.browser.drag_together([((x - 20, y), (x - 50, y)), ((x + 20, y), (x + 50, y))])
        self.settle()
        self.assertGreater(self.count(CLASSES['wall']), 2 * len(wall), 'two have drawn it apart')
        self.assertFalse(self.is_visible('#picked'), 'which is no click')

    def test_tells_of_a_point_under_the_mouse(self):
        pixels = self.view()
        place = next((x, y) for x, y in self.places_of(CLASSES['ball'], pixels)
                     if pixels[y + 3][x] == CLASSES['ball'])
        for kind in ('mouse', 'touch'):
            self.browser.drag(place, place, kind)
            self.browser.wait('return !document.getElementById("picked").hidden')
            facts = self.facts('#picked')
            self.assertEqual(facts['class'], 'ball')
            self.assertEqual(facts['x y z'].split()[2], '1.000')
            self.press([ESCAPE])
            self.assertFalse(self.is_visible('#picked'))

    def test_finds_a_class_by_its_name(self):
        before = self.places_of(CLASSES['wall'])
        self.press(['/'])
        self.browser.type('#class-search', 'WA')
        rows = self.browser.run('return [...document.querySelectorAll("#class-list li")]'
                                '.filter((row) => row.checkVisibility()).map((row) => row.querySelector(".name").innerText)')
        self.assertEqual(rows, ['wall'])
        self.assertEqual(self.shown(), 19201, 'not yet')
        self.press([ENTER])
        self.assertEqual(self.shown(), 6400)
        self.assertEqual([self.count(CLASSES[other]) for other in ('slab', 'ball')], [0, 0])
        found = self.places_of(CLASSES['wall'])
        self.assertGreater(len(found), 2 * len(before), 'the view went there')
        xs, ys = [x for x, _ in found], [y for _, y in found]
        self.assertGreater(min(xs), 0)
        self.assertLess(max(xs), VIEW_WIDTH)
        self.assertGreater(min(ys), 0)
        self.browser.type('#class-search', 'x')
        self.assertTrue(self.is_visible('#no-match'))
        self.press([ENTER])
        self.assertEqual(self.shown(), 6400, 'nothing was found to be shown alone')
        self.press([ESCAPE])
        self.assertFalse(self.is_visible('#no-match'))
        self.assertEqual(self.shown(), 19201)

    def test_goes_to_a_class_of_the_list(self):
        self.browser.run('[...document.querySelectorAll("#class-list li")].find((row) =>'
                         'row.innerText.includes("ball")).querySelector("button.go").click()')
        self.settle()
        self.assertEqual(self.shown(), 6400)
        self.assertGreater(self.count(CLASSES['ball']), 5000)

    def test_two_colourings_side_by_side(self):
        self.choose('#beside', 'intensity')
        left, right = self.view(0, self.half()), self.view(self.half())
        for color in CLASSES.values():
            self.assertGreater(self.count(color, left), 100)
            self.assertEqual(self.count(color, right), 0)
        self.press(['b'])
        self.assertGreater(self.count(CLASSES['ball'], self.view(self.half())), 100, 'one view again')

    def test_panel_folds(self):
        def is_beside():  # drawn where the panel was
            return sum(self.count(color, self.view(540, 740)) for color in CLASSES.values()) > 0

        self.assertTrue(self.is_visible('#summary'))
        self.press(['p', HOME])
        self.assertFalse(self.is_visible('#summary'))
        self.assertTrue(is_beside(), 'the view has the room')
        self.click('#fold')
        self.press([HOME])
        self.assertTrue(self.is_visible('#summary'))
        self.assertFalse(is_beside())

    def test_saves_a_picture_of_the_view(self):
        screen = self.view()
        self.click('#save')
        name = 'script_script_document.title_broken_script_b_cloud_b.png'
        path = f'{self.downloads}/{name}'
        for _ in range(100):
            if os.path.exists(path):
                break
            self.settle()
        self.assertEqual(os.listdir(self.downloads), [name])
        with open(path, 'rb') as file:
            picture = decode_png(file.read())
        self.assertEqual(len(picture), len(screen))
        self.assertLess(len(picture[0]), 480, 'without what the panel hides')
        top = range(len(screen) // 2)
        unshaded = VIEW_WIDTH - 60  # by the panel
        self.assertTrue([picture[y][:unshaded] for y in top] == [screen[y][:unshaded] for y in top], 'as on the screen')
        for color in CLASSES.values():
            key = [(x, y) for x, y in self.places_of(color, picture) if x < 26 and y > len(picture) - 120]
            self.assertGreaterEqual(len(key), 144, 'the legend has the colour')


class Compared(PageTest):
    @classmethod
    def write(cls):
        clouds.write_shapes(cls.cloud)
        clouds.write_classes(f'{cls.folder.name}/classes.json', CLASSES, [clouds.NO_CLASS])
        return ['--unit', 'ft']

    def halves(self, left_color, right_color):
        """Where the halves have these colours, each from its own left edge."""
        pixels = self.view(0, 2 * self.half())
        return (self.places_of(left_color, [row[:self.half()] for row in pixels]),
                self.places_of(right_color, [row[self.half():] for row in pixels]))

    def test_counts_what_differs(self):
        self.assertEqual(self.browser.text('#difference-count'), '1,600 of 19,200 points with both differ (8.3 %)')
        self.assertEqual(self.facts('#confusions'), {'truth → label': 'points', 'wall → slab': '1,600'})

    def test_shows_differences_in_both_halves_from_one_camera(self):
        self.press(['b', 'd', 'd'])  # beside it; marked, alone
        self.assertEqual(self.shown(), clouds.CONFUSED)
        slab, wall = CLASSES['slab'], CLASSES['wall']
        for way in ((150, 120), (180, 140)), ((330, 200), (300, 150)):  # in the left half, and in the right one
            left, right = self.halves(slab, wall)
            self.assertGreater(len(left), 50)
            # Which of two pixels a point at their edge fills may depend on where the half lies.
            self.assertLess(len(set(left) ^ set(right)), 0.03 * len(left), 'the same points, in other colours')
            self.assertEqual(self.halves(wall, slab), ([], []))
            self.browser.drag(*way)
            self.settle()

    def test_marks_differences(self):
        self.press(['d'])
        self.assertGreater(self.count(CLASSES['slab']), 100)
        self.assertEqual([self.count(CLASSES[one]) for one in ('wall', 'ball')], [0, 0])
        self.assertEqual(self.shown(), 19201, 'the others are there, without colour')
        self.press(['d', 'd'])
        self.assertGreater(self.count(CLASSES['ball']), 500)

    def test_each_half_hides_what_it_calls_so(self):
        self.press(['b'])
        self.click('input[data-name="wall"]')
        self.choose('#differences', 'alone')
        left, right = self.halves(CLASSES['slab'], CLASSES['wall'])
        self.assertGreater(len(left), 50)
        self.assertEqual(right, [])
        self.assertEqual(self.shown(), clouds.CONFUSED)

    def test_tells_both_classes_of_a_point(self):
        self.press(['b', 'd', 'd'])
        _, right = self.halves(CLASSES['slab'], CLASSES['wall'])
        x, y = right[len(right) // 2]
        self.browser.drag((x + self.half(), y), (x + self.half(), y))
        self.settle()
        facts = self.facts('#picked')
        self.assertEqual((facts['label'], facts['truth']), ('slab', 'wall'))

    def test_says_the_unit_it_was_told(self):
        self.assertEqual(self.browser.text('#grid-label'), 'Grid of 0.5 ft')
        self.choose('#color-by', 'height')
        self.assertEqual(self.browser.text('#scale-high'), '1 ft')


class Corners(PageTest):
    @classmethod
    def write(cls):
        clouds.write_corners(cls.cloud)
        clouds.write_classes(f'{cls.folder.name}/classes.json', clouds.corner_classes())
        return ['--unit', 'm']

    def seen_corners(self, pixels=None):
        # The panel throws a shadow on what is close to it.
        pixels = {pixel for row in pixels or self.view() for pixel in row}
        return sum(any(max(abs(a - b) for a, b in zip(pixel, color)) < 40 for pixel in pixels)
                   for color in clouds.CORNER_COLORS)

    def test_whole_cloud_is_every_point(self):
        self.assertLess(self.seen_corners(), 8, 'opens where most points are')
        self.click('#whole')
        self.assertEqual(self.seen_corners(), 8)
        self.press(['t'])
        self.assertEqual(self.seen_corners(), 8)
        self.press(['c'])
        self.assertLess(self.seen_corners(), 8)
        self.press(['b', 'h'])
        self.assertEqual(self.seen_corners(), 8)
        self.press(['b', 'p', 'h'])
        self.assertEqual(self.seen_corners(self.view(0, 740)), 8, 'the folded panel hides none')

    def measure(self, kind):
        self.press(['h', 'm'])
        pixels = self.view()
        for corner in (0, 7):
            place = self.places_of(clouds.CORNER_COLORS[corner], pixels)[0]
            self.browser.drag(place, place, kind)
        self.settle()
        return self.facts('#measured')

    def test_measures_from_point_to_point(self):
        for kind in ('mouse', 'touch'):
            facts = self.measure(kind)
            self.assertEqual(facts['from'], '499900.000 5399940.000 280.000')
            self.assertEqual(facts['to'], '500100.000 5400060.000 320.000')
            self.assertEqual([facts[name] for name in ('dx', 'dy', 'dz')], ['200.000 m', '120.000 m', '40.000 m'])
            self.assertEqual(facts['distance'], f'{math.hypot(200, 120, 40):.3f} m')
            self.assertEqual(facts['horizontal'], f'{math.hypot(200, 120):.3f} m')
            self.press([ESCAPE])
            self.assertFalse(self.is_visible('#measured'))

    def test_draws_what_is_measured(self):
        mark = (255, 209, 102)
        self.press(['h'])
        self.assertEqual(self.count(mark), 0)
        self.measure('mouse')
        self.assertGreater(self.count(mark), 100, 'a line and two rings')
        self.click('#measure')
        self.assertEqual(self.count(mark), 0)


if __name__ == '__main__':
    VOXLOOM = os.path.abspath(sys.argv.pop())
    if not is_installed():
        print('skipped: there is no chromium with its driver')
        sys.exit(77)
    unittest.main(verbosity=2)

"""A headless Chromium, driven over the WebDriver protocol, and the pixels of its screenshots."""
import base64
import itertools
import json
import shutil
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # the protocol's name for a reference to an element


def is_installed():
    return bool(shutil.which('chromedriver') and shutil.which('chromium'))


class Browser:
    def __init__(self, profile, downloads, width=760, height=480):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        self.driver = subprocess.Popen(
            ['chromedriver', f'--port={port}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f'http://127.0.0.1:{port}'
        self._wait_for_driver()
        options = {
            'binary': shutil.which('chromium'),
            # WebGL without a graphics card; root may not use the sandbox.
            'args': ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader',
                     '--enable-unsafe-swiftshader', f'--window-size={width},{height}',
                     '--force-device-scale-factor=1', f'--user-data-dir={profile}'],
            'prefs': {'download.default_directory': downloads, 'download.prompt_for_download': False},
        }
        session = self._call('POST', '/session', {'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': options, 'goog:loggingPrefs': {'browser': 'ALL'}}}})
        self.base += '/session/' + session['sessionId']

    def _wait_for_driver(self):
        for _ in range(200):
            try:
                if self._call('GET', '/status')['ready']:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError('chromedriver does not answer')

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise RuntimeError(f'{method} {path}: {json.load(error)["value"]["message"]}') from error

    def close(self):
        try:
            self._call('DELETE', '')
        finally:
            self.driver.terminate()
            self.driver.wait()

    def open(self, path):
        self._call('POST', '/url', {'url': f'file://{path}'})

    def run(self, script, *arguments):
        return self._call('POST', '/execute/sync', {'script': script, 'args': list(arguments)})

    def find(self, selector):
        return self._call('POST', '/element', {'using': 'css selector', 'value': selector})[ELEMENT]

    def text(self, selector):
        return self._call('GET', f'/element/{self.find(selector)}/text')

    def click(self, selector):
        self._call('POST', f'/element/{self.find(selector)}/click', {})

    def type(self, selector, text):
        self._call('POST', f'/element/{self.find(selector)}/value', {'text': text})

    def press(self, key):
        """On the keyboard, wherever the focus is. Special keys have the protocol's code points."""
        self._call('POST', '/actions', {'actions': [{
            'type': 'key', 'id': 'keys',
            'actions': [{'type': 'keyDown', 'value': key}, {'type': 'keyUp', 'value': key}]}]})

    def drag(self, start, end, kind='mouse'):
        """Presses at `start`, lets go at `end`; the same place twice is a click. kind: or 'touch'."""
        self.drag_together([(start, end)], kind)

    def drag_together(self, ways, kind='touch'):
        """Several fingers at a time, each from the start of its way to the end."""
        def move(place):
            return {'type': 'pointerMove', 'duration': 50, 'x': place[0], 'y': place[1]}
        self._call('POST', '/actions', {'actions': [{
            'type': 'pointer', 'id': f'{kind}{i}', 'parameters': {'pointerType': kind},
            'actions': [move(start), {'type': 'pointerDown', 'button': 0}, move(end),
                        {'type': 'pointerUp', 'button': 0}]} for i, (start, end) in enumerate(ways)]})

    def log(self):
        return self._call('POST', '/se/log', {'type': 'browser'})

    def wait(self, script, seconds=30):
        """Until the script gives true."""
        end = time.time() + seconds
        while not self.run(script):
            if time.time() > end:
                raise AssertionError(f'did not come true: {script}')
            time.sleep(0.05)

    def pixels(self):
        """The screen as rows of (r, g, b)."""
        return decode_png(base64.b64decode(self._call('GET', '/screenshot')))


def decode_png(data):
    """8-bit RGB and RGBA without interlacing, which screenshots are."""
    width, height, depth, kind, _, _, interlaced = struct.unpack('>IIBBBBB', data[16:29])
    assert depth == 8 and kind in (2, 6) and not interlaced
    size = 3 if kind == 2 else 4
    packed, at = b'', 8
    while at < len(data):
        length, name = struct.unpack('>I4s', data[at:at + 8])
        if name == b'IDAT':
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(packed), width * size
    above, rows = bytearray(stride), []
    for y in range(height):
        start = y * (stride + 1)
        above = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + stride]), above, size)
        rows.append([tuple(above[i:i + 3]) for i in range(0, stride, size)])
    return rows


def unfilter(kind, line, above, size):
    if kind == 1:
        for channel in range(size):
            line[channel::size] = bytes(itertools.accumulate(line[channel::size], lambda a, b: (a + b) & 255))
    elif kind == 2:
        line = bytearray((a + b) & 255 for a, b in zip(line, above))
    elif kind > 2:
        for i in range(len(line)):
            left, corner = (line[i - size], above[i - size]) if i >= size else (0, 0)
            guess = (left + above[i]) // 2 if kind == 3 else nearest(left, above[i], corner)
            line[i] = (line[i] + guess) & 255
    return line


def nearest(left, above, corner):
    """Paeth's guess."""
    a, b, c = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    return left if a <= b and a <= c else above if b <= c else corner

"""Clouds whose pictures are known beforehand, as the files that `voxloom view` reads."""
import json

CLASSES = {'slab': (255, 0, 0), 'wall': (0, 255, 0), 'ball': (0, 0, 255)}
NO_CLASS = 9
CONFUSED = 1600  # points of the slab that are wall in truth

# A box far from 0 with a class for each corner, around many points in its middle.
BOX = (100, 60, 20)
BOX_MIDDLE = (500000, 5400000, 300)
CORNERS = [tuple(middle + sign * half for middle, sign, half in zip(BOX_MIDDLE, signs, BOX))
           for signs in [(i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]]
CORNER_COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 128, 0),
                 (128, 255, 255)]
MIDDLE_COLOR = (90, 90, 90)


def write_shapes(path):
    """Three shapes side by side, thick with points; one point more, of no class. `label`, and `truth` beside it."""
    with open(path, 'w') as file:
        file.write('x,y,z,intensity,label,truth\n')
        for i in range(80):
            for j in range(80):
                u, v = i / 40 - 1, j / 40 - 1
                file.write(f'{u:.3f},{v + 3:.3f},0,{i},0,{1 if i < CONFUSED // 80 else 0}\n'
                           f'{u:.3f},{v:.3f},{0.5 + 0.1 * u:.3f},{i},1,1\n'
                           f'{u:.3f},{v - 3:.3f},1,{i},2,2\n')
        file.write(f'0,0,2,0,{NO_CLASS},1\n')


def write_corners(path):
    """Many points within a metre, and one at each corner of the box."""
    with open(path, 'w') as file:
        file.write('x,y,z,label\n')
        for i in range(5000):
            x, y, z = (middle + (i * step % 997) / 997 - 0.5 for middle, step in zip(BOX_MIDDLE, (1, 31, 101)))
            file.write(f'{x:.3f},{y:.3f},{z:.3f},8\n')
        for label, (x, y, z) in enumerate(CORNERS):
            file.write(f'{x},{y},{z},{label}\n')


def write_classes(path, colors, ignored=()):
    rows = [{'name': name, 'color': list(color)} for name, color in colors.items()]
    with open(path, 'w') as file:
        json.dump({'classes': rows, 'ignored': list(ignored)}, file)


def corner_classes():
    return {**{f'corner {i}': color for i, color in enumerate(CORNER_COLORS)}, 'middle': MIDDLE_COLOR}

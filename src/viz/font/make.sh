#!/usr/bin/env bash
# usage: src/viz/font/make.sh [DejaVuSans.ttf]
#
# Makes the font of pictures, DejaVuSans-subset.ttf, out of DejaVu Sans 2.37 (Debian's fonts-dejavu-core) with
# fonttools: Latin letters with their accents, and signs that captions use. Nothing of hinting and layout, which
# stb_truetype does not read; kerning as the plain table that it does read. The licence is the file beside it.
set -euo pipefail
cd "$(dirname "$0")"

source=${1:-/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf}
# ASCII, Latin-1, Latin Extended-A; dashes, quotes, bullet, ellipsis, minus, almost equal, at most, at least, and
# what stands for everything else.
characters=20-7E,A0-17F,2013,2014,2018-201D,2022,2026,2212,2248,2264,2265,FFFD
python3 -m fontTools.subset "$source" --unicodes="$characters" --output-file=DejaVuSans-subset.ttf \
  --layout-features= --legacy-kern --no-hinting --drop-tables+=GDEF,GPOS,GSUB,MATH,FFTM,gasp \
  --name-IDs=0,1,2,4,5,14 --notdef-outline --no-recalc-timestamp

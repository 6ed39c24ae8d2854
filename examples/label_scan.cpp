// Labels every point of a scan, as `voxloom segment` does.
#include <voxloom/voxloom.h>

#include <cstdio>
#include <exception>

using namespace voxloom;

int main(int argc, char** argv) try {
  if (argc != 4) throw std::invalid_argument("usage: label_scan SCAN BUNDLE OUT");
  const label::PointLabeller labeller(argv[2]);                      // models/street.lattice
  Scan scan = read_scan(argv[1], {.invalid = InvalidPoints::drop});  // by its content
  const label::PointLabels labels = labeller.label(labeller.input(scan).points);  // on all cores
  label::set_labels(scan, labels, labeller.classes());  // label, confidence and colour
  write_scan(argv[3], scan);                            // the ending of its name tells the format
  std::printf("%zu points labelled\n", labels.classes.size());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

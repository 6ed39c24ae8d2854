// Runs a bundle on the tensors of a file. Links voxloom::artifact and what it stands on, nothing more: no
// readers of scans, no pictures, no trainer.
#include <voxloom/artifact.h>
#include <voxloom/safetensors.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

using namespace voxloom::artifact;

int main(int argc, char** argv) try {
  if (argc != 4) throw std::invalid_argument("usage: run_bundle BUNDLE IN OUT");
  const Model model = Model::load(argv[1]);
  const auto results = to_tensors(model.run(voxloom::read_safetensors(argv[2]).tensors));
  voxloom::write_safetensors(argv[3], results);
  for (const auto& [name, tensor] : results) {
    std::printf("%s %s\n", name.c_str(), to_string(tensor).c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

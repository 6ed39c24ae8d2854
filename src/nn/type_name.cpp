#include "nn/type_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace voxloom::nn {

std::string type_name(const Module& module) {
  const char* mangled = typeid(module).name();
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  std::string text = status == 0 ? name.get() : mangled;
  const std::string own = "voxloom::";
  return text.starts_with(own) ? text.substr(own.size()) : text;
}

}  // namespace voxloom::nn

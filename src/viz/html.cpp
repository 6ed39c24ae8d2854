#include "viz/html.h"

#include <fmt/core.h>

namespace voxloom::viz {
namespace {

// Independent of the locale, unlike std::isalnum.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string html_text(std::string_view plain) {
  std::string text;
  for (const char c : plain) {
    switch (c) {
      case '<': text += "&lt;"; break;
      case '&': text += "&amp;"; break;
      case '"': text += "&quot;"; break;
      default: text += c;
    }
  }
  return text;
}

std::string link_to(std::string_view file_name) {
  std::string link;
  for (const char c : file_name) {
    if (is_unreserved(c)) {
      link += c;
    } else {
      link += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return link;
}

}  // namespace voxloom::viz

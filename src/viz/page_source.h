// The page without a cloud: src/viz/page/ put together when the library is configured
// (cmake/page.cmake). @TITLE@, @HEAD@ and @POINTS@ stand once each, in this order.
#pragma once

#include <string_view>

namespace voxloom::viz {

[[nodiscard]] std::string_view page_source();

}  // namespace voxloom::viz

#include <algorithm>

#include "core/error.h"
#include "voxloom/dist.h"

namespace voxloom::dist {
namespace {

constexpr std::string_view kOneProcessOp = "one_process";

class OneProcess final : public Communicator {
 public:
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  void barrier() override {}
  void broadcast(std::span<std::byte> /*bytes*/, int root) override {
    require(root == 0, kOneProcessOp, "there is no rank {}", root);
  }
  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    require(to.size() == 1 && from.size() == 1 && to[0].size() == from[0].size(), kOneProcessOp,
            "an exchange of {} and {} parts", to.size(), from.size());
    std::ranges::copy(to[0], from[0].begin());
  }
  void send(int to, std::span<const std::byte> /*bytes*/) override {
    fail(kOneProcessOp, "there is no other rank {} to send to", to);
  }
  [[nodiscard]] std::optional<Message> try_receive() override { return std::nullopt; }
  [[nodiscard]] Message receive() override {
    fail(kOneProcessOp, "there is no other rank to receive from");
  }
  [[noreturn]] void abort(std::string_view message) override {
    throw std::runtime_error(std::string(message));
  }
  [[nodiscard]] std::uint64_t sent_bytes() const override { return 0; }
};

}  // namespace

Communicator& one_process() {
  static OneProcess alone;
  return alone;
}

}  // namespace voxloom::dist

#include "io/point_source.h"

#include <algorithm>

#include "core/error.h"

namespace voxloom::io {
namespace {

class JoinedSource final : public PointSource {
 public:
  explicit JoinedSource(std::vector<Points> parts)
      : PointSource({}, parts.front()->size()), parts_(std::move(parts)) {
    for (const Points& part : parts_) {
      fields_.insert(fields_.end(), part->fields().begin(), part->fields().end());
    }
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns;
    for (const Points& part : parts_) {
      for (Column& column : part->read(count)) columns.push_back(std::move(column));
    }
    return columns;
  }

  void skip(std::int64_t count) override {
    for (const Points& part : parts_) part->skip(count);
  }

 private:
  std::vector<Points> parts_;
};

}  // namespace

void PointSource::skip(std::int64_t count) {
  constexpr std::int64_t kPiece = 1 << 16;
  for (; count > 0; count -= kPiece) static_cast<void>(read(std::min(count, kPiece)));
}

std::string PointSource::where(std::int64_t point) const { return fmt::format("point {}", point); }

std::vector<Column> PointSource::make_columns(std::int64_t count) const {
  std::vector<Column> columns;
  columns.reserve(fields_.size());
  for (const Field& field : fields_) {
    columns.push_back(make_column(field.name, field.type, count, field.components));
  }
  return columns;
}

Points join(std::vector<Points> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return std::make_unique<JoinedSource>(std::move(parts));
}

}  // namespace voxloom::io

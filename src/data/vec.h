// Vectors and turns about z, in binary64 with nothing but + - * / and sqrt, which IEEE 754 rounds
// alike everywhere. The library is compiled without contraction into fused operations, so that a
// scene and its scans have the same bits on every machine. sine() and cosine() are ours (trig.cpp).
#pragma once

#include <cmath>

namespace voxloom::street {

struct Vec2 {
  double x = 0, y = 0;
  friend Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
  friend Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
  friend Vec2 operator*(Vec2 a, double s) { return {a.x * s, a.y * s}; }
};

struct Vec3 {
  double x = 0, y = 0, z = 0;
  friend Vec3 operator+(const Vec3& a, const Vec3& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Vec3 operator-(const Vec3& a, const Vec3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend Vec3 operator*(const Vec3& a, double s) { return {a.x * s, a.y * s, a.z * s}; }
};

inline double dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }
inline double length(Vec2 a) { return std::sqrt(dot(a, a)); }
inline double dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline double length(const Vec3& a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalized(const Vec3& a) { return a * (1 / length(a)); }

inline constexpr double kPi = 3.14159265358979323846;

// For angles up to a few thousand turns; error below 1e-13.
[[nodiscard]] double sine(double radians);
[[nodiscard]] double cosine(double radians);

// A turn about z.
struct Yaw {
  double c = 1, s = 0;
  static Yaw of(double radians) { return {cosine(radians), sine(radians)}; }
  [[nodiscard]] Vec2 turn(Vec2 v) const { return {c * v.x - s * v.y, s * v.x + c * v.y}; }
  [[nodiscard]] Vec2 unturn(Vec2 v) const { return {c * v.x + s * v.y, c * v.y - s * v.x}; }
  [[nodiscard]] Vec3 turn(const Vec3& v) const {
    return {c * v.x - s * v.y, s * v.x + c * v.y, v.z};
  }
  [[nodiscard]] Vec3 unturn(const Vec3& v) const {
    return {c * v.x + s * v.y, c * v.y - s * v.x, v.z};
  }
  [[nodiscard]] Yaw then(const Yaw& more) const {
    return {c * more.c - s * more.s, s * more.c + c * more.s};
  }
};

}  // namespace voxloom::street

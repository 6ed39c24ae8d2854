#include "arrays.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace voxloom::python {
namespace {

enum class Kind : std::uint8_t { numpy, torch, other };

// --- what is asked of every array: interned once, and never let go ---

struct Names {
  nb::object data_ptr = nb::str("data_ptr"), dtype = nb::str("dtype"), shape = nb::str("shape"),
             is_contiguous = nb::str("is_contiguous"), device = nb::str("device"),
             description = nb::str("__array_struct__");
};
const Names& names() {
  static const Names& all = *new Names;
  return all;
}

nb::object attribute(nb::handle object, const nb::object& name) {
  PyObject* found = PyObject_GetAttr(object.ptr(), name.ptr());
  if (found == nullptr) throw nb::python_error();
  return nb::steal(found);
}
nb::object called(nb::handle object, const nb::object& name) {
  PyObject* result = PyObject_CallMethodObjArgs(object.ptr(), name.ptr(), nullptr);
  if (result == nullptr) throw nb::python_error();
  return nb::steal(result);
}

// What numpy says of an array by __array_struct__: numpy/ndarraytypes.h, PyArrayInterface.
struct Description {
  int two = 2;
  int rank = 0;
  char kind = 'f';
  int bytes = 4;  // of an element
  int flags = 0;
  Py_ssize_t* shape = nullptr;
  Py_ssize_t* strides = nullptr;
  void* data = nullptr;
  PyObject* fields = nullptr;
};
constexpr int kInOrder = 0x1, kAligned = 0x100, kNativeBytes = 0x200, kWritable = 0x400;

// The capsule holds what the pointer leads to.
std::pair<const Description*, nb::object> description_of(nb::handle array) {
  nb::object capsule = attribute(array, names().description);
  const void* found = PyCapsule_GetPointer(capsule.ptr(), nullptr);
  if (found == nullptr) throw nb::python_error();
  return {static_cast<const Description*>(found), std::move(capsule)};
}

bool derives_from(nb::handle type, const char* module, const char* name) {
  for (const nb::handle base : nb::borrow<nb::tuple>(nb::getattr(type, "__mro__"))) {
    const nb::object found = nb::getattr(base, "__module__", nb::none());
    if (!nb::isinstance<nb::str>(found)) continue;
    const std::string_view in = nb::borrow<nb::str>(found).c_str();
    if (in == module &&
        nb::borrow<nb::str>(nb::getattr(base, "__name__")).c_str() == std::string_view(name)) {
      return true;
    }
  }
  return false;
}

Kind kind_of(nb::handle array) {
  // Types are few, and kept: an address never comes to mean another one.
  static auto& known = *new std::unordered_map<PyTypeObject*, Kind>;
  PyTypeObject* type = Py_TYPE(array.ptr());
  if (const auto found = known.find(type); found != known.end()) return found->second;
  const nb::handle handle(reinterpret_cast<PyObject*>(type));
  Kind kind = Kind::other;
  if (derives_from(handle, "numpy", "ndarray")) kind = Kind::numpy;
  if (derives_from(handle, "torch", "Tensor")) kind = Kind::torch;
  handle.inc_ref();
  known.emplace(type, kind);
  return kind;
}

// --- element types ---

struct TypeName {
  DType dtype;
  const char* name;  // of torch and DLPack
  char kind;         // of numpy
};
constexpr std::array<TypeName, 8> kTypes = {{{DType::f32, "float32", 'f'},
                                             {DType::f16, "float16", 'f'},
                                             {DType::bf16, "bfloat16", 'V'},
                                             {DType::f64, "float64", 'f'},
                                             {DType::i32, "int32", 'i'},
                                             {DType::i64, "int64", 'i'},
                                             {DType::u32, "uint32", 'u'},
                                             {DType::u8, "uint8", 'u'}}};
const TypeName& type_of(DType dtype) { return *std::ranges::find(kTypes, dtype, &TypeName::dtype); }

std::string text_of(nb::handle object) { return nb::str(object).c_str(); }

[[noreturn]] void refuse_type(Argument a, const std::string& came) {
  fail(a.op,
       "{}: no array of {}: expected float32, float16, bfloat16, float64, int32, int64, uint32 or "
       "uint8",
       a.name, came);
}

DType torch_dtype(nb::handle dtype, Argument a) {
  // torch's types are objects that live as long as torch.
  static auto& known = *new std::unordered_map<PyObject*, DType>;
  if (const auto found = known.find(dtype.ptr()); found != known.end()) return found->second;
  const std::string name = text_of(dtype);  // "torch.float32"
  for (const TypeName& type : kTypes) {
    if (name != std::string("torch.") + type.name) continue;
    dtype.inc_ref();
    known.emplace(dtype.ptr(), type.dtype);
    return type.dtype;
  }
  refuse_type(a, name);
}

DType numpy_dtype(nb::handle array, const Description& found, Argument a) {
  for (const TypeName& type : kTypes) {
    if (type.kind != found.kind || static_cast<int>(size_of(type.dtype)) != found.bytes) continue;
    if ((found.flags & kNativeBytes) == 0) break;
    if (type.dtype == DType::bf16 && text_of(array.attr("dtype")) != "bfloat16") break;
    return type.dtype;
  }
  refuse_type(a, text_of(array.attr("dtype")));
}

// --- borrowing ---

Shape shape_of(nb::handle tuple) {
  Shape shape;
  const Py_ssize_t rank = PyTuple_Size(tuple.ptr());
  if (rank < 0) throw nb::python_error();
  for (Py_ssize_t i = 0; i < rank; ++i) {
    shape.push_back(PyLong_AsLongLong(PyTuple_GetItem(tuple.ptr(), i)));
  }
  return shape;
}

struct Found {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  bool is_writable = true;
};

[[noreturn]] void refuse_strides(Argument a, const Shape& shape) {
  fail(
      a.op,
      "{}: expected an array in C order, got one of shape {} whose rows are not side by side: pass "
      "numpy.ascontiguousarray(array) or tensor.contiguous()",
      a.name, shape);
}

Found look_at_torch(nb::handle tensor, Argument a) {
  const Names& n = names();
  Found found;
  found.dtype = torch_dtype(attribute(tensor, n.dtype), a);
  found.shape = shape_of(attribute(tensor, n.shape));
  static const nb::object& is_cpu = *new nb::object(nb::str("is_cpu"));
  PyObject* on_cpu = PyObject_GetAttr(tensor.ptr(), is_cpu.ptr());
  if (on_cpu == nullptr) throw nb::python_error();
  const bool is_on_cpu = nb::steal(on_cpu).ptr() == Py_True;
  require(is_on_cpu, a.op, "{}: expected a tensor on the CPU, got one on {}", a.name,
          is_on_cpu ? std::string() : text_of(tensor.attr("device")));
  if (called(tensor, n.is_contiguous).ptr() != Py_True) refuse_strides(a, found.shape);
  found.data = PyLong_AsVoidPtr(called(tensor, n.data_ptr).ptr());
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  return found;
}

Found look_at_numpy(nb::handle array, Argument a) {
  const auto [description, capsule] = description_of(array);
  Found found;
  found.shape.assign(description->shape, description->shape + description->rank);
  found.dtype = numpy_dtype(array, *description, a);
  if ((description->flags & kInOrder) == 0) refuse_strides(a, found.shape);
  found.data = description->data;
  found.is_writable = (description->flags & kWritable) != 0;
  return found;
}

std::optional<DType> dlpack_dtype(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  if (type.lanes != 1) return {};
  const auto code = static_cast<Code>(type.code);
  const auto is = [&](Code wanted, int bits) { return code == wanted && type.bits == bits; };
  if (is(Code::Float, 32)) return DType::f32;
  if (is(Code::Float, 16)) return DType::f16;
  if (is(Code::Bfloat, 16)) return DType::bf16;
  if (is(Code::Float, 64)) return DType::f64;
  if (is(Code::Int, 32)) return DType::i32;
  if (is(Code::Int, 64)) return DType::i64;
  if (is(Code::UInt, 32)) return DType::u32;
  if (is(Code::UInt, 8)) return DType::u8;
  return {};
}

// Whatever else exports itself by DLPack or the buffer protocol; the handle keeps the export alive.
using AnyArray = nb::ndarray<nb::ro>;

Found look_at_other(nb::handle object, Argument a, std::shared_ptr<const void>& owner) {
  AnyArray array;
  if (!nb::try_cast(object, array, /*convert=*/false)) {
    throw nb::type_error(
        fmt::format("[{}] {}: expected an array (numpy, torch, DLPack or buffer protocol), "
                    "got {}",
                    a.op, a.name, nb::inst_name(object).c_str())
            .c_str());
  }
  require(array.device_type() == nb::device::cpu::value, a.op,
          "{}: expected an array on the CPU, got one on "
          "device type {}",
          a.name, array.device_type());
  const std::optional<DType> dtype = dlpack_dtype(array.dtype());
  if (!dtype)
    refuse_type(a,
                fmt::format("type code {} with {} bits", array.dtype().code, array.dtype().bits));
  Found found;
  std::int64_t stride = 1;
  bool in_order = true;
  for (std::size_t i = array.ndim(); i-- > 0;) {
    const auto size = static_cast<std::int64_t>(array.shape(i));
    found.shape.insert(found.shape.begin(), size);
    in_order = in_order && (size == 1 || array.stride(i) == stride);
    stride *= size;
  }
  if (!in_order && stride != 0) refuse_strides(a, found.shape);
  found.data = const_cast<void*>(array.data());
  found.dtype = *dtype;
  found.is_writable = false;
  owner = std::make_shared<AnyArray>(std::move(array));
  return found;
}

Tensor borrow_from(nb::handle array, Argument a, bool keep) {
  std::shared_ptr<const void> owner;
  const Kind kind = kind_of(array);
  Found found = kind == Kind::torch   ? look_at_torch(array, a)
                : kind == Kind::numpy ? look_at_numpy(array, a)
                                      : look_at_other(array, a, owner);
  if (keep && owner == nullptr) owner = kept(nb::borrow(array));
  require(reinterpret_cast<std::uintptr_t>(found.data) % size_of(found.dtype) == 0, a.op,
          "{}: the array's elements are not aligned for {}", a.name, name_of(found.dtype));
  return Tensor::borrow_bytes({.data = static_cast<std::byte*>(found.data),
                               .owner = std::move(owner),
                               .is_writable = found.is_writable},
                              std::move(found.shape), found.dtype);
}

// --- handing out ---

// Elements that numpy sees through __array_struct__: writable in every version of numpy, where DLPack gives
// read-only arrays in old ones. The array keeps this object, and that the elements.
class Seen {
 public:
  // `type`: kind and bytes of an element, "f4".
  Seen(void* data, const Shape& shape, std::string_view type, bool is_read_only,
       std::shared_ptr<const void> owner)
      : sizes_(shape.begin(), shape.end()), strides_(shape.size()), owner_(std::move(owner)) {
    description_.rank = static_cast<int>(shape.size());
    description_.kind = type[0];
    description_.bytes = type[1] - '0';
    description_.flags = kInOrder | kAligned | kNativeBytes | (is_read_only ? 0 : kWritable);
    description_.data = data;
    Py_ssize_t stride = description_.bytes;
    for (std::size_t i = shape.size(); i-- > 0; stride *= sizes_[i]) strides_[i] = stride;
  }

  // Numpy looks at it only while it makes the array, and keeps this object.
  [[nodiscard]] nb::object description() {
    description_.shape = sizes_.data();
    description_.strides = strides_.data();
    PyObject* capsule = PyCapsule_New(&description_, nullptr, nullptr);
    if (capsule == nullptr) throw nb::python_error();
    return nb::steal(capsule);
  }

 private:
  std::vector<Py_ssize_t> sizes_, strides_;
  std::shared_ptr<const void> owner_;
  Description description_;
};

nb::object as_array(Seen seen) {
  static const nb::object& asarray = *new nb::object(nb::module_::import_("numpy").attr("asarray"));
  return asarray(nb::cast(std::move(seen)));
}

// DLPack, version 0: the layout is that of dlpack.h.
struct Export {
  struct Managed {
    nb::dlpack::dltensor tensor;
    void* context;
    void (*free)(Managed*);
  };
  Managed managed;
  Tensor tensor;
  std::vector<std::int64_t> strides;
};

nb::dlpack::dtype dlpack_type(DType dtype) {
  using Code = nb::dlpack::dtype_code;
  const auto bits = static_cast<std::uint8_t>(8 * size_of(dtype));
  const auto code = [&] {
    switch (dtype) {
      case DType::f32:
      case DType::f16:
      case DType::f64: return Code::Float;
      case DType::bf16: return Code::Bfloat;
      case DType::i32:
      case DType::i64: return Code::Int;
      default: return Code::UInt;
    }
  }();
  return {static_cast<std::uint8_t>(code), bits, 1};
}

void free_capsule(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, "dltensor") == 0) return;  // somebody took it
  auto* managed = static_cast<Export::Managed*>(PyCapsule_GetPointer(capsule, "dltensor"));
  managed->free(managed);
}

nb::object to_capsule(const Tensor& tensor) {
  auto made = std::make_unique<Export>();
  made->tensor = tensor;
  const Shape& shape = made->tensor.shape();
  made->strides.assign(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) made->strides[i - 1] = made->strides[i] * shape[i];
  made->managed.tensor = {.data = const_cast<std::byte*>(tensor.raw()),
                          .device = {nb::device::cpu::value, 0},
                          .ndim = static_cast<std::int32_t>(shape.size()),
                          .dtype = dlpack_type(tensor.dtype()),
                          .shape = const_cast<std::int64_t*>(shape.data()),
                          .strides = made->strides.data(),
                          .byte_offset = 0};
  made->managed.context = made.get();
  made->managed.free = [](Export::Managed* managed) {
    delete static_cast<Export*>(managed->context);
  };
  PyObject* capsule = PyCapsule_New(&made->managed, "dltensor", free_capsule);
  if (capsule == nullptr) throw nb::python_error();
  made.release();
  return nb::steal(capsule);
}

nb::object to_torch(const Tensor& tensor) {
  static const nb::object& from_dlpack =
      *new nb::object(nb::module_::import_("torch.utils.dlpack").attr("from_dlpack"));
  return from_dlpack(to_capsule(tensor));
}

}  // namespace

bool is_torch(nb::handle array) { return kind_of(array) == Kind::torch; }

std::shared_ptr<const void> kept(nb::object object) {
  PyObject* held = object.release().ptr();
  return {held, [](const void* p) {
            if (!nb::is_alive()) return;  // Python is gone, and the object with it
            const nb::gil_scoped_acquire locked;
            Py_DecRef(static_cast<PyObject*>(const_cast<void*>(p)));
          }};
}

Tensor borrow(nb::handle array, Argument argument) { return borrow_from(array, argument, false); }

Tensor borrow_or_none(nb::handle array, Argument argument) {
  return array.is_none() ? Tensor{} : borrow_from(array, argument, false);
}

Tensor borrow_and_keep(nb::handle array, Argument argument) {
  return borrow_from(array, argument, true);
}

std::span<const std::int32_t> rows_in(const Tensor& tensor, Argument a) {
  require(tensor.rank() == 1 && tensor.dtype() == DType::i32, a.op,
          "{}: expected shape (N) and int32, got {}", a.name, tensor);
  return tensor.span<std::int32_t>();
}

Tensor coordinates_in(nb::handle array, Argument a, bool keep) {
  Tensor rows = borrow_from(array, a, keep);
  require(rows.rank() == 2 && rows.dim(1) == 4 &&
              (rows.dtype() == DType::i32 || rows.dtype() == DType::i64),
          a.op, "{}: expected shape (N,4), batch x y z, of int32 or int64, got {}", a.name, rows);
  if (rows.dtype() == DType::i32) return rows;
  Tensor narrow = Tensor::empty(rows.shape(), DType::i32);
  const std::span<const std::int64_t> from = rows.span<std::int64_t>();
  const std::span<std::int32_t> to = narrow.mutable_span<std::int32_t>();
  for (std::size_t i = 0; i < from.size(); ++i) {
    require(from[i] >= std::numeric_limits<std::int32_t>::min() &&
                from[i] <= std::numeric_limits<std::int32_t>::max(),
            a.op, "{}: row {} has {}, which does not fit int32", a.name, i / 4, from[i]);
    to[i] = static_cast<std::int32_t>(from[i]);
  }
  return narrow;
}

nb::object to_numpy(Tensor tensor) {
  void* data = const_cast<std::byte*>(tensor.raw());
  const std::array<char, 2> type = {
      type_of(tensor.dtype()).kind,
      static_cast<char>('0' + static_cast<int>(size_of(tensor.dtype())))};
  const Shape shape = tensor.shape();
  const bool is_read_only = !tensor.is_writable();
  auto owner = std::make_shared<Tensor>(std::move(tensor));
  return as_array({data, shape, {type.data(), type.size()}, is_read_only, std::move(owner)});
}

nb::object to_numpy(void* data, const Shape& shape, std::string_view type,
                    std::shared_ptr<const void> owner) {
  return as_array({data, shape, type, false, std::move(owner)});
}

Elements elements_of(nb::handle array, Argument a) {
  if (kind_of(array) != Kind::numpy) {
    throw nb::type_error(fmt::format("[{}] {}: expected a numpy array, got {}", a.op, a.name,
                                     nb::inst_name(array).c_str())
                             .c_str());
  }
  const auto [description, capsule] = description_of(array);
  Elements elements;
  elements.shape.assign(description->shape, description->shape + description->rank);
  if ((description->flags & kInOrder) == 0) refuse_strides(a, elements.shape);
  require((description->flags & kNativeBytes) != 0 && description->bytes <= 8, a.op,
          "{}: expected integers or floats of the machine's byte order, got {}", a.name,
          text_of(array.attr("dtype")));
  elements.type = {description->kind, static_cast<char>('0' + description->bytes)};
  elements.data = description->data;
  return elements;
}

nb::object to_numpy_view(const std::int32_t* data, Shape shape, std::shared_ptr<const void> owner) {
  return to_numpy(Tensor::borrow(data, std::move(shape), std::move(owner)));
}

nb::object hand_out(Tensor tensor, nb::handle like) {
  const Kind kind = kind_of(like);
  if (kind == Kind::torch) return to_torch(tensor);
  const bool is_bfloat16 = tensor.dtype() == DType::bf16;
  nb::object array = to_numpy(std::move(tensor));
  // numpy has no bfloat16 of its own: the type of whoever brought one.
  if (is_bfloat16 && kind == Kind::numpy) return array.attr("view")(like.attr("dtype"));
  return array;
}

void bind_arrays(nb::module_& m) {
  nb::class_<Seen>(m, "_Array").def_prop_ro("__array_struct__", &Seen::description);
}

}  // namespace voxloom::python

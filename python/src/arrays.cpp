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
             interface = nb::str("__array_interface__");
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

bool derives_from(nb::handle type, const char* module, const char* name) {
  for (const nb::handle base : nb::borrow<nb::tuple>(nb::getattr(type, "__mro__"))) {
    const nb::object found = nb::getattr(base, "__module__", nb::none());
    if (!nb::isinstance<nb::str>(found)) continue;
    const std::string_view in = nb::borrow<nb::str>(found).c_str();
    if (in == module && nb::borrow<nb::str>(nb::getattr(base, "__name__")).c_str() == std::string_view(name)) {
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
  const char* name;       // of torch and DLPack
  const char* interface;  // of numpy, after the byte order
};
constexpr std::array<TypeName, 8> kTypes = {{{DType::f32, "float32", "f4"},
                                             {DType::f16, "float16", "f2"},
                                             {DType::bf16, "bfloat16", "V2"},
                                             {DType::f64, "float64", "f8"},
                                             {DType::i32, "int32", "i4"},
                                             {DType::i64, "int64", "i8"},
                                             {DType::u32, "uint32", "u4"},
                                             {DType::u8, "uint8", "u1"}}};
const TypeName& type_of(DType dtype) {
  return *std::ranges::find(kTypes, dtype, &TypeName::dtype);
}

std::string text_of(nb::handle object) { return nb::str(object).c_str(); }

[[noreturn]] void refuse_type(Argument a, const std::string& came) {
  fail(a.op, "{}: no array of {}: expected float32, float16, bfloat16, float64, int32, int64, uint32 or "
             "uint8", a.name, came);
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

DType numpy_dtype(nb::handle array, std::string_view code, Argument a) {
  const bool native = !code.empty() && (code[0] == '<' || code[0] == '|');
  for (const TypeName& type : kTypes) {
    if (!native || code.substr(1) != type.interface) continue;
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
  fail(a.op, "{}: expected an array in C order, got one of shape {} whose rows are not side by side: pass "
             "numpy.ascontiguousarray(array) or tensor.contiguous()", a.name, shape);
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
  const nb::object interface = attribute(array, names().interface);
  const auto get = [&](const char* key) { return nb::handle(PyDict_GetItemString(interface.ptr(), key)); };
  Found found;
  found.shape = shape_of(get("shape"));
  found.dtype = numpy_dtype(array, nb::borrow<nb::str>(get("typestr")).c_str(), a);
  if (get("strides").ptr() != Py_None) refuse_strides(a, found.shape);
  const nb::handle data = get("data");
  found.data = PyLong_AsVoidPtr(PyTuple_GetItem(data.ptr(), 0));
  found.is_writable = PyTuple_GetItem(data.ptr(), 1) != Py_True;
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
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
    throw nb::type_error(fmt::format("[{}] {}: expected an array (numpy, torch, DLPack or buffer protocol), "
                                     "got {}", a.op, a.name, nb::inst_name(object).c_str()).c_str());
  }
  require(array.device_type() == nb::device::cpu::value, a.op, "{}: expected an array on the CPU, got one on "
          "device type {}", a.name, array.device_type());
  const std::optional<DType> dtype = dlpack_dtype(array.dtype());
  if (!dtype) refuse_type(a, fmt::format("type code {} with {} bits", array.dtype().code, array.dtype().bits));
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

// Elements that numpy sees through __array_interface__: writable in every version of numpy, where DLPack
// gives read-only arrays in old ones. The array keeps this object, and that the elements.
struct Seen {
  void* data;
  Shape shape;
  std::string type;
  bool is_read_only;
  std::shared_ptr<const void> owner;

  [[nodiscard]] nb::dict interface() const {
    nb::dict result;
    nb::list sizes;
    for (const std::int64_t size : shape) sizes.append(size);
    result["shape"] = nb::tuple(sizes);
    result["typestr"] = nb::str(type.c_str());
    result["data"] = nb::make_tuple(reinterpret_cast<std::uintptr_t>(data), is_read_only);
    result["version"] = 3;
    return result;
  }
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
  made->managed.free = [](Export::Managed* managed) { delete static_cast<Export*>(managed->context); };
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

Tensor borrow_and_keep(nb::handle array, Argument argument) { return borrow_from(array, argument, true); }

std::span<const std::int32_t> rows_in(const Tensor& tensor, Argument a) {
  require(tensor.rank() == 1 && tensor.dtype() == DType::i32, a.op, "{}: expected shape (N) and int32, got {}",
          a.name, tensor);
  return tensor.span<std::int32_t>();
}

Tensor coordinates_in(nb::handle array, Argument a, bool keep) {
  Tensor rows = borrow_from(array, a, keep);
  require(rows.rank() == 2 && rows.dim(1) == 4 && (rows.dtype() == DType::i32 || rows.dtype() == DType::i64),
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
  Seen seen{data, tensor.shape(), std::string("<") + type_of(tensor.dtype()).interface, !tensor.is_writable(), {}};
  seen.owner = std::make_shared<Tensor>(std::move(tensor));
  return as_array(std::move(seen));
}

nb::object to_numpy(void* data, Shape shape, const char* type, std::shared_ptr<const void> owner) {
  return as_array({data, std::move(shape), type, false, std::move(owner)});
}

Elements elements_of(nb::handle array, Argument a) {
  if (kind_of(array) != Kind::numpy) {
    throw nb::type_error(fmt::format("[{}] {}: expected a numpy array, got {}", a.op, a.name,
                                     nb::inst_name(array).c_str()).c_str());
  }
  const nb::object interface = attribute(array, names().interface);
  const auto get = [&](const char* key) { return nb::handle(PyDict_GetItemString(interface.ptr(), key)); };
  Elements elements;
  elements.shape = shape_of(get("shape"));
  elements.type = nb::borrow<nb::str>(get("typestr")).c_str();
  if (get("strides").ptr() != Py_None) refuse_strides(a, elements.shape);
  elements.data = PyLong_AsVoidPtr(PyTuple_GetItem(get("data").ptr(), 0));
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
  nb::class_<Seen>(m, "_Array").def_prop_ro("__array_interface__", &Seen::interface);
}

}  // namespace voxloom::python

// Files made by hand: what they mean, and every refusal with its message.
#include "checkpoint/support.h"

namespace voxloom::test {
namespace {

const std::string kFour = float_text({1, 2, 3, 4});

std::string pickle_error(const std::string& pickle) {
  return checkpoint_error(torch_zip(pickle, kFour));
}

TEST(MadeByHand, ATensor) {
  const std::string pickle = table_of({.elements = 4, .shape = {2, 2}, .stride = {1, 2}});
  for (const bool wide : {false, true}) {
    const Checkpoint c = parse_file(torch_zip(pickle, kFour, {.with_64_bits = wide}));
    EXPECT_EQ(elements<float>(c, "x"), (std::vector<float>{1, 3, 2, 4}));
  }
}

TEST(MadeByHand, AnyFolderAndEitherByteOrder) {
  const std::string pickle = table_of({.elements = 1, .shape = {1}, .stride = {1}});
  for (const char* folder : {"", "archive/", "a net v2/"}) {
    const std::string name = folder;
    const FileBytes file = zip_file({{name + "data.pkl", pickle},
                                     {name + "byteorder", "big"},
                                     {name + "data/0", std::string("\x3f\x80\0\0", 4)}});
    EXPECT_EQ(elements<float>(parse_file(file), "x"), std::vector<float>{1}) << folder;
  }
  EXPECT_REASON(checkpoint_error(zip_file({{"data.pkl", pickle}, {"byteorder", "middle"}})),
                "the byte order should be little or big, got 'middle'");
}

TEST(MadeByHand, ASafetensorsFile) {
  const auto bytes = format_safetensors({{"module.x", Tensor::from({1.0F, 2.0F}, {2})}});
  const Checkpoint c = parse_checkpoint(bytes, "net.safetensors");
  EXPECT_EQ(elements<float>(c, "x"), (std::vector<float>{1, 2}));
  EXPECT_EQ(c.unwrapped, std::vector<std::string>{"module."});
  EXPECT_THROW(static_cast<void>(parse_checkpoint(bytes, "net", {.entry = "model"})), FormatError);
}

TEST(MadeByHand, WhatWrapsTheTensors) {
  const auto wrapped = [](std::string_view key, std::string_view other) {
    return Pickle()
        .op("}(")
        .text("epoch")
        .integer(3)
        .text(key)
        .op("}")
        .text("module.x")
        .tensor({.elements = 4, .shape = {4}, .stride = {1}})
        .op("s")
        .text(other)
        .op("}")
        .text("y")
        .tensor({.elements = 4, .shape = {2, 2}, .stride = {2, 1}})
        .op("s")
        .op("u")
        .stop();
  };
  for (const std::string key : {"state_dict", "model_state", "model"}) {
    const Checkpoint c = parse_file(torch_zip(wrapped(key, "ema"), kFour));
    EXPECT_EQ(c.unwrapped, (std::vector<std::string>{key, "module."}));
    EXPECT_EQ(elements<float>(c, "x"), (std::vector<float>{1, 2, 3, 4}));
  }
  const FileBytes file = torch_zip(wrapped("state_dict", "ema"), kFour);
  EXPECT_EQ(parse_file(file, {.entry = "ema"}).tensors.at("y").shape(), (Shape{2, 2}));
  EXPECT_REASON(checkpoint_error(file, {.entry = "teacher"}),
                "has no entry 'teacher'; there are 'epoch', 'state_dict', 'ema'");
  EXPECT_REASON(checkpoint_error(torch_zip(wrapped("net", "ema"), kFour)),
                "holds no state dictionary: there are 'epoch', 'net', 'ema'");
  EXPECT_REASON(pickle_error(Pickle().op("]").stop()),
                "holds no state dictionary: there is a list");
  EXPECT_REASON(pickle_error(Pickle().op("}").stop()), "the dictionary is empty");
}

TEST(MadeByHand, WhatIsNoTensorIsNamed) {
  const Checkpoint c =
      parse_file(torch_zip(Pickle()
                               .op("}(")
                               .text("x")
                               .tensor({.elements = 4, .shape = {4}, .stride = {1}})
                               .text("note")
                               .text("hello")
                               .text("n")
                               .integer(3)
                               .op("u")
                               .stop(),
                           kFour));
  EXPECT_EQ(c.tensors.size(), 1U);
  EXPECT_EQ(c.others,
            (std::map<std::string, std::string>{{"n", "an integer"}, {"note", "a text"}}));
}

TEST(MadeByHand, DictionariesOfPython2) {
  const auto pairs = [](std::string_view pair) {
    return Pickle()
        .global("collections", "OrderedDict")
        .op("(](")
        .op("(")
        .text("x")
        .tensor({.elements = 4, .shape = {4}, .stride = {1}})
        .op(pair)
        .op("e")
        .op("tR")
        .stop();
  };
  EXPECT_EQ(parse_file(torch_zip(pairs("t"), kFour)).tensors.size(), 1U);
  EXPECT_REASON(pickle_error(Pickle()
                                 .global("collections", "OrderedDict")
                                 .op("(](")
                                 .integer(1)
                                 .op("e")
                                 .op("tR")
                                 .stop()),
                "a dictionary should be made of pairs, got an integer");
  EXPECT_REASON(
      pickle_error(Pickle().global("collections", "OrderedDict").integer(1).op("\x85R").stop()),
      "a dictionary should be made of pairs, got an integer");
}

TEST(Containers, WhatIsNoCheckpoint) {
  EXPECT_REASON(checkpoint_error(FileBytes("")), "is neither a file of torch.save");
  EXPECT_REASON(checkpoint_error(FileBytes("hello, world")), "is neither a file of torch.save");
  EXPECT_REASON(checkpoint_error(FileBytes(Pickle().op("}").stop())), "is neither a file");
  EXPECT_REASON(checkpoint_error(zip_file({{"other", "x"}})),
                "is a zip archive without data.pkl: no checkpoint of torch.save");
  EXPECT_REASON(checkpoint_error(zip_file({{"a/data.pkl", ""}, {"a/constants.pkl", ""}})),
                "is a TorchScript archive, a program; save its state dictionary instead");
}

TEST(Containers, DamagedArchives) {
  const std::string pickle = table_of({.elements = 4, .shape = {4}, .stride = {1}});
  EXPECT_REASON(checkpoint_error(zip_file({{"data.pkl", pickle, true}})),
                "member 'data.pkl' is packed; torch.save stores members as they are");
  EXPECT_REASON(checkpoint_error(zip_file({{"data.pkl", pickle}, {"data.pkl", pickle}})),
                "the archive has the member 'data.pkl' twice");
  EXPECT_REASON(checkpoint_error(zip_file({{"data.pkl", pickle}})),
                "the archive has no member 'data/0'");
  EXPECT_REASON(checkpoint_error(torch_zip(pickle, float_text({1, 2, 3}))),
                "net.pth:net/data/0: has 12 bytes, but the pickle says 16");
  FileBytes cut = torch_zip(pickle, kFour);
  cut.pad(cut.size() - 30);
  EXPECT_REASON(checkpoint_error(cut), "the zip archive has no end record: truncated?");
  FileBytes damaged = torch_zip(pickle, kFour);
  damaged.at(30 + 4 + std::string_view("net/data.pkl").size() + 8, 'X');
  EXPECT_REASON(checkpoint_error(damaged), "the checksum of 'net/data.pkl' is wrong: damaged data");
}

TEST(Pickles, WhatIsAskedForIsNamedAndNotRun) {
  const std::string system = Pickle().global("os", "system").text("true").op("\x85R").stop();
  EXPECT_REASON(
      pickle_error(system),
      "net.pth:net/data.pkl: byte 2: the file asks for 'system' of the Python module 'os', which "
      "no state dictionary needs; nothing was run. Where the file is trusted, Python can save its "
      "state dictionary alone");
  EXPECT_REASON(pickle_error(Pickle(4)
                                 .op("\x8c\x08"
                                     "builtins"
                                     "\x8c\x04"
                                     "eval"
                                     "\x93")
                                 .stop()),
                "the file asks for 'eval' of the Python module 'builtins'");
  EXPECT_REASON(pickle_error(Pickle().op("(").text("a").op("ios\nsystem\n").stop()),
                "the opcode 0x69 is none that a state dictionary needs");
  EXPECT_REASON(pickle_error(Pickle().global("torch", "FloatStorage").op(")R").stop()),
                "'FloatStorage' is called; only storages that the file holds are read");
}

TEST(Pickles, Malformed) {
  EXPECT_REASON(pickle_error(""), "1 bytes expected, but the pickle ends 0 bytes later");
  EXPECT_REASON(pickle_error("(lp0\n."), "no pickle of protocol 2 or later begins here");
  EXPECT_REASON(pickle_error(Pickle(9).op("N").stop()),
                "the pickle's protocol is 9; 2 to 5 are read");
  EXPECT_REASON(pickle_error(Pickle().stop()), "the pickle ends with 0 values; one is expected");
  EXPECT_REASON(pickle_error(Pickle().op("NN").stop()), "the pickle ends with 2 values");
  EXPECT_REASON(pickle_error(Pickle().op("X").put(100).op("abc").stop()),
                "100 bytes expected, but the pickle ends 4 bytes later");
  EXPECT_REASON(pickle_error(Pickle().op("ctorch").stop()), "the name of a class does not end");
  EXPECT_REASON(pickle_error(Pickle().op("t").stop()), "a mark is expected on the stack");
  EXPECT_REASON(pickle_error(Pickle().op("\x85").stop()), "a value is expected on the stack");
  EXPECT_REASON(pickle_error(Pickle().op("N(\x85").stop()), "a value is expected on the stack");
  EXPECT_REASON(pickle_error(Pickle().op("h\7").stop()),
                "value 7 is asked for, but none was remembered under this number");
  EXPECT_REASON(pickle_error(Pickle().op("Nr").put(0xffffffffU).stop()),
                "a value is to be remembered as number 4294967295");
  EXPECT_REASON(pickle_error(Pickle().op("N").integer(1).op("a").stop()),
                "what is appended to should be a list, got None");
  EXPECT_REASON(pickle_error(Pickle().op("}(N").op("u").stop()),
                "a dictionary's 1 keys and values are not even");
  EXPECT_REASON(pickle_error(Pickle().op("](NNu").stop()),
                "what items are set of should be a dictionary, got a list");
  EXPECT_REASON(pickle_error(Pickle().op("NNb").stop()), "attributes are set of None");
  EXPECT_REASON(pickle_error(Pickle().op("N)R").stop()),
                "what is called should be a class, got None");
  EXPECT_REASON(pickle_error(Pickle().op("NNR").stop()),
                "the arguments of a call should be a tuple, got None");
  EXPECT_REASON(pickle_error(Pickle().op("\x8b").put(1U << 20).stop()),
                "an integer of 1048576 bytes; at most 1024 are read");
  EXPECT_REASON(pickle_error(Pickle().op(std::string(1001, '(')).stop()),
                "the pickle nests more than 1000 deep");
  EXPECT_REASON(pickle_error(Pickle().op("]").op(std::string(1 << 20, 'N')).stop()),
                "more than 1048576 values lie on the stack");
  std::string many;
  for (int i = 0; i < 4200; ++i) many += "(" + std::string(1000, 'N') + "e";
  EXPECT_REASON(pickle_error(Pickle().op("]").op(many).stop()),
                "the pickle has more than 4194304 values");
}

TEST(Pickles, CopiesAreBounded) {
  std::string items = "}(";
  for (int i = 0; i < 500; ++i) items += "K\1K\2";
  items += "uq\1";
  std::string copies;
  for (int i = 0; i < 5000; ++i) copies += "h\2h\1\x85R";
  EXPECT_REASON(
      pickle_error(
          Pickle().global("collections", "OrderedDict").op("q\2").op(items).op(copies).stop()),
      "dictionaries are copied with more than 4194304 items");
}

TEST(Pickles, Calls) {
  const auto call = [](std::string_view name) { return Pickle().global("torch._utils", name); };
  EXPECT_REASON(pickle_error(call("_rebuild_tensor_v2").op(")R").stop()),
                "'_rebuild_tensor_v2' has 0 arguments; 4 to 8 are expected");
  EXPECT_REASON(pickle_error(call("_rebuild_tensor_v2").op("(NNNNtR").stop()),
                "what a tensor lies in should be a storage, got None");
  EXPECT_REASON(pickle_error(call("_rebuild_parameter").op("N\x85R").stop()),
                "a parameter should be a tensor, got None");
  EXPECT_REASON(pickle_error(Pickle().global("torch", "Size").op("N\x85R").stop()),
                "a size should be a tuple, got None");
  EXPECT_REASON(pickle_error(Pickle().op("NQ").stop()),
                "a persistent id should be a tuple, got None");
  EXPECT_REASON(pickle_error(Pickle().op("(").text("module").op("NNNNtQ").stop()),
                "a persistent id should name a storage: its class, key, device and size");
}

TEST(Tensors, LieInTheirStorages) {
  const auto error = [](const Pickle::View& view) { return pickle_error(table_of(view)); };
  EXPECT_REASON(
      error({.elements = 4, .shape = {5}, .stride = {1}}),
      "tensor 'x' of shape (5) and strides (1) from element 0 does not lie in its storage of 4 "
      "elements");
  EXPECT_REASON(error({.elements = 4, .offset = 1, .shape = {4}, .stride = {1}}),
                "does not lie in");
  EXPECT_REASON(error({.elements = 4, .offset = 5, .shape = {1}, .stride = {1}}),
                "does not lie in");
  EXPECT_REASON(error({.elements = 4, .shape = {2, 2}, .stride = {3, 1}}), "does not lie in");
  EXPECT_REASON(error({.elements = 4, .shape = {5}, .stride = {0}}), "does not lie in");
  EXPECT_REASON(error({.elements = 4, .shape = {1 << 30, 1 << 30, 1 << 30}, .stride = {1, 1, 1}}),
                "does not lie in");
  EXPECT_REASON(
      error({.elements = 4, .shape = {0, 1 << 30, 1 << 30, 1 << 30}, .stride = {1, 1, 1, 1}}),
      "does not lie in");
  EXPECT_REASON(error({.elements = -1, .shape = {1}, .stride = {1}}), "does not lie in");
  EXPECT_REASON(error({.elements = 4, .shape = {4}, .stride = {1, 1}}),
                "has 1 sizes and 2 strides");
  EXPECT_REASON(error({.elements = 4, .shape = {-4}, .stride = {1}}),
                "sizes, strides and offsets should be integers from 0 on, got -4");
  EXPECT_REASON(error({.elements = 4, .offset = -1, .shape = {4}, .stride = {1}}),
                "from 0 on, got -1");
  EXPECT_REASON(error({.elements = 4, .shape = {4}, .stride = {-1}}), "from 0 on, got -1");
}

TEST(Tensors, NamesAreTextAndUnique) {
  const auto twice = [](std::string_view second) {
    Pickle p;
    p.op("}(");
    p.text("x").tensor({.elements = 4, .shape = {4}, .stride = {1}});
    p.op(second).tensor({.elements = 4, .shape = {4}, .stride = {1}});
    return p.op("u").stop();
  };
  EXPECT_REASON(pickle_error(twice("U\1x")), "the state dictionary has 'x' twice");
  EXPECT_REASON(pickle_error(twice("K\1")), "the state dictionary has an integer for a name");
}

TEST(Tensors, NamesCanBePrinted) {
  for (const std::string& name :
       {std::string("a\nb"), std::string("\x1b[2J"), std::string(1025, 'a')}) {
    const std::string pickle = Pickle()
                                   .op("}")
                                   .text(name)
                                   .tensor({.elements = 4, .shape = {4}, .stride = {1}})
                                   .op("s")
                                   .stop();
    EXPECT_REASON(pickle_error(pickle), "characters, or some that cannot be printed");
  }
}

TEST(Tensors, OneStorageIsNotReadWithoutEnd) {
  std::string numbers(1 << 16, '\0');
  Pickle p;
  p.op("}(");
  for (int i = 0; i < 100; ++i) {
    p.text("x" + std::to_string(i));
    p.tensor({.elements = 1 << 14, .shape = {1 << 14}, .stride = {1}});
  }
  EXPECT_REASON(checkpoint_error(torch_zip(p.op("u").stop(), numbers)),
                "bytes that other tensors have read many times");
}

// The stream before torch 1.6.
struct StreamParts {
  std::string magic = Pickle().op("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19").stop();
  std::string protocol = Pickle().integer(1001).stop();
  std::string system = Pickle().op("}").text("little_endian").op("\x88s").stop();
  std::string object = table_of({.elements = 4, .shape = {4}, .stride = {1}});
  std::string keys = Pickle().op("]").text("0").op("a").stop();
  std::int64_t count = 4;
  std::string storage = kFour;

  [[nodiscard]] FileBytes file() const {
    FileBytes bytes(magic + protocol + system + object + keys);
    bytes.put(count).text(storage);
    return bytes;
  }
};

TEST(Streams, MadeByHand) {
  EXPECT_EQ(elements<float>(parse_file(StreamParts{}.file()), "x"),
            (std::vector<float>{1, 2, 3, 4}));
  // A part of a storage, as files before torch 0.4 say it.
  StreamParts part;
  part.object = Pickle()
                    .op("}")
                    .text("x")
                    .global("torch._utils", "_rebuild_tensor")
                    .op("((")
                    .text("storage")
                    .global("torch", "FloatStorage")
                    .text("0")
                    .text("cpu")
                    .integer(4)
                    .op("(")
                    .text("1")
                    .integer(1)
                    .integer(3)
                    .op("ttQ")
                    .integer(1)
                    .tuple({2})
                    .tuple({1})
                    .op("tRs")
                    .stop();
  EXPECT_EQ(elements<float>(parse_file(part.file()), "x"), (std::vector<float>{3, 4}));
}

TEST(Streams, Refusals) {
  const auto error = [](auto change) {
    StreamParts parts;
    change(parts);
    return checkpoint_error(parts.file());
  };
  EXPECT_REASON(error([](auto& p) { p.protocol = Pickle().integer(1000).stop(); }),
                "the stream's protocol should be 1001");
  EXPECT_REASON(error([](auto& p) { p.system = Pickle().op("N").stop(); }),
                "the system's sizes should be a dictionary, got None");
  EXPECT_REASON(
      error([](auto& p) { p.system = Pickle().op("}").text("little_endian").op("\x89s").stop(); }),
      "was written by a big-endian machine");
  EXPECT_REASON(error([](auto& p) { p.keys = Pickle().op("N").stop(); }),
                "the storages' keys should be a list, got None");
  EXPECT_REASON(error([](auto& p) { p.keys = Pickle().op("]").text("7").op("a").stop(); }),
                "the storage '7' follows, which no tensor names");
  EXPECT_REASON(error([](auto& p) {
                  p.keys = Pickle().op("](").text("0").text("0").op("e").stop();
                  p.storage += std::string("\4\0\0\0\0\0\0\0", 8) + kFour;
                }),
                "storage '0' is there twice");
  EXPECT_REASON(error([](auto& p) { p.keys = Pickle().op("]").stop(); }),
                "there is no storage '0'");
  EXPECT_REASON(error([](auto& p) { p.count = 5; }),
                "storage '0' has 5 elements, but the pickle says 4");
  EXPECT_REASON(error([](auto& p) { p.storage.pop_back(); }),
                "16 bytes expected, but the file ends at");
  EXPECT_REASON(error([](auto& p) {
                  p.object = Pickle()
                                 .op("}(")
                                 .text("x")
                                 .tensor({.elements = 4, .shape = {4}, .stride = {1}})
                                 .text("y")
                                 .tensor({.elements = 3, .shape = {3}, .stride = {1}})
                                 .op("u")
                                 .stop();
                }),
                "storage '0' is said to be 4 float32 and 3 float32");
}

}  // namespace
}  // namespace voxloom::test

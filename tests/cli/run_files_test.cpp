// What a run leaves besides its model: events for TensorBoard, a page, the curve of rates; and what its configuration
// chooses.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/shell.h"
#include "voxloom/safetensors.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

// An event file, read by the format's description.
class Events {
 public:
  struct Event {
    double time = 0;
    std::uint64_t step = 0;
    std::string version;
    std::map<std::string, float> values;
  };

  explicit Events(std::string bytes) : bytes_(std::move(bytes)) {
    for (std::size_t at = 0; at < bytes_.size();) at = read_record(at);
  }
  [[nodiscard]] const std::vector<Event>& all() const { return events_; }

 private:
  template <typename T>
  T number(std::size_t at) const {
    T value{};
    EXPECT_LE(at + sizeof(T), bytes_.size());
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  // Bit by bit, highest power first: another way than the writer's.
  static std::uint32_t crc32c(const std::string& bytes) {
    std::uint32_t rest = 0xffffffffU;
    for (const char c : bytes) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        const std::uint32_t in = (static_cast<unsigned char>(c) >> bit & 1U) ^ rest >> 31U;
        rest = rest << 1U ^ (in != 0 ? 0x1edc6f41U : 0U);
      }
    }
    std::uint32_t mirrored = 0;
    for (unsigned bit = 0; bit < 32; ++bit) mirrored |= (rest >> bit & 1U) << (31 - bit);
    return ~mirrored;
  }
  static std::uint32_t masked(std::uint32_t crc) {
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
  }

  std::size_t read_record(std::size_t at) {
    const auto length = number<std::uint64_t>(at);
    EXPECT_EQ(number<std::uint32_t>(at + 8), masked(crc32c(bytes_.substr(at, 8))));
    const std::size_t begin = at + 12, end = begin + length;
    EXPECT_EQ(number<std::uint32_t>(end), masked(crc32c(bytes_.substr(begin, length))));
    events_.emplace_back();
    read_event(begin, end);
    return end + 4;
  }
  std::uint64_t varint(std::size_t& at) const {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = number<std::uint8_t>(at++);
      value |= std::uint64_t{byte & 127U} << shift;
      if (byte < 128) return value;
    }
  }
  // use(field, begin, end) for each field; a number lies at its begin.
  template <typename Use>
  void for_fields(std::size_t at, std::size_t end, const Use& use) const {
    while (at < end) {
      const std::uint64_t key = varint(at);
      const std::size_t begin = at;
      switch (key & 7U) {
        case 0: varint(at); break;
        case 1: at += 8; break;
        case 5: at += 4; break;
        case 2: {
          const std::uint64_t length = varint(at);
          use(key >> 3U, at, at + length);
          at += length;
          continue;
        }
        default: FAIL() << "wire type " << (key & 7U);
      }
      use(key >> 3U, begin, at);
    }
    EXPECT_EQ(at, end);
  }
  void read_event(std::size_t begin, std::size_t end) {
    Event& event = events_.back();
    for_fields(begin, end, [&](std::uint64_t field, std::size_t from, std::size_t to) {
      if (field == 1) event.time = number<double>(from);
      if (field == 2) event.step = varint(from);
      if (field == 3) event.version = bytes_.substr(from, to - from);
      if (field != 5) return;
      for_fields(from, to, [&](std::uint64_t, std::size_t value, std::size_t value_end) {
        std::string name;
        for_fields(value, value_end, [&](std::uint64_t which, std::size_t a, std::size_t b) {
          if (which == 1) name = bytes_.substr(a, b - a);
          if (which == 2) event.values[name] = number<float>(a);
        });
      });
    });
  }

  std::string bytes_;
  std::vector<Event> events_;
};

class RunFiles : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    write_boxes(3, 240);
  }
  void write_config(const std::string& name, const std::string& more = "") const {
    std::ofstream(in_folder(name)) << fmt::format(
        R"({{"data": {{"folder": "{0}"}}, "validation": {{"folder": "{0}"}}, "voxel_size": 0.5,
            "steps": 4, "rate": 0.01, "warmup": 1, "evaluate_every": 2{1}}})",
        in_folder("scans"), more);
  }
  [[nodiscard]] ShellResult train(const std::string& config, const std::string& out,
                                  const std::string& more = "") const {
    return run(fmt::format("train '{}' --out '{}' {}", in_folder(config), in_folder(out), more));
  }
  [[nodiscard]] nlohmann::json config_of(const std::string& run_name) const {
    return nlohmann::json::parse(bytes_of(run_name + "/config.json"));
  }
  [[nodiscard]] std::string weights_of(const std::string& run_name) const {
    return bytes_of(run_name + "/model.lattice/weights.safetensors");
  }
};

constexpr const char* kTiny = R"(, "model": {"depth": 14, "width": 0.125})";

TEST_F(RunFiles, EventsSayWhatTheMetricsSay) {
  write_config("config.json", kTiny);
  const ShellResult done = train("config.json", "run");
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const Events events(bytes_of("run/events.out.tfevents.0.voxloom"));
  std::vector<nlohmann::json> lines;
  std::ifstream in(in_folder("run/metrics.jsonl"));
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.all().size(), lines.size() + 1);
  EXPECT_EQ(events.all()[0].version, "brain.Event:2");
  double time = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Events::Event& event = events.all()[i + 1];
    EXPECT_EQ(event.step, lines[i]["step"].get<std::uint64_t>());
    time += lines[i].value("seconds", 0.0);
    EXPECT_DOUBLE_EQ(event.time, time);
    if (lines[i].contains("loss")) {
      EXPECT_EQ(event.values.at("loss"), lines[i]["loss"].get<float>());
      EXPECT_EQ(event.values.count("step"), 0U);
    } else {
      EXPECT_EQ(event.values.at("validation_iou/box"),
                lines[i]["validation_iou"]["box"].get<float>());
    }
  }
}

TEST_F(RunFiles, EventsHaveAClassThatIsCalledStep) {
  std::ofstream(in_folder("scans/classes.json"))
      << R"({"classes": [{"name": "step", "values": [7]}, {"name": "box", "values": [9]}]})";
  write_config("config.json", kTiny);
  const ShellResult done = train("config.json", "run");
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const Events events(bytes_of("run/events.out.tfevents.0.voxloom"));
  EXPECT_EQ(events.all().back().values.count("validation_iou/step"), 1U);
}

TEST_F(RunFiles, APageShowsTheRun) {
  write_config("config.json", kTiny);
  ASSERT_EQ(train("config.json", "run").exit_code, 0);
  const auto page = bytes_of("run/index.html");
  EXPECT_NE(page.find("3 of 3 validation scans: mean IoU"), std::string::npos);
  EXPECT_NE(page.find("<td>240</td>"), std::string::npos) << "the points of box";
  EXPECT_NE(page.find("alt=\"confusion matrix\""), std::string::npos);
  EXPECT_NE(page.find("&quot;voxel_size&quot;: 0.5"), std::string::npos);
  std::size_t pictures = 0;
  for (std::size_t at = 0;
       (at = page.find("<img src=\"data:image/png;base64,iVBORw0KGgo", at)) != std::string::npos;
       ++at) {
    ++pictures;
  }
  EXPECT_EQ(pictures, 2U + 3 * 3U);  // three of each scan
  EXPECT_EQ(page.find("rgb(0,0,0)"), std::string::npos) << "the table has no colours";
  EXPECT_EQ(page.find("://"), std::string::npos) << "it needs no network";
  // What is in it follows from the run, so that one that is taken up again ends with the same page.
  fs::remove(in_folder("run/index.html"));
  ASSERT_EQ(run(fmt::format("train --resume '{}'", in_folder("run"))).exit_code, 0);
  EXPECT_TRUE(bytes_of("run/index.html") == page);
}

TEST_F(RunFiles, APageOfSomebodyElseStays) {
  write_config("config.json", kTiny);
  fs::create_directory(in_folder("site"));
  std::ofstream(in_folder("site/index.html")) << "mine";
  const ShellResult refused = train("config.json", "site");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_EQ(bytes_of("site/index.html"), "mine");
  EXPECT_EQ(train("config.json", "site", "--overwrite").exit_code, 0);
  EXPECT_NE(bytes_of("site/index.html"), "mine");
}

TEST_F(RunFiles, FindsARate) {
  write_config("config.json", kTiny);
  for (const char* out : {"a", "b"}) {
    const ShellResult found = train("config.json", out, "--find-rate --steps 60");
    ASSERT_EQ(found.exit_code, 0) << found.text;
    const std::string key = "\"rate\": ";
    const std::size_t at = found.text.find(key);
    ASSERT_NE(at, std::string::npos) << found.text;
    const double rate = std::stod(found.text.substr(at + key.size()));
    EXPECT_GT(rate, 1e-5);
    EXPECT_LT(rate, 0.1);
  }
  EXPECT_EQ(bytes_of("a/rates.csv"), bytes_of("b/rates.csv"));
  EXPECT_EQ(bytes_of("a/rates.png").substr(1, 3), "PNG");
  EXPECT_FALSE(fs::exists(in_folder("a/config.json"))) << "it is no run";
  std::istringstream rows(bytes_of("a/rates.csv"));
  std::string head, first;
  std::getline(rows, head);
  std::getline(rows, first);
  EXPECT_EQ(head, "step,rate,loss,smoothed");
  EXPECT_EQ(first.substr(0, 7), "1,1e-06") << first;
  const ShellResult resumed = run("train --resume nowhere --find-rate");
  EXPECT_EQ(resumed.exit_code, 2) << resumed.text;
}

TEST_F(RunFiles, AStoppedSearchForARateSaysSo) {
  write_config("config.json", kTiny);
  // Once it is the program, not a copy of the shell, and listens to the signal.
  const ShellResult stopped = run(
      fmt::format("train '{}' --find-rate --steps 1000000 --out '{}' 2>&1 & p=$!; until grep -q "
                  "voxloom /proc/$p/comm "
                  "&& grep -q 'SigCgt:.*[2367abef]$' /proc/$p/status; do sleep 0.01; done; "
                  "kill -INT $p; wait $p; "
                  "echo code $?",
                  in_folder("config.json"), in_folder("rates")));
  EXPECT_NE(stopped.text.find("stopped before the last rate was tried: none is named"),
            std::string::npos)
      << stopped.text;
  EXPECT_NE(stopped.text.find("code 130"), std::string::npos) << stopped.text;
  EXPECT_FALSE(fs::exists(in_folder("rates")));
}

TEST_F(RunFiles, NetworksAreChosen) {
  for (const char* network : {"spunet", "resnet"}) {
    SCOPED_TRACE(network);
    write_config("config.json",
                 fmt::format(R"(, "model": {{"network": "{}", "width": 0.125}})", network));
    const ShellResult done = train("config.json", network);
    ASSERT_EQ(done.exit_code, 0) << done.text;
    // The bundle is the network: it scores what the last evaluation scored.
    const ShellResult seen = run(fmt::format("eval '{}' '{}' --json '{}'",
                                             in_folder(std::string(network) + "/model.lattice"),
                                             in_folder("scans"), in_folder("scores.json")));
    ASSERT_EQ(seen.exit_code, 0) << seen.text;
    std::ifstream in(in_folder(std::string(network) + "/metrics.jsonl"));
    nlohmann::json last;
    for (std::string line; std::getline(in, line);) last = nlohmann::json::parse(line);
    EXPECT_NEAR(nlohmann::json::parse(bytes_of("scores.json"))["mean_iou"].get<double>(),
                last["validation_mean_iou"].get<double>(), 0.01);
  }
  EXPECT_EQ(config_of("spunet")["model"]["depth"], 34);
  EXPECT_EQ(config_of("resnet")["model"]["depth"], 18);
  write_config("config.json", R"(, "model": {"network": "minknet"})");
  const ShellResult refused = train("config.json", "run");
  EXPECT_NE(refused.text.find("there is no \"network\" \"minknet\", did you mean 'minkunet'?"),
            std::string::npos)
      << refused.text;
}

TEST_F(RunFiles, EachAugmentationHasItsNumbers) {
  write_config("config.json", kTiny);
  ASSERT_EQ(train("config.json", "plain").exit_code, 0);
  const auto defaults = config_of("plain")["augment"];
  EXPECT_EQ(defaults["rotation"], 180);
  // Said or not, the same numbers give the same bits.
  write_config("config.json", kTiny + fmt::format(R"(, "augment": {})", defaults.dump()));
  ASSERT_EQ(train("config.json", "said").exit_code, 0);
  EXPECT_TRUE(weights_of("said") == weights_of("plain"));
  write_config("config.json",
               kTiny + std::string(R"(, "augment": {"scale": [0.5, 2], "flip_x": 0})"));
  ASSERT_EQ(train("config.json", "other").exit_code, 0);
  EXPECT_FALSE(weights_of("other") == weights_of("plain"));
  EXPECT_EQ(config_of("other")["augment"]["scale"], (std::vector<double>{0.5, 2}));
  EXPECT_EQ(config_of("other")["augment"]["drop"], defaults["drop"]);
  for (const auto& [more, message] :
       {std::pair(R"(, "augment": {"jiter": 5})", "did you mean 'jitter'"),
        std::pair(R"(, "augment": {"scale": 2})", "\"scale\" is 2, not two numbers"),
        std::pair(R"(, "augment": {"drop": 2})", "drop is a share from 0 to 1, not 2"),
        std::pair(R"(, "augment": 3)", "is no object")}) {
    write_config("config.json", kTiny + std::string(more));
    const ShellResult refused = train("config.json", "refused");
    EXPECT_NE(refused.text.find(message), std::string::npos) << refused.text;
    EXPECT_FALSE(fs::exists(in_folder("refused")));
  }
}

TEST_F(RunFiles, TheConfigurationIsPrinted) {
  const ShellResult defaults = run("train --print-config");
  ASSERT_EQ(defaults.exit_code, 0) << defaults.text;
  EXPECT_EQ(nlohmann::json::parse(defaults.text)["data"]["folder"], "scans");
  EXPECT_EQ(nlohmann::json::parse(run("train --print-config --steps 7").text)["steps"], 7);
  EXPECT_EQ(run("train street --resume run --print-config").exit_code, 2);
  std::ofstream(in_folder("squares.json")) << R"({"data": {"street": {"scans": 1}, "crop": 20}})";
  const ShellResult squares =
      run(fmt::format("train '{}' --print-config", in_folder("squares.json")));
  EXPECT_EQ(nlohmann::json::parse(squares.text)["data"]["crop"], 20) << squares.text;
  write_config("config.json", kTiny);
  const ShellResult whole =
      run(fmt::format("train '{}' --steps 7 --print-config", in_folder("config.json")));
  ASSERT_EQ(whole.exit_code, 0) << whole.text;
  const auto json = nlohmann::json::parse(whole.text);
  EXPECT_EQ(json["steps"], 7);
  // It reads back as what it says.
  std::ofstream(in_folder("again.json")) << whole.text;
  EXPECT_EQ(run(fmt::format("train '{}' --print-config", in_folder("again.json"))).text,
            whole.text);
}

// Names of settings, those within others too.
void collect_settings(const nlohmann::json& json, std::vector<std::string>& to) {
  for (const auto& [name, value] : json.items()) {
    to.push_back(name);
    if (value.is_object()) collect_settings(value, to);
  }
}

TEST_F(RunFiles, TheManualHasEverySetting) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
  std::ifstream in(fs::path(source) / "docs/training.md");
  const std::string manual{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> names;
  collect_settings(nlohmann::json::parse(run("train --print-config").text), names);
  ASSERT_GT(names.size(), 40U);
  for (const std::string& name : names) {
    EXPECT_TRUE(manual.find("`" + name + "`") != std::string::npos ||
                manual.find("\"" + name + "\"") != std::string::npos)
        << name;
  }
}

TEST_F(RunFiles, DataComeFromSeveralFoldersAndLists) {
  fs::copy(in_folder("scans"), in_folder("scans2"));
  fs::copy(in_folder("scans"), in_folder("more"));
  std::ofstream(in_folder("train.txt")) << "# for training\n0\n2.bin\n\n";
  std::ofstream(in_folder("config.json")) << fmt::format(
      R"({{"data": {{"folder": ["{0}/scans*", "{0}/more"], "split": "{0}/train.txt"}},
           "model": {{"depth": 14, "width": 0.125}}, "voxel_size": 0.5, "steps": 1}})",
      in_folder(""));
  const ShellResult done = train("config.json", "run");
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_NE(done.text.find("1 steps, 6 scans"), std::string::npos) << done.text;
  const ShellResult seen =
      run(fmt::format("eval '{}' '{}' --split '{}'", in_folder("run/model.lattice"),
                      in_folder("scans"), in_folder("train.txt")));
  EXPECT_NE(seen.text.find("2 scans in"), std::string::npos) << seen.text;
  std::ofstream(in_folder("train.txt")) << "0\nseventh\n";
  const ShellResult missing = train("config.json", "missing");
  EXPECT_NE(missing.exit_code, 0);
  EXPECT_NE(missing.text.find(
                "neither it nor 2 more has a folder with labelled scans, scene or scan 'seventh'"),
            std::string::npos)
      << missing.text;
}

}  // namespace
}  // namespace voxloom::test

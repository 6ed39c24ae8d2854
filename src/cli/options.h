// What commands declare their options with: CLI11 behind handles, since its headers take longer to compile
// than any of our commands. Only options.cpp sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace voxloom::cli {

// Thrown by what a command does: leaves the program with an exit code and no message.
struct Leave {
  int code = 0;
};
// Thrown by what a command does: the arguments do not go together.
class BadUsage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What an argument must fulfil; help texts do not mention it unless said.
class Check {
 public:
  // Returns what is wrong with an argument, or nothing.
  Check(std::function<std::string(const std::string&)> problem);  // NOLINT: implicit on purpose
  explicit Check(const CLI::Validator& validator);
  [[nodiscard]] const CLI::Validator& validator() const { return *validator_; }

 private:
  std::shared_ptr<const CLI::Validator> validator_;
};

// From `first` to `last`, both included.
[[nodiscard]] Check in_range(int first, int last);
[[nodiscard]] Check in_range(std::int64_t first, std::int64_t last);
[[nodiscard]] Check in_range(std::uint64_t first, std::uint64_t last);
[[nodiscard]] Check in_range(double first, double last);

// One of some words. Help texts list them where the option has no description of its own.
enum class List : bool { hidden, shown };
[[nodiscard]] Check one_of(const std::vector<std::string>& words, List list = List::shown);
template <typename Words>
[[nodiscard]] Check one_of_keys(const Words& words) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : words) keys.emplace_back(key);
  return one_of(keys);
}

// The words that options take for the choices of an enumeration that has a name_of.
template <typename Choices>
[[nodiscard]] auto words_of(const Choices& choices) {
  std::map<std::string, typename Choices::value_type> words;
  for (const auto choice : choices) words.emplace(name_of(choice), choice);
  return words;
}

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  Option type_name(const std::string& name) const;
  Option check(const Check& check) const;
  Option delimiter(char separator) const;
  Option needs(const Option& other) const;
  Option excludes(const Option& other) const;
  Option capture_default_str() const;  // help texts show the target's value
  Option default_val(const std::string& text) const;

 private:
  CLI::Option* option_;
};

class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}

  // `target` lives as long as the program parses; it keeps its value when the option is not given. For
  // the types that options.cpp names.
  template <typename T>
  Option add_option(const std::string& name, T& target, const std::string& help);
  Option add_option_function(const std::string& name,
                             const std::function<void(const std::string&)>& use,
                             const std::string& help);
  Option add_flag(const std::string& name, bool& target, const std::string& help);
  void footer(const std::string& text);
  void callback(const std::function<void()>& run);

 private:
  CLI::App& app_;
};

struct Program {
  std::string description;
  std::string version;  // a line
  std::string footer;
};
struct Subcommand {
  std::string name, summary;
  std::function<void(Options)> add;
};

// An option as its help shows it; an argument without a name has none.
struct OptionFacts {
  std::vector<std::string> names;  // "-o", "--out"
  std::string value;               // "DIR"; empty for a flag
  std::string help;
  std::vector<std::string> words = {};  // what it chooses from, where that is a list
};
struct CommandFacts {
  std::string name, summary, footer;
  std::vector<OptionFacts> options = {};
};
[[nodiscard]] std::vector<CommandFacts> facts_of(const std::vector<Subcommand>& commands);

// Reads the arguments and runs the command that they name. Returns 0, also when help or the version was
// asked for; throws BadUsage for what does not parse, and whatever the command throws.
int parse_and_run(const Program& program, const std::vector<Subcommand>& commands, int argc,
                  char** argv);

}  // namespace voxloom::cli

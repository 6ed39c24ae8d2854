#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "cli/closest.h"

namespace voxloom::cli {
namespace {

// The range's own words in a help text would say nothing that its description does not.
template <typename T>
Check range(T first, T last) {
  return Check(CLI::Range(first, last).description(""));
}

constexpr char kBetweenWords = '|';

std::string joined_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? std::string() : std::string(1, kBetweenWords)) + word;
  return text;
}

std::vector<std::string> split_words(const std::string& text) {
  return text.empty() ? std::vector<std::string>() : CLI::detail::split(text, kBetweenWords);
}

}  // namespace

Check::Check(std::function<std::string(const std::string&)> problem)
    : Check(CLI::Validator(std::move(problem), "")) {}
Check::Check(const CLI::Validator& validator)
    : validator_(std::make_shared<CLI::Validator>(validator)) {}

Check in_range(int first, int last) { return range(first, last); }
Check in_range(std::int64_t first, std::int64_t last) { return range(first, last); }
Check in_range(std::uint64_t first, std::uint64_t last) { return range(first, last); }
// CLI::Range lets through what is no number.
Check in_range(double first, double last) {
  const CLI::Range within(first, last);
  return Check([within](const std::string& text) {
    std::string value = text;
    const std::string problem = within(value);
    if (!problem.empty() || !std::isnan(std::strtod(text.c_str(), nullptr))) return problem;
    return "Value " + text + " is not a number";
  });
}

Check one_of(const std::vector<std::string>& words, List list) {
  CLI::IsMember member(words);
  member.name(joined_words(words));  // for facts_of
  return list == List::shown ? Check(member) : Check(member.description(""));
}

Option Option::required() const { return Option(option_->required()); }
Option Option::type_name(const std::string& name) const { return Option(option_->type_name(name)); }
Option Option::check(const Check& check) const { return Option(option_->check(check.validator())); }
Option Option::delimiter(char separator) const { return Option(option_->delimiter(separator)); }
Option Option::needs(const Option& other) const { return Option(option_->needs(other.option_)); }
Option Option::excludes(const Option& other) const {
  return Option(option_->excludes(other.option_));
}

Option Option::capture_default_str() const { return Option(option_->capture_default_str()); }
Option Option::default_val(const std::string& text) const {
  return Option(option_->default_val(text));
}

template <typename T>
Option Options::add_option(const std::string& name, T& target, const std::string& help) {
  return Option(app_.add_option(name, target, help));
}
template Option Options::add_option(const std::string&, int&, const std::string&);
template Option Options::add_option(const std::string&, std::int64_t&, const std::string&);
template Option Options::add_option(const std::string&, std::uint64_t&, const std::string&);
template Option Options::add_option(const std::string&, double&, const std::string&);
template Option Options::add_option(const std::string&, std::string&, const std::string&);
template Option Options::add_option(const std::string&, std::array<double, 3>&, const std::string&);
template Option Options::add_option(const std::string&, std::optional<std::array<double, 3>>&,
                                    const std::string&);
template Option Options::add_option(const std::string&, std::optional<std::array<double, 2>>&,
                                    const std::string&);
template Option Options::add_option(const std::string&, std::optional<std::array<double, 4>>&,
                                    const std::string&);
template Option Options::add_option(const std::string&, std::vector<int>&, const std::string&);
template Option Options::add_option(const std::string&, std::vector<std::string>&,
                                    const std::string&);

Option Options::add_option_function(const std::string& name,
                                    const std::function<void(const std::string&)>& use,
                                    const std::string& help) {
  return Option(app_.add_option_function<std::string>(name, use, help));
}
Option Options::add_flag(const std::string& name, bool& target, const std::string& help) {
  return Option(app_.add_flag(name, target, help));
}
void Options::footer(const std::string& text) { app_.footer(text); }
void Options::callback(const std::function<void()>& run) { app_.callback(run); }

namespace {

// For the first option that the command does not have.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty()) return {};
  std::vector<std::string> known;
  for (const CLI::Option* option : chosen.front()->get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (int i = 2; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (word == "--") return {};
    const bool is_known = std::ranges::find(known, word) != known.end();
    if (!word.starts_with("--") || is_known) continue;
    const std::string meant = did_you_mean(word, known);
    return meant.empty() ? meant : "; there is no " + word + meant;
  }
  return {};
}

}  // namespace

namespace {

// The words that one_of() chooses from, which it is the first check of an option to do.
std::vector<std::string> words_of(CLI::Option& option) {
  try {
    return split_words(option.get_validator(0)->get_name());
  } catch (const CLI::OptionNotFound&) {  // no checks at all
    return {};
  }
}

OptionFacts facts_of_option(CLI::Option& option) {
  OptionFacts facts{.names = {}, .value = option.get_type_name(), .help = option.get_description()};
  for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  if (option.get_expected_max() == 0) facts.value.clear();  // a flag
  facts.words = words_of(option);
  return facts;
}

}  // namespace

std::vector<CommandFacts> facts_of(const std::vector<Subcommand>& commands) {
  CLI::App app;
  std::vector<CommandFacts> facts;
  for (const Subcommand& command : commands) {
    CLI::App& sub = *app.add_subcommand(command.name, command.summary);
    command.add(Options(sub));
    CommandFacts& of = facts.emplace_back(
        CommandFacts{.name = command.name, .summary = command.summary, .footer = sub.get_footer()});
    for (CLI::Option* option : sub.get_options([](CLI::Option*) { return true; })) {
      if (option != sub.get_help_ptr()) of.options.push_back(facts_of_option(*option));
    }
  }
  return facts;
}

int parse_and_run(const Program& program, const std::vector<Subcommand>& commands, int argc,
                  char** argv) {
  CLI::App app{program.description, "voxloom"};
  app.set_version_flag("--version", program.version);
  app.footer(program.footer);
  app.require_subcommand(1);
  for (const Subcommand& command : commands) {
    command.add(Options(*app.add_subcommand(command.name, command.summary)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    throw BadUsage(error.what() + suggestion(app, argc, argv));
  }
  return 0;
}

}  // namespace voxloom::cli

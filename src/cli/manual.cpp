#include "cli/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace voxloom::cli {
namespace {

// A line must not begin with a dot or a quote, which troff obeys.
std::string troff_text(std::string_view text) {
  std::string out;
  bool is_start = true;
  for (const char c : text) {
    if (is_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    is_start = c == '\n';
  }
  return out;
}

std::string one_line_of(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// Footers are laid out by hand.
std::string block(std::string_view text) {
  while (text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", troff_text(text));
}

std::string option_entry(const OptionFacts& option) {
  std::string head;
  for (const std::string& name : option.names) {
    head += fmt::format("{}\\fB{}\\fR", head.empty() ? "" : ", ", troff_text(name));
  }
  if (!option.value.empty()) {
    head += fmt::format("{}\\fI{}\\fR", head.empty() ? "" : " ", troff_text(option.value));
  }
  return fmt::format(".TP\n{}\n{}\n", head, troff_text(one_line_of(option.help)));
}

std::string command_section(const CommandFacts& command) {
  std::string usage = "voxloom " + command.name, entries;
  for (const OptionFacts& option : command.options) {
    if (option.names.empty()) usage += " " + option.value;
    entries += option_entry(option);
  }
  return fmt::format(".SS {}\n{}.\n{}{}", troff_text(usage), troff_text(command.summary), entries,
                     block(command.footer));
}

// Words of ours, without what a shell would read in them.
std::string completion_words(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string man_page(const Program& program, std::span<const CommandFacts> commands) {
  std::string page = fmt::format(".TH VOXLOOM 1 \"\" \"{}\" \"User Commands\"\n", program.version);
  page += ".SH NAME\nvoxloom \\- sparse convolutional networks on point clouds, on the CPU\n";
  page += ".SH SYNOPSIS\n.B voxloom\n.I COMMAND\n[\\fIOPTIONS\\fR]\n";
  page += fmt::format(".SH DESCRIPTION\n{}\n", troff_text(program.description));
  page += ".SH COMMANDS\n";
  for (const CommandFacts& command : commands) page += command_section(command);
  page += fmt::format(".SH NOTES\n{}", block(program.footer));
  return page;
}

std::string bash_completion(std::span<const CommandFacts> commands) {
  std::vector<std::string> names = {"help", "--help", "--version"};
  std::string options, values;
  for (const CommandFacts& command : commands) {
    names.push_back(command.name);
    std::vector<std::string> words = {"--help"};
    for (const OptionFacts& option : command.options) {
      words.insert(words.end(), option.names.begin(), option.names.end());
      if (option.words.empty()) continue;
      // Options without names are arguments: they are completed when nothing else is.
      if (option.names.empty()) {
        words.insert(words.end(), option.words.begin(), option.words.end());
        continue;
      }
      std::vector<std::string> places;
      for (const std::string& name : option.names) places.push_back(command.name + ":" + name);
      values += fmt::format("    {}) words='{}' ;;\n", fmt::join(places, "|"),
                            completion_words(option.words));
    }
    options += fmt::format("    {}) words='{}' ;;\n", command.name, completion_words(words));
  }
  return fmt::format(
      R"(# bash completion for voxloom, as `voxloom manual bash` prints it.
_voxloom() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} last=${{COMP_WORDS[COMP_CWORD-1]}} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{}' -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}}:$last in
{}  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
    help) words='{}' ;;
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o bashdefault -o default -F _voxloom voxloom
)",
      completion_words(names), values, completion_words(names), options);
}

}  // namespace voxloom::cli

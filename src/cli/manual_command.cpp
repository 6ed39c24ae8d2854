// voxloom manual: the manual page, and completions for a shell.
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/manual.h"
#include "cli/streams.h"

namespace voxloom::cli {

void add_manual(Options command) {
  const auto form = std::make_shared<std::string>();
  command
      .add_option("form", *form,
                  "man: a page for man(1); bash: a script that completes commands and options")
      .required()
      .check(one_of({"man", "bash"}))
      .type_name("FORM");
  command.footer(
      "\nExamples:\n"
      "  voxloom manual man | man -l -\n"
      "  source <(voxloom manual bash)\n");
  command.callback([form] {
    const std::vector<CommandFacts> facts = facts_of(subcommands());
    const std::string text =
        *form == "man" ? man_page(program_texts(), facts) : bash_completion(facts);
    write_text_to(kStream, text);
  });
}

}  // namespace voxloom::cli

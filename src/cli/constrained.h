// What --grammar, --schema and --tool-choice ask of an answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/prompt.h"
#include "sluice/constraint.h"
#include "sluice/engine.h"

namespace sluice::cli {

struct ConstraintOptions {
  std::string grammar_file, schema_file, tool_choice;
  std::string grammar, schema;  // read from the files
};

void add_constraint(Arguments& arguments, ConstraintOptions& options);

// Reads the files, before a model is loaded. Errors: those of reading; invalid (options that do not go together).
Status read_constraint(ConstraintOptions& options, const PromptOptions& prompt);

// The constraint of one answer behind this prompt; null: none is asked for. Tools are always constrained, where the model
// writes calls in a form that can be; else only a --tool-choice that was given is refused. Errors: those of compiling.
Result<std::shared_ptr<Constraint>> make_constraint(const ConstraintOptions& options, const Prompt& prompt, std::span<const int32_t> tokens, const Engine& engine);

}  // namespace sluice::cli

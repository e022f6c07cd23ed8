// Conversations on disk: one JSON file each, under the state folder, readable by nobody else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/settings.h"
#include "sluice/status.h"
#include "text/value.h"

namespace sluice::cli {

struct SavedChat {
  std::string model;                  // as it was named; for people
  std::optional<std::string> system;
  std::optional<bool> thinking;
  ChatSettings settings;
  text::Value messages = text::Value::list();  // OpenAI's form, tool calls and results included, without the system message
};

std::string chat_json(const SavedChat& chat);
// Errors: corrupt (not one of ours), unsupported (a later version), saying what is wrong.
Result<SavedChat> parse_chat(std::string_view json);

// Letters, digits, ".", "_" and "-", not beginning with "."; at most 100. Errors: invalid.
Status check_session_name(std::string_view name);

// $XDG_STATE_HOME/sluice, else ~/.local/state/sluice; empty where the environment names neither. Makes nothing.
std::string state_folder();

struct SessionEntry {
  std::string name;
  int64_t saved = 0;  // seconds since 1970
};

// The sessions in one folder, which is made when something is saved.
class SessionStore {
 public:
  explicit SessionStore(std::string folder) : folder_(std::move(folder)) {}

  // Whole or not at all. Errors: invalid (the name), not_found (no state folder), io.
  Status save(const std::string& name, const SavedChat& chat) const;
  // Errors: invalid, not_found, io, those of parse_chat.
  Result<SavedChat> load(const std::string& name) const;
  bool has(const std::string& name) const;
  std::vector<SessionEntry> list() const;  // the latest first

 private:
  std::string path(const std::string& name) const;
  std::string folder_;  // empty: there is none
};

// Makes a folder and its parents, closed to others. Errors: io.
Status make_private_folder(const std::string& folder);

}  // namespace sluice::cli

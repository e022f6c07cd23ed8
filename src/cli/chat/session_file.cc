#include "cli/chat/session_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/environment.h"
#include "store/atomic_file.h"
#include "text/quote.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using text::Value;

constexpr int64_t kVersion = 1;
constexpr std::string_view kEnding = ".json";
constexpr uint64_t kMostBytes = uint64_t{256} << 20;

Error wrong(std::string_view what) { return {Code::corrupt, fmt::format("not a saved conversation: {}", what)}; }

bool good_role(const Value* role) {
  if (role == nullptr || !role->is_string()) return false;
  const std::string_view name = role->as_text().view();
  return name == "user" || name == "assistant" || name == "tool";
}

Status check_message(const Value& message, size_t i) {
  if (!message.is_map()) return wrong(fmt::format("messages[{}] is no object", i));
  if (!good_role(message.find("role"))) return wrong(fmt::format("messages[{}].role is not user, assistant or tool", i));
  for (const char* name : {"content", "reasoning_content"}) {
    const Value* content = message.find(name);
    if (content != nullptr && !content->is_string()) return wrong(fmt::format("messages[{}].{} is no text", i, name));
  }
  if (message.find("content") == nullptr) return wrong(fmt::format("messages[{}] has no content", i));
  const Value* calls = message.find("tool_calls");
  if (calls != nullptr && !calls->is_list()) return wrong(fmt::format("messages[{}].tool_calls is no list", i));
  return {};
}

// Files made while it lives are the owner's alone.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  const mode_t before_;
};

}  // namespace

std::string chat_json(const SavedChat& chat) {
  const Value out = Value::map({{"sluice_chat", Value::integer(kVersion)}, {"model", Value::string(chat.model)}});
  if (chat.system) out.set("system", Value::string(*chat.system));
  if (chat.thinking) out.set("thinking", Value::boolean(*chat.thinking));
  out.set("settings", settings_value(chat.settings));
  out.set("messages", chat.messages);
  return text::to_json(out, {.item_separator = ",", .indent = 1}) + "\n";
}

Result<SavedChat> parse_chat(std::string_view json) {
  auto parsed = text::parse_json(json);
  if (!parsed.ok()) return std::move(parsed).error();
  if (!parsed->is_map()) return wrong("no object");
  const Value* version = parsed->find("sluice_chat");
  if (version == nullptr || !version->is(Value::Kind::integer)) return wrong("sluice_chat is missing");
  if (version->as_integer() != kVersion) return Error{Code::unsupported, fmt::format("saved by another version of sluice (format {}, here {})", version->as_integer(), kVersion)};
  SavedChat out;
  if (const Value* model = parsed->find("model"); model != nullptr && model->is_string()) out.model = model->as_text().bytes();
  if (const Value* system = parsed->find("system"); system != nullptr) {
    if (!system->is_string()) return wrong("system is no text");
    out.system = system->as_text().bytes();
  }
  if (const Value* thinking = parsed->find("thinking"); thinking != nullptr && thinking->is(Value::Kind::boolean)) out.thinking = thinking->as_bool();
  if (const Value* settings = parsed->find("settings")) out.settings = settings_from(*settings);
  const Value* messages = parsed->find("messages");
  if (messages == nullptr || !messages->is_list()) return wrong("messages is no list");
  for (size_t i = 0; i < messages->as_list().items.size(); ++i) SLUICE_TRY_VOID(check_message(messages->as_list().items[i], i));
  out.messages = *messages;
  return out;
}

Status check_session_name(std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= 100 && name[0] != '.' && std::all_of(name.begin(), name.end(), good)) return {};
  return Error{Code::invalid, fmt::format("{}: a session's name has letters, digits, '.', '_' and '-'", text::quote_text(name.substr(0, 100)))};
}

std::string state_folder() { return user_folder("XDG_STATE_HOME", ".local/state").string(); }

Status make_private_folder(const std::string& folder) {
  const PrivateFiles all;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{Code::io, fmt::format("{}: {}", folder, error.message())};
  return {};
}

std::string SessionStore::path(const std::string& name) const { return (fs::path(folder_) / (name + std::string(kEnding))).string(); }

Status SessionStore::save(const std::string& name, const SavedChat& chat) const {
  SLUICE_TRY_VOID(check_session_name(name));
  if (folder_.empty()) return Error{Code::not_found, "no folder to save in: neither XDG_STATE_HOME nor HOME is set"};
  SLUICE_TRY_VOID(make_private_folder(folder_));
  const PrivateFiles all;
  return store::write_atomically(path(name), chat_json(chat));
}

bool SessionStore::has(const std::string& name) const {
  std::error_code ignored;
  return check_session_name(name).ok() && !folder_.empty() && fs::is_regular_file(path(name), ignored);
}

Result<SavedChat> SessionStore::load(const std::string& name) const {
  SLUICE_TRY_VOID(check_session_name(name));
  if (!has(name)) return Error{Code::not_found, fmt::format("no session {}; /sessions lists them", name)};
  std::error_code error;
  const auto size = fs::file_size(path(name), error);
  if (error || size > kMostBytes) return Error{Code::io, fmt::format("{}: {}", path(name), error ? error.message() : "too large")};
  std::ifstream file(path(name), std::ios::binary);
  std::string json((std::istreambuf_iterator<char>(file)), {});
  if (!file) return Error{Code::io, fmt::format("{}: cannot be read", path(name))};
  auto chat = parse_chat(json);
  if (!chat.ok()) return std::move(chat).error().within(path(name));
  return chat;
}

std::vector<SessionEntry> SessionStore::list() const {
  std::vector<SessionEntry> out;
  std::error_code error;
  for (fs::directory_iterator it(folder_.empty() ? fs::path("/nonexistent") : fs::path(folder_), error), end; !error && it != end; it.increment(error)) {
    struct stat st {};
    const std::string name = it->path().stem().string();
    if (it->path().extension() != kEnding || !check_session_name(name).ok() || ::stat(it->path().c_str(), &st) != 0) continue;
    out.push_back({name, static_cast<int64_t>(st.st_mtime)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.saved != b.saved ? a.saved > b.saved : a.name < b.name; });
  return out;
}

}  // namespace sluice::cli

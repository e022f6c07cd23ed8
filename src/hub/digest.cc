// The one place that knows libcrypto.
#include "hub/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace sluice::hub {
namespace {

struct ContextDelete {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDelete>;

Error failed_to(const char* what, const std::string& path) {
  return {Code::io, fmt::format("{}: cannot {}: {}", path, what, strerror(errno))};
}

Status add_file(EVP_MD_CTX* context, int fd, const std::string& path, const std::atomic<bool>* cancel,
                const std::function<void(uint64_t)>& advanced) {
  std::vector<char> block(1 << 20);
  while (true) {
    if (cancel != nullptr && cancel->load()) return Error{Code::cancelled, "stopped"};
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n == 0) return {};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed_to("read", path);
    if (EVP_DigestUpdate(context, block.data(), static_cast<size_t>(n)) != 1) {
      return Error{Code::unsupported, fmt::format("{}: libcrypto does not hash", path)};
    }
    if (advanced) advanced(static_cast<uint64_t>(n));
  }
}

Status digest_fd(EVP_MD_CTX* context, int fd, const std::string& path, Digest kind, const std::atomic<bool>* cancel,
                 const std::function<void(uint64_t)>& advanced) {
  const EVP_MD* type = kind == Digest::sha256 ? EVP_sha256() : EVP_sha1();
  if (context == nullptr || EVP_DigestInit_ex(context, type, nullptr) != 1) {
    return Error{Code::unsupported, fmt::format("libcrypto has no {}", digest_name(kind))};
  }
  if (kind == Digest::git_blob) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return failed_to("look at it", path);
    const std::string head = fmt::format("blob {}", st.st_size);
    EVP_DigestUpdate(context, head.c_str(), head.size() + 1);  // with its NUL
  }
  return add_file(context, fd, path, cancel, advanced);
}

}  // namespace

Result<std::string> digest_of(const std::string& path, Digest kind, const std::atomic<bool>* cancel,
                              const std::function<void(uint64_t)>& advanced) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed_to("open", path);
  const Context context(EVP_MD_CTX_new());
  Status added = digest_fd(context.get(), fd, path, kind, cancel, advanced);
  ::close(fd);
  if (!added.ok()) return std::move(added).error();
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &length);
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string_view digest_name(Digest kind) {
  return kind == Digest::sha256 ? "SHA-256" : "git's SHA-1";
}

}  // namespace sluice::hub
